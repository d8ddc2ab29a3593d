/** Debian's Chromium, and what is looked at on every page: nothing written to its console, nothing refused by the policy, nothing inaccessible. */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";

const PLACES = [process.env["VEDETTE_CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Undefined where there is no browser to test with. */
export const CHROMIUM = PLACES.find((path) => path !== undefined && existsSync(path));

/** The places one can go to by the list of pages and the rows on them. `row`: the first link of the table leads to a page of its own kind; `link`: another one does. */
export const PAGES: readonly { readonly name: string; readonly address: string; readonly row: string | null; readonly link?: string }[] = [
  { name: "overview", address: "/", row: null },
  { name: "cases", address: "/cases", row: "case" },
  { name: "knowledge", address: "/cases/knowledge", row: null },
  { name: "triage-rules", address: "/cases/rules", row: null },
  { name: "alerts", address: "/alerts", row: "alert" },
  { name: "devices", address: "/devices", row: "device" },
  { name: "posture-rules", address: "/devices/rules", row: null },
  { name: "serials", address: "/devices/serials", row: null },
  { name: "coverage", address: "/devices/coverage", row: null },
  { name: "vulnerabilities", address: "/vulnerabilities", row: "finding" },
  { name: "fixes", address: "/vulnerabilities/fixes", row: null },
  { name: "findings", address: "/vulnerabilities/findings", row: null },
  { name: "ingest", address: "/vulnerabilities/ingest", row: null },
  { name: "exports", address: "/vulnerabilities/exports", row: null },
  { name: "access", address: "/access?scope=global", row: "access-why", link: "main td a[aria-label^=Why]" },
  { name: "access-people", address: "/access/people", row: "access-person" },
  { name: "access-risks", address: "/access/risks", row: null },
  { name: "access-changes", address: "/access/changes?mode=history", row: null },
  { name: "access-settings", address: "/access/settings", row: null },
  { name: "connections", address: "/connections", row: "connection" },
  { name: "connection-add", address: "/connections/add", row: null },
  { name: "deliveries", address: "/deliveries", row: "destination" },
  { name: "destination-add", address: "/deliveries/add", row: null },
  { name: "users", address: "/administration/users", row: null },
  { name: "keys", address: "/administration/keys", row: null },
  { name: "tenants", address: "/administration/tenants", row: null },
  { name: "audit", address: "/administration/audit", row: null },
  { name: "backup", address: "/administration/backup", row: null },
  { name: "about", address: "/administration/about", row: null },
  { name: "account", address: "/account", row: null },
];

export function openBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("no Chromium");
  // A container's root has no sandbox to give.
  return chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

/** What a page complains of from now on. What the hub refuses is refused on purpose, and Chromium writes that down too. */
export function complaints(page: Page): readonly string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    const refused = /the server responded with a status of 4\d\d/u.test(message.text());
    if ((message.type() === "error" && !refused) || /Content Security Policy/u.test(message.text())) found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(error.message));
  return found;
}

/** Serious and critical findings of axe. */
export async function inaccessible(page: Page): Promise<readonly string[]> {
  // Given to the engine itself: the page's own policy lets no script in, which is what it is for.
  await page.evaluate(axe.source);
  return page.evaluate<string[]>("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`))");
}

/** Pixels that stick out of the window sideways. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - window.innerWidth)");
}

/** Everything that was loading is there. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await page.locator(".spinner").first().waitFor({ state: "detached" });
  // Charts are drawn by a part that comes after the page.
  await page.locator(".chart-frame:not(:has(canvas))").first().waitFor({ state: "detached" });
}
