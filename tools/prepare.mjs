/**
 * Run by npm after an install: builds the hub and the web console, so that `npm ci && npm run demo` has both. Where there is nothing to build them with
 * (an installed package, an install without development tools) it does nothing; a hub that was not built runs from its source, and works without a console.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Builds what `source` is there for; says what follows where that fails although the tool is installed.
 * @type {(source: string, tool: string, build: () => Promise<unknown>, otherwise: string) => Promise<void>}
 */
const attempt = async (source, tool, build, otherwise) => {
  if (!existsSync(join(root, source))) return;
  try {
    await build();
  } catch (error) {
    if (error?.code === "ERR_MODULE_NOT_FOUND" && !existsSync(join(root, "node_modules", tool))) return;
    console.error(`${error instanceof Error ? error.message : "the build failed"}\n${otherwise}`);
  }
};

await attempt("src/main.ts", "rolldown", async () => (await import("./build.ts")).buildHub(), "The hub was not built and runs from its source, which starts more slowly; `npm run build` builds it.");
await attempt("console/index.html", "vite", async () => (await import("vite")).build({ root: join(root, "console"), logLevel: "warn" }), "The web console was not built; the hub works without it, and `npm run console` builds it.");
