/** A hub of a test with its console built and open in a browser: what each file of flows begins with. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { openWorld, type World, type WorldOptions } from "../support/world.ts";
import { complaints, openBrowser } from "./browser.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const PASSWORD = "a long sentence that nobody guesses";
/** Longer than anything takes on a busy machine. */
const WAIT_MS = 45_000;

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained of since it was opened. */
  readonly said: readonly string[];
}

export interface OpenConsole {
  readonly world: World;
  readonly browser: Browser;
  readonly url: string;
  /** Somebody with a browser of his own. */
  visit(): Promise<Visit>;
  close(): Promise<void>;
}

/** Read once, with what follows from that worked out. `before`: what is done to the simulated console first. */
export async function openConsole({ before, ...options }: WorldOptions & { readonly before?: (world: World) => void } = {}): Promise<OpenConsole> {
  await build({ root: join(ROOT, "console"), logLevel: "error" });
  const world = await openWorld(options);
  before?.(world);
  await world.sync();
  await world.hub.upkeep.once();
  const url = await world.hub.listen("127.0.0.1", 0);
  world.hub.start();
  const browser = await openBrowser();
  return {
    world,
    browser,
    url,
    async visit() {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
      context.setDefaultTimeout(WAIT_MS);
      const page = await context.newPage();
      return { context, page, said: complaints(page) };
    },
    async close() {
      await browser.close();
      await world.close();
    },
  };
}

/** The first operator, by the form of the first visit. */
export async function setUp({ url, world }: OpenConsole, { page }: Visit): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Set-up code").fill((await world.hub.signIn.setupCode())?.reveal() ?? "");
  await page.getByLabel("Your name").fill("Mara Voss");
  await page.getByLabel("E-mail").fill("mara@example.com");
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("input[name=again]").fill(PASSWORD);
  await page.getByRole("button", { name: "Create the first administrator" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

export async function signIn(url: string, { page }: Visit, email: string, password: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("E-mail").fill(email);
  await page.locator("input[name=password]").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Somebody who came in with a password for one sign-in. */
export async function choosePassword({ page }: Visit, once: string, own: string): Promise<void> {
  await page.locator("input[name=current]").fill(once);
  await page.locator("input[name=password]").fill(own);
  await page.getByRole("button", { name: "Save and go on" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

/** Adds an account by the dialog, and gives the password that is shown once. */
export async function addUser(url: string, { page }: Visit, user: { readonly name: string; readonly email: string; readonly role: string; readonly tenant?: string }): Promise<string> {
  await page.goto(`${url}/administration/users`);
  await page.getByRole("button", { name: "Add a user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(user.name);
  await dialog.getByLabel("E-mail").fill(user.email);
  await dialog.getByLabel("Role").selectOption(user.role);
  if (user.tenant !== undefined) {
    await dialog.getByRole("combobox", { name: "Tenants" }).selectOption("some");
    await dialog.getByRole("checkbox", { name: user.tenant }).check();
  }
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const shown = dialog.getByLabel("One-time password");
  await shown.waitFor();
  const password = (await shown.innerText()).trim();
  await dialog.getByRole("button", { name: "Done" }).click();
  return password;
}
