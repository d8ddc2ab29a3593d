/**
 * MITRE ATT&CK as OCSF writes it: one object for each tactic and technique together, a sub-technique beside the technique it belongs to.
 * SentinelOne gives ids as names, tactics without ids and ids that lack a digit.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { TECHNIQUE_NAMES } from "../attack-names.ts";
import { identityKind } from "../identity-kinds.ts";
import { tacticId, tacticIdByName, tacticName } from "../tactics.ts";
import { text } from "../values.ts";
import { put, type Draft } from "./enums.ts";

export interface AttackParts {
  readonly tacticId?: string | undefined;
  readonly tacticName?: string | undefined;
  readonly techniqueId?: string | undefined;
  readonly techniqueName?: string | undefined;
  readonly link?: string | undefined;
  readonly version?: string | undefined;
}

const TECHNIQUE = /^T\d{4}(?:\.\d{3})?$/i;

/** An id of another form stays as it is. */
function idOfTactic(id: string | undefined, name: string | undefined): string | undefined {
  return tacticId(id) ?? id ?? (name === undefined ? undefined : tacticIdByName(name));
}

function named(uid: string | undefined, name: string | undefined, link?: string): JsonObject | undefined {
  if (uid === undefined && name === undefined) return undefined;
  const made: Draft = {};
  put(made, "uid", uid);
  put(made, "name", name);
  put(made, "src_url", link);
  return made;
}

export function attackOf(parts: AttackParts): JsonObject | undefined {
  const attack: Draft = {};
  const tactic = idOfTactic(parts.tacticId, parts.tacticName);
  put(attack, "tactic", named(tactic, parts.tacticName ?? (tactic === undefined ? undefined : tacticName(tactic))));
  // The API's techniques have their id as name.
  const written = parts.techniqueId ?? parts.techniqueName;
  const id = written !== undefined && TECHNIQUE.test(written.trim()) ? written.trim().toUpperCase() : undefined;
  const name = parts.techniqueName === written && id !== undefined ? undefined : parts.techniqueName;
  if (id?.includes(".") === true) {
    const above = id.slice(0, id.indexOf("."));
    put(attack, "technique", named(above, TECHNIQUE_NAMES.get(above)));
    put(attack, "sub_technique", named(id, name ?? TECHNIQUE_NAMES.get(id), parts.link));
  } else {
    put(attack, "technique", named(id ?? parts.techniqueId, name ?? (id === undefined ? undefined : TECHNIQUE_NAMES.get(id)), parts.link));
  }
  if (attack["tactic"] === undefined && attack["technique"] === undefined) return undefined;
  put(attack, "version", parts.version);
  return attack;
}

/** The techniques that an identity alert of this name is about; none for names that say none. */
function attacksByName(name: string): readonly JsonObject[] {
  const kind = identityKind(name);
  if (kind === null) return [];
  return kind.techniques.map((techniqueId, at) => attackOf({ tacticId: kind.tactics[at] ?? kind.tactics[0], techniqueId })).filter((one) => one !== undefined);
}

/** What a record names, made as exact as its kind is: DCSync is T1003.006 where the record says T1003. */
export function refinedByName(attacks: readonly JsonObject[], name: string): readonly JsonObject[] {
  const known = attacksByName(name);
  if (attacks.length === 0) return known;
  return attacks.map((attack) => {
    if (attack["sub_technique"] !== undefined) return attack;
    const uid = idOf(attack["technique"]);
    const exact = known.find((one) => one["sub_technique"] !== undefined && idOf(one["technique"]) === uid)?.["sub_technique"];
    return exact === undefined ? attack : { ...attack, sub_technique: exact };
  });
}

/** Each pair of tactic and technique once. */
export class Attacks {
  readonly #found = new Map<string, JsonObject>();

  add(attack: JsonObject | undefined): void {
    if (attack === undefined) return;
    const key = `${idOf(attack["tactic"])}\n${idOf(attack["sub_technique"] ?? attack["technique"])}`;
    if (!this.#found.has(key)) this.#found.set(key, attack);
  }

  list(): readonly JsonObject[] {
    return [...this.#found.values()];
  }
}

function idOf(part: Json | undefined): string {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return "";
  const { uid, name } = part as JsonObject;
  return text(uid) ?? text(name) ?? "";
}
