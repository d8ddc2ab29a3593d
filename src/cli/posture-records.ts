/** `posture results` and `posture exceptions`: what changed, and which devices are let off a rule until when. */
import type { Static } from "typebox";
import type { PostureExceptionView, PostureResultView } from "../kernel/posture-api.ts";
import { readDuration } from "../kernel/durations.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, time } from "./format.ts";
import { findConnection, gather, listItems, printArray, segment } from "./lists.ts";
import { askDevice } from "./posture-check.ts";
import { past } from "./past.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

type Result = Static<typeof PostureResultView>;
type Exception = Static<typeof PostureExceptionView>;
const RESULTS = "/api/v1/posture/results";
const EXCEPTIONS = "/api/v1/posture/exceptions";
const TABLE_ROWS = 200;

export interface ResultOptions extends JsonOption {
  readonly csv?: true;
  readonly since?: string;
  readonly until?: string;
  readonly serial?: string;
  readonly email?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly connection?: string;
  readonly limit?: number;
}

export async function results(context: CliContext, api: ApiClient, options: ResultOptions): Promise<number> {
  if (options.json === true && options.csv === true) throw new Fault("CONFIG_INVALID", "--json and --csv exclude each other.", { cure: "Choose one." });
  const query = {
    serial: options.serial,
    email: options.email,
    outcome: options.outcome,
    since: past(options.since),
    until: past(options.until),
    rule: options.rule === undefined ? undefined : (await api.request<{ readonly id: string }>("GET", `/api/v1/posture/rules/${segment(options.rule)}`)).id,
    connection: options.connection === undefined ? undefined : (await findConnection(api, options.connection)).id,
  };
  if (options.csv === true) {
    if (options.limit !== undefined) throw new Fault("CONFIG_INVALID", "--csv is the whole log; --limit does not go with it.", { cure: "Narrow it by --since and --until." });
    const decoder = new TextDecoder();
    for await (const chunk of api.stream("GET", `${RESULTS}/export`, { query: { ...query, format: "csv" } })) {
      await context.out.write(decoder.decode(chunk, { stream: true }));
      if (context.out.closed) break;
    }
    return EXIT_OK;
  }
  if (options.json === true) return printArray(context.out, listItems<Result>(api, RESULTS, query, options.limit)).then(() => EXIT_OK);
  const most = options.limit ?? TABLE_ROWS;
  const rows = await gather(listItems<Result>(api, RESULTS, { ...query, limit: Math.min(most, 1000) }, most));
  if (rows.length === 0) context.out.note("No verdict has changed.");
  context.out.table(
    ["AT", "DEVICE", "SERIAL", "USER", "RULE", "FROM", "TO", "WHY", "RECEIVED"],
    rows.map((row) => [time(row.timestamp), row.deviceName ?? row.deviceId, row.deviceSerialNumber ?? "-", row.email ?? row.userUid ?? "-", row.shadow ? `${row.postureCheckName} (shadow)` : row.postureCheckName, row.previous ?? "-", row.outcome, row.reason, receivedOf(row)]),
  );
  if (rows.length === most) context.out.note(`The newest ${count(most)}; --limit shows more, --json and --csv all.`);
  return EXIT_OK;
}

/** What was not met, as short as it goes. */
function receivedOf(row: Result): string {
  const unmet = row.postureReceived.flatMap((entry) => {
    const { input, value, met } = (typeof entry === "object" && entry !== null ? entry : {}) as { readonly input?: unknown; readonly value?: unknown; readonly met?: unknown };
    return met === true ? [] : [`${String(input)} ${JSON.stringify(value)}`];
  });
  return unmet.length === 0 ? "-" : unmet.join(", ");
}

export async function listExceptions(context: CliContext, api: ApiClient, options: JsonOption & { ended?: true }): Promise<number> {
  const items = listItems<Exception>(api, EXCEPTIONS, { ended: options.ended });
  if (options.json === true) return printArray(context.out, items).then(() => EXIT_OK);
  const all = await gather(items);
  if (all.length === 0) context.out.note("No exceptions.");
  context.out.table(["ID", "AGENT", "CONNECTION", "RULE", "OWNER", "REASON", "UNTIL", "ENDED"], all.map((one) => [one.id, one.agentId, one.connection, one.rule ?? "every rule", one.owner, one.reason, time(one.endsAt), one.endedAt === null ? "-" : `${time(one.endedAt)} by ${one.endedBy ?? "?"}`]));
  return EXIT_OK;
}

export interface ExceptOptions extends JsonOption {
  readonly serial?: string;
  readonly agent?: string;
  readonly rule?: string;
  readonly owner: string;
  readonly reason: string;
  readonly for?: string;
  readonly until?: string;
}

export async function addException(context: CliContext, api: ApiClient, options: ExceptOptions): Promise<number> {
  if ((options.for === undefined) === (options.until === undefined)) throw new Fault("CONFIG_INVALID", "An exception ends: say when, by --for or --until, one of them.");
  const forMs = options.for === undefined ? null : readDuration(options.for);
  if (options.for !== undefined && forMs === null) throw new Fault("CONFIG_INVALID", "--for takes a whole number of minutes or hours, like 30m or 8h.");
  const { match, device } = await askDevice(api, { ...(options.serial === undefined ? {} : { serial: options.serial }), ...(options.agent === undefined ? {} : { agent: options.agent }) });
  if (device === null) throw new Fault(match.kind === "ambiguous" ? "CONFIG_INVALID" : "NOT_FOUND", match.kind === "ambiguous" ? "Several agents answer to it." : "No agent answers to it.", { cure: "`vedette posture check` says what is known; --agent takes SentinelOne's agent id." });
  const endsAt = forMs === null ? options.until : new Date(Date.now() + forMs).toISOString();
  const added = await api.request<Exception>("POST", EXCEPTIONS, { body: { connection: device.connection, agentId: device.agentId, ...(options.rule === undefined ? {} : { rule: options.rule }), owner: options.owner, reason: options.reason, endsAt } });
  if (options.json === true) context.out.json(added);
  else context.out.line(clean(`${added.id}: ${device.hostname ?? device.agentId} is let off ${options.rule ?? "every rule"} until ${time(added.endsAt)}`));
  return EXIT_OK;
}

export async function endException(context: CliContext, api: ApiClient, id: string, options: JsonOption): Promise<number> {
  const ended = await api.request<Exception>("POST", `${EXCEPTIONS}/${segment(id)}/end`);
  if (options.json === true) context.out.json(ended);
  else context.out.line(clean(`${ended.id}: ended ${time(ended.endedAt)}`));
  return EXIT_OK;
}
