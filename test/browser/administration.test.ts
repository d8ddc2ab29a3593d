import { existsSync } from "node:fs";
import { TOTP } from "otpauth";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, inaccessible } from "./browser.ts";
import { addUser, choosePassword, openConsole, PASSWORD, setUp, signIn, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

const OWN = "another sentence that is only mine";

describe.skipIf(CHROMIUM === undefined)("administration in the console", () => {
  let hub: OpenConsole;
  let mara: Visit;
  let ada: Visit;
  let once = "";
  let secret = "";
  let recovery: readonly string[] = [];

  beforeAll(async () => {
    hub = await openConsole();
    mara = await hub.visit();
    ada = await hub.visit();
    await setUp(hub, mara);
  });
  afterAll(() => hub?.close());

  /** Codes are good once: each step of half a minute gives one, and the next one is taken early. */
  const code = (ahead = 0): string => new TOTP({ secret, digits: 6, period: 30, algorithm: "SHA1" }).generate({ timestamp: Date.now() + ahead });

  it("makes an account whose password is shown once and is good for one sign-in, after which its owner chooses one", async () => {
    once = await addUser(hub.url, mara, { name: "Ada Lind", email: "ada@example.com", role: "analyst" });
    const row = mara.page.locator("main tr", { hasText: "ada@example.com" });
    expect(await row.innerText()).toContain("First sign-in");
    expect(await mara.page.content()).not.toContain(once);

    await signIn(hub.url, ada, "ada@example.com", once);
    await choosePassword(ada, once, PASSWORD);
    expect(await ada.page.locator(".person-text").innerText()).toContain("Analyst");
    expect(await ada.page.getByRole("link", { name: "Administration" }).count()).toBe(0);
    const other = await hub.visit();
    await signIn(hub.url, other, "ada@example.com", once);
    await other.page.getByRole("alert").waitFor();
    await other.context.close();
  });

  it("sets up a second factor from a code that is drawn in the page, with recovery codes that are shown once", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: /Ada Lind/u }).click();
    await page.getByRole("menuitem", { name: "Your account" }).click();
    await page.getByRole("button", { name: "Set it up" }).click();
    const drawn = page.locator(".factor-code svg");
    await drawn.waitFor();
    expect(await drawn.getByText("The code for your authenticator app").count()).toBe(1);
    secret = (await page.locator(".secret-text").innerText()).replaceAll(" ", "");
    await page.getByLabel("Six digits").fill("000000");
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Six digits").fill(code());
    await page.getByRole("button", { name: "Turn it on" }).click();
    const codes = page.getByLabel("Recovery codes");
    await codes.waitFor();
    recovery = (await codes.innerText()).trim().split("\n");
    expect(await inaccessible(page)).toEqual([]);
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByRole("button", { name: "Remove it…" }).waitFor();

    expect(secret).toMatch(/^[A-Z2-7]{32}$/u);
    expect(recovery).toHaveLength(10);
    expect(await page.content()).not.toContain(secret);
  });

  it("asks for the second factor at the next sign-in, and takes a code of it or a recovery code, each once", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: /Ada Lind/u }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(hub.url, ada, "ada@example.com", PASSWORD);
    await page.getByLabel("Code").fill("123123");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Code").fill(code(30_000));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();

    const second = await hub.visit();
    for (const works of [true, false]) {
      await signIn(hub.url, second, "ada@example.com", PASSWORD);
      await second.page.getByLabel("Code").fill(recovery[0] ?? "");
      await second.page.getByRole("button", { name: "Sign in" }).click();
      if (works) {
        await second.page.getByRole("button", { name: /Ada Lind/u }).click();
        await second.page.getByRole("menuitem", { name: "Sign out" }).click();
        await second.page.getByRole("heading", { name: "Sign in" }).waitFor();
      } else {
        await second.page.getByRole("alert").waitFor();
        expect(await second.page.getByRole("navigation", { name: "Pages" }).count()).toBe(0);
      }
    }
    await second.context.close();
  });

  it("shows one's own sessions, and ends another one at once", async () => {
    const lost = await hub.visit();
    await signIn(hub.url, lost, "ada@example.com", PASSWORD);
    await lost.page.getByLabel("Code").fill(recovery[1] ?? "");
    await lost.page.getByRole("button", { name: "Sign in" }).click();
    await lost.page.getByRole("navigation", { name: "Pages" }).waitFor();

    await ada.page.goto(`${hub.url}/account`);
    await ada.page.getByText("This one").waitFor();
    await ada.page.getByRole("button", { name: /^End the session/u }).click();
    await ada.page.getByText("1 session", { exact: true }).waitFor();
    // The page may have noticed by itself: then there is no link left to press.
    await lost.page.getByRole("navigation").getByRole("link", { name: "Cases", exact: true }).click({ timeout: 5_000 }).catch(() => undefined);
    await lost.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await lost.page.getByRole("navigation", { name: "Pages" }).count()).toBe(0);
    await lost.context.close();
  });

  it("changes one's own password, and says what is wrong with a short or a mistyped one", async () => {
    const { page } = ada;
    await page.locator("input[name=current]").fill("not the password");
    await page.locator("input[name=password]").fill("short");
    await page.getByText("Longer, please.").waitFor();
    await page.locator("input[name=password]").fill(OWN);
    await page.locator("input[name=again]").fill(`${OWN}x`);
    await page.getByText("Not the same.").waitFor();
    await page.locator("input[name=again]").fill(OWN);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByRole("alert").waitFor();
    await page.locator("input[name=current]").fill(PASSWORD);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByText("The password was changed.").waitFor();
    // Changes go on being taken: the session has a new cookie now.
    await page.getByRole("button", { name: "Remove it…" }).click();
    await page.getByRole("dialog").getByLabel("Your password").fill(OWN);
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Set it up" }).waitFor();
    expect(await page.getByText("The password was changed.").count()).toBe(1);
  });

  it("changes a role, resets and disables an account, and each ends its sessions", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/administration/users`);
    const row = page.locator("main tr", { hasText: "ada@example.com" });
    const act = async (name: string): Promise<void> => {
      await page.getByRole("button", { name: "Actions for Ada Lind" }).click();
      await page.getByRole("menuitem", { name }).click();
    };
    await act("Role and tenants…");
    await page.getByRole("dialog").getByLabel("Role").selectOption("auditor");
    expect(await inaccessible(page)).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await row.getByText("Auditor").waitFor();
    await ada.page.reload();
    await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(hub.url, ada, "ada@example.com", OWN);
    await ada.page.getByRole("link", { name: "Administration" }).click();
    await ada.page.getByRole("heading", { name: "Users" }).waitFor();
    // An auditor reads; what changes something is not there.
    expect(await ada.page.getByRole("button", { name: "Add a user" }).count()).toBe(0);
    expect(await ada.page.getByRole("link", { name: "Backup" }).count()).toBe(0);

    await act("Disable");
    await row.getByText("Disabled").waitFor();
    await ada.page.reload();
    await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(hub.url, ada, "ada@example.com", OWN);
    await ada.page.getByRole("alert").waitFor();
    await act("Reset the password…");
    await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
    await page.getByRole("dialog").getByLabel("One-time password").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
    await act("Remove…");
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await row.waitFor({ state: "detached" });
  });

  it("makes a key whose secret is shown once and works, and revokes it at once", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/administration/keys`);
    await page.getByRole("button", { name: "Make the first one" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("dashboards");
    await page.getByRole("dialog").getByRole("button", { name: "Make", exact: true }).click();
    const shown = page.getByRole("dialog").getByLabel("API key");
    await shown.waitFor();
    const key = (await shown.innerText()).trim();
    await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
    const status = async (): Promise<number> => (await fetch(`${hub.url}/api/v1/status`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await status()).toBe(200);
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: "Revoke dashboards" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.locator("main td", { hasText: "Revoked" }).waitFor();
    expect(await status()).toBe(401);
  });

  it("shows who did what, the newest first, by filters in the address, and proves the chain", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/administration/audit`);
    await page.getByRole("button", { name: "api-key.revoked" }).first().waitFor();
    await page.goto(`${hub.url}/administration/audit?event=user`);
    await page.getByRole("button", { name: "user.removed" }).waitFor();
    const events = await page.locator("main td button").allInnerTexts();
    expect(events.slice(0, 3)).toEqual(["user.removed", "user.reset", "user.changed"]);
    expect(events.every((event) => event.startsWith("user."))).toBe(true);
    await page.getByRole("button", { name: "user.created" }).first().click();
    await page.getByRole("dialog").getByText("ada@example.com").waitFor();
    expect(await inaccessible(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText(/\d+ entries, unbroken/u).waitFor();
    await page.getByLabel("Entries noted earlier").fill("1");
    await page.getByLabel("Head noted earlier").fill("0".repeat(64));
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText("Broken at entry 1").waitFor();
  });

  it("makes a backup, and says where it is", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/administration/backup`);
    await page.getByLabel("Name").fill("../outside");
    await page.getByRole("button", { name: "Back up now" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Name").fill("first.sqlite");
    await page.getByRole("button", { name: "Back up now" }).click();
    const file = page.locator(".note-good code").first();
    await file.waitFor();

    expect(await file.innerText()).toMatch(/first\.sqlite$/u);
    expect(existsSync(await file.innerText())).toBe(true);
  });

  it("finds one of more tenants than fit a list by its name: in the list, in the switcher, and for whom an account is", async () => {
    const { page } = mara;
    const tenants = Array.from({ length: 1_200 }, (_unused, place) => ({ id: `ten_${String(place)}`, name: `Client ${String(place).padStart(4, "0")}` }));
    await hub.world.hub.store.tx(async (tx) => {
      await sql`INSERT INTO tenants (id, name, created_at) SELECT value ->> 'id', value ->> 'name', ${new Date().toISOString()} FROM json_each(${JSON.stringify(tenants)})`.execute(tx.db);
    });
    await page.goto(`${hub.url}/administration/tenants`);
    await page.getByText("Client 0000", { exact: true }).waitFor();
    expect(await page.locator("main tbody tr").count()).toBeLessThan(200);
    await page.getByLabel("Search tenants").fill("client 119");
    await page.getByText("10 tenants").waitFor();
    expect(new URL(page.url()).searchParams.get("text")).toBe("client 119");

    await page.getByRole("combobox", { name: "Tenant", exact: true }).fill("0777");
    await page.getByRole("option", { name: "Client 0777" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get("tenant"), { timeout: 20_000 }).toBe("ten_777");
    await page.goto(`${hub.url}/administration/users?tenant=ten_777`);
    await expect.poll(() => page.getByRole("combobox", { name: "Tenant", exact: true }).inputValue(), { timeout: 20_000 }).toBe("Client 0777");
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Add a user" }).click();
    await dialog.getByLabel("Name").fill("Nele");
    await dialog.getByLabel("E-mail").fill("nele@example.com");
    await dialog.getByRole("combobox", { name: "Tenants", exact: true }).selectOption("some");
    await dialog.getByRole("combobox", { name: "Tenants by name" }).fill("0777");
    await page.getByRole("option", { name: "Client 0777" }).click();
    await page.keyboard.press("Tab");
    await page.getByRole("option", { name: "Client 0777" }).waitFor({ state: "hidden" });
    expect(await inaccessible(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await dialog.getByLabel("One-time password").waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.locator("main tr", { hasText: "nele@example.com" }).getByText("Client 0777").waitFor();
  }, 240_000);

  it("says what is shipped, under which licence, with the texts", async () => {
    const { page } = mara;
    await page.goto(`${hub.url}/administration/about`);
    await page.getByLabel("Search packages").fill("fastify");
    await page.locator("main td", { hasText: /^fastify$/u }).waitFor();
    const texts = await (await fetch(`${hub.url}/licences.txt`)).text();

    expect(texts).toContain("Permission is hereby granted");
    expect([...mara.said, ...ada.said]).toEqual([]);
  });
});
