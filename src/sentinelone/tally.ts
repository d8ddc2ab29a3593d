/** What a listing gave against the least it ever counted: what changes while it is read can only make it longer. */
import type { CursorPage } from "./client.ts";

export class Tally {
  #received = 0;
  #counted: number | null = null;

  add({ size, totalItems }: Pick<CursorPage, "size" | "totalItems">): void {
    this.#received += size;
    if (totalItems !== null) this.#counted = Math.min(this.#counted ?? totalItems, totalItems);
  }

  get received(): number {
    return this.#received;
  }

  get counted(): number | null {
    return this.#counted;
  }

  /** Fewer came than were counted. Says nothing of a listing that was not followed from its first page. */
  get isShort(): boolean {
    return this.#counted !== null && this.#received < this.#counted;
  }
}
