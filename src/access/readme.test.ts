import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ACCESS_STREAMS } from "./coverage.ts";
import { EVERYDAY_WORDS } from "./permission-words.ts";

const README = readFileSync(new URL("./README.md", import.meta.url), "utf8");
const rows = README.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
const ticked = (cell: string | undefined): readonly string[] => [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");

describe("the README", () => {
  it("gives every everyday word with the permission it leads to, and no other", () => {
    const table = Object.fromEntries(rows.filter((cells) => cells.length === 2).flatMap((cells) => ticked(cells[0]).map((word) => [word, cells[1]])));
    expect(table).toEqual(EVERYDAY_WORDS);
  });

  it("gives every stream that is read", () => {
    const named = new Set(rows.filter((cells) => cells.length === 3).flatMap((cells) => ticked(cells[0])));
    expect(ACCESS_STREAMS.filter((stream) => !named.has(stream))).toEqual([]);
  });
});
