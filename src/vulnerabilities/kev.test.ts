import { describe, expect, it } from "vitest";
import { dayStart, kevChanges, parseKev } from "./kev.ts";

const entry = (cve: string, more: object = {}): object => ({ cveID: cve, vendorProject: "Apache", product: "Log4j2", vulnerabilityName: "Log4Shell", dateAdded: "2021-12-10", shortDescription: "", requiredAction: "Apply updates.", dueDate: "2021-12-24", knownRansomwareCampaignUse: "Known", notes: "", cwes: [], ...more });
const file = (entries: readonly object[], more: object = {}): string => JSON.stringify({ title: "KEV", catalogVersion: "2026.11.20", dateReleased: "2026-11-20T15:00:00.0000Z", count: entries.length, vulnerabilities: entries, ...more });
const of = (text: string): ReturnType<typeof parseKev>["entries"] => parseKev(text).entries;

describe("the catalogue of known exploited vulnerabilities", () => {
  it("is read with its version and its age; dates stay days", () => {
    const catalogue = parseKev(`\uFEFF${file([entry("cve-2021-44228")])}`);

    expect(catalogue).toEqual({
      version: "2026.11.20", releasedAt: Date.UTC(2026, 10, 20, 15),
      entries: [{ cve: "CVE-2021-44228", vendor: "Apache", product: "Log4j2", name: "Log4Shell", added: "2021-12-10", due: "2021-12-24", ransomware: true, action: "Apply updates." }],
    });
    expect(dayStart("2021-12-10")).toBe(Date.UTC(2021, 11, 10));
  });

  it("that is not whole is refused, because what is missing would be taken for withdrawn", () => {
    expect(() => parseKev(file([entry("CVE-2021-44228")], { count: 2 }))).toThrow("not whole");
    expect(() => parseKev(file([entry("CVE-2021-44228"), entry("CVE-2021-44228")]))).toThrow("twice");
    expect(() => parseKev(file([]))).toThrow("empty");
    expect(() => parseKev(file([entry("CVE-2021-44228")], { dateReleased: "soon" }))).toThrow("dateReleased");
    expect(() => parseKev(file([entry("log4shell")]))).toThrow("vulnerabilities[0]");
    expect(() => parseKev(file([entry("CVE-2021-44228", { dateAdded: "2021-02-30" })]))).toThrow("dateAdded");
    for (const text of ["", "[]", "null", "{}", "<html>", '{"vulnerabilities":[null],"count":1,"dateReleased":"2026-01-01"}']) expect(() => parseKev(text)).toThrow();
  });

  it("`Unknown` use by ransomware is not a no", () => {
    expect(of(file([entry("CVE-2021-44228", { knownRansomwareCampaignUse: "Unknown" })]))[0]?.ransomware).toBeNull();
  });

  it("tells what was added, withdrawn and changed since the one before", () => {
    const before = new Map(of(file([entry("CVE-2021-0001"), entry("CVE-2021-0002"), entry("CVE-2021-0003")])).map((one) => [one.cve, one]));
    const after = of(file([entry("CVE-2021-0001"), entry("CVE-2021-0003", { dateAdded: "2022-01-01" }), entry("CVE-2021-0004")]));

    expect([...kevChanges(before, after)].map(({ cve, change }) => `${cve} ${change}`)).toEqual(["CVE-2021-0003 changed", "CVE-2021-0004 added", "CVE-2021-0002 withdrawn"]);
    expect([...kevChanges(new Map(after.map((one) => [one.cve, one])), after)]).toEqual([]);
  });
});
