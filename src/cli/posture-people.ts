/** `posture serials` and `posture risk`: devices that cannot be told by their serial number, and people whose devices are in trouble; what was decided about them. */
import type { Static } from "typebox";
import type { DuplicateSerialView, SerialDecisionView, UnnumberedDeviceView, UserRiskView } from "../kernel/posture-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, time } from "./format.ts";
import { findConnection, findTenant, gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

type Duplicate = Static<typeof DuplicateSerialView>;
type Unnumbered = Static<typeof UnnumberedDeviceView>;
type Decision = Static<typeof SerialDecisionView>;
type Risk = Static<typeof UserRiskView>;
const SERIALS = "/api/v1/posture/serials";
const USERS = "/api/v1/posture/users";
const TABLE_ROWS = 200;

export async function duplicates(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  if (options.json === true) return printArray(context.out, listItems<Duplicate>(api, `${SERIALS}/duplicates`)).then(() => EXIT_OK);
  const rows = await gather(listItems<Duplicate>(api, `${SERIALS}/duplicates`, {}, TABLE_ROWS));
  if (rows.length === 0) context.out.note("Every serial number belongs to one agent.");
  context.out.table(
    ["SERIAL", "AGENTS", "WHO IS MEANT", "NEWEST", "LAST ACTIVE", "AGENT", "CONNECTION"],
    rows.flatMap((row) =>
      row.devices.map((device, place) => [
        place === 0 ? row.serialKey : "",
        place === 0 ? count(row.count) : "",
        row.chosen?.agentId === device.agentId && row.chosen.connection === device.connection ? `this one (${row.outcome === "preferred" ? "decided" : "the others are stale or gone"})` : row.outcome === "ambiguous" ? (row.decisions.length === 0 ? "nobody" : "nobody (accepted)") : "",
        device.hostname ?? "-",
        time(device.lastActive),
        device.agentId,
        device.connection,
      ]),
    ),
  );
  if (rows.length === TABLE_ROWS) context.out.note(`The first ${count(TABLE_ROWS)} numbers; --json shows all.`);
  return EXIT_OK;
}

export async function unnumbered(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  if (options.json === true) return printArray(context.out, listItems<Unnumbered>(api, `${SERIALS}/unnumbered`)).then(() => EXIT_OK);
  const rows = await gather(listItems<Unnumbered>(api, `${SERIALS}/unnumbered`, {}, TABLE_ROWS));
  if (rows.length === 0) context.out.note("Every agent has a serial number of its own.");
  context.out.table(
    ["WHY", "SERIAL", "HOST", "SITE", "USER", "LAST ACTIVE", "AGENT", "CONNECTION", "DECIDED"],
    rows.map((row) => [row.why, row.serial ?? "-", row.hostname ?? "-", row.siteName ?? "-", row.userName ?? "-", time(row.lastActive), row.agentId, row.connection, row.decision === null ? "-" : row.decision.reason]),
  );
  if (rows.length === TABLE_ROWS) context.out.note(`The first ${count(TABLE_ROWS)} agents; --json shows all.`);
  return EXIT_OK;
}

export interface DecideOptions extends JsonOption {
  readonly connection?: string;
  readonly agent?: string;
  readonly tenant?: string;
}

async function deviceOf(api: ApiClient, options: DecideOptions): Promise<{ readonly connection: string; readonly agentId: string } | undefined> {
  const { connection, agent } = options;
  if ((connection === undefined) !== (agent === undefined)) throw new Fault("CONFIG_INVALID", "A device is named by --connection and --agent together.");
  return connection === undefined || agent === undefined ? undefined : { connection: (await findConnection(api, connection)).id, agentId: agent };
}

export async function prefer(context: CliContext, api: ApiClient, serial: string, options: DecideOptions & { reason: string }): Promise<number> {
  const device = await deviceOf(api, options);
  if (device === undefined) throw new Fault("CONFIG_INVALID", "Say which agent is meant: --connection and --agent.");
  return decide(context, api, { decision: "prefer", serial, device, reason: options.reason }, options);
}

export async function accept(context: CliContext, api: ApiClient, serial: string | undefined, options: DecideOptions & { reason: string }): Promise<number> {
  return decide(context, api, { decision: "accepted", ...(await subject(api, serial, options)), reason: options.reason }, options);
}

async function subject(api: ApiClient, serial: string | undefined, options: DecideOptions): Promise<object> {
  const device = await deviceOf(api, options);
  if ((serial === undefined) === (device === undefined)) throw new Fault("CONFIG_INVALID", "Give a serial number with --tenant, or an agent by --connection and --agent.");
  if (serial !== undefined && options.tenant === undefined) throw new Fault("CONFIG_INVALID", "Say whose serial number it is: --tenant.");
  return { ...(serial === undefined ? { device } : { serial }), ...(options.tenant === undefined ? {} : { tenant: (await findTenant(api, options.tenant)).id }) };
}

async function decide(context: CliContext, api: ApiClient, body: object, options: JsonOption): Promise<number> {
  const decision = await api.request<Decision>("POST", `${SERIALS}/decisions`, { body });
  if (options.json === true) context.out.json(decision);
  else context.out.line(clean(`${decision.serial ?? decision.device?.agentId ?? "it"}: ${decision.decision === "prefer" ? `${decision.device?.agentId ?? "?"} is meant` : "accepted as it is"}`));
  return EXIT_OK;
}

export async function forget(context: CliContext, api: ApiClient, serial: string | undefined, options: DecideOptions): Promise<number> {
  if (options.tenant === undefined) throw new Fault("CONFIG_INVALID", "Say whose decision it is: --tenant.");
  const answer = await api.request<unknown>("DELETE", `${SERIALS}/decisions`, { body: await subject(api, serial, options) });
  if (options.json === true) context.out.json(answer);
  else context.out.line("forgotten");
  return EXIT_OK;
}

export interface RiskOptions extends JsonOption {
  readonly level?: Risk["level"];
  readonly limit?: number;
}

export async function listRisk(context: CliContext, api: ApiClient, options: RiskOptions): Promise<number> {
  const query = { level: options.level };
  if (options.json === true) return printArray(context.out, listItems<Risk>(api, USERS, query, options.limit)).then(() => EXIT_OK);
  const most = options.limit ?? TABLE_ROWS;
  const rows = await gather(listItems<Risk>(api, USERS, query, most));
  if (rows.length === 0) context.out.note("Nobody is at risk by what is known.");
  context.out.table(["USER", "LEVEL", "SINCE", "REASONS", "HIGHEST REASON"], rows.map((row) => [row.user, row.level, time(row.since), count(row.reasons.length), row.reasons[0]?.detail ?? "-"]));
  if (rows.length === most) context.out.note(`The first ${count(most)}; --limit shows more, --json all.`);
  return EXIT_OK;
}

export async function showRisk(context: CliContext, api: ApiClient, user: string, options: JsonOption): Promise<number> {
  const items = listItems<Risk>(api, `${USERS}/${segment(user)}`);
  if (options.json === true) return printArray(context.out, items).then(() => EXIT_OK);
  for (const one of await gather(items)) {
    context.out.facts([["user", one.user], ["tenant", one.tenant], ["level", one.level], ["since", time(one.since)], ["reset", one.resetAt === null ? "-" : `${time(one.resetAt)} by ${one.resetBy ?? "?"}: ${one.resetReason ?? "-"}`]]);
    context.out.line();
    context.out.table(["LEVEL", "REASON", "FROM", "RAISED", "ENDED", "AGENT"], one.reasons.map((reason) => [reason.level, reason.detail, `${reason.stream} ${reason.id}`, time(reason.raisedAt), time(reason.endedAt), reason.agentId ?? "-"]));
  }
  return EXIT_OK;
}

export async function resetRisk(context: CliContext, api: ApiClient, user: string, options: JsonOption & { reason: string; tenant?: string }): Promise<number> {
  const tenant = options.tenant === undefined ? {} : { tenant: options.tenant };
  const risk = await api.request<Risk>("POST", `${USERS}/${segment(user)}/reset`, { body: { reason: options.reason, ...tenant } });
  if (options.json === true) context.out.json(risk);
  else context.out.line(clean(`${risk.user}: ${risk.level}; what is raised from now on counts`));
  return EXIT_OK;
}
