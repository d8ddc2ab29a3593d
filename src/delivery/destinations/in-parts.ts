/**
 * Sends a batch in requests of a bounded size, one after the other, for destinations that take many deliveries at once. A request that is
 * refused as a whole is cut in halves until what is wrong stands alone. After a delivery that was not settled its key waits; after trouble
 * with the destination itself, or once the batch has taken long, nothing more is begun.
 */
import type { Delivery, Receipt } from "../destination.ts";
import { BEGIN_WITHIN_MS, HELD, unexpected } from "./in-order.ts";

export interface PartLimits {
  readonly rows: number;
  /** Of one request, as `size` counts. */
  readonly bytes: number;
  /** A delivery that is larger, as `measure` counts (or `size`), is never sent. */
  readonly largest: number;
  size(delivery: Delivery): number;
  measure?(delivery: Delivery): number;
  /** What is answered for each by itself: no two of one key go in one request, or the later could be taken and the earlier not. */
  readonly keysApart?: true;
}

/** One receipt each, in order; or that the request as a whole was refused (never said of a single delivery). */
export type PartAnswer = readonly Receipt[] | "smaller";

export async function sendInParts(batch: readonly Delivery[], limits: PartLimits, signal: AbortSignal, sendPart: (part: readonly Delivery[]) => Promise<PartAnswer>, beginWithinMs = BEGIN_WITHIN_MS): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = batch.map(() => HELD);
  const late = AbortSignal.timeout(beginWithinMs);
  const blocked = new Set<string>();
  let stopped = false;
  const goesOn = (): boolean => !stopped && !late.aborted && !signal.aborted;

  function settle(place: number, receipt: Receipt): void {
    receipts[place] = receipt;
    if (receipt.outcome !== "again-after") return;
    const key = batch[place]?.orderKey;
    if (key !== undefined) blocked.add(key);
    if (receipt.blame === "destination") stopped = true;
  }

  async function send(places: readonly number[]): Promise<void> {
    const free = places.filter((place) => !blocked.has(batch[place]?.orderKey ?? ""));
    const part = free.flatMap((place) => batch[place] ?? []);
    if (part.length === 0 || !goesOn()) return;
    const answer = await sendPart(part).catch((error: unknown) => part.map(() => unexpected(error)));
    if (answer !== "smaller") {
      for (const [at, place] of free.entries()) settle(place, answer[at] ?? HELD);
      return;
    }
    const middle = Math.ceil(free.length / 2);
    await send(free.slice(0, middle));
    await send(free.slice(middle));
  }

  let left = batch.flatMap((delivery, place) => {
    const measured = (limits.measure ?? limits.size)(delivery);
    if (measured <= limits.largest) return [{ place, size: limits.size(delivery), key: delivery.orderKey }];
    receipts[place] = { outcome: "refused", code: "DELIVERY_TOO_LARGE", reason: `It is ${kilobytes(measured)}; this destination takes up to ${kilobytes(limits.largest)}.` };
    return [];
  });
  while (left.length > 0 && goesOn()) {
    const { part, rest } = nextPart(left, limits);
    await send(part);
    left = rest;
  }
  return receipts;
}

interface Sized {
  readonly place: number;
  readonly size: number;
  readonly key: string;
}

/** The first ones, as many as fit; what is left out stays in order, and so does each key. */
function nextPart(left: readonly Sized[], { rows, bytes, keysApart }: PartLimits): { readonly part: readonly number[]; readonly rest: Sized[] } {
  const part: number[] = [];
  const rest: Sized[] = [];
  const seen = new Set<string>();
  let total = 0;
  let full = false;
  for (const one of left) {
    full ||= part.length >= rows || (part.length > 0 && total + one.size > bytes);
    if (full || (keysApart === true && seen.has(one.key))) rest.push(one);
    else {
      part.push(one.place);
      total += one.size;
      seen.add(one.key);
    }
  }
  return { part, rest };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
