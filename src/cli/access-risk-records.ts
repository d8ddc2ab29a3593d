/** `access risks except|exceptions|end|thresholds|lists|kinds`: what decides about findings. */
import { basename } from "node:path";
import { AccessThresholds, type AccessExceptionView, type AccessListUploaded, type AccessListView, type AccessThresholdsView } from "../kernel/access-risk-api.ts";
import { readDuration } from "../kernel/durations.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, day, time } from "./format.ts";
import { readGiven } from "./given-file.ts";
import { gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

const RISKS = "/api/v1/access/risks";
const LARGEST_LIST = 48 * 1024 * 1024;

export async function riskKinds(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const kinds = listItems<{ readonly risk: string; readonly title: string; readonly severity: string; readonly fix: string }>(api, `${RISKS}/kinds`);
  if (options.json === true) return printArray(context.out, kinds).then(() => EXIT_OK);
  context.out.table(["RISK", "SEVERITY", "WHAT"], (await gather(kinds)).map((one) => [one.risk, one.severity, one.title]));
  return EXIT_OK;
}

export interface ExceptOptions extends JsonOption {
  readonly owner: string;
  readonly reason: string;
  readonly for?: string;
  readonly until?: string;
}

export async function except(context: CliContext, api: ApiClient, finding: string, options: ExceptOptions): Promise<number> {
  if ((options.for === undefined) === (options.until === undefined)) throw new Fault("CONFIG_INVALID", "An exception ends: say when, by --for or --until, one of them.");
  const endsAt = options.for === undefined ? options.until : new Date(Date.now() + span(options.for)).toISOString();
  const added = await api.request<AccessExceptionView>("POST", `${RISKS}/exceptions`, { body: { finding, owner: options.owner, reason: options.reason, endsAt } });
  if (options.json === true) context.out.json(added);
  else context.out.line(clean(`${added.id}: let off until ${time(added.endsAt)}, ${added.about}`));
  return EXIT_OK;
}

/** `90d` beside the hours and minutes of other durations; milliseconds. */
function span(text: string): number {
  const days = /^([1-9]\d{0,2})d$/.exec(text);
  const ms = days === null ? readDuration(text) : Number(days[1]) * 86_400_000;
  if (ms === null) throw new Fault("CONFIG_INVALID", "--for takes a whole number of days, hours or minutes, like 90d or 8h.");
  return ms;
}

export async function exceptions(context: CliContext, api: ApiClient, options: JsonOption & { readonly all?: true }): Promise<number> {
  const items = listItems<AccessExceptionView>(api, `${RISKS}/exceptions`, { all: options.all });
  if (options.json === true) return printArray(context.out, items).then(() => EXIT_OK);
  const all = await gather(items);
  if (all.length === 0) context.out.note("No finding is let off.");
  context.out.table(["ID", "STATE", "ABOUT", "OWNER", "REASON", "UNTIL", "FINDING"], all.map((one) => [one.id, one.state, one.about, one.owner, one.reason, time(one.endedAt ?? one.endsAt), one.finding]));
  return EXIT_OK;
}

export async function endException(context: CliContext, api: ApiClient, id: string, options: JsonOption): Promise<number> {
  const ended = await api.request<AccessExceptionView>("POST", `${RISKS}/exceptions/${segment(id)}/end`);
  if (options.json === true) context.out.json(ended);
  else context.out.line(clean(`${ended.id}: ${ended.state === "over" ? "was over already" : "ended"} ${time(ended.endedAt ?? ended.endsAt)}`));
  return EXIT_OK;
}

export interface ThresholdOptions extends JsonOption {
  readonly tenant?: string;
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
}

export async function thresholds(context: CliContext, api: ApiClient, options: ThresholdOptions): Promise<number> {
  const changes = { ...Object.fromEntries((options.unset ?? []).map((name) => [thresholdName(name), null])), ...Object.fromEntries((options.set ?? []).map(assigned)) };
  const view =
    Object.keys(changes).length === 0
      ? await api.request<AccessThresholdsView>("GET", `${RISKS}/thresholds`, { query: { tenant: options.tenant } })
      : await api.request<AccessThresholdsView>("PUT", `${RISKS}/thresholds`, { body: { ...(options.tenant === undefined ? {} : { tenant: options.tenant }), values: changes } });
  if (options.json === true) {
    context.out.json(view);
    return EXIT_OK;
  }
  context.out.line(clean(view.tenant === null ? "For all tenants:" : `For ${view.tenant}:`));
  const rows = Object.entries(AccessThresholds.properties).map(([name, schema]) => [name, shown(view.values[name as keyof AccessThresholds]), view.set.includes(name) ? "set here" : "", (schema as { readonly description?: string }).description ?? ""]);
  context.out.table(["THRESHOLD", "VALUE", "", "WHAT"], rows);
  return EXIT_OK;
}

function shown(value: AccessThresholds[keyof AccessThresholds]): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function thresholdName(name: string): string {
  if (Object.hasOwn(AccessThresholds.properties, name)) return name;
  throw new Fault("CONFIG_INVALID", `There is no threshold ${JSON.stringify(name)}.`, { cure: `Those there are: ${Object.keys(AccessThresholds.properties).join(", ")}.` });
}

/** `name=value`, by what the threshold is; the hub says whether the value will do. */
function assigned(text: string): readonly [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new Fault("CONFIG_INVALID", "--set takes name=value, like staleDays=60.");
  const name = thresholdName(text.slice(0, at));
  const value = text.slice(at + 1).trim();
  if (name === "adminRoles") return [name, value.split(",").map((part) => part.trim())];
  if (value === "true" || value === "false") return [name, value === "true"];
  if (value === "" || Number.isNaN(Number(value))) throw new Fault("CONFIG_INVALID", `${name} takes a number, not ${JSON.stringify(value.slice(0, 60))}.`);
  return [name, Number(value)];
}

export async function lists(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const items = listItems<AccessListView>(api, `${RISKS}/lists`);
  if (options.json === true) return printArray(context.out, items).then(() => EXIT_OK);
  const all = await gather(items);
  if (all.length === 0) context.out.note("No list of people yet: `vedette access risks lists upload FILE --kind hr`.");
  context.out.table(["NAME", "KIND", "TENANT", "ADDRESSES", "GONE", "UPLOADED", "ID"], all.map((one) => [one.name, one.kind, one.tenant, count(one.entries), count(one.gone), time(one.uploadedAt), one.id]));
  return EXIT_OK;
}

export interface UploadOptions extends JsonOption {
  readonly kind: string;
  readonly name?: string;
  readonly tenant?: string;
  readonly skipUnreadable?: true;
}

export async function uploadList(context: CliContext, api: ApiClient, file: string, options: UploadOptions): Promise<number> {
  const csv = await readGiven(context.ports.io, file, { most: LARGEST_LIST, of: "people" });
  const body = { csv, kind: options.kind, name: options.name ?? (file === "-" ? options.kind : basename(file)), ...(options.tenant === undefined ? {} : { tenant: options.tenant }), ...(options.skipUnreadable === true ? { skipUnreadable: true } : {}) };
  const answer = await api.request<AccessListUploaded>("PUT", `${RISKS}/lists`, { body });
  if (options.json === true) {
    context.out.json(answer);
    return EXIT_OK;
  }
  const { list, columns, remarks } = answer;
  context.out.line(clean(`${list.name}: ${count(list.entries)} addresses from ${count(answer.lines)} lines (${columns.header ? "columns" : "no heading;"} ${columns.addresses.join(", ")}${columns.status === null ? "" : `; status ${columns.status}, ${count(list.gone)} gone`})`));
  if (answer.unreadable > 0) context.out.note(`${count(answer.unreadable)} lines were left out; people on them are reported as not in the list.`);
  for (const { line, remark } of remarks) context.out.note(clean(`line ${String(line)} ${remark}`));
  return EXIT_OK;
}

export async function removeList(context: CliContext, api: ApiClient, reference: string, options: JsonOption & { readonly yes?: true }): Promise<number> {
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", "This forgets the list; users are no longer compared with it.", { cure: "Repeat it with --yes." });
  const list = await api.request<AccessListView>("DELETE", `${RISKS}/lists/${segment(reference)}`);
  if (options.json === true) context.out.json(list);
  else context.out.line(clean(`${list.name} of ${day(list.uploadedAt)} is forgotten.`));
  return EXIT_OK;
}
