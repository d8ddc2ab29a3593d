/** The query of `vedette sql`: the argument, or standard input when it is piped. */
import { Fault } from "../kernel/fault.ts";
import type { Io } from "./ports.ts";

const LONGEST = 1024 * 1024;

export async function readSql(io: Io, query: string | undefined): Promise<string> {
  let text = query ?? "";
  if (query === undefined && !io.stdinIsTTY) {
    for await (const chunk of io.stdin) {
      text += typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("utf8");
      if (text.length > LONGEST) throw new Fault("CONFIG_INVALID", "The query is longer than 1 MB.", { cure: "Shorten it." });
    }
  }
  if (text.trim() === "") throw new Fault("CONFIG_INVALID", "There is no query.", { cure: 'Give one: `vedette sql "select count(*) from agents"`.' });
  return text;
}
