/** Thousands of listings that something goes wrong with, and not one record declared gone that is there. VEDETTE_CHAOS_LISTINGS says how many. */
import { describe, expect, it } from "vitest";
import { planted } from "../reading-losses/planted.ts";
import type { openWorld } from "../support/world.ts";
import { strikeListings } from "./listings.ts";

const asked = process.env["VEDETTE_CHAOS_LISTINGS"];
const LISTINGS = Number(asked ?? "50");
const SEED = Number(process.env["VEDETTE_CHAOS_SEED"] ?? (asked === undefined ? "1" : String(Date.now() % 1_000_000_000)));

describe(`${String(LISTINGS)} listings with faults, from seed ${String(SEED)}`, () => {
  it(
    "declare nothing gone that the console has, declare gone what is, and are healed when the trouble ends",
    async () => {
      const { listings, struck, ended, gone, wrongful, unhealed } = await strikeListings(LISTINGS, SEED);
      if (asked !== undefined) process.stdout.write(`${String(listings)} listings: a fault struck in ${String(struck)}, ${String(ended)} ended with a fault named, ${String(gone)} records rightly gone, ${String(wrongful.length)} wrongly\n`);

      expect(wrongful).toEqual([]);
      expect(unhealed).toEqual([]);
      expect(struck).toBeGreaterThan(LISTINGS / 2);
      expect(ended).toBeGreaterThan(LISTINGS / 5);
      expect(gone).toBeGreaterThan(0);
    },
    3_600_000,
  );

  it("would be seen to do so: a reader to which any listing is proof declares gone what is there", async () => {
    const copy = (await planted("16-any-listing-is-proof", "test/support/world.ts")) as { readonly openWorld: typeof openWorld };
    expect((await strikeListings(25, 7, copy.openWorld)).wrongful.length).toBeGreaterThan(0);
  });
});
