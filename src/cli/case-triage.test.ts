import { describe, expect, it } from "vitest";
import { vedette } from "./test-support.ts";
import { TRIAGE_ROUTES, triageView } from "./test-case-triage-views.ts";

const run = (line: string, more: Parameters<typeof vedette>[2] = {}) => vedette(["cases", ...line.split(" ")], TRIAGE_ROUTES, more);

describe("an explanation", () => {
  it("is one page: score, suggestion, every rule with weight and evidence, what would change it", async () => {
    const { code, stdout, stderr } = await run("triage cas_1");
    for (const said of ["score 75, suggested: suspicious", "the gravest 25 alerts of 30", "+15 evidence, +10 urgency", "+15  confidence-suspicious", "(alert t1 and 2 more)", "and 2 more", "+10  on-server", "without confidence-suspicious (+15): nothing is suggested, score 60", "if listed-malicious (+60): true positive, score 100"]) expect(stdout).toContain(said);
    expect(stdout).not.toContain("\u001b[2J");
    expect(stderr).toContain("decided both ways");
    expect(stderr).toContain("the case was not changed by it");
    expect(code).toBe(0);
  });

  it("is recorded as a list that `rules test` takes", async () => {
    expect(JSON.parse((await run("triage cas_1 --record")).stdout)).toEqual([triageView.recorded]);
    expect((await run("triage --record")).code).toBe(64);
  });
});

describe("the queue by score", () => {
  it("names what is suggested and why, and that nothing was changed", async () => {
    const { stdout, stderr, api } = await run("triage --verdict suspicious --tenant Orchard --limit 10");
    expect(stdout).toContain("confidence-suspicious +15");
    expect(stderr).toContain("no case was changed");
    expect(api.calls[0]?.query).toMatchObject({ verdict: "suspicious", tenant: "Orchard", limit: 10 });
  });
});

describe("rules", () => {
  it("are set one by one, with a weight below nought too", async () => {
    const { api, stdout, stderr } = await run("rules set on-server --weight=-5 --on --tenant Orchard");
    expect(api.calls[0]).toMatchObject({ method: "POST", body: { tenant: "Orchard", rules: [{ id: "on-server", enabled: true, weight: -5 }] } });
    expect(stdout).toContain("changed");
    expect(stderr).toContain("For ten_1");
    for (const line of ["rules set on-server", "rules set on-server --on --off", "rules set on-server --weight heavy", "rules set on-server --weight 101", "rules show no-such"]) expect((await run(line)).code, line).toBe(64);
  });

  it("that come out otherwise than expected end the test with 1", async () => {
    const tested = { items: [{ name: "one", passed: false, failures: ["suggests undefined, not suspicious"], triage: triageView.triage }], passed: 0, failed: 1 };
    const { code, stdout } = await vedette(["cases", "rules", "test", "-"], { "POST /api/v1/cases/rules/test": tested }, { stdin: "[]" });
    expect(stdout).toContain("one: suggests undefined, not suspicious");
    expect(stdout).toContain("0 as expected, 1 not.");
    expect(code).toBe(1);
    expect((await run("rules test -", { stdin: "{" })).code).toBe(64);
  });
});

describe("knowledge", () => {
  it("is added with an end that is a day, a number of days from now, or never", async () => {
    const sent = async (expires: string) => {
      const [call] = (await run(`knowledge add device DC-01 careful --meaning context --expires ${expires}`)).api.calls;
      return (call?.body as { readonly expiresAt?: string | null } | undefined)?.expiresAt;
    };
    expect(await sent("2027-01-31")).toBe("2027-01-31T00:00:00Z");
    expect(await sent("never")).toBeNull();
    const inDays = Date.parse((await sent("90d")) ?? "");
    expect(Math.abs(inDays - Date.now() - 90 * 86_400_000)).toBeLessThan(60_000);
    expect((await run("knowledge add colour red x")).code).toBe(64);
    expect((await run("knowledge edit kno_1")).code).toBe(64);
  });

  it("is taken in by the file's name, and shown without what acts on a terminal", async () => {
    expect((await run("knowledge import -", { stdin: "x" })).api.calls[0]?.body).toEqual({ format: "ndjson", text: "x" });
    expect((await run("knowledge import - --format csv", { stdin: "x" })).stdout).toContain("1 added, 0 changed, 2 as they were, for all tenants.");
    const { stdout } = await run("knowledge list");
    expect(stdout).toContain("C:\\Deploy\\");
    expect(stdout).not.toContain("\u001b[2J");
  });
});
