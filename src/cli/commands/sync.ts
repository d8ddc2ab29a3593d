/** `sync`: one run of one connection or of all, with progress; the exit code tells the outcome. */
import type { Command } from "commander";
import type { ConnectionView, RunView } from "../../kernel/api.ts";
import { Fault } from "../../kernel/fault.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import { finish, repeatedStream, type CliCommand, type CliContext } from "../command.ts";
import { findConnection, gather, listItems } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { printRun, runsExitCode, startRun, watchRuns } from "../watch.ts";

interface SyncOptions {
  readonly stream?: readonly StreamId[];
  readonly full?: true;
  readonly json?: true;
}

export const syncCommand: CliCommand = {
  id: "sync",
  register(program: Command, context: CliContext) {
    const command = program
      .command("sync [connection]")
      .description("Read what is new now, from one connection or all; the exit code is that of the worst fault")
      .option("--stream <stream>", "only this stream; may be repeated", repeatedStream)
      .option("--full", "read every listing whole, so that deletions are proven")
      .action(context.ask((api, reference: string | undefined, options: SyncOptions) => sync(context, api, reference, options)));
    finish(command, ["vedette sync", "vedette sync emea --stream agents --stream threats --full"]);
  },
};

async function sync(context: CliContext, api: ApiClient, reference: string | undefined, options: SyncOptions): Promise<number> {
  const json = options.json === true;
  const connections = reference === undefined ? (await gather(listItems<ConnectionView>(api, "/api/v1/connections"))).filter((connection) => !connection.paused) : [await findConnection(api, reference)];
  if (connections.length === 0) throw new Fault("NOT_FOUND", "There is no connection to read (paused ones are left out).", { cure: "`vedette connect URL` makes one; `vedette connections resume NAME` ends a pause." });
  const runs: RunView[] = [];
  for (const connection of connections) {
    const body = { ...(options.stream === undefined ? {} : { streams: options.stream }), ...(options.full === true ? { full: true } : {}) };
    runs.push(await startRun(api, connection.id, body));
  }
  const names = new Map(connections.map((connection) => [connection.id, connection.name]));
  const label = (run: RunView): string => (connections.length === 1 ? "" : `${names.get(run.connection) ?? run.connection}/`);
  const ended = await watchRuns(context, api, runs, { quiet: json, label });
  if (json) context.out.json({ runs: ended });
  else for (const run of ended) printRun(context, run, (of) => `${names.get(of.connection) ?? of.connection}: `);
  return runsExitCode(ended);
}
