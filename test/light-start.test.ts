/** What a command does not need it does not load: a hub stays small, and an answer from the command line is quick. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const VEDETTE = fileURLToPath(new URL("../bin/vedette.mjs", import.meta.url));
/** Tells at the end, on the error stream, of every module of these that was loaded. */
const WATCH = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  process.on("exit", () => process.stderr.write(JSON.stringify({ all: loaded.length, found: loaded.filter((url) => /\\/src\\/simulator\\/|\\/node_modules\\/(graphql|nodemailer)\\//.test(url)) })));
`)}`;

it("opens a hub without the simulated console, its GraphQL engine, or a mail library nobody sends by", () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-light-"));
  try {
    const env = { ...process.env, VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key") };
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", WATCH, VEDETTE, "tenants", "list"], { env, encoding: "utf8" });
    expect([status, stdout], stderr).toEqual([0, expect.stringContaining("ten_default")]);
    const { all, found } = JSON.parse(stderr) as { readonly all: number; readonly found: readonly string[] };
    expect(all).toBeGreaterThan(100);
    expect(found).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
