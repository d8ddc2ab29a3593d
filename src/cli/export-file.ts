/**
 * An export from the hub to a file or to standard output. A file appears under its name only when it is whole, readable by its owner alone; a stream that breaks leaves
 * what was there. On a terminal no character of a name acts.
 */
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Fault } from "../kernel/fault.ts";
import type { CliContext } from "./command.ts";
import { bytes, duration } from "./format.ts";
import { clean } from "./terminal.ts";

const QUIET_MS = 5000;

/** Bytes received. `file` null: standard output. CANCELLED where a signal stops it. */
export async function receiveExport(context: CliContext, file: string | null, ask: (signal: AbortSignal) => AsyncIterable<Uint8Array>): Promise<number> {
  const stop = new AbortController();
  const unlisten = context.ports.io.onSignal(() => stop.abort());
  const progress = startProgress(context);
  try {
    const chunks = whole(ask(stop.signal), progress.received);
    return file === null ? await toStdout(context, chunks) : await toFile(file, chunks);
  } catch (error) {
    if (stop.signal.aborted) throw new Fault("CANCELLED", "The export was stopped; nothing was written.", { cause: error, cure: "Run it again." });
    throw error;
  } finally {
    progress.end();
    unlisten();
    stop.abort();
  }
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
