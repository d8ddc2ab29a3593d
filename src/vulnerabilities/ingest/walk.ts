/**
 * Goes through a connection after its rules changed, a page of devices in a transaction with its place: whatever is covered otherwise than before is taken in, or leaves the
 * figures. Devices of which the same is covered are not touched: what is held of them waits for its run.
 */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../../kernel/ids.ts";
import { viewName } from "../../kernel/stream-ids.ts";
import type { MirrorRow } from "../../mirror/capability.ts";
import { textList } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import { agentOf } from "../agent-facts.ts";
import { floorOf, scopeOf, widens, type IngestScope } from "./match.ts";
import { tally, type IngestCounts, type Outcome } from "./outcomes.ts";
import { rulesOf } from "./rules.ts";
import { scopeDevices } from "./scope-changes.ts";
import { ingestTables, type WalkRow } from "./tables.ts";
import { factsOf, hold, knownAgents, leaveDevices, lookUpFindings, takeIn, type KnownAgent } from "./take-in.ts";

const PAGE = 200;
/** Of risks only two values are read. */
const NAMED_PAGE = 2000;
const NEXT: Readonly<Record<string, string>> = { mirror: "kept", kept: "named" };

export async function beginWalk(tx: Tx, connection: ConnectionId, run: string): Promise<void> {
  const walk = { connection_id: connection, phase: "mirror", after_id: "", run_id: run };
  await ingestTables(tx.db).insertInto("vuln_walks").values(walk).onConflict((conflict) => conflict.column("connection_id").doUpdateSet(walk)).execute();
}

export interface Walked {
  readonly run: string;
  readonly counts: IngestCounts;
}

/** A page of the first walk there is; null when there is none. */
export async function walkPage(tx: Tx, now: number, staleAfterMs: number): Promise<Walked | null> {
  const walk = await ingestTables(tx.db).selectFrom("vuln_walks").selectAll().orderBy("connection_id").limit(1).executeTakeFirst();
  if (walk === undefined) return null;
  const page = walk.phase === "mirror" ? await walkMirror(tx, walk, now, staleAfterMs) : walk.phase === "kept" ? await walkKept(tx, walk, now) : await walkNamed(tx, walk);
  const place = sql`connection_id = ${walk.connection_id}`;
  const next = NEXT[walk.phase];
  if (page.last !== null) await sql`UPDATE vuln_walks SET after_id = ${page.last} WHERE ${place}`.execute(tx.db);
  else if (next !== undefined) await sql`UPDATE vuln_walks SET phase = ${next}, after_id = '' WHERE ${place}`.execute(tx.db);
  else await sql`DELETE FROM vuln_walks WHERE ${place}`.execute(tx.db);
  return { run: walk.run_id, counts: tally(page.outcomes) };
}

interface Page {
  readonly outcomes: readonly Outcome[];
  /** Null at the end. */
  readonly last: string | null;
}

async function walkMirror(tx: Tx, { connection_id: connection, after_id: after }: WalkRow, now: number, staleAfterMs: number): Promise<Page> {
  const { rows } = await sql<MirrorRow>`SELECT * FROM ${sql.table(viewName("agents"))} WHERE connection_id = ${connection} AND id > ${after} ORDER BY id LIMIT ${PAGE}`.execute(tx.db);
  const rules = await rulesOf(tx.db, connection);
  const known = await knownAgents(tx, connection, rows.map((row) => String(row["id"])));
  const otherwise = rows.filter((row) => scopeOf(rules, agentOf(row).facts) !== (known.get(String(row["id"]))?.scope ?? "none"));
  const outcomes: Outcome[] = [];
  for (const [tenant, its] of Map.groupBy(otherwise, (row) => String(row["tenant_id"]))) {
    const inserted = its.map((row) => ({ id: String(row["id"]), before: null, after: row }));
    outcomes.push(...(await takeIn({ connection: connection as ConnectionId, tenant: tenant as TenantId, stream: "agents", inserted, changed: [], gone: [], watermark: null }, tx, { rules, now, staleAfterMs })));
  }
  const skipped = rows.length - otherwise.length;
  if (skipped > 0) outcomes.push({ of: "asset", agent: "", what: "unchanged", times: skipped });
  return { outcomes, last: rows.length < PAGE ? null : String(rows.at(-1)?.["id"] ?? "") };
}

/** Devices that the mirror has no more, or that only risks have named: by what we know of them. */
async function walkKept(tx: Tx, { connection_id: connection, after_id: after }: WalkRow, now: number): Promise<Page> {
  const { rows } = await sql<KnownAgent>`
    SELECT id, tenant_id, scope, facts FROM vuln_agents WHERE connection_id = ${connection} AND id > ${after}
    AND NOT EXISTS (SELECT 1 FROM ${sql.table(viewName("agents"))} AS m WHERE m.connection_id = vuln_agents.connection_id AND m.id = vuln_agents.id) ORDER BY id LIMIT ${PAGE}`.execute(tx.db);
  const rules = await rulesOf(tx.db, connection);
  const outcomes: Outcome[] = [];
  const changed = rows.flatMap((agent) => {
    const scope = scopeOf(rules, factsOf(agent));
    return scope === agent.scope ? [] : [{ id: agent.id, from: agent.scope as IngestScope, scope }];
  });
  outcomes.push(...(await leaveDevices(tx, connection, changed.filter(({ scope }) => scope === "none").map(({ id }) => id), now)));
  for (const [scope, agents] of Map.groupBy(changed.filter((one) => one.scope !== "none"), (one) => one.scope)) {
    const ids = agents.map(({ id }) => id);
    await sql`UPDATE vuln_agents SET scope = ${scope} WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
    for (const { id, from } of agents) if (from === "none") outcomes.push({ of: "asset", agent: id, what: "in-scope", times: 1 });
    outcomes.push(...(await scopeDevices(tx, connection, ids, scope, now)).map((change) => ({ of: "finding" as const, ...change })));
    await lookUpFindings(tx, connection, agents.filter(({ from }) => widens(from, scope)).map(({ id }) => id));
  }
  return { outcomes, last: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
}

/** Risks of devices that nobody lists and nobody has named yet: covered only where everything is. */
async function walkNamed(tx: Tx, { connection_id: connection, after_id: after }: WalkRow): Promise<Page> {
  if (floorOf(scopeOf(await rulesOf(tx.db, connection), null)) === undefined) return { outcomes: [], last: null };
  const { rows } = await sql<{ id: string; endpoint_id: string | null; tenant_id: string; known: string | null }>`
    SELECT r.id, r.endpoint_id, r.tenant_id, a.id AS known FROM ${sql.table(viewName("risks"))} AS r LEFT JOIN vuln_agents AS a ON a.connection_id = r.connection_id AND a.id = r.endpoint_id
    WHERE r.connection_id = ${connection} AND r.id > ${after} ORDER BY r.id LIMIT ${NAMED_PAGE}`.execute(tx.db);
  await hold(tx, rows.flatMap((row) => (row.known !== null || row.endpoint_id === null ? [] : [{ rule: "", connection, stream: "risks", id: row.id, agent: row.endpoint_id, tenant: row.tenant_id }])));
  return { outcomes: [], last: rows.length < NAMED_PAGE ? null : (rows.at(-1)?.id ?? null) };
}
