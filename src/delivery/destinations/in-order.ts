/**
 * Sends a batch one delivery at a time: several keys side by side, each key in order. After a delivery that was not settled its key waits; after
 * one that shows the destination itself in trouble, or once the batch has taken long, nothing more is begun.
 */
import { asFault } from "../../kernel/fault.ts";
import type { Delivery, Receipt } from "../destination.ts";

export const HELD: Receipt = { outcome: "again-after", afterMs: 0, blame: "earlier", code: "CANCELLED", reason: "It waits for an earlier one." };

/** A slow receiver is given the rest in the next batch: breaking off what is under way would only have it come twice. */
export const BEGIN_WITHIN_MS = 20_000;

export async function sendInOrder(batch: readonly Delivery[], width: number, signal: AbortSignal, sendOne: (delivery: Delivery) => Promise<Receipt>, beginWithinMs = BEGIN_WITHIN_MS): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = batch.map(() => HELD);
  const keys = [...byKey(batch).values()];
  const late = AbortSignal.timeout(beginWithinMs);
  let stopped = false;
  let next = 0;

  async function sendKey(places: readonly number[]): Promise<void> {
    for (const place of places) {
      const delivery = batch[place];
      if (stopped || late.aborted || signal.aborted || delivery === undefined) return;
      const receipt = await sendOne(delivery).catch(unexpected);
      receipts[place] = receipt;
      if (receipt.outcome !== "again-after") continue;
      if (receipt.blame === "destination") stopped = true;
      return;
    }
  }

  async function work(): Promise<void> {
    for (;;) {
      const places = keys[next];
      next += 1;
      if (places === undefined) return;
      await sendKey(places);
    }
  }

  await Promise.all(Array.from({ length: Math.min(width, keys.length) }, work));
  return receipts;
}

export function unexpected(error: unknown): Receipt {
  const fault = asFault(error);
  return { outcome: "again-after", afterMs: fault.retryAfterMs ?? null, blame: "delivery", code: fault.code, reason: fault.message };
}

function byKey(batch: readonly Delivery[]): ReadonlyMap<string, readonly number[]> {
  const keys = new Map<string, number[]>();
  for (const [place, { orderKey }] of batch.entries()) {
    const places = keys.get(orderKey);
    if (places === undefined) keys.set(orderKey, [place]);
    else places.push(place);
  }
  return keys;
}
