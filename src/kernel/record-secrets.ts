/**
 * Fields of the vendor's records that are secrets, by stream: whoever holds a registration token can join a machine, a passphrase uninstalls an
 * agent. They are cut out of a record's text before anybody keeps it or passes it on; everything else stays letter for letter as it came.
 */
import type { StreamId } from "./stream-ids.ts";

export const RECORD_SECRETS = {
  accounts: ["registrationToken"],
  sites: ["registrationToken"],
  groups: ["registrationToken"],
  users: ["token", "value", "password", "currentPassword"],
  "service-users": ["token", "value"],
  activities: ["registrationToken", "passphrase", "apiToken", "token"],
} as const satisfies Partial<Record<StreamId, readonly string[]>>;

interface RawJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}
const exactJson = JSON as unknown as RawJson;

export interface SecretRemover {
  /** A record's text without the keys, wherever they stand; null where it has none of them. Throws SyntaxError for what is no JSON. */
  text(raw: string): string | null;
  /** The same for a value that was read already. */
  value(value: unknown): unknown;
}

export function secretRemover(keys: readonly string[]): SecretRemover {
  if (keys.length === 0) return { text: () => null, value: (value) => value };
  const names = new Set(keys);
  // Escapes may spell a key (`\u0070ass`), so text with any is looked through too.
  const suspicious = new RegExp(`\\\\u00|"(?:${keys.join("|")})"`);
  return { text: (raw) => (suspicious.test(raw) ? withoutKeys(raw, names) : null), value: (value) => valueWithout(value, names) };
}

function withoutKeys(raw: string, names: ReadonlySet<string>): string | null {
  let found = false;
  const rest = exactJson.parse(raw, (key, value, { source }) => {
    if (names.has(key)) {
      found = true;
      return undefined;
    }
    return typeof value === "number" && source !== undefined ? exactJson.rawJSON(source) : value;
  });
  return found ? JSON.stringify(rest) : null;
}

function valueWithout(value: unknown, names: ReadonlySet<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => valueWithout(part, names));
  return Object.fromEntries(Object.entries(value).flatMap(([key, part]) => (names.has(key) ? [] : [[key, valueWithout(part, names)]])));
}
