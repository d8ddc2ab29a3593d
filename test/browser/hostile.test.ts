/** Text of records that would be script, markup or a trick of the eye, in whatever names a record has: on no page is it more than text. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { World } from "../support/world.ts";
import { CHROMIUM, overflow, PAGES, settled } from "./browser.ts";
import { openConsole, setUp, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

const IMAGE = `<img src=x onerror="window.taken=1">`;
const SCRIPT = `"><script>window.taken=2</script><svg onload=window.taken=3>`;
/** Written right to left, and with letters that nobody sees. */
const TURNED = "\u202efdp.exe\u2066\u200b\u200d";
const ADDRESS = "javascript:alert(1)";
const LONG = "W".repeat(1500);

/** Wherever a name of a record comes from people or malware. */
function poison({ simulator }: World): void {
  const set = (stream: Parameters<typeof simulator.mutate>[0]["stream"], fields: Readonly<Record<string, unknown>>): void => {
    simulator.mutate({ stream, action: "update", fraction: 1, set: fields });
  };
  set("agents", { computerName: `${IMAGE}${TURNED}`, domain: SCRIPT, lastLoggedInUserName: `${SCRIPT}${LONG}`, osName: IMAGE, modelName: IMAGE });
  set("alerts", { name: `${IMAGE}${SCRIPT}`, description: SCRIPT });
  set("threats", { "threatInfo.threatName": `${IMAGE}${TURNED}${LONG}`, "threatInfo.filePath": SCRIPT, "threatInfo.originatorProcess": IMAGE, "agentRealtimeInfo.agentComputerName": SCRIPT });
  set("risks", { applicationName: IMAGE, vendor: SCRIPT });
  set("sites", { name: IMAGE });
  set("users", { fullName: `${IMAGE}${TURNED}`, email: `${SCRIPT}@example.com` });
  set("service-users", { name: SCRIPT });
  set("roles", { name: IMAGE });
  set("activities", { primaryDescription: IMAGE });
}

describe.skipIf(CHROMIUM === undefined)("hostile text of records", () => {
  let hub: OpenConsole;
  let mara: Visit;

  beforeAll(async () => {
    hub = await openConsole({ before: poison, estate: { agents: 60, alerts: 40, threats: 20, risks: 60, users: 12, activities: 40 } });
    await hub.world.hub.destinations.add({ all: true }, { name: IMAGE, kind: "file", config: { file: "all.ndjson" } }, AbortSignal.timeout(20_000), async () => {});
    mara = await hub.visit();
    await setUp(hub, mara);
  });
  afterAll(() => hub?.close());

  it("is text on every page, runs nothing, asks nobody and breaks no page", async () => {
    const { page } = mara;
    const found: string[] = [];
    const strangers: string[] = [];
    const seen = new Set<string>();
    page.on("dialog", (dialog) => {
      found.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== hub.url && protocol !== "data:" && protocol !== "blob:") strangers.push(request.url());
    });
    const look = async (name: string): Promise<void> => {
      await settled(page);
      const state = await page.evaluate<{ taken: boolean; shown: boolean; elements: number; links: number }>(`({
        taken: window.taken !== undefined,
        shown: document.body.innerText.includes("onerror=") || document.body.innerText.includes("<script>"),
        elements: document.querySelectorAll("main img, main script, main svg[onload], [onerror]").length,
        links: [...document.querySelectorAll("a[href]")].filter((link) => !/^(https?:|blob:)/.test(link.href)).length,
      })`);
      if (state.taken) found.push(`${name}: a script ran`);
      if (state.elements > 0) found.push(`${name}: markup of a record is in the page`);
      if (state.links > 0) found.push(`${name}: a link leads to no page`);
      if ((await overflow(page)) > 0) found.push(`${name}: sticks out`);
      if (state.shown) seen.add(name);
    };
    for (const { name, address, row, link } of PAGES) {
      await page.goto(`${hub.url}${address}`);
      await look(name);
      if (row === null) continue;
      await page.locator(link ?? "main td a").first().click();
      await page.waitForURL(({ pathname }) => pathname !== new URL(address, hub.url).pathname);
      await look(row);
      for (const tab of await page.getByRole("tab").all()) {
        await tab.click();
        await look(`${row}, a tab`);
      }
    }
    await page.goto(`${hub.url}/alerts?text=${encodeURIComponent(IMAGE)}`);
    await look("a filter");
    await page.goto(`${hub.url}/cases?owner=${encodeURIComponent(ADDRESS)}&type=${encodeURIComponent(IMAGE)}`);
    await look("an address nobody wrote");

    expect(found).toEqual([]);
    expect(strangers).toEqual([]);
    expect(mara.said).toEqual([]);
    for (const name of ["cases", "case", "alerts", "alert", "devices", "device", "vulnerabilities", "finding", "access-people", "deliveries", "destination"]) expect(seen).toContain(name);
  }, 400_000);
});
