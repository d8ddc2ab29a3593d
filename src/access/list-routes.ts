/** HTTP routes that list what the graph holds, and say what it rests on. */
import { sql } from "kysely";
import { type AccessCoverage, accessList, AccessListQuery, AccessRoleView, BindingView, CoverageAnswer, PrincipalView, ScopeView } from "../kernel/access-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import type { Static, TSchema } from "typebox";
import Type from "typebox";
import { connectionsOf, bindingFrom, principalFrom, roleFrom, scopeFrom } from "./graph.ts";
import type { AccessRouteDeps } from "./routes.ts";
import type { BindingRow, PrincipalRow, RoleRow, ScopeRow } from "./tables.ts";
import { principalView, roleView, scopeView, sinceView } from "./views.ts";

const BASE = "/api/v1/access";
const Reading = "reads only";
const DEFAULT_PAGE = 100;

type NamedBinding = BindingRow & { readonly principal_name: string | null; readonly email: string | null; readonly principal_created: string | null; readonly role_name: string | null; readonly scope_name: string | null };

export function listRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  return [
    coverageRoute(deps),
    list(deps, "principals", "Users and service users", PrincipalView, { from: sql`access_principals AS t`, columns: sql`t.*`, key: ["connection_id", "kind", "id"], view: (row: PrincipalRow) => principalView(principalFrom(row)) }),
    list(deps, "scopes", "Scopes: the console as a whole, accounts, sites, groups", ScopeView, { from: sql`access_scopes AS t`, columns: sql`t.*`, key: ["connection_id", "kind", "id"], view: (row: ScopeRow) => scopeView(scopeFrom(row)) }),
    list(deps, "roles", "Roles with what they permit, those that nobody holds among them", AccessRoleView, { from: sql`access_roles AS t`, columns: sql`t.*`, key: ["connection_id", "id"], view: (row: RoleRow) => roleView(roleFrom(row)) }),
    list(deps, "bindings", "Who holds which role on which scope, as the console states it", BindingView, {
      from: sql`access_bindings AS t
        LEFT JOIN access_principals AS p ON p.connection_id = t.connection_id AND p.kind = t.principal_kind AND p.id = t.principal_id
        LEFT JOIN access_roles AS r ON r.connection_id = t.connection_id AND r.id = t.role_id
        LEFT JOIN access_scopes AS s ON s.connection_id = t.connection_id AND s.kind = t.scope_kind AND s.id = t.scope_id`,
      columns: sql`t.*, p.facts ->> 'name' AS principal_name, p.facts ->> 'email' AS email, p.facts ->> 'createdAt' AS principal_created, r.name AS role_name, s.name AS scope_name`,
      key: ["connection_id", "principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"],
      view: bindingView,
    }),
  ];
}

function bindingView(row: NamedBinding): BindingView {
  const { connection, tenant, principal, role, scope, ...since } = bindingFrom(row);
  return { connection, tenant, principal: { ...principal, name: row.principal_name, email: row.email }, role: { id: role, name: row.role_name ?? role }, scope: { ...scope, name: row.scope_name }, since: sinceView(since, { createdAt: row.principal_created }) };
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

/** Of the connection named, or of all that the scope has anything of. */
export async function coverageOf({ store, coverage }: Pick<AccessRouteDeps, "store" | "coverage">, scope: TenantScope, connection: ConnectionId | undefined): Promise<AccessCoverage[]> {
  const all: AccessCoverage[] = [];
  for (const one of connection === undefined ? await connectionsOf(store.read, scope) : [connection]) all.push(await coverage(store.read, one, scope));
  return all;
}

interface Listed<Row, View> {
  readonly from: ReturnType<typeof sql>;
  readonly columns: ReturnType<typeof sql>;
  readonly key: readonly (keyof Row & string)[];
  readonly view: (row: Row) => View;
}

function list<Row, View, S extends TSchema>(deps: AccessRouteDeps, noun: string, summary: string, item: S, listed: Listed<Row, View & Static<S>>): Route<Tx> {
  const { store } = deps;
  const key = sql.join(listed.key.map((name) => sql.ref(`t.${name}`)));
  return defineRoute({
    method: "GET",
    path: `${BASE}/${noun}`,
    summary,
    permission: "access.read",
    audit: unaudited(Reading),
    query: AccessListQuery,
    answer: accessList(item),
    async handle({ query: { connection, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
      const only = connection === undefined ? undefined : await deps.findConnection(scope, connection);
      const place = after === undefined ? null : placeOf(after, listed.key.length);
      const { rows } = await sql<Row>`
        SELECT ${listed.columns} FROM ${listed.from}
        WHERE ${withinScope(scope, "t.tenant_id")} ${only === undefined ? sql`` : sql`AND t.connection_id = ${only}`} ${place === null ? sql`` : sql`AND (${key}) > (${sql.join([...place])})`}
        ORDER BY ${key} LIMIT ${limit + 1}`.execute(store.read);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map((row) => listed.view(row)),
        next: rows.length > limit && last !== undefined ? JSON.stringify(listed.key.map((name) => (last as Row)[name])) : null,
        coverage: await coverageOf(deps, scope, only),
      } as never;
    },
  });
}

/** A page's `next` is the key of its last row. */
export function placeOf(after: string, parts: number): readonly string[] {
  let place: unknown = null;
  try {
    place = JSON.parse(after);
  } catch {
    place = null;
  }
  if (!Array.isArray(place) || place.length !== parts || !place.every((part) => typeof part === "string")) throw new Fault("CONFIG_INVALID", "query/after is not what an earlier page gave as `next`.");
  return place;
}
