/** For tests of the profile: a record as one of its kinds, and what of the document they look at. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { stringifyExact } from "../../kernel/json.ts";
import type { RecordKind } from "../contract.ts";
import { SEKOIA_MAPS } from "./index.ts";

export interface Mapped {
  readonly document: JsonObject;
  /** The value at a dotted path; undefined where the document has none. */
  at(path: string): Json | undefined;
  readonly unseen: readonly (readonly [field: string, value: Json])[];
}

export function mapped(kind: RecordKind, record: JsonObject): Mapped {
  const unseen: (readonly [string, Json])[] = [];
  const document = SEKOIA_MAPS[kind]?.(record, { original: stringifyExact(record), console: null, unseen: (field, value) => unseen.push([field, value]) }) ?? {};
  return {
    document,
    unseen,
    at: (path) => path.split(".").reduce<Json | undefined>((value, name) => (value as JsonObject | undefined)?.[name], document),
  };
}
