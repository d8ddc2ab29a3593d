/** Streams, records and capabilities of our own making, and a mirror of them on a fresh store of either engine. */
import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../src/kernel/fault.ts";
import type { ConnectionId, RunId, TenantId } from "../../src/kernel/ids.ts";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { Capability, ChangeSet } from "../../src/mirror/capability.ts";
import { createMirror, mirrorContext } from "../../src/mirror/create.ts";
import type { Mirror, MirrorTarget, PageInput, PageOutcome } from "../../src/mirror/mirror.ts";
import type { MirrorContext } from "../../src/mirror/page.ts";
import { MIRROR_MIGRATIONS } from "../../src/mirror/tables.ts";
import type { MappedRecord, RejectedRecord, Stream, StreamColumn, Value } from "../../src/sentinelone/streams/stream.ts";
import type { Store } from "../../src/store/store.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { openMigrated } from "../support/migrated.ts";

export const CONNECTION = "con_a" as ConnectionId;
export const TENANT = "ten_default" as TenantId;
export const RUN = "run_1" as RunId;

export const COLUMNS: readonly StreamColumn[] = [
  { name: "name", type: "text", source: "name", indexed: true },
  { name: "score", type: "integer", source: "score", indexed: false },
  { name: "active", type: "boolean", source: "isActive", indexed: false },
  { name: "updated_at", type: "time", source: "updatedAt", indexed: true },
];

/** A record with a numeric `score` is good; others are rejected. */
export function fakeStream(id: StreamId, changes: Partial<Stream> = {}): Stream {
  return {
    id,
    title: id,
    mode: "changes",
    needs: [],
    endpoint: `/${id}`,
    columns: COLUMNS,
    partitionedBy: "nothing",
    sitesPerRequest: 1,
    passes: [{ id: "updated", column: "updated_at", overlapMs: 0 }],
    passesSeeEveryChange: true,
    everyMs: 1000,
    proofEveryMs: 1000,
    retentionColumn: null,
    async *read() {},
    count: async () => null,
    latest: async () => null,
    map: ({ value, raw }) => {
      const { id: key, score, name } = value;
      if (typeof key !== "string" || typeof score !== "number") return { id: typeof key === "string" ? key : null, code: "RECORD_INVALID", reason: "score: expected a number", raw };
      return record(key, { score, name: typeof name === "string" ? name : "n" });
    },
    probe: async () => undefined,
    ...changes,
  };
}

export interface Fields {
  readonly name?: string | null;
  readonly score?: number;
  readonly version?: string;
  readonly site?: string | null;
  readonly agent?: string | null;
  /** Something in the record that no column holds. */
  readonly extra?: string;
}

export function record(id: string, fields: Fields = {}): MappedRecord {
  const { name = "n", score = 1, version = "2026-01-01T00:00:00.000000Z", site = null, agent = null, extra = "" } = fields;
  const values: readonly Value[] = [name, score, 1, version];
  const raw = JSON.stringify({ id, name, score, extra });
  return { id, version, siteId: site, agentId: agent, values, valuesJson: JSON.stringify(values), hash: hash("sha1", JSON.stringify([name, score])), raw, rawHash: hash("sha1", raw) };
}

export function rejected(id: string | null, raw = `{"id":${JSON.stringify(id)},"score":"bad"}`): RejectedRecord {
  return { id, code: "RECORD_INVALID", reason: "score: expected a number", raw };
}

export interface FakeCapability extends Capability {
  readonly sets: ChangeSet[];
  failing: boolean;
}

export function fakeCapability(id: string, reads: readonly StreamId[]): FakeCapability {
  const sets: ChangeSet[] = [];
  const capability: FakeCapability = {
    id,
    reads,
    migrations: [],
    routes: [],
    sets,
    failing: false,
    async react(set, tx) {
      const rows = [...set.inserted, ...set.changed, ...set.gone].map((change) => [`${id}:${change.id}`, set.tenant]);
      await tx.bulkUpsert({ table: "fake_facts", columns: [{ name: "id", type: "text" }, { name: "tenant", type: "text" }], key: ["id"], update: ["tenant"] }, rows);
      if (capability.failing) throw new Fault("INTERNAL", "this capability is broken");
      sets.push(set);
    },
    async due() {
      if (capability.failing) throw new TypeError("broken with a secret in its message");
      return 5;
    },
    async rebuild(set) {
      sets.push(set);
    },
  };
  return capability;
}

export interface Bench {
  readonly store: Store;
  readonly mirror: Mirror;
  readonly context: MirrorContext;
  readonly target: MirrorTarget;
  /** One page in one transaction. */
  page(stream: Stream, records: readonly MappedRecord[], more?: Partial<Pick<PageInput, "snapshot" | "now" | "target" | "watermark">> & { readonly rejected?: readonly RejectedRecord[]; readonly repeated?: number }): Promise<PageOutcome>;
  /** A whole snapshot begun at `now`, settled. */
  snapshot(stream: Stream, records: readonly MappedRecord[], now: number, proof?: "complete" | "uncounted"): Promise<{ readonly gone: number; readonly heldBack: number; readonly calls: number }>;
  settle(stream: Stream, snapshot: number, now: number, proof?: "complete" | "uncounted"): Promise<{ readonly gone: number; readonly heldBack: number; readonly calls: number }>;
  close(): Promise<void>;
}

export async function bench(streams: readonly Stream[], capabilities: readonly Capability[] = [], postgres?: PostgresServer): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-mirror-"));
  const facts = {
    id: "0900-facts",
    async up(db: Store["read"]) {
      await db.schema.createTable("fake_facts").addColumn("id", "text", (column) => column.primaryKey()).addColumn("tenant", "text").execute();
    },
  };
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, facts], streams }, postgres);
  const mirror = createMirror({ store, streams, capabilities, codeVersion: "1.0.0", now: () => 9_999 });
  const target: MirrorTarget = { connection: CONNECTION, tenant: TENANT, siteTenants: new Map() };
  const it: Bench = {
    store,
    mirror,
    context: mirrorContext({ streams, capabilities, codeVersion: "1.0.0" }),
    target,
    page: (stream, records, more = {}) =>
      store.tx((tx) =>
        mirror.applyPage(tx, {
          target: more.target ?? target,
          stream,
          run: RUN,
          snapshot: more.snapshot ?? null,
          page: { records, rejected: more.rejected ?? [], repeated: more.repeated ?? 0 },
          checkpoint: { format: 1, body: `{"at":${String(more.now ?? 1000)}}` },
          watermark: more.watermark ?? null,
          now: more.now ?? 1000,
        }),
      ),
    async snapshot(stream, records, now, proof) {
      const number = await store.tx((tx) => mirror.beginSnapshot(tx, CONNECTION, stream));
      await it.page(stream, records, { snapshot: number, now: now + 1 });
      return it.settle(stream, number, now, proof);
    },
    async settle(stream, snapshot, now, proof = "complete") {
      for (let calls = 1, gone = 0; ; calls += 1) {
        const outcome = await store.tx((tx) => mirror.settle(tx, { target, stream, snapshot, startedAt: now, now: now + 10, watermark: null }, proof));
        gone += outcome.gone;
        if (!outcome.more) return { gone, heldBack: outcome.heldBack, calls };
      }
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return it;
}
