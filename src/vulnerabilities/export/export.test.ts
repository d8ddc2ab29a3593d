import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCsv } from "../../kernel/csv.ts";
import { EVERY_TENANT, onlyTenants } from "../../kernel/scope.ts";
import { fixes, fixFirst } from "../answers.ts";
import { loadEpss, loadKev, loadedOf } from "../intelligence.ts";
import { storedSource } from "../stored-source.ts";
import { summarize } from "../summary.ts";
import { agent, DAY, NOW, OTHER, risk, vulnerabilityBench, type VulnerabilityBench } from "../test-bench.ts";
import { plainCsv } from "./csv.ts";
import { flexConnectCsv, flexConnectJson, LIMITS } from "./flexconnect.ts";
import { ndjson } from "./ndjson.ts";
import { htmlReport } from "./report.ts";
import type { ExportOptions, ExportSource } from "./source.ts";
import { cut } from "./text.ts";
import { vex } from "./vex.ts";

const HOSTILE = `=cmd|'/c calc'!A1 <img src=x onerror=alert(1)> "q", ;k:v\r\n`;
const LONG = `Long ${"ä".repeat(400)}`;

let bench: VulnerabilityBench;
let options: ExportOptions;
beforeAll(async () => {
  bench = await vulnerabilityBench();
  await bench.listing("agents", [
    agent("1", NOW, { tags: { sentinelone: [{ key: "criticality", value: "high" }] }, lastLoggedInUserName: HOSTILE }),
    agent("2", NOW, { computerName: HOSTILE }),
    agent("3", NOW),
  ]);
  await bench.listing("risks", [
    risk("r1", "1", NOW),
    risk("r2", "2", NOW, { applicationName: "Other App", applicationVendor: null, application: "Other App 1", applicationVersion: "1", severity: "CRITICAL", baseScore: "9.9" }),
    risk("r3", "1", NOW, { cveId: "CVE-2026-0002", applicationName: HOSTILE, application: HOSTILE, applicationVersion: LONG }),
    risk("r4", "1", NOW, { cveId: "CVE-2026-0003", analystVerdict: "False Positive", reason: "a backport" }),
    risk("r5", "2", NOW, { cveId: "CVE-2026-0004", status: "Removed" }),
  ]);
  await bench.store.tx((tx) => loadKev(tx, JSON.stringify({ catalogVersion: "1", dateReleased: "2026-05-30T00:00:00Z", count: 1, vulnerabilities: [{ cveID: "CVE-2026-0001", dateAdded: "2026-05-01", vulnerabilityName: `Overflow ${LONG}`, requiredAction: "Update." }] }), NOW));
  await bench.store.tx((tx) => loadEpss(tx, "#model_version:v1,score_date:2026-05-31\ncve,epss,percentile\nCVE-2026-0001,0.25,0.5\n", NOW));
  options = { now: NOW, setAside: false, kev: await loadedOf(bench.store.read, "kev"), epss: await loadedOf(bench.store.read, "epss"), version: "0.1.0" };
});
afterAll(() => bench.close());

const source = (): ExportSource => storedSource(bench.store, EVERY_TENANT);
async function text(chunks: AsyncIterable<string>): Promise<string> {
  let all = "";
  for await (const chunk of chunks) all += chunk;
  return all;
}

interface Flex {
  readonly nucleus_import_version: string;
  readonly scan_type: string;
  readonly scan_date: string;
  readonly assets: readonly { readonly host_name: string; readonly ip_address?: string; readonly asset_info: Readonly<Record<string, string>>; readonly asset_groups: readonly string[]; readonly asset_criticality?: string; readonly asset_public?: boolean; readonly findings: readonly Readonly<Record<string, string | number>>[] }[];
}
const flex = async (more: Partial<ExportOptions> = {}): Promise<Flex> => JSON.parse(await text(flexConnectJson(source(), { ...options, ...more }))) as Flex;

describe("FlexConnect as JSON", () => {
  it("has its envelope, each device once, and findings inside their device", async () => {
    const { assets, ...envelope } = await flex();

    expect(envelope).toEqual({ nucleus_import_version: "1", scan_tool: "SentinelOne", scan_type: "Host", scan_date: "2026-06-01 12:00:00" });
    expect(Object.fromEntries(assets.map((asset) => [asset.asset_info["sentinelone.agent_id"], asset.findings.map((one) => String(one["finding_number"])).toSorted()]))).toEqual({ "1": ["CVE-2026-0001", "CVE-2026-0002"], "2": ["CVE-2026-0001"], "3": [] });
  });

  it("gives required fields always, times as it wants them, and no field beyond its length", async () => {
    const findings = (await flex()).assets.flatMap((asset) => asset.findings);

    for (const one of findings) {
      expect(["Critical", "High", "Medium", "Low", "Informational"]).toContain(one["finding_severity"]);
      expect(String(one["finding_discovered"])).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      for (const [field, limit] of Object.entries(LIMITS)) expect(String(one[field] ?? "").length, field).toBeLessThanOrEqual(limit);
      expect(one["finding_name"]).not.toBe("");
    }
    expect(findings.some((one) => String(one["finding_package_version"]).length === LIMITS.finding_package_version)).toBe(true);
  });

  it("says the same of a CVE in every instance: name, severity, whether it is exploited", async () => {
    const same = (await flex()).assets.flatMap((asset) => asset.findings).filter((one) => one["finding_number"] === "CVE-2026-0001");

    expect(same).toHaveLength(2);
    expect(new Set(same.map((one) => JSON.stringify([one["finding_name"], one["finding_severity"], one["finding_exploitable"], one["finding_description"]]))).size).toBe(1);
    expect(same[0]).toMatchObject({ finding_severity: "Critical", finding_exploitable: 1, finding_cve: "CVE-2026-0001" });
  });

  it("gives the device's own address and never the one it leaves the network by; nothing is said to be public that nobody called so", async () => {
    const [asset] = (await flex()).assets.filter((one) => one.host_name === "PC-1");

    expect(asset).toMatchObject({ ip_address: "10.0.0.1", asset_criticality: "High" });
    expect(asset?.asset_info["sentinelone.public_egress"]).toBe("203.0.113.9");
    expect(asset?.asset_public).toBeUndefined();
  });

  it("leaves out what is fixed, and what was set aside unless asked", async () => {
    const numbers = async (setAside: boolean): Promise<readonly unknown[]> => (await flex({ setAside })).assets.flatMap((asset) => asset.findings.map((one) => one["finding_number"]));

    expect(await numbers(false)).not.toContain("CVE-2026-0003");
    expect(await numbers(true)).toContain("CVE-2026-0003");
    expect(await numbers(true)).not.toContain("CVE-2026-0004");
  });

  it("tells a device whose evidence is stale all the same: left out, it would be taken for fixed", async () => {
    const stale = await vulnerabilityBench();
    await stale.listing("agents", [agent("1", NOW - 40 * DAY)]);
    await stale.listing("risks", [risk("r1", "1", NOW - 40 * DAY)]);
    stale.now += 60 * DAY;
    await stale.due();
    const made = JSON.parse(await text(flexConnectJson(storedSource(stale.store, EVERY_TENANT), options))) as Flex;
    const states = await stale.states();
    await stale.close();

    expect(states).toEqual(["stale active"]);
    expect(made.assets[0]?.findings[0]?.["finding_output"]).toContain("evidence is stale");
  });
});

describe("FlexConnect as CSV", () => {
  it("has one row per finding, the same columns in each, and no cell that a spreadsheet would run", async () => {
    const [head, ...rows] = [...readCsv(await text(flexConnectCsv(source(), options)))];
    const cell = (row: readonly string[], name: string): string => row[head?.indexOf(name) ?? -1] ?? "";

    expect(rows).toHaveLength(3);
    expect(rows.every((row) => row.length === head?.length && cell(row, "nucleus_import_version") === "1" && cell(row, "scan_type") === "Host")).toBe(true);
    expect(rows.flat().filter((one) => /^[=+@-]/.test(one))).toEqual([]);
    expect(rows.some((row) => cell(row, "host_name").startsWith("'=cmd"))).toBe(true);
  });

  it("writes asset_info as key:value;key:value, whatever is in a value", async () => {
    const [head, ...rows] = [...readCsv(await text(flexConnectCsv(source(), options)))];

    for (const row of rows) {
      const pairs = (row[head?.indexOf("asset_info") ?? -1] ?? "").split(";");
      expect(pairs.length).toBeGreaterThan(4);
      expect(pairs.filter((pair) => pair.split(":").length !== 2)).toEqual([]);
    }
  });
});

describe("the table", () => {
  it("has every instance, whatever its status", async () => {
    const [head, ...rows] = [...readCsv(await text(plainCsv(source())))];
    const of = (name: string): readonly string[] => rows.map((row) => row[head?.indexOf(name) ?? -1] ?? "").toSorted();

    expect(of("class")).toEqual(["fixed", "open", "open", "open", "set-aside"]);
    expect(of("status")).toEqual(["active", "active", "active", "false-positive", "scan-mitigated"]);
    expect(of("kev_added").filter((one) => one !== "")).toEqual(["2026-05-01", "2026-05-01"]);
  });
});

describe("everything", () => {
  it("is one object per line, and its last line counts the others", async () => {
    const lines = (await text(ndjson(source(), options))).trimEnd().split("\n").map((line) => JSON.parse(line) as { readonly record: string; readonly counts?: object });
    const many = (record: string): number => lines.filter((line) => line.record === record).length;

    expect(lines[0]).toMatchObject({ record: "export", format: "vedette-vulnerabilities", version: 1, kev: { version: "1", entries: 1 } });
    expect(lines.at(-1)).toEqual({ record: "end", counts: { assets: many("asset"), instances: many("instance"), findings: many("finding"), history: many("history") } });
    expect([many("asset"), many("instance"), many("finding")]).toEqual([3, 5, 5]);
    expect(lines.find((line) => line.record === "instance" && JSON.stringify(line).includes("false-positive"))).toMatchObject({ decision: { status: "false-positive", by: "source", reason: "a backport" } });
  });
});

describe("CycloneDX VEX", () => {
  const Schema = {
    type: "object", required: ["bomFormat", "specVersion", "serialNumber", "components", "vulnerabilities"],
    properties: {
      bomFormat: { const: "CycloneDX" }, specVersion: { const: "1.6" }, serialNumber: { type: "string", pattern: "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" },
      components: { type: "array", items: { type: "object", required: ["type", "name", "bom-ref"], additionalProperties: false, properties: { type: { const: "application" }, name: { type: "string", minLength: 1 }, "bom-ref": { type: "string" }, publisher: { type: "string" } } } },
      vulnerabilities: {
        type: "array",
        items: {
          type: "object", required: ["id", "analysis", "affects", "ratings"],
          properties: {
            ratings: { type: "array", items: { type: "object", properties: { severity: { enum: ["critical", "high", "medium", "low", "info", "none", "unknown"] }, method: { enum: ["CVSSv2", "CVSSv3", "CVSSv31", "CVSSv4", "other"] }, score: { type: "number" } } } },
            analysis: { type: "object", required: ["state"], properties: { state: { enum: ["resolved", "exploitable", "in_triage", "false_positive", "not_affected"] }, response: { type: "array", items: { enum: ["can_not_fix", "will_not_fix", "update", "rollback", "workaround_available"] } } } },
          },
        },
      },
    },
  };

  it("is of its form, and every statement is about a component that is in it", async () => {
    const made = JSON.parse(await text(vex(source(), options))) as { readonly components: readonly { readonly "bom-ref": string }[]; readonly vulnerabilities: readonly { readonly id: string; readonly "bom-ref": string; readonly analysis: { readonly state: string; readonly detail: string }; readonly affects: readonly { readonly ref: string }[] }[] };
    const ajv = new Ajv();
    expect(ajv.validate(Schema, made), JSON.stringify(ajv.errors)).toBe(true);
    const references = new Set(made.components.map((one) => one["bom-ref"]));

    expect(references.size).toBe(made.components.length);
    expect(made.vulnerabilities.every((one) => one.affects.every(({ ref }) => references.has(ref)))).toBe(true);
    expect(new Set(made.vulnerabilities.map((one) => one["bom-ref"])).size).toBe(made.vulnerabilities.length);
    expect(made.vulnerabilities.map((one) => `${one.id} ${one.analysis.state}`).toSorted()).toEqual(["CVE-2026-0001 in_triage", "CVE-2026-0001 in_triage", "CVE-2026-0002 in_triage", "CVE-2026-0003 false_positive", "CVE-2026-0004 resolved"]);
    expect(made.vulnerabilities.find((one) => one.id === "CVE-2026-0003")?.analysis.detail).toBe("False Positive: a backport");
  });
});

describe("the report", () => {
  it("runs nothing, loads nothing, and shows names as text", async () => {
    const { kev, epss } = options;
    const html = htmlReport({ title: HOSTILE, now: NOW, kev, epss, summary: await summarize(bench.store, EVERY_TENANT, NOW), first: await fixFirst(bench.store, EVERY_TENANT, 25, NOW), fixes: await fixes(bench.store, EVERY_TENANT, 25, NOW) });

    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<script|<img|<link|<iframe|\son\w+=(?!alert)|href=|src=(?!x)|url\(|@import/i);
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(html.match(/<svg role="img"/g)).toHaveLength(3);
    expect(html).toContain("2 days old");
  });
});

describe("every export", () => {
  it("has nothing of another tenant", async () => {
    const none = storedSource(bench.store, onlyTenants(OTHER));
    const made = [await text(flexConnectJson(none, options)), await text(flexConnectCsv(none, options)), await text(plainCsv(none)), await text(vex(none, options)), await text(ndjson(none, options))];

    for (const one of made) expect(one).not.toMatch(/CVE-2026|PC-1|PackStation/);
  });

  it("of one connection has nothing of others", async () => {
    expect(await text(plainCsv(storedSource(bench.store, EVERY_TENANT, { connection: "con_2" })))).not.toContain("CVE-");
  });

  it("never cuts a character in half, and lets no control character through", () => {
    expect(cut("ab\u{1F600}", 3)).toBe("ab");
    expect(cut("a\u0000\u001bb\ud800", 10)).toBe("a  b\uFFFD");
  });
});
