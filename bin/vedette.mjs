#!/usr/bin/env -S node --max-semi-space-size=4
// Starts Vedette on a Node that can run it. Works down to Node 18 itself, so that a machine whose own Node is too old gets a
// plain sentence, or, where npm installed Node 24 beside us, simply works.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
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
 * A page of a large console is megabytes of short-lived objects, and V8 would sooner take hundreds of megabytes than collect them. The
 * hub stays small instead: a small nursery (the first line's flag; a spawned Node gets it below) and an old space that grows by a third.
 * What Node compiles is kept for the next start, in the user's own cache folder.
 */
async function stayLight() {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--heap-growing-percent=30");
  const { enableCompileCache } = await import("node:module");
  const { default: places } = await import("env-paths");
  enableCompileCache(join(places("vedette", { suffix: "" }).cache, "compile"));
}

if (recentEnough(process.versions.node)) {
  await stayLight();
  // The source where there is one (a clone), else the build (an installed package, where Node strips no types).
  const source = join(root, "src", "main.ts");
  const { main } = await import(pathToFileURL(existsSync(source) ? source : join(root, "dist", "main.js")).href);
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
  const child = spawn(node, ["--max-semi-space-size=4", fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`vedette could not start ${node}: ${error.message}\nInstall Node 24 (https://nodejs.org).\n`);
    process.exit(70);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}
