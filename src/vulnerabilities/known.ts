/** Looks up what the catalogue of known exploited vulnerabilities and the prediction scores say of CVEs. */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import type { EpssScore } from "./epss.ts";
import type { KevEntry } from "./kev.ts";

export interface Known {
  readonly kev: KevEntry | null;
  readonly epss: EpssScore | null;
}

export const UNKNOWN: Known = { kev: null, epss: null };

/** Of these CVEs; one that is in neither file is left out. */
export async function knownOf(db: Database, kind: Store["kind"], cves: readonly string[]): Promise<ReadonlyMap<string, Known>> {
  const known = new Map<string, Known>();
  if (cves.length === 0) return known;
  const scores = await sql<EpssScore>`SELECT cve, score, percentile FROM vuln_epss WHERE cve IN ${textList(kind, cves)}`.execute(db);
  for (const epss of scores.rows) known.set(epss.cve, { kev: null, epss });
  for (const [cve, kev] of await kevOf(db, kind, cves)) known.set(cve, { kev, epss: known.get(cve)?.epss ?? null });
  return known;
}

export async function kevOf(db: Database, kind: Store["kind"], cves: readonly string[]): Promise<ReadonlyMap<string, KevEntry>> {
  if (cves.length === 0) return new Map();
  const { rows } = await sql<{ cve: string; entry: string }>`SELECT cve, entry FROM vuln_kev WHERE cve IN ${textList(kind, cves)}`.execute(db);
  return new Map(rows.map(({ cve, entry }) => [cve, JSON.parse(entry) as KevEntry]));
}
