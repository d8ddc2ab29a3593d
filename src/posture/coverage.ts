/**
 * Coverage, both ways: which devices of a list somebody keeps have no agent, and which agents nobody has listed. The list comes with the request; agents
 * are read a page at a time. A device counts as covered when an agent answers to any of its identifiers, also where two do. Agents out of service are
 * missed by nobody.
 */
import { sql } from "kysely";
import { csvRow, readCsvRows } from "../kernel/csv.ts";
import { Fault } from "../kernel/fault.ts";
import { CoverageQuery, CoverageRequest, PostureCoverage, type CoverageGap, type CoverageSummary } from "../kernel/posture-api.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Store, Tx } from "../store/store.ts";
import { coverageFigures } from "./coverage-figures.ts";
import { chooseDevice, foldIdentifiers } from "./matching.ts";
import { IDENTIFIERS, type DeviceFacts, type Identifier } from "./model.ts";
import { readFacts } from "./project.ts";
import type { PostureRouteDeps } from "./routes.ts";
import { foldHostname } from "./serials.ts";

export type ListedDevice = Readonly<Partial<Record<Identifier | "agentId", string | null>>>;

const BLOCK = 500;
const MOST_LISTED = 200_000;
/** Agents looked at for one block: a name that thousands share must not bring all of them. */
const MOST_FOUND = 20_000;
const BODY_LIMIT = 64 * 1_048_576;
const COLUMNS = ["gap", "row", "why", "serial", "mac", "hostname", "email", "agentId", "connection", "siteName", "userName", "lastActive"] as const satisfies readonly (keyof CoverageGap)[];

export function coverageRoutes({ store, clock, findTenant }: PostureRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/posture/coverage",
      summary: "How many devices can be told by their serial number, how many are silent, and how fresh what is known of them is",
      permission: "posture.read",
      audit: unaudited("reads only"),
      query: CoverageQuery,
      answer: PostureCoverage,
      async handle({ query: { tenant } }, { scope }: RouteContext<Tx>) {
        return coverageFigures(store, tenant === undefined ? scope : { all: false, tenants: [await findTenant(store.read, scope, tenant)] }, clock.now());
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/posture/coverage",
      summary: "Devices of a list without an agent, and agents that are not in it, as NDJSON (with a summary as its last line) or CSV",
      permission: "posture.read",
      audit: unaudited("compares; stores nothing"),
      body: CoverageRequest,
      bodyLimit: BODY_LIMIT,
      answer: "stream",
      async handle({ body }, { scope, signal }: RouteContext<Tx>) {
        if ((body.devices === undefined) === (body.csv === undefined)) throw new Fault("CONFIG_INVALID", "Give either `devices` or `csv`.");
        const listed = body.csv === undefined ? (body.devices ?? []).map(given) : readList(body.csv);
        const lines = compare(store, scope, listed, clock.now(), signal);
        if (body.format === "csv") return { contentType: "text/csv; charset=utf-8", fileName: "coverage.csv", chunks: csvOf(lines) };
        return { contentType: "application/x-ndjson", fileName: "coverage.ndjson", chunks: linesOf(lines) };
      },
    }),
  ];
}

function given(device: { readonly [Key in Identifier | "agentId"]?: string | null | undefined }): ListedDevice {
  return { serial: device.serial ?? null, mac: device.mac ?? null, hostname: device.hostname ?? null, email: device.email ?? null, agentId: device.agentId ?? null };
}

async function* linesOf(lines: AsyncIterable<CoverageGap | CoverageSummary>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify("gap" in line ? line : { summary: line })}\n`;
}

async function* csvOf(lines: AsyncIterable<CoverageGap | CoverageSummary>): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  for await (const line of lines) if ("gap" in line) yield csvRow(COLUMNS.map((column) => line[column]));
}

const HEADINGS: Readonly<Record<string, Identifier | "agentId">> = {
  serial: "serial", serialnumber: "serial", mac: "mac", macaddress: "mac", hostname: "hostname", host: "hostname", computername: "hostname", devicename: "hostname", email: "email", useremail: "email", agentid: "agentId",
};

export function readList(csv: string): readonly ListedDevice[] {
  const listed: ListedDevice[] = [];
  let columns: readonly (Identifier | "agentId" | undefined)[] | null = null;
  for (const { cells: row, line, open } of readCsvRows(csv)) {
    if (open) throw new Fault("CONFIG_INVALID", `body/csv: a quote is opened in the row that begins on line ${String(line)} and never closed.`, { details: { line }, cure: "Close it, or double it where it belongs to the text." });
    if (columns === null) {
      columns = row.map((name) => HEADINGS[name.toLowerCase().replace(/[^a-z]/g, "")]);
      if (columns.every((column) => column === undefined)) throw new Fault("CONFIG_INVALID", "body/csv: its first line names none of serial, mac, hostname, email, agentId.");
      continue;
    }
    if (listed.length === MOST_LISTED) throw new Fault("CONFIG_INVALID", `body/csv has more than ${String(MOST_LISTED)} devices.`);
    listed.push(Object.fromEntries(columns.flatMap((column, place) => (column === undefined ? [] : [[column, row[place] ?? null]]))));
  }
  return listed;
}

/** Gaps of the list in its order, then those of the agents, then how many of each. */
export async function* compare(store: Pick<Store, "read" | "kind">, scope: TenantScope, listed: readonly ListedDevice[], now: number, signal: AbortSignal): AsyncGenerator<CoverageGap | CoverageSummary> {
  const seen = new Set<string>();
  const count = { covered: 0, ambiguous: 0, noAgent: 0, agents: 0, notListed: 0 };
  for (let from = 0; from < listed.length; from += BLOCK) {
    signal.throwIfAborted();
    const block = listed.slice(from, from + BLOCK);
    const known = await lookUp(store, scope, block);
    for (const [place, device] of block.entries()) {
      const { found, why } = agentsOf(device, known, now);
      for (const agent of found) seen.add(placeOf(agent));
      if (found.length > 0) count.covered += 1;
      if (why === "ambiguous") count.ambiguous += 1;
      if (found.length > 0) continue;
      count.noAgent += 1;
      yield { gap: "no-agent", row: from + place + 1, why, serial: device.serial ?? null, mac: device.mac ?? null, hostname: device.hostname ?? null, email: device.email ?? null, agentId: device.agentId ?? null, connection: null, siteName: null, userName: null, lastActive: null };
    }
  }
  for await (const agent of inService(store, scope, signal)) {
    count.agents += 1;
    if (seen.has(placeOf(agent))) continue;
    count.notListed += 1;
    yield { gap: "not-listed", row: null, why: null, serial: agent.serial, mac: agent.macs[0] ?? null, hostname: agent.hostname, email: agent.emails[0] ?? null, agentId: agent.id, connection: agent.connection, siteName: agent.siteName, userName: agent.userName, lastActive: agent.lastActive };
  }
  yield { listed: listed.length, ...count };
}

type Known = ReadonlyMap<string, readonly DeviceFacts[]>;

function placeOf(device: DeviceFacts): string {
  return `${device.connection} ${device.id}`;
}

function agentsOf(device: ListedDevice, known: Known, now: number): { readonly found: readonly DeviceFacts[]; readonly why: string } {
  const agentId = device.agentId?.trim() ?? "";
  if (agentId !== "") return { found: known.get(`agentId ${agentId}`) ?? [], why: "no-device" };
  const keys = foldIdentifiers(device);
  const candidates = IDENTIFIERS.flatMap((of) => known.get(`${of} ${keys[of] ?? ""}`) ?? []);
  const choice = chooseDevice(candidates, device, IDENTIFIERS, now);
  if (choice.kind === "unknown") return { found: [], why: choice.why };
  if (choice.kind === "ambiguous") return { found: choice.devices, why: "ambiguous" };
  // A former record of the same machine is the machine too.
  return { found: choice.by[0] === "serial" ? candidates.filter((one) => one.serialKey === keys.serial) : [choice.device], why: "matched" };
}

async function lookUp(store: Pick<Store, "read" | "kind">, scope: TenantScope, block: readonly ListedDevice[]): Promise<Known> {
  const keys = block.map((device) => foldIdentifiers(device));
  const texts = (of: Identifier) => [...new Set(keys.flatMap((key) => key[of] ?? []))];
  const agentIds = block.flatMap((device) => device.agentId?.trim() ?? []);
  const within = withinScope(scope, "d.tenant_id");
  const direct = async (column: string, list: readonly string[]) =>
    list.length === 0 ? [] : (await sql<{ facts: string }>`SELECT d.facts FROM posture_devices AS d WHERE d.${sql.ref(column)} IN ${textList(store.kind, list)} AND ${within} LIMIT ${MOST_FOUND}`.execute(store.read)).rows;
  const byKey = async (of: "mac" | "email") => {
    const list = texts(of);
    if (list.length === 0) return [];
    const { rows } = await sql<{ facts: string }>`
      SELECT d.facts FROM posture_keys AS k JOIN posture_devices AS d ON d.connection_id = k.connection_id AND d.id = k.id WHERE k.kind = ${of} AND k.key IN ${textList(store.kind, list)} AND ${within} LIMIT ${MOST_FOUND}`.execute(store.read);
    return rows;
  };
  const rows = [...(await direct("serial_key", texts("serial"))), ...(await direct("hostname_key", texts("hostname"))), ...(await direct("id", agentIds)), ...(await byKey("mac")), ...(await byKey("email"))];
  const known = new Map<string, DeviceFacts[]>();
  const devices = new Map(rows.map((row) => readFacts(row.facts)).map((device) => [placeOf(device), device]));
  for (const device of devices.values()) {
    const places = [`agentId ${device.id}`, `serial ${device.serialKey ?? ""}`, `hostname ${foldHostname(device.hostname) ?? ""}`, ...device.macs.map((mac) => `mac ${mac}`), ...device.emails.map((email) => `email ${email}`)];
    for (const place of new Set(places)) {
      if (place.endsWith(" ")) continue;
      const list = known.get(place);
      if (list === undefined) known.set(place, [device]);
      else list.push(device);
    }
  }
  return known;
}

async function* inService(store: Pick<Store, "read">, scope: TenantScope, signal: AbortSignal): AsyncGenerator<DeviceFacts> {
  let after: readonly [connection: string, id: string] = ["", ""];
  for (;;) {
    signal.throwIfAborted();
    const [connection, id] = after;
    const { rows } = await sql<{ connection_id: string; id: string; facts: string }>`
      SELECT connection_id, id, facts FROM posture_devices WHERE (connection_id, id) > (${connection}, ${id}) AND ${withinScope(scope)} ORDER BY connection_id, id LIMIT ${BLOCK}`.execute(store.read);
    for (const row of rows) {
      const device = readFacts(row.facts);
      if (device.decommissioned !== true && device.uninstalled !== true) yield device;
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = [last.connection_id, last.id];
  }
}
