import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STATUS_LABELS } from "../kernel/vulnerability-api.ts";
import { VULNERABILITY_STREAMS } from "./index.ts";
import { classOf, statusOf } from "./lifecycle.ts";
import { IDENTIFIER_KINDS, type VulnerabilityStatus } from "./model.ts";

const README = readFileSync(new URL("./README.md", import.meta.url), "utf8");
const rows = README.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
const ticked = (cell: string | undefined): string => /`([^`]+)`/.exec(cell ?? "")?.[1] ?? "";

describe("the README", () => {
  it("gives the identifiers in the order they are asked, and every stream that is read", () => {
    const named = rows.map(([first]) => ticked(first));
    expect(named.filter((name) => (IDENTIFIER_KINDS as readonly string[]).includes(name))).toEqual([...IDENTIFIER_KINDS]);
    expect(VULNERABILITY_STREAMS.filter((stream) => !named.includes(stream))).toEqual([]);
  });

  it("puts every status into the class it is counted in", () => {
    for (const [status, label] of Object.entries(STATUS_LABELS)) {
      const row = rows.find(([first]) => ticked(first) === classOf(status as VulnerabilityStatus, null, null));
      expect(row?.[1], label).toContain(label);
    }
  });

  it("carries SentinelOne's decisions over as the code does", () => {
    const none = { mitigationStatus: null, mitigationReason: null, mitigationBy: null, mitigationAt: null, verdict: null, markedAs: null, markedBy: null, markedAt: null, reason: null };
    for (const word of ["To be patched", "On hold", "Risk acknowledged"]) {
      const row = rows.find(([first]) => ticked(first) === word);
      expect(row?.[1], word).toBe(STATUS_LABELS[statusOf({ ...none, mitigationStatus: word }).status]);
    }
    expect([statusOf({ ...none, verdict: "False Positive" }).status, statusOf({ ...none, markedAs: "false positive" }).status, statusOf(none).status]).toEqual(["false-positive", "false-positive", "active"]);
  });
});
