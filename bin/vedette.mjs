#!/usr/bin/env node
// Starts Vedette on a Node that can run it. Works down to Node 18 itself, so that a machine whose own Node is too old gets a
// plain sentence, or, where npm installed Node 24 beside us, simply works.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

if (recentEnough(process.versions.node)) {
  const built = join(root, "dist", "main.js");
  const { main } = await import(existsSync(join(root, "src", "main.ts")) ? "../src/main.ts" : built);
  await main(process.argv.slice(2));
} else {
  const node = bundledNode();
  if (node === undefined) {
    process.stderr.write(
      `vedette needs Node ${required.join(".")} or newer; this is ${process.versions.node}.\n` +
        "Run `npm ci` in this folder (it brings Node 24 on Linux and Windows), or install Node 24 yourself.\n",
    );
    process.exit(70);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}
