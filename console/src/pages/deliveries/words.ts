/** Words of destinations and deliveries. */
import type { Answer, Route } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";
import { KINDS } from "./kinds.ts";

export type Destination = Answer<"GET /api/v1/destinations">["items"][number];
export type Delivery = Answer<"GET /api/v1/deliveries">["items"][number];

export const STATE_TONES: Readonly<Record<Delivery["state"], Tone>> = { queued: "busy", delivered: "good", parked: "bad" };
export const STATE_WORDS: Readonly<Record<Delivery["state"], string>> = { queued: "Waiting", delivered: "Delivered", parked: "Set aside" };
/** What a change of a destination or a replay makes new. */
export const TOUCHED: readonly Route[] = ["GET /api/v1/destinations", "GET /api/v1/destinations/{id}", "GET /api/v1/deliveries", "GET /api/v1/deliveries/throughput", "GET /api/v1/overview"];

export function kindName(id: string): string {
  return KINDS.find((kind) => kind.id === id)?.name ?? id;
}

export function stateOf({ fault, pausedAt }: Destination): { readonly tone: Tone; readonly word: string } {
  if (pausedAt !== null) return { tone: "plain", word: "Paused" };
  return fault === null ? { tone: "good", word: "Well" } : { tone: "bad", word: "Takes nothing" };
}

/** Where it leads, as far as that is no secret. */
export function placeOf({ shown }: Destination): string {
  return String(shown["to"] ?? shown["host"] ?? shown["file"] ?? "–");
}

/** `cases.*, severity medium or more`. */
export function getsOf({ facts, filter }: Destination): string {
  const { streams = [], products = [], severity, sites = [], connections = [] } = filter ?? {};
  return [facts?.join(", ") ?? "everything", ...streams, ...products, ...(severity === undefined ? [] : [`severity ${severity} or more`]), ...sites.map((id) => `site ${id}`), ...connections].join(", ");
}
