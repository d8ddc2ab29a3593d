import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RISKS } from "./risk-model.ts";
import { DEFAULT_THRESHOLDS } from "./thresholds.ts";

const TEXT = readFileSync(new URL("../../docs/access-risks.md", import.meta.url), "utf8");
const rows = TEXT.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));

describe("the document about risks", () => {
  it("has every risk with its weight, and no other", () => {
    const told = rows.filter((cells) => cells.length === 6).map((cells) => `${cells[1] ?? ""} ${cells[3] ?? ""}`);

    expect(told.toSorted()).toEqual(Object.entries(RISKS).map(([risk, { severity }]) => `${risk} ${severity}`).toSorted());
  });

  it("has every threshold with its default", () => {
    const told = rows.filter((cells) => cells.length === 4 && Object.hasOwn(DEFAULT_THRESHOLDS, cells[1] ?? "")).map((cells) => `${cells[1] ?? ""} ${cells[2] ?? ""}`);

    expect(told).toEqual(Object.entries(DEFAULT_THRESHOLDS).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : String(value)}`));
  });
});
