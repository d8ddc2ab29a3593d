/**
 * `connect`: one line from a console's address and token to a mirror. The token comes from an environment variable, a pipe or a hidden
 * prompt, never from the command line, where other users of the machine could read it.
 */
import type { Command } from "commander";
import type { ConnectionView, RunView, VerifyReport } from "../../kernel/api.ts";
import { asFault, Fault, type FaultKind } from "../../kernel/fault.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import { finish, integer, repeated, repeatedLabel, repeatedStream, type CliContext, type CliCommand, type Labels } from "../command.ts";
import { firstSync } from "../first-sync.ts";
import { printGuide } from "../guide.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";
import { readToken } from "../token.ts";
import { printVerify } from "../verify-lines.ts";

interface ConnectOptions {
  readonly tokenEnv?: string;
  readonly name?: string;
  readonly tenant?: string;
  readonly owner?: readonly string[];
  readonly label?: Labels;
  readonly stream?: readonly StreamId[];
  readonly description?: string;
  readonly lookBack?: number;
  readonly sync: boolean;
  readonly guide?: true;
  readonly json?: true;
}

export interface Connected {
  readonly connection: ConnectionView;
  readonly verify: VerifyReport;
  readonly warnings: readonly string[];
}

/** Faults about the console or the token: here the checks, line by line, say more than the fault. */
const EXPLAINED_BY_VERIFY: readonly FaultKind[] = ["credential", "permission", "unavailable", "protocol"];

export const connectCommand: CliCommand = {
  id: "connect",
  register(program: Command, context: CliContext) {
    const command = program
      .command("connect [url]")
      .description("Connect a console: check its address and token, save it, read it for the first time")
      .option("--token-env <name>", "environment variable that holds the API token (otherwise: standard input, or a hidden prompt)")
      .option("--name <name>", "what to call the connection")
      .option("--tenant <tenant>", "whose it is (name or id)")
      .option("--owner <mail>", "who looks after it; may be repeated", repeated)
      .option("--label <key=value>", "a label; may be repeated", repeatedLabel)
      .option("--description <text>", "a description")
      .option("--stream <stream>", "read only this stream; may be repeated", repeatedStream)
      .option("--look-back <days>", "how far back what the first reading finds is told to destinations (7; everything is mirrored)", integer(0, 3650))
      .option("--no-sync", "save without the first sync")
      .option("--guide", "print how to make the token, in both console layouts")
      .action(context.ask((api, url: string | undefined, options: ConnectOptions) => connect(context, api, url, options)));
    finish(command, "vedette connect https://usea1-011.sentinelone.net --token-env S1_TOKEN --owner soc@example.com");
  },
};

async function connect(context: CliContext, api: ApiClient, url: string | undefined, options: ConnectOptions): Promise<number> {
  const json = options.json === true;
  if (options.guide === true) return printGuide(context, api, json);
  if (url === undefined) throw new Fault("CONFIG_INVALID", "The console's address is missing.", { cure: "Give it like `vedette connect https://usea1-011.sentinelone.net --token-env S1_TOKEN`." });
  if (api.origin === "demo" && !toLoopback(url)) {
    throw new Fault("CONFIG_INVALID", "Only the demo is running, and what is connected to it is forgotten when it stops.", { cure: "Stop the demo first, or name a data folder of your own in VEDETTE_DATA." });
  }
  const token = await readToken(context.ports.io, options.tokenEnv);
  const answer = await saveConnection(context, api, { url, token, json, draft: draftOf(options) });
  if (!json) {
    printVerify(context.out, answer.verify);
    for (const warning of answer.warnings) context.out.line(context.out.paint(clean(warning), "yellow"));
    context.out.line();
    context.out.facts([["connection", `${answer.connection.name} (${answer.connection.id})`], ["state", answer.connection.state]]);
  }
  if (!options.sync) {
    if (json) context.out.json({ ...answer, run: null });
    return 0;
  }
  const { run, exitCode } = await firstSync(context, api, answer.connection, { quiet: json });
  if (json) context.out.json({ ...answer, run } satisfies Connected & { run: RunView });
  return exitCode;
}

function toLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function draftOf(options: ConnectOptions): Readonly<Record<string, unknown>> {
  return {
    name: options.name,
    tenant: options.tenant,
    owners: options.owner,
    labels: options.label,
    streams: options.stream,
    description: options.description,
    lookBackDays: options.lookBack,
    sync: options.sync,
  };
}

interface SaveInput {
  readonly url: string;
  readonly token: Secret;
  readonly json: boolean;
  readonly draft: Readonly<Record<string, unknown>>;
}

/** Verifies and saves; where the console or the token is at fault, shows every check before the fault itself. */
export async function saveConnection(context: CliContext, api: ApiClient, input: SaveInput): Promise<Connected> {
  const token = input.token.reveal();
  try {
    return await api.request<Connected>("POST", "/api/v1/connections", { body: { ...input.draft, url: input.url, token } });
  } catch (error) {
    if (!input.json && EXPLAINED_BY_VERIFY.includes(asFault(error).kind)) {
      const report = await api.request<VerifyReport>("POST", "/api/v1/verify", { body: { url: input.url, token } }).catch(() => undefined);
      if (report !== undefined) printVerify(context.out, report, { fault: "follows" });
    }
    throw error;
  }
}
