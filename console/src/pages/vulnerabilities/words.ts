/** Words of vulnerabilities. */
import type { Answer } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";

export type Instance = Answer<"GET /api/v1/vulnerabilities/findings/{id}">["items"][number];

export const CLASS_TONES: Readonly<Record<Instance["class"], Tone>> = { open: "bad", stale: "warn", fixed: "good", "set-aside": "plain", "out-of-scope": "plain" };

export const VULNERABILITY_PLACES = [
  { to: "/vulnerabilities", name: "Fix first" },
  { to: "/vulnerabilities/fixes", name: "By fix" },
  { to: "/vulnerabilities/findings", name: "All findings" },
  { to: "/vulnerabilities/ingest", name: "What is ingested" },
  { to: "/vulnerabilities/exports", name: "Exports" },
] as const;
