/**
 * Streams served from a folder: `<stream>.json`, each an array of API-shaped records, served as they are, digit for digit. A record may lack
 * any field, even its id, and may come twice. Streams without a file are empty.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STREAM_IDS, type StreamId } from "../../kernel/stream-ids.ts";
import type { Scope, Shape, Source } from "../collection.ts";
import { isRecord, parseExact, readPath, type ApiRecord } from "../record.ts";
import { idOf, type Code } from "./world.ts";

function readRecords(folder: string, stream: StreamId): readonly ApiRecord[] {
  const file = join(folder, `${stream}.json`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  let parsed: unknown;
  try {
    parsed = parseExact(text.replace(/^\uFEFF/u, ""));
  } catch (error) {
    throw new Error(`${file} is not JSON`, { cause: error });
  }
  if (!Array.isArray(parsed)) throw new Error(`${file} must hold a JSON array of records`);
  return parsed.map((item: unknown, at) => {
    if (!isRecord(item)) throw new Error(`${file}: element ${String(at)} is not an object`);
    return item;
  });
}

/** Reads every stream's file; throws an Error naming the file that cannot be used. */
export function loadFolder(folder: string): ReadonlyMap<StreamId, readonly ApiRecord[]> {
  const loaded = new Map(STREAM_IDS.map((stream) => [stream, readRecords(folder, stream)]));
  if ([...loaded.values()].every((records) => records.length === 0)) {
    throw new Error(`${folder} holds no records: expected files named after streams, such as agents.json, each a JSON array`);
  }
  return loaded;
}

export function loadedSource(shape: Shape, records: readonly ApiRecord[], kind: Code, scopeOfEndpoint?: (record: ApiRecord) => readonly Scope[] | undefined): Source {
  const idPath = shape.idPath ?? "id";
  const byId = new Map<string, number[]>();
  for (const [ordinal, record] of records.entries()) {
    const id = String(readPath(record, idPath));
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [ordinal]);
    else known.push(ordinal);
  }
  return {
    size: records.length,
    make(ordinal) {
      const record = records[ordinal];
      if (record === undefined) throw new RangeError(`no loaded record ${String(ordinal)}`);
      return record;
    },
    scopes: (ordinal) => {
      const record = records[ordinal] ?? {};
      return scopeOfEndpoint?.(record) ?? shape.scopesOf(record);
    },
    find: (id) => byId.get(id) ?? [],
    newId: (n) => idOf(kind, 900_000_000 + n),
  };
}
