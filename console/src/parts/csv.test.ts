import { describe, expect, it } from "vitest";
import { csvOf } from "./csv.ts";

const columns = [
  { header: "Name", text: (row: { readonly name: string; readonly note: string }) => row.name },
  { header: "Note", text: (row: { readonly name: string; readonly note: string }) => row.note },
];

describe("a table as a file", () => {
  it("quotes what would break a line or a cell", () => {
    expect(csvOf(columns, [{ name: 'a "b", c', note: "two\nlines" }])).toBe('Name,Note\r\n"a ""b"", c","two\nlines"\r\n');
  });

  it("lets no text of a record be taken for a formula", () => {
    expect(csvOf(columns, [{ name: "=HYPERLINK(1)", note: "@x" }, { name: "+1", note: "-1" }])).toBe("Name,Note\r\n'=HYPERLINK(1),'@x\r\n'+1,'-1\r\n");
  });
});
