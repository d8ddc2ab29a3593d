/** How `access risks`, `access diff` and `access changes` are typed. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { ACCESS_RISKS } from "../kernel/access-risk-api.ts";
import { changes, diff, type ChangesOptions, type DiffOptions } from "./access-diff.ts";
import { endException, except, exceptions, lists, removeList, riskKinds, thresholds, uploadList, type ExceptOptions, type ThresholdOptions, type UploadOptions } from "./access-risk-records.ts";
import { risks, type RiskOptions } from "./access-risks.ts";
import { finish, integer, repeated, type CliContext, type JsonOption } from "./command.ts";

export function riskCommands(access: Command, context: CliContext): void {
  const group = access.command("risks").description("What speaks against it: findings with evidence and the fix, gravest first");
  finish(
    group
      .command("list", { isDefault: true })
      .description("Findings; what is done where no other command is named")
      .addOption(new Option("--risk <risk>", "only this one; may be repeated").argParser((value: string, earlier: readonly string[] | undefined) => repeated(knownRisk(value), earlier)))
      .addOption(new Option("--severity <severity>", "at least this").choices(["low", "medium", "high", "critical"]))
      .option("--user <user>", "only of this user or service user (id or e-mail)")
      .option("--connection <name>", "only of this connection")
      .option("--tenant <tenant>", "only of this tenant (name or id)")
      .addOption(new Option("--exceptions <which>", "findings that are let off: left-out (default), only, or shown with the others").choices(["left-out", "only", "shown"]))
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .option("--exit-code", "end with exit code 1 where anything is found")
      .option("--csv", "print all as CSV; cells that a spreadsheet would run as a formula get a leading apostrophe")
      .action(context.ask((api, options: RiskOptions) => risks(context, api, options))),
    ["vedette access risks list", "vedette access risks --risk no-2fa --severity high --json", "vedette access risks except stale-3f0c9a2b71d4e85c --owner soc@example.com --reason 'on leave' --for 90d"],
  );
  finish(group.command("kinds").description("The risks that are looked for").action(context.ask((api, options: JsonOption) => riskKinds(context, api, options))), "vedette access risks kinds");
  exceptionCommands(group, context);
  finish(
    group
      .command("thresholds")
      .description("From when on something counts as a risk; shown, or set")
      .option("--tenant <tenant>", "for this tenant (name or id); for all when left out")
      .option("--set <name=value>", "may be repeated", repeated)
      .option("--unset <name>", "take it back to what holds for all, or to the default; may be repeated", repeated)
      .action(context.ask((api, options: ThresholdOptions) => thresholds(context, api, options))),
    ["vedette access risks thresholds", "vedette access risks thresholds --set staleDays=60 --set adminRoles=Admin,Owner"],
  );
  listCommands(group, context);
  diffCommands(access, context);
}

function knownRisk(value: string): string {
  if (!ACCESS_RISKS.some((risk) => risk === value)) throw new InvalidArgumentError(`There is no such risk. Risks: ${ACCESS_RISKS.join(", ")}.`);
  return value;
}

function exceptionCommands(group: Command, context: CliContext): void {
  finish(
    group
      .command("except <finding>")
      .description("Let one finding (its id) off until a stated end; it is back then, and says so")
      .requiredOption("--owner <owner>", "who answers for it")
      .requiredOption("--reason <reason>", "why")
      .option("--for <duration>", "how long, like 90d or 8h; at most a year")
      .option("--until <time>", "or until when, like 2026-03-01T18:00:00Z")
      .action(context.ask((api, finding: string, options: ExceptOptions) => except(context, api, finding, options))),
    "vedette access risks except stale-3f0c9a2b71d4e85c --owner soc@example.com --reason 'on leave' --for 90d",
  );
  finish(group.command("exceptions").description("Findings that are let off, newest first").option("--all", "those that hold no more too").action(context.ask((api, options: JsonOption & { all?: true }) => exceptions(context, api, options))), "vedette access risks exceptions");
  finish(group.command("end <exception>").description("End an exception before its time").action(context.ask((api, id: string, options: JsonOption) => endException(context, api, id, options))), "vedette access risks end exc_01");
}

function listCommands(group: Command, context: CliContext): void {
  const parent = group.command("lists").description("Lists of people that users are compared with (LIST is a name or an id)");
  finish(parent.command("list", { isDefault: true }).description("All lists; what is done where no other command is named").action(context.ask((api, options: JsonOption) => lists(context, api, options))), "vedette access risks lists list");
  finish(
    parent
      .command("upload <file>")
      .description("Take in a CSV of personnel or of an identity provider (- for standard input), in the place of one of that name; addresses are kept and nothing else of it")
      .addOption(new Option("--kind <kind>", "where it comes from").choices(["hr", "idp"]).makeOptionMandatory())
      .option("--name <name>", "what it is called; the file's name when left out")
      .option("--tenant <tenant>", "whose people they are (name or id)")
      .option("--skip-unreadable", "leave lines without a readable address out instead of refusing the list")
      .action(context.ask((api, file: string, options: UploadOptions) => uploadList(context, api, file, options))),
    "vedette access risks lists upload people.csv --kind hr --name personnel",
  );
  finish(parent.command("remove <list>").description("Forget it").option("--yes", "really").action(context.ask((api, list: string, options: JsonOption & { yes?: true }) => removeList(context, api, list, options))), "vedette access risks lists remove personnel --yes");
}

function diffCommands(access: Command, context: CliContext): void {
  finish(
    access
      .command("diff")
      .description("Who gained or lost what, and by whom, between two moments: net, in an order that stays; by itself between the last two completed readings")
      .option("--from <time>", "from this time on, like 2026-03-01T00:00:00Z, or so long ago: 7d, 24h")
      .option("--to <time>", "up to this time, or so long ago")
      .option("--connection <name>", "only of this connection")
      .option("--tenant <tenant>", "only of this tenant (name or id)")
      .option("--exit-code", "end with exit code 1 where anything changed, 0 where nothing did")
      .action(context.ask((api, options: DiffOptions) => diff(context, api, options))),
    ["vedette access diff", "vedette access diff --from 7d --exit-code --json"],
  );
  finish(
    access
      .command("changes")
      .description("The history, newest first: every change as it was seen, since the first reading")
      .option("--since <time>", "from this time on, or so long ago: 7d, 24h")
      .option("--until <time>", "up to this time, or so long ago")
      .option("--principal <id>", "only of this user or service user")
      .option("--connection <name>", "only of this connection")
      .option("--tenant <tenant>", "only of this tenant (name or id)")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, options: ChangesOptions) => changes(context, api, options))),
    "vedette access changes --since 7d",
  );
}
