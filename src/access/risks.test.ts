import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { addException, endException } from "./exceptions.ts";
import { readPeople } from "./list-csv.ts";
import { putList } from "./lists.ts";
import { CON, DAY, daysAgo, NOW, OTHER, riskBench, TEN, type PrincipalDraft, type RiskBench } from "./test-risk-bench.ts";
import { aboutOf, findFinding, listFindings, summarize, type Judgement, type RiskPlace } from "./risks.ts";
import { RISK_KINDS, RISKS } from "./risk-model.ts";
import { ACCESS_RISKS } from "../kernel/access-risk-api.ts";
import { setThresholds } from "./thresholds.ts";

let bench: RiskBench;
beforeEach(async () => {
  bench = await riskBench();
});
afterEach(async () => {
  await bench.close();
});

const service = (id: string, more: Partial<PrincipalDraft> = {}): PrincipalDraft => ({ id, kind: "service-user", ...more });
const kinds = async (): Promise<readonly string[]> => (await bench.findings()).map(({ risk }) => risk);
const judgement = (filter: Judgement["filter"] = {}): Judgement => ({ store: bench.store, scope: EVERY_TENANT, filter, now: NOW, signal: AbortSignal.timeout(30_000) });

async function admins(): Promise<void> {
  const all = Array.from({ length: 10 }, (_, n) => `Endpoints.p${String(n)}`);
  await bench.role("r-admin", "Admin", all, true);
  await bench.role("r-viewer", "Viewer", ["Endpoints.p0"], true);
  await bench.role("r-near", "Super Ops", all.slice(0, 9));
  await bench.role("r-far", "Helpdesk", all.slice(0, 7));
}

describe("every risk", () => {
  it("of the API is one the rules know, and the other way round", () => {
    expect([...ACCESS_RISKS].toSorted()).toEqual([...RISK_KINDS].toSorted());
  });

  it("says what to click and what to call", () => {
    for (const { fix, title } of Object.values(RISKS)) expect(fix.length + title.length).toBeGreaterThan(40);
  });
});

describe("users", () => {
  it("without anything against them bring no finding", async () => {
    await bench.principals({ id: "1" }, service("2"), { id: "maker", email: "maker@orchard.test", name: "Iris Maker" });
    await bench.proven("users", NOW);

    expect(await bench.findings()).toEqual([]);
  });

  it.each<readonly [string, Partial<PrincipalDraft>, string | null, string | null]>([
    ["a local user without a second factor", { source: "local", twoFaEnabled: false }, "no-2fa", "high"],
    ["one who was asked to enrol and did not", { source: "local", twoFaEnabled: true, twoFaStatus: "enrollment_expired" }, "no-2fa", "medium"],
    ["a user of SSO, whose second factor is the provider's", { twoFaEnabled: false }, null, null],
    ["one of whom the console does not say", { source: "local", twoFaEnabled: null, twoFaStatus: null }, null, null],
    ["one invited 20 days ago who never came", { status: "never-signed-in", firstLogin: null, lastUsed: null, createdAt: daysAgo(20) }, "never-signed-in", "low"],
    ["one invited yesterday", { status: "never-signed-in", firstLogin: null, lastUsed: null, createdAt: daysAgo(1) }, null, null],
    ["one invited long ago at a console that does not say when anybody signed in", { status: "unknown", firstLogin: null, lastUsed: null, createdAt: daysAgo(100) }, null, null],
    ["one invited nobody knows when", { status: "never-signed-in", firstLogin: null, lastUsed: null, createdAt: null }, "never-signed-in", "low"],
    ["a built-in user of the vendor who never came", { isSystem: true, firstLogin: null, lastUsed: null }, null, null],
    ["one who has been away for 90 days to the day", { lastUsed: daysAgo(90) }, "stale", "medium"],
    ["one who has been away for 89 days", { lastUsed: daysAgo(89) }, null, null],
  ])("%s", async (_what, facts, risk, severity) => {
    await bench.principals({ id: "1", ...facts });

    expect((await bench.findings()).map((one) => [one.risk, one.severity])).toEqual(risk === null ? [] : [[risk, severity]]);
  });

  it("with a password of the console count only where SSO is in use", async () => {
    await bench.principals({ id: "1", source: "local" });
    expect(await kinds()).toEqual([]);

    await bench.principals({ id: "2", email: "other@orchard.test", name: "Other" });

    const [finding] = await bench.findings();
    expect(finding).toMatchObject({ risk: "local-beside-sso", severity: "medium", principal: { id: "1" }, evidence: { source: "local", ssoUsers: 1 } });
  });

  it("who administer weigh one more, and the finding says how far they reach", async () => {
    await admins();
    await bench.principals({ id: "1", source: "local", twoFaEnabled: false }, { id: "2", email: "b@orchard.test", name: "B B", source: "local", twoFaEnabled: false });
    await bench.bind("1", "r-admin", ["account", "a1"]);
    await bench.bind("2", "r-viewer", ["account", "a1"]);

    const found = await bench.findings({ risks: ["no-2fa"] });

    expect(found.map(({ principal, severity, evidence }) => [principal?.id, severity, evidence["administers"]])).toEqual([["1", "critical", "account"], ["2", "high", undefined]]);
  });

  it("are stale since the day they became it, and without a second factor since it was seen to go", async () => {
    await bench.principals({ id: "1", source: "local", twoFaEnabled: false, lastUsed: daysAgo(100) });
    await bench.change({ subject: "principal", change: "changed", principal_kind: "user", principal_id: "1", field: "twoFaEnabled", before: "true", after: "false", at: NOW - 3 * DAY });

    const since = Object.fromEntries((await bench.findings()).map((one) => [one.risk, one.since]));

    expect(since["stale"]).toBe(new Date(NOW - 10 * DAY).toISOString());
    expect(since["no-2fa"]).toBe(new Date(NOW - 3 * DAY).toISOString());
  });
});

describe("service users", () => {
  it.each<readonly [string, Partial<PrincipalDraft>, readonly (readonly [string, string])[]]>([
    ["a token that runs out in 20 days", { token: { createdAt: daysAgo(100), expiresAt: daysAgo(-20) } }, [["token-expiring", "medium"]]],
    ["one that runs out in 3 days", { token: { createdAt: daysAgo(100), expiresAt: daysAgo(-3) } }, [["token-expiring", "high"]]],
    ["one that ran out yesterday, used until then", { token: { createdAt: daysAgo(100), expiresAt: daysAgo(1) } }, [["token-expired", "low"]]],
    ["one that runs out in 31 days", { token: { createdAt: daysAgo(10), expiresAt: daysAgo(-31) } }, []],
    ["one without an end", { token: { createdAt: daysAgo(10), expiresAt: null } }, [["token-never-expires", "high"]]],
    ["one that lives for ten years", { token: { createdAt: daysAgo(10), expiresAt: daysAgo(-3640) } }, [["token-never-expires", "medium"]]],
    ["one that nobody has used for 100 days", { lastUsed: daysAgo(100) }, [["token-unused", "medium"]]],
    ["one that nobody ever used, 100 days old", { lastUsed: null }, [["token-unused", "medium"]]],
    ["one that nobody ever used, made yesterday", { lastUsed: null, token: { createdAt: daysAgo(1), expiresAt: daysAgo(-100) } }, []],
    ["none at all", { token: null, lastUsed: null }, []],
  ])("with %s", async (_what, facts, wanted) => {
    await bench.principals(service("1", facts));

    expect((await bench.findings()).map((one) => [one.risk, one.severity])).toEqual(wanted);
  });

  it("whose last use the console does not tell are only perhaps unused", async () => {
    await bench.principals(service("1", { lastUsed: null, status: "unknown" }));

    expect(await bench.findings()).toMatchObject([{ risk: "token-unused", confidence: "low" }]);
  });

  it.each<readonly [string, readonly (readonly [string, "global" | "account" | "site", number])[], readonly [string, unknown] | null]>([
    ["a reading role on everything", [["r-viewer", "global", 1]], ["medium", "everything"]],
    ["an administrator of everything", [["r-admin", "global", 1]], ["high", "everything"]],
    ["an administrator of an account", [["r-admin", "account", 1]], ["high", "administrator of an account"]],
    ["a reading role on an account", [["r-viewer", "account", 2]], null],
    ["a role on 12 of 20 sites", [["r-viewer", "site", 12]], ["low", "most sites"]],
    ["a role on 9 of 20 sites", [["r-viewer", "site", 9]], null],
  ])("reach further than one job needs: %s", async (_what, bindings, wanted) => {
    await admins();
    await bench.sites(20);
    await bench.principals(service("1"));
    for (const [role, level, count] of bindings) for (let n = 0; n < count; n += 1) await bench.bind("1", role, [level, `s${String(n)}`], { principal_kind: "service-user" });

    expect((await bench.findings({ risks: ["token-over-scoped"] })).map((one) => [one.severity, one.evidence["why"]])).toEqual(wanted === null ? [] : [wanted]);
  });

  it("whose maker is gone are told only where the users were read, and surely where his removal was seen", async () => {
    await bench.principals(service("1"));
    expect(await bench.findings({ risks: ["creator-gone"] })).toEqual([]);
    expect((await summarize(judgement(), 10)).notes.map(({ risk }) => risk)).toContain("creator-gone");

    await bench.proven("users", NOW);
    expect(await bench.findings({ risks: ["creator-gone"] })).toMatchObject([{ confidence: "medium", since: null, evidence: { createdById: "maker" } }]);

    await bench.change({ subject: "principal", change: "removed", principal_kind: "user", principal_id: "maker", before: "{}", at: NOW - DAY });
    expect(await bench.findings({ risks: ["creator-gone"] })).toMatchObject([{ confidence: "high", since: new Date(NOW - DAY).toISOString() }]);

    await bench.principals({ id: "maker" });
    expect(await bench.findings({ risks: ["creator-gone"] })).toEqual([]);
  });
});

describe("roles", () => {
  it("held as administrator of an account or of everything are one finding each", async () => {
    await admins();
    await bench.principals({ id: "1" });
    await bench.bind("1", "r-admin", ["global", "t"]);
    await bench.bind("1", "r-admin", ["account", "a1"], { seen_at: NOW - DAY, absent_at: NOW - 2 * DAY });
    await bench.bind("1", "r-near", ["account", "a2"]);
    await bench.bind("1", "r-admin", ["site", "s1"]);
    await bench.bind("1", "r-far", ["account", "a1"]);

    const found = await bench.findings({ risks: ["admin-wide"] });

    expect(found.map((one) => [one.role?.name, one.scope?.id, one.severity, one.evidence["administratorBy"]].join(" ")).toSorted()).toEqual(["Admin a1 medium name", "Admin t high name", "Super Ops a2 medium near"]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(3);
    expect(found.find(({ scope }) => scope?.id === "a1")?.since).toBe(new Date(NOW - DAY).toISOString());
  });

  it("that may nearly all are named with what they lack, whether somebody holds them or not", async () => {
    await admins();

    const found = await bench.findings({ risks: ["near-admin"] });

    expect(found).toMatchObject([{ severity: "low", role: { id: "r-near", name: "Super Ops" }, evidence: { share: 0.9, permissionsOfAdmin: 10, lacks: ["Endpoints.p9"], roleHoldings: 0 } }]);
  });

  it("cannot be compared where an administrator's permissions are unreadable, and the summary says so", async () => {
    await bench.role("r-admin", "Admin", null, true);
    await bench.role("r-x", "X", ["a", "b"]);

    expect(await bench.findings({ risks: ["near-admin"] })).toEqual([]);
    expect((await summarize(judgement({ risks: ["near-admin"] }), 10)).notes).toMatchObject([{ risk: "near-admin" }]);
  });
});

describe("one person with several accounts", () => {
  it("is told with how sure it is", async () => {
    await bench.principals(
      { id: "1", email: "Ann.Lee@orchard.test", name: "Ann Lee" },
      { id: "2", email: "ann.lee@orchard.test", name: "Ann L" },
      { id: "3", email: "bo+admin@orchard.test", name: "Bo Admin" },
      { id: "4", email: "bo@orchard.test", name: "Bo Dahl" },
      { id: "5", email: "c.diaz@orchard.test", name: "Carla Diaz" },
      { id: "6", email: "carla@orchard.test", name: "carla diaz" },
      { id: "7", email: "carla@other.test", name: "Carla Diaz" },
      { id: "8", email: "x@orchard.test", name: "Support" },
      { id: "9", email: "y@orchard.test", name: "Support" },
      { id: "10", email: "ann.lee@orchard.test", name: "Ann Lee", connection: "con_2" as never },
    );

    const found = await bench.findings({ risks: ["several-accounts"] });

    expect(found.map((one) => [one.evidence["same"], one.confidence, one.severity, one.evidence["ids"]])).toEqual([
      ["address", "high", "medium", ["1", "2"]],
      ["mailbox", "medium", "medium", ["3", "4"]],
      ["name and domain", "low", "low", ["5", "6"]],
    ]);
  });

  it("goes through large groups and many groups page by page", async () => {
    await bench.principals(...Array.from({ length: 4_000 }, (_, n) => ({ id: `u${String(n)}`, email: `p${String(n % 1_500)}@orchard.test`, name: `N${String(n)}` })));

    const found = await bench.findings({ risks: ["several-accounts"] });

    expect(found.length).toBe(1_500);
    expect(new Set(found.map(({ id }) => id)).size).toBe(1_500);
  });
});

describe("lists of people", () => {
  const upload = (csv: string, kind: "hr" | "idp" = "hr", name = "people"): Promise<unknown> => bench.store.tx((tx) => putList(tx, { tenant: TEN, kind, name, people: readPeople(csv).people }, "local", NOW));

  it("bring who is not on them, or is gone, and leave built-in users alone", async () => {
    await bench.principals({ id: "1" }, { id: "2", email: "gone@orchard.test", name: "G" }, { id: "3", email: "Stranger@orchard.test", name: "S" }, { id: "4", email: null, name: "N" }, { id: "5", email: "s1@vendor.test", isSystem: true });
    await upload("Work Email,Status\nMARA.VOSS+x@orchard.test,Active\ngone@orchard.test,Terminated\n");

    expect((await bench.findings({ risks: ["not-in-list"] })).map((one) => [one.principal?.id, one.evidence["why"], one.confidence])).toEqual([["2", "gone", "high"], ["3", "absent", "high"], ["4", "no-address", "low"]]);
  });

  it("keep findings' ids when they are uploaded again", async () => {
    await bench.principals({ id: "3", email: "stranger@orchard.test" });
    await upload("email\na@orchard.test\n");
    const [before] = await bench.findings();
    await upload("email\nb@orchard.test\n");
    const [after] = await bench.findings();

    expect(before?.id).toBe(after?.id);
  });

  it("are judged one by one", async () => {
    await bench.principals({ id: "3", email: "stranger@orchard.test" });
    await upload("email\na@orchard.test\n", "hr", "hr");
    await upload("email\nb@orchard.test\n", "idp", "idp");

    expect(new Set((await bench.findings()).map((one) => `${one.id} ${String(one.evidence["list"])}`)).size).toBe(2);
  });
});

describe("thresholds", () => {
  it("of a tenant go before those for all, and null takes one back", async () => {
    await bench.principals({ id: "1", lastUsed: daysAgo(40) });
    const stale = async (): Promise<number> => (await bench.findings({ risks: ["stale"] })).length;
    expect(await stale()).toBe(0);

    await bench.store.tx((tx) => setThresholds(tx, null, { staleDays: 30 }, "local", NOW));
    expect(await stale()).toBe(1);
    await bench.store.tx((tx) => setThresholds(tx, TEN, { staleDays: 60 }, "local", NOW));
    expect(await stale()).toBe(0);
    await bench.store.tx((tx) => setThresholds(tx, TEN, { staleDays: null }, "local", NOW));
    expect(await stale()).toBe(1);
  });
});

describe("exceptions", () => {
  async function except(endsAt: number): Promise<string> {
    const [finding] = await bench.findings({ risks: ["stale"] });
    if (finding === undefined) throw new Error("nothing is found");
    const about = { id: finding.id, risk: finding.risk, tenant: TEN, connection: CON, about: aboutOf(finding) };
    return (await bench.store.tx((tx) => addException(tx, { finding: about, owner: "soc@orchard.test", reason: "on leave", endsAt }, "local", NOW))).id;
  }

  it("let a finding off until their end, and then it is back and says so", async () => {
    await bench.principals({ id: "1", lastUsed: daysAgo(100) });
    const id = await except(NOW + 10 * DAY);

    expect(await bench.findings()).toEqual([]);
    expect(await bench.findings({ exceptions: "only" })).toMatchObject([{ risk: "stale", exception: { id, owner: "soc@orchard.test" } }]);
    const summary = await summarize(judgement(), 10);
    expect(summary.counts).toMatchObject([{ risk: "stale", findings: 0, excepted: 1 }]);
    expect(summary.worst).toEqual([]);

    expect(await bench.findings({}, EVERY_TENANT, NOW + 10 * DAY)).toMatchObject([{ exception: null, exceptionOver: { id, reason: "on leave", endedBy: null } }]);
  });

  it("may be ended by hand, once", async () => {
    await bench.principals({ id: "1", lastUsed: daysAgo(100) });
    const id = await except(NOW + 10 * DAY);
    const end = (now: number, by: string) => bench.store.tx((tx) => endException(tx, EVERY_TENANT, id, by, now));

    expect(await end(NOW + 1, "anna")).toMatchObject({ endedAt: NOW + 1, endedBy: "anna" });
    expect(await end(NOW + 2, "bert")).toMatchObject({ endedAt: NOW + 1, endedBy: "anna" });
    expect(await bench.findings({}, EVERY_TENANT, NOW + 3)).toMatchObject([{ exceptionOver: { id, endedBy: "anna" } }]);
  });

  it.each([["has passed", NOW], ["is more than a year ahead", NOW + 400 * DAY]])("need an end: one that %s is refused", async (_what, endsAt) => {
    await bench.principals({ id: "1", lastUsed: daysAgo(100) });

    await expect(except(endsAt)).rejects.toThrow(Fault);
  });

  it("of another tenant are not there", async () => {
    await bench.principals({ id: "1", lastUsed: daysAgo(100) });
    const id = await except(NOW + DAY);

    await expect(bench.store.tx((tx) => endException(tx, onlyTenants(OTHER), id, "x", NOW))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a listing", () => {
  async function estate(): Promise<void> {
    await admins();
    await bench.principals(
      ...Array.from({ length: 40 }, (_, n) => ({ id: `u${String(n)}`, email: `u${String(n)}@orchard.test`, name: `U ${String(n)}`, source: n % 2 === 0 ? "local" : "sso", twoFaEnabled: n % 3 === 0, lastUsed: daysAgo(80 + n) })),
      { id: "o", tenant: OTHER, lastUsed: daysAgo(200) },
      service("svc", { lastUsed: null }),
    );
    await bench.principals({ id: "u41", email: "u1@orchard.test" });
    for (let n = 0; n < 10; n += 1) await bench.bind(`u${String(n)}`, "r-admin", ["account", "a1"]);
  }

  it("gives every finding once, page by page, in the order of the whole", async () => {
    await estate();
    const whole = (await bench.findings()).map(({ id }) => id);
    for (const limit of [1, 7, 1_000]) {
      const paged: string[] = [];
      let from: RiskPlace | null = null;
      do {
        const page: Awaited<ReturnType<typeof listFindings>> = await listFindings(judgement(), from, limit);
        paged.push(...page.items.map(({ id }) => id));
        from = page.next;
      } while (from !== null);
      expect(paged, String(limit)).toEqual(whole);
    }
    expect(new Set(whole).size).toBe(whole.length);
    expect(whole.length).toBeGreaterThan(60);
  });

  it("shows a tenant its own and nobody else's", async () => {
    await estate();

    expect(await bench.findings({}, onlyTenants(OTHER))).toMatchObject([{ tenant: OTHER, principal: { id: "o" } }]);
    expect(await bench.findings({}, onlyTenants())).toEqual([]);
  });

  it("of one principal, by id or address, or of one risk, is what the whole has of it", async () => {
    await estate();
    const whole = await bench.findings();
    const about = whole.filter(({ principal, evidence }) => principal?.id === "u1" || (evidence["ids"] as readonly string[] | undefined)?.includes("u1") === true);

    expect((await bench.findings({ principal: "u1" })).map(({ id }) => id)).toEqual(about.map(({ id }) => id));
    expect(about.length).toBeGreaterThan(1);
    expect((await bench.findings({ principal: "U1@Orchard.test " })).map(({ id }) => id)).toEqual(expect.arrayContaining(about.map(({ id }) => id)));
    for (const risk of RISK_KINDS) expect((await bench.findings({ risks: [risk] })).map(({ id }) => id), risk).toEqual(whole.filter((one) => one.risk === risk).map(({ id }) => id));
  });

  it("counts what it lists, and the gravest come first", async () => {
    await estate();
    const whole = await bench.findings();

    const summary = await summarize(judgement(), 5);

    expect(summary.counts.reduce((sum, { findings }) => sum + findings, 0)).toBe(whole.length);
    expect(summary.worst.map(({ severity }) => severity)).toEqual(["critical", "critical", "critical", "high", "high"].slice(0, summary.worst.length));
    expect(await bench.findings({ severity: "critical" })).toHaveLength(whole.filter(({ severity }) => severity === "critical").length);
  });

  it("finds one by its id, and not what is another tenant's", async () => {
    await estate();
    const [first] = await bench.findings();
    const { filter: _filter, ...rest } = judgement();

    expect(await findFinding(rest, first?.id ?? "")).toEqual(first);
    await expect(findFinding({ ...rest, scope: onlyTenants(OTHER) }, first?.id ?? "")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(findFinding(rest, "stale-0000000000000000")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(findFinding(rest, "../../etc")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("ends when its caller goes away", async () => {
    await estate();

    await expect(listFindings({ ...judgement(), signal: AbortSignal.abort() }, null, 10)).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
