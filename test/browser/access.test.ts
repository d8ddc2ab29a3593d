import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACTIONS } from "../../console/src/pages/access/actions.ts";
import { CHROMIUM, inaccessible, overflow, PAGES, settled } from "./browser.ts";
import { addUser, choosePassword, openConsole, PASSWORD, setUp, signIn, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

interface Named {
  readonly id: string;
  readonly name: string;
}
interface WhoRow {
  readonly principal: { readonly kind: string; readonly id: string; readonly name: string | null; readonly email: string | null };
  readonly role: Named;
  readonly via: string;
  readonly path: readonly { readonly kind: string; readonly id: string; readonly name: string | null }[];
}

describe.skipIf(CHROMIUM === undefined)("access in the console", () => {
  let hub: OpenConsole;
  let mara: Visit;

  beforeAll(async () => {
    hub = await openConsole();
    mara = await hub.visit();
    await setUp(hub, mara);
  });
  afterAll(() => hub?.close());

  const asked = <T>(path: string): Promise<T> => mara.page.evaluate<T>(`fetch(${JSON.stringify(path)}).then((answer) => answer.json())`);

  it("opens the scopes level by level, and says who can isolate at a site as the API does", async () => {
    const { page } = mara;
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Access" }).click();
    const tree = page.getByRole("region", { name: "Scopes" });
    await tree.getByRole("link", { name: "test" }).waitFor();
    const account = tree.getByRole("button", { name: /^Open account/u }).first();
    expect(await account.getAttribute("aria-expanded")).toBe("false");
    await account.click();
    const site = tree.locator(".tree .tree .tree .tree-name").first();
    const name = (await site.innerText()).trim();
    await site.click();
    await page.getByRole("region", { name: `Who reaches ${name}` }).waitFor();
    await page.getByRole("combobox", { name: "Who can" }).fill("isolate");
    await page.getByText("asked for Endpoints.disconnectFromNetwork").waitFor();
    await page.locator("main td .tag", { hasText: "Yes" }).first().waitFor();
    const scope = new URL(page.url()).searchParams.get("scope") ?? "";
    const { items } = await asked<{ readonly items: readonly WhoRow[] }>(`/api/v1/access/who?scope=${scope}&can=isolate&limit=1000`);

    expect(scope).toMatch(/^site:/u);
    expect(items.length).toBeGreaterThan(1);
    expect(await page.locator("main .table-foot").innerText()).toContain(`${String(items.length)} grants`);
    const shown = await page.locator("main tbody tr td:first-child").allInnerTexts();
    expect(shown.slice(0, 8).map((text) => text.replace(" service user", ""))).toEqual(items.slice(0, 8).map(({ principal }) => principal.name ?? principal.email));
  });

  it("draws the path of one who inherits it, and says the same in words; the person's own page answers the other way round", async () => {
    const { page } = mara;
    const scope = new URL(page.url()).searchParams.get("scope") ?? "";
    const { items } = await asked<{ readonly items: readonly WhoRow[] }>(`/api/v1/access/who?scope=${scope}&can=isolate&limit=1000`);
    const inherited = items.find(({ via }) => via === "inherited");
    if (inherited === undefined) throw new Error("nobody inherits it");
    const who = inherited.principal.name ?? inherited.principal.email ?? inherited.principal.id;
    await page.locator("main tr", { has: page.locator("td", { hasText: /^from / }) }).getByRole("link", { name: `Why ${who}` }).first().click();
    await page.getByRole("heading", { level: 1, name: "Why somebody may" }).waitFor();
    const picture = page.locator("figure.path", { hasText: inherited.role.name }).first();
    await picture.waitFor();
    const drawn = await picture.locator(".path-name").allInnerTexts();
    const said = await picture.locator("figcaption").innerText();

    expect(drawn[0]).toBe(who);
    expect(drawn[1]).toBe(inherited.role.name);
    expect(drawn.slice(2)).toEqual(inherited.path.map(({ kind, id, name }) => (kind === "global" ? "Everything" : (name ?? id))));
    expect(await picture.locator(".path-inherited").count()).toBe(inherited.path.length - 1);
    // Whoever hears the caption only learns what the picture shows.
    for (const name of drawn.filter((each) => each !== "Everything")) expect(said).toContain(name);
    expect(said).toContain("Inherited.");
    expect(said).toMatch(/It was there when this console was first read|A complete reading/u);

    await page.getByRole("link", { name: `All that ${who} may do` }).click();
    await page.getByRole("heading", { level: 1, name: who }).waitFor();
    await page.locator(".path-branches .path-name", { hasText: inherited.role.name }).first().waitFor();
    const may = page.getByRole("region", { name: "May they …?" });
    await may.getByRole("combobox", { name: "May or holds" }).fill("isolate");
    await may.getByRole("combobox", { name: "On" }).fill(scope);
    await may.getByRole("button", { name: "Ask" }).click();
    await page.locator(".answer", { hasText: "Endpoints.disconnectFromNetwork" }).waitFor();
    expect(await page.locator(".answer .tag").innerText()).toBe("Yes");

    await page.getByRole("combobox", { name: "On" }).fill("site:no such site");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").innerText()).toContain("NOT_FOUND");
  });

  it("offers no action that the hub does not know", async () => {
    const unknown: string[] = [];
    for (const action of ACTIONS) if ("fault" in (await asked<object>(`/api/v1/access/who?scope=global&limit=1&can=${encodeURIComponent(action)}`))) unknown.push(action);

    expect(unknown).toEqual([]);
  });

  it("shows a risk with its fix, lets it off for a time, and takes that back", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/access/risks`);
    await settled(page);
    const before = await page.locator("main .table-foot span").first().innerText();
    const title = await page.locator("main td button").first().innerText();
    await page.locator("main td button").first().click();
    const dialog = page.getByRole("dialog", { name: title });
    await dialog.getByText("What to do").waitFor();
    expect(await inaccessible(page)).toEqual([]);
    await dialog.getByLabel("Reason").fill("TICKET-12");
    await dialog.getByRole("button", { name: "Let it off" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator("main .table-foot span", { hasNotText: before }).first().waitFor();
    await page.goto(`${hub.url}/access/risks?exceptions=only`);
    await settled(page);
    await page.locator("main td button").first().click();
    await page.getByRole("dialog").getByText("TICKET-12").waitFor();
    await page.getByRole("button", { name: "End the exception" }).click();
    await page.getByText("No risk matches.").waitFor();
  });

  it("shows what changed at the console, and between which days", async () => {
    const { page } = mara;
    hub.world.simulator.mutate({ stream: "users", action: "remove", count: 1 });
    await hub.world.sync({ streams: ["users"], full: true });
    await page.goto(`${hub.url}/access/changes`);
    await page.locator("main td .tag", { hasText: "Removed" }).first().waitFor();
    await page.getByText("Every change").click();
    await page.locator("main td", { hasText: "is gone" }).first().waitFor();
    await page.getByLabel("To", { exact: true }).fill("2020-01-01");
    await page.getByText("Nothing changed.").waitFor();

    expect(new URL(page.url()).searchParams.get("to")).toBe("2020-01-01");
  });

  it("shows a tenant's viewer only what is that tenant's: no other's name in any page, answer or file", async () => {
    const { page } = mara;
    for (const name of ["Northwind", "Zebra Holdings"]) {
      await page.goto(`${hub.url}/administration/tenants`);
      await page.getByRole("button", { name: "Add a tenant" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill(name);
      await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    const sites = (await hub.world.rows("sites")).map((row) => ({ id: String(row["id"]), name: String(row["name"]) }));
    const [own, ...others] = sites;
    if (own === undefined || others.length === 0) throw new Error("too few sites");
    await give(mara, own, "Northwind");
    await give(mara, others[0] ?? own, "Zebra Holdings");
    const tenants = (await asked<{ readonly items: readonly Named[] }>("/api/v1/tenants")).items;
    const tenant = (name: string): string => tenants.find((each) => each.name === name)?.id ?? "";
    const password = await addUser(hub.url, mara, { name: "Vic", email: "vic@example.com", role: "viewer", tenant: "Northwind" });
    // What was read of the sites has moved when both have devices of their own.
    await expect.poll(async () => (await asked<{ readonly items: readonly unknown[] }>(`/api/v1/vulnerabilities/assets?tenant=${tenant("Zebra Holdings")}&limit=1`)).items.length, { timeout: 60_000 }).toBe(1);
    await expect.poll(async () => (await asked<{ readonly items: readonly unknown[] }>(`/api/v1/vulnerabilities/assets?tenant=${tenant("Northwind")}&limit=1`)).items.length, { timeout: 60_000 }).toBe(1);

    const agents = await hub.world.rows("agents");
    const foreign = agents.filter((row) => row["site_id"] !== own.id).map((row) => String(row["id"]));
    // Whom an alert of their own site names, they see in that alert.
    const named = JSON.stringify(await asked<object>(`/api/v1/alerts?tenant=${tenant("Northwind")}&limit=1000`));
    const people = (await hub.world.rows("users")).map((row) => String(row["email"])).filter((email) => !named.includes(email));
    expect(people.length).toBeGreaterThan(3);
    // Of the console itself, which is another tenant's, there is its id only, to tell two of them apart.
    const secrets = ["Zebra", tenant("Zebra Holdings"), tenant("default"), "mara@example.com", '"test"', ...others.flatMap(({ id, name }) => [id, name]), ...foreign, ...people];
    expect(foreign.length).toBeGreaterThan(10);

    const vic = await hub.visit();
    const bodies = new Map<string, string>();
    vic.page.on("response", (answer) => {
      if (!answer.url().includes("/api/") || answer.url().includes("/api/v1/events")) return;
      void answer.text().then((text) => bodies.set(answer.url(), text), () => undefined);
    });
    await signIn(hub.url, vic, "vic@example.com", password);
    await choosePassword(vic, password, PASSWORD);
    const leaks: string[] = [];
    const look = (place: string, text: string): void => {
      for (const secret of secrets) if (secret !== "" && text.includes(secret)) leaks.push(`${place}: ${secret}`);
    };
    expect(await vic.page.getByRole("combobox", { name: "Tenant" }).count()).toBe(0);
    expect(await vic.page.getByRole("link", { name: "Administration" }).count()).toBe(0);
    let rows = 0;
    for (const { name, address, row, link = "main td a" } of PAGES) {
      await vic.page.goto(`${hub.url}${address}`);
      await settled(vic.page);
      look(name, await vic.page.content());
      const first = vic.page.locator(link).first();
      if (row === null || (await first.count()) === 0) continue;
      rows += 1;
      await first.click();
      await vic.page.waitForURL((now) => `${now.pathname}${now.search}` !== address);
      await settled(vic.page);
      look(row, await vic.page.content());
    }
    for (const path of ["/api/v1/events?once=true", "/api/v1/access/export?format=csv", "/api/v1/access/risks/export?format=csv", "/api/v1/access/diff", "/api/v1/cases/export?format=csv", "/api/v1/vulnerabilities/export?format=ndjson", "/api/v1/access/tree", "/api/v1/tenants", "/api/v1/audit", "/api/v1/users", "/metrics"]) {
      bodies.set(path, await vic.page.evaluate<string>(`fetch(${JSON.stringify(path)}).then((answer) => answer.text())`));
    }
    for (const [place, text] of bodies) look(place, text);

    expect(rows).toBeGreaterThan(1);
    expect(bodies.size).toBeGreaterThan(25);
    expect(leaks).toEqual([]);
    expect([...bodies.values()].some((text) => text.includes(own.name))).toBe(true);
    await vic.page.goto(`${hub.url}/access`);
    await vic.page.getByRole("link", { name: own.name }).click();
    await vic.page.getByText("the people of this console belong to another tenant and are not shown").waitFor();
    await vic.context.close();
  }, 240_000);

  it("is accessible and keeps within its window where paths, trees and people are shown", async () => {
    const found: string[] = [];
    const sites = await asked<{ readonly items: readonly { readonly id: string; readonly kind: string; readonly connection: string }[] }>("/api/v1/access/scopes?limit=1000");
    const group = sites.items.find(({ kind }) => kind === "group");
    if (group === undefined) throw new Error("no group");
    const { items } = await asked<{ readonly items: readonly WhoRow[] }>(`/api/v1/access/who?scope=group:${group.id}&limit=1000`);
    const longest = items.toSorted((left, right) => right.path.length - left.path.length)[0];
    if (longest === undefined) throw new Error("nobody reaches it");
    const person = `${longest.principal.kind}:${longest.principal.id}`;
    const places = [`/access?connection=${group.connection}&scope=group:${group.id}`, `/access/why?connection=${group.connection}&principal=${person}&can=${encodeURIComponent(longest.role.name)}&scope=group:${group.id}`, `/access/people/${group.connection}/${encodeURIComponent(person)}`];
    const state = await mara.context.storageState();
    for (const [colorScheme, width] of [["light", 1280], ["dark", 400]] as const) {
      const context = await hub.browser.newContext({ storageState: state, colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      const page = await context.newPage();
      for (const place of places) {
        await page.goto(`${hub.url}${place}`);
        await settled(page);
        if ((await overflow(page)) > 0) found.push(`${place}, ${String(width)}: sticks out`);
        found.push(...(await inaccessible(page)).map((one) => `${place}: ${one}`));
      }
      await context.close();
    }

    expect(longest.path.length).toBeGreaterThan(1);
    expect(found).toEqual([]);
    expect(mara.said).toEqual([]);
  });

  /** On the connection's page: a site is chosen and given. */
  async function give({ page }: Visit, site: Named, tenant: string): Promise<void> {
    await page.goto(`${hub.url}/connections/${hub.world.connection}`);
    await page.getByLabel("Search sites").fill(site.id);
    const box = page.getByRole("checkbox", { name: `Choose ${site.name}` });
    await box.check();
    await page.getByLabel("Tenant to give them to").selectOption({ label: tenant });
    await page.getByRole("button", { name: "Give to this tenant" }).click();
    await page.locator("main td", { hasText: tenant }).first().waitFor();
  }
});
