import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import type { DevicePosture } from "../kernel/posture-api.ts";
import { connection } from "./test-views.ts";
import { coverageGap, devicePosture, POSTURE_ROUTES, postureCoverage } from "./test-posture-views.ts";
import { vedette } from "./test-support.ts";

const answering = (answer: Partial<DevicePosture>) => ({ ...POSTURE_ROUTES, "GET /api/v1/posture/devices": { ...devicePosture, ...answer } });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-cli-posture-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const file = (text: string): string => {
  const path = join(folder, "rules.json");
  writeFileSync(path, text);
  return path;
};

describe("posture check", () => {
  it("shows how the device was found, each rule with expected and received, the evidence's age, the heartbeat and what to do, and ends with 1 where it is refused", async () => {
    const { code, stdout, api } = await vedette(["posture", "check", "--serial", "CB14"], answering({}));

    expect(api.calls[0]?.query).toEqual({ serial: "CB14" });
    expect(stdout).toMatch(/^refused \(score 0\)/);
    for (const words of [/by serial, confidence high/, /OF-LT-0417, serial number CB14, agent 9 of con_1/, /fail\s+Clean \(version 2\)/, /not met\s+infected\s+== false\s+true/, /1m 35s ago/, /last active\s+2026-11-20 15:00:00Z/, /What to do\n\s+Clean: A threat was found\./]) expect(stdout).toMatch(words);
    expect(code).toBe(1);
  });

  it("ends with 0 where it is let in, with a warning too", async () => {
    expect((await vedette(["posture", "check", "--agent", "9"], answering({ score: 60 }))).code).toBe(0);
  });

  it("says between which agents nothing decides, and who decides", async () => {
    const candidates = ["1", "2"].map((agentId) => ({ connection: "con_1", agentId, hostname: "twin" }));
    const { stdout } = await vedette(["posture", "check", "--serial", "CB14"], answering({ match: { kind: "ambiguous", by: ["serial"], confidence: null, why: null, candidates }, device: null, verdicts: [], evidenceAt: null, evidenceAgeMs: null }));

    expect(stdout).toMatch(/several agents have this serial: twin \(1 of con_1\), twin \(2 of con_1\)/);
    expect(stdout).toContain("vedette posture serials prefer");
  });

  it("shows an exception beside the verdict it does not change, and a rule in shadow as not enforced", async () => {
    const [verdict] = devicePosture.verdicts;
    if (verdict === undefined) throw new Error("no verdict");
    const excepted = { ...verdict, enforced: false, exception: { id: "exc_1", owner: "soc", reason: "T-1", endsAt: "2026-11-21T00:00:00.000Z" } };
    const shadow = { ...verdict, enforced: false, rule: { ...verdict.rule, shadow: true } };
    const { stdout, code } = await vedette(["posture", "check", "--serial", "CB14"], answering({ verdicts: [excepted, shadow], score: 100 }));

    expect(stdout).toMatch(/exception exc_1 until 2026-11-21 00:00:00Z, soc: T-1/);
    expect(stdout).toMatch(/in shadow: not enforced/);
    expect(stdout).not.toContain("What to do");
    expect(code).toBe(0);
  });

  it("asks nothing without an identifier, and lets no control character of a name through", async () => {
    const { code, api } = await vedette(["posture", "check"], POSTURE_ROUTES);
    expect([code, api.calls]).toEqual([64, []]);

    const { device } = devicePosture;
    const { stdout } = await vedette(["posture", "check", "--serial", "x"], answering({ device: device === null ? null : { ...device, hostname: "a\u001B[31mb\u0007" } }));
    expect([stdout.includes("\u001B"), stdout.includes("\u0007")]).toEqual([false, false]);
  });
});

describe("posture rules and whatif", () => {
  it("send the file's rules as they are, and show what is seldom meant", async () => {
    const path = file('\uFEFF[{"name":"Clean"}]');
    const applied = await vedette(["posture", "rules", "apply", path, "--tenant", "Orchard", "--replace-all"], POSTURE_ROUTES);
    expect(applied.api.calls[0]?.body).toEqual({ rules: [{ name: "Clean" }], tenant: "Orchard", replaceAll: true });
    expect(applied.stdout).toMatch(/changed\s+Clean\s+2/);
    expect(applied.stderr).toContain("Clean: Seldom meant.");

    const tried = await vedette(["posture", "whatif", path], POSTURE_ROUTES);
    expect(tried.api.calls.map(({ path: asked }) => asked)).toEqual(["/api/v1/posture/whatif"]);
    expect(tried.stdout).toMatch(/Of 10 devices 3 would fail \(2 that no rule refuses today\), 1 would be unknown/);
    expect(tried.stdout).toMatch(/Harbour\s+2\n\(others\)\s+1/);
  });

  it.each([["is not JSON", () => file("[{")], ["is not there", () => join(folder, "none.json")]])("a file that %s is refused before anything is sent", async (_why, path) => {
    const { code, stderr, api } = await vedette(["posture", "rules", "apply", path()], POSTURE_ROUTES);

    expect([code, api.calls]).toEqual([64, []]);
    expect(stderr).toContain("CONFIG_INVALID");
  });

  it("what is wrong in a rule is told with its place", async () => {
    const refusal = new Fault("CONFIG_INVALID", "$[0].condition.input: one of infected … is expected, not \"x\".");
    const { code, stderr } = await vedette(["posture", "rules", "apply", file("[{}]")], { "POST /api/v1/posture/rules": refusal });

    expect(stderr).toContain("$[0].condition.input");
    expect(code).toBe(64);
  });
});

describe("posture records", () => {
  it("results pass CSV through as the hub writes it", async () => {
    const { stdout, api } = await vedette(["posture", "results", "--csv", "--since", "2026-03-01T00:00:00Z"], { "GET /api/v1/posture/results/export": ["id,timestamp\r\n", "res_1,2026\r\n"] });

    expect(stdout).toBe("id,timestamp\r\nres_1,2026\r\n");
    expect(api.calls[0]?.query).toEqual({ since: "2026-03-01T00:00:00Z", format: "csv" });
  });

  it("an exception needs an end, and a device that is one", async () => {
    const line = ["posture", "exceptions", "add", "--serial", "CB14", "--owner", "o", "--reason", "r"];
    expect((await vedette(line, POSTURE_ROUTES)).api.calls).toEqual([]);
    const nobody = await vedette([...line, "--for", "8h"], answering({ device: null, match: { kind: "unknown", by: [], confidence: null, why: "no-device", candidates: [] } }));
    expect([nobody.code, nobody.api.calls.length]).toEqual([64, 1]);
  });

  it("a provider's secret goes to standard output once, and removal wants to be meant", async () => {
    const added = await vedette(["posture", "providers", "add", "cloudflare"], POSTURE_ROUTES);
    expect(added.stdout).toMatch(/REST API URL\s+https:\/\/hub\.example\.com\/integrations\/cloudflare\/posture\nAccess client ID\s+c\.access\nAccess client secret\s+s\n/);
    const rotated = await vedette(["posture", "providers", "rotate", "cloudflare", "--overlap", "1h"], POSTURE_ROUTES);
    expect([rotated.stdout, rotated.stderr, rotated.api.calls.at(-1)?.body]).toEqual([expect.stringMatching(/Access client secret\s+t\n/), expect.stringContaining("The one before counts until"), { overlap: "1h" }]);
    for (const line of [["providers", "remove", "cloudflare"], ["rules", "remove", "Clean"]]) expect((await vedette(["posture", ...line], POSTURE_ROUTES)).code).toBe(64);
  });

  it("which rules count for a provider is said by naming them, or every rule", async () => {
    const asked = async (...line: readonly string[]) => (await vedette(["posture", "providers", "update", "cloudflare", ...line], POSTURE_ROUTES)).api.calls.at(-1)?.body;
    expect([await asked("--rule", "Clean", "--rule", "Disk", "--pass", "90"), await asked("--every-rule")]).toEqual([{ rules: ["Clean", "Disk"], scores: { pass: 90 } }, { rules: null }]);
    for (const line of [[], ["--rule", "Clean", "--every-rule"]]) expect((await vedette(["posture", "providers", "update", "cloudflare", ...line], POSTURE_ROUTES)).code).toBe(64);
  });
});

describe("posture coverage", () => {
  const routes = (...lines: readonly object[]) => ({ "POST /api/v1/posture/coverage": lines.map((line) => `${JSON.stringify(line)}\n`) });
  const summary = { summary: { listed: 2, covered: 1, ambiguous: 0, noAgent: 1, agents: 3, notListed: 1 } };

  it("shows both gaps with where they stand, gives all as JSON, and ends with 1 where there are any", async () => {
    const unlisted = { ...coverageGap, gap: "not-listed", row: null, why: null, serial: "S-9", hostname: "LT-9", agentId: "9" };
    const text = await vedette(["posture", "coverage", file("serial\nS-1\nS-2\n")], routes(coverageGap, unlisted, summary));
    expect([text.code, text.api.calls[0]?.body]).toEqual([1, { csv: "serial\nS-1\nS-2\n" }]);
    expect(text.stdout).toMatch(/^Of 2 listed devices 1 has an agent, 1 has none\. Of 3 agents 1 is not in the list\.\n[^]+2 +no-device +S-2[^]+LT-9 +S-9/);
    const json = await vedette(["posture", "coverage", "-", "--json"], routes(coverageGap, summary), { stdin: "serial\n" });
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, { gaps: [coverageGap], ...summary }]);
  });

  it("says what a policy can rest on where no list is given", async () => {
    const { code, stdout } = await vedette(["posture", "coverage"], { "GET /api/v1/posture/coverage": postureCoverage, "GET /api/v1/connections": { items: [connection()], next: null } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/serial of its own +150 \(75 %\)\nshared serial +10 \(5 %\), 4 numbers, 3 ambiguous\n[^]+silent over 7 days +12 \(6 %\)[^]+emea +200 +fresh/u);
    expect((await vedette(["posture", "coverage", "--csv"], { "GET /api/v1/posture/coverage": postureCoverage })).code).toBe(64);
  });

  it("ends with 0 without a gap, also as CSV, and with a fault where the file is not there", async () => {
    const same = { summary: { listed: 1, covered: 1, ambiguous: 0, noAgent: 0, agents: 1, notListed: 0 } };
    const list = file("serial\nS-1\n");
    expect((await vedette(["posture", "coverage", list], routes(same))).code).toBe(0);
    const csv = await vedette(["posture", "coverage", list, "--csv"], { "POST /api/v1/posture/coverage": ["gap,row\r\n"] });
    expect([csv.code, csv.stdout]).toEqual([0, "gap,row\r\n"]);
    expect((await vedette(["posture", "coverage", `${list}.none`], routes(same))).code).toBe(64);
  });
});
