/**
 * `access export`: the graph as a file or on standard output. A file appears under its name only when it is whole, readable by its owner alone; what is missing
 * from the graph is said on standard error. Bytes never go to a terminal.
 */
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { AccessCoverage, AccessExportFormat } from "../kernel/access-api.ts";
import { Fault } from "../kernel/fault.ts";
import { noteCoverage } from "./access-list.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { bytes, duration } from "./format.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

export interface ExportGraphOptions extends JsonOption {
  readonly format: AccessExportFormat;
  readonly output?: string;
  readonly connection?: string;
  readonly scope?: string;
}

const C1Z_FILE = "vedette-access.c1z";
const QUIET_MS = 5000;

export async function exportGraph(context: CliContext, api: ApiClient, options: ExportGraphOptions): Promise<number> {
  const file = targetOf(context, options);
  if (options.json === true && file === null && options.format !== "json") throw new Fault("CONFIG_INVALID", "--json tells of the file that was written, and there is none.", { cure: "Give --output FILE, or --format json for the graph itself." });
  const stop = new AbortController();
  const unlisten = context.ports.io.onSignal(() => stop.abort());
  const progress = startProgress(context);
  try {
    const chunks = whole(api.stream("GET", "/api/v1/access/export", { query: { format: options.format, connection: options.connection, scope: options.scope }, signal: stop.signal }), progress.received);
    const size = file === null ? await toStdout(context, chunks) : await toFile(file, chunks);
    progress.end();
    const { items } = await api.request<{ readonly items: readonly AccessCoverage[] }>("GET", "/api/v1/access/coverage", { query: { connection: options.connection } });
    if (file !== null) say(context, options, { file, size, items });
    noteCoverage(context.out, items);
    if (options.format === "c1z" && !wholeSync(items)) context.out.note("Not every stream was read whole, so the sync in the file is not marked as finished.");
    return EXIT_OK;
  } catch (error) {
    if (stop.signal.aborted) throw new Fault("CANCELLED", "The export was stopped; nothing was written.", { cause: error, cure: "Run it again." });
    throw error;
  } finally {
    progress.end();
    unlisten();
    stop.abort();
  }
}

/** Null: standard output. */
function targetOf({ ports }: CliContext, { format, output }: ExportGraphOptions): string | null {
  const file = output ?? (format === "c1z" ? C1Z_FILE : "-");
  if (file !== "-") return resolve(file);
  if (format === "c1z" && ports.io.isTTY) throw new Fault("CONFIG_INVALID", "A .c1z is no text, and standard output is a terminal.", { cure: `Leave --output out (the file is called ${C1Z_FILE}), name a file, or pipe it on.` });
  return null;
}

/** A stream that breaks is a fault of the hub's, whatever threw. */
async function* whole(chunks: AsyncIterable<Uint8Array>, received: (size: number) => void): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      received(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("HUB_UNREACHABLE", "The export broke off; nothing of it is to be used.", { cause: error, cure: "Run it again; if it stays, look at the hub's log." });
  }
}

async function toFile(file: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const partial = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString("hex")}.partial`);
  const refused = (error: unknown): Fault =>
    error instanceof Fault ? error : new Fault("CONFIG_INVALID", `The export cannot be written to ${clean(file)}.`, { cause: error, cure: "Give a file in a folder that exists, may be written and has room." });
  try {
    // Made for its owner alone, and never through a link that somebody else put there.
    const handle = await open(partial, "wx", 0o600);
    let size = 0;
    try {
      for await (const chunk of chunks) {
        await handle.writeFile(chunk);
        size += chunk.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
    return size;
  } catch (error) {
    await rm(partial, { force: true });
    throw refused(error);
  }
}

/** On a terminal no character of a name acts; elsewhere every byte is passed on as it is. */
async function toStdout({ out, ports }: CliContext, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (ports.io.isTTY) await out.write(decoder.decode(chunk, { stream: true }).split("\n").map((line) => clean(line.replace(/\r$/, ""))).join("\n"));
    else await passOn(ports.io.stdout, chunk);
    if (out.closed) break;
  }
  return size;
}

async function passOn(stdout: CliContext["ports"]["io"]["stdout"], chunk: Uint8Array): Promise<void> {
  await new Promise<void>((done) => {
    // A reader that went away ends output, not the command; the terminal has noted it.
    stdout.write(chunk, () => done());
  });
}

function say({ out }: CliContext, { json, format }: ExportGraphOptions, { file, size, items }: { readonly file: string; readonly size: number; readonly items: readonly AccessCoverage[] }): void {
  const notes = items.flatMap((one) => one.notes.map((note) => `${one.name ?? one.connection}: ${note}`));
  if (json === true) out.json({ file, format, bytes: size, complete: notes.length === 0, notes });
  else out.line(clean(`${file}: ${bytes(size)}`));
}

function wholeSync(items: readonly AccessCoverage[]): boolean {
  return items.every(({ streams }) => streams.every(({ state }) => state === "complete" || state === "paused"));
}

interface Progress {
  readonly received: (size: number) => void;
  readonly end: () => void;
}

/** Nothing for what is done at once; then a line every few seconds. */
function startProgress({ out }: CliContext): Progress {
  const since = performance.now();
  let size = 0;
  const timer = setInterval(() => {
    const after = duration((performance.now() - since) / 1000);
    out.note(size === 0 ? `export: being made and checked, ${after} so far` : `export: ${bytes(size)} received, ${after} so far`);
  }, QUIET_MS);
  return { received: (more) => void (size += more), end: () => clearInterval(timer) };
}
