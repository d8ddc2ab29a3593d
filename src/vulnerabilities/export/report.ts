/**
 * A report to print: one HTML file without script, images or addresses to load from, whose every text from a record is escaped; a policy in its head forbids the rest.
 * It says what it stands on: when it was made, how old the lists are, and what is not counted.
 */
import { isoTime } from "../../kernel/clock.ts";
import { escaped } from "../../kernel/html.ts";
import type { Fix, FixFirst } from "../answers.ts";
import type { Loaded } from "../intelligence.ts";
import { VULNERABILITY_SEVERITIES } from "../model.ts";
import { DAY_MS } from "../sla.ts";
import { AGES, type Summary } from "../summary.ts";
import { bars, number, pairs } from "./charts.ts";
import { cut, titled } from "./text.ts";

export interface ReportInput {
  readonly title: string;
  readonly now: number;
  readonly summary: Summary;
  readonly first: readonly FixFirst[];
  readonly fixes: readonly Fix[];
  readonly kev: Loaded | null;
  readonly epss: Loaded | null;
}

const STYLE = `
body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;margin:2rem auto;max-width:60rem;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #bbb}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}td.n,th.n{text-align:right;white-space:nowrap}
.facts{display:flex;flex-wrap:wrap;gap:1.5rem;margin:1rem 0;padding:0;list-style:none}.facts b{display:block;font-size:1.5rem}
svg{width:100%;height:auto;max-width:42rem}svg text{font:13px system-ui,sans-serif;fill:#1a1a1a}svg text.small{font-size:10px}
.critical{fill:#7a0019}.high{fill:#c2410c}.medium{fill:#b7791f}.low{fill:#4a6fa5}.informational,.unknown{fill:#7d7d7d}.age,.found{fill:#c2410c}.fixed{fill:#2f6f4f}
footer{margin-top:2rem;color:#444;font-size:.85rem}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr,svg{break-inside:avoid}}`;

export function htmlReport({ title, now, summary, first, fixes, kev, epss }: ReportInput): string {
  const { classes, total } = summary;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1><p>${isoTime(now).slice(0, 16).replace("T", " ")} UTC</p>
<ul class="facts">${fact(classes.open, "open")}${fact(classes.stale, "stale: not scanned lately")}${fact(summary.overdue, "of both overdue")}${fact(summary.dueSoon, "due within 7 days")}${fact(classes.fixed, "fixed")}${fact(classes["set-aside"], "set aside")}${classes["out-of-scope"] === 0 ? "" : fact(classes["out-of-scope"], "out of scope: covered by no ingest rule")}${fact(total, "in all")}</ul>
<h2>Open, by severity</h2>${bars("Open findings by severity", VULNERABILITY_SEVERITIES.map((severity) => ({ label: titled(severity), value: summary.severities[severity], tone: severity })))}
<h2>Open, by age</h2>${bars("Open findings by age", summary.ages.map((value, at) => ({ label: ageLabel(at), value, tone: "age" })))}
<h2>Found and fixed, by month</h2>${pairs("Findings found and fixed by month", ["found", "fixed"], summary.months.map(({ month, found, fixed }) => ({ label: month, first: found, second: fixed })))}
<h2>Mean days to fix</h2>${table(["Severity", "Days"], VULNERABILITY_SEVERITIES.flatMap((severity) => (summary.daysToFix[severity] === null ? [] : [[titled(severity), summary.daysToFix[severity]]])), "Nothing was fixed in these months.")}
<h2>Fix first</h2>${table(["CVE", "Application", "Risk", "Severity", "Known exploited", "EPSS", "Devices", "Overdue"], first.map((one) => [one.facts.cve, name(one.facts.application, one.facts.vendor), one.risk.score, titled(one.severity), one.kev === null ? "" : one.kev.added, one.epss === null ? "" : one.epss.score.toFixed(3), one.devices, one.overdue]), "Nothing is open.")}
<h2>Updates that close most</h2>${table(["Application", "To a version above", "Closes", "Devices", "CVEs", "Overdue"], fixes.map((fix) => [name(fix.application, fix.vendor), fix.above ?? "(not stated)", fix.instances, fix.devices, fix.cves, fix.overdue]), "Nothing is open.")}
<footer><p>Stale findings are neither open nor fixed: their device was not scanned lately, or is gone. Risk is 0 to 1000 by formula ${String(first[0]?.risk.formula ?? 1)}, without the weight of single devices. A version to go above is the highest that has an open finding.</p>
<p>${source("Known exploited vulnerabilities", kev, now)} ${source("EPSS", epss, now)}</p></footer>
</body></html>
`;
}

function fact(value: number, label: string): string {
  return `<li><b>${number(value)}</b>${label}</li>`;
}

function name(application: string, vendor: string | null): string {
  return cut(vendor === null ? application : `${application} (${vendor})`, 200);
}

function table(heads: readonly string[], rows: readonly (readonly (string | number | null)[])[], empty: string): string {
  if (rows.length === 0) return `<p>${empty}</p>`;
  const cell = (value: string | number | null): string => (typeof value === "number" ? `<td class="n">${number(value)}</td>` : `<td>${escaped(cut(value ?? "", 400))}</td>`);
  const numeric = rows[0]?.map((value) => typeof value === "number") ?? [];
  return `<table><thead><tr>${heads.map((head, at) => `<th${numeric[at] === true ? ' class="n"' : ""}>${head}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}</tbody></table>`;
}

function ageLabel(at: number): string {
  const [from, to] = [AGES[at - 1] ?? 0, AGES[at] ?? null];
  return to === null ? `over ${String(from)} days` : from === 0 ? `up to ${String(to)} days` : `${String(from)}-${String(to)} days`;
}

function source(what: string, loaded: Loaded | null, now: number): string {
  if (loaded === null) return `${what}: no file was given.`;
  const days = Math.max(0, Math.floor((now - loaded.releasedAt) / DAY_MS));
  return `${what}: ${escaped(loaded.version ?? "no version stated")}, ${number(loaded.entries)} entries, ${days === 1 ? "1 day" : `${number(days)} days`} old.`;
}
