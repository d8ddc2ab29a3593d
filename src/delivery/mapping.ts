/** Records in a standard, by the maps of `normalize`: made once for each place they are needed at, and kept. */
import type { JsonObject } from "../kernel/json.ts";
import { createNormalizer, type Normalizer } from "../normalize/index.ts";
import type { Profile, RecordKind, Standard } from "../normalize/contract.ts";
import { RECORD_KINDS } from "../normalize/contract.ts";
import type { QueuedRecord } from "./records.ts";

const TARGETS: Readonly<Record<"ecs" | "ocsf" | "sekoia", { readonly standard: Standard; readonly profile: Profile }>> = {
  ecs: { standard: "ecs", profile: "native" },
  ocsf: { standard: "ocsf", profile: "native" },
  sekoia: { standard: "ecs", profile: "sekoia" },
};

/** Consoles are few; should there be very many, the oldest are made again. */
const MOST_KEPT = 500;
const kept = new Map<string, Normalizer>();

export type Mapped = { readonly value: JsonObject } | { readonly reason: string };

export function mapped(record: QueuedRecord, format: keyof typeof TARGETS): Mapped {
  const { stream } = record;
  const kind = RECORD_KINDS.find((each): each is RecordKind => each === stream);
  if (kind === undefined) return { reason: `There is no map of ${stream} to ${format}.` };
  const made = normalizerFor(format, kind, record.console).text(record.raw);
  return made.document === null ? { reason: `The record cannot be written as ${format}: ${made.reason}.` } : { value: made.document };
}

function normalizerFor(format: keyof typeof TARGETS, stream: RecordKind, console: string | null): Normalizer {
  const name = `${format} ${stream} ${console ?? ""}`;
  const known = kept.get(name);
  if (known !== undefined) return known;
  const made = createNormalizer({ ...TARGETS[format], stream, console });
  const [oldest] = kept.keys();
  if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(name, made);
  return made;
}
