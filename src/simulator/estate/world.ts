/**
 * The fixed frame of a generated estate: ids, accounts, sites, groups, and which agent sits where. Small tables are made once;
 * of an agent only its site is stored (two bytes), all else is worked out when asked.
 */
import type { Scope } from "../collection.ts";
import type { Sizes } from "../options.ts";
import { Dice, mix } from "../random.ts";
import { DAY } from "../times.ts";
import { PLACED_ROLES, ROLES, type Role } from "../roles.ts";
import { COMPANIES, PLACES } from "./names.ts";

export const CODE = {
  tenant: 10,
  accounts: 11,
  sites: 12,
  groups: 13,
  roles: 14,
  users: 15,
  "service-users": 16,
  agents: 20,
  threats: 30,
  alerts: 31,
  "cloud-detection-alerts": 32,
  rules: 33,
  activities: 40,
  applications: 50,
  risks: 60,
  interfaces: 70,
  tags: 71,
  collections: 72,
} as const;

export type Code = keyof typeof CODE;

const FIRST_ID = 100_000_000_000_011;
const STRIDE = 37;

/** A 19-digit decimal id; ids of one kind rise with the index. */
export function idOf(kind: Code, index: number): string {
  return `21${String(CODE[kind])}${String(FIRST_ID + index * STRIDE)}`;
}

/** The index an id was made from, or -1. */
export function indexOf(kind: Code, id: string, size: number): number {
  if (!/^\d{19}$/u.test(id) || !id.startsWith(`21${String(CODE[kind])}`)) return -1;
  const index = (Number(id.slice(4)) - FIRST_ID) / STRIDE;
  return Number.isInteger(index) && index >= 0 && index < size ? index : -1;
}

export const GROUPS_PER_SITE = 2;
export const TENANT_ID = idOf("tenant", 0);

export interface Place {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly account: number;
}

export interface Account {
  readonly id: string;
  readonly name: string;
  /** Of its mail and directory: `orchardfreight.test`. */
  readonly domain: string;
  /** As Windows writes it: `ORCHARDFREIGHT`. */
  readonly netbios: string;
  /** What its machines are named after: `OF`. */
  readonly initials: string;
}

/** A role and where it is defined: an index into accounts or sites, or the whole console. */
export interface EstateRole {
  readonly role: Role;
  readonly level: "tenant" | "account" | "site";
  readonly place: number;
  /** False: nobody holds it. */
  readonly held: boolean;
}

export interface World {
  readonly seed: number;
  /** Microseconds: the moment the estate is generated for. */
  readonly now: number;
  readonly sizes: Sizes;
  readonly accounts: readonly Account[];
  readonly sites: readonly Place[];
  /** In the order of their ids. */
  readonly roles: readonly EstateRole[];
  readonly siteOfAgent: Uint16Array;
  readonly agentsInSite: Uint32Array;
  readonly agentsInAccount: Uint32Array;
  /** Scope of group `site * GROUPS_PER_SITE + n`. */
  readonly groupScopes: readonly (readonly Scope[])[];
  readonly siteScopes: readonly (readonly Scope[])[];
  readonly accountScopes: readonly (readonly Scope[])[];
}

const SALT_SITE = 1;

function siteTable(seed: number, sizes: Sizes): Uint16Array {
  // Sites differ in size: the k-th gets a share that falls off like 1/sqrt(k).
  const bounds = new Float64Array(sizes.sites);
  let sum = 0;
  for (let site = 0; site < sizes.sites; site += 1) bounds[site] = sum += 1 / Math.sqrt(site + 1);
  const table = new Uint16Array(sizes.agents);
  for (let agent = 0; agent < sizes.agents; agent += 1) {
    const at = (mix(seed, CODE.agents, agent, SALT_SITE) / 4_294_967_296) * sum;
    let low = 0;
    let high = sizes.sites - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    table[agent] = low;
  }
  return table;
}

function titled(names: readonly string[], index: number): string {
  const name = names[index % names.length] ?? "Site";
  const round = Math.floor(index / names.length);
  return round === 0 ? name : `${name} ${String(round + 1)}`;
}

export function makeWorld(seed: number, nowMicros: number, sizes: Sizes): World {
  if (sizes.sites > 65_535) throw new RangeError("sites must be at most 65535");
  const accounts = Array.from({ length: sizes.accounts }, (_, index) => {
    const name = titled(COMPANIES, index);
    const word = name.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "");
    const initials = name.split(" ").map((part) => part.charAt(0)).join("").replaceAll(/[^A-Z]/gu, "");
    return { id: idOf("accounts", index), name, domain: `${word}.test`, netbios: word.toUpperCase().slice(0, 15), initials };
  });
  const sites = Array.from({ length: sizes.sites }, (_, index) => ({ index, id: idOf("sites", index), name: titled(PLACES, index), account: index % sizes.accounts }));
  const siteOfAgent = siteTable(seed, sizes);
  const agentsInSite = new Uint32Array(sizes.sites);
  const agentsInAccount = new Uint32Array(sizes.accounts);
  for (const site of siteOfAgent) {
    agentsInSite[site] = (agentsInSite[site] ?? 0) + 1;
    const account = site % sizes.accounts;
    agentsInAccount[account] = (agentsInAccount[account] ?? 0) + 1;
  }
  const scope = (site: Place): Scope => ({ account: accounts[site.account]?.id, site: site.id });
  return {
    seed,
    now: nowMicros,
    sizes,
    accounts,
    sites,
    roles: [
      ...ROLES.map((role): EstateRole => ({ role, level: "tenant", place: 0, held: true })),
      ...PLACED_ROLES.map((role): EstateRole => ({ role, level: role.level, place: role.place === "first" ? 0 : (role.level === "account" ? accounts : sites).length - 1, held: role.held })),
    ],
    siteOfAgent,
    agentsInSite,
    agentsInAccount,
    accountScopes: accounts.map((account) => [{ account: account.id }]),
    siteScopes: sites.map((site) => [scope(site)]),
    groupScopes: sites.flatMap((site) =>
      Array.from({ length: GROUPS_PER_SITE }, (_, n) => [{ ...scope(site), group: idOf("groups", site.index * GROUPS_PER_SITE + n) }]),
    ),
  };
}

export function diceFor(world: World, kind: Code, index: number): Dice {
  return new Dice(world.seed, CODE[kind], index);
}

/** Creation time of the index-th of `size` records spread evenly over `days` before now, rising with the index; whole minutes at times, so that ties exist. */
export function createdAt(world: World, kind: Code, index: number, size: number, days: number): number {
  const span = days * DAY;
  const step = span / (size + 1);
  return world.now - span + Math.floor(step * (index + 0.2 + 0.6 * (mix(world.seed, CODE[kind], index, 2) / 4_294_967_296)));
}

/** A time between `from` and now, nearer to now than not; a share of them falls on whole hours, shared by many records. */
export function updatedAt(world: World, kind: Code, index: number, from: number): number {
  const dice = mix(world.seed, CODE[kind], index, 3) / 4_294_967_296;
  const sort = mix(world.seed, CODE[kind], index, 4) % 10;
  const span = sort < 4 ? DAY : sort < 8 ? 14 * DAY : 150 * DAY;
  const raw = world.now - Math.floor(dice * span) - 60_000_000;
  const rounded = sort % 4 === 1 ? raw - (raw % 3_600_000_000) : raw;
  // What was made a moment ago cannot have changed after now.
  return Math.min(Math.max(from, rounded), world.now - 1_000_000);
}
