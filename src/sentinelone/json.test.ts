import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutListing, mayHoldLongInteger, parseBody, parseForMerge, recordOf, WrongCut, type QuickCut } from "./json.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const BIG = "9223372036854775807";

describe("long integers", () => {
  it.each([`{"a":${BIG}}`, `[${BIG}]`, `[-${BIG}]`, `{"a": ${BIG}}`, `[1,${BIG}]`, `{"a":\n${BIG}}`, `{"pad":"${"x".repeat(5)}","a":${"1".repeat(16)}}`])("finds %s", (text) => {
    for (let pad = 0; pad < 16; pad += 1) expect(mayHoldLongInteger(bytes(" ".repeat(pad) + text))).toBe(true);
  });

  it("is not led astray by ids in quotes, short numbers or fractions", () => {
    expect(mayHoldLongInteger(bytes(`{"id":"${BIG}","n":123456789012345,"f":1.2345678901234567890}`))).toBe(false);
  });

  it("become strings in values and keep their digits in text", () => {
    expect(parseBody(bytes(`{"a":${BIG},"b":[-${BIG}],"c":9007199254740991,"d":1}`))).toEqual({ a: BIG, b: [`-${BIG}`], c: 9_007_199_254_740_991, d: 1 });

    const { value, exact } = parseForMerge(bytes(`{"a":${BIG},"b":1.5}`));
    expect(recordOf(value, exact)).toEqual({ raw: `{"a":${BIG},"b":1.5}`, value: { a: BIG, b: 1.5 } });
  });
});

describe("cutting a listing into records", () => {
  it("gives each record its own text, as it came", () => {
    const listing = cutListing(bytes(`\n { "data" : [ {"id":"1", "n":${BIG}} , {"id":"2","t":"]}\\"{["} ] , "pagination":{"nextCursor":null}}\n`));

    expect(listing?.records.map(({ raw, value }) => ({ raw, value }))).toEqual([
      { raw: `{"id":"1", "n":${BIG}}`, value: { id: "1", n: BIG } },
      { raw: '{"id":"2","t":"]}\\"{["}', value: { id: "2", t: ']}"{[' } },
    ]);
    expect(listing?.envelope).toEqual({ data: [], pagination: { nextCursor: null } });
  });

  it("takes an empty listing", () => {
    expect(cutListing(bytes('{"data":[],"pagination":{}}'))).toEqual({ records: [], envelope: { data: [], pagination: {} } });
  });

  it.each(['{"data":{}}', '{"pagination":{},"data":[{}]}', '{"data":[1,2]}', '{"data":["a"]}', '{"data":[{}{}]}', '{"data":[{},]}', '{"data":[,{}]}', '{"data":[{"a":1]}]}', '{"data":[{}]', '{"data":[{"a":"x', '{"data":[{}],"data":[{}]}', '{"data":[{}],"data":null}', "", "<html>"])(
    "leaves %s to be parsed whole",
    (text) => {
      expect(cutListing(bytes(text))).toBeNull();
    },
  );

  it("text between brackets that is no JSON is a fault when it is looked at", () => {
    const listing = cutListing(bytes('{"data":[{"id":"1"},{a:1}],"pagination":{}}'));

    expect(listing?.records[0]?.value).toEqual({ id: "1" });
    expect(() => listing?.records[1]?.value).toThrow("not JSON");
  });

  it("agrees with JSON.parse on any listing", () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.jsonValue(), fc.constantFrom(0, 1, 3), (rows, extra, indent) => {
        const text = JSON.stringify({ data: rows, pagination: { nextCursor: null }, extra }, null, indent);
        const listing = cutListing(bytes(text));
        expect(listing?.records.map(({ value }) => value)).toEqual((parseBody(bytes(text)) as { data: unknown[] }).data);
        expect(listing?.records.map(({ raw }) => JSON.parse(raw) as unknown)).toEqual((JSON.parse(text) as { data: unknown[] }).data);
      }),
      { numRuns: 300 },
    );
  });

  it("a key named __proto__ stays an own key and changes no object", () => {
    const listing = cutListing(bytes('{"data":[{"id":"1","__proto__":{"admin":true}}],"pagination":{}}'));

    expect(Object.hasOwn(listing?.records[0]?.value ?? {}, "__proto__")).toBe(true);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe("cutting a listing quickly", () => {
  const quick = (text: string, by: QuickCut = "one-key"): readonly unknown[] | "wrong" | undefined => {
    try {
      return cutListing(bytes(text), by)?.records.map(({ raw, value }) => ({ raw, value }));
    } catch (error) {
      if (error instanceof WrongCut) return "wrong";
      throw error;
    }
  };
  const careful = (text: string): readonly unknown[] | undefined => cutListing(bytes(text))?.records.map(({ raw, value }) => ({ raw, value }));

  it("cuts where the first key of the first record comes again", () => {
    const text = '{"data":[{"id":"1","of":[{"n":1},{"n":2}]},{"id":"2"},{"id":"3"}],"pagination":{"nextCursor":null}}';

    expect(quick(text)).toEqual(careful(text));
    expect(quick(text)).toHaveLength(3);
  });

  it("tells a record by its first two keys from what lies in it", () => {
    const text = '{"data":[{"id":"1","email":"a","of":[{"id":"7","name":"x"},{"id":"8","name":"y"}]},{"id":"2","email":"b"},{"id":"3\\"","email":"c"}],"pagination":{"nextCursor":null}}';

    expect(quick(text)).toBe("wrong");
    expect(quick(text, "two-keys")).toBe("wrong");
    const usual = text.replace('3\\"', "3");
    expect(quick(usual)).toBe("wrong");
    expect(quick(usual, "two-keys")).toEqual(careful(usual));
    expect(careful(usual)).toHaveLength(3);
  });

  it.each([
    ["objects inside a record that begin with the same key", '{"data":[{"id":"1","of":[{"id":"a"},{"id":"b"}]},{"id":"2"}],"pagination":{}}'],
    ["a string that looks like the seam of two records", '{"data":[{"id":"1","t":"x},{"},{"id":"2"}],"pagination":{}}'],
    ["records whose keys come in another order", '{"data":[{"id":"1","n":1},{"n":2,"id":"2"}],"pagination":{}}'],
    ["a list in the envelope that ends like the records do", '{"data":[{"id":"1"}],"pagination":{},"more":[{"id":"2"}]}'],
  ])("sees that it was wrong, or is right: %s", (_, text) => {
    for (const found of [quick(text), quick(text, "two-keys")]) if (found !== "wrong") expect(found).toEqual(careful(text));
    expect(careful(text)).toBeDefined();
  });

  it("is never wrong without saying so, on any listing", () => {
    const key = fc.constantFrom("id", "a", '},{"id":', "data");
    const record = fc.dictionary(key, fc.oneof(fc.string(), fc.constantFrom('},{"id":', '"},{"id":"', "}]"), fc.array(fc.dictionary(key, fc.string())), fc.jsonValue()));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.jsonValue(), (rows, extra) => {
        const text = JSON.stringify({ data: rows, pagination: { nextCursor: null }, extra });
        for (const found of [quick(text), quick(text, "two-keys")]) if (found !== "wrong") expect(found).toEqual(careful(text));
      }),
    );
  });
});
