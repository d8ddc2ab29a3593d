/** `notifications`: who is told what of cases, when and on which way. */
import type { Command } from "commander";
import type { NotificationRule } from "../../kernel/notification-api.ts";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { byNameOrId, listItems } from "../lists.ts";
import { addRule, editRule, listRules, previewRule, removeRule, testRule, withRuleOptions, type RuleOptions } from "../notification-views.ts";
import type { ApiClient } from "../ports.ts";

export const notificationsCommand: CliCommand = {
  id: "notifications",
  register(program: Command, context: CliContext) {
    const group = program.command("notifications").description("Who is told what of cases, when and on which way (RULE is a name or an id)");
    const act = <Options extends JsonOption>(work: (context: CliContext, api: ApiClient, rule: NotificationRule, options: Options) => Promise<number>): ((reference: string, options: Options) => Promise<void>) =>
      context.ask(async (api, reference: string, options: Options) => work(context, api, await byNameOrId(listItems<NotificationRule>(api, "/api/v1/notifications"), reference, "notification rule", "notifications"), options));
    finish(group.command("list").description("All rules, what waits under them and what was sent").action(context.ask((api, options: JsonOption) => listRules(context, api, options))), "vedette notifications list");
    finish(
      withRuleOptions(group.command("add <name>").description("Tell somebody").option("--to <destination>", "on which way: a destination (name or id)").option("--tenant <tenant>", "whose cases, and who sees the rule (name or id)"))
        .action(context.ask((api, name: string, options: RuleOptions) => addRule(context, api, name, options))),
      [
        "vedette notifications add soc --to soc",
        "vedette notifications add night --to phone --severity critical --quiet 08:00-18:00 --time-zone Europe/Berlin",
        "vedette notifications add lead --to lead --tells unanswered --unanswered-after 30 --severity high",
        "vedette notifications add morning --to boss --pace daily --at 07:30 --time-zone Europe/Berlin --through none --all-tenants",
      ],
    );
    finish(
      withRuleOptions(group.command("edit <rule>").description("Change a rule: what is left out stays").option("--to <destination>", "on another way").option("--rename <name>", "another name"))
        .option("--no-quiet", "no quiet hours any more")
        .option("--enable", "turn it on")
        .option("--disable", "turn it off, and forget what waits")
        .action(act<RuleOptions>(editRule)),
      ["vedette notifications edit soc --severity high --quiet 22:00-07:00 --quiet-day sat --quiet-day sun", "vedette notifications edit soc --disable"],
    );
    finish(group.command("remove <rule>").description("Forget a rule and what waits to be told under it").option("--yes", "really").action(act<JsonOption & { readonly yes?: true }>(removeRule)), "vedette notifications remove soc --yes");
    finish(group.command("test <rule>").description("Send a message that says it is a test now; exit code 0 when it was accepted").action(act(testRule)), "vedette notifications test soc");
    finish(group.command("preview <rule>").description("What would be told if all that waits were due: nothing is sent").action(act(previewRule)), "vedette notifications preview morning");
  },
};
