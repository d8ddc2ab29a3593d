/** How far the roles of a page's principals reach: counted by the engine for each level, so that one who holds a thousand roles costs as much as one who holds two. */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import { SCOPE_KINDS, type ScopeKind } from "./model.ts";
import type { Estate } from "./risk-estate.ts";

export interface Holdings {
  /** The widest level at which it administers. */
  readonly admin: ScopeKind | null;
  /** Scopes on which it holds a role, by level. */
  readonly scopes: Readonly<Record<ScopeKind, number>>;
}

const NONE: Holdings = { admin: null, scopes: { global: 0, account: 0, site: 0, group: 0 } };

export async function holdingsOf({ db, kind, connection, admins }: Estate, rows: readonly { readonly kind: string; readonly id: string }[]): Promise<(principalKind: string, id: string) => Holdings> {
  const found = new Map<string, { admin: ScopeKind | null; scopes: Record<ScopeKind, number> }>();
  for (const principalKind of new Set(rows.map((row) => row.kind))) {
    const ids = rows.filter((row) => row.kind === principalKind).map((row) => row.id);
    const answer = await sql<{ id: string; scope_kind: string; scopes: number; admins: number }>`
      SELECT principal_id AS id, scope_kind, count(DISTINCT scope_id) AS scopes, sum(CASE WHEN role_id IN ${textList(kind, [...admins.keys()])} THEN 1 ELSE 0 END) AS admins
      FROM access_bindings WHERE connection_id = ${connection} AND principal_kind = ${principalKind} AND principal_id IN ${textList(kind, ids)} GROUP BY principal_id, scope_kind`.execute(db);
    for (const row of answer.rows) {
      const key = `${principalKind} ${row.id}`;
      const holdings = found.get(key) ?? { admin: null, scopes: { ...NONE.scopes } };
      found.set(key, holdings);
      const level = SCOPE_KINDS.find((one) => one === row.scope_kind);
      if (level === undefined) continue;
      holdings.scopes[level] = Number(row.scopes);
      if (Number(row.admins) > 0) holdings.admin = wider(holdings.admin, level);
    }
  }
  return (principalKind, id) => found.get(`${principalKind} ${id}`) ?? NONE;
}

function wider(left: ScopeKind | null, right: ScopeKind): ScopeKind {
  return left !== null && SCOPE_KINDS.indexOf(left) < SCOPE_KINDS.indexOf(right) ? left : right;
}
