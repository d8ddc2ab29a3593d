/** A mirror with assets and vulnerabilities on a fresh store of either engine: pages of real records, listings that are proven complete, a clock that is set. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { openMigrated } from "../../test/support/migrated.ts";
import type { Fact } from "../kernel/fact.ts";
import type { ConnectionId, RunId, TenantId } from "../kernel/ids.ts";
import { runDue, runRebuilds } from "../mirror/capability-runs.ts";
import type { Capability } from "../mirror/capability.ts";
import { createMirror, mirrorContext } from "../mirror/create.ts";
import type { MirrorTarget } from "../mirror/mirror.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { applications } from "../sentinelone/streams/applications.ts";
import { risks } from "../sentinelone/streams/risks.ts";
import type { MappedRecord, Stream } from "../sentinelone/streams/stream.ts";
import type { Store } from "../store/store.ts";
import { createSoftware, createVulnerabilities, vulnerabilityMigrations } from "./index.ts";
import type { AgentRow, AmbiguityRow, HistoryRow, InstanceRow } from "./tables.ts";

export const CON = "con_1" as ConnectionId;
export const TEN = "ten_default" as TenantId;
export const OTHER = "ten_other" as TenantId;
export const NOW = Date.parse("2026-06-01T12:00:00.000Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const STREAMS = { agents, risks, applications } as const;
export type StreamName = keyof typeof STREAMS;
export type ApiRecord = Readonly<Record<string, unknown>>;
export const TARGET: MirrorTarget = { connection: CON, tenant: TEN, siteTenants: new Map() };

export const stamp = (ms: number): string => new Date(ms).toISOString();

/** A laptop of its own, seen just before `at`. */
export function agent(id: string, at: number, more: ApiRecord = {}): ApiRecord {
  return {
    id, uuid: `uuid-${id}`, computerName: `PC-${id}`, domain: "orchard.test", serialNumber: `SER${id}X`, modelName: "Model 7", osType: "windows", osName: "Windows 11 Pro", osRevision: "22631", machineType: "laptop",
    siteId: "11", siteName: "Lyon", groupId: "21", groupName: "Default", isDecommissioned: false, isUninstalled: false, isActive: true, externalIp: "203.0.113.9", registeredAt: stamp(NOW - 100 * DAY),
    lastActiveDate: stamp(at), updatedAt: stamp(at), networkInterfaces: [{ name: "en0", inet: [`10.0.0.${id}`], physical: `02:11:22:33:44:${id.padStart(2, "0").slice(-2)}` }], ...more,
  };
}

export function risk(id: string, endpointId: string, at: number, more: ApiRecord = {}): ApiRecord {
  return {
    id, endpointId, cveId: "CVE-2026-0001", applicationName: "PackStation", applicationVersion: "4.2.0", applicationVendor: "Gable Soft", application: "PackStation 4.2.0", severity: "HIGH", baseScore: "8.1", siteId: "11",
    status: "Detected", lastScanDate: stamp(at), lastScanResult: "Succeeded", detectionDate: stamp(NOW - 2 * DAY), mitigationStatus: "Not mitigated", ...more,
  };
}

function mapped(stream: Stream, record: ApiRecord): MappedRecord {
  const value = JSON.parse(JSON.stringify(record)) as JsonObject;
  const made = stream.map({ value, raw: JSON.stringify(value) });
  if (!("hash" in made)) throw new Error(made.reason);
  return made;
}

export interface VulnerabilityBench {
  readonly store: Store;
  readonly capability: Capability;
  /** Queued so far. */
  readonly facts: readonly Fact[];
  /** Milliseconds; moves on by itself with every listing. */
  now: number;
  /** Part of a listing or of what changed: nothing is proven by it. */
  page(stream: StreamName, records: readonly ApiRecord[], more?: { readonly firstRead?: boolean; readonly target?: MirrorTarget; readonly snapshot?: number }): Promise<void>;
  /** A whole listing, settled and proven; the first one of a stream is its first read. */
  listing(stream: StreamName, records: readonly ApiRecord[], target?: MirrorTarget): Promise<void>;
  proven(stream: StreamName, at?: number): Promise<void>;
  due(): Promise<number | null>;
  rebuild(): Promise<void>;
  reassign(target: MirrorTarget, site: string | null): Promise<void>;
  instances(): Promise<readonly InstanceRow[]>;
  agents(): Promise<readonly AgentRow[]>;
  ambiguities(): Promise<readonly AmbiguityRow[]>;
  history(): Promise<readonly HistoryRow[]>;
  /** `open active`, by order of id. */
  states(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function vulnerabilityBench(postgres?: PostgresServer): Promise<VulnerabilityBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-vulnerabilities-"));
  const all = Object.values(STREAMS);
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...vulnerabilityMigrations], streams: all }, postgres);
  const facts: Fact[] = [];
  const capability = createVulnerabilities({ routes: [], queueFact: async (_tx, ...more) => void facts.push(...more) });
  const clock = { now: NOW };
  const options = { store, streams: all, capabilities: [capability, createSoftware()], codeVersion: "1", now: () => clock.now };
  const mirror = createMirror(options);
  const context = mirrorContext(options);
  const read = new Set<string>();
  const bench: VulnerabilityBench = Object.assign(clock, {
    store,
    capability,
    facts,
    async page(stream: StreamName, records: readonly ApiRecord[], more: { readonly firstRead?: boolean; readonly target?: MirrorTarget; readonly snapshot?: number } = {}) {
      await store.tx((tx) =>
        mirror.applyPage(tx, {
          target: more.target ?? TARGET, stream: STREAMS[stream], run: "run_1" as RunId, snapshot: more.snapshot ?? null,
          page: { records: records.map((record) => mapped(STREAMS[stream], record)), rejected: [], repeated: 0 },
          checkpoint: { format: 1, body: "{}" }, watermark: null, ...(more.firstRead === true ? { firstRead: true } : {}), now: clock.now,
        }),
      );
      await refuseParked(store);
    },
    async listing(stream: StreamName, records: readonly ApiRecord[], target = TARGET) {
      const startedAt = clock.now + 1;
      clock.now += 2;
      const firstRead = !read.has(stream);
      const snapshot = await store.tx((tx) => mirror.beginSnapshot(tx, CON, STREAMS[stream]));
      await bench.page(stream, records, { firstRead, target, snapshot });
      for (let more = !firstRead; more; ) ({ more } = await store.tx((tx) => mirror.settle(tx, { target, stream: STREAMS[stream], snapshot, startedAt, now: clock.now, watermark: null }, "complete")));
      if (firstRead) await store.tx((tx) => mirror.firstReadEnded(tx, CON, STREAMS[stream]));
      read.add(stream);
      await mirror.payOwed();
      await refuseParked(store);
      await bench.proven(stream, startedAt);
      clock.now += MINUTE;
    },
    proven: (stream: StreamName, at = clock.now) => store.tx((tx) => mirror.proveRead(tx, CON, STREAMS[stream], at, 60 * MINUTE)),
    async due() {
      for (let round = 0; round < 100; round += 1) {
        const [outcome] = await runDue(store, [capability], clock.now);
        if (outcome === undefined || outcome.failed !== null) throw new Error(outcome?.failed ?? "nothing is due");
        if (outcome.next === null || outcome.next > clock.now) return outcome.next;
      }
      throw new Error("never done");
    },
    async rebuild() {
      for (let round = 0; await runRebuilds(store, context, clock.now, 1); round += 1) if (round > 500) throw new Error("never done");
    },
    async reassign(target: MirrorTarget, of: string | null) {
      for (let left = 1; left > 0; ) left = await store.tx((tx) => mirror.reassign(tx, target, of, 500));
    },
    instances: async () => (await sql<InstanceRow>`SELECT * FROM vuln_instances ORDER BY agent_id, row_id`.execute(store.read)).rows,
    agents: async () => (await sql<AgentRow>`SELECT * FROM vuln_agents ORDER BY id`.execute(store.read)).rows,
    ambiguities: async () => (await sql<AmbiguityRow>`SELECT * FROM vuln_ambiguities ORDER BY agent_id, other_agent_id`.execute(store.read)).rows,
    history: async () => (await sql<HistoryRow>`SELECT * FROM vuln_history ORDER BY seq`.execute(store.read)).rows,
    async states() {
      return (await bench.instances()).map((row) => `${row.class} ${row.status}`);
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return bench;
}

async function refuseParked(store: Store): Promise<void> {
  const { rows } = await sql<{ reason: string }>`SELECT reason FROM mirror_parked WHERE kind IN ('vulnerabilities', 'software')`.execute(store.read);
  if (rows[0] !== undefined) throw new Error(`A page could not be taken in: ${rows[0].reason}`);
}

/** A row of history as one line: `0d fixed active>scan-mitigated`. */
export function historyLine({ at, event, from_status: from, to_status: to, actor }: HistoryRow): string {
  return `${String(Math.floor((Number(at) - NOW) / DAY))}d ${event} ${from ?? ""}>${to ?? ""}${actor === null ? "" : ` by ${actor}`}`;
}
