/**
 * Writes what is the code's own words: the documents of faults, streams and the command line, and the console's types of the API.
 * `--check` writes nothing and fails when one on disk is not what the code says now.
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { commandsDocument } from "./docs/commands.ts";
import { consoleTypes } from "./docs/console-types.ts";
import { faultsDocument } from "./docs/faults.ts";
import { streamsDocument } from "./docs/streams.ts";

const DOCS = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs");

export const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  "faults.md": faultsDocument,
  "streams.md": streamsDocument,
  "commands.md": commandsDocument,
  "../console/src/api/schema.ts": consoleTypes,
};

/** Names of the documents that differ from what the code says. */
export async function staleDocuments(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [name, write] of Object.entries(GENERATED)) {
    const onDisk = await readFile(join(DOCS, name), "utf8").catch(() => "");
    if (onDisk !== (await write())) stale.push(name);
  }
  return stale;
}

async function main(check: boolean): Promise<number> {
  const stale = await staleDocuments();
  for (const name of stale) {
    if (!check) await writeFile(join(DOCS, name), (await GENERATED[name]?.()) ?? "");
    console.log(`${join("docs", name)}: ${check ? "out of date, run `npm run docs`" : "written"}`);
  }
  if (stale.length === 0) console.log("docs: up to date");
  return check && stale.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main(process.argv.includes("--check"));
