import { describe, expect, it } from "vitest";
import { RECORD_KINDS } from "./contract.ts";
import { GOLDEN_TARGETS, goldenPairs } from "./golden.test-kit.ts";

const PAIRS = goldenPairs();

describe("golden pairs", () => {
  it.each(PAIRS.map((pair) => [pair.name, pair] as const))("%s is what was accepted (`npm run golden -- --accept` after a change on purpose)", (_name, { accepted, made }) => {
    expect(made).toBe(accepted);
  });

  it.each(Object.keys(GOLDEN_TARGETS))("there are some of %s for every kind of record", (target) => {
    expect(RECORD_KINDS.filter((kind) => !PAIRS.some((pair) => pair.name.startsWith(`${target}/`) && pair.kind === kind))).toEqual([]);
  });
});
