/** `connections`: what is connected, what is wrong with it, and everything that can be done to one connection. */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Static } from "typebox";
import type { ConnectionLogLine, ConnectionView, VerifyReport } from "../../kernel/api.ts";
import { Fault } from "../../kernel/fault.ts";
import { finish, integer, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_NO, EXIT_OK } from "../faults.ts";
import { day, time } from "../format.ts";
import { readDuration } from "../../kernel/durations.ts";
import type { PostureRuleView } from "../../kernel/posture-api.ts";
import { findConnection, gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean, cureLines } from "../terminal.ts";
import { readToken } from "../token.ts";
import { printVerify } from "../verify-lines.ts";

const PATH = "/api/v1/connections";

export const connectionsCommand: CliCommand = {
  id: "connections",
  register(program: Command, context: CliContext) {
    const group = program.command("connections").description("List, look at and change connections (NAME is a name or an id)");
    const act = <Options extends JsonOption>(work: (api: ApiClient, connection: ConnectionView, options: Options) => Promise<number>): ((name: string, options: Options) => Promise<void>) =>
      context.ask(async (api, name: string, options: Options) => work(api, await findConnection(api, name), options));
    finish(group.command("list").description("All connections, one line each").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette connections list");
    finish(
      group.command("show <name>").description("Everything about one").option("--ics <file>", "write a calendar of the token's end to FILE").action(act((api, connection, options: JsonOption & { ics?: string }) => show(context, api, connection, options))),
      "vedette connections show emea --ics token-end.ics",
    );
    finish(
      group.command("verify <name>").description("Check address, token, scope, role, permissions and clock again").option("--accept-scope", "the token's new scope is right: build proof on it from now on").action(act((api, connection, options: JsonOption & { acceptScope?: true }) => verify(context, api, connection, options))),
      "vedette connections verify emea",
    );
    finish(
      group.command("log <name>").description("What happened to it, newest last").option("--limit <number>", "how many lines", integer(1, 10_000), 100).action(act((api, connection, options: JsonOption & { limit: number }) => log(context, api, connection, options))),
      "vedette connections log emea --limit 20",
    );
    finish(
      group
        .command("polling <name> [interval]")
        .description("How often its agents are read: 5m, 10m, 1h, 12h …, from 1m to 24h; shown when left out, `default` is the hub's own 5m")
        .action(context.ask(async (api, name: string, interval: string | undefined, options: JsonOption) => polling(context, api, await findConnection(api, name), interval, options))),
      ["vedette connections polling emea", "vedette connections polling emea 10m"],
    );
    finish(
      group
        .command("look-back <name> [days]")
        .description("How many days back the first reading of a stream is told to destinations; shown when left out, `default` is 7. Streams that have been read stay as they are")
        .action(context.ask(async (api, name: string, days: string | undefined, options: JsonOption) => lookBack(context, api, await findConnection(api, name), days, options))),
      ["vedette connections look-back emea", "vedette connections look-back emea 30"],
    );
    for (const verb of ["pause", "resume"] as const) {
      finish(
        group.command(`${verb} <name>`).description(verb === "pause" ? "Stop reading it; what is mirrored stays" : "Read it again, from where it stopped").action(act((api, connection, options: JsonOption) => change(context, api, connection, verb, options))),
        `vedette connections ${verb} emea`,
      );
    }
    finish(
      group.command("rotate <name>").description("Replace the token; the old one is kept until the new one is verified").option("--token-env <name>", "environment variable that holds the new token (otherwise: standard input, or a hidden prompt)").option("--force", "accept a token of another scope").action(act((api, connection, options: JsonOption & { tokenEnv?: string; force?: true }) => rotate(context, api, connection, options))),
      "vedette connections rotate emea --token-env S1_TOKEN_NEW",
    );
    finish(
      group.command("remove <name>").description("Forget the token and everything mirrored from it").option("--yes", "really").action(act((api, connection, options: JsonOption & { yes?: true }) => remove(context, api, connection, options))),
      "vedette connections remove emea --yes",
    );
  },
};

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const connections = listItems<ConnectionView>(api, PATH);
  if (options.json === true) return printArray(context.out, connections).then(() => EXIT_OK);
  const all = await gather(connections);
  if (all.length === 0) context.out.note("No connections yet: `vedette connect URL --token-env NAME`.");
  context.out.table(["NAME", "STATE", "CONSOLE", "TENANT", "SCOPE", "TOKEN UNTIL", "ID"], all.map((one) => [one.name, one.state, one.url, one.tenant, one.scope?.level ?? "-", day(one.token.expiresAt), one.id]));
  return EXIT_OK;
}

async function show(context: CliContext, api: ApiClient, connection: ConnectionView, options: JsonOption & { ics?: string }): Promise<number> {
  if (options.ics !== undefined) {
    const calendar: Uint8Array[] = [];
    for await (const chunk of api.stream("GET", `${PATH}/${segment(connection.id)}/calendar`)) calendar.push(chunk);
    await writeFile(options.ics, Buffer.concat(calendar)).catch((error: unknown) => {
      throw new Fault("CONFIG_INVALID", `The calendar cannot be written to ${options.ics ?? ""}.`, { cause: error, cure: "Give a path in a folder that exists and may be written." });
    });
    context.out.note(`Calendar written to ${clean(options.ics)}.`);
  }
  if (options.json === true) context.out.json(connection);
  else printConnection(context, connection);
  return EXIT_OK;
}

function printConnection({ out }: CliContext, one: ConnectionView): void {
  const labels = Object.entries(one.labels).map(([key, value]) => `${key}=${value}`);
  out.facts([
    ["name", one.name], ["id", one.id], ["description", one.description], ["tenant", one.tenant], ["owners", one.owners.join(", ")], ["labels", labels.join(", ")],
    ["console", one.url], ["state", one.state], ["identity", one.identity === null ? "-" : `${one.identity.name ?? one.identity.email ?? one.identity.id ?? "unknown"} (${one.identity.kind})`],
    ["scope", one.scope === null ? "-" : `${one.scope.level} ${one.scope.names.join(", ")}`], ["roles", one.roles.join(", ")], ["token", `${one.token.form}, until ${day(one.token.expiresAt)}`],
    ["streams", one.streams.join(", ")], ["polling", `agents every ${one.polling}`], ["look-back", `${String(one.lookBackDays)} days of a first reading are told`], ["created", time(one.createdAt)], ["verified", time(one.verifiedAt)],
  ]);
  if (one.token.warning !== null) out.line(out.paint(clean(one.token.warning), "yellow"));
  if (one.fault === null) return;
  out.line(out.paint(clean(`${one.fault.code}: ${one.fault.message}`), "red"));
  for (const line of cureLines(one.fault.cure)) out.line(line);
}

async function verify(context: CliContext, api: ApiClient, connection: ConnectionView, options: JsonOption & { acceptScope?: true }): Promise<number> {
  const report = await api.request<VerifyReport>("POST", `${PATH}/${segment(connection.id)}/verify`, { body: options.acceptScope === true ? { acceptScope: true } : {} });
  if (options.json === true) context.out.json(report);
  else printVerify(context.out, report);
  return report.ok ? EXIT_OK : EXIT_NO;
}

async function log(context: CliContext, api: ApiClient, connection: ConnectionView, options: JsonOption & { limit: number }): Promise<number> {
  const lines = listItems<Static<typeof ConnectionLogLine>>(api, `${PATH}/${segment(connection.id)}/log`, { limit: options.limit }, options.limit);
  if (options.json === true) return printArray(context.out, lines).then(() => EXIT_OK);
  for await (const line of lines) context.out.line(clean(`${time(line.at)}  ${line.level.padEnd(7)}  ${line.event}  ${line.message}`));
  return EXIT_OK;
}

async function change(context: CliContext, api: ApiClient, connection: ConnectionView, verb: "pause" | "resume", options: JsonOption): Promise<number> {
  const answer = await api.request<unknown>("POST", `${PATH}/${segment(connection.id)}/${verb}`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${connection.name}: ${verb === "pause" ? "paused" : "reading again"}`));
  return EXIT_OK;
}

async function polling(context: CliContext, api: ApiClient, connection: ConnectionView, interval: string | undefined, options: JsonOption): Promise<number> {
  const view = interval === undefined ? connection : await api.request<ConnectionView>("PATCH", `${PATH}/${segment(connection.id)}`, { body: { polling: interval === "default" ? null : interval } });
  if (options.json === true) context.out.json(view);
  else context.out.line(clean(`${view.name}: agents are read every ${view.polling}`));
  if (interval !== undefined) await noteShortRules(context, api, view);
  return EXIT_OK;
}

async function lookBack(context: CliContext, api: ApiClient, connection: ConnectionView, days: string | undefined, options: JsonOption): Promise<number> {
  if (days !== undefined && days !== "default" && !/^\d{1,4}$/.test(days)) throw new Fault("CONFIG_INVALID", "A look-back is a whole number of days from 0 to 3650, or `default`.");
  const view = days === undefined ? connection : await api.request<ConnectionView>("PATCH", `${PATH}/${segment(connection.id)}`, { body: { lookBackDays: days === "default" ? null : Number(days) } });
  if (options.json === true) context.out.json(view);
  else context.out.line(clean(`${view.name}: of a first reading, the last ${String(view.lookBackDays)} days are told`));
  return EXIT_OK;
}

/** Evidence is at most one interval old, and a reading takes its time: what runs out sooner turns unknown now and then. */
async function noteShortRules({ out }: CliContext, api: ApiClient, { polling: every }: ConnectionView): Promise<void> {
  const everyMs = readDuration(every) ?? 0;
  for await (const { name, rule } of listItems<PostureRuleView>(api, "/api/v1/posture/rules")) {
    const expiration = rule["expiration"];
    const lasts = typeof expiration === "string" ? readDuration(expiration) : null;
    if (lasts !== null && lasts < 2 * everyMs) out.note(clean(`Posture rule ${JSON.stringify(name)} expires after ${String(expiration)}, which is less than twice that: its verdicts turn unknown between readings.`));
  }
}

async function rotate(context: CliContext, api: ApiClient, connection: ConnectionView, options: JsonOption & { tokenEnv?: string; force?: true }): Promise<number> {
  const token = (await readToken(context.ports.io, options.tokenEnv)).reveal();
  const answer = await api.request<unknown>("POST", `${PATH}/${segment(connection.id)}/rotate`, { body: { token, ...(options.force === true ? { force: true } : {}) } });
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${connection.name}: the new token is verified and in use; revoke the old one in the console.`));
  return EXIT_OK;
}

async function remove(context: CliContext, api: ApiClient, connection: ConnectionView, options: JsonOption & { yes?: true }): Promise<number> {
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", `Removing ${JSON.stringify(connection.name)} deletes its token and its part of the mirror.`, { cure: "Add --yes if that is meant." });
  const answer = await api.request<unknown>("DELETE", `${PATH}/${segment(connection.id)}`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${connection.name}: removed`));
  return EXIT_OK;
}
