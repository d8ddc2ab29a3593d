/**
 * Writes the documents that are the code's own words: faults, streams, the command line. `--check` writes nothing and fails when a
 * document on disk is not what the code says now.
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { commandsDocument } from "./docs/commands.ts";
import { faultsDocument } from "./docs/faults.ts";
import { streamsDocument } from "./docs/streams.ts";

const DOCS = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs");

export const GENERATED: Readonly<Record<string, () => string>> = {
  "faults.md": faultsDocument,
  "streams.md": streamsDocument,
  "commands.md": commandsDocument,
};

/** Names of the documents that differ from what the code says. */
export async function staleDocuments(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [name, write] of Object.entries(GENERATED)) {
    const onDisk = await readFile(join(DOCS, name), "utf8").catch(() => "");
    if (onDisk !== write()) stale.push(name);
  }
  return stale;
}

async function main(check: boolean): Promise<number> {
  const stale = await staleDocuments();
  for (const name of stale) {
    if (!check) await writeFile(join(DOCS, name), GENERATED[name]?.() ?? "");
    console.log(`docs/${name}: ${check ? "out of date, run `npm run docs`" : "written"}`);
  }
  if (stale.length === 0) console.log("docs: up to date");
  return check && stale.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main(process.argv.includes("--check"));
