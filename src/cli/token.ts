/** Where a token comes from: a named environment variable, a pipe, or a hidden prompt; never an argument. */
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";
import type { Io } from "./ports.ts";

const LONGEST = 64 * 1024;

export async function readToken(io: Io, variable: string | undefined): Promise<Secret> {
  const text = (variable === undefined ? await (io.stdinIsTTY ? io.prompt("API token (not shown): ") : piped(io)) : fromEnvironment(io, variable)).trim();
  if (text === "") throw new Fault("TOKEN_EMPTY", variable === undefined ? "The token given is empty." : `The environment variable ${variable} is empty.`);
  return new Secret(text);
}

function fromEnvironment(io: Io, variable: string): string {
  const text = io.env[variable];
  if (text !== undefined) return text;
  const looksLikeToken = variable.length > 40;
  throw new Fault("TOKEN_EMPTY", looksLikeToken ? "--token-env takes the name of an environment variable, not the token itself." : `There is no environment variable ${variable}.`, {
    cure: "Put the token in a variable, e.g. `read -rs S1_TOKEN; export S1_TOKEN`, then pass --token-env S1_TOKEN. A token shown on a command line should be replaced.",
  });
}

async function piped(io: Io): Promise<string> {
  let text = "";
  for await (const chunk of io.stdin) {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("utf8");
    if (text.length > LONGEST) throw new Fault("CONFIG_INVALID", "Standard input holds more than a token.", { cure: "Pipe the token alone, or use --token-env NAME." });
  }
  return text;
}
