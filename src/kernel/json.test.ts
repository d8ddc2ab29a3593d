import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJsonObject, parseExact, stringifyExact, type Json } from "./json.ts";

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

  it("reads long numbers inside strings as the text they are, whatever stands around them", () => {
    const value = { line: 'x --handle=1,8041541006595259326,2 "quoted, 1138048000000000001" \\', "key, 1138048000000000001": [true, " 1138048000000000001"] };

    expect(parseExact(JSON.stringify(value))).toEqual(value);
    expect(parseExact(`{"a\\\\":", 1138048000000000001","b": 1138048000000000001}`)).toEqual({ "a\\": ", 1138048000000000001", b: 1_138_048_000_000_000_001n });
    expect(() => parseExact('{"a": ", 1138048000000000001')).toThrow(SyntaxError);
  });

  it("writes values with and without long integers in any order, and keys of any name", () => {
    const long = JSON.parse('{"__proto__":{"a":1},"list":[1,{"b":2},null]}', (_key, value: unknown) => (typeof value === "number" ? 2n ** 60n + BigInt(value) : value)) as Json;
    const written = '{"__proto__":{"a":1152921504606846977},"list":[1152921504606846977,{"b":1152921504606846978},null]}';

    expect([stringifyExact(long), stringifyExact({ c: [] }), stringifyExact(long), stringifyExact(long), stringifyExact("d"), stringifyExact(5n)]).toEqual([written, '{"c":[]}', written, written, '"d"', "5"]);
    expect(parseExact(stringifyExact(long))).toStrictEqual(long);
  });

  it("reads what is marked as a long integer while reading, and what only looks like it", () => {
    const text = `{"a":"\\u00011138048000000000001","b":1138048000000000001,"__proto__":-1138048000000000001,"c":[1234567890123456,0.11380480000000000011,1138048000000000001e2,1e1138048000000000001]}`;

    expect(parseExact(text)).toStrictEqual(JSON.parse(text, (key, value: unknown) => (key === "b" ? 1_138_048_000_000_000_001n : key === "__proto__" ? -1_138_048_000_000_000_001n : value)));
    expect(parseExact(text.replace("\\u0001", "x"))).toStrictEqual(JSON.parse(text.replace("\\u0001", "x"), (key, value: unknown) => (key === "b" ? 1_138_048_000_000_000_001n : key === "__proto__" ? -1_138_048_000_000_000_001n : value)));
    for (const wrong of ["{1138048000000000001:1}", "{1138048000000000001 :1}", "[01138048000000000001]", "[1138048000000000001 2]", '["a"1138048000000000001]', "[+1138048000000000001]"]) expect(() => parseExact(wrong)).toThrow(SyntaxError);
  });

  it("leaves fractions and what is no JSON alone", () => {
    expect(parseExact("[0.1234567890123456789,1e30]")).toEqual([0.123_456_789_012_345_68, 1e30]);
    expect(() => parseExact("{")).toThrow(SyntaxError);
    expect(isJsonObject(parseExact("[]"))).toBe(false);
  });
});
