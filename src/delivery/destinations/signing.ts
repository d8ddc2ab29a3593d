/** Standard Webhooks signatures: HMAC-SHA256 over `id.timestamp.body`, one for each secret in use, so that receivers can change theirs in peace. */
import { createHmac, randomBytes } from "node:crypto";
import { Fault } from "../../kernel/fault.ts";

const PREFIX = "whsec_";
const NEW_KEY_BYTES = 32;
const LEAST_KEY_BYTES = 24;
const MOST_KEY_BYTES = 64;

export function newSecret(): string {
  return PREFIX + randomBytes(NEW_KEY_BYTES).toString("base64");
}

/** `whsec_` and 24 to 64 bytes in base64; CONFIG_INVALID otherwise. The text itself never stands in the message. */
export function checkedSecret(text: string): string {
  const encoded = text.trim().slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64");
  if (!text.trim().startsWith(PREFIX) || bytes.toString("base64") !== encoded || bytes.length < LEAST_KEY_BYTES || bytes.length > MOST_KEY_BYTES) {
    throw new Fault("CONFIG_INVALID", "The signing secret is not `whsec_` followed by 24 to 64 bytes in base64.", { cure: "Leave it out: one is made and shown once." });
  }
  return text.trim();
}

export interface SignedHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** `seconds`: whole seconds since the epoch, of this attempt. */
export function signedHeaders(secrets: readonly string[], id: string, seconds: number, body: string): SignedHeaders {
  const signatures = secrets.map((secret) => `v1,${createHmac("sha256", Buffer.from(secret.slice(PREFIX.length), "base64")).update(`${id}.${String(seconds)}.${body}`).digest("base64")}`);
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": signatures.join(" ") };
}
