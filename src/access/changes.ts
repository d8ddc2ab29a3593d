/**
 * What changed between two moments, and nothing that changed back: the rows of the history are brought together by what they are about, and only the net
 * effect is told, in an order that depends on nothing but what changed. One page of subjects is held, never the history.
 */
import { sql, type RawBuilder } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { numberList, withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import type { ChangeRow } from "./tables.ts";

export interface NetChange {
  readonly subject: ChangeRow["subject"];
  readonly change: ChangeRow["change"];
  /** Of `changed`: which field; one change for each. */
  readonly field: string | null;
  readonly before: unknown;
  readonly after: unknown;
  /** The row of the history that made it so. */
  readonly row: ChangeRow;
}

/** Milliseconds: `from` exclusive, `to` inclusive. */
export interface Between {
  readonly connection: ConnectionId;
  readonly from: number;
  readonly to: number;
}

/** Names only: each page groups the whole time asked for, so there should be few. */
const SUBJECTS_PER_PAGE = 10_000;
const ROWS_PER_LOAD = 1_000;
const KEY = ["subject", "principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"] as const;
const KEY_SQL = sql.join(KEY.map((name) => sql`coalesce(${sql.ref(name)}, '')`));

/** Moves with use. */
const OF_USE: ReadonlySet<string> = new Set(["lastUsed", "firstLogin"]);

export async function* netChanges(store: Pick<Store, "read" | "kind">, scope: TenantScope, { connection, from, to }: Between, signal: AbortSignal): AsyncGenerator<readonly NetChange[]> {
  const seqs = store.kind === "sqlite" ? sql<string>`group_concat(seq, ',')` : sql<string>`string_agg(seq::text, ',')`;
  for (let after: readonly string[] | null = null; ; ) {
    signal.throwIfAborted();
    const behind: RawBuilder<unknown> = after === null ? sql`1 = 1` : sql`(${KEY_SQL}) > (${sql.join([...after])})`;
    const page: { readonly rows: readonly (Readonly<Record<(typeof KEY)[number], string>> & { readonly seqs: string })[] } = await sql<Readonly<Record<(typeof KEY)[number], string>> & { readonly seqs: string }>`
      SELECT ${sql.join(KEY.map((name) => sql`coalesce(${sql.ref(name)}, '') AS ${sql.ref(name)}`))}, ${seqs} AS seqs FROM access_changes
      WHERE connection_id = ${connection} AND at > ${from} AND at <= ${to} AND ${withinScope(scope)} AND ${behind} GROUP BY ${KEY_SQL} ORDER BY ${KEY_SQL} LIMIT ${SUBJECTS_PER_PAGE}`.execute(store.read);
    const last = page.rows.at(-1);
    if (last === undefined) return;
    for await (const groups of loaded(store, page.rows.map((row) => row.seqs.split(",").map(Number)))) yield groups.flatMap(netOf);
    if (page.rows.length < SUBJECTS_PER_PAGE) return;
    after = KEY.map((name) => last[name]);
  }
}

/** Rows of some subjects at a time, each subject's by their order. */
async function* loaded(store: Pick<Store, "read" | "kind">, groups: readonly (readonly number[])[]): AsyncGenerator<readonly (readonly ChangeRow[])[]> {
  for (let start = 0; start < groups.length; ) {
    let end = start;
    for (let rows = 0; end < groups.length && (rows === 0 || rows + (groups[end]?.length ?? 0) <= ROWS_PER_LOAD); end += 1) rows += groups[end]?.length ?? 0;
    const part = groups.slice(start, end);
    const rows = new Map((await changesBySeq(store.read, store.kind, part.flat())).map((row) => [Number(row.seq), row]));
    yield part.map((seqs) => seqs.toSorted((left, right) => left - right).flatMap((seq) => rows.get(seq) ?? []));
    start = end;
  }
}

export async function changesBySeq(db: Database, kind: Store["kind"], seqs: readonly number[]): Promise<readonly ChangeRow[]> {
  const { rows } = await sql<ChangeRow>`SELECT * FROM access_changes WHERE seq IN ${numberList(kind, seqs)}`.execute(db);
  return rows;
}

/** `rows`: all of one subject in the time asked for, oldest first. */
export function netOf(rows: readonly ChangeRow[]): readonly NetChange[] {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return [];
  const wasThere = first.change !== "added";
  let isThere = wasThere;
  /** As it was at the beginning, as far as the rows tell: what they do not name did not change. */
  const start = new Map<string, unknown>();
  const end = new Map<string, unknown>();
  const by = new Map<string, ChangeRow>();
  let whole = !wasThere;
  for (const row of rows) {
    if (row.change === "changed" && row.field !== null) {
      if (!whole && !start.has(row.field)) start.set(row.field, parsed(row.before));
      end.set(row.field, parsed(row.after));
      by.set(row.field, row);
    }
    if (row.change === "removed") {
      if (!whole) for (const [field, value] of fieldsOf(row.before)) if (!start.has(field)) start.set(field, value);
      whole = true;
      isThere = false;
      end.clear();
    }
    if (row.change === "added") {
      isThere = true;
      for (const [field, value] of fieldsOf(row.after)) {
        end.set(field, value);
        by.set(field, row);
      }
    }
  }
  const { subject } = first;
  if (!wasThere && isThere) return [{ subject, change: "added", field: null, before: null, after: objectOf(end), row: rows.findLast((row) => row.change === "added") ?? last }];
  if (wasThere && !isThere) return [{ subject, change: "removed", field: null, before: objectOf(start), after: null, row: rows.findLast((row) => row.change === "removed") ?? last }];
  // A binding is there or not; when it was seen first is no property of what it grants.
  if (!isThere || subject === "binding") return [];
  return [...end.keys()].toSorted().flatMap((field) => {
    const before = start.get(field) ?? null;
    const after = end.get(field) ?? null;
    if (OF_USE.has(field) || JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ subject, change: "changed" as const, field, before, after, row: by.get(field) ?? last }];
  });
}

function parsed(json: string | null): unknown {
  return json === null ? null : (JSON.parse(json) as unknown);
}

function fieldsOf(json: string | null): readonly (readonly [string, unknown])[] {
  const value = parsed(json);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** Null where nothing is told of it. */
function objectOf(fields: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> | null {
  return fields.size === 0 ? null : Object.fromEntries(fields);
}

export interface HistoryFilter {
  readonly connection?: ConnectionId;
  /** A principal's id. */
  readonly principal?: string;
  readonly since?: number;
  readonly until?: number;
  /** Older than this row. */
  readonly before?: number;
  readonly limit: number;
}

/** The history itself, newest first. */
export async function listChanges(db: Database, scope: TenantScope, filter: HistoryFilter): Promise<readonly ChangeRow[]> {
  const { connection, principal, since, until, before, limit } = filter;
  const conditions = [
    withinScope(scope),
    ...(connection === undefined ? [] : [sql`connection_id = ${connection}`]),
    ...(principal === undefined ? [] : [sql`principal_id = ${principal} AND principal_kind IN ('user', 'service-user')`]),
    // The history of one principal is found by its connection: where none is named, by each that was read.
    ...(principal === undefined || connection !== undefined ? [] : [sql`connection_id IN (SELECT connection_id FROM mirror_checkpoints)`]),
    ...(since === undefined ? [] : [sql`at >= ${since}`]),
    ...(until === undefined ? [] : [sql`at <= ${until}`]),
    ...(before === undefined ? [] : [sql`seq < ${before}`]),
  ];
  const { rows } = await sql<ChangeRow>`SELECT * FROM access_changes WHERE ${sql.join(conditions, sql` AND `)} ORDER BY seq DESC LIMIT ${limit}`.execute(db);
  return rows;
}
