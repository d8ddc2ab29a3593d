/** Who works on alerts: the caller behind a token, and users of the estate for what had been done before anyone called. */
import type { Estate } from "../estate/estate.ts";
import { hashText } from "../random.ts";
import type { ApiRecord } from "../record.ts";

export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly fullName: string;
}

export function personOf(user: ApiRecord): Person {
  const text = (name: string): string => (typeof user[name] === "string" ? user[name] : "");
  return { userId: text("id"), email: text("email"), fullName: text("fullName") };
}

/** A user of the estate, always the same for the same words. */
export function somebody(estate: Estate, words: string): Person {
  const { users } = estate.streams;
  const user = users.end === 0 ? undefined : users.get(hashText(words) % users.end);
  return user === undefined ? { userId: "0", email: "", fullName: "SentinelOne" } : personOf(user);
}

/** The user with this id, or undefined. */
export function userById(estate: Estate, id: string): Person | undefined {
  const { users } = estate.streams;
  const user = users.get(users.find(id)[0] ?? -1);
  return user === undefined ? undefined : personOf(user);
}
