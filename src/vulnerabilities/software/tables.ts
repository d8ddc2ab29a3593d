/**
 * Tables of what changed in the inventory of software: what is there is the mirror's, and from there any earlier date is told backwards. A row is written when a device has
 * an application in a version that it did not have (`sign` 1), or has it no more (-1). `at`: when that was read, ms; `device`: the console's uuid of the agent, or its id where none is stated. Texts that are not stated are empty. `vuln_software_known`:
 * connections whose inventory was read whole once, and up to when the first such reading told.
 */
import { sql } from "kysely";
import type { Database, Migration, Store } from "../../store/store.ts";

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    `create table vuln_software_changes (
      seq ${seq}, tenant_id text not null, connection_id text not null, device text not null, application text not null, vendor text not null, version text not null, at bigint not null, sign integer not null)`,
    "create index vuln_software_changes_application on vuln_software_changes (tenant_id, application, at)",
    "create index vuln_software_changes_device on vuln_software_changes (connection_id, device, at)",
    "create index vuln_software_changes_at on vuln_software_changes (at)",
    "create table vuln_software_known (connection_id text not null primary key, since bigint not null)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const softwareMigrations: readonly Migration[] = [{ id: "0760-vulnerability-software", up: createAll }];
