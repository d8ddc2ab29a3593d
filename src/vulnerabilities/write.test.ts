/** What is written many rows at a time comes out in its order, and as text that both engines hold. */
import { sql } from "kysely";
import { expect, it } from "vitest";
import type { HistoryRow } from "./tables.ts";
import { CON, TEN, vulnerabilityBench } from "./test-bench.ts";
import { writeHistory } from "./write.ts";

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
