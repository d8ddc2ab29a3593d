import { describe, expect, it } from "vitest";
import { csvCell, csvRow } from "./csv.ts";

describe("CSV", () => {
  it.each(["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1"])("a cell %j cannot run as a formula", (text) => {
    expect(csvCell(text).replace(/^"/, "").startsWith("'")).toBe(true);
  });

  it.each(["-5", "+3.25", "-1e9", "1.5"])("a plain number %j stays a number", (text) => {
    expect(csvCell(text)).toBe(text);
  });

  it("quotes what needs quotes, ends rows with CRLF, leaves null empty", () => {
    expect(csvRow(['a "b"', "c,d", "e\nf", null, 5, -5])).toBe('"a ""b""","c,d","e\nf",,5,-5\r\n');
  });
});
