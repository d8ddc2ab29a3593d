/** What consoles write, and what we read of it. */
import { describe, expect, it } from "vitest";
import type { MirrorRow } from "../mirror/capability.ts";
import { risks } from "../sentinelone/streams/risks.ts";
import { VULNERABILITY_SEVERITIES } from "./model.ts";
import { riskOf, severityOf, softwareOf } from "./risk-facts.ts";

const row = (more: MirrorRow = {}): MirrorRow => ({ id: "9", connection_id: "con_1", tenant_id: "ten_1", endpoint_id: "1", cve_id: "CVE-2026-1", application_name: "PackStation", application_version: "4.2.0", ...more });
const name = (cell: string | null, scores: { baseScore?: number | null; nvdBaseScore?: number | null } = {}) => VULNERABILITY_SEVERITIES[severityOf(cell, { baseScore: null, nvdBaseScore: null, ...scores })];

describe("a risk", () => {
  it("has its severity in any case, or from a score where none is said", () => {
    expect(["CRITICAL", "High", "medium", " low ", "Informational", "info", "None"].map((cell) => name(cell))).toEqual(["critical", "high", "medium", "low", "informational", "informational", "informational"]);
    expect([name(null, { baseScore: 9.8 }), name("", { nvdBaseScore: 7 }), name("UNKNOWN", { baseScore: 4 }), name("odd", { baseScore: 0.1 }), name(null, { baseScore: 0 }), name(null)]).toEqual(["critical", "high", "medium", "low", "informational", "unknown"]);
  });

  it("has its scores as text or numbers, and none where they are none", () => {
    const of = (cell: string | number | null) => riskOf(row({ base_score: cell }))?.finding.baseScore;
    expect([of("7.5"), of(7.5), of("10"), of(" 8 "), of(""), of(null), of("high"), of("11"), of(-1), of("1e9"), of(Number.NaN)]).toEqual([7.5, 7.5, 10, 8, null, null, null, null, null, null, null]);
  });

  it("has software and version joined or apart", () => {
    const of = (application: string | null, application_name: string | null, application_version: string | null) => Object.values(softwareOf({ application, application_name, application_version }));
    expect(of("PackStation 4.2.0", "PackStation", "4.2.0")).toEqual(["PackStation", "4.2.0"]);
    expect(of("PackStation 4.2.0", "PackStation", null)).toEqual(["PackStation", "4.2.0"]);
    expect(of("PackStation 4.2.0", null, "4.2.0")).toEqual(["PackStation", "4.2.0"]);
    expect(of("Google Chrome 120.0.6099.110", null, null)).toEqual(["Google Chrome", "120.0.6099.110"]);
    expect(of("7-Zip 23.01 (x64)", null, null)).toEqual(["7-Zip 23.01 (x64)", null]);
    expect(of("Office 2", null, null)).toEqual(["Office 2", null]);
    expect(of("4.2.0", null, "4.2.0")).toEqual(["4.2.0", "4.2.0"]);
    expect(of(null, null, null)).toEqual(["(unnamed)", null]);
  });

  it("is the same instance however it is spelt, and another one in another version", () => {
    const id = (more: MirrorRow) => riskOf(row(more))?.instanceId;
    expect(id({ id: "77", cve_id: "cve-2026-1", application_name: "PACKSTATION", severity: "LOW" })).toBe(id({}));
    expect(id({ application: "PackStation 4.2.0", application_name: null })).toBe(id({}));
    expect(new Set([id({}), id({ application_version: "4.3.0" }), id({ endpoint_id: "2" }), id({ cve_id: "CVE-2026-2" }), id({ application_vendor: "Other" }), id({ connection_id: "con_2" })]).size).toBe(6);
    expect(riskOf(row({ application_version: "4.3.0" }))?.findingId).toBe(riskOf(row())?.findingId);
  });

  it("without a licence is read with what there is", () => {
    expect(riskOf(row({ exploited_in_the_wild: null, exploit_code_maturity: "None", remediation_level: "Not Defined", risk_score: null }))?.finding).toMatchObject({ exploitedInTheWild: null, exploitMaturity: null, remediationLevel: null, riskScore: null });
    expect(riskOf(row({ exploited_in_the_wild: "Yes", exploit_code_maturity: "Functional" }))?.finding).toMatchObject({ exploitedInTheWild: true, exploitMaturity: "Functional" });
    expect(riskOf(row({ exploited_in_the_wild: "false" }))?.finding.exploitedInTheWild).toBe(false);
  });

  it("has the console's moments of six fractional digits, and none that nobody can read", () => {
    expect(riskOf(row({ last_scan_date: "2026-03-02T08:16:00.123456Z" }))?.scanAt).toBe(Date.parse("2026-03-02T08:16:00.123Z"));
    expect([riskOf(row({ last_scan_date: "yesterday" }))?.scanAt, riskOf(row({ last_scan_date: "" }))?.scanAt]).toEqual([null, null]);
  });

  it("is there unless the console says that it is gone, and looked at unless its scan failed", () => {
    const of = (status: string | null, result: string | null) => { const made = riskOf(row({ status, last_scan_result: result })); return [made?.present, made?.scanned]; };
    expect([of("Detected", "Succeeded"), of("active", null), of(null, null), of("Removed", "Succeeded"), of("resolved", "FAILED"), of("REMOVED", "Failed")]).toEqual([[true, true], [true, true], [true, true], [false, true], [false, false], [false, false]]);
  });

  it("is about nothing where it names no CVE or no device", () => {
    expect([riskOf(row({ cve_id: " " })), riskOf(row({ endpoint_id: null }))]).toEqual([null, null]);
  });

  it("is asked for one site at a time: the console takes one id", () => {
    expect(risks.sitesPerRequest).toBe(1);
  });
});

it("rows that differ in any one cell are read each as it is, however alike they are otherwise", () => {
  const cells = {
    cve_id: "CVE-2026-0007", application: "Kiln 2", application_name: "Kiln", application_version: "2", application_vendor: "Marl", severity: "LOW",
    base_score: 3, cvss_version: "3", nvd_base_score: 4, nvd_cvss_version: "2", risk_score: 5, exploited_in_the_wild: "No", exploit_code_maturity: "High", remediation_level: "Fix", report_confidence: "Sure",
    published_date: "2026-01-01T00:00:00Z", status: "Detected", last_scan_result: "Succeeded",
    mitigation_status: "On hold", mitigation_status_reason: "a", mitigation_status_changed_by: "b", mitigation_status_change_time: "2026-01-02T00:00:00Z",
    analyst_verdict: "c", mark_type: '{"description":"d"}', marked_by: "e", marked_date: "2026-01-03T00:00:00Z", reason: "f",
    tenant_id: "ten_1", last_scan_date: "2026-01-04T00:00:00Z", detection_date: "2026-01-05T00:00:00Z", endpoint_id: "1", connection_id: "con_1", id: "9",
  } as const;
  const plain = JSON.stringify(riskOf(row(cells)));
  for (const name of Object.keys(cells)) {
    if (name === "application") continue; // the name and version stand apart, and speak for it
    const other = { cve_id: "CVE-2026-0008", base_score: 3.5, nvd_base_score: 4.5, risk_score: 5.5, mark_type: '{"description":"x"}', exploited_in_the_wild: "Yes", severity: "HIGH" }[name] ?? (name.endsWith("date") || name.endsWith("time") ? "2025-12-31T00:00:00Z" : "other");
    expect(JSON.stringify(riskOf(row({ ...cells, [name]: other }))), name).not.toBe(plain);
    expect(JSON.stringify(riskOf(row(cells))), name).toBe(plain);
  }
});
