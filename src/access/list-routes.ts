/** HTTP routes that list what the graph holds, and say what it rests on. */
import { sql } from "kysely";
import Type, { type Static } from "typebox";
import { type AccessCoverage, accessList, AccessListQuery, AccessRoleView, AccessSearchQuery, BindingView, CoverageAnswer, PrincipalView, ScopeTreeNode, ScopeTreeQuery, ScopeView } from "../kernel/access-api.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import { connectionsOf, bindingFrom, principalFrom, roleFrom, scopeFrom } from "./graph.ts";
import type { PrincipalFacts, ScopeKind, ScopeRef } from "./model.ts";
import type { AccessRouteDeps } from "./routes.ts";
import type { BindingRow, PrincipalRow, RoleRow, ScopeRow } from "./tables.ts";
import { scopesBelow, type TreePlace } from "./tree.ts";
import { principalView, roleView, scopeView, sinceView } from "./views.ts";
import { fold } from "./words.ts";

const BASE = "/api/v1/access";
const Reading = "reads only";
const DEFAULT_PAGE = 100;

type NamedBinding = BindingRow & { readonly facts: string | null; readonly role_name: string | null; readonly scope_name: string | null };

export function listRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  const principals: Listed<PrincipalRow, PrincipalView> = { from: sql`access_principals AS t`, columns: sql`t.*`, key: ["connection_id", "kind", "id"], searched: ["name_key", "email_key"], view: (row) => principalView(principalFrom(row)) };
  const scopes: Listed<ScopeRow, ScopeView> = { from: sql`access_scopes AS t`, columns: sql`t.*`, key: ["connection_id", "kind", "id"], searched: ["name_key"], view: (row) => scopeView(scopeFrom(row)) };
  const roles: Listed<RoleRow, AccessRoleView> = { from: sql`access_roles AS t`, columns: sql`t.*`, key: ["connection_id", "id"], view: (row) => roleView(roleFrom(row)) };
  const bindings: Listed<NamedBinding, BindingView> = {
    from: sql`access_bindings AS t
      LEFT JOIN access_principals AS p ON p.connection_id = t.connection_id AND p.kind = t.principal_kind AND p.id = t.principal_id
      LEFT JOIN access_roles AS r ON r.connection_id = t.connection_id AND r.id = t.role_id
      LEFT JOIN access_scopes AS s ON s.connection_id = t.connection_id AND s.kind = t.scope_kind AND s.id = t.scope_id`,
    columns: sql`t.*, p.facts, r.name AS role_name, s.name AS scope_name`,
    key: ["connection_id", "principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"],
    view: bindingView,
  };
  return [
    coverageRoute(deps),
    treeRoute(deps),
    defineRoute({
      method: "GET",
      path: `${BASE}/principals`,
      summary: "Users and service users",
      permission: "access.read",
      audit: unaudited(Reading),
      query: AccessSearchQuery,
      answer: accessList(PrincipalView),
      handle: ({ query }, { scope }: RouteContext<Tx>) => pageOf(deps, principals, query, scope),
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/scopes`,
      summary: "Scopes: the console as a whole, accounts, sites, groups",
      permission: "access.read",
      audit: unaudited(Reading),
      query: AccessSearchQuery,
      answer: accessList(ScopeView),
      handle: ({ query }, { scope }: RouteContext<Tx>) => pageOf(deps, scopes, query, scope),
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/roles`,
      summary: "Roles with what they permit, those that nobody holds among them",
      permission: "access.read",
      audit: unaudited(Reading),
      query: AccessListQuery,
      answer: accessList(AccessRoleView),
      handle: ({ query }, { scope }: RouteContext<Tx>) => pageOf(deps, roles, query, scope),
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/bindings`,
      summary: "Who holds which role on which scope, as the console states it",
      permission: "access.read",
      audit: unaudited(Reading),
      query: AccessListQuery,
      answer: accessList(BindingView),
      handle: ({ query }, { scope }: RouteContext<Tx>) => pageOf(deps, bindings, query, scope),
    }),
  ];
}

function bindingView(row: NamedBinding): BindingView {
  const { connection, tenant, principal, role, scope, ...since } = bindingFrom(row);
  const facts = row.facts === null ? null : (JSON.parse(row.facts) as PrincipalFacts);
  return { connection, tenant, principal: { ...principal, name: facts?.name ?? null, email: facts?.email ?? null }, role: { id: role, name: row.role_name ?? role }, scope: { ...scope, name: row.scope_name }, since: sinceView(since, facts) };
}

function coverageRoute({ store, coverage, findConnection }: AccessRouteDeps): Route<Tx> {
  return defineRoute({
    method: "GET",
    path: `${BASE}/coverage`,
    summary: "What the graph of each connection rests on, and what is missing",
    permission: "access.read",
    audit: unaudited(Reading),
    query: Type.Object({ connection: AccessListQuery.properties.connection }),
    answer: CoverageAnswer,
    async handle({ query }, { scope }: RouteContext<Tx>) {
      return { items: await coverageOf({ store, coverage }, scope, query.connection === undefined ? undefined : await findConnection(scope, query.connection)) };
    },
  });
}

function treeRoute(deps: AccessRouteDeps): Route<Tx> {
  return defineRoute({
    method: "GET",
    path: `${BASE}/tree`,
    summary: "Scopes a level at a time, with how many hold a role on each",
    permission: "access.read",
    audit: unaudited(Reading),
    query: ScopeTreeQuery,
    answer: accessList(ScopeTreeNode),
    async handle({ query }, { scope }: RouteContext<Tx>) {
      const only = query.connection === undefined ? undefined : await deps.findConnection(scope, query.connection);
      const within = await narrowed(deps, scope, query.tenant);
      const { connection, parent, place } = await treeStart(deps, within, only, query);
      const limit = query.limit ?? DEFAULT_PAGE;
      const items: Static<typeof ScopeTreeNode>[] = [];
      let next: string | null = null;
      // Where the trees of several connections begin is a list of few, one connection after the other.
      for (const one of connection === undefined ? await connectionsOf(deps.store.read, within) : [connection]) {
        if (place !== null && one < place.connection) continue;
        if (items.length === limit) {
          next = JSON.stringify([one, "", "", ""]);
          break;
        }
        const page = await scopesBelow(deps.store, within, one, parent, { after: place?.connection === one ? place.after : null, limit: limit - items.length });
        items.push(...page.items.map(({ scope: found, holders, below }) => ({ ...scopeView(found), holders: holders === null ? null : { ...holders }, below: { ...below } })));
        if (page.next !== null) {
          next = JSON.stringify([one, ...page.next]);
          break;
        }
      }
      return { items, next, coverage: await coverageOf(deps, within, only) };
    },
  });
}

interface TreeStart {
  readonly connection: ConnectionId | undefined;
  readonly parent: ScopeRef | null;
  readonly place: { readonly connection: string; readonly after: TreePlace } | null;
}

async function treeStart({ store }: AccessRouteDeps, scope: TenantScope, only: ConnectionId | undefined, { parent, after }: Static<typeof ScopeTreeQuery>): Promise<TreeStart> {
  const [of, rank, name, id] = after === undefined ? [] : placeOf(after, 4);
  const place = of === undefined || rank === undefined || name === undefined || id === undefined ? null : { connection: of, after: [rank, name, id] as const };
  if (parent === undefined) return { connection: only, parent: null, place };
  const [single, second] = only === undefined ? await connectionsOf(store.read, scope) : [only];
  if (second !== undefined) throw new Fault("CONFIG_INVALID", "An id is of one connection, and there are several.", { cure: "Name it with query/connection." });
  const at = parent.indexOf(":");
  return { connection: single, parent: { kind: parent.slice(0, at) as ScopeKind, id: parent.slice(at + 1) }, place };
}

/** Of the tenant named alone. */
export async function narrowed({ store, findTenant }: Pick<AccessRouteDeps, "store" | "findTenant">, scope: TenantScope, tenant: string | undefined): Promise<TenantScope> {
  return tenant === undefined ? scope : { all: false, tenants: [await findTenant(store.read, scope, tenant)] };
}

/** Of the connection named, or of all that the scope has anything of. */
export async function coverageOf({ store, coverage }: Pick<AccessRouteDeps, "store" | "coverage">, scope: TenantScope, connection: ConnectionId | undefined): Promise<AccessCoverage[]> {
  const all: AccessCoverage[] = [];
  for (const one of connection === undefined ? await connectionsOf(store.read, scope) : [connection]) all.push(await coverage(store.read, one, scope));
  return all;
}

interface Listed<Row extends object, View> {
  readonly from: ReturnType<typeof sql>;
  readonly columns: ReturnType<typeof sql>;
  readonly key: readonly (keyof Row & string)[];
  /** Folded columns in which part of a name is looked for. */
  readonly searched?: readonly (keyof Row & string)[];
  readonly view: (row: Row) => View;
}

async function pageOf<Row extends object, View>(deps: AccessRouteDeps, listed: Listed<Row, View>, { connection, tenant, after, text, limit = DEFAULT_PAGE }: Static<typeof AccessSearchQuery>, seen: TenantScope): Promise<{ items: View[]; next: string | null; coverage: AccessCoverage[] }> {
  const only = connection === undefined ? undefined : await deps.findConnection(seen, connection);
  const scope = await narrowed(deps, seen, tenant);
  const { rows, reached } = await rowsOf(deps.store.read, listed, { scope, only, text: fold(text ?? null), after: after === undefined ? null : placeOf(after, listed.key.length), limit: limit + 1 }, deps.lookedAt);
  const shown = rows.slice(0, limit);
  const [last] = shown.slice(-1);
  const goesOn = rows.length > limit && last !== undefined ? listed.key.map((name) => last[name]) : reached;
  return { items: shown.map((row) => listed.view(row)), next: goesOn === null ? null : JSON.stringify(goesOn), coverage: await coverageOf(deps, scope, only) };
}

interface Wanted {
  readonly scope: TenantScope;
  readonly only: ConnectionId | undefined;
  /** Folded. */
  readonly text: string | null;
  readonly after: readonly string[] | null;
  readonly limit: number;
}

/** No index finds part of a name: so many are looked at for one answer, and a hundred thousand people are gone through in several. */
const LOOKED_AT = 20_000;

/**
 * Whoever sees some tenants only is answered connection by connection: those of others are passed over in an index, not row by row. `reached`: the key up to which a name
 * was looked for where there is more behind it.
 */
async function rowsOf<Row extends object, View>(db: Database, { from, columns, key, searched = [] }: Listed<Row, View>, { scope, only, text, after, limit }: Wanted, lookedAt = LOOKED_AT): Promise<{ readonly rows: readonly Row[]; readonly reached: readonly unknown[] | null }> {
  const order = sql.join(key.map((name) => sql.ref(`t.${name}`)));
  const behind = after === null ? sql`` : sql`AND (${order}) > (${sql.join([...after])})`;
  const like = `%${(text ?? "").replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  const named = text === null ? sql`` : sql`AND (${sql.join(searched.map((name) => sql`${sql.ref(`t.${name}`)} LIKE ${like} ESCAPE '\\'`), sql` OR `)})`;
  const rows: Row[] = [];
  for (const connection of only === undefined ? (scope.all ? [null] : await connectionsOf(db, scope)) : [only]) {
    const within = connection === null ? sql`` : sql`AND t.connection_id = ${connection}`;
    const visible = sql`${withinScope(scope, "t.tenant_id")} ${within}`;
    const [end] = text === null ? [] : (await sql<Row>`SELECT ${order} FROM ${from} WHERE ${visible} ${behind} ORDER BY ${order} LIMIT 1 OFFSET ${lookedAt - 1}`.execute(db)).rows;
    const reached = end === undefined ? null : key.map((name) => end[name]);
    const before = reached === null ? sql`` : sql`AND (${order}) <= (${sql.join(reached)})`;
    const page = await sql<Row>`SELECT ${columns} FROM ${from} WHERE ${visible} ${named} ${behind} ${before} ORDER BY ${order} LIMIT ${limit - rows.length}`.execute(db);
    rows.push(...page.rows);
    if (rows.length === limit || reached !== null) return { rows, reached };
  }
  return { rows, reached: null };
}

/** A page's `next` is the key of its last row. */
export function placeOf(after: string, parts: number): readonly string[] {
  let place: unknown = null;
  try {
    place = JSON.parse(after);
  } catch {
    place = null;
  }
  if (!Array.isArray(place) || place.length !== parts || !place.every((part) => typeof part === "string")) throw wrongPlace();
  return place;
}
