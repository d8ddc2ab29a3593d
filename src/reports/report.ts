/** A month's report as HTML to print and as CSV. Pure: the same figures are the same bytes. Every text of a record is escaped; the page loads nothing and runs nothing. */
import type { CaseSpan, Durations } from "../cases/index.ts";
import { CASE_TYPES, CASE_VERDICTS, type CaseView } from "../kernel/case-api.ts";
import { csvRow } from "../kernel/csv.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { escaped } from "../kernel/html.ts";
import { shownTime } from "../kernel/zones.ts";
import type { ExposureSpan } from "../vulnerabilities/index.ts";
import type { Month } from "./month.ts";

export interface Report {
  readonly tenant: string;
  readonly month: Month;
  /** The month's end, or until when it has been counted where it is not over. */
  readonly until: number;
  readonly cases: CaseSpan;
  readonly exposure: ExposureSpan;
}

const STYLE = `
body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;margin:2rem auto;max-width:60rem;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #bbb}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}td.n,th.n{text-align:right;white-space:nowrap}
.facts{display:flex;flex-wrap:wrap;gap:1.5rem;margin:1rem 0;padding:0;list-style:none}.facts b{display:block;font-size:1.5rem}
footer{margin-top:2rem;color:#444;font-size:.85rem}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}`;

const SEVERITIES = FACT_SEVERITIES.toReversed();

export function htmlOf(report: Report): string {
  const { tenant, month, until, cases, exposure } = report;
  const title = `${tenant}: SentinelOne report for ${month.name}`;
  const time = (text: string | null): string => (text === null ? "" : shownTime(month.timeZone, Date.parse(text)).replace(/ \(.*$/, ""));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1><p>From ${escaped(shownTime(month.timeZone, month.from))} to ${escaped(shownTime(month.timeZone, until))}${until < month.to ? ": the month is not over" : ""}.</p>
<ul class="facts">${fact(openedOf(cases), "cases opened")}${fact(cases.resolved, "resolved")}${fact(cases.open, "open at the end")}${fact(cases.unseen, "of them looked at by nobody")}${fact(cases.agents.open, "about agents that are not well")}${fact(findingsOf(exposure), "open findings at the end")}</ul>
<h2>Cases opened, by severity and verdict</h2>${table(["Severity", ...CASE_VERDICTS.map(verdictText), "All"], SEVERITIES.map((severity) => [severity, ...CASE_VERDICTS.map((verdict) => sum(cases, { severity, verdict })), sum(cases, { severity })]))}
<h2>Cases opened, by kind</h2>${table(["Kind", "Cases"], CASE_TYPES.filter((type) => sum(cases, { type }) > 0).map((type) => [type, sum(cases, { type })]))}
<h2>How long it took</h2>${table(["", "Cases", "Half of them within", "Nine in ten within"], [["From opening to the first look", ...durationCells(cases.firstLook)], ["From opening to closing", ...durationCells(cases.closing)]])}
<h2>Agents that are not well</h2>${table(["", "Cases"], [["Opened", cases.agents.opened], ["Resolved", cases.agents.resolved], ["Open at the end", cases.agents.open]])}
<h2>Open exposure at the end</h2>${table(["Severity", "Findings", "Of them overdue"], exposure.open.map(({ severity, findings, overdue }) => [severity, findings, overdue]))}
<p>${number(exposure.devices)} devices have an open finding. ${number(exposure.found)} findings were found and ${number(exposure.fixed)} were fixed in this time.</p>
<h2>The gravest cases</h2>${table(["Case", "Severity", "Title", "Verdict", "Opened", "Resolved"], cases.gravest.map((one) => [one.id, one.severity, one.title, verdictText(one.verdict), time(one.openedAt), time(one.resolvedAt)]))}
<footer><p>Times are of ${escaped(month.timeZone)}. ${cases.settled === 0 ? "" : `${number(cases.settled)} more cases had been resolved at the console before they were first seen here: they are not counted. `}Severity and verdict are those of today; a case that was opened again counts as open until it is resolved again.
An open finding was found before the end and not fixed by then; what is set aside or out of scope by now is left out.</p></footer>
</body></html>
`;
}

/** One figure a row: section, what, by which severity and verdict, and the number. */
export function csvOf({ tenant, month, until, cases, exposure }: Report): string {
  const rows: (readonly (string | number | null)[])[] = [["tenant", "month", "time_zone", "until", "section", "figure", "severity", "verdict", "value"]];
  const add = (section: string, figure: string, value: string | number | null, severity = "", verdict = ""): void => void rows.push([tenant, month.name, month.timeZone, new Date(until).toISOString(), section, figure, severity, verdict, value]);
  for (const severity of SEVERITIES) for (const verdict of CASE_VERDICTS) add("cases", "opened", sum(cases, { severity, verdict }), severity, verdict);
  for (const type of CASE_TYPES) add("cases", `opened of kind ${type}`, sum(cases, { type }));
  for (const [figure, value] of [["opened", openedOf(cases)], ["resolved", cases.resolved], ["open at the end", cases.open], ["looked at by nobody", cases.unseen], ["settled before first seen", cases.settled]] as const) add("cases", figure, value);
  for (const [name, { cases: n, median, ninth }] of [["first look", cases.firstLook], ["closing", cases.closing]] as const) {
    add("times", `${name}: cases`, n);
    add("times", `${name}: median minutes`, minutes(median));
    add("times", `${name}: nine in ten within minutes`, minutes(ninth));
  }
  for (const [figure, value] of Object.entries(cases.agents)) add("agents", figure, value);
  for (const { severity, findings, overdue } of exposure.open) {
    add("exposure", "open findings", findings, severity);
    add("exposure", "overdue findings", overdue, severity);
  }
  for (const figure of ["devices", "found", "fixed"] as const) add("exposure", figure, exposure[figure]);
  for (const one of cases.gravest) add("gravest", one.id, one.title, one.severity, one.verdict);
  return rows.map((row) => csvRow(row)).join("");
}

function openedOf({ opened }: CaseSpan): number {
  return opened.reduce((all, { cases }) => all + cases, 0);
}

function sum({ opened }: CaseSpan, { severity, verdict, type }: { readonly severity?: (typeof FACT_SEVERITIES)[number]; readonly verdict?: CaseView["verdict"]; readonly type?: CaseView["type"] }): number {
  return opened.filter((one) => (severity === undefined || FACT_SEVERITIES[one.severity] === severity) && (verdict === undefined || one.verdict === verdict) && (type === undefined || one.type === type)).reduce((all, { cases }) => all + cases, 0);
}

function findingsOf({ open }: ExposureSpan): number {
  return open.reduce((all, { findings }) => all + findings, 0);
}

function verdictText(verdict: CaseView["verdict"]): string {
  return verdict === "undefined" ? "none yet" : verdict.replaceAll("-", " ");
}

function durationCells({ cases, median, ninth }: Durations): readonly [number, string, string] {
  return [cases, spanText(median), spanText(ninth)];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function spanText(ms: number | null): string {
  if (ms === null) return "-";
  if (ms >= 48 * HOUR) return `${(ms / (24 * HOUR)).toFixed(1)} days`;
  return ms >= 2 * HOUR ? `${(ms / HOUR).toFixed(1)} hours` : `${String(Math.round(ms / MINUTE))} minutes`;
}

function minutes(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / MINUTE);
}

function fact(value: number, label: string): string {
  return `<li><b>${number(value)}</b>${label}</li>`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return "<p>None.</p>";
  const cell = (value: string | number): string => (typeof value === "number" ? `<td class="n">${number(value)}</td>` : `<td>${escaped(value)}</td>`);
  const numeric = rows[0]?.map((value) => typeof value === "number") ?? [];
  return `<table><thead><tr>${heads.map((head, at) => `<th${numeric[at] === true ? ' class="n"' : ""}>${escaped(head)}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}</tbody></table>`;
}
