/** `destinations`: where facts go. The signing secret of a new webhook is shown once; a test sends one fact at once. */
import type { Command } from "commander";
import type { DestinationAdded, DestinationTest, DestinationView } from "../../kernel/delivery-api.ts";
import { Fault } from "../../kernel/fault.ts";
import { finish, integer, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { changeOf, withEditOptions, type EditOptions } from "../destination-change.ts";
import { draftOf, withAddOptions, type AddOptions } from "../destination-draft.ts";
import { EXIT_NO, EXIT_OK } from "../faults.ts";
import { count, plural, time } from "../format.ts";
import { findDestination, findTenant, gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";
import { readToken } from "../token.ts";

const PATH = "/api/v1/destinations";

export const destinationsCommand: CliCommand = {
  id: "destinations",
  register(program: Command, context: CliContext) {
    const group = program.command("destinations").description("Where facts go (NAME is a name or an id)");
    const act = <Options extends JsonOption>(work: (api: ApiClient, destination: DestinationView, options: Options) => Promise<number>): ((name: string, options: Options) => Promise<void>) =>
      context.ask(async (api, name: string, options: Options) => work(api, await findDestination(api, name), options));
    finish(group.command("list").description("All destinations, what waits for them and what is wrong").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette destinations list");
    finish(group.command("show <name>").description("One, with what it gets and how it is configured; no secrets").action(act((_api, destination, options: JsonOption) => show(context, destination, options))), "vedette destinations show siem");
    finish(
      withAddOptions(group.command("add <name>").description("Add one; a webhook's signing secret is shown this once")).action(context.ask((api, name: string, options: AddOptions) => add(context, api, name, options))),
      [
        "vedette destinations add access --webhook https://hooks.example.com/vedette --facts 'posture.*'",
        "vedette destinations add archive --file posture.ndjson",
        "vedette destinations add siem --syslog tls://logs.example.com --ca ca.pem --stream alerts --severity medium",
        "vedette destinations add elastic --elasticsearch https://es.example.com:9200 --secret-env ES_API_KEY --index logs-sentinelone-default",
        "vedette destinations add splunk --splunk https://splunk.example.com:8088 --secret-env SPLUNK_TOKEN --index s1 --all-tenants",
        "vedette destinations add identity --sekoia --secret-env INTAKE_KEY --stream alerts --product Identity",
        "vedette destinations add soc --email soc@example.com --server smtp://mail.example.com --from vedette@example.com --username vedette --secret-env SMTP_PASSWORD",
        "vedette destinations add channel --slack --secret-env SLACK_WEBHOOK",
        "vedette destinations add siem --config siem.json",
      ],
    );
    finish(
      withEditOptions(group.command("edit <name>").description("Change what it gets from now on, or its name; what is queued still goes, and what is not named stays")).action(act((api, destination, options: EditOptions) => edit(context, api, destination, options))),
      ["vedette destinations edit siem --severity high", "vedette destinations edit siem --stream alerts --stream threats --any product", "vedette destinations edit siem --name soc"],
    );
    finish(group.command("pause <name>").description("Send nothing until it is resumed; what comes meanwhile waits").action(act((api, destination, options: JsonOption) => pause(context, api, destination, options, true))), "vedette destinations pause siem");
    finish(group.command("resume <name>").description("Go on sending, with what has waited first").action(act((api, destination, options: JsonOption) => pause(context, api, destination, options, false))), "vedette destinations resume siem");
    finish(group.command("test <name>").description("Send one test fact now; exit code 0 when it was accepted").action(act((api, destination, options: JsonOption) => test(context, api, destination, options))), "vedette destinations test access");
    finish(
      group
        .command("rotate <name>")
        .description("A new secret; a webhook's old one signs too for some hours")
        .option("--keep-hours <hours>", "how long a webhook's old one is used beside it (default: 24)", integer(0, 720))
        .option("--secret-env <name>", "environment variable with the new secret (a webhook's is made when left out)")
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
  if (all.length === 0) context.out.note("No destinations yet: `vedette destinations add NAME --webhook URL`; --help shows the other kinds.");
  context.out.table(
    ["NAME", "KIND", "TO", "GETS", "QUEUED", "PARKED", "LAST ACCEPTED", "STATE", "ID"],
    all.map((one) => [one.name, one.kind, placeOf(one), gets(one), count(one.queued), count(one.parked), time(one.deliveredAt), stateOf(one), one.id]),
  );
  return EXIT_OK;
}

function placeOf({ shown }: DestinationView): string {
  return String(shown["to"] ?? shown["host"] ?? shown["file"] ?? "-");
}

/** `alerts.*, severity high or more, as ecs`. */
function gets({ facts, filter, format, tenants }: DestinationView): string {
  const { streams = [], products = [], severity, sites = [], connections = [] } = filter ?? {};
  const parts = [
    facts?.join(" ") ?? "all",
    ...streams,
    ...products,
    ...(severity === undefined ? [] : [`severity ${severity} or more`]),
    ...sites.map((id) => `site ${id}`),
    ...connections,
    ...(tenants.includes("*") ? ["of every tenant"] : tenants.length > 1 ? [`of ${count(tenants.length)} tenants`] : []),
    ...(format === "raw" ? [] : [`as ${format}`]),
  ];
  return parts.join(", ");
}

async function show(context: CliContext, one: DestinationView, options: JsonOption): Promise<number> {
  if (options.json === true) {
    context.out.json(one);
    return EXIT_OK;
  }
  context.out.facts([
    ["id", one.id], ["name", one.name], ["kind", one.kind], ["tenant", one.tenant], ["to", placeOf(one)], ["gets", gets(one)], ["repeats", one.repeats], ["look-back", one.lookBackDays === 0 ? "none" : `alerts of ${plural(one.lookBackDays, "day")} before it was added`],
    ...Object.entries(one.shown).filter(([key, value]) => key !== "host" && key !== "file" && value !== null).map(([key, value]) => [key, String(value)] as const),
    ["queued", `${count(one.queued)}${one.oldestQueuedAt === null ? "" : `, the oldest since ${time(one.oldestQueuedAt)}`}`], ["parked", count(one.parked)], ["delivered", count(one.delivered)], ["last accepted", time(one.deliveredAt)],
    ["state", one.fault === null || one.pausedAt !== null ? stateOf(one) : `${one.fault.code}: ${stateOf(one)}`],
  ]);
  return EXIT_OK;
}

async function add(context: CliContext, api: ApiClient, name: string, options: AddOptions): Promise<number> {
  const draft = await draftOf(context.ports.io, name, options);
  const tenant = options.tenant === undefined ? {} : { tenant: (await findTenant(api, options.tenant)).id };
  const added = await api.request<DestinationAdded>("POST", PATH, { body: { ...draft, ...tenant } });
  const code = told(context, added, options, `${added.destination.name} (${added.destination.id}) is added; \`vedette destinations test\` tries it.`);
  const hint = options.json === true ? null : hintFor(added.destination);
  if (hint !== null) context.out.note(hint);
  return code;
}

/** What the other side has to be told, that nobody would find out before something is lost there. */
function hintFor({ kind, shown }: DestinationView): string | null {
  if (kind === "syslog") return `The receiver has to take messages of ${count(Number(shown["largest"]))} bytes (rsyslog: global(maxMessageSize="64k")); one that takes less cuts them without a word.`;
  if (kind === "elasticsearch" && shown["template"] !== true) return "Records have hundreds of fields, and an index takes a thousand: have a template of yours map them as `flattened` (docs/delivery.md), or add it with --template.";
  return null;
}

async function edit(context: CliContext, api: ApiClient, destination: DestinationView, options: EditOptions): Promise<number> {
  const changed = await api.request<DestinationView>("PATCH", `${PATH}/${segment(destination.id)}`, { body: changeOf(options) });
  if (options.json === true) context.out.json(changed);
  else context.out.line(clean(`${changed.name} gets ${gets(changed)}.`));
  return EXIT_OK;
}

async function pause(context: CliContext, api: ApiClient, destination: DestinationView, options: JsonOption, paused: boolean): Promise<number> {
  const changed = await api.request<DestinationView>("PATCH", `${PATH}/${segment(destination.id)}`, { body: { paused } });
  if (options.json === true) context.out.json(changed);
  else context.out.line(clean(paused ? `${changed.name} is paused; what comes waits for \`vedette destinations resume\`.` : `${changed.name} goes on; ${count(changed.queued)} ${changed.queued === 1 ? "delivery" : "deliveries"} waited.`));
  return EXIT_OK;
}

/** `paused` before whatever was wrong before that. */
function stateOf({ fault, pausedAt }: DestinationView): string {
  if (pausedAt !== null) return `paused (since ${time(pausedAt)})`;
  return fault === null ? "ok" : `${fault.reason} (since ${time(fault.since)})`;
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
