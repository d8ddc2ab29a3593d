import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJsonObject, parseExact, stringifyExact } from "./json.ts";

describe("JSON without rounding", () => {
  it("gives 64-bit integers back digit by digit, in objects, in arrays and alone", () => {
    for (const text of ['{"a":1138048000000000001,"b":[-9223372036854775808],"c":"1138048000000000001","d":1.5}', "9223372036854775807", "[ 18446744073709551615,1]"]) {
      expect(stringifyExact(parseExact(text))).toBe(text.replaceAll(" ", ""));
    }
    expect(parseExact('{"a": 9007199254740993}')).toEqual({ a: 9_007_199_254_740_993n });
  });

  it("any integers of any length survive, beside anything else", () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.bigInt(), fc.integer().map(BigInt))), fc.jsonValue(), (integers, other) => {
      const text = `{"integers":[${integers.join(",")}],"other":${JSON.stringify(other)}}`;
      expect(stringifyExact(parseExact(text))).toBe(`{"integers":[${integers.join(",")}],"other":${JSON.stringify(JSON.parse(JSON.stringify(other)))}}`);
    }));
  });

  it("leaves fractions and what is no JSON alone", () => {
    expect(parseExact("[0.1234567890123456789,1e30]")).toEqual([0.123_456_789_012_345_68, 1e30]);
    expect(() => parseExact("{")).toThrow(SyntaxError);
    expect(isJsonObject(parseExact("[]"))).toBe(false);
  });
});
