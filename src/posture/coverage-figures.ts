/**
 * What an access policy can rest on: how many devices can be told by their serial number, of how many of them anything can be said now, and how fresh what is known is.
 * Counted along indexes, a slice at a time with turns for others between them; what would take a look at each shared number is counted as far as `looked`.
 */
import { setImmediate as turn } from "node:timers/promises";
import { sql, type RawBuilder } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import { FLEET_VERDICTS, type PostureCoverage } from "../kernel/posture-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { DEFAULT_EXPIRATION_MS } from "./evaluate.ts";
import { evidenceByConnection, NEVER } from "./evidence.ts";
import { silentSince } from "./fleet.ts";
import { duplicateSerials } from "./serial-report.ts";
import { NEVER_LEFT_OUT } from "./tables.ts";

type Reads = Pick<Store, "read" | "kind">;

const SILENT_DAYS = [1, 7, 30] as const;
/** Shared numbers whose devices are told apart for one answer. */
const LOOKED = 500;
/** Serial numbers of one slice: some milliseconds. */
const SLICE = 10_000;

export async function coverageFigures(reads: Reads, scope: TenantScope, now: number, looked = LOOKED): Promise<PostureCoverage> {
  const { read, kind } = reads;
  const count = async (which: RawBuilder<unknown>): Promise<number> => {
    await turn();
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM posture_devices WHERE ${which} AND ${withinScope(scope)}`.execute(read);
    return Number(rows[0]?.n ?? 0);
  };
  const { rows: verdicts } = await sql<{ verdict: number | null; n: number }>`SELECT verdict, count(*) AS n FROM posture_devices WHERE ${withinScope(scope)} GROUP BY verdict`.execute(read);
  const silent: PostureCoverage["silent"][number][] = [];
  for (const days of SILENT_DAYS) silent.push({ days, devices: await count(sql`last_active < ${silentSince(now, days)}`) });
  await turn();
  const shared = await duplicateSerials(read, kind, scope, now, { limit: looked });
  const ambiguous = shared.filter(({ outcome }) => outcome === "ambiguous").length;
  return {
    devices: verdicts.reduce((sum, { n }) => sum + Number(n), 0),
    serials: { ...(await numbers(reads, scope)), ambiguous: { count: ambiguous, is: shared.length < looked ? "exact" : "at-least" }, none: await count(sql`serial_key IS NULL`) },
    verdicts: verdictsOf(verdicts),
    silent,
    neverReported: await count(sql`last_active = ${NEVER_LEFT_OUT}`),
    connections: await connectionsOf(reads, scope, now),
  };
}

/** A device that was not met with the rules yet is one of which nothing is known. */
function verdictsOf(rows: readonly { readonly verdict: number | null; readonly n: number }[]): PostureCoverage["verdicts"] {
  const of = (name: (typeof FLEET_VERDICTS)[number]): number => rows.reduce((sum, { verdict, n }) => sum + ((FLEET_VERDICTS[verdict ?? -1] ?? "unknown") === name ? Number(n) : 0), 0);
  return { fail: of("fail"), unknown: of("unknown"), warn: of("warn"), pass: of("pass"), none: of("none") };
}

async function numbers({ read }: Reads, scope: TenantScope): Promise<{ readonly own: number; readonly shared: { readonly numbers: number; readonly devices: number } }> {
  const all = { own: 0, shared: { numbers: 0, devices: 0 } };
  let after: string | null = "";
  while (after !== null) {
    await turn();
    const behind: string = after;
    const found = await sql<SerialSlice>`
      SELECT count(*) AS slice, max(serial_key) AS last, sum(CASE WHEN n = 1 THEN 1 ELSE 0 END) AS own, sum(CASE WHEN n > 1 THEN 1 ELSE 0 END) AS numbers, sum(CASE WHEN n > 1 THEN n ELSE 0 END) AS devices
      FROM (SELECT serial_key, count(*) AS n FROM posture_devices WHERE serial_key IS NOT NULL AND serial_key > ${behind} AND ${withinScope(scope)} GROUP BY serial_key ORDER BY serial_key LIMIT ${SLICE}) AS each_number`.execute(read);
    const row: SerialSlice | undefined = found.rows[0];
    all.own += Number(row?.own ?? 0);
    all.shared.numbers += Number(row?.numbers ?? 0);
    all.shared.devices += Number(row?.devices ?? 0);
    after = Number(row?.slice ?? 0) < SLICE ? null : (row?.last ?? null);
  }
  return all;
}

interface SerialSlice {
  readonly slice: number;
  readonly last: string | null;
  readonly own: number | null;
  readonly numbers: number | null;
  readonly devices: number | null;
}

async function connectionsOf({ read }: Reads, scope: TenantScope, now: number): Promise<PostureCoverage["connections"]> {
  await turn();
  const evidence = await evidenceByConnection(read);
  const { rows: devices } = await sql<{ connection_id: string; n: number }>`SELECT connection_id, count(*) AS n FROM posture_devices WHERE ${withinScope(scope)} GROUP BY connection_id ORDER BY connection_id`.execute(read);
  await turn();
  const { rows: aside } = await sql<{ connection_id: string; n: number }>`
    SELECT p.connection_id, count(DISTINCT p.record_key) AS n FROM mirror_parked AS p JOIN posture_devices AS d ON d.connection_id = p.connection_id AND d.id = p.record_key
    WHERE p.stream = 'agents' AND ${withinScope(scope, "d.tenant_id")} GROUP BY p.connection_id`.execute(read);
  const asideOf = new Map(aside.map((row) => [row.connection_id, Number(row.n)]));
  return devices.map(({ connection_id, n }) => {
    const { at, everyMs } = evidence.get(connection_id) ?? NEVER;
    const expires = everyMs === null ? DEFAULT_EXPIRATION_MS : 2 * everyMs;
    return {
      connection: connection_id,
      devices: Number(n),
      readTo: at === null ? null : isoTime(at),
      evidence: at === null ? ("missing" as const) : now - at > expires ? ("stale" as const) : ("fresh" as const),
      setAside: asideOf.get(connection_id) ?? 0,
    };
  });
}
