/**
 * `status`: one screen that says whether the mirror can be trusted right now. Exit code 0 when healthy; otherwise that of the worst
 * fault, or 1 where there is none (a token near its end, a paused stream).
 */
import type { Command } from "commander";
import type { StatusView } from "../../kernel/api.ts";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_NO, EXIT_OK, exitCodeOf, worstFault } from "../faults.ts";
import { bytes, count, day, duration, time } from "../format.ts";
import type { ApiClient } from "../ports.ts";
import { clean, cureLines } from "../terminal.ts";

export const statusCommand: CliCommand = {
  id: "status",
  register(program: Command, context: CliContext) {
    const command = program
      .command("status")
      .description("Connections, freshness, lag and what is set aside; exit code 0 when healthy")
      .action(context.ask((api, options: JsonOption) => status(context, api, options)));
    finish(command, "vedette status --json | jq .health");
  },
};

async function status(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const view = await whole(api);
  if (options.json === true) context.out.json(view);
  else print(context, view, api.origin);
  return statusExitCode(view);
}

/** Connections come a page at a time; the rest is of the first answer, about all of them. */
async function whole(api: ApiClient): Promise<StatusView> {
  const first = await api.request<StatusView>("GET", "/api/v1/status");
  const [connections, streams] = [[...first.connections], [...first.streams]];
  for (let after = first.next; after !== null && after !== undefined; ) {
    const page: StatusView = await api.request<StatusView>("GET", "/api/v1/status", { query: { after } });
    connections.push(...page.connections);
    streams.push(...page.streams);
    after = page.next;
  }
  return { ...first, connections, streams, next: null };
}

export function statusExitCode(view: StatusView): number {
  if (view.health.ok) return EXIT_OK;
  const worst = worstFault([...view.connections.map((connection) => connection.fault), ...view.streams.map((stream) => stream.fault)]);
  return worst === undefined ? EXIT_NO : exitCodeOf(worst.kind);
}

function print(context: CliContext, view: StatusView, origin: ApiClient["origin"]): void {
  const { out } = context;
  const disk = `${bytes(view.hub.diskBytes)}${view.hub.diskBudgetBytes === null ? "" : ` of ${bytes(view.hub.diskBudgetBytes)}`}`;
  out.facts([
    ["vedette", view.version],
    ["hub", origin !== "local" ? `running${view.hub.url === null ? "" : ` at ${view.hub.url}`}` : "not running (`vedette serve` keeps the mirror fresh)"],
    ["store", `${view.hub.store}, ${disk}${view.hub.readingPaused ? ", reading is paused" : ""}`],
  ]);
  if (view.connections.length === 0) out.line("\nNo connections yet: `vedette connect URL --token-env NAME`, or `vedette demo`.");
  else out.line();
  out.table(["CONNECTION", "STATE", "CONSOLE", "TOKEN UNTIL"], view.connections.map((connection) => [connection.name, connection.state, connection.url, day(connection.token.expiresAt)]));
  const names = new Map(view.connections.map((connection) => [connection.id, connection.name]));
  if (view.streams.length > 0) out.line();
  const note = (stream: StatusView["streams"][number]): string => stream.fault?.code ?? (stream.paused ? "paused" : "");
  // Without anything to note the table fits a terminal of 80 columns.
  const noted = view.streams.some((stream) => note(stream) !== "");
  out.table(
    ["CONNECTION", "STREAM", "ROWS", "FRESH", "LAG", "PARKED", "GAPS", ...(noted ? ["NOTE"] : [])],
    view.streams.map((stream) => [
      names.get(stream.connection) ?? stream.connection,
      stream.stream,
      count(stream.rows),
      stream.ageSeconds === null ? "never" : `${duration(stream.ageSeconds)} ago`,
      stream.caughtUp ? "caught up" : lag(stream.watermark, view.now),
      count(stream.parked),
      count(stream.gaps),
      ...(noted ? [note(stream)] : []),
    ]),
  );
  for (const { connection, stream, drift } of view.streams) {
    if (drift === undefined || drift.added + drift.changed + drift.closed === 0) continue;
    out.note(clean(`${names.get(connection) ?? connection} ${stream}: the full reading of ${time(drift.at)} had to add ${count(drift.added)}, change ${count(drift.changed)} and close ${count(drift.closed)} that the readings of changes had missed.`));
  }
  if (view.destinations.length > 0) out.line();
  out.table(
    ["DESTINATION", "KIND", "QUEUED", "OLDEST", "PARKED", "DELIVERED", "STATE"],
    view.destinations.map((one) => [one.name, one.kind, count(one.queued), one.oldestSeconds === null ? "-" : duration(one.oldestSeconds), count(one.parked), count(one.delivered), one.fault === null ? "ok" : one.fault.code]),
  );
  for (const connection of view.connections) {
    if (connection.fault === null) continue;
    out.line(`\n${out.paint(clean(`${connection.name}: ${connection.fault.code}: ${connection.fault.message}`), "red")}`);
    for (const line of cureLines(connection.fault.cure, "  ")) out.line(line);
  }
  for (const token of view.expiring) {
    out.line();
    out.line(out.paint(clean(`${token.name}: the token ${token.daysLeft < 0 ? "ended" : "ends"} on ${day(token.expiresAt)} (${String(token.daysLeft)} days left): \`vedette connections rotate ${token.name} --token-env NAME\``), "yellow"));
  }
  out.line(view.health.ok ? `\n${out.paint("healthy", "green")}` : `\n${out.paint("not healthy", "red")}: ${clean(view.health.reasons.join("; "))}`);
}

function lag(watermark: string | null, now: string): string {
  return watermark === null ? "-" : `${duration((Date.parse(now) - Date.parse(watermark)) / 1000)} behind`;
}
