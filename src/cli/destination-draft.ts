/**
 * `destinations add`: options and files become the draft that the hub is given. Every kind has one option that says where, and takes some
 * others; secrets come from the environment alone, also where a file describes the destination.
 */
import { Option, type Command } from "commander";
import { DELIVERY_FORMATS, type DeliveryFormat, type DestinationDraft, type DestinationFilter } from "../kernel/delivery-api.ts";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import { Fault } from "../kernel/fault.ts";
import { isJsonObject } from "../kernel/json.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { integer, repeated, repeatedStream, type JsonOption } from "./command.ts";
import { readGiven } from "./given-file.ts";
import type { Io } from "./ports.ts";
import { readToken } from "./token.ts";

/** Where to, one of them. */
interface Places {
  readonly webhook?: string;
  readonly file?: string;
  readonly stdout?: true;
  readonly syslog?: string;
  readonly elasticsearch?: string;
  readonly splunk?: string;
  /** Without an address: Sekoia's own. */
  readonly sekoia?: string | true;
  /** Recipients. */
  readonly email?: readonly string[];
  /** Without an address: it is in the variable. */
  readonly slack?: string | true;
  readonly teams?: string | true;
  readonly config?: string;
}

/** What some kinds take besides. */
interface Particulars {
  readonly secretEnv?: string;
  readonly megabytes?: number;
  readonly keep?: number;
  readonly index?: string;
  readonly username?: string;
  readonly sourcetype?: string;
  readonly acknowledge?: true;
  readonly gzip?: true;
  readonly template?: true;
  readonly ca?: string;
  readonly cert?: string;
  readonly server?: string;
  readonly from?: string;
  readonly cc?: readonly string[];
}

/** What a destination gets. */
export interface Conditions {
  readonly facts?: readonly string[];
  readonly stream?: readonly StreamId[];
  readonly product?: readonly string[];
  readonly severity?: FactSeverity;
  readonly site?: readonly string[];
  readonly connection?: readonly string[];
  readonly alsoTenant?: readonly string[];
  readonly allTenants?: true;
}

export interface AddOptions extends JsonOption, Places, Particulars, Conditions {
  readonly tenant?: string;
  readonly format?: DeliveryFormat;
  readonly lookBack?: number;
}

type Kind = Exclude<keyof Places, "config">;
type Particular = keyof Particulars;

const TAKES: Readonly<Record<Kind, readonly Particular[]>> = {
  webhook: ["secretEnv", "gzip"],
  file: ["megabytes", "keep"],
  stdout: [],
  syslog: ["ca", "cert", "secretEnv"],
  elasticsearch: ["index", "username", "secretEnv", "template", "ca"],
  splunk: ["secretEnv", "index", "sourcetype", "acknowledge", "ca"],
  sekoia: ["secretEnv", "gzip"],
  email: ["server", "from", "cc", "username", "secretEnv", "ca"],
  slack: ["secretEnv"],
  teams: ["secretEnv"],
};
const FLAGS: Readonly<Record<Particular, string>> = { secretEnv: "--secret-env", megabytes: "--megabytes", keep: "--keep", index: "--index", username: "--username", sourcetype: "--sourcetype", acknowledge: "--acknowledge", gzip: "--gzip", template: "--template", ca: "--ca", cert: "--cert", server: "--server", from: "--from", cc: "--cc" };
const KINDS = Object.keys(TAKES) as readonly Kind[];
const PARTICULARS = Object.keys(FLAGS) as readonly Particular[];
const LARGEST_FILE = 1_048_576;

export function withConditions(command: Command): Command {
  return command
    .option("--facts <kind>", "only this kind of fact, `posture.*` for all of a capability; may be repeated", repeated)
    .option("--stream <stream>", "only facts about records of this stream; may be repeated", repeatedStream)
    .option("--product <product>", "only about records of this product, as SentinelOne names it (EDR, Identity); may be repeated", repeated)
    .addOption(new Option("--severity <severity>", "only about records of at least this severity; what has none is let through").choices(FACT_SEVERITIES.filter((each) => each !== "unknown")))
    .option("--site <id>", "only about records of this site, by SentinelOne's id; may be repeated", repeated)
    .option("--connection <name>", "only about records of this connection; may be repeated", repeated)
    .option("--also-tenant <tenant>", "another tenant's facts too; may be repeated", repeated)
    .option("--all-tenants", "the facts of every tenant there is or will be");
}

export function withAddOptions(command: Command): Command {
  const placed = command
    .option("--webhook <url>", "send signed POSTs to this https address")
    .option("--file <file>", "append lines of JSON to this file below the data folder's `outgoing`, like posture.ndjson")
    .option("--stdout", "write lines of JSON to the standard output of `vedette serve`")
    .option("--syslog <address>", "send syslog messages (RFC 5424), tls://host[:6514]; tcp://host[:601] where the operator allows it")
    .option("--elasticsearch <url>", "create documents in Elasticsearch or OpenSearch")
    .option("--splunk <url>", "send to Splunk's HTTP Event Collector, https://host:8088")
    .option("--sekoia [url]", "send to a Sekoia intake (default: https://intake.sekoia.io)")
    .option("--email <address>", "send mails to this address; may be repeated", repeated)
    .option("--slack [url]", "post to a Slack channel by its incoming webhook; the address may stand in --secret-env")
    .option("--teams [url]", "post to a Teams channel by its workflow; the address may stand in --secret-env")
    .option("--config <file>", "or all of it from a file of JSON (- for standard input), as the API takes it")
    .option("--secret-env <name>", "environment variable with its secret: a signing secret of your own (webhook), an API key or with --username a password (elasticsearch), a token (splunk), an intake key (sekoia), the key of --cert (syslog), the password of --username (email), the address (slack, teams)")
    .option("--index <name>", "data stream or index (elasticsearch, default: logs-vedette-default; splunk)")
    .option("--template", "make an index template first, which keeps a record as one flattened field (elasticsearch)")
    .option("--username <name>", "sign in by password (elasticsearch, email)")
    .option("--sourcetype <name>", "what Splunk takes events for (default: vedette:json)")
    .option("--acknowledge", "wait until Splunk has indexed what it took")
    .option("--server <url>", "mail server: smtp://host[:587] with STARTTLS, or smtps://host[:465] (email)")
    .option("--from <address>", "whom mails are from, like vedette@example.com or 'Vedette <vedette@example.com>' (email)")
    .option("--cc <address>", "a copy to this address; may be repeated (email)", repeated)
    .option("--gzip", "compress what is sent, where the receiver takes that (webhook, sekoia; elasticsearch and splunk do without being asked)")
    .option("--ca <file>", "certificates of the authority to trust besides, PEM (syslog, elasticsearch, splunk, email)")
    .option("--cert <file>", "certificate that proves who we are, PEM; its key by --secret-env (syslog)")
    .option("--megabytes <number>", "begin a new file at this size (file, default: 64)", integer(1, 100_000))
    .option("--keep <number>", "full files that are kept (file, default: 10)", integer(1, 10_000));
  return withConditions(placed)
    .option("--tenant <tenant>", "whose facts, and who sees the destination (name or id)")
    .option("--look-back <days>", "how far back it is told of alerts that have been read already (default: 7)", integer(0, 3650))
    .addOption(new Option("--format <format>", "raw: our envelope with the record in it; record: the record alone; ecs; ocsf; sekoia: ECS as Sekoia's intakes write it (default: elasticsearch ecs, sekoia record, else raw)").choices([...DELIVERY_FORMATS]));
}

export function filterOf({ stream, product, severity, site, connection }: Conditions): DestinationFilter {
  return {
    ...(stream === undefined ? {} : { streams: [...stream] }),
    ...(product === undefined ? {} : { products: [...product] }),
    ...(severity === undefined ? {} : { severity }),
    ...(site === undefined ? {} : { sites: [...site] }),
    ...(connection === undefined ? {} : { connections: [...connection] }),
  };
}

export function tenantsOf({ allTenants, alsoTenant }: Conditions): readonly string[] | undefined {
  return allTenants === true ? ["*"] : alsoTenant;
}

/** Without the tenant, which is looked up by whoever asks. */
export async function draftOf(io: Io, name: string, options: AddOptions): Promise<DestinationDraft> {
  const filter = filterOf(options);
  const given = options.config === undefined ? await fromOptions(io, options) : await fromFile(io, options.config, options);
  const tenants = tenantsOf(options);
  return {
    ...given,
    name,
    ...(options.facts === undefined ? {} : { facts: [...options.facts] }),
    ...(Object.keys(filter).length === 0 ? {} : { filter: { ...given.filter, ...filter } }),
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.lookBack === undefined ? {} : { lookBackDays: options.lookBack }),
    ...(tenants === undefined ? {} : { tenants: [...tenants] }),
  };
}

type Given = Omit<DestinationDraft, "name">;

async function fromOptions(io: Io, options: AddOptions): Promise<Given> {
  const [kind, second] = KINDS.filter((each) => options[each] !== undefined);
  if (kind === undefined || second !== undefined) throw new Fault("CONFIG_INVALID", `Say where the facts go: one of ${KINDS.map((each) => `--${each}`).join(", ")}, or --config.`, { cure: "`vedette destinations add --help` shows them." });
  const strange = PARTICULARS.find((each) => options[each] !== undefined && !TAKES[kind].includes(each));
  if (strange !== undefined) throw new Fault("CONFIG_INVALID", `${FLAGS[strange]} does not go with --${kind}.`);
  const secret = options.secretEnv === undefined ? undefined : (await readToken(io, options.secretEnv)).reveal();
  return { kind, config: await configOf(io, kind, options, secret) };
}

async function configOf(io: Io, kind: Kind, options: AddOptions, secret: string | undefined): Promise<Record<string, unknown>> {
  const pem = async (file: string | undefined): Promise<string | undefined> => (file === undefined ? undefined : readGiven(io, file, { most: LARGEST_FILE, of: "certificates" }));
  const ca = await pem(options.ca);
  const needed = (what: string): string => {
    if (secret !== undefined) return secret;
    throw new Fault("CONFIG_INVALID", `${what} is missing.`, { cure: "Put it in an environment variable and name that: --secret-env NAME." });
  };
  const configs: Readonly<Record<Kind, () => Promise<Readonly<Record<string, unknown>>>>> = {
    webhook: async () => ({ url: options.webhook, secret, gzip: options.gzip }),
    file: async () => ({ file: options.file, megabytes: options.megabytes, keep: options.keep }),
    stdout: async () => ({}),
    syslog: async () => ({ address: options.syslog, ca, cert: await pem(options.cert), key: secret }),
    elasticsearch: async () => ({ url: options.elasticsearch, index: options.index, username: options.username, ...(options.username === undefined ? { apiKey: secret } : { password: needed("The user's password") }), template: options.template, ca }),
    splunk: async () => ({ url: options.splunk, token: needed("The collector's token"), index: options.index, sourcetype: options.sourcetype, acknowledge: options.acknowledge, ca }),
    sekoia: async () => ({ url: options.sekoia === true ? undefined : options.sekoia, intakeKey: needed("The intake key"), gzip: options.gzip }),
    email: async () => ({ ...mailOf(options), to: options.email, cc: options.cc, username: options.username, password: options.username === undefined ? secret : needed("The user's password"), ca }),
    slack: async () => ({ url: addressOf(options.slack, secret, "slack") }),
    teams: async () => ({ url: addressOf(options.teams, secret, "teams") }),
  };
  return Object.fromEntries(Object.entries(await configs[kind]()).filter(([, value]) => value !== undefined));
}

function mailOf({ server, from }: AddOptions): { readonly server: string; readonly from: string } {
  if (server !== undefined && from !== undefined) return { server, from };
  const missing = [server === undefined ? "--server" : null, from === undefined ? "--from" : null].filter((flag) => flag !== null);
  throw new Fault("CONFIG_INVALID", `A mail needs ${missing.join(" and ")} too.`, { cure: "Like --email soc@example.com --server smtp://mail.example.com:587 --from vedette@example.com." });
}

/** An address that is a secret in itself: as a variable it stands in no history of commands. */
function addressOf(option: string | true | undefined, secret: string | undefined, kind: "slack" | "teams"): string {
  if (typeof option === "string" && secret !== undefined) throw new Fault("CONFIG_INVALID", `--${kind} has an address already: --secret-env would name another.`);
  const address = typeof option === "string" ? option : secret;
  if (address === undefined) throw new Fault("CONFIG_INVALID", "The channel's address is missing.", { cure: `Put it in an environment variable and name that: --${kind} --secret-env NAME.` });
  return address;
}

/** Keys of any kind's configuration that hold a secret: in a file they name a variable, `{"env":"NAME"}`. */
const SECRETS: ReadonlySet<string> = new Set(["secret", "apiKey", "password", "token", "intakeKey", "key"]);

async function fromFile(io: Io, file: string, options: AddOptions): Promise<Given> {
  const beside = [...KINDS.filter((each) => options[each] !== undefined).map((each) => `--${each}`), ...PARTICULARS.filter((each) => options[each] !== undefined).map((each) => FLAGS[each])];
  if (beside.length > 0) throw new Fault("CONFIG_INVALID", `${beside.join(", ")} does not go with --config: the file says where.`);
  const text = await readGiven(io, file, { most: LARGEST_FILE, of: "configuration" });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `${file} is no JSON.`, { cause: error, cure: 'It is like {"kind":"splunk","config":{"url":"https://…","token":{"env":"SPLUNK_TOKEN"}}}.' });
  }
  if (!isJsonObject(value) || typeof value["kind"] !== "string" || !isJsonObject(value["config"])) throw new Fault("CONFIG_INVALID", `${file} has no \`kind\` and \`config\`.`, { cure: 'It is like {"kind":"splunk","config":{"url":"https://…","token":{"env":"SPLUNK_TOKEN"}}}.' });
  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(value["config"])) config[key] = SECRETS.has(key) || (key === "url" && isJsonObject(setting)) ? await secretAt(io, key, setting) : setting;
  // The hub checks the rest, and says what is wrong with it.
  return { ...(value as unknown as Given), config };
}

async function secretAt(io: Io, key: string, setting: unknown): Promise<string> {
  const variable = isJsonObject(setting) ? setting["env"] : undefined;
  if (typeof variable !== "string") throw new Fault("CONFIG_INVALID", `config.${key} is a secret and stands in no file.`, { cure: `Put it in an environment variable and name that: "${key}": {"env": "NAME"}.` });
  return (await readToken(io, variable)).reveal();
}
