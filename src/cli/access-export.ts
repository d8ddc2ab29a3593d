/**
 * `access export`: the graph as a file or on standard output; what is missing from the graph is said on standard error. A `.c1z` never goes to a terminal.
 */
import { resolve } from "node:path";
import type { AccessCoverage, AccessExportFormat } from "../kernel/access-api.ts";
import { Fault } from "../kernel/fault.ts";
import { noteCoverage } from "./access-list.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { receiveExport } from "./export-file.ts";
import { EXIT_OK } from "./faults.ts";
import { bytes } from "./format.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

export interface ExportGraphOptions extends JsonOption {
  readonly format: AccessExportFormat;
  readonly output?: string;
  readonly connection?: string;
  readonly scope?: string;
}

const C1Z_FILE = "vedette-access.c1z";

export async function exportGraph(context: CliContext, api: ApiClient, options: ExportGraphOptions): Promise<number> {
  const file = targetOf(context, options);
  if (options.json === true && file === null && options.format !== "json") throw new Fault("CONFIG_INVALID", "--json tells of the file that was written, and there is none.", { cure: "Give --output FILE, or --format json for the graph itself." });
  const size = await receiveExport(context, file, (signal) => api.stream("GET", "/api/v1/access/export", { query: { format: options.format, connection: options.connection, scope: options.scope }, signal }));
  const { items } = await api.request<{ readonly items: readonly AccessCoverage[] }>("GET", "/api/v1/access/coverage", { query: { connection: options.connection } });
  if (file !== null) say(context, options, { file, size, items });
  noteCoverage(context.out, items);
  if (options.format === "c1z" && !wholeSync(items)) context.out.note("Not every stream was read whole, so the sync in the file is not marked as finished.");
  return EXIT_OK;
}

/** Null: standard output. */
function targetOf({ ports }: CliContext, { format, output }: ExportGraphOptions): string | null {
  const file = output ?? (format === "c1z" ? C1Z_FILE : "-");
  if (file !== "-") return resolve(file);
  if (format === "c1z" && ports.io.isTTY) throw new Fault("CONFIG_INVALID", "A .c1z is no text, and standard output is a terminal.", { cure: `Leave --output out (the file is called ${C1Z_FILE}), name a file, or pipe it on.` });
  return null;
}

function say({ out }: CliContext, { json, format }: ExportGraphOptions, { file, size, items }: { readonly file: string; readonly size: number; readonly items: readonly AccessCoverage[] }): void {
  const notes = items.flatMap((one) => one.notes.map((note) => `${one.name ?? one.connection}: ${note}`));
  if (json === true) out.json({ file, format, bytes: size, complete: notes.length === 0, notes });
  else out.line(clean(`${file}: ${bytes(size)}`));
}

function wholeSync(items: readonly AccessCoverage[]): boolean {
  return items.every(({ streams }) => streams.every(({ state }) => state === "complete" || state === "paused"));
}
