/**
 * What the console says about a token itself: whose it is, for where, with which roles, until when. Each answer may be refused to a
 * token, so each has a second way of asking or stays unknown.
 */
import { asFault, type Fault } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import type { VerifyReport } from "../kernel/api.ts";
import type { ConsoleClient, JsonObject, JsonValue } from "./client.ts";
import { grantedPermissions } from "./streams/roles.ts";
import { isObject } from "./streams/mapping.ts";
import { readTime } from "./streams/time.ts";

export type Identity = NonNullable<VerifyReport["identity"]>;

export interface Scope {
  readonly level: VerifyReport["scope"]["level"];
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

export interface TokenFacts {
  /** Why `/user` gave nothing; a permission fault is no reason to stop. */
  readonly fault: Fault | null;
  readonly identity: Identity;
  readonly scope: Scope | null;
  readonly roles: readonly { readonly id: string | null; readonly name: string }[];
  readonly apiToken: JsonObject | null;
}

export interface TokenDates {
  /** The token is refused. */
  readonly fault: Fault | null;
  /** Whether the console told at all. */
  readonly known: boolean;
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isObject) : [];
}

const NOBODY: Identity = { kind: "unknown", id: null, name: null, email: null };

/** A service user has no mail address and no first login; the API has no plainer sign. */
function kindOf(user: JsonObject): Identity["kind"] {
  if (text(user["email"]) !== null) return "user";
  return text(user["firstLogin"]) === null ? "service-user" : "unknown";
}

export async function readIdentity(client: ConsoleClient, signal?: AbortSignal): Promise<TokenFacts> {
  const none = { identity: NOBODY, scope: null, roles: [], apiToken: null };
  try {
    const user = await client.get("/user", {}, signal);
    if (!isObject(user)) return { ...none, fault: null };
    const bindings = objects(user["scopeRoles"]);
    return {
      fault: null,
      identity: { kind: kindOf(user), id: text(user["id"]), name: text(user["fullName"]) ?? text(user["name"]), email: text(user["email"]) },
      scope: scopeFrom(text(user["scope"]), bindings),
      roles: rolesFrom(user, bindings),
      apiToken: isObject(user["apiToken"]) ? user["apiToken"] : null,
    };
  } catch (error) {
    return { ...none, fault: asFault(error) };
  }
}

function rolesFrom(user: JsonObject, bindings: readonly JsonObject[]): TokenFacts["roles"] {
  const found = [...bindings, ...objects(user["tenantRoles"])].map((binding) => ({ id: text(binding["roleId"]), name: text(binding["roleName"]) ?? text(binding["name"]) }));
  const named = found.filter((role): role is { id: string | null; name: string } => role.name !== null);
  const lowest = text(user["lowestRole"]);
  return named.length > 0 || lowest === null ? named : [{ id: null, name: lowest }];
}

function scopeFrom(level: string | null, bindings: readonly JsonObject[]): Scope | null {
  if (level === "tenant" || level === "global") return { level: "global", ids: [], names: [] };
  if (level !== "account" && level !== "site" && level !== "group") return null;
  return scopeOf(level, bindings);
}

/** Null where none of the records has an id. */
function scopeOf(level: Exclude<Scope["level"], "unknown">, records: readonly JsonObject[]): Scope | null {
  const named = records.flatMap((record) => {
    const id = text(record["id"]);
    return id === null ? [] : [{ id, name: text(record["name"]) ?? id }];
  });
  if (named.length === 0) return null;
  const inOrder = named.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return { level, ids: inOrder.map(({ id }) => id), names: inOrder.map(({ name }) => name) };
}

export async function readTokenDates(client: ConsoleClient, token: Secret, facts: TokenFacts, signal?: AbortSignal): Promise<TokenDates> {
  try {
    const data = await client.post("/users/api-token-details", { data: { apiToken: token.reveal() } }, signal);
    if (isObject(data)) return { fault: null, known: true, createdAt: readTime(data["createdAt"]), expiresAt: readTime(data["expiresAt"]) };
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind === "credential" || fault.code === "CANCELLED") return { fault, known: false, createdAt: null, expiresAt: null };
  }
  const known = facts.apiToken !== null;
  return { fault: null, known, createdAt: readTime(facts.apiToken?.["createdAt"]), expiresAt: readTime(facts.apiToken?.["expiresAt"]) };
}

/** From the user's own bindings; else from what the token can see: accounts, or (403 there) sites. */
export async function readScope(client: ConsoleClient, facts: TokenFacts, signal?: AbortSignal): Promise<Scope> {
  if (facts.scope !== null) return facts.scope;
  const ways = [
    { level: "account", path: "/accounts" },
    { level: "site", path: "/sites" },
  ] as const;
  for (const { level, path } of ways) {
    try {
      const seen = await client.page(path, { limit: 1_000, sortBy: "id", sortOrder: "asc" }, signal);
      const scope = scopeOf(level, seen.records.map(({ value }) => value).filter(isObject));
      if (scope !== null) return scope;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "CANCELLED") throw fault;
    }
  }
  return { level: "unknown", ids: [], names: [] };
}

/** Granted permissions of the token's roles that do more than look; null where a role's permissions cannot be read. */
export async function rightsBeyondReading(client: ConsoleClient, facts: TokenFacts, isViewOnly: (permission: string) => boolean, signal?: AbortSignal): Promise<readonly string[] | null> {
  const ids = [...new Set(facts.roles.map(({ id }) => id))];
  if (ids.length === 0) return null;
  const rights = new Set<string>();
  for (const id of ids) {
    if (id === null || !/^\d{1,32}$/.test(id)) return null;
    try {
      const role = await client.get(`/rbac/role/${id}`, {}, signal);
      const granted = isObject(role) ? grantedPermissions(role["pages"]) : null;
      if (granted === null) return null;
      for (const permission of granted) if (!isViewOnly(permission)) rights.add(permission);
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "CANCELLED") throw fault;
      return null;
    }
  }
  return [...rights].toSorted();
}
