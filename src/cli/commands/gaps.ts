/** `gaps`: periods the source no longer holds and Vedette could not read in time; they stay in status until someone has noted them. */
import type { Command } from "commander";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { time } from "../format.ts";
import { gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

interface Gap {
  readonly id: string;
  readonly connection: string;
  readonly stream: string;
  readonly from: string;
  /** First time the source still had; null where it had nothing after. */
  readonly until: string | null;
  readonly noticedAt: string;
}

export const gapsCommand: CliCommand = {
  id: "gaps",
  register(program: Command, context: CliContext) {
    const group = program.command("gaps").description("Periods that could not be read in time");
    finish(group.command("list").description("All that nobody has acknowledged").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette gaps list");
    finish(group.command("acknowledge <id>").description("Noted: take it out of status").action(context.ask((api, id: string, options: JsonOption) => acknowledge(context, api, id, options))), "vedette gaps acknowledge gap_01");
  },
};

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const gaps = listItems<Gap>(api, "/api/v1/gaps");
  if (options.json === true) return printArray(context.out, gaps).then(() => EXIT_OK);
  const all = await gather(gaps);
  if (all.length === 0) context.out.note("No gaps.");
  context.out.table(["ID", "CONNECTION", "STREAM", "FROM", "UNTIL", "NOTICED"], all.map((gap) => [gap.id, gap.connection, gap.stream, time(gap.from), time(gap.until), time(gap.noticedAt)]));
  return EXIT_OK;
}

async function acknowledge(context: CliContext, api: ApiClient, id: string, options: JsonOption): Promise<number> {
  const answer = await api.request<unknown>("POST", `/api/v1/gaps/${segment(id)}/acknowledge`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${id}: acknowledged`));
  return EXIT_OK;
}
