/** `access`: who can do what, where and why. Each part has its own file; it adds its line to `register`. */
import { Argument, Option, type Command } from "commander";
import { exportGraph, type ExportGraphOptions } from "../access-export.ts";
import { listGraph, type ListOptions } from "../access-list.ts";
import { what, who, why, type QuestionOptions, type WhoOptions } from "../access-questions.ts";
import { ACCESS_EXPORT_FORMATS } from "../../kernel/access-api.ts";
import { riskCommands } from "../access-risk-commands.ts";
import { finish, integer, type CliCommand, type CliContext } from "../command.ts";

export const accessCommand: CliCommand = {
  id: "access",
  register(program: Command, context: CliContext) {
    const group = program.command("access").description("Access graph: who can do what at the consoles, where, and why");
    questions(group, context);
    exports(group, context);
    riskCommands(group, context);
  },
};

function questions(group: Command, context: CliContext): void {
  finish(
    group
      .command("list")
      .addArgument(new Argument("[what]", "what to list").choices(["principals", "scopes", "roles", "bindings"]).default("principals"))
      .description("Users and service users; or scopes, roles, or who holds which role on which scope")
      .option("--connection <name>", "only of this connection")
      .option("--text <part>", "of principals and scopes: only those with this in their name or e-mail address")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, what: string, options: ListOptions) => listGraph(context, api, what, options))),
    ["vedette access list", "vedette access list --text voss", "vedette access list bindings --connection emea --json"],
  );
  const asked = (command: Command): Command => command.option("--connection <name>", "only of this connection").option("--limit <number>", "how many at most", integer(1, 1_000_000));
  finish(
    asked(group.command("who").description("Who reaches a scope, by a role held there or on what it lies in, and since when"))
      .requiredOption("--scope <scope>", "global, or account:, site: or group: with a name or an id (group:SITE/NAME where several have the name)")
      .option("--can <permission>", "only who has this permission: isolate, remote shell, …, or as the console names it")
      .option("--role <role>", "only who holds this role (name or id)")
      .action(context.ask((api, options: WhoOptions) => who(context, api, options))),
    ["vedette access who --scope 'site:Lyon Depot' --can isolate", "vedette access who --scope global --role Admin --json"],
  );
  finish(
    asked(group.command("what <user>").description("What a user or service user holds and what that covers (USER is an e-mail, an id or a name)")).action(context.ask((api, principal: string, options: QuestionOptions) => what(context, api, principal, options))),
    "vedette access what mara.voss@orchard.test",
  );
  finish(
    group
      .command("why <user> <role> <scope>")
      .description("Why somebody has a role, or a permission, on a scope: every path, since when, given by whom; exit code 0 where it is so")
      .option("--connection <name>", "only of this connection")
      .action(context.ask((api, principal: string, role: string, scope: string, options: QuestionOptions) => why(context, api, principal, role, scope, options))),
    ["vedette access why mara.voss@orchard.test Admin 'site:Lyon Depot'", "vedette access why mara.voss@orchard.test isolate 'site:Lyon Depot'"],
  );
}

function exports(group: Command, context: CliContext): void {
  finish(
    group
      .command("export")
      .description("The whole graph for other tools: a table for reviews (csv), objects (json), a picture for Graphviz (dot), or a file for ConductorOne and baton (c1z)")
      .addOption(new Option("--format <format>", "which").choices(ACCESS_EXPORT_FORMATS).default("json"))
      .option("--output <file>", "write to this file, whole or not at all (- for standard output; a c1z goes to vedette-access.c1z when left out)")
      .option("--connection <name>", "only this connection; a c1z holds one")
      .option("--scope <scope>", "of a picture: this scope and what is below it, like 'site:Lyon Depot'")
      .action(context.ask((api, options: ExportGraphOptions) => exportGraph(context, api, options))),
    ["vedette access export --format csv > access.csv", "vedette access export --format c1z --connection emea", "vedette access export --format dot --scope 'account:Orchard Freight' | dot -Tsvg > access.svg"],
    "of a file: print what was written as JSON",
  );
}
