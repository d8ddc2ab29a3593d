/** `deliveries`: what was queued, sent, refused; and sending again. */
import { Option, type Command } from "commander";
import type { DeliveryDetail, DeliveryReplayed, DeliveryView } from "../../kernel/delivery-api.ts";
import { Fault } from "../../kernel/fault.ts";
import { finish, integer, repeated, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { count, time } from "../format.ts";
import { findDestination, gather, listItems, printArray, segment } from "../lists.ts";
import { past } from "../past.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

const PATH = "/api/v1/deliveries";
const TABLE_ROWS = 200;

interface ListOptions extends JsonOption {
  readonly destination?: string;
  readonly state?: DeliveryView["state"];
  readonly kind?: string;
  readonly limit?: number;
}

interface ReplayOptions extends JsonOption {
  readonly id?: readonly string[];
  readonly destination?: string;
  readonly all?: true;
  readonly since?: string;
  readonly until?: string;
  readonly state?: "delivered" | "parked";
}

export const deliveriesCommand: CliCommand = {
  id: "deliveries",
  register(program: Command, context: CliContext) {
    const group = program.command("deliveries").description("Facts bound for destinations, and what became of them");
    finish(
      group
        .command("list")
        .description("Newest first")
        .option("--destination <name>", "only for this destination")
        .addOption(new Option("--state <state>", "only in this state").choices(["queued", "delivered", "parked"]))
        .option("--kind <kind>", "only of this kind of fact")
        .option("--limit <number>", "how many at most", integer(1, 1_000_000))
        .action(context.ask((api, options: ListOptions) => list(context, api, options))),
      "vedette deliveries list --destination access --state parked",
    );
    finish(group.command("show <id>").description("One, with the fact's data").action(context.ask((api, id: string, options: JsonOption) => show(context, api, id, options))), "vedette deliveries show dlv_01");
    finish(
      group
        .command("replay [id...]")
        .description("Send again under the same ids: these, all that is parked, or what was accepted or parked in a time")
        .option("--id <id>", "this one; may be repeated", repeated)
        .option("--destination <name>", "all that is parked for this destination; with a time, all that ended in it")
        .option("--all", "all that is parked")
        .option("--since <time>", "what was accepted or parked from this time on, like 2026-03-01T00:00:00Z, or so long ago: 7d, 24h")
        .option("--until <time>", "up to this time, or so long ago")
        .addOption(new Option("--state <state>", "with a time: only what ended so").choices(["delivered", "parked"]))
        .action(context.ask((api, ids: readonly string[], options: ReplayOptions) => replay(context, api, ids, options))),
      ["vedette deliveries replay --destination access", "vedette deliveries replay --destination splunk --since 2026-03-01T10:00:00Z --until 2026-03-01T11:00:00Z"],
    );
  },
};

async function list(context: CliContext, api: ApiClient, options: ListOptions): Promise<number> {
  const query = { state: options.state, kind: options.kind, destination: options.destination === undefined ? undefined : (await findDestination(api, options.destination)).id };
  if (options.json === true) return printArray(context.out, listItems<DeliveryView>(api, PATH, query, options.limit)).then(() => EXIT_OK);
  const most = options.limit ?? TABLE_ROWS;
  const rows = await gather(listItems<DeliveryView>(api, PATH, { ...query, limit: Math.min(most, 1000) }, most));
  if (rows.length === 0) context.out.note("No deliveries.");
  context.out.table(
    ["ID", "DESTINATION", "KIND", "KEY", "STATE", "TRIES", "QUEUED", "NEXT / ENDED", "REASON"],
    rows.map((row) => [row.id, row.destination, row.kind, row.key, row.state, String(row.attempts), time(row.queuedAt), time(row.endedAt ?? row.nextAt), row.reason ?? "-"]),
  );
  if (rows.length === most) context.out.note(`The first ${count(most)}; --limit shows more, --json all.`);
  return EXIT_OK;
}

async function show(context: CliContext, api: ApiClient, id: string, options: JsonOption): Promise<number> {
  const one = await api.request<DeliveryDetail>("GET", `${PATH}/${segment(id)}`);
  if (options.json === true) {
    context.out.json(one);
    return EXIT_OK;
  }
  context.out.facts([
    ["id", one.id], ["destination", one.destination], ["tenant", one.tenant], ["kind", one.kind], ["key", one.key], ["version", one.version], ["order key", one.orderKey], ["state", one.state],
    ["tries", String(one.attempts)], ["replays", String(one.replays)], ["queued", time(one.queuedAt)], ["next", time(one.nextAt)], ["ended", time(one.endedAt)], ["code", one.code ?? "-"], ["reason", one.reason ?? "-"],
  ]);
  context.out.line(`\n${one.data === null ? "The data is no longer kept." : clean(one.data)}`);
  return EXIT_OK;
}

async function replay(context: CliContext, api: ApiClient, given: readonly string[], options: ReplayOptions): Promise<number> {
  const ids = [...given, ...(options.id ?? [])];
  const { since, until, state } = options;
  const timed = since !== undefined || until !== undefined;
  if (ids.length > 0 && (timed || options.destination !== undefined || options.all === true)) throw new Fault("CONFIG_INVALID", "Ids say exactly what to replay; nothing else goes with them.");
  if (ids.length === 0 && options.destination === undefined && options.all !== true && !timed) throw new Fault("CONFIG_INVALID", "Nothing says what to replay.", { cure: "Give ids, --destination, --since, or --all." });
  const destination = options.destination === undefined ? {} : { destination: (await findDestination(api, options.destination)).id };
  const wish = { ...destination, ...(options.all === true ? { all: true } : {}), ...(since === undefined ? {} : { since: past(since) }), ...(until === undefined ? {} : { until: past(until) }), ...(state === undefined ? {} : { state }) };
  const result = await api.request<DeliveryReplayed>("POST", `${PATH}/replay`, { body: ids.length > 0 ? { ids } : wish });
  if (options.json === true) context.out.json(result);
  else context.out.line(`${count(result.replayed)} queued again${result.skipped === 0 ? "" : `, ${count(result.skipped)} left as they are (still queued, too large, or the data is no longer kept)`}`);
  return EXIT_OK;
}
