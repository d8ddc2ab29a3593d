import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite } from "../store/sqlite.ts";
import { accessMigrations } from "./tables.ts";

it.each(["and all its indexes", "in the middle of a first reading"])("a graph stored before bindings were kept by their key is the same afterwards, %s", async (when) => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-access-"));
  const store = await openSqlite({ folder });
  const indexes = async () => (await sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE tbl_name LIKE 'access_bindings%' AND type = 'index' AND sql IS NOT NULL ORDER BY name`.execute(store.read)).rows;
  const bindings = async () => (await sql`SELECT * FROM access_bindings ORDER BY principal_id, scope_id`.execute(store.read)).rows;
  try {
    const keyed = accessMigrations.findIndex(({ id }) => id === "0603-access-keyed");
    await migrate(store, [...MIRROR_MIGRATIONS, ...accessMigrations.slice(0, keyed)], 1);
    await store.tx(async (tx) => {
      if (when !== "and all its indexes") await sql`DROP INDEX access_bindings_scope`.execute(tx.db);
      for (let n = 0; n < 500; n += 1) {
        const moments = n % 3 === 0 ? [n, n + 1, n + 2] : [n, null, null];
        await sql`INSERT INTO access_bindings VALUES ('con_1', 'user', ${String((n * 7_919) % 500)}, 'role', 'site', ${String(n % 11)}, 'ten_default', ${moments[0]}, ${moments[1]}, ${moments[2]})`.execute(tx.db);
      }
    });
    const [before, had] = [await bindings(), await indexes()];
    await migrate(store, [...MIRROR_MIGRATIONS, ...accessMigrations], 2);

    expect(await bindings()).toEqual(before);
    expect(await indexes()).toEqual(had);
    expect((await sql<{ sql: string }>`SELECT sql FROM sqlite_schema WHERE name = 'access_bindings'`.execute(store.read)).rows[0]?.sql).toMatch(/without rowid$/);
    expect((await sql`PRAGMA integrity_check`.execute(store.read)).rows).toEqual([{ integrity_check: "ok" }]);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
