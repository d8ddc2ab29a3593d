/**
 * The console's clock. It stands still at speed 0, except that every stamp taken is at least one microsecond later than the one
 * before, so that two changes never share a time.
 */
export class SimulatedClock {
  readonly #start: number;
  readonly #speed: number;
  readonly #wallStart = performance.now();
  #advanced = 0;
  #last = 0;

  /** `startMs`: where the clock starts; `speed`: simulated seconds per real second. */
  constructor(startMs: number, speed: number) {
    this.#start = startMs * 1000;
    this.#speed = speed;
  }

  /** Microseconds at which the estate was generated; never moves. */
  get start(): number {
    return this.#start;
  }

  now(): number {
    const wall = this.#speed === 0 ? 0 : Math.floor((performance.now() - this.#wallStart) * 1000 * this.#speed);
    return Math.max(this.#start + this.#advanced + wall, this.#last);
  }

  /** The time for one change: strictly later than every earlier stamp. */
  stamp(): number {
    this.#last = Math.max(this.now(), this.#last + 1);
    return this.#last;
  }

  /** A given time, as long as it is later than every stamp before. */
  stampAt(time: number): number {
    this.#last = Math.max(time, this.#last + 1);
    return this.#last;
  }

  advance(ms: number): void {
    this.#advanced += Math.round(ms * 1000);
  }

  /** Somebody sets the clock, forward or (negative) back: later stamps follow it, even behind earlier ones. */
  jump(ms: number): void {
    if (ms < 0) this.#last = 0;
    this.advance(ms);
  }
}
