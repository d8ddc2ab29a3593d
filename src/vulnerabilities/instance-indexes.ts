/**
 * The indexes of the large table. Rows of a first reading come device by device: the key and the index by device grow at their ends. The two others would be written all over,
 * a page of the file for each row: they are left out while the first rows of all come in, and made in one go when those are there.
 */
import { sql } from "kysely";
import type { Database, Migration, Tx } from "../store/store.ts";

const LATER: Readonly<Record<string, string>> = {
  // All that is asked of findings by the hundred: how many, on which devices, how late.
  vuln_instances_finding: "(finding_id, class, due_at, agent_id)",
  vuln_instances_class: "(tenant_id, class, severity, due_at)",
};

/** In the transaction that brings the first rows there are. */
export async function leaveOutIndexes(tx: Tx): Promise<void> {
  const { rows } = await sql`SELECT 1 FROM vuln_instances LIMIT 1`.execute(tx.db);
  if (rows.length > 0) return;
  for (const name of Object.keys(LATER)) await sql.raw(`DROP INDEX IF EXISTS ${name}`).execute(tx.db);
}

/** Makes one that is left out, once nothing more is owed; true where another one is. */
export async function makeIndexes(tx: Tx): Promise<boolean> {
  const missing: string[] = [];
  for (const name of Object.keys(LATER)) if (!(await exists(tx, name))) missing.push(name);
  const [first] = missing;
  if (first === undefined) return false;
  const { rows: owed } = await sql`SELECT 1 FROM mirror_owed WHERE capability = 'vulnerabilities' AND stream = 'risks' AND ready = 1`.execute(tx.db);
  if (owed.length > 0) return false;
  await make(tx.db, first);
  return missing.length > 1;
}

async function make(db: Database, name: string): Promise<void> {
  await sql.raw(`CREATE INDEX IF NOT EXISTS ${name} ON vuln_instances ${LATER[name] ?? ""}`).execute(db);
}

async function exists({ db, kind }: Tx, name: string): Promise<boolean> {
  const { rows } = await (kind === "sqlite" ? sql`SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ${name}` : sql`SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = ${name}`).execute(db);
  return rows.length > 0;
}

async function remake(db: Database): Promise<void> {
  for (const name of ["present", "agent", "finding", "class"]) await sql.raw(`DROP INDEX vuln_instances_${name}`).execute(db);
  await sql.raw("CREATE INDEX vuln_instances_agent ON vuln_instances (connection_id, agent_id, present)").execute(db);
  for (const name of Object.keys(LATER)) await make(db, name);
}

export const instanceIndexMigrations: readonly Migration[] = [{ id: "0730-vulnerability-indexes", up: remake }];
