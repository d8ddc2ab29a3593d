/**
 * Run by npm after an install: builds the web console, so that `npm ci && npm run demo` has it. Where there is nothing to build it with
 * (an installed package, an install without development tools) it does nothing, and a build that fails leaves a hub that works without one.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (existsSync(join(root, "console", "index.html"))) {
  try {
    const vite = await import("vite");
    await vite.build({ root: join(root, "console"), logLevel: "warn" });
  } catch (error) {
    if (error?.code !== "ERR_MODULE_NOT_FOUND" || existsSync(join(root, "node_modules", "vite"))) console.error(`The web console was not built: ${error instanceof Error ? error.message : "the build failed"}\nThe hub works without it; \`npm run console\` builds it.`);
  }
}
