/**
 * Ids of cases: short enough to be read out. They begin with the second they were made in, so that cases opened together stand together in every index that has their id in it, and end at random: an id says
 * nothing of how many cases there are or whose.
 */
import { randomInt } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** A little more than a year of seconds; then it begins again, which makes nothing but the order another. */
const TIME_LENGTH = 5;
/** Forty-five bits: among the thousands that a first read opens in a second, two alike are as likely as nothing. */
const RANDOM_LENGTH = 9;

export function newCaseId(now: number): string {
  let time = "";
  for (let left = Math.floor(now / 1_000), place = 0; place < TIME_LENGTH; place += 1, left = Math.floor(left / ALPHABET.length)) time = ALPHABET.charAt(left % ALPHABET.length) + time;
  let id = `cas_${time}`;
  for (let place = 0; place < RANDOM_LENGTH; place += 1) id += ALPHABET.charAt(randomInt(ALPHABET.length));
  return id;
}
