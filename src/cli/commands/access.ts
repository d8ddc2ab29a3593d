/** `access`: who can do what, where and why. Each part has its own file; it adds its line to `register`. */
import { Argument, type Command } from "commander";
import { listGraph, type ListOptions } from "../access-list.ts";
import { finish, integer, type CliCommand, type CliContext } from "../command.ts";

export const accessCommand: CliCommand = {
  id: "access",
  register(program: Command, context: CliContext) {
    const group = program.command("access").description("Access graph: who can do what at the consoles, where, and why");
    questions(group, context);
  },
};

function questions(group: Command, context: CliContext): void {
  finish(
    group
      .command("list")
      .addArgument(new Argument("[what]", "what to list").choices(["principals", "scopes", "roles", "bindings"]).default("principals"))
      .description("Users and service users; or scopes, roles, or who holds which role on which scope")
      .option("--connection <name>", "only of this connection")
      .option("--limit <number>", "how many at most", integer(1, 1_000_000))
      .action(context.ask((api, what: string, options: ListOptions) => listGraph(context, api, what, options))),
    ["vedette access list", "vedette access list bindings --connection emea --json"],
  );
}
