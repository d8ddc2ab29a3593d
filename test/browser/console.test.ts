import { gzipSync } from "node:zlib";
import { build } from "vite";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { openWorld, type World } from "../support/world.ts";
import { CHROMIUM, complaints, inaccessible, openBrowser, overflow, PAGES, settled } from "./browser.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PASSWORD = "a long sentence that nobody guesses";
const HOSTILE = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
/** Bytes of packed script that the first page may take. */
const FIRST_PAGE = 350_000;
/** Longer than anything takes on a busy machine. */
const WAIT_MS = 45_000;

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

describe.skipIf(CHROMIUM === undefined)("the web console", () => {
  let world: World;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let url: string;
  let said: readonly string[];
  const scripts = new Map<string, number>();

  beforeAll(async () => {
    await build({ root: join(ROOT, "console"), logLevel: "error" });
    world = await openWorld();
    await world.sync();
    await world.hub.upkeep.once();
    url = await world.hub.listen("127.0.0.1", 0);
    world.hub.start();
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(WAIT_MS);
    page = await context.newPage();
    said = complaints(page);
    page.on("response", (answer) => {
      if (!answer.url().endsWith(".js")) return;
      void answer.body().then((body) => scripts.set(answer.url(), gzipSync(body).length));
    });
  });

  /** Names of connections of which devices are left. */
  async function namedByDevices(): Promise<readonly string[]> {
    await world.hub.upkeep.once();
    const { rows } = await sql<{ name: string }>`SELECT DISTINCT coalesce(c.name, a.connection_id) AS name FROM (SELECT connection_id FROM vuln_agents UNION SELECT connection_id FROM posture_devices) AS a LEFT JOIN connections AS c ON c.id = a.connection_id`.execute(world.hub.store.read);
    return rows.map(({ name }) => name);
  }

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  it("is set up with the code that the hub gave, by its first administrator", async () => {
    await page.goto(url);
    await page.getByLabel("Set-up code").fill("not the code");
    await page.getByLabel("Your name").fill("Mara Voss");
    await page.getByLabel("E-mail").fill("mara@example.com");
    await page.locator("input[name=password]").fill(PASSWORD);
    await page.locator("input[name=again]").fill(PASSWORD);
    await page.getByRole("button", { name: "Create the first administrator" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Set-up code").fill((await world.hub.signIn.setupCode())?.reveal() ?? "");
    await page.getByRole("button", { name: "Create the first administrator" }).click();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();

    expect(await page.locator(".person-text").innerText()).toContain("Platform operator");
  });

  it("takes no more script for its first page than is allowed", async () => {
    await settled(page);
    const bytes = [...scripts.values()].reduce((sum, one) => sum + one, 0);

    expect(scripts.size).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(FIRST_PAGE);
  });

  it("adds a connection in three steps, and says what is wrong with an address and a token", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Connections" }).click();
    await page.getByRole("link", { name: "Add a connection" }).click();
    await page.getByLabel("Console address").fill("not an address");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("That is no address").waitFor();

    await page.getByLabel("Console address").fill("https://console.example.com/dashboard");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel(/^API token/u).fill("whatever");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("CONSOLE_HOST_NOT_ALLOWED").waitFor();

    await page.getByRole("button", { name: "Change the address" }).click();
    await page.getByLabel("Console address").fill(world.simulator.url);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel(/^API token/u).fill("wrong-token");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("S1_TOKEN_REJECTED").waitFor();

    await page.getByLabel(/^API token/u).fill(world.simulator.tokens.expired);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("This does not work yet").waitFor();

    await page.getByLabel(/^API token/u).fill(world.simulator.tokens.site);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("Everything needed is there").waitFor();
    expect(await page.locator(".checks").innerText()).toMatch(/site/iu);

    await page.getByLabel(/^API token/u).fill(world.simulator.tokens.viewer);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("Everything needed is there").waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("second");
    await page.getByRole("button", { name: "Save and start reading" }).click();
    await page.getByRole("heading", { name: "second" }).waitFor();
    await page.getByText("Up to date").first().waitFor();
  });

  it("pauses a connection, and removes it only when its name was typed", async () => {
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByRole("button", { name: "Resume", exact: true }).waitFor();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    const remove = page.getByRole("dialog").getByRole("button", { name: "Remove" });
    expect(await remove.isDisabled()).toBe(true);
    await page.getByLabel("Type second to confirm").fill("second");
    await remove.click();
    await page.getByRole("heading", { name: "Connections" }).waitFor();
    await page.getByRole("link", { name: "second" }).waitFor({ state: "detached" });

    expect((await world.hub.connections.list(EVERY_TENANT)).map(({ name }) => name)).toEqual(["test"]);
    // What was read of it is erased in the background: until then lists still name its devices, which are gone when somebody opens them.
    await expect.poll(namedByDevices, { timeout: WAIT_MS * 3 }).toEqual(["test"]);
  });

  it("lets a case be worked to its end, and shows hostile text as text", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Cases", exact: true }).click();
    await settled(page);
    const first = page.locator("main td a").first();
    const title = await first.innerText();
    await first.click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await page.getByRole("button", { name: "Take it" }).click();
    await page.locator(".timeline-owner").first().waitFor();
    await page.getByLabel("Note").fill(`Our own installer. ${HOSTILE}`);
    await page.getByRole("button", { name: "Add the note" }).click();
    await page.locator(".timeline-note").first().waitFor();
    expect(await page.locator("p.timeline-note").first().innerText()).toContain(HOSTILE);
    await page.getByLabel("Verdict", { exact: true }).selectOption("false-positive");
    await page.locator(".timeline-verdict").first().waitFor();
    await page.getByLabel("Status", { exact: true }).selectOption("resolved");
    await page.locator(".timeline-resolved, .timeline-status").first().waitFor();
    await page.locator("main td .link").first().click();
    await page.getByRole("tab", { name: "Native" }).click();
    await page.locator("pre.record").waitFor();

    expect(await page.locator("pre.record").innerText()).toMatch(/"id": "/u);
    expect(await page.title()).not.toBe("taken");
  });

  it("says who would fail a rule before it is applied, and judges a device by it afterwards", async () => {
    await page.goto(`${url}/devices/rules`);
    await page.getByRole("button", { name: "Write the first one" }).click();
    await page.getByRole("textbox", { name: "Rules as JSON" }).fill(JSON.stringify([{ name: "No such version", expiration: "30m", condition: { input: "agent_version", operator: ">=", value: "99.0.0" } }]));
    await page.getByText(/would fail, \d/u).waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: "No such version" }).waitFor();
    await page.goto(`${url}/devices`);
    await settled(page);
    await page.locator("main td a").first().click();
    await page.locator(".verdict").waitFor();

    expect(await page.locator(".verdict").innerText()).toMatch(/No such version/u);
  });

  it("lists devices in the order that a column's head is pressed for, and only those that are asked for", async () => {
    await page.goto(`${url}/devices`);
    await settled(page);
    const names = async (): Promise<readonly string[]> => page.locator("main tbody td:first-child a").allInnerTexts();
    const first = await names();
    await page.getByRole("button", { name: "Device", exact: true }).click();
    await page.locator("th[aria-sort=descending]").waitFor();
    await expect.poll(async () => (await names())[0], { timeout: WAIT_MS }).not.toBe(first[0]);
    expect(page.url()).toContain("sort=-name");

    await page.getByLabel("Search devices").fill((first[0] ?? "").toLowerCase());
    await expect.poll(names, { timeout: WAIT_MS }).toEqual([first[0]]);
    await page.getByRole("textbox", { name: "Site" }).fill("no such site");
    await page.getByText("No device matches.").waitFor();
    await page.getByRole("button", { name: "Show all devices" }).click();
    await expect.poll(async () => (await names()).length).toBeGreaterThan(5);

    expect(page.url()).not.toContain("site=");
  });

  it("follows a finding to one device's life", async () => {
    await page.goto(`${url}/vulnerabilities`);
    await settled(page);
    await page.locator("main td a").first().click();
    await page.getByRole("button", { name: "Timeline" }).first().click();
    await page.getByRole("dialog").locator(".timeline li").first().waitFor();

    expect(await page.getByRole("dialog").locator(".timeline li").count()).toBeGreaterThan(0);
  });

  it("is accessible, keeps within its window, and complains of nothing, on every page, light and dark, on a desk and on a phone", async () => {
    const state = await context.storageState();
    const found: string[] = [];
    // Each colour and each width once: what sticks out does so in any colour, and colours are the same at any width.
    for (const [colorScheme, width] of [["light", 1280], ["dark", 400]] as const) {
      const other = await browser.newContext({ storageState: state, colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      other.setDefaultTimeout(WAIT_MS);
      const look = await other.newPage();
      const heard = complaints(look);
      for (const { name, address } of PAGES) {
        await look.goto(`${url}${address}`);
        await settled(look);
        const place = `${name}, ${colorScheme}, ${String(width)}`;
        if ((await overflow(look)) > 0) found.push(`${place}: sticks out`);
        found.push(...(await inaccessible(look)).map((one) => `${place}: ${one}`));
      }
      found.push(...heard);
      await other.close();
    }

    expect(found).toEqual([]);
    expect(said).toEqual([]);
  }, 600_000);

  it("keeps what was filtered in the address, and the way back", async () => {
    await page.goto(`${url}/cases?status=any&severity=high`);
    await settled(page);
    expect(await page.getByRole("combobox", { name: "Status" }).inputValue()).toBe("All");
    await page.getByLabel("Search cases").fill("nothing is called like this");
    await page.getByText("No case matches.").waitFor();

    expect(new URL(page.url()).searchParams.get("text")).toBe("nothing is called like this");
  });

  it("shows a tenant's viewer nothing that they may not do", async () => {
    const made = await page.evaluate<{ password: string }>(`fetch("/api/v1/session").then((answer) => answer.json()).then(({ csrf }) => fetch("/api/v1/users", { method: "POST", headers: { "content-type": "application/json", "x-vedette-csrf": csrf }, body: JSON.stringify({ email: "viewer@example.com", name: "Vic", role: "viewer", tenants: ["default"] }) })).then((answer) => answer.json())`);
    const other = await browser.newContext();
    const theirs = await other.newPage();
    await theirs.goto(url);
    await theirs.getByLabel("E-mail").fill("viewer@example.com");
    await theirs.locator("input[name=password]").fill(made.password);
    await theirs.getByRole("button", { name: "Sign in" }).click();
    await theirs.locator("input[name=current]").fill(made.password);
    await theirs.locator("input[name=password]").fill(PASSWORD);
    await theirs.getByRole("button", { name: "Save and go on" }).click();
    await theirs.getByRole("navigation").getByRole("link", { name: "Connections" }).click();
    await theirs.getByRole("heading", { name: "Connections" }).waitFor();

    expect(await theirs.getByRole("link", { name: "Add a connection" }).count()).toBe(0);
    await theirs.getByRole("button", { name: /Vic/u }).click();
    await theirs.getByRole("menuitem", { name: "Sign out" }).click();
    await theirs.getByRole("heading", { name: "Sign in" }).waitFor();
    await other.close();
  });
});
