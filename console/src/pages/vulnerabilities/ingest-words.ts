/** Words of ingest rules and their runs. */
import type { Answer } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";

export type Connector = Answer<"GET /api/v1/vulnerabilities/connectors">["items"][number];
export type IngestRule = Connector["rules"][number];
export type IngestRun = Answer<"GET /api/v1/vulnerabilities/runs">["items"][number];

/** As the hub keeps the words of schedules. */
const CRON_WORDS: Readonly<Record<string, string>> = { "0 * * * *": "hourly", "0 3 * * *": "daily", "0 3 * * 1": "weekly" };

/** `hourly`, `daily` (03:00), `weekly` (Monday 03:00), or the fields of cron. */
export function scheduleWord(schedule: string): string {
  return CRON_WORDS[schedule] ?? schedule;
}

export const RUN_TONES: Readonly<Record<IngestRun["state"], Tone>> = { reading: "busy", ingesting: "busy", done: "good", partial: "warn", failed: "bad", cancelled: "plain" };
export const RUN_WORDS: Readonly<Record<IngestRun["state"], string>> = { reading: "Reading", ingesting: "Ingesting", done: "Done", partial: "In part", failed: "Failed", cancelled: "Left out" };
