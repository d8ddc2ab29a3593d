import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, inaccessible, overflow, settled } from "./browser.ts";
import { openConsole, setUp, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

const RULE = "Agents are new";

describe.skipIf(CHROMIUM === undefined)("posture in the console", () => {
  let hub: OpenConsole;
  let mara: Visit;
  let devices = 0;
  /** Out of service: they fail whatever does not ask for that. */
  let retired = 0;
  /** One that is looked at through all of it. */
  let named: { readonly name: string; readonly version: string; readonly address: string };

  beforeAll(async () => {
    hub = await openConsole({ estate: { agents: 60, alerts: 0, risks: 0, threats: 0, activities: 0 } });
    mara = await hub.visit();
    await setUp(hub, mara);
    const agents = await hub.world.rows("agents");
    devices = agents.length;
    const inService = agents.filter((row) => row["is_decommissioned"] === 0 && row["is_uninstalled"] === 0);
    retired = devices - inService.length;
    const one = inService.find((row) => agents.filter((other) => other["computer_name"] === row["computer_name"]).length === 1);
    named = { name: String(one?.["computer_name"]), version: String(one?.["agent_version"]), address: `${hub.url}/devices/${hub.world.connection}:${String(one?.["id"])}` };
  });
  afterAll(async () => {
    await hub?.close();
  });

  const ruleOf = (version: string): string => JSON.stringify([{ name: RULE, expiration: "30m", condition: { input: "agent_version", operator: ">=", value: version, message: "Update the agent." } }]);

  async function apply(text: string, failing: string): Promise<void> {
    const { page } = mara;
    await page.getByRole("textbox", { name: "Rules as JSON" }).fill(text);
    await expect.poll(() => page.getByRole("region", { name: "Who would fail" }).innerText(), { timeout: 30_000 }).toContain(`\n${failing}`);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("textbox", { name: "Rules as JSON" }).waitFor({ state: "detached" });
  }

  async function edit(version: string, failing: string): Promise<void> {
    const { page } = mara;
    await page.goto(`${hub.url}/devices/rules`);
    await page.getByRole("button", { name: RULE }).click();
    const text = await page.getByRole("textbox", { name: "Rules as JSON" }).inputValue();
    await apply(text.replace(/"value": "[^"]+"/u, `"value": "${version}"`), failing);
  }

  /** The device's page, once every device was met with the rule and its history says what it was told of. */
  async function device(outcome: "Pass" | "Fail", changes: readonly string[]): Promise<string> {
    const { page } = mara;
    await expect
      .poll(
        async () => {
          await page.goto(`${hub.url}/devices?search=${named.name}`);
          await settled(page);
          return page.locator("main tbody .tag").first().innerText();
        },
        { timeout: 60_000 },
      )
      .toBe(outcome);
    await expect
      .poll(
        async () => {
          await page.goto(named.address);
          await settled(page);
          return [await page.locator(".verdict .tag").allInnerTexts(), (await page.locator(".timeline li .strong").locator("..").allInnerTexts()).map((line) => line.replace(RULE, "").trim())];
        },
        { timeout: 60_000 },
      )
      .toEqual([[outcome], changes]);
    return page.locator(".verdict").innerText();
  }

  it("a rule that all devices meet is applied, and a device's page says by what", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/devices/rules`);
    await page.getByRole("button", { name: "Write a rule" }).click();
    await apply(ruleOf("1.0.0"), `${String(retired)} of ${String(devices)} devices would fail`);

    const shown = await device("Pass", []);
    expect(shown).toMatch(/agent version\s+>= 1\.0\.0/u);
    expect(shown).toContain(named.version);
  });

  it("edited, it says how many would fail that do not now; applied, a named device turns to fail, with what was expected, received and when", async () => {
    await edit("99.0.0", `${String(devices)} of ${String(devices)} devices would fail, ${String(devices - retired)} of them that do not now`);
    const shown = await device("Fail", ["pass → Fail"]);

    expect(shown).toContain("Update the agent.");
    expect(shown).toMatch(new RegExp(`agent version\\s+>= 99\\.0\\.0\\s+${named.version.replaceAll(".", "\\.")}\\s+no`, "u"));
    expect(shown).toContain("refused");
  });

  it("and back again: the device passes, and its page remembers both", async () => {
    await edit("1.0.0", `${String(retired)} of ${String(devices)} devices would fail, 0 of them`);

    expect(await device("Pass", ["fail → Pass", "pass → Fail"])).toContain("let in");
  });

  it("says what an access policy can rest on, and leads to the devices it speaks of", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/devices/coverage`);
    await settled(page);
    const figure = async (name: string): Promise<number> => Number((await page.locator(".figure", { hasText: name }).locator(".figure-value").innerText()).replaceAll(",", ""));
    const none = await figure("No usable serial");
    expect((await figure("Serial of its own")) + (await figure("Shared serial")) + none).toBe(devices);
    expect(none).toBeGreaterThan(0);
    await page.getByText("Fresh", { exact: true }).waitFor();
    await page.getByRole("link", { name: "No usable serial" }).click();
    await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
    await settled(page);

    expect(page.url()).toContain("serial=none");
    expect(await page.locator("main tbody td:first-child a").count()).toBe(none);
    await page.goBack();
    await page.getByRole("link", { name: "Over 7 days ago" }).click();
    await settled(page);
    expect(page.url()).toContain("silent=7");
    expect(await page.locator("main tbody td:first-child a").count()).toBeGreaterThan(0);
  });

  it("compares somebody's own list with the agents there are, and gives the gaps as a file", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/devices/coverage`);
    const choose = async (text: string): Promise<void> => {
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Choose a CSV file" }).click();
      await (await chooser).setFiles({ name: "inventory.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
      await page.getByRole("button", { name: "Compare" }).click();
    };
    await choose("a,b\n1,2\n");
    await page.getByText("names none of serial", { exact: false }).waitFor();
    await choose(`hostname,owner\n${named.name},x\n<b>nobody</b>,y\n`);
    await page.getByText("<b>nobody</b>").waitFor();

    expect(await page.locator(".figure", { hasText: "Have an agent" }).innerText()).toMatch(/1\s+of 2 listed devices/u);
    expect(await page.getByRole("link", { name: named.name, exact: true }).count()).toBe(0);
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: /^Save all/u }).click();
    expect((await saved).suggestedFilename()).toBe("coverage.csv");
    expect(await inaccessible(page)).toEqual([]);
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await overflow(page)).toBe(0);
    expect(mara.said).toEqual([]);
  });
});
