import { expect, it } from "vitest";
import { wholeFile, type Whole } from "./whole.ts";

const plain = { rowKey: (row: string) => row, head: "head\n", linesOf: async (rows: readonly string[]) => rows.map((row) => `${row}\n`).join("") };

function listing(...readings: readonly (readonly (readonly string[])[])[]): Whole<string>["walk"] {
  let reading = -1;
  return async function* () {
    reading += 1;
    yield* readings[reading] ?? [];
  };
}

it("a file holds every page once, in the order of the list", async () => {
  const told: number[] = [];
  const pages = [["a", "b"], [], ["c"]];
  const file = await wholeFile({ ...plain, walk: listing(pages, pages) }, "text/csv", new AbortController().signal, (rows) => told.push(rows));
  expect(await file.text()).toBe("head\na\nb\nc\n");
  expect(told).toEqual([2, 2, 3]);
});

it("what moves to the front while it is read is in the file, and what moves behind is there once", async () => {
  const walk = listing([["a", "b"], ["c", "a"]], [["d", "a"], ["b", "c"], ["e", "f"]]);
  const file = await wholeFile({ ...plain, walk }, "text/csv", new AbortController().signal, () => {});
  expect(await file.text()).toBe("head\nd\na\nb\nc\n");
});

it("a file that was given up is none", async () => {
  const controller = new AbortController();
  const made = wholeFile({ ...plain, walk: listing([["a"], ["b"]]) }, "text/csv", controller.signal, () => controller.abort());
  await expect(made).rejects.toThrow();
});
