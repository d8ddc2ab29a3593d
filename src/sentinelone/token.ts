/**
 * API tokens as people paste them. Trims, removes quotes and an accidental scheme; a token is otherwise opaque and never decoded. What
 * could end a header line is refused without repeating it.
 */
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";

/** `legacy`: 80 letters and digits. `jwt`: three dotted parts that begin `eyJ`. */
export type TokenForm = "legacy" | "jwt" | "opaque";

export interface Token {
  readonly secret: Secret;
  readonly form: TokenForm;
}

const MAX_LENGTH = 8_192;
const CURE = "Copy the token once more from the console, whole and alone, and pass it with --token-env NAME.";

function unwrapped(text: string): string {
  let token = text.trim();
  for (let before = ""; before !== token; ) {
    before = token;
    token = token.replace(/^authorization\s*:\s*/i, "").replace(/^(apitoken|bearer)[\s:=]+/i, "").replace(/^(["'`])(.*)\1$/s, "$2").trim();
  }
  return token;
}

export function tokenForm(token: string): TokenForm {
  if (/^[A-Za-z0-9]{80}$/.test(token)) return "legacy";
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(token) ? "jwt" : "opaque";
}

/** Faults: TOKEN_EMPTY, CONFIG_INVALID; the message never holds the token. */
export function parseToken(text: string): Token {
  const token = unwrapped(text);
  if (token === "" || /^(apitoken|bearer)$/i.test(token)) throw new Fault("TOKEN_EMPTY", "No token was given.");
  if (token.length > MAX_LENGTH) throw new Fault("CONFIG_INVALID", `That is not an API token: ${token.length} characters.`, { cure: CURE });
  if (/[^\x21-\x7e]/.test(token)) {
    throw new Fault("CONFIG_INVALID", "The token has blanks, line breaks or other characters in it that no API token has.", { cure: CURE });
  }
  return { secret: new Secret(token), form: tokenForm(token) };
}
