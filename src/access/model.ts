/**
 * The nouns of the access graph. A *binding* says that a principal holds a role on a scope: the console states it, nothing is flattened out of it.
 * Whatever follows from bindings (a role on an account holds on its sites and groups) is worked out when asked and never stored.
 */

export type PrincipalKind = "user" | "service-user";

/** The vendor's levels from the widest to the narrowest; its "tenant" is our `global`. */
export const SCOPE_KINDS = ["global", "account", "site", "group"] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

/** Ids are unique within a connection only. */
export interface PrincipalRef {
  readonly kind: PrincipalKind;
  readonly id: string;
}

export interface ScopeRef {
  readonly kind: ScopeKind;
  readonly id: string;
}

/** Of an API token the console gives dates and nothing else. RFC 3339 UTC; null where the console does not say. */
export interface TokenDates {
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
}

/** What is known of a principal beside its bindings. Every `null` means that the console did not say; times are RFC 3339 UTC. */
export interface PrincipalFacts {
  readonly name: string | null;
  readonly email: string | null;
  readonly description: string | null;
  /** How a user signs in; `service` for service users. A source never seen before is kept as the console wrote it. */
  readonly source: "local" | "sso" | "active-directory" | "global" | "service" | (string & {}) | null;
  /** `never-signed-in`: invited and never came. `unverified`: the e-mail address was not confirmed. Consoles say nothing of disabled users. */
  readonly status: "active" | "never-signed-in" | "unverified" | "unknown";
  readonly level: ScopeKind | null;
  readonly twoFaEnabled: boolean | null;
  readonly twoFaStatus: string | null;
  readonly twoFaMethod: string | null;
  readonly emailVerified: boolean | null;
  readonly isSystem: boolean | null;
  readonly canGenerateApiToken: boolean | null;
  readonly allowRemoteShell: boolean | null;
  /** `dateJoined` of a user, `createdAt` of a service user. */
  readonly createdAt: string | null;
  readonly firstLogin: string | null;
  /** `lastLogin` of a user, `lastActivation` of a service user. Moves with every use: never a change of access. */
  readonly lastUsed: string | null;
  /** Null: it has none. */
  readonly token: TokenDates | null;
  /** Of a service user. */
  readonly createdBy: { readonly id: string | null; readonly name: string | null } | null;
}

export interface Principal extends PrincipalRef {
  readonly connection: string;
  readonly tenant: string;
  readonly facts: PrincipalFacts;
  /** Of what the console says it holds, how much could not be read as a role on a scope: it may hold more than its bindings. */
  readonly unread: number;
}

export interface Scope extends ScopeRef {
  readonly connection: string;
  readonly tenant: string;
  /** Null of the global scope, and of one whose parent the token may not see. */
  readonly parent: ScopeRef | null;
  readonly name: string | null;
  /** As the console calls it (`active`, `expired`, `deleted`), or null. */
  readonly state: string | null;
  /** Known only because somebody holds a role there: the listing that has it could not be read, or does not show it. */
  readonly inferred: boolean;
}

export interface AccessRole {
  readonly connection: string;
  readonly tenant: string;
  /** The console's id; `name:<role name>` where a binding names a role without one. */
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly predefined: boolean | null;
  /** Where the role is defined. */
  readonly scope: ScopeRef | null;
  /** `Page.permission`, sorted; null where they could not be read. */
  readonly permissions: readonly string[] | null;
  readonly inferred: boolean;
}

/** A principal holds a role on a scope because the console says so. */
export interface Binding {
  readonly connection: string;
  readonly tenant: string;
  readonly principal: PrincipalRef;
  readonly role: string;
  readonly scope: ScopeRef;
  /** When it was first seen here, ms. */
  readonly seenAt: number;
  /** The last moment at which it was proven not to be there, ms; null: it was there when this console was first read, and may be as old as the principal. */
  readonly absentAt: number | null;
  /** Set where the console stopped stating it in a loss so large that a second reading has to agree, ms. It counts until then. */
  readonly doubtedAt: number | null;
}
