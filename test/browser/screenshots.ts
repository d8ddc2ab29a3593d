/**
 * Pictures of every page of a demo in light and dark, on a desk and on a phone: `npm run console:screenshots -- [FOLDER] [PAGE…]`. Says besides what a page
 * complains of, so that looking at them is all that is left to do.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { build } from "vite";
import { complaints, inaccessible, openBrowser, overflow, PAGES, settled } from "./browser.ts";

const WINDOWS = [
  { width: 1280, height: 800 },
  { width: 400, height: 800 },
] as const;

async function main(folder: string, wanted: readonly string[]): Promise<number> {
  mkdirSync(folder, { recursive: true });
  await build({ root: "console", logLevel: "error" });
  const demo = spawn(process.execPath, ["bin/vedette.mjs", "demo", "--json", "--port", "0", "--agents", "1200", "--seed", "7"], { stdio: ["ignore", "pipe", "inherit"] });
  let bad = 0;
  try {
    const { url, open } = await ready(demo);
    const browser = await openBrowser();
    try {
      const visit = await browser.newContext();
      const door = await visit.newPage();
      await door.goto(open);
      await door.getByRole("navigation", { name: "Pages" }).waitFor();
      // Whoever is signed in once is so in every window.
      const state = await visit.storageState();
      await firstReadingOver(door, url);
      for (const colorScheme of ["light", "dark"] as const) {
        for (const viewport of WINDOWS) {
          const context = await browser.newContext({ storageState: state, colorScheme, viewport, reducedMotion: "reduce" });
          const page = await context.newPage();
          const heard = complaints(page);
          const look = async (name: string): Promise<void> => {
            await settled(page);
            const file = join(folder, `${name}-${colorScheme}-${String(viewport.width)}.png`);
            await page.screenshot({ path: file, fullPage: true });
            const said = [...heard.slice(), ...(await inaccessible(page)), ...((await overflow(page)) > 0 ? ["sticks out sideways"] : [])];
            bad += said.length;
            process.stdout.write(`${[file, ...said].join("\n  ")}\n`);
          };
          for (const { name, address, row, link = "main td a" } of PAGES) {
            if (wanted.length > 0 && !wanted.includes(name)) continue;
            await page.goto(`${url}${address}`);
            await look(name);
            if (row === null) continue;
            const before = await page.locator("main h1").first().innerText();
            await page.locator(link).first().click();
            // The address changes before the page does.
            await page.waitForURL((now) => `${now.pathname}${now.search}` !== address);
            await page.locator("main h1").filter({ hasNotText: before }).first().waitFor();
            await look(row);
          }
          await context.close();
        }
      }
    } finally {
      await browser.close();
    }
  } finally {
    demo.kill("SIGTERM");
  }
  return bad === 0 ? 0 : 1;
}

function ready(demo: ChildProcess): Promise<{ readonly url: string; readonly open: string }> {
  return new Promise((resolve, reject) => {
    if (demo.stdout === null) throw new Error("the demo has no output");
    createInterface({ input: demo.stdout }).once("line", (line) => resolve(JSON.parse(line) as { url: string; open: string }));
    demo.once("exit", () => reject(new Error("the demo ended before it was ready")));
  });
}

/** Pages of a console that is only half read are not what people look at. */
async function firstReadingOver(page: Awaited<ReturnType<Awaited<ReturnType<typeof openBrowser>>["newPage"]>>, url: string): Promise<void> {
  for (let second = 0; second < 240; second += 1) {
    const state = await page.evaluate<string>(`fetch("${url}/api/v1/connections").then((answer) => answer.json()).then(({ items }) => items[0]?.state ?? "")`);
    if (state === "Connected") return;
    await page.waitForTimeout(1000);
  }
  throw new Error("the demo's first reading did not end in four minutes");
}

const [folder = "console-screenshots", ...wanted] = process.argv.slice(2);
process.exitCode = await main(folder, wanted);
