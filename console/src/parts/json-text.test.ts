import { describe, expect, it } from "vitest";
import { indentJson } from "./json-text.ts";

describe("a record as it came", () => {
  it("is indented and stays the same record", () => {
    const record = { a: [1, { b: "x, {y}: [z] \\\" \u2028" }], empty: {}, none: [], text: "tab\tand \\ slash", yes: true, nothing: null };

    expect(indentJson(JSON.stringify(record))).toBe(JSON.stringify(record, null, 2));
  });

  it("keeps every digit of a number that is too long for the browser", () => {
    expect(indentJson('{"id":12345678901234567890}')).toBe('{\n  "id": 12345678901234567890\n}');
  });
});
