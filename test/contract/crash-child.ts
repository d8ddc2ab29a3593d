/** Killed by the store's contract suite: commits one row, says so, then dies in the middle of the next transaction. */
import { openSqlite } from "../../src/store/sqlite.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: crash-child FOLDER");
const store = await openSqlite({ folder });
const spec = { table: "kept", columns: [{ name: "id", type: "text" }, { name: "n", type: "integer" }], key: ["id"], update: ["n"] } as const;
await store.tx((tx) => tx.bulkUpsert(spec, [["committed", 1]]));
await store.tx(async (tx) => {
  // More than the page cache holds, so that uncommitted pages are already in the log when the kill comes.
  for (let part = 0; part < 40; part += 1) {
    await tx.bulkUpsert(spec, Array.from({ length: 1000 }, (_, row) => [`lost-${String(part)}-${String(row)}-${"x".repeat(1500)}`, 2]));
  }
  process.stdout.write("in the middle\n");
  await new Promise(() => setInterval(() => undefined, 1000));
});
