/** `posture`: what devices are told and why, the rules behind it, what changed, and who asks. */
import { Argument, Option, type Command } from "commander";
import { finish, integer, repeated, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { check, type DeviceOptions } from "../posture-check.ts";
import { coverage, type CoverageOptions } from "../posture-coverage.ts";
import { coverageKnown } from "../posture-coverage-known.ts";
import { accept, duplicates, forget, listRisk, prefer, resetRisk, showRisk, unnumbered, type DecideOptions, type RiskOptions } from "../posture-people.ts";
import { addProvider, listProviders, removeProvider, rotateProvider, updateProvider, type AddProviderOptions, type UpdateProviderOptions } from "../posture-providers.ts";
import { addException, endException, listExceptions, results, type ExceptOptions, type ResultOptions } from "../posture-records.ts";
import { applyFile, listRules, removeRule, showRule, whatIf, type ApplyOptions, type FileOptions } from "../posture-rules.ts";

export const postureCommand: CliCommand = {
  id: "posture",
  register(program: Command, context: CliContext) {
    const group = program.command("posture").description("Device posture: rules over the agents, and what each device is told");
    finish(
      group
        .command("check")
        .description("One device on one page: each rule with expected and received, the age of the evidence, what to do; exit code 0 when it is let in")
        .option("--serial <serial>", "its serial number")
        .option("--mac <address>", "its MAC address, where a rule allows")
        .option("--hostname <name>", "its host name, where a rule allows")
        .option("--email <address>", "its user's e-mail, where a rule allows")
        .option("--agent <id>", "SentinelOne's agent id")
        .action(context.ask((api, options: DeviceOptions) => check(context, api, options))),
      "vedette posture check --serial C02XK1ABJG5H",
    );
    rules(group, context);
    finish(
      group.command("whatif <file>").description("Count who would fail under these rules, by site, system and user; nothing is applied").option("--tenant <tenant>", "only this tenant's devices (name or id)").action(context.ask((api, file: string, options: FileOptions) => whatIf(context, api, file, options))),
      "vedette posture whatif rules.json",
    );
    finish(
      group
        .command("results")
        .description("Changes of verdicts, newest first (--csv: oldest first)")
        .option("--since <time>", "from this time on, like 2026-03-01T00:00:00Z, or so long ago: 24h, 30m")
        .option("--until <time>", "up to this time, or so long ago")
        .option("--serial <serial>", "only of this device, as its agent gives the number")
        .option("--email <address>", "only of this user")
        .option("--rule <rule>", "only of this rule (name or id)")
        .option("--connection <name>", "only of this connection")
        .addOption(new Option("--outcome <outcome>", "only those that became this").choices(["pass", "fail", "unknown", "not-applicable"]))
        .option("--limit <number>", "how many at most", integer(1, 1_000_000))
        .option("--csv", "print CSV with Cloudflare's columns; cells that a spreadsheet would run as a formula get a leading apostrophe")
        .action(context.ask((api, options: ResultOptions) => results(context, api, options))),
      ["vedette posture results --since 24h --outcome fail", "vedette posture results --csv --since 2026-03-01T00:00:00Z > results.csv"],
    );
    finish(
      group
        .command("coverage [file]")
        .description("What an access policy can rest on: serial numbers, verdicts, how fresh what is known is. With a list (CSV; - for standard input): its devices without an agent, and agents that are not in it; exit code 0 where there is no gap")
        .option("--csv", "print every gap as CSV; cells that a spreadsheet would run as a formula get a leading apostrophe")
        .action(context.ask((api, file: string | undefined, options: CoverageOptions) => (file === undefined ? coverageKnown(context, api, options) : coverage(context, api, file, options)))),
      ["vedette posture coverage", "vedette posture coverage inventory.csv", "vedette posture coverage inventory.csv --csv > gaps.csv"],
    );
    exceptions(group, context);
    serials(group, context);
    risk(group, context);
    providers(group, context);
  },
};

function rules(parent: Command, context: CliContext): void {
  const group = parent.command("rules").description("Rules as data: Cloudflare's objects or our own form (RULE is a name or an id)");
  finish(group.command("list").description("All rules").action(context.ask((api, options: JsonOption) => listRules(context, api, options))), "vedette posture rules list");
  finish(group.command("show <rule>").description("One rule, as a file may hold it").action(context.ask((api, rule: string, options: JsonOption) => showRule(context, api, rule, options))), "vedette posture rules show 'Healthy laptops'");
  finish(
    group
      .command("apply <file>")
      .description("Add and change the rules of a file (- for standard input); all of it or nothing")
      .option("--tenant <tenant>", "whose rules (name or id); for all tenants when left out")
      .option("--replace-all", "remove the rules that the file does not name")
      .action(context.ask((api, file: string, options: ApplyOptions) => applyFile(context, api, file, options))),
    "vedette posture rules apply rules.json",
  );
  finish(group.command("remove <rule>").description("Enforce it no more; the log keeps what it said").option("--yes", "really").action(context.ask((api, rule: string, options: JsonOption & { yes?: true }) => removeRule(context, api, rule, options))), "vedette posture rules remove 'Healthy laptops' --yes");
}

function exceptions(parent: Command, context: CliContext): void {
  const group = parent.command("exceptions").description("Devices that are let off a rule for a while");
  finish(group.command("list").description("Those that hold, newest first").option("--ended", "those that have ended too").action(context.ask((api, options: JsonOption & { ended?: true }) => listExceptions(context, api, options))), "vedette posture exceptions list");
  finish(
    group
      .command("add")
      .description("Let one device off a rule until a stated end; the verdict stays what it is")
      .option("--serial <serial>", "the device's serial number")
      .option("--agent <id>", "or SentinelOne's agent id")
      .option("--rule <rule>", "which rule (name or id); every rule when left out")
      .requiredOption("--owner <owner>", "who answers for it")
      .requiredOption("--reason <reason>", "why")
      .option("--for <duration>", "how long, like 30m or 8h")
      .option("--until <time>", "or until when, like 2026-03-01T18:00:00Z")
      .action(context.ask((api, options: ExceptOptions) => addException(context, api, options))),
    "vedette posture exceptions add --serial C02XK1ABJG5H --rule 'Healthy laptops' --owner soc@example.com --reason 'TICKET-12' --for 8h",
  );
  finish(group.command("end <id>").description("End it before its time").action(context.ask((api, id: string, options: JsonOption) => endException(context, api, id, options))), "vedette posture exceptions end exc_01");
}

function serials(parent: Command, context: CliContext): void {
  const group = parent.command("serials").description("Devices that cannot be told by their serial number, and what was decided about them");
  finish(group.command("duplicates").description("Numbers that several agents have, and which of them is meant").action(context.ask((api, options: JsonOption) => duplicates(context, api, options))), "vedette posture serials duplicates");
  finish(group.command("missing").description("Agents without a number, or with a placeholder").action(context.ask((api, options: JsonOption) => unnumbered(context, api, options))), "vedette posture serials missing");
  const device = (command: Command): Command => command.option("--connection <name>", "the agent's connection").option("--agent <id>", "SentinelOne's agent id");
  finish(device(group.command("prefer <serial>").description("Of the agents with this number, one is meant")).requiredOption("--reason <reason>", "why").action(context.ask((api, serial: string, options: DecideOptions & { reason: string }) => prefer(context, api, serial, options))), "vedette posture serials prefer C02XK1ABJG5H --connection emea --agent 2101000000000000101 --reason 're-installed'");
  finish(device(group.command("accept [serial]").description("Known, and left as it is")).option("--tenant <tenant>", "whose number it is (name or id)").requiredOption("--reason <reason>", "why").action(context.ask((api, serial: string | undefined, options: DecideOptions & { reason: string }) => accept(context, api, serial, options))), "vedette posture serials accept --connection emea --agent 2101000000000000101 --reason 'lab machine'");
  finish(device(group.command("forget [serial]").description("Take a decision back")).option("--tenant <tenant>", "whose decision it is (name or id)").action(context.ask((api, serial: string | undefined, options: DecideOptions) => forget(context, api, serial, options))), "vedette posture serials forget C02XK1ABJG5H --tenant 'Orchard Freight'");
}

function risk(parent: Command, context: CliContext): void {
  const group = parent.command("risk").description("Risk per user, from their devices' threats and from identity alerts (USER is an e-mail or a name)");
  finish(
    group.command("list").description("Users at risk").addOption(new Option("--level <level>", "at least this").choices(["low", "medium", "high"])).option("--limit <number>", "how many at most", integer(1, 1_000_000)).action(context.ask((api, options: RiskOptions) => listRisk(context, api, options))),
    "vedette posture risk list --level medium",
  );
  finish(group.command("show <user>").description("One user with every reason").action(context.ask((api, user: string, options: JsonOption) => showRisk(context, api, user, options))), "vedette posture risk show j.orozco@example.com");
  finish(group.command("reset <user>").description("Let go of every reason there is now").requiredOption("--reason <reason>", "why").option("--tenant <tenant>", "where several have that user").action(context.ask((api, user: string, options: JsonOption & { reason: string; tenant?: string }) => resetRisk(context, api, user, options))), "vedette posture risk reset j.orozco@example.com --reason 'looked into'");
}

function providers(parent: Command, context: CliContext): void {
  const group = parent.command("providers").description("Access products that ask the hub (PROVIDER is a name or an id)");
  const points = integer(0, 100);
  finish(group.command("list").description("All providers, and when each last asked").action(context.ask((api, options: JsonOption) => listProviders(context, api, options))), "vedette posture providers list");
  finish(
    group
      .command("add")
      .addArgument(new Argument("<kind>", "which product").choices(["cloudflare"]))
      .description("Let one ask, `cloudflare`; prints what to paste there, the secret this once")
      .option("--name <name>", "what it is called")
      .option("--tenant <tenant>", "whose devices it may ask about (name or id)")
      .option("--rule <rule>", "a rule that counts for it (name or id; may be repeated); every rule when left out", repeated)
      .option("--team <team>", "where Cloudflare Access stands before the hub: its team's name")
      .option("--audience <tag>", "with --team: the Access application's audience tag")
      .option("--pass <score>", "score of a device that passes (default: 100)", points)
      .option("--warn <score>", "of one that passes with warnings (default: 60)", points)
      .option("--fail <score>", "of one that fails or is not known (default: 0)", points)
      .action(context.ask((api, kind: string, options: AddProviderOptions) => addProvider(context, api, kind, options))),
    ["vedette posture providers add cloudflare", "vedette posture providers add cloudflare --team example --audience 4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2"],
  );
  finish(
    group
      .command("update <provider>")
      .description("Change its name, its scores, or which rules count for it")
      .option("--name <name>", "another name")
      .option("--rule <rule>", "a rule that counts (name or id; may be repeated): those named and no other", repeated)
      .option("--every-rule", "every rule counts, and those there will be")
      .option("--pass <score>", "score of a device that passes", points)
      .option("--warn <score>", "of one that passes with warnings", points)
      .option("--fail <score>", "of one that fails or is not known", points)
      .action(context.ask((api, provider: string, options: UpdateProviderOptions) => updateProvider(context, api, provider, options))),
    "vedette posture providers update cloudflare --rule 'Healthy laptops'",
  );
  finish(
    group
      .command("rotate <provider>")
      .description("Give it another secret, shown this once; the one before ends at once")
      .option("--overlap <duration>", "how long the one before counts too, like 30m or 24h (at most 168h)")
      .action(context.ask((api, provider: string, options: JsonOption & { overlap?: string }) => rotateProvider(context, api, provider, options))),
    "vedette posture providers rotate cloudflare --overlap 1h",
  );
  finish(group.command("remove <provider>").description("Refuse it from now on").option("--yes", "really").action(context.ask((api, provider: string, options: JsonOption & { yes?: true }) => removeProvider(context, api, provider, options))), "vedette posture providers remove cloudflare --yes");
}
