/** The tactics of MITRE ATT&CK, by id and by name: SentinelOne often gives only one of the two, and writes some ids without one of their zeros. */
import type { Json } from "../kernel/json.ts";

const TACTICS: readonly (readonly [id: string, name: string])[] = [
  ["TA0043", "Reconnaissance"],
  ["TA0042", "Resource Development"],
  ["TA0001", "Initial Access"],
  ["TA0002", "Execution"],
  ["TA0003", "Persistence"],
  ["TA0004", "Privilege Escalation"],
  ["TA0005", "Defense Evasion"],
  ["TA0006", "Credential Access"],
  ["TA0007", "Discovery"],
  ["TA0008", "Lateral Movement"],
  ["TA0009", "Collection"],
  ["TA0010", "Exfiltration"],
  ["TA0011", "Command and Control"],
  ["TA0040", "Impact"],
];
const NAMES: ReadonlyMap<string, string> = new Map(TACTICS);
const IDS: ReadonlyMap<string, string> = new Map(TACTICS.map(([id, name]) => [name.toLowerCase(), id]));
const ID = /^TA0*(\d{1,4})$/i;

/** `TA006` → `TA0006`. Undefined for what is no tactic's id. */
export function tacticId(value: Json | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  const match = ID.exec(value.trim());
  return match?.[1] === undefined ? undefined : `TA${match[1].padStart(4, "0")}`;
}

export function tacticName(id: string): string | undefined {
  return NAMES.get(id);
}

/** In any letters, with the underscores and the ampersand that some write. */
export function tacticIdByName(name: string): string | undefined {
  return IDS.get(name.trim().toLowerCase().replaceAll(/[_-]/g, " ").replace("&", "and"));
}
