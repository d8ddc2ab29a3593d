/**
 * The second factor: codes of an authenticator (RFC 6238: six digits, thirty seconds, one step either way), each taken once and none older than the
 * newest one taken; and recovery codes, each good for one sign-in. Its secret is sealed in the vault.
 */
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";
import type { Database, Tx } from "../store/store.ts";
import { accounts, hashOf } from "./account-tables.ts";
import { readableCode } from "./passwords.ts";

/** Where the secrets are sealed, by user. */
export interface FactorSecrets {
  seal(tx: Tx, user: string, secret: Secret): Promise<void>;
  open(db: Database, user: string): Promise<Secret>;
  destroy(tx: Tx, user: string): Promise<void>;
}

const ISSUER = "Vedette";
const DIGITS = 6;
const PERIOD_S = 30;
const STEPS_EITHER_WAY = 1;
const RECOVERY_CODES = 10;

/** Loaded by the first who wants one: a hub without second factors need not carry the library. */
async function totpOf(secret: string, label: string) {
  const { TOTP } = await import("otpauth");
  return new TOTP({ issuer: ISSUER, label, algorithm: "SHA1", digits: DIGITS, period: PERIOD_S, secret });
}

/** A new secret, and the address by which an authenticator takes it in. */
export async function newFactor(label: string): Promise<{ readonly secret: Secret; readonly uri: string }> {
  const { Secret: Random } = await import("otpauth");
  const secret = new Random({ size: 20 }).base32;
  return { secret: new Secret(secret), uri: (await totpOf(secret, label)).toString() };
}

/** True where the code was right and is spent now; within the transaction, so that of two at once one is refused. */
export async function spendFactor(tx: Tx, secrets: FactorSecrets, user: string, code: string, now: number): Promise<boolean> {
  const text = code.replaceAll(/[\s-]/g, "");
  if (!/^\d{6}$/.test(text)) return spendRecoveryCode(tx, user, text);
  const totp = await totpOf((await secrets.open(tx.db, user)).reveal(), "");
  const delta = totp.validate({ token: text, timestamp: now, window: STEPS_EITHER_WAY });
  if (delta === null) return false;
  const step = Math.floor(now / 1000 / PERIOD_S) + delta;
  const { numUpdatedRows } = await accounts(tx.db).updateTable("hub_users").set({ totp_step: step }).where("id", "=", user).where((where) => where.or([where("totp_step", "is", null), where("totp_step", "<", step)])).executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function spendRecoveryCode(tx: Tx, user: string, text: string): Promise<boolean> {
  const { numDeletedRows } = await accounts(tx.db).deleteFrom("hub_recovery_codes").where("user_id", "=", user).where("hash", "=", hashOf(text.toUpperCase())).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** New ones in place of all there were. */
export async function renewRecoveryCodes(tx: Tx, user: string): Promise<string[]> {
  // 49 bits each, tried through the same limits as passwords and after one.
  const codes = Array.from({ length: RECOVERY_CODES }, () => readableCode(2, 5));
  await accounts(tx.db).deleteFrom("hub_recovery_codes").where("user_id", "=", user).execute();
  await accounts(tx.db).insertInto("hub_recovery_codes").values(codes.map((code) => ({ user_id: user, hash: hashOf(code.replaceAll("-", "")) }))).execute();
  return codes;
}

export async function dropFactor(tx: Tx, secrets: FactorSecrets, user: string): Promise<void> {
  await secrets.destroy(tx, user);
  await accounts(tx.db).deleteFrom("hub_recovery_codes").where("user_id", "=", user).execute();
  await accounts(tx.db).updateTable("hub_users").set({ totp: "off", totp_step: null }).where("id", "=", user).execute();
}

export function wrongCode(): Fault {
  return new Fault("CONFIG_INVALID", "This code is not right, or was used before.", { cure: "Wait for the next code and check the clock of the device that shows it." });
}
