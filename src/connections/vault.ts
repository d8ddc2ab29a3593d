/**
 * The vault: tokens sealed with AES-256-GCM, each under a key derived for its tenant and purpose and bound to its owner and
 * version, so that a ciphertext moved to another row, an older one put back, or one with a flipped bit fails closed. The text of a secret
 * leaves only as a `Secret`; the key file stays outside the store. Refuses to start where sealed secrets exist that the file does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Clock } from "../kernel/clock.ts";
import { Secret } from "../kernel/secret.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { createKeyFile, keyFileStamp, newKey, readKeyFile, replaceKeyFile, type Key, type KeyFilePlace, type Keyring } from "./key-file.ts";
import { tables, type SecretRow } from "./tables.ts";

export type SecretPurpose = "console-token" | "destination" | "totp";

export interface SecretOwner {
  readonly tenant: TenantId;
  /** What the secret belongs to: a connection, a destination, or a user. */
  readonly id: string;
  readonly purpose: SecretPurpose;
}

export interface RotationResult {
  readonly keyId: string;
  readonly resealed: number;
  readonly retired: number;
  /** True where this call finished a rotation that had been cut short, instead of starting one. */
  readonly resumed: boolean;
}

export interface Vault {
  seal(tx: Tx, owner: SecretOwner, secret: Secret): Promise<void>;
  /** KEY_FILE_MISSING where there is no key for it, NOT_FOUND where there is no secret. */
  open(db: Database, owner: SecretOwner): Promise<Secret>;
  destroy(tx: Tx, owner: string): Promise<void>;
  /** A new key, every secret re-sealed under it in small transactions, then the old keys dropped from the file. */
  rotate(): Promise<RotationResult>;
  /** Finishes a rotation that a kill cut short; does nothing otherwise. */
  resume(): Promise<RotationResult | null>;
}

const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const BATCH = 100;

/** Opens or, where nothing is sealed yet, makes the key file; proves that it opens what is sealed. Run it after the migrations. */
export async function openVault(store: Store, place: KeyFilePlace, clock: Clock): Promise<Vault> {
  const holder = new KeyHolder(place, await loadKeyring(store, place, clock));
  await proveKeys(store, place, holder);
  let rotation: Promise<unknown> = Promise.resolve();

  /** One rotation at a time in this process; across processes each step is safe to repeat. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const next = rotation.then(work, work);
    rotation = next.catch(() => undefined);
    return next;
  }

  return {
    async seal(tx, owner, secret) {
      const db = tables(tx.db);
      const before = await db.selectFrom("secrets").select("version").where("owner_id", "=", owner.id).where("purpose", "=", owner.purpose).executeTakeFirst();
      const row = sealRow(holder.read().current, owner, (before?.version ?? 0) + 1, secret);
      await db.deleteFrom("secrets").where("id", "=", row.id).execute();
      await db.insertInto("secrets").values(row).execute();
    },
    async open(db, owner) {
      const row = await tables(db).selectFrom("secrets").selectAll().where("owner_id", "=", owner.id).where("purpose", "=", owner.purpose).executeTakeFirst();
      if (row === undefined) throw new Fault("NOT_FOUND", "There is no stored secret of it.");
      return openRow(holder.keyFor(row.key_id), owner, row);
    },
    async destroy(tx, owner) {
      await tables(tx.db).deleteFrom("secrets").where("owner_id", "=", owner).execute();
    },
    rotate: () =>
      alone(async () => {
        const unfinished = holder.read().keys.size > 1;
        if (!unfinished) {
          const key = newKey(clock.now());
          holder.replace({ current: key, keys: new Map([...holder.read().keys, [key.id, key]]) });
        }
        return finishRotation(store, holder, unfinished);
      }),
    resume: () => alone(async () => (holder.read().keys.size > 1 ? finishRotation(store, holder, true) : null)),
  };
}

/** The keyring in memory, read again when the file has changed: another process may have rotated it. */
class KeyHolder {
  readonly #place: KeyFilePlace;
  #keyring: Keyring;
  #stamp: string;

  constructor(place: KeyFilePlace, keyring: Keyring) {
    this.#place = place;
    this.#stamp = keyFileStamp(place);
    this.#keyring = keyring;
  }

  read(): Keyring {
    const stamp = keyFileStamp(this.#place);
    if (stamp === this.#stamp) return this.#keyring;
    const keyring = readKeyFile(this.#place);
    if (keyring === null) throw missing(this.#place);
    this.#keyring = keyring;
    this.#stamp = stamp;
    return keyring;
  }

  replace(keyring: Keyring): void {
    replaceKeyFile(this.#place, keyring);
    this.#keyring = keyring;
    this.#stamp = keyFileStamp(this.#place);
  }

  keyFor(id: string): Key {
    // A key already in memory opens what it sealed even while the file is away; sealing anew always looks at the file.
    const key = this.#keyring.keys.get(id) ?? this.read().keys.get(id);
    if (key === undefined) throw missing(this.#place);
    return key;
  }
}

function missing(place: KeyFilePlace): Fault {
  return new Fault("KEY_FILE_MISSING", `Sealed tokens exist, but the key file ${place.file} does not hold the key that opens them.`);
}

async function loadKeyring(store: Store, place: KeyFilePlace, clock: Clock): Promise<Keyring> {
  const found = readKeyFile(place);
  if (found !== null) return found;
  const sealed = await tables(store.read).selectFrom("secrets").select("id").limit(1).executeTakeFirst();
  if (sealed !== undefined) throw missing(place);
  return createKeyFile(place, clock.now());
}

/** One secret per key id is opened at start, so that a foreign file is found now and not at the next read of a console. */
async function proveKeys(store: Store, place: KeyFilePlace, holder: KeyHolder): Promise<void> {
  const db = tables(store.read);
  const used = await db.selectFrom("secrets").select("key_id").distinct().execute();
  for (const { key_id: id } of used) {
    if (!holder.read().keys.has(id)) throw missing(place);
    const samples = await db.selectFrom("secrets").selectAll().where("key_id", "=", id).orderBy("id").limit(3).execute();
    const opened = samples.some((row) => readable(holder, ownerOf(row), row) !== null);
    if (samples.length > 0 && !opened) throw missing(place);
  }
}

async function finishRotation(store: Store, holder: KeyHolder, resumed: boolean): Promise<RotationResult> {
  const { current, keys } = holder.read();
  let after = "";
  let resealed = 0;
  let unreadable = 0;
  for (;;) {
    const from = after;
    const batch = await store.tx((tx) => resealSome(tx, holder, current, from));
    resealed += batch.resealed;
    unreadable += batch.unreadable;
    if (batch.last === null) break;
    after = batch.last;
  }
  if (unreadable > 0) {
    throw new Fault("KEY_FILE_MISSING", `${unreadable} stored tokens do not open, so the old keys were kept; the others are sealed with the new key.`, {
      cure: "Rotate or remove the connections whose log says so, then run `vedette keyring rotate` again.",
    });
  }
  const left = await tables(store.read).selectFrom("secrets").select("id").where("key_id", "!=", current.id).limit(1).executeTakeFirst();
  // A secret sealed by another process in between: its key stays until the next call.
  if (left !== undefined) return { keyId: current.id, resealed, retired: 0, resumed };
  holder.replace({ current, keys: new Map([[current.id, current]]) });
  return { keyId: current.id, resealed, retired: keys.size - 1, resumed };
}

interface ResealBatch {
  readonly resealed: number;
  readonly unreadable: number;
  readonly last: string | null;
}

async function resealSome(tx: Tx, holder: KeyHolder, current: Key, after: string): Promise<ResealBatch> {
  const db = tables(tx.db);
  const rows = await db.selectFrom("secrets").selectAll().where("key_id", "!=", current.id).where("id", ">", after).orderBy("id").limit(BATCH).execute();
  let unreadable = 0;
  for (const row of rows) {
    const owner = ownerOf(row);
    const secret = readable(holder, owner, row);
    if (secret === null) {
      unreadable += 1;
      continue;
    }
    const fresh = sealRow(current, owner, row.version, secret);
    // Version and key in the condition leave a token alone that was rotated meanwhile.
    await db.updateTable("secrets").set(fresh).where("id", "=", row.id).where("key_id", "=", row.key_id).where("version", "=", row.version).execute();
  }
  return { resealed: rows.length - unreadable, unreadable, last: rows.at(-1)?.id ?? null };
}

/** Null for a row that does not open: one altered row must not keep the others under the old key. */
function readable(holder: KeyHolder, owner: SecretOwner, row: SecretRow): Secret | null {
  try {
    return openRow(holder.keyFor(row.key_id), owner, row);
  } catch (error) {
    if (error instanceof Fault && error.code === "KEY_FILE_MISSING") return null;
    throw error;
  }
}

function ownerOf(row: SecretRow): SecretOwner {
  return { tenant: row.tenant_id as TenantId, id: row.owner_id, purpose: row.purpose as SecretPurpose };
}

function sealRow(key: Key, owner: SecretOwner, version: number, secret: Secret): SecretRow {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", derivedKey(key, owner), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(owner, version, key.id));
  const sealed = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final(), cipher.getAuthTag()]);
  return {
    id: `${owner.id}/${owner.purpose}`,
    tenant_id: owner.tenant,
    owner_id: owner.id,
    purpose: owner.purpose,
    version,
    key_id: key.id,
    nonce: nonce.toString("base64"),
    sealed: sealed.toString("base64"),
  };
}

/** `owner` is who asks; the row's own word for whose it is counts for nothing. */
function openRow(key: Key, owner: SecretOwner, row: SecretRow): Secret {
  const nonce = canonicalBase64(row.nonce);
  const sealed = canonicalBase64(row.sealed);
  if (nonce?.length !== NONCE_BYTES || sealed === null || sealed.length <= TAG_BYTES) throw tampered();
  try {
    const decipher = createDecipheriv("aes-256-gcm", derivedKey(key, owner), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(owner, row.version, key.id));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const text = Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)), decipher.final()]);
    return new Secret(text.toString("utf8"));
  } catch {
    throw tampered();
  }
}

/** Base64 with stray bits or characters decodes too; only the one spelling we write is taken. */
function canonicalBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

function tampered(): Fault {
  return new Fault("KEY_FILE_MISSING", "A stored token does not open: it was altered, moved, or sealed with another key.", {
    cure: "Restore the store and its key file from the same time, or rotate the connection's token.",
  });
}

/** A key of its own per tenant and purpose keeps the number of messages under one key small and tenants apart. */
function derivedKey(key: Key, owner: SecretOwner): Buffer {
  return Buffer.from(hkdfSync("sha256", key.bytes, "vedette/vault/1", joined([owner.purpose, owner.tenant]), 32));
}

function boundTo(owner: SecretOwner, version: number, keyId: string): Buffer {
  return joined([owner.purpose, owner.tenant, owner.id, String(version), keyId]);
}

/** Length before text, so that ("a", "bc") and ("ab", "c") differ. */
function joined(parts: readonly string[]): Buffer {
  return Buffer.from(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("|"), "utf8");
}
