/** Faults that keep records out of sight: such a record is neither listed nor counted, and its listing's cursors stay good when it appears. */
import type { Collection, Test } from "./collection.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Strike } from "./fault-book.ts";
import { STAMPS } from "./mutation.ts";
import { hashText } from "./random.ts";
import type { KeyedTest } from "./rest/listing.ts";

const HASHES = 4_294_967_296;
const WEEK_MS = 7 * 86_400_000;

let requests = 0;

/** What the strikes of one request hide. */
export class Hiding {
  readonly #strikes: readonly Strike[];
  readonly #nowMicros: number;
  readonly #hid = new Set<Strike>();

  constructor(strikes: readonly Strike[], nowMicros: number) {
    this.#strikes = strikes.filter(({ fault, strikes: active }) => active && (fault.kind === "withhold" || fault.kind === "late"));
    this.#nowMicros = nowMicros;
  }

  /** The test a record must pass to be seen; undefined where nothing is hidden. */
  of(collection: Collection): KeyedTest | undefined {
    const tests = this.#strikes.map((strike) => this.#test(collection, strike));
    const [only] = tests;
    if (only === undefined || tests.length === 1) return only;
    return { key: tests.map(({ key }) => key).join("&"), test: (ordinal) => tests.every(({ test }) => test(ordinal)) };
  }

  /** The strikes that did hide something, once the answer is made. */
  get done(): Iterable<Strike> {
    return this.#hid;
  }

  #test(collection: Collection, strike: Strike): KeyedTest {
    const { fault } = strike;
    const seen = fault.kind === "late" ? onTime(collection, { fraction: fault.fraction ?? 1, ms: fault.ms ?? WEEK_MS, since: strike.sinceMs * 1000 }, this.#nowMicros) : withheld(collection, fault.kind === "withhold" ? fault.fraction : 0);
    // A count remembered from another request would leave the test unrun, and nobody would know whether it hides anything.
    const key = `${seen.key} ${String((requests += 1))}`;
    return {
      key,
      test: (ordinal) => {
        if (seen.test(ordinal)) return true;
        this.#hid.add(strike);
        return false;
      },
    };
  }
}

function idOf(collection: Collection, ordinal: number): string {
  return String(collection.value(ordinal, collection.shape.idPath ?? "id"));
}

/** Passes all but this share of the records, chosen by their ids. */
function withheld(collection: Collection, fraction: number): KeyedTest {
  return { key: `withheld ${String(fraction)}`, test: (ordinal) => hashText(idOf(collection, ordinal)) >= fraction * HASHES };
}

/** Passes records made before the plan, and those whose own moment, up to `ms` after they were made, has come. */
function onTime(collection: Collection, { fraction, ms, since }: { readonly fraction: number; readonly ms: number; readonly since: number }, nowMicros: number): KeyedTest {
  const path = STAMPS[collection.shape.id as StreamId]?.created;
  const test: Test = (ordinal) => {
    const made = path === undefined ? null : collection.value(ordinal, path);
    if (typeof made !== "number" || made < since || made + ms * 1000 <= nowMicros) return true;
    const id = idOf(collection, ordinal);
    if (hashText(`${id} is late`) >= fraction * HASHES) return true;
    return made + (hashText(`${id} by`) / HASHES) * ms * 1000 <= nowMicros;
  };
  return { key: `late ${String(fraction)} ${String(ms)} ${String(since)}`, test };
}
