/** Matches with indicators of threat intelligence, as Cloud Funnel writes them (`tiIndicator.*`). */
import type { Json } from "../../kernel/json.ts";
import type { Values } from "../field-table.ts";
import { address, hash, instant, text } from "../values.ts";
import type { Attack } from "./attack.ts";
import { AT } from "./cloud-funnel-fields.ts";
import { put, putObject, type Draft, type Fields } from "./document.ts";
import { urlOf } from "./url.ts";

const TYPES: ReadonlyMap<string, string> = new Map([
  ["dns", "domain-name"],
  ["domain", "domain-name"],
  ["ip", "ipv4-addr"],
  ["ipv4", "ipv4-addr"],
  ["ipv6", "ipv6-addr"],
  ["md5", "file"],
  ["sha1", "file"],
  ["sha256", "file"],
  ["url", "url"],
]);

export interface IndicatorFacts {
  readonly type: Json | undefined;
  readonly value: Json | undefined;
  readonly source: Json | undefined;
  readonly name?: Json | undefined;
  readonly description?: Json | undefined;
  readonly modified?: Json | undefined;
}

export function indicator(draft: Draft, facts: IndicatorFacts): Fields {
  const fields: Fields = {};
  const value = text(facts.value);
  if (value === undefined) return fields;
  const kind = text(facts.type)?.toLowerCase() ?? "";
  const ip = address(value);
  const type = ip === undefined ? TYPES.get(kind) : ip.includes(":") ? "ipv6-addr" : "ipv4-addr";
  put(fields, "type", type);
  fields["name"] = text(facts.name) ?? value;
  put(fields, "description", text(facts.description));
  put(fields, "provider", text(facts.source));
  put(fields, "modified_at", instant(facts.modified));
  if (ip !== undefined) put(fields, "ip", draft.ip(ip));
  else if (type === "file") putFile(draft, fields, kind, value);
  else if (type === "url") putObject(fields, "url", urlOf(value));
  else if (type === "domain-name") {
    draft.host(value);
    fields["url"] = { domain: value };
  }
  return fields;
}

function putFile(draft: Draft, fields: Fields, kind: string, value: string): void {
  const found = draft.hash(hash(value));
  if (found !== undefined) fields["file"] = { hash: { [kind]: found } };
}

export function indicatorOf(draft: Draft, values: Values, attack: Attack): Fields {
  for (const tactic of (text(values[AT.tiIndicatorMitreTactics]) ?? "").split(",", 64)) attack.tactic(undefined, tactic.trim());
  return indicator(draft, {
    type: values[AT.tiIndicatorType],
    value: values[AT.tiIndicatorValue],
    source: values[AT.tiIndicatorSource],
    name: values[AT.tiIndicatorName],
    description: values[AT.tiIndicatorDescription],
    modified: values[AT.tiIndicatorModificationTime],
  });
}
