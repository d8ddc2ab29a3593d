/** The same alerts and updates in any order and any batching make the same cases: which records are together, and everything that is made of them. */
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rounds } from "../../test/support/rounds.ts";
import { reachOf } from "./links.ts";
import type { LinkKey } from "./model.ts";
import { caseBench, type CaseBench } from "./test-bench.ts";
import { BRIDGED, Estate, PARTED, read, shuffled, versionsOf } from "./test-estate.ts";

let bench: CaseBench;
beforeAll(async () => {
  bench = await caseBench({ queueFact: async () => {} });
});
afterAll(async () => bench.close());

/** By comparing each with each: nothing of how it is done otherwise. */
async function together(tenant: string): Promise<readonly string[]> {
  const { rows } = await sql<{ stream: string; id: string; at: number; links: string }>`SELECT stream, id, at, links FROM case_members WHERE tenant_id = ${tenant} ORDER BY stream, id`.execute(bench.store.read);
  const members = rows.map((row) => ({ name: `${row.stream}/${row.id}`, at: row.at, links: JSON.parse(row.links) as readonly LinkKey[] }));
  const sets = members.map(({ name }) => new Set([name]));
  for (const [one, left] of members.entries()) {
    for (const [other, right] of members.entries()) {
      if (!left.links.some((key) => right.links.includes(key) && Math.abs(left.at - right.at) <= reachOf(key))) continue;
      const [into, from] = [sets[one], sets[other]];
      if (into === undefined || from === undefined || into === from) continue;
      for (const name of from) into.add(name);
      for (const [place, set] of sets.entries()) if (set === from) sets[place] = into;
    }
  }
  return [...new Set(sets)].map((set) => [...set].toSorted().join(" ")).toSorted();
}

async function found(tenant: string): Promise<readonly string[]> {
  const { rows } = await sql<{ grp: number; name: string }>`SELECT grp, stream || '/' || id AS name FROM case_members WHERE tenant_id = ${tenant} ORDER BY stream, id`.execute(bench.store.read);
  return [...Map.groupBy(rows, ({ grp }) => grp).values()].map((of) => of.map(({ name }) => name).toSorted().join(" ")).toSorted();
}

async function eventsOf(kind: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM case_events WHERE kind = ${kind}`.execute(bench.store.read);
  return Number(rows[0]?.n ?? 0);
}

describe("whatever the order and the batching", () => {
  it("the same alerts and updates make the same cases, those that their links call for", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(Estate, fc.integer(), fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), async (estate, seed, cuts) => {
        run += 1;
        const versions = estate.flatMap(([parts, changes], number) => versionsOf(parts, changes, number));
        const first = await read(bench, versions, [1], `a${String(run)}`);
        const second = await read(bench, shuffled(versions, seed), cuts, `b${String(run)}`);
        expect(second).toEqual(first);
        expect(await found(`ten_b${String(run)}`)).toEqual(await together(`ten_b${String(run)}`));
      }),
      { ...rounds(25), examples: [[BRIDGED, 1, [3]], [PARTED, 1, [3]]] },
    );
    // Not vacuous: cases became one, and came apart.
    expect(await eventsOf("merged")).toBeGreaterThan(0);
    expect(await eventsOf("split")).toBeGreaterThan(0);
  }, 120_000);
});
