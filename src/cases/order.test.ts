/** The same alerts and updates in any order and any batching make the same cases: which records are together, and everything that is made of them. */
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rounds } from "../../test/support/rounds.ts";
import type { AlertStream } from "../kernel/alert-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { reachOf } from "./links.ts";
import type { LinkKey } from "./model.ts";
import { alert, caseBench, DAY, HOUR, MINUTE, NOW, picture, threat, type ApiRecord, type CaseBench } from "./test-bench.ts";

let bench: CaseBench;
beforeAll(async () => {
  bench = await caseBench({ queueFact: async () => {} });
});
afterAll(async () => bench.close());

interface Version {
  readonly stream: AlertStream;
  readonly id: string;
  readonly record: ApiRecord;
}

/** Few values, so that much is shared, and times about as far apart as links reach. */
const Parts = fc.record({
  at: fc.constantFrom(0, 1, 30 * MINUTE, HOUR, HOUR + 1, 2 * HOUR, DAY, DAY + 1, 2 * DAY, 7 * DAY, 7 * DAY + 1, 9 * DAY, 31 * DAY),
  hash: fc.constantFrom("h1", "h2", "h3"),
  device: fc.constantFrom("D1", "D2", "D3"),
  storyline: fc.constantFrom(undefined, undefined, "S1", "S2"),
  stream: fc.constantFrom("threats", "threats", "alerts") as fc.Arbitrary<AlertStream>,
  identity: fc.boolean(),
});
const Change = fc.record({ status: fc.integer({ min: 0, max: 2 }), verdict: fc.integer({ min: 0, max: 1 }), mitigated: fc.boolean(), hash: fc.constantFrom(undefined, undefined, "h1", "h4") });
const Estate = fc.array(fc.tuple(Parts, fc.array(Change, { maxLength: 2 })), { minLength: 2, maxLength: 9 });

type PartsOf = typeof Parts extends fc.Arbitrary<infer P> ? P : never;
type ChangeOf = typeof Change extends fc.Arbitrary<infer C> ? C : never;

const FILE: PartsOf = { at: 0, hash: "h1", device: "D1", storyline: undefined, stream: "threats", identity: false };
/** Two cases that the third record makes one, and one that the second takes apart. */
const BRIDGED: [PartsOf, ChangeOf[]][] = [[FILE, []], [{ ...FILE, hash: "h2", device: "D2", storyline: "S1" }, []], [{ ...FILE, at: 1, storyline: "S1" }, []]];
const PARTED: [PartsOf, ChangeOf[]][] = [[FILE, []], [{ ...FILE, at: 1 }, [{ status: 0, verdict: 0, mitigated: false, hash: "h4" }]]];

function versionsOf(parts: PartsOf, changes: readonly ChangeOf[], number: number): readonly Version[] {
  const id = `r${String(number)}`;
  const at = NOW + parts.at;
  const { device, stream } = parts;
  const shared = parts.storyline === undefined ? { device } : { device, storyline: parts.storyline };
  return [{ status: 0, verdict: 0, mitigated: false, hash: undefined }, ...changes].map((change, version) => {
    const hash = change.hash ?? parts.hash;
    const updated = at + version;
    const record =
      stream === "threats"
        ? threat(id, at, { ...shared, hash, updated, status: ["unresolved", "in_progress", "resolved"][change.status] ?? "", verdict: ["undefined", "true_positive"][change.verdict] ?? "", mitigation: change.mitigated ? "mitigated" : "not_mitigated" })
        : alert(id, at, { ...shared, ...(parts.identity ? { user: hash, attacker: device } : { hash, product: "EDR" }), updated, status: ["NEW", "IN_PROGRESS", "RESOLVED"][change.status] ?? "", verdict: ["UNDEFINED", "FALSE_POSITIVE_BENIGN"][change.verdict] ?? "" });
    return { stream, id, record };
  });
}

/** In this order, so many at a time; records of one page are of one stream. */
async function read(versions: readonly Version[], cuts: readonly number[], name: string): Promise<readonly string[]> {
  const target = { connection: `con_${name}` as ConnectionId, tenant: `ten_${name}` as TenantId, siteTenants: new Map() };
  for (let from = 0, turn = 0; from < versions.length; turn += 1) {
    const stream = versions[from]?.stream ?? "threats";
    const size = cuts[turn % cuts.length] ?? 1;
    let until = from + 1;
    while (until < versions.length && until < from + size && versions[until]?.stream === stream) until += 1;
    await bench.page(stream, versions.slice(from, until).map(({ record }) => record), { target });
    from = until;
  }
  return picture(bench, target.tenant);
}

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
        const first = await read(versions, [1], `a${String(run)}`);
        const second = await read(shuffled(versions, seed), cuts, `b${String(run)}`);
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

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return items.map((item) => ({ item, place: next() })).toSorted((left, right) => left.place - right.place).map(({ item }) => item);
}
