/** `cases triage|rules|lists`: what rules make of cases and why, the rules themselves, and lists of hashes. */
import type { HashListView, RuleList, RulesApplied, RulesTested, RuleView, TriageQueueItem, TriageResult, TriageView } from "../kernel/case-triage-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { count, plural, time } from "./format.ts";
import { readGiven, readGivenJson } from "./given-file.ts";
import { byNameOrId, gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean, safeJson, type Terminal } from "./terminal.ts";

const CASES = "/api/v1/cases";
const RULES = `${CASES}/rules`;
const LISTS = `${CASES}/lists`;
const JSON_FILE = { most: 8 * 1024 * 1024, of: "rules or cases", cure: "It is a JSON list; `docs/triage.md` shows one." };
const LARGEST_LIST = 16 * 1024 * 1024;
const WIDEST_TITLE = 50;
const SHOWN_RULES = 3;

export interface TriageOptions extends JsonOption {
  readonly tenant?: string;
  readonly verdict?: string;
  readonly limit?: number;
  readonly record?: true;
}

/** Without a case: the queue by score. */
export async function triageCase(context: CliContext, api: ApiClient, id: string | undefined, options: TriageOptions): Promise<number> {
  if (id === undefined) return queue(context, api, options);
  const view = await api.request<TriageView>("GET", `${CASES}/${segment(id)}/triage`);
  if (options.record === true) context.out.line(safeJson([view.recorded]));
  else if (options.json === true) context.out.json(view);
  else explain(context.out, view);
  return EXIT_OK;
}

async function queue({ out }: CliContext, api: ApiClient, { json, record, limit, ...query }: TriageOptions): Promise<number> {
  if (record === true) throw new Fault("CONFIG_INVALID", "--record writes one case.", { cure: "Name the case: `vedette cases triage CASE --record`." });
  const most = limit ?? (json === true ? Number.POSITIVE_INFINITY : 50);
  const items = listItems<TriageQueueItem>(api, `${CASES}/triage`, { ...query, limit: Math.min(most, 1000) }, most);
  if (json === true) {
    await printArray(out, items);
    return EXIT_OK;
  }
  const rows = await gather(items);
  if (rows.length === 0) out.note("No open case has been looked at yet, or none fits.");
  else {
    out.table(
      ["SCORE", "SUGGESTS", "SEVERITY", "STATUS", "TITLE", "BECAUSE", "ID"],
      rows.map((one) => [String(one.score), suggestion(one.suggested), one.severity, one.status, cut(one.title), one.because.slice(0, SHOWN_RULES).map(({ rule, weight }) => `${rule} ${signed(weight)}`).join(", ") || "-", one.id]),
    );
    out.note("Suggestions: no case was changed by them. `vedette cases triage CASE` explains one.");
  }
  return EXIT_OK;
}

function cut(title: string): string {
  return title.length <= WIDEST_TITLE ? title : `${title.slice(0, WIDEST_TITLE - 1)}…`;
}

function suggestion(verdict: TriageResult["verdict"]): string {
  return verdict === "undefined" ? "none" : verdict.replace("-", " ");
}

function signed(weight: number): string {
  return weight > 0 ? `+${String(weight)}` : String(weight);
}

function explain(out: Terminal, { triage, alertsLooked, alertsLeft, ...one }: TriageView): void {
  out.line(clean(`${one.title}: score ${String(triage.score)}, ${triage.verdict === "undefined" ? "nothing is suggested" : `suggested: ${suggestion(triage.verdict)}`}`));
  out.line();
  out.facts([
    ["id", one.id], ["tenant", one.tenant], ["severity", one.severity], ["status", one.status], ["verdict", one.decided === "undefined" ? "none yet" : suggestion(one.decided)],
    ["looked at", alertsLeft === 0 ? plural(alertsLooked, "alert") : `the gravest ${count(alertsLooked)} alerts of ${count(alertsLooked + alertsLeft)}`],
    ["points", `${signed(triage.evidence)} evidence, ${signed(triage.urgency)} urgency; the score is 50 and half of them`],
  ]);
  printHits(out, "Evidence, for and against", triage.hits.filter(({ bears }) => bears === "verdict"));
  printHits(out, "Urgency", triage.hits.filter(({ bears }) => bears === "urgency"));
  if (triage.changes.length > 0) {
    out.line(`\n${out.paint("What would change the suggestion", "bold")}`);
    for (const { how, rule, title, weight, verdict, score } of triage.changes) out.line(clean(`  ${how === "with" ? "if" : "without"} ${rule} (${signed(weight)}): ${verdict === "undefined" ? "nothing is suggested" : suggestion(verdict)}, score ${String(score)}${how === "with" ? `: ${title}` : ""}`));
  }
  for (const remark of triage.remarks) out.note(clean(remark));
  out.note("A suggestion: the case was not changed by it.");
}

function printHits(out: Terminal, title: string, hits: TriageResult["hits"]): void {
  out.line(`\n${out.paint(title, "bold")}`);
  if (hits.length === 0) out.line("  no rule speaks");
  for (const { rule, title: says, weight, evidence, evidenceLeft } of hits) {
    out.line(clean(`  ${signed(weight).padStart(4)}  ${rule}: ${says}`));
    for (const { fact, value, alert, alerts } of evidence) out.line(clean(`          ${fact} ${value}${alert === null ? "" : ` (alert ${alert}${alerts > 1 ? ` and ${count(alerts - 1)} more` : ""})`}`));
    if (evidenceLeft > 0) out.line(`          and ${count(evidenceLeft)} more`);
  }
}

export interface OfTenantOptions extends JsonOption {
  readonly tenant?: string;
}

export async function listRules({ out }: CliContext, api: ApiClient, { json, tenant }: OfTenantOptions): Promise<number> {
  const { items } = await api.request<RuleList>("GET", RULES, { query: { tenant } });
  if (json === true) out.json(items);
  else out.table(["RULE", "WEIGHT", "BEARS ON", "STATE", "FROM", "SPEAKS WHEN"], items.map((rule) => [rule.id, signed(rule.weight), rule.bears, rule.enabled ? "on" : "off", fromText(rule), rule.title]));
  return EXIT_OK;
}

function fromText({ from, changedFor }: RuleView): string {
  return changedFor === null || from === changedFor ? from : `${from}, set for ${changedFor}`;
}

export async function showRule({ out }: CliContext, api: ApiClient, id: string, { json, tenant }: OfTenantOptions): Promise<number> {
  const { items } = await api.request<RuleList>("GET", RULES, { query: { tenant } });
  const rule = items.find((one) => one.id === id);
  if (rule === undefined) throw new Fault("NOT_FOUND", "There is no rule of that id.", { cure: "`vedette cases rules list` shows what there is." });
  if (json === true) {
    out.json(rule);
    return EXIT_OK;
  }
  out.line(clean(rule.title));
  out.line();
  out.facts([
    ["id", rule.id], ["weight", signed(rule.weight)], ["bears on", rule.bears], ["of alerts", rule.of], ["state", rule.enabled ? "on" : "off"], ["from", fromText(rule)],
    ...(rule.changedBy === null ? [] : [["set by", `${rule.changedBy}, ${time(rule.changedAt)}`] as const]),
  ]);
  out.line(`\n${safeJson(rule.when)}`);
  return EXIT_OK;
}

export interface ApplyRulesOptions extends OfTenantOptions {
  readonly replaceAll?: true;
}

export async function applyRules(context: CliContext, api: ApiClient, file: string, { replaceAll, ...options }: ApplyRulesOptions): Promise<number> {
  return sendRules(context, api, { rules: await readGivenJson(context.ports.io, file, JSON_FILE), ...(replaceAll === true ? { replaceAll } : {}) }, options);
}

export interface SetRuleOptions extends OfTenantOptions {
  readonly on?: true;
  readonly off?: true;
  readonly weight?: number;
}

export async function setRule(context: CliContext, api: ApiClient, id: string, { on, off, weight, ...options }: SetRuleOptions): Promise<number> {
  if (on === true && off === true) throw new Fault("CONFIG_INVALID", "A rule is on or off, not both.");
  if (on !== true && off !== true && weight === undefined) throw new Fault("CONFIG_INVALID", "Nothing is to be set.", { cure: "Give --on, --off or --weight." });
  return sendRules(context, api, { rules: [{ id, ...(on === true ? { enabled: true } : off === true ? { enabled: false } : {}), ...(weight === undefined ? {} : { weight }) }] }, options);
}

async function sendRules({ out }: CliContext, api: ApiClient, body: Readonly<Record<string, unknown>>, { json, tenant }: OfTenantOptions): Promise<number> {
  const applied = await api.request<RulesApplied>("POST", RULES, { body: { ...body, ...(tenant === undefined ? {} : { tenant }) } });
  if (json === true) out.json(applied);
  else {
    out.table(["CHANGE", "RULE", "WEIGHT", "STATE"], applied.items.map(({ change, id, rule }) => [change, id, rule === null ? "-" : signed(rule.weight), rule === null ? "-" : rule.enabled ? "on" : "off"]));
    out.note(clean(`${forWhom(applied.tenant)}; open cases are looked at again in the background.`));
  }
  return EXIT_OK;
}

function forWhom(tenant: string | null): string {
  return tenant === null ? "For all tenants" : `For ${tenant}`;
}

export interface TestRulesOptions extends OfTenantOptions {
  readonly rules?: string;
}

export async function testRules({ out, ports }: CliContext, api: ApiClient, file: string, { json, tenant, rules }: TestRulesOptions): Promise<number> {
  const cases = await readGivenJson(ports.io, file, JSON_FILE);
  const given = rules === undefined ? {} : { rules: await readGivenJson(ports.io, rules, JSON_FILE) };
  const tested = await api.request<RulesTested>("POST", `${RULES}/test`, { body: { cases, ...given, ...(tenant === undefined ? {} : { tenant }) } });
  if (json === true) out.json(tested);
  else {
    out.table(["RESULT", "CASE", "SCORE", "SUGGESTS"], tested.items.map(({ name, passed, triage }) => [passed ? "as expected" : "FAILED", name, String(triage.score), suggestion(triage.verdict)]));
    for (const { name, failures } of tested.items) for (const failure of failures) out.line(clean(`${name}: ${failure}`));
    out.line(`${count(tested.passed)} as expected, ${count(tested.failed)} not.`);
  }
  return tested.failed === 0 ? EXIT_OK : EXIT_NO;
}

export async function listLists({ out }: CliContext, api: ApiClient, { json, tenant }: OfTenantOptions): Promise<number> {
  const lists = listItems<HashListView>(api, LISTS, { tenant });
  if (json === true) {
    await printArray(out, lists);
    return EXIT_OK;
  }
  const all = await gather(lists);
  if (all.length === 0) out.note("No lists yet: `vedette cases lists put NAME FILE --meaning malicious`.");
  else out.table(["NAME", "TENANT", "MEANING", "HASHES", "GIVEN", "BY", "ID"], all.map((list) => [list.name, list.tenant ?? "all", list.meaning, count(list.hashes), time(list.updatedAt), list.updatedBy, list.id]));
  return EXIT_OK;
}

export async function putList({ out, ports }: CliContext, api: ApiClient, name: string, file: string, { json, tenant, meaning }: OfTenantOptions & { readonly meaning: string }): Promise<number> {
  const text = await readGiven(ports.io, file, { most: LARGEST_LIST, of: "hashes" });
  const list = await api.request<HashListView>("PUT", LISTS, { body: { name, meaning, text, ...(tenant === undefined ? {} : { tenant }) } });
  if (json === true) out.json(list);
  else out.line(clean(`${list.name}: ${count(list.hashes)} ${list.hashes === 1 ? "hash" : "hashes"}, ${list.meaning}. ${forWhom(list.tenant)}; open cases are looked at again in the background.`));
  return EXIT_OK;
}

export async function removeList({ out }: CliContext, api: ApiClient, reference: string, { json, tenant }: OfTenantOptions): Promise<number> {
  const { id } = await byNameOrId(listItems<HashListView>(api, LISTS, { tenant }), reference, "list", "cases lists");
  const removed = await api.request<HashListView>("DELETE", `${LISTS}/${segment(id)}`);
  if (json === true) out.json(removed);
  else out.line(clean(`${removed.name}: removed`));
  return EXIT_OK;
}
