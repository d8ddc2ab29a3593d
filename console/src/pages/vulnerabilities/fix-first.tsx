/** What to fix first, and why: the riskiest findings with how far they are spread, above all that is open. */
import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Chart } from "../../parts/chart.tsx";
import { Bars, Figures } from "../../parts/figures.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { useTenant } from "../../parts/url.ts";
import { count, sentence, Severity, Tag, type Tone } from "../../parts/words.tsx";
import { weaknessColumn } from "./weakness-column.tsx";
import { VULNERABILITY_PLACES } from "./words.ts";

type First = Answer<"GET /api/v1/vulnerabilities/fix-first">["items"][number];

const TONES: Readonly<Record<string, Tone>> = { critical: "critical", high: "high", medium: "medium", low: "low" };

export function FixFirstPage(): ReactNode {
  const tenant = useTenant();
  const first = useAsk("GET /api/v1/vulnerabilities/fix-first", { query: { tenant, limit: 100 } });
  const summary = useAsk("GET /api/v1/vulnerabilities/summary", { query: { tenant } });
  const trend = useAsk("GET /api/v1/vulnerabilities/trend", { query: { tenant } });
  const rows = trend.data?.points ?? [];
  // A console that was connected today had its weaknesses before.
  const firstRead = rows.length > 1 && rows.slice(0, -1).every(({ active }) => active === 0) ? "Counted since the first reading: what it found counts for its day, whenever it came up." : null;
  const missing = first.data?.intelligence.filter(({ loaded }) => loaded === null).map(({ kind }) => kind.toUpperCase()) ?? [];
  return (
    <Page title="Vulnerabilities" lead="The riskiest first: how bad it is, whether it is exploited, where it is, and how late it already is.">
      <Places name="Vulnerabilities" places={VULNERABILITY_PLACES} />
      {summary.data === undefined ? null : (
        <Figures
          figures={[
            { name: "Open", value: summary.data.counts.open, note: "one application on one device each" },
            { name: "Overdue", value: summary.data.counts.overdue, tone: "bad", note: "past the day they were due" },
            { name: "Fixed", value: summary.data.counts.fixed, note: "with proof" },
            { name: "Awaiting proof", value: summary.data.awaitingProof, note: "gone once, not twice" },
            { name: "Devices not scanned", value: summary.data.assets.notScanned, tone: "warn", note: "nothing is known of them" },
          ]}
        />
      )}
      {summary.data === undefined || trend.data === undefined ? null : (
        <>
        <div className="plots">
          <Section title="Open, day by day" aside="30 days">
            <Chart name="Open findings at the end of each day" per="day" moments={rows.map(({ from }) => from)} series={[{ name: "Open", colour: "act", kind: "line", values: rows.map(({ active }) => active) }]} note={firstRead} />
          </Section>
          <Section title="Found and closed each day" aside={fixWord(trend.data.daysToFix)}>
            <Chart
              name="Findings that came up, were fixed or were set aside each day"
              per="day"
              moments={rows.map(({ from }) => from)}
              series={[
                { name: "Found", colour: "high", kind: "bar", values: rows.map(({ found }) => found) },
                { name: "Fixed", colour: "good", kind: "bar", values: rows.map(({ fixed }) => fixed) },
                { name: "Set aside", colour: "line-strong", kind: "bar", values: rows.map(({ setAside }) => setAside) },
              ]}
            />
          </Section>
        </div>
        <div className="halves">
          <Section title="Open by severity">
            <Bars name="Open findings by severity" bars={summary.data.bySeverity.map(({ severity, counts }) => ({ name: sentence(severity), value: counts.open, tone: TONES[severity] ?? "plain", note: counts.overdue > 0 ? `${count(counts.overdue)} overdue` : "" }))} />
          </Section>
          <Section title="How long they have been open">
            <Bars name="Open findings by age" bars={trend.data.ages.map(({ days, active, overdue }, index, all) => ({ name: ageWord(days, all[index - 1]?.days ?? null), value: active, tone: "low" as const, note: overdue > 0 ? `${count(overdue)} overdue` : "" }))} />
          </Section>
        </div>
        </>
      )}
      {summary.error === null ? null : <FaultNote fault={summary.error} />}
      <div className="card">
        <DataTable name="findings to fix first" columns={COLUMNS} rows={first.data?.items ?? []} rowKey={({ finding }) => finding} pending={first.isPending} fault={first.error} again={() => void first.refetch()} empty={<Empty title="Nothing is open.">Findings come from the stream of application risks; a connection's page says how fresh it is.</Empty>} />
      </div>
      {missing.length === 0 ? null : <p className="faint">Not weighed, because no list is loaded: {missing.join(" and ")}. An operator loads one with vedette vulnerabilities intelligence.</p>}
    </Page>
  );
}

/** How long it took to fix what was fixed, over all severities. */
function fixWord(daysToFix: Answer<"GET /api/v1/vulnerabilities/trend">["daysToFix"]): string | undefined {
  const fixed = daysToFix.reduce((sum, one) => sum + one.fixed, 0);
  const days = daysToFix.reduce((sum, { mean, fixed: many }) => sum + (mean ?? 0) * many, 0);
  return fixed === 0 ? undefined : `${count(fixed)} fixed, after ${String(Math.round(days / fixed))} days on average`;
}

function ageWord(days: number | null, before: number | null): string {
  if (days === null) return `Over ${String(before ?? 0)} days`;
  return before === null ? `Up to ${String(days)} days` : `${String(before)} to ${String(days)} days`;
}

const COLUMNS: readonly Column<First>[] = [
  {
    id: "risk",
    header: "Risk",
    width: 84,
    narrow: true,
    text: ({ risk }) => String(risk.score),
    cell: ({ risk }) => (
      <Tooltip label={risk.terms.map(({ because, points, factor }) => `${because}: ${points === null ? `× ${String(factor ?? 1)}` : `+${String(points)}`}`).join("; ")}>
        <span>
          <Tag tone={TONES[risk.band] ?? "plain"}>{risk.score}</Tag>
        </span>
      </Tooltip>
    ),
  },
  weaknessColumn(152, ({ finding }) => finding),
  { id: "application", header: "Application", text: ({ application, vendor }) => (vendor === null ? application : `${application}, ${vendor}`) },
  { id: "severity", header: "Severity", width: 104, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
  { id: "score", header: "CVSS", width: 66, right: true, text: ({ nvdBaseScore, baseScore }) => String(nvdBaseScore ?? baseScore ?? "–") },
  { id: "exploited", header: "Exploited", width: 100, text: ({ kev, exploitedInTheWild }) => (kev !== null || exploitedInTheWild === true ? "yes" : ""), cell: ({ kev, exploitedInTheWild }) => (kev !== null || exploitedInTheWild === true ? <Tag tone="bad">Known</Tag> : <span className="faint">–</span>) },
  { id: "devices", header: "Devices", width: 80, right: true, text: ({ devices }) => count(devices) },
  { id: "overdue", header: "Overdue", width: 80, right: true, text: ({ overdue }) => count(overdue), cell: ({ overdue }) => <span className={overdue > 0 ? "bad-text" : "faint"}>{count(overdue)}</span> },
  { id: "due", header: "First due", width: 116, text: ({ dueAt }) => (dueAt === null ? "–" : day(dueAt)) },
];
