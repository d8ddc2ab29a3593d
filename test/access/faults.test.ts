/** Whatever goes wrong in a listing: no grant is lost, nothing is called complete that is not, and what is missing is said. */
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../../src/simulator/index.ts";
import { AccessBench, HOUR, PATHS, STREAMS } from "./bench.ts";

const ILL: readonly Fault[] = [
  ...([403, 429, 500, 502] as const).map((status): Fault => ({ kind: "status", status })),
  { kind: "html" },
  { kind: "malformed" },
  { kind: "cut" },
  { kind: "empty-page" },
  { kind: "lose-rows", fraction: 0.5 },
  { kind: "missing-id" },
];
/** None of them ends by itself within a reading. */
const ON_THE_FIRST: readonly Fault[] = [
  ...ILL,
  ...([302, 400, 401, 404, 503] as const).map((status): Fault => ({ kind: "status", status })),
  ...(["errors", "short", "reset", "missing-data", "null-list"] as const).map((kind): Fault => ({ kind })),
];
/** With a second page there are cursors to go wrong. */
const OF_CURSORS: readonly Fault[] = (["repeat-cursor", "cycle-cursor", "expire-cursor"] as const).map((kind): Fault => ({ kind }));
const SEVERAL_PAGES: ReadonlySet<string> = new Set(["groups", "roles", "users", "service-users"]);

function named(fault: Fault): string {
  return "status" in fault ? String(fault.status) : fault.kind;
}

describe("a fault that stays", () => {
  let bench: AccessBench;
  let before: readonly string[];
  beforeAll(async () => {
    bench = await AccessBench.open();
    before = await bench.assignments();
  });
  afterAll(() => bench.close());

  it("meets a graph that is whole to begin with", async () => {
    expect([before, (await bench.coverage()).complete]).toEqual([bench.truth(), true]);
    expect(before.length).toBeGreaterThan(50);
  });

  for (const stream of STREAMS) {
    // The first page is where the listing is counted, too; rules about cursors pass over whatever has none.
    const later = [...ILL.map((fault) => ({ fault, page: "second", after: 1 })), ...OF_CURSORS.map((fault) => ({ fault, page: "second", after: 0 }))];
    const cases = [...ON_THE_FIRST.map((fault) => ({ fault, page: "first", after: 0 })), ...(SEVERAL_PAGES.has(stream) ? later : [])];
    it.each(cases.map((one) => ({ ...one, name: named(one.fault) })))(`of $name in ${stream}, from the $page page on, takes no grant and proves nothing`, async ({ fault, page, after }) => {
      // A listing that broke off goes on where it did: for its second page to be the next it has to begin again.
      if (page === "second") await bench.read({ streams: [stream], full: true });
      const proven = (await bench.coverage()).streams.find((one) => one.stream === stream)?.readTo;
      bench.pass(HOUR);
      bench.faults({ path: PATHS[stream], exact: true, after, fault });
      const run = await bench.read({ streams: [stream], full: true });
      const struck = bench.simulator.faults().rules[0]?.fired ?? 0;
      const coverage = (await bench.coverage()).streams.find((one) => one.stream === stream);
      bench.faults();

      expect([struck > 0, run.streams.map((one) => [one.stream, one.fault !== null || one.parked > 0, one.gone])]).toEqual([true, [[stream, true, 0]]]);
      expect(await bench.assignments()).toEqual(before);
      expect([coverage?.readTo, coverage?.state === "complete"]).toEqual([proven, false]);
    });
  }

  it("is over when the console is well again: read to now, as the console has it, and no change to tell of", async () => {
    // A listing that broke off goes on where it did, and proves what was so when it began.
    await bench.read({ full: true });
    bench.pass(HOUR);
    const from = bench.clock.now();
    await bench.read({ full: true });
    expect(await bench.assignments()).toEqual(bench.truth());
    for (const { stream, readTo } of (await bench.coverage()).streams) expect([stream, Date.parse(readTo ?? "") >= from]).toEqual([stream, true]);
    const { rows } = await sql`SELECT * FROM access_changes`.execute(bench.world.hub.store.read);
    expect(rows).toEqual([]);
  });
});
