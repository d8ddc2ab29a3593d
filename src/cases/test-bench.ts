/** A mirror with cases on a fresh store of either engine: pages of real records, first reads, facts kept as they are queued, a clock that is set. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { openMigrated } from "../../test/support/migrated.ts";
import type { CaseUpdate, MemberStream } from "../kernel/case-api.ts";
import type { Fact } from "../kernel/fact.ts";
import type { ConnectionId, RunId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { runDue, runRebuilds } from "../mirror/capability-runs.ts";
import { createMirror, mirrorContext } from "../mirror/create.ts";
import type { MirrorTarget } from "../mirror/mirror.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { alerts } from "../sentinelone/streams/alerts.ts";
import { cloudDetectionAlerts } from "../sentinelone/streams/cloud-detection-alerts.ts";
import type { MappedRecord, Stream } from "../sentinelone/streams/stream.ts";
import { threats } from "../sentinelone/streams/threats.ts";
import type { Store, Tx } from "../store/store.ts";
import { caseMigrations, createCases } from "./index.ts";
import type { Lead, MemberFacts, Tally } from "./model.ts";
import type { CaseRow, MemberRow } from "./tables.ts";
import { TRIAGE_TABLES } from "./triage-tables.ts";
import { updateCase } from "./update.ts";

export const CON = "con_1" as ConnectionId;
export const TEN = "ten_default" as TenantId;
export const OTHER = "ten_other" as TenantId;
export const NOW = Date.parse("2026-06-01T12:00:00.000Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const CONSOLE = "https://usea1-011.sentinelone.net";
export const TARGET: MirrorTarget = { connection: CON, tenant: TEN, siteTenants: new Map() };

const STREAMS: Readonly<Record<MemberStream, Stream>> = { alerts, threats, "cloud-detection-alerts": cloudDetectionAlerts, agents };

export type ApiRecord = Readonly<Record<string, unknown>>;

const stamp = (ms: number): string => new Date(ms).toISOString();

interface ThreatParts {
  readonly storyline?: string;
  readonly hash?: string;
  readonly name?: string;
  readonly device?: string;
  readonly site?: string;
  readonly status?: string;
  readonly mitigation?: string;
  readonly confidence?: string;
  readonly verdict?: string;
  readonly updated?: number;
  readonly technique?: string;
}

export function threat(id: string, at: number, { storyline, hash = `hash-${id}`, name = `${hash}.exe`, device = "D1", site = "11", status = "unresolved", mitigation = "not_mitigated", confidence = "malicious", verdict = "undefined", updated = at, technique = "T1564" }: ThreatParts = {}): ApiRecord {
  return {
    id, mitigationStatus: [], indicators: [{ category: "Evasion", description: "hid its window", tactics: [{ name: "Defense Evasion", techniques: [{ name: technique }] }] }],
    threatInfo: {
      threatId: id, threatName: name, classification: "Trojan", confidenceLevel: confidence, analystVerdict: verdict, incidentStatus: status, mitigationStatus: mitigation, processUser: "ORCHARD\\j.orozco", sha1: hash, storyline: storyline ?? null,
      identifiedAt: stamp(at), createdAt: stamp(at), updatedAt: stamp(updated), failedActions: false, pendingActions: false, rebootRequired: false,
    },
    agentRealtimeInfo: { agentId: device, agentUuid: `uuid-${device}`, agentComputerName: device, siteId: site, siteName: `site ${site}`, accountId: "1", accountName: "Orchard", agentIsActive: true },
    agentDetectionInfo: { agentIpV4: "10.20.4.17" },
  };
}

interface AlertParts {
  readonly name?: string;
  readonly storyline?: string;
  readonly hash?: string;
  readonly device?: string;
  readonly user?: string;
  readonly attacker?: string;
  readonly product?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly verdict?: string;
  readonly site?: string;
  readonly updated?: number;
  /** Of its asset. */
  readonly category?: string;
}

export function alert(id: string, at: number, { category = "Server", name = "DCSync Attack Detected", storyline, hash, device = "D1", user, attacker, product = "Identity", severity = "HIGH", status = "NEW", verdict = "UNDEFINED", site = "11", updated = at }: AlertParts = {}): ApiRecord {
  return {
    id, externalId: `x-${id}`, name, severity, status, analystVerdict: verdict, confidenceLevel: "MALICIOUS", classification: "UNKNOWN", result: "UNMITIGATED", detectedAt: stamp(at), createdAt: stamp(at), updatedAt: stamp(updated), attackSurfaces: [], dataSources: [], labels: [],
    noteExists: false, storylineId: storyline ?? null, detectionSource: { product, vendor: "SentinelOne" }, analytics: {}, assignee: null, incident: null,
    assets: [{ id: `as-${device}`, primary: true, name: device, agentUuid: `uuid-${device}`, category, osType: "WINDOWS" }],
    process: hash === undefined ? null : { cmdLine: "tool.exe -x", file: { name: "tool.exe", path: "C:\\tool.exe", sha1: hash } },
    realTime: { scope: { account: { id: "1", name: "Orchard" }, site: { id: site, name: `site ${site}` }, group: { id: "21", name: "Default" } } },
    detectionTime: { ...(attacker === undefined ? {} : { attacker: { host: attacker } }), ...(user === undefined ? {} : { targetUser: { name: user, domain: "ORCHARD" } }) },
    rawData: null,
  };
}

export function agent(id: string, more: ApiRecord = {}): ApiRecord {
  return {
    id, uuid: `uuid-${id}`, computerName: id, siteId: "11", siteName: "site 11", accountId: "1", accountName: "Orchard", machineType: "desktop", operationalState: "na", mitigationMode: "protect", userActionsNeeded: [], threatRebootRequired: false, isActive: true,
    isDecommissioned: false, isUninstalled: false, lastActiveDate: stamp(NOW), createdAt: stamp(NOW - 100 * DAY), updatedAt: stamp(NOW), networkStatus: "connected", ...more,
  };
}

function mapped(stream: Stream, record: ApiRecord): MappedRecord {
  const value = JSON.parse(JSON.stringify(record)) as JsonObject;
  const made = stream.map({ value, raw: JSON.stringify(value) });
  if (!("hash" in made)) throw new Error(made.reason);
  return made;
}

export interface CaseBench {
  readonly store: Store;
  /** Milliseconds. */
  now: number;
  readonly queued: Fact[];
  /** Connections of another console. */
  readonly elsewhere: Map<string, string>;
  /** `cases.opened cas_…`, in the order they were queued, and forgets them. */
  told(): readonly string[];
  page(stream: MemberStream, records: readonly ApiRecord[], more?: { readonly firstRead?: boolean; readonly target?: MirrorTarget }): Promise<void>;
  firstRead(stream: MemberStream, records: readonly ApiRecord[]): Promise<void>;
  gone(stream: MemberStream, ids: readonly string[]): Promise<void>;
  due(): Promise<void>;
  rebuild(): Promise<void>;
  reassign(target: MirrorTarget, site: string | null): Promise<void>;
  update(id: string, update: CaseUpdate, who?: string): Promise<CaseRow>;
  /** Oldest first; those that became part of another left out. */
  cases(): Promise<readonly CaseRow[]>;
  /** The only case there is. */
  only(): Promise<CaseRow>;
  members(): Promise<readonly MemberRow[]>;
  /** Lines of a case's timeline, oldest first. */
  timeline(id: string): Promise<readonly string[]>;
  /** As it was when it was made. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface CaseBenchOptions {
  readonly postgres?: PostgresServer | undefined;
  readonly lookBackMs?: number;
  /** In place of keeping them. */
  readonly queueFact?: (tx: Tx, ...facts: readonly Fact[]) => Promise<void>;
}

export async function caseBench({ postgres, lookBackMs, queueFact }: CaseBenchOptions = {}): Promise<CaseBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-cases-"));
  const all = Object.values(STREAMS);
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...caseMigrations], streams: all }, postgres);
  const queued: Fact[] = [];
  const elsewhere = new Map<string, string>();
  const ports = { queueFact: queueFact ?? (async (_tx: Tx, ...facts: readonly Fact[]) => void queued.push(...facts)), origin: async (_db: unknown, connection: ConnectionId) => ({ connection, console: elsewhere.get(connection) ?? CONSOLE, lookBackMs: 7 * DAY }) };
  const cases = createCases({ ...ports, routes: [], ...(lookBackMs === undefined ? {} : { lookBackMs }) });
  const clock = { now: NOW };
  const options = { store, streams: all, capabilities: [cases], codeVersion: "1", now: () => clock.now };
  const mirror = createMirror(options);
  const context = mirrorContext(options);
  const rowsOf = async (): Promise<readonly CaseRow[]> => (await sql<CaseRow>`SELECT * FROM cases WHERE status <> 'merged' ORDER BY first_at, seq`.execute(store.read)).rows;
  const bench: CaseBench = Object.assign(clock, {
    store,
    queued,
    elsewhere,
    told: () => queued.splice(0).map(({ kind, key }) => `${kind} ${key}`),
    async page(stream: MemberStream, records: readonly ApiRecord[], more: { readonly firstRead?: boolean; readonly target?: MirrorTarget } = {}) {
      await store.tx((tx) =>
        mirror.applyPage(tx, {
          target: more.target ?? TARGET, stream: STREAMS[stream], run: "run_1" as RunId, snapshot: null, page: { records: records.map((record) => mapped(STREAMS[stream], record)), rejected: [], repeated: 0 },
          checkpoint: { format: 1, body: "{}" }, watermark: null, ...(more.firstRead === true ? { firstRead: true } : {}), now: clock.now,
        }),
      );
      await refuseParked(store);
    },
    async firstRead(stream: MemberStream, records: readonly ApiRecord[]) {
      await bench.page(stream, records, { firstRead: true });
      await store.tx((tx) => mirror.firstReadEnded(tx, CON, STREAMS[stream]));
      await mirror.payOwed();
      await refuseParked(store);
    },
    async gone(stream: MemberStream, ids: readonly string[]) {
      await store.tx(async (tx) => {
        await sql`UPDATE ${sql.table(`mirror_${stream.replaceAll("-", "_")}`)} SET gone_at = ${clock.now} WHERE id IN (${sql.join([...ids])})`.execute(tx.db);
        await cases.react({ connection: CON, tenant: TEN, stream, inserted: [], changed: [], gone: ids.map((id) => ({ id, before: null, after: null })), watermark: null }, tx, clock.now);
      });
    },
    async due() {
      for (let round = 0, next: number | null = clock.now; next !== null && next <= clock.now; round += 1) {
        if (round > 100) throw new Error("never done");
        const [outcome] = await runDue(store, [cases], clock.now);
        if (outcome === undefined || outcome.failed !== null) throw new Error(outcome?.failed ?? "not asked");
        next = outcome.next;
      }
    },
    async rebuild() {
      await store.tx(async (tx) => void (await sql`DELETE FROM capability_rebuilds`.execute(tx.db)));
      for (let round = 0; await runRebuilds(store, context, clock.now, 1); round += 1) if (round > 500) throw new Error("never done");
    },
    async reassign(target: MirrorTarget, of: string | null) {
      for (let left = 1; left > 0; ) left = await store.tx((tx) => mirror.reassign(tx, target, of, 500));
      await refuseParked(store);
    },
    update: async (id: string, update: CaseUpdate, who = "mara") => (await store.tx((tx) => updateCase(tx, EVERY_TENANT, id, update, ports, { who, now: clock.now }))).row,
    cases: rowsOf,
    async only() {
      const [row, other] = await rowsOf();
      if (row === undefined || other !== undefined) throw new Error(row === undefined ? "there is no case" : "there are several cases");
      return row;
    },
    members: async () => (await sql<MemberRow>`SELECT * FROM case_members ORDER BY stream, id`.execute(store.read)).rows,
    timeline: async (id: string) => (await sql<{ kind: string; who: string; details: string }>`SELECT kind, who, details FROM case_events WHERE case_id = ${id} ORDER BY n`.execute(store.read)).rows.map(({ kind, who }) => `${kind} by ${who}`),
    async reset() {
      clock.now = NOW;
      queued.splice(0);
      elsewhere.clear();
      const emptied = ["cases", "case_members", "case_twins", "case_links", "case_entities", "case_events", "case_since", "case_turns", "case_health", ...TRIAGE_TABLES, "mirror_owed", "mirror_parked", ...all.map(({ id }) => `mirror_${id.replaceAll("-", "_")}`)];
      await store.tx(async (tx) => {
        for (const table of emptied) await sql`DELETE FROM ${sql.table(table)}`.execute(tx.db);
      });
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return bench;
}

async function refuseParked(store: Store): Promise<void> {
  const { rows } = await sql<{ reason: string }>`SELECT reason FROM mirror_parked WHERE kind = 'cases'`.execute(store.read);
  if (rows[0] !== undefined) throw new Error(`A page could not be taken in: ${rows[0].reason}`);
}

/** Everything of a tenant's cases that must not depend on the order in which records came: which records are together, and what is made of them. */
export async function picture(bench: CaseBench, tenant: string = TEN): Promise<readonly string[]> {
  const { rows: entities } = await sql<{ grp: number; kind: string; value: string; n: number }>`SELECT grp, kind, value, n FROM case_entities ORDER BY kind, value`.execute(bench.store.read);
  const { rows: links } = await sql<{ grp: number; link: string; at: number }>`SELECT m.grp, l.link, l.at FROM case_links AS l JOIN case_members AS m ON m.seq = l.member ORDER BY l.link, l.at, m.stream, m.id`.execute(bench.store.read);
  const members = await bench.members();
  return (await bench.cases())
    .filter((row) => row.tenant_id === tenant)
    .map((row) => ({
      members: members.filter(({ grp }) => grp === row.grp).map(({ stream, id, status, severity, gone_at: gone, facts }) => [stream, id, status, severity, gone !== null, (JSON.parse(facts) as MemberFacts).name]),
      derived: [row.title, row.type, row.severity, row.status, row.open, row.verdict, row.first_at, row.last_at],
      tally: JSON.parse(row.tally) as Tally,
      lead: row.lead === null ? null : { ...(JSON.parse(row.lead) as Lead), connection: "" },
      entities: entities.filter(({ grp }) => grp === row.grp).map(({ kind, value, n }) => [kind, value, n]),
      links: links.filter(({ grp }) => grp === row.grp).map(({ link, at }) => [link, at]),
    }))
    .map((one) => JSON.stringify(one))
    .toSorted();
}
