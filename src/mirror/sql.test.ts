/** Read-only SQL: what people may ask, and what hostile statements get. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql as raw } from "kysely";
import { type Bench, bench, fakeStream, record, rejected } from "../../test/contract/mirror-fakes.ts";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { Fault } from "../kernel/fault.ts";
import type { PostgresStore } from "../store/postgres.ts";
import type { SqliteStore } from "../store/sqlite.ts";
import { readLine } from "./sql-sqlite.ts";
import { openSql, type Sql } from "./sql.ts";
import type { SqlOptions } from "./sql-answer.ts";

const streams = [fakeStream("agents"), fakeStream("threats")];

interface Asked {
  readonly bench: Bench;
  readonly sql: Sql;
  ask(statement: string, options?: SqlOptions): Promise<readonly (readonly unknown[])[]>;
  refusal(statement: string, options?: SqlOptions): Promise<Fault>;
}

async function start(postgres?: PostgresServer): Promise<Asked> {
  const b = await bench(streams, [], postgres);
  await b.store.tx(async (tx) => {
    await raw`CREATE TABLE vault (secret TEXT)`.execute(tx.db);
    await raw`INSERT INTO vault VALUES ('sealed token')`.execute(tx.db);
    await raw`CREATE VIEW vault_view AS SELECT * FROM vault`.execute(tx.db);
  });
  await b.snapshot(streams[0] ?? fakeStream("agents"), [record("1", { name: "one", score: 10 }), record("2", { name: "two", score: 20 }), record("3")], 1000);
  await b.snapshot(streams[0] ?? fakeStream("agents"), [record("1", { name: "one", score: 10 }), record("2", { name: "two", score: 20 })], 5000);
  await b.page(streams[1] ?? fakeStream("threats"), [], { rejected: [rejected("x")] });
  const sql = openSql({ store: b.store as SqliteStore | PostgresStore, streams });
  const ask = async (statement: string, options?: SqlOptions) => {
    const rows: (readonly unknown[])[] = [];
    for await (const row of (await sql.query(statement, options)).rows) rows.push(row);
    return rows;
  };
  const refusal = async (statement: string, options?: SqlOptions) => {
    const answer = await ask(statement, options).catch((error: unknown) => error);
    if (answer instanceof Fault) return answer;
    throw new Error(`not refused: ${statement} gave ${JSON.stringify(answer)}`);
  };
  return { bench: b, sql, ask, refusal };
}

const GOOD: readonly (readonly [statement: string, rows: readonly (readonly unknown[])[]])[] = [
  ["SELECT id, name, score FROM agents ORDER BY id", [["1", "one", 10], ["2", "two", 20]]],
  ["select count(*) from agents;", [[2]]],
  ["SELECT id FROM agents_history", [["3"]]],
  ["WITH scored AS (SELECT id, score * 2 AS twice FROM agents) SELECT sum(twice) FROM scored", [[60]]],
  ["VALUES (1, 'a;b'), (2, NULL)", [[1, "a;b"], [2, null]]],
  ["-- who; is there\n SELECT a.id /* ; */ FROM agents a LEFT JOIN threats t ON t.id = a.id WHERE a.name = 'o''ne;' OR a.id = '1' -- end", [["1"]]],
  ["WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT max(x) FROM n", [[5]]],
  ["WITH n AS (SELECT id FROM agents) SELECT count(*) FROM n", [[2]]],
  ["SELECT 9007199254740993", [["9007199254740993"]]],
  ["SELECT id, id FROM agents WHERE id = '2'", [["2", "2"]]],
  ["SELECT id FROM agents WHERE score > 100", []],
];

/** No engine may answer these with anything but a refusal. */
const HOSTILE: readonly string[] = [
  "SELECT * FROM vault",
  "SELECT * FROM vault_view",
  "SELECT * FROM main.vault",
  "SELECT * FROM \"vault\" AS agents",
  "SELECT (SELECT secret FROM vault) FROM agents",
  "SELECT id FROM agents WHERE EXISTS (SELECT 1 FROM vault)",
  "SELECT id FROM agents UNION ALL SELECT secret FROM vault",
  "SELECT count(*) FROM vault",
  "SELECT 1 WHERE 1 IN (SELECT secret FROM vault)",
  "WITH agents AS (SELECT * FROM vault) SELECT * FROM agents",
  "WITH agents AS (SELECT count(*) FROM vault) SELECT * FROM agents",
  "WITH agents AS (WITH agents AS (SELECT * FROM vault) SELECT * FROM agents) SELECT * FROM agents",
  "SELECT a.id FROM agents a NATURAL JOIN vault v",
  "SELECT * FROM mirror_parked",
  "SELECT * FROM mirror_agents",
  "SELECT * FROM mirror_checkpoints",
  "SELECT * FROM vedette_leases",
  "SELECT * FROM vedette_migrations",
  "INSERT INTO agents (id) VALUES ('x')",
  "UPDATE mirror_agents SET name = 'x'",
  "DELETE FROM vault",
  "DROP TABLE vault",
  "CREATE TABLE mine AS SELECT 1",
  "WITH x AS (SELECT 1) DELETE FROM vault",
  "WITH gone AS (DELETE FROM mirror_agents RETURNING id) SELECT * FROM gone",
  "SELECT 1; SELECT secret FROM vault",
  "SELECT 1; DROP TABLE vault",
  "SELECT 1 /* ; */ ; /* */ DELETE FROM vault",
  "/* SELECT */ DELETE FROM vault",
  "-- SELECT\nDELETE FROM vault",
  "EXPLAIN SELECT * FROM vault",
  "PRAGMA table_info(vault)",
  "ATTACH DATABASE '/tmp/other' AS other",
  "BEGIN",
  "COMMIT; SELECT * FROM vault",
  "VACUUM",
  "SELECT load_extension('/tmp/x.so')",
  "SELECT id FROM agents WHERE (",
  "SELECT nonsense FROM agents",
  "SELECT * FROM nowhere",
  "SELECT 'unterminated",
  "SELECT ?",
  "SELECT $1",
  "",
  "   ;  ",
  "-- nothing",
  "SELECT 1\0; DROP TABLE vault",
];

const SQLITE_ONLY: readonly string[] = [
  "SELECT * FROM sqlite_master",
  "SELECT * FROM sqlite_schema",
  "SELECT * FROM sqlite_temp_master",
  "SELECT * FROM pragma_table_info('vault')",
  "SELECT * FROM pragma_database_list",
  "SELECT * FROM dbstat",
  "SELECT * FROM temp.vault",
  "VALUES (fts3_tokenizer('simple'))",
  "SELECT count(*) FROM dbstat",
  "SELECT count(*) FROM pragma_database_list",
  "SELECT count(*) FROM sqlite_schema",
  "WITH n AS (SELECT count(*) AS c FROM VAULT) SELECT count(*) FROM n",
  "SELECT sqlite_version()",
  "SELECT zeroblob(2000000000)",
  "SELECT randomblob(10)",
  "SELECT replace(printf('%.*c', 60000000, 'x'), 'x', 'yy')",
  "REPLACE INTO agents (id) VALUES ('x')",
  "REINDEX",
  "ANALYZE",
];

const POSTGRES_ONLY: readonly string[] = [
  "SELECT * FROM pg_authid",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT set_config('role', 'postgres', false), query_to_xml('SELECT * FROM vault', true, true, '')",
  "SELECT set_config('session_authorization', 'postgres', false)",
  "SELECT query_to_xml('SELECT * FROM vault', true, true, '')",
  "SELECT set_config('transaction_read_only', 'off', false), query_to_xml('DELETE FROM mirror_agents', true, true, '')",
  "SELECT lo_import('/etc/passwd')",
  "SELECT lo_create(0)",
  "SELECT * INTO mine FROM agents",
  "SELECT * FROM agents FOR UPDATE",
  "COPY vault TO STDOUT",
  "SET ROLE postgres",
  "DO $$ BEGIN DELETE FROM vault; END $$",
  "SELECT $$a$$; DELETE FROM vault",
  "SELECT E'\\''; DELETE FROM vault; --'",
];

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
});

describe.each(["sqlite", "postgres"] as const)("read-only SQL on %s", (kind) => {
  let asked: Asked | undefined;
  beforeAll(async () => {
    if (kind === "sqlite") asked = await start();
    else if (server !== undefined) asked = await start(server);
  });
  afterAll(async () => {
    await asked?.sql.close();
    await asked?.bench.close();
  });

  it.each(GOOD)("answers %s", async (statement, rows) => {
    if (asked === undefined) return;
    expect(await asked.ask(statement)).toEqual(rows);
  });

  it("refuses every hostile statement with a fault that lists the views, and changes nothing", { timeout: 60_000 }, async () => {
    if (asked === undefined) return;
    const statements = [...HOSTILE, ...(kind === "sqlite" ? SQLITE_ONLY : POSTGRES_ONLY)];
    for (const statement of statements) {
      const fault = await asked.refusal(statement);
      expect([statement, fault.code]).toEqual([statement, "CONFIG_INVALID"]);
      expect(fault.message).not.toContain("sealed token");
      expect(fault.cure).toContain("agents, agents_history, threats, threats_history");
    }
    const vault = await raw`SELECT * FROM vault`.execute(asked.bench.store.read);
    expect(vault.rows).toEqual([{ secret: "sealed token" }]);
    expect(await asked.bench.mirror.rowCounts(asked.bench.target.connection, fakeStream("agents"))).toEqual({ live: 2, gone: 1 });
  });

  it("ends an endless query when its time is up", async () => {
    if (asked === undefined) return;
    const fault = await asked.refusal("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n", { timeoutMs: 700 });

    expect(fault.message).toContain("took longer than 700 ms");
  });

  it("ends at once by the caller's signal", async () => {
    if (asked === undefined) return;
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const fault = await asked.refusal("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", { signal: abort.signal, timeoutMs: 20_000 });

    expect(fault.code).toBe("CANCELLED");
  });

  it("streams an endless answer row by row and stops when the caller leaves", async () => {
    if (asked === undefined) return;
    const answer = await asked.sql.query("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", { timeoutMs: 20_000 });
    let last: unknown = 0;
    for await (const [x] of answer.rows) {
      last = x;
      if (last === 5000) break;
    }

    expect(answer.columns).toEqual(["x"]);
    expect(last).toBe(5000);
  });

  it("sees what was committed just now, while the store is in use", async () => {
    if (asked === undefined) return;
    const { bench: b, sql } = asked;
    await b.page(fakeStream("threats"), [record("fresh")]);
    const inside = await b.store.tx(async (tx) => {
      await raw`INSERT INTO vault VALUES ('uncommitted')`.execute(tx.db);
      const seen: (readonly unknown[])[] = [];
      for await (const row of (await sql.query("SELECT id FROM threats")).rows) seen.push(row);
      await raw`DELETE FROM vault WHERE secret = 'uncommitted'`.execute(tx.db);
      return seen;
    });

    expect(inside).toEqual([["fresh"]]);
  });
});

it.each(['{"row":[1', "", '{"columns":["a"'])("takes a piece of a line (%s) for the end of the child, not for an answer", (piece) => {
  expect(readLine(piece)).toBeNull();
});
