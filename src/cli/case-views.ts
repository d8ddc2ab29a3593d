/** `cases list|show|update|export`: the queue, one case with all that is known of it, and what people decide. */
import { resolve } from "node:path";
import type { CaseDetail, CaseEntity, CaseMember, CaseUpdate, CaseView } from "../kernel/case-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { receiveExport } from "./export-file.ts";
import { EXIT_OK } from "./faults.ts";
import { bytes, count, time } from "./format.ts";
import { gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean, type Terminal } from "./terminal.ts";

const CASES = "/api/v1/cases";
const TABLE_ROWS = 100;
const WIDEST_TITLE = 60;

export interface CaseFilterOptions {
  readonly status?: string;
  readonly severity?: string;
  readonly owner?: string;
  readonly type?: string;
  readonly tenant?: string;
  readonly since?: string;
  readonly text?: string;
}

export interface CaseListOptions extends JsonOption, CaseFilterOptions {
  readonly limit?: number;
}

export async function listCases(context: CliContext, api: ApiClient, { json, limit, ...query }: CaseListOptions): Promise<number> {
  if (json === true) {
    await printArray(context.out, listItems(api, CASES, { ...query, limit: Math.min(limit ?? 1000, 1000) }, limit));
    return EXIT_OK;
  }
  const most = limit ?? TABLE_ROWS;
  const rows = await gather(listItems<CaseView>(api, CASES, { ...query, limit: Math.min(most, 1000) }, most));
  if (rows.length === 0) context.out.note(query.status === undefined ? "No open case fits; --status any shows resolved ones too." : "No case fits.");
  else {
    context.out.table(
      ["LAST ALERT", "SEVERITY", "STATUS", "TITLE", "TYPE", "ALERTS", "OWNER", "VERDICT", "ID"],
      rows.map((one) => [time(one.lastAt), one.severity, statusText(one), cut(one.title), one.type, count(one.alerts), one.owner ?? "-", one.verdict === "undefined" ? "-" : one.verdict, one.id]),
    );
  }
  if (rows.length === most) context.out.note(`The first ${count(most)}; --limit shows more, --json all.`);
  return EXIT_OK;
}

function statusText({ status, reopened }: CaseView): string {
  return reopened > 0 && status !== "resolved" ? `${status} (reopened)` : status;
}

function cut(title: string): string {
  return title.length <= WIDEST_TITLE ? title : `${title.slice(0, WIDEST_TITLE - 1)}…`;
}

export interface CaseShowOptions extends JsonOption {
  readonly limit?: number;
  readonly members?: true;
}

export async function showCase(context: CliContext, api: ApiClient, id: string, { json, members, limit }: CaseShowOptions): Promise<number> {
  const path = `${CASES}/${segment(id)}`;
  if (members === true) return showMembers(context, listItems<CaseMember>(api, `${path}/members`, { limit: Math.min(limit ?? 1000, 1000) }, limit), json);
  const detail = await api.request<CaseDetail>("GET", path, { query: { limit } });
  if (json === true) context.out.json(detail);
  else print(context.out, detail);
  return EXIT_OK;
}

async function showMembers({ out }: CliContext, members: AsyncIterable<CaseMember>, json: true | undefined): Promise<number> {
  if (json === true) await printArray(out, members);
  else printMembers(out, await gather(members));
  return EXIT_OK;
}

function print(out: Terminal, { case: one, merged, entities, entitiesLeft, indicators, indicatorsLeft, members, membersLeft, links, related, timeline, next }: CaseDetail): void {
  if (merged !== null) out.line(out.paint(clean(`${merged} became part of this case.`), "yellow"));
  out.line(clean(`${one.title}: ${one.severity}, ${statusText(one)}, ${one.verdict === "undefined" ? "no verdict" : `verdict ${one.verdict}`}, ${one.owner === null ? "nobody's" : `with ${one.owner}`}`));
  out.line();
  out.facts([
    ["id", one.id], ["version", String(one.version)], ["type", one.type], ["tenant", one.tenant], ["alerts", `${count(one.alerts)}, ${count(one.openAlerts)} of them open`], ["devices", count(one.devices)], ["users", count(one.users)],
    ["products", one.products.join(", ")], ["first alert", time(one.firstAt)], ["last alert", time(one.lastAt)], ["opened", time(one.openedAt)],
    ...(one.firstLookAt === null ? [] : [["first look", time(one.firstLookAt)] as const]),
    ...(one.reopenedAt === null ? [] : [["opened again", `${time(one.reopenedAt)} (${String(one.reopened)} ${one.reopened === 1 ? "time" : "times"})`] as const]),
    ...(one.resolvedAt === null ? [] : [["resolved", time(one.resolvedAt)] as const]),
  ]);
  printEntities(out, "About", entities, entitiesLeft);
  printEntities(out, "Indicators", indicators, indicatorsLeft);
  if (members.length > 0) {
    out.line(`\n${out.paint("Alerts, gravest first", "bold")}`);
    printMembers(out, members);
    if (membersLeft > 0) out.note(`${count(membersLeft)} more: \`vedette cases show ${clean(one.id)} --members\``);
  }
  const held = links.filter(({ alerts }) => alerts > 1);
  if (held.length > 0) {
    out.line(`\n${out.paint("Held together by", "bold")}`);
    for (const { kind, value, alerts } of held) out.line(clean(`  ${kind} ${value} (${count(alerts)} alerts)`));
  }
  if (related.length > 0) {
    out.line(`\n${out.paint("The same behaviour at other times", "bold")}`);
    for (const other of related) out.line(clean(`  ${other.id}  ${time(other.lastAt)}  ${other.title}: ${other.status}${other.verdict === "undefined" ? "" : `, ${other.verdict}`}`));
  }
  out.line(`\n${out.paint("Timeline, newest first", "bold")}`);
  out.table(["AT", "BY", "WHAT"], timeline.map(({ at, by, kind, text }) => [time(at), by, kind === "note" ? `note: ${text}` : text]));
  if (next !== null) out.note("There is more before that; --limit shows up to 1000.");
}

function printEntities(out: Terminal, title: string, entities: readonly CaseEntity[], left: number): void {
  if (entities.length === 0) return;
  out.line(`\n${out.paint(title, "bold")}`);
  for (const { kind, value, alerts } of entities) out.line(clean(`  ${kind.padEnd(12)} ${value}${alerts > 1 ? ` (${count(alerts)} alerts)` : ""}`));
  if (left > 0) out.line(`  and ${count(left)} more`);
}

function printMembers(out: Terminal, members: readonly CaseMember[]): void {
  const twice = members.filter(({ alsoReadBy }) => alsoReadBy.length > 0);
  out.table(
    ["DETECTED", "SEVERITY", "STATUS", "NAME", "DEVICE", "USER", "STREAM", "ID"],
    members.map((one) => [time(one.at), one.severity, one.goneAt === null ? one.status : "gone", cut(one.name ?? "-"), one.device ?? "-", one.user ?? "-", one.stream, one.id]),
  );
  const [link] = members.flatMap((one) => one.link ?? []);
  if (link !== undefined) out.line(clean(`In the console: ${link}`));
  const [first] = members.filter(({ record }) => record !== null);
  const connections = new Set(twice.flatMap(({ connection, alsoReadBy }) => [connection, ...alsoReadBy.map((other) => other.connection)]));
  if (twice.length > 0) out.line(clean(`Read through several connections (${[...connections].join(", ")}) and counted once: ${count(twice.length)} of these alerts.`));
  if (first !== undefined) out.line(clean(`The record as it came: \`vedette alerts show ${first.id} --stream ${first.stream} --record\``));
}

export interface CaseUpdateOptions extends JsonOption {
  readonly status?: string;
  readonly owner?: string;
  readonly verdict?: string;
  readonly severity?: string;
  readonly note?: string;
  readonly ifVersion?: number;
}

export async function updateCase(context: CliContext, api: ApiClient, id: string, { json, status, owner, verdict, severity, note, ifVersion }: CaseUpdateOptions): Promise<number> {
  const body = {
    ...(status === undefined ? {} : { status }),
    ...(owner === undefined ? {} : { owner: owner === "none" ? null : owner }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(severity === undefined ? {} : { severity: severity === "alerts" ? null : severity }),
    ...(note === undefined ? {} : { note }),
  } as CaseUpdate;
  if (Object.keys(body).length === 0) throw new Fault("CONFIG_INVALID", "Nothing is to be changed.", { cure: "Give --status, --owner, --verdict, --severity or --note." });
  const after = await api.request<CaseView>("PATCH", `${CASES}/${segment(id)}`, { body: ifVersion === undefined ? body : { ...body, version: ifVersion } });
  if (json === true) context.out.json(after);
  else context.out.line(clean(`${after.id}: ${after.title}: ${after.severity}, ${statusText(after)}, ${after.verdict === "undefined" ? "no verdict" : after.verdict}, ${after.owner === null ? "nobody's" : `with ${after.owner}`} (version ${String(after.version)})`));
  return EXIT_OK;
}

export interface CaseExportOptions extends JsonOption, CaseFilterOptions {
  readonly format: string;
  readonly output?: string;
}

export async function exportCases(context: CliContext, api: ApiClient, { json, format, output = "-", ...query }: CaseExportOptions): Promise<number> {
  const file = output === "-" ? null : resolve(output);
  if (json === true && file === null && format !== "ndjson") throw new Fault("CONFIG_INVALID", "--json tells of the file that was written, and there is none.", { cure: "Give --output FILE, or --format ndjson." });
  const size = await receiveExport(context, file, (signal) => api.stream("GET", `${CASES}/export`, { query: { ...query, format }, signal }));
  if (file === null) return EXIT_OK;
  if (json === true) context.out.json({ file, format, bytes: size });
  else context.out.line(clean(`${file}: ${bytes(size)}`));
  return EXIT_OK;
}
