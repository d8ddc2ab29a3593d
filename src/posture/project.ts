/** A device between its facts and its row, and the keys by which it is found. */
import type { BulkUpsert } from "../store/store.ts";
import type { Judged } from "./judge.ts";
import type { DeviceFacts } from "./model.ts";
import { FLEET_VERDICTS } from "../kernel/posture-api.ts";
import { foldHostname, foldWords } from "./serials.ts";
import { NEVER_LEFT_OUT } from "./tables.ts";
import type { ToldByRule } from "./verdicts.ts";

export const DEVICES: BulkUpsert = {
  table: "posture_devices",
  columns: [
    ...["connection_id", "id", "tenant_id", "serial_key", "hostname_key", "facts", "verdicts"].map((name) => ({ name, type: "text" as const })),
    { name: "last_active", type: "integer" },
    { name: "turns_at", type: "integer" },
    { name: "letters", type: "text" },
    { name: "verdict", type: "integer" },
    { name: "site_key", type: "text" },
    { name: "os_key", type: "text" },
  ],
  key: ["connection_id", "id"],
  update: ["tenant_id", "serial_key", "hostname_key", "facts", "verdicts", "last_active", "turns_at", "letters", "verdict", "site_key", "os_key"],
};

export const KEYS: BulkUpsert = { table: "posture_keys", columns: ["kind", "key", "connection_id", "id"].map((name) => ({ name, type: "text" as const })), key: ["kind", "key", "connection_id", "id"], update: [] };

/** What the console did not say stands in it as null: reading a thousand of them must not cost more than parsing. */
export function writeFacts(facts: DeviceFacts): string {
  return JSON.stringify(facts);
}

/** A version that knows more of a device raises POSTURE_REVISION, and every row is made again. */
export function readFacts(text: string): DeviceFacts {
  return JSON.parse(text) as DeviceFacts;
}

export function readTold(text: string): ToldByRule {
  return text === "{}" ? {} : (JSON.parse(text) as ToldByRule);
}

export interface DeviceKey {
  readonly kind: "mac" | "email";
  readonly key: string;
}

/** What leads to a device beside its serial number and host name. */
export function keysOf(facts: Pick<DeviceFacts, "macs" | "emails">): readonly DeviceKey[] {
  return [...facts.macs.map((key) => ({ kind: "mac" as const, key })), ...facts.emails.map((key) => ({ kind: "email" as const, key }))];
}

/** In the order of `DEVICES`' columns. */
export function deviceRow(facts: DeviceFacts, { told, turnsAt, letters, verdict }: Pick<Judged, "told" | "turnsAt" | "letters" | "verdict">, now: number): readonly (string | number | null)[] {
  const time = Date.parse(facts.lastActive ?? "");
  const lastActive = Number.isNaN(time) || time > now ? NEVER_LEFT_OUT : time;
  return [facts.connection, facts.id, facts.tenant, facts.serialKey, foldHostname(facts.hostname), writeFacts(facts), JSON.stringify(told), lastActive, turnsAt, letters, FLEET_VERDICTS.indexOf(verdict), foldWords(facts.siteName), foldWords(facts.osName)];
}
