/** Faults are planned where somebody insists that they happen, and everybody can read which there are. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FAULT_KINDS, readFaultPlan } from "../../src/simulator/index.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function testFiles(): readonly string[] {
  return ["src", "test"].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).flatMap((name) => (name.endsWith(".test.ts") ? [join(folder, name)] : [])));
}

describe("faults", () => {
  it("are planned only where a test fails whose faults did not happen", () => {
    const planning = testFiles().filter((file) => file !== join("test", "architecture", "faults.test.ts") && /\.setFaults\(|bench\.faults\(/u.test(readFileSync(join(ROOT, file), "utf8")));
    const insisting = /insistent|openWorld|ReaderBench|FaultBench|AccessBench|IntakeBench/u;
    expect(planning.length).toBeGreaterThan(4);
    expect(planning.filter((file) => !insisting.test(readFileSync(join(ROOT, file), "utf8")))).toEqual([]);
  });

  it("stand in the simulator's document, each kind with an example that is a fault", () => {
    const document = readFileSync(join(ROOT, "docs", "simulator.md"), "utf8");
    const examples = [...document.matchAll(/`(\{"kind":[^`]*\})`/gu)].map((found) => JSON.parse(found[1] ?? "") as unknown);
    const { rules } = readFaultPlan({ rules: examples.map((fault) => ({ path: "*", fault })) });
    expect([...new Set(rules.map(({ fault }) => fault.kind))].toSorted()).toEqual(FAULT_KINDS.toSorted());
  });

  it("are planned in that document by plans that can be read", () => {
    const document = readFileSync(join(ROOT, "docs", "simulator.md"), "utf8");
    const rules = [...document.matchAll(/'(\{"rules":.*?\]\})'/gsu)].map((found) => readFaultPlan(JSON.parse(found[1] ?? "")).rules.length);
    expect(rules.filter((count) => count > 0).length).toBeGreaterThan(3);
  });
});
