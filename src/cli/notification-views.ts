/** `notifications list|add|edit|remove|test|preview`: who is told what, when and on which way. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { CASE_TYPES, type CaseType } from "../kernel/case-api.ts";
import type { DestinationTest } from "../kernel/delivery-api.ts";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import { Fault } from "../kernel/fault.ts";
import type { Message } from "../kernel/message.ts";
import { PACES, TELLS, type NotificationEdit, type NotificationPreview, type NotificationRule, type QuietHours, type Tells } from "../kernel/notification-api.ts";
import { WEEKDAYS, type Weekday } from "../kernel/zones.ts";
import { integer, type CliContext, type JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { count, plural, time } from "./format.ts";
import { findDestination, findTenant, gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

const PATH = "/api/v1/notifications";

export interface RuleOptions extends JsonOption {
  readonly to?: string;
  readonly tenant?: string;
  readonly alsoTenant?: readonly string[];
  readonly allTenants?: true;
  readonly tells?: readonly Tells[];
  readonly severity?: FactSeverity;
  readonly type?: readonly CaseType[];
  readonly unansweredAfter?: number;
  readonly pace?: NotificationEdit["pace"];
  readonly at?: string;
  readonly timeZone?: string;
  /** False: `--no-quiet`. */
  readonly quiet?: QuietHours | false;
  readonly quietDay?: readonly Weekday[];
  readonly through?: FactSeverity | "none";
  readonly rename?: string;
  readonly enable?: true;
  readonly disable?: true;
}

export function withRuleOptions(command: Command): Command {
  return command
    .option("--tells <what>", `what is told; may be repeated: ${TELLS.join(", ")} (default: opened, escalated, reopened, health)`, oneOf(TELLS))
    .addOption(new Option("--severity <severity>", "cases of at least this severity; what has none is let through (default: medium)").choices(FACT_SEVERITIES))
    .option("--type <type>", "only cases of this kind; may be repeated", oneOf(CASE_TYPES))
    .option("--unanswered-after <minutes>", "with --tells unanswered: how long nobody has taken a case up (default: 60)", integer(5, 43_200))
    .addOption(new Option("--pace <pace>", "one message each, or a digest (default: at-once)").choices(PACES))
    .option("--at <time>", "when a daily digest goes out (default: 08:00)", clockTime)
    .option("--time-zone <zone>", "of these times, and of those in messages, like Europe/Berlin (default: UTC)")
    .option("--quiet <times>", "quiet hours, like 22:00-07:00: what happens then is told when they end, if it is still true", quietTimes)
    .option("--quiet-day <day>", "a day that is quiet from midnight to midnight; may be repeated: mon, tue, wed, thu, fri, sat, sun", oneOf(WEEKDAYS))
    .addOption(new Option("--through <severity>", "what is at least this is told at once, whatever the hour and the pace (default: critical)").choices([...FACT_SEVERITIES, "none"]))
    .option("--also-tenant <tenant>", "cases of another tenant too; may be repeated", (value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value])
    .option("--all-tenants", "cases of every tenant there is or will be");
}

function oneOf<T extends string>(words: readonly T[]): (value: string, earlier: readonly T[] | undefined) => readonly T[] {
  return (value, earlier) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw new InvalidArgumentError(`Expected one of ${words.join(", ")}.`);
    return [...new Set([...(earlier ?? []), word])];
  };
}

const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;

function clockTime(text: string): string {
  if (!CLOCK.test(text)) throw new InvalidArgumentError("Expected a time like 08:00.");
  return text;
}

function quietTimes(text: string): QuietHours {
  const [from = "", to = "", more] = text.split("-");
  if (!CLOCK.test(from) || !CLOCK.test(to) || more !== undefined) throw new InvalidArgumentError("Expected times like 22:00-07:00.");
  return { from, to };
}

async function settingsOf(api: ApiClient, { to, tells, severity, type, unansweredAfter, pace, at, timeZone, quiet, quietDay, through, alsoTenant, allTenants }: RuleOptions): Promise<NotificationEdit> {
  const hours = quiet === undefined && quietDay !== undefined ? { from: "00:00", to: "00:00" } : quiet;
  const tenants = allTenants === true ? ["*"] : alsoTenant === undefined ? undefined : [...alsoTenant];
  const all: NotificationEdit = {
    ...(to === undefined ? {} : { destination: (await findDestination(api, to)).id }),
    ...(tells === undefined ? {} : { tells: [...tells] }),
    ...(severity === undefined ? {} : { severity }),
    ...(type === undefined ? {} : { types: [...type] }),
    ...(unansweredAfter === undefined ? {} : { unansweredMinutes: unansweredAfter }),
    ...(pace === undefined ? {} : { pace }),
    ...(at === undefined ? {} : { at }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(hours === undefined ? {} : { quiet: hours === false ? null : { ...hours, ...(quietDay === undefined ? {} : { days: [...quietDay] }) } }),
    ...(through === undefined ? {} : { through: through === "none" ? null : through }),
    ...(tenants === undefined ? {} : { tenants }),
  };
  return all;
}

export async function listRules(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const rules = listItems<NotificationRule>(api, PATH);
  if (options.json === true) return printArray(context.out, rules).then(() => EXIT_OK);
  const all = await gather(rules);
  if (all.length === 0) context.out.note("Nobody is told of anything yet: `vedette destinations add` a way, then `vedette notifications add NAME --to DESTINATION`.");
  else {
    context.out.table(
      ["NAME", "TO", "TELLS", "WHEN", "WAITING", "NEXT", "SENT", "LAST", "ID"],
      all.map((one) => [one.name, one.destinationName ?? "(removed)", tellsText(one), one.enabled ? whenText(one) : "off", count(one.waiting), time(one.nextAt), count(one.sent), time(one.sentAt), one.id]),
    );
  }
  return EXIT_OK;
}

/** `opened, escalated; high or more; of every tenant`. */
function tellsText({ tells, severity, types, tenants }: NotificationRule): string {
  const whose = tenants.includes("*") ? ["of every tenant"] : tenants.length > 1 ? [`of ${count(tenants.length)} tenants`] : [];
  return [tells.join(", "), severity === "unknown" ? "any severity" : `${severity} or more`, ...(types === null ? [] : [types.join(", ")]), ...whose].join("; ");
}

function whenText({ pace, at, timeZone, quiet, through, tells, unansweredMinutes }: NotificationRule): string {
  const silent = quiet === null ? [] : [[quiet.from === quiet.to ? null : `${quiet.from}-${quiet.to}`, ...(quiet.days ?? [])].filter((part) => part !== null).join(" ")];
  return [
    pace === "at-once" ? "at once" : pace === "hourly" ? "hourly" : `daily at ${at}`,
    ...(tells.includes("unanswered") ? [`unanswered after ${count(unansweredMinutes)} min`] : []),
    ...silent.map((hours) => `quiet ${hours}`),
    ...(pace !== "at-once" || quiet !== null ? [through === null ? "without exception" : `${through} always`, timeZone] : []),
  ].join("; ");
}

export async function addRule(context: CliContext, api: ApiClient, name: string, options: RuleOptions): Promise<number> {
  if (options.to === undefined) throw new Fault("CONFIG_INVALID", "Say on which way: --to and the name of a destination.", { cure: "`vedette destinations list` shows them; `vedette destinations add soc --email …` adds one." });
  const tenant = options.tenant === undefined ? {} : { tenant: (await findTenant(api, options.tenant)).id };
  const rule = await api.request<NotificationRule>("POST", PATH, { body: { ...(await settingsOf(api, options)), ...tenant, name } });
  return told(context, options, rule, `${rule.name} (${rule.id}) is added: ${tellsText(rule)}; ${whenText(rule)}. \`vedette notifications test\` tries it.`);
}

export async function editRule(context: CliContext, api: ApiClient, rule: NotificationRule, options: RuleOptions): Promise<number> {
  if (options.enable === true && options.disable === true) throw new Fault("CONFIG_INVALID", "--enable and --disable together mean nothing.");
  const enabled = options.enable === true ? { enabled: true } : options.disable === true ? { enabled: false } : {};
  // Days are added to the hours that are there.
  const kept = options.quiet === undefined && options.quietDay !== undefined && rule.quiet !== null ? { quiet: { from: rule.quiet.from, to: rule.quiet.to } } : {};
  const body: NotificationEdit = { ...(await settingsOf(api, { ...options, ...kept })), ...enabled, ...(options.rename === undefined ? {} : { name: options.rename }) };
  if (Object.keys(body).length === 0) throw new Fault("CONFIG_INVALID", "There is nothing to change.", { cure: "`vedette notifications edit --help` shows what there is." });
  const changed = await api.request<NotificationRule>("PATCH", `${PATH}/${segment(rule.id)}`, { body });
  return told(context, options, changed, `${changed.name}: ${changed.enabled ? "" : "off; "}${tellsText(changed)}; ${whenText(changed)}.`);
}

function told({ out }: CliContext, options: JsonOption, rule: NotificationRule, line: string): number {
  if (options.json === true) out.json(rule);
  else out.line(clean(line));
  return EXIT_OK;
}

export async function removeRule({ out }: CliContext, api: ApiClient, rule: NotificationRule, options: JsonOption & { readonly yes?: true }): Promise<number> {
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", `Removing ${JSON.stringify(rule.name)} forgets ${plural(rule.waiting, "thing")} that ${rule.waiting === 1 ? "waits" : "wait"} to be told.`, { cure: "Add --yes if that is meant." });
  const answer = await api.request<unknown>("DELETE", `${PATH}/${segment(rule.id)}`);
  if (options.json === true) out.json(answer);
  else out.line(clean(`${rule.name} is removed.`));
  return EXIT_OK;
}

export async function testRule({ out }: CliContext, api: ApiClient, rule: NotificationRule, options: JsonOption): Promise<number> {
  const answer = await api.request<DestinationTest>("POST", `${PATH}/${segment(rule.id)}/test`);
  if (options.json === true) out.json(answer);
  else out.line(clean(`${rule.name} to ${rule.destinationName ?? "nobody"}: ${answer.outcome === "accepted" ? "accepted" : `${answer.outcome === "refused" ? "refused" : "not accepted now"}: ${answer.reason ?? ""} (${answer.code ?? ""})`}, ${count(answer.ms)} ms`));
  return answer.outcome === "accepted" ? EXIT_OK : EXIT_NO;
}

export async function previewRule({ out }: CliContext, api: ApiClient, rule: NotificationRule, options: JsonOption): Promise<number> {
  const answer = await api.request<NotificationPreview>("GET", `${PATH}/${segment(rule.id)}/preview`);
  if (options.json === true) {
    out.json(answer);
    return EXIT_OK;
  }
  if (answer.waiting === 0) out.note("Nothing waits to be told.");
  else out.note(`${plural(answer.waiting, "thing")} ${answer.waiting === 1 ? "waits" : "wait"}, the first until ${time(answer.nextAt)}; what is no longer true by then is left out.`);
  for (const message of answer.messages) for (const line of linesOf(message)) out.line(clean(line));
  return EXIT_OK;
}

function linesOf({ title, lead, sections, more, foot }: Message): readonly string[] {
  const items = sections.flatMap(({ heading, items: all }) => [...(heading === null ? [] : ["", heading]), ...all.flatMap(({ title: name, severity, lines, url }) => ["", `${severity === null ? "" : `[${severity}] `}${name}`, ...[...lines, ...(url === null ? [] : [url])].map((line) => `  ${line}`)])]);
  return [title, ...(lead === null ? [] : ["", lead]), ...items, ...[more, foot].flatMap((line) => (line === null ? [] : ["", line])), ""];
}
