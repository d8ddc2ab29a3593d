/**
 * Puts the hub, and what it uses of its libraries, into a few files of JavaScript: two thousand modules take a second and a half to find and 40 MB to keep, these
 * files neither. Run by `npm ci` and `npm run build`. Each thread and child process gets files of its own, so that none loads what it does not use.
 */
import { rm, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is found beside the code that starts it, by its name. */
const APART = ["src/mirror/sql-child.ts", "src/store/backup-worker.ts", "src/store/log-copier-thread.ts", "src/compose/page-mapper-thread.ts", "src/access/export/export-thread.ts"];

/** Native, or reads files beside itself. */
const LEFT_ALONE = [/^better-sqlite3$/, /^pino$/, /^pg-native$/];

/**
 * Builds `programs` (paths from the root) into `folder`, which has to lie two levels below the root: the code looks for `package.json` and the console from there.
 * Takes a few seconds; throws what the bundler says.
 */
export async function build(folder: string, programs: readonly string[]): Promise<void> {
  const into = join(ROOT, folder);
  const began = new Date();
  await rm(into, { recursive: true, force: true });
  // The programs last: a build cut off leaves none that lacks its threads.
  for (const entries of [...APART.map((file) => [file]), programs]) {
    const bundle = await rolldown({
      input: Object.fromEntries(entries.map((file) => [basename(file, ".ts"), join(ROOT, file)])),
      cwd: ROOT,
      platform: "node",
      external: LEFT_ALONE,
      logLevel: "warn",
    });
    await bundle.write({ dir: into, format: "esm", sourcemap: true, entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
    await bundle.close();
  }
  // As old as what was read for it: a line changed meanwhile is newer.
  for (const file of programs) await utimes(join(into, `${basename(file, ".ts")}.js`), began, began);
}

/** The hub itself. `bin/vedette.mjs` looks for it there. */
export async function buildHub(): Promise<void> {
  await build("dist/hub", ["src/main.ts"]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await buildHub();
