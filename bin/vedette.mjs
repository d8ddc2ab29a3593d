#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=1048576 node --max-semi-space-size=16
// Starts Vedette on a Node that can run it. Works down to Node 18 itself, so that a machine whose own Node is too old gets a
// plain sentence, or, where npm installed Node 24 beside us, simply works.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const required = [22, 22];

function recentEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > required[0] || (major === required[0] && minor >= required[1]);
}

function bundledNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    const binary = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What to run: the build (see tools/build.ts), which starts in half the time and takes 50 MB less; in a clone only while it is newer than every file and folder of
 * the source, so that whoever changes a line runs that line, from the source by Node's own type stripping.
 */
function program() {
  const [built, source] = [join(root, "dist", "hub", "main.js"), join(root, "src")];
  if (!existsSync(source)) return built;
  const since = existsSync(built) ? statSync(built).mtimeMs : 0;
  const current = ["", ...readdirSync(source, { recursive: true })].every((name) => (statSync(join(source, name), { throwIfNoEntry: false })?.mtimeMs ?? since) < since);
  return current ? built : join(source, "main.ts");
}

/** What the first line says, for the ways of starting that do not pass it. */
const FLAGS = ["--max-semi-space-size=16"];
const ALLOCATOR = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "1048576" };

/**
 * A page of a large console is megabytes of short-lived objects, and V8 would sooner take hundreds of megabytes than collect them. The
 * hub stays small instead: a nursery that holds a page or two, and an old space that grows by half. glibc would keep an arena for every
 * thread and pages once read in the middle of its heap: two arenas, and whatever is larger than a megabyte goes back as soon as it is let go.
 * What Node compiles is kept for the next start, in the user's own cache folder.
 */
async function stayLight() {
  // glibc reads its settings before anything of ours runs, so that Linux needs a second start where the first line was passed by.
  if (process.platform === "linux" && process.env.MALLOC_ARENA_MAX === undefined && process.execve !== undefined) {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...FLAGS.filter((flag) => !process.execArgv.includes(flag)), ...process.argv.slice(1)], { ...process.env, ...ALLOCATOR });
  }
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--heap-growing-percent=50");
  const { enableCompileCache } = await import("node:module");
  const { default: places } = await import("env-paths");
  enableCompileCache(join(places("vedette", { suffix: "" }).cache, "compile"));
}

if (recentEnough(process.versions.node)) {
  await stayLight();
  const { main } = await import(pathToFileURL(program()).href);
  await main(process.argv.slice(2));
} else {
  const node = bundledNode();
  if (node === undefined) {
    process.stderr.write(
      `vedette needs Node ${required.join(".")} or newer; this is ${process.versions.node}.\n` +
        (process.platform === "darwin" ? "Install Node 24 (https://nodejs.org); no package brings it on macOS.\n" : "Run `npm ci` in this folder (it brings Node 24), or install Node 24 yourself (https://nodejs.org).\n"),
    );
    process.exit(70);
  }
  const child = spawn(node, [...FLAGS, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit", env: { ...ALLOCATOR, ...process.env } });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`vedette could not start ${node}: ${error.message}\nInstall Node 24 (https://nodejs.org).\n`);
    process.exit(70);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}
