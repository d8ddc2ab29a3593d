/** Lists of people that a tenant keeps elsewhere (personnel, identity provider): users of its consoles are compared with them. Of a person nothing is kept but the address. */
import { isoTime } from "../kernel/clock.ts";
import { notFound, oneByReference } from "../kernel/reference.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { createHash } from "node:crypto";
import { withinScope } from "../store/conditions.ts";
import type { BulkUpsert, Database, Tx } from "../store/store.ts";
import type { ReadPeople } from "./list-csv.ts";
import { riskTables, type ListRow } from "./risk-tables.ts";

const ENTRIES: BulkUpsert = {
  table: "access_list_entries",
  columns: [{ name: "list_id", type: "text" }, { name: "key", type: "text" }, { name: "here", type: "integer" }],
  key: ["list_id", "key"],
  update: ["here"],
};
const ROWS = 5_000;

export interface ListDraft {
  readonly tenant: TenantId;
  readonly kind: "hr" | "idp";
  readonly name: string;
  readonly people: ReadPeople["people"];
}

/** Puts it in the place of one of that name, with its id: findings and exceptions stay what they were. */
export async function putList(tx: Tx, { tenant, kind, name, people }: ListDraft, by: string, now: number): Promise<ListRow> {
  const id = `lst_${createHash("sha256").update(JSON.stringify([tenant, name])).digest("hex").slice(0, 20)}`;
  const row: ListRow = { id, tenant_id: tenant, kind, name, entries: people.size, gone: [...people.values()].filter((here) => !here).length, uploaded_by: by, uploaded_at: now };
  const db = riskTables(tx.db);
  await db.deleteFrom("access_list_entries").where("list_id", "=", id).execute();
  await db.insertInto("access_lists").values(row).onConflict((conflict) => conflict.column("id").doUpdateSet(row)).execute();
  let rows: (readonly [string, string, number])[] = [];
  for (const [key, here] of people) {
    rows.push([id, key, here ? 1 : 0]);
    if (rows.length < ROWS) continue;
    await tx.bulkUpsert(ENTRIES, rows);
    rows = [];
  }
  if (rows.length > 0) await tx.bulkUpsert(ENTRIES, rows);
  return row;
}

export async function allLists(db: Database, scope: TenantScope): Promise<readonly ListRow[]> {
  return riskTables(db).selectFrom("access_lists").selectAll().where(withinScope(scope)).orderBy("tenant_id").orderBy("name").limit(1_000).execute();
}

export async function removeList(tx: Tx, scope: TenantScope, reference: string): Promise<ListRow> {
  const found = await riskTables(tx.db).selectFrom("access_lists").selectAll().where(withinScope(scope)).where((where) => where.or([where("id", "=", reference), where("name", "=", reference)])).orderBy("id").execute();
  if (found.length === 0) throw notFound("list", "vedette access risks lists");
  const row = oneByReference(found, reference, "list", "vedette access risks lists");
  await riskTables(tx.db).deleteFrom("access_list_entries").where("list_id", "=", row.id).execute();
  await riskTables(tx.db).deleteFrom("access_lists").where("id", "=", row.id).execute();
  return row;
}

export function listView({ id, tenant_id: tenant, kind, name, entries, gone, uploaded_by: uploadedBy, uploaded_at: at }: ListRow) {
  return { id, tenant, kind, name, entries: Number(entries), gone: Number(gone), uploadedBy, uploadedAt: isoTime(Number(at)) };
}

