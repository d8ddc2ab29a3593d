/** A counting gate, first come first served: bounds how many pages the hub holds in memory at once. */
export class Slots {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves with the function that gives the slot back. An aborted signal does not wait. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0 || signal.aborted) {
      this.#free -= 1;
    } else {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        const leave = (): void => {
          this.#waiting = this.#waiting.filter((entry) => entry !== go);
          this.#free -= 1;
          resolve();
        };
        signal.addEventListener("abort", leave, { once: true });
        this.#waiting.push(go);
      });
    }
    let returned = false;
    return () => {
      if (returned) return;
      returned = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}
