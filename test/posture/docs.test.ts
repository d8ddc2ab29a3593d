import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLOUDFLARE_PATH } from "../../src/posture/cloudflare.ts";
import { INPUT_IDS } from "../../src/posture/model.ts";
import { parseRules } from "../../src/posture/rule-form.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const GUIDE = read("docs/posture.md");
const inputRows = (text: string): readonly string[] => text.split("\n").filter((line) => line.startsWith("| `") && line.split("|").length === 7);

describe("the guide to posture", () => {
  it("says of every input what posture's own page says", () => {
    expect(inputRows(GUIDE)).toEqual(inputRows(read("src/posture/README.md")));
    for (const input of INPUT_IDS) expect(GUIDE).toContain(`\`${input}\``);
  });

  it("shows rules that are taken as they stand, and bodies that are JSON", () => {
    const [rules, ...bodies] = [...GUIDE.matchAll(/```json\n(.+?)```/gs)].map((match) => JSON.parse(match[1] ?? "") as unknown);
    expect([parseRules(rules).map(({ name }) => name), bodies.length]).toEqual([["Healthy laptops", "Finance"], 2]);
  });

  it("names Cloudflare's path as the hub serves it, wherever it names it", () => {
    const named = [...GUIDE.matchAll(/\/integrations\/[\w/]+/g)].map(([path]) => path);
    expect([named.length > 3, new Set(named)]).toEqual([true, new Set([CLOUDFLARE_PATH])]);
  });

  it("names only commands there are", () => {
    const commands = read("docs/commands.md");
    const typed = [...GUIDE.matchAll(/vedette posture (rules|exceptions|serials|risk|providers) (\w+)|vedette posture (\w+)/g)].map(([line]) => line);
    expect(typed.length).toBeGreaterThan(12);
    expect(typed.filter((line) => !commands.includes(line))).toEqual([]);
  });
});
