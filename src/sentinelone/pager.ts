/**
 * Follows a listing by its cursors. The next page is fetched while the last is used. A cursor that came before, or a listing that goes
 * on far beyond its own total, ends with a Fault; an empty page with a cursor does not end it. Holds one page and the hashes of the
 * cursors, never the listing.
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
  /** Asks for a page and gives what reads it: an answer that waits for its turn waits as bytes. */
  fetch(cursor: string | null, signal: AbortSignal): Promise<() => P | Promise<P>>;
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

/** Leaving the loop early stops the request that is under way. */
export async function* pages<P extends CursorPage>(options: PagerOptions<P>): AsyncGenerator<P, void, undefined> {
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const guard = new CursorGuard(options.path, options.limit, options.from);
  try {
    let next: ReturnType<PagerOptions<P>["fetch"]> | null = options.fetch(options.from, signal);
    while (next !== null) {
      const page: P = await (await next)();
      checked(guard, page);
      const { nextCursor } = page;
      if (options.prefetch === false) yield page;
      next = nextCursor === null ? null : options.fetch(nextCursor, signal);
      // Its failure is met when its turn comes; until then it must not count as unhandled.
      next?.catch(() => undefined);
      if (options.prefetch !== false) yield page;
    }
  } finally {
    own.abort();
  }
}
