/** What cases hand over when a tenant leaves, and let go of with a tenant or a connection. A bounded number of rows a call; nought when nothing is left. */
import { sql, type RawBuilder } from "kysely";
import { MEMBER_STREAMS } from "../kernel/case-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { numberList } from "../store/conditions.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";
import { forgetLinks, keptOf } from "./stored.ts";
import { tables, type MemberRow } from "./tables.ts";
import { take, type TakePorts } from "./take.ts";

/** Its records leave their cases; one that nothing is left of goes with them, unless a person has worked on it. */
export async function eraseConnectionCases(tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  const { rows } = await sql<Pick<MemberRow, "tenant_id" | "stream" | "id">>`
    SELECT tenant_id, stream, id FROM case_members WHERE connection_id = ${connection} UNION ALL SELECT tenant_id, stream, id FROM case_twins WHERE connection_id = ${connection} LIMIT ${limit}`.execute(tx.db);
  for (const [tenant, of] of Map.groupBy(rows, (row) => row.tenant_id)) {
    for (const stream of MEMBER_STREAMS) {
      const moved = of.filter((row) => row.stream === stream).map(({ id }) => id);
      if (moved.length > 0) await take(tx, { connection, tenant: tenant as TenantId, stream, members: [], gone: [], moved, since: null, firstRead: false, onlyKnown: false, silent: true, now: Date.now() }, SILENT);
    }
  }
  if (rows.length > 0) return rows.length;
  await sql`DELETE FROM case_since WHERE connection_id = ${connection}`.execute(tx.db);
  return dropHealth(tx, "connection_id", connection, limit);
}

const SILENT: TakePorts = { queueFact: async () => {}, origin: async (_db, connection) => ({ connection, console: null, lookBackMs: 0 }) };

export async function purgeTenantCases(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  const twins = await dropRows(tx, "case_twins", sql`tenant_id = ${tenant}`, limit);
  if (twins > 0) return twins;
  const members = await tables(tx.db).selectFrom("case_members").selectAll().where("tenant_id", "=", tenant).limit(limit).execute();
  for (const row of members) await forgetLinks(tx, keptOf(row));
  if (members.length > 0) await sql`DELETE FROM case_members WHERE seq IN ${numberList(tx.kind, members.map(({ seq }) => seq))}`.execute(tx.db);
  if (members.length > 0) return members.length;
  const { numAffectedRows: events } = await sql`DELETE FROM case_events WHERE seq IN (SELECT seq FROM case_events WHERE tenant_id = ${tenant} LIMIT ${limit})`.execute(tx.db);
  if (Number(events ?? 0) > 0) return Number(events);
  const cases = await tables(tx.db).selectFrom("cases").select(["seq", "grp"]).where("tenant_id", "=", tenant).orderBy("seq").limit(limit).execute();
  const entities = await dropEntities(tx, cases.flatMap(({ grp }) => grp ?? []), limit);
  if (entities > 0) return entities;
  if (cases.length > 0) await sql`DELETE FROM cases WHERE seq IN ${numberList(tx.kind, cases.map(({ seq }) => seq))}`.execute(tx.db);
  if (cases.length > 0) return cases.length;
  await sql`DELETE FROM case_turns WHERE tenant_id = ${tenant}`.execute(tx.db);
  return dropHealth(tx, "tenant_id", tenant, limit);
}

async function dropHealth(tx: Tx, column: "tenant_id" | "connection_id", value: string, limit: number): Promise<number> {
  return dropRows(tx, "case_health", sql`${sql.ref(column)} = ${value}`, limit);
}

async function dropRows(tx: Tx, table: string, which: RawBuilder<unknown>, limit: number): Promise<number> {
  const place = sql.raw(tx.kind === "sqlite" ? "rowid" : "ctid");
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE ${place} IN (SELECT ${place} FROM ${sql.table(table)} WHERE ${which} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

async function dropEntities(tx: Tx, groups: readonly number[], limit: number): Promise<number> {
  if (groups.length === 0) return 0;
  const place = sql.raw(tx.kind === "sqlite" ? "(grp, kind, value)" : "ctid");
  const columns = sql.raw(tx.kind === "sqlite" ? "grp, kind, value" : "ctid");
  const { numAffectedRows } = await sql`DELETE FROM case_entities WHERE ${place} IN (SELECT ${columns} FROM case_entities WHERE grp IN ${numberList(tx.kind, groups)} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

const KEPT = ["case_members", "case_twins", "case_links", "case_events", "case_health", "cases"] as const;

export async function countTenantCases(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  return countTenantRows(store, KEPT, tenant);
}

type Row = Readonly<Record<string, string | number | null>>;

/** What is handed over, in the order of these columns: of one record there are several readings. */
const HANDED: readonly (readonly [table: string, key: readonly string[]])[] = [["cases", ["seq"]], ["case_members", ["seq"]], ["case_twins", ["seq", "connection_id"]], ["case_events", ["seq"]], ["case_health", ["connection_id", "subject", "kind"]]];

export async function* tenantCases(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const [table, key] of HANDED) {
    const order = sql.join(key.map((column) => sql.ref(column)));
    const nothing = key.map((column) => (column === "seq" ? 0 : ""));
    for (let last: Row | undefined, more = true; more; ) {
      if (signal.aborted) return;
      const place = key.map((column, index) => last?.[column] ?? nothing[index] ?? "");
      const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE tenant_id = ${tenant} AND (${order}) > (${sql.join(place)}) ORDER BY ${order} LIMIT 500`.execute(store.read);
      for (const row of rows) yield { table, row };
      last = rows.at(-1);
      more = rows.length === 500;
    }
  }
}
