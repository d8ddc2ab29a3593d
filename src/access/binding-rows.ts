/** Bindings in the store: read for a page of principals at once, written and deleted in batches, named for the log. */
import { sql } from "kysely";
import { rowList, textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import type { Labels } from "./change-log.ts";
import type { PrincipalKind } from "./model.ts";
import type { BindingRow } from "./tables.ts";

const KEY = ["connection_id", "principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"] as const;
const BINDINGS: BulkUpsert = {
  table: "access_bindings",
  columns: [...[...KEY, "tenant_id"].map((name) => ({ name, type: "text" as const })), ...["seen_at", "absent_at", "doubted_at"].map((name) => ({ name, type: "integer" as const }))],
  key: KEY,
  update: ["tenant_id", "seen_at", "absent_at", "doubted_at"],
};

/** One role on one scope, whoever holds it. No id has NUL in it. */
export function placeOf({ role_id: role, scope_kind: kind, scope_id: scope }: Pick<BindingRow, "role_id" | "scope_kind" | "scope_id">): string {
  return `${role}\0${kind}\0${scope}`;
}

/** By principal, then by place. */
export async function storedBindings(tx: Tx, connection: string, kind: PrincipalKind, principals: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, BindingRow>>> {
  const { rows } = await sql<BindingRow>`
    SELECT * FROM access_bindings WHERE connection_id = ${connection} AND principal_kind = ${kind} AND principal_id IN ${textList(tx.kind, principals)}`.execute(tx.db);
  const stored = new Map<string, Map<string, BindingRow>>();
  for (const row of rows) {
    const of = stored.get(row.principal_id) ?? new Map<string, BindingRow>();
    of.set(placeOf(row), row);
    stored.set(row.principal_id, of);
  }
  return stored;
}

export async function writeBindings(tx: Tx, rows: readonly BindingRow[]): Promise<void> {
  if (rows.length === 0) return;
  const inOrder = (row: BindingRow) => [row.connection_id, row.principal_kind, row.principal_id, row.role_id, row.scope_kind, row.scope_id, row.tenant_id, row.seen_at, row.absent_at, row.doubted_at];
  await tx.bulkUpsert(BINDINGS, rows.map(inOrder));
}

export async function dropBindings(tx: Tx, connection: string, rows: readonly BindingRow[]): Promise<void> {
  if (rows.length === 0) return;
  const [, ...key] = KEY;
  await sql`
    DELETE FROM access_bindings WHERE connection_id = ${connection} AND (${sql.join(key.map((name) => sql.ref(name)))}) IN ${rowList(tx.kind, key.length, rows.map((row) => key.map((name) => row[name])))}`.execute(tx.db);
}

/** Names of what bindings speak of, as the log keeps them; a principal's is given where it is not in the store any more. */
export async function labelsOf(tx: Tx, connection: string, rows: readonly BindingRow[], principals: ReadonlyMap<string, string>): Promise<(row: BindingRow) => Labels> {
  if (rows.length === 0) return () => ({});
  const roles = await sql<{ id: string; name: string }>`SELECT id, name FROM access_roles WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, [...new Set(rows.map((row) => row.role_id))])}`.execute(tx.db);
  const scopes = await sql<{ kind: string; id: string; name: string | null }>`
    SELECT kind, id, name FROM access_scopes WHERE connection_id = ${connection} AND (kind, id) IN ${rowList(tx.kind, 2, rows.map((row) => [row.scope_kind, row.scope_id]))}`.execute(tx.db);
  const roleNames = new Map(roles.rows.map((row) => [row.id, row.name]));
  const scopeNames = new Map(scopes.rows.map((row) => [`${row.kind} ${row.id}`, row.name]));
  return (row) => ({ principal: principals.get(row.principal_id) ?? row.principal_id, role: roleNames.get(row.role_id) ?? row.role_id, scope: scopeNames.get(`${row.scope_kind} ${row.scope_id}`) ?? row.scope_id });
}

export function bindingSubject(change: "added" | "removed", row: BindingRow) {
  return { subject: "binding", change, principal_kind: row.principal_kind, principal_id: row.principal_id, role_id: row.role_id, scope_kind: row.scope_kind, scope_id: row.scope_id } as const;
}

export function bindingBody({ seen_at: seenAt, absent_at: absentAt, doubted_at: doubtedAt }: BindingRow) {
  return { seenAt: Number(seenAt), absentAt: absentAt === null ? null : Number(absentAt), doubtedAt: doubtedAt === null ? null : Number(doubtedAt) };
}
