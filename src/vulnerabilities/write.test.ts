/** What is written many rows at a time comes out in its order, and as text that both engines hold. */
import { sql } from "kysely";
import { expect, it } from "vitest";
import type { HistoryRow } from "./tables.ts";
import { agent, CON, NOW, risk, TEN, vulnerabilityBench } from "./test-bench.ts";
import { writeHistory, writeInstances } from "./write.ts";

it("history is kept in the order it was told, whatever is in its texts", async () => {
  const bench = await vulnerabilityBench();
  const rows = Array.from({ length: 1200 }, (_, at): Omit<HistoryRow, "seq"> => ({
    tenant_id: TEN, connection_id: CON, instance_id: "ins_1", at: 1_780_000_000_123, event: "decided", from_status: at === 0 ? null : "active", to_status: "accepted-risk", decided_by: "person",
    actor: at === 7 ? "a\0b\ud800 '; DROP" : `person ${String(at)}`, details: JSON.stringify({ reason: at === 7 ? "c\0d" : null }),
  }));
  await bench.store.tx((tx) => writeHistory(tx, rows));
  const { rows: kept } = await sql<HistoryRow>`SELECT * FROM vuln_history ORDER BY seq`.execute(bench.store.read);
  const clean = (row: Omit<HistoryRow, "seq">) => ({ ...row, actor: row.actor?.replaceAll(/[\0\ud800]/g, "\ufffd") });
  expect(kept).toEqual(rows.map((row, at) => ({ seq: at + 1, ...clean(row) })));
  await bench.close();
});

it("an instance keeps what the console and people wrote, with a sign in place of what no engine holds, and nothing else of it is touched", async () => {
  const bench = await vulnerabilityBench();
  await bench.listing("agents", [agent("1", NOW)]);
  await bench.listing("risks", [risk("1", "1", NOW)]);
  const [plain] = await bench.instances();
  if (plain === undefined) throw new Error("no instance");
  const hostile = { ...plain, version: "4\0.2", row_id: "r\ud800", actor: "a\0b\ud800 '; DROP", reason: "\udc00c", facts: JSON.stringify({ rowStatus: "x\0y\ud800" }) };
  await bench.store.tx((tx) => writeInstances(tx, [hostile]));
  expect(await bench.instances()).toEqual([{ ...hostile, version: "4\ufffd.2", row_id: "r\ufffd", actor: "a\ufffdb\ufffd '; DROP", reason: "\ufffdc" }]);
  await bench.close();
});
