/** Places in the Windows registry: the hive by its short name, the key, the value's name, and what is in it. */
import { Buffer } from "node:buffer";
import type { Json } from "../../kernel/json.ts";
import { text } from "../values.ts";
import { put, putObject, type Fields } from "./document.ts";

const HIVES: ReadonlyMap<string, string> = new Map([
  ["MACHINE", "HKLM"],
  ["HKEY_LOCAL_MACHINE", "HKLM"],
  ["USER", "HKU"],
  ["USERS", "HKU"],
  ["HKEY_USERS", "HKU"],
  ["HKEY_CURRENT_USER", "HKCU"],
  ["HKEY_CLASSES_ROOT", "HKCR"],
  ["HKEY_CURRENT_CONFIG", "HKCC"],
]);

export interface RegistryFacts {
  /** With the value's name as its last part, unless `isKey`. */
  readonly path: Json | undefined;
  readonly isKey?: boolean;
  /** The key alone, where the vendor tells it apart. */
  readonly key?: Json | undefined;
  readonly value: Json | undefined;
  /** `DWORD`, `SZ`, … */
  readonly type: Json | undefined;
}

export function registryOf(facts: RegistryFacts): Fields {
  const registry: Fields = {};
  const path = text(text(facts.path)?.replace(/^\\(?:REGISTRY\\)?/i, ""));
  if (path !== undefined) {
    const cut = path.indexOf("\\");
    const first = cut === -1 ? path : path.slice(0, cut);
    const hive = HIVES.get(first.toUpperCase()) ?? (first.toUpperCase().startsWith("HK") ? first.toUpperCase() : undefined);
    const rest = hive === undefined ? path : cut === -1 ? "" : path.slice(cut + 1);
    put(registry, "hive", hive);
    put(registry, "path", hive === undefined || rest === "" ? (hive ?? path) : `${hive}\\${rest}`);
    const last = rest.lastIndexOf("\\");
    if (facts.isKey === true || last === -1) put(registry, "key", text(rest));
    else {
      put(registry, "key", text(rest.slice(0, last)));
      put(registry, "value", text(rest.slice(last + 1)));
    }
  }
  putObject(registry, "data", dataOf(text(facts.value), text(facts.type)?.toUpperCase()));
  return registry;
}

function dataOf(value: string | undefined, type: string | undefined): Fields {
  const data: Fields = {};
  if (type !== undefined) data["type"] = type.startsWith("REG_") ? type : `REG_${type}`;
  if (value === undefined) return data;
  if (type?.endsWith("BINARY") === true) {
    const hex = value.replace(/^0x/i, "").replace(/[\s,-]/g, "");
    if (/^(?:[0-9a-f]{2})+$/i.test(hex)) data["bytes"] = Buffer.from(hex, "hex").toString("base64");
    else data["strings"] = [value];
  } else data["strings"] = [type?.endsWith("WORD") === true ? decimalOf(value) : value];
  return data;
}

/** ECS has numbers of the registry in decimal. */
function decimalOf(value: string): string {
  return /^0x[0-9a-f]{1,16}$/i.test(value) ? BigInt(value).toString() : value;
}
