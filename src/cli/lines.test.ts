import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ndjson } from "./lines.ts";
import { gather } from "./lists.ts";
import { safeJson } from "./terminal.ts";

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("NDJSON", () => {
  it("reads the same values however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), async (values, size) => {
        const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
        expect((await gather(ndjson(cut(text, size)))).map(safeJson)).toEqual(values.map(safeJson));
      }),
      { numRuns: 50 },
    );
  });

  it("an integer beyond 2^53 keeps its digits", async () => {
    const [row] = await gather(ndjson(cut("[9223372036854775807,1.5,-9007199254740993]\n", 4)));

    expect(safeJson(row)).toBe("[9223372036854775807,1.5,-9007199254740993]");
  });

  it("an answer that stops in mid-line is a fault, not a short answer", async () => {
    await expect(gather(ndjson(cut('[1]\n["half', 3)))).rejects.toMatchObject({ code: "HUB_UNREACHABLE" });
  });
});
