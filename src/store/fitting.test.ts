import { describe, expect, it } from "vitest";
import { fittingPage } from "./fitting.ts";

const ROWS = Array.from({ length: 2_600 }, (_unused, place) => ({ key: String(place).padStart(5, "0"), fits: place % 700 === 0 }));

async function all(limit: number, most: number, fits: (row: (typeof ROWS)[number]) => boolean): Promise<{ readonly keys: readonly string[]; readonly pages: number }> {
  const keys: string[] = [];
  let pages = 0;
  for (let after: string | undefined; pages < 5_000; ) {
    const page = await fittingPage({ after, limit, fits, place: ({ key }) => key, read: async (behind, size) => ROWS.filter(({ key }) => behind === undefined || key > behind).slice(0, size) }, most);
    pages += 1;
    expect(page.items.length).toBeLessThanOrEqual(limit);
    keys.push(...page.items.map(({ key }) => key));
    if (page.next === null) break;
    after = page.next;
  }
  return { keys, pages };
}

describe("a page of what fits", () => {
  it("gives each row that fits once and in order, whatever the size of pages and of what is looked at", async () => {
    const wanted = ROWS.filter(({ fits }) => fits).map(({ key }) => key);
    for (const [limit, most] of [[1, 500], [1, 10_000], [3, 1_000], [200, 10_000], [4, 10_000]] as const) expect((await all(limit, most, ({ fits }) => fits)).keys, `${String(limit)} of ${String(most)}`).toEqual(wanted);
    expect((await all(200, 500, () => true)).keys).toEqual(ROWS.map(({ key }) => key));
  });

  it("looks at no more than it may for one page, and says where to go on", async () => {
    expect((await all(100, 1_000, () => false)).pages).toBe(3);
    expect((await all(100, 10_000, () => false)).pages).toBe(1);
  });
});
