import { expect, it } from "vitest";
import { ksuid } from "./ksuid.ts";

const EPOCH = 1_400_000_000_000;

it.each([
  ["the published example", EPOCH + 107_608_047_000, Buffer.from("B5A1CD34B5F99D1154FB6853345C9735", "hex"), "0ujtsYcgvSTl8PAuAdqWYSMnLOv"],
  ["the smallest", EPOCH, Buffer.alloc(16), "000000000000000000000000000"],
  ["the largest", EPOCH + 0xffff_ffff * 1000, Buffer.alloc(16, 0xff), "aWgEPTl1tmebfsQzFP4bxwgy80V"],
  ["a time before its epoch counts as the epoch", 0, Buffer.alloc(20), "000000000000000000000000000"],
])("a KSUID of %s", (_what, at, payload, text) => {
  expect(ksuid(at, payload)).toBe(text);
});

it("needs sixteen bytes", () => {
  expect(() => ksuid(EPOCH, Buffer.alloc(15))).toThrow(RangeError);
});
