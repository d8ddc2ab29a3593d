/** The same alerts and updates in any order and any batching make the same cases: which records are together, and everything that is made of them. */
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rounds } from "../../test/support/rounds.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { reachOf } from "./links.ts";
import type { LinkKey } from "./model.ts";
import { caseBench, picture, type CaseBench } from "./test-bench.ts";
import { BRIDGED, ENDLESS, Estate, LongEstate, PARTED, read, shuffled, versionsOf } from "./test-estate.ts";
import { eraseConnectionCases } from "./upkeep.ts";

let bench: CaseBench;
beforeAll(async () => {
  bench = await caseBench({ queueFact: async () => {} });
});
afterAll(async () => bench.close());

const THIRTY_DAYS = 30 * 86_400_000;

/** By comparing each with each, and cutting what goes on for long: nothing of how it is done otherwise. */
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
  const times = new Map(members.map(({ name, at }) => [name, Math.floor(at / THIRTY_DAYS)]));
  const cases = [...new Set(sets)].flatMap((set) => {
    const first = Math.min(...[...set].map((name) => times.get(name) ?? 0));
    return [...Map.groupBy(set, (name) => Math.max((times.get(name) ?? 0) - first, 1)).values()];
  });
  return cases.map((of) => of.toSorted().join(" ")).toSorted();
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

  it("what goes on for longer than a case may is cut at the same moments", async () => {
    let run = 0;
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(LongEstate, fc.integer(), fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), async (estate, seed, cuts) => {
        run += 1;
        const versions = estate.flatMap(([parts, changes], number) => versionsOf(parts, changes, number));
        const first = await read(bench, versions, [6], `e${String(run)}`);
        const second = await read(bench, shuffled(versions, seed), cuts, `f${String(run)}`);
        expect(second).toEqual(first);
        expect(await found(`ten_f${String(run)}`)).toEqual(await together(`ten_f${String(run)}`));
        const { rows } = await sql<{ longest: number; cases: number; chains: number }>`SELECT max(last_at - first_at) AS longest, count(*) AS cases, count(DISTINCT chain) AS chains FROM cases WHERE tenant_id = ${`ten_f${String(run)}`} AND grp IS NOT NULL`.execute(bench.store.read);
        expect(Number(rows[0]?.longest)).toBeLessThan(2 * THIRTY_DAYS);
        cut += Number(rows[0]?.cases) - Number(rows[0]?.chains);

        // Without some of them, as if those had never been.
        const shared = estate.flatMap(([parts, changes], number) => versionsOf(parts, changes, number).map((version) => ({ ...version, by: (number + seed) % 3 === 0 ? "-two" : "-one" })));
        await read(bench, shuffled(shared, seed), cuts, `g${String(run)}`);
        for (let left = 1; left > 0; ) left = await bench.store.tx((tx) => eraseConnectionCases(tx, `con_g${String(run)}-two` as ConnectionId, 2));
        expect(await picture(bench, `ten_g${String(run)}`)).toEqual(await read(bench, shared.filter(({ by }) => by === "-one"), [6], `h${String(run)}`));
      }),
      { ...rounds(6), examples: [[ENDLESS, 1, [3]]] },
    );
    expect(cut).toBeGreaterThan(0);
  }, 120_000);
});
