import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import type { ListPage } from "./client.ts";
import { pages } from "./pager.ts";

function page(ids: readonly string[], nextCursor: string | null, totalItems: number | null = null): ListPage {
  return { records: ids.map((id) => ({ value: { id }, raw: id })), nextCursor, totalItems, size: ids.length, bytes: 0 };
}

type Source = (cursor: string | null, signal: AbortSignal) => Promise<ListPage>;

/** As the pager asks: the page comes once the answer's turn has come. */
function later(source: Source): (cursor: string | null, signal: AbortSignal) => Promise<() => ListPage> {
  return async (cursor, signal) => {
    const answer = await source(cursor, signal);
    return () => answer;
  };
}

async function readAll(fetch: Source, limit = 10): Promise<string[]> {
  const ids: string[] = [];
  for await (const { records } of pages({ path: "/x", limit, from: null, signal: new AbortController().signal, fetch: later(fetch) })) ids.push(...records.map(({ raw }) => raw));
  return ids;
}

describe("following cursors", () => {
  it("any split into pages, with empty ones between, gives every record once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 30 }), async (sizes) => {
        let next = 0;
        const listing = sizes.map((size) => Array.from({ length: size }, () => String(next++)));
        const ids = await readAll(async (cursor) => {
          const at = cursor === null ? 0 : Number(cursor);
          return page(listing[at] ?? [], at + 1 < listing.length ? String(at + 1) : null, next);
        });

        expect(ids).toEqual(listing.flat());
      }),
      { numRuns: 200 },
    );
  });

  it("a cursor that leads back to any earlier page is a fault, never a shorter or an endless listing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.nat(), async (length, back) => {
        const target = back % length;
        const asked: (string | null)[] = [];
        const reading = readAll(async (cursor) => {
          asked.push(cursor);
          const at = cursor === null ? 0 : Number(cursor);
          return page([String(at)], at + 1 < length ? String(at + 1) : String(Math.max(1, target)));
        });

        await expect(reading).rejects.toMatchObject({ code: "S1_CURSOR_REPEATED" });
        expect(asked.length).toBeLessThanOrEqual(length + 2);
      }),
      { numRuns: 100 },
    );
  });

  it("a listing that goes on beyond twice its total ends with a fault", async () => {
    let at = 0;

    await expect(readAll(async () => page(Array.from({ length: 10 }, () => String(at)), String(++at), 100))).rejects.toMatchObject({ code: "S1_CURSOR_ENDLESS" });
    expect(at).toBeLessThan(40);
  });

  it("pages that stay empty, each with a new cursor, end with a fault", async () => {
    let at = 0;

    await expect(readAll(async () => page([], String(++at)))).rejects.toMatchObject({ code: "S1_CURSOR_ENDLESS" });
    expect(at).toBeLessThan(60);
  });

  it("a console that gives fewer rows than asked for is no endless listing", async () => {
    const ids = await readAll(async (cursor) => {
      const at = cursor === null ? 0 : Number(cursor);
      return page([String(at)], at < 99 ? String(at + 1) : null, 100);
    }, 1_000);

    expect(ids).toHaveLength(100);
  });

  it("a page that is refused is freed, and one that is given is the taker's", async () => {
    const freed: string[] = [];
    const freeing = (id: string, nextCursor: string | null): ListPage & { readonly release: () => void } => ({ ...page([id], nextCursor), release: () => void freed.push(id) });
    const reading = (async () => {
      const source = pages({ path: "/x", limit: 1, from: null, signal: new AbortController().signal, fetch: later(async (cursor) => (cursor === null ? freeing("good", "2") : freeing("refused", "2"))) });
      for await (const _ of source) expect(freed).toEqual([]);
    })();

    await expect(reading).rejects.toMatchObject({ code: "S1_CURSOR_REPEATED" });
    expect(freed).toEqual(["refused"]);
  });

  it("a resumed listing that names its own starting cursor is a fault", async () => {
    const reading = (async () => {
      for await (const _ of pages({ path: "/x", limit: 1, from: "a", signal: new AbortController().signal, fetch: later(async () => page(["1"], "a")) }));
    })();

    await expect(reading).rejects.toMatchObject({ code: "S1_CURSOR_REPEATED" });
  });
});

describe("reading ahead", () => {
  it("asks for the next page before the last is used up, and never for more", async () => {
    let asked = 0;
    const fetch: Source = async () => page(["x"], ++asked < 5 ? String(asked) : null);
    const seen: number[] = [];
    for await (const _ of pages({ path: "/x", limit: 1, from: null, signal: new AbortController().signal, fetch: later(fetch) })) seen.push(asked);

    expect(seen).toEqual([2, 3, 4, 5, 5]);
  });

  it("stops the request under way when the reader leaves, and asks for none when told not to read ahead", async () => {
    const signals: AbortSignal[] = [];
    const fetch: Source = async (_cursor, signal) => {
      signals.push(signal);
      return page(["x"], String(signals.length));
    };
    for await (const _ of pages({ path: "/x", limit: 1, from: null, signal: new AbortController().signal, fetch: later(fetch) })) break;
    expect(signals).toHaveLength(2);
    expect(signals[1]?.aborted).toBe(true);

    signals.length = 0;
    for await (const _ of pages({ path: "/x", limit: 1, from: null, signal: new AbortController().signal, prefetch: false, fetch: later(fetch) })) break;
    expect(signals).toHaveLength(1);
  });

  it("the fault of a page read ahead comes when its turn does, after the good page", async () => {
    const seen: string[] = [];
    const reading = (async () => {
      const source = pages({
        path: "/x",
        limit: 1,
        from: null,
        signal: new AbortController().signal,
        fetch: later(async (cursor) => {
          if (cursor !== null) throw new Fault("S1_SERVER_ERROR", "planted");
          return page(["1"], "2");
        }),
      });
      for await (const { records } of source) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(...records.map(({ raw }) => raw));
      }
    })();

    await expect(reading).rejects.toMatchObject({ code: "S1_SERVER_ERROR" });
    expect(seen).toEqual(["1"]);
  });
});
