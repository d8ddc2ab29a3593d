/** Words of devices and posture. */
import type { Answer } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";

export type Judged = Answer<"GET /api/v1/posture/devices">;
type FleetVerdict = Answer<"GET /api/v1/posture/fleet">["items"][number]["verdict"];
export type Outcome = Judged["verdicts"][number]["outcome"];

export const OUTCOME_TONES: Readonly<Record<Outcome, Tone>> = { pass: "good", fail: "bad", unknown: "warn", "not-applicable": "plain" };

/** Of all rules together. */
export const FLEET_WORDS: Readonly<Record<FleetVerdict, string>> = { fail: "Fail", unknown: "Unknown", warn: "Warning", pass: "Pass", none: "No rule" };
export const FLEET_TONES: Readonly<Record<FleetVerdict, Tone>> = { fail: "bad", unknown: "warn", warn: "warn", pass: "good", none: "plain" };

/** By how many days ago the agent last reported; as the list of devices is narrowed. */
export const SILENT_WORDS: Readonly<Record<string, string>> = { 1: "Over a day ago", 7: "Over 7 days ago", 30: "Over 30 days ago" };

/** Why, where a rule's own message says nothing. */
const REASON_WORDS: Readonly<Record<string, string>> = {
  "stale-evidence": "What is known of it is too old to judge by.",
  "other-platform": "The rule is not about devices of this kind.",
  "platform-not-known": "The console does not say what it runs on.",
};

export function reasonWords(reason: string, outcome: Outcome): string {
  if (reason !== "conditions") return REASON_WORDS[reason] ?? reason;
  return outcome === "pass" ? "Everything that the rule asks is met." : outcome === "fail" ? "Not everything that the rule asks is met." : "Something that the rule asks is not known.";
}

export const STALENESS_WORDS: Readonly<Record<"not-scanned" | "device-gone" | "superseded" | "not-seen" | "missed-scans", string>> = { "not-scanned": "Never scanned", "device-gone": "Device gone", superseded: "Superseded", "not-seen": "Not seen lately", "missed-scans": "Missed scans" };

export const DEVICE_PLACES = [
  { to: "/devices", name: "Devices" },
  { to: "/devices/rules", name: "Posture rules" },
  { to: "/devices/serials", name: "Ambiguous serials" },
  { to: "/devices/coverage", name: "Coverage" },
] as const;
