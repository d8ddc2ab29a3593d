/** Connectors, rules and runs as the API shows them. */
import { sql, type RawBuilder } from "kysely";
import { isoTime } from "../../kernel/clock.ts";
import type { FaultReport } from "../../kernel/fault.ts";
import type { IngestRuleView, IngestRunView } from "../../kernel/vulnerability-ingest-api.ts";
import { textList } from "../../store/conditions.ts";
import type { Store } from "../../store/store.ts";
import { describeMatch, type IngestMode, type MatchPlace } from "./match.ts";
import { countsOf } from "./notices.ts";
import { NO_COUNTS, type IngestCounts } from "./outcomes.ts";
import type { Rule } from "./rules.ts";
import type { RunState, RunTrigger } from "./runs.ts";
import { CONTINUOUS } from "./schedule.ts";
import type { RunRow } from "./tables.ts";

type Reads = Pick<Store, "read" | "kind">;

export function timeOf(ms: number | null): string | null {
  return ms === null ? null : isoTime(Number(ms));
}

export async function runViews({ read }: Pick<Reads, "read">, rows: readonly RunRow[]): Promise<readonly IngestRunView[]> {
  const counts = await countsOf(read, rows.map(({ id }) => id));
  return rows.map((row) => runView(row, counts.get(row.id) ?? NO_COUNTS));
}

function runView(row: RunRow, counts: IngestCounts): IngestRunView {
  const faults = JSON.parse(row.faults) as Readonly<Record<string, FaultReport>>;
  return {
    id: row.id, connector: row.connector_id, rule: row.rule_id, ruleName: row.rule_name, connection: row.connection_id, tenant: row.tenant_id, trigger: row.begun_by as RunTrigger, state: row.state as RunState, mode: row.mode as IngestMode,
    scheduledFor: timeOf(row.slot), startedAt: isoTime(Number(row.started_at)), endedAt: timeOf(row.ended_at), counts: { ...counts, assets: { ...counts.assets }, findings: { ...counts.findings }, skipped: { ...counts.skipped } },
    faults: Object.fromEntries(Object.entries(faults).map(([stream, fault]) => [stream, { ...fault, details: { ...fault.details } }])),
  };
}

export async function ruleViews(reads: Reads, rules: readonly Rule[]): Promise<readonly IngestRuleView[]> {
  if (rules.length === 0) return [];
  const ids = textList(reads.kind, rules.map(({ id }) => id));
  const { rows: held } = await sql<{ rule_id: string; n: number }>`SELECT rule_id, count(*) AS n FROM vuln_held WHERE rule_id IN ${ids} GROUP BY rule_id`.execute(reads.read);
  const { rows: last } = await sql<RunRow>`
    SELECT r.* FROM vuln_runs AS r WHERE r.rule_id IN ${ids} AND NOT EXISTS (SELECT 1 FROM vuln_runs AS n WHERE n.rule_id = r.rule_id AND (n.started_at, n.id) > (r.started_at, r.id))`.execute(reads.read);
  const runs = new Map((await runViews(reads, last)).map((run) => [run.rule, run]));
  const waiting = new Map(held.map((row) => [row.rule_id, Number(row.n)]));
  return rules.map((rule) => ruleView(rule, waiting.get(rule.id) ?? 0, runs.get(rule.id) ?? null));
}

function ruleView(rule: Rule, held: number, lastRun: IngestRunView | null): IngestRuleView {
  const { match, fault } = rule;
  const places = (list: readonly MatchPlace[]) => list.map(({ id, name }) => ({ id, name }));
  return {
    id: rule.id, name: rule.name, connector: rule.connector, connectorName: rule.connectorName, connection: rule.connection, tenant: rule.tenant, mode: rule.mode, ownMode: rule.ownMode, covers: describeMatch(match),
    match: { accounts: places(match.accounts), sites: places(match.sites), groups: places(match.groups), tags: [...match.tags], os: [...match.os], machineTypes: [...match.machineTypes] },
    severity: rule.floor, schedule: rule.cron, timezone: rule.timezone, state: rule.paused ? "paused" : rule.cron === CONTINUOUS ? "continuous" : "scheduled", nextRunAt: rule.paused ? null : timeOf(rule.nextAt), held,
    fault: fault === null ? null : { ...fault, details: { ...fault.details } }, failingSince: timeOf(rule.failingSince), lastRun, createdAt: isoTime(rule.createdAt), createdBy: rule.createdBy, updatedAt: isoTime(rule.updatedAt), version: rule.version,
  };
}

/** Behind what an earlier page gave as `next`. */
export function behind(after: string | undefined): RawBuilder<unknown> {
  const [startedAt, id] = (after ?? "").split(" ");
  return after === undefined ? sql`1 = 1` : sql`(started_at, id) < (${Number(startedAt)}, ${id ?? ""})`;
}
