import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import type { MappedListing, PageMapper } from "../sentinelone/streams/stream.ts";
import { whereThereIsRoom } from "./job.ts";
import { Slots } from "./slots.ts";

const { signal } = new AbortController();

function listing(freed: () => void): MappedListing {
  return { records: [], rejected: [], repeated: 0, nextCursor: null, totalItems: null, size: 0, bytes: 0, release: freed };
}

describe("room for pages", () => {
  it("an answer is not even decoded before there is, and a page that is stored makes some", async () => {
    const decoded: string[] = [];
    let freed = 0;
    const mapper: PageMapper = { map: async () => listing(() => (freed += 1)) };
    const reader = whereThereIsRoom(mapper, new Slots(1), "con", signal);
    const read = (name: string): Promise<MappedListing> =>
      reader.read("agents", async () => {
        decoded.push(name);
        return Buffer.alloc(0);
      });
    const first = await read("one of its own");
    await read("the common one");
    const waiting = read("the third");
    await new Promise((resolve) => setImmediate(resolve));
    expect(decoded).toEqual(["one of its own", "the common one"]);

    first.release?.();
    first.release?.();
    await waiting;
    expect(decoded).toHaveLength(3);
    expect(freed).toBe(1);
  });

  it("a page that cannot be decoded or mapped takes none", async () => {
    const cut = new Fault("S1_BODY_CUT", "planted");
    const mapper: PageMapper = { map: () => Promise.reject(cut) };
    const reader = whereThereIsRoom(mapper, new Slots(0), "con", signal);
    for (let time = 0; time < 3; time += 1) {
      await expect(reader.read("agents", () => Promise.reject(cut))).rejects.toBe(cut);
      await expect(reader.read("agents", async () => Buffer.alloc(0))).rejects.toBe(cut);
    }
  });
});
