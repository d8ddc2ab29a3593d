import { afterEach, describe, expect, it } from "vitest";
import type { VerifyReport } from "../kernel/api.ts";
import { systemClock } from "../kernel/clock.ts";
import { createBudget } from "../net/budget.ts";
import { parseAllowedHosts } from "../net/policy.ts";
import { SETUP_GUIDE } from "./console-guide.ts";
import { isViewOnly } from "./permissions.ts";
import { instantClock, listing, testConsole, type Answer, type Asked, type TestConsole } from "./testing.ts";
import { parseToken } from "./token.ts";
import { scopeFingerprint, verifyConsole } from "./verify.ts";

const open: TestConsole[] = [];
afterEach(async () => {
  for (const console_ of open.splice(0)) await console_.close();
});

const NOW = Date.UTC(2026, 2, 2, 8);
const BINDING = { id: "21", name: "Orchard Freight", roleId: "51", roleName: "Viewer" };
const USER = { id: "41", email: null, fullName: "siem-reader", firstLogin: null, scope: "account", scopeRoles: [BINDING], apiToken: null };
const ROLE = { pages: [{ name: "Endpoints", permissions: [{ identifier: "view", value: true }, { identifier: "shutdown", value: false }] }] };
const REFUSED: Answer = { status: 403, body: { errors: [{ code: 4030010, detail: null }] } };

function healthy({ path }: Asked): Answer {
  if (path === "/system/status") return { headers: { date: new Date(NOW).toUTCString() }, body: { data: { health: "ok" } } };
  if (path === "/user") return { body: { data: USER } };
  if (path === "/users/api-token-details") return { body: { data: { createdAt: "2026-01-10T09:00:00.000000Z", expiresAt: "2027-01-10T09:00:00.000000Z" } } };
  if (path === "/rbac/role/51") return { body: { data: ROLE } };
  if (path === "/unifiedalerts/graphql") return { body: { data: { alerts: { totalCount: 0, edges: [], pageInfo: { hasNextPage: false } } } } };
  if (path === "/sites") return { body: { data: { sites: [{ id: "11", name: "Lyon" }] }, pagination: { nextCursor: null, totalItems: 1 } } };
  return listing([{ id: "21", name: "Orchard Freight" }]);
}

async function verify(answer: (asked: Asked) => Answer = healthy): Promise<{ readonly report: VerifyReport; readonly console_: TestConsole }> {
  const console_ = await testConsole(answer);
  open.push(console_);
  const clock = instantClock(() => NOW);
  const report = await verifyConsole({ origin: console_.origin, token: parseToken("x".repeat(80)), allowedHosts: parseAllowedHosts(new URL(console_.origin).host), clock, userAgent: "vedette/test", env: {}, budget: createBudget({ clock, share: "off" }) });
  return { report, console_ };
}

const outcomes = (report: VerifyReport): Record<string, string> => Object.fromEntries(report.lines.map(({ check, outcome }) => [check, outcome]));
const but = (path: string, other: Answer) => (asked: Asked): Answer => (asked.path === path ? other : healthy(asked));

describe("verify", () => {
  it("reports line by line, in order, for a good token", async () => {
    const { report } = await verify();

    expect(report.lines.map(({ check }) => check).filter((check) => !check.startsWith("stream"))).toEqual(["reachable", "tls", "clock", "token", "expiry", "identity", "scope", "role", "beyond reading"]);
    expect(report).toMatchObject({
      ok: true,
      token: { form: "legacy", createdAt: "2026-01-10T09:00:00.000000Z", expiresAt: "2027-01-10T09:00:00.000000Z" },
      identity: { kind: "service-user", id: "41", name: "siem-reader" },
      scope: { level: "account", ids: ["21"], names: ["Orchard Freight"] },
      roles: ["Viewer"],
      beyondReading: [],
    });
    expect(report.streams).toHaveLength(13);
    expect(report.streams.every(({ readable }) => readable)).toBe(true);
  });

  it("never writes: what it sends is GET, token details and GraphQL queries", async () => {
    const { console_ } = await verify();

    for (const { method, path, body } of console_.asked) {
      if (method === "GET") continue;
      expect(["/users/api-token-details", "/unifiedalerts/graphql"]).toContain(path);
      if (path.endsWith("graphql")) expect((JSON.parse(body) as { query: string }).query).toMatch(/^query /);
    }
  });

  it("a rejected token stops there, with the way to a new one in both layouts", async () => {
    const { report } = await verify((asked) => (asked.path === "/system/status" ? healthy(asked) : { status: 401, body: { errors: [{ code: 4010010 }] } }));

    expect(report.ok).toBe(false);
    const last = report.lines.at(-1);
    expect(last).toMatchObject({ check: "token", outcome: "failed" });
    expect(last?.cure).toMatch(/Settings > Users > Service Users.*Policies and settings > User management/);
    expect(report.streams).toEqual([]);
  });

  it("nobody there is a failed first line with a cure", async () => {
    const report = await verifyConsole({ origin: "http://127.0.0.1:1", token: parseToken("x"), allowedHosts: parseAllowedHosts("127.0.0.1"), clock: systemClock, userAgent: "t", env: {} });

    expect(report).toMatchObject({ ok: false, lines: [{ check: "reachable", outcome: "failed" }] });
    expect(report.lines[0]?.cure).not.toBeNull();
  });

  it("names the missing permission of a stream and goes on", async () => {
    const { report } = await verify(but("/application-management/risks", REFUSED));

    expect(report.ok).toBe(true);
    expect(report.streams.find(({ stream }) => stream === "risks")).toEqual({ stream: "risks", readable: false, missingPermission: "Applications Page.viewRisks", message: "Missing: Applications: View risks (Applications Page.viewRisks)." });
  });

  it("a token that may not read its own user is judged by what it sees: accounts, or sites where those are refused", async () => {
    const accounts = await verify(but("/user", REFUSED));
    const sites = await verify((asked) => (asked.path === "/user" || asked.path === "/accounts" ? REFUSED : healthy(asked)));

    expect(accounts.report).toMatchObject({ ok: true, identity: { kind: "unknown" }, scope: { level: "account", ids: ["21"] }, beyondReading: null });
    expect(sites.report).toMatchObject({ ok: true, scope: { level: "site", ids: ["11"], names: ["Lyon"] } });
    expect(outcomes(sites.report)).toMatchObject({ identity: "unknown", role: "unknown", "beyond reading": "unknown" });
  });

  it.each([
    ["2026-03-01T00:00:00Z", "failed", false],
    ["2026-03-20T00:00:00Z", "warning", true],
    ["2027-01-01T00:00:00Z", "ok", true],
    [null, "warning", true],
  ] as const)("a token that expires %s is %s", async (expiresAt, outcome, ok) => {
    const { report } = await verify(but("/users/api-token-details", { body: { data: { createdAt: null, expiresAt } } }));

    expect(outcomes(report)["expiry"]).toBe(outcome);
    expect(report.ok).toBe(ok);
  });

  it("takes the expiry from the user where token details are refused", async () => {
    const { report } = await verify((asked) => {
      if (asked.path === "/users/api-token-details") return { status: 400, body: { errors: [{ code: 4000040 }] } };
      return asked.path === "/user" ? { body: { data: { ...USER, apiToken: { createdAt: "2026-01-10T09:00:00Z", expiresAt: "2026-07-10T09:00:00Z" } } } } : healthy(asked);
    });

    expect(report.token.expiresAt).toBe("2026-07-10T09:00:00.000000Z");
  });

  it("lists what the token may do beyond reading", async () => {
    const pages = [{ name: "Endpoints", permissions: [{ identifier: "view", value: true }, { identifier: "shutdown", value: true }] }];
    const { report } = await verify(but("/rbac/role/51", { body: { data: { pages } } }));

    expect(report.beyondReading).toEqual(["Endpoints.shutdown"]);
    expect(outcomes(report)["beyond reading"]).toBe("warning");
  });

  it("warns of a clock that is off, and only warns", async () => {
    const { report } = await verify(but("/system/status", { headers: { date: new Date(NOW + 120_000).toUTCString() }, body: {} }));

    expect(report).toMatchObject({ ok: true });
    expect(report.lines.find(({ check }) => check === "clock")).toMatchObject({ outcome: "warning", message: expect.stringContaining("s behind") as string });
    expect(report.clockSkewMs).toBeGreaterThan(119_000);
  });

  it("every line that is not well says what to do, unless nothing can be done", async () => {
    const { report } = await verify((asked) => (asked.path === "/user" || asked.path.startsWith("/rbac") ? REFUSED : healthy(asked)));

    for (const { outcome, cure } of report.lines) if (outcome === "failed" || outcome === "warning") expect(cure).not.toBeNull();
    expect(JSON.stringify(report)).not.toContain("x".repeat(80));
  });
});

describe("scope fingerprints", () => {
  it("change with the reach, not with the order", () => {
    expect(scopeFingerprint({ level: "site", ids: ["1", "2"] })).toBe(scopeFingerprint({ level: "site", ids: ["2", "1"] }));
    expect(scopeFingerprint({ level: "site", ids: ["1"] })).not.toBe(scopeFingerprint({ level: "account", ids: ["1"] }));
    expect(scopeFingerprint({ level: "site", ids: ["1"] })).not.toBe(scopeFingerprint({ level: "site", ids: ["1", "2"] }));
  });
});

describe("words", () => {
  it("tell looking from doing", () => {
    expect(["Endpoints.view", "Applications Page.viewRisks", "Endpoints.view_all"].every(isViewOnly)).toBe(true);
    expect(["Endpoints.shutdown", "Roles.create", "Endpoints.showPassphrase", "Threats.viewer"].some(isViewOnly)).toBe(false);
  });

  it.each([
    ["the classic layout", /Settings > Users > Service Users/],
    ["the Singularity Operations Center", /Configure > Policies and settings > User management > Service users/],
    ["the personal token", /Actions > API Token Operations/],
    ["the role for reading, and what SOC is for", /Viewer is enough.*SOC only for a token that is meant to respond/s],
    ["a scope for each customer, or the account", /one site for each client/],
    ["the expiry and its warnings", /1 year.*30, 14, 7 and 1 days/s],
    ["that the token is shown once", /copy the API token: it is shown once/],
    ["sites mapped by id, and those that are nobody's", /tenants map .*by id.*tenants unassigned/s],
    ["the calendar file", /--ics/],
  ])("the guide covers %s", (_what, words) => {
    expect(SETUP_GUIDE.flatMap(({ title, steps }) => [title, ...steps]).join("\n")).toMatch(words);
  });
});
