/**
 * What a map from a vendor's record to a standard is: a pure function of the record, one for each kind of record and each standard. It
 * reads no clock and knows no network; a value it has never seen is kept as it came and reported, never dropped and never a reason to fail.
 */
import type { Json, JsonObject } from "../kernel/json.ts";

/** Kinds of records there are maps for: streams by their id, and events of Cloud Funnel (flat NDJSON that SentinelOne exports). */
export const RECORD_KINDS = ["alerts", "threats", "cloud-detection-alerts", "activities", "agents", "groups", "applications", "risks", "cloud-funnel"] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export const STANDARDS = ["ecs", "ocsf"] as const;
export type Standard = (typeof STANDARDS)[number];

/** `native` is ours; `sekoia` gives the documents that Sekoia's own intakes give, for people who move over with their rules (ECS only). */
export const PROFILES = ["native", "sekoia"] as const;
export type Profile = (typeof PROFILES)[number];

export interface MapContext {
  /** The record's own text, as it was read. */
  readonly original: string;
  /** `https://usea1-011.sentinelone.net`, for links back; null where it is not known. */
  readonly console: string | null;
  /** Called with the field's path and its value when a closed list of the vendor's turns out to hold one more. */
  unseen(field: string, value: Json): void;
}

/** Never throws for an object, however odd its fields are. */
export type RecordMap = (record: JsonObject, context: MapContext) => JsonObject;
