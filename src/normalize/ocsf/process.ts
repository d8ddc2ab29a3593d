/** OCSF's process: what ran, of which file, for whom, started by what. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { choose, INTEGRITY, put, putChoice, words, type Draft } from "./enums.ts";

const INTEGRITY_WORDS = words({ UNKNOWN: 0, UNTRUSTED: 1, LOW: 2, MEDIUM: 3, HIGH: 4, SYSTEM: 5, PROTECTED: 6 });

export interface ProcessParts {
  readonly pid?: number | undefined;
  readonly uid?: string | undefined;
  readonly name?: string | undefined;
  readonly commandLine?: string | undefined;
  readonly path?: string | undefined;
  readonly started?: number | undefined;
  readonly integrity?: Json | undefined;
  readonly integrityField?: string;
  readonly user?: JsonObject | undefined;
  readonly session?: string | undefined;
  readonly file?: JsonObject | undefined;
  readonly parent?: JsonObject | undefined;
  /** The parent's name, where nothing else of it is known. */
  readonly parentName?: string | undefined;
  /** Stands for the process where the record gives neither its number nor a key: OCSF takes none without. */
  readonly standIn?: string | undefined;
}

/** Undefined where nothing is known of the process. */
export function processOf(parts: ProcessParts, context: MapContext): JsonObject | undefined {
  const { pid, name, commandLine, path, file, parent, parentName } = parts;
  const says = pid ?? parts.uid ?? name ?? commandLine ?? path ?? file ?? parent ?? parentName;
  const uid = parts.uid ?? (pid === undefined ? parts.standIn : undefined);
  if (says === undefined || (pid === undefined && uid === undefined)) return undefined;
  const process: Draft = {};
  put(process, "pid", pid);
  put(process, "uid", uid);
  put(process, "name", name);
  put(process, "cmd_line", commandLine);
  put(process, "path", path);
  put(process, "created_time", parts.started);
  putChoice(process, "integrity", choose(parts.integrity, parts.integrityField ?? "integrityLevel", INTEGRITY_WORDS, INTEGRITY, context));
  put(process, "file", file);
  put(process, "user", parts.user);
  if (parts.session !== undefined) process["session"] = { uid: parts.session };
  put(process, "parent_process", parent);
  if (parent === undefined && parentName !== undefined) process["ancestry"] = [{ name: parentName }];
  return process;
}
