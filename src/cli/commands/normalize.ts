/**
 * `normalize`: records of SentinelOne's as NDJSON in, documents of a standard as NDJSON out, one line for one line and in order. It asks no
 * hub. A line that cannot be read has its error in its place, a message on standard error, and never stops the others.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Option, type Command } from "commander";
import { Fault } from "../../kernel/fault.ts";
import { PROFILES, RECORD_KINDS, STANDARDS, type Profile, type RecordKind, type Standard } from "../../normalize/contract.ts";
import { createNormalizer, documentLine, kindsOf, type Normalizer } from "../../normalize/index.ts";
import { finish, type CliCommand, type CliContext } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { recordLines, type RecordLine } from "../record-lines.ts";
import { clean, safeJson, safeJsonText } from "../terminal.ts";

interface NormalizeOptions {
  readonly json?: true;
  readonly as: Standard;
  readonly profile: Profile;
  readonly stream?: RecordKind;
  readonly console?: string;
}

/** Messages for lines beyond these are counted alone: a wrong file would print one for every line of it. */
const MAX_MESSAGES = 20;

export const normalizeCommand: CliCommand = {
  id: "normalize",
  register(program: Command, context: CliContext) {
    const command = program
      .command("normalize [file]")
      .description("Records of SentinelOne's (NDJSON, from a file or standard input) as documents of ECS or OCSF: one line for each line, in order")
      .addOption(new Option("--as <standard>", "the standard to write").choices(STANDARDS).makeOptionMandatory())
      .addOption(new Option("--stream <kind>", "what every record is; recognised by its fields when left out").choices(RECORD_KINDS))
      .addOption(new Option("--profile <profile>", "sekoia: the documents Sekoia's own intakes give (ECS)").choices(PROFILES).default("native"))
      .option("--console <address>", "the console the records come from, for links back to it, like https://usea1-011.sentinelone.net")
      .action(context.run((file: string | undefined, options: NormalizeOptions) => normalize(context, file, options)));
    finish(command, ["vedette normalize --as ecs alerts.ndjson > documents.ndjson", "zcat funnel.json.gz | vedette normalize --as ocsf --stream cloud-funnel"], "tell what went wrong as JSON on standard error");
  },
};

async function normalize(context: CliContext, file: string | undefined, options: NormalizeOptions): Promise<number> {
  const kinds = kindsOf(options.as, options.profile);
  if (kinds.length === 0) throw new Fault("CONFIG_INVALID", `There are no maps to ${options.as} in the profile ${options.profile}.`, { cure: "Leave --profile out, or choose the other standard." });
  if (options.stream !== undefined && !kinds.includes(options.stream)) {
    throw new Fault("CONFIG_INVALID", `There is no map of ${options.stream} to ${options.as} in the profile ${options.profile}.`, { cure: `There is one of ${kinds.join(", ")}.` });
  }
  const normalizer = createNormalizer({ standard: options.as, profile: options.profile, stream: options.stream, console: consoleOf(options.console) });
  const failed = await pump(context, await input(context, file), normalizer, options.json === true);
  if (context.out.closed) return EXIT_OK;
  report(context, normalizer, options.json === true);
  if (failed === 0) return EXIT_OK;
  throw new Fault("RECORD_INVALID", `${failed === 1 ? "1 line" : `${String(failed)} lines`} could not be normalised; each has its error in its place.`, {
    details: { lines: failed },
    cure: 'Lines with an error: `grep -n \'^{"error":{"line":\'` on what was written.',
  });
}

/** Lines that failed. */
async function pump(context: CliContext, chunks: AsyncIterable<Uint8Array | string>, normalizer: Normalizer, json: boolean): Promise<number> {
  const { out, ports } = context;
  let failed = 0;
  for await (const lines of recordLines(chunks)) {
    let written = "";
    for (const line of lines) {
      const answer = answerTo(line, normalizer);
      written += answer.text;
      written += "\n";
      if (answer.reason !== null) {
        failed += 1;
        if (failed <= MAX_MESSAGES) out.note(json ? safeJson({ line: line.number, reason: answer.reason }) : clean(`line ${String(line.number)}: ${answer.reason}`));
        if (failed === MAX_MESSAGES) out.note(json ? safeJson({ note: "further lines are not told of" }) : "(further lines are counted, not told of)");
      }
    }
    // Nobody reads on (`| head`): a quiet end.
    if (out.closed) break;
    await out.write(ports.io.isTTY ? written.split("\n").map(safeJsonText).join("\n") : written);
    if (out.closed) break;
  }
  return failed;
}

function answerTo(line: RecordLine, normalizer: Normalizer): { readonly text: string; readonly reason: string | null } {
  const reason = (why: string) => ({ text: JSON.stringify({ error: { line: line.number, reason: why } }), reason: why });
  if (line.text === null) return reason(line.reason);
  const normalized = normalizer.text(line.text);
  if (normalized.document === null) return reason(normalized.reason);
  const text = documentLine(normalized.document);
  return text === null ? reason("nested too deeply to be written") : { text, reason: null };
}

/** What the maps had never seen, so that a new kind of alert or status does not stay unnoticed. */
function report({ out }: CliContext, normalizer: Normalizer, json: boolean): void {
  const unseen = normalizer.unseen.list();
  if (unseen.length === 0) return;
  if (json) return out.note(safeJson({ unseen }));
  out.note("values never seen before, kept as they came:");
  for (const { field, count, examples } of unseen) out.note(clean(`  ${field}: ${String(count)} (${examples.join(", ")})`));
}

async function input({ ports, out }: CliContext, file: string | undefined): Promise<AsyncIterable<Uint8Array | string>> {
  if (file === undefined || file === "-") {
    if (ports.io.stdinIsTTY) out.note("Reading records from standard input, one per line; Ctrl-D ends.");
    return ports.io.stdin as AsyncIterable<Uint8Array | string>;
  }
  const unreadable = (cause: unknown): Fault => new Fault("CONFIG_INVALID", `${file} cannot be read.`, { cause, cure: "Give a file of NDJSON that is there, or - for standard input." });
  try {
    if ((await stat(file)).isDirectory()) throw unreadable(undefined);
  } catch (error) {
    throw error instanceof Fault ? error : unreadable(error);
  }
  return fileChunks(file, unreadable);
}

async function* fileChunks(file: string, unreadable: (cause: unknown) => Fault): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw unreadable(error);
  }
}

/** An address without what follows its host, so that links can be made of it. */
function consoleOf(address: string | undefined): string | null {
  if (address === undefined) return null;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "") throw new Fault("CONFIG_INVALID", "--console is not a console's address.", { cure: "Give one like https://usea1-011.sentinelone.net." });
  return url.origin;
}
