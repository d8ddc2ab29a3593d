/** `access risks`: what speaks against how people and machines may act at the consoles, gravest first, with evidence and the fix. */
import type { AccessFinding, AccessRiskSummary } from "../kernel/access-risk-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { count, day } from "./format.ts";
import { ndjson } from "./lines.ts";
import { printArray } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean, type Colour, type Terminal } from "./terminal.ts";

const RISKS = "/api/v1/access/risks";
const DEFAULT_SHOWN = 50;
const MOST_SHOWN = 1_000;

export interface RiskOptions extends JsonOption {
  readonly csv?: true;
  readonly risk?: readonly string[];
  readonly severity?: string;
  readonly connection?: string;
  readonly tenant?: string;
  readonly user?: string;
  readonly exceptions?: string;
  readonly limit?: number;
  readonly exitCode?: true;
}

export async function risks(context: CliContext, api: ApiClient, options: RiskOptions): Promise<number> {
  if (options.json === true && options.csv === true) throw new Fault("CONFIG_INVALID", "--json and --csv exclude each other.", { cure: "Choose one." });
  const query = { risk: options.risk?.join(","), severity: options.severity, connection: options.connection, tenant: options.tenant, principal: options.user, exceptions: options.exceptions };
  if (options.csv === true) return exported(context, api, query, options);
  if (options.json === true) {
    const written = await printArray(context.out, first(ndjson(api.stream("GET", `${RISKS}/export`, { query: { ...query, format: "ndjson" } })), options.limit));
    return options.exitCode === true && written > 0 ? EXIT_NO : EXIT_OK;
  }
  const { out } = context;
  const summary = await api.request<AccessRiskSummary>("GET", `${RISKS}/summary`, { query: { ...query, worst: Math.min(options.limit ?? DEFAULT_SHOWN, MOST_SHOWN) } });
  const found = summary.counts.reduce((sum, one) => sum + (options.exceptions === "only" ? one.excepted : one.findings + (options.exceptions === "shown" ? one.excepted : 0)), 0);
  if (summary.counts.length > 0) out.table(["SEVERITY", "RISK", "FINDINGS", "LET OFF", "WHAT"], summary.counts.map((one) => [one.severity, one.risk, count(one.findings), one.excepted === 0 ? "-" : count(one.excepted), one.title]));
  if (found === 0) out.line("Nothing is found.");
  for (const finding of summary.worst) showFinding(out, finding);
  if (summary.worst.length < found) out.note(`The gravest ${count(summary.worst.length)} of ${count(found)}; --risk and --severity narrow it, --limit shows more, --json and --csv all.`);
  for (const { note, name, connection, risk } of summary.notes) out.note(clean(`${name ?? connection ?? "all"}${risk === null ? "" : `, ${risk}`}: ${note}`));
  return options.exitCode === true && found > 0 ? EXIT_NO : EXIT_OK;
}

type Query = Readonly<Record<string, string | undefined>>;

async function exported({ out }: CliContext, api: ApiClient, query: Query, options: RiskOptions): Promise<number> {
  if (options.limit !== undefined) throw new Fault("CONFIG_INVALID", "--csv is the whole listing; --limit does not go with it.", { cure: "Narrow it by --risk and --severity." });
  const decoder = new TextDecoder();
  let lines = 0;
  for await (const chunk of api.stream("GET", `${RISKS}/export`, { query: { ...query, format: "csv" } })) {
    const text = decoder.decode(chunk, { stream: true });
    lines += text.split("\n").length - 1;
    await out.write(text);
    if (out.closed) break;
  }
  return options.exitCode === true && lines > 1 ? EXIT_NO : EXIT_OK;
}

async function* first(items: AsyncIterable<unknown>, most = Number.POSITIVE_INFINITY): AsyncGenerator<unknown> {
  let given = 0;
  for await (const item of items) {
    if (given >= most) return;
    yield item;
    given += 1;
  }
}

const COLOURS: Readonly<Record<AccessFinding["severity"], Colour>> = { critical: "red", high: "red", medium: "yellow", low: "dim" };

function showFinding(out: Terminal, finding: AccessFinding): void {
  const { severity, principal, role, scope, evidence, since, fix, exception, exceptionOver, confidence } = finding;
  const who = principal === null ? (typeof evidence["person"] === "string" ? evidence["person"] : null) : `${principal.email ?? principal.name ?? principal.id}${principal.kind === "service-user" ? " (service user)" : ""}`;
  const about = [who, role === null ? null : `role ${role.name ?? role.id}`, scope === null ? null : scope.kind === "global" ? "everything" : `${scope.kind} ${scope.name ?? scope.id}`].filter((part) => part !== null).join(", ");
  out.line(`\n${out.paint(severity, COLOURS[severity])}  ${clean(about)}: ${clean(finding.title)}${since === null ? "" : `, since ${day(since)}`}${confidence === "high" ? "" : ` (confidence: ${confidence})`}`);
  const told = Object.entries(evidence).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : String(value)}`);
  out.line(clean(`  because: ${told.join("; ")}`));
  if (exception !== null) out.line(clean(`  let off until ${day(exception.endsAt)} by ${exception.owner}: ${exception.reason} (${exception.id})`));
  if (exceptionOver !== null) out.line(clean(`  was let off until ${day(exceptionOver.endsAt)} by ${exceptionOver.owner}: ${exceptionOver.reason}; is no more`));
  out.line(clean(`  fix: ${fix}`));
  out.line(clean(`  id: ${finding.id}`));
}
