/** `parked`: records that could not be taken in, with the reason and the raw bytes; replayed once the reason is gone. */
import type { Command } from "commander";
import type { Static } from "typebox";
import type { ParkedDetail, ParkedView, ReplayResult } from "../../kernel/api.ts";
import { Fault } from "../../kernel/fault.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import { finish, integer, oneStream, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { plural, time } from "../format.ts";
import { findConnection, gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

type Parked = Static<typeof ParkedView>;

interface Filter extends JsonOption {
  readonly connection?: string;
  readonly stream?: StreamId;
}

export const parkedCommand: CliCommand = {
  id: "parked",
  register(program: Command, context: CliContext) {
    const group = program.command("parked").description("Records and changes set aside");
    const filtered = (command: Command): Command => command.option("--connection <name>", "only of this connection").option("--stream <stream>", "only of this stream", oneStream);
    finish(
      filtered(group.command("list").description("What is set aside and why")).option("--limit <number>", "how many at most", integer(1, 1_000_000)).action(context.ask((api, options: Filter & { limit?: number }) => list(context, api, options))),
      "vedette parked list --stream threats",
    );
    finish(group.command("show <id>").description("One, with its raw bytes").action(context.ask((api, id: string, options: JsonOption) => show(context, api, id, options))), "vedette parked show prk_01");
    finish(
      filtered(group.command("replay [id...]").description("Try again: these, or all of a connection or stream")).option("--all", "everything set aside").action(context.ask((api, ids: readonly string[], options: Filter & { all?: true }) => replay(context, api, ids, options))),
      "vedette parked replay --stream threats",
    );
  },
};

async function filterOf(api: ApiClient, options: Filter): Promise<{ readonly connection?: string; readonly stream?: StreamId }> {
  return {
    ...(options.connection === undefined ? {} : { connection: (await findConnection(api, options.connection)).id }),
    ...(options.stream === undefined ? {} : { stream: options.stream }),
  };
}

const TABLE_ROWS = 200;
const PORTION = 200;

async function list(context: CliContext, api: ApiClient, options: Filter & { limit?: number }): Promise<number> {
  const query = await filterOf(api, options);
  if (options.json === true) return printArray(context.out, listItems<Parked>(api, "/api/v1/parked", query, options.limit)).then(() => EXIT_OK);
  const most = options.limit ?? TABLE_ROWS;
  const rows = await gather(listItems<Parked>(api, "/api/v1/parked", query, most));
  if (rows.length === 0) context.out.note("Nothing is set aside.");
  context.out.table(["ID", "STREAM", "KIND", "KEY", "CODE", "REASON", "TIMES", "LAST"], rows.map((row) => [row.id, row.stream, row.kind, row.key ?? "-", row.code, row.reason, String(row.times), time(row.lastAt)]));
  if (rows.length === most) context.out.note(`The first ${plural(most, "entry").replace("entrys", "entries")}; --limit shows more, --json all.`);
  return EXIT_OK;
}

async function show(context: CliContext, api: ApiClient, id: string, options: JsonOption): Promise<number> {
  const one = await api.request<Static<typeof ParkedDetail>>("GET", `/api/v1/parked/${segment(id)}`);
  if (options.json === true) {
    context.out.json(one);
    return EXIT_OK;
  }
  context.out.facts([
    ["id", one.id], ["connection", one.connection], ["tenant", one.tenant], ["stream", one.stream], ["kind", one.kind], ["key", one.key ?? "-"],
    ["code", one.code], ["reason", one.reason], ["first", time(one.firstAt)], ["last", time(one.lastAt)], ["times", String(one.times)], ["version", one.codeVersion],
  ]);
  context.out.line(`\n${clean(one.raw)}`);
  return EXIT_OK;
}

async function replay(context: CliContext, api: ApiClient, ids: readonly string[], options: Filter & { all?: true }): Promise<number> {
  const filter = await filterOf(api, options);
  if (ids.length === 0 && Object.keys(filter).length === 0 && options.all !== true) {
    throw new Fault("CONFIG_INVALID", "Nothing says what to replay.", { cure: "Give ids, --connection, --stream, or --all." });
  }
  const wanted = ids.length > 0 ? each(ids) : idsOf(listItems<Parked>(api, "/api/v1/parked", filter));
  const result = await replayAll(api, wanted);
  if (options.json === true) context.out.json(result);
  else context.out.line(`${plural(result.replayed, "record")} tried again: ${String(result.applied)} applied, ${String(result.stillParked)} still set aside`);
  return EXIT_OK;
}

async function* each(ids: readonly string[]): AsyncGenerator<string> {
  yield* ids;
}

async function* idsOf(rows: AsyncIterable<Parked>): AsyncGenerator<string> {
  for await (const row of rows) yield row.id;
}

/** In portions the hub takes at once; every one is tried exactly once, however many stay parked. */
async function replayAll(api: ApiClient, ids: AsyncIterable<string>): Promise<Static<typeof ReplayResult>> {
  const total = { replayed: 0, applied: 0, stillParked: 0 };
  let portion: string[] = [];
  const send = async (): Promise<void> => {
    if (portion.length === 0) return;
    const result = await api.request<Static<typeof ReplayResult>>("POST", "/api/v1/parked/replay", { body: { ids: portion } });
    total.replayed += result.replayed;
    total.applied += result.applied;
    total.stillParked += result.stillParked;
    portion = [];
  };
  for await (const id of ids) {
    portion.push(id);
    if (portion.length >= PORTION) await send();
  }
  await send();
  return total;
}
