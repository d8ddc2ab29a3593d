/**
 * Lines to normalise: the invented records of the golden pairs, in the shares a busy estate gives them, each with ids, names and addresses of its
 * own, so that no string is met twice where it would not be met twice in life.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseExact, stringifyExact } from "../src/kernel/json.ts";
import type { RecordKind } from "../src/normalize/contract.ts";

const GOLDEN = fileURLToPath(new URL("../src/normalize/ecs/golden", import.meta.url));

/** Of a hundred lines. */
const SHARES: readonly (readonly [kind: RecordKind, share: number])[] = [
  ["cloud-funnel", 55],
  ["activities", 14],
  ["alerts", 12],
  ["threats", 6],
  ["agents", 5],
  ["applications", 4],
  ["risks", 2],
  ["cloud-detection-alerts", 1],
  ["groups", 1],
];

function templates(kind: RecordKind): readonly string[] {
  return readdirSync(join(GOLDEN, kind))
    .filter((name) => name.endsWith(".in.json") && !name.startsWith("never-seen") && !name.startsWith("sparse"))
    .toSorted()
    .map((name) => stringifyExact(parseExact(readFileSync(join(GOLDEN, kind, name), "utf8"))));
}

/** The same lines for the same count. */
export function recordLines(count: number, kinds: readonly RecordKind[]): readonly string[] {
  const known = new Map(SHARES.map(([kind]) => [kind, templates(kind)]));
  const order = SHARES.filter(([kind]) => kinds.includes(kind)).flatMap(([kind, share]) => Array.from({ length: share }, (_, turn) => [kind, turn] as const));
  return Array.from({ length: count }, (_, place) => {
    // Steps that share no factor with a hundred mix the kinds as they come in life, and not in blocks.
    const [kind, turn] = order[(place * 37) % order.length] ?? ["alerts", 0];
    const all = known.get(kind) ?? [];
    const template = all[(turn + Math.floor(place / order.length)) % all.length] ?? "";
    const number = String(place).padStart(8, "0");
    return template.replaceAll("2101000000", `21${number}`).replaceAll("OF-LT-0417", `OF-LT-${number}`).replaceAll("10.20.4.17", `10.${String(place % 200)}.${String((place >> 8) % 200)}.17`).replaceAll("01JXYZ", `01J${number}`);
  });
}
