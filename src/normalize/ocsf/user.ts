/** OCSF's user, of the ways SentinelOne writes people and accounts. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { account, isSecurityIdentifier } from "../values.ts";
import { put, putId, USER_TYPE, type Draft } from "./enums.ts";
import { email } from "./fields.ts";

export interface UserParts {
  readonly name?: string | undefined;
  readonly domain?: string | undefined;
  readonly uid?: string | undefined;
  readonly email?: string | undefined;
  readonly fullName?: string | undefined;
  readonly displayName?: string | undefined;
  readonly type?: number | undefined;
}

/** Accounts that Windows itself runs under. */
const OF_THE_SYSTEM = new Set(["system", "local service", "network service"]);

/** Undefined without a name and an id: OCSF knows no such user. */
export function userOf({ name, domain, uid, email: address, fullName, displayName, type }: UserParts): JsonObject | undefined {
  if (name === undefined && uid === undefined) return undefined;
  // A security identifier that stands where the name belongs.
  if (name !== undefined && isSecurityIdentifier(name)) return userOf({ uid: uid ?? name, domain, email: address, fullName, displayName, type });
  const user: Draft = {};
  put(user, "name", name);
  put(user, "uid", uid);
  put(user, "domain", domain);
  put(user, "email_addr", address ?? email(name));
  put(user, "full_name", fullName);
  put(user, "display_name", displayName);
  const known = type ?? (name !== undefined && OF_THE_SYSTEM.has(name.toLowerCase()) ? 3 : undefined);
  if (known !== undefined) putId(user, "type", known, USER_TYPE);
  return user;
}

/** `DOMAIN\user`, or a name alone. */
export function accountUser(written: Json | undefined, parts: UserParts = {}): JsonObject | undefined {
  const found = account(written);
  return userOf({ ...parts, name: found?.name ?? parts.name, domain: found?.domain ?? parts.domain });
}
