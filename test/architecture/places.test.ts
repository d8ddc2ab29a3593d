/**
 * A stored row's values are known by their places, so the places in `places.json` are a promise to every store that exists: columns are added
 * at the end of the list, in both files, and none is moved, renamed or taken out.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { STREAMS } from "../../src/sentinelone/streams/index.ts";
import { ROOT } from "./modules.ts";

const PLACES = JSON.parse(readFileSync(join(ROOT, "test/architecture/places.json"), "utf8")) as Readonly<Record<string, readonly string[]>>;

describe("the places of a stream's columns", () => {
  it.each(STREAMS.map(({ id, columns }) => ({ id, columns })))("$id: are those of every version before", ({ id, columns }) => {
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(PLACES[id]);
  });
});
