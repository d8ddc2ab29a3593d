/** Rows made into what the API answers. */
import { isAlertStream, linkOf } from "../alerts/index.ts";
import { ALERT_STREAMS, type AlertStatus, type AlertVerdict } from "../kernel/alert-api.ts";
import { CASE_STATUSES, CASE_TYPES, CASE_VERDICTS, type CaseEntity, type CaseMember, type CaseView } from "../kernel/case-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import type { MemberFacts, Tally } from "./model.ts";
import type { EntityCount } from "./queries.ts";
import type { CaseRow, MemberRow, TwinRow } from "./tables.ts";

export function caseView(row: CaseRow): CaseView {
  const tally = JSON.parse(row.tally) as Tally;
  return {
    id: row.id,
    tenant: row.tenant_id,
    title: row.title,
    type: CASE_TYPES.find((type) => type === row.type) ?? "other",
    severity: FACT_SEVERITIES[row.severity] ?? "unknown",
    status: statusOf(row),
    verdict: verdictOf(row),
    owner: row.owner,
    statusBy: row.status_by === "person" ? "person" : "alerts",
    reopened: row.reopened,
    reopenedAt: timeOf(row.reopened_at),
    firstAt: isoTime(row.first_at),
    lastAt: isoTime(row.last_at),
    openedAt: isoTime(row.opened_at),
    firstLookAt: timeOf(row.first_look_at),
    resolvedAt: timeOf(row.resolved_at),
    alerts: tally.members,
    openAlerts: tally.open,
    devices: tally.kinds["device"] ?? 0,
    users: tally.kinds["user"] ?? 0,
    products: Object.keys(tally.products),
    version: row.version,
  };
}

export function statusOf({ status }: Pick<CaseRow, "status">): CaseView["status"] {
  return CASE_STATUSES.find((one) => one === status) ?? "resolved";
}

export function verdictOf({ verdict }: Pick<CaseRow, "verdict">): CaseView["verdict"] {
  return CASE_VERDICTS.find((one) => one === verdict) ?? "undefined";
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** `console`: its origin, where it is known. */
export function memberView(row: MemberRow, console: string | null, twins: readonly TwinRow[]): CaseMember {
  const { name, product, device, user, mitigation } = JSON.parse(row.facts) as MemberFacts;
  const stream = ALERT_STREAMS.find((one) => one === row.stream);
  return {
    stream: stream ?? "agents",
    // Of an agent, with what is wrong and since when behind it.
    id: stream === undefined ? (row.id.split("/")[0] ?? row.id) : row.id,
    connection: row.connection_id,
    at: isoTime(row.at),
    name,
    product,
    severity: FACT_SEVERITIES[row.severity] ?? "unknown",
    status: row.status as AlertStatus,
    verdict: row.verdict as AlertVerdict,
    mitigation,
    device,
    user,
    goneAt: timeOf(row.gone_at),
    link: stream === undefined ? null : linkOf(console, stream, row.id),
    record: recordOf(row),
    alsoReadBy: twins.map((twin) => ({ connection: twin.connection_id, record: recordOf(twin), goneAt: timeOf(twin.gone_at) })),
  };
}

function recordOf({ stream, id, connection_id: connection }: TwinRow): string | null {
  return isAlertStream(stream) ? `/api/v1/alerts/${encodeURIComponent(id)}/record?stream=${stream}&connection=${encodeURIComponent(connection)}` : null;
}

export function entityView({ kind, value, n }: EntityCount): CaseEntity {
  return { kind, value, alerts: n };
}
