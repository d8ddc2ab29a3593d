/** `alerts list|show`: what was found, and one of it with all that is known. */
import { InvalidArgumentError } from "commander";
import type { AlertChange, AlertDetail, AlertView, VersionView } from "../kernel/alert-api.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, time } from "./format.ts";
import { gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean, type Terminal } from "./terminal.ts";

export const ALERTS = "/api/v1/alerts";
const TABLE_ROWS = 200;

export interface AlertFilter {
  readonly stream?: string;
  readonly product?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly site?: string;
  readonly connection?: string;
  readonly tenant?: string;
}

export interface AlertOptions extends JsonOption, AlertFilter {
  readonly verdict?: string;
  readonly since?: string;
  readonly until?: string;
  readonly text?: string;
  readonly limit?: number;
}

const AGO = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `12h`, `7d`: so long ago; anything else is a time, which the hub reads. */
export function moment(text: string): string {
  const ago = /^(\d{1,5})([mhd])$/.exec(text);
  if (ago !== null) return new Date(Date.now() - Number(ago[1]) * AGO[ago[2] as keyof typeof AGO]).toISOString();
  if (!/^\d{4}-\d\d-\d\d/.test(text)) throw new InvalidArgumentError("Expected a time like 2027-01-31 or 2027-01-31T08:00:00Z, or how long ago, like 45m, 12h or 7d.");
  return text;
}

export async function alerts(context: CliContext, api: ApiClient, { json, limit, ...query }: AlertOptions): Promise<number> {
  if (json === true) {
    await printArray(context.out, listItems(api, ALERTS, { ...query, limit: Math.min(limit ?? 1000, 1000) }, limit));
    return EXIT_OK;
  }
  const most = limit ?? TABLE_ROWS;
  const rows = await gather(listItems<AlertView>(api, ALERTS, { ...query, limit: Math.min(most, 1000) }, most));
  if (rows.length === 0) context.out.note("No alert fits.");
  else if (query.stream === "activities") context.out.table(["TIME", "WHAT", "BY", "SITE", "ID"], rows.map((one) => [time(one.at), cut(one.name), one.user ?? "-", siteText(one), one.id]));
  else context.out.table(["DETECTED", "SEVERITY", "STATUS", "PRODUCT", "NAME", "DEVICE", "USER", "VERDICT", "ID"], rows.map((one) => [time(one.at), one.severity, one.status, one.product ?? "-", cut(one.name), one.device ?? "-", one.user ?? "-", verdictText(one), one.id]));
  if (rows.length === most) context.out.note(`The first ${count(most)}; --limit shows more, --json all.`);
  return EXIT_OK;
}

const WIDEST_NAME = 60;

function cut(name: string | null): string {
  if (name === null) return "-";
  return name.length <= WIDEST_NAME ? name : `${name.slice(0, WIDEST_NAME - 1)}…`;
}

function verdictText({ verdict, verdictWord }: AlertView): string {
  return verdict === "other" ? (verdictWord ?? "other") : verdict === "undefined" ? "-" : verdict;
}

function siteText({ site }: AlertView): string {
  return site?.name ?? site?.id ?? "-";
}

export interface ShowOptions extends JsonOption {
  readonly stream?: string;
  readonly connection?: string;
  readonly limit?: number;
  readonly record?: true;
}

export async function show(context: CliContext, api: ApiClient, id: string, { json, record, stream, connection, limit }: ShowOptions): Promise<number> {
  const path = `${ALERTS}/${segment(id)}`;
  if (record === true) return printRecord(context, api, `${path}/record`, { stream, connection });
  const detail = await api.request<AlertDetail>("GET", path, { query: { stream, connection, limit } });
  if (json === true) context.out.json(detail);
  else print(context.out, detail);
  return EXIT_OK;
}

/** As it came, byte for byte: JSON escapes what a terminal would act on. */
async function printRecord({ out }: CliContext, api: ApiClient, path: string, query: Readonly<Record<string, string | undefined>>): Promise<number> {
  const decoder = new TextDecoder();
  for await (const chunk of api.stream("GET", path, { query })) await out.write(harmless(decoder.decode(chunk, { stream: true })));
  await out.write(harmless(decoder.decode()));
  return EXIT_OK;
}

const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The same JSON: what stands raw inside its texts is written as an escape. Between them there are blanks and line ends alone, which no text holds raw. */
function harmless(text: string): string {
  return text.replace(ACTING, (sign) => (/[\t\n\r]/.test(sign) ? sign : Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")));
}

function print(out: Terminal, { alert, link, description, facts, device, user, process, techniques, indicators, recordGone, history, next }: AlertDetail): void {
  out.line(clean(`${alert.name ?? alert.id}: ${alert.severity}, ${alert.status}${alert.statusWord === null ? "" : ` (${alert.statusWord})`}, ${alert.verdict === "undefined" ? "no verdict" : `verdict ${verdictText(alert)}`}${alert.assignee === null ? "" : `, with ${alert.assignee}`}`));
  if (description !== null) out.line(clean(description));
  out.line();
  out.facts([
    ["id", alert.id], ["stream", alert.stream], ["product", alert.product ?? ""], ["detected", time(alert.at)], ["changed", time(alert.updatedAt)], ["site", siteText(alert)], ["tenant", alert.tenant], ["connection", alert.connection],
    ...(link === null ? [] : [["console", link] as const]),
    ...Object.entries(facts),
  ]);
  for (const [title, section] of [["Device", device], ["User", user], ["Process", process]] as const) {
    const entries = Object.entries(section);
    if (entries.length === 0) continue;
    out.line(`\n${out.paint(title, "bold")}`);
    out.facts(entries);
  }
  if (techniques.length > 0) {
    out.line(`\n${out.paint("Techniques", "bold")}`);
    for (const { tactic, id, name } of techniques) out.line(clean(`  ${[id, name].filter((part) => part !== null).join(" ")}${tactic === null ? "" : ` (${tactic})`}`));
  }
  if (indicators.length > 0) {
    out.line(`\n${out.paint("Indicators", "bold")}`);
    for (const indicator of indicators) out.line(clean(`  ${indicator}`));
  }
  if (alert.goneAt !== null) out.line(`\n${out.paint(`No longer at the console since ${time(alert.goneAt)}, by a complete listing.`, "yellow")}`);
  if (recordGone) out.line("\nThe mirror no longer has the record; this is what is kept of it.");
  else out.line(`\nThe record with its details and evidence: \`vedette alerts show ${clean(alert.id)} --record\``);
  if (alert.versions === null && history.length === 0) return;
  out.line(`\n${out.paint("Versions, newest first", "bold")}`);
  if (history.length === 0) {
    out.line("No other than the one above, since this stream was first read or within the 90 days that are kept.");
    return;
  }
  out.table(["READ", "CHANGED AT", "WHAT", "CHANGES"], history.map((one) => [time(one.readAt), time(one.updatedAt), one.kind, changesText(one)]));
  if (next !== null) out.note("There are older ones; --limit shows up to 1000.");
  else if (history.at(-1)?.kind !== "new") out.line("Before that: there when this stream was first read, or older than what is kept (90 days).");
}

/** `status from NEW to RESOLVED, assignee to mara@example.test`. */
export function changesText({ changes, also }: Pick<VersionView, "changes" | "also">): string {
  const parts = changes.map(changeText);
  if (also.length > 0) parts.push(`also ${also.slice(0, 5).join(", ")}${also.length > 5 ? " …" : ""}`);
  return parts.join("; ");
}

function changeText({ field, from, to }: AlertChange): string {
  if (field === "details") return "details have come";
  if (from === null) return `${field} ${to ?? "-"}`;
  return to === null ? `no ${field} (was ${from})` : `${field} from ${from} to ${to}`;
}
