/** How instances, findings and history are written: many rows at a time, by the fastest way the engine has. */
import { sql, type RawBuilder } from "kysely";
import { rowList, textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { storableText } from "../store/text.ts";
import { markExposed } from "./exposure.ts";
import type { Step } from "./lifecycle.ts";
import type { AgentRow, FindingRow, HistoryRow, InstanceRow } from "./tables.ts";

const text = (name: string) => ({ name, type: "text" as const });
const integer = (name: string) => ({ name, type: "integer" as const });

export const INSTANCES = {
  table: "vuln_instances",
  columns: [
    ...["id", "tenant_id", "connection_id", "agent_id", "finding_id", "version", "row_id"].map(text), integer("severity"), ...["status", "decided_by", "actor", "reason"].map(text),
    ...["decided_at", "expires_at"].map(integer), text("class"), ...["first_seen", "detected_at", "scanned_at", "fixed_at", "closing_at", "reopened", "due_at", "present", "out_of_scope_at"].map(integer), text("facts"), text("proof"),
  ],
  key: ["id"],
  storable: true,
  update: ["tenant_id", "finding_id", "version", "row_id", "severity", "status", "decided_by", "actor", "reason", "decided_at", "expires_at", "class", "detected_at", "scanned_at", "fixed_at", "closing_at", "reopened", "due_at", "present", "out_of_scope_at", "facts", "proof"],
} as const satisfies BulkUpsert;
const FINDINGS: BulkUpsert = {
  table: "vuln_findings",
  columns: [...["id", "tenant_id", "cve", "application", "vendor"].map(text), ...["severity", "exploited", "first_seen"].map(integer), text("facts"), integer("score")],
  key: ["id"],
  update: ["cve", "application", "vendor", "severity", "exploited", "facts", "score"],
};
const HISTORY: BulkUpsert = {
  table: "vuln_history",
  columns: [...["tenant_id", "connection_id", "instance_id"].map(text), integer("at"), ...["event", "from_status", "to_status", "decided_by", "actor", "details"].map(text)],
  key: [],
  update: [],
};
const AGENTS: BulkUpsert = {
  table: "vuln_agents",
  columns: [
    ...["connection_id", "id", "tenant_id", "asset_id", "name_key", "uuid"].map(text), ...["active", "registered_at", "last_active", "scanned_at", "evidence_at"].map(integer), ...["stale", "matched_by", "matched_key"].map(text),
    ...["first_seen", "gone_at"].map(integer), text("scope"), text("facts"), text("assigned"), integer("number"), text("keys"),
  ],
  key: ["connection_id", "id"],
  update: ["tenant_id", "asset_id", "name_key", "uuid", "active", "registered_at", "last_active", "scanned_at", "evidence_at", "stale", "matched_by", "matched_key", "gone_at", "scope", "facts", "assigned", "keys"],
};

function cells<Row extends object>(spec: BulkUpsert, rows: readonly Row[]): (readonly (string | number | null)[])[] {
  return rows.map((row) => spec.columns.map(({ name }) => (row as Readonly<Record<string, string | number | null>>)[name] ?? null));
}

/**
 * In the order of `INSTANCES`' columns, each by its own name: by a name that is looked up, a page's rows take three times as long. What comes from the console as it is is made storable
 * here; the rest is ours, hashes, words and JSON, which escapes what cannot be stored.
 */
function instanceCells(row: InstanceRow): readonly (string | number | null)[] {
  return [
    row.id, row.tenant_id, row.connection_id, storable(row.agent_id), row.finding_id, storable(row.version), storable(row.row_id), row.severity, row.status, row.decided_by, storable(row.actor), storable(row.reason),
    row.decided_at, row.expires_at, row.class, row.first_seen, row.detected_at, row.scanned_at, row.fixed_at, row.closing_at, row.reopened, row.due_at, row.present, row.out_of_scope_at, row.facts, row.proof,
  ];
}

function storable(given: string | null): string | null {
  return given === null ? null : storableText(given.toWellFormed());
}

export async function writeInstances(tx: Tx, rows: readonly InstanceRow[]): Promise<void> {
  if (rows.length > 0) await tx.bulkUpsert(INSTANCES, rows.map(instanceCells));
}

export async function writeFindings(tx: Tx, rows: readonly FindingRow[]): Promise<void> {
  if (rows.length > 0) await tx.bulkUpsert(FINDINGS, cells(FINDINGS, rows));
}

export async function writeAgents(tx: Tx, rows: readonly AgentRow[]): Promise<void> {
  if (rows.length > 0) await tx.bulkUpsert(AGENTS, cells(AGENTS, rows));
}

const HISTORY_NAMES = sql.join(HISTORY.columns.map(({ name }) => sql.ref(name)));

/** In their order: `seq` is given by the store. One statement whatever their number, so that it is made once. */
export async function writeHistory(tx: Tx, rows: readonly Omit<HistoryRow, "seq">[]): Promise<void> {
  if (rows.length === 0) return;
  const storable = cells(HISTORY, rows).map((row) => row.map((cell) => (typeof cell === "string" ? storableText(cell.toWellFormed()) : cell)));
  await (tx.kind === "sqlite" ? historyFromJson(storable) : historyFromArrays(storable)).execute(tx.db);
}

type Cells = readonly (readonly (string | number | null)[])[];

function historyFromJson(rows: Cells): RawBuilder<unknown> {
  return sql`INSERT INTO vuln_history (${HISTORY_NAMES}) SELECT ${sql.join(HISTORY.columns.map((_, place) => sql`value ->> ${sql.lit(place)}`))} FROM json_each(${JSON.stringify(rows)}) ORDER BY key`;
}

function historyFromArrays(rows: Cells): RawBuilder<unknown> {
  const arrays = HISTORY.columns.map(({ type }, place) => sql`${rows.map((row) => row[place] ?? null)}::${sql.raw(type === "integer" ? "bigint" : "text")}[]`);
  return sql`INSERT INTO vuln_history (${HISTORY_NAMES}) SELECT ${HISTORY_NAMES} FROM unnest(${sql.join(arrays)}) WITH ORDINALITY AS listed (${HISTORY_NAMES}, place) ORDER BY place`;
}

/** The rows of steps that changed anything, and what they tell. */
export async function writeSteps(tx: Tx, steps: readonly Step[], now: number): Promise<void> {
  await writeInstances(tx, steps.map((step) => step.row));
  await markExposed(tx, steps.filter(({ told }) => told.length > 0).map(({ row }) => ({ connection: row.connection_id, agent: row.agent_id })));
  await writeHistory(tx, steps.flatMap(({ row, told }) => told.map(({ event, from, to, by, actor, details }) => ({ tenant_id: row.tenant_id, connection_id: row.connection_id, instance_id: row.id, at: now, event, from_status: from, to_status: to, decided_by: by, actor: actor ?? null, details: JSON.stringify(details) }))));
}

export function differs(a: InstanceRow, b: InstanceRow): boolean {
  return INSTANCES.columns.some(({ name }) => (a as Readonly<Record<string, unknown>>)[name] !== (b as Readonly<Record<string, unknown>>)[name]);
}

/** PostgreSQL gives its big integers as text. */
export function numbered<Row extends object>(row: Row, names: readonly (keyof Row & string)[]): Row {
  const texts = names.filter((name) => typeof row[name] === "string");
  return texts.length === 0 ? row : { ...row, ...Object.fromEntries(texts.map((name) => [name, Number(row[name])])) };
}

const INSTANCE_NUMBERS = ["severity", "decided_at", "expires_at", "first_seen", "detected_at", "scanned_at", "fixed_at", "closing_at", "reopened", "due_at", "present", "out_of_scope_at"] as const;
export const instanceFrom = (row: InstanceRow): InstanceRow => numbered(row, INSTANCE_NUMBERS);
const AGENT_NUMBERS = ["active", "registered_at", "last_active", "scanned_at", "evidence_at", "first_seen", "gone_at", "number"] as const;
export const agentFrom = (row: AgentRow): AgentRow => numbered(row, AGENT_NUMBERS);

export async function storedInstances(tx: Tx, ids: readonly string[]): Promise<Map<string, InstanceRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<InstanceRow>`SELECT * FROM vuln_instances WHERE id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, instanceFrom(row)]));
}

/** The agents named, and those that are the same assets. */
export async function storedAgents(tx: Tx, connection: string, ids: readonly string[]): Promise<readonly AgentRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<AgentRow>`
    SELECT b.* FROM vuln_agents AS b WHERE (b.tenant_id, b.asset_id) IN (
      SELECT a.tenant_id, a.asset_id FROM vuln_agents AS a WHERE a.connection_id = ${connection} AND a.id IN ${textList(tx.kind, ids)})`.execute(tx.db);
  return rows.map(agentFrom);
}

export interface Place {
  readonly connection: string;
  readonly agent: string;
}

export function placeKey({ connection, agent }: Place): string {
  return `${connection} ${agent}`;
}

/** Their active instances become stale, or fresh again, and say so; nothing else of them changes. Posture hears of a device without instances too. */
export async function setStaleness(tx: Tx, agents: readonly Place[], stale: string | null, now: number): Promise<void> {
  if (agents.length === 0) return;
  const [from, to] = stale === null ? ["stale", "open"] : ["open", "stale"];
  const which = sql`(connection_id, agent_id) IN ${rowList(tx.kind, 2, agents.map(({ connection, agent }) => [connection, agent]))}`;
  await sql`
    INSERT INTO vuln_history (tenant_id, connection_id, instance_id, at, event, from_status, to_status, decided_by, actor, details)
    SELECT tenant_id, connection_id, id, cast(${now} as bigint), cast(${stale === null ? "fresh" : "stale"} as text), status, status, 'source', NULL, cast(${stale === null ? "{}" : JSON.stringify({ why: stale })} as text) FROM vuln_instances WHERE ${which} AND class = ${from}`.execute(tx.db);
  await sql`UPDATE vuln_instances SET class = ${to} WHERE ${which} AND class = ${from}`.execute(tx.db);
  await markExposed(tx, agents);
}
