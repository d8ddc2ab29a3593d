/**
 * Chaos: random troubles of a random console while a hub reads it. VEDETTE_CHAOS_PLANS says how many plans (they are new each time then, and
 * their numbers are printed); VEDETTE_CHAOS_SEED repeats from a number on. A number that ever failed is kept.
 */
import { afterAll, describe, expect, it } from "vitest";
import { carryOut } from "./carry-out.ts";
import { planOf } from "./plan.ts";
import { KEPT } from "./kept.ts";

const asked = process.env["VEDETTE_CHAOS_PLANS"];
const PLANS = Number(asked ?? "10");
const FIRST = Number(process.env["VEDETTE_CHAOS_SEED"] ?? (asked === undefined ? "1" : String(Date.now() % 1_000_000_000)));
const seeds = [...new Set([...KEPT, ...Array.from({ length: PLANS }, (_, at) => FIRST + at)])];

describe(`chaos, ${String(PLANS)} plans from ${String(FIRST)}`, () => {
  let fired = 0;
  let named = 0;
  afterAll(() => {
    if (asked !== undefined) process.stdout.write(`chaos: ${String(seeds.length)} plans from ${String(FIRST)}; faults struck ${String(fired)} times; ${String(named)} streams named their fault\n`);
  });

  it.each(seeds)(
    "plan %d ends with the truth, or with the fault that says why not",
    async (seed) => {
      const lines: string[] = [];
      const outcome = await carryOut(planOf(seed), (line) => lines.push(line));
      fired += outcome.fired;
      named += outcome.named;
      const story = outcome.broken.length === 0 ? "" : `plan ${String(seed)}: ${JSON.stringify({ ...planOf(seed), steps: undefined })}\n${lines.join("\n")}`;
      expect(outcome.broken.slice(0, 10), story).toEqual([]);
    },
    120_000,
  );

  it("the faults did happen", () => {
    expect(fired).toBeGreaterThan(seeds.length);
    expect(named).toBeGreaterThan(seeds.length / 5);
  });
});
