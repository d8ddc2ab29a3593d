/** Any order of pages, snapshots, losses and kills leaves the mirror equal to a model that is too simple to be wrong. */
import fc from "fast-check";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { type Bench, bench, CONNECTION, fakeCapability, fakeStream, record } from "../../test/contract/mirror-fakes.ts";
import { rounds } from "../../test/support/rounds.ts";
import type { Change } from "./capability.ts";

const stream = fakeStream("agents");
const IDS = Array.from({ length: 60 }, (_, place) => `id${String(place).padStart(2, "0")}`);

interface ModelRow {
  score: number;
  changedAt: number;
  gone: boolean;
}

interface Model {
  readonly rows: Map<string, ModelRow>;
  /** Missed by the settled snapshots since it was last seen. */
  missed: Set<string>;
}

type Step =
  | { readonly kind: "page"; readonly records: readonly (readonly [id: string, score: number])[] }
  | { readonly kind: "killed"; readonly records: readonly (readonly [id: string, score: number])[] }
  | { readonly kind: "abandoned"; readonly seen: readonly string[] }
  | { readonly kind: "snapshot"; readonly seen: readonly string[]; readonly late: readonly string[]; readonly proof: "complete" | "uncounted" };

const someRecords = fc.uniqueArray(fc.tuple(fc.constantFrom(...IDS), fc.integer({ min: 1, max: 3 })), { selector: ([id]) => id, maxLength: 60 });
const someIds = fc.subarray(IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("page" as const), records: someRecords }),
  fc.record({ kind: fc.constant("killed" as const), records: someRecords }),
  fc.record({ kind: fc.constant("abandoned" as const), seen: someIds }),
  fc.record({ kind: fc.constant("snapshot" as const), seen: fc.oneof(someIds, fc.subarray(IDS, { minLength: 50 })), late: fc.subarray(IDS, { maxLength: 5 }), proof: fc.constantFrom("complete" as const, "uncounted" as const) }),
);

function modelPage(model: Model, records: readonly (readonly [string, number])[], now: number): { inserted: number; changed: number; unchanged: number } {
  const count = { inserted: 0, changed: 0, unchanged: 0 };
  for (const [id, score] of records) {
    const row = model.rows.get(id);
    model.missed.delete(id);
    if (row === undefined || row.gone) count.inserted += 1;
    else if (row.score !== score) count.changed += 1;
    else {
      count.unchanged += 1;
      continue;
    }
    model.rows.set(id, { score, changedAt: now, gone: false });
  }
  return count;
}

function modelSettle(model: Model, seen: ReadonlySet<string>, proof: "complete" | "uncounted"): readonly string[] {
  const live = [...model.rows].filter(([, row]) => !row.gone).map(([id]) => id);
  const missing = live.filter((id) => !seen.has(id));
  const brake = missing.length > Math.max(20, live.length / 10);
  const gone = missing.filter((id) => (proof === "complete" && !brake) || model.missed.has(id));
  for (const id of gone) {
    const row = model.rows.get(id);
    if (row !== undefined) row.gone = true;
  }
  model.missed = new Set(missing.filter((id) => !gone.includes(id)));
  return gone;
}

async function apply(b: Bench, model: Model, each: Step, now: number): Promise<void> {
  const recordsOf = (pairs: readonly (readonly [string, number])[]) => pairs.map(([id, score]) => record(id, { score }));
  const same = (ids: readonly string[]) => ids.map((id) => [id, model.rows.get(id)?.score ?? 1] as const);
  if (each.kind === "page") {
    const outcome = await b.page(stream, recordsOf(each.records), { now });
    expect(outcome).toEqual({ received: each.records.length, parked: 0, ...modelPage(model, each.records, now) });
    return;
  }
  if (each.kind === "killed") {
    const killed = b.store.tx(async (tx) => {
      await b.mirror.applyPage(tx, { target: b.target, stream, run: "run" as never, snapshot: null, page: { records: recordsOf(each.records), rejected: [], repeated: 0 }, checkpoint: { format: 1, body: "" }, watermark: null, now });
      throw new Error("killed");
    });
    await expect(killed).rejects.toThrow("killed");
    return;
  }
  const number = await b.store.tx((tx) => b.mirror.beginSnapshot(tx, CONNECTION, stream));
  const seen = same(each.seen);
  await b.page(stream, recordsOf(seen), { snapshot: number, now: now + 1 });
  modelPage(model, seen, now + 1);
  if (each.kind === "abandoned") return;
  const late = same(each.late);
  await b.page(stream, recordsOf(late), { snapshot: number, now: now + 2 });
  modelPage(model, late, now + 2);
  const ids = new Set([...each.seen, ...each.late]);
  expect(await b.mirror.seenCount(CONNECTION, stream, number)).toBe(ids.size);
  const gone = modelSettle(model, ids, each.proof);
  expect(await b.settle(stream, number, now, each.proof)).toMatchObject({ gone: gone.length, heldBack: model.missed.size });
}

it("equals the model after any sequence of pages, kills, abandoned and settled snapshots, and capabilities were told every change once", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 9 }), async (steps) => {
      const capability = fakeCapability("copy", ["agents"]);
      const b = await bench([stream], [capability]);
      try {
        const model: Model = { rows: new Map(), missed: new Set() };
        for (const [place, each] of steps.entries()) {
          await apply(b, model, each, 1000 * (place + 1));
          if (each.kind === "killed") capability.sets.splice(capability.sets.length - (each.records.length === 0 ? 0 : lastKilled(capability.sets, 1000 * (place + 1))));
        }
        const rows = await sql<{ id: string; score: number; changed_at: number }>`SELECT id, score, changed_at FROM agents ORDER BY id`.execute(b.store.read);
        const live = [...model.rows].filter(([, row]) => !row.gone).sort(([left], [right]) => (left < right ? -1 : 1));
        expect(rows.rows).toEqual(live.map(([id, row]) => ({ id, score: row.score, changed_at: row.changedAt })));
        const history = await sql<{ id: string }>`SELECT id FROM agents_history ORDER BY id`.execute(b.store.read);
        expect(history.rows.map((row) => row.id)).toEqual([...model.rows].filter(([, row]) => row.gone).map(([id]) => id).sort());
        expect(replayed(capability.sets.flatMap((set) => [...set.inserted, ...set.changed, ...set.gone]))).toEqual(live.map(([id, row]) => [id, row.score]));
      } finally {
        await b.close();
      }
    }),
    { ...rounds(50), seed: 20_261_120 },
  );
});

/** How many of the last change sets belong to the transaction that was killed: the fake remembers them, a real capability's tables would not. */
function lastKilled(sets: readonly { readonly inserted: readonly Change[]; readonly changed: readonly Change[] }[], now: number): number {
  const last = sets.at(-1);
  return last !== undefined && [...last.inserted, ...last.changed].some((change) => change.after?.["changed_at"] === now) ? 1 : 0;
}

function replayed(changes: readonly Change[]): readonly (readonly [string, unknown])[] {
  const copy = new Map<string, unknown>();
  for (const { id, before, after } of changes) {
    // What is said to have been there before must be what was last said to be there.
    expect(before === null ? undefined : before["score"]).toEqual(copy.get(id));
    if (after === null) copy.delete(id);
    else copy.set(id, after["score"]);
  }
  return [...copy].sort(([left], [right]) => (left < right ? -1 : 1));
}
