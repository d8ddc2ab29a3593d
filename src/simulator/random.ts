/**
 * Seeded pure functions: the same (seed, stream, index, salt) always gives the same number, so that a record needs no storage
 * until someone changes it. Not for secrets.
 */

/** A well-mixed unsigned 32-bit number. */
export function mix(seed: number, stream: number, index: number, salt: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15) ^ index, 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12) ^ Math.imul(salt + 1, 0x297a2d39), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  return (h ^ (h >>> 15)) >>> 0;
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Eight hexadecimal digits of an unsigned 32-bit number. */
export function hex32(number: number): string {
  return `${BYTES[number >>> 24] ?? ""}${BYTES[(number >>> 16) & 255] ?? ""}${BYTES[(number >>> 8) & 255] ?? ""}${BYTES[number & 255] ?? ""}`;
}

/** One record's dice: every question has its own salt, so that adding a question moves no other answer. */
export class Dice {
  readonly #seed: number;
  readonly #stream: number;
  readonly #index: number;

  constructor(seed: number, stream: number, index: number) {
    this.#seed = seed;
    this.#stream = stream;
    this.#index = index;
  }

  int(salt: number, below: number): number {
    return Math.floor((mix(this.#seed, this.#stream, this.#index, salt) / 4_294_967_296) * below);
  }

  chance(salt: number, probability: number): boolean {
    return mix(this.#seed, this.#stream, this.#index, salt) < probability * 4_294_967_296;
  }

  pick<T>(salt: number, choices: readonly T[]): T {
    const chosen = choices[this.int(salt, choices.length)];
    if (chosen === undefined) throw new RangeError("pick from an empty list");
    return chosen;
  }

  /** `length` lower-case hexadecimal digits. */
  hex(salt: number, length: number): string {
    let text = "";
    for (let part = 0; text.length < length; part += 1) text += hex32(mix(this.#seed, this.#stream, this.#index, salt * 64 + 1000 + part));
    return text.length === length ? text : text.slice(0, length);
  }

  uuid(salt: number): string {
    const hex = this.hex(salt, 32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  mac(salt: number): string {
    const hex = this.hex(salt, 10);
    return `02:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}`;
  }
}

/** A 32-bit hash of text (FNV-1a), for choices that depend on an id. */
export function hashText(text: string, seed = 0): number {
  let h = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return mix(seed, 0, h, 0);
}
