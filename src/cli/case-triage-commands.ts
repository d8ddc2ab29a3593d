/** The part of `cases` that says what to think of them: `triage`, `rules`, `lists`, `knowledge`. */
import { InvalidArgumentError, Argument, Option, type Command } from "commander";
import { CASE_VERDICTS } from "../kernel/case-api.ts";
import { KNOWLEDGE_MEANINGS, KNOWLEDGE_TYPES } from "../kernel/case-knowledge-api.ts";
import { HEAVIEST, LIST_MEANINGS } from "../kernel/case-triage-api.ts";
import { addKnowledge, editKnowledge, exportKnowledge, importKnowledge, listKnowledge, removeKnowledge, type AddKnowledgeOptions, type EditKnowledgeOptions, type ImportOptions, type KnowledgeExportOptions, type KnowledgeFilterOptions } from "./case-knowledge.ts";
import { applyRules, listLists, listRules, putList, removeList, setRule, showRule, testRules, triageCase, type ApplyRulesOptions, type OfTenantOptions, type SetRuleOptions, type TestRulesOptions, type TriageOptions } from "./case-triage.ts";
import { finish, integer, type CliContext, type JsonOption } from "./command.ts";

const OF_TENANT = ["--tenant <tenant>", "which tenant's (name or id)"] as const;
const FOR_TENANT = ["--tenant <tenant>", "for which tenant (name or id); all, where you run them all and name none"] as const;

export function registerTriage(group: Command, context: CliContext): void {
  finish(
    group
      .command("triage [case]")
      .description("What rules make of a case, on one page: score, every rule that speaks with its evidence, what would change it; without a case, open cases by score")
      .addOption(new Option("--verdict <verdict>", "without a case: only with this suggestion").choices(CASE_VERDICTS))
      .option("--tenant <tenant>", "without a case: only of this tenant (name or id)")
      .option("--limit <number>", "without a case: how many at most", integer(1, 1_000_000))
      .option("--record", "write what the rules were asked about, as `rules test` takes it")
      .action(context.ask((api, id: string | undefined, options: TriageOptions) => triageCase(context, api, id, options))),
    ["vedette cases triage", "vedette cases triage cas_7k3m9q2xw5tafh", "vedette cases triage cas_7k3m9q2xw5tafh --record > case.json"],
  );
  registerRules(group, context);
  registerLists(group, context);
  registerKnowledge(group, context);
}

function registerRules(group: Command, context: CliContext): void {
  const rules = group.command("rules").description("Rules of triage: what they ask, what they weigh, and whether they are on");
  finish(rules.command("list").description("All rules that hold").option(...OF_TENANT).action(context.ask((api, options: OfTenantOptions) => listRules(context, api, options))), "vedette cases rules list --tenant orchard");
  finish(rules.command("show <rule>").description("One rule, with what it asks").option(...OF_TENANT).action(context.ask((api, id: string, options: OfTenantOptions) => showRule(context, api, id, options))), "vedette cases rules show path-writable");
  finish(
    rules
      .command("set <rule>")
      .description("Switch a rule on or off, or weigh it anew")
      .option("--on", "it speaks")
      .option("--off", "it does not")
      .option("--weight <number>", `its weight, -${String(HEAVIEST)} to ${String(HEAVIEST)}`, weight)
      .option(...FOR_TENANT)
      .action(context.ask((api, id: string, options: SetRuleOptions) => setRule(context, api, id, options))),
    ["vedette cases rules set signature-verified --weight=-30 --tenant orchard", "vedette cases rules set seen-at-other-tenants --on"],
  );
  finish(
    rules
      .command("apply <file>")
      .description("Rules and settings from a file (-: standard input); those it does not name stay as they are")
      .option("--replace-all", "take back what was set before and is not in the file")
      .option(...FOR_TENANT)
      .action(context.ask((api, file: string, options: ApplyRulesOptions) => applyRules(context, api, file, options))),
    "vedette cases rules apply rules.json --tenant orchard",
  );
  finish(
    rules
      .command("test <file>")
      .description("Ask the rules about recorded cases and compare; ends with 1 where one comes out otherwise than expected")
      .option("--rules <file>", "these, on top of the shipped ones, instead of those that hold")
      .option(...OF_TENANT)
      .action(context.ask((api, file: string, options: TestRulesOptions) => testRules(context, api, file, options))),
    "vedette cases rules test cases.json --rules rules.json",
  );
}

function weight(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d{1,3}$/.test(text) || Math.abs(value) > HEAVIEST) throw new InvalidArgumentError(`Expected a whole number from -${String(HEAVIEST)} to ${String(HEAVIEST)}.`);
  return value;
}

function registerLists(group: Command, context: CliContext): void {
  const lists = group.command("lists").description("Lists of hashes that you give: what is on one is malicious to you, or trusted");
  finish(lists.command("list").description("The lists there are").option(...OF_TENANT).action(context.ask((api, options: OfTenantOptions) => listLists(context, api, options))), "vedette cases lists list");
  finish(
    lists
      .command("put <name> <file>")
      .description("Give a list, one hash a line (-: standard input); it replaces the one of that name")
      .addOption(new Option("--meaning <meaning>", "what it says of what is on it").choices(LIST_MEANINGS).makeOptionMandatory())
      .option(...FOR_TENANT)
      .action(context.ask((api, name: string, file: string, options: OfTenantOptions & { readonly meaning: string }) => putList(context, api, name, file, options))),
    ["vedette cases lists put incident-0417 hashes.txt --meaning malicious", "vedette cases lists put our-tools tools.csv --meaning trusted --tenant orchard"],
  );
  finish(lists.command("remove <list>").description("Take a list away (name or id)").option(...OF_TENANT).action(context.ask((api, reference: string, options: OfTenantOptions) => removeList(context, api, reference, options))), "vedette cases lists remove incident-0417");
}

function registerKnowledge(group: Command, context: CliContext): void {
  const knowledge = group.command("knowledge").description("What you know of hashes, paths, signers, domains, addresses, users, devices and command lines");
  finish(
    filtering(knowledge.command("list"))
      .description("Entries, newest first")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, options: JsonOption & KnowledgeFilterOptions & { readonly limit?: number }) => listKnowledge(context, api, options))),
    "vedette cases knowledge list --meaning benign --text deploy",
  );
  finish(
    knowledge
      .command("add")
      .addArgument(new Argument("<type>", "what it is about").choices(KNOWLEDGE_TYPES))
      .argument("<indicator>", "its value; a path may have * and ?")
      .argument("<text>", "what is known, at most 500 characters")
      .description("Say what you know of an indicator")
      .addOption(new Option("--meaning <meaning>", "what that says of a case (left out: context)").choices(KNOWLEDGE_MEANINGS))
      .option("--expires <when>", "2027-01-31, 2027-01-31T08:00:00Z, 90d from now, or never (the default)")
      .option(...FOR_TENANT)
      .action(context.ask((api, type: string, indicator: string, text: string, options: AddKnowledgeOptions) => addKnowledge(context, api, type, indicator, text, options))),
    ['vedette cases knowledge add path "C:\\\\Deploy\\\\*" "Our software distribution." --meaning benign --expires 90d --tenant orchard', 'vedette cases knowledge add device DC-01 "Domain controller: call the customer first."'],
  );
  finish(
    knowledge
      .command("edit <entry>")
      .description("Change what is known; for another indicator add another entry")
      .addOption(new Option("--meaning <meaning>", "what it says of a case").choices(KNOWLEDGE_MEANINGS))
      .option("--text <text>", "what is known")
      .option("--expires <when>", "2027-01-31, 2027-01-31T08:00:00Z, 90d from now, or never")
      .option("--if-version <number>", "only if it is still this version", integer(1, Number.MAX_SAFE_INTEGER))
      .action(context.ask((api, id: string, options: EditKnowledgeOptions) => editKnowledge(context, api, id, options))),
    "vedette cases knowledge edit kno_01kb2 --expires never",
  );
  finish(knowledge.command("remove <entry>").description("Take an entry away").action(context.ask((api, id: string, options: JsonOption) => removeKnowledge(context, api, id, options))), "vedette cases knowledge remove kno_01kb2");
  finish(
    knowledge
      .command("import <file>")
      .description("Entries from a file (-: standard input), all or none; an indicator that is there is changed")
      .addOption(new Option("--format <format>", "left out: by the file's name, else ndjson").choices(["ndjson", "csv"]))
      .option(...FOR_TENANT)
      .action(context.ask((api, file: string, options: ImportOptions) => importKnowledge(context, api, file, options))),
    "vedette cases knowledge import knowledge.csv --tenant orchard",
  );
  finish(
    filtering(knowledge.command("export"))
      .description("Entries as a file that import takes: of the tenant named, or your only one; else those that hold for all")
      .addOption(new Option("--format <format>", "one JSON object a line, or a table").choices(["ndjson", "csv"]).default("ndjson"))
      .option("--output <file>", "where to (-: standard output)", "-")
      .action(context.ask((api, options: KnowledgeExportOptions) => exportKnowledge(context, api, options))),
    "vedette cases knowledge export --format csv --output knowledge.csv",
    "print JSON (stable) of the file that was written",
  );
}

function filtering(command: Command): Command {
  return command
    .addOption(new Option("--type <type>", "only of this type").choices(KNOWLEDGE_TYPES))
    .addOption(new Option("--meaning <meaning>", "only of this meaning").choices(KNOWLEDGE_MEANINGS))
    .option("--text <text>", "part of the indicator or the text")
    .option("--tenant <tenant>", "only of this tenant (name or id)");
}
