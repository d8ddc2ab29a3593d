/** `restore`: puts a backup in the place of the store. Offline only: a running hub would go on with the old one. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { bytes } from "../format.ts";
import { clean } from "../terminal.ts";

export const restoreCommand: CliCommand = {
  id: "restore",
  register(program: Command, context: CliContext) {
    const command = program
      .command("restore <file>")
      .description("Put a backup in place (no hub may be running)")
      .option("--replace", "put it in place of the store that is there, which is kept beside it")
      .action(context.run((file: string, options: JsonOption & { replace?: true }) => restore(context, file, options)));
    finish(command, "vedette restore /var/backups/vedette-2026-11-20.db");
  },
};

async function restore(context: CliContext, file: string, options: JsonOption & { replace?: true }): Promise<number> {
  const result = await context.ports.restore(resolve(file), { replace: options.replace === true });
  if (options.json === true) context.out.json(result);
  else {
    context.out.line(clean(`Restored ${bytes(result.bytes)} from ${result.file}. Reading goes on from the backup's checkpoints; nothing has to be read twice by hand.`));
    if (result.kept !== null) context.out.line(clean(`The store that was there is kept as ${result.kept}; delete it when nothing of it is missed.`));
  }
  return EXIT_OK;
}
