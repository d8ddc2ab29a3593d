/** The first read of a new connection: joins the run the hub began, or begins one, and follows it to its end. */
import type { ConnectionView, RunView } from "../kernel/api.ts";
import type { CliContext } from "./command.ts";
import { gather, listItems } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { printRun, runsExitCode, startRun, watchRuns } from "./watch.ts";

export async function firstSync(context: CliContext, api: ApiClient, connection: ConnectionView, options: { readonly quiet: boolean }): Promise<{ readonly run: RunView; readonly exitCode: number }> {
  const [begun] = await gather(listItems<RunView>(api, "/api/v1/runs", { connection: connection.id, limit: 1 }, 1));
  const run = begun ?? (await startRun(api, connection.id, {}));
  const ended = await watchRuns(context, api, [run], { quiet: options.quiet, label: () => "" });
  const last = ended[0] ?? run;
  if (!options.quiet) printRun(context, last, () => "first sync ");
  return { run: last, exitCode: runsExitCode(ended) };
}
