import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { CHROMIUM, inaccessible, settled } from "./browser.ts";
import { openConsole, setUp, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

describe.skipIf(CHROMIUM === undefined)("destinations in the console", () => {
  let hub: OpenConsole;
  let mara: Visit;
  let receiver: Server;
  let address = "";
  /** What the receiver answers, and the ids it was sent. */
  let status = 202;
  const got: string[] = [];

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      request.resume().once("end", () => {
        got.push(String(request.headers["webhook-id"]));
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => {
      receiver.listen(0, "127.0.0.1", resolve);
    });
    const { port } = receiver.address() as AddressInfo;
    address = `http://127.0.0.1:${String(port)}/vedette`;
    hub = await openConsole({ env: { VEDETTE_ALLOW_DESTINATION_HOSTS: `127.0.0.1:${String(port)}` } });
    mara = await hub.visit();
    await setUp(hub, mara);
  });
  afterAll(async () => {
    await hub?.close();
    receiver?.close();
    receiver?.closeAllConnections();
  });

  const shown = async () => (await hub.world.hub.destinations.list(EVERY_TENANT))[0];

  it("adds one that may be reached, says what is wrong with one that may not, and shows its secret once", async () => {
    const { page } = mara;
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Deliveries" }).click();
    await page.getByRole("link", { name: "Add a destination" }).first().click();
    await page.getByRole("textbox", { name: "Name" }).fill("siem");
    await page.getByLabel("Address").fill("http://127.0.0.1:1/elsewhere");
    await page.getByRole("checkbox", { name: "cases.*" }).check();
    await page.getByRole("button", { name: "Add the destination" }).click();
    await page.getByRole("alert").waitFor();
    expect(await hub.world.hub.destinations.list(EVERY_TENANT)).toEqual([]);

    // What is queued from here on is refused.
    status = 422;
    await page.getByLabel("Address").fill(address);
    await page.getByRole("checkbox", { name: "alerts.*", exact: true }).check();
    await page.getByRole("button", { name: "Add the destination" }).click();
    const secret = await page.getByRole("dialog").locator(".secret").innerText();
    expect(secret).toMatch(/^whsec_/u);
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("heading", { level: 1, name: "siem" }).waitFor();
    expect(await page.content()).not.toContain(secret);
    expect(await shown()).toMatchObject({ name: "siem", kind: "webhook", facts: ["cases.*", "alerts.*"] });
  });

  it("tests it, and says that it refuses", async () => {
    const { page } = mara;
    await page.getByRole("button", { name: "Test" }).click();
    const result = page.getByRole("dialog").getByText("It was refused", { exact: false });
    await result.waitFor();
    expect(await result.innerText()).toContain("422");
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  it("sends nothing while it is paused, and goes on", async () => {
    const { page } = mara;
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.getByText("Paused", { exact: true }).waitFor();
    hub.world.simulator.mutate({ stream: "alerts", action: "add", count: 3 });
    await hub.world.sync({ streams: ["alerts"] });
    await hub.world.hub.upkeep.once();
    const before = got.length;
    await expect.poll(async () => (await shown())?.queued).toBeGreaterThan(2);
    expect(got.length).toBe(before);
    await page.getByRole("button", { name: "Resume" }).click();
    await expect.poll(async () => (await shown())?.parked, { timeout: 30_000 }).toBeGreaterThan(2);
  });

  it("shows what was set aside with the reason and what was in it, and sends it again under its own id", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/deliveries?state=parked`);
    await settled(page);
    const facts = page.locator("section[aria-label=Deliveries] td .link");
    await facts.first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("The receiver answered 422.").waitFor();
    expect(await dialog.locator("pre.record").innerText()).toContain("\"");
    const id = await dialog.locator("code", { hasText: "dlv_" }).innerText();
    await page.keyboard.press("Escape");

    status = 202;
    const before = got.length;
    await page.getByRole("link", { name: "siem" }).first().click();
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send again" }).click();
    await expect.poll(async () => (await shown())?.parked, { timeout: 30_000 }).toBe(0);
    await expect.poll(() => got.slice(before), { timeout: 30_000 }).toContain(id);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator("main").getByRole("button", { name: "Send again" }).waitFor({ state: "detached" });
    // The chart says the same as its table.
    await page.getByText("As a table").first().click();
    const table = page.getByRole("region", { name: /^Deliveries each/u });
    await expect.poll(async () => (await table.locator("tr").last().innerText()).split(/\s+/u).slice(1).map(Number), { timeout: 30_000 }).toSatisfy(([accepted = 0, aside = 0]: readonly number[]) => accepted + aside > 0);
    expect(await inaccessible(page)).toEqual([]);
  });

  it("changes what it gets, and removes it only when its name was typed", async () => {
    const { page } = mara;
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Change what it gets…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: "alerts.*", exact: true }).uncheck();
    await dialog.getByLabel("Products").fill("Identity");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await shown()).toMatchObject({ facts: ["cases.*"], filter: { products: ["Identity"] } });

    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    const remove = page.getByRole("dialog").getByRole("button", { name: "Remove" });
    expect(await remove.isDisabled()).toBe(true);
    await page.getByLabel("Type siem to confirm").fill("siem");
    await remove.click();
    await page.getByText("There is no destination yet.").waitFor();
    expect(await hub.world.hub.destinations.list(EVERY_TENANT)).toEqual([]);
    expect(mara.said).toEqual([]);
  });
});
