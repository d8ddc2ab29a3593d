/** Graphs for the proofs of exports: random ones, odd on purpose, and what each of them says. */
import fc from "fast-check";
import type { AccessCoverage } from "../../src/kernel/access-api.ts";
import type { GraphSource } from "../../src/access/export/source.ts";
import { SCOPE_KINDS, type AccessRole, type Binding, type Principal, type PrincipalFacts, type Scope, type ScopeRef } from "../../src/access/model.ts";

export const CONNECTION = "con_01";
export const TENANT = "ten_01";
export const READ_AT = Date.UTC(2026, 2, 1, 12);

export interface Graph {
  readonly principals: readonly Principal[];
  readonly scopes: readonly Scope[];
  readonly roles: readonly AccessRole[];
  readonly bindings: readonly Binding[];
}

export const NO_FACTS: PrincipalFacts = {
  name: null, email: null, description: null, source: null, status: "unknown", level: null, twoFaEnabled: null, twoFaStatus: null, twoFaMethod: null, emailVerified: null, isSystem: null,
  canGenerateApiToken: null, allowRemoteShell: null, createdAt: null, firstLogin: null, lastUsed: null, token: null, createdBy: null,
};

export function sourceOf(graph: Graph, reversed = false): GraphSource {
  async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
    yield* reversed ? items.toReversed() : items;
  }
  return { principals: () => each(graph.principals), scopes: () => each(graph.scopes), roles: () => each(graph.roles), bindings: () => each(graph.bindings) };
}

export function coverage(over: Partial<AccessCoverage["streams"][number]> = {}): readonly AccessCoverage[] {
  const streams = ["accounts", "sites", "groups", "roles", "users", "service-users"].map((stream) => ({ stream, readTo: new Date(READ_AT).toISOString(), state: "complete" as const, reason: null, ...(over.stream === stream ? over : {}) }));
  return [{ connection: CONNECTION, name: "emea", complete: over.stream === undefined, streams, notes: over.stream === undefined ? [] : [`${over.stream}: ${over.reason ?? "?"}`] }];
}

export function assignments(graph: Graph): readonly string[] {
  return [...new Set(graph.bindings.map(({ principal, role, scope }) => JSON.stringify([principal.kind, principal.id, role, scope.kind, scope.id])))].toSorted();
}

/** Those of listed scopes; one that is only named has none. */
export function parents(graph: Graph): readonly string[] {
  return graph.scopes.map(({ kind, id, parent }) => JSON.stringify([kind, id, parent?.kind ?? null, parent?.id ?? null])).toSorted();
}

/** Everybody who holds a role on a scope or above it. */
export function effective(graph: Graph): readonly string[] {
  const below = (top: ScopeRef): readonly ScopeRef[] => [top, ...graph.scopes.filter(({ parent }) => parent?.kind === top.kind && parent.id === top.id).flatMap((child) => below(child))];
  return [...new Set(graph.bindings.flatMap(({ principal, role, scope }) => below(scope).map((at) => JSON.stringify([principal.kind, principal.id, role, at.kind, at.id]))))].toSorted();
}

const hostile = fc.constantFrom('=HYPERLINK("http://x","y")', "@SUM(A1)", 'a "quoted", name', "line\r\nbreak", "‮gnp.exe", "\\N{}\\l", "<b>&amp;", "%3A:%:", "\u0000null", "\ud800", "", "名前 🦊");
const name = fc.oneof(fc.string({ maxLength: 30, unit: "grapheme" }), hostile, fc.constantFrom("x".repeat(1500), "𠮷".repeat(400)));
const digits = fc.bigInt({ min: 100_000_000_000_000_000n, max: 999_999_999_999_999_999n }).map(String);
const time = fc.date({ min: new Date("2015-01-01"), max: new Date("2027-01-01"), noInvalidDate: true }).map((date) => date.toISOString());
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

const facts: fc.Arbitrary<PrincipalFacts> = fc.record({
  name: maybe(name), email: maybe(fc.oneof(fc.emailAddress(), hostile)), description: maybe(name), source: maybe(fc.constantFrom("local", "sso", "active-directory", "odd")),
  status: fc.constantFrom("active", "never-signed-in", "unverified", "unknown"), level: maybe(fc.constantFrom(...SCOPE_KINDS)), twoFaEnabled: maybe(fc.boolean()), twoFaStatus: maybe(name),
  twoFaMethod: maybe(name), emailVerified: maybe(fc.boolean()), isSystem: maybe(fc.boolean()), canGenerateApiToken: maybe(fc.boolean()), allowRemoteShell: maybe(fc.boolean()),
  createdAt: maybe(time), firstLogin: maybe(time), lastUsed: maybe(time), token: maybe(fc.record({ createdAt: maybe(time), expiresAt: maybe(time) })),
  createdBy: maybe(fc.record({ id: maybe(digits), name: maybe(name) })),
});

/** Trees of any shape the console may show: levels left out, scopes nobody lists, roles and principals without bindings, users on many scopes. */
export function graphs(ids: fc.Arbitrary<string> = digits): fc.Arbitrary<Graph> {
  return fc
    .record({
      scopes: fc.uniqueArray(fc.record({ id: ids, level: fc.nat(3), up: fc.nat(50), orphan: fc.boolean(), name: maybe(name), state: maybe(fc.constantFrom("active", "expired", "deleted")), inferred: fc.boolean() }), { selector: ({ id, level }) => `${String(level)} ${id}`, maxLength: 14 }),
      roles: fc.uniqueArray(fc.record({ id: fc.oneof(ids, name.map((text) => `name:${text.toWellFormed()}`)), name, description: maybe(name), predefined: maybe(fc.boolean()), permissions: maybe(fc.array(fc.string(), { maxLength: 4 })) }), { selector: ({ id }) => id, maxLength: 6 }),
      principals: fc.uniqueArray(fc.record({ kind: fc.constantFrom("user" as const, "service-user" as const), id: ids, facts, unread: fc.nat(2) }), { selector: ({ kind, id }) => `${kind} ${id}`, maxLength: 10 }),
      holds: fc.array(fc.record({ who: fc.nat(50), what: fc.nat(50), where: fc.nat(50), absent: fc.boolean(), doubted: fc.boolean(), unlisted: fc.option(ids, { nil: null, freq: 8 }) }), { maxLength: 40 }),
    })
    .map(({ scopes, roles, principals, holds }): Graph => {
      const ordered = scopes.toSorted((a, b) => a.level - b.level);
      const kindOf = (level: number) => SCOPE_KINDS[level] ?? "group";
      const listed = ordered.map((one): Scope => {
        const above = ordered.filter(({ level }) => level < one.level);
        const parent = one.orphan ? undefined : above[one.up % Math.max(1, above.length)];
        return { connection: CONNECTION, tenant: TENANT, kind: kindOf(one.level), id: one.id, parent: parent === undefined ? null : { kind: kindOf(parent.level), id: parent.id }, name: one.name, state: one.state, inferred: one.inferred };
      });
      const known = roles.map((role): AccessRole => ({ connection: CONNECTION, tenant: TENANT, scope: null, inferred: false, ...role }));
      const people = principals.map((one): Principal => ({ connection: CONNECTION, tenant: TENANT, ...one }));
      const bindings = new Map<string, Binding>();
      for (const { who, what, where, absent, doubted, unlisted } of holds) {
        const [principal, role, scope] = [people[who % Math.max(1, people.length)], known[what % Math.max(1, known.length)], listed[where % Math.max(1, listed.length)]];
        if (principal === undefined || (role === undefined && unlisted === null) || (scope === undefined && unlisted === null)) continue;
        const at: ScopeRef = scope === undefined || (unlisted !== null && where % 2 === 0) ? { kind: "site", id: unlisted ?? "" } : { kind: scope.kind, id: scope.id };
        const held = role === undefined || (unlisted !== null && where % 2 === 1) ? (unlisted ?? "") : role.id;
        const binding: Binding = { connection: CONNECTION, tenant: TENANT, principal: { kind: principal.kind, id: principal.id }, role: held, scope: at, seenAt: READ_AT, absentAt: absent ? READ_AT - 60_000 : null, doubtedAt: doubted ? READ_AT : null };
        bindings.set(JSON.stringify([binding.principal, binding.role, binding.scope]), binding);
      }
      return { principals: people, scopes: listed, roles: known, bindings: [...bindings.values()] };
    });
}
