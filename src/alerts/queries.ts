/**
 * Questions about alerts and their versions. Every one takes the scope first. A page looks through a bounded window of the order it is in, most of it in the index
 * alone, so that it is answered in milliseconds however many alerts there are and however few fit; a page that is not full says where to go on.
 */
import { sql, type RawBuilder } from "kysely";
import { ALERT_STREAMS, type AlertStatus, type AlertVerdict, type EventStream, type VersionKind } from "../kernel/alert-api.ts";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import type { ItemRow, VersionRow } from "./tables.ts";

export type Reads = Pick<Store, "read" | "kind">;

export interface Filter {
  readonly stream?: EventStream | undefined;
  readonly product?: string | undefined;
  readonly severity?: FactSeverity | undefined;
  readonly status?: AlertStatus | undefined;
  readonly verdict?: AlertVerdict | undefined;
  /** Ids of sites. */
  readonly sites?: readonly string[] | undefined;
  readonly connection?: string | undefined;
}

export interface ItemFilter extends Filter {
  /** Moments, ms: from, and before. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly text?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** Entries of an index looked through for one page, and rows where the index does not have what is asked for. */
const WINDOW = 4_000;
const ROW_WINDOW = 1_000;

const AFTER = /^(-?\d{1,16})\.(\d{1,16})$/;

/** Newest first. */
export async function findItems({ read, kind }: Reads, scope: TenantScope, filter: ItemFilter): Promise<Page<ItemRow>> {
  const { since, until, limit, after } = filter;
  const { within, besides } = tenantsOf(scope);
  const order = [
    within,
    ...(since === undefined ? [] : [sql`at >= ${since}`]),
    ...(until === undefined ? [] : [sql`at < ${until}`]),
    ...(after === undefined ? [] : [sql`(at, seq) < (${sql.join(placeOf(after))})`]),
  ];
  const inRows = filter.connection !== undefined || filter.text !== undefined;
  const size = inRows ? ROW_WINDOW : WINDOW;
  const columns = sql.raw(`seq, at, ${INDEXED}${inRows ? ", connection_id, search" : ""}`);
  const window = sql`SELECT ${columns} FROM alert_items WHERE ${sql.join(order, sql` AND `)} ORDER BY at DESC, seq DESC LIMIT ${size}`;
  const fits = sql.join([besides, sql`gone_at IS NULL`, ...conditionsOf(kind, filter), ...(filter.text === undefined ? [] : [sql`search LIKE ${likePattern(filter.text)} ESCAPE '\\'`])], sql` AND `);
  const fitting = sql`SELECT seq, at FROM near WHERE ${fits} ORDER BY at DESC, seq DESC LIMIT ${limit + 1}`;
  const { rows: found } = await sql<Placed>`WITH near AS (${window}) ${fitting}`.execute(read);
  if (found.length > limit) return full(read, found.slice(0, limit));
  // Where the window ends, and what of it fits, in one answer: alerts come in between two.
  const { rows: looked } = await sql<Placed & { readonly n: number | null }>`
    WITH near AS (${window}), fitting AS (${fitting}) SELECT seq, at, NULL AS n FROM fitting UNION ALL SELECT * FROM (SELECT seq, at, (SELECT count(*) FROM near) AS n FROM near ORDER BY at, seq LIMIT 1) AS last`.execute(read);
  const fit = looked.filter(({ n }) => n === null);
  if (fit.length > limit) return full(read, fit.slice(0, limit));
  const end = looked.find(({ n }) => n !== null);
  return { rows: await itemsBySeq(read, fit.map(({ seq }) => seq)), next: end === undefined || Number(end.n) < size ? null : placeText(end) };
}

interface Placed {
  readonly seq: number;
  readonly at: number;
}

async function full(read: Reads["read"], shown: readonly Placed[]): Promise<Page<ItemRow>> {
  const last = shown.at(-1);
  return { rows: await itemsBySeq(read, shown.map(({ seq }) => seq)), next: last === undefined ? null : placeText(last) };
}

/** One tenant has an index of its own; of several, the order of all is looked through. */
export function tenantsOf(scope: TenantScope): { readonly within: RawBuilder<boolean>; readonly besides: RawBuilder<boolean> } {
  const all = sql<boolean>`1 = 1`;
  const [one, another] = scope.all ? [] : scope.tenants;
  if (one !== undefined && another === undefined) return { within: sql<boolean>`tenant_id = ${one}`, besides: all };
  return { within: all, besides: withinScope(scope) };
}

export const INDEXED = "tenant_id, stream, severity, status, verdict, product, site_id, gone_at";

async function itemsBySeq(read: Reads["read"], seqs: readonly number[]): Promise<readonly ItemRow[]> {
  if (seqs.length === 0) return [];
  const { rows } = await sql<ItemRow>`SELECT * FROM alert_items WHERE seq IN (${sql.join(seqs)}) ORDER BY at DESC, seq DESC`.execute(read);
  return rows;
}

export function conditionsOf(kind: Store["kind"], { stream, product, severity, status, verdict, sites, connection }: Filter): readonly RawBuilder<unknown>[] {
  return [
    ...(stream === undefined ? [] : [sql`stream = ${stream}`]),
    ...(product === undefined ? [] : [sql`lower(product) = ${product.toLowerCase()}`]),
    ...(severity === undefined ? [] : [sql`severity >= ${FACT_SEVERITIES.indexOf(severity)}`]),
    ...(status === undefined ? [] : [sql`status = ${status}`]),
    ...(verdict === undefined ? [] : [sql`verdict = ${verdict}`]),
    ...(sites === undefined ? [] : [sql`site_id IN ${textList(kind, sites)}`]),
    ...(connection === undefined ? [] : [sql`connection_id = ${connection}`]),
  ];
}

/** `%` and `_` in what is looked for stand for themselves. */
function likePattern(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

function placeOf(after: string): readonly [number, number] {
  const parts = AFTER.exec(after);
  if (parts === null) throw wrongPlace();
  return [Number(parts[1]), Number(parts[2])];
}

function placeText({ at, seq }: { readonly at: number; readonly seq: number }): string {
  return `${String(at)}.${String(seq)}`;
}

export interface LogRow {
  readonly connection_id: string;
  readonly tenant_id: string;
  readonly id: string;
  readonly created_at: string;
  readonly updated_at: string | null;
  readonly site_id: string | null;
  readonly site_name: string | null;
  readonly primary_description: string | null;
  readonly data: string | null;
  readonly changed_at: number;
}

const LOG_AFTER = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (con_[0-9a-z]{1,60}) (.{1,100})$/;

/** Entries of the console's log, newest first, from the mirror itself. */
export async function findLog({ read, kind }: Reads, scope: TenantScope, filter: ItemFilter): Promise<Page<LogRow>> {
  const { since, until, sites, connection, text, after, limit } = filter;
  const from = after === undefined ? null : LOG_AFTER.exec(after);
  if (after !== undefined && from === null) throw wrongPlace();
  const order = [
    sql`created_at IS NOT NULL`,
    ...(since === undefined ? [] : [sql`created_at >= ${sourceTime(since)}`]),
    ...(until === undefined ? [] : [sql`created_at < ${sourceTime(until)}`]),
    // The first alone is what the index is entered by.
    ...(from === null ? [] : [sql`created_at <= ${from[1] ?? ""} AND (created_at, connection_id, id) < (${from[1] ?? ""}, ${from[2] ?? ""}, ${from[3] ?? ""})`]),
  ];
  const window = sql`SELECT ${LOG_COLUMNS} FROM activities WHERE ${sql.join(order, sql` AND `)} ORDER BY created_at DESC, connection_id DESC, id DESC LIMIT ${ROW_WINDOW}`;
  const fits = sql.join([
    withinScope(scope),
    ...(sites === undefined ? [] : [sql`site_id IN ${textList(kind, sites)}`]),
    ...(connection === undefined ? [] : [sql`connection_id = ${connection}`]),
    ...(text === undefined ? [] : [sql`lower(coalesce(primary_description, '') || ' ' || coalesce(data, '')) LIKE ${likePattern(text)} ESCAPE '\\'`]),
  ], sql` AND `);
  const { rows: found } = await sql<LogRow>`SELECT * FROM (${window}) AS near WHERE ${fits} ORDER BY created_at DESC, connection_id DESC, id DESC LIMIT ${limit + 1}`.execute(read);
  if (found.length > limit) return fullLog(found.slice(0, limit));
  const { rows: looked } = await sql<LogRow & { readonly fit: number }>`SELECT near.*, CASE WHEN ${fits} THEN 1 ELSE 0 END AS fit FROM (${window}) AS near`.execute(read);
  const rows = looked.filter(({ fit }) => fit === 1);
  if (rows.length > limit) return fullLog(rows.slice(0, limit));
  const end = looked.at(-1);
  return { rows, next: end === undefined || looked.length < ROW_WINDOW ? null : logPlace(end) };
}

const LOG_COLUMNS = sql`connection_id, tenant_id, id, created_at, updated_at, site_id, site_name, primary_description, data, changed_at`;

function fullLog(rows: readonly LogRow[]): Page<LogRow> {
  const last = rows.at(-1);
  return { rows, next: last === undefined ? null : logPlace(last) };
}

function logPlace({ created_at: at, connection_id: connection, id }: Pick<LogRow, "created_at" | "connection_id" | "id">): string {
  return `${at} ${connection} ${id}`;
}

function sourceTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

/** Of a tenant's several alerts with one id, or of several streams, all; the caller says which is meant. */
export async function itemsById({ read }: Reads, scope: TenantScope, id: string): Promise<readonly ItemRow[]> {
  const { rows } = await sql<ItemRow>`SELECT * FROM alert_items WHERE id = ${id} AND ${withinScope(scope)} ORDER BY stream, connection_id`.execute(read);
  return rows;
}

export async function logById({ read }: Reads, scope: TenantScope, id: string): Promise<readonly LogRow[]> {
  const { rows } = await sql<LogRow>`
    SELECT ${LOG_COLUMNS} FROM activities WHERE connection_id IN (SELECT connection_id FROM mirror_checkpoints WHERE stream = 'activities') AND id = ${id} AND ${withinScope(scope)} ORDER BY connection_id`.execute(read);
  return rows;
}

const SEQ = /^\d{1,16}$/;

export function seqOf(after: string | undefined): number | undefined {
  if (after === undefined) return undefined;
  if (!SEQ.test(after)) throw new Fault("CONFIG_INVALID", "query/after is not what an earlier answer gave as `next`.");
  return Number(after);
}

/** The versions of one alert, newest first; of one tenant, for an alert may have been another's. */
export async function historyOf({ read }: Reads, of: Pick<ItemRow, "connection_id" | "stream" | "id" | "tenant_id">, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<VersionRow>> {
  const before = seqOf(after);
  const { rows } = await sql<VersionRow>`
    SELECT * FROM alert_versions WHERE connection_id = ${of.connection_id} AND stream = ${of.stream} AND alert_id = ${of.id} AND tenant_id = ${of.tenant_id} ${before === undefined ? sql`` : sql`AND seq < ${before}`}
    ORDER BY seq DESC LIMIT ${limit + 1}`.execute(read);
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? String(shown.at(-1)?.seq ?? "") : null };
}

export interface VersionFilter extends Filter {
  readonly kind?: VersionKind | undefined;
  /** Those that came after it; undefined: the newest. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Oldest first. `next` is where to go on, even where nothing fits now. */
export async function findVersions({ read, kind }: Reads, scope: TenantScope, filter: VersionFilter): Promise<{ readonly rows: readonly VersionRow[]; readonly next: number; readonly more: boolean }> {
  const { after, limit } = filter;
  const { within, besides } = tenantsOf(scope);
  const fits = sql.join([
    besides,
    ...(filter.stream === undefined ? [sql`stream IN (${sql.join([...ALERT_STREAMS])})`] : []),
    ...conditionsOf(kind, filter),
    ...(filter.kind === undefined ? [] : [sql`kind = ${filter.kind}`]),
  ], sql` AND `);
  // Looked up first: what comes after it is for the next answer, whatever comes while this one is made.
  const top = await newest(read, within);
  if (after === undefined) {
    const window = sql`SELECT * FROM alert_versions WHERE ${within} AND seq <= ${top} ORDER BY seq DESC LIMIT ${ROW_WINDOW}`;
    const { rows } = await sql<VersionRow>`SELECT * FROM (${window}) AS near WHERE ${fits} ORDER BY seq DESC LIMIT ${limit}`.execute(read);
    return { rows: rows.toReversed(), next: top, more: false };
  }
  const window = sql`SELECT * FROM alert_versions WHERE ${within} AND seq > ${after} AND seq <= ${top} ORDER BY seq LIMIT ${ROW_WINDOW}`;
  const { rows } = await sql<VersionRow>`SELECT * FROM (${window}) AS near WHERE ${fits} ORDER BY seq LIMIT ${limit + 1}`.execute(read);
  const shown = rows.slice(0, limit);
  if (rows.length > limit) return { rows: shown, next: shown.at(-1)?.seq ?? after, more: true };
  const { rows: [end] } = await sql<{ seq: number | null; n: number }>`SELECT max(seq) AS seq, count(*) AS n FROM (${window}) AS near`.execute(read);
  return { rows: shown, next: end?.seq ?? Math.min(after, top), more: Number(end?.n ?? 0) === ROW_WINDOW };
}

async function newest(read: Reads["read"], within: RawBuilder<boolean>): Promise<number> {
  const { rows } = await sql<{ seq: number }>`SELECT seq FROM alert_versions WHERE ${within} ORDER BY seq DESC LIMIT 1`.execute(read);
  return rows[0]?.seq ?? 0;
}

/** Ids of the sites that go by this id or name within the scope; the id itself in any case, for a site may be unknown to the mirror. */
export async function sitesNamed({ read }: Reads, scope: TenantScope, reference: string): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM sites WHERE lower(name) = ${reference.toLowerCase()} AND ${withinScope(scope)} LIMIT 1000`.execute(read);
  return [...new Set([reference, ...rows.map(({ id }) => id)])];
}
