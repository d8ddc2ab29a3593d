/** What every store promises, run on SQLite and on a real PostgreSQL. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { Fault } from "../../src/kernel/fault.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { restoreSqlite } from "../../src/store/restore.ts";
import { assertSettings, SETTINGS } from "../../src/store/sqlite-settings.ts";
import { openSqlite, type SqliteStore } from "../../src/store/sqlite.ts";
import type { BulkUpsert, Database, Migration, Store, Tx } from "../../src/store/store.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";
import { childProgram } from "../support/children.ts";

type Tables = { kept: { id: string; n: number | null } };

const CREATE: Migration = {
  id: "0001-kept",
  async up(db) {
    await db.schema.createTable("kept").addColumn("id", "text", (column) => column.primaryKey()).addColumn("n", "bigint").execute();
  },
};
const KEPT: BulkUpsert = { table: "kept", columns: [{ name: "id", type: "text" }, { name: "n", type: "integer" }], key: ["id"], update: ["n"] };

function kept(db: Database): Kysely<Tables> {
  return db.withTables<Tables>();
}

async function all(store: Store): Promise<Record<string, number | null>> {
  const rows = await kept(store.read).selectFrom("kept").selectAll().orderBy("id").execute();
  return Object.fromEntries(rows.map((row) => [row.id, row.n]));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "nothing thrown";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

let server: PostgresServer | undefined;
let folder = "";
let store: Store;
const opened: Store[] = [];

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-store-"));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

function remembered<S extends Store>(each: S): S {
  opened.push(each);
  return each;
}

async function open(kind: Store["kind"], context: Pick<TestContext, "skip">): Promise<Store> {
  if (kind === "sqlite") return remembered(await openSqlite({ folder }));
  if (server === undefined) return context.skip("SKIPPED: no PostgreSQL on this machine");
  return remembered(await openPostgres({ url: await server.database() }));
}

describe.each(["sqlite", "postgres"] as const)("the store on %s", (kind) => {
  beforeEach(async (context) => {
    store = await open(kind, context);
    await migrate(store, [CREATE], 1);
  });

  it("keeps what a transaction wrote and gives back its result", async () => {
    const result = await store.tx(async (tx) => {
      await tx.bulkUpsert(KEPT, [["a", 1]]);
      return 42;
    });

    expect(result).toBe(42);
    expect(await all(store)).toEqual({ a: 1 });
  });

  it("keeps nothing of a transaction that throws", async () => {
    const failed = store.tx(async (tx) => {
      await tx.bulkUpsert(KEPT, [["a", 1]]);
      throw new Fault("CANCELLED", "stop");
    });

    expect(await codeOf(failed)).toBe("CANCELLED");
    expect(await all(store)).toEqual({});
  });

  it("undoes a savepoint alone, nested ones too", async () => {
    await store.tx(async (tx) => {
      await tx.bulkUpsert(KEPT, [["outer", 1]]);
      await tx.savepoint(async () => {
        await tx.bulkUpsert(KEPT, [["kept", 2]]);
        await tx
          .savepoint(async () => {
            await tx.bulkUpsert(KEPT, [["undone", 3]]);
            throw new Error("only this part");
          })
          .catch(() => undefined);
      });
    });

    expect(await all(store)).toEqual({ kept: 2, outer: 1 });
  });

  it("survives a failed statement inside a savepoint", async () => {
    await store.tx(async (tx) => {
      await tx.bulkUpsert(KEPT, [["a", 1]]);
      await tx.savepoint(() => kept(tx.db).insertInto("kept").values({ id: "a", n: 2 }).execute()).catch(() => undefined);
      await tx.bulkUpsert(KEPT, [["b", 2]]);
    });

    expect(await all(store)).toEqual({ a: 1, b: 2 });
  });

  it("inserts new rows, updates the named columns of known ones, and leaves them alone where none are named", async () => {
    await store.tx((tx) => tx.bulkUpsert(KEPT, [["a", 1], ["b", 2]]));
    await store.tx((tx) => tx.bulkUpsert(KEPT, [["b", 20], ["c", 3]]));
    await store.tx((tx) => tx.bulkUpsert({ ...KEPT, update: [] }, [["a", 100], ["d", null]]));

    expect(await all(store)).toEqual({ a: 1, b: 20, c: 3, d: null });
  });

  it("lets the later of two rows with one key win, as in page order", async () => {
    await store.tx((tx) => tx.bulkUpsert(KEPT, [["a", 1], ["b", 1], ["a", 2]]));

    expect(await all(store)).toEqual({ a: 2, b: 1 });
  });

  it("holds hostile text alike on every engine: NUL and lone surrogates as U+FFFD, all else untouched", async () => {
    const texts = ["emoji 👩‍🚀", "nul\0inside", "lone \ud800 surrogate", "'; DROP TABLE kept; --", '{"a","b"}', "\\N", "back\\slash \"quote\"", "\u202Ebidi", ""];
    await store.tx((tx) => tx.bulkUpsert(KEPT, texts.map((text, place) => [text, place])));
    await store.tx(async (tx) => {
      await kept(tx.db).insertInto("kept").values({ id: "through\0kysely", n: 99 }).execute();
    });

    const rows = await kept(store.read).selectFrom("kept").selectAll().orderBy("n").execute();
    expect(rows.map((row) => row.id)).toEqual([...texts.map((text) => text.replaceAll("\0", "\uFFFD").toWellFormed()), "through\uFFFDkysely"]);
  });

  it("takes a page of 5,000 rows, and whole numbers come back as numbers", async () => {
    await store.tx((tx) => tx.bulkUpsert(KEPT, Array.from({ length: 5000 }, (_, row) => [`row-${String(row)}`, row + 1_700_000_000_000])));

    const counted = await kept(store.read).selectFrom("kept").select((eb) => [eb.fn.countAll<number>().as("rows"), eb.fn.max("n").as("largest")]).executeTakeFirstOrThrow();
    expect(counted).toEqual({ rows: 5000, largest: 1_700_000_004_999 });
  });

  it("loses no update, and no transaction, where 40 read a row, work a while and write it, as audited changes do", async () => {
    await store.tx((tx) => tx.bulkUpsert(KEPT, [["counter", 0]]));

    const raise = (tx: Tx) => kept(tx.db).selectFrom("kept").select("n").where("id", "=", "counter").executeTakeFirstOrThrow().then(async ({ n }) => {
      await delay(5);
      await kept(tx.db).updateTable("kept").set({ n: (n ?? 0) + 1 }).where("id", "=", "counter").execute();
    });
    await Promise.all(Array.from({ length: 40 }, () => store.tx(raise)));

    expect(await all(store)).toEqual({ counter: 40 });
  });

  it("shows readers committed state only", async () => {
    await store.tx((tx) => tx.bulkUpsert(KEPT, [["a", 1]]));
    await store.tx(async (tx) => {
      await tx.bulkUpsert(KEPT, [["a", 2], ["b", 2]]);
      expect(await all(store)).toEqual({ a: 1 });
    });

    expect(await all(store)).toEqual({ a: 2, b: 2 });
  });

  it("refuses a transaction inside a transaction, and a query through one that has ended", async () => {
    let escaped: Tx | undefined;
    const nested = store.tx(async (tx) => {
      escaped = tx;
      await store.tx(async () => undefined);
    });

    expect(await codeOf(nested)).toBe("INTERNAL");
    if (escaped === undefined) throw new Error("the transaction did not run");
    expect(await codeOf(escaped.bulkUpsert(KEPT, [["late", 1]]))).toBe("INTERNAL");
    expect(await codeOf(kept(escaped.db).selectFrom("kept").selectAll().execute())).toBe("INTERNAL");
  });

  it("gives a lease to one holder at a time and renews it with the same fence", async () => {
    const first = await store.lease("sync", "one", 60_000);
    const second = await store.lease("sync", "two", 60_000);
    const renewed = await store.lease("sync", "one", 60_000);

    expect(first?.fence).toBeGreaterThan(0);
    expect(second).toBeUndefined();
    expect(renewed?.fence).toBe(first?.fence);
  });

  it("raises the fence when a lease has run out or was given back", async () => {
    const first = await store.lease("sync", "one", 20);
    await new Promise((done) => setTimeout(done, 60));
    const second = await store.lease("sync", "two", 60_000);
    if (first === undefined || second === undefined) throw new Error("both leases should have been given");
    await store.release(second);
    const third = await store.lease("sync", "one", 60_000);

    expect(second.fence).toBeGreaterThan(first.fence);
    expect(third?.fence).toBeGreaterThan(second.fence);
  });

  it("refuses the commit of a holder whose lease another one took", async () => {
    const stale = await store.lease("sync", "one", 20);
    await new Promise((done) => setTimeout(done, 60));
    const current = await store.lease("sync", "two", 60_000);
    if (stale === undefined || current === undefined) throw new Error("both leases should have been given");

    const late = store.fencedTx(stale, (tx) => tx.bulkUpsert(KEPT, [["stale", 1]]));
    expect(await codeOf(late)).toBe("LEASE_LOST");
    await store.fencedTx(current, (tx) => tx.bulkUpsert(KEPT, [["current", 1]]));
    await store.release(current);
    expect(await codeOf(store.fencedTx(current, (tx) => tx.bulkUpsert(KEPT, [["released", 1]])))).toBe("LEASE_LOST");
    expect(await all(store)).toEqual({ current: 1 });
  });

  it("syncs a fenced transaction at once, or with the next one where that was asked for", async () => {
    const lease = (await store.lease("sync", "one", 60_000)) ?? expect.unreachable();
    const [ask, now, later] = kind === "sqlite" ? (["PRAGMA synchronous", 2, 1] as const) : (["SHOW synchronous_commit", "on", "off"] as const);
    const during = async (tx: Tx): Promise<unknown> => Object.values((await sql<Record<string, unknown>>`${sql.raw(ask)}`.execute(tx.db)).rows[0] ?? {})[0];
    expect([await store.fencedTx(lease, during), await store.fencedTx(lease, during, "later"), await store.tx(during)]).toEqual([now, later, now]);
    expect(await codeOf(store.fencedTx(lease, () => Promise.reject(new Error("planted")), "later"))).toContain("planted");
    expect(await store.tx(during)).toBe(now);
  });

  it("runs migrations in id order, once each, each with its own record", async () => {
    const order: string[] = [];
    const step = (id: string): Migration => ({
      id,
      async up() {
        order.push(id);
      },
    });

    expect(await migrate(store, [step("0003-c"), step("0002-b"), CREATE], 5)).toEqual(["0002-b", "0003-c"]);
    expect(await migrate(store, [CREATE, step("0002-b"), step("0003-c")], 6)).toEqual([]);
    expect(order).toEqual(["0002-b", "0003-c"]);
  });

  it("undoes a migration that fails halfway and runs it again at the next start", async () => {
    let attempts = 0;
    const shaky: Migration = {
      id: "0002-shaky",
      async up(db) {
        attempts += 1;
        await sql`CREATE TABLE half (id TEXT)`.execute(db);
        if (attempts === 1) throw new Error("killed here");
      },
    };

    await expect(migrate(store, [CREATE, shaky], 1)).rejects.toThrow("killed here");
    expect(await migrate(store, [CREATE, shaky], 2)).toEqual(["0002-shaky"]);
  });

  it("refuses a store that has been through migrations it does not know", async () => {
    await migrate(store, [CREATE, { id: "9999-future", async up() {} }], 1);

    expect(await codeOf(migrate(store, [CREATE], 2))).toBe("STORE_FROM_FUTURE");
  });

  it("reads its own durability back", async () => {
    const found = await store.durability();

    expect(found.engine).toBe(kind === "sqlite" ? "SQLite" : "PostgreSQL");
    expect(found.settings[kind === "sqlite" ? "synchronous" : "fsync"]).toBe(kind === "sqlite" ? "2" : "on");
    expect(await store.size()).toBeGreaterThan(0);
  });
});

describe("the embedded store's transactions", () => {
  let file: SqliteStore;
  beforeEach(async () => {
    file = await openSqlite({ folder });
    opened.push(file);
    await migrate(file, [CREATE], 0);
  });

  it("commit nothing more once the engine has undone them in a savepoint, as a full disk does, even if the failure is swallowed", async () => {
    await file.tx(async (tx) => {
      await sql.raw("CREATE TRIGGER full BEFORE INSERT ON kept WHEN NEW.id = 'too much' BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END").execute(tx.db);
    });
    const work = file.tx(async (tx) => {
      await kept(tx.db).insertInto("kept").values({ id: "page", n: 1 }).execute();
      await tx.savepoint(async () => kept(tx.db).insertInto("kept").values({ id: "too much", n: 2 }).execute()).catch(() => undefined);
      await kept(tx.db).insertInto("kept").values({ id: "checkpoint", n: 3 }).execute();
    });

    await expect(work).rejects.toThrow("disk full");
    expect(await all(file)).toEqual({});
  });

  it("let signals and timers have their turn between one and the next", async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    for (let at = 0; at < 200; at += 1) await file.tx((tx) => tx.bulkUpsert(KEPT, [[`r${String(at)}`, at]]));
    clearInterval(timer);

    expect(turns).toBeGreaterThan(3);
  });
});

describe("the embedded store's file", () => {
  it("belongs to one process, and says which", async () => {
    remembered(await openSqlite({ folder }));

    await expect(openSqlite({ folder })).rejects.toMatchObject({ code: "STORE_LOCKED", details: { pid: process.pid } });
  });

  it("is free again after close", async () => {
    await (await openSqlite({ folder })).close();

    remembered(await openSqlite({ folder }));
    expect(readdirSync(folder)).toContain("vedette.sqlite");
  });

  it.skipIf(process.platform === "win32")("is readable by its owner alone, side files and lock included", async () => {
    const each = remembered(await openSqlite({ folder }));
    await each.tx((tx) => sql`CREATE TABLE something (id TEXT)`.execute(tx.db));

    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o077).toString(8)]);
    expect(modes).toEqual(modes.map(([name]) => [name, "0"]));
    expect(modes.map(([name]) => name)).toEqual(expect.arrayContaining(["owner.lock", "vedette.sqlite", "vedette.sqlite-wal"]));
  });

  it.each(Object.keys(SETTINGS))("is refused where %s does not read back as it was set", async (setting) => {
    const opening = openSqlite({ folder, observed: (name, value) => (name === setting ? "something else" : value) });

    await expect(opening).rejects.toMatchObject({ code: "STORE_SETTINGS", details: { setting } });
  });

  it.each(["3.51.2", "3.50.7", "2.99.99", "garbage", ""])("is refused with SQLite %s", (version) => {
    expect(() => assertSettings(version, (name) => SETTINGS[name as keyof typeof SETTINGS])).toThrow(Fault);
    expect(() => assertSettings("3.51.3", (name) => SETTINGS[name as keyof typeof SETTINGS])).not.toThrow();
  });

  it("is refused where it is not a database, and left as it is", async () => {
    writeFileSync(join(folder, "vedette.sqlite"), "this is a letter, not a database, and long enough to be read as a header by mistake");

    expect(await codeOf(openSqlite({ folder }))).toBe("CONFIG_INVALID");
    expect(readFileSync(join(folder, "vedette.sqlite"), "utf8")).toContain("this is a letter");
  });

  it("after kill -9 in the middle of a transaction opens at once, with what was committed and nothing else", async () => {
    const before = await openSqlite({ folder });
    await migrate(before, [CREATE], 1);
    await before.close();
    const child = spawn(process.execPath, [childProgram("crash-child"), folder], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    expect(await codeOf(openSqlite({ folder }))).toBe("STORE_LOCKED");
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;

    const after = remembered(await openSqlite({ folder }));

    expect(await all(after)).toEqual({ committed: 1 });
    expect((await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(after.read)).rows).toEqual([{ integrity_check: "ok" }]);
  });
});

describe("backup and restore", () => {
  const KNOWN = [CREATE.id];
  let other = "";

  beforeEach(() => {
    other = mkdtempSync(join(tmpdir(), "vedette-restored-"));
  });
  afterEach(() => {
    rmSync(other, { recursive: true, force: true });
  });

  async function filled(rows: number): Promise<SqliteStore> {
    const each = remembered(await openSqlite({ folder }));
    await migrate(each, [CREATE], 1);
    await each.tx((tx) => tx.bulkUpsert(KEPT, Array.from({ length: rows }, (_, row) => [`row-${String(row)}`, row])));
    return each;
  }

  it("copies one instant while pairs of rows are being written, never half a pair", async () => {
    const each = await filled(3000);
    const file = join(folder, "copy.sqlite");
    let writing = true;
    const writer = (async () => {
      for (let pair = 0; writing; pair += 1) {
        await each.tx(async (tx) => {
          await tx.bulkUpsert(KEPT, [[`left-${String(pair)}`, pair]]);
          await new Promise((done) => setImmediate(done));
          await tx.bulkUpsert(KEPT, [[`right-${String(pair)}`, pair]]);
        });
      }
    })();
    await each.backup(file);
    writing = false;
    await writer;

    restoreSqlite({ folder: other, from: file, knownMigrations: KNOWN });

    const restored = await openSqlite({ folder: other });
    const rows = Object.keys(await all(restored));
    await restored.close();
    expect(rows.filter((id) => id.startsWith("row-"))).toHaveLength(3000);
    expect(rows.filter((id) => id.startsWith("left-"))).toHaveLength(rows.filter((id) => id.startsWith("right-")).length);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it("puts the old state back, whatever was written since", async () => {
    const each = await filled(10);
    const file = join(folder, "copy.sqlite");
    await each.backup(file);
    await each.tx((tx) => tx.bulkUpsert(KEPT, [["later", 1]]));
    await each.close();

    restoreSqlite({ folder, from: file, knownMigrations: KNOWN });

    const restored = remembered(await openSqlite({ folder }));
    expect(Object.keys(await all(restored))).toHaveLength(10);
  });

  it("keeps the store that was there, privately, with everything written to it", async () => {
    const each = await filled(10);
    const file = join(folder, "copy.sqlite");
    await each.backup(file);
    await each.tx((tx) => tx.bulkUpsert(KEPT, [["later", 1]]));
    await each.close();

    const kept = restoreSqlite({ folder, from: file, knownMigrations: KNOWN });

    if (kept === null) throw new Error("nothing was kept");
    expect(statSync(kept).mode & 0o077).toBe(0);
    restoreSqlite({ folder: other, from: kept, knownMigrations: KNOWN });
    expect(Object.keys(await all(remembered(await openSqlite({ folder: other }))))).toHaveLength(11);
  });

  it("never overwrites a file", async () => {
    const each = await filled(1);
    const file = join(folder, "copy.sqlite");
    writeFileSync(file, "precious");

    expect(await codeOf(each.backup(file))).toBe("ALREADY_EXISTS");
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  it("refuses a running store, a file of something else, a damaged one and a newer one, and touches nothing", async () => {
    const each = await filled(2000);
    const file = join(folder, "copy.sqlite");
    await each.backup(file);
    expect(() => restoreSqlite({ folder, from: file, knownMigrations: KNOWN })).toThrow(/in use by process/);

    const letter = join(other, "letter");
    writeFileSync(letter, "Dear reader, this is no database at all, however long it may go on for.");
    const cut = join(other, "cut");
    const whole = readFileSync(file);
    writeFileSync(cut, Buffer.concat([whole.subarray(0, 20_000), Buffer.alloc(whole.length - 20_000, 7)]));
    const restored = join(other, "data");
    for (const from of [letter, cut, join(other, "missing")]) {
      expect(() => restoreSqlite({ folder: restored, from, knownMigrations: KNOWN })).toThrow(Fault);
    }
    expect(() => restoreSqlite({ folder: restored, from: file, knownMigrations: [] })).toThrow(expect.objectContaining({ code: "STORE_FROM_FUTURE" }));
    expect(existsSync(join(restored, "vedette.sqlite"))).toBe(false);
  });

  it("on PostgreSQL names PostgreSQL's own tool", async (context) => {
    const each = await open("postgres", context);

    await expect(each.backup("anything")).rejects.toMatchObject({ code: "CONFIG_INVALID", cure: expect.stringContaining("pg_dump") });
  });

  it.each([
    ["fsync", "off"],
    ["full_page_writes", "off"],
    ["synchronous_commit", "off"],
    ["server_encoding", "SQL_ASCII"],
    ["server_version", "13.4"],
  ])("PostgreSQL with %s = %s is refused", async (setting, bad) => {
    if (server === undefined) return;
    const opening = openPostgres({ url: await server.database(), observed: (name, value) => (name === setting ? bad : value) });

    expect(await codeOf(opening)).toBe("STORE_SETTINGS");
  });
});
