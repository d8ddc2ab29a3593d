/** What a command does not need it does not load: a hub stays small, and an answer from the command line is quick. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const VEDETTE = fileURLToPath(new URL("../bin/vedette.mjs", import.meta.url));
/** Tells at the end, on the error stream, of every module of these that was loaded. */
const WATCH = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const loaded = [];
  // A build says in its files which modules are in them.
  const inside = (url, source) => [url, ...String(source ?? "").matchAll(/^\\/\\/#region (.*)$/gm).map(([, module]) => "/" + module)];
  registerHooks({ load(url, context, next) { const result = next(url, context); loaded.push(...inside(url, result.source)); return result; } });
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

it("runs the build, and in a clone only while nothing of the source is newer", () => {
  const root = mkdtempSync(join(tmpdir(), "vedette-built-"));
  try {
    mkdirSync(join(root, "dist", "hub"), { recursive: true });
    mkdirSync(join(root, "src", "part"), { recursive: true });
    writeFileSync(join(root, "package.json"), '{ "type": "module" }');
    cpSync(join(VEDETTE, ".."), join(root, "bin"), { recursive: true });
    symlinkSync(join(VEDETTE, "..", "..", "node_modules"), join(root, "node_modules"));
    const says = (word: string): string => `export const main = async () => console.log(${JSON.stringify(word)});`;
    writeFileSync(join(root, "dist", "hub", "main.js"), says("built"));
    writeFileSync(join(root, "src", "main.ts"), says("source"));
    writeFileSync(join(root, "src", "part", "other.ts"), "");
    const at = (second: number, ...paths: readonly string[]): void => {
      for (const path of paths) utimesSync(join(root, path), second, second);
    };
    const answer = (): string => spawnSync(process.execPath, [join(root, "bin", "vedette.mjs")], { encoding: "utf8" }).stdout.trim();
    at(1_000, "src/main.ts", "src/part/other.ts", "src/part", "src");
    at(2_000, "dist/hub/main.js");
    expect(answer()).toBe("built");
    at(3_000, "src/part/other.ts");
    expect(answer()).toBe("source");
    // What an editor leaves beside a file while it is open there leads nowhere.
    at(1_000, "src/part/other.ts");
    symlinkSync("nobody@nowhere", join(root, "src", "part", ".#other.ts"));
    at(1_000, "src/part");
    expect(answer()).toBe("source");
    rmSync(join(root, "src", "part", ".#other.ts"));
    // A file taken away leaves its folder newer.
    at(3_000, "src/part");
    expect(answer()).toBe("source");
    rmSync(join(root, "dist"), { recursive: true });
    expect(answer()).toBe("source");
    mkdirSync(join(root, "dist", "hub"), { recursive: true });
    writeFileSync(join(root, "dist", "hub", "main.js"), says("built"));
    rmSync(join(root, "src"), { recursive: true });
    expect(answer()).toBe("built");
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it.runIf(process.platform === "linux")("keeps the allocator small however it is started, and what the user sets stays", () => {
  const show = `data:text/javascript,${encodeURIComponent('process.on("exit", () => process.stderr.write(JSON.stringify([process.env.MALLOC_ARENA_MAX, process.env.MALLOC_MMAP_THRESHOLD_, process.execArgv.filter((flag) => flag.startsWith("--max-semi"))])))')}`;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MALLOC_")));
  const started = (more: NodeJS.ProcessEnv) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", show, VEDETTE, "--version"], { env: { ...env, ...more }, encoding: "utf8" });
    expect([status, stdout], stderr).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+/)]);
    return JSON.parse(stderr) as unknown;
  };
  expect(started({})).toEqual(["2", "1048576", ["--max-semi-space-size=16"]]);
  expect(started({ MALLOC_ARENA_MAX: "8" })).toEqual(["8", null, []]);
});
