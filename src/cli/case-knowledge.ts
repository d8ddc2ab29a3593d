/** `cases knowledge`: what people know of indicators, one by one and as files. */
import { resolve } from "node:path";
import type { KnowledgeImported, KnowledgeView } from "../kernel/case-knowledge-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { receiveExport } from "./export-file.ts";
import { EXIT_OK } from "./faults.ts";
import { bytes, count, day, time } from "./format.ts";
import { readGiven } from "./given-file.ts";
import { gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

const KNOWLEDGE = "/api/v1/cases/knowledge";
const LARGEST_FILE = 16 * 1024 * 1024;
const TABLE_ROWS = 100;
const WIDEST = 50;

export interface KnowledgeFilterOptions {
  readonly tenant?: string;
  readonly type?: string;
  readonly meaning?: string;
  readonly text?: string;
}

export async function listKnowledge({ out }: CliContext, api: ApiClient, { json, limit, ...query }: JsonOption & KnowledgeFilterOptions & { readonly limit?: number }): Promise<number> {
  if (json === true) {
    await printArray(out, listItems(api, KNOWLEDGE, { ...query, limit: Math.min(limit ?? 1000, 1000) }, limit));
    return EXIT_OK;
  }
  const most = limit ?? TABLE_ROWS;
  const rows = await gather(listItems<KnowledgeView>(api, KNOWLEDGE, { ...query, limit: Math.min(most, 1000) }, most));
  if (rows.length === 0) out.note("Nothing is known yet, or nothing fits: `vedette cases knowledge add TYPE INDICATOR TEXT`.");
  else out.table(["TYPE", "INDICATOR", "MEANING", "TEXT", "TENANT", "HITS", "EXPIRES", "AUTHOR", "ID"], rows.map((one) => [one.type, cut(one.indicator), one.meaning, cut(one.text), one.tenant ?? "all", one.hits === null ? "-" : count(one.hits), expiry(one), one.author, one.id]));
  if (rows.length === most) out.note(`The first ${count(most)}; --limit shows more, --json all.`);
  return EXIT_OK;
}

function cut(text: string): string {
  return text.length <= WIDEST ? text : `${text.slice(0, WIDEST - 1)}…`;
}

function expiry({ expiresAt, expired }: KnowledgeView): string {
  return expired ? "expired" : expiresAt === null ? "never" : day(expiresAt);
}

function line({ type, indicator, meaning, text, tenant, expiresAt, id }: KnowledgeView): string {
  return clean(`${id}: ${type} ${indicator}: ${meaning}: ${text} (${tenant === null ? "all tenants" : tenant}${expiresAt === null ? "" : `, until ${time(expiresAt)}`})`);
}

export interface AddKnowledgeOptions extends JsonOption {
  readonly tenant?: string;
  readonly meaning?: string;
  readonly expires?: string;
}

export async function addKnowledge(context: CliContext, api: ApiClient, type: string, indicator: string, text: string, { json, tenant, meaning, expires }: AddKnowledgeOptions): Promise<number> {
  const body = { type, indicator, text, ...(meaning === undefined ? {} : { meaning }), ...(tenant === undefined ? {} : { tenant }), ...(expires === undefined ? {} : { expiresAt: ahead(expires, Date.now()) }) };
  return print(context, await api.request<KnowledgeView>("POST", KNOWLEDGE, { body }), json, "");
}

export interface EditKnowledgeOptions extends JsonOption {
  readonly meaning?: string;
  readonly text?: string;
  readonly expires?: string;
  readonly ifVersion?: number;
}

export async function editKnowledge(context: CliContext, api: ApiClient, id: string, { json, meaning, text, expires, ifVersion }: EditKnowledgeOptions): Promise<number> {
  const change = { ...(meaning === undefined ? {} : { meaning }), ...(text === undefined ? {} : { text }), ...(expires === undefined ? {} : { expiresAt: ahead(expires, Date.now()) }) };
  if (Object.keys(change).length === 0) throw new Fault("CONFIG_INVALID", "Nothing is to be changed.", { cure: "Give --meaning, --text or --expires." });
  return print(context, await api.request<KnowledgeView>("PATCH", `${KNOWLEDGE}/${segment(id)}`, { body: ifVersion === undefined ? change : { ...change, version: ifVersion } }), json, "");
}

export async function removeKnowledge(context: CliContext, api: ApiClient, id: string, { json }: JsonOption): Promise<number> {
  return print(context, await api.request<KnowledgeView>("DELETE", `${KNOWLEDGE}/${segment(id)}`), json, "removed ");
}

function print({ out }: CliContext, view: KnowledgeView, json: true | undefined, word: string): number {
  if (json === true) out.json(view);
  else out.line(`${word}${line(view)}`);
  return EXIT_OK;
}

const DAYS = /^(\d{1,4})d$/;
const DAY_ONLY = /^\d{4}-\d{2}-\d{2}$/;

/** `90d` from now, a day, a time, or `never`. */
function ahead(text: string, now: number): string | null {
  if (text === "never") return null;
  const days = DAYS.exec(text)?.[1];
  if (days !== undefined) return new Date(now + Number(days) * 86_400_000).toISOString();
  return DAY_ONLY.test(text) ? `${text}T00:00:00Z` : text;
}

export interface ImportOptions extends JsonOption {
  readonly tenant?: string;
  readonly format?: string;
}

export async function importKnowledge({ out, ports }: CliContext, api: ApiClient, file: string, { json, tenant, format }: ImportOptions): Promise<number> {
  const text = await readGiven(ports.io, file, { most: LARGEST_FILE, of: "knowledge" });
  const body = { format: format ?? (file.toLowerCase().endsWith(".csv") ? "csv" : "ndjson"), text, ...(tenant === undefined ? {} : { tenant }) };
  const done = await api.request<KnowledgeImported>("POST", `${KNOWLEDGE}/import`, { body });
  if (json === true) out.json(done);
  else out.line(clean(`${count(done.added)} added, ${count(done.changed)} changed, ${count(done.unchanged)} as they were, for ${done.tenant ?? "all tenants"}.`));
  return EXIT_OK;
}

export interface KnowledgeExportOptions extends JsonOption, KnowledgeFilterOptions {
  readonly format: string;
  readonly output?: string;
}

export async function exportKnowledge(context: CliContext, api: ApiClient, { json, format, output = "-", ...query }: KnowledgeExportOptions): Promise<number> {
  const file = output === "-" ? null : resolve(output);
  if (json === true && file === null && format !== "ndjson") throw new Fault("CONFIG_INVALID", "--json tells of the file that was written, and there is none.", { cure: "Give --output FILE, or --format ndjson." });
  const size = await receiveExport(context, file, (signal) => api.stream("GET", `${KNOWLEDGE}/export`, { query: { ...query, format }, signal }));
  if (file === null) return EXIT_OK;
  if (json === true) context.out.json({ file, format, bytes: size });
  else context.out.line(clean(`${file}: ${bytes(size)}`));
  return EXIT_OK;
}
