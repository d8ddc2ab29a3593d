/**
 * A value that must never be printed, logged, serialised or compared by accident.
 * Every string form is `[secret]`; the text leaves only through `reveal`, which callers in `net/` and the vault use.
 */
import { inspect } from "node:util";

const MASK = "[secret]";

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The one way out. Grep for it: each caller has to be able to say why it needs the text. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
