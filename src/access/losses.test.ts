import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { bindingsOf } from "./graph.ts";
import { accessBench, changeLine, CON, gathered, held, user, type AccessBench, type ApiRecord } from "./test-bench.ts";

const MANY = 300;
const everybody = (but: (place: number) => readonly ApiRecord[] | null | undefined): readonly ApiRecord[] => Array.from({ length: MANY }, (_, place) => {
  const changed = but(place);
  return user(String(1000 + place), "site", changed === undefined ? [held(String(place % 10), "51")] : changed);
});
const AS_THEY_WERE = everybody(() => undefined);
const emptied = (number: number) => everybody((place) => (place < number ? [] : undefined));

let bench: AccessBench;
beforeEach(async () => {
  bench = await accessBench();
  await bench.listing("users", AS_THEY_WERE);
});
afterEach(() => bench.close());

const counts = async () => {
  const all = await gathered(bindingsOf(bench.store.read, EVERY_TENANT, CON));
  return { held: all.length, doubted: all.filter(({ doubtedAt }) => doubtedAt !== null).length };
};
const net = async () => {
  const lines = (await bench.changes()).map(changeLine);
  return lines.filter((line) => line.startsWith("binding removed")).length - lines.filter((line) => line.startsWith("binding added")).length;
};

describe("bindings that records stop stating", () => {
  it("end at once where they are few", async () => {
    await bench.listing("users", emptied(30));

    expect(await counts()).toEqual({ held: MANY - 30, doubted: 0 });
    expect(await net()).toBe(30);
  });

  it("are doubted and count on where they are more than a tenth, until a second complete reading agrees", async () => {
    await bench.listing("users", emptied(31));
    await bench.due();
    expect(await counts()).toEqual({ held: MANY, doubted: 31 });
    expect(await net()).toBe(0);

    await bench.listing("users", emptied(31));
    await bench.due();
    expect(await counts()).toEqual({ held: MANY - 31, doubted: 0 });
    expect(await net()).toBe(31);
  });

  it("are counted over all pages of a reading: what its first pages took away comes back in doubt, as old as it was", async () => {
    const before = new Map((await gathered(bindingsOf(bench.store.read, EVERY_TENANT, CON))).map((binding) => [binding.principal.id, binding.seenAt]));
    const all = emptied(60);
    for (let from = 0; from < 60; from += 20) {
      bench.now += 1;
      await bench.page("users", all.slice(from, from + 20));
    }

    expect(await counts()).toEqual({ held: MANY, doubted: 60 });
    expect(await net()).toBe(0);
    const after = await gathered(bindingsOf(bench.store.read, EVERY_TENANT, CON));
    expect(after.every((binding) => binding.seenAt === before.get(binding.principal.id))).toBe(true);
  });

  it("are in doubt no more as soon as they are stated again", async () => {
    await bench.listing("users", emptied(200));
    await bench.listing("users", AS_THEY_WERE);
    await bench.due();

    expect(await counts()).toEqual({ held: MANY, doubted: 0 });
    expect(await bench.changes()).toEqual([]);
  });

  it("stay in doubt while no later reading is proven complete", async () => {
    await bench.listing("users", emptied(200));
    bench.now += 1000;
    await bench.page("users", emptied(200));
    await bench.due();

    expect(await counts()).toEqual({ held: MANY, doubted: 200 });
  });

  it("stay in doubt while the record that would say so is set aside", async () => {
    await bench.listing("users", emptied(200));
    await bench.park("users", "1000");
    await bench.proven("users");
    await bench.due();

    expect(await counts()).toEqual({ held: MANY - 199, doubted: 1 });
  });

  it("are in doubt, however few, where the record is silent instead of empty", async () => {
    const silent = everybody((place) => (place === 0 ? null : undefined));
    await bench.listing("users", silent);
    await bench.due();
    expect(await counts()).toEqual({ held: MANY, doubted: 1 });

    await bench.listing("users", silent);
    await bench.due();
    expect(await counts()).toEqual({ held: MANY - 1, doubted: 0 });
  });

  it("begin to be counted anew with each reading", async () => {
    await bench.listing("users", emptied(25));
    await bench.listing("users", emptied(45));

    expect(await counts()).toEqual({ held: MANY - 45, doubted: 0 });
  });
});

describe("people who are gone", () => {
  it("take what they held along, and what of it was in doubt too", async () => {
    await bench.listing("users", emptied(200));
    await bench.listing("users", emptied(200).slice(10));

    expect(await counts()).toEqual({ held: MANY - 10, doubted: 190 });
  });
});
