/** A file that somebody names for a command to take in, or standard input by `-`: as text, and no more of it than is sensible. */
import { readFile, stat } from "node:fs/promises";
import { Fault } from "../kernel/fault.ts";
import type { Io } from "./ports.ts";

export interface GivenFile {
  /** Bytes. */
  readonly most: number;
  /** What is in it, for messages: `rules`. */
  readonly of: string;
}

/** CONFIG_INVALID where it cannot be read or is larger. */
export async function readGiven(io: Io, file: string, { most, of }: GivenFile): Promise<string> {
  const tooLarge = (): Fault => new Fault("CONFIG_INVALID", `That is more than ${String(Math.floor(most / 1_048_576))} MB of ${of}.`, { cure: "Give fewer at a time." });
  if (file === "-") return piped(io, most, tooLarge);
  try {
    const { size } = await stat(file);
    if (size > most) throw tooLarge();
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("CONFIG_INVALID", `${file} cannot be read.`, { cause: error, cure: "Give a file that is there, or - for standard input." });
  }
}

/** The same as JSON; what is wrong inside is the hub's to say. `cure`: what such a file looks like. */
export async function readGivenJson(io: Io, file: string, { cure, ...given }: GivenFile & { readonly cure: string }): Promise<unknown> {
  const text = await readGiven(io, file, given);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `${file === "-" ? "Standard input" : file} is not JSON${error instanceof SyntaxError ? `: ${error.message}` : ""}.`, { cure });
  }
}

async function piped(io: Io, most: number, tooLarge: () => Fault): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > most) throw tooLarge();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
