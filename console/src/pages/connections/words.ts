/** How a connection's state looks. */
import type { Answer } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";

export type Connection = Answer<"GET /api/v1/connections/{id}">;
export type StreamState = Answer<"GET /api/v1/streams/status">["items"][number];
export type VerifyAnswer = Answer<"POST /api/v1/verify">;

export const STATE_TONES: Readonly<Record<Connection["state"], Tone>> = { Verifying: "busy", Syncing: "busy", Connected: "good", "Needs attention": "bad", Paused: "plain" };

/** Below this many days a token's end is worth a colour. */
const DAYS_WORTH_A_WARNING = 30;

export function tokenTone(daysLeft: number | null): Tone {
  if (daysLeft === null) return "plain";
  if (daysLeft <= 7) return "bad";
  return daysLeft <= DAYS_WORTH_A_WARNING ? "warn" : "plain";
}

export function tokenWords(daysLeft: number | null): string {
  if (daysLeft === null) return "unknown";
  if (daysLeft < 0) return "expired";
  return daysLeft === 1 ? "1 day left" : `${String(daysLeft)} days left`;
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

export function streamWord(stream: StreamState, connectionPaused: boolean): readonly [Tone, string] {
  if (stream.fault !== null) return ["bad", "Fault"];
  if (stream.paused || connectionPaused) return ["plain", "Paused"];
  if (stream.freshAt === null) return ["busy", "Not read yet"];
  if (stream.gaps > 0) return ["warn", "Gap"];
  return stream.caughtUp ? ["good", "Up to date"] : ["busy", "Catching up"];
}
