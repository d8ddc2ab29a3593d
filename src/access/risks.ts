/**
 * Findings of the rules, as people list, count and hand them over: worked out when asked, from the tables as they are, a page at a time and in an order that
 * stays (tenant, connection, kind of subject, subject). Nothing but a page is held, whatever the size of the console.
 */
import { setImmediate as turn } from "node:timers/promises";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { AccessFinding, AccessRiskNote, AccessRiskSummary } from "../kernel/access-risk-api.ts";
import type { Store } from "../store/store.ts";
import { exceptionsOn, type Exception, type ExceptionsOfFinding } from "./exceptions.ts";
import { bindingRisks } from "./risk-bindings.ts";
import { compare, estatesOf, notesOf, openEstate, type Estate } from "./risk-estate.ts";
import { atLeast, findingId, kindsOf, RISK_KINDS, RISKS, riskOfId, SEVERITIES, SUBJECTS, type FoundRisk, type RiskKind, type Severity, type Subject } from "./risk-model.ts";
import { personRisks } from "./risk-persons.ts";
import { principalRisks, type SubjectFindings } from "./risk-principals.ts";
import { roleRisks } from "./risk-roles.ts";

export interface RiskFilter {
  /** All of them where left out. */
  readonly risks?: readonly RiskKind[];
  readonly severity?: Severity;
  readonly connection?: ConnectionId;
  /** Id or e-mail of a principal. */
  readonly principal?: string;
  /** Findings that are let off: left out unless asked for. */
  readonly exceptions?: "left-out" | "only" | "shown";
}

/** Where a listing goes on. */
export interface RiskPlace {
  readonly tenant: string;
  readonly connection: string;
  readonly subject: Subject;
  readonly key: readonly string[];
}

type Reader = Pick<Store, "read" | "kind">;
type Phase = (estate: Estate, wanted: ReadonlySet<RiskKind>, from: readonly string[] | null) => AsyncGenerator<readonly SubjectFindings[]>;
const PHASES: Readonly<Record<Subject, Phase>> = { principal: principalRisks, binding: bindingRisks, role: roleRisks, person: personRisks };

export interface Judgement {
  readonly store: Reader;
  readonly scope: TenantScope;
  readonly filter: RiskFilter;
  readonly now: number;
  readonly signal: AbortSignal;
}

interface Batch {
  readonly place: RiskPlace;
  readonly findings: readonly AccessFinding[];
}

/** One batch for each subject with findings, those of one subject together. */
async function* batches({ store, scope, filter, now, signal }: Judgement, from: RiskPlace | null, met?: (estate: Estate) => void): AsyncGenerator<readonly Batch[]> {
  const wanted = new Set(filter.risks ?? RISK_KINDS);
  for (const name of await estatesOf(store.read, scope, filter.connection ?? null)) {
    const order = from === null ? 1 : compare(name.tenant, from.tenant) || compare(name.connection, from.connection);
    if (order < 0) continue;
    const estate = await openEstate(store, name, filter.principal ?? null, now);
    met?.(estate);
    const behind = order === 0 ? from : null;
    for (const subject of SUBJECTS) {
      if (behind !== null && SUBJECTS.indexOf(subject) < SUBJECTS.indexOf(behind.subject)) continue;
      if (!kindsOf(subject).some((kind) => wanted.has(kind))) continue;
      for await (const page of PHASES[subject](estate, wanted, behind?.subject === subject ? behind.key : null)) {
        if (signal.aborted) throw new Fault("CANCELLED", "The listing was stopped.");
        yield await finish(estate, subject, page, filter);
        // Others are answered meanwhile.
        await turn();
      }
    }
  }
}

async function finish(estate: Estate, subject: Subject, page: readonly SubjectFindings[], filter: RiskFilter): Promise<readonly Batch[]> {
  const { tenant, connection, now } = estate;
  const least = filter.severity ?? "low";
  const grave = page.map(({ key, found }) => ({ key, found: found.filter(({ severity }) => atLeast(severity, least)).map((one) => ({ one, id: findingId(connection, one.risk, one.about) })) }));
  const exceptions = await exceptionsOn(estate.db, estate.kind, tenant, grave.flatMap(({ found }) => found.map(({ id }) => id)), now);
  return grave.flatMap(({ key, found }) => {
    const findings = found.map(({ one, id }) => findingOf(estate, one, id, exceptions(id))).filter(({ exception }) => filter.exceptions === "shown" || (exception !== null) === (filter.exceptions === "only"));
    return findings.length === 0 ? [] : [{ place: { tenant, connection, subject, key }, findings }];
  });
}

function findingOf({ tenant, connection }: Estate, { about: _about, evidence, ...found }: FoundRisk, id: string, { holds, over }: ExceptionsOfFinding): AccessFinding {
  const { title, fix } = RISKS[found.risk];
  return {
    id,
    ...found,
    title,
    connection,
    tenant,
    evidence: Object.fromEntries(Object.entries(evidence).map(([name, value]) => [name, Array.isArray(value) ? [...(value as readonly string[])] : (value as string | number | boolean | null)])),
    fix,
    exception: holds === null ? null : excepted(holds),
    exceptionOver: holds !== null || over === null ? null : { ...excepted(over), endedBy: over.endedBy },
  };
}

function excepted({ id, owner, reason, endsAt, endedAt }: Exception) {
  return { id, owner, reason, endsAt: isoTime(endedAt ?? endsAt) };
}

export interface FindingPage {
  readonly items: readonly AccessFinding[];
  readonly next: RiskPlace | null;
}

/** At most `limit`, but for a single subject that has more by itself: its findings stay together. */
export async function listFindings(judgement: Judgement, from: RiskPlace | null, limit: number): Promise<FindingPage> {
  const items: AccessFinding[] = [];
  let last: RiskPlace | null = null;
  for await (const page of batches(judgement, from)) {
    for (const { place, findings } of page) {
      if (items.length > 0 && items.length + findings.length > limit) return { items, next: last };
      items.push(...findings);
      last = place;
    }
  }
  return { items, next: null };
}

/** All of them, for whoever takes them as they come. */
export async function* eachFinding(judgement: Judgement): AsyncGenerator<AccessFinding> {
  for await (const page of batches(judgement, null)) for (const { findings } of page) yield* findings;
}

/** By its id; NOT_FOUND where nothing is found any more, or it is not the caller's to see. */
export async function findFinding(judgement: Omit<Judgement, "filter">, id: string): Promise<AccessFinding> {
  const risk = riskOfId(id);
  if (risk !== undefined) {
    for await (const page of batches({ ...judgement, filter: { risks: [risk], exceptions: "shown" } }, null)) {
      for (const { findings } of page) for (const finding of findings) if (finding.id === id) return finding;
    }
  }
  throw new Fault("NOT_FOUND", "There is no such finding.", { cure: "`vedette access risks` shows what there is, with ids." });
}

/** Who and what a finding is about, in one line. */
export function aboutOf({ title, principal, role, scope, evidence }: AccessFinding): string {
  const who = principal === null ? null : (principal.email ?? principal.name ?? principal.id);
  const person = typeof evidence["person"] === "string" && principal === null ? evidence["person"] : null;
  const what = [who ?? person, role === null ? null : `role ${role.name ?? role.id}`, scope === null ? null : `on ${scope.kind} ${scope.name ?? scope.id}`];
  return `${what.filter((part) => part !== null).join(", ")}: ${title}`;
}

/** Counts of all, and the gravest of them; one pass. `exceptions` of the filter decides about the gravest, both are counted. */
export async function summarize(judgement: Judgement, worst: number): Promise<Omit<AccessRiskSummary, "notes"> & { readonly notes: readonly AccessRiskNote[] }> {
  const counts = new Map<string, { risk: RiskKind; severity: Severity; findings: number; excepted: number }>();
  const gravest: Readonly<Record<Severity, AccessFinding[]>> = { low: [], medium: [], high: [], critical: [] };
  const notes: AccessRiskNote[] = [];
  const wanted = judgement.filter.risks ?? RISK_KINDS;
  const shown = judgement.filter.exceptions ?? "left-out";
  const met = (estate: Estate): void => {
    for (const { risk, note } of notesOf(estate)) if (risk === null || wanted.includes(risk)) notes.push({ connection: estate.connection, tenant: estate.tenant, risk, note });
  };
  for await (const page of batches({ ...judgement, filter: { ...judgement.filter, exceptions: "shown" } }, null, met)) {
    for (const finding of page.flatMap(({ findings }) => findings)) {
      const key = `${finding.risk} ${finding.severity}`;
      const count = counts.get(key) ?? { risk: finding.risk, severity: finding.severity, findings: 0, excepted: 0 };
      counts.set(key, count);
      if (finding.exception === null) count.findings += 1;
      else count.excepted += 1;
      if (gravest[finding.severity].length < worst && (shown === "shown" || (finding.exception !== null) === (shown === "only"))) gravest[finding.severity].push(finding);
    }
  }
  const rank = (severity: Severity): number => SEVERITIES.length - SEVERITIES.indexOf(severity);
  return {
    judgedAt: isoTime(judgement.now),
    counts: [...counts.values()].toSorted((left, right) => rank(left.severity) - rank(right.severity) || compare(left.risk, right.risk)).map((count) => ({ ...count, title: RISKS[count.risk].title })),
    worst: [...gravest.critical, ...gravest.high, ...gravest.medium, ...gravest.low].slice(0, worst),
    notes,
  };
}
