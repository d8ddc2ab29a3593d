import { describe, expect, it } from "vitest";
import { Collection, type Shape, type Source } from "./collection.ts";
import { Dice } from "./random.ts";
import type { ApiRecord } from "./record.ts";
import { micros } from "./times.ts";

const SIZE = 300;
const shape: Shape = { id: "things", times: new Set(["updatedAt"]), scopesOf: () => [{}] };

function source(): Source {
  const beats = new Map<number, number>();
  const updated = (ordinal: number): number => beats.get(ordinal) ?? (ordinal * 7919) % 1000;
  return {
    size: SIZE,
    make: (ordinal) => ({ id: String(ordinal), size: (ordinal * 31) % 17, updatedAt: micros(updated(ordinal)), inner: { name: `n${String(ordinal)}` } }),
    columns: { updatedAt: updated },
    scopes: () => [{}],
    newId: (n) => String(SIZE + n),
    absent: { count: SIZE / 10, test: (ordinal) => ordinal % 10 === 3 },
    beat: (ordinal, stamp) => void beats.set(ordinal, stamp),
  };
}

/** The same listing, worked out afresh. */
function plainly(things: Collection, path: "updatedAt" | "size"): readonly number[] {
  const standing = Array.from({ length: things.end }, (_, ordinal) => ordinal).filter((ordinal) => things.has(ordinal));
  return standing.toSorted((a, b) => Number(things.value(a, path)) - Number(things.value(b, path)) || a - b);
}

function changeOne(things: Collection, dice: Dice, turn: number): void {
  const stamp = 10_000 + turn;
  const ordinal = dice.int(turn, things.end);
  const roll = dice.int(turn + 5000, 10);
  if (roll === 0) things.add((id) => ({ id, size: 5, updatedAt: micros(stamp) }), stamp);
  else if (roll === 1) things.remove(ordinal, stamp);
  else if (roll === 2) things.restore(ordinal, stamp);
  else if (!things.has(ordinal)) return;
  else if (roll < 5 && !things.isChanged(ordinal)) things.beat(ordinal, stamp);
  else if (roll === 5) things.update(ordinal, { id: String(ordinal), size: roll, updatedAt: micros(stamp) }, stamp);
  else things.patch(ordinal, { size: dice.int(turn + 9000, 20), updatedAt: micros(stamp) }, stamp);
}

describe("a collection", () => {
  it("lists in order, counts and finds exactly what stands, whatever changes between the pages", () => {
    const things = new Collection(shape, source());
    const dice = new Dice(5, 1, 1);
    const small = (ordinal: number): boolean => Number(things.value(ordinal, "size")) < 6;
    for (let turn = 0; turn < 600; turn += 1) {
      changeOne(things, dice, turn);
      if (turn % 7 !== 0) continue;
      for (const path of ["updatedAt", "size"] as const) {
        const expected = plainly(things, path);
        expect([...things.walk({ path, descending: false })]).toEqual(expected);
        expect([...things.walk({ path, descending: true })]).toEqual(expected.toReversed());
        const middle = expected[Math.floor(expected.length / 2)] ?? 0;
        expect([...things.walk({ path, descending: false }, { value: Number(things.value(middle, path)), ordinal: middle })]).toEqual(expected.slice(Math.floor(expected.length / 2) + 1));
      }
      const passing = plainly(things, "size").filter(small);
      expect([things.live, things.count("small", small)]).toEqual([plainly(things, "size").length, passing.length]);
      const quick = things.quick("small", small) ?? small;
      expect(passing.every(quick)).toBe(true);
      expect(plainly(things, "size").filter((ordinal) => quick(ordinal)).length).toBe(passing.length);
    }
  });

  it("keeps of a change only what was set, and shows the rest as its source has it", () => {
    const things = new Collection(shape, source());
    things.patch(1, { "inner.name": "other" }, 5);
    things.patch(1, { size: 99 }, 6);
    expect(things.get(1)).toMatchObject({ id: "1", size: 99, inner: { name: "other" } });
    expect(things.value(1, "updatedAt")).toBe(7919 % 1000);
    expect(things.value(1, "inner.name")).toBe("other");
  });

  it("tells whoever listens of every change, after it was made", () => {
    const things = new Collection(shape, source());
    const told: (readonly [string, ApiRecord | undefined])[] = [];
    things.onChange((change) => told.push([change.kind, things.get(change.ordinal)]));
    const added = things.add((id) => ({ id, size: 1 }), 1);
    things.patch(added, { size: 2 }, 2);
    things.remove(added, 3);
    things.remove(4, 4);
    things.restore(4, 5);
    expect(told.map(([kind, record]) => [kind, record?.["size"]])).toEqual([["added", 1], ["changed", 2], ["removed", undefined], ["removed", undefined], ["restored", (4 * 31) % 17]]);
  });

  it("follows changes that are too many to remember", () => {
    const things = new Collection(shape, source());
    const all = (): boolean => true;
    expect(things.count("all", all)).toBe(things.live);
    for (let turn = 0; turn < 250_000; turn += 1) things.beat(turn % 300, turn + 2000);
    things.remove(1, 1);
    expect(things.count("all", all)).toBe(things.live);
    expect([...things.walk({ path: "updatedAt", descending: false })]).toEqual(plainly(things, "updatedAt"));
  });
});
