/**
 * What every ECS document of ours has: where it came from, the whole record under `sentinelone.<kind>` as the vendor names its fields and as
 * text in `event.original`, and the people, machines, addresses and hashes in it once more under `related`.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordKind } from "../contract.ts";
import { account, address, firstText } from "../values.ts";

export type Fields = Record<string, Json>;

/** The version of the field list that the maps are written against. */
export const ECS_VERSION = "9.4.0";

/** Where a record lies: `sentinelone.threat`, one name for each kind. */
export const NAMESPACES = {
  alerts: "alert",
  threats: "threat",
  "cloud-detection-alerts": "cloud_detection_alert",
  activities: "activity",
  agents: "agent",
  groups: "group",
  applications: "application",
  risks: "risk",
  "cloud-funnel": "cloud_funnel",
} as const satisfies Record<RecordKind, string>;

export interface Classification {
  readonly kind: "alert" | "event" | "state" | "asset";
  readonly category: readonly string[];
  readonly type: readonly string[];
}

export function put(target: Fields, field: string, value: Json | undefined): void {
  if (value !== undefined) target[field] = value;
}

/** An array, unless it would be empty. */
export function putList(target: Fields, field: string, values: readonly Json[]): void {
  if (values.length > 0) target[field] = values;
}

/** An object, unless it would be empty. */
export function putObject(target: Fields, field: string, value: Fields): void {
  for (const _ in value) {
    target[field] = value;
    return;
  }
}

const NONE: readonly string[] = [];
const FEW = 16;

/** Different values in the order they came. Nearly always few: a search through them costs less than a set. */
class Seen {
  #values: string[] | null = null;
  #set: Set<string> | null = null;

  add(value: string): void {
    const values = (this.#values ??= []);
    if (this.#set === null) {
      if (values.includes(value)) return;
      if (values.length === FEW) this.#set = new Set([...values, value]);
    } else if (this.#set.has(value)) return;
    else this.#set.add(value);
    values.push(value);
  }

  get values(): readonly string[] {
    return this.#values ?? NONE;
  }
}

export class Draft {
  readonly document: Fields;
  readonly event: Fields;
  readonly #vendor: Fields;
  readonly #ip = new Seen();
  readonly #user = new Seen();
  readonly #hosts = new Seen();
  readonly #hash = new Seen();

  constructor(kind: RecordKind, record: JsonObject, context: MapContext) {
    this.event = { kind: "event", module: "sentinelone", dataset: `sentinelone.${NAMESPACES[kind]}`, original: context.original };
    this.#vendor = { [NAMESPACES[kind]]: record };
    this.document = { ecs: { version: ECS_VERSION }, event: this.event, observer: { vendor: "SentinelOne" }, sentinelone: this.#vendor };
  }

  classify({ kind, category, type }: Classification): void {
    this.event["kind"] = kind;
    putList(this.event, "category", category);
    putList(this.event, "type", type);
  }

  put(field: string, value: Json | undefined): void {
    if (value !== undefined) this.document[field] = value;
  }

  putObject(field: string, value: Fields): void {
    putObject(this.document, field, value);
  }

  /** Beside the record, under `sentinelone`. */
  putVendor(field: string, value: Fields): void {
    putObject(this.#vendor, field, value);
  }

  /** The address a machine is seen under from outside, which it may share with a whole site: no address of its own. */
  external(value: Json | undefined): void {
    const found = this.ip(address(value));
    if (found !== undefined) this.#vendor["external_ip"] = found;
  }

  ip(value: string | undefined): string | undefined {
    if (value !== undefined) this.#ip.add(value);
    return value;
  }

  /** People are found by their name, whatever domain stands before it. */
  user(value: string | undefined): string | undefined {
    if (value !== undefined) this.#user.add(value.includes("\\") ? (account(value)?.name ?? value) : value);
    return value;
  }

  host(value: string | undefined): string | undefined {
    if (value !== undefined) this.#hosts.add(value);
    return value;
  }

  hash(value: string | undefined): string | undefined {
    if (value !== undefined) this.#hash.add(value);
    return value;
  }

  done(): JsonObject {
    const related: Fields = {};
    putList(related, "ip", this.#ip.values);
    putList(related, "user", this.#user.values);
    putList(related, "hosts", this.#hosts.values);
    putList(related, "hash", this.#hash.values);
    putObject(this.document, "related", related);
    return this.document;
  }
}

export interface ScopeLevel {
  readonly id: string | undefined;
  readonly name: string | undefined;
}

export interface Scope {
  readonly account: ScopeLevel;
  readonly site: ScopeLevel;
  readonly group: ScopeLevel;
}

/** Of fields named `accountId`, `accountName` and so on, each from the first of the two that has it. */
export function scopeOf(first: JsonObject, second: JsonObject = first): Scope {
  return {
    account: { id: firstText(first["accountId"], second["accountId"]), name: firstText(first["accountName"], second["accountName"]) },
    site: { id: firstText(first["siteId"], second["siteId"]), name: firstText(first["siteName"], second["siteName"]) },
    group: { id: firstText(first["groupId"], second["groupId"]), name: firstText(first["groupName"], second["groupName"]) },
  };
}

/** Account, site and group, under the same names for every kind of record; the account is the organisation too. */
export function putScope(draft: Draft, { account, site, group }: Scope): void {
  const organization = levelOf(account);
  draft.putObject("organization", organization);
  const scope: Fields = {};
  putObject(scope, "account", organization);
  putObject(scope, "site", levelOf(site));
  putObject(scope, "group", levelOf(group));
  draft.putVendor("scope", scope);
}

function levelOf({ id, name }: ScopeLevel): Fields {
  const fields: Fields = {};
  put(fields, "id", id);
  put(fields, "name", name);
  return fields;
}
