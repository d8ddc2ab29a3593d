import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareVersions, isVersion } from "./versions.ts";

describe("agent versions", () => {
  it.each([
    ["25.1.10", "25.1.9", 1],
    ["25.1.4.434", "25.1.4.434", 0],
    ["24.2", "24.2.0.0", 0],
    ["9.9.9.9", "10.0.0.0", -1],
    ["25.1.4.434", "25.1.4.1000", -1],
    ["24.2.3", "24.2", 1],
    ["007.1", "7.1", 0],
  ])("%s against %s by number, not by letter", (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b) ?? Number.NaN)).toBe(sign);
    expect(Math.sign(compareVersions(b, a) ?? Number.NaN) + sign).toBe(0);
  });

  it.each(["", "25.1.x", "v25.1", "25..1", ".1", "25.1 SP1", "1.2.3.4.5.6.7.8.9", "9999999999", "-1.2", "1e3"])("%j has no place in the order", (text) => {
    expect(isVersion(text)).toBe(false);
    expect(compareVersions(text, "25.1")).toBeNull();
    expect(compareVersions("25.1", text)).toBeNull();
  });

  it("are ordered as their lists of numbers are", () => {
    const parts = fc.array(fc.nat(1_200), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const differing = a.findIndex((part, place) => part !== b[place]);
        const oracle = differing < 0 ? 0 : Math.sign((a[differing] ?? 0) - (b[differing] ?? 0));
        expect(Math.sign(compareVersions(a.join("."), b.join(".")) ?? Number.NaN)).toBe(oracle);
      }),
    );
  });
});
