import { expect, it } from "vitest";
import { createPasswords } from "./passwords.ts";
import { createThrottle } from "./throttle.ts";

it("gives tries back one by one, up to as many as there were, and keeps a bounded number of names", () => {
  let now = 0;
  const throttle = createThrottle({ now: () => now }, 50);
  const limit = { key: "a", burst: 2, everyMs: 1000 };
  expect([throttle.take([limit]), throttle.take([limit]), throttle.take([limit])]).toEqual([0, 0, 1000]);
  now = 400;
  expect(throttle.take([limit])).toBe(600);
  now = 100_000;
  expect([throttle.take([limit]), throttle.take([limit]), throttle.take([limit])]).toEqual([0, 0, 1000]);
  for (let n = 0; n < 1000; n += 1) throttle.take([{ key: `stranger ${String(n)}`, burst: 10, everyMs: 1000 }]);
  expect(throttle.take([limit]), "one in use is not forgotten for strangers").toBe(1000);
});

it("takes none where one of several is used up", () => {
  const throttle = createThrottle({ now: () => 0 });
  const [own, shared] = [{ key: "own", burst: 1, everyMs: 1000 }, { key: "shared", burst: 5, everyMs: 1000 }];
  throttle.take([own]);
  for (let n = 0; n < 9; n += 1) expect(throttle.take([own, shared])).toBe(1000);
  expect(throttle.take([{ ...shared, burst: 5 }])).toBe(0);
});

it("a password's hash keeps its cost and its salt, and one of a lower cost is renewed", async () => {
  const [low, high] = [createPasswords({ ln: 4, r: 1, p: 1 }), createPasswords({ ln: 5, r: 1, p: 1 })];
  const stored = await low.hash("pässword");
  expect(stored).toMatch(/^\$scrypt\$ln=4,r=1,p=1\$[\w-]{22}\$[\w-]{43}$/);
  expect(await low.hash("pässword")).not.toBe(stored);
  expect(await Promise.all([high.check("pa\u0308ssword", stored), high.check("password", stored), high.check("pässword", null)])).toEqual([true, false, false]);
  expect([high.outdated(stored), low.outdated(stored)]).toEqual([true, false]);
});

it("works out one password at a time, and sends away who would wait too long", async () => {
  const passwords = createPasswords({ ln: 4, r: 1, p: 1 });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => passwords.hash("x")));
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(4);
});
