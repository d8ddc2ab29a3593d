import { describe, expect, it } from "vitest";
import type { WhoAnswer, WhyAnswer } from "../kernel/access-api.ts";
import { ACCESS_ROUTES, accessCoverage, whoAnswer, whyAnswer } from "./test-access-views.ts";
import { vedette } from "./test-support.ts";

const who = (change: Partial<WhoAnswer>) => ({ ...ACCESS_ROUTES, "GET /api/v1/access/who": { ...whoAnswer, ...change } });
const why = (change: Partial<WhyAnswer>) => ({ ...ACCESS_ROUTES, "GET /api/v1/access/why": { ...whyAnswer, ...change } });

describe("access who", () => {
  it("answers who can isolate machines in a site, how and since when, in one command, and says what is missing", async () => {
    const { code, stdout, stderr, api } = await vedette(["access", "who", "--scope", "site:11", "--can", "isolate"], ACCESS_ROUTES);

    expect(api.calls[0]?.query).toMatchObject({ scope: "site:11", can: "isolate" });
    expect(stdout).toMatch(/^site Lyon Depot, in account Orchard Freight, in global: 2 roles held by those who can isolate \(Endpoints\.disconnectFromNetwork\)/);
    expect(stdout).toMatch(/mara\.voss@orchard\.test\s+user\s+Admin\s+account Orchard Freight\s+inherited: account Orchard Freight > site Lyon Depot\s+yes\s+2026-11-20 16:00:00Z to 2026-11-20 16:00:00Z/);
    expect(stdout).toMatch(/Mara Voss \(never signed in\)\s+user\s+Admin\s+site Lyon Depot\s+direct\s+may\s+before 2026-11-20 16:00:00Z, not before 2026-11-20; not stated since 2026-11-20 16:00:00Z/);
    expect(stderr).toContain("emea: roles: the token lacks Roles: View");
    expect(code).toBe(0);
  });

  it("never says nobody where something is missing", async () => {
    const empty = { items: [], total: 0 };
    const missing = await vedette(["access", "who", "--scope", "site:11"], who({ ...empty, notes: ["the people of this console belong to another tenant and are not shown"] }));
    expect(missing.stderr).not.toMatch(/^Nobody\.$/m);
    expect(missing.stderr).toMatch(/Note: the people of this console belong to another tenant and are not shown\./);

    const whole = await vedette(["access", "who", "--scope", "site:11"], who({ ...empty, coverage: { ...accessCoverage, complete: true, notes: [] } }));
    expect(whole.stderr).toMatch(/^Nobody\.$/m);
  });

  it("takes all pages for --json, and as many rows as --limit says", async () => {
    const pages = { ...whoAnswer, total: 3 };
    const next = JSON.stringify(["0"]);
    const answers = [{ ...pages, next }, { ...pages, items: whoAnswer.items.slice(0, 1), next: null }];
    const routes = { ...ACCESS_ROUTES, "GET /api/v1/access/who": () => answers.shift() };
    const { stdout, api } = await vedette(["access", "who", "--scope", "site:11", "--json"], routes);

    expect((JSON.parse(stdout) as WhoAnswer).items).toHaveLength(3);
    expect(api.calls.map(({ query }) => query?.["after"])).toEqual([undefined, next]);
  });

  it("says that there are more than were counted, and how many where all came", async () => {
    const some = await vedette(["access", "who", "--scope", "site:11", "--limit", "2"], who({ total: 1000, totalIs: "at-least", next: JSON.stringify(["0"]) }));
    expect(some.stdout).toMatch(/: more than 1,000 roles held/);
    expect(some.stderr).toMatch(/The first 2 of more than 1,000; --limit shows more/);

    const all = await vedette(["access", "who", "--scope", "site:11", "--json"], who({ total: 1000, totalIs: "at-least" }));
    expect(JSON.parse(all.stdout)).toMatchObject({ total: 2, totalIs: "exact", next: null });
  });

  it("lets no control character of a name through", async () => {
    const [first] = whoAnswer.items;
    if (first === undefined) throw new Error("no row");
    const evil = { ...first, principal: { ...first.principal, email: "a\u001b[2Jb@x.test" }, path: [{ kind: "site", id: "1", name: "\u202Egnp" } as const] };
    const { stdout } = await vedette(["access", "who", "--scope", "site:11"], who({ items: [evil], notes: ["\u001b]0;x\u0007"] }));

    expect([stdout.includes("\u001b"), stdout.includes("\u202E")]).toEqual([false, false]);
    expect(stdout).toContain("a\\u{1b}[2Jb@x.test");
  });
});

describe("access why", () => {
  it("goes step by step, with since when and given by whom, and ends with 0 where it is so", async () => {
    const { code, stdout } = await vedette(["access", "why", "mara.voss@orchard.test", "isolate", "site:11"], ACCESS_ROUTES);

    for (const words of [/^mara\.voss@orchard\.test, isolate \(Endpoints\.disconnectFromNetwork\), on site Lyon Depot.*: yes/, /holds Admin on account Orchard Freight/, /seen arriving between 2026-11-20 16:00:00Z and/, /given by: ops@orchard\.test \(confidence high/, /account Orchard Freight contains site Lyon Depot/]) expect(stdout).toMatch(words);
    expect(code).toBe(0);
  });

  it("ends with 1 where it is not so, and with 0 where it may be", async () => {
    expect((await vedette(["access", "why", "a", "b", "site:11"], why({ holds: "no", paths: [] }))).code).toBe(1);
    expect((await vedette(["access", "why", "a", "b", "site:11"], why({ holds: "may" }))).code).toBe(0);
  });
});

describe("access what and list", () => {
  it("shows what is held, what it covers and what it permits", async () => {
    const { stdout } = await vedette(["access", "what", "mara.voss@orchard.test"], ACCESS_ROUTES);

    for (const words of [/reaches\s+1 account, 12 sites, 24 groups/, /Admin\s+account Orchard Freight\s+1\s+12 sites, 24 groups\s+1 permission/, /2FA on/]) expect(stdout).toMatch(words);
  });

  it.each([["principals", /user\s+Mara Voss/], ["scopes", /site\s+Lyon Depot\s+11\s+account:1/], ["roles", /Admin\s+52\s+predefined\s+global:9\s+not readable/], ["bindings", /mara\.voss@orchard\.test\s+user\s+Admin\s+account Orchard Freight/]])("lists %s, and says on standard error what is missing", async (noun, line) => {
    const { stdout, stderr } = await vedette(["access", "list", noun], ACCESS_ROUTES);

    expect(stdout).toMatch(line);
    expect(stderr).toContain("the token lacks Roles: View");
  });

  it("looks for a part of a name among principals and scopes, and says where there is no search", async () => {
    const { api } = await vedette(["access", "list", "--text", "voss"], ACCESS_ROUTES);
    const roles = await vedette(["access", "list", "roles", "--text", "voss"], ACCESS_ROUTES);

    expect(api.calls[0]?.query).toMatchObject({ text: "voss" });
    expect(roles).toMatchObject({ code: 64 });
    expect(roles.stderr).toContain("principals and scopes can be searched");
  });
});
