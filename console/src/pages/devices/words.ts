/** Words of devices and posture. */
import type { Answer } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";

export type Judged = Answer<"GET /api/v1/posture/devices">;
export type Outcome = Judged["verdicts"][number]["outcome"];

export const OUTCOME_TONES: Readonly<Record<Outcome, Tone>> = { pass: "good", fail: "bad", unknown: "warn", "not-applicable": "plain" };

export const STALENESS_WORDS: Readonly<Record<"not-scanned" | "device-gone" | "superseded" | "not-seen" | "missed-scans", string>> = { "not-scanned": "Never scanned", "device-gone": "Device gone", superseded: "Superseded", "not-seen": "Not seen lately", "missed-scans": "Missed scans" };

export const DEVICE_PLACES = [
  { to: "/devices", name: "Devices" },
  { to: "/devices/rules", name: "Posture rules" },
  { to: "/devices/serials", name: "Ambiguous serials" },
] as const;
