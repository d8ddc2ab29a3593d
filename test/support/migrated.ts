/**
 * Stores that have been migrated already: made once for each set of migrations and streams, then copied, since migrations are most of what a small store costs. That they
 * run, and run again after a kill, is held by the tests of the store, and by every process that is started on an empty folder.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareMirror } from "../../src/mirror/tables.ts";
import type { Stream } from "../../src/sentinelone/streams/stream.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openSqlite, sqliteFile } from "../../src/store/sqlite.ts";
import type { Migration, Store } from "../../src/store/store.ts";
import type { PostgresServer } from "../contract/postgres-server.ts";

export interface Wanted {
  readonly migrations: readonly Migration[];
  /** The mirror's tables of these; none where it has no mirror. */
  readonly streams?: readonly Stream[];
}

const files = new Map<string, Promise<Buffer>>();

/** In a database of its own on the server, where there is one, else in the folder. */
export async function openMigrated(folder: string, wanted: Wanted, postgres?: PostgresServer): Promise<Store> {
  if (postgres !== undefined) return openPostgres({ url: await postgres.database({ key: keyOf(wanted), make: async (url) => fill(await openPostgres({ url }), wanted) }) });
  await putMigrated(folder, wanted);
  return openSqlite({ folder });
}

/** Puts the file where a store with this folder looks for it. */
export async function putMigrated(folder: string, wanted: Wanted): Promise<void> {
  const key = keyOf(wanted);
  const made = files.get(key) ?? makeFile(wanted);
  files.set(key, made);
  const bytes = await made;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(sqliteFile(folder), bytes, { mode: 0o600 });
}

async function makeFile(wanted: Wanted): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-migrated-"));
  try {
    await fill(await openSqlite({ folder }), wanted);
    return readFileSync(sqliteFile(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(store: Store, { migrations, streams }: Wanted): Promise<void> {
  try {
    await migrate(store, migrations, 0);
    if (streams !== undefined) await prepareMirror(store, streams);
  } finally {
    await store.close();
  }
}

/** By what they do, not by their names alone: tests have migrations of their own. */
function keyOf({ migrations, streams }: Wanted): string {
  return JSON.stringify([migrations.map(({ id, up }) => [id, String(up)]), streams?.map(({ id, columns }) => [id, columns])]);
}
