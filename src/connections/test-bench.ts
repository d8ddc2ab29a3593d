/** For tests: a real store in a temporary folder, a console whose answers the test chooses, and everything of `connections/` over them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMigrated } from "../../test/support/migrated.ts";
import type { VerifyReport } from "../kernel/api.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import type { AuditDetails } from "../kernel/route.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Migration, Store, Tx } from "../store/store.ts";
import { createConnections, type Connections } from "./connections.ts";
import type { ConnectionChange, ConsoleRules } from "./ports.ts";
import { createSites, type MirroredSite, type Sites } from "./sites.ts";
import { connectionMigrations } from "./tables.ts";
import { createTenants, type Tenants } from "./tenants.ts";
import { openVault, type Vault } from "./vault.ts";

export const ORIGIN = "https://usea1-011.sentinelone.net";
export const START = Date.parse("2026-03-01T12:00:00.000Z");

export function report(edit: Partial<VerifyReport> = {}): VerifyReport {
  return {
    ok: true,
    url: ORIGIN,
    lines: [{ check: "token", outcome: "ok", message: "The token is valid.", cure: null }],
    token: { form: "jwt", createdAt: "2026-01-01T00:00:00.000Z", expiresAt: "2027-01-01T00:00:00.000Z" },
    identity: { kind: "service-user", id: "1", name: "vedette", email: null },
    scope: { level: "account", ids: ["10"], names: ["Acme"], fingerprint: "account:10" },
    roles: ["Viewer"],
    streams: [
      { stream: "agents", readable: true, missingPermission: null, message: "" },
      { stream: "threats", readable: true, missingPermission: null, message: "" },
      { stream: "roles", readable: false, missingPermission: "Roles.view", message: "no" },
    ],
    beyondReading: [],
    clockSkewMs: 0,
    checkedAt: new Date(START).toISOString(),
    ...edit,
  };
}

export function refusedReport(): VerifyReport {
  return report({ ok: false, streams: [], lines: [{ check: "token", outcome: "failed", message: "401", cure: null, code: "S1_TOKEN_REJECTED" }] });
}

export interface Bench {
  readonly folder: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly connections: Connections;
  readonly tenants: Tenants;
  readonly sites: Sites;
  readonly rules: ConsoleRules;
  readonly time: { now: number };
  readonly clock: Clock;
  /** What the console answers, by the token's text; `report()` where nothing is set. */
  readonly answers: Map<string, VerifyReport | Fault>;
  readonly changes: [ConnectionId, ConnectionChange][];
  readonly recorded: AuditDetails[];
  readonly record: (tx: Tx, details: AuditDetails) => Promise<void>;
  readonly mirrored: Map<string, MirroredSite[]>;
  /** Rows that a tenant has in the mirror. */
  readonly rows: Map<string, number>;
  close(): Promise<void>;
}

export async function openBench(more: readonly Migration[] = []): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-connections-"));
  const time = { now: START };
  const clock: Clock = { ...systemClock, now: () => time.now };
  const store = await openMigrated(join(folder, "data"), { migrations: [...connectionMigrations, ...more] });
  const vault = await openVault(store, { file: join(folder, "keys", "keyring.json"), dataFolder: join(folder, "data") }, clock);
  const answers = new Map<string, VerifyReport | Fault>();
  const rules: ConsoleRules = {
    parseUrl(text) {
      if (!text.includes("sentinelone.net")) throw new Fault("CONSOLE_HOST_NOT_ALLOWED", "That host is not SentinelOne's.");
      return new URL(text.includes("://") ? text : `https://${text}`).origin;
    },
    parseToken: (token: Secret) => ({ token, form: "jwt" }),
    async verify(_origin, token) {
      const answer = answers.get(token.reveal()) ?? report();
      if (answer instanceof Fault) throw answer;
      return answer;
    },
    guide: [
      { title: "Classic layout", steps: ["Settings", "Users", "Service Users"] },
      { title: "Singularity Operations Center", steps: ["Configure", "Policies and settings", "User management", "Service users"] },
    ],
  };
  const changes: Bench["changes"] = [];
  const recorded: AuditDetails[] = [];
  const mirrored = new Map<string, MirroredSite[]>();
  const rows = new Map<string, number>();
  const connections = createConnections({ store, vault, clock, log: silentLog, console: rules, changed: (id, change) => changes.push([id, change]) });
  const sites = createSites({ store, clock, listSites: async (_scope, id) => mirrored.get(id) ?? [], reassign: (id) => changes.push([id, "changed"]) });
  const tenants = createTenants({
    store,
    clock,
    log: silentLog,
    connections,
    changed: (id, change) => changes.push([id, change]),
    data: {
      async *rows(tenant: TenantId) {
        for (let number = 0; number < (rows.get(tenant) ?? 0); number += 1) yield { table: "agents", row: { id: String(number) } };
      },
      async purge(_tx, tenant, limit) {
        const there = rows.get(tenant) ?? 0;
        rows.set(tenant, Math.max(0, there - limit));
        return Math.min(there, limit);
      },
      count: async (tenant) => rows.get(tenant) ?? 0,
    },
  });
  async function record(_tx: Tx, details: AuditDetails): Promise<void> {
    recorded.push(details);
  }
  async function close(): Promise<void> {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { folder, store, vault, connections, tenants, sites, rules, time, clock, answers, changes, recorded, record, mirrored, rows, close };
}
