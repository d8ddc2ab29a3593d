import { describe, expect, it } from "vitest";
import { Slots } from "./slots.ts";

describe("page slots", () => {
  it("never lets more through than there are, and hands a slot on in the order asked", async () => {
    const slots = new Slots(2);
    const { signal } = new AbortController();
    const order: number[] = [];
    const first = await slots.take(signal);
    await slots.take(signal);
    const third = slots.take(signal).then((release) => {
      order.push(3);
      return release;
    });
    const fourth = slots.take(signal).then((release) => {
      order.push(4);
      return release;
    });
    await Promise.resolve();
    expect(order).toEqual([]);

    first();
    first();
    (await third)();
    await fourth;

    expect(order).toEqual([3, 4]);
  });

  it("lets a cancelled reader go at once, without eating a slot of the others", async () => {
    const slots = new Slots(1);
    const stop = new AbortController();
    const release = await slots.take(new AbortController().signal);
    const waiting = slots.take(stop.signal);
    stop.abort();
    (await waiting)();
    release();

    const again = await slots.take(new AbortController().signal);
    again();
    expect(typeof again).toBe("function");
  });
});
