/** `backup`: a consistent copy of the store while it is in use. It never holds the key file: keep that elsewhere. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Static } from "typebox";
import type { BackupResult } from "../../kernel/api.ts";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { bytes } from "../format.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

export const backupCommand: CliCommand = {
  id: "backup",
  register(program: Command, context: CliContext) {
    const command = program
      .command("backup <file>")
      .description("Copy the whole store, at one instant, to FILE (on the hub's machine); the key file is not in it")
      .action(context.ask((api, file: string, options: JsonOption) => backup(context, api, file, options)));
    finish(command, "vedette backup /var/backups/vedette-2026-11-20.db");
  },
};

async function backup(context: CliContext, api: ApiClient, file: string, options: JsonOption): Promise<number> {
  const result = await api.request<Static<typeof BackupResult>>("POST", "/api/v1/backup", { body: { file: resolve(file) } });
  if (options.json === true) context.out.json(result);
  else context.out.line(clean(`${result.file}: ${bytes(result.bytes)}. Keep the key file too, in another place: without it the tokens in the backup cannot be opened.`));
  return EXIT_OK;
}
