/** `posture coverage`: a list somebody keeps against the agents there are, both ways. The list goes to the hub as it is; gaps come back as they are found. */
import type { CoverageGap, CoverageSummary } from "../kernel/posture-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { count, plural } from "./format.ts";
import { readGiven } from "./given-file.ts";
import { ndjson } from "./lines.ts";
import type { ApiClient } from "./ports.ts";
import { safeJson, type Terminal } from "./terminal.ts";

const PATH = "/api/v1/posture/coverage";
const LARGEST_FILE = 48 * 1024 * 1024;
/** Of each side on a screen; the rest is counted. */
const SHOWN = 100;

export interface CoverageOptions extends JsonOption {
  readonly csv?: true;
}

type Line = CoverageGap | { readonly summary: CoverageSummary };

/** Exit code 0 where both are the same devices. */
export async function coverage(context: CliContext, api: ApiClient, file: string, options: CoverageOptions): Promise<number> {
  if (options.json === true && options.csv === true) throw new Fault("CONFIG_INVALID", "--json and --csv exclude each other.", { cure: "Choose one." });
  const csv = await readGiven(context.ports.io, file, { most: LARGEST_FILE, of: "devices" });
  const { out } = context;
  if (options.csv === true) return printCsv(out, api.stream("POST", PATH, { body: { csv, format: "csv" } }));
  const lines = ndjson(api.stream("POST", PATH, { body: { csv } })) as AsyncIterable<Line>;
  return options.json === true ? printJson(out, lines) : printTables(out, lines);
}

/** The heading is there without a gap too. */
async function printCsv(out: Terminal, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let lineEnds = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    lineEnds += text.split("\r\n").length - 1;
    await out.write(text);
    if (out.closed) break;
  }
  return lineEnds > 1 ? EXIT_NO : EXIT_OK;
}

async function printJson(out: Terminal, lines: AsyncIterable<Line>): Promise<number> {
  let written = 0;
  let summary: CoverageSummary | null = null;
  await out.write('{"gaps":[');
  for await (const line of lines) {
    if (out.closed) break;
    if ("summary" in line) {
      summary = line.summary;
      continue;
    }
    await out.write(`${written === 0 ? "\n" : ",\n"}${safeJson(line)}`);
    written += 1;
  }
  await out.write(`],\n"summary":${safeJson(summary)}}\n`);
  return codeOf(summary);
}

async function printTables(out: Terminal, lines: AsyncIterable<Line>): Promise<number> {
  const missing: CoverageGap[] = [];
  const unlisted: CoverageGap[] = [];
  let summary: CoverageSummary | null = null;
  for await (const line of lines) {
    if ("summary" in line) summary = line.summary;
    else if (line.gap === "no-agent") keep(missing, line);
    else keep(unlisted, line);
  }
  if (summary === null) throw new Fault("HUB_UNREACHABLE", "The hub's answer broke off.", { cure: "Run the command again." });
  const { listed, covered, ambiguous, noAgent, agents, notListed } = summary;
  out.line(`Of ${plural(listed, "listed device")} ${count(covered)} ${covered === 1 ? "has" : "have"} an agent${ambiguous === 0 ? "" : ` (${count(ambiguous)} have several)`}, ${count(noAgent)} ${noAgent === 1 ? "has" : "have"} none. Of ${plural(agents, "agent")} ${count(notListed)} ${notListed === 1 ? "is" : "are"} not in the list.`);
  if (missing.length > 0) {
    out.line();
    out.table(["ROW", "WITHOUT AN AGENT", "SERIAL", "HOSTNAME", "MAC", "E-MAIL"], missing.map((gap) => [String(gap.row ?? "-"), gap.why ?? "-", gap.serial ?? "-", gap.hostname ?? gap.agentId ?? "-", gap.mac ?? "-", gap.email ?? "-"]));
    rest(out, noAgent);
  }
  if (unlisted.length > 0) {
    out.line();
    out.table(["NOT IN THE LIST", "SERIAL", "AGENT", "SITE", "USER", "LAST ACTIVE"], unlisted.map((gap) => [gap.hostname ?? "-", gap.serial ?? "-", gap.agentId ?? "-", gap.siteName ?? "-", gap.userName ?? gap.email ?? "-", gap.lastActive ?? "-"]));
    rest(out, notListed);
  }
  return codeOf(summary);
}

function keep(gaps: CoverageGap[], gap: CoverageGap): void {
  if (gaps.length < SHOWN) gaps.push(gap);
}

function rest(out: Terminal, all: number): void {
  if (all > SHOWN) out.note(`The first ${String(SHOWN)} of ${count(all)}; --csv and --json give all.`);
}

function codeOf(summary: CoverageSummary | null): number {
  return summary?.noAgent === 0 && summary.notListed === 0 ? EXIT_OK : EXIT_NO;
}
