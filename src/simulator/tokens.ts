/**
 * Who may call: API tokens with scope, role and expiry, sessions made from them, and what the control API does to them. Token
 * texts are made from the seed and open nothing but this simulator.
 */
import { createHash } from "node:crypto";
import type { Scope } from "./collection.ts";
import type { Estate } from "./estate/estate.ts";
import { textAt } from "./estate/frame.ts";
import { scopeRole } from "./estate/people.ts";
import { idOf } from "./estate/world.ts";
import { forbidden, unauthorised } from "./errors.ts";
import type { ApiRecord } from "./record.ts";
import { ROLE_INDEX, ROLES } from "./roles.ts";
import { DAY, micros } from "./times.ts";

export type Level = "tenant" | "account" | "site";

export interface Caller {
  readonly name: string;
  readonly level: Level;
  /** Account or site ids; empty at tenant level. */
  readonly ids: ReadonlySet<string>;
  /** Index in ROLES. */
  readonly role: number;
  readonly person: boolean;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

export interface TokenChange {
  readonly revoked?: boolean;
  /** Milliseconds from now; negative: already past. */
  readonly expiresInMs?: number;
  readonly level?: Level;
  readonly ids?: readonly string[];
  readonly role?: string;
}

export const TOKEN_NAMES = ["admin", "viewer", "soc", "account", "site", "inventory", "noRoles", "person", "expiring", "expired", "revoked"] as const;
export type TokenName = (typeof TOKEN_NAMES)[number];

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function jwt(seed: number, name: string, issued: number): string {
  const head = base64url({ kid: "sim", alg: "ES256" });
  const body = base64url({ sub: `${name}@s1sim.test`, iss: "s1sim", deployment_id: String(seed), type: "user", iat: Math.floor(issued / 1e6) });
  return `${head}.${body}.${createHash("sha512").update(`${String(seed)}/${name}`).digest("base64url")}`;
}

function legacy(seed: number, name: string): string {
  const digest = createHash("sha512").update(`${String(seed)}:${name}`).digest("hex");
  return (digest + digest).replaceAll(/[^0-9a-zA-Z]/gu, "").slice(0, 80);
}

const LEGACY: ReadonlySet<TokenName> = new Set(["viewer", "person"]);

export class TokenBook {
  readonly texts: Readonly<Record<TokenName, string>>;
  readonly #estate: Estate;
  readonly #now: () => number;
  readonly #callers = new Map<string, Caller>();
  readonly #sessions = new Map<string, string>();
  #opened = 0;

  constructor(seed: number, estate: Estate, now: () => number) {
    this.#estate = estate;
    this.#now = now;
    const start = estate.world.now;
    const first = (stream: "accounts" | "sites"): string => textAt(estate.streams[stream].get(0) ?? {}, "id") ?? estate.world[stream][0]?.id ?? "";
    const caller = (name: TokenName, change: Partial<Caller>): Caller => ({
      name,
      level: "tenant",
      ids: new Set(),
      role: ROLE_INDEX.viewer,
      person: false,
      createdAt: start - 100 * DAY,
      expiresAt: start + 265 * DAY,
      revoked: false,
      ...change,
    });
    const site = { level: "site", ids: new Set([first("sites")]) } as const;
    const account = { level: "account", ids: new Set([first("accounts")]) } as const;
    const callers: Readonly<Record<TokenName, Caller>> = {
      admin: caller("admin", { role: ROLE_INDEX.admin }),
      viewer: caller("viewer", {}),
      soc: caller("soc", { role: ROLE_INDEX.soc }),
      account: caller("account", account),
      site: caller("site", site),
      inventory: caller("inventory", { role: ROLE_INDEX.inventory }),
      noRoles: caller("noRoles", { role: ROLE_INDEX.nightShift }),
      person: caller("person", { role: ROLE_INDEX.admin, person: true, expiresAt: start + 80 * DAY }),
      expiring: caller("expiring", { expiresAt: start + 10 * DAY }),
      expired: caller("expired", { expiresAt: start - 5 * DAY }),
      revoked: caller("revoked", { revoked: true }),
    };
    const text = (name: TokenName): string => (LEGACY.has(name) ? legacy(seed, name) : jwt(seed, name, callers[name].createdAt));
    this.texts = {
      admin: text("admin"),
      viewer: text("viewer"),
      soc: text("soc"),
      account: text("account"),
      site: text("site"),
      inventory: text("inventory"),
      noRoles: text("noRoles"),
      person: text("person"),
      expiring: text("expiring"),
      expired: text("expired"),
      revoked: text("revoked"),
    };
    for (const name of TOKEN_NAMES) this.#callers.set(this.texts[name], callers[name]);
  }

  /** Who an `Authorization` header speaks for; throws the vendor's 401. */
  authenticate(header: string | undefined): Caller {
    const found = /^(ApiToken|Bearer|Token)\s+(\S+)\s*$/iu.exec(header ?? "");
    const scheme = found?.[1]?.toLowerCase();
    const given = found?.[2] ?? "";
    const caller = this.#callers.get(scheme === "token" ? (this.#sessions.get(given) ?? "") : given);
    if (caller === undefined || !this.#valid(caller)) throw unauthorised();
    return caller;
  }

  #valid(caller: Caller): boolean {
    return !caller.revoked && caller.expiresAt > this.#now();
  }

  /** The caller behind a token text, whether or not it still opens anything. */
  lookup(text: string): Caller | undefined {
    return this.#callers.get(text);
  }

  /** The caller whose own user or service user has this id. */
  owner(id: string): Caller | undefined {
    return [...this.#callers.values()].find((caller) => ownId(caller) === id);
  }

  /** A session for a valid API token; throws the vendor's 401. */
  openSession(text: string): string {
    const caller = this.#callers.get(text);
    if (caller === undefined || !this.#valid(caller)) throw unauthorised();
    const session = createHash("sha512").update(`session/${text}/${String(this.#opened)}`).digest("hex").slice(0, 80);
    this.#opened += 1;
    this.#sessions.set(session, text);
    return session;
  }

  /** Ends the session an `Authorization` header speaks with; an API token goes on. */
  closeSession(header: string | undefined): void {
    this.#sessions.delete((header ?? "").replace(/^Token\s+/iu, "").trim());
  }

  /** Applies a change to the token of this name or text; false when there is none. */
  change(nameOrText: string, change: TokenChange): boolean {
    const name = TOKEN_NAMES.find((known) => known === nameOrText);
    const text = name === undefined ? nameOrText : this.texts[name];
    const caller = this.#callers.get(text);
    if (caller === undefined) return false;
    const role = change.role === undefined ? caller.role : ROLES.findIndex((known) => known.name === change.role);
    if (role === -1) return false;
    this.#callers.set(text, {
      ...caller,
      role,
      revoked: change.revoked ?? caller.revoked,
      level: change.level ?? caller.level,
      ids: change.ids === undefined ? caller.ids : new Set(change.ids),
      expiresAt: change.expiresInMs === undefined ? caller.expiresAt : this.#now() + change.expiresInMs * 1000,
    });
    return true;
  }

  /** The body of `GET /user` for this caller. */
  identity(caller: Caller): ApiRecord {
    const { world, streams } = this.#estate;
    const roleName = ROLES[caller.role]?.name ?? "Viewer";
    const scopeRoles =
      caller.level === "tenant"
        ? [scopeRole(world, "tenant", 0, caller.role)]
        : [...caller.ids].map((id) => {
            const stream = caller.level === "account" ? streams.accounts : streams.sites;
            const record = stream.get(stream.find(id)[0] ?? -1) ?? {};
            const name = textAt(record, "name") ?? id;
            return { id, name, accountName: textAt(record, "accountName") ?? name, roleId: idOf("roles", caller.role), roleName, roles: [roleName] };
          });
    return {
      ...ownName(caller),
      email: caller.person ? "mara.voss@orchardfreight.test" : null,
      emailReadOnly: false,
      emailVerified: caller.person,
      fullNameReadOnly: false,
      source: "mgmt",
      scope: caller.level,
      scopeRoles,
      siteRoles: caller.level === "site" ? scopeRoles.map(({ id, name, roles, roleId }) => ({ id, name, roles, roleName, roleId })) : [],
      tenantRoles: caller.level === "tenant" ? [roleName] : [],
      lowestRole: roleName,
      groupsReadOnly: false,
      twoFaEnabled: caller.person,
      twoFaEnabledReadOnly: false,
      twoFaConfigured: caller.person,
      twoFaStatus: caller.person ? "configured" : "not_configured",
      primaryTwoFaMethod: caller.person ? "application" : "",
      canGenerateApiToken: true,
      allowRemoteShell: false,
      agreedEula: true,
      agreementUrl: "",
      isSystem: false,
      isExternalLoginUser: false,
      elevatedSessionDurationMinutes: 30,
      firstLogin: caller.person ? micros(caller.createdAt) : null,
      lastLogin: micros(this.#now()),
      dateJoined: micros(caller.createdAt),
      globalUserId: null,
      globalOrganizationId: null,
      apiToken: { createdAt: micros(caller.createdAt), expiresAt: micros(caller.expiresAt) },
    };
  }
}

function ownId(caller: Caller): string {
  return idOf(caller.person ? "users" : "service-users", 9_000_000 + TOKEN_NAMES.findIndex((name) => name === caller.name));
}

/** Id and name of the user or service user a token belongs to. */
export function ownName(caller: Caller): { readonly id: string; readonly fullName: string } {
  return { id: ownId(caller), fullName: caller.person ? "Mara Voss" : `sim-${caller.name}` };
}

export function may(caller: Caller, permission: string): boolean {
  return ROLES[caller.role]?.permissions.has(permission) === true;
}

export function requirePermission(caller: Caller, ...anyOf: readonly string[]): void {
  if (anyOf.length > 0 && !anyOf.some((permission) => may(caller, permission))) throw forbidden("User does not have required permissions.");
}

/** Whether a caller may see something in one of these scopes. What names no scope belongs to everyone. */
export function sees(caller: Caller, scopes: readonly Scope[]): boolean {
  if (caller.level === "tenant") return true;
  return scopes.some((scope) => {
    const id = caller.level === "account" ? scope.account : scope.site;
    if (id !== undefined) return caller.ids.has(id);
    return scope.account === undefined && scope.site === undefined;
  });
}
