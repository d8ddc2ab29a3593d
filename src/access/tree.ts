/**
 * The scopes of a console as a tree, opened a level at a time: what lies right below one, each with how many hold a role on it and how much lies below it. What
 * somebody sees of a console of which the rest is another tenant's begins at the topmost scopes that he sees.
 */
import { sql, type RawBuilder } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { rowList, withinScope } from "../store/conditions.ts";
import { hasHiddenPrincipals } from "./coverage.ts";
import { scopeFrom } from "./graph.ts";
import type { Reader } from "./lookup.ts";
import type { Scope, ScopeRef } from "./model.ts";
import type { ScopeRow } from "./tables.ts";

/** Counted to a thousand: that is more than anybody looks through, and a large one would take longer to count than to show. */
const COUNTED = 1000;

export interface Counted {
  readonly total: number;
  readonly totalIs: "exact" | "at-least";
}

export interface TreeScope {
  readonly scope: Scope;
  /** People and service users that hold a role on it, each once; null where they are another tenant's. */
  readonly holders: Counted | null;
  readonly below: Counted;
}

/** Where a page ended. */
export type TreePlace = readonly [rank: string, name: string, id: string];

const RANK = sql`CASE t.kind WHEN 'global' THEN '0' WHEN 'account' THEN '1' WHEN 'site' THEN '2' ELSE '3' END`;
const KEY = sql`${RANK}, coalesce(t.name_key, ''), t.id`;

type Row = ScopeRow & { readonly rank: string };

/** What lies right below `parent`; without one, where the tree begins. */
export async function scopesBelow(store: Reader, scope: TenantScope, connection: ConnectionId, parent: ScopeRef | null, page: { readonly after: TreePlace | null; readonly limit: number }): Promise<{ readonly items: readonly TreeScope[]; readonly next: TreePlace | null }> {
  const behind = page.after === null ? sql`` : sql`AND (${KEY}) > (${sql.join([...page.after])})`;
  const { rows } = await sql<Row>`
    SELECT t.*, ${RANK} AS rank FROM (${parent === null ? beginning(scope, connection) : below(connection, parent)}) AS t WHERE ${withinScope(scope, "t.tenant_id")} ${behind}
    ORDER BY ${KEY} LIMIT ${page.limit + 1}`.execute(store.read);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { items: await countedAll(store, scope, connection, shown), next: rows.length > page.limit && last !== undefined ? [last.rank, last.name_key ?? "", last.id] : null };
}

/** There is one console, whatever ids its records give it. */
function below(connection: ConnectionId, { kind, id }: ScopeRef): RawBuilder<unknown> {
  const inside = sql`SELECT * FROM access_scopes WHERE connection_id = ${connection} AND parent_kind = ${kind}`;
  return kind === "global" ? inside : sql`${inside} AND parent_id = ${id}`;
}

/** Sites are what may belong to another tenant than what they lie in: their groups go along, and accounts are the console's. */
function beginning(scope: TenantScope, connection: ConnectionId): RawBuilder<unknown> {
  const topmost = sql`SELECT * FROM access_scopes WHERE connection_id = ${connection} AND parent_kind IS NULL`;
  if (scope.all) return topmost;
  return sql`${topmost} UNION ALL SELECT s.* FROM access_scopes AS s WHERE s.connection_id = ${connection} AND s.kind = 'site' AND s.parent_kind IS NOT NULL AND ${withinScope(scope, "s.tenant_id")} AND NOT EXISTS (
    SELECT 1 FROM access_scopes AS p WHERE p.connection_id = s.connection_id AND p.kind = s.parent_kind AND p.id = s.parent_id AND ${withinScope(scope, "p.tenant_id")})`;
}

async function countedAll(store: Reader, scope: TenantScope, connection: ConnectionId, rows: readonly Row[]): Promise<readonly TreeScope[]> {
  if (rows.length === 0) return [];
  const hidden = await hasHiddenPrincipals(store.read, scope, connection);
  const held = (where: RawBuilder<unknown>) => sql`(SELECT count(*) FROM (
    SELECT DISTINCT b.principal_kind, b.principal_id FROM access_bindings AS b WHERE b.connection_id = ${connection} AND ${where} AND ${withinScope(scope, "b.tenant_id")} LIMIT ${COUNTED + 1}) AS held)`;
  const inside = (where: RawBuilder<unknown>) => sql`(SELECT count(*) FROM (SELECT 1 AS one FROM access_scopes AS c WHERE c.connection_id = ${connection} AND ${where} AND ${withinScope(scope, "c.tenant_id")} LIMIT ${COUNTED + 1}) AS inside)`;
  const { rows: counts } = await sql<{ kind: string; id: string; holders: number; below: number }>`
    SELECT s.kind, s.id,
      CASE WHEN s.kind = 'global' THEN ${held(sql`b.scope_kind = 'global'`)} ELSE ${held(sql`b.scope_kind = s.kind AND b.scope_id = s.id`)} END AS holders,
      CASE WHEN s.kind = 'global' THEN ${inside(sql`c.parent_kind = 'global'`)} ELSE ${inside(sql`c.parent_kind = s.kind AND c.parent_id = s.id`)} END AS below
    FROM access_scopes AS s WHERE s.connection_id = ${connection} AND (s.kind, s.id) IN ${rowList(store.kind, 2, rows.map(({ kind, id }) => [kind, id]))}`.execute(store.read);
  const found = new Map(counts.map((row) => [`${row.kind} ${row.id}`, row]));
  return rows.map((row) => {
    const of = found.get(`${row.kind} ${row.id}`);
    const holders = counted(of?.holders);
    return { scope: scopeFrom(row), holders: hidden && holders.total === 0 ? null : holders, below: counted(of?.below) };
  });
}

function counted(found: number | undefined): Counted {
  const total = Number(found ?? 0);
  return { total: Math.min(total, COUNTED), totalIs: total > COUNTED ? "at-least" : "exact" };
}
