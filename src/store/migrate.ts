/**
 * Runs migrations in the order of their ids, each in a transaction with its own record: killed at any instant, the next start goes on where
 * it stopped. A record we do not know was made by a newer version, and nothing is touched then.
 */
import { type Kysely, sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { Database, Migration, Store, Tx } from "./store.ts";

export const MIGRATION_TABLE = "CREATE TABLE IF NOT EXISTS vedette_migrations (id TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)";

type MigrationTables = { vedette_migrations: { id: string; applied_at: number } };

/** Ids of the migrations run by this call. STORE_FROM_FUTURE where the store has one that is not in the list. */
export async function migrate(store: Store, migrations: readonly Migration[], now: number): Promise<readonly string[]> {
  const ordered = [...migrations].sort((left, right) => (left.id < right.id ? -1 : 1));
  const known = new Set(ordered.map((migration) => migration.id));
  if (known.size !== ordered.length) throw new Fault("INTERNAL", "Two migrations have the same id.", { details: { ids: repeated(ordered).join(", ") } });
  const before = await appliedMigrations(store.read);
  assertKnown(before, known);
  const done = new Set(before);
  const run: string[] = [];
  // What is recorded stays so: only what is missing needs a transaction, in which it is asked for again.
  for (const migration of ordered.filter(({ id }) => !done.has(id))) {
    const fresh = await store.tx(async (tx) => {
      await holdMigrations(tx);
      const applied = await appliedMigrations(tx.db);
      assertKnown(applied, known);
      if (applied.includes(migration.id)) return false;
      await migration.up(tx.db, tx.kind);
      await tables(tx.db).insertInto("vedette_migrations").values({ id: migration.id, applied_at: now }).execute();
      return true;
    });
    if (fresh) run.push(migration.id);
  }
  return run;
}

/** In id order. */
export async function appliedMigrations(db: Database): Promise<readonly string[]> {
  const rows = await tables(db).selectFrom("vedette_migrations").select("id").orderBy("id").execute();
  return rows.map((row) => row.id);
}

export function assertKnown(applied: readonly string[], known: ReadonlySet<string>): void {
  const unknown = applied.filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  throw new Fault("STORE_FROM_FUTURE", `The store has been through ${unknown.join(", ")}, which this version does not know.`, { details: { unknown: unknown.join(", ") } });
}

/** Two hubs starting on one PostgreSQL wait for each other here. Taken before the first query, so that the snapshot is younger than the lock. */
async function holdMigrations(tx: Tx): Promise<void> {
  if (tx.kind === "postgres") await sql`LOCK TABLE vedette_migrations IN EXCLUSIVE MODE`.execute(tx.db);
}

function repeated(migrations: readonly Migration[]): readonly string[] {
  return migrations.filter((migration, place) => migrations.findIndex((other) => other.id === migration.id) !== place).map((migration) => migration.id);
}

function tables(db: Database): Kysely<MigrationTables> {
  return db.withTables<MigrationTables>();
}
