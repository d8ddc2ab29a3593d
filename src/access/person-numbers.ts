/**
 * Numbers that people are found by. An index of names and addresses is large and in another order than people come in, so that filling it costs a first read more
 * than all else; one of numbers is a fifth of that. A number is a console's, then a mailbox's, or a name's and then a domain's: what has the same name is one range, and
 * so is all of a console. Two texts may have one number, which costs a look at a row: whoever finds by numbers compares the texts.
 */
import { mailboxOf } from "./addresses.ts";
import { fold } from "./words.ts";

/** 12 bits of the console, 40 for the rest: together no more than a number holds exactly. */
const OF_CONSOLE = 2 ** 40;
export const OF_NAME = 2 ** 12;

/** From is inclusive, to is not. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** All of one console, and a few of another's. */
export function rangeOfConsole(connection: string): NumberRange {
  const from = (mix(connection) >>> 20) * OF_CONSOLE;
  return { from, to: from + OF_CONSOLE };
}

/** `address` and `name` are folded. */
export function mailNumber(connection: string, address: string): number {
  return rangeOfConsole(connection).from + mix(mailboxOf(address));
}

/** Of whoever is called so, in any domain. */
export function rangeOfName(connection: string, name: string): NumberRange {
  const from = rangeOfConsole(connection).from + (mix(name) >>> 4) * OF_NAME;
  return { from, to: from + OF_NAME };
}

export function nameNumber(connection: string, name: string, address: string | null): number {
  const domain = address === null ? "" : address.slice(address.indexOf("@") + 1);
  return rangeOfName(connection, name).from + (mix(domain) >>> 20);
}

/** The columns a principal is found by. */
export function keysOf(connection: string, { name, email }: { readonly name: string | null; readonly email: string | null }) {
  const keys = { name_key: fold(name), email_key: fold(email) };
  return { ...keys, ...numbersOf(connection, keys) };
}

export function numbersOf(connection: string, { name_key: name, email_key: address }: { readonly name_key: string | null; readonly email_key: string | null }) {
  return { name_number: name === null ? null : nameNumber(connection, name, address), mail_number: address === null ? null : mailNumber(connection, address) };
}

/** FNV-1a with a last stir, 32 bits: nothing depends on it but how evenly rows spread. It must never change, for it is stored. */
function mix(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
