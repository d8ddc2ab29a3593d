/** `access diff` and `access changes`: who gained or lost what between two moments, and who did it as far as the console's log says. */
import type { AccessChangeActor, AccessChangeView, AccessDiffLine, AccessDiffRange } from "../kernel/access-risk-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { count, time } from "./format.ts";
import { ndjson } from "./lines.ts";
import { gather, listItems, printArray } from "./lists.ts";
import { past } from "./past.ts";
import type { ApiClient } from "./ports.ts";
import { clean, safeJson, type Terminal } from "./terminal.ts";

const DIFF = "/api/v1/access/diff";
const CHANGES = "/api/v1/access/changes";
const TABLE_ROWS = 100;

export interface DiffOptions extends JsonOption {
  readonly from?: string;
  readonly to?: string;
  readonly connection?: string;
  readonly tenant?: string;
  readonly exitCode?: true;
}

/** With --exit-code: 1 where anything changed, as for every question that is answered "no". */
export async function diff(context: CliContext, api: ApiClient, options: DiffOptions): Promise<number> {
  const lines = linesOf(api, { from: past(options.from), to: past(options.to), connection: options.connection, tenant: options.tenant });
  const changes = options.json === true ? await printJson(context.out, lines) : await printText(context.out, lines);
  return options.exitCode === true && changes > 0 ? EXIT_NO : EXIT_OK;
}

async function* linesOf(api: ApiClient, query: Readonly<Record<string, string | undefined>>): AsyncGenerator<AccessDiffLine> {
  let begun = false;
  for await (const line of ndjson(api.stream("GET", DIFF, { query }))) {
    begun = true;
    yield line as AccessDiffLine;
  }
  if (!begun) throw new Fault("HUB_UNREACHABLE", "The hub's answer broke off.", { cure: "Run the command again." });
}

/** `{"ranges":[…],"changes":[…]}`, written change by change. */
async function printJson(out: Terminal, lines: AsyncIterable<AccessDiffLine>): Promise<number> {
  let changes = 0;
  for await (const line of lines) {
    if ("ranges" in line) await out.write(`{"ranges":${safeJson(line.ranges)},"changes":[`);
    else {
      await out.write(`${changes === 0 ? "\n" : ",\n"}${safeJson(line.change)}`);
      changes += 1;
    }
    if (out.closed) break;
  }
  await out.write("]}\n");
  return changes;
}

async function printText(out: Terminal, lines: AsyncIterable<AccessDiffLine>): Promise<number> {
  let changes = 0;
  let heading = "";
  let compared = false;
  for await (const line of lines) {
    if ("ranges" in line) {
      for (const range of line.ranges) out.note(rangeText(range));
      compared = line.ranges.some(({ from, to }) => from !== null && to !== null);
      continue;
    }
    const head = headingOf(line.change);
    if (head !== heading) await out.write(`${changes === 0 ? "" : "\n"}${out.paint(clean(head), "bold")}\n`);
    heading = head;
    await out.write(`${lineText(out, line.change)}\n`);
    changes += 1;
    if (out.closed) break;
  }
  if (!compared) out.note("There is nothing to compare yet.");
  else out.note(changes === 0 ? "Nothing changed." : `${count(changes)} change${changes === 1 ? "" : "s"}.`);
  return changes;
}

function rangeText({ connection, name, from, to, note }: AccessDiffRange): string {
  const range = from === null || to === null ? [] : [`from ${time(from)} to ${time(to)}`];
  return clean(`${name ?? connection}: ${[...range, ...(note === null ? [] : [note])].join(". ")}`);
}

/** What the changes below it are about; those of one subject follow each other. */
function headingOf({ subject, principal, labels, role, scope }: AccessChangeView): string {
  if (subject === "role") return `role ${labels.role ?? role ?? "?"}`;
  if (subject === "scope") return `${scope?.kind ?? "scope"} ${labels.scope ?? scope?.id ?? "?"}`;
  return `${principal?.kind ?? "user"} ${labels.principal ?? principal?.id ?? "?"}`;
}

const SIGNS = { added: ["+", "green"], removed: ["-", "red"], changed: ["~", "yellow"] } as const;

function lineText(out: Terminal, change: AccessChangeView): string {
  const [sign, colour] = SIGNS[change.change];
  const seen = change.absentAt === null ? `seen ${time(change.seenAt)}` : `between ${time(change.absentAt)} and ${time(change.seenAt)}`;
  return `  ${out.paint(sign, colour)} ${clean(whatText(change))}  ${out.paint(clean(`${seen}, ${actorText(change.by)}`), "dim")}`;
}

function whatText({ subject, change, labels, role, scope, field, before, after }: AccessChangeView): string {
  if (subject === "binding") return `${labels.role ?? role ?? "?"} on ${scope?.kind === "global" ? "everything" : `${scope?.kind ?? "scope"} ${labels.scope ?? scope?.id ?? "?"}`}`;
  if (change !== "changed") return change === "added" ? "is new" : "is gone";
  return `${field ?? "?"}: ${valueText(before)} -> ${valueText(after)}`;
}

const LONGEST_VALUE = 200;

function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : value === null || value === undefined ? "-" : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function actorText(by: AccessChangeActor): string {
  if (by.kind === "user") return `by ${by.email ?? by.name ?? by.id ?? "?"} (confidence: ${by.confidence ?? "low"}, ${by.because})`;
  if (by.kind === "system") return `by the console itself (confidence: ${by.confidence ?? "low"})`;
  if (by.kind === "several") return `by one of ${by.candidates.join(", ")}`;
  return `by whom is not known: ${by.because}`;
}

export interface ChangesOptions extends JsonOption {
  readonly since?: string;
  readonly until?: string;
  readonly connection?: string;
  readonly tenant?: string;
  readonly principal?: string;
  readonly limit?: number;
}

export async function changes(context: CliContext, api: ApiClient, options: ChangesOptions): Promise<number> {
  const query = { since: past(options.since), until: past(options.until), connection: options.connection, tenant: options.tenant, principal: options.principal };
  const { out } = context;
  if (options.json === true) return printArray(out, listItems<AccessChangeView>(api, CHANGES, { ...query, limit: Math.min(options.limit ?? 1000, 1000) }, options.limit)).then(() => EXIT_OK);
  const most = options.limit ?? TABLE_ROWS;
  const rows = await gather(listItems<AccessChangeView>(api, CHANGES, { ...query, limit: Math.min(most, 1000) }, most));
  out.table(["SEEN", "WHO OR WHAT", "CHANGE", "", "BY"], rows.map((one) => [time(one.seenAt), headingOf(one), one.change, whatText(one), actorText(one.by)]));
  if (rows.length === 0) out.note("Nothing changed since the first reading.");
  if (rows.length === most) out.note(`The newest ${count(most)}; --limit shows more, --json all.`);
  return EXIT_OK;
}
