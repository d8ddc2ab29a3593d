import fc from "fast-check";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { benchOn } from "../../test/support/bench-on.ts";
import { rounds } from "../../test/support/rounds.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { HEALTH } from "./health.ts";
import { casesInSpan } from "./month.ts";
import { membersPage, oneCase, twinsOf } from "./queries.ts";
import { agent, alert, caseBench, CON, DAY, HOUR, MINUTE, NOW, OTHER, picture, TARGET, TEN, threat, type CaseBench } from "./test-bench.ts";
import { Estate, read, shuffled, versionsOf, type Version } from "./test-estate.ts";
import type { Tally } from "./model.ts";
import { countTenantCases, eraseConnectionCases, purgeTenantCases, tenantCases } from "./upkeep.ts";
import { memberView } from "./views.ts";

const WIDE = TARGET;
const NARROW = { ...TARGET, connection: "con_2" as ConnectionId };

describe.each(["sqlite", "postgres"] as const)("records that two connections of a console read, on %s", (kind) => {
  let bench: CaseBench;
  benchOn(kind, (postgres) => caseBench({ postgres }), (opened) => {
    bench = opened;
  });

  const tally = async (): Promise<Tally> => JSON.parse((await bench.only()).tally) as Tally;
  const kinds = (): readonly string[] => bench.told().map((line) => line.split(" ")[0] ?? "");
  const removed = async (connection: ConnectionId): Promise<void> => {
    for (let rows = 1; rows > 0; ) rows = await bench.store.tx((tx) => eraseConnectionCases(tx, connection, 5));
  };

  it("make the cases that one connection would, whatever each reads of their versions, in any order and any batching; without one of them, those of the other", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(Estate, fc.integer(), fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 9 }), async (estate, seed, cuts, others) => {
        run += 1;
        // Both read the first of all.
        const readers = [3, ...others];
        const versions = estate.flatMap(([parts, changes], number) => versionsOf(parts, changes, number));
        const by = versions.flatMap((version, place): readonly Version[] => ["-one", "-two"].filter((_, bit) => ((readers[place % readers.length] ?? 3) & (bit + 1)) !== 0).map((name) => ({ ...version, by: name })));
        const alone = await read(bench, versions, cuts, `a${String(run)}`);
        expect(await read(bench, by, [1], `b${String(run)}`)).toEqual(alone);
        expect(await read(bench, shuffled(by, seed), cuts, `c${String(run)}`)).toEqual(alone);
        await removed(`con_c${String(run)}-two` as ConnectionId);
        const first = await read(bench, by.filter((version) => version.by === "-one"), [1], `d${String(run)}`);
        expect(await picture(bench, `ten_c${String(run)}`)).toEqual(first);
      }),
      rounds(kind === "sqlite" ? 4 : 1),
    );
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM case_twins`.execute(bench.store.read);
    expect(Number(rows[0]?.n)).toBeGreaterThan(0);
  }, 60_000);

  it("count once in the case, are told once and reported once, with both ways to the record", async () => {
    await bench.page("threats", [threat("t1", NOW, { storyline: "S" })], { target: WIDE });
    await bench.page("threats", [threat("t1", NOW, { storyline: "S" }), threat("t2", NOW, { storyline: "S" })], { target: NARROW });
    expect(await tally()).toMatchObject({ members: 2, open: 2, kinds: { device: 1 } });
    expect(kinds()).toEqual(["cases.opened"]);
    expect((await casesInSpan(bench.store, TEN, NOW - DAY, NOW + DAY)).opened.map(({ cases }) => cases)).toEqual([1]);
    const { grp } = await oneCase(bench.store.read, EVERY_TENANT, (await bench.only()).id);
    const { rows } = await membersPage(bench.store.read, grp, { limit: 10 });
    const views = await Promise.all(rows.map(async (row) => memberView(row, null, await twinsOf(bench.store, [row]))));
    expect(views.map(({ id, connection, alsoReadBy }) => [id, connection, alsoReadBy])).toEqual([
      ["t1", "con_1", [{ connection: "con_2", record: "/api/v1/alerts/t1/record?stream=threats&connection=con_2", goneAt: null }]],
      ["t2", "con_2", []],
    ]);
  });

  it("are as the newest of their readings says, whoever comes with it, and as news once", async () => {
    await bench.page("threats", [threat("t1", NOW)], { target: WIDE });
    await bench.page("threats", [threat("t1", NOW)], { target: NARROW });
    const { id } = await bench.only();
    await bench.page("threats", [threat("t1", NOW, { status: "resolved", updated: NOW + 1 })], { target: NARROW });
    expect(await bench.only()).toMatchObject({ id, status: "resolved" });
    await bench.page("threats", [threat("t1", NOW, { status: "resolved", updated: NOW + 1 })], { target: WIDE });
    await bench.page("threats", [threat("t1", NOW, { status: "in_progress", updated: NOW + 2 })], { target: WIDE });
    await bench.page("threats", [threat("t1", NOW, { status: "in_progress", updated: NOW + 2 })], { target: NARROW });
    expect(await bench.only()).toMatchObject({ id, status: "in-progress", reopened: 1 });
    expect(kinds()).toEqual(["cases.opened", "cases.resolved", "cases.reopened"]);
    // The same state under a newer version: it is the newer reading's all the same.
    await bench.page("threats", [threat("t1", NOW, { status: "resolved", updated: NOW + 3 })], { target: NARROW });
    await bench.page("threats", [threat("t1", NOW, { status: "in_progress", updated: NOW + 4 })], { target: WIDE });
    expect(await bench.only()).toMatchObject({ status: "in-progress", reopened: 2 });
  });

  it("stay, with their case, its id and what a person decided, when one of the connections is removed, and tell nothing; they go with the last", async () => {
    for (const target of [WIDE, NARROW]) await bench.page("threats", [threat("t1", NOW, { storyline: "S" }), threat("t2", NOW + 1, { storyline: "S", device: "D2" })], { target });
    await bench.update((await bench.only()).id, { owner: "mara" });
    const [before, seen] = [await bench.only(), await picture(bench)];
    bench.told();
    await removed(CON);
    expect(await bench.only()).toMatchObject({ id: before.id, owner: "mara", open: 1, status: before.status, version: before.version });
    expect(await picture(bench)).toEqual(seen);
    expect((await bench.members()).map((row) => row.connection_id)).toEqual(["con_2", "con_2"]);
    expect(kinds()).toEqual([]);
    await removed(NARROW.connection);
    expect(await bench.members()).toEqual([]);
    expect(await bench.only()).toMatchObject({ open: 0 });
  });

  it("are still there while one connection sees them: what leaves the other's scope, or goes to another tenant for it, resolves nothing", async () => {
    for (const target of [WIDE, NARROW]) await bench.page("threats", [threat("t1", NOW, { storyline: "S" })], { target });
    const { id } = await bench.only();
    bench.told();
    await bench.gone("threats", ["t1"]);
    expect(await bench.only()).toMatchObject({ id, open: 1 });
    await bench.page("threats", [threat("t1", NOW, { storyline: "S", updated: NOW + 1 })], { target: WIDE });
    expect(kinds()).toEqual([]);
    await bench.reassign({ ...WIDE, siteTenants: new Map([["11", OTHER]]) }, "11");
    expect((await bench.cases()).map((row) => `${row.tenant_id} ${row.id === id ? "the same" : "another"} ${String(row.open)}`).toSorted((one, other) => (one < other ? -1 : 1))).toEqual([`${TEN} the same 1`, `${OTHER} another 1`]);
    await bench.reassign(WIDE, null);
    expect(await bench.only()).toMatchObject({ id, open: 1 });
    expect(await tally()).toMatchObject({ members: 1 });
  });

  it("are two where the consoles are two", async () => {
    bench.elsewhere.set(NARROW.connection, "https://euce1-103.sentinelone.net");
    for (const target of [WIDE, NARROW]) await bench.page("threats", [threat("t1", NOW, { storyline: "S" })], { target });
    expect(await tally()).toMatchObject({ members: 2 });
  });

  it("that a version before counted twice count once when the mirror is replayed: the case keeps its id, and nobody is told", async () => {
    bench.elsewhere.set(NARROW.connection, "https://euce1-103.sentinelone.net");
    for (const target of [WIDE, NARROW]) await bench.page("threats", [threat("t1", NOW, { storyline: "S" }), threat("t2", NOW, { storyline: "S" })], { target });
    await bench.page("alerts", [alert("a1", NOW, { storyline: "S", user: "u" })], { target: NARROW });
    const before = await bench.only();
    bench.told();
    bench.elsewhere.clear();
    await bench.rebuild();
    expect(await bench.only()).toMatchObject({ id: before.id, version: before.version, open: 1 });
    expect(await tally()).toMatchObject({ members: 3, open: 3, products: { EDR: 2, Identity: 1 } });
    expect(kinds()).toEqual([]);
    expect(await bench.timeline(before.id)).toEqual(["opened by vedette", "joined by vedette", "joined by vedette"]);
    await bench.rebuild();
    expect(await tally()).toMatchObject({ members: 3 });
  });

  it("an agent that is not well is wrong once, though each connection sees it at another moment, and is well when one sees it", async () => {
    const states = (more: Readonly<Record<string, unknown>>, at: number) => [agent("A1", { ...more, updatedAt: new Date(at).toISOString() })];
    await bench.page("agents", states({ operationalState: "fully_disabled" }, NOW), { target: WIDE });
    bench.now += 4 * MINUTE;
    await bench.page("agents", states({ operationalState: "fully_disabled" }, NOW), { target: NARROW });
    bench.now += HEALTH.disabled.opensAfterMs;
    await bench.due();
    expect(await tally()).toMatchObject({ members: 1, open: 1 });
    await bench.page("agents", states({}, NOW + 1), { target: NARROW });
    bench.now += HOUR;
    await bench.due();
    expect(await bench.only()).toMatchObject({ status: "resolved", first_at: NOW });
    await bench.page("agents", states({}, NOW + 1), { target: WIDE });
    bench.now += HOUR;
    await bench.due();
    expect(await tally()).toMatchObject({ members: 1, open: 0 });
    expect(kinds()).toEqual(["cases.opened", "cases.resolved"]);
  });

  it("are handed over and let go of with their tenant", async () => {
    for (const target of [WIDE, NARROW]) await bench.page("threats", ["t1", "t2", "t3"].map((id) => threat(id, NOW, { storyline: "S" })), { target });
    const handed: string[] = [];
    for await (const { table, row } of tenantCases(bench.store, TEN, AbortSignal.timeout(10_000))) if (table === "case_twins") handed.push(`${String(row["connection_id"])} ${String(row["id"])}`);
    expect(handed).toEqual(["con_2 t1", "con_2 t2", "con_2 t3"]);
    for (let rows = 1; rows > 0; ) rows = await bench.store.tx((tx) => purgeTenantCases(tx, TEN, 2));
    expect(await countTenantCases(bench.store, TEN)).toBe(0);
  });
});
