import { describe, expect, it } from "vitest";
import { csvCell, csvRow, readCsv, readCsvRows } from "./csv.ts";

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

describe("a list somebody keeps in a spreadsheet", () => {
  it.each([
    ["commas and quotes", 'a,b\r\n"x, ""y""",z\r\n', [["a", "b"], ['x, "y"', "z"]]],
    ["semicolons, a mark in front, bare line ends", "\ufeffa;b\n1;2\n\n3;", [["a", "b"], ["1", "2"], ["3", ""]]],
    ["tabs and a line end inside a cell", 'a\tb\n"1\n2"\t3', [["a", "b"], ["1\n2", "3"]]],
    ["a quote that never ends", 'a\n"1,2\n3', [["a"], ["1,2\n3"]]],
    ["nothing", "", []],
  ])("is read with %s", (_what, text, rows) => {
    expect([...readCsv(text)]).toEqual(rows);
  });

  it("says on which line each row begins, and which quote never ends", () => {
    const rows = [...readCsvRows('a,b\r\n"1\n2",3\n\n4,"5\n6')];

    expect(rows.map(({ line, open }) => [line, open])).toEqual([[1, false], [2, false], [5, true]]);
  });
});
