/**
 * A counting gate, first come first served: bounds how many pages the hub holds in memory at once. Beside the common slots each owner has
 * one of its own, so that a console that does not answer, holding all it was given, never keeps another from being read.
 */
interface Waiting {
  readonly owner: string;
  readonly go: (release: () => void) => void;
}

export class Slots {
  #free: number;
  #waiting: Waiting[] = [];
  readonly #own = new Set<string>();

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves with the function that gives the slot back. An aborted signal does not wait. */
  async take(signal: AbortSignal, owner: string): Promise<() => void> {
    if (!this.#own.has(owner)) {
      this.#own.add(owner);
      return this.#ownSlot(owner);
    }
    if (this.#free > 0 || signal.aborted) return this.#commonSlot();
    return new Promise((resolve) => {
      const waiting: Waiting = {
        owner,
        go: (release) => {
          signal.removeEventListener("abort", leave);
          resolve(release);
        },
      };
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((entry) => entry !== waiting);
        resolve(this.#commonSlot());
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #ownSlot(owner: string): () => void {
    return once(() => {
      const at = this.#waiting.findIndex((entry) => entry.owner === owner);
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (next === undefined) this.#own.delete(owner);
      else next.go(this.#ownSlot(owner));
    });
  }

  #commonSlot(): () => void {
    this.#free -= 1;
    return once(() => {
      this.#free += 1;
      // A cancelled reader borrows one that is not there.
      const next = this.#free > 0 ? this.#waiting.shift() : undefined;
      next?.go(this.#commonSlot());
    });
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
