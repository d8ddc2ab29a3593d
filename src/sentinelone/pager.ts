/**
 * Follows a listing by its cursors. The next page is fetched and read while the last is used, and where an answer tells early what comes behind it, that one is
 * asked for too. A cursor that came before, or a listing that goes on far beyond its own total, ends with a Fault; an empty page with a cursor does not end it.
 * Holds three pages and the hashes of the cursors, never the listing.
 */
import { hash } from "node:crypto";
import { Fault } from "../kernel/fault.ts";
import type { CursorPage } from "./client.ts";

/** What a listing may exceed its own doubled total by: it may grow while it is read. */
const SLACK_PAGES = 10;
const MAX_EMPTY_IN_A_ROW = 50;

class CursorGuard {
  readonly #path: string;
  readonly #limit: number;
  readonly #seen = new Set<string>();
  #pages = 0;
  #rows = 0;
  #emptyInARow = 0;
  #total: number | null = null;

  constructor(path: string, limit: number, from: string | null) {
    this.#path = path;
    this.#limit = limit;
    if (from !== null) this.#seen.add(hash("sha1", from, "base64"));
  }

  check(page: CursorPage): void {
    this.#pages += 1;
    this.#rows += page.size;
    this.#emptyInARow = page.size === 0 ? this.#emptyInARow + 1 : 0;
    if (page.totalItems !== null && page.totalItems > 0) this.#total = Math.max(this.#total ?? 0, page.totalItems);
    if (page.nextCursor === null) return;

    const mark = hash("sha1", page.nextCursor, "base64");
    if (this.#seen.has(mark)) throw this.#fault("S1_CURSOR_REPEATED", "names a page it has named before as its next");
    this.#seen.add(mark);
    if (this.#emptyInARow > MAX_EMPTY_IN_A_ROW) throw this.#fault("S1_CURSOR_ENDLESS", "goes on with empty pages");
    if (this.#total === null) return;
    // A console that gives fewer rows than asked for needs more pages for the same total, so rows count and pages only bound the empty ones.
    const rowsAllowed = this.#total * 2 + SLACK_PAGES * this.#limit;
    if (this.#rows > rowsAllowed || this.#pages > rowsAllowed + SLACK_PAGES) throw this.#fault("S1_CURSOR_ENDLESS", "goes on far beyond its own total");
  }

  #fault(code: "S1_CURSOR_REPEATED" | "S1_CURSOR_ENDLESS", what: string): Fault {
    return new Fault(code, `The listing ${this.#path} ${what}.`, { details: { path: this.#path, pages: this.#pages, rows: this.#rows, total: this.#total } });
  }
}

export interface PagerOptions<P extends CursorPage> {
  /** Names the listing in faults. */
  readonly path: string;
  readonly limit: number;
  readonly from: string | null;
  readonly signal: AbortSignal;
  /** False: ask for the next page only when it is wanted. */
  readonly prefetch?: boolean;
  /** `hint` may be told what the page will name as its next as soon as that is seen. A wrong one costs a request. */
  fetch(cursor: string | null, signal: AbortSignal, hint: (nextCursor: string) => void): Promise<P>;
}

/** Pages asked for beyond the one in use. */
const AHEAD = 2;

interface Asked<P> {
  readonly cursor: string | null;
  readonly page: Promise<P>;
}

/** Pages that were asked for, in the order of the listing as far as it is known. */
class Line<P extends CursorPage> {
  readonly #options: PagerOptions<P>;
  readonly #signal: AbortSignal;
  #asked: Asked<P>[] = [];
  /** What the last of them is said to name as its next. */
  #hint: string | undefined;

  constructor(options: PagerOptions<P>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The page at the front, which leaves the line. */
  async take(): Promise<P> {
    const page = await this.#asked[0]?.page;
    if (page === undefined) throw new Fault("INTERNAL", "A page was taken that was not asked for.");
    this.#asked.shift();
    return page;
  }

  /** Says which page comes next for certain; those that were asked for on a wrong guess are let go. */
  follow(cursor: string | null): void {
    if (this.#asked[0] !== undefined && this.#asked[0].cursor !== cursor) this.leave();
    if (this.#asked.length === 0) this.#ask(cursor);
    else this.#extend();
  }

  /** Frees what was read ahead and nobody will take. */
  leave(): void {
    for (const { page } of this.#asked) page.then((read) => read.release?.(), () => undefined);
    this.#asked = [];
    this.#hint = undefined;
  }

  #ask(cursor: string | null): void {
    this.#hint = undefined;
    const told = (nextCursor: string): void => {
      if (this.#asked.at(-1) !== asked) return;
      this.#hint = nextCursor;
      this.#extend();
    };
    const asked: Asked<P> = { cursor, page: this.#options.fetch(cursor, this.#signal, told) };
    // Its failure is met when its turn comes; until then it must not count as unhandled.
    asked.page.catch(() => undefined);
    this.#asked.push(asked);
  }

  #extend(): void {
    if (this.#hint !== undefined && this.#asked.length < AHEAD) this.#ask(this.#hint);
  }
}

/** A page that is refused here is one that nobody else will free. */
function checked(guard: CursorGuard, page: CursorPage): void {
  try {
    guard.check(page);
  } catch (error) {
    page.release?.();
    throw error;
  }
}

/** Leaving the loop early stops the requests that are under way. */
export async function* pages<P extends CursorPage>(options: PagerOptions<P>): AsyncGenerator<P, void, undefined> {
  const own = new AbortController();
  const guard = new CursorGuard(options.path, options.limit, options.from);
  const line = new Line(options, AbortSignal.any([options.signal, own.signal]));
  try {
    for (let cursor = options.from, first = true; first || cursor !== null; first = false) {
      line.follow(cursor);
      const page = await line.take();
      checked(guard, page);
      cursor = page.nextCursor;
      if (cursor !== null && options.prefetch !== false) line.follow(cursor);
      yield page;
    }
  } finally {
    own.abort();
    line.leave();
  }
}
