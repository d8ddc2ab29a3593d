/** What is remembered of findings within a transaction is what is stored, whatever becomes of the pages. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Tx } from "../store/store.ts";
import { storedFindings, storeFindings } from "./stored-findings.ts";
import type { FindingRow } from "./tables.ts";
import { TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const finding = (id: string, severity: number): FindingRow => ({ id, tenant_id: TEN, cve: "CVE-2026-0001", application: "PackStation", vendor: null, severity, exploited: null, first_seen: 1, facts: "{}", score: 1 });
const severity = async (tx: Tx, id: string): Promise<number | undefined> => (await storedFindings(tx, [id], true)).get(id)?.severity;

it("one that is written is known as written, and as it was where that page is undone", async () => {
  await bench.store.tx(async (tx) => {
    expect(await severity(tx, "fnd_1")).toBeUndefined();
    await storeFindings(tx, [finding("fnd_1", 2)]);
    expect(await severity(tx, "fnd_1")).toBe(2);
    await expect(
      tx.savepoint(async () => {
        expect(await severity(tx, "fnd_1")).toBe(2);
        await storeFindings(tx, [finding("fnd_1", 0), finding("fnd_2", 1)]);
        throw new Error("the page failed");
      }),
    ).rejects.toThrow("the page failed");
    expect([await severity(tx, "fnd_1"), await severity(tx, "fnd_2")]).toEqual([2, undefined]);
  });
});

it("the next transaction reads anew, and more than are remembered are told all the same", async () => {
  const many = Array.from({ length: 4100 }, (_, at) => finding(`fnd_${String(at)}`, at % 5));
  await bench.store.tx(async (tx) => {
    await storeFindings(tx, many);
    for (let at = 0; at < many.length; at += 600) {
      const ids = [...many.slice(at, at + 600), ...many.slice(0, 3)].map(({ id }) => id);
      const known = await storedFindings(tx, ids, true);
      expect(ids.map((id) => known.get(id)?.severity)).toEqual([...many.slice(at, at + 600), ...many.slice(0, 3)].map((row) => row.severity));
    }
  });
  await bench.store.tx((tx) => storeFindings(tx, [finding("fnd_0", 3)]));
  expect(await bench.store.tx((tx) => severity(tx, "fnd_0"))).toBe(3);
});
