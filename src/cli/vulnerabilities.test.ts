import { describe, expect, it } from "vitest";
import { vedette } from "./test-support.ts";
import { assetRules, VULNERABILITY_ROUTES } from "./test-vulnerability-views.ts";

describe("vulnerabilities", () => {
  it("lists findings with what their instances are", async () => {
    const { code, stdout, api } = await vedette(["vulnerabilities", "list", "--severity", "high", "--overdue", "--limit", "5"], VULNERABILITY_ROUTES);
    expect(api.calls[0]?.query).toMatchObject({ severity: "high", overdue: true, limit: 5 });
    expect(stdout).toMatch(/high\s+CVE-2026-0001\s+PackStation\s+8\.1\s+yes\s+2\s+1\s+1\s+4\s+0\s+fnd_1/);
    expect(code).toBe(0);
  });

  it("shows a finding's devices, and says where evidence is old and a date is over", async () => {
    const { stdout, stderr } = await vedette(["vulnerabilities", "show", "fnd_1"], VULNERABILITY_ROUTES);
    expect(stdout).toMatch(/OF-LT-0417\s+4\.2\.0\s+stale \(not-scanned\)\s+Active\s+source\s+2026-11-20 16:00:00Z \(overdue\)/);
    expect(stderr).toContain("The first 1 of 7");
  });

  it("shows an instance's history, and lets no control character through", async () => {
    const { stdout } = await vedette(["vulnerabilities", "show", "ins_1"], VULNERABILITY_ROUTES);
    expect(stdout).toMatch(/decided\s+active\s+accepted-risk\s+Mara/);
    expect(stdout).toContain("reason: retired soon");
    expect(stdout).not.toContain("\u001b");
  });

  it("decides part by part until all of a finding is decided", async () => {
    const answers = [{ changed: 5, left: 1, next: "ins_5" }, { changed: 2, left: 0, next: null }];
    const { stdout, api } = await vedette(["vulnerabilities", "decide", "fnd_1", "--status", "accepted-risk", "--reason", "retired", "--until", "2027-01-31T00:00:00Z"], { ...VULNERABILITY_ROUTES, "POST /api/v1/vulnerabilities/decisions": () => answers.shift() });
    expect(api.calls.map(({ body }) => body)).toEqual([
      { id: "fnd_1", status: "accepted-risk", reason: "retired", expiresAt: "2027-01-31T00:00:00Z" },
      { id: "fnd_1", status: "accepted-risk", reason: "retired", expiresAt: "2027-01-31T00:00:00Z", after: "ins_5" },
    ]);
    expect(stdout).toContain("7 changed, 1 left as they were");
  });

  it("wants a status or --release, one of them", async () => {
    expect((await vedette(["vulnerabilities", "decide", "fnd_1"], VULNERABILITY_ROUTES)).code).toBe(64);
    expect((await vedette(["vulnerabilities", "decide", "fnd_1", "--release", "--status", "in-progress"], VULNERABILITY_ROUTES)).code).toBe(64);
    const { api } = await vedette(["vulnerabilities", "decide", "ins_1", "--release"], VULNERABILITY_ROUTES);
    expect(api.calls[0]?.body).toEqual({ id: "ins_1", status: null });
  });

  it("explains why agents are one device, and why others are two", async () => {
    const { stdout } = await vedette(["vulnerabilities", "asset", "ast_1"], VULNERABILITY_ROUTES);
    expect(stdout).toContain("Why one: agent 101 followed an earlier agent with the same serial S1X m7");
    expect(stdout).toContain("Why two: agent 102 (OF-LT-0418, ast_2) has the same mac 02:11:22:33:44:55, but both were active at the same time");
  });

  it("sums up, and says what waits for a second reading", async () => {
    const { stdout, stderr } = await vedette(["vulnerabilities", "summary"], VULNERABILITY_ROUTES);
    expect(stdout).toMatch(/all\s+2\s+1\s+1\s+4\s+0\s+0\s+7/);
    expect(stderr).toContain("3 are said to be gone and wait for a second reading");
  });

  it("lists devices", async () => {
    const { stdout } = await vedette(["vulnerabilities", "assets", "--staleness", "not-scanned"], VULNERABILITY_ROUTES);
    expect(stdout).toMatch(/OF-LT-0417\s+Lyon Depot\s+1\s+active/);
  });

  it("says what asset rules say of a device and which, and shows and sets the rules", async () => {
    expect((await vedette(["vulnerabilities", "asset", "ast_1"], VULNERABILITY_ROUTES)).stdout).toContain("Owner: ops@orchard.test (rule Production)\nCriticality: high (tag criticality:high)");
    const shown = await vedette(["vulnerabilities", "asset-rules", "show"], VULNERABILITY_ROUTES);
    expect(shown.stdout).toMatch(/Production\s+sites Lyon Depot; tags env:prod\s+groups Servers; criticality high/);
    expect(shown.stdout).toContain("gone from the console, decommissioned, uninstalled, not seen for 90 days");
    expect(shown.stderr).toContain("still being judged");
    const given = await vedette(["vulnerabilities", "asset-rules", "apply", "-", "--tenant", "Orchard"], VULNERABILITY_ROUTES, { stdin: JSON.stringify(assetRules.rules) });
    expect(given.api.calls[0]).toMatchObject({ method: "PUT", body: { rules: assetRules.rules }, query: { tenant: "Orchard" } });
    expect((await vedette(["vulnerabilities", "asset-rules", "apply", "-"], VULNERABILITY_ROUTES, { stdin: "{" })).code).toBe(64);
    const listed = await vedette(["vulnerabilities", "assets", "--owner", "ops@orchard.test", "--group", "Servers", "--criticality", "high"], VULNERABILITY_ROUTES);
    expect(listed.api.calls[0]?.query).toMatchObject({ owner: "ops@orchard.test", group: "Servers", criticality: "high" });
  });

  it("lists software, and says what changed between two dates and since when that is known", async () => {
    const listed = await vedette(["vulnerabilities", "software", "list", "--cves", "with", "--device", "OF-LT-0417"], VULNERABILITY_ROUTES);
    expect(listed.stdout).toMatch(/PackStation.*Gable Soft\s+4\.2\.0\s+38\s+3\s+high/);
    expect(listed.stdout).not.toContain("\u001b");
    expect(listed.api.calls[0]?.query).toMatchObject({ cves: "with", device: "OF-LT-0417" });
    const changed = await vedette(["vulnerabilities", "software", "diff", "--from", "2026-11-20T16:00:00Z", "--change", "updated"], VULNERABILITY_ROUTES);
    expect(changed.stdout).toMatch(/PackStation\s+Gable Soft\s+updated\s+4\.1\.0\s+4\.2\.0\s+12/);
    expect(changed.stderr).toContain("The inventory of con_1 is known since 2026-11-22 04:00:00Z");
    expect(changed.api.calls[1]?.query).toMatchObject({ from: "2026-11-20T16:00:00.000Z", to: "2026-11-27T16:00:00.000Z", change: "updated" });
    expect((await vedette(["vulnerabilities", "software", "diff"], VULNERABILITY_ROUTES)).code).toBe(64);
  });
});
