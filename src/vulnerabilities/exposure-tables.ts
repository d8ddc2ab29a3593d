/** Tables of what posture is told: devices whose weaknesses may be others than when it last asked, and the connections that are answered for. */
import { sql } from "kysely";
import type { Database, Migration } from "../store/store.ts";

async function createMarks(db: Database): Promise<void> {
  const statements = [
    "create table vuln_exposure_marks (connection_id text not null, agent_id text not null, after_id text not null, primary key (connection_id, agent_id))",
    "create table vuln_exposure_known (connection_id text not null primary key)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const exposureMigrations: readonly Migration[] = [{ id: "0720-vulnerability-exposure", up: createMarks }];
