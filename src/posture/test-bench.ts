/** A mirror with posture on a fresh store of either engine: pages of real records, a clock that is set, facts as they were committed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { openMigrated } from "../../test/support/migrated.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import type { ConnectionId, RunId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { runDue, runRebuilds } from "../mirror/capability-runs.ts";
import { createMirror, mirrorContext } from "../mirror/create.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import type { MirrorTarget } from "../mirror/mirror.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { alerts } from "../sentinelone/streams/alerts.ts";
import { risks } from "../sentinelone/streams/risks.ts";
import { threats } from "../sentinelone/streams/threats.ts";
import type { MappedRecord, Stream } from "../sentinelone/streams/stream.ts";
import type { Store, Tx } from "../store/store.ts";
import { answerDevices, type DeviceAnswer, type DeviceQuestion } from "./answer.ts";
import type { ExposedDevice, KnownExposure } from "./exposure.ts";
import { HEALTHY, NOW, type ApiAgent } from "./fixtures.ts";
import { createPosture, postureMigrations } from "./index.ts";
import type { Condition } from "./model.ts";
import { parseRules } from "./rule-form.ts";
import { applyRules, type AppliedRule } from "./rules-store.ts";

export const CON = "con_1" as ConnectionId;
export const TEN = "ten_default" as TenantId;
export const OTHER = "ten_other" as TenantId;
export const MINUTE = 60_000;

export interface PostureBench {
  readonly store: Store;
  /** Milliseconds; set it to let time go by. */
  now: number;
  /** Every reaction fails after it wrote, and so does whoever queues a fact. */
  failing: boolean;
  page(stream: Stream, records: readonly ApiAgent[], more?: { readonly target?: MirrorTarget; readonly snapshot?: number; readonly rejected?: readonly string[] }): Promise<void>;
  /** A page of agents and the word that all has been read. */
  read(...changes: readonly ApiAgent[]): Promise<void>;
  proven(stream?: Stream, everyMs?: number): Promise<void>;
  /** A whole listing of agents, settled. */
  listing(...changes: readonly ApiAgent[]): Promise<void>;
  reassign(target: MirrorTarget, site: string): Promise<number>;
  /** What whoever knows weaknesses says of these agents from now on; null: nothing any more. */
  weaknesses(told: Readonly<Record<string, Pick<KnownExposure, "worstOpenCve" | "knownExploited"> | null>>, tenant?: TenantId): void;
  rules(json: readonly unknown[], tenant?: TenantId | null, replaceAll?: boolean): Promise<readonly AppliedRule[]>;
  /** Until nothing is due any more, or so many rounds. */
  due(rounds?: number): Promise<void>;
  rebuild(): Promise<void>;
  facts(kind?: string): Promise<readonly Fact[]>;
  results(): Promise<readonly Readonly<Record<string, string | number | null>>[]>;
  answer(identifiers: DeviceQuestion["identifiers"], scope?: Parameters<typeof answerDevices>[2]): Promise<DeviceAnswer>;
  close(): Promise<void>;
}

const STREAMS = [agents, threats, alerts, risks];

export const TARGET: MirrorTarget = { connection: CON, tenant: TEN, siteTenants: new Map() };

function mapped(stream: Stream, record: ApiAgent): MappedRecord {
  const value = JSON.parse(JSON.stringify(record)) as JsonObject;
  const made = stream.map({ value, raw: JSON.stringify(value) });
  if (!("hash" in made)) throw new Error(made.reason);
  return made;
}

let clock = 0;

/** With a time of change of its own, so that the mirror takes it for newer than what it has. */
export function agent(changes: ApiAgent = {}): ApiAgent {
  clock += 1;
  return { ...HEALTHY, updatedAt: new Date(NOW + clock * 1000).toISOString(), ...changes };
}

export function rule(name: string, condition: Condition, more: Readonly<Record<string, unknown>> = {}): unknown {
  return { name, condition, ...more };
}

export const CLEAN = rule("Clean", { input: "infected", operator: "==", value: false });

export async function postureBench(postgres?: PostgresServer): Promise<PostureBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-posture-"));
  const queued = {
    id: "0900-queued",
    async up(db: Store["read"]) {
      await sql`CREATE TABLE queued (seq INTEGER, fact TEXT NOT NULL)`.execute(db);
    },
  };
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...postureMigrations, queued], streams: STREAMS }, postgres);
  let seq = 0;
  const queueFact: QueueFact<Tx> = async (tx, ...facts) => {
    if (bench.failing) throw new Error("cut off");
    for (const fact of facts) await sql`INSERT INTO queued (seq, fact) VALUES (${(seq += 1)}, ${JSON.stringify(fact)})`.execute(tx.db);
  };
  const bench = { failing: false, now: NOW };
  const weak = new Map<string, KnownExposure>();
  let waiting: ExposedDevice[] = [];
  const exposures = {
    async waiting(_tx: Tx, limit: number) {
      const devices = waiting.slice(0, limit);
      waiting = waiting.slice(limit);
      return { devices, more: waiting.length > 0 };
    },
    of: async (_tx: Tx, devices: readonly ExposedDevice[]) => new Map(devices.flatMap(({ connection, agent: id }) => (weak.has(id) ? [[`${connection} ${id}`, weak.get(id) as KnownExposure] as const] : []))),
  };
  const posture = createPosture({ queueFact, exposures, routes: [] });
  const capability: typeof posture = {
    ...posture,
    async react(set, tx, now) {
      await posture.react(set, tx, now);
      if (bench.failing) throw new Error("cut off");
    },
  };
  const read = new Set<string>();
  const options = { store, streams: STREAMS, capabilities: [capability], codeVersion: "1", now: () => bench.now };
  const mirror = createMirror(options);
  const context = mirrorContext(options);
  const it: PostureBench = Object.assign(bench, {
    store,
    async page(stream: Stream, records: readonly ApiAgent[], more: { readonly target?: MirrorTarget; readonly snapshot?: number; readonly rejected?: readonly string[] } = {}) {
      await store.tx((tx) =>
        mirror.applyPage(tx, {
          target: more.target ?? TARGET,
          stream,
          run: "run_1" as RunId,
          snapshot: more.snapshot ?? null,
          page: { records: records.map((record) => mapped(stream, record)), rejected: (more.rejected ?? []).map((id) => ({ id, code: "RECORD_INVALID" as const, reason: "unreadable", raw: "{}" })), repeated: 0 },
          checkpoint: { format: 1, body: "{}" },
          watermark: read.has(stream.id) ? new Date(bench.now).toISOString() : null,
          now: bench.now,
        }),
      );
    },
    async read(...changes: readonly ApiAgent[]) {
      await it.page(agents, changes.map((change) => agent(change)));
      await it.proven();
    },
    async proven(stream: Stream = agents, everyMs = 5 * MINUTE) {
      if (!read.has(stream.id)) await it.page(stream, []);
      await store.tx((tx) => mirror.proveRead(tx, CON, stream, bench.now, everyMs));
      read.add(stream.id);
    },
    async listing(...changes: readonly ApiAgent[]) {
      const snapshot = await store.tx((tx) => mirror.beginSnapshot(tx, CON, agents));
      const startedAt = bench.now + 1;
      bench.now += 2;
      await it.page(agents, changes.map((change) => agent(change)), { snapshot });
      for (let more = true; more; ) ({ more } = await store.tx((tx) => mirror.settle(tx, { target: TARGET, stream: agents, snapshot, startedAt, now: bench.now, watermark: null }, "complete")));
      await it.proven();
    },
    reassign: (target: MirrorTarget, site: string) => store.tx((tx) => mirror.reassign(tx, target, site, 500)),
    weaknesses(told: Readonly<Record<string, Pick<KnownExposure, "worstOpenCve" | "knownExploited"> | null>>, tenant: TenantId = TEN) {
      for (const [id, exposure] of Object.entries(told)) {
        if (exposure === null) weak.delete(id);
        else weak.set(id, { ...exposure, tenant });
        waiting.push({ connection: CON, agent: id });
      }
    },
    rules: (json: readonly unknown[], tenant: TenantId | null = null, replaceAll = true) => store.tx((tx) => applyRules(tx, { scope: EVERY_TENANT, tenant }, parseRules(json), { replaceAll }, bench.now)),
    async due(rounds = 500) {
      for (let round = 0; round < rounds; round += 1) {
        const [outcome] = await runDue(store, [capability], bench.now);
        if (outcome === undefined || outcome.failed !== null) throw new Error(outcome?.failed ?? "nothing is due");
        if (outcome.next === null || outcome.next > bench.now) return;
      }
    },
    async rebuild() {
      for (let round = 0; await runRebuilds(store, context, bench.now, 1); round += 1) if (round > 500) throw new Error("never done");
    },
    async facts(kind?: string) {
      const { rows } = await sql<{ fact: string }>`SELECT fact FROM queued ORDER BY seq`.execute(store.read);
      return rows.map((row) => JSON.parse(row.fact) as Fact).filter((fact) => kind === undefined || fact.kind === kind);
    },
    async results() {
      return (await sql<Readonly<Record<string, string | number | null>>>`SELECT * FROM posture_results ORDER BY seq`.execute(store.read)).rows;
    },
    async answer(identifiers: DeviceQuestion["identifiers"], scope = EVERY_TENANT) {
      const [answer] = await answerDevices(store.read, store.kind, scope, [{ ref: "q", identifiers }], bench.now);
      if (answer === undefined) throw new Error("no answer");
      return answer;
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return it;
}
