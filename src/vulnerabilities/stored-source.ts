/**
 * Exports as the store has them: device by device in the order of their ids, a bounded number of rows at a time, each read by an index. Many queries, so it is not one
 * moment: what changes while it is read may be told as it was or as it is. Only what the scope may see.
 */
import { sql, type RawBuilder } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { rowList, textList, withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import type { ExportAsset, ExportDevice, ExportFinding, ExportHistory, ExportInstance, ExportSource, ExportStatement } from "./export/source.ts";
import { assignedOf } from "./asset-judging.ts";
import { contextFrom, inService } from "./asset-rules.ts";
import { LONGEST_KEPT } from "./cells.ts";
import { knownOf, UNKNOWN } from "./known.ts";
import type { AgentFacts, ClosureProof, FindingFacts, InstanceClass, SourceDecision, VulnerabilityStatus } from "./model.ts";
import { riskScore, type AssetContext, type RiskScore } from "./score.ts";
import { severityAt } from "./sla.ts";
import type { AgentRow, FindingRow, HistoryRow, InstanceRow } from "./tables.ts";
import { agentFrom, numbered } from "./write.ts";

const AGENTS_AT_ONCE = 200;
const ROWS_AT_ONCE = 500;
/** Findings kept at hand: those of popular applications come back with every device. */
const FINDINGS_KEPT = 5000;

const SAID_KEPT = 500;
/** What exports tell of an instance. */
const KEPT_TEXTS = ["id", "connection_id", "agent_id", "finding_id", "version", "status", "decided_by", "actor", "reason", "class", "facts", "proof"] as const;
const KEPT_NUMBERS = ["decided_at", "expires_at", "first_seen", "detected_at", "scanned_at", "fixed_at", "due_at", "reopened", "present"] as const;
const KEPT = sql.join([...KEPT_TEXTS, ...KEPT_NUMBERS].map((name) => sql.ref(name)));
type KeptRow = Pick<InstanceRow, (typeof KEPT_TEXTS)[number] | (typeof KEPT_NUMBERS)[number]>;

export interface StoredOptions {
  /** Only of this connection. */
  readonly connection?: string | undefined;
}

export function storedSource(store: Pick<Store, "read" | "kind">, scope: TenantScope, options: StoredOptions = {}): ExportSource {
  const reader = new Reader(store, scope, options);
  return {
    devices: () => reader.devices(),
    findings: () => reader.findings(),
    statements: () => reader.statements(),
    applications: () => reader.applications(),
    history: () => reader.history(),
  };
}

class Reader {
  readonly #store: Pick<Store, "read" | "kind">;
  readonly #scope: TenantScope;
  readonly #connection: string | undefined;
  #kept = new Map<string, ExportFinding>();

  constructor(store: Pick<Store, "read" | "kind">, scope: TenantScope, { connection }: StoredOptions) {
    this.#store = store;
    this.#scope = scope;
    this.#connection = connection;
  }

  async *devices(): AsyncGenerator<ExportDevice> {
    let waiting: AgentRow[] = [];
    let after: readonly [string, string, string, string] | null = null;
    for (;;) {
      const rows = await this.#agents(after);
      const last = rows.at(-1);
      // A device's agents stand together: the last one's may go on with the next page.
      waiting.push(...rows);
      const groups = Map.groupBy(waiting, (row) => `${row.tenant_id} ${row.asset_id}`);
      const whole = [...groups.values()];
      waiting = last === undefined ? [] : (whole.pop() ?? []);
      yield* this.#grouped(whole);
      if (last === undefined) return;
      after = [last.tenant_id, last.asset_id, last.connection_id, last.id];
    }
  }

  async #agents(after: readonly [string, string, string, string] | null): Promise<readonly AgentRow[]> {
    const further = after === null ? sql`1 = 1` : sql`(tenant_id, asset_id, connection_id, id) > (${sql.join(after)})`;
    const { rows } = await sql<AgentRow>`SELECT * FROM vuln_agents WHERE ${this.#within()} AND ${further} ORDER BY tenant_id, asset_id, connection_id, id LIMIT ${AGENTS_AT_ONCE}`.execute(this.#store.read);
    return rows.map(agentFrom);
  }

  /** Devices with few instances are read together; one with many, by itself and in pieces. */
  async *#grouped(devices: readonly (readonly AgentRow[])[]): AsyncGenerator<ExportDevice> {
    const counts = await this.#counts(devices.flat());
    const size = (agents: readonly AgentRow[]): number => agents.reduce((sum, one) => sum + (counts.get(placeOf(one)) ?? 0), 0);
    for (let at = 0; at < devices.length; ) {
      const together: (readonly AgentRow[])[] = [];
      let rows = 0;
      for (; at < devices.length; at += 1) {
        const next = devices[at] ?? [];
        if (together.length > 0 && rows + size(next) > ROWS_AT_ONCE) break;
        rows += size(next);
        together.push(next);
      }
      if (rows > ROWS_AT_ONCE) for (const agents of together) yield { asset: assetOf(agents), instances: this.#pieces(agents) };
      else yield* this.#small(together, rows);
    }
  }

  async *#small(devices: readonly (readonly AgentRow[])[], expected: number): AsyncGenerator<ExportDevice> {
    const limit = ROWS_AT_ONCE * 2;
    const found = expected === 0 ? [] : await this.#instances(devices.flat(), null, limit, false);
    if (found.length === limit) {
      // More came meanwhile than were counted.
      for (const agents of devices) yield { asset: assetOf(agents), instances: this.#pieces(agents) };
      return;
    }
    const byAgent = Map.groupBy(found, (row) => `${row.connection_id} ${row.agent_id}`);
    for (const agents of devices) {
      const asset = assetOf(agents);
      const rows = agents.flatMap((agent) => byAgent.get(placeOf(agent)) ?? []).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      yield { asset, instances: one(rows.length === 0 ? [] : await this.#told(asset, rows)) };
    }
  }

  async *#pieces(agents: readonly AgentRow[]): AsyncGenerator<readonly ExportInstance[]> {
    const asset = assetOf(agents);
    let after: string | null = null;
    for (;;) {
      const rows = await this.#instances(agents, after, ROWS_AT_ONCE);
      if (rows.length > 0) yield await this.#told(asset, rows);
      if (rows.length < ROWS_AT_ONCE) return;
      after = rows.at(-1)?.id ?? null;
    }
  }

  async #counts(agents: readonly AgentRow[]): Promise<ReadonlyMap<string, number>> {
    if (agents.length === 0) return new Map();
    const { rows } = await sql<{ connection_id: string; agent_id: string; many: number }>`
      SELECT connection_id, agent_id, count(*) AS many FROM vuln_instances WHERE (connection_id, agent_id) IN ${rowList(this.#store.kind, 2, agents.map(({ connection_id, id }) => [connection_id, id]))} GROUP BY connection_id, agent_id`.execute(this.#store.read);
    return new Map(rows.map((row) => [`${row.connection_id} ${row.agent_id}`, Number(row.many)]));
  }

  /** In the order of their ids where there is a place to go on from. */
  async #instances(agents: readonly AgentRow[], after: string | null, limit: number, ordered = true): Promise<readonly KeptRow[]> {
    const { rows } = await sql<KeptRow>`
      SELECT ${KEPT} FROM vuln_instances WHERE (connection_id, agent_id) IN ${rowList(this.#store.kind, 2, agents.map(({ connection_id, id }) => [connection_id, id]))} AND ${withinScope(this.#scope)}
      AND ${after === null ? sql`1 = 1` : sql`id > ${after}`} ${ordered ? sql`ORDER BY id` : sql``} LIMIT ${limit}`.execute(this.#store.read);
    return this.#store.kind === "sqlite" ? rows : rows.map((row) => numbered(row, KEPT_NUMBERS));
  }

  async #told(asset: ExportAsset, rows: readonly KeptRow[]): Promise<readonly ExportInstance[]> {
    const findings = await this.#findings(rows.map((row) => row.finding_id));
    return rows.flatMap((row) => {
      const finding = findings.get(row.finding_id);
      return finding === undefined ? [] : [instanceOf(asset, finding, row)];
    });
  }

  async #findings(ids: readonly string[]): Promise<ReadonlyMap<string, ExportFinding>> {
    const wanted = [...new Set(ids)];
    const missing = wanted.filter((id) => !this.#kept.has(id));
    if (missing.length > 0) {
      if (this.#kept.size > FINDINGS_KEPT) this.#kept = new Map(wanted.flatMap((id) => this.#entry(id)));
      const { rows } = await sql<FindingRow>`SELECT * FROM vuln_findings WHERE id IN ${textList(this.#store.kind, missing)}`.execute(this.#store.read);
      for (const finding of await this.#complete(rows)) this.#kept.set(finding.id, finding);
    }
    return new Map(wanted.flatMap((id) => this.#entry(id)));
  }

  #entry(id: string): readonly (readonly [string, ExportFinding])[] {
    const finding = this.#kept.get(id);
    return finding === undefined ? [] : [[id, finding]];
  }

  /** With what the lists say of their CVEs, and what all applications say of a CVE together. */
  async #complete(rows: readonly FindingRow[]): Promise<readonly ExportFinding[]> {
    const { read, kind } = this.#store;
    const cves = [...new Set(rows.map((row) => row.cve))];
    const known = await knownOf(read, kind, cves);
    const { rows: totals } = await sql<{ cve: string; worst: number; exploited: number | null }>`
      SELECT cve, min(severity) AS worst, max(exploited) AS exploited FROM vuln_findings WHERE cve IN ${textList(kind, cves)} AND ${withinScope(this.#scope)} GROUP BY cve`.execute(read);
    const byCve = new Map(totals.map((row) => [row.cve, row]));
    return rows.map((row) => {
      const { kev, epss } = known.get(row.cve) ?? UNKNOWN;
      const total = byCve.get(row.cve);
      return {
        id: row.id, tenant: row.tenant_id, severity: severityAt(row.severity), facts: JSON.parse(row.facts) as FindingFacts, firstSeen: Number(row.first_seen), kev, epss,
        cveSeverity: severityAt(Number(total?.worst ?? row.severity)), cveExploited: kev !== null || Number(total?.exploited ?? 0) === 1,
      };
    });
  }

  async *findings(): AsyncGenerator<readonly ExportFinding[]> {
    for await (const rows of this.#findingRows()) yield await this.#complete(rows);
  }

  async *#findingRows(): AsyncGenerator<readonly FindingRow[]> {
    let after = "";
    const ofConnection = this.#connection === undefined ? sql`1 = 1` : sql`EXISTS (SELECT 1 FROM vuln_instances AS i WHERE i.finding_id = vuln_findings.id AND i.connection_id = ${this.#connection})`;
    for (;;) {
      const { rows } = await sql<FindingRow>`SELECT * FROM vuln_findings WHERE id > ${after} AND ${withinScope(this.#scope)} AND ${ofConnection} ORDER BY id LIMIT 500`.execute(this.#store.read);
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < 500) return;
      after = last.id;
    }
  }

  async *statements(): AsyncGenerator<readonly ExportStatement[]> {
    for await (const rows of this.#findingRows()) {
      const findings = new Map((await this.#complete(rows)).map((finding) => [finding.id, finding]));
      const { rows: counted } = await sql<{ finding_id: string; version: string | null; status: string; many: number; first_seen: number; changed: number; reason: string | null }>`
        SELECT finding_id, version, status, count(*) AS many, min(first_seen) AS first_seen, max(coalesce(decided_at, fixed_at, first_seen)) AS changed, max(reason) AS reason FROM vuln_instances
        WHERE finding_id IN ${textList(this.#store.kind, [...findings.keys()])} AND class <> 'out-of-scope' AND ${this.#within()} GROUP BY finding_id, version, status ORDER BY finding_id, version, status`.execute(this.#store.read);
      yield counted.flatMap((row) => {
        const finding = findings.get(row.finding_id);
        return finding === undefined ? [] : [{ finding, version: row.version, status: row.status as VulnerabilityStatus, instances: Number(row.many), firstSeen: Number(row.first_seen), changedAt: Number(row.changed), reason: row.reason }];
      });
    }
  }

  async *applications(): AsyncGenerator<readonly { readonly application: string; readonly vendor: string | null }[]> {
    let after: readonly [string, string] | null = null;
    for (;;) {
      const further: RawBuilder<unknown> = after === null ? sql`1 = 1` : sql`(application, coalesce(vendor, '')) > (${sql.join(after)})`;
      const { rows }: { readonly rows: readonly { readonly application: string; readonly seller: string }[] } = await sql<{ application: string; seller: string }>`
        SELECT DISTINCT application, coalesce(vendor, '') AS seller FROM vuln_findings WHERE ${withinScope(this.#scope)} AND ${further} ORDER BY application, seller LIMIT 1000`.execute(this.#store.read);
      yield rows.map(({ application, seller }) => ({ application, vendor: seller === "" ? null : seller }));
      const last = rows.at(-1);
      if (last === undefined || rows.length < 1000) return;
      after = [last.application, last.seller];
    }
  }

  async *history(): AsyncGenerator<readonly ExportHistory[]> {
    let after = 0;
    for (;;) {
      const { rows } = await sql<HistoryRow>`SELECT * FROM vuln_history WHERE seq > ${after} AND ${this.#within()} ORDER BY seq LIMIT ${ROWS_AT_ONCE}`.execute(this.#store.read);
      if (rows.length > 0) yield rows.map((row) => ({ instance: row.instance_id, tenant: row.tenant_id, at: Number(row.at), event: row.event, from: row.from_status, to: row.to_status, by: row.decided_by, actor: row.actor, details: JSON.parse(row.details) as unknown }));
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_AT_ONCE) return;
      after = Number(last.seq);
    }
  }

  #within(): RawBuilder<boolean> {
    return this.#connection === undefined ? withinScope(this.#scope) : sql<boolean>`${withinScope(this.#scope)} AND connection_id = ${this.#connection}`;
  }
}

async function* one<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  if (items.length > 0) yield items;
}

function placeOf({ connection_id, id }: AgentRow): string {
  return `${connection_id} ${id}`;
}

/** Whoever of its agents is active and spoke last speaks for the device. */
function assetOf(agents: readonly AgentRow[]): ExportAsset {
  const [first, ...others] = agents.toSorted((a, b) => b.active - a.active || (b.last_active ?? 0) - (a.last_active ?? 0) || (a.id < b.id ? -1 : 1));
  if (first === undefined) throw new RangeError("a device has an agent");
  const facts = JSON.parse(first.facts) as Partial<AgentFacts>;
  const assigned = assignedOf(first);
  const latest = (moments: readonly (number | null)[]): number | null => moments.reduce((most, one) => (one === null ? most : Math.max(most ?? one, one)), null);
  const all = [first, ...others];
  return {
    id: first.asset_id, tenant: first.tenant_id, connection: first.connection_id, agents: all.map((one) => one.id), facts, assigned, context: contextFrom(assigned), active: inService(first.stale), covered: all.some((one) => one.scope !== "none"), staleness: first.stale,
    firstSeen: Math.min(...all.map((one) => one.first_seen)), lastActive: latest(all.map((one) => one.last_active)), scannedAt: latest(all.map((one) => one.scanned_at)),
  };
}

interface Said {
  readonly lastScanResult?: string | null;
  readonly source?: SourceDecision;
}

/** What consoles say of instances is mostly the same, word for word. */
let said = new Map<string, Said>();

function saidIn(facts: string): Said {
  const known = said.get(facts);
  if (known !== undefined) return known;
  const parsed = JSON.parse(facts) as Said;
  if (facts.length > LONGEST_KEPT) return parsed;
  if (said.size > SAID_KEPT) said = new Map();
  said.set(facts, parsed);
  return parsed;
}

function instanceOf(asset: ExportAsset, finding: ExportFinding, row: KeptRow): ExportInstance {
  const { lastScanResult = null, source = null } = saidIn(row.facts);
  return {
    id: row.id, finding, agent: row.agent_id, version: row.version, status: row.status as VulnerabilityStatus, by: row.decided_by, actor: row.actor, reason: row.reason, decidedAt: row.decided_at, expiresAt: row.expires_at,
    class: row.class as InstanceClass, present: row.present === 1, firstSeen: row.first_seen, detectedAt: row.detected_at, scannedAt: row.scanned_at, lastScanResult, fixedAt: row.fixed_at, dueAt: row.due_at, reopened: row.reopened,
    source, proof: row.proof === null ? null : (JSON.parse(row.proof) as ClosureProof), risk: scoreOf(finding, asset.context),
  };
}

/** The same for every device of the same weight: worked out once while its finding is at hand. */
const scores = new WeakMap<ExportFinding, Map<string, RiskScore>>();

function scoreOf(finding: ExportFinding, asset: AssetContext): RiskScore {
  const key = `${asset.criticality ?? ""} ${asset.sensitivity ?? ""} ${String(asset.exposed)}`;
  const worked = scores.get(finding) ?? new Map<string, RiskScore>();
  const score = worked.get(key) ?? riskScore({ severity: finding.severity, facts: finding.facts, kev: finding.kev, epss: finding.epss, asset });
  scores.set(finding, worked.set(key, score));
  return score;
}
