/** `streams`: what can be mirrored, where each dataset lands and what the token needs for it. */
import type { Command } from "commander";
import type { Static } from "typebox";
import type { StreamView } from "../../kernel/api.ts";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { duration } from "../format.ts";
import { gather, listItems, printArray } from "../lists.ts";
import type { ApiClient } from "../ports.ts";

type StreamFacts = Static<typeof StreamView>;

export const streamsCommand: CliCommand = {
  id: "streams",
  register(program: Command, context: CliContext) {
    const group = program.command("streams").description("The datasets that are mirrored");
    finish(group.command("list").description("Each with its view, schedule and permissions").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette streams list");
  },
};

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const all = listItems<StreamFacts>(api, "/api/v1/streams");
  if (options.json === true) return printArray(context.out, all).then(() => EXIT_OK);
  const streams = await gather(all);
  context.out.table(["STREAM", "VIEW", "READ", "EVERY", "NEEDS", "ENDPOINT"], streams.map((stream) => [stream.id, stream.view, stream.mode, duration(stream.everySeconds), stream.needs.join(", "), stream.endpoint]));
  return EXIT_OK;
}
