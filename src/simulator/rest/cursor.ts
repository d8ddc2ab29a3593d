/**
 * The vendor's cursors: opaque base64url text, bound to endpoint, filters and sort. One that was not given out for this very
 * listing is a 400.
 */
import { createHash } from "node:crypto";
import type { Position } from "../collection.ts";
import { badRequest } from "../errors.ts";

function seal(listing: string, payload: string): string {
  return createHash("sha256").update(`${listing}\n${payload}`).digest("base64url").slice(0, 16);
}

/** `listing` names endpoint, filters, sort and caller. */
export function encodeCursor(listing: string, position: Position): string {
  const payload = JSON.stringify([position.ordinal, position.value]);
  return Buffer.from(`id:${seal(listing, payload)}:${payload}`).toString("base64url");
}

export function decodeCursor(listing: string, cursor: string): Position {
  const text = /^[\w-]+$/u.test(cursor) ? Buffer.from(cursor, "base64url").toString("utf8") : "";
  const found = /^id:([\w-]{16}):(\[.*\])$/u.exec(text);
  if (found?.[1] === undefined || found[2] === undefined || seal(listing, found[2]) !== found[1]) {
    throw badRequest("cursor: Invalid cursor.");
  }
  const payload = JSON.parse(found[2]) as readonly [number, Position["value"]];
  return { ordinal: payload[0], value: payload[1] };
}
