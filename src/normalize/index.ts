/**
 * Records of SentinelOne's as documents of a standard. A record is recognised by its shape unless its kind is named; what cannot be mapped
 * is answered with a reason, never with an exception, and never with half a document. Pure but for the count of values never seen before.
 */
import { isJsonObject, parseExact, stringifyExact, type Json, type JsonObject } from "../kernel/json.ts";
import { RECORD_SECRETS, secretRemover, type SecretRemover } from "../kernel/record-secrets.ts";
import { RECORD_KINDS, type MapContext, type Profile, type RecordKind, type RecordMap, type Standard } from "./contract.ts";
import { ECS_MAPS } from "./ecs/index.ts";
import { OCSF_MAPS } from "./ocsf/index.ts";
import { isWrapping, reasonOf, recognise } from "./recognise.ts";
import { SEKOIA_MAPS } from "./sekoia/index.ts";
import { Unseen } from "./unseen.ts";

export interface Target {
  readonly standard: Standard;
  /** `sekoia` is one of ECS; OCSF has `native` alone. */
  readonly profile: Profile;
  /** What every record is; recognised by shape where left out. */
  readonly stream?: RecordKind | undefined;
  /** The console's address, for links back. */
  readonly console?: string | null | undefined;
}

export type Normalized = { readonly document: JsonObject; readonly kind: RecordKind } | { readonly document: null; readonly reason: string };

export interface Normalizer {
  /** One record's text, as JSON. */
  text(text: string): Normalized;
  /** A record read already (by `parseExact`), with its text where there is one. */
  record(value: Json, text?: string): Normalized;
  readonly unseen: Unseen;
}

type Maps = Readonly<Partial<Record<RecordKind, RecordMap>>>;

const MAPS: Readonly<Record<Standard, Readonly<Record<Profile, Maps>>>> = {
  ecs: { native: ECS_MAPS, sekoia: SEKOIA_MAPS },
  ocsf: { native: OCSF_MAPS, sekoia: {} },
};

/** Cloud Funnel's events name none: a command line is what was typed, whatever is in it. */
const SECRETS: Readonly<Partial<Record<RecordKind, SecretRemover>>> = { groups: secretRemover(RECORD_SECRETS.groups), activities: secretRemover(RECORD_SECRETS.activities) };

/** Kinds of records that can be written as this standard, in this profile. */
export function kindsOf(standard: Standard, profile: Profile): readonly RecordKind[] {
  return RECORD_KINDS.filter((kind) => MAPS[standard][profile][kind] !== undefined);
}

export function createNormalizer(target: Target): Normalizer {
  const maps = MAPS[target.standard][target.profile];
  const unseen = new Unseen();
  const console = target.console ?? null;
  const count = (field: string, value: Json): void => unseen.add(field, value);

  function record(value: Json, text?: string): Normalized {
    if (!isJsonObject(value)) return { document: null, reason: reasonOf(value) };
    const kind = target.stream === undefined || isWrapping(value) ? recognise(value) : target.stream;
    if (kind === null) return { document: null, reason: reasonOf(value) };
    const map = maps[kind];
    if (map === undefined) return { document: null, reason: `there is no map of ${kind} to ${target.standard} in the profile ${target.profile}` };
    try {
      const original = text ?? stringifyExact(value);
      const cleaned = SECRETS[kind]?.text(original) ?? null;
      const context: MapContext = { original: cleaned ?? original, console, unseen: count };
      return { document: map(cleaned === null ? value : (parseExact(cleaned) as JsonObject), context), kind };
    } catch (error) {
      return { document: null, reason: failure(error, kind) };
    }
  }

  return {
    unseen,
    record,
    text(text) {
      let value: Json;
      try {
        value = parseExact(text);
      } catch (error) {
        return { document: null, reason: error instanceof RangeError ? TOO_DEEP : unreadable(text) };
      }
      return record(value, text);
    },
  };
}

/** Files of JSON for people to read have one record on many lines; the first of them is a brace alone. */
function unreadable(text: string): string {
  return text === "{" || text === "[" ? "not JSON: a record has to be on one line; `jq -c .` puts it on one" : "not JSON";
}

const TOO_DEEP = "nested too deeply to be written";

/** A document as one line of JSON; null where it is nested more deeply than can be written. */
export function documentLine(document: JsonObject): string | null {
  try {
    return stringifyExact(document);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A map never throws for an object; should one have a defect all the same, it costs that record and no other. */
function failure(error: unknown, kind: RecordKind): string {
  if (error instanceof RangeError) return TOO_DEEP;
  return `the map of ${kind} failed (${error instanceof Error ? error.name : typeof error}); this is a defect of Vedette's`;
}
