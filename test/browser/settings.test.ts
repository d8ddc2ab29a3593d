import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, inaccessible, overflow, settled } from "./browser.ts";
import { addUser, choosePassword, openConsole, PASSWORD, setUp, signIn, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

const HOSTILE = "<img src=x onerror=alert(1)>";

describe.skipIf(CHROMIUM === undefined)("knowledge, rules of triage and settings of access risks in the console", () => {
  let hub: OpenConsole;
  let mara: Visit;
  /** A file that turns up in a case. */
  let hash = "";

  beforeAll(async () => {
    hub = await openConsole();
    mara = await hub.visit();
    await setUp(hub, mara);
    const found = (await hub.world.rows("threats")).find((row) => typeof row["sha1"] === "string" && row["sha1"] !== "");
    hash = String(found?.["sha1"]);
  });
  afterAll(async () => {
    await hub?.close();
  });

  async function answered<T>(path: string): Promise<T> {
    return mara.page.evaluate<T>(`fetch(${JSON.stringify(path)}).then((answer) => answer.json())`);
  }

  async function events(noun: string): Promise<readonly string[]> {
    return (await answered<{ readonly items: readonly { readonly event: string }[] }>(`/api/v1/audit?event=${noun}&newestFirst=true`)).items.map(({ event }) => event);
  }

  it("knowledge is written down, speaks in the case that it is about, expires and is removed", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/cases/knowledge`);
    await page.getByRole("button", { name: "Add the first entry" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Indicator").fill(hash);
    await dialog.getByLabel("Meaning").selectOption("benign");
    await dialog.getByLabel("What is known").fill(`Our own installer ${HOSTILE}`);
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("button", { name: hash }).waitFor();
    await page.getByText(HOSTILE, { exact: false }).first().waitFor();
    expect(await inaccessible(page)).toEqual([]);

    const { items } = await answered<{ readonly items: readonly { readonly id: string }[] }>(`/api/v1/cases?text=${hash}&status=any`);
    await page.goto(`${hub.url}/cases/${items[0]?.id ?? ""}`);
    await page.getByText("Our own installer", { exact: false }).first().waitFor();

    await page.goto(`${hub.url}/cases/knowledge?type=hash`);
    await page.getByRole("button", { name: hash }).click();
    await dialog.getByRole("button", { name: "Let it expire" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByText("for good", { exact: true }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: hash }).click();
    await dialog.getByRole("button", { name: "Remove…" }).click();
    await dialog.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("None of the entries matches.").waitFor();
    expect(await events("case-knowledge")).toEqual(["case-knowledge.removed", "case-knowledge.changed", "case-knowledge.added"]);
  }, 240_000);

  it("knowledge comes from a file, all of it or nothing with the line that is wrong, and goes into one", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/cases/knowledge`);
    const dialog = page.getByRole("dialog");
    const give = async (text: string): Promise<void> => {
      const chooser = page.waitForEvent("filechooser");
      await dialog.getByRole("button", { name: "Choose a file" }).click();
      await (await chooser).setFiles({ name: "known.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
      await dialog.getByRole("button", { name: "Import" }).click();
    };
    await page.getByRole("button", { name: "Files" }).click();
    await page.getByRole("menuitem", { name: "Import a file…" }).click();
    await give("type,indicator,meaning,text\ndomain,evil.example,malicious,Seen in April\nplanet,mars,benign,far\n");
    await dialog.getByRole("alert").waitFor();
    expect((await answered<{ readonly items: readonly unknown[] }>("/api/v1/cases/knowledge")).items).toEqual([]);
    await give("type,indicator,meaning,text\ndomain,evil.example,malicious,Seen in April\nuser,svc-backup,context,Runs at night\n");
    await dialog.getByText("2 added, 0 changed, 0 as they were.").waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "evil.example" }).waitFor();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Files" }).click();
    await page.getByRole("menuitem", { name: "Export as CSV" }).click();

    expect(readFileSync((await (await saved).path()) ?? "", "utf8")).toMatch(/evil\.example/u);
  }, 240_000);

  it("a rule of triage is tried on open cases, set, and taken back; one of one's own is written and removed", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/cases/rules?text=confidence-malicious`);
    await page.getByRole("button", { name: "confidence-malicious" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Weight").fill("-60");
    await dialog.getByRole("button", { name: "Try on open cases" }).click();
    const tried = await dialog.getByText(/of \d+ open cases? looked at would score otherwise/u).innerText();
    expect(Number(/^\d+/u.exec(tried)?.[0])).toBeGreaterThan(0);
    expect(await events("case-rules")).toEqual([]);
    await dialog.getByRole("button", { name: "Set for all tenants" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByText("Shipped, set for all").waitFor();
    await page.getByRole("button", { name: "confidence-malicious" }).click();
    await dialog.getByRole("button", { name: "Take back what was set" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByText("Shipped", { exact: true }).waitFor();

    await page.goto(`${hub.url}/cases/rules`);
    await page.getByRole("button", { name: "Write rules" }).click();
    const text = page.getByRole("textbox", { name: "Rules as JSON" });
    await text.fill('[{ "id": "ours", "title": "Ours", "weight": 400, "when": { "fact": "signer", "is": "Us" } }]');
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("alert").getByText("weight", { exact: false }).first().waitFor();
    await text.fill('[{ "id": "ours", "title": "Ours", "weight": -40, "when": { "fact": "name", "like": "*" } }]');
    await page.getByRole("button", { name: "Try on open cases" }).click();
    await page.getByText(/would score otherwise/u).waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await text.waitFor({ state: "detached" });
    await page.getByLabel("Search rules").fill("ours");
    await page.getByRole("button", { name: "ours", exact: true }).click();
    expect(await inaccessible(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Remove the rule" }).click();
    await page.getByText("No rule matches.").waitFor();
    expect(await events("case-rules")).toHaveLength(4);
  }, 240_000);

  it("a threshold is set and taken back, and a list of people is uploaded and removed", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/access/settings`);
    const stale = page.getByRole("textbox", { name: "Stale" });
    await stale.fill("7");
    await page.getByRole("button", { name: "Set for all tenants" }).click();
    await page.getByRole("button", { name: "Take back: Stale" }).waitFor();
    await page.reload();
    await expect.poll(() => stale.inputValue(), { timeout: 20_000 }).toBe("7");
    await page.getByRole("button", { name: "Take back: Stale" }).click();
    await expect.poll(() => stale.inputValue(), { timeout: 20_000 }).toBe("90");
    expect(await events("access-thresholds")).toEqual(["access-thresholds.set", "access-thresholds.set"]);

    await page.getByRole("button", { name: "Upload a list" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Personnel");
    const chooser = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: "Choose a CSV file" }).click();
    await (await chooser).setFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from("email,status\na@example.com,active\nb@example.com,terminated\n") });
    await dialog.getByRole("button", { name: "Upload" }).click();
    await dialog.getByText("2 people of 2 lines, 1 of them have left.", { exact: false }).waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Remove Personnel" }).click();
    await dialog.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("No list was uploaded yet.").waitFor();
    expect(await events("access-list")).toEqual(["access-list.removed", "access-list.uploaded"]);
  }, 240_000);

  it("a viewer reads all of it and is offered none of what would change it", async () => {
    const password = await addUser(hub.url, mara, { name: "Vic", email: "vic@example.com", role: "viewer" });
    const vic = await hub.visit();
    await signIn(hub.url, vic, "vic@example.com", password);
    await choosePassword(vic, password, PASSWORD);
    await vic.page.setViewportSize({ width: 400, height: 800 });
    for (const address of ["/cases/knowledge", "/cases/rules", "/access/settings"]) {
      await vic.page.goto(`${hub.url}${address}`);
      await settled(vic.page);
      expect(await vic.page.getByRole("button", { name: /^(Add|Set for|Apply|Upload|Remove|Take back|Write)/u }).count(), address).toBe(0);
      expect(await overflow(vic.page), address).toBe(0);
      expect(await inaccessible(vic.page), address).toEqual([]);
    }
    await vic.page.goto(`${hub.url}/cases/knowledge`);
    await vic.page.getByRole("button", { name: "evil.example" }).click();
    await vic.page.getByRole("dialog").getByText("Seen in April").waitFor();
    expect(await vic.page.getByRole("dialog").getByRole("button", { name: "Save" }).count()).toBe(0);
    expect([...mara.said, ...vic.said]).toEqual([]);
  }, 240_000);
});
