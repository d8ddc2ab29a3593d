/** Where reading the application inventory stands: SentinelOne's cursors of both listings and how many applications of the page are done. */
import { Fault } from "../../kernel/fault.ts";
import { isObject } from "./mapping.ts";

export interface InventoryPosition {
  /** Cursor of the inventory page, null for the first. */
  readonly inventory: string | null;
  /** Applications of that page that have been read. */
  readonly done: number;
  /** Cursor within the next application's endpoints. */
  readonly endpoints: string | null;
}

export function writePosition(position: InventoryPosition): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** Null is the beginning; a text this module has not written is a refused cursor. */
export function readPosition(cursor: string | null): InventoryPosition {
  if (cursor === null) return { inventory: null, done: 0, endpoints: null };
  const refused = new Fault("S1_CURSOR_REFUSED", "The place to go on in the application inventory cannot be read.", { details: { path: "/application-management/inventory" } });
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw refused;
  }
  if (!isObject(parsed)) throw refused;
  const { inventory, done, endpoints } = parsed;
  if ((inventory !== null && typeof inventory !== "string") || typeof done !== "number" || !Number.isSafeInteger(done) || done < 0 || (endpoints !== null && typeof endpoints !== "string")) throw refused;
  return { inventory, done, endpoints };
}
