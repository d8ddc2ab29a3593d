/** Users, service users and roles: people with one or several scope roles, local and SSO, with and without 2FA, some long gone quiet. */
import type { Scope, Shape, Source } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { ROLES, rolePages } from "../roles.ts";
import { DAY, HOUR, micros } from "../times.ts";
import { base, textAt } from "./frame.ts";
import { FIRST, LAST } from "./names.ts";
import { createdAt, diceFor, idOf, TENANT_ID, updatedAt, type World } from "./world.ts";

type Level = "tenant" | "account" | "site";

interface Holding {
  readonly level: Level;
  readonly scopes: readonly Scope[];
  readonly scopeRoles: readonly ApiRecord[];
  readonly lowest: string;
}

export function scopeRole(world: World, level: Level, index: number, role: number): ApiRecord {
  const site = world.sites[index];
  const account = world.accounts[level === "site" ? (site?.account ?? 0) : index];
  const name = ROLES[role]?.name ?? "Viewer";
  const id = level === "tenant" ? TENANT_ID : level === "account" ? account?.id : site?.id;
  const scopeName = level === "tenant" ? "Global" : level === "account" ? account?.name : site?.name;
  return { id, name: scopeName, accountName: level === "tenant" ? "" : (account?.name ?? ""), roleId: idOf("roles", role), roleName: name, roles: [name] };
}

const SPREAD: readonly number[] = [1, 1, 1, 2, 2, 4, 3, 0, 5, 6, 7];

function holding(world: World, kind: "users" | "service-users", index: number): Holding {
  const dice = diceFor(world, kind, index);
  const level: Level = index < 2 ? "tenant" : dice.pick<Level>(1, ["tenant", "account", "account", "account", "site", "site"]);
  const places = level === "tenant" ? 1 : level === "account" ? world.accounts.length : world.sites.length;
  const wanted = level === "tenant" ? 1 : Math.min(places, dice.chance(2, 0.3) ? 2 + dice.int(3, 2) : 1);
  const first = dice.int(4, places);
  const scopeRoles: ApiRecord[] = [];
  const scopes: Scope[] = [];
  let lowest = ROLES.length;
  for (let n = 0; n < wanted; n += 1) {
    const place = (first + n) % places;
    const role = index === 0 ? 0 : dice.pick(10 + n, SPREAD);
    lowest = Math.min(lowest, role);
    scopeRoles.push(scopeRole(world, level, place, role));
    scopes.push(level === "tenant" ? { account: TENANT_ID } : ((level === "account" ? world.accountScopes : world.siteScopes)[place]?.[0] ?? {}));
  }
  return { level, scopes, scopeRoles, lowest: ROLES[lowest]?.name ?? "Viewer" };
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
      const sso = dice.chance(5, 0.55);
      const twoFa = sso || dice.chance(6, 0.7);
      const quiet = dice.chance(7, 0.15);
      const lastLogin = Math.max(joined + HOUR, world.now - (quiet ? 120 + dice.int(8, 90) : dice.int(9, 20)) * DAY - dice.int(20, 86_400) * 1_000_000);
      const token = dice.chance(30, 0.2);
      // Invited, and never came.
      const never = index > 1 && dice.chance(42, 0.04);
      const place = held.scopes[0]?.account;
      const domain = (world.accounts.find((account) => account.id === place) ?? world.accounts[0])?.domain ?? "estate.test";
      return {
        id: idOf("users", index),
        email: `${person.toLowerCase().replace(" ", ".")}${index < FIRST.length * LAST.length ? "" : String(index)}.${String(index)}@${domain}`,
        emailReadOnly: sso,
        emailVerified: !dice.chance(31, 0.05),
        fullName: person,
        fullNameReadOnly: sso,
        source: sso ? "sso_saml" : index % 19 === 7 ? "active_directory" : "mgmt",
        scope: held.level,
        scopeRoles: held.scopeRoles,
        siteRoles: held.level === "site" ? held.scopeRoles.map(({ id, name, roles, roleName, roleId }) => ({ id, name, roles, roleName, roleId })) : [],
        tenantRoles: held.level === "tenant" ? [held.lowest] : [],
        lowestRole: held.lowest,
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
  const dice = diceFor(world, kind, index);
  return `${dice.pick(40, FIRST)} ${dice.pick(41, LAST)}`;
}

const JOBS: readonly string[] = ["siem-reader", "asset-sync", "ticket-bridge", "posture-check", "backup-audit", "soar-playbooks"];

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
      const used = Math.min(ends, world.now) - dice.int(7, 5000) * 60_000_000;
      const creator = { id: idOf("users", 1), name: personName(world, "users", 1) };
      return {
        id: idOf("service-users", index),
        name: `${JOBS[index % JOBS.length] ?? "reader"}-${String(index + 1)}`,
        description: index % 2 === 0 ? "read only" : "made for an integration",
        createdAt: micros(made),
        updatedAt: micros(updatedAt(world, "service-users", index, made)),
        lastActivation: dice.chance(6, 0.8) ? micros(Math.max(made, used)) : null,
        scope: held.level,
        scopeRoles: held.scopeRoles,
        createdBy: creator,
        updatedBy: index % 3 === 0 ? creator : null,
        apiToken: { createdAt: micros(made), expiresAt: micros(ends) },
      };
    },
  };
}

/** How many people hold each role somewhere. */
function holders(world: World): readonly number[] {
  const counts = ROLES.map(() => 0);
  for (let index = 0; index < world.sizes.users; index += 1) {
    const held = new Set(holding(world, "users", index).scopeRoles.map((role) => role["roleName"]));
    for (const [at, role] of ROLES.entries()) if (held.has(role.name)) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

export function roleSource(world: World): Source {
  const size = ROLES.length;
  let counts: readonly number[] | undefined;
  return {
    ...base("roles", size),
    scopes: () => [{}],
    make(index) {
      const role = ROLES[index];
      const predefined = role?.predefined ?? true;
      const made = world.now - (predefined ? 2000 : 200 + index) * DAY;
      counts ??= holders(world);
      return {
        id: idOf("roles", index),
        name: role?.name ?? "Role",
        description: role?.description ?? "",
        predefinedRole: predefined,
        scope: "tenant",
        scopeId: TENANT_ID,
        usersInRoles: counts[index] ?? 0,
        accountName: null,
        siteName: null,
        creator: predefined ? null : "Mara Voss",
        creatorId: predefined ? null : idOf("users", 1),
        updatedBy: null,
        updatedById: null,
        createdAt: micros(made),
        updatedAt: micros(made + 10 * DAY),
        pages: role === undefined ? [] : rolePages(role),
      };
    },
  };
}

/** A person's scopes are those of the roles held; a tenant-level one is nobody's account. */
function heldScopes(record: ApiRecord): readonly Scope[] {
  const level = textAt(record, "scope");
  const roles = Array.isArray(record["scopeRoles"]) ? (record["scopeRoles"] as readonly unknown[]).filter(isRecord) : [];
  if (level === "tenant" || level === "global") return [{ account: TENANT_ID }];
  if (roles.length === 0) return [{}];
  return roles.map((role) => (level === "account" ? { account: textAt(role, "id") } : { site: textAt(role, "id") }));
}

const TIMES = new Set(["createdAt", "updatedAt", "dateJoined", "firstLogin", "lastLogin", "lastActivation", "apiToken.createdAt", "apiToken.expiresAt"]);
export const userShape: Shape = { id: "users", times: TIMES, scopesOf: heldScopes };
export const serviceUserShape: Shape = { id: "service-users", times: TIMES, scopesOf: heldScopes };
export const roleShape: Shape = { id: "roles", times: new Set(["createdAt", "updatedAt"]), scopesOf: () => [{}] };
