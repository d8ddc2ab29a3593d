/** What time does to access: people are given roles, lose them, join and leave; service users and custom roles come and go. Each with its activity. */
import type { Collection } from "./collection.ts";
import type { Estate } from "./estate/estate.ts";
import { heldFields, scopeRole, type Level } from "./estate/people.ts";
import type { Mutation, Mutator } from "./mutation.ts";
import { mix } from "./random.ts";
import { isRecord, type ApiRecord } from "./record.ts";
import { ROLES } from "./roles.ts";

const TRIES = 40;
const MOST_PLACES = 5;
/** The first two people and service users stay: tests and examples lean on them. */
const STAY = 2;
/** Custom roles made on the way that nobody was given; one too many is deleted again. */
const KEPT_ROLES = 3;

export class StaffMovements {
  readonly #estate: Estate;
  readonly #mutator: Mutator;
  readonly #made: string[] = [];
  #turn = 0;

  constructor(estate: Estate, mutator: Mutator) {
    this.#estate = estate;
    this.#mutator = mutator;
  }

  #dice(below: number, salt = 0): number {
    return Math.floor((mix(this.#estate.world.seed, 90, this.#turn, salt) / 4_294_967_296) * below);
  }

  #pick(collection: Collection): number | undefined {
    this.#turn += 1;
    for (let salt = 1; salt <= TRIES && collection.end > STAY; salt += 1) {
      const ordinal = STAY + this.#dice(collection.end - STAY, salt);
      if (collection.has(ordinal)) return ordinal;
    }
    return undefined;
  }

  /** Another role in one place; sometimes a place more or one less. */
  grant(): void {
    this.#regrant("users");
  }

  #regrant(stream: "users" | "service-users"): void {
    const collection = this.#estate.streams[stream];
    const ordinal = this.#pick(collection);
    const record = ordinal === undefined ? undefined : collection.get(ordinal);
    const level = record?.["scope"];
    if (record === undefined || (level !== "tenant" && level !== "account" && level !== "site")) return;
    const held = (Array.isArray(record["scopeRoles"]) ? (record["scopeRoles"] as readonly unknown[]) : []).filter(isRecord);
    const scopeRoles = this.#changed(level, held);
    const names = this.#estate.world.roles.map(({ role }) => role.name);
    const lowest = names.find((name) => scopeRoles.some((role) => role["roleName"] === name)) ?? "Viewer";
    this.#apply({ stream, action: "update", ids: [String(record["id"])], set: stream === "users" ? heldFields({ level, scopeRoles, lowest }) : { scopeRoles } });
  }

  #changed(level: Level, held: readonly ApiRecord[]): readonly ApiRecord[] {
    const luck = this.#dice(4, 50);
    const at = this.#dice(held.length, 51);
    if (luck === 0 && held.length > 1) return held.filter((_, index) => index !== at);
    const { world } = this.#estate;
    const places = level === "account" ? world.accounts : world.sites;
    const place = this.#dice(places.length, 52);
    const free = level !== "tenant" && !held.some((role) => role["id"] === places[place]?.id);
    if (luck === 1 && free && held.length < MOST_PLACES) return [...held, scopeRole(world, level, place, this.#anyRole(undefined))];
    return held.map((role, index) => (index === at ? renamed(role, scopeRole(world, "tenant", 0, this.#anyRole(role["roleName"]))) : role));
  }

  /** One of the whole console's, other than the one held. */
  #anyRole(held: unknown): number {
    const role = this.#dice(ROLES.length, 53);
    return ROLES[role]?.name === held ? (role + 1) % ROLES.length : role;
  }

  join(): void {
    this.#turn += 1;
    this.#apply({ stream: "users", action: "add", count: 1 });
  }

  leave(): void {
    const { users } = this.#estate.streams;
    const ordinal = this.#pick(users);
    if (ordinal !== undefined) this.#apply({ stream: "users", action: "remove", ids: [String(users.value(ordinal, "id"))] });
  }

  automate(): void {
    const service = this.#estate.streams["service-users"];
    const ordinal = this.#pick(service);
    const luck = this.#dice(3, 54);
    if (ordinal === undefined) return;
    if (luck === 0) this.#apply({ stream: "service-users", action: "add", count: 1 });
    else if (luck === 1) this.#regrant("service-users");
    else this.#apply({ stream: "service-users", action: "remove", ids: [String(service.value(ordinal, "id"))] });
  }

  define(): void {
    this.#turn += 1;
    const [oldest] = this.#made;
    if (oldest !== undefined && this.#made.length >= KEPT_ROLES) {
      this.#made.shift();
      this.#apply({ stream: "roles", action: "remove", ids: [oldest] });
    } else if (oldest !== undefined && this.#dice(2, 55) === 0) {
      this.#apply({ stream: "roles", action: "update", ids: [oldest] });
    } else {
      this.#made.push(...this.#apply({ stream: "roles", action: "add", count: 1 }));
    }
  }

  /** Whoever leaves is seen off by one of those who stay. Where nobody is left, nothing happens. */
  #apply(mutation: Mutation): readonly string[] {
    const { users } = this.#estate.streams;
    if (users.live === 0) return [];
    const stays = [1, 0].find((ordinal) => users.has(ordinal));
    const by = mutation.action === "remove" && stays !== undefined ? String(users.value(stays, "id")) : true;
    return this.#mutator.apply({ ...mutation, by }).ids;
  }
}

/** The same place under another role. */
function renamed(held: ApiRecord, { roleId, roleName, roles }: ApiRecord): ApiRecord {
  return { ...held, roleId, roleName, roles };
}
