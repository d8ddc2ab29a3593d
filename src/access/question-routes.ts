/** HTTP routes of the three questions: who reaches a scope, what a principal reaches, and why. Each answer says what it rests on and what it may lack. */
import type { Static } from "typebox";
import { WhatAnswer, WhatQuery, WhoAnswer, WhoQuery, WhyAnswer, WhyQuery } from "../kernel/access-api.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { AccessChangeActor } from "../kernel/access-risk-api.ts";
import { notFound } from "../kernel/reference.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { actorsOf } from "./actors.ts";
import { chainOf, countHeld, countHolders, EVERY_ROLE, heldBy, heldWithin, holdersOf, reachOf, rolesThatCan, wholeReach, type Chain, type HeldPlace, type Holder, type HolderPlace, type RoleFilter } from "./effective.ts";
import { placeOf } from "./list-routes.ts";
import { findPrincipal, findRoles, findScope, otherRoles } from "./lookup.ts";
import type { Binding, Principal, Scope } from "./model.ts";
import { resolvePermission } from "./permission-words.ts";
import type { AccessRouteDeps } from "./routes.ts";
import { tables } from "./tables.ts";
import { principalView, sinceView } from "./views.ts";

const BASE = "/api/v1/access";
const Reading = "reads only";
const DEFAULT_PAGE = 100;

export function questionRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  return [whoRoute(deps), whatRoute(deps), whyRoute(deps)];
}

function whoRoute(deps: AccessRouteDeps): Route<Tx> {
  const { store, coverage } = deps;
  return defineRoute({
    method: "GET",
    path: `${BASE}/who`,
    summary: "Who holds a role that reaches a scope, there or on what it lies in",
    permission: "access.read",
    audit: unaudited(Reading),
    query: WhoQuery,
    answer: WhoAnswer,
    async handle({ query }, { scope }: RouteContext<Tx>) {
      const asked = await findScope(store, scope, query.scope, await connectionOf(deps, scope, query.connection));
      const connection = asked.connection as ConnectionId;
      const chain = await chainOf(store.read, asked);
      const permission = query.can === undefined ? null : { asked: query.can, id: await resolvePermission(store.read, connection, query.can) };
      const roles = await filterOf(deps, scope, connection, permission?.id ?? null, query.role);
      const after = query.after === undefined ? null : holderPlace(query.after);
      const { items, next } = await holdersOf(store, scope, chain, roles, { after, limit: query.limit ?? DEFAULT_PAGE });
      return {
        ...chainView(chain),
        permission,
        items: items.map((holder) => whoRow(chain, roles, permission !== null, holder)),
        ...(await countHolders(store, scope, chain, roles)),
        next: next === null ? null : JSON.stringify(next),
        notes: [...chainNotes(chain), ...mayNotes(roles)],
        coverage: await coverage(store.read, connection, scope),
      };
    },
  });
}

function holderPlace(after: string): HolderPlace {
  const place = placeOf(after, 5) as HolderPlace;
  if (!/^[0-3]$/.test(place[0])) throw wrongPlace();
  return place;
}

async function connectionOf(deps: AccessRouteDeps, scope: TenantScope, reference: string | undefined): Promise<ConnectionId | undefined> {
  return reference === undefined ? undefined : deps.findConnection(scope, reference);
}

async function filterOf({ store }: AccessRouteDeps, scope: TenantScope, connection: ConnectionId, permission: string | null, role: string | undefined): Promise<RoleFilter> {
  const can = permission === null ? EVERY_ROLE : await rolesThatCan(store.read, connection, permission);
  if (role === undefined) return can;
  const found = await findRoles(store, scope, connection, role);
  if (found.length === 0) throw notFound("role", "vedette access list roles", await otherRoles(store, scope, connection, role));
  return { ...can, ids: found.map(({ id }) => id).filter((id) => can.ids === null || can.ids.includes(id)) };
}

function scopeName({ kind, id, name }: Scope) {
  return { kind, id, name };
}

function chainView({ scopes: [first, ...rest], whole }: Chain): Pick<Static<typeof WhoAnswer>, "scope" | "lies" | "ancestorsKnown"> {
  if (first === undefined) throw new Fault("INTERNAL", "A scope has no chain.");
  return { scope: { connection: first.connection, ...scopeName(first) }, lies: rest.map(scopeName), ancestorsKnown: whole };
}

function whoRow(chain: Chain, roles: RoleFilter, asked: boolean, { binding, facts, roleName, level }: Holder): Static<typeof WhoAnswer>["items"][number] {
  return {
    principal: { ...binding.principal, name: facts?.name ?? null, email: facts?.email ?? null, status: facts?.status ?? null, twoFaEnabled: facts?.twoFaEnabled ?? null, source: facts?.source ?? null },
    role: { id: binding.role, name: roleName },
    grants: asked ? (roles.may.has(binding.role) ? "may" : "yes") : null,
    via: level === 0 ? "direct" : "inherited",
    path: chain.scopes.slice(0, level + 1).toReversed().map(scopeName),
    since: sinceView(binding, facts),
  };
}

function chainNotes({ scopes, whole }: Chain): readonly string[] {
  const [first] = scopes;
  if (whole || first === undefined) return [];
  const missing = first.kind === "group" && !scopes.some(({ kind }) => kind === "site") ? "site and account" : "account";
  return [`what ${missing} this ${first.kind} lies in is not known: whoever holds a role there reaches it too, and is not shown`];
}

function mayNotes({ ids, may }: RoleFilter): readonly string[] {
  const unread = [...may].filter((id) => ids === null || ids.includes(id)).length;
  return unread === 0 ? [] : [`what ${String(unread)} role${unread === 1 ? " permits" : "s permit"} could not be read: whoever holds one may be able to`];
}

function whatRoute(deps: AccessRouteDeps): Route<Tx> {
  const { store, coverage } = deps;
  return defineRoute({
    method: "GET",
    path: `${BASE}/what`,
    summary: "What a user or service user holds, and what that covers",
    permission: "access.read",
    audit: unaudited(Reading),
    query: WhatQuery,
    answer: WhatAnswer,
    async handle({ query }, { scope }: RouteContext<Tx>) {
      const principal = await findPrincipal(store, scope, query.principal, await connectionOf(deps, scope, query.connection));
      const connection = principal.connection as ConnectionId;
      const after = query.after === undefined ? null : (placeOf(query.after, 3) as HeldPlace);
      const { items, next } = await heldBy(store, principal, { after, limit: query.limit ?? DEFAULT_PAGE });
      const reach = await reachOf(store, scope, connection, items.map(({ binding }) => binding.scope));
      const roles = new Map(items.map(({ binding, roleName, permissions }) => [binding.role, { id: binding.role, name: roleName, permissions: permissions === null ? null : [...permissions] }]));
      return {
        principal: principalView(principal),
        items: items.map(({ binding, roleName, scopeName: name }) => ({ role: { id: binding.role, name: roleName }, scope: { ...binding.scope, name }, since: sinceView(binding, principal.facts), covers: reach(binding.scope) })),
        covers: await wholeReach(store, scope, principal),
        roles: [...roles.values()],
        total: await countHeld(store.read, principal),
        next: next === null ? null : JSON.stringify(next),
        notes: [...unreadNotes(principal), ...principalNotes([...roles.values()])],
        coverage: await coverage(store.read, connection, scope),
      };
    },
  });
}

function unreadNotes({ unread }: Principal): readonly string[] {
  return unread === 0 ? [] : ["not all that the console says of its roles could be read: it may hold more than is shown"];
}

function principalNotes(roles: readonly { readonly name: string; readonly permissions: readonly string[] | null }[]): string[] {
  const unread = roles.filter(({ permissions }) => permissions === null);
  return unread.length === 0 ? [] : [`what ${unread.map(({ name }) => name).join(", ")} permits could not be read`];
}

function whyRoute(deps: AccessRouteDeps): Route<Tx> {
  const { store, coverage } = deps;
  return defineRoute({
    method: "GET",
    path: `${BASE}/why`,
    summary: "Why a user or service user has a role, or a permission, on a scope: every path, step by step",
    permission: "access.read",
    audit: unaudited(Reading),
    query: WhyQuery,
    answer: WhyAnswer,
    async handle({ query }, { scope }: RouteContext<Tx>) {
      const only = await connectionOf(deps, scope, query.connection);
      const principal = await findPrincipal(store, scope, query.principal, only);
      const connection = principal.connection as ConnectionId;
      const chain = await chainOf(store.read, await findScope(store, scope, query.scope, connection));
      const named = await findRoles(store, scope, connection, query.role);
      const permission = named.length > 0 ? null : { asked: query.role, id: await resolvePermission(store.read, connection, query.role, () => otherRoles(store, scope, connection, query.role)) };
      const roles: RoleFilter = permission === null ? { ids: named.map(({ id }) => id), may: new Set() } : await rolesThatCan(store.read, connection, permission.id);
      const held = await heldWithin(store, principal, chain);
      const paths: Static<typeof WhyAnswer>["paths"] = [];
      for (const { binding, roleName, level } of held) {
        if (roles.ids?.includes(binding.role) !== true) continue;
        const role = { id: binding.role, name: roleName };
        const down = chain.scopes.slice(0, level + 1).toReversed();
        paths.push({
          role,
          grants: permission === null ? null : roles.may.has(binding.role) ? "may" : "yes",
          steps: [
            { step: "holds", role, scope: down[0] === undefined ? { ...binding.scope, name: null } : scopeName(down[0]), since: sinceView(binding, principal.facts), by: await givenBy(deps, binding) },
            ...down.slice(1).map((contained, place) => ({ step: "contains" as const, scope: scopeName(down[place] ?? contained), contains: scopeName(contained) })),
          ],
        });
      }
      const instead = held.filter(({ binding }) => roles.ids?.includes(binding.role) !== true);
      return {
        principal: { kind: principal.kind, id: principal.id, name: principal.facts.name, email: principal.facts.email },
        asked: { role: query.role, permission },
        ...chainView(chain),
        holds: verdictOf(paths, principal),
        paths,
        notes: [...chainNotes(chain), ...unreadNotes(principal), ...(paths.length > 0 || instead.length === 0 ? [] : [`holds there instead: ${[...new Set(instead.map(({ roleName }) => roleName))].join(", ")}`])],
        coverage: await coverage(store.read, connection, scope),
      };
    },
  });
}

/** Whose record could not be read whole may hold it, for all we know. */
function verdictOf(paths: Static<typeof WhyAnswer>["paths"], { unread }: Principal): Static<typeof WhyAnswer>["holds"] {
  if (paths.length === 0) return unread === 0 ? "no" : "may";
  return paths.every(({ grants }) => grants === "may") ? "may" : "yes";
}

/** Of a binding that was seen arriving: who gave it, as far as the console's log says. Null for one that was there before. */
async function givenBy({ store, clock }: AccessRouteDeps, { connection, principal, role, scope }: Binding): Promise<AccessChangeActor | null> {
  const row = await tables(store.read)
    .selectFrom("access_changes")
    .selectAll()
    .where("connection_id", "=", connection)
    .where("principal_kind", "=", principal.kind)
    .where("principal_id", "=", principal.id)
    .where("subject", "=", "binding")
    .where("change", "=", "added")
    .where("role_id", "=", role)
    .where("scope_kind", "=", scope.kind)
    .where("scope_id", "=", scope.id)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  return (await actorsOf({ db: store.read, kind: store.kind }, [row], clock.now())).get(Number(row.seq)) ?? null;
}
