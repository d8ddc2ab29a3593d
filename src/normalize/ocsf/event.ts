/**
 * What every OCSF document of ours has: its class and activity with their captions, when it happened, where it came from (`metadata`), what
 * can be searched for (`observables`), the whole record as text (`raw_data`) and whatever had no home (`unmapped`).
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordKind } from "../contract.ts";
import { address, text } from "../values.ts";
import { OCSF_VERSION, type EventClass } from "./classes.ts";
import { OTHER, put, putChoice, putId, putList, SEVERITY, type Captions, type Choice, type Draft } from "./enums.ts";
import { ip, type Fields } from "./fields.ts";
import { observablesOf, type OtherObservable } from "./observables.ts";

export const VENDOR = "SentinelOne";

/** Attributes beyond a class's own; each brings some that are not allowed without it. */
export type ProfileName = "cloud" | "container" | "host" | "incident" | "security_control";

/** Account, site and group a record belongs to. */
export interface Scope {
  readonly accountId?: string | undefined;
  readonly accountName?: string | undefined;
  readonly siteId?: string | undefined;
  readonly siteName?: string | undefined;
  readonly groupId?: string | undefined;
  readonly groupName?: string | undefined;
}

/** Where the fields have the names that most records have. */
export function scopeOf(fields: Fields): Scope {
  return {
    accountId: fields.text("accountId"),
    accountName: fields.text("accountName"),
    siteId: fields.text("siteId"),
    siteName: fields.text("siteName"),
    groupId: fields.text("groupId"),
    groupName: fields.text("groupName"),
  };
}

export class Event {
  #document: Draft = {};
  readonly metadata: Draft;
  readonly #fields: Fields;
  readonly #context: MapContext;
  readonly #observed: OtherObservable[] = [];
  #own: EventClass["own"] = [];
  /** A few at most. */
  readonly #profiles: ProfileName[] = [];

  constructor(kind: RecordKind, product: string, fields: Fields, context: MapContext) {
    this.#fields = fields;
    this.#context = context;
    this.metadata = { version: OCSF_VERSION, product: { name: product, vendor_name: VENDOR }, log_name: kind };
  }

  /** Comes first: it begins the document. `label` is the vendor's own word for an activity that the class has no number for. */
  classify(eventClass: EventClass, activity: number, label?: string): void {
    this.#own = eventClass.own;
    this.#document = {
      activity_id: activity,
      activity_name: activity === OTHER ? (label ?? "Other") : (eventClass.activities[activity] ?? "Unknown"),
      category_uid: eventClass.categoryUid,
      category_name: eventClass.category,
      class_uid: eventClass.uid,
      class_name: eventClass.name,
      type_uid: eventClass.uid * 100 + activity,
      type_name: eventClass.typeNames[activity] ?? eventClass.name,
      time: 0,
      metadata: this.metadata,
    };
  }

  get document(): Draft {
    return this.#document;
  }

  /** Whoever made the product, where that is not SentinelOne. */
  vendor(name: string): void {
    this.metadata["product"] = { ...(this.metadata["product"] as JsonObject), vendor_name: name };
  }

  put(name: string, value: Parameters<typeof put>[2]): void {
    put(this.document, name, value);
  }

  putList(name: string, values: Parameters<typeof putList>[2]): void {
    putList(this.document, name, values);
  }

  putId(name: string, id: number, captions: Captions): void {
    putId(this.document, name, id, captions);
  }

  putChoice(name: string, choice: Choice | undefined): void {
    putChoice(this.document, name, choice);
  }

  actor(actor: JsonObject | undefined): void {
    if (actor === undefined) return;
    if (!this.#own.includes("actor")) this.profile("host");
    this.document["actor"] = actor;
  }

  device(device: JsonObject | undefined): void {
    if (device === undefined) return;
    if (!this.#own.includes("device")) this.profile("host");
    this.document["device"] = device;
  }

  severity(choice: Choice | undefined): void {
    this.putChoice("severity", choice ?? { id: 0, caption: "Unknown" });
  }

  severityId(id: number): void {
    this.putId("severity", id, SEVERITY);
  }

  /** The first of these fields that holds a time; 0 (1970) where none does, since OCSF requires one and a map has no clock. */
  time(fields: Fields, ...keys: readonly string[]): void {
    for (const key of keys) {
      const found = fields.time(key);
      if (found === undefined) continue;
      this.document["time"] = found;
      put(this.metadata, "original_time", text(fields.peek(key)));
      return;
    }
  }

  observe(observable: OtherObservable): void {
    this.#observed.push(observable);
  }

  /** The container that the machine runs, which belongs to a profile of its own. */
  container(container: JsonObject): void {
    const device = this.document["device"];
    if (typeof device !== "object" || device === null) return;
    this.profile("container");
    this.document["device"] = { ...(device as JsonObject), container };
  }

  get isTimeless(): boolean {
    return this.document["time"] === 0;
  }

  /** An address worth searching for that OCSF has no attribute for; `path` is where it stays, its last part the field. */
  observeIp(path: string, fields: Fields): void {
    const key = path.slice(path.lastIndexOf(".") + 1);
    if (fields.isUsed(key)) return;
    const found = ip(address(fields.peek(key)));
    if (found !== undefined && found === fields.peek(key)) this.#observed.push({ name: path, value: found, type_id: 2, type: "IP Address" });
  }

  profile(name: ProfileName): void {
    if (!this.#profiles.includes(name)) this.#profiles.push(name);
  }

  scope({ accountId, accountName, siteId, siteName, groupId, groupName }: Scope): void {
    put(this.metadata, "tenant_uid", accountId);
    const tags: JsonObject[] = [];
    const tag = (name: string, value: string | undefined): void => {
      if (value !== undefined) tags.push({ name, value });
    };
    tag("account_name", accountName);
    tag("site_id", siteId);
    tag("site_name", siteName);
    tag("group_id", groupId);
    tag("group_name", groupName);
    putList(this.metadata, "tags", tags);
  }

  done(): JsonObject {
    const { document } = this;
    putList(this.metadata, "profiles", this.#profiles);
    putList(document, "observables", observablesOf(document, this.#observed));
    document["raw_data"] = this.#context.original;
    put(document, "unmapped", this.#fields.rest());
    return document;
  }
}
