/** A capability that waits for the end of a first read gets all of it, once, and loses nothing that changes meanwhile. */
import { sql } from "kysely";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, bench, CONNECTION, type FakeCapability, fakeCapability, fakeStream, record } from "../../test/contract/mirror-fakes.ts";
import type { RunId } from "../kernel/ids.ts";
import type { MappedRecord } from "../sentinelone/streams/stream.ts";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";

const agents = fakeStream("agents");
const many = (count: number, from = 0): readonly MappedRecord[] => Array.from({ length: count }, (_, at) => record(`a${String(at + from).padStart(5, "0")}`));
const server: PostgresServer | undefined = await startPostgres();

afterAll(async () => server?.stop());

describe.each(server === undefined ? ["sqlite"] : ["sqlite", "postgres"])("a first read on %s", (kind) => {
  let atOnce: FakeCapability;
  let patient: FakeCapability;
  let b: Bench;

  beforeEach(async () => {
    atOnce = fakeCapability("cases", ["agents"]);
    patient = fakeCapability("posture", ["agents"]);
    b = await bench([agents], [atOnce, Object.assign(patient, { firstRead: "afterwards" as const })], kind === "postgres" ? server : undefined);
  });
  afterEach(async () => b.close());

  const page = (records: readonly MappedRecord[], firstRead: boolean, now = 1000) =>
    b.store.tx((tx) =>
      b.mirror.applyPage(tx, { target: b.target, stream: agents, run: "run" as RunId, snapshot: null, page: { records, rejected: [], repeated: 0 }, checkpoint: { format: 1, body: "{}" }, watermark: null, firstRead, now }),
    );
  const ended = () => b.store.tx((tx) => b.mirror.firstReadEnded(tx, CONNECTION, agents));
  const owed = async () => (await sql`SELECT * FROM mirror_owed`.execute(b.store.read)).rows.length;
  const shown = () => patient.sets.flatMap(({ inserted }) => inserted.map(({ id }) => id));

  it("is shown page by page to whoever does not wait, and whole, each row once, to whoever does", async () => {
    await page(many(1500), true);
    await page(many(800, 1500), true);
    expect(atOnce.sets.flatMap(({ inserted }) => inserted.map(({ id }) => id))).toEqual(many(2300).map(({ id }) => id));
    expect(atOnce.sets.every(({ firstRead, inserted }) => firstRead === true && inserted.length <= 250)).toBe(true);
    expect(patient.sets).toEqual([]);
    expect(await b.mirror.payOwed()).toBe(true);
    expect(patient.sets, "not before it has ended").toEqual([]);

    await ended();
    expect(await b.mirror.payOwed()).toBe(true);
    expect(shown()).toEqual(many(2300).map(({ id }) => id));
    expect(patient.sets.map(({ inserted }) => inserted.length)).toEqual([...Array.from({ length: 11 }, () => 200), 100]);
    expect(patient.sets.every(({ firstRead }) => firstRead === true)).toBe(true);
    expect(await owed()).toBe(0);
    await b.mirror.payOwed();
    expect(patient.sets).toHaveLength(12);
  });

  it("that is paid in part goes on at its place; what changed meanwhile comes at once, and is replayed as it then is", async () => {
    await page(many(1200), true);
    await ended();
    const stop = new AbortController();
    const react = patient.react.bind(patient);
    Object.assign(patient, {
      async react(...[set, tx, now]: Parameters<typeof react>) {
        await react(set, tx, now);
        stop.abort();
      },
    });
    expect(await b.mirror.payOwed(stop.signal)).toBe(false);
    expect(shown()).toHaveLength(200);

    await page([record("a01100", { score: 9 })], false, 2000);
    expect(patient.sets.at(-1)?.changed.map(({ id }) => id)).toEqual(["a01100"]);
    patient.sets.length = 0;
    await b.mirror.payOwed();
    expect(shown()).toEqual(many(1000, 200).map(({ id }) => id));
    expect(patient.sets.flatMap(({ inserted }) => inserted).find(({ id }) => id === "a01100")?.after?.["score"]).toBe(9);
  });

  it("comes in the order of a column where a capability wants what agrees in it together, what lacks it first, each row once", async () => {
    Object.assign(patient, { firstReadBy: { agents: "name" } });
    const named = Array.from({ length: 950 }, (_, at) => record(`a${String(at).padStart(5, "0")}`, { name: at % 10 === 0 ? null : `device ${String(at % 7)}` }));
    await page(named, true);
    await ended();
    expect(await b.mirror.payOwed()).toBe(true);
    const rows = patient.sets.flatMap(({ inserted }) => inserted.map(({ id, after }) => [after?.["name"] ?? null, id] as const));
    expect(rows).toHaveLength(950);
    expect(new Set(rows.map(([, id]) => id)).size).toBe(950);
    const names = rows.map(([name]) => name);
    expect(names.filter((name, at) => name !== names[at - 1])).toEqual([null, ...Array.from({ length: 7 }, (_, at) => `device ${String(at)}`)]);
  });

  it("in the order of a column comes without the records' text, which what is set aside is shown with all the same", async () => {
    Object.assign(patient, { firstReadBy: { agents: "name" } });
    await page(many(3), true);
    await ended();
    patient.failing = true;
    await b.mirror.payOwed();
    patient.failing = false;
    const { rows } = await sql<{ raw: string }>`SELECT raw FROM mirror_parked WHERE kind = 'posture'`.execute(b.store.read);
    expect(rows.map(({ raw }) => raw.length > 2)).toEqual([true, true, true]);
  });

  it("in the order of a column comes in large pages, and in small ones where one fails: what is set aside with a record that cannot be taken in are few", async () => {
    Object.assign(patient, { firstReadBy: { agents: "name" } });
    await page(many(1200).map(({ id }) => record(id, { name: `device ${id}` })), true);
    await ended();
    const react = patient.react.bind(patient);
    Object.assign(patient, {
      async react(...[set, tx, now]: Parameters<typeof react>) {
        if (set.inserted.some(({ id }) => id === "a00700")) throw new Error("cannot be taken in");
        await react(set, tx, now);
      },
    });
    await b.mirror.payOwed();

    const parked = (await sql<{ record_key: string }>`SELECT record_key FROM mirror_parked WHERE kind = 'posture'`.execute(b.store.read)).rows.map((row) => row.record_key);
    expect([parked.length, parked.includes("a00700")]).toEqual([200, true]);
    // A transaction that was undone is handed over again.
    expect(new Set([...shown(), ...parked]).size).toBe(1200);
    expect(await owed()).toBe(0);
  });

  it("whose capability fails is parked for it, and does not stand in the way of the rest", async () => {
    await page(many(3), true);
    await ended();
    patient.failing = true;
    await b.mirror.payOwed();

    expect(await owed()).toBe(0);
    expect((await sql`SELECT record_key FROM mirror_parked WHERE kind = 'posture'`.execute(b.store.read)).rows).toHaveLength(3);
  });

  it("of a connection that is removed is owed to nobody", async () => {
    await page(many(3), true);
    await ended();
    for (let left = 1; left > 0; ) left = await b.store.tx((tx) => b.mirror.erase(tx, CONNECTION, 100));

    expect(await owed()).toBe(0);
  });
});
