/**
 * Follows what is wrong with agents: noted when it begins, a member of a case when it has lasted, settled when it has been over for a while. What comes and goes in between is
 * nobody's matter. One row for each thing that is wrong with each agent.
 */
import { sql } from "kysely";
import type { HealthKind } from "../kernel/case-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { ChangeSet } from "../mirror/capability.ts";
import { textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { CLOSES_AFTER_MS, failedMitigation, HEALTH, troubleMember, troublesOf, type Trouble, type TroubleFacts } from "./health.ts";
import type { Member } from "./model.ts";
import { departedOf } from "./react.ts";
import { take, type TakePorts } from "./take.ts";
import { ofOneConsole } from "./twins.ts";

export type HealthRow = {
  connection_id: string;
  /** The agent's id, or a threat's. */
  subject: string;
  kind: string;
  tenant_id: string;
  since: number;
  /** Since when it is over; null while it lasts. */
  over_since: number | null;
  /** It is a member of a case. */
  told: number;
  /** When time alone makes something of it; null: never. */
  turns_at: number | null;
  /** `TroubleFacts`. */
  facts: string;
};

const HEALTH_ROWS: BulkUpsert = {
  table: "case_health",
  columns: [
    ...["connection_id", "subject", "kind", "tenant_id"].map((name) => ({ name, type: "text" as const })),
    ...["since", "over_since", "told", "turns_at"].map((name) => ({ name, type: "integer" as const })),
    { name: "facts", type: "text" },
  ],
  key: ["connection_id", "subject", "kind"],
  update: ["tenant_id", "since", "over_since", "told", "turns_at", "facts"],
};

const PAGE = 200;

/** A page of agents, or of threats. `silent`: of a replay; what has lasted is told when its time comes all the same. */
export async function watch(set: ChangeSet, tx: Tx, ports: TakePorts, silent: boolean, now: number): Promise<void> {
  const { connection, tenant, stream, firstRead, firstReadBegan } = set;
  // Whatever was so before anybody looked begins now: at one moment, so that it is one case for each site.
  const before = firstRead === true || silent ? (firstReadBegan ?? now) : null;
  const seen = [...set.inserted, ...set.changed].flatMap(({ id, after }) => (after === null ? [] : [{ id, troubles: stream === "threats" ? [failedMitigation(after)].filter((one) => one !== null) : troublesOf(after) }]));
  const known = await rowsOf(tx, connection, [...seen.map(({ id }) => id), ...set.gone.map(({ id }) => id)]);
  const kinds = kindsOf(stream);
  const bySubject = Map.groupBy(known, ({ subject }) => subject);
  const begun = await begunElsewhere(tx, set, seen.flatMap(({ id, troubles }) => (troubles.length > (bySubject.get(id)?.length ?? 0) ? [id] : [])), ports);
  const written: HealthRow[] = [];
  const dropped: HealthRow[] = [];
  const members: Member[] = [];
  const others: HealthRow[] = [];
  for (const { id, troubles } of seen) {
    const rows = (bySubject.get(id) ?? []).filter((row) => kinds.has(row.kind));
    others.push(...rows.filter((row) => row.tenant_id !== tenant));
    const own = rows.filter((row) => row.tenant_id === tenant);
    for (const trouble of troubles) {
      const row = own.find(({ kind }) => kind === trouble.kind);
      const next = lasting(row, trouble, { connection, tenant, subject: id, began: begun.get(`${id} ${trouble.kind}`) ?? before ?? Math.min(trouble.since ?? now, now) });
      if (row === undefined || !isSame(row, next)) written.push(next);
      if (row?.told === 1 && row.facts !== next.facts) members.push(memberOf(next, false));
    }
    for (const row of own) {
      if (troubles.some(({ kind }) => kind === row.kind) || row.over_since !== null) continue;
      if (row.told === 0) dropped.push(row);
      else written.push({ ...row, over_since: now, turns_at: now + CLOSES_AFTER_MS });
    }
  }
  await drop(tx, [...dropped, ...others]);
  if (written.length > 0) await tx.bulkUpsert(HEALTH_ROWS, written.map(values));
  await leave(tx, set, known, { members, silent, now }, ports);
}

/** What an agent was like goes where the agent goes; of one that is gone nothing is wrong any more. */
async function leave(tx: Tx, set: ChangeSet, known: readonly HealthRow[], { members, silent, now }: { readonly members: readonly Member[]; readonly silent: boolean; readonly now: number }, ports: TakePorts): Promise<void> {
  const { connection, tenant, stream, firstRead } = set;
  const departed = await departedOf(tx, set);
  const away = new Set([...departed.gone, ...departed.moved]);
  const left = known.filter((row) => row.tenant_id === tenant && kindsOf(stream).has(row.kind) && away.has(row.subject));
  await drop(tx, left);
  const gone = left.filter(({ told, subject }) => told === 1 && departed.gone.includes(subject)).map((row) => memberOf(row, true).id);
  const moved = await membersOfSubjects(tx, connection, departed.moved, kindsOf(stream));
  if (members.length + gone.length + moved.length > 0) await take(tx, { connection, tenant, stream: "agents", members, gone, moved, since: null, firstRead: firstRead === true, onlyKnown: false, silent, now }, ports);
}

function kindsOf(stream: string): ReadonlySet<string> {
  return new Set(Object.keys(HEALTH).filter((kind) => (kind === "mitigation-failed") === (stream === "threats")));
}

interface Seen {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly subject: string;
  readonly began: number;
}

/** It is wrong: for the first time, still, or again before it was taken for settled. */
function lasting(row: HealthRow | undefined, { kind, facts }: Trouble, { connection, tenant, subject, began }: Seen): HealthRow {
  const since = row?.since ?? began;
  const told = row?.told ?? 0;
  return { connection_id: connection, subject, kind, tenant_id: tenant, since, over_since: null, told, turns_at: told === 1 ? null : since + HEALTH[kind].opensAfterMs, facts: JSON.stringify(facts) };
}

function isSame(one: HealthRow, other: HealthRow): boolean {
  return JSON.stringify(values(one)) === JSON.stringify(values(other));
}

function values(row: HealthRow): (string | number | null)[] {
  return [row.connection_id, row.subject, row.kind, row.tenant_id, row.since, row.over_since, row.told, row.turns_at, row.facts];
}

function memberOf({ subject, kind, since, facts }: HealthRow, over: boolean): Member {
  return troubleMember(subject, kind as HealthKind, since, JSON.parse(facts) as TroubleFacts, over);
}

async function rowsOf(tx: Tx, connection: string, ids: readonly string[]): Promise<readonly HealthRow[]> {
  if (ids.length === 0) return [];
  return (await sql<HealthRow>`SELECT * FROM case_health WHERE connection_id = ${connection} AND subject IN ${textList(tx.kind, ids)}`.execute(tx.db)).rows;
}

/**
 * Since when the same has been wrong for another connection of the console that reads the same agents: it is the same trouble, so that it is one record and not two. By subject and kind.
 */
async function begunElsewhere(tx: Tx, { connection, tenant }: ChangeSet, subjects: readonly string[], { origin }: TakePorts): Promise<ReadonlyMap<string, number>> {
  const begun = new Map<string, number>();
  if (subjects.length === 0) return begun;
  const { rows } = await sql<HealthRow>`SELECT * FROM case_health WHERE subject IN ${textList(tx.kind, subjects)} AND connection_id <> ${connection} AND tenant_id = ${tenant}`.execute(tx.db);
  const siblings = await ofOneConsole(tx, connection, rows.map((row) => row.connection_id), origin);
  for (const row of rows) {
    const key = `${row.subject} ${row.kind}`;
    if (siblings.has(row.connection_id)) begun.set(key, Math.min(row.since, begun.get(key) ?? row.since));
  }
  return begun;
}

async function drop(tx: Tx, rows: readonly HealthRow[]): Promise<void> {
  for (const { connection_id: connection, subject, kind } of rows) await sql`DELETE FROM case_health WHERE connection_id = ${connection} AND subject = ${subject} AND kind = ${kind}`.execute(tx.db);
}

/** Settled ones among them: what an agent was like goes where the agent goes. */
async function membersOfSubjects(tx: Tx, connection: string, subjects: readonly string[], kinds: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const subject of subjects) {
    const { rows } = await sql<{ id: string }>`SELECT id FROM case_members WHERE connection_id || '' = ${connection} AND stream = 'agents' AND id >= ${`${subject}/`} AND id < ${`${subject}0`}`.execute(tx.db);
    found.push(...rows.map(({ id }) => id).filter((id) => kinds.has(id.split("/")[1] ?? "")));
  }
  return found;
}

/** What has lasted long enough, and what has been over long enough; true where more is waiting. */
export async function watchDue(tx: Tx, ports: TakePorts, now: number): Promise<boolean> {
  const { rows } = await sql<HealthRow>`SELECT * FROM case_health WHERE turns_at <= ${now} ORDER BY turns_at, connection_id, subject, kind LIMIT ${PAGE}`.execute(tx.db);
  if (rows.length === 0) return false;
  for (const of of Map.groupBy(rows, (row) => `${row.connection_id} ${row.tenant_id}`).values()) {
    const [first] = of;
    if (first === undefined) continue;
    const members = of.map((row) => memberOf(row, row.over_since !== null));
    await take(tx, { connection: first.connection_id as ConnectionId, tenant: first.tenant_id as TenantId, stream: "agents", members, gone: [], moved: [], since: null, firstRead: false, onlyKnown: false, silent: false, now }, ports);
  }
  await drop(tx, rows.filter((row) => row.over_since !== null));
  const open = rows.filter((row) => row.over_since === null);
  if (open.length > 0) await tx.bulkUpsert(HEALTH_ROWS, open.map((row) => values({ ...row, told: 1, turns_at: null })));
  return rows.length === PAGE;
}
