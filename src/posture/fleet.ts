/**
 * The list of devices that people look through: sorted and narrowed by what has an index. Half a million devices are never looked through for one page. Where few
 * devices fit some part of the question, those are taken and put in order; else a bounded window of the order is looked at, and a page that is not full says where to go on.
 */
import { sql, type RawBuilder } from "kysely";
import { wrongPlace } from "../kernel/fault.ts";
import { FLEET_VERDICTS, type FleetDevice, type FleetPage, type FleetSort, type FleetVerdict } from "../kernel/posture-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { readFacts } from "./project.ts";
import { foldSerial, foldWords } from "./serials.ts";

export interface FleetFilter {
  readonly sort: FleetSort;
  readonly descending: boolean;
  /** How a name or a serial number begins. */
  readonly search?: string | undefined;
  readonly site?: string | undefined;
  readonly os?: string | undefined;
  readonly verdict?: FleetVerdict | undefined;
  /** Without a serial number that says anything. */
  readonly serial?: "none" | undefined;
  /** Milliseconds: those whose agent last reported before that. */
  readonly reportedBefore?: number | undefined;
}

/** For tests to make small. */
export interface FleetBounds {
  /** As few are taken as they are and put in order. */
  readonly few: number;
  /** Devices looked at for one page where many fit each part of the question. */
  readonly window: number;
  readonly counted: number;
}

const BOUNDS: FleetBounds = { few: 4_000, window: 2_000, counted: 10_000 };

type Reads = Pick<Store, "read" | "kind">;
type Kind = Store["kind"];
type Sql = RawBuilder<unknown>;

const KEYS: Readonly<Record<FleetSort, string>> = { name: "hostname_key", serial: "serial_key", site: "site_key", os: "os_key", verdict: "verdict", seen: "last_active" };

/** What stands behind the key in its index, so that no two devices are in one place. */
function tiesOf(kind: Kind, sort: FleetSort): readonly string[] {
  if (sort === "serial") return ["last_active", "connection_id", "id"];
  if (sort === "name") return kind === "sqlite" ? ["last_active", "rowid"] : ["last_active", "connection_id", "id"];
  return kind === "sqlite" ? ["rowid"] : ["connection_id", "id"];
}

/** Where a page goes on: behind these values of the order's columns; the first of them null among devices that say nothing of the key. */
type Place = readonly (string | number | null)[];

interface Row {
  readonly facts: string;
  readonly tenant_id: string;
  readonly verdict: number | null;
  readonly [column: `place_${number}`]: string | number | null;
}

const HOUR = 3_600_000;

/** Reported last before this is silent for so many days: by whole hours, since a question that moved with every moment would be another for each page. */
export function silentSince(now: number, days: number): number {
  return Math.floor(now / HOUR) * HOUR - days * 24 * HOUR;
}

/** One page, at most `limit` devices. */
export async function fleetPage(reads: Reads, scope: TenantScope, filter: FleetFilter, page: { readonly after?: string | undefined; readonly limit: number }, bounds: FleetBounds = BOUNDS): Promise<FleetPage> {
  const { kind } = reads;
  const order = [KEYS[filter.sort], ...tiesOf(kind, filter.sort)];
  const after = page.after === undefined ? null : placeOf(page.after, order.length);
  const parts = await partsOf(reads, scope, filter, bounds);
  const rarest = parts.toSorted((left, right) => left.count - right.count)[0];
  const question: Question = { order, descending: filter.descending, after, limit: page.limit };
  if (rarest !== undefined && rarest.count <= bounds.few) return amongFew(reads, question, rarest, parts);
  return withinWindow(reads, question, parts, bounds);
}

interface Question {
  readonly order: readonly string[];
  readonly descending: boolean;
  readonly after: Place | null;
  readonly limit: number;
}

/** One part of the question, and how many devices fit it, as far as was counted. */
interface Part {
  readonly fits: (alias: string) => Sql;
  /** The same as one lookup for each index that it needs. */
  readonly lookups: readonly Sql[];
  readonly count: number;
}

async function partsOf(reads: Reads, scope: TenantScope, filter: FleetFilter, { counted }: FleetBounds): Promise<readonly Part[]> {
  const { kind } = reads;
  const wanted: { readonly fits: Part["fits"]; readonly lookups: Part["lookups"] }[] = [];
  const add = (...each: ((alias: string) => Sql)[]): void => {
    wanted.push({ fits: (alias) => sql`(${sql.join(each.map((one) => one(alias)), sql` OR `)})`, lookups: each.map((one) => one("x")) });
  };
  if (!scope.all) add((alias) => withinScope(scope, `${alias}.tenant_id`));
  if (filter.verdict !== undefined) {
    const verdict = FLEET_VERDICTS.indexOf(filter.verdict);
    add((alias) => sql`${sql.ref(`${alias}.verdict`)} = ${verdict}`);
  }
  if (filter.serial === "none") add((alias) => sql`${sql.ref(`${alias}.serial_key`)} IS NULL`);
  const { reportedBefore } = filter;
  if (reportedBefore !== undefined) add((alias) => sql`${sql.ref(`${alias}.last_active`)} < ${reportedBefore}`);
  for (const [column, given] of [["site_key", filter.site], ["os_key", filter.os]] as const) {
    if (given !== undefined) add((alias) => begins(kind, `${alias}.${column}`, foldWords(given) ?? given));
  }
  if (filter.search !== undefined) {
    const text = filter.search.trim();
    const serial = foldSerial(text);
    add((alias) => begins(kind, `${alias}.hostname_key`, text.toLowerCase()), (alias) => begins(kind, `${alias}.serial_key`, "key" in serial ? serial.key : text.toUpperCase()));
  }
  const parts: Part[] = [];
  for (const one of wanted) parts.push({ ...one, count: await countTo(reads, one.fits("x"), counted + 1) });
  return parts;
}

/** U+10FFFF comes after all that begins with the same: SQLite compares bytes. */
function begins(kind: Kind, column: string, text: string): Sql {
  const of = sql.ref(column);
  return kind === "sqlite" ? sql`(${of} >= ${text} AND ${of} < ${`${text}\u{10FFFF}`})` : sql`starts_with(${of}, ${text})`;
}

async function countTo({ read }: Reads, fits: Sql, most: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM (SELECT 1 FROM posture_devices AS x WHERE ${fits} LIMIT ${most}) AS found`.execute(read);
  return Number(rows[0]?.n ?? 0);
}

function key(kind: Kind): Sql {
  return kind === "sqlite" ? sql`x.rowid AS place` : sql`x.connection_id AS place_connection, x.id AS place_id`;
}

function at(kind: Kind, alias: string): Sql {
  return kind === "sqlite" ? sql`d.rowid = ${sql.ref(`${alias}.place`)}` : sql`d.connection_id = ${sql.ref(`${alias}.place_connection`)} AND d.id = ${sql.ref(`${alias}.place_id`)}`;
}

/** All that fit the rarest part, put in order. */
async function amongFew(reads: Reads, question: Question, rarest: Part, parts: readonly Part[]): Promise<FleetPage> {
  const { read, kind } = reads;
  const { order, descending, after, limit } = question;
  const few = sql`few AS MATERIALIZED (${sql.join(rarest.lookups.map((lookup) => sql`SELECT ${key(kind)} FROM posture_devices AS x WHERE ${lookup}`), sql` UNION `)})`;
  const fits = sql.join([sql`1 = 1`, ...parts.filter((part) => part !== rarest).map((part) => part.fits("d"))], sql` AND `);
  // CROSS JOIN holds SQLite to this order: the few first.
  const from = sql`few CROSS JOIN posture_devices AS d WHERE ${at(kind, "few")} AND ${fits}`;
  const behind = after === null ? sql`1 = 1` : behindAny(order, after, descending);
  const { rows } = await sql<Row>`
    WITH ${few} SELECT d.facts, d.tenant_id, d.verdict, ${placesOf(order)} FROM ${from} AND ${behind} ORDER BY (${sql.ref(`d.${order[0] ?? ""}`)} IS NULL), ${directions(order, descending)} LIMIT ${limit + 1}`.execute(read);
  const { rows: counts } = await sql<{ n: number }>`WITH ${few} SELECT count(*) AS n FROM ${from}`.execute(read);
  return { items: rows.slice(0, limit).map(deviceOf), next: rows.length > limit ? placeText(rows[limit - 1], order) : null, total: { count: Number(counts[0]?.n ?? 0), is: "exact" } };
}

/** What fits among the next devices in order; those that say nothing of the key come behind all that do. */
async function withinWindow(reads: Reads, question: Question, parts: readonly Part[], { window, counted }: FleetBounds): Promise<FleetPage> {
  const { read, kind } = reads;
  const { order, descending, after, limit } = question;
  const silent = after !== null && after[0] === null;
  const named = sql.ref(`x.${order[0] ?? ""}`);
  // Of devices that say nothing of the key only what stands behind it tells them apart.
  const columns = silent ? order.slice(1) : order;
  const behind = after === null || (silent && after[1] === undefined) ? sql`1 = 1` : behindAll("x", columns, silent ? after.slice(1) : after, descending);
  const size = parts.length === 0 ? limit + 1 : Math.max(window, limit + 1);
  const near = sql`near AS MATERIALIZED (SELECT ${key(kind)}, ${sql.join(order.map((column, place) => sql`${sql.ref(`x.${column}`)} AS ${sql.ref(`place_${String(place)}`)}`))} FROM posture_devices AS x
    WHERE ${named} IS ${silent ? sql`NULL` : sql`NOT NULL`} AND ${behind} ORDER BY ${directions(columns, descending, "x")} LIMIT ${size})`;
  const fits = sql.join([sql`1 = 1`, ...parts.map((part) => part.fits("d"))], sql` AND `);
  const names = order.map((_column, place) => `place_${String(place)}`);
  const shown = silent ? names.slice(1) : names;
  const { rows } = await sql<Row>`
    WITH ${near} SELECT d.facts, d.tenant_id, d.verdict, ${sql.join(names.map((name) => sql.ref(`near.${name}`)))} FROM near CROSS JOIN posture_devices AS d WHERE ${at(kind, "near")} AND ${fits}
    ORDER BY ${directions(shown, descending, "near")} LIMIT ${limit + 1}`.execute(read);
  const { rows: ends } = await sql<Row & { readonly looked: number }>`
    WITH ${near} SELECT ${sql.join(names.map((name) => sql.ref(`near.${name}`)))}, (SELECT count(*) FROM near) AS looked FROM near ORDER BY ${directions(shown, !descending, "near")} LIMIT 1`.execute(read);
  const [end] = ends;
  const goesOn = rows.length > limit ? placeText(rows[limit - 1], order) : end !== undefined && Number(end.looked) === size ? placeText(end, order) : null;
  // Where the named ones end, the silent ones begin.
  const next = goesOn ?? (silent ? null : text([null]));
  return { items: rows.slice(0, limit).map(deviceOf), next: next === text([null]) && !(await anySilent(reads, named)) ? null : next, total: await totalOf(reads, parts, counted) };
}

async function anySilent({ read }: Reads, named: Sql): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM posture_devices AS x WHERE ${named} IS NULL LIMIT 1`.execute(read);
  return rows.length > 0;
}

/** Two parts that many fit would have to be looked through together. */
async function totalOf(reads: Reads, parts: readonly Part[], counted: number): Promise<FleetPage["total"]> {
  if (parts.length > 1) return null;
  const count = parts[0]?.count ?? (await countTo(reads, sql`1 = 1`, counted + 1));
  return count > counted ? { count: counted, is: "at-least" } : { count, is: "exact" };
}

function directions(columns: readonly string[], descending: boolean, alias = "d"): Sql {
  return sql.join(columns.map((column) => sql`${sql.ref(`${alias}.${column}`)} ${descending ? sql`DESC` : sql`ASC`}`));
}

function placesOf(order: readonly string[]): Sql {
  return sql.join(order.map((column, place) => sql`${sql.ref(`d.${column}`)} AS ${sql.ref(`place_${String(place)}`)}`));
}

function behindAll(alias: string, columns: readonly string[], values: Place, descending: boolean): Sql {
  return sql`(${sql.join(columns.map((column) => sql.ref(`${alias}.${column}`)))}) ${descending ? sql`<` : sql`>`} (${sql.join(values.map((value) => sql`${value}`))})`;
}

/** Behind a place among all, the silent ones last. */
function behindAny(order: readonly string[], after: Place, descending: boolean): Sql {
  const named = sql.ref(`d.${order[0] ?? ""}`);
  if (after[0] !== null) return sql`(${named} IS NULL OR ${behindAll("d", order, after, descending)})`;
  return after.length === 1 ? sql`${named} IS NULL` : sql`(${named} IS NULL AND ${behindAll("d", order.slice(1), after.slice(1), descending)})`;
}

function text(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

function placeText(row: Row | undefined, order: readonly string[]): string {
  return text(order.map((_column, place) => row?.[`place_${place}`] ?? null));
}

function placeOf(given: string, length: number): Place {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(given, "base64url").toString("utf8"));
  } catch {
    throw wrongPlace();
  }
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string" || Number.isSafeInteger(one) || one === null)) throw wrongPlace();
  const place = value as Place;
  if (place.slice(1).includes(null) || (place.length !== length && !(place.length === 1 && place[0] === null))) throw wrongPlace();
  return place;
}

function deviceOf(row: Row): FleetDevice {
  const facts = readFacts(row.facts);
  return {
    connection: facts.connection,
    agentId: facts.id,
    tenant: row.tenant_id,
    name: facts.hostname,
    serial: facts.serial,
    site: facts.siteName,
    group: facts.groupName,
    os: facts.osName,
    user: facts.userName,
    agentVersion: facts.agentVersion,
    state: facts.uninstalled === true ? "uninstalled" : facts.decommissioned === true ? "decommissioned" : "installed",
    isActive: facts.isActive,
    networkStatus: facts.networkStatus,
    activeThreats: facts.activeThreats,
    verdict: FLEET_VERDICTS[row.verdict ?? -1] ?? "unknown",
    lastActive: facts.lastActive,
  };
}
