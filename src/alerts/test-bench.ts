/** A mirror with alerts on a fresh store of either engine: pages of real records, a first read that ends, facts kept as they are queued, a clock that is set. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { openMigrated } from "../../test/support/migrated.ts";
import type { EventStream } from "../kernel/alert-api.ts";
import type { Fact } from "../kernel/fact.ts";
import type { ConnectionId, RunId, TenantId } from "../kernel/ids.ts";
import { runDue, runRebuilds } from "../mirror/capability-runs.ts";
import { createMirror, mirrorContext } from "../mirror/create.ts";
import type { MirrorTarget } from "../mirror/mirror.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import { activities } from "../sentinelone/streams/activities.ts";
import { alerts } from "../sentinelone/streams/alerts.ts";
import { cloudDetectionAlerts } from "../sentinelone/streams/cloud-detection-alerts.ts";
import { sites } from "../sentinelone/streams/sites.ts";
import type { MappedRecord, Stream } from "../sentinelone/streams/stream.ts";
import { threats } from "../sentinelone/streams/threats.ts";
import type { Store } from "../store/store.ts";
import { alertMigrations, createAlerts, type AlertPorts } from "./index.ts";
import type { ItemRow, VersionRow } from "./tables.ts";

export const CON = "con_1" as ConnectionId;
export const TEN = "ten_default" as TenantId;
export const OTHER = "ten_other" as TenantId;
export const NOW = Date.parse("2026-06-01T12:00:00.000Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const CONSOLE = "https://usea1-011.sentinelone.net";
export const TARGET: MirrorTarget = { connection: CON, tenant: TEN, siteTenants: new Map() };

const STREAMS: Readonly<Record<EventStream | "sites", Stream>> = { alerts, threats, "cloud-detection-alerts": cloudDetectionAlerts, activities, sites };

export type ApiRecord = Readonly<Record<string, unknown>>;

export const stamp = (ms: number): string => new Date(ms).toISOString();

/** A unified alert of the identity product, as it was when it was found. */
export function alert(id: string, at: number, more: ApiRecord = {}): ApiRecord {
  return {
    id, externalId: `x-${id}`, name: "DCSync Attack Detected", description: "A host asked for the directory's secrets.", severity: "HIGH", status: "NEW", analystVerdict: "UNDEFINED", confidenceLevel: "MALICIOUS", classification: "UNKNOWN", result: "UNMITIGATED",
    detectedAt: stamp(at), createdAt: stamp(at), firstSeenAt: stamp(at), lastSeenAt: stamp(at), updatedAt: stamp(at), attackSurfaces: ["IDENTITY"], dataSources: [], labels: [], noteExists: false, ticketId: null, storylineId: null,
    detectionSource: { product: "Identity", vendor: "SentinelOne" }, analytics: { category: "ADSecure-DC", name: "DCSync", typeValue: "Rule", uid: "5001802" }, assignee: null, incident: null,
    assets: [{ id: "as-1", primary: true, name: "DC-01", category: "Server", osType: "WINDOWS", lastLoggedInUser: "j.orozco" }], process: null,
    realTime: { scope: { account: { id: "1", name: "Orchard" }, site: { id: "11", name: "Lyon" }, group: { id: "21", name: "Default" } } },
    detectionTime: { attacker: { host: "LT-7", ip: "10.0.0.7" }, targetUser: { name: "krbtgt", domain: "ORCHARD", emailAddress: null } },
    rawData: { class_uid: 99602001, finding_info: { attacks: [{ tactics: [{ name: "Credential Access", uid: "TA0006" }], technique: { name: "OS Credential Dumping", uid: "T1003" } }], related_events: [{ message: "asked for secrets" }] } },
    ...more,
  };
}

export function threat(id: string, at: number, info: ApiRecord = {}, more: ApiRecord = {}): ApiRecord {
  return {
    id, mitigationStatus: [{ action: "kill", status: "success" }], indicators: [{ category: "Evasion", description: "hid its window", tactics: [{ name: "Defense Evasion", source: "MITRE", techniques: [{ name: "T1564", link: "https://attack.mitre.org/techniques/T1564/" }] }] }],
    threatInfo: {
      threatId: id, threatName: `invoice_${id}.exe`, classification: "Trojan", confidenceLevel: "malicious", analystVerdict: "undefined", incidentStatus: "unresolved", mitigationStatus: "not_mitigated", processUser: "ORCHARD\\j.orozco", sha1: "ab12", storyline: `S${id}`,
      identifiedAt: stamp(at), createdAt: stamp(at), updatedAt: stamp(at), failedActions: false, pendingActions: false, rebootRequired: false, automaticallyResolved: false, ...info,
    },
    agentRealtimeInfo: { agentId: "101", agentComputerName: "OF-LT-0417", siteId: "11", siteName: "Lyon", accountId: "1", accountName: "Orchard", agentIsActive: true, agentNetworkStatus: "connected" },
    agentDetectionInfo: { agentIpV4: "10.20.4.17", agentLastLoggedInUserName: "j.orozco" },
    ...more,
  };
}

export function ruleAlert(id: string, at: number, info: ApiRecord = {}): ApiRecord {
  return {
    alertInfo: { alertId: id, analystVerdict: "Undefined", incidentStatus: "Unresolved", hitType: "Events", createdAt: stamp(at), reportedAt: stamp(at), updatedAt: stamp(at), ...info },
    ruleInfo: { id: "611", name: "Encoded PowerShell", severity: "High", s1ql: "ProcessName = \"powershell.exe\"" },
    agentDetectionInfo: { siteId: "11", accountId: "1", name: "OF-LT-0417" },
    sourceProcessInfo: { name: "powershell.exe", user: "ORCHARD\\j.orozco", storyline: "A1" },
  };
}

export function activity(id: string, at: number, more: ApiRecord = {}): ApiRecord {
  return { id, activityType: 27, createdAt: stamp(at), updatedAt: stamp(at), primaryDescription: `Somebody logged in (${id})`, siteId: "11", siteName: "Lyon", userId: "5", data: { username: "Mara", ipAddress: "203.0.113.9" }, ...more };
}

function mapped(stream: Stream, record: ApiRecord): MappedRecord {
  const value = JSON.parse(JSON.stringify(record)) as JsonObject;
  const made = stream.map({ value, raw: JSON.stringify(value) });
  if (!("hash" in made)) throw new Error(made.reason);
  return made;
}

export interface AlertBench {
  readonly store: Store;
  /** Milliseconds. */
  now: number;
  /** As they were queued. */
  readonly queued: readonly Fact[];
  /** `alerts.new a1`, in the order they were queued, and forgets them. */
  told(): readonly string[];
  page(stream: EventStream | "sites", records: readonly ApiRecord[], more?: { readonly firstRead?: boolean; readonly target?: MirrorTarget }): Promise<void>;
  /** A first read in one page, ended and handed in. */
  firstRead(stream: EventStream, records: readonly ApiRecord[]): Promise<void>;
  /** Says that the first read is over and hands it in. */
  ended(stream: EventStream): Promise<void>;
  due(): Promise<void>;
  rebuild(): Promise<void>;
  reassign(target: MirrorTarget, site: string | null): Promise<void>;
  items(): Promise<readonly ItemRow[]>;
  versions(): Promise<readonly VersionRow[]>;
  close(): Promise<void>;
}

export async function alertBench(postgres?: PostgresServer, ports: Partial<AlertPorts> & { readonly lookBackMs?: number } = {}): Promise<AlertBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-alerts-"));
  const all = Object.values(STREAMS);
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...alertMigrations], streams: all }, postgres);
  const queued: Fact[] = [];
  const capabilities = createAlerts({
    queueFact: async (_tx, ...facts) => void queued.push(...facts),
    queueFor: () => async (_tx, ...facts) => void queued.push(...facts),
    newcomers: async () => [],
    origin: async (_db, connection) => ({ connection, console: CONSOLE, lookBackMs: ports.lookBackMs ?? 7 * DAY }),
    retentionDays: {},
    routes: [],
    ...ports,
  });
  const clock = { now: NOW };
  const options = { store, streams: all, capabilities, codeVersion: "1", now: () => clock.now };
  const mirror = createMirror(options);
  const context = mirrorContext(options);
  const bench: AlertBench = Object.assign(clock, {
    store,
    queued,
    told: () => queued.splice(0).map(({ kind, key }) => `${kind} ${key.split("/").at(-1) ?? ""}`),
    async page(stream: EventStream | "sites", records: readonly ApiRecord[], more: { readonly firstRead?: boolean; readonly target?: MirrorTarget } = {}) {
      await store.tx((tx) =>
        mirror.applyPage(tx, {
          target: more.target ?? TARGET, stream: STREAMS[stream], run: "run_1" as RunId, snapshot: null, page: { records: records.map((record) => mapped(STREAMS[stream], record)), rejected: [], repeated: 0 },
          checkpoint: { format: 1, body: "{}" }, watermark: null, ...(more.firstRead === true ? { firstRead: true } : {}), now: clock.now,
        }),
      );
      await refuseParked(store);
    },
    async ended(stream: EventStream) {
      await store.tx((tx) => mirror.firstReadEnded(tx, CON, STREAMS[stream]));
      await mirror.payOwed();
      await refuseParked(store);
    },
    async firstRead(stream: EventStream, records: readonly ApiRecord[]) {
      await bench.page(stream, records, { firstRead: true });
      await bench.ended(stream);
    },
    async due() {
      for (let asking = capabilities, round = 0; asking.length > 0; round += 1) {
        if (round > 100) throw new Error("never done");
        const outcomes = await runDue(store, asking, clock.now);
        const failed = outcomes.find((outcome) => outcome.failed !== null);
        if (failed !== undefined) throw new Error(failed.failed ?? "");
        asking = asking.filter(({ id }) => outcomes.some(({ capability, next }) => capability === id && next !== null && next <= clock.now));
      }
    },
    async rebuild() {
      await store.tx(async (tx) => void (await sql`DELETE FROM capability_rebuilds`.execute(tx.db)));
      for (let round = 0; await runRebuilds(store, context, clock.now, 1); round += 1) if (round > 500) throw new Error("never done");
    },
    async reassign(target: MirrorTarget, of: string | null) {
      for (let left = 1; left > 0; ) left = await store.tx((tx) => mirror.reassign(tx, target, of, 500));
    },
    items: async () => (await sql<ItemRow>`SELECT * FROM alert_items ORDER BY stream, id`.execute(store.read)).rows,
    versions: async () => (await sql<VersionRow>`SELECT * FROM alert_versions ORDER BY seq`.execute(store.read)).rows,
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return bench;
}

async function refuseParked(store: Store): Promise<void> {
  const { rows } = await sql<{ reason: string }>`SELECT reason FROM mirror_parked WHERE kind IN ('alerts', 'activities')`.execute(store.read);
  if (rows[0] !== undefined) throw new Error(`A page could not be taken in: ${rows[0].reason}`);
}

/** A version as one line: `2 reopened status RESOLVED>NEW`. */
export function versionLine({ number, kind, facts }: VersionRow): string {
  const { changes } = JSON.parse(facts) as { readonly changes: readonly { readonly field: string; readonly from: string | null; readonly to: string | null }[] };
  return [String(number), kind, ...changes.map(({ field, from, to }) => `${field} ${from ?? "-"}>${to ?? "-"}`)].join(" ");
}
