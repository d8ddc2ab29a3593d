/** Branded ids, so that a tenant's id cannot stand where a connection's is expected. */
import { randomBytes } from "node:crypto";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type TenantId = Branded<"tenant">;
export type ConnectionId = Branded<"connection">;
export type RunId = Branded<"run">;
export type ApiKeyId = Branded<"api-key">;

const PREFIX = { tenant: "ten", connection: "con", run: "run", "api-key": "key", parked: "prk", audit: "aud", destination: "dst", rule: "rul", exception: "exc", result: "res", provider: "prv", connector: "vcn", "ingest-rule": "irl", ingest: "igr", notification: "ntf", knowledge: "kno", "hash-list": "hsl", user: "usr", session: "ses" } as const;
type Kind = keyof typeof PREFIX;

/** The tenant that owns everything until an operator makes others. */
export const DEFAULT_TENANT = "ten_default" as TenantId;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `con_01jd…`: prefix, 48-bit time, 80 random bits, in Crockford base 32: sorts by creation within a kind. */
export function newId(kind: Kind, nowMs: number): string {
  let time = "";
  for (let left = nowMs, place = 0; place < 10; place += 1, left = Math.floor(left / 32)) {
    time = ALPHABET.charAt(left % 32) + time;
  }
  let random = "";
  for (const byte of randomBytes(16)) random += ALPHABET.charAt(byte % 32);
  return `${PREFIX[kind]}_${time}${random}`;
}
