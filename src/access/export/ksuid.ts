/** KSUIDs (segmentio's form): 27 base62 characters over a second and 16 bytes. Ours are derived from content, so that the same content has the same name. */
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 27;
/** The first second it can name: 2014-05-13T16:53:20Z. */
const EPOCH_SECONDS = 1_400_000_000;
const PAYLOAD_BYTES = 16;

/** `at` in milliseconds (its second counts; one before the epoch is the epoch); of `payload` the first 16 bytes. */
export function ksuid(at: number, payload: Uint8Array): string {
  if (payload.length < PAYLOAD_BYTES) throw new RangeError(`A KSUID needs ${String(PAYLOAD_BYTES)} bytes.`);
  const seconds = Math.min(Math.max(0, Math.floor(at / 1000) - EPOCH_SECONDS), 0xffff_ffff);
  let value = BigInt(seconds);
  for (const byte of payload.subarray(0, PAYLOAD_BYTES)) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let place = 0; place < LENGTH; place += 1) {
    text = (ALPHABET[Number(value % 62n)] ?? "") + text;
    value /= 62n;
  }
  return text;
}
