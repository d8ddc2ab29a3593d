/**
 * What a `.c1z` says of the graph. Tenant, account, site and group are resources with the parents the console states; a role on a scope is a *scope binding* of its own
 * with one entitlement, so that a grant says who holds which role where. A role holds below its scope too: each scope binding grants itself to the same role one
 * level down, as an expandable grant, and readers work out the rest. Machine identities are no people, and API tokens are secrets of whoever they act for.
 */
import { createHash } from "node:crypto";
import type { AccessRole, PrincipalFacts, PrincipalKind, ScopeKind, ScopeRef } from "../model.ts";
import {
  ACCOUNT,
  appTrait,
  grantExpandable,
  grantMetadata,
  roleTrait,
  scopeBindingTrait,
  secretTrait,
  SKIP_ENTITLEMENTS_AND_GRANTS,
  STATUS,
  TRAIT,
  userTrait,
  type Annotation,
  type Entitlement,
  type Grant,
  type Resource,
  type ResourceId,
  type ResourceType,
  type Struct,
} from "./c1z-messages.ts";

const SCOPE_TYPES = { global: "tenant", account: "account", site: "site", group: "group" } as const satisfies Record<ScopeKind, string>;
const PRINCIPAL_TYPES = { user: "user", "service-user": "service_user" } as const satisfies Record<PrincipalKind, string>;
const ROLE = "role";
const BINDING = "scope_binding";
const TOKEN = "api_token";
const SLUG = "assigned";
/** Four of them, and what stands between, make the id of a grant, which is at most 1,024 bytes. */
const MAX_PART_BYTES = 200;

function type(id: string, name: string, description: string, traits: readonly number[] = [], annotations: readonly Annotation[] = [SKIP_ENTITLEMENTS_AND_GRANTS]): ResourceType {
  return { id, name, description, traits, annotations };
}

const USER = type("user", "User", "A person who signs in to the console.", [TRAIT.user]);
const SERVICE_USER = type("service_user", "Service user", "A machine identity of the console; it acts by its API token alone.", [TRAIT.app]);
const SCOPE_BINDING = type(BINDING, "Role on a scope", "A role held on one tenant, account, site or group, and below it.", [TRAIT.scopeBinding], []);

/** Sorted by id, as everything in the file. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  type("account", "Account", "An account of the console."),
  type(TOKEN, "API token", "The API token of a user or service user.", [TRAIT.secret]),
  type("group", "Group", "A group of devices within a site."),
  type(ROLE, "Role", "A role of the console, predefined or custom.", [TRAIT.role]),
  SCOPE_BINDING,
  SERVICE_USER,
  type("site", "Site", "A site within an account."),
  type("tenant", "Tenant", "The whole console (its global scope)."),
  USER,
];

/** Whose grants flow down an expandable grant. */
const FLOWING = [SERVICE_USER.id, USER.id] as const;

export function scopeId(scope: ScopeRef): ResourceId {
  return { type: SCOPE_TYPES[scope.kind], id: part(scope.id) };
}

export function principalId(kind: PrincipalKind, id: string): ResourceId {
  return { type: PRINCIPAL_TYPES[kind], id: part(id) };
}

export function roleId(id: string): ResourceId {
  return { type: ROLE, id: part(id) };
}

export function bindingId(role: string, scope: ScopeRef): ResourceId {
  return { type: BINDING, id: [part(role), SCOPE_TYPES[scope.kind], part(scope.id)].map((text) => text.replaceAll("%", "%25").replaceAll(":", "%3A")).join(":") };
}

export function externalId({ type: kind, id }: ResourceId): string {
  return `${kind}:${id}`;
}

export function entitlementId(binding: ResourceId): string {
  return `${externalId(binding)}:${SLUG}`;
}

/** Ids are the console's. One that no reader would take (it is made of a role's name, say) is named by its hash. */
function part(id: string): string {
  const bytes = Buffer.byteLength(id);
  // Escaping a composite id may treble it.
  return bytes > 0 && bytes + 2 * (id.split(/[%:]/).length - 1) <= MAX_PART_BYTES ? id : `sha256-${createHash("sha256").update(id).digest("hex")}`;
}

export interface ScopeFacts extends ScopeRef {
  readonly parent: ScopeRef | null;
  readonly name: string | null;
  readonly state: string | null;
  readonly inferred: boolean;
}

export function scopeResource(scope: ScopeFacts): Resource {
  return {
    id: scopeId(scope),
    parent: scope.parent === null || isSame(scope.parent, scope) ? null : scopeId(scope.parent),
    name: nameOf(scope),
    description: scope.inferred ? "Known by reference only: the listing that has it was not read, or does not show it." : null,
    annotations: [],
    profile: { id: scope.id, level: scope.kind, state: scope.state },
  };
}

export function isSame(one: ScopeRef, other: ScopeRef): boolean {
  return one.kind === other.kind && one.id === other.id;
}

export function nameOf(noun: { readonly name: string | null; readonly id: string }): string {
  return noun.name === null || noun.name === "" ? noun.id : noun.name;
}

type RoleFacts = Pick<AccessRole, "id" | "name" | "description" | "predefined" | "scope" | "permissions">;

export function roleResource(role: RoleFacts): Resource {
  const permissions = role.permissions === null ? {} : { permissions: role.permissions, permission_count: role.permissions.length };
  return {
    id: roleId(role.id),
    parent: role.scope === null ? null : scopeId(role.scope),
    name: nameOf(role),
    description: role.description,
    annotations: [roleTrait({ role_id: role.id, role_name: role.name, predefined: role.predefined, scope_level: role.scope?.kind ?? null, scope_id: role.scope?.id ?? null, ...permissions })],
  };
}

export function principalResource(kind: PrincipalKind, id: string, facts: PrincipalFacts): Resource {
  const profile = profileOf(id, facts);
  const service = kind === "service-user";
  const human = userTrait({
    email: facts.email !== null && EMAIL.test(facts.email) ? facts.email : null,
    login: service ? null : facts.email,
    status: statusOf(facts),
    profile,
    accountType: accountType(kind, facts),
    createdAt: facts.createdAt,
    lastLogin: facts.lastUsed,
    mfa: facts.twoFaEnabled,
    sso: service || facts.source === null ? null : facts.source === "sso",
  });
  // A machine identity is an application to readers; its status and times have a place in the other trait alone, which says that it is no person.
  return { id: principalId(kind, id), parent: null, name: facts.name ?? facts.email ?? id, description: facts.description, annotations: service ? [appTrait(profile), human] : [human], createdAt: facts.createdAt };
}

/** What readers take for an address; anything else stays in the profile. */
const EMAIL = /^[^\s@<>()[\],;:\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/;

function accountType(kind: PrincipalKind, facts: PrincipalFacts): number {
  if (kind === "service-user") return ACCOUNT.service;
  return facts.isSystem === true ? ACCOUNT.system : ACCOUNT.human;
}

/** The console disables nobody: whoever is listed may act, once invited and confirmed. */
function statusOf({ status }: PrincipalFacts): { readonly code: number; readonly details: string | null } {
  if (status === "unknown") return { code: STATUS.unspecified, details: null };
  return { code: STATUS.enabled, details: status === "active" ? null : DETAILS[status] };
}

const DETAILS = { "never-signed-in": "never signed in", unverified: "e-mail address not confirmed" } as const;

function profileOf(id: string, facts: PrincipalFacts): Struct {
  return {
    user_id: id,
    full_name: facts.name,
    email: facts.email,
    description: facts.description,
    source: facts.source,
    status: facts.status,
    scope_level: facts.level,
    two_fa_enabled: facts.twoFaEnabled,
    two_fa_status: facts.twoFaStatus,
    two_fa_method: facts.twoFaMethod,
    email_verified: facts.emailVerified,
    is_system: facts.isSystem,
    can_generate_api_token: facts.canGenerateApiToken,
    allow_remote_shell: facts.allowRemoteShell,
    created_at: facts.createdAt,
    first_login: facts.firstLogin,
    last_used: facts.lastUsed,
    created_by_id: facts.createdBy?.id ?? null,
    created_by_name: facts.createdBy?.name ?? null,
  };
}

/** Null: it has no token. */
export function tokenResource(kind: PrincipalKind, id: string, facts: PrincipalFacts): Resource | null {
  if (facts.token === null) return null;
  const identity = principalId(kind, id);
  return {
    id: { type: TOKEN, id: externalId(identity) },
    parent: null,
    name: `API token of ${facts.name ?? facts.email ?? id}`,
    description: facts.token.expiresAt === null ? "The console does not say when it ends." : null,
    annotations: [secretTrait({ createdAt: facts.token.createdAt, expiresAt: facts.token.expiresAt, identity })],
    createdAt: facts.token.createdAt,
  };
}

/** A role on a scope, and the way it is inherited: `above` is the same role one level up, where somebody holds it there or further up. */
export interface HeldRole {
  readonly role: string;
  readonly roleName: string;
  readonly scope: ScopeRef;
  readonly scopeName: string;
  readonly above: ScopeRef | null;
}

export function bindingResource(held: HeldRole): Resource {
  return {
    ...bareBinding(held),
    annotations: [scopeBindingTrait(roleId(held.role), scopeId(held.scope))],
    profile: { role_id: held.role, role_name: held.roleName, scope_id: held.scope.id, scope_level: held.scope.kind, scope_name: held.scopeName },
  };
}

function bareBinding({ role, roleName, scope, scopeName }: HeldRole): Resource {
  return { id: bindingId(role, scope), parent: scopeId(scope), name: `${roleName} on ${scopeName}`, description: null, annotations: [] };
}

const GRANTABLE_TO = [SCOPE_BINDING, SERVICE_USER, USER];

export function bindingEntitlement(held: HeldRole): Entitlement {
  const resource = bareBinding(held);
  return { resource, id: entitlementId(resource.id), name: resource.name, description: `Holds the role ${held.roleName} on the ${SCOPE_TYPES[held.scope.kind]} ${held.scopeName} and below it.`, slug: SLUG, grantableTo: GRANTABLE_TO };
}

export interface DirectGrant {
  readonly role: string;
  readonly scope: ScopeRef;
  readonly principal: { readonly kind: PrincipalKind; readonly id: string };
  readonly seenAt: number;
  readonly absentAt: number | null;
  readonly doubtedAt: number | null;
}

export function directGrant({ role, scope, principal, seenAt, absentAt, doubtedAt }: DirectGrant): Grant {
  const since = absentAt === null ? { first_seen: time(seenAt), there_at_first_reading: true } : { first_seen: time(seenAt), not_there_at: time(absentAt) };
  return grant(bindingId(role, scope), principalId(principal.kind, principal.id), [grantMetadata({ ...since, ...(doubtedAt === null ? {} : { not_stated_since: time(doubtedAt) }) })]);
}

export function inheritedGrant({ role, scope, above }: HeldRole & { readonly above: ScopeRef }): Grant {
  const from = bindingId(role, above);
  return grant(bindingId(role, scope), from, [grantExpandable([entitlementId(from)], FLOWING)]);
}

function grant(resource: ResourceId, principal: ResourceId, annotations: readonly Annotation[]): Grant {
  const id = entitlementId(resource);
  return { id: `${id}:${externalId(principal)}`, entitlement: { resource, id }, principal, annotations };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
