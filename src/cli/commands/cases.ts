/** `cases`: what was found, put together so that it reaches a person once. */
import { Option, type Command } from "commander";
import { CASE_STATUSES, CASE_TYPES, CASE_VERDICTS } from "../../kernel/case-api.ts";
import { FACT_SEVERITIES } from "../../kernel/fact.ts";
import { moment } from "../alert-views.ts";
import { registerTriage } from "../case-triage-commands.ts";
import { exportCases, listCases, showCase, updateCase, type CaseExportOptions, type CaseListOptions, type CaseShowOptions, type CaseUpdateOptions } from "../case-views.ts";
import { finish, integer, type CliCommand, type CliContext } from "../command.ts";

export const casesCommand: CliCommand = {
  id: "cases",
  register(program: Command, context: CliContext) {
    const group = program.command("cases").description("Cases: alerts that belong together and agents that are not well, each once, with what became of it");
    finish(
      narrowing(group.command("list"))
        .description("The queue: open cases, those with the newest alerts first")
        .option("--limit <number>", "how many at most", integer(1, 1_000_000))
        .action(context.ask((api, options: CaseListOptions) => listCases(context, api, options))),
      ["vedette cases list --severity high --owner none", "vedette cases list --status any --since 7d --text OF-LT-0417 --json"],
    );
    finish(
      group
        .command("show <case>")
        .description("One case: what it is about, its alerts, what holds them together, and its timeline")
        .option("--members", "all of its alerts, and nothing else")
        .option("--limit <number>", "how many entries of the timeline, or alerts, at most", integer(1, 1000))
        .action(context.ask((api, id: string, options: CaseShowOptions) => showCase(context, api, id, options))),
      ["vedette cases show cas_7k3m9q2xw5tafh", "vedette cases show cas_7k3m9q2xw5tafh --members --json"],
    );
    finish(
      group
        .command("update <case>")
        .description("Say what you decided: it holds until something new asks for attention")
        .addOption(new Option("--status <status>", "where it stands").choices(CASE_STATUSES))
        .option("--owner <name>", "whose it is (none: nobody's)")
        .addOption(new Option("--verdict <verdict>", "what it was (undefined: what its alerts say)").choices(CASE_VERDICTS))
        .addOption(new Option("--severity <severity>", "how grave it is (alerts: as grave as its gravest alert)").choices([...FACT_SEVERITIES, "alerts"]))
        .option("--note <text>", "a note for its timeline")
        .option("--if-version <number>", "only if it is still this version", integer(1, Number.MAX_SAFE_INTEGER))
        .action(context.ask((api, id: string, options: CaseUpdateOptions) => updateCase(context, api, id, options))),
      ["vedette cases update cas_7k3m9q2xw5tafh --status in-progress --owner mara@example.com", 'vedette cases update cas_7k3m9q2xw5tafh --status resolved --verdict false-positive --note "Our own installer."'],
    );
    finish(
      narrowing(group.command("export"))
        .description("Cases as a file, oldest first; the open ones where nothing else is asked for")
        .addOption(new Option("--format <format>", "one JSON object a line, or a table").choices(["ndjson", "csv"]).default("ndjson"))
        .option("--output <file>", "where to (-: standard output)", "-")
        .action(context.ask((api, options: CaseExportOptions) => exportCases(context, api, options))),
      ["vedette cases export --status any --format csv --output cases.csv", "vedette cases export --tenant orchard | jq .title"],
      "print JSON (stable) of the file that was written",
    );
    registerTriage(group, context);
  },
};

function narrowing(command: Command): Command {
  return command
    .addOption(new Option("--status <status>", "only in this state; open: all but resolved (the default), any: all").choices([...CASE_STATUSES, "open", "reopened", "any"]))
    .addOption(new Option("--severity <severity>", "at least this").choices(FACT_SEVERITIES))
    .addOption(new Option("--type <type>", "only of this kind").choices(CASE_TYPES))
    .option("--owner <name>", "only this person's (none: nobody's)")
    .option("--tenant <tenant>", "only of this tenant (name or id)")
    .option("--since <time>", "with an alert from then on: 2027-01-31, 2027-01-31T08:00:00Z, or 45m, 12h, 7d ago", moment)
    .option("--text <text>", "part of the title or id, of a device, user, file, hash, address or the like");
}
