/** OCSF's file with its hashes and signature. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { baseName, directoryOf, extensionOf, hash } from "../values.ts";
import { FILE_TYPE, HASH_ALGORITHM, put, putId, putList, SIGNATURE_STATE, type Draft } from "./enums.ts";

export const REGULAR = 1;
export const FOLDER = 2;
export const NAMED_PIPE = 6;
export const EXECUTABLE = 8;

export interface HashParts {
  readonly md5?: Json | undefined;
  readonly sha1?: Json | undefined;
  readonly sha256?: Json | undefined;
}

export interface FileParts extends HashParts {
  readonly path?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: number | undefined;
  readonly size?: number | bigint | undefined;
  readonly extension?: string | undefined;
  readonly created?: number | undefined;
  readonly modified?: number | undefined;
  readonly uid?: string | undefined;
  readonly signature?: JsonObject | undefined;
  readonly company?: string | undefined;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
  readonly internalName?: string | undefined;
  readonly owner?: JsonObject | undefined;
}

function fingerprint(algorithm: number, value: Json | undefined): JsonObject | undefined {
  const found = hash(value);
  if (found === undefined) return undefined;
  return { algorithm_id: algorithm, algorithm: HASH_ALGORITHM[algorithm] ?? "Unknown", value: found };
}

export function hashesOf({ md5, sha1, sha256 }: HashParts): readonly JsonObject[] {
  const found: JsonObject[] = [];
  for (const print of [fingerprint(1, md5), fingerprint(2, sha1), fingerprint(3, sha256)]) if (print !== undefined) found.push(print);
  return found;
}

/** A file has to have a name; where only hashes are known, the strongest of them stands for it. */
export function fileOf(parts: FileParts): JsonObject | undefined {
  const { path } = parts;
  const hashes = hashesOf(parts);
  const name = parts.name ?? (path === undefined ? undefined : baseName(path) || path) ?? (hashes.at(-1)?.["value"] as string | undefined);
  if (name === undefined) return undefined;
  const type = parts.type ?? 0;
  const file: Draft = { name, type_id: type, type: FILE_TYPE[type] ?? "Unknown" };
  put(file, "path", path);
  if (path !== undefined) put(file, "parent_folder", directoryOf(path));
  put(file, "ext", parts.extension ?? extensionOf(name));
  put(file, "size", parts.size);
  put(file, "uid", parts.uid);
  put(file, "created_time", parts.created);
  put(file, "modified_time", parts.modified);
  put(file, "company_name", parts.company);
  put(file, "desc", parts.description);
  put(file, "version", parts.version);
  put(file, "internal_name", parts.internalName);
  put(file, "owner", parts.owner);
  putList(file, "hashes", hashes);
  if (parts.signature !== undefined) file["signatures"] = [parts.signature];
  return file;
}

export interface SignatureParts {
  /** Whoever signed. */
  readonly publisher?: string | undefined;
  readonly valid?: boolean | undefined;
  /** Why it does not hold, in the vendor's words. */
  readonly reason?: string | undefined;
}

const REASONS: readonly (readonly [word: RegExp, state: number])[] = [[/expir/i, 2], [/revok/i, 3], [/untrust/i, 6]];
const BAD = 9;

/** SentinelOne tells who signed and whether that holds, never with which algorithm. */
export function signatureOf({ publisher, valid, reason }: SignatureParts): JsonObject | undefined {
  if (publisher === undefined && valid === undefined) return undefined;
  const signature: Draft = { algorithm_id: 0, algorithm: "Unknown" };
  if (valid !== undefined) putId(signature, "state", valid ? 1 : (REASONS.find(([word]) => word.test(reason ?? ""))?.[1] ?? BAD), SIGNATURE_STATE);
  put(signature, "developer_uid", publisher);
  return signature;
}
