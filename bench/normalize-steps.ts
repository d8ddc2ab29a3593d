/**
 * One target of the normalisation benchmark in a process of its own: `STANDARD PROFILE LINES REPEATS`. Floor (JSON.parse of the lines and
 * JSON.stringify of the documents) and normalisation alternate; each is told as processor time of this thread, which other work on the machine
 * does not lengthen by waiting. Ends with one line of JSON. `lines FILE LINES` writes the lines into a file instead.
 */
import { writeFileSync } from "node:fs";
import { stringifyExact, type JsonObject } from "../src/kernel/json.ts";
import { PROFILES, RECORD_KINDS, STANDARDS } from "../src/normalize/contract.ts";
import { createNormalizer, documentLine, kindsOf, type Normalizer } from "../src/normalize/index.ts";
import { recordLines } from "./normalize-records.ts";

const [first = "", second = "", lines = "0", repeats = "1"] = process.argv.slice(2);

/** Milliseconds of this thread's processor time. */
function spent(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** Documents live as long as their batch, as they do in the product. */
const BATCH = 1000;

function documentOf(normalizer: Normalizer, text: string): JsonObject {
  const normalized = normalizer.text(text);
  if (normalized.document === null) throw new Error(`${normalized.reason}: ${text.slice(0, 200)}`);
  return normalized.document;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

function measure(standardWord: string, profileWord: string): void {
  const standard = STANDARDS.find((word) => word === standardWord);
  const profile = PROFILES.find((word) => word === profileWord);
  if (standard === undefined || profile === undefined) throw new Error(`no such target: ${standardWord} ${profileWord}`);
  const kinds = kindsOf(standard, profile);
  const texts = recordLines(Number(lines), kinds);
  const normalizer = createNormalizer({ standard, profile });
  const floors: number[] = [];
  const runs: number[] = [];
  let bytes = 0;
  for (let round = 0; round <= Number(repeats); round += 1) {
    let floor = 0;
    let whole = 0;
    for (let at = 0; at < texts.length; at += BATCH) {
      const batch = texts.slice(at, at + BATCH);
      whole += spent(() => {
        for (const text of batch) {
          const { document } = normalizer.text(text);
          if (document !== null) bytes += documentLine(document)?.length ?? 0;
        }
      });
      const documents = batch.map((text): JsonObject => documentOf(normalizer, text));
      floor += spent(() => {
        for (const text of batch) JSON.parse(text);
        for (const document of documents) bytes += stringifyExact(document).length;
      });
    }
    // The first round is that of a cold engine.
    if (round > 0) {
      floors.push(floor);
      runs.push(whole);
    }
  }
  process.stdout.write(`${JSON.stringify({ kinds: kinds.length, floorMs: median(floors), ms: median(runs), megabytes: bytes / 1e6 })}\n`);
}

if (first === "lines") writeFileSync(second, `${recordLines(Number(lines), RECORD_KINDS).join("\n")}\n`);
else measure(first, second);
