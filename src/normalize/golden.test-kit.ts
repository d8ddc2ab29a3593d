/**
 * Golden pairs: records of an invented estate (`*.in.json`) and the documents that our maps make of them (`*.out.json`). A pair that differs fails
 * a test; `npm run golden -- --accept` writes what the maps make now, for a person to read in the change.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseExact, stringifyExact, type Json } from "../kernel/json.ts";
import type { RecordKind } from "./contract.ts";
import { createNormalizer, type Target } from "./index.ts";

const HERE = dirname(fileURLToPath(import.meta.url));

/** Folders of pairs, by the target they are for; below each lies one folder for each kind of record. Targets may share the records of one. */
export const GOLDEN_TARGETS: Readonly<Record<string, Target & { readonly recordsOf?: string }>> = {
  ecs: { standard: "ecs", profile: "native", console: "https://usea1-011.sentinelone.net" },
  ocsf: { standard: "ocsf", profile: "native", console: "https://usea1-011.sentinelone.net", recordsOf: "ecs" },
};

export interface GoldenPair {
  /** `ecs/alerts/identity-dcsync` */
  readonly name: string;
  readonly kind: string;
  readonly output: string;
  /** The record as one line, which the map is given. */
  readonly line: string;
  /** Null where nothing was accepted yet. */
  readonly accepted: string | null;
  readonly made: string;
}

export function goldenPairs(): readonly GoldenPair[] {
  return Object.entries(GOLDEN_TARGETS).flatMap(([target, { recordsOf = target, ...options }]) => {
    const folder = join(HERE, recordsOf, "golden");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".in.json"))
      .toSorted()
      .map((file) => pair(folder, target, file, options));
  });
}

function pair(folder: string, target: string, file: string, options: Target): GoldenPair {
  const value = parseExact(readFileSync(join(folder, file), "utf8"));
  const line = stringifyExact(value);
  const kind = dirname(file);
  const made = createNormalizer(options).text(line);
  if (made.document === null) throw new Error(`${file}: ${made.reason}`);
  if (made.kind !== (kind as RecordKind)) throw new Error(`${file}: recognised as ${made.kind}`);
  const output = join(HERE, target, "golden", file.replace(/\.in\.json$/, ".out.json"));
  return { name: `${target}/${file.slice(0, -".in.json".length)}`, kind, output, line, accepted: readOrNull(output), made: `${pretty(made.document)}\n` };
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/** Names of the pairs that were written. */
export function acceptGolden(): readonly string[] {
  const changed = goldenPairs().filter(({ accepted, made }) => accepted !== made);
  for (const { output, made } of changed) {
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, made);
  }
  return changed.map(({ name }) => name);
}

const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON;

function pretty(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? rawJson(String(part)) : part), 2);
}
