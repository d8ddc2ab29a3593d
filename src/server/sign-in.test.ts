import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TOTP } from "otpauth";
import { addressBlock } from "./sign-in.ts";
import { LOCAL, openPeople, PASSWORD, type Browser, type People } from "./test-people.ts";

let people: People;
beforeEach(async () => {
  people = await openPeople();
});
afterEach(async () => people.close());

const HOUR = 3_600_000;
const events = async (): Promise<readonly string[]> => (await people.audit.list({ all: true }, 0, 1000)).map(({ event }) => event);
const state = async (browser: Browser): Promise<string> => (await browser.ask("GET", "/api/v1/session")).body.state;

describe("the first set-up", () => {
  it("takes the code of the terminal once, makes an operator and signs in", async () => {
    const browser = people.browser();
    expect((await browser.ask("GET", "/api/v1/session")).body).toEqual({ state: "setup", csrf: null, user: null, permissions: [], tenants: [], moreTenants: false, everyTenant: false, version: "0" });
    const code = (await people.signIn.setupCode())?.reveal() ?? "";
    const draft = { code, email: " Ada@Example.test", name: "Ada", password: PASSWORD };
    expect((await browser.ask("POST", "/api/v1/setup", { ...draft, code: "AAAAA-AAAAA-AAAAA-AAAAA" })).status).toBe(401);
    const answer = await browser.ask("POST", "/api/v1/setup", { ...draft, code: code.toLowerCase().replaceAll("-", " ") });
    expect([answer.status, answer.body.state, answer.body.user, answer.body.everyTenant]).toEqual([200, "signed-in", { id: answer.body.user?.id, name: "Ada", email: "ada@example.test", role: "operator", totp: false, passwordOnce: false }, true]);
    expect((await browser.ask("GET", "/api/v1/whoami")).body).toMatchObject({ kind: "session", role: "operator" });
    expect((await people.browser().ask("POST", "/api/v1/setup", { ...draft, email: "eve@example.test" })).status).toBe(403);
    expect(await people.signIn.setupCode()).toBeNull();
    expect(await events()).toEqual(["session.refused", "hub.set-up"]);
  });

  it("refuses a code that has ended, a weak password and an address that is none, and makes nobody", async () => {
    const code = (await people.signIn.setupCode())?.reveal() ?? "";
    const draft = { code, email: "ada@example.test", name: "Ada", password: PASSWORD };
    for (const wrong of [{ password: "short" }, { password: "aaaaaaaaaaaaaaaa" }, { password: "Ada-lovelace-2026", email: "lovelace@example.test" }, { email: "nobody" }, { name: " " }]) {
      expect((await people.browser().ask("POST", "/api/v1/setup", { ...draft, ...wrong })).body.fault.code, JSON.stringify(wrong)).toBe("CONFIG_INVALID");
    }
    people.time.now += 25 * HOUR;
    expect((await people.browser().ask("POST", "/api/v1/setup", draft)).status).toBe(401);
    expect(await state(people.browser())).toBe("setup");
  });

  it("makes one operator of two who have the code at once", async () => {
    const code = (await people.signIn.setupCode())?.reveal() ?? "";
    const answers = await Promise.all(["ada", "eve"].map((name) => people.browser().ask("POST", "/api/v1/setup", { code, email: `${name}@example.test`, name, password: PASSWORD })));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 403]);
  });
});

describe("a session", () => {
  it("is a cookie for this site alone that no script reads, under the hub's own port", async () => {
    const browser = await people.setUp();
    const { cookies } = await browser.signIn();
    expect(cookies).toHaveLength(2);
    expect(cookies[0]).toMatch(/^vedette-8420=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(cookies[1]).toMatch(/^vedette-browser-8420=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=7776000$/);
  });

  it("changes nothing without the header that only our own pages know", async () => {
    const browser = await people.setUp();
    expect((await browser.ask("POST", "/api/v1/change")).status).toBe(200);
    for (const header of ["", "x".repeat(43)]) expect((await browser.ask("POST", "/api/v1/change", undefined, { "x-vedette-csrf": header })).body.fault.code).toBe("FORBIDDEN");
    const other = people.browser();
    await other.signIn();
    expect((await browser.ask("POST", "/api/v1/change", undefined, { "x-vedette-csrf": other.csrf ?? "" })).status).toBe(403);
    expect((await browser.ask("POST", "/api/v1/change", undefined, { origin: "https://evil.example" })).status).toBe(403);
    expect((await people.app.inject({ method: "POST", url: "/api/v1/change", headers: { host: "127.0.0.1", authorization: `Bearer ${LOCAL}` } })).statusCode).toBe(200);
  });

  it("is never one that was brought along: each sign-in makes a new one and ends the one before", async () => {
    const browser = await people.setUp();
    const planted = people.browser();
    planted.jar.set("vedette-8420", "A".repeat(43));
    await planted.signIn();
    expect(planted.jar.get("vedette-8420")).not.toBe("A".repeat(43));
    const before = people.browser();
    before.jar.set("vedette-8420", browser.jar.get("vedette-8420") ?? "");
    await browser.signIn();
    expect([await state(before), await state(browser)]).toEqual(["signed-out", "signed-in"]);
  });

  it("ends after two idle hours, after twelve in all, and at once when its holder signs out", async () => {
    const browser = await people.setUp();
    for (let hour = 1; hour < 12; hour += 1) {
      people.time.now += HOUR;
      expect(await state(browser), String(hour)).toBe("signed-in");
      await expect.poll(async () => (await browser.ask("GET", "/api/v1/session/list")).body["items"]).toMatchObject([{ usedAt: new Date(people.time.now).toISOString() }]);
    }
    people.time.now += HOUR;
    expect(await state(browser)).toBe("signed-out");
    await browser.signIn();
    people.time.now += 2 * HOUR;
    expect(await state(browser)).toBe("signed-out");
    await browser.signIn();
    const copy = people.browser();
    copy.jar.set("vedette-8420", browser.jar.get("vedette-8420") ?? "");
    expect((await browser.ask("DELETE", "/api/v1/session")).body).toEqual({ ok: true });
    expect([await state(copy), browser.jar.has("vedette-8420"), browser.jar.has("vedette-browser-8420")]).toEqual(["signed-out", false, true]);
  });

  it("is listed and ended by its owner, and by nobody else", async () => {
    const browser = await people.setUp();
    const phone = people.browser("203.0.113.8");
    await phone.signIn();
    const { items } = (await browser.ask("GET", "/api/v1/session/list")).body as unknown as { items: readonly { id: string; current: boolean; address: string }[] };
    expect(items.map(({ current, address }) => [current, address])).toEqual(expect.arrayContaining([[true, "203.0.113.7"], [false, "203.0.113.8"]]));
    const made = (await browser.ask("POST", "/api/v1/users", { email: "bob@example.test", name: "Bob", role: "operator" })).body;
    const bob = people.browser();
    await bob.ask("POST", "/api/v1/session", { email: "bob@example.test", password: made["password"] });
    const theirs = items.find(({ current }) => !current)?.id ?? "";
    expect((await bob.ask("DELETE", `/api/v1/session/list/${theirs}`)).status).toBe(404);
    expect((await browser.ask("DELETE", `/api/v1/session/list/${theirs}`)).status).toBe(200);
    expect([await state(phone), await state(browser)]).toEqual(["signed-out", "signed-in"]);
  });

  it("is not a key's to have: a key asks nothing about an account of its own", async () => {
    for (const [method, url] of [["GET", "/api/v1/session/list"], ["DELETE", "/api/v1/session"]] as const) {
      expect((await people.app.inject({ method, url, headers: { host: "127.0.0.1", authorization: `Bearer ${LOCAL}` } })).statusCode).toBe(403);
    }
  });
});

describe("behind a reverse proxy that speaks https", () => {
  it("a session is a __Host- cookie, addresses are the proxy's word, and any other name gets no session", async () => {
    await people.close();
    people = await openPeople("https://hub.example");
    const code = (await people.signIn.setupCode())?.reveal() ?? "";
    const draft = { code, email: "ada@example.test", name: "Ada", password: PASSWORD };
    const elsewhere = await people.app.inject({ method: "POST", url: "/api/v1/setup", headers: { host: "10.0.0.5:8420" }, payload: draft });
    expect(elsewhere.statusCode).toBe(403);
    const browser = people.browser("127.0.0.1", "hub.example");
    const answer = await browser.ask("POST", "/api/v1/setup", draft, { origin: "https://hub.example", "x-forwarded-for": "10.9.9.9, 198.51.100.20" });
    expect(answer.status).toBe(200);
    expect(answer.cookies[0]).toMatch(/^__Host-vedette=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
    expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000");
    expect((await browser.ask("GET", "/api/v1/session/list")).body["items"]).toMatchObject([{ address: "198.51.100.20", current: true }]);
    const direct = people.browser("203.0.113.9", "hub.example");
    await direct.ask("POST", "/api/v1/session", { email: "ada@example.test", password: PASSWORD }, { "x-forwarded-for": "198.51.100.21" });
    expect((await direct.ask("GET", "/api/v1/session/list")).body["items"]).toEqual(expect.arrayContaining([expect.objectContaining({ address: "203.0.113.9", current: true }), expect.objectContaining({ address: "198.51.100.20", current: false })]));
  });
});

describe("a sign-in that fails", () => {
  it("says the same, and works as long, whoever is named", async () => {
    const browser = await people.setUp();
    const { id } = (await browser.ask("POST", "/api/v1/users", { email: "bob@example.test", name: "Bob", role: "viewer" })).body["user"] as { id: string };
    await browser.ask("PATCH", `/api/v1/users/${id}`, { disabled: true });
    const before = people.worked.checks;
    const answers = [];
    for (const email of ["ada@example.test", "bob@example.test", "nobody@example.test", "no address"]) answers.push(await people.browser().ask("POST", "/api/v1/session", { email, password: "wrong" }));
    const told = answers.map(({ status, body, headers }) => JSON.stringify([status, body.fault, Object.keys(headers)]));
    expect(new Set(told).size).toBe(1);
    expect([answers[0]?.status, people.worked.checks - before]).toEqual([401, 4]);
  });

  it("makes strangers wait, not the browser that signed in before, and nobody for good", async () => {
    const browser = await people.setUp();
    await browser.ask("DELETE", "/api/v1/session");
    const statuses = [];
    for (let n = 0; n < 14; n += 1) statuses.push((await people.browser(`198.51.100.${String(n)}`).ask("POST", "/api/v1/session", { email: "ADA@example.test", password: "wrong" })).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429, 429, 429]);
    const stranger = await people.browser("198.51.100.99").signIn();
    expect([stranger.status, stranger.body.fault.code, Number(stranger.headers["retry-after"]) <= 60]).toEqual([429, "TOO_MANY_REQUESTS", true]);
    expect((await browser.signIn()).status).toBe(200);
    people.time.now += 61_000;
    expect((await people.browser("198.51.100.99").signIn()).status).toBe(200);
    expect((await events()).filter((event) => event === "session.refused")).toHaveLength(10);
  });

  it("knows a browser only by what it was given itself: a token that somebody planted is replaced", async () => {
    await people.setUp();
    const victim = people.browser();
    victim.jar.set("vedette-browser-8420", "P".repeat(43));
    await victim.signIn();
    expect(victim.jar.get("vedette-browser-8420")).not.toBe("P".repeat(43));
    const kept = victim.jar.get("vedette-browser-8420");
    await victim.signIn();
    expect(victim.jar.get("vedette-browser-8420")).toBe(kept);
  });

  it("counts tries before they are checked, so that many at once are no way around", async () => {
    await people.setUp();
    const answers = await Promise.all(Array.from({ length: 15 }, () => people.browser("198.51.100.1").ask("POST", "/api/v1/session", { email: "ada@example.test", password: "wrong" })));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
  });
});

it.each([["198.51.100.7", "198.51.100.7"], ["::ffff:198.51.100.7", "198.51.100.7"], ["2001:db8::1", "2001:db8:0:0"], ["2001:db8:0:0:9:9:9:9", "2001:db8:0:0"], ["", ""]])("the address %j counts as %j", (address, block) => {
  expect(addressBlock(address)).toBe(block);
});

describe("the second factor", () => {
  async function withFactor(): Promise<{ readonly browser: Browser; readonly totp: TOTP; readonly recovery: readonly string[] }> {
    const browser = await people.setUp();
    const { secret, uri } = (await browser.ask("POST", "/api/v1/session/totp")).body as unknown as { secret: string; uri: string };
    expect(uri).toBe(`otpauth://totp/Vedette:ada%40example.test?issuer=Vedette&secret=${secret}&algorithm=SHA1&digits=6&period=30`);
    const totp = new TOTP({ secret });
    expect((await browser.ask("PUT", "/api/v1/session/totp", { code: "000000" })).status).toBe(400);
    const enabled = await browser.ask("PUT", "/api/v1/session/totp", { code: totp.generate({ timestamp: people.time.now }) });
    expect(enabled.status, JSON.stringify(enabled.body)).toBe(200);
    return { browser, totp, recovery: enabled.body["recoveryCodes"] as string[] };
  }

  it("is asked for after the right password alone, and takes each code once and none older", async () => {
    const { totp } = await withFactor();
    const code = (ms: number): string => totp.generate({ timestamp: people.time.now + ms });
    const stranger = people.browser();
    expect((await stranger.signIn({ password: "wrong" })).body.fault.details).toEqual({});
    const asked = await stranger.signIn();
    expect([asked.status, asked.body.fault.details, asked.cookies]).toEqual([401, { totp: true }, []]);
    expect((await stranger.signIn({ totp: code(0) })).status, "spent when it was set up").toBe(401);
    people.time.now += 90_000;
    for (const ms of [-60_000, 60_000]) expect((await stranger.signIn({ totp: code(ms) })).status, String(ms)).toBe(401);
    expect((await stranger.signIn({ totp: code(30_000) })).status).toBe(200);
    for (const ms of [30_000, 0, -30_000]) expect((await people.browser("198.51.100.5").signIn({ totp: code(ms) })).body.fault.details, String(ms)).toEqual({ totp: true });
    people.time.now += 60_000;
    const racing = code(0);
    const answers = await Promise.all([people.browser("198.51.100.6").signIn({ totp: racing }), people.browser("198.51.100.6").signIn({ totp: racing })]);
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 401]);
  });

  it("has ten recovery codes, each good once, and is removed by the password only", async () => {
    const { browser, recovery } = await withFactor();
    expect(new Set(recovery).size).toBe(10);
    const [first = ""] = recovery;
    expect([(await people.browser().signIn({ totp: first.toLowerCase() })).status, (await people.browser().signIn({ totp: first })).status]).toEqual([200, 401]);
    expect((await browser.ask("DELETE", "/api/v1/session/totp", { password: "wrong" })).status).toBe(403);
    expect((await browser.ask("DELETE", "/api/v1/session/totp", { password: PASSWORD })).body).toEqual({ ok: true });
    expect((await people.browser().signIn()).status).toBe(200);
  });

  it("does not count before a code of it was seen", async () => {
    const browser = await people.setUp();
    await browser.ask("POST", "/api/v1/session/totp");
    expect((await people.browser().signIn()).status).toBe(200);
  });
});

describe("accounts", () => {
  it("begin with a password for one sign-in, whose owner chooses the next; other sessions end and this one's token changes", async () => {
    const admin = await people.setUp();
    const made = (await admin.ask("POST", "/api/v1/users", { email: "Bob@example.test", name: "Bob", role: "analyst" })).body as unknown as { user: { id: string }; password: string };
    const [bob, again] = [people.browser(), people.browser()];
    const first = await bob.ask("POST", "/api/v1/session", { email: "bob@example.test", password: made.password });
    expect([first.status, first.body.user?.passwordOnce]).toEqual([200, true]);
    expect((await again.ask("POST", "/api/v1/session", { email: "bob@example.test", password: made.password })).status).toBe(401);
    const before = bob.jar.get("vedette-8420");
    const changed = await bob.ask("PUT", "/api/v1/session/password", { current: made.password, password: "another long enough phrase" });
    expect([changed.status, changed.body.user?.passwordOnce, bob.jar.get("vedette-8420") === before]).toEqual([200, false, false]);
    expect((await again.ask("POST", "/api/v1/session", { email: "bob@example.test", password: "another long enough phrase" })).status).toBe(200);
    await bob.ask("PUT", "/api/v1/session/password", { current: "another long enough phrase", password: "a third long enough phrase" });
    expect([await state(again), await state(bob)]).toEqual(["signed-out", "signed-in"]);
  });

  it("lose their sessions with other rights, a reset, disabling and removal", async () => {
    const admin = await people.setUp();
    const made = (await admin.ask("POST", "/api/v1/users", { email: "bob@example.test", name: "Bob", role: "analyst" })).body as unknown as { user: { id: string }; password: string };
    const one = `/api/v1/users/${made.user.id}`;
    let { password } = made;
    const bob = people.browser();
    for (const [method, url, body] of [["PATCH", one, { role: "viewer" }], ["PATCH", one, { tenants: ["ten_default"] }], ["POST", `${one}/reset`, undefined], ["PATCH", one, { disabled: true }]] as const) {
      if (password !== "") await bob.ask("POST", "/api/v1/session", { email: "bob@example.test", password });
      expect(await state(bob), `${method} ${JSON.stringify(body)}`).toBe("signed-in");
      const answer = await admin.ask(method, url, body);
      expect([answer.status, await state(bob)], JSON.stringify(answer.body)).toEqual([200, "signed-out"]);
      password = (await admin.ask("POST", `${one}/reset`)).body["password"] as string;
    }
    await admin.ask("PATCH", one, { disabled: false });
    await bob.ask("POST", "/api/v1/session", { email: "bob@example.test", password });
    expect(await state(bob)).toBe("signed-in");
    expect((await admin.ask("DELETE", one)).status).toBe(200);
    expect(await state(bob)).toBe("signed-out");
    expect((await admin.ask("GET", "/api/v1/users")).body["items"]).toHaveLength(1);
  });

  it("never lose the last operator, and nobody changes or removes himself", async () => {
    const admin = await people.setUp();
    const id = (await admin.ask("GET", "/api/v1/session")).body.user?.id ?? "";
    const local = { host: "127.0.0.1", authorization: `Bearer ${LOCAL}` };
    for (const payload of [{ disabled: true }, { role: "viewer" }]) {
      expect((await people.app.inject({ method: "PATCH", url: `/api/v1/users/${id}`, headers: local, payload })).statusCode).toBe(403);
      expect((await admin.ask("PATCH", `/api/v1/users/${id}`, payload)).status).toBe(403);
    }
    expect((await admin.ask("DELETE", `/api/v1/users/${id}`)).status).toBe(403);
    expect((await admin.ask("POST", "/api/v1/users", { email: "ADA@example.test", name: "Ada", role: "viewer" })).status).toBe(409);
    expect(await state(admin)).toBe("signed-in");
  });

  it("are listed page by page, those of a name, a state or a tenant alone", async () => {
    const admin = await people.setUp();
    const made: Record<string, string> = {};
    for (const [name, tenants] of [["bob", ["ten_a"]], ["cy", ["ten_b"]], ["dee", undefined], ["eve", ["ten_a", "ten_b"]]] as const) {
      const { body } = await admin.ask("POST", "/api/v1/users", { email: `${name}@example.test`, name: name.toUpperCase(), role: "viewer", ...(tenants === undefined ? {} : { tenants }) });
      made[name] = (body["user"] as { readonly id: string }).id;
    }
    await admin.ask("PATCH", `/api/v1/users/${made["cy"] ?? ""}`, { disabled: true });
    const page = async (query: string): Promise<{ readonly names: readonly string[]; readonly next: string | null }> => {
      const { body } = await admin.ask("GET", `/api/v1/users?${query}`);
      return { names: (body["items"] as readonly { readonly email: string }[]).map(({ email }) => email.split("@")[0] ?? ""), next: body["next"] as string | null };
    };

    expect(await page("limit=2")).toEqual({ names: ["ada", "bob"], next: "bob@example.test" });
    expect(await page("limit=3&after=bob@example.test")).toEqual({ names: ["cy", "dee", "eve"], next: null });
    expect((await page("text=EE")).names).toEqual(["dee"]);
    expect([(await page("state=active")).names, (await page("state=disabled")).names, (await page("state=first-sign-in")).names]).toEqual([["ada"], ["cy"], ["bob", "dee", "eve"]]);
    expect((await page("tenant=ten_b")).names).toEqual(["ada", "cy", "dee", "eve"]);
    expect((await page(`ids=${made["eve"] ?? ""}`)).names).toEqual(["eve"]);
  });

  it("give nobody more than the giver has", async () => {
    const admin = await people.setUp();
    const made = (await admin.ask("POST", "/api/v1/users", { email: "msp@example.test", name: "M", role: "msp-admin", tenants: ["ten_a"] })).body as unknown as { password: string };
    const msp = people.browser();
    await msp.ask("POST", "/api/v1/session", { email: "msp@example.test", password: made.password });
    const ask = (more: object) => msp.ask("POST", "/api/v1/users", { email: "new@example.test", name: "N", role: "viewer", ...more });
    expect((await ask({ role: "operator" })).status).toBe(403);
    expect((await ask({ tenants: ["ten_b"] })).status).toBe(404);
    const given = await ask({});
    expect((given.body as unknown as { user: { tenants: readonly string[] } }).user.tenants).toEqual(["ten_a"]);
    expect(((await msp.ask("GET", "/api/v1/users")).body["items"] as readonly { email: string }[]).map(({ email }) => email)).toEqual(["msp@example.test", "new@example.test"]);
    const ada = (await admin.ask("GET", "/api/v1/session")).body.user?.id ?? "";
    expect((await msp.ask("POST", `/api/v1/users/${ada}/reset`)).status).toBe(404);
    const own = ((await msp.ask("GET", "/api/v1/users")).body["items"] as readonly { id: string; email: string }[]).find(({ email }) => email === "new@example.test")?.id ?? "";
    expect((await msp.ask("PATCH", `/api/v1/users/${own}`, { tenants: null })).body["tenants"]).toEqual(["ten_a"]);
    expect((await msp.ask("PATCH", `/api/v1/users/${own}`, { role: "operator" })).status).toBe(403);
  });
});

describe("a demo's link", () => {
  it("signs in once, on this machine, within its hour", async () => {
    const code = (await people.signIn.link("demo@example.test", "Demo")).reveal();
    expect((await people.browser("203.0.113.7").ask("POST", "/api/v1/session/link", { code })).status).toBe(401);
    const here = people.browser("127.0.0.1");
    expect((await here.ask("POST", "/api/v1/session/link", { code: "wrong" })).status).toBe(401);
    expect((await here.ask("POST", "/api/v1/session/link", { code })).body).toMatchObject({ state: "signed-in", user: { role: "operator" } });
    expect((await people.browser("127.0.0.1").ask("POST", "/api/v1/session/link", { code })).status).toBe(401);
    const late = (await people.signIn.link("demo@example.test", "Demo")).reveal();
    people.time.now += HOUR + 1;
    expect((await people.browser("127.0.0.1").ask("POST", "/api/v1/session/link", { code: late })).status).toBe(401);
  });
});
