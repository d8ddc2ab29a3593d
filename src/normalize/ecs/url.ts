/** Addresses of the web in their parts. What cannot be parted is kept as it stands. */
import type { Json } from "../../kernel/json.ts";
import { registeredParts } from "../domains.ts";
import { extensionOf, text } from "../values.ts";
import { put, type Fields } from "./document.ts";

const MAX_LENGTH = 65_536;

export function urlOf(value: Json | undefined): Fields {
  const url: Fields = {};
  const original = text(value);
  if (original === undefined) return url;
  url["original"] = original;
  const parsed = original.length > MAX_LENGTH || !original.includes("://") ? null : URL.parse(original);
  if (parsed === null || parsed.hostname === "") return url;
  url["full"] = original;
  url["scheme"] = parsed.protocol.slice(0, -1);
  url["domain"] = parsed.hostname;
  Object.assign(url, registeredParts(parsed.hostname));
  put(url, "port", parsed.port === "" ? undefined : Number(parsed.port));
  if (parsed.pathname !== "" && parsed.pathname !== "/") {
    url["path"] = parsed.pathname;
    put(url, "extension", extensionOf(parsed.pathname.slice(parsed.pathname.lastIndexOf("/") + 1)));
  }
  put(url, "query", text(parsed.search.slice(1)));
  put(url, "fragment", text(parsed.hash.slice(1)));
  return url;
}
