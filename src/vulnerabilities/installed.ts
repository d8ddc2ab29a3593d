/** Which versions of a program a device has by the console's inventory, which is read daily: what replaced the version that a closed finding was about. */
import { sql } from "kysely";
import { viewName } from "../kernel/stream-ids.ts";
import { textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { fold } from "./cells.ts";

export interface Program {
  readonly agent: string;
  readonly application: string;
}

/** `agent application` to the versions, joined by a comma; without those the inventory does not name. */
export async function installedVersions(tx: Tx, connection: string, programs: readonly Program[]): Promise<(program: Program) => string | null> {
  if (programs.length === 0) return () => null;
  const { rows } = await sql<{ agent: string; name: string; version: string | null }>`
    SELECT a.id AS agent, p.application_name AS name, p.version FROM vuln_agents AS a JOIN ${sql.table(viewName("applications"))} AS p ON p.connection_id = a.connection_id AND p.endpoint_uuid = a.uuid
    WHERE a.connection_id = ${connection} AND a.id IN ${textList(tx.kind, [...new Set(programs.map(({ agent }) => agent))])} AND p.application_name IN ${textList(tx.kind, [...new Set(programs.map(({ application }) => application))])}
    ORDER BY p.version`.execute(tx.db);
  const versions = new Map<string, Set<string>>();
  for (const { agent, name, version } of rows) {
    if (version === null || version === "") continue;
    const key = `${agent} ${fold(name)}`;
    versions.set(key, (versions.get(key) ?? new Set()).add(version));
  }
  return ({ agent, application }) => {
    const found = versions.get(`${agent} ${fold(application)}`);
    return found === undefined ? null : [...found].join(", ");
  };
}

/** What the inventory still names the version that is gone for says nothing of what came after it. */
export function replacing(was: string | null, now: string | null): string | null {
  return now === null || fold(now) === fold(was) ? null : now;
}
