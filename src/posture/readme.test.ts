import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { INPUTS, NETWORK_STATUSES, OPERATIONAL_STATES } from "./inputs.ts";
import { CLEARLY_STALE_MS, CONFIDENCE } from "./matching.ts";
import { IDENTIFIERS, INPUT_IDS, SEVERITIES } from "./model.ts";
import { parseRules } from "./rule-form.ts";

const README = readFileSync(new URL("./README.md", import.meta.url), "utf8");
const rows = README.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
const ticked = (cell: string | undefined): readonly string[] => [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");

describe("the README", () => {
  it("gives every input with its operators and the field it reads", () => {
    for (const input of INPUT_IDS) {
      const row = rows.find((cells) => cells.length === 5 && ticked(cells[0]).includes(input));
      expect([input, ticked(row?.[1]).toSorted()]).toEqual([input, [...INPUTS[input].operators].toSorted()]);
      for (const field of INPUTS[input].field.split(", ")) if (/^[a-z]/.test(field) && !field.endsWith("Name") && input !== "group") expect(ticked(row?.[3])).toContain(field);
    }
  });

  it("gives every word of the vendor's that a rule may ask for", () => {
    const words = (input: string): readonly string[] => ticked(rows.find((cells) => cells.length === 5 && ticked(cells[0]).includes(input))?.[2]);
    expect(words("network_status")).toEqual([...NETWORK_STATUSES]);
    expect(words("operational_state")).toEqual([...OPERATIONAL_STATES]);
    expect(words("worst_open_cve")).toEqual([...SEVERITIES]);
  });

  it("gives the confidence of every identifier and the length of the tie-break", () => {
    for (const identifier of IDENTIFIERS) expect(rows.find((cells) => cells.length === 3 && cells[0] === `\`${identifier}\``)?.[1]).toBe(CONFIDENCE[identifier]);
    expect(README).toContain("silent for seven days longer");
    expect(CLEARLY_STALE_MS).toBe(7 * 86_400_000);
  });

  it("shows rules that are taken as they stand", () => {
    const examples = [...README.matchAll(/```json\n(.+?)```/gs)].map((match) => JSON.parse(match[1] ?? "") as unknown);
    expect(examples.map((example) => parseRules(example).length)).toEqual([1, 1]);
  });
});
