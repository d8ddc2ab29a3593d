import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KNOWLEDGE_MEANINGS, type KnowledgeType, type KnowledgeView } from "../kernel/case-knowledge-api.ts";
import { readCsv } from "../kernel/csv.ts";
import { Fault } from "../kernel/fault.ts";
import { foldedIndicator, speaksOf, valuesOf } from "./knowledge.ts";
import { CSV_HEADER, csvLine, ndjsonLine, readKnowledge } from "./knowledge-file.ts";
import { readHashes } from "./triage-lists.ts";
import type { RecordedAlert } from "./triage-model.ts";

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

const ALERT: RecordedAlert = {
  id: "a1",
  facts: {
    hash: ["3F0C9D1E3F0C9D1E3F0C9D1E3F0C9D1E"], path: ["\\Device\\HarddiskVolume3\\Deploy\\Setup.exe"], signer: ["PackStation Ltd"], domain: ["cdn.files.example.com"], address: ["10.20.4.17"], user: ["ORCHARD\\j.orozco"], device: ["OF-LT-0417"],
    "command-line": ["powershell.exe   -NoProfile -File C:\\x.ps1"],
  },
};

describe("an entry", () => {
  it.each<[KnowledgeType, string, boolean]>([
    ["hash", "3f0c9d1e3f0c9d1e3f0c9d1e3f0c9d1e", true],
    ["hash", "0".repeat(32), false],
    ["path", "*\\deploy\\*", true],
    ["path", "*\\deploy\\setup.?xe", true],
    ["path", "setup.exe", false],
    ["signer", " packstation ltd ", true],
    ["signer", "packstation", false],
    ["domain", "example.com", true],
    ["domain", "*.files.example.com", true],
    ["domain", "ample.com", false],
    ["address", "10.20.4.17", true],
    ["user", "J.Orozco", true],
    ["user", "orchard\\j.orozco", true],
    ["user", "orozco", false],
    ["device", "of-lt-0417", true],
    ["command-line", "powershell.exe -noprofile", true],
    ["command-line", "-encodedcommand", false],
  ])("for the %s %j speaks: %s", (type, indicator, expected) => {
    expect(speaksOf({ type, folded: foldedIndicator(type, { path: "indicator", value: indicator }) }, valuesOf([ALERT]))).toBe(expected);
  });

  it.each<[KnowledgeType, string, string]>([
    ["hash", "3f0c", "a hash is 32"],
    ["domain", "https://example.com/x", "a domain is like"],
    ["domain", "localhost", "a domain is like"],
    ["path", "*", "this would fit nearly everything"],
    ["path", "*\\*?*a", "this would fit nearly everything"],
    ["command-line", " - ", "this would fit nearly everything"],
    ["user", "  ", "this is empty"],
  ])("for the %s %j is refused, and why", (type, indicator, message) => {
    expect(refused(() => foldedIndicator(type, { path: "indicator", value: indicator }))).toContain(message);
  });
});

const view = (change: Partial<KnowledgeView>): KnowledgeView => ({
  id: "kno_1", tenant: null, type: "signer", indicator: "x", meaning: "benign", text: "y", expiresAt: null, expired: false, author: "mara", createdAt: "2026-06-01T12:00:00.000Z", updatedAt: "2026-06-01T12:00:00.000Z", updatedBy: "mara", hits: 3, lastHitAt: null, version: 1, ...change,
});

describe("a file of knowledge", () => {
  it("reads as what was written, whatever its cells hold, and nothing in it acts in a spreadsheet", () => {
    const cell = fc.oneof(fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }), fc.constantFrom('=HYPERLINK("http://x")', "'=1+1", "''-x", "@SUM(A1)", "-5", "+1 555", 'a"b,c\r\nd', "\t=1", "＝1", "\u001b[2J"));
    fc.assert(
      fc.property(cell, cell, fc.constantFrom(...KNOWLEDGE_MEANINGS), fc.constantFrom(null, "2027-01-31T00:00:00.000Z"), (indicator, text, meaning, expiresAt) => {
        const stored = { indicator: indicator.trim(), text: text.trim() };
        fc.pre(stored.indicator !== "" && stored.text !== "" && ![indicator, text].some((one) => one.includes("\0")));
        const one = view({ ...stored, meaning, expiresAt });
        const csv = `${CSV_HEADER}${csvLine(one)}`;
        const expected = [expect.objectContaining({ ...stored, type: "signer", meaning, expiresAt: expiresAt === null ? null : Date.parse(expiresAt) })];
        expect(readKnowledge("csv", csv)).toEqual(expected);
        expect(readKnowledge("ndjson", ndjsonLine(one))).toEqual(expected);
        for (const cells of readCsv(csv)) for (const shown of cells) expect(/^[=+\-@\t\r\n＝＋－＠]/u.test(shown) && !/^[+-]?\d/.test(shown)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("is taken as spreadsheets write it: semicolons, a byte order mark, columns in any order, empty cells", () => {
    expect(readKnowledge("csv", "\uFEFFtext;indicator;type;expiresAt\r\nours;PackStation Ltd;signer;\r\n\r\n")).toEqual([{ type: "signer", indicator: "PackStation Ltd", folded: "packstation ltd", meaning: "context", text: "ours", expiresAt: null }]);
  });

  it.each<["ndjson" | "csv", string, string]>([
    ["ndjson", "{", "line 1: not JSON"],
    ["ndjson", '{"type":"signer","indicator":"a","text":"b"}\n[1]', "line 2"],
    ["ndjson", '{"type":"colour","indicator":"a","text":"b"}', "line 1.type"],
    ["ndjson", '{"type":"signer","indicator":"a"}', "line 1.text: missing"],
    ["ndjson", '{"type":"signer","indicator":"a","text":"b","colour":1}', "line 1.colour: unknown key"],
    ["ndjson", `{"type":"signer","indicator":"a","text":"${"b".repeat(501)}"}`, "501 characters; at most 500"],
    ["ndjson", '{"type":"signer","indicator":"a","text":"b","expiresAt":"soon"}', "line 1.expiresAt is not a time"],
    ["ndjson", '{"type":"signer","indicator":"a","text":"b"}\n{"type":"signer","indicator":"A ","text":"c"}', "line 2: the same indicator as in line 1"],
    ["ndjson", "\n\n", "no entry"],
    ["csv", "type,indicator,text,colour\n", 'unknown column "colour"'],
    ["csv", "type,type,text\n", "a column is there twice"],
    ["csv", "type,indicator,text\nsigner,a,b,c\n", "line 2: 4 cells under 3 columns"],
    ["csv", 'type,indicator,text\nsigner,a,"b\n', "line 2: a quote is opened"],
    ["csv", "type,indicator,text\nsigner,a,b\nhash,xyz,b\n", "line 3.indicator: a hash is"],
  ])("%s %j is refused, with the line", (format, text, message) => {
    expect(refused(() => readKnowledge(format, text))).toContain(message);
  });
});

describe("a list of hashes", () => {
  it("is one hash a line, whatever stands behind it", () => {
    const [md5, sha1, sha256] = ["A".repeat(32), "b".repeat(40), "c".repeat(64)];
    expect([...readHashes(`\uFEFFsha1,comment\r\n${md5},x\r\n${sha1}  # ours\n\n${sha256}\t1\n"${sha1}"\n`)]).toEqual([md5.toLowerCase(), sha1, sha256]);
  });

  it("is refused for one line that is none, which is named", () => {
    expect(refused(() => readHashes(`${"a".repeat(32)}\nhash\n`))).toContain('Line 2 is no hash: MD5, SHA-1 or SHA-256 in hexadecimal digits is expected, not "hash"');
    expect(refused(() => readHashes("# nothing\n"))).toContain("no hash in it");
  });
});
