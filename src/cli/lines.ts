/**
 * NDJSON as it arrives: one parsed value per line, never more than one line in memory. Integers beyond 2^53 keep their digits (as
 * `ExactNumber`). A line that is not JSON, or an answer that stops in mid-line, is a fault and never a short answer.
 */
import { Fault } from "../kernel/fault.ts";

/** A number JavaScript cannot hold; written back digit for digit. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): unknown {
    return rawJson(this.text);
  }
}

/** In every Node we run on, not yet in TypeScript's library. */
const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON;

const LONG_INTEGER = /\d{16}/;
const MAX_LINE = 64 * 1024 * 1024;

function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? new ExactNumber(source) : value;
}

function parseLine(line: string): unknown {
  try {
    return LONG_INTEGER.test(line) ? (JSON.parse(line, exact) as unknown) : (JSON.parse(line) as unknown);
  } catch (error) {
    throw new Fault("HUB_UNREACHABLE", "The hub's answer broke off or is not what this version expects.", { cause: error, cure: "Run the command again; if it stays, compare `vedette --version` with the hub's." });
  }
}

export async function* ndjson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf("\n", start); end !== -1; end = rest.indexOf("\n", start)) {
      if (end > start) yield parseLine(rest.slice(start, end));
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > MAX_LINE) throw new Fault("HUB_UNREACHABLE", "One line of the hub's answer is longer than 64 MB.", { cure: "Ask for fewer or smaller columns." });
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield parseLine(rest);
}
