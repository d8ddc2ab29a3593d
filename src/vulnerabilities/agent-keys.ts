/**
 * What agents are recognised by, so that whoever shares an identifier is found. Identifiers stand with their agent; what leads to it is a number of each, because an index of
 * texts in no order costs a first reading of a large estate more than all else. Two identifiers may have one number: whoever is found by numbers is compared by identifiers.
 */
import { sql, type RawBuilder } from "kysely";
import { numberList, rowList } from "../store/conditions.ts";
import type { BulkUpsert, Database, Migration, Store, Tx } from "../store/store.ts";
import type { AgentKey } from "./agent-facts.ts";
import type { IdentifierKind } from "./model.ts";
import type { AgentRow } from "./tables.ts";

/** `agent` is the number of its row. */
const NUMBERS: BulkUpsert = { table: "vuln_agent_numbers", columns: ["key", "agent"].map((name) => ({ name, type: "integer" as const })), key: ["key", "agent"], update: [] };
/** Devices that share one identifier: a name of a laboratory's hundred machines is asked about no further. */
const MOST_SHARING = 2_000;
const MIGRATED_AT_ONCE = 1000;

export function agentNumber(connection: string, id: string): number {
  return numberOf(`${connection} ${id}`);
}

/** One tenant's identifiers lead to no other's devices. */
export function keyNumber(tenant: string, { kind, key }: AgentKey): number {
  return numberOf(`${tenant} ${kind} ${key}`);
}

/** As its column keeps them: `[[kind, key], …]`. */
export function keysText(keys: readonly AgentKey[]): string {
  return keys.length === 0 ? "[]" : JSON.stringify(keys.map(({ kind, key }) => [kind, key]));
}

export function keysOf({ keys }: Pick<AgentRow, "keys">): readonly AgentKey[] {
  return keys === "[]" ? [] : (JSON.parse(keys) as readonly (readonly [IdentifierKind, string])[]).map(([kind, key]) => ({ kind, key }));
}

/** Agents of the tenant that have one of these numbers. The tenant's agents are never gone through for it: `||` keeps its index out. */
export function sharing(kind: Tx["kind"], tenant: string, keys: readonly number[]): RawBuilder<AgentRow> {
  return sql`
    SELECT a.* FROM vuln_agents AS a WHERE a.number IN (SELECT n.agent FROM vuln_agent_numbers AS n WHERE n.key IN ${numberList(kind, keys)} LIMIT ${MOST_SHARING}) AND a.tenant_id || '' = ${tenant}`;
}

type Learnt = Pick<AgentRow, "tenant_id" | "number" | "keys">;

/** What leads to these agents from now on; `before` are their rows as they were stored. What was the same stays untouched. */
export async function learn(tx: Tx, agents: readonly { readonly before: Learnt | undefined; readonly after: Learnt }[]): Promise<void> {
  const otherwise = agents.filter(({ before, after }) => before?.keys !== after.keys || before.tenant_id !== after.tenant_id);
  await forgetNumbers(tx, otherwise.flatMap(({ before }) => before ?? []));
  const rows = otherwise.flatMap(({ after }) => numbersOf(after).map((key) => [key, after.number]));
  if (rows.length > 0) await tx.bulkUpsert(NUMBERS, rows);
}

/** Pairs of what these agents were recognised by and the agents themselves. */
async function forgetNumbers(tx: Tx, agents: readonly Learnt[]): Promise<void> {
  const known = agents.filter(({ keys }) => keys !== "[]");
  if (known.length === 0) return;
  await sql`DELETE FROM vuln_agent_numbers WHERE key IN ${numberList(tx.kind, known.flatMap(numbersOf))} AND agent IN ${numberList(tx.kind, known.map((row) => row.number))}`.execute(tx.db);
}

function numbersOf(row: Learnt): readonly number[] {
  return keysOf(row).map((key) => keyNumber(row.tenant_id, key));
}

/** A bounded number of agents with what leads to them; how many there were. */
export async function dropAgents(tx: Tx, column: "tenant_id" | "connection_id", value: string, limit: number): Promise<number> {
  const { rows } = await sql<Learnt & Pick<AgentRow, "connection_id" | "id">>`SELECT connection_id, id, tenant_id, number, keys FROM vuln_agents WHERE ${sql.ref(column)} = ${value} LIMIT ${limit}`.execute(tx.db);
  if (rows.length === 0) return 0;
  await forgetNumbers(tx, rows);
  await sql`DELETE FROM vuln_agents WHERE (connection_id, id) IN ${rowList(tx.kind, 2, rows.map((row) => [row.connection_id, row.id]))}`.execute(tx.db);
  return rows.length;
}

/** Two passes of FNV-1a with a last stir, 52 bits: no more than a number holds exactly. It must never change, for it is stored. */
function numberOf(text: string): number {
  let [one, two] = [0x811c9dc5, 0x2f0b4a87];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x5bd1e995);
  }
  return (stirred(one) >>> 12) * 2 ** 32 + stirred(two);
}

function stirred(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const statements = [
    `create table vuln_agent_numbers (key bigint not null, agent bigint not null, primary key (key, agent))${kind === "sqlite" ? " without rowid" : ""}`,
    "alter table vuln_agents add column number bigint not null default 0",
    "alter table vuln_agents add column keys text not null default '[]'",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
  await carryOver(db, kind);
  await sql.raw("drop table vuln_agent_keys").execute(db);
  await sql.raw("create index vuln_agents_number on vuln_agents (number)").execute(db);
}

/** What earlier versions kept as rows of text. By the tenant, whose index `||` keeps out, all of its identifiers would be gone through for each. */
async function carryOver(db: Database, kind: Store["kind"]): Promise<void> {
  const listed = kind === "sqlite" ? sql`json_group_array(json_array(k.kind, k.key))` : sql`json_agg(json_build_array(k.kind, k.key))::text`;
  for (let [connection, after] = ["", ""]; ; ) {
    const { rows } = await sql<{ connection_id: string; id: string; tenant_id: string; keys: string | null }>`
      SELECT a.connection_id, a.id, a.tenant_id, (SELECT ${listed} FROM vuln_agent_keys AS k WHERE k.connection_id = a.connection_id AND k.agent_id = a.id AND k.tenant_id || '' = a.tenant_id) AS keys
      FROM vuln_agents AS a WHERE (a.connection_id, a.id) > (${connection}, ${after}) ORDER BY a.connection_id, a.id LIMIT ${MIGRATED_AT_ONCE}`.execute(db);
    for (const { connection_id: of, id, tenant_id: tenant, keys: found } of rows) {
      const number = agentNumber(of, id);
      const keys = keysText(keysOf({ keys: found ?? "[]" }));
      await sql`UPDATE vuln_agents SET number = ${number}, keys = ${keys} WHERE connection_id = ${of} AND id = ${id}`.execute(db);
      for (const key of numbersOf({ tenant_id: tenant, number, keys })) await sql`INSERT INTO vuln_agent_numbers (key, agent) VALUES (${key}, ${number}) ON CONFLICT DO NOTHING`.execute(db);
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    [connection, after] = [last.connection_id, last.id];
  }
}

export const agentKeyMigrations: readonly Migration[] = [{ id: "0780-vulnerability-agent-keys", up: createAll }];
