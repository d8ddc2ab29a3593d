/** `posture rules` and `posture whatif`: rules as data, applied from a file, and what a file would do before it is. */
import type { PostureRulesApplied, PostureRuleView } from "../kernel/posture-api.ts";
import type { WhatIfAnswer } from "../kernel/posture-whatif-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, plural, time } from "./format.ts";
import { readGivenJson } from "./given-file.ts";
import { gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean, safeJson } from "./terminal.ts";

const PATH = "/api/v1/posture/rules";
const RULES_FILE = { most: 8 * 1024 * 1024, of: "rules", cure: "A file of rules is a JSON list; `docs/posture.md` shows one." };

export interface FileOptions extends JsonOption {
  readonly tenant?: string;
}

export interface ApplyOptions extends FileOptions {
  readonly replaceAll?: true;
}

export async function listRules(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const rules = listItems<PostureRuleView>(api, PATH);
  if (options.json === true) return printArray(context.out, rules).then(() => EXIT_OK);
  const all = await gather(rules);
  if (all.length === 0) context.out.note("No rules yet: `vedette posture rules apply FILE`.");
  context.out.table(["NAME", "TENANT", "VERSION", "STATE", "CHANGED", "ID"], all.map((one) => [one.name, one.tenant ?? "all", String(one.version), one.shadow ? "shadow" : one.rule["warn_only"] === true ? "warns" : "enforced", time(one.updatedAt), one.id]));
  return EXIT_OK;
}

export async function showRule(context: CliContext, api: ApiClient, reference: string, options: JsonOption): Promise<number> {
  const rule = await api.request<PostureRuleView>("GET", `${PATH}/${segment(reference)}`);
  if (options.json === true) {
    context.out.json(rule);
    return EXIT_OK;
  }
  context.out.facts([["name", rule.name], ["id", rule.id], ["tenant", rule.tenant ?? "all"], ["version", String(rule.version)], ["changed", time(rule.updatedAt)]]);
  context.out.line(`\n${safeJson([rule.rule])}`);
  return EXIT_OK;
}

export async function applyFile(context: CliContext, api: ApiClient, file: string, options: ApplyOptions): Promise<number> {
  const rules = await readGivenJson(context.ports.io, file, RULES_FILE);
  const tenant = options.tenant === undefined ? {} : { tenant: options.tenant };
  const applied = await api.request<PostureRulesApplied>("POST", PATH, { body: { rules, ...tenant, ...(options.replaceAll === true ? { replaceAll: true } : {}) } });
  if (options.json === true) {
    context.out.json(applied);
    return EXIT_OK;
  }
  context.out.table(["CHANGE", "NAME", "VERSION", "ID"], applied.items.map(({ change, rule }) => [change, rule.name, String(rule.version), rule.id]));
  for (const { rule, remarks } of applied.items) for (const remark of remarks) context.out.note(clean(`${rule.name}: ${remark}`));
  return EXIT_OK;
}

export async function removeRule(context: CliContext, api: ApiClient, reference: string, options: JsonOption & { yes?: true }): Promise<number> {
  const rule = await api.request<PostureRuleView>("GET", `${PATH}/${segment(reference)}`);
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", `Without ${JSON.stringify(rule.name)} whoever asks is told nothing of it any more.`, { cure: "Add --yes if that is meant." });
  const removed = await api.request<PostureRuleView>("DELETE", `${PATH}/${segment(rule.id)}`);
  if (options.json === true) context.out.json(removed);
  else context.out.line(clean(`${rule.name}: removed`));
  return EXIT_OK;
}

export async function whatIf(context: CliContext, api: ApiClient, file: string, options: FileOptions): Promise<number> {
  const rules = await readGivenJson(context.ports.io, file, RULES_FILE);
  const tenant = options.tenant === undefined ? {} : { tenant: options.tenant };
  const answer = await api.request<WhatIfAnswer>("POST", "/api/v1/posture/whatif", { body: { rules, ...tenant } });
  const { out } = context;
  if (options.json === true) {
    out.json(answer);
    return EXIT_OK;
  }
  const { outcomes } = answer;
  out.line(`Of ${plural(answer.devices, "device")} ${count(outcomes.fail)} would fail (${count(answer.newlyFailing)} that no rule refuses today), ${count(outcomes.unknown)} would be unknown, ${count(outcomes.warn)} warned, ${count(outcomes.pass)} pass.`);
  if (answer.excepted > 0) out.line(`${count(answer.excepted)} more would fail without an exception that holds today.`);
  out.line();
  out.table(["RULE", "PASS", "FAIL", "UNKNOWN", "NOT APPLICABLE"], answer.rules.map((rule) => [rule.shadow ? `${rule.name} (shadow)` : rule.name, count(rule.pass), count(rule.fail), count(rule.unknown), count(rule.notApplicable)]));
  for (const [title, groups] of [["SITE", answer.bySite], ["SYSTEM", answer.byOs], ["USER", answer.byUser]] as const) {
    if (groups.items.length === 0) continue;
    out.line();
    out.table([title, "WOULD FAIL"], [...groups.items.map((group) => [group.name ?? "(not said)", count(group.failing)]), ...(groups.others === 0 ? [] : [["(others)", count(groups.others)]])]);
  }
  for (const rule of answer.rules) for (const remark of rule.remarks) out.note(clean(`${rule.name}: ${remark}`));
  return EXIT_OK;
}
