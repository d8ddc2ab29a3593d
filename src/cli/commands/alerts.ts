/** `alerts`: what was found at the consoles, what became of each, and what comes. */
import { Option, type Command } from "commander";
import { ALERT_STATUSES, ALERT_VERDICTS, EVENT_STREAMS, VERSION_KINDS } from "../../kernel/alert-api.ts";
import { FACT_SEVERITIES } from "../../kernel/fact.ts";
import { tail, type TailOptions } from "../alert-tail.ts";
import { alerts, moment, show, type AlertOptions, type ShowOptions } from "../alert-views.ts";
import { finish, integer, type CliCommand, type CliContext } from "../command.ts";

export const alertsCommand: CliCommand = {
  id: "alerts",
  register(program: Command, context: CliContext) {
    const group = program.command("alerts").description("Alerts, threats and the console's log: what was found, what became of it, and what comes");
    list(group, context);
    finish(
      group
        .command("show <id>")
        .description("One alert: all that the console says of it, and each of its versions with what changed (ID is SentinelOne's)")
        .addOption(new Option("--stream <stream>", "where several streams have the id").choices(EVENT_STREAMS))
        .option("--connection <name>", "where several connections have it")
        .option("--limit <number>", "how many versions at most", integer(1, 1000))
        .option("--record", "print the record as SentinelOne gave it, its details and evidence with it")
        .action(context.ask((api, id: string, options: ShowOptions) => show(context, api, id, options))),
      ["vedette alerts show 019a0000-1003-7abc-a123-0123456789ab", "vedette alerts show 2101000000000000201 --record | jq .threatInfo"],
    );
    finish(
      narrowing(group.command("tail"))
        .description("The newest versions, oldest first; with --follow, further ones as they come")
        .addOption(new Option("--kind <kind>", "only new ones, changes, or those opened again").choices(VERSION_KINDS))
        .option("--lines <number>", "how many to begin with", integer(0, 1000), 20)
        .option("-f, --follow", "go on until stopped; waits for a hub that is restarted")
        .action(context.ask((api, options: TailOptions) => tail(context, api, options))),
      ["vedette alerts tail --follow --severity high", "vedette alerts tail --follow --product Identity --json | jq .changes"],
      "print one JSON object a line (stable) instead of text",
    );
  },
};

function list(group: Command, context: CliContext): void {
  finish(
    narrowing(group.command("list"))
      .description("Alerts, newest first: unified alerts, threats and alerts of custom rules; the console's log with --stream activities")
      .addOption(new Option("--verdict <verdict>", "only those that people called so").choices(ALERT_VERDICTS))
      .option("--since <time>", "detected from then on: 2027-01-31, 2027-01-31T08:00:00Z, or 45m, 12h, 7d ago", moment)
      .option("--until <time>", "detected before then", moment)
      .option("--text <text>", "part of the name, device, user, id, hash or address")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, options: AlertOptions) => alerts(context, api, options))),
    ["vedette alerts list --severity high --status new --since 24h", "vedette alerts list --product Identity --text krbtgt --json"],
  );
}

function narrowing(command: Command): Command {
  return command
    .addOption(new Option("--stream <stream>", "only this stream").choices(EVENT_STREAMS))
    .option("--product <name>", "as SentinelOne names it: EDR, Identity, STAR, …")
    .addOption(new Option("--severity <severity>", "at least this").choices(FACT_SEVERITIES))
    .addOption(new Option("--status <status>", "only in this state").choices(ALERT_STATUSES))
    .option("--site <site>", "only of this site (id or name)")
    .option("--connection <name>", "only of this connection")
    .option("--tenant <tenant>", "only of this tenant (name or id)");
}
