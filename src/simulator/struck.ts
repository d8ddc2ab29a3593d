/** The faults that strike one request. Whatever takes one says so by taking it; a strike nobody took did nothing and is given back. */
import type { Answer } from "./errors.ts";
import { distort, type PageAsked } from "./fault-bodies.ts";
import type { Strike } from "./fault-book.ts";
import type { Fault, FaultKind, ResetMoment } from "./faults.ts";
import { Hiding } from "./fault-visibility.ts";

export class Struck {
  readonly #strikes: readonly Strike[];
  readonly #taken = new Set<Strike>();

  constructor(strikes: readonly Strike[]) {
    this.#strikes = strikes;
  }

  /** The fault of this kind, which thereby has its effect. */
  take<Kind extends FaultKind>(kind: Kind): Extract<Fault, { kind: Kind }> | undefined {
    const strike = this.#strikes.find((one) => one.strikes && one.fault.kind === kind);
    if (strike === undefined) return undefined;
    this.#taken.add(strike);
    return strike.fault as Extract<Fault, { kind: Kind }>;
  }

  takeReset(when: ResetMoment): boolean {
    const strike = this.#strikes.find(({ strikes, fault }) => strikes && fault.kind === "reset" && (fault.when ?? "before") === when);
    if (strike === undefined) return false;
    this.#taken.add(strike);
    return true;
  }

  /** Lets each strike act; `work` tells whether it did. */
  act(work: (strike: Strike) => boolean): void {
    for (const strike of this.#strikes) if (strike.strikes && work(strike)) this.#taken.add(strike);
  }

  /** The answer after everything that changes its body. */
  distort(answer: Answer, asked: PageAsked): Answer {
    let { body } = answer;
    for (const strike of this.#strikes) {
      const changed = distort(body, strike, asked);
      if (changed === undefined) continue;
      body = changed;
      this.#taken.add(strike);
    }
    return { ...answer, body };
  }

  hiding(nowMicros: number): Hiding {
    return new Hiding(this.#strikes, nowMicros);
  }

  hid(hiding: Hiding): void {
    for (const strike of hiding.done) this.#taken.add(strike);
  }

  /** To be called once, when the request is over. */
  settle(): void {
    for (const strike of this.#strikes) if (!this.#taken.has(strike)) strike.missed();
  }
}
