/**
 * The key file: the keys that open sealed tokens, kept outside the data folder so that neither a copied store nor a backup opens
 * anything. Promises that a file is only used when nobody else can read or replace it and its keys look random, and that it is
 * written whole or not at all. Refuses (KEY_FILE_MISSING, KEY_FILE_WEAK) instead of warning; never makes a key where sealed tokens exist.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, linkSync, lstatSync, mkdirSync, openSync, readSync, realpathSync, renameSync, statSync, unlinkSync, writeSync, type Stats } from "node:fs";
import { basename, dirname, join, relative, resolve, sep, isAbsolute } from "node:path";
import { Fault } from "../kernel/fault.ts";

export interface Key {
  readonly id: string;
  readonly bytes: Buffer;
  readonly createdAt: string;
}

export interface Keyring {
  /** The key new secrets are sealed with. */
  readonly current: Key;
  readonly keys: ReadonlyMap<string, Key>;
}

export interface KeyFilePlace {
  readonly file: string;
  /** The key file may not lie in here. */
  readonly dataFolder: string | null;
  /** Who must own it besides root; this process's user unless a test says otherwise. */
  readonly uid?: number;
}

const FORMAT = "vedette-keyring";
const MAX_FILE_BYTES = 65_536;
const MIN_KEY_BYTES = 32;
const MAX_KEY_BYTES = 64;
const KEY_ID = /^k_[0-9a-f]{16}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function weak(file: string, why: string): Fault {
  return new Fault("KEY_FILE_WEAK", `The key file ${file} cannot be used: ${why}.`);
}

/** A file that is not there, as `null`; the fault (KEY_FILE_WEAK) names what is wrong with one that is. */
export function readKeyFile(place: KeyFilePlace): Keyring | null {
  const file = resolve(place.file);
  refuseInsideData(file, place.dataFolder);
  let handle: number;
  try {
    // Without O_NONBLOCK, opening a pipe somebody put there would hang the start.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && !isThere(file)) return null;
    throw weak(file, code === "ENOENT" ? "it is a link to nowhere" : `it cannot be opened (${code ?? "unknown"})`);
  }
  try {
    // The checks are made on the open file, so that it cannot be exchanged between check and use.
    const about = fstatSync(handle);
    refuseUnsafe(file, about, place.uid ?? process.getuid?.());
    return parseKeyring(file, readWhole(handle, about.size));
  } finally {
    closeSync(handle);
  }
}

/** Makes a new key file. Fails with KEY_FILE_WEAK rather than replace one that appeared meanwhile. */
export function createKeyFile(place: KeyFilePlace, now: number): Keyring {
  const file = resolve(place.file);
  refuseInsideData(file, place.dataFolder);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const key = newKey(now);
  const keyring = { current: key, keys: new Map([[key.id, key]]) };
  const draft = writeDraft(file, keyring);
  try {
    linkSync(draft, file);
  } catch (error) {
    throw weak(file, `it could not be made (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  } finally {
    unlinkSync(draft);
  }
  syncFolder(dirname(file));
  return keyring;
}

/** Replaces the file's content: after a crash at any instant it holds either the old or the new keys, whole. */
export function replaceKeyFile(place: KeyFilePlace, keyring: Keyring): void {
  // A link is followed, so that the file it names is replaced and not the link.
  const file = realpathSync(resolve(place.file));
  const draft = writeDraft(file, keyring);
  renameSync(draft, file);
  syncFolder(dirname(file));
}

export function newKey(now: number): Key {
  return { id: `k_${randomBytes(8).toString("hex")}`, bytes: randomBytes(MIN_KEY_BYTES), createdAt: new Date(now).toISOString() };
}

/** Tells one state of the file from another without reading it. */
export function keyFileStamp(place: KeyFilePlace): string {
  try {
    const about = statSync(resolve(place.file), { bigint: true });
    return `${about.ino}:${about.mtimeNs}:${about.size}:${about.mode}`;
  } catch {
    return "absent";
  }
}

/** Why bytes are not a key drawn at random, or null. The odds of refusing a random 32-byte key are below 1 in 10^13. */
export function weakness(bytes: Uint8Array): string | null {
  if (bytes.length < MIN_KEY_BYTES) return `a key has ${bytes.length} bytes; ${MIN_KEY_BYTES} are needed`;
  if (bytes.length > MAX_KEY_BYTES) return `a key has ${bytes.length} bytes; at most ${MAX_KEY_BYTES} are expected`;
  if (bytes.every((byte) => byte === 0)) return "a key is all zeros";
  const first = bytes[0] ?? 0;
  const step = ((bytes[1] ?? 0) - first + 256) % 256;
  if (bytes.every((byte, place) => byte === (first + place * step) % 256)) return "a key is a counted or repeated byte, not random";
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return "a key is readable text, not random bytes";
  if (new Set(bytes).size < 16) return "a key repeats a few bytes, it is not random";
  return null;
}

function isThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch {
    return false;
  }
}

function refuseInsideData(file: string, dataFolder: string | null): void {
  if (dataFolder === null) return;
  const inside = relative(realFolder(resolve(dataFolder)), join(realFolder(dirname(file)), basename(file)));
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return;
  throw new Fault("KEY_FILE_WEAK", `The key file ${file} lies in the data folder, so that a copy of one is a copy of both.`, {
    cure: "Move it out and name its new place in VEDETTE_KEY_FILE.",
  });
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

function refuseUnsafe(file: string, about: Stats, uid: number | undefined): void {
  if (!about.isFile()) throw weak(file, "it is not a regular file");
  if (about.size > MAX_FILE_BYTES) throw weak(file, `it has ${about.size} bytes, which is no key file`);
  // Windows has neither owners nor modes in this form; the folder's access list protects the file there.
  if (process.platform === "win32" || uid === undefined) return;
  if (about.uid !== uid && about.uid !== 0) throw weak(file, `it belongs to another user (uid ${about.uid})`);
  if ((about.mode & 0o077) !== 0) throw weak(file, `others may use it (mode ${(about.mode & 0o777).toString(8).padStart(4, "0")}, 0600 expected)`);
  const folder = statSync(dirname(file));
  const replaceable = (folder.mode & 0o022) !== 0 && (folder.mode & 0o1000) === 0;
  if (replaceable) throw weak(file, "others may write to its folder, and so replace it");
}

function readWhole(handle: number, size: number): string {
  const bytes = Buffer.alloc(Math.min(size, MAX_FILE_BYTES));
  let filled = 0;
  while (filled < bytes.length) {
    const got = readSync(handle, bytes, filled, bytes.length - filled, filled);
    if (got === 0) break;
    filled += got;
  }
  return bytes.subarray(0, filled).toString("utf8");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseKeyring(file: string, text: string): Keyring {
  if (text.trim() === "") throw weak(file, "it is empty");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw weak(file, "it is not the JSON that Vedette writes");
  }
  if (!isRecord(parsed) || parsed["format"] !== FORMAT) throw weak(file, "it is not a Vedette key file");
  if (parsed["version"] !== 1) throw weak(file, "it is of a version this Vedette does not know");
  const listed = parsed["keys"];
  if (!isRecord(listed) || Object.keys(listed).length === 0) throw weak(file, "it holds no key");
  const keys = new Map<string, Key>();
  const seen = new Set<string>();
  for (const [id, entry] of Object.entries(listed)) {
    const key = parseKey(file, id, entry);
    const text64 = key.bytes.toString("base64");
    if (seen.has(text64)) throw weak(file, "it holds the same key twice");
    seen.add(text64);
    keys.set(id, key);
  }
  const current = typeof parsed["current"] === "string" ? keys.get(parsed["current"]) : undefined;
  if (current === undefined) throw weak(file, "its current key is not among its keys");
  return { current, keys };
}

function parseKey(file: string, id: string, entry: unknown): Key {
  if (!KEY_ID.test(id)) throw weak(file, "a key id is not one of Vedette's");
  if (!isRecord(entry)) throw weak(file, "a key entry is not an object");
  const { key, createdAt } = entry;
  if (typeof key !== "string" || !BASE64.test(key)) throw weak(file, "a key is not base64");
  if (typeof createdAt !== "string" || Number.isNaN(Date.parse(createdAt))) throw weak(file, "a key has no date");
  const bytes = Buffer.from(key, "base64");
  const reason = weakness(bytes);
  if (reason !== null) throw weak(file, reason);
  return { id, bytes, createdAt };
}

function writeDraft(file: string, keyring: Keyring): string {
  const keys = Object.fromEntries([...keyring.keys.values()].map((key) => [key.id, { key: key.bytes.toString("base64"), createdAt: key.createdAt }]));
  const text = `${JSON.stringify({ format: FORMAT, version: 1, current: keyring.current.id, keys }, null, 2)}\n`;
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString("hex")}`);
  const handle = openSync(draft, "wx", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return draft;
}

/** Makes the rename itself durable; Windows has no such call. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
