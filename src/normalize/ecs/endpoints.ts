/** Sides of a connection. What they are called is put under `related`. */
import type { Json } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { registeredParts } from "../domains.ts";
import { address, port, text } from "../values.ts";
import { put, type Draft, type Fields } from "./document.ts";

/** `source` or `destination`: `address` is the name, else the address. A name that is an address is one. */
export function endpointOf(draft: Draft, host: Json | undefined, ip: Json | undefined, number: Json | undefined): Fields {
  const fields: Fields = {};
  const asAddress = address(host);
  const domain = asAddress === undefined ? draft.host(text(host)) : undefined;
  const found = draft.ip(address(ip) ?? asAddress);
  put(fields, "domain", domain);
  if (domain !== undefined) Object.assign(fields, registeredParts(domain.toLowerCase()));
  put(fields, "ip", found);
  put(fields, "address", domain ?? found);
  // A port without its host says nothing of where.
  if (domain !== undefined || found !== undefined) put(fields, "port", port(number));
  return fields;
}

/** The vendor's words for directions. */
const DIRECTIONS: ReadonlyMap<string, string> = new Map([
  ["OUTGOING", "outbound"],
  ["OUTBOUND", "outbound"],
  ["OUT", "outbound"],
  ["INCOMING", "inbound"],
  ["INBOUND", "inbound"],
  ["IN", "inbound"],
  ["UNKNOWN", "unknown"],
  ["N/A", "unknown"],
  ["ANY", "unknown"],
]);

export function directionOf(value: Json | undefined, field: string, context: MapContext): string | undefined {
  const word = text(value)?.toUpperCase();
  if (word === undefined) return undefined;
  const known = DIRECTIONS.get(word);
  if (known === undefined) context.unseen(field, word);
  return known ?? "unknown";
}
