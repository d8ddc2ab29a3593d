import { describe, expect, it } from "vitest";
import { Slots } from "./slots.ts";

const { signal } = new AbortController();

/** Takes the owner's own slot and leaves only the common ones to be had. */
async function busy(slots: Slots, owner: string): Promise<() => void> {
  return slots.take(signal, owner);
}

describe("page slots", () => {
  it("never lets more through than there are, and hands a slot on in the order asked", async () => {
    const slots = new Slots(2);
    await busy(slots, "a");
    const order: number[] = [];
    const first = await slots.take(signal, "a");
    await slots.take(signal, "a");
    const asked = [3, 4].map((number) =>
      slots.take(signal, "a").then((release) => {
        order.push(number);
        return release;
      }),
    );
    await Promise.resolve();
    expect(order).toEqual([]);

    first();
    first();
    (await asked[0])?.();
    await asked[1];

    expect(order).toEqual([3, 4]);
  });

  it("lets a cancelled reader go at once, without eating a slot of the others", async () => {
    const slots = new Slots(1);
    await busy(slots, "a");
    const stop = new AbortController();
    const release = await slots.take(signal, "a");
    const cancelled = slots.take(stop.signal, "a");
    stop.abort();
    const borrowed = await cancelled;
    let through = false;
    const waiting = slots.take(signal, "a").then((give) => {
      through = true;
      return give;
    });
    borrowed();
    await Promise.resolve();
    expect(through).toBe(false);

    release();
    (await waiting)();
    expect(through).toBe(true);
  });

  it("keeps one for each owner, whatever the others hold, and gives it to that owner's next", async () => {
    const slots = new Slots(2);
    await Promise.all(Array.from({ length: 3 }, () => slots.take(signal, "hangs")));
    void slots.take(signal, "hangs");

    const own = await slots.take(signal, "works");
    let second = false;
    const next = slots.take(signal, "works").then((release) => {
      second = true;
      return release;
    });
    await Promise.resolve();
    expect(second).toBe(false);

    own();
    (await next)();
    expect(second).toBe(true);
    (await slots.take(signal, "works"))();
  });
});
