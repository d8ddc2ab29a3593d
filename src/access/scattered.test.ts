import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SCATTERED_INDEXES } from "./tables.ts";
import { accessBench, CON, held, user, type AccessBench } from "./test-bench.ts";

const ALL = Object.keys(SCATTERED_INDEXES).toSorted();
let bench: AccessBench;
beforeEach(async () => {
  bench = await accessBench();
});
afterEach(() => bench.close());

const there = async () => (await sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'index' AND name IN (${sql.join(ALL)}) ORDER BY name`.execute(bench.store.read)).rows.map(({ name }) => name);
const ended = (stream: "users" | "service-users") => bench.firstReadEnded(stream);
const first = (id: string) => bench.page("users", [user(id, "site", [held("11", "51")])], { firstRead: true });

describe("indexes of people that lie in another order than they come in", () => {
  it("are left out while the first people of all are read, and are there when that has ended", async () => {
    expect(await there()).toEqual(ALL);
    await first("1");
    expect(await there()).toEqual([]);
    await first("2");
    await ended("users");

    expect(await there()).toEqual(ALL);
    expect(await bench.bindings()).toEqual(["user 1: 51 on site 11", "user 2: 51 on site 11"]);
  });

  it("stay where somebody is in the graph already", async () => {
    await first("1");
    await ended("users");
    await first("2");

    expect(await there()).toEqual(ALL);
  });

  it("wait for the other stream of people whose first read is under way", async () => {
    await bench.store.tx(async (tx) => void (await sql`INSERT INTO mirror_checkpoints (connection_id, stream, format, body) VALUES (${CON}, 'service-users', 1, '{"firstReadAt":null}')`.execute(tx.db)));
    await first("1");
    await ended("users");
    expect(await there()).toEqual([]);

    await bench.store.tx(async (tx) => void (await sql`UPDATE mirror_checkpoints SET body = '{"firstReadAt":1}' WHERE stream = 'users'`.execute(tx.db)));
    await ended("service-users");
    expect(await there()).toEqual(ALL);
  });

  it("are made in time where a first read never ends", async () => {
    await first("1");
    await bench.due();

    expect(await there()).toEqual(ALL);
  });

  it("are not touched by a page that is no first read's", async () => {
    await bench.page("users", [user("1", "site", [held("11", "51")])]);

    expect(await there()).toEqual(ALL);
  });
});
