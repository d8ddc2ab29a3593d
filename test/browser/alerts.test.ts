import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, inaccessible, settled } from "./browser.ts";
import { openConsole, setUp, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

describe.skipIf(CHROMIUM === undefined)("alerts in the console", () => {
  let hub: OpenConsole;
  let mara: Visit;

  beforeAll(async () => {
    hub = await openConsole();
    mara = await hub.visit();
    await setUp(hub, mara);
  });
  afterAll(() => hub?.close());

  it("are found by filters that stand in the address, and saved whole", async () => {
    const { page } = mara;
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Alerts" }).click();
    await settled(page);
    await page.goto(`${hub.url}/alerts?stream=threats&severity=high`);
    await settled(page);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export all" }).click()]);
    const lines = (await readFile(await file.path(), "utf8")).trim().split("\r\n");
    const threats = [...hub.world.simulator.truth("threats")].length;

    expect(await page.getByRole("combobox", { name: "Kind" }).inputValue()).toBe("Threats");
    expect(lines[0]).toMatch(/^id,stream,/u);
    expect(lines.length - 1).toBeGreaterThan(0);
    expect(lines.length - 1).toBeLessThanOrEqual(threats);
    expect(lines.slice(1).every((line) => line.split(",")[1] === "threats")).toBe(true);
    await page.getByLabel("Search alerts").fill("nothing is called like this");
    await page.getByText("No alert matches.").waitFor();
    expect(new URL(page.url()).searchParams.get("text")).toBe("nothing is called like this");
  });

  it("show one in each of its four forms, every digit kept", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/alerts?stream=alerts`);
    await settled(page);
    await page.locator("main td a").first().click();
    await page.locator(".page-above").waitFor();
    const id = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    const form = async (name: string): Promise<string> => {
      await page.getByRole("tab", { name, exact: true }).click();
      const text = page.getByRole("tabpanel", { name, exact: true }).locator("pre.record");
      await text.waitFor();
      return text.innerText();
    };
    const [native, ecs, ocsf, raw] = [await form("Native"), await form("ECS"), await form("OCSF"), await form("Raw")];

    expect(JSON.parse(native)).toMatchObject({ id });
    expect(JSON.parse(raw)).toEqual(JSON.parse(native));
    expect(raw.trim()).not.toContain("\n");
    expect(JSON.parse(ecs)).toMatchObject({ event: { kind: "alert", original: raw.trim() } });
    expect(JSON.parse(ocsf)).toMatchObject({ class_uid: 2004, metadata: { product: { vendor_name: "SentinelOne" } } });
    expect(await inaccessible(page)).toEqual([]);
  });

  it("lead from a case to an alert's own page, and a technique shows its cases", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/cases?status=any`);
    await settled(page);
    const technique = page.locator(".technique").first();
    const [name, many] = [(await technique.locator("span").first().innerText()).split(" ")[0] ?? "", Number((await technique.locator(".technique-many").innerText()).split(/\s/u)[0])];
    await technique.click();
    await expect.poll(() => new URL(page.url()).searchParams.get("text")).toBe(name);
    await expect.poll(async () => page.locator("main .table-foot > span").first().innerText()).toMatch(new RegExp(`^${String(many)} case`, "u"));
    await page.locator("main td a").first().click();
    await page.locator("section[aria-label=Alerts] td .link").first().click();
    await page.getByRole("link", { name: "The alert on a page of its own" }).click();
    await page.getByRole("tab", { name: "OCSF" }).waitFor();

    expect(new URL(page.url()).pathname).toMatch(/^\/alerts\//u);
    expect(mara.said).toEqual([]);
  });
});
