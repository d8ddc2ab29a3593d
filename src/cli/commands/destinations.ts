/** `destinations`: where facts go. The signing secret of a new one is shown once; a test sends one signed fact at once. */
import type { Command } from "commander";
import type { DestinationAdded, DestinationTest, DestinationView } from "../../kernel/delivery-api.ts";
import { Fault } from "../../kernel/fault.ts";
import { finish, integer, repeated, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_NO, EXIT_OK } from "../faults.ts";
import { count, time } from "../format.ts";
import { findDestination, findTenant, gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";
import { readToken } from "../token.ts";

const PATH = "/api/v1/destinations";

interface AddOptions extends JsonOption {
  readonly webhook?: string;
  readonly file?: string;
  readonly megabytes?: number;
  readonly keep?: number;
  readonly facts?: readonly string[];
  readonly tenant?: string;
  readonly secretEnv?: string;
}

export const destinationsCommand: CliCommand = {
  id: "destinations",
  register(program: Command, context: CliContext) {
    const group = program.command("destinations").description("Where facts go (NAME is a name or an id)");
    const act = <Options extends JsonOption>(work: (api: ApiClient, destination: DestinationView, options: Options) => Promise<number>): ((name: string, options: Options) => Promise<void>) =>
      context.ask(async (api, name: string, options: Options) => work(api, await findDestination(api, name), options));
    finish(group.command("list").description("All destinations, what waits for them and what is wrong").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette destinations list");
    finish(
      group
        .command("add <name>")
        .description("Add one; a webhook's signing secret is shown this once")
        .option("--webhook <url>", "send signed POSTs to this https address")
        .option("--file <file>", "append lines of JSON to this file below the data folder's `outgoing`, like posture.ndjson")
        .option("--megabytes <number>", "with --file: begin a new file at this size (default: 64)", integer(1, 100_000))
        .option("--keep <number>", "with --file: full files that are kept (default: 10)", integer(1, 10_000))
        .option("--facts <kind>", "only this kind of fact, `posture.*` for all of a capability; may be repeated", repeated)
        .option("--tenant <tenant>", "whose facts (name or id)")
        .option("--secret-env <name>", "with --webhook: environment variable with a signing secret of your own (whsec_…)")
        .action(context.ask((api, name: string, options: AddOptions) => add(context, api, name, options))),
      ["vedette destinations add access --webhook https://hooks.example.com/vedette --facts 'posture.*'", "vedette destinations add archive --file posture.ndjson"],
    );
    finish(group.command("test <name>").description("Send one test fact now; exit code 0 when it was accepted").action(act((api, destination, options: JsonOption) => test(context, api, destination, options))), "vedette destinations test access");
    finish(
      group
        .command("rotate <name>")
        .description("A new signing secret; the old one signs too for some hours")
        .option("--keep-hours <hours>", "how long the old one is used beside it (default: 24)", integer(0, 720))
        .option("--secret-env <name>", "environment variable with the new secret (made when left out)")
        .action(act((api, destination, options: JsonOption & { keepHours?: number; secretEnv?: string }) => rotate(context, api, destination, options))),
      "vedette destinations rotate access --keep-hours 48",
    );
    finish(
      group.command("remove <name>").description("Forget it, its secret and what was queued for it").option("--yes", "really").action(act((api, destination, options: JsonOption & { yes?: true }) => remove(context, api, destination, options))),
      "vedette destinations remove access --yes",
    );
  },
};

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const destinations = listItems<DestinationView>(api, PATH);
  if (options.json === true) return printArray(context.out, destinations).then(() => EXIT_OK);
  const all = await gather(destinations);
  if (all.length === 0) context.out.note("No destinations yet: `vedette destinations add NAME --webhook URL`.");
  context.out.table(
    ["NAME", "KIND", "TO", "FACTS", "QUEUED", "PARKED", "LAST ACCEPTED", "STATE", "ID"],
    all.map((one) => [one.name, one.kind, String(one.shown["host"] ?? one.shown["file"] ?? "-"), one.facts?.join(", ") ?? "all", count(one.queued), count(one.parked), time(one.deliveredAt), one.fault === null ? "ok" : `${one.fault.reason} (since ${time(one.fault.since)})`, one.id]),
  );
  return EXIT_OK;
}

async function configOf(context: CliContext, options: AddOptions): Promise<{ readonly kind: string; readonly config: Readonly<Record<string, unknown>> }> {
  const { webhook, file, megabytes, keep, secretEnv } = options;
  if ((webhook === undefined) === (file === undefined)) throw new Fault("CONFIG_INVALID", "Say where the facts go: --webhook or --file, one of them.", { cure: "`vedette destinations add --help` shows both." });
  if (webhook === undefined) {
    if (secretEnv !== undefined) throw new Fault("CONFIG_INVALID", "A file is not signed: --secret-env goes with --webhook.");
    return { kind: "file", config: { file, ...(megabytes === undefined ? {} : { megabytes }), ...(keep === undefined ? {} : { keep }) } };
  }
  if (megabytes !== undefined || keep !== undefined) throw new Fault("CONFIG_INVALID", "--megabytes and --keep go with --file.");
  return { kind: "webhook", config: { url: webhook, ...(secretEnv === undefined ? {} : { secret: (await readToken(context.ports.io, secretEnv)).reveal() }) } };
}

async function add(context: CliContext, api: ApiClient, name: string, options: AddOptions): Promise<number> {
  const { kind, config } = await configOf(context, options);
  const tenant = options.tenant === undefined ? {} : { tenant: (await findTenant(api, options.tenant)).id };
  const added = await api.request<DestinationAdded>("POST", PATH, { body: { name, kind, config, ...tenant, ...(options.facts === undefined ? {} : { facts: options.facts }) } });
  return told(context, added, options, `${added.destination.name} (${added.destination.id}) is added; \`vedette destinations test\` tries it.`);
}

function told(context: CliContext, added: DestinationAdded, options: JsonOption, line: string): number {
  const { out } = context;
  if (options.json === true) {
    out.json(added);
    return EXIT_OK;
  }
  if (added.secret === null) {
    out.line(clean(line));
    return EXIT_OK;
  }
  out.note(clean(`${line} Its signing secret, shown this once:`));
  out.line(clean(added.secret));
  return EXIT_OK;
}

async function test(context: CliContext, api: ApiClient, destination: DestinationView, options: JsonOption): Promise<number> {
  const answer = await api.request<DestinationTest>("POST", `${PATH}/${segment(destination.id)}/test`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${destination.name}: ${answer.outcome === "accepted" ? "accepted" : `${answer.outcome === "refused" ? "refused" : "not accepted now"}: ${answer.reason ?? ""} (${answer.code ?? ""})`}, ${count(answer.ms)} ms`));
  return answer.outcome === "accepted" ? EXIT_OK : EXIT_NO;
}

async function rotate(context: CliContext, api: ApiClient, destination: DestinationView, options: JsonOption & { keepHours?: number; secretEnv?: string }): Promise<number> {
  const secret = options.secretEnv === undefined ? {} : { secret: (await readToken(context.ports.io, options.secretEnv)).reveal() };
  const added = await api.request<DestinationAdded>("POST", `${PATH}/${segment(destination.id)}/rotate`, { body: { ...secret, ...(options.keepHours === undefined ? {} : { keepHours: options.keepHours }) } });
  return told(context, added, options, `${destination.name} signs with both secrets until ${time(String(added.destination.shown["oldSecretUntil"] ?? "-"))}.`);
}

async function remove(context: CliContext, api: ApiClient, destination: DestinationView, options: JsonOption & { yes?: true }): Promise<number> {
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", `Removing ${JSON.stringify(destination.name)} forgets its secret, ${count(destination.queued)} queued and ${count(destination.parked)} parked deliveries.`, { cure: "Add --yes if that is meant." });
  const answer = await api.request<unknown>("DELETE", `${PATH}/${segment(destination.id)}`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${destination.name}: removed`));
  return EXIT_OK;
}
