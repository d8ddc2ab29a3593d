/**
 * Effective access, worked out when asked: a role held on a scope holds on everything below it. Who reaches a scope is whoever holds a role on it or on one of the
 * few scopes it lies in, so that an answer is a handful of point look-ups and one page of one index, whatever the size of the console.
 */
import { sql, type RawBuilder } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { rowList, textList, withinScope } from "../store/conditions.ts";
import type { Database } from "../store/store.ts";
import { bindingFrom, scopeFrom } from "./graph.ts";
import type { Reader } from "./lookup.ts";
import type { Binding, Principal, PrincipalFacts, PrincipalKind, Scope, ScopeKind } from "./model.ts";
import type { BindingRow, ScopeRow } from "./tables.ts";

/** A scope and what it lies in, from the scope up to the console. */
export interface Chain {
  readonly scopes: readonly Scope[];
  /** False where what one of them lies in is not known: somebody may hold a role there. */
  readonly whole: boolean;
}

export async function chainOf(db: Database, scope: Scope): Promise<Chain> {
  const scopes: Scope[] = [scope];
  for (let at = scope; at.parent !== null && scopes.length < 4; ) {
    const { rows } = await sql<ScopeRow>`SELECT * FROM access_scopes WHERE connection_id = ${at.connection} AND kind = ${at.parent.kind} AND id = ${at.parent.id}`.execute(db);
    const [row] = rows;
    if (row === undefined) break;
    at = scopeFrom(row);
    scopes.push(at);
  }
  const top = scopes.at(-1);
  if (top?.kind === "global") return { scopes, whole: true };
  // There is one console: who holds a role on it is known even where what lies between is not.
  const { rows } = await sql<ScopeRow>`SELECT * FROM access_scopes WHERE connection_id = ${scope.connection} AND kind = 'global' ORDER BY inferred, id LIMIT 1`.execute(db);
  return { scopes: [...scopes, ...rows.map(scopeFrom)], whole: false };
}

/** Roles that decide an answer: `ids` null where every role does; `may` those of which it cannot be read what they permit. */
export interface RoleFilter {
  readonly ids: readonly string[] | null;
  readonly may: ReadonlySet<string>;
}

export const EVERY_ROLE: RoleFilter = { ids: null, may: new Set() };

/** Roles of the connection that have the permission, and those that may: what they permit could not be read. */
export async function rolesThatCan(db: Database, connection: ConnectionId, permission: string): Promise<RoleFilter> {
  const { rows } = await sql<{ id: string; may: number }>`
    SELECT id, CASE WHEN permissions IS NULL THEN 1 ELSE 0 END AS may FROM access_roles AS r WHERE connection_id = ${connection} AND (permissions IS NULL OR EXISTS (
      SELECT 1 FROM access_role_permissions AS p WHERE p.connection_id = r.connection_id AND p.role_id = r.id AND p.permission = ${permission})) ORDER BY id`.execute(db);
  return { ids: rows.map((row) => row.id), may: new Set(rows.flatMap((row) => (Number(row.may) === 1 ? [row.id] : []))) };
}

export interface Holder {
  readonly binding: Omit<Binding, "connection" | "tenant">;
  readonly facts: PrincipalFacts | null;
  readonly roleName: string;
  /** Place in the chain of the scope the role is held on; 0 is the scope itself. */
  readonly level: number;
}

/** Where a page ended: the place in the chain, then the index behind it. */
export type HolderPlace = readonly [level: string, scope: string, principalKind: string, principal: string, role: string];

type HolderRow = Omit<BindingRow, "connection_id" | "scope_kind" | "tenant_id"> & { readonly facts: string | null; readonly role_name: string | null };

export async function holdersOf(store: Reader, scope: TenantScope, chain: Chain, roles: RoleFilter, page: { readonly after: HolderPlace | null; readonly limit: number }): Promise<{ readonly items: readonly Holder[]; readonly next: HolderPlace | null }> {
  const items: Holder[] = [];
  const [fromLevel, ...fromKey] = page.after ?? ["0"];
  for (let level = Number(fromLevel); level < chain.scopes.length && items.length <= page.limit; level += 1) {
    const at = chain.scopes[level];
    if (at === undefined) break;
    const behind = level === Number(fromLevel) && fromKey.length > 0 ? sql`AND (b.scope_id, b.principal_kind, b.principal_id, b.role_id) > (${sql.join(fromKey)})` : sql``;
    const { rows } = await sql<HolderRow>`
      SELECT b.principal_kind, b.principal_id, b.role_id, b.scope_id, b.seen_at, b.absent_at, b.doubted_at, p.facts, r.name AS role_name FROM access_bindings AS b
      LEFT JOIN access_principals AS p ON p.connection_id = b.connection_id AND p.kind = b.principal_kind AND p.id = b.principal_id
      LEFT JOIN access_roles AS r ON r.connection_id = b.connection_id AND r.id = b.role_id
      WHERE ${heldOn(store, scope, at, roles)} ${behind} ORDER BY b.scope_id, b.principal_kind, b.principal_id, b.role_id LIMIT ${page.limit + 1 - items.length}`.execute(store.read);
    for (const row of rows) items.push(holderFrom(row, at.kind, level));
  }
  const shown = items.slice(0, page.limit);
  const last = shown.at(-1);
  return { items: shown, next: items.length > page.limit && last !== undefined ? placeOf(last) : null };
}

function holderFrom(row: HolderRow, kind: ScopeKind, level: number): Holder {
  return {
    binding: {
      principal: { kind: row.principal_kind as PrincipalKind, id: row.principal_id },
      role: row.role_id,
      scope: { kind, id: row.scope_id },
      seenAt: Number(row.seen_at),
      absentAt: row.absent_at === null ? null : Number(row.absent_at),
      doubtedAt: row.doubted_at === null ? null : Number(row.doubted_at),
    },
    facts: row.facts === null ? null : (JSON.parse(row.facts) as PrincipalFacts),
    roleName: row.role_name ?? row.role_id,
    level,
  };
}

function placeOf({ level, binding }: Holder): HolderPlace {
  return [String(level), binding.scope.id, binding.principal.kind, binding.principal.id, binding.role];
}

/** A console has one whole, whatever ids its records give it. */
function heldOn(store: Reader, scope: TenantScope, at: Scope, roles: RoleFilter): RawBuilder<boolean> {
  const place = at.kind === "global" ? sql`1 = 1` : sql`b.scope_id = ${at.id}`;
  const only = roles.ids === null ? sql`1 = 1` : sql`b.role_id IN ${textList(store.kind, roles.ids)}`;
  return sql<boolean>`b.connection_id = ${at.connection} AND b.scope_kind = ${at.kind} AND ${place} AND ${only} AND ${withinScope(scope, "b.tenant_id")}`;
}

/** In a console of fifty thousand people, counting to the end would take longer than the whole answer; nobody reads as many. */
const COUNTED = 1000;

/** How many hold a role there in all; past a thousand it is left at that. */
export async function countHolders(store: Reader, scope: TenantScope, chain: Chain, roles: RoleFilter): Promise<{ readonly total: number; readonly totalIs: "exact" | "at-least" }> {
  const held = chain.scopes.map((at) => sql`SELECT 1 AS one FROM access_bindings AS b WHERE ${heldOn(store, scope, at, roles)}`);
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM (${sql.join(held, sql` UNION ALL `)} LIMIT ${COUNTED + 1}) AS held`.execute(store.read);
  const found = Number(rows[0]?.n ?? 0);
  return { total: Math.min(found, COUNTED), totalIs: found > COUNTED ? "at-least" : "exact" };
}

export interface Reach {
  readonly accounts: number;
  readonly sites: number;
  readonly groups: number;
}

/** Scopes below each of these and the scopes themselves, by `kind id`, as far as the caller sees them. */
export async function reachOf(store: Reader, scope: TenantScope, connection: string, scopes: readonly Pick<Scope, "kind" | "id">[]): Promise<(of: Pick<Scope, "kind" | "id">) => Reach> {
  const counts = new Map<string, Reach>();
  const ids = (kind: string) => scopes.filter((one) => one.kind === kind).map(({ id }) => id);
  const within = withinScope(scope, "s.tenant_id");
  if (ids("account").length > 0) {
    const { rows } = await sql<{ id: string; sites: number; groups: number }>`
      SELECT s.parent_id AS id, count(*) AS sites, sum((SELECT count(*) FROM access_scopes AS g WHERE g.connection_id = s.connection_id AND g.parent_kind = 'site' AND g.parent_id = s.id)) AS groups
      FROM access_scopes AS s WHERE s.connection_id = ${connection} AND s.parent_kind = 'account' AND s.parent_id IN ${textList(store.kind, ids("account"))} AND ${within} GROUP BY s.parent_id`.execute(store.read);
    for (const row of rows) counts.set(`account ${row.id}`, { accounts: 1, sites: Number(row.sites), groups: Number(row.groups) });
  }
  if (ids("site").length > 0) {
    const { rows } = await sql<{ id: string; groups: number }>`
      SELECT s.parent_id AS id, count(*) AS groups FROM access_scopes AS s WHERE s.connection_id = ${connection} AND s.parent_kind = 'site' AND s.parent_id IN ${textList(store.kind, ids("site"))} AND ${within} GROUP BY s.parent_id`.execute(store.read);
    for (const row of rows) counts.set(`site ${row.id}`, { accounts: 0, sites: 1, groups: Number(row.groups) });
  }
  const everything = ids("global").length > 0 ? await countAll(store.read, scope, connection) : null;
  const least = { account: { accounts: 1, sites: 0, groups: 0 }, site: { accounts: 0, sites: 1, groups: 0 }, group: { accounts: 0, sites: 0, groups: 1 }, global: everything ?? { accounts: 0, sites: 0, groups: 0 } };
  return ({ kind, id }) => counts.get(`${kind} ${id}`) ?? least[kind];
}

async function countAll(db: Database, scope: TenantScope, connection: string): Promise<Reach> {
  const { rows } = await sql<{ kind: string; n: number }>`SELECT kind, count(*) AS n FROM access_scopes WHERE connection_id = ${connection} AND ${withinScope(scope)} GROUP BY kind`.execute(db);
  const of = (kind: string) => Number(rows.find((row) => row.kind === kind)?.n ?? 0);
  return { accounts: of("account"), sites: of("site"), groups: of("group") };
}

/** Every scope that a principal reaches by any of its bindings, each counted once. */
export async function wholeReach(store: Reader, scope: TenantScope, principal: Principal): Promise<Reach> {
  const held = sql`SELECT scope_kind, scope_id FROM access_bindings WHERE connection_id = ${principal.connection} AND principal_kind = ${principal.kind} AND principal_id = ${principal.id}`;
  const { rows: everywhere } = await sql`SELECT 1 FROM (${held}) AS h WHERE scope_kind = 'global' LIMIT 1`.execute(store.read);
  if (everywhere.length > 0) return countAll(store.read, scope, principal.connection);
  const heldOf = (kind: string) => sql`SELECT scope_id FROM held WHERE scope_kind = ${kind}`;
  const of = sql`s.connection_id = ${principal.connection} AND ${withinScope(scope, "s.tenant_id")}`;
  const { rows } = await sql<{ accounts: number; sites: number; groups: number }>`
    WITH held AS (${held}),
      below AS (SELECT s.id FROM access_scopes AS s WHERE ${of} AND s.kind = 'site' AND s.id IN (${heldOf("site")}) UNION SELECT s.id FROM access_scopes AS s WHERE ${of} AND s.parent_kind = 'account' AND s.parent_id IN (${heldOf("account")})),
      lowest AS (SELECT s.id FROM access_scopes AS s WHERE ${of} AND s.kind = 'group' AND s.id IN (${heldOf("group")}) UNION SELECT s.id FROM access_scopes AS s WHERE ${of} AND s.parent_kind = 'site' AND s.parent_id IN (SELECT id FROM below))
    SELECT (SELECT count(*) FROM access_scopes AS s WHERE ${of} AND s.kind = 'account' AND s.id IN (${heldOf("account")})) AS accounts, (SELECT count(*) FROM below) AS sites, (SELECT count(*) FROM lowest) AS groups`.execute(store.read);
  return { accounts: Number(rows[0]?.accounts ?? 0), sites: Number(rows[0]?.sites ?? 0), groups: Number(rows[0]?.groups ?? 0) };
}

type HeldRow = BindingRow & { readonly role_name: string | null; readonly scope_name: string | null; readonly permissions: string | null };
export interface Held {
  readonly binding: Binding;
  readonly roleName: string;
  readonly scopeName: string | null;
  /** `Page.permission`, sorted; null where they could not be read. */
  readonly permissions: readonly string[] | null;
}

const NAMED = sql`FROM access_bindings AS b
  LEFT JOIN access_roles AS r ON r.connection_id = b.connection_id AND r.id = b.role_id
  LEFT JOIN access_scopes AS s ON s.connection_id = b.connection_id AND s.kind = b.scope_kind AND s.id = b.scope_id`;

function heldFrom(row: HeldRow): Held {
  return { binding: bindingFrom(row), roleName: row.role_name ?? row.role_id, scopeName: row.scope_name, permissions: row.permissions === null ? null : (JSON.parse(row.permissions) as readonly string[]) };
}

/** Where a page of what one principal holds ended. */
export type HeldPlace = readonly [role: string, scopeKind: string, scope: string];

export async function heldBy(store: Reader, principal: Principal, page: { readonly after: HeldPlace | null; readonly limit: number }): Promise<{ readonly items: readonly Held[]; readonly next: HeldPlace | null }> {
  const behind = page.after === null ? sql`` : sql`AND (b.role_id, b.scope_kind, b.scope_id) > (${sql.join([...page.after])})`;
  const { rows } = await sql<HeldRow>`
    SELECT b.*, r.name AS role_name, r.permissions, s.name AS scope_name ${NAMED} WHERE b.connection_id = ${principal.connection} AND b.principal_kind = ${principal.kind} AND b.principal_id = ${principal.id} ${behind}
    ORDER BY b.role_id, b.scope_kind, b.scope_id LIMIT ${page.limit + 1}`.execute(store.read);
  const items = rows.slice(0, page.limit).map(heldFrom);
  const last = items.at(-1)?.binding;
  return { items, next: rows.length > page.limit && last !== undefined ? [last.role, last.scope.kind, last.scope.id] : null };
}

export async function countHeld(db: Database, principal: Principal): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM access_bindings WHERE connection_id = ${principal.connection} AND principal_kind = ${principal.kind} AND principal_id = ${principal.id}`.execute(db);
  return Number(rows[0]?.n ?? 0);
}

/** What a principal holds on the scopes of a chain, nearest first. */
export async function heldWithin(store: Reader, principal: Principal, chain: Chain): Promise<readonly (Held & { readonly level: number })[]> {
  const places = chain.scopes.filter(({ kind }) => kind !== "global").map(({ kind, id }) => [kind, id]);
  const { rows } = await sql<HeldRow>`
    SELECT b.*, r.name AS role_name, r.permissions, s.name AS scope_name ${NAMED} WHERE b.connection_id = ${principal.connection} AND b.principal_kind = ${principal.kind} AND b.principal_id = ${principal.id}
      AND (b.scope_kind = 'global' OR (b.scope_kind, b.scope_id) IN ${rowList(store.kind, 2, places)}) ORDER BY b.role_id, b.scope_kind, b.scope_id`.execute(store.read);
  const levelOf = (row: HeldRow) => chain.scopes.findIndex(({ kind, id }) => kind === row.scope_kind && (kind === "global" || id === row.scope_id));
  return rows.map((row) => ({ ...heldFrom(row), level: levelOf(row) })).toSorted((left, right) => left.level - right.level);
}
