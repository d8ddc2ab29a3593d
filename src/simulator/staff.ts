/**
 * Who changes whose access, and the activity that tells of it: users, service users and roles that are added, changed or removed by a person. Numbers of
 * activity types are the vendor's; what their `data` holds beside `byUser` and `username` is free-form there and plausible here.
 */
import type { Actions, Actor, Subject } from "./actions.ts";
import type { Estate } from "./estate/estate.ts";
import { textAt } from "./estate/frame.ts";
import { mix } from "./random.ts";
import { isRecord, type ApiRecord } from "./record.ts";

export const STAFF_STREAMS = ["users", "service-users", "roles"] as const;
export type StaffStream = (typeof STAFF_STREAMS)[number];

export function isStaffStream(stream: string): stream is StaffStream {
  return (STAFF_STREAMS as readonly string[]).includes(stream);
}

/** A record before and after; one of them is missing where it was added or removed. */
export interface StaffChange {
  readonly stream: StaffStream;
  readonly before: ApiRecord | undefined;
  readonly after: ApiRecord | undefined;
}

type Verb = "added" | "modified" | "deleted";
const NOUNS: Readonly<Record<StaffStream, string>> = { users: "user", "service-users": "service user", roles: "role" };
const TYPES: Readonly<Record<StaffStream, Readonly<Record<Verb, number>>>> = {
  users: { added: 23, modified: 24, deleted: 25 },
  "service-users": { added: 140, modified: 141, deleted: 142 },
  roles: { added: 107, modified: 108, deleted: 109 },
};
const SSO_USER_ADDED = 1023;

/** Changes of a user that have a type of their own. */
function ownType(before: ApiRecord, after: ApiRecord): number | undefined {
  const changed = (field: string): boolean => JSON.stringify(before[field] ?? null) !== JSON.stringify(after[field] ?? null);
  if (changed("scopeRoles")) return undefined;
  if (changed("canGenerateApiToken")) return after["canGenerateApiToken"] === true ? 110 : 111;
  if (changed("apiToken")) return after["apiToken"] === null ? 113 : 112;
  return changed("twoFaEnabled") ? 67 : undefined;
}

export class Staff {
  readonly #estate: Estate;
  readonly #actions: Actions;
  #turn = 0;

  constructor(estate: Estate, actions: Actions) {
    this.#estate = estate;
    this.#actions = actions;
  }

  /** A person by id or e-mail address, or with `true` whoever the seed picks; throws a RangeError where there is none. */
  actor(by: string | true): Actor {
    const { users } = this.#estate.streams;
    const ordinal = by === true ? this.#anybody() : by.includes("@") ? this.#byEmail(by) : users.find(by)[0];
    const record = ordinal === undefined ? undefined : users.get(ordinal);
    if (record === undefined) throw new RangeError(by === true ? "there is no user who could do it" : `no user has the id or e-mail address "${by}"`);
    return { id: String(record["id"]), name: textAt(record, "fullName") ?? textAt(record, "email") ?? String(record["id"]) };
  }

  /** Half of it is done by one person. */
  #anybody(): number | undefined {
    const { users } = this.#estate.streams;
    this.#turn += 1;
    const dice = (salt: number): number => mix(this.#estate.world.seed, 91, this.#turn, salt);
    if (dice(0) % 2 === 0 && users.has(1)) return 1;
    for (let salt = 1; salt < 40 && users.end > 0; salt += 1) {
      const ordinal = dice(salt) % users.end;
      if (users.has(ordinal)) return ordinal;
    }
    for (const ordinal of users.walk({ path: "id", descending: false })) return ordinal;
    return undefined;
  }

  #byEmail(email: string): number | undefined {
    const { users } = this.#estate.streams;
    for (const ordinal of users.walk({ path: "id", descending: false })) if (String(users.value(ordinal, "email")).toLowerCase() === email.toLowerCase()) return ordinal;
    return undefined;
  }

  /** Adds the activity of a change to the log. */
  tell({ stream, before, after }: StaffChange, actor: Actor): void {
    const record = after ?? before ?? {};
    const verb: Verb = before === undefined ? "added" : after === undefined ? "deleted" : "modified";
    const special = stream !== "users" ? undefined : verb === "added" && record["source"] === "sso_saml" ? SSO_USER_ADDED : before !== undefined && after !== undefined ? ownType(before, after) : undefined;
    const name = textAt(record, "fullName") ?? textAt(record, "name") ?? textAt(record, "email") ?? String(record["id"]);
    const held = Array.isArray(record["scopeRoles"]) ? (record["scopeRoles"] as readonly unknown[]).filter(isRecord) : [];
    const subject = this.#place(stream, record, held);
    const where = subject.siteName ?? subject.accountName ?? "Global";
    const roles = [...new Set(held.map((role) => textAt(role, "roleName") ?? textAt(role, "roleId") ?? "a role"))].join(", ");
    this.#actions.log({
      type: special ?? TYPES[stream][verb],
      actor,
      subject,
      text: `The management user ${actor.name} ${verb} the ${NOUNS[stream]} ${name}${stream === "roles" || verb === "deleted" ? "" : ` with ${roles === "" ? "no role" : roles} on ${where}`}.`,
      data: {
        byUser: actor.name,
        ...(stream === "roles" ? { username: actor.name, roleName: name } : { username: name, email: textAt(record, "email") ?? null, role: roles, userScope: textAt(record, "scope") ?? null }),
        relatedId: record["id"] ?? null,
        ...(subject.accountId === null ? { scopeLevel: "Global", scopeName: "Global", fullScopeDetails: "Global", fullScopeDetailsPath: "Global" } : {}),
      },
    });
  }

  /** Where a person's first role is held, or a role is defined. */
  #place(stream: StaffStream, record: ApiRecord, held: readonly ApiRecord[]): Subject {
    const { accounts, sites } = this.#estate.streams;
    const id = stream === "roles" ? textAt(record, "scopeId") : textAt(held[0] ?? {}, "id");
    const site = id === undefined ? undefined : sites.get(sites.find(id)[0] ?? -1);
    const accountId = site === undefined ? id : textAt(site, "accountId");
    const account = accountId === undefined ? undefined : accounts.get(accounts.find(accountId)[0] ?? -1);
    return {
      accountId: account === undefined ? null : (textAt(account, "id") ?? null),
      accountName: account === undefined ? null : (textAt(account, "name") ?? null),
      siteId: site === undefined ? null : (textAt(site, "id") ?? null),
      siteName: site === undefined ? null : (textAt(site, "name") ?? null),
      groupId: null,
      groupName: null,
    };
  }
}
