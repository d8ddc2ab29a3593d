import { describe, expect, it } from "vitest";
import { Fault } from "../../kernel/fault.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import { fieldsElsewhere, FIELDS, fieldViews, saysSomething, scansView, streamView, type FieldFacts, type Looked, type StreamFacts } from "./diagnosis.ts";

const READ: StreamFacts = { selected: true, paused: false, refused: null, fault: null, readOnce: true, rows: 10 };
const NOTHING: Looked = { rows: 0, fields: new Map(), accountsWithout: [] };
const SCANNED = { devices: 5, scanned: 5, never: 0, old: 0, failed: 0 };
const LICENSED = FIELDS.filter(({ licence }) => licence !== null).map(({ source }) => source);

function looked(filled: readonly string[], mute: readonly string[] = [], accountsWithout: readonly string[] = []): Looked {
  const facts = (source: string): FieldFacts => ({ filled: filled.includes(source) ? 10 : 0, mute: mute.includes(source) ? 10 : 0 });
  return { rows: 10, fields: new Map(FIELDS.map(({ source }) => [source, facts(source)])), accountsWithout };
}

function views(findings: Looked, risks: Partial<StreamFacts> = {}, scans = SCANNED) {
  const streams = new Map<StreamId, ReturnType<typeof streamView>>([["risks", streamView("risks", { ...READ, ...risks })], ["agents", streamView("agents", READ)], ["applications", streamView("applications", READ)]]);
  const all = fieldViews({ streams, looked: { findings, devices: looked(["serialNumber"]), software: NOTHING }, scans });
  return (source: string) => all.find((one) => one.source === source && one.of === "findings");
}

describe("an empty field", () => {
  it("of a licence is for want of it where no field of it is there, and really empty where one is", () => {
    const without = views(looked(["severity"]));
    for (const source of LICENSED) expect(without(source)).toMatchObject({ state: "licence", licence: "Singularity Vulnerability Management", cure: expect.stringContaining("Ask for Singularity Vulnerability Management") as string });
    const licensed = views(looked(["severity", "riskScore"], ["exploitCodeMaturity"]));
    expect(licensed("riskScore")).toMatchObject({ state: "filled" });
    expect(licensed("exploitCodeMaturity")).toMatchObject({ state: "empty", message: expect.stringContaining("says nothing in it") as string });
    expect(licensed("exploitedInTheWild")).toMatchObject({ state: "empty", message: expect.stringContaining("The licence is there") as string, cure: expect.stringContaining("intelligence load kev") as string });
    // A console that says `Not Defined` has the field.
    expect(views(looked(["severity"], ["remediationLevel"]))("riskScore")).toMatchObject({ state: "empty" });
  });

  it("that every console gives is really empty", () => {
    expect(views(looked(["severity"]))("analystVerdict")).toMatchObject({ state: "empty", licence: null });
  });

  it("names the accounts whose findings have none of a licence that others have", () => {
    expect(views(looked(["severity", "riskScore"], [], ["Small Branch"]))("riskScore")?.message).toContain("No row of Small Branch has any field of Singularity Vulnerability Management");
  });

  it("without any row is for want of a permission, of a reading, of a scan, or nobody knows", () => {
    const forbidden = new Fault("S1_FORBIDDEN", "403").toJSON();
    expect(views(NOTHING, { fault: forbidden })("severity")).toMatchObject({ state: "permission", message: expect.stringContaining("asset mode works") as string, cure: expect.stringContaining("Applications: View risks (Applications Page.viewRisks)") as string });
    expect(views(NOTHING, { refused: "Missing: Applications: View risks." })("severity")).toMatchObject({ state: "permission" });
    expect(views(NOTHING, { selected: false })("severity")).toMatchObject({ state: "not-read" });
    expect(views(NOTHING, { paused: true })("riskScore")).toMatchObject({ state: "not-read", message: "Its reading is paused." });
    expect(views(NOTHING, { readOnce: false })("severity")).toMatchObject({ state: "not-read", cure: expect.stringContaining("vedette sync") as string });
    expect(views(NOTHING, {}, { ...SCANNED, scanned: 0, never: 5 })("severity")).toMatchObject({ state: "not-scanned" });
    expect(views(NOTHING)("severity")).toMatchObject({ state: "unknown" });
  });

  it("that no listing has is said to be so", () => {
    expect(fieldsElsewhere(0).map(({ source, state }) => [source, state])).toEqual([["epssScore", "not-read"], ["fixVersion", "not-read"]]);
    expect(fieldsElsewhere(250_000)[0]).toMatchObject({ state: "filled" });
  });
});

describe("a value", () => {
  it("says something, is there and says nothing, or is not there", () => {
    expect([0, false, "HIGH", ["x"], { a: { b: 1 } }].map(saysSomething)).toEqual([true, true, true, true, true]);
    expect(["None", "not defined", "N/A"].map(saysSomething)).toEqual([false, false, false]);
    expect([null, undefined, "", [], {}, { sentinelone: [] }].map(saysSomething)).toEqual([null, null, null, null, null, null]);
  });
});

describe("scans", () => {
  it("are told with what is missing", () => {
    expect(scansView({ devices: 10, scanned: 6, never: 2, old: 1, failed: 1 }, undefined)).toMatchObject({ message: "6 of 10 devices were scanned lately; 2 never; 1 not for 30 days; the last scan of 1 failed." });
    expect(scansView({ ...SCANNED, scanned: 0, never: 5 }, undefined).cure).toContain("Turn vulnerability scanning on");
    expect(scansView(SCANNED, streamView("risks", { ...READ, refused: "no" })).message).toContain("cannot be known");
    expect(scansView({ ...SCANNED, devices: 0 }, undefined).cure).toBeNull();
  });
});
