/**
 * Records of `../shared/samples` beside the documents that Sekoia publishes for them: each is equal, to the last digit. Skipped where the
 * folder is not there.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseExact, type JsonObject } from "../../kernel/json.ts";
import type { RecordKind } from "../contract.ts";
import { SEKOIA_MAPS } from "./index.ts";

const SAMPLES = fileURLToPath(new URL("../../../../shared/samples/sekoia", import.meta.url));
const THERE = existsSync(SAMPLES);
if (!THERE) process.stderr.write(`SKIPPED: no samples at ${SAMPLES}\n`);

interface Sample extends JsonObject {
  readonly input: { readonly message: string };
  readonly expected: JsonObject;
}

function samples(): readonly { readonly name: string; readonly text: string }[] {
  if (!THERE) return [];
  return ["identity", "edr", "cloud-funnel"].flatMap((folder) => readdirSync(join(SAMPLES, folder)).toSorted().map((file) => ({
    name: `${folder}/${file}`,
    text: readFileSync(join(SAMPLES, folder, file), "utf8"),
  })));
}

function kindOf(name: string, record: JsonObject): RecordKind {
  if (name.startsWith("identity/")) return "alerts";
  if (name.startsWith("cloud-funnel/")) return "cloud-funnel";
  return record["threatInfo"] === undefined ? "activities" : "threats";
}

describe.skipIf(!THERE)("documents that Sekoia publishes", () => {
  it.each(samples())("$name is given as it stands there", ({ name, text }) => {
    const { input, expected } = parseExact(text) as Sample;
    const record = parseExact(input.message) as JsonObject;

    expect(SEKOIA_MAPS[kindOf(name, record)]?.(record, { original: input.message, console: null, unseen: () => undefined })).toStrictEqual(expected);
  });

  it("are there for all three intakes", () => {
    expect(samples().length).toBeGreaterThanOrEqual(26);
  });
});
