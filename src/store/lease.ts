/**
 * Leases with a rising fence, the same SQL on both engines. Time is the database's clock, never the caller's. A renewal in time keeps its
 * fence; every other taking raises it, so that work begun under an earlier fence cannot commit.
 */
import { type RawBuilder, sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { Lease, Store, Tx } from "./store.ts";

export const LEASE_TABLE = "CREATE TABLE IF NOT EXISTS vedette_leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence BIGINT NOT NULL, expires_at BIGINT NOT NULL)";

function clock(kind: Store["kind"]): RawBuilder<number> {
  return kind === "sqlite" ? sql<number>`CAST(unixepoch('subsec') * 1000 AS INTEGER)` : sql<number>`CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`;
}

export async function takeLease(tx: Tx, name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
  const now = clock(tx.kind);
  const taken = await sql<{ fence: number }>`
    INSERT INTO vedette_leases (name, holder, fence, expires_at) VALUES (${name}, ${holder}, 1, ${now} + CAST(${ttlMs} AS BIGINT))
    ON CONFLICT (name) DO UPDATE SET
      fence = CASE WHEN vedette_leases.holder = excluded.holder AND vedette_leases.expires_at > ${now} THEN vedette_leases.fence ELSE vedette_leases.fence + 1 END,
      holder = excluded.holder,
      expires_at = excluded.expires_at
    WHERE vedette_leases.holder = excluded.holder OR vedette_leases.expires_at <= ${now}
    RETURNING fence`.execute(tx.db);
  const row = taken.rows[0];
  return row === undefined ? undefined : { name, holder, fence: row.fence };
}

/** The row stays, because its fence must never fall. */
export async function releaseLease(tx: Tx, lease: Lease): Promise<void> {
  await sql`UPDATE vedette_leases SET expires_at = 0 WHERE name = ${lease.name} AND holder = ${lease.holder} AND fence = ${lease.fence}`.execute(tx.db);
}

/** Takes every lease whose name begins so away from whoever holds it: work begun under one of them cannot commit after this transaction. */
export async function revokeLeases(tx: Tx, prefix: string): Promise<void> {
  await sql`UPDATE vedette_leases SET fence = fence + 1, expires_at = 0 WHERE substr(name, 1, ${prefix.length}) = ${prefix}`.execute(tx.db);
}

/**
 * LEASE_LOST unless the fence is the one held and not given back. It asks nothing of the time: a lease that has run out but that nobody else took is still
 * the only one, and on PostgreSQL the row's lock keeps it so until this transaction ends (SQLite has one writer).
 */
export async function assertFence(tx: Tx, lease: Lease): Promise<void> {
  const lock = tx.kind === "postgres" ? sql` FOR SHARE` : sql``;
  const held = await sql<{ held: number }>`SELECT 1 AS held FROM vedette_leases WHERE name = ${lease.name} AND holder = ${lease.holder} AND fence = ${lease.fence} AND expires_at > 0${lock}`.execute(tx.db);
  if (held.rows.length === 0) {
    throw new Fault("LEASE_LOST", `The lease ${lease.name} is no longer held with fence ${String(lease.fence)}.`, { details: { lease: lease.name, fence: lease.fence } });
  }
}
