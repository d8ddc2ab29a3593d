/**
 * Questions about software: what is installed, by the mirror, with the CVEs that are open in it; and what changed between two dates. Applications are gone through a few at a
 * time in the order of their names, so that no answer holds an estate's whole inventory.
 */
import { sql, type RawBuilder } from "kysely";
import { Fault, wrongPlace } from "../../kernel/fault.ts";
import type { TenantScope } from "../../kernel/scope.ts";
import { viewName } from "../../kernel/stream-ids.ts";
import type { SOFTWARE_CHANGES, SOFTWARE_CVES, SoftwareChangeView, SoftwareView } from "../../kernel/vulnerability-software-api.ts";
import { rowList, textList, withinScope } from "../../store/conditions.ts";
import type { Store } from "../../store/store.ts";
import { like } from "../asset-rules.ts";
import { fold } from "../cells.ts";
import { severityAt } from "../sla.ts";
import { compareVersions } from "../software-versions.ts";

type Reads = Pick<Store, "read" | "kind">;

const NAMES_AT_ONCE = 25;
/** Looked through for one page, whatever fits. */
const MOST_NAMES = 20_000;

interface Device {
  readonly connection: string;
  readonly uuid: string | null;
  readonly id: string;
}

export interface SoftwareFilter {
  readonly connection?: string | undefined;
  /** All agents of one device. */
  readonly device?: readonly Device[] | undefined;
  readonly application?: string | undefined;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** NOT_FOUND for a device nobody knows, CONFIG_INVALID for a name that several have. */
export async function deviceByReference({ read }: Reads, scope: TenantScope, reference: string): Promise<readonly Device[]> {
  const { rows } = await sql<{ connection_id: string; uuid: string | null; id: string; asset: string }>`
    SELECT connection_id, uuid, id, tenant_id || ' ' || asset_id AS asset FROM vuln_agents WHERE ${withinScope(scope)} AND (id = ${reference} OR uuid = ${reference} OR asset_id = ${reference} OR name_key = ${fold(reference)}) LIMIT 200`.execute(read);
  if (rows.length === 0) throw new Fault("NOT_FOUND", "There is no such device.", { cure: "List them with `vedette vulnerabilities assets`." });
  const assets = [...new Set(rows.map((row) => row.asset))];
  if (assets.length > 1) throw new Fault("CONFIG_INVALID", `${String(assets.length)} devices fit ${JSON.stringify(reference)}.`, { cure: `Give one by its id: ${assets.slice(0, 5).map((one) => one.split(" ")[1]).join(", ")}.` });
  return rows.map(({ connection_id: connection, uuid, id }) => ({ connection, uuid, id }));
}

export async function listSoftware(reads: Reads, scope: TenantScope, filter: SoftwareFilter & { readonly cves?: (typeof SOFTWARE_CVES)[number] | undefined; readonly after?: string | undefined; readonly limit: number }): Promise<Page<SoftwareView>> {
  const view = sql.table(viewName("applications"));
  const where = sql`${withinScope(scope)} AND ${ofDevice(reads, filter, sql`coalesce(endpoint_uuid, endpoint_id)`)}`;
  return pages(reads, sql`SELECT DISTINCT application_name AS name FROM ${view} WHERE application_name IS NOT NULL AND ${where}`, sql.ref("application_name"), filter, async (names) => {
    const { rows } = await sql<{ application: string; vendor: string | null; version: string | null; devices: number }>`
      SELECT application_name AS application, application_vendor AS vendor, version, count(DISTINCT connection_id || ' ' || coalesce(endpoint_uuid, endpoint_id, '')) AS devices FROM ${view}
      WHERE application_name IN ${textList(reads.kind, names)} AND ${where} GROUP BY application_name, application_vendor, version`.execute(reads.read);
    const known = await openCves(reads, scope, filter, names);
    const items = rows.map((row): SoftwareView => {
      const found = known(row.application, row.vendor, row.version);
      return { application: row.application, vendor: row.vendor, version: row.version, devices: Number(row.devices), cves: found.cves, worst: found.worst === null ? null : severityAt(found.worst) };
    });
    return items.filter(({ cves }) => filter.cves === undefined || cves > 0 === (filter.cves === "with"));
  }, ({ vendor, version }) => [vendor, version]);
}

interface Open {
  readonly cves: number;
  readonly worst: number | null;
}

/** Of each application and version. A vendor that only one side states speaks against nothing. */
async function openCves({ read, kind }: Reads, scope: TenantScope, { connection, device }: SoftwareFilter, names: readonly string[]): Promise<(application: string, vendor: string | null, version: string | null) => Open> {
  const { rows } = await sql<{ application: string; vendor: string | null; version: string | null; cve: string; worst: number }>`
    SELECT f.application, f.vendor, i.version, f.cve, min(i.severity) AS worst FROM vuln_findings AS f JOIN vuln_instances AS i ON i.finding_id = f.id
    WHERE f.application IN ${textList(kind, names)} AND i.class IN ('open', 'stale') AND ${withinScope(scope, "f.tenant_id")} AND ${withinScope(scope, "i.tenant_id")}
    ${connection === undefined ? sql`` : sql`AND i.connection_id = ${connection}`} ${device === undefined ? sql`` : sql`AND (i.connection_id, i.agent_id) IN ${rowList(kind, 2, device.map((one) => [one.connection, one.id]))}`}
    GROUP BY f.application, f.vendor, i.version, f.cve`.execute(read);
  const byVersion = Map.groupBy(rows, (row) => JSON.stringify([row.application, row.version]));
  return (application, vendor, version) => {
    const fits = (byVersion.get(JSON.stringify([application, version])) ?? []).filter((row) => row.vendor === null || vendor === null || fold(row.vendor) === fold(vendor));
    return { cves: new Set(fits.map((row) => row.cve)).size, worst: fits.length === 0 ? null : Math.min(...fits.map((row) => Number(row.worst))) };
  };
}

export interface DiffFilter extends SoftwareFilter {
  readonly from: number;
  readonly to: number;
  readonly change?: (typeof SOFTWARE_CHANGES)[number] | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** What is otherwise at `to` than at `from`: what came and went in between is no difference. */
export async function diffSoftware(reads: Reads, scope: TenantScope, filter: DiffFilter): Promise<Page<SoftwareChangeView>> {
  const where = sql`${withinScope(scope)} AND at > ${filter.from} AND at <= ${filter.to} AND ${ofDevice(reads, filter, sql`device`)}`;
  return pages(reads, sql`SELECT DISTINCT application AS name FROM vuln_software_changes WHERE ${where}`, sql.ref("application"), filter, async (names) => {
    const { rows } = await sql<Moved>`
      SELECT tenant_id, connection_id, device, application, vendor, version, sum(sign) AS net FROM vuln_software_changes WHERE application IN ${textList(reads.kind, names)} AND ${where}
      GROUP BY tenant_id, connection_id, device, application, vendor, version HAVING sum(sign) <> 0`.execute(reads.read);
    return summed(rows).filter(({ change }) => filter.change === undefined || change === filter.change);
  }, ({ vendor, change, was, now }) => [vendor, change, was, now]);
}

interface Moved {
  readonly tenant_id: string;
  readonly connection_id: string;
  readonly device: string;
  readonly application: string;
  readonly vendor: string;
  readonly version: string;
  readonly net: number;
}

/** Device by device first: a version that went and one that came is an update. */
function summed(rows: readonly Moved[]): readonly SoftwareChangeView[] {
  const found = new Map<string, SoftwareChangeView>();
  for (const its of Map.groupBy(rows, (row) => JSON.stringify([row.tenant_id, row.connection_id, row.device, row.application, row.vendor])).values()) {
    const [first] = its;
    if (first === undefined) continue;
    const [was, now] = [its.filter((row) => Number(row.net) < 0), its.filter((row) => Number(row.net) > 0)].map((side) => side.map((row) => row.version).toSorted(compareVersions));
    const change = was?.length === 0 ? "added" : now?.length === 0 ? "removed" : "updated";
    const view = { application: first.application, vendor: first.vendor === "" ? null : first.vendor, change, was: versions(was), now: versions(now) } as const;
    const key = JSON.stringify(view);
    found.set(key, { ...view, devices: (found.get(key)?.devices ?? 0) + 1 });
  }
  return [...found.values()];
}

function versions(list: readonly string[] | undefined): string | null {
  return list === undefined || list.length === 0 ? null : list.map((version) => (version === "" ? "(not stated)" : version)).join(", ");
}

/** Connections whose inventory was not known whole at `from`. */
export async function knownLater({ read, kind }: Reads, connections: readonly string[], from: number): Promise<readonly { readonly connection: string; readonly since: number | null }[]> {
  if (connections.length === 0) return [];
  const { rows } = await sql<{ connection_id: string; since: number }>`
    SELECT connection_id, min(since) AS since FROM (
      SELECT connection_id, since FROM vuln_software_known UNION ALL SELECT connection_id, read_to FROM mirror_checkpoints WHERE stream = 'applications' AND read_to IS NOT NULL) AS k
    WHERE connection_id IN ${textList(kind, connections)} GROUP BY connection_id`.execute(read);
  const known = new Map(rows.map((row) => [row.connection_id, Number(row.since)]));
  return connections.map((connection) => ({ connection, since: known.get(connection) ?? null })).filter(({ since }) => since === null || since > from);
}

function ofDevice({ kind }: Reads, { connection, device }: SoftwareFilter, column: RawBuilder<unknown>): RawBuilder<unknown> {
  const its = device === undefined ? sql`1 = 1` : sql`(connection_id, ${column}) IN ${rowList(kind, 2, device.flatMap((one) => [[one.connection, one.id], ...(one.uuid === null ? [] : [[one.connection, one.uuid]])]))}`;
  return connection === undefined ? its : sql`${its} AND connection_id = ${connection}`;
}

interface Named {
  readonly application: string;
}

/** Where a row stands among those of its application. */
type Within = readonly (string | null)[];

/** Goes on with the application of the place: with what stands behind it there, or with the next one where all of it was told. */
async function pages<Item extends Named>(
  { read }: Reads, names: RawBuilder<unknown>, column: RawBuilder<unknown>, { application, after, limit }: { readonly application?: string | undefined; readonly after?: string | undefined; readonly limit: number },
  itemsOf: (names: readonly string[]) => Promise<readonly Item[]>, withinOf: (item: Item) => Within,
): Promise<Page<Item>> {
  const start = placeIn(after);
  const items: Item[] = [];
  let from: RawBuilder<unknown> = start === null ? sql`1 = 1` : sql`${column} >= ${start.name}`;
  for (let looked = 0; items.length <= limit && looked < MOST_NAMES; looked += NAMES_AT_ONCE) {
    const { rows } = await sql<{ name: string }>`${names} AND ${from} ORDER BY 1 LIMIT ${NAMES_AT_ONCE}`.execute(read);
    const wanted = rows.map((row) => row.name).filter((name) => application === undefined || like(fold(application), fold(name)));
    const found = wanted.length === 0 ? [] : await itemsOf(wanted);
    const byName = Map.groupBy(found, (item) => item.application);
    for (const name of wanted) {
      const its = (byName.get(name) ?? []).map((item) => ({ item, within: withinOf(item) })).toSorted((a, b) => order(a.within, b.within));
      for (const { item, within } of its) if (start?.name !== name || (start.within !== null && order(within, start.within) > 0)) items.push(item);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < NAMES_AT_ONCE) return cut(items, limit, withinOf, null);
    from = sql`${column} > ${last.name}`;
    if (looked + NAMES_AT_ONCE >= MOST_NAMES && items.length <= limit) return cut(items, limit, withinOf, JSON.stringify([last.name, null]));
  }
  return cut(items, limit, withinOf, null);
}

function cut<Item extends Named>(items: readonly Item[], limit: number, withinOf: (item: Item) => Within, next: string | null): Page<Item> {
  const last = items[limit - 1];
  if (items.length <= limit || last === undefined) return { items, next };
  return { items: items.slice(0, limit), next: JSON.stringify([last.application, withinOf(last)]) };
}

function placeIn(after: string | undefined): { readonly name: string; readonly within: Within | null } | null {
  if (after === undefined) return null;
  try {
    const place: unknown = JSON.parse(after);
    const [name, within] = Array.isArray(place) && place.length === 2 ? (place as readonly unknown[]) : [];
    if (typeof name === "string" && (within === null || isWithin(within))) return { name, within };
  } catch {
    // Said below.
  }
  throw wrongPlace();
}

function isWithin(value: unknown): value is Within {
  return Array.isArray(value) && value.every((one) => one === null || typeof one === "string");
}

/** Numbers within texts by their value, so that versions stand in their order. */
function order(a: Within, b: Within): number {
  for (const [place, one] of a.entries()) {
    const [left, right] = [one ?? "", b[place] ?? ""];
    const difference = compareVersions(left, right) || (left < right ? -1 : left > right ? 1 : 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
