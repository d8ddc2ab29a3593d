/** `vulnerabilities`: devices and their findings. Each part has its own file; it adds its line to `register`. */
import { Option, type Command } from "commander";
import { INSTANCE_CLASSES, VULNERABILITY_SEVERITIES, VULNERABILITY_STATUSES } from "../../kernel/vulnerability-api.ts";
import { ASSET_LEVELS, ASSET_STALENESSES } from "../../kernel/vulnerability-asset-api.ts";
import { finish, integer, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { assetRuleCommands } from "../vulnerability-asset-rules.ts";
import { ingestCommands } from "../vulnerability-ingest-commands.ts";
import { softwareCommands } from "../vulnerability-software.ts";
import { priorityCommands } from "../vulnerability-priority-commands.ts";
import { asset, assets, decide, findings, show, summary, type AssetOptions, type DecideOptions, type FindingOptions, type ShowOptions } from "../vulnerability-views.ts";

export const vulnerabilitiesCommand: CliCommand = {
  id: "vulnerabilities",
  register(program: Command, context: CliContext) {
    const group = program.command("vulnerabilities").description("Assets and vulnerabilities: what is open, stale, fixed and set aside, on which devices, and why");
    lists(group, context);
    decisions(group, context);
    devices(group, context);
    assetRuleCommands(group, context);
    softwareCommands(group, context);
    priorityCommands(group, context);
    ingestCommands(group, context);
  },
};

function lists(group: Command, context: CliContext): void {
  finish(
    group
      .command("list")
      .description("Findings, a CVE in an application each, gravest first; those that are open where nothing else is said")
      .addOption(new Option("--severity <severity>", "at least this").choices(VULNERABILITY_SEVERITIES))
      .addOption(new Option("--class <class>", "with instances of it").choices(INSTANCE_CLASSES))
      .option("--all", "whatever their instances are")
      .option("--overdue", "whose due date is over")
      .option("--exploited", "known by SentinelOne to be exploited in the wild")
      .option("--cve <cve>", "only this CVE")
      .option("--application <text>", "part of the application's name")
      .option("--connection <name>", "only of this connection")
      .option("--tenant <tenant>", "only of this tenant (name or id)")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, options: FindingOptions) => findings(context, api, options))),
    ["vedette vulnerabilities list --severity high --exploited", "vedette vulnerabilities list --overdue --json"],
  );
  finish(
    group
      .command("show <id>")
      .description("A finding with its devices, or one instance with all that happened to it (ID as `list` and `show` print it)")
      .option("--limit <number>", "how many rows at most", integer(1, 1_000_000))
      .action(context.ask((api, id: string, options: ShowOptions) => show(context, api, id, options))),
    ["vedette vulnerabilities show fnd_0a1b2c3d4e5f60718293a4b5", "vedette vulnerabilities show ins_0a1b2c3d4e5f60718293a4b5 --json"],
  );
  finish(
    group
      .command("summary")
      .description("How many are open, stale, overdue, fixed and set aside, by severity; they and what is out of scope add up to all")
      .option("--tenant <tenant>", "only of this tenant (name or id)")
      .action(context.ask((api, options: JsonOption & { readonly tenant?: string }) => summary(context, api, options))),
    "vedette vulnerabilities summary --tenant 'Orchard Freight'",
  );
}

function decisions(group: Command, context: CliContext): void {
  finish(
    group
      .command("decide <id>")
      .description("Decide about one instance, or all of a finding; scans do not undo it")
      .addOption(new Option("--status <status>", "what it is from now on").choices(VULNERABILITY_STATUSES.filter((status) => status !== "scan-mitigated")))
      .option("--reason <text>", "why")
      .option("--until <time>", "when it ends, like 2027-01-31T00:00:00Z; asked for where a risk is accepted")
      .option("--release", "take a decision back: what scans and SentinelOne say holds again")
      .action(context.ask((api, id: string, options: DecideOptions) => decide(context, api, id, options))),
    ["vedette vulnerabilities decide fnd_0a1b2c3d4e5f60718293a4b5 --status accepted-risk --reason 'retired in March' --until 2027-03-31T00:00:00Z", "vedette vulnerabilities decide ins_0a1b2c3d4e5f60718293a4b5 --release"],
  );
}

function devices(group: Command, context: CliContext): void {
  finish(
    group
      .command("assets")
      .description("Devices, each with the agents it has had and what is on it")
      .option("--name <text>", "part of the device's name")
      .addOption(new Option("--staleness <why>", "only whose evidence is old").choices([...ASSET_STALENESSES]))
      .option("--owner <name>", "only whose owner, by asset rules, this is")
      .option("--group <name>", "only that asset rules put into this group")
      .addOption(new Option("--criticality <level>", "only of this criticality, by rule or tag").choices([...ASSET_LEVELS]))
      .option("--tenant <tenant>", "only of this tenant (name or id)")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, options: AssetOptions) => assets(context, api, options))),
    ["vedette vulnerabilities assets --staleness not-scanned", "vedette vulnerabilities assets --owner ops@orchard.test --criticality high"],
  );
  finish(
    group.command("asset <id>").description("One device: why its agents are one, and why those that share an identifier are two").action(context.ask((api, id: string, options: JsonOption) => asset(context, api, id, options))),
    "vedette vulnerabilities asset ast_0a1b2c3d4e5f60718293a4b5",
  );
}
