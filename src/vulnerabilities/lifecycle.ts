/**
 * The life of an instance. Pure. Scans say whether it is there; SentinelOne's own decisions, automation and people say what is thought of it, and each holds until one
 * of at least its own weight says otherwise. What is thought of it never makes it there or gone, and what scans say never unmakes a judgement of automation or a person.
 * An active status ends when it is proven gone: what is gone needs no more work.
 */
import { fold } from "./cells.ts";
import { ACTIVE_STATUSES, type ClosureProof, type DecidedBy, type HistoryEvent, type InstanceClass, type SourceDecision, type Staleness, type VulnerabilityStatus } from "./model.ts";
import type { Risk } from "./risk-facts.ts";
import type { InstanceRow } from "./tables.ts";

const ACTIVE: ReadonlySet<string> = new Set(ACTIVE_STATUSES);
const WEIGHT: Readonly<Record<DecidedBy, number>> = { source: 0, automation: 1, person: 2 };

export function isActive(status: string): boolean {
  return ACTIVE.has(status);
}

/** What is resolved stays so, whatever is covered: a rule that changes neither fixes nor unmakes anything. */
export function classOf(status: string, stale: Staleness | null, outOfScopeAt: number | null): InstanceClass {
  if (isActive(status)) return outOfScopeAt !== null ? "out-of-scope" : stale === null ? "open" : "stale";
  return status === "scan-mitigated" || status === "manually-mitigated" ? "fixed" : "set-aside";
}

/** May `by` change what `holder` decided? */
export function mayOverrule(by: DecidedBy, holder: string): boolean {
  return WEIGHT[by] >= WEIGHT[holder as DecidedBy];
}

/** SentinelOne's own decision as a status of ours, with whoever took it. */
export function statusOf(source: SourceDecision): { readonly status: VulnerabilityStatus; readonly actor: string | null; readonly reason: string | null; readonly at: number | null } {
  const marked = { actor: source.markedBy, reason: source.reason, at: source.markedAt };
  if (fold(source.verdict) === "false positive" || fold(source.markedAs) === "false positive") return { status: "false-positive", ...marked };
  const mitigation = { actor: source.mitigationBy, reason: source.mitigationReason, at: source.mitigationAt };
  switch (fold(source.mitigationStatus).replaceAll("_", " ")) {
    case "to be patched":
    case "in progress":
      return { status: "in-progress", ...mitigation };
    case "on hold":
      return { status: "waiting-for-third-party", ...mitigation };
    case "risk acked":
    case "risk acknowledged":
      return { status: "accepted-risk", ...mitigation };
    default:
      return { status: "active", actor: null, reason: null, at: null };
  }
}

export type Told = Omit<HistoryEvent, "at" | "actor"> & { readonly actor?: string | null };
export interface Step {
  readonly row: InstanceRow;
  readonly told: readonly Told[];
}

export interface Birth {
  readonly tenant: string;
  readonly connection: string;
  readonly stale: Staleness | null;
  readonly now: number;
  readonly dueAt: number | null;
}

/** Never seen before. A row that is gone already is kept as fixed, and opens nothing. */
export function born(risk: Risk, { tenant, connection, stale, now, dueAt }: Birth): InstanceRow {
  const decided = statusOf(risk.facts.source);
  const status = risk.present ? decided.status : "scan-mitigated";
  const scanAt = before(risk.scanAt, now);
  return {
    id: risk.instanceId, tenant_id: tenant, connection_id: connection, agent_id: risk.agent, finding_id: risk.findingId, version: risk.version, row_id: risk.rowId, severity: risk.severity,
    status, decided_by: "source", actor: risk.present ? decided.actor : null, reason: risk.present ? decided.reason : null, decided_at: risk.present ? decided.at : null, expires_at: null,
    class: classOf(status, stale, null), first_seen: now, detected_at: risk.detectedAt, scanned_at: scanAt, fixed_at: risk.present ? null : (scanAt ?? now), closing_at: null, reopened: 0,
    due_at: dueAt, present: risk.present ? 1 : 0, out_of_scope_at: null, facts: risk.factsText, proof: risk.present ? null : JSON.stringify(proofOf(risk, now, false)),
  };
}

export function proofOf(risk: Pick<Risk, "scanAt" | "facts" | "version">, now: number, second: boolean): ClosureProof {
  return { kind: "removed", scanAt: risk.scanAt, scanResult: risk.facts.lastScanResult, was: risk.version, now: null, learntAt: now, second };
}

/** A console whose clock runs ahead proves nothing about tomorrow. */
export function before(moment: number | null, now: number): number | null {
  return moment === null ? null : Math.min(moment, now);
}

/** What the row says of itself, whatever follows from it. */
function noted(row: InstanceRow, risk: Risk, now: number): InstanceRow {
  const scanAt = risk.scanned ? before(risk.scanAt, now) : null;
  return {
    ...row, finding_id: risk.findingId, row_id: risk.rowId, version: risk.version, severity: risk.severity, facts: risk.factsText,
    detected_at: risk.detectedAt ?? row.detected_at, scanned_at: risk.present && scanAt !== null && scanAt > (row.scanned_at ?? 0) ? scanAt : row.scanned_at,
  };
}

/** The console shows it as there. */
export function seen(old: InstanceRow, risk: Risk, { stale, now, dueAt }: Pick<Birth, "stale" | "now" | "dueAt">): Step {
  let row = noted(old, risk, now);
  const told: Told[] = [];
  const back = old.present === 0;
  if (old.closing_at !== null) {
    row = { ...row, closing_at: null, proof: null };
    told.push({ event: "closure-undone", from: statusWord(old), to: statusWord(old), by: "source", details: { rowId: risk.rowId } });
  }
  const decided = statusOf(risk.facts.source);
  if (back) row = { ...row, present: 1 };
  if (back && old.status === "scan-mitigated") {
    row = { ...row, status: decided.status, decided_by: "source", actor: decided.actor, reason: decided.reason, decided_at: decided.at, fixed_at: null, proof: null, reopened: old.reopened + 1, due_at: dueAt };
    told.push({ event: "reopened", from: "scan-mitigated", to: decided.status, by: "source", actor: decided.actor, details: { fixedAt: old.fixed_at, version: risk.version, times: row.reopened } });
  } else if (old.decided_by === "source" && old.status !== decided.status) {
    row = { ...row, status: decided.status, actor: decided.actor, reason: decided.reason, decided_at: decided.at, fixed_at: null };
    told.push({ event: "source-decision", from: statusWord(old), to: decided.status, by: "source", actor: decided.actor, details: { mitigationStatus: risk.facts.source.mitigationStatus, verdict: risk.facts.source.verdict, reason: decided.reason } });
  }
  return { row: { ...row, class: classOf(row.status, stale, row.out_of_scope_at) }, told };
}

/**
 * What the console's word that it is gone is worth. `refuse`: the scan failed, so nobody looked. `wait`: the device is out of reach and no later scan is named: a console
 * forgets what left it, which fixes nothing.
 */
export function worth(old: InstanceRow, risk: Pick<Risk, "scanned" | "scanAt">, stale: Staleness | null): "close" | "wait" | "refuse" {
  if (!risk.scanned) return "refuse";
  return stale === "device-gone" && (risk.scanAt ?? 0) <= (old.scanned_at ?? 0) ? "wait" : "close";
}

export function refused(old: InstanceRow, risk: Risk, now: number): Step {
  const row = noted(old, risk, now);
  if (row.facts === old.facts) return { row, told: [] };
  return { row, told: [{ event: "closure-refused", from: statusWord(old), to: statusWord(old), by: "source", details: { scanResult: risk.facts.lastScanResult, scanAt: risk.scanAt } }] };
}

/** Proven gone. A judgement of automation or a person stays what it is; active work ends. */
export function closed(old: InstanceRow, proof: ClosureProof): Step {
  const ends = isActive(old.status);
  const row: InstanceRow = {
    ...old, present: 0, closing_at: null, proof: JSON.stringify(proof), fixed_at: proof.scanAt ?? proof.learntAt,
    ...(ends ? { status: "scan-mitigated", decided_by: "source", actor: null, reason: null, decided_at: proof.learntAt, expires_at: null, class: "fixed" } : {}),
  };
  const { kind, scanAt, scanResult, was, now, second } = proof;
  return { row, told: [{ event: "fixed", from: statusWord(old), to: statusWord(row), by: "source", details: { proof: kind, scanAt, scanResult, was, now, second } }] };
}

/** Said to be gone, and counted as before until a later reading says the same. */
export function awaiting(old: InstanceRow, proof: ClosureProof, why: "mass" | "absent" | "device-out-of-reach"): Step {
  if (old.closing_at !== null) return { row: old, told: [] };
  const row: InstanceRow = { ...old, closing_at: proof.learntAt, proof: JSON.stringify(proof) };
  return { row, told: [{ event: "closure-awaits-proof", from: statusWord(old), to: statusWord(old), by: "source", details: { why, scanAt: proof.scanAt } }] };
}

export interface Decision {
  readonly status: VulnerabilityStatus;
  readonly by: DecidedBy;
  readonly actor: string;
  readonly reason: string | null;
  readonly expiresAt: number | null;
}

/** Somebody decides. Null where what holds weighs more. */
export function decided(old: InstanceRow, { status, by, actor, reason, expiresAt }: Decision, stale: Staleness | null, now: number): Step | null {
  if (!mayOverrule(by, old.decided_by)) return null;
  const row: InstanceRow = { ...old, status, decided_by: by, actor, reason, decided_at: now, expires_at: expiresAt, class: classOf(status, stale, old.out_of_scope_at), fixed_at: status === "manually-mitigated" ? now : old.present === 0 ? old.fixed_at : null };
  return { row, told: [{ event: "decided", from: statusWord(old), to: status, by, actor, details: { reason, expiresAt } }] };
}

/** A decision's time is over, or it was taken back: what scans and SentinelOne say holds again. */
export function released(old: InstanceRow, source: SourceDecision, stale: Staleness | null, event: "expired" | "decided", actor: string | null, now: number): Step {
  const next = old.present === 0 ? ({ status: "scan-mitigated", actor: null, reason: null, at: old.fixed_at } as const) : statusOf(source);
  const row: InstanceRow = { ...old, status: next.status, decided_by: "source", actor: next.actor, reason: next.reason, decided_at: next.at, expires_at: null, class: classOf(next.status, stale, old.out_of_scope_at), fixed_at: old.present === 0 ? old.fixed_at : null };
  return { row, told: [{ event, from: statusWord(old), to: next.status, by: event === "expired" ? "source" : "person", actor, details: { until: event === "expired" ? old.expires_at : now, reason: old.reason } }] };
}

function statusWord(row: InstanceRow): VulnerabilityStatus {
  return row.status as VulnerabilityStatus;
}
