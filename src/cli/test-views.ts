/** Small, valid answers of the API for the command line's tests. */
import type { Static } from "typebox";
import type { DeliveryDetail, DestinationView } from "../kernel/delivery-api.ts";
import type { ApiKeyView, AuditEntry, ConnectionView, FaultView, ParkedDetail, RunView, SiteMapping, StatusView, StreamRun, StreamStatus, StreamView, TenantView, VerifyReport } from "../kernel/api.ts";

const AT = "2026-11-20T16:00:00.000Z";

export const expired: FaultView = { code: "S1_TOKEN_EXPIRED", kind: "credential", message: "The token ended on 2026-11-01.", cure: "Make a new one.", details: {} };
export const forbidden: FaultView = { code: "S1_FORBIDDEN", kind: "permission", message: "Users.view is missing.", cure: "Give the role Users.view.", details: { permission: "Users.view" } };

export function connection(change: Partial<ConnectionView> = {}): ConnectionView {
  return {
    id: "con_1", name: "emea", description: "", labels: { tier: "gold" }, owners: ["soc@example.com"], tenant: "ten_default", url: "https://usea1-011.sentinelone.net", state: "Connected", fault: null, paused: false,
    token: { form: "jwt", createdAt: AT, expiresAt: "2027-11-20T16:00:00.000Z", daysLeft: 365, warning: null }, identity: { kind: "service-user", id: "1", name: "reader", email: null },
    scope: { level: "account", ids: ["2"], names: ["Orchard"], fingerprint: "f" }, roles: ["Viewer"], streams: ["agents"], polling: "5m", lookBackDays: 7, createdAt: AT, verifiedAt: AT, ...change,
  };
}

export function verifyReport(change: Partial<VerifyReport> = {}): VerifyReport {
  return {
    ok: true, url: "https://usea1-011.sentinelone.net",
    lines: [
      { check: "reachable", outcome: "ok", message: "answers in 40 ms", cure: null },
      { check: "expiry", outcome: "warning", message: "ends in 20 days", cure: "Make a new token." },
    ],
    token: { form: "jwt", createdAt: AT, expiresAt: AT }, identity: null, scope: { level: "site", ids: [], names: [], fingerprint: "f" }, roles: [], streams: [], beyondReading: null, clockSkewMs: 0, checkedAt: AT, ...change,
  };
}

export function streamRun(change: Partial<StreamRun> = {}): StreamRun {
  return {
    stream: "agents", phase: "done", pages: 3, requests: 4, received: 2500, inserted: 2500, changed: 0, unchanged: 0, parked: 0, gone: 0, expected: 2500, rowsPerSecond: 1250, etaSeconds: null, caughtUp: true, fault: null, ...change,
  };
}

export function run(change: Partial<RunView> = {}): RunView {
  return { id: "run_1", connection: "con_1", tenant: "ten_default", mode: "first", trigger: "request", state: "succeeded", startedAt: AT, endedAt: "2026-11-20T16:00:02.000Z", streams: [streamRun()], ...change };
}

export function streamStatus(change: Partial<StreamStatus> = {}): StreamStatus {
  return {
    connection: "con_1", stream: "agents", rows: 2500, goneRows: 0, parked: 0, watermark: AT, freshAt: AT, ageSeconds: 30, caughtUp: true, provenAt: AT, nextRunAt: null, paused: false, gaps: 0, fault: null, budget: null, ...change,
  };
}

export function statusView(change: Partial<StatusView> = {}): StatusView {
  return {
    version: "0.1.0", now: AT, hub: { running: true, url: "http://127.0.0.1:8420", store: "sqlite", diskBytes: 1_500_000, diskBudgetBytes: null, readingPaused: false },
    connections: [connection()], streams: [streamStatus()], next: null, expiring: [], parked: 0, destinations: [{ id: "dst_1", name: "access", kind: "webhook", queued: 2, parked: 1, delivered: 40, oldestSeconds: 90, fault: null }], health: { ok: true, reasons: [] }, ...change,
  };
}

export const tenant: Static<typeof TenantView> = { id: "ten_1", name: "Orchard", createdAt: AT, connections: 1, sites: 2, leavingSince: null, purgeAfter: null };
export const site: Static<typeof SiteMapping> = { connection: "con_1", site: "11", siteName: "Harbour", accountName: "Orchard", tenant: null };
export const parked: Static<typeof ParkedDetail> = {
  id: "prk_1", connection: "con_1", tenant: "ten_default", kind: "record", stream: "threats", key: "9", code: "RECORD_INVALID", reason: "id is a number", codeVersion: "0.1.0", firstAt: AT, lastAt: AT, times: 2, raw: '{"id":9}',
};
export const apiKey: Static<typeof ApiKeyView> = { id: "key_1", name: "grafana", role: "viewer", permissions: ["status.read"], tenants: null, createdAt: AT, expiresAt: AT, lastUsedAt: null, revokedAt: null };
export const auditEntry: Static<typeof AuditEntry> = { seq: 1, at: AT, actor: "local", actorKind: "local", event: "connection.added", subject: "con_1", tenant: null, details: {}, requestId: "r", hash: "h" };
export const stream: Static<typeof StreamView> = { id: "agents", title: "Agents", view: "agents", mode: "changes", needs: ["Endpoints.view"], endpoint: "/agents", everySeconds: 300, columns: [{ name: "id", type: "text", source: "id" }] };

export const destination: DestinationView = {
  id: "dst_1", tenant: "ten_default", name: "access", kind: "webhook", facts: null, filter: { streams: ["alerts"], severity: "high" }, tenants: ["ten_default"], format: "raw", lookBackDays: 7, shown: { host: "https://hooks.example.com", oldSecretUntil: null }, repeats: "visible", createdAt: AT, deliveredAt: null, fault: { code: "DESTINATION_UNREACHABLE", reason: "The receiver answered 503.", since: AT }, pausedAt: null, queued: 2, parked: 1, delivered: 40, oldestQueuedAt: AT,
};
export const delivery: DeliveryDetail = {
  id: "dlv_1", destination: "dst_1", tenant: "ten_default", kind: "posture.verdict-changed", key: "agent 1", version: "3", orderKey: "agent 1", state: "parked", attempts: 1, replays: 0, bytes: 12, queuedAt: AT, nextAt: null, endedAt: AT, code: "DESTINATION_REFUSED", reason: "The receiver answered 400.", data: '{"a":1}',
};
