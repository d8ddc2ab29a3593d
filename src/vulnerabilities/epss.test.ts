import { describe, expect, it } from "vitest";
import { parseEpss } from "./epss.ts";

const CSV = "#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\r\ncve,epss,percentile\r\nCVE-2021-44228,0.94358,0.99958\r\ncve-2024-0001,0.00043,0.1\r\n";
const rowsOf = (text: string): readonly unknown[] => [...parseEpss(text).rows];

describe("exploit prediction scores", () => {
  it("are read from the daily file, with its model and its day", () => {
    const { model, scoredAt, rows } = parseEpss(CSV);

    expect({ model, scoredAt }).toEqual({ model: "v2025.03.14", scoredAt: Date.UTC(2026, 10, 20) });
    expect([...rows]).toEqual([{ cve: "CVE-2021-44228", score: 0.94358, percentile: 0.99958 }, { cve: "CVE-2024-0001", score: 0.00043, percentile: 0.1 }]);
  });

  it("are read from an answer of the API, whose numbers are texts", () => {
    const answer = { status: "OK", total: 1, data: [{ cve: "CVE-2021-44228", epss: "0.943580000", percentile: "0.999580000", date: "2026-11-20" }] };

    expect(rowsOf(JSON.stringify(answer))).toEqual([{ cve: "CVE-2021-44228", score: 0.94358, percentile: 0.99958 }]);
    expect(() => rowsOf(JSON.stringify({ ...answer, total: 300_000 }))).toThrow("one page of many");
  });

  it("that cannot be read are named by their line, and nothing is guessed", () => {
    expect(() => rowsOf(`${CSV}CVE-2024-0002,1.2,0.5\n`)).toThrow("Line 5");
    expect(() => rowsOf(`${CSV}CVE-2024-0002,,0.5\n`)).toThrow("Line 5");
    expect(() => rowsOf(`${CSV}CVE-2024-0002,0.1,0.5,x\n`)).toThrow("Line 5");
    expect(() => rowsOf(`${CSV}=1+1,0.1,0.5\n`)).toThrow("no CVE id");
    for (const text of ["", "cve,epss,percentile\n", "#score_date:never\ncve,epss,percentile\n", "#score_date:2026-01-01\nx\n", "{", '{"data":[null]}', '{"data":[]}']) expect(() => rowsOf(text)).toThrow();
  });
});
