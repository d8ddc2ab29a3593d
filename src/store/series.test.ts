import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { countedBy } from "./series.ts";
import { openSqlite } from "./sqlite.ts";

it("counts by period from the first whole one to the one under way, and nothing from outside", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-series-"));
  const store = await openSqlite({ folder });
  await store.tx(async ({ db }) => {
    await sql`create table moments (at bigint not null)`.execute(db);
    await sql`insert into moments values (999), (1000), (1999), (3000), (3500), (3999), (4000)`.execute(db);
  });
  expect(await countedBy(store.read, { table: "moments", at: "at", where: sql`1 = 1`, periodMs: 1000, periods: 3 }, 3500)).toEqual([2, 0, 3]);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
