/** `keyring`: the key that seals the tokens. */
import type { Command } from "commander";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { plural } from "../format.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

interface Rotation {
  readonly keyId: string;
  readonly resealed: number;
}

export const keyringCommand: CliCommand = {
  id: "keyring",
  register(program: Command, context: CliContext) {
    const group = program.command("keyring").description("The key that seals stored tokens");
    finish(
      group.command("rotate").description("Make a new key and seal every token with it, while the hub runs").action(context.ask((api, options: JsonOption) => rotate(context, api, options))),
      "vedette keyring rotate",
    );
  },
};

async function rotate(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const answer = await api.request<Rotation>("POST", "/api/v1/keyring/rotate");
  if (options.json === true) context.out.json(answer);
  else context.out.line(`${plural(answer.resealed, "token")} sealed with the new key ${clean(answer.keyId)}. Back the key file up again: older backups of the store need the older key.`);
  return EXIT_OK;
}
