/** Ids of cases: short enough to be read out, and random, so that they say nothing of how many there are or whose. */
import { randomInt } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Sixty bits: among a million cases, two alike are as likely as nothing. */
const LENGTH = 12;

export function newCaseId(): string {
  let id = "cas_";
  for (let place = 0; place < LENGTH; place += 1) id += ALPHABET.charAt(randomInt(ALPHABET.length));
  return id;
}
