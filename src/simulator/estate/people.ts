/**
 * Users and service users: people with one or several scope roles, local and SSO, with and without 2FA, some long gone quiet, some with a second account of
 * their own; service users made by people who are there or have left, with tokens that end, have ended or never will.
 */
import type { Collection, Scope, Shape, Source } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { ROLES } from "../roles.ts";
import type { Dice } from "../random.ts";
import { DAY, HOUR, micros } from "../times.ts";
import { base, textAt } from "./frame.ts";
import { FIRST, LAST } from "./names.ts";
import { createdAt, diceFor, idOf, TENANT_ID, updatedAt, type World } from "./world.ts";

export type Level = "tenant" | "account" | "site";

export interface Holding {
  readonly level: Level;
  readonly scopes: readonly Scope[];
  readonly scopeRoles: readonly ApiRecord[];
  readonly lowest: string;
}

export function scopeRole(world: World, level: Level, index: number, role: number): ApiRecord {
  const site = world.sites[index];
  const account = world.accounts[level === "site" ? (site?.account ?? 0) : index];
  const name = roleName(world, role);
  const id = level === "tenant" ? TENANT_ID : level === "account" ? account?.id : site?.id;
  const scopeName = level === "tenant" ? "Global" : level === "account" ? account?.name : site?.name;
  return { id, name: scopeName, accountName: level === "tenant" ? "" : (account?.name ?? ""), roleId: idOf("roles", role), roleName: name, roles: [name] };
}

export function roleName(world: World, role: number): string {
  return world.roles[role]?.role.name ?? "Viewer";
}

const SPREAD: readonly number[] = [1, 1, 1, 2, 2, 4, 3, 0, 5, 6, 7];

/** The custom roles defined at a place or above it: on the whole console there are none that anybody holds. */
function definedAt(world: World, level: Level, place: number): readonly number[] {
  const account = level === "site" ? world.sites[place]?.account : place;
  const found: number[] = [];
  for (let index = ROLES.length; index < world.roles.length; index += 1) {
    const role = world.roles[index];
    if (role?.held !== true || level === "tenant") continue;
    if ((role.level === "account" && role.place === account) || (role.level === "site" && level === "site" && role.place === place)) found.push(index);
  }
  return found;
}

export function holding(world: World, kind: "users" | "service-users", index: number): Holding {
  const dice = diceFor(world, kind, index);
  const level: Level = index < 2 ? "tenant" : dice.pick<Level>(1, ["tenant", "account", "account", "account", "site", "site"]);
  const places = level === "tenant" ? 1 : level === "account" ? world.accounts.length : world.sites.length;
  const wanted = level === "tenant" ? 1 : Math.min(places, dice.chance(2, 0.3) ? 2 + dice.int(3, 2) : 1);
  const first = dice.int(4, places);
  const scopeRoles: ApiRecord[] = [];
  const scopes: Scope[] = [];
  let lowest = world.roles.length;
  for (let n = 0; n < wanted; n += 1) {
    const place = (first + n) % places;
    const local = index === 0 ? [] : definedAt(world, level, place);
    const role = index === 0 ? 0 : local.length > 0 && dice.chance(50 + n, 0.25) ? dice.pick(55 + n, local) : dice.pick(10 + n, SPREAD);
    lowest = Math.min(lowest, role);
    scopeRoles.push(scopeRole(world, level, place, role));
    scopes.push(level === "tenant" ? { account: TENANT_ID } : ((level === "account" ? world.accountScopes : world.siteScopes)[place]?.[0] ?? {}));
  }
  return { level, scopes, scopeRoles, lowest: roleName(world, lowest) };
}

/** How a user's record says what the user holds. */
export function heldFields({ level, scopeRoles, lowest }: Pick<Holding, "level" | "scopeRoles" | "lowest">): ApiRecord {
  return {
    scope: level,
    scopeRoles,
    siteRoles: level === "site" ? scopeRoles.map(({ id, name, roles, roleName, roleId }) => ({ id, name, roles, roleName, roleId })) : [],
    tenantRoles: level === "tenant" ? [lowest] : [],
    lowestRole: lowest,
  };
}

/** Whose second account this is: a local one of somebody who signs in otherwise. It comes right after the first. */
function firstAccountOf(world: World, index: number): number | undefined {
  return index % 2 === 1 && index > 2 && diceFor(world, "users", index).chance(61, 0.06) ? index - 1 : undefined;
}

export function emailOf(world: World, index: number): string {
  const first = firstAccountOf(world, index);
  if (first !== undefined) return `adm.${emailOf(world, first)}`;
  const place = holding(world, "users", index).scopes[0]?.account;
  const domain = (world.accounts.find((account) => account.id === place) ?? world.accounts[0])?.domain ?? "estate.test";
  return `${personName(world, "users", index).toLowerCase().replace(" ", ".")}${index < FIRST.length * LAST.length ? "" : String(index)}.${String(index)}@${domain}`;
}

export function userSource(world: World): Source {
  const size = world.sizes.users;
  return {
    ...base("users", size),
    scopes: (index) => holding(world, "users", index).scopes,
    make(index) {
      const dice = diceFor(world, "users", index);
      const held = holding(world, "users", index);
      const person = personName(world, "users", index);
      const joined = createdAt(world, "users", index, size, 600);
      const second = firstAccountOf(world, index) !== undefined;
      const sso = !second && dice.chance(5, 0.55);
      const twoFa = sso || dice.chance(6, 0.7);
      const quiet = dice.chance(7, 0.15);
      const lastLogin = Math.max(joined + HOUR, world.now - (quiet ? 120 + dice.int(8, 90) : dice.int(9, 20)) * DAY - dice.int(20, 86_400) * 1_000_000);
      const token = dice.chance(30, 0.2);
      // Invited, and never came.
      const never = index > 1 && dice.chance(42, 0.04);
      return {
        id: idOf("users", index),
        email: emailOf(world, index),
        emailReadOnly: sso,
        emailVerified: !dice.chance(31, 0.05),
        fullName: person,
        fullNameReadOnly: sso,
        source: sso ? "sso_saml" : !second && index % 19 === 7 ? "active_directory" : "mgmt",
        ...heldFields(held),
        groupsReadOnly: sso,
        twoFaEnabled: twoFa,
        twoFaEnabledReadOnly: sso,
        twoFaConfigured: twoFa,
        twoFaStatus: twoFa ? "configured" : "not_configured",
        primaryTwoFaMethod: twoFa ? "application" : "",
        canGenerateApiToken: dice.chance(32, 0.5),
        allowRemoteShell: dice.chance(33, 0.1),
        agreedEula: true,
        agreementUrl: "",
        isSystem: false,
        firstLogin: never ? null : micros(joined + HOUR),
        lastLogin: never ? null : micros(lastLogin),
        dateJoined: micros(joined),
        createdAt: micros(joined),
        apiToken: token ? { createdAt: micros(Math.max(joined, world.now - 90 * DAY)), expiresAt: micros(world.now + (dice.int(34, 120) - 10) * DAY) } : null,
        globalUserId: null,
        globalOrganizationId: null,
      };
    },
  };
}

export function personName(world: World, kind: "users" | "service-users", index: number): string {
  if (kind === "users" && index === 0) return "Vendor Ops";
  if (kind === "users" && index === 1) return "Mara Voss";
  const dice = diceFor(world, kind, (kind === "users" ? firstAccountOf(world, index) : undefined) ?? index);
  return `${dice.pick(40, FIRST)} ${dice.pick(41, LAST)}`;
}

/** Ids of people who have left: nobody has them, nobody will. */
export const GONE = 8_000_000;

/** Mostly the same person; sometimes one who has left since, or one the console does not tell. */
function creatorOf(world: World, dice: Dice): ApiRecord | null {
  const luck = dice.int(62, 100);
  if (luck < 3) return null;
  if (luck < 12) return { id: idOf("users", GONE + dice.int(63, 40)), name: `${dice.pick(64, FIRST)} ${dice.pick(65, LAST)}` };
  // Of those who were there before the first service user.
  const index = luck < 40 ? dice.int(66, Math.max(1, Math.floor(world.sizes.users * 0.4))) : 1;
  return { id: idOf("users", index), name: personName(world, "users", index) };
}

const JOBS: readonly string[] = ["siem-reader", "asset-sync", "ticket-bridge", "posture-check", "backup-audit", "soar-playbooks"];

export function serviceName(index: number): string {
  return `${JOBS[index % JOBS.length] ?? "reader"}-${String(index + 1)}`;
}

export function serviceUserSource(world: World): Source {
  const size = world.sizes.serviceUsers;
  return {
    ...base("service-users", size),
    scopes: (index) => holding(world, "service-users", index).scopes,
    make(index) {
      const held = holding(world, "service-users", index);
      const dice = diceFor(world, "service-users", index);
      const made = createdAt(world, "service-users", index, size, 360);
      // The first two are always near their end: one in days, one already past it; so are some of the others.
      const left = index === 0 ? 12 : index === 1 ? -4 : dice.chance(8, 0.07) ? -1 - dice.int(9, 60) : dice.int(5, 340) + 2;
      const ends = left < 0 ? Math.min(world.now - HOUR, Math.max(world.now + left * DAY, made + 6 * HOUR)) : world.now + left * DAY;
      const endless = index > 1 && dice.chance(10, 0.04);
      const used = Math.min(endless ? world.now : ends, world.now) - dice.int(7, 5000) * 60_000_000;
      const creator = creatorOf(world, dice);
      return {
        id: idOf("service-users", index),
        name: serviceName(index),
        description: index % 2 === 0 ? "read only" : "made for an integration",
        createdAt: micros(made),
        updatedAt: micros(updatedAt(world, "service-users", index, made)),
        lastActivation: dice.chance(6, 0.8) ? micros(Math.max(made, used)) : null,
        scope: held.level,
        scopeRoles: held.scopeRoles,
        createdBy: creator,
        updatedBy: index % 3 === 0 ? creator : null,
        apiToken: { createdAt: micros(made), expiresAt: endless ? null : micros(ends) },
      };
    },
  };
}

/** Where a role may be held. */
export interface Places {
  readonly accounts: Collection;
  readonly sites: Collection;
  readonly groups: Collection;
}

/** What lies at an id, whatever level it is said to be of; a place that is not there is what the level makes of it. */
export function placeScope({ accounts, sites, groups }: Places, id: string, level: string | undefined): Scope {
  for (const places of [sites, accounts, groups]) {
    const [ordinal] = places.find(id);
    const scope = ordinal === undefined ? undefined : places.scopes(ordinal)[0];
    if (scope !== undefined) return scope;
  }
  if (level === "account") return { account: id };
  return level === "group" ? { group: id } : { site: id };
}

/** A person's scopes are those of the roles held; a tenant-level one is nobody's account. */
function heldScopes(places: Places): Shape["scopesOf"] {
  return (record) => {
    const level = textAt(record, "scope");
    if (level === "tenant" || level === "global") return [{ account: TENANT_ID }];
    const roles = Array.isArray(record["scopeRoles"]) ? (record["scopeRoles"] as readonly unknown[]).filter(isRecord) : [];
    const scopes = roles.flatMap((role) => {
      const id = textAt(role, "id");
      return id === undefined ? [] : [placeScope(places, id, level)];
    });
    return scopes.length === 0 ? [{}] : scopes;
  };
}

const TIMES = new Set(["createdAt", "updatedAt", "dateJoined", "firstLogin", "lastLogin", "lastActivation", "apiToken.createdAt", "apiToken.expiresAt"]);

export function userShape(places: Places): Shape {
  return { id: "users", times: TIMES, scopesOf: heldScopes(places) };
}

export function serviceUserShape(places: Places): Shape {
  return { id: "service-users", times: TIMES, scopesOf: heldScopes(places) };
}
