import Type from "typebox";
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { ACCESS_RISK_PROMISES, ACCESS_RISK_ROUTES, change, finding, ranges, summary } from "./test-access-risk-views.ts";
import { vedette } from "./test-support.ts";

describe("--json", () => {
  it.each(ACCESS_RISK_PROMISES)("`%s` prints one JSON value of the promised shape and nothing else", async (line, schema) => {
    const { code, stdout } = await vedette([...line.split(" "), "--json"], ACCESS_RISK_ROUTES, { stdin: "email\na@x.test\n" });

    expect([...Compile(schema).Errors(JSON.parse(stdout) as unknown)]).toEqual([]);
    expect(code).toBe(0);
  });

  it("of no difference is an empty list of changes", async () => {
    const { stdout } = await vedette(["access", "diff", "--json"], { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/diff": [`${JSON.stringify({ ranges })}\n`] });

    expect([...Compile(Type.Object({ ranges: Type.Array(Type.Unknown()), changes: Type.Array(Type.Unknown(), { maxItems: 0 }) })).Errors(JSON.parse(stdout) as unknown)]).toEqual([]);
  });
});

describe("access risks", () => {
  it("shows counts, then the gravest with evidence, since when, what to do and the id to let it off by", async () => {
    const { code, stdout, stderr, api } = await vedette(["access", "risks", "--risk", "no-2fa", "--risk", "stale", "--severity", "high"], ACCESS_RISK_ROUTES);

    expect(stdout).toContain("critical  no-2fa");
    expect(stdout).toContain("mara.voss@orchard.test: Signs in to the console without a second factor, since 2026-11-20");
    expect(stdout).toContain("because: twoFaEnabled false; source local; administers account");
    expect(stdout).toContain("fix: Enable it.");
    expect(stdout).toContain(`id: ${finding.id}`);
    expect(stderr).toContain("north, not-in-list: No list of people was given.");
    expect(api.calls[0]?.query).toMatchObject({ risk: "no-2fa,stale", severity: "high" });
    expect(code).toBe(0);
  });

  it.each([[[], 1], [["--json"], 1], [["--csv"], 1]])("with --exit-code %j ends with 1 where something is found", async (more, code) => {
    const routes = more[0] === "--csv" ? { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/risks/export": ["id\r\n", "a\r\n"] } : ACCESS_RISK_ROUTES;

    expect((await vedette(["access", "risks", "--exit-code", ...more], routes)).code).toBe(code);
  });

  it("with --exit-code ends with 0 where nothing is", async () => {
    const none = { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/risks/summary": { ...summary, counts: [], worst: [], notes: [] }, "GET /api/v1/access/risks/export": [] };

    expect((await vedette(["access", "risks", "--exit-code"], none)).code).toBe(0);
    expect((await vedette(["access", "risks", "--exit-code", "--json"], none)).code).toBe(0);
  });

  it("says that what was let off is no more", async () => {
    const over = { ...finding, exceptionOver: { id: "exc_1", owner: "soc", reason: "on leave", endsAt: "2026-11-01T00:00:00.000Z", endedBy: null } };
    const { stdout } = await vedette(["access", "risks"], { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/risks/summary": { ...summary, worst: [over] } });

    expect(stdout).toContain("was let off until 2026-11-01 by soc: on leave; is no more");
  });

  it("shows hostile names as text", async () => {
    const hostile = { ...finding, principal: { kind: "user", id: "1", name: "\u001b[2J\u202eevil", email: null } };
    const { stdout } = await vedette(["access", "risks"], { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/risks/summary": { ...summary, worst: [hostile] } });

    expect(stdout).not.toContain("\u001b[2J");
    expect(stdout).toContain("\\u{1b}[2J\\u{202e}evil");
  });

  it.each([
    ["a risk that is none", ["access", "risks", "--risk", "weather"]],
    ["an exception without an end", ["access", "risks", "except", "x", "--owner", "o", "--reason", "r"]],
    ["an exception with two", ["access", "risks", "except", "x", "--owner", "o", "--reason", "r", "--for", "1h", "--until", "2027-01-01T00:00:00Z"]],
    ["an exception for a while that is none", ["access", "risks", "except", "x", "--owner", "o", "--reason", "r", "--for", "soon"]],
    ["a threshold that is none", ["access", "risks", "thresholds", "--set", "weather=3"]],
    ["a threshold that is no number", ["access", "risks", "thresholds", "--set", "staleDays=soon"]],
    ["a list that is not there", ["access", "risks", "lists", "upload", "/nowhere/people.csv", "--kind", "hr"]],
    ["a list removed without a word", ["access", "risks", "lists", "remove", "people"]],
    ["both forms at once", ["access", "risks", "--json", "--csv"]],
  ])("refuses %s, and asks the hub nothing", async (_what, argv) => {
    const { code, api } = await vedette(argv, ACCESS_RISK_ROUTES);

    expect(code).toBe(64);
    expect(api.calls).toEqual([]);
  });

  it("sets thresholds by what each is, and takes one back", async () => {
    const { api } = await vedette(["access", "risks", "thresholds", "--set", "staleDays=60", "--set", "adminRoles=Admin, Owner", "--set", "twoFactorOfSso=true", "--unset", "ssoUsers", "--tenant", "Orchard"], ACCESS_RISK_ROUTES);

    expect(api.calls[0]).toMatchObject({ method: "PUT", body: { tenant: "Orchard", values: { staleDays: 60, adminRoles: ["Admin", "Owner"], twoFactorOfSso: true, ssoUsers: null } } });
  });
});

describe("access diff", () => {
  it("groups what changed under whom it is about, with who did it", async () => {
    const { code, stdout, stderr } = await vedette(["access", "diff"], ACCESS_RISK_ROUTES);

    expect(stdout).toContain("user mara.voss@orchard.test\n  + Admin on site Lyon Depot");
    expect(stdout).toContain("by boss@orchard.test (confidence: high, an activity of that time names it by id or address)");
    expect(stderr).toContain("emea: from 2026-11-20 16:00:00Z to 2026-11-20 16:00:00Z");
    expect(code).toBe(0);
  });

  it.each([[["--exit-code"], true, 1], [["--exit-code", "--json"], true, 1], [["--exit-code"], false, 0], [["--exit-code", "--json"], false, 0], [[], true, 0]])("with %j, changed: %s, ends with %i", async (more, changed, code) => {
    const routes = { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/diff": [`${JSON.stringify({ ranges })}\n`, ...(changed ? [`${JSON.stringify({ change })}\n`] : [])] };

    expect((await vedette(["access", "diff", ...more], routes)).code).toBe(code);
  });

  it("takes an answer without its first line for one that broke off, not for no change", async () => {
    expect((await vedette(["access", "diff", "--exit-code"], { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/diff": [] })).code).not.toBe(0);
  });

  it("reads 7d and 24h as so long ago", async () => {
    const { api } = await vedette(["access", "diff", "--from", "7d", "--to", "24h"], ACCESS_RISK_ROUTES);
    const query = api.calls[0]?.query ?? {};

    expect(Math.round((Date.parse(String(query["to"])) - Date.parse(String(query["from"]))) / 86_400_000)).toBe(6);
  });

  it("says of a time before anybody looked that there is nothing to compare, and never that nothing changed", async () => {
    const before = ranges.map((range) => ({ ...range, from: null, note: "Its history begins at 2026-11-20T16:00:00.000Z." }));
    const { stderr } = await vedette(["access", "diff", "--from", "2020-01-01T00:00:00Z"], { ...ACCESS_RISK_ROUTES, "GET /api/v1/access/diff": [`${JSON.stringify({ ranges: before })}\n`] });

    expect(stderr).toMatch(/emea: Its history begins at/);
    expect(stderr).toContain("There is nothing to compare yet.");
    expect(stderr).not.toContain("Nothing changed.");
  });
});
