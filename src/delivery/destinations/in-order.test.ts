import { expect, it } from "vitest";
import fc from "fast-check";
import type { Delivery, Receipt } from "../destination.ts";
import { outgoing } from "../test-bench.ts";
import { HELD, sendInOrder } from "./in-order.ts";

const OUTCOMES = ["accepted", "refused", "delivery", "destination", "thrown"] as const;

function answer(outcome: (typeof OUTCOMES)[number]): Receipt {
  if (outcome === "accepted") return { outcome };
  if (outcome === "thrown") throw new TypeError("a defect");
  if (outcome === "refused") return { outcome, code: "DESTINATION_REFUSED", reason: "no" };
  return { outcome: "again-after", afterMs: null, blame: outcome, code: "DESTINATION_UNREACHABLE", reason: "later" };
}

const delivery = (number: number, orderKey: string): Delivery => outgoing({ id: String(number), key: orderKey, orderKey });

it("whatever comes of each, every key is sent in order, nothing after one that was not settled, one receipt each", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), outcome: fc.constantFrom(...OUTCOMES), turns: fc.nat(3) }), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (plan, width) => {
      const batch = plan.map(({ key }, number) => delivery(number, key));
      const begun: number[] = [];
      let trouble = false;
      const receipts = await sendInOrder(batch, width, new AbortController().signal, async ({ id }) => {
        const step = plan[Number(id)];
        if (step === undefined) throw new Error("not in the batch");
        expect(trouble).toBe(false);
        begun.push(Number(id));
        for (let turn = 0; turn < step.turns; turn += 1) await Promise.resolve();
        return answer(step.outcome);
      }).finally(() => (trouble = true));

      expect(receipts).toHaveLength(batch.length);
      for (const key of ["a", "b", "c"]) {
        const places = plan.flatMap((step, number) => (step.key === key ? [number] : []));
        const tried = places.filter((number) => receipts[number] !== HELD);
        expect(begun.filter((number) => plan[number]?.key === key)).toEqual(tried);
        expect(tried).toEqual(places.slice(0, tried.length));
        for (const number of tried.slice(0, -1)) expect(["accepted", "refused"]).toContain(receipts[number]?.outcome);
      }
      const dead = plan.some((_step, number) => receipts[number]?.outcome === "again-after" && receipts[number] !== HELD && plan[number]?.outcome === "destination");
      if (!dead) for (const key of ["a", "b", "c"]) expect(plan.flatMap((step, number) => (step.key === key && receipts[number] === HELD ? [number] : [])).every((number) => plan.slice(0, number).some((step) => step.key === key && ["delivery", "thrown"].includes(step.outcome)))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it("begins nothing more once a batch has taken long, and breaks nothing off", async () => {
  const batch = Array.from({ length: 10 }, (_, number) => delivery(number, "a"));
  const receipts = await sendInOrder(
    batch,
    1,
    new AbortController().signal,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { outcome: "accepted" };
    },
    50,
  );
  const accepted = receipts.filter((receipt) => receipt.outcome === "accepted").length;
  expect(accepted).toBeGreaterThan(0);
  expect(receipts.slice(accepted).every((receipt) => receipt === HELD) && accepted < 10).toBe(true);
});
