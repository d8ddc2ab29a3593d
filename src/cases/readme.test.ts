import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CASE_FACTS } from "./facts.ts";
import { HEALTH } from "./health.ts";
import { LINKS } from "./links.ts";

const HOUR = 3_600_000;

function words(ms: number): string {
  if (ms === 0) return "none";
  const [number, unit] = ms > 24 * HOUR ? [ms / (24 * HOUR), "day"] : ms >= HOUR ? [ms / HOUR, "hour"] : [ms / 60_000, "minute"];
  return `${String(number)} ${unit}${number === 1 ? "" : "s"}`;
}

describe("the table of links", () => {
  it.each(["./README.md", "../../docs/cases.md"])("in %s is what the code goes by", (file) => {
    const rows = readFileSync(new URL(file, import.meta.url), "utf8").split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    for (const [kind, { reachMs }] of Object.entries(LINKS)) expect(rows.find(([name]) => name === `\`${kind}\``)?.[1], kind).toBe(words(reachMs));
  });
});

describe("the table of what is wrong with agents", () => {
  it("says after how long a case is opened, as the code does", () => {
    const rows = readFileSync(new URL("../../docs/cases.md", import.meta.url), "utf8").split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    for (const [kind, { opensAfterMs }] of Object.entries(HEALTH)) expect(rows.find(([name]) => name === `\`${kind}\``)?.[1], kind).toBe(words(opensAfterMs));
  });
});

describe("the table of facts", () => {
  it("names every kind that is told", () => {
    const told = readFileSync(new URL("../../docs/cases.md", import.meta.url), "utf8").split("## What is told")[1]?.split("## ")[0] ?? "";
    expect(new Set([...told.matchAll(/`(cases\.[a-z]+)`/g)].map(([, kind]) => kind))).toEqual(new Set(CASE_FACTS));
  });
});
