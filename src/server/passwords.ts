/**
 * Passwords at rest: scrypt (in Node itself, so that nothing is compiled and every supported Node has it) with 32 MB and three passes, its
 * cost kept beside each hash so that it can rise. One is worked out at a time: a flood of sign-ins takes neither the memory nor the
 * processor from the reader. Who is unknown costs as long as who is known.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { Fault } from "../kernel/fault.ts";

export interface Cost {
  /** log2 of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

export interface Passwords {
  hash(text: string): Promise<string>;
  /** False, after the same time, where there is nothing to compare with. */
  check(text: string, stored: string | null): Promise<boolean>;
  /** Made at a cost below today's. */
  outdated(stored: string): boolean;
}

const COST: Cost = { ln: 15, r: 8, p: 3 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Sign-ins that wait for their turn, some ten seconds of them; more are told to come back. */
const MOST_WAITING = 16;
const BUSY_MS = 5000;
const SHORTEST = 12;
const LONGEST = 200;
const FEWEST_DIFFERENT = 5;
const STORED = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/;

export function createPasswords(cost: Cost = COST): Passwords {
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const nobody = format(cost, randomBytes(SALT_BYTES), randomBytes(KEY_BYTES));

  async function derive(text: string, salt: Buffer, at: Cost): Promise<Buffer> {
    if (waiting >= MOST_WAITING) throw new Fault("TOO_MANY_REQUESTS", "Too many sign-ins at once.", { retryAfterMs: BUSY_MS });
    waiting += 1;
    const mine = turn.then(() => derived(text, salt, at));
    turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  }

  return {
    async hash(text) {
      const salt = randomBytes(SALT_BYTES);
      return format(cost, salt, await derive(text, salt, cost));
    },
    async check(text, stored) {
      const { cost: at, salt, key } = parse(stored ?? nobody);
      const same = timingSafeEqual(await derive(text, salt, at), key);
      return same && stored !== null;
    },
    outdated(stored) {
      const { cost: at } = parse(stored);
      return at.ln < cost.ln || at.r < cost.r || at.p < cost.p;
    },
  };
}

/** CONFIG_INVALID for a password that is guessed sooner than it should be. Length counts; kinds of characters do not. */
export function checkedPassword(text: string, email: string): string {
  const name = email.split("@")[0] ?? "";
  if (text.length < SHORTEST || text.length > LONGEST) throw weak(`it has ${String(SHORTEST)} to ${String(LONGEST)} characters`);
  if (new Set(text).size < FEWEST_DIFFERENT) throw weak("it has more different characters");
  if (name.length > 3 && text.toLowerCase().includes(name.toLowerCase())) throw weak("it does not hold the name in the e-mail address");
  return text;
}

/** 100 bits in letters and digits that are not taken for each other, in groups. */
export function readableCode(groups = 4, size = 5): string {
  const letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
  const one = (): string => Array.from(randomBytes(size * 2), (byte) => (byte < 240 ? letters.charAt(byte % letters.length) : "")).join("").slice(0, size);
  const group = (): string => {
    const text = one();
    return text.length === size ? text : group();
  };
  return Array.from({ length: groups }, group).join("-");
}

function weak(rule: string): Fault {
  return new Fault("CONFIG_INVALID", `This password is too easy to guess: one is taken where ${rule}.`, { cure: "A few unrelated words make a good one; a password manager makes a better one." });
}

function format({ ln, r, p }: Cost, salt: Buffer, key: Buffer): string {
  return `$scrypt$ln=${String(ln)},r=${String(r)},p=${String(p)}$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

function parse(stored: string): { readonly cost: Cost; readonly salt: Buffer; readonly key: Buffer } {
  const [, ln, r, p, salt = "", key = ""] = STORED.exec(stored) ?? [];
  if (key === "") throw new Fault("INTERNAL", "A stored password hash is not one.");
  return { cost: { ln: Number(ln), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, "base64url"), key: Buffer.from(key, "base64url") };
}

function derived(text: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    // The same characters, however a keyboard composed them.
    scrypt(text.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
