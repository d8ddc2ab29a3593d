/** Shapes of the access graph in our HTTP API, shared by the routes that answer and the commands that ask. Ids are the console's, unique within a connection. */
import Type, { type Static, type TSchema } from "typebox";
import { AccessChangeActor } from "./access-risk-api.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Flag = Nullable(Type.Boolean());
const Time = Type.String({ description: "RFC 3339, UTC" });
const Name = Type.String({ minLength: 1, maxLength: 400 });

export const ScopeKindName = Type.Enum(["global", "account", "site", "group"]);
export const PrincipalKindName = Type.Enum(["user", "service-user"]);

export const StreamCoverage = Type.Object({
  stream: Text,
  /** Everything that had changed before this is in the graph. */
  readTo: Nullable(Time),
  state: Type.Enum(["complete", "partial", "arriving", "failing", "paused", "never-read", "refused", "not-read"]),
  /** Where it is not complete: why. */
  reason: Nullable(Text),
});
export type StreamCoverage = Static<typeof StreamCoverage>;

/** What an answer rests on. `complete` is false where anything is missing; `notes` says what, in words. */
export const AccessCoverage = Type.Object({ connection: Text, name: Nullable(Text), complete: Type.Boolean(), streams: Type.Array(StreamCoverage), notes: Type.Array(Text) });
export type AccessCoverage = Static<typeof AccessCoverage>;

export const PrincipalView = Type.Object({
  connection: Text,
  tenant: Text,
  kind: PrincipalKindName,
  id: Text,
  name: Nullable(Text),
  email: Nullable(Text),
  description: Nullable(Text),
  source: Nullable(Text),
  status: Type.Enum(["active", "never-signed-in", "unverified", "unknown"]),
  level: Nullable(ScopeKindName),
  twoFaEnabled: Flag,
  twoFaStatus: Nullable(Text),
  twoFaMethod: Nullable(Text),
  emailVerified: Flag,
  isSystem: Flag,
  canGenerateApiToken: Flag,
  allowRemoteShell: Flag,
  createdAt: Nullable(Text),
  firstLogin: Nullable(Text),
  lastUsed: Nullable(Text),
  token: Nullable(Type.Object({ createdAt: Nullable(Text), expiresAt: Nullable(Text) })),
  createdBy: Nullable(Type.Object({ id: Nullable(Text), name: Nullable(Text) })),
  /** Of what the console says it holds, how much could not be read as a role on a scope. */
  unread: Type.Integer({ minimum: 0 }),
});
export type PrincipalView = Static<typeof PrincipalView>;

const ScopeName = Type.Object({ kind: ScopeKindName, id: Text, name: Nullable(Text) });
export const ScopeView = Type.Object({
  connection: Text,
  tenant: Text,
  kind: ScopeKindName,
  id: Text,
  name: Nullable(Text),
  /** Null of the global scope, and where it is not known. */
  parent: Nullable(Type.Object({ kind: ScopeKindName, id: Text })),
  state: Nullable(Text),
  /** Known only because something else names it. */
  inferred: Type.Boolean(),
});
export type ScopeView = Static<typeof ScopeView>;

export const AccessRoleView = Type.Object({
  connection: Text,
  tenant: Text,
  id: Text,
  name: Text,
  description: Nullable(Text),
  predefined: Flag,
  scope: Nullable(Type.Object({ kind: ScopeKindName, id: Text })),
  /** `Page.permission`, sorted; null where they could not be read. */
  permissions: Nullable(Type.Array(Text)),
  inferred: Type.Boolean(),
});
export type AccessRoleView = Static<typeof AccessRoleView>;

/** How old a binding is known to be. `there-at-first-reading`: at least since `to`, and may be older. `seen-arriving`: it came between `from` and `to`. */
export const BindingSince = Type.Object({
  evidence: Type.Enum(["there-at-first-reading", "seen-arriving"]),
  from: Nullable(Time),
  to: Time,
  /** The console no longer states it; it counts until a second reading agrees. */
  doubtedAt: Nullable(Time),
});
export type BindingSince = Static<typeof BindingSince>;

const PrincipalName = Type.Object({ kind: PrincipalKindName, id: Text, name: Nullable(Text), email: Nullable(Text) });
const RoleName = Type.Object({ id: Text, name: Text });

export const BindingView = Type.Object({ connection: Text, tenant: Text, principal: PrincipalName, role: RoleName, scope: ScopeName, since: BindingSince });
export type BindingView = Static<typeof BindingView>;

const Page = { after: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, description: "`next` of the page before." })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) };
const Next = Nullable(Text);
/** Id or name; may be left out where there is one. */
const ConnectionName = Type.Optional(Name);

export const AccessListQuery = Type.Object({ connection: ConnectionName, tenant: Type.Optional(Name), ...Page });
export const AccessSearchQuery = Type.Object({ ...AccessListQuery.properties, text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Part of a name, or of an e-mail address." })) });
export const accessList = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), next: Next, coverage: Type.Array(AccessCoverage) });

const Counted = Type.Object({ total: Type.Integer({ minimum: 0 }), totalIs: Type.Enum(["exact", "at-least"], { description: "`at-least` where there are more: they are counted to a thousand." }) });
export const ScopeTreeQuery = Type.Object({
  ...AccessListQuery.properties,
  parent: Type.Optional(Type.String({ pattern: "^(global|account|site|group):.{1,200}$", description: "What lies right below this one, as `site:ID`; without it, where the tree of each connection begins." })),
});
/** `holders`: who holds a role on it, each counted once; null where they are another tenant's. `below`: scopes right below it. */
export const ScopeTreeNode = Type.Object({ ...ScopeView.properties, holders: Nullable(Counted), below: Counted });

/** One per line, so that parts of the graph with routes of their own add theirs below. */
export const CoverageAnswer = Type.Object({ items: Type.Array(AccessCoverage) });

const Paging = { connection: ConnectionName, ...Page };
const Scoped = Type.Object({ connection: Text, kind: ScopeKindName, id: Text, name: Nullable(Text) });
/** `ancestorsKnown` false: somebody may hold a role on a scope between that is not known. */
const Chain = Type.Object({ scope: Scoped, lies: Type.Array(ScopeName, { description: "What it lies in, nearest first." }), ancestorsKnown: Type.Boolean() });
const Grants = Type.Enum(["yes", "may"]);
const PermissionAsked = Nullable(Type.Object({ asked: Text, id: Text }));
const Answered = { total: Type.Integer({ minimum: 0 }), next: Next, notes: Type.Array(Text), coverage: AccessCoverage };

export const WhoQuery = Type.Object({
  scope: Type.String({ minLength: 1, maxLength: 500, description: "`global`, or `account:`, `site:`, `group:` with an id or a name." }),
  can: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "A permission as the console names it, or an everyday word like `isolate`." })),
  role: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: "Id or name." })),
  ...Paging,
});
export const WhoRow = Type.Object({
  principal: Type.Object({ ...PrincipalName.properties, status: Nullable(Text), twoFaEnabled: Flag, source: Nullable(Text) }),
  role: RoleName,
  /** Of the permission asked for; `may` where it cannot be read what the role permits. */
  grants: Nullable(Grants),
  via: Type.Enum(["direct", "inherited"]),
  /** From the scope the role is held on down to the one asked about. */
  path: Type.Array(ScopeName),
  since: BindingSince,
});
export type WhoRow = Static<typeof WhoRow>;
const TotalIs = Type.Enum(["exact", "at-least"], { description: "`at-least` where there are more than the total says: they are counted to a thousand." });
export const WhoAnswer = Type.Object({ ...Chain.properties, permission: PermissionAsked, items: Type.Array(WhoRow), totalIs: TotalIs, ...Answered });
export type WhoAnswer = Static<typeof WhoAnswer>;

const Reach = Type.Object({ accounts: Type.Integer({ minimum: 0 }), sites: Type.Integer({ minimum: 0 }), groups: Type.Integer({ minimum: 0 }) });
export const WhatQuery = Type.Object({ principal: Type.String({ minLength: 1, maxLength: 500, description: "Of a user or service user: e-mail address, id or name." }), ...Paging });
export const WhatAnswer = Type.Object({
  principal: PrincipalView,
  items: Type.Array(Type.Object({ role: RoleName, scope: ScopeName, since: BindingSince, covers: Reach })),
  /** Everything any of its roles reaches, each scope counted once. */
  covers: Reach,
  /** Of the roles on this page, what they permit; null where that could not be read. */
  roles: Type.Array(Type.Object({ ...RoleName.properties, permissions: Nullable(Type.Array(Text)) })),
  ...Answered,
});
export type WhatAnswer = Static<typeof WhatAnswer>;

export const WhyQuery = Type.Object({
  principal: WhatQuery.properties.principal,
  role: Type.String({ minLength: 1, maxLength: 400, description: "A role by id or name, or a permission." }),
  scope: WhoQuery.properties.scope,
  connection: ConnectionName,
});
export const WhyPath = Type.Object({
  role: RoleName,
  grants: Nullable(Grants),
  /** The first step is what is held; each further one, what that scope contains. */
  steps: Type.Array(Type.Union([Type.Object({ step: Type.Literal("holds"), role: RoleName, scope: ScopeName, since: BindingSince, by: Nullable(AccessChangeActor) }), Type.Object({ step: Type.Literal("contains"), scope: ScopeName, contains: ScopeName })])),
});
export const WhyAnswer = Type.Object({ principal: PrincipalName, asked: Type.Object({ role: Text, permission: PermissionAsked }), ...Chain.properties, holds: Type.Enum(["yes", "may", "no"]), paths: Type.Array(WhyPath), notes: Type.Array(Text), coverage: AccessCoverage });
export type WhyAnswer = Static<typeof WhyAnswer>;

export const ACCESS_EXPORT_FORMATS = ["csv", "json", "dot", "c1z"] as const;
export type AccessExportFormat = (typeof ACCESS_EXPORT_FORMATS)[number];
