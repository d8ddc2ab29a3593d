/**
 * What a page of risks means: findings are kept once, instances per device and version go through their life, by one question each for a page, and written where they
 * differ. A row that is proven gone is asked about in the mirror first: the console may have made it anew under another id, or it is another tenant's now.
 */
import { sql } from "kysely";
import { viewName } from "../kernel/stream-ids.ts";
import type { ChangeSet, MirrorRow } from "../mirror/capability.ts";
import { rowList, textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { namedAgent } from "./agents.ts";
import { judgingOf, noteScanDays } from "./asset-judging.ts";
import { stalenessOf } from "./asset-rules.ts";
import { brakes } from "./brake.ts";
import { markConnectionExposed, markExposed, markFindingsExposed } from "./exposure.ts";
import { scoreOfFinding } from "./finding-scores.ts";
import { leaveOutIndexes } from "./instance-indexes.ts";
import type { IngestScope } from "./ingest/match.ts";
import type { FindingOutcome } from "./ingest/outcomes.ts";
import { installedVersions, replacing, type Program } from "./installed.ts";
import { awaiting, before, born, classOf, closed, proofOf, refused, seen, worth, type Step } from "./lifecycle.ts";
import { knownOf, UNKNOWN } from "./known.ts";
import type { ClosureProof, Staleness, VulnerabilityStatus } from "./model.ts";
import { riskOf, type Risk } from "./risk-facts.ts";
import { dueRule } from "./sla-dates.ts";
import { storedFindings, storeFindings } from "./stored-findings.ts";
import type { AgentRow, FindingRow, InstanceRow } from "./tables.ts";
import { agentFrom, differs, setStaleness, storedInstances, writeAgents, writeSteps, type Place } from "./write.ts";

export interface Reading {
  readonly now: number;
  readonly staleAfterMs: number;
  /** What is ingested of a device that only a risk has named; all of it when left out. */
  readonly named?: IngestScope;
}

export interface InstanceOutcome {
  readonly agent: string;
  readonly severity: number;
  readonly outcome: FindingOutcome;
}

interface Closing {
  readonly old: InstanceRow;
  readonly row: InstanceRow;
  readonly proof: ClosureProof;
  readonly wait: "absent" | "device-out-of-reach" | null;
  readonly program: Program;
}

/** Tells what it meant for each instance that the page names. */
export async function reactToRisks(set: ChangeSet, tx: Tx, { now, staleAfterMs, named = "all" }: Reading): Promise<readonly InstanceOutcome[]> {
  const { connection, tenant } = set;
  const first = set.firstRead === true;
  if (first) await leaveOutIndexes(tx);
  const risks = new Map<string, Risk>();
  for (const { after } of [...set.inserted, ...set.changed]) {
    const risk = after === null ? null : riskOf(after);
    if (risk === null) continue;
    const same = risks.get(risk.instanceId);
    // Two rows of one instance: it is there if one of them says so.
    if (same === undefined || (!same.present && risk.present)) risks.set(risk.instanceId, risk);
  }
  const gone = set.gone.flatMap(({ before: row }) => (row === null ? [] : (riskOf(row) ?? []))).filter((risk) => !risks.has(risk.instanceId));
  const agents = await agentsOf(tx, { connection, tenant, named }, [...risks.values(), ...gone], now);
  await noteScans(tx, set, agents, risks.values(), { now, staleAfterMs });
  const stored = await storedInstances(tx, [...risks.keys(), ...gone.map((risk) => risk.instanceId)]);
  await keepFindings(tx, tenant, risks.values(), { now, first });

  const due = await dueRule(tx, tenant, [...risks.values()].map((risk) => risk.finding.cve));
  const steps = new Map<string, Step>();
  const outcomes = new Map<string, InstanceOutcome>([...risks.values()].map((risk) => [risk.instanceId, { agent: risk.agent, severity: risk.severity, outcome: "unchanged" }]));
  const keep = (old: InstanceRow | undefined, step: Step): void => {
    if (old === undefined || step.told.length > 0 || differs(old, step.row)) steps.set(step.row.id, step);
    outcomes.set(step.row.id, { agent: step.row.agent_id, severity: step.row.severity, outcome: outcomeOf(old, step) });
  };
  const closing: Closing[] = [];
  const stale = (id: string): Staleness | null => (agents.get(id)?.stale ?? null) as Staleness | null;
  const ending = [...risks.values()].filter((risk) => !risk.present && stored.get(risk.instanceId)?.present === 1);
  const elsewhere = await stillThere(tx, connection, tenant, [...ending, ...gone]);
  for (const risk of risks.values()) {
    const old = stored.get(risk.instanceId);
    const ours = old?.tenant_id === tenant ? inScope(old, stale(risk.agent)) : undefined;
    const about = { tenant, connection, stale: stale(risk.agent), now, dueAt: due(risk.finding.cve, risk.severity, ours === undefined ? (before(risk.detectedAt, now) ?? now) : now) };
    if (ours === undefined) {
      // What nobody has seen and a failed scan says is gone was never here.
      if (risk.present || risk.scanned) keep(undefined, { row: born(risk, about), told: [] });
    } else if (risk.present) keep(ours, seen(ours, risk, about));
    else if (ours.present === 1 && !elsewhere.ours.has(risk.instanceId)) {
      const verdict = worth(ours, risk, about.stale);
      if (verdict === "refuse") keep(ours, refused(ours, risk, now));
      else closing.push({ old: ours, row: refused(ours, risk, now).row, proof: proofOf({ ...risk, scanAt: before(risk.scanAt, now) }, now, false), wait: verdict === "wait" ? "device-out-of-reach" : null, program: { agent: risk.agent, application: risk.finding.application } });
    }
  }
  const moved: string[] = [];
  for (const risk of gone) {
    const old = stored.get(risk.instanceId);
    if (old === undefined || old.tenant_id !== tenant) continue;
    if (elsewhere.theirs.has(risk.instanceId)) moved.push(old.id);
    // Nobody follows it, so that nothing is said of it.
    else if (old.out_of_scope_at !== null) continue;
    else if (old.present === 1 && old.closing_at === null && !elsewhere.ours.has(risk.instanceId)) {
      const proof: ClosureProof = { kind: "absent", scanAt: null, scanResult: null, was: old.version, now: null, learntAt: now, second: false };
      closing.push({ old, row: old, proof, wait: "absent", program: { agent: risk.agent, application: risk.finding.application } });
    }
  }
  const mass = await brakes(tx, connection, closing.filter((one) => one.wait === null && one.old.closing_at === null).length, now);
  const waits = (one: Closing): boolean => one.wait !== null || mass || one.old.closing_at !== null;
  const installed = await installedVersions(tx, connection, closing.filter((one) => !waits(one)).map((one) => one.program));
  for (const one of closing) {
    const { old, row, proof, wait, program } = one;
    if (waits(one)) keep(old, awaiting(row, proof, wait ?? "mass"));
    else keep(old, closed(row, { ...proof, now: replacing(proof.was, installed(program)) }));
  }
  for (const old of stored.values()) {
    const ours = risks.has(old.id) && old.tenant_id === tenant ? inScope(old, stale(old.agent_id)) : old;
    if (ours === old) continue;
    const { row, told } = steps.get(old.id) ?? { row: ours, told: [] };
    steps.set(old.id, { row, told: [{ event: "in-scope", from: ours.status as VulnerabilityStatus, to: ours.status as VulnerabilityStatus, by: "source", details: { since: old.out_of_scope_at } }, ...told] });
  }
  await writeSteps(tx, [...steps.values()], now);
  await letGo(tx, tenant, moved);
  if (first) await markConnectionExposed(tx, connection);
  else await markExposed(tx, [...steps.values()].filter(({ row }) => weighsOtherwise(stored.get(row.id), row)).map(({ row }) => ({ connection, agent: row.agent_id })));
  return [...outcomes.values()];
}

/** A rule covers it again. */
function inScope(old: InstanceRow, stale: Staleness | null): InstanceRow {
  return old.out_of_scope_at === null ? old : { ...old, out_of_scope_at: null, class: classOf(old.status, stale, null) };
}

function outcomeOf(old: InstanceRow | undefined, { row, told }: Step): FindingOutcome {
  if (old === undefined) return row.present === 1 ? "new" : "unchanged";
  const events = new Set(told.map(({ event }) => event));
  return events.has("fixed") ? "fixed" : events.has("reopened") ? "reopened" : events.has("closure-awaits-proof") ? "awaiting" : "unchanged";
}

/** What its device is told of it is another thing than before, though nothing happened to it. */
function weighsOtherwise(old: InstanceRow | undefined, row: InstanceRow): boolean {
  return old?.class !== row.class || old.severity !== row.severity || old.finding_id !== row.finding_id;
}

/** Whichever of the devices are known, others by name alone, in one question. */
async function agentsOf(tx: Tx, { connection, tenant, named }: { readonly connection: string; readonly tenant: string; readonly named: IngestScope }, risks: readonly Risk[], now: number): Promise<Map<string, AgentRow>> {
  const ids = [...new Set(risks.map((risk) => risk.agent))];
  if (ids.length === 0) return new Map();
  const { rows } = await sql<AgentRow>`SELECT * FROM vuln_agents WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  const agents = new Map(rows.map((row) => [row.id, agentFrom(row)]));
  const unknown = ids.filter((id) => !agents.has(id)).map((id) => namedAgent(connection, tenant, id, null, named, now));
  await writeAgents(tx, unknown);
  for (const row of unknown) agents.set(row.id, row);
  return agents;
}

/** A scan that succeeded is evidence for all of its device. */
async function noteScans(tx: Tx, { connection, tenant }: Pick<ChangeSet, "connection" | "tenant">, agents: Map<string, AgentRow>, risks: Iterable<Risk>, { now, staleAfterMs }: Reading): Promise<void> {
  const latest = new Map<string, number>();
  for (const risk of risks) {
    const at = risk.scanned ? before(risk.scanAt, now) : null;
    if (at !== null && at > (latest.get(risk.agent) ?? 0)) latest.set(risk.agent, at);
  }
  const known = [...latest].filter(([id, at]) => at > (agents.get(id)?.scanned_at ?? 0));
  if (known.length === 0) return;
  await noteScanDays(tx, connection, known.map(([, at]) => at));
  const judging = await judgingOf(tx, tenant, [connection], now, staleAfterMs);
  const moved: AgentRow[] = [];
  const first: Place[] = [];
  const flips = new Map<string | null, Place[]>();
  for (const [id, at] of known) {
    const row = agents.get(id);
    if (row === undefined) continue;
    const next = { ...row, scanned_at: at, evidence_at: at };
    const stale = row.stale === "superseded" || row.stale === "device-gone" ? row.stale : stalenessOf(next, judging);
    moved.push({ ...next, stale });
    // Until now nobody had looked at it.
    if (row.scanned_at === null) first.push({ connection: row.connection_id, agent: id });
    agents.set(id, { ...next, stale });
    if ((row.stale === null) !== (stale === null)) flips.set(stale, [...(flips.get(stale) ?? []), { connection: row.connection_id, agent: id }]);
  }
  await writeAgents(tx, moved);
  for (const [stale, places] of flips) await setStaleness(tx, places, stale, now);
  await markExposed(tx, first);
}

async function keepFindings(tx: Tx, tenant: string, risks: Iterable<Risk>, { now, first }: { readonly now: number; readonly first: boolean }): Promise<void> {
  const met = new Map<string, Risk>();
  for (const risk of risks) {
    const same = met.get(risk.findingId);
    // Rows of one page may differ: the gravest speaks, whatever their order.
    if (same === undefined || risk.severity < same.severity) met.set(risk.findingId, risk);
  }
  if (met.size === 0) return;
  const stored = await storedFindings(tx, [...met.keys()], first);
  const different = [...met].filter(([id, { findingText, severity }]) => {
    const old = stored.get(id);
    return old === undefined || Number(old.severity) !== severity || old.facts !== findingText;
  });
  if (different.length === 0) return;
  const known = await knownOf(tx.db, tx.kind, [...new Set(different.map(([, { finding }]) => finding.cve))]);
  const changed: FindingRow[] = [];
  const otherwise: string[] = [];
  for (const [id, { finding, findingText: facts, severity }] of different) {
    const old = stored.get(id);
    const { cve, application, vendor, exploitedInTheWild } = finding;
    const exploited = exploitedInTheWild === null ? null : exploitedInTheWild ? 1 : 0;
    if (old !== undefined && old.exploited !== exploited) otherwise.push(id);
    changed.push({ id, tenant_id: tenant, cve, application, vendor, severity, exploited, first_seen: Number(old?.first_seen ?? now), facts, score: scoreOfFinding(severity, finding, known.get(cve) ?? UNKNOWN).score });
  }
  await storeFindings(tx, changed);
  // Of a first reading, the whole connection is marked.
  if (!first) await markFindingsExposed(tx, otherwise);
}

interface Elsewhere {
  readonly ours: ReadonlySet<string>;
  readonly theirs: ReadonlySet<string>;
}

/** Instances that a live row of the mirror still shows: of this tenant, or of another that has the device now. */
async function stillThere(tx: Tx, connection: string, tenant: string, risks: readonly Risk[]): Promise<Elsewhere> {
  const ours = new Set<string>();
  const theirs = new Set<string>();
  if (risks.length === 0) return { ours, theirs };
  const ending = new Set(risks.map((risk) => risk.rowId));
  const { rows } = await sql<MirrorRow>`
    SELECT id, tenant_id, connection_id, cve_id, endpoint_id, application, application_name, application_version, application_vendor, status FROM ${sql.table(viewName("risks"))}
    WHERE connection_id = ${connection} AND endpoint_id IN ${textList(tx.kind, [...new Set(risks.map((risk) => risk.agent))])} AND (endpoint_id, upper(cve_id)) IN ${rowList(tx.kind, 2, risks.map((risk) => [risk.agent, risk.finding.cve]))}`.execute(tx.db);
  for (const row of rows) {
    const live = riskOf(row);
    if (live === null || !live.present) continue;
    if (String(row["tenant_id"]) !== tenant) theirs.add(live.instanceId);
    else if (!ending.has(live.rowId)) ours.add(live.instanceId);
  }
  return { ours, theirs };
}

/** Another tenant has the device now. What this one knew of it stays in its history. */
async function letGo(tx: Tx, tenant: string, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await sql`DELETE FROM vuln_instances WHERE tenant_id = ${tenant} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
}
