/** What of a case is told to the world: one fact for each piece of news that somebody outside may wait for. Its key and order key are the case's id, its version the number of the entry in the timeline. */
import { CASE_STATUSES, CASE_VERDICTS } from "../kernel/case-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { FACT_SEVERITIES, type Fact } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import { eventView } from "./events.ts";
import type { Lead, Tally } from "./model.ts";
import type { CaseRow, EventRow } from "./tables.ts";

/** Entries of the timeline that are told, and under which name. */
const TOLD: Readonly<Record<string, string>> = { opened: "opened", split: "opened", escalated: "escalated", reopened: "reopened", resolved: "resolved", status: "updated", owner: "updated", severity: "updated", verdict: "updated", note: "updated" };

export const CASE_FACTS = ["cases.opened", "cases.escalated", "cases.reopened", "cases.resolved", "cases.merged", "cases.updated"] as const;

export interface Telling {
  readonly row: Omit<CaseRow, "seq" | "tally" | "lead">;
  readonly tally: Tally;
  readonly lead: Lead | null;
  /** The alert of the lead in the console. */
  readonly link: string | null;
  /** Part of what was found when a console was read for the first time. */
  readonly firstRead: boolean;
}

export function factOf(telling: Telling, event: Omit<EventRow, "seq">): Fact | null {
  const name = TOLD[event.kind];
  if (name === undefined) return null;
  const { row, firstRead } = telling;
  const { by, text, at } = eventView({ seq: 0, ...event });
  return { tenant: row.tenant_id as TenantId, kind: `cases.${name}`, key: row.id, version: event.n, orderKey: row.id, body: { ...caseBody(telling), event: { kind: event.kind, at, by, text }, firstRead } };
}

/** The end of a case that became part of another: whoever was told of it learns where it went. */
export function mergedFact(ended: CaseRow, into: string, now: number): Fact {
  return { tenant: ended.tenant_id as TenantId, kind: "cases.merged", key: ended.id, version: ended.events + 1, orderKey: ended.id, body: { id: ended.id, title: ended.title, into, at: isoTime(now) } };
}

function caseBody({ row, tally, lead, link }: Telling): Readonly<Record<string, unknown>> {
  return {
    id: row.id,
    title: row.title,
    type: row.type,
    severity: FACT_SEVERITIES[row.severity] ?? "unknown",
    status: CASE_STATUSES.find((status) => status === row.status) ?? "resolved",
    verdict: CASE_VERDICTS.find((verdict) => verdict === row.verdict) ?? "undefined",
    owner: row.owner,
    alerts: tally.members,
    openAlerts: tally.open,
    devices: tally.kinds["device"] ?? 0,
    users: tally.kinds["user"] ?? 0,
    products: Object.keys(tally.products),
    firstAt: isoTime(row.first_at),
    lastAt: isoTime(row.last_at),
    openedAt: isoTime(row.opened_at),
    reopened: row.reopened,
    caseVersion: row.version,
    lead: lead === null ? null : { stream: lead.stream, id: lead.id, connection: lead.connection, name: lead.name, device: lead.device, user: lead.user, link },
  };
}
