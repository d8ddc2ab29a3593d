/** Rows made into what the API answers. */
import { type AlertStatus, type AlertVerdict, type AlertView, type EventStream, type VersionKind, type VersionView } from "../kernel/alert-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { seenOf } from "./project.ts";
import type { LogRow } from "./queries.ts";
import type { ItemFacts, ItemRow, VersionFacts, VersionRow } from "./tables.ts";

export function itemView(row: ItemRow): AlertView {
  const { siteName, ...facts } = JSON.parse(row.facts) as ItemFacts;
  return {
    id: row.id,
    stream: row.stream as EventStream,
    connection: row.connection_id,
    tenant: row.tenant_id,
    at: isoTime(row.at),
    updatedAt: row.updated_at,
    product: row.product,
    severity: FACT_SEVERITIES[row.severity] ?? "unknown",
    status: row.status as AlertStatus,
    verdict: row.verdict as AlertVerdict,
    ...facts,
    site: siteOf(row.site_id, siteName),
    versions: row.number,
    readAt: isoTime(row.read_at),
    goneAt: row.gone_at === null ? null : isoTime(row.gone_at),
  };
}

export function logView(row: LogRow): AlertView {
  const { headline } = seenOf("activities", { ...row });
  const { at, updatedAt, name, product, severity, status, statusWord, verdict, verdictWord, assignee, device, user } = headline;
  return {
    id: row.id, stream: "activities", connection: row.connection_id, tenant: row.tenant_id, at: isoTime(at ?? row.changed_at), updatedAt, name, product, severity, status, statusWord, verdict, verdictWord, assignee, device, user,
    site: siteOf(row.site_id, row.site_name), versions: null, readAt: isoTime(row.changed_at), goneAt: null,
  };
}

function siteOf(id: string | null, name: string | null): AlertView["site"] {
  return id === null && name === null ? null : { id, name };
}

export function versionView(row: VersionRow): VersionView {
  const { changes, also } = JSON.parse(row.facts) as VersionFacts;
  return {
    seq: String(row.seq),
    kind: row.kind as VersionKind,
    id: row.alert_id,
    stream: row.stream as EventStream,
    connection: row.connection_id,
    tenant: row.tenant_id,
    number: row.number,
    version: row.version,
    name: row.name,
    product: row.product,
    severity: FACT_SEVERITIES[row.severity] ?? "unknown",
    status: row.status as AlertStatus,
    updatedAt: row.updated_at,
    readAt: isoTime(row.read_at),
    changes: [...changes],
    also: [...also],
  };
}
