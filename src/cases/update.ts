/** What a person does with a case, in the transaction that writes it down: status, owner, verdict, severity, a note. It holds until something new asks for attention. */
import type { CaseEventKind, CaseUpdate } from "../kernel/case-api.ts";
import { FACT_SEVERITIES, type Fact } from "../kernel/fact.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import type { EventDetails } from "./events.ts";
import { factOf } from "./facts.ts";
import type { Lead, Tally } from "./model.ts";
import { oneCase } from "./queries.ts";
import { takeTurn } from "./stored.ts";
import { caseRow, linkTo, type TakePorts } from "./take.ts";
import { severityOf, verdictOf } from "./tally.ts";
import { CASES, EVENT_ROWS, type CaseRow, type EventRow } from "./tables.ts";
import { markForTriage } from "./triage-run.ts";

export interface Updated {
  readonly row: CaseRow;
  /** Of the update, in a word each; none where all was so already. */
  readonly done: readonly CaseEventKind[];
}

export async function updateCase(tx: Tx, scope: TenantScope, id: string, update: CaseUpdate, ports: TakePorts, { who, now }: { readonly who: string; readonly now: number }): Promise<Updated> {
  const found = await oneCase(tx.db, scope, id);
  await takeTurn(tx, found.tenant_id);
  const before = await oneCase(tx.db, scope, id);
  if (update.version !== undefined && update.version !== before.version) {
    throw new Fault("CHANGED_SINCE", `The case has changed since: it is at version ${String(before.version)}, the update was made for ${String(update.version)}.`, { details: { case: before.id, version: before.version } });
  }
  const { row, news } = applied(before, update, now);
  if (news.length === 0) return { row: before, done: [] };
  const after: CaseRow = { ...row, first_look_at: row.first_look_at ?? now, version: row.version + 1, events: row.events + news.length };
  const events = news.map(({ kind, details }, index): Omit<EventRow, "seq"> => ({ case_id: row.id, tenant_id: row.tenant_id, n: before.events + index + 1, at: now, kind, who, details: JSON.stringify(details) }));
  await tx.bulkUpsert(CASES, [caseRow(after, after.tally, after.lead)]);
  await markForTriage(tx, [after], now);
  await tx.bulkUpsert(EVENT_ROWS, events.map((event) => [event.case_id, event.tenant_id, event.n, event.at, event.kind, event.who, event.details]));
  const lead = after.lead === null ? null : (JSON.parse(after.lead) as Lead);
  const telling = { row: after, tally: JSON.parse(after.tally) as Tally, lead, link: lead === null ? null : await linkTo(tx, lead, ports, new Map()), firstRead: false };
  await ports.queueFact(tx, ...events.map((event) => factOf(telling, event)).filter((fact): fact is Fact => fact !== null));
  return { row: after, done: news.map(({ kind }) => kind) };
}

interface Applied {
  readonly row: CaseRow;
  readonly news: readonly { readonly kind: CaseEventKind; readonly details: EventDetails }[];
}

/** Pure. */
function applied(before: CaseRow, { status, owner, verdict, severity, note }: CaseUpdate, now: number): Applied {
  const row = { ...before };
  const tally = JSON.parse(before.tally) as Tally;
  const news: { kind: CaseEventKind; details: EventDetails }[] = [];
  if (owner !== undefined && owner !== before.owner) {
    row.owner = owner;
    news.push({ kind: "owner", details: { from: before.owner, to: owner } });
  }
  if (severity !== undefined) {
    [row.severity_set, row.severity_basis] = severity === null ? [null, null] : [FACT_SEVERITIES.indexOf(severity), severityOf(tally)];
    row.severity = row.severity_set ?? severityOf(tally);
    if (row.severity !== before.severity || (row.severity_set === null) !== (before.severity_set === null)) news.push({ kind: "severity", details: { from: String(before.severity), to: row.severity_set === null ? null : String(row.severity) } });
  }
  if (verdict !== undefined) {
    // None of a person's: that of the alerts again.
    row.verdict_set = verdict === "undefined" ? null : verdict;
    row.verdict = row.verdict_set ?? verdictOf(tally);
    if (row.verdict !== before.verdict || row.verdict_set !== before.verdict_set) news.push({ kind: "verdict", details: { from: before.verdict, to: row.verdict } });
  }
  if (status !== undefined && status !== before.status) {
    Object.assign(row, { status, status_by: "person", decided_at: now, open: status === "resolved" ? 0 : 1, resolved_at: status === "resolved" ? now : null });
    const reopens = before.open === 0;
    if (reopens) [row.reopened, row.reopened_at] = [before.reopened + 1, now];
    news.push({ kind: status === "resolved" ? "resolved" : reopens ? "reopened" : "status", details: { from: before.status, to: status } });
  }
  if (note !== undefined) news.push({ kind: "note", details: { note: note.toWellFormed() } });
  return { row, news };
}
