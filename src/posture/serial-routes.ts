/** HTTP routes of serial numbers that several agents have, that are missing or say nothing, and of what people decided about them. */
import Type from "typebox";
import { Ok } from "../kernel/api.ts";
import { isoTime } from "../kernel/clock.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { DuplicateSerialView, SerialDecisionDraft, SerialDecisionName, SerialDecisionView, UnnumberedDeviceView } from "../kernel/posture-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import type { PostureRouteDeps } from "./routes.ts";
import { decideSerial, forgetSerialDecision, type DeviceName, type SerialDecision, type SerialDecisionDraft as Draft } from "./serial-decisions.ts";
import { duplicateSerials, unnumberedDevices, type ReportedDevice } from "./serial-report.ts";

const BASE = "/api/v1/posture/serials";
const Page = Type.Object({ after: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) });
const Next = Type.Union([Type.String(), Type.Null()]);
const DEFAULT_PAGE = 100;

export function serialRoutes({ store, clock, findTenant }: PostureRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/duplicates`,
      summary: "Serial numbers that several agents have, and whom an asker is given",
      permission: "posture.read",
      audit: unaudited("reads only"),
      query: Page,
      answer: Type.Object({ items: Type.Array(DuplicateSerialView), next: Next }),
      async handle({ query: { after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const items = await duplicateSerials(store.read, store.kind, scope, clock.now(), { limit, ...(after === undefined ? {} : { after }) });
        return {
          items: items.map((item) => ({ ...item, devices: item.devices.map(plain), decisions: item.decisions.map(decisionView) })),
          next: items.length < limit ? null : (items.at(-1)?.serialKey ?? null),
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/unnumbered`,
      summary: "Agents without a serial number, or with one that says nothing",
      permission: "posture.read",
      audit: unaudited("reads only"),
      query: Page,
      answer: Type.Object({ items: Type.Array(UnnumberedDeviceView), next: Next }),
      async handle({ query: { after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const items = await unnumberedDevices(store.read, store.kind, scope, { limit, ...(after === undefined ? {} : { after: placeOf(after) }) });
        const last = items.at(-1);
        return {
          items: items.map((item) => ({ ...item, decision: item.decision === null ? null : decisionView(item.decision) })),
          next: last === undefined || items.length < limit ? null : `${last.connection}/${last.agentId}`,
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/decisions`,
      summary: "Say which of several agents is meant, or that it is known and accepted",
      permission: "posture.write",
      audit: audited("serial-decision.made"),
      body: SerialDecisionDraft,
      answer: SerialDecisionView,
      handle: ({ body }, { scope, actor, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const tenant = body.tenant === undefined ? undefined : await findTenant(tx.db, scope, body.tenant);
          const decision = await decideSerial(tx, scope, draftOf({ ...body, tenant }), actor.id, clock.now());
          await record(tx, { subject: subjectOf(decision), tenant: decision.tenant, details: { decision: decision.decision } });
          return decisionView(decision);
        }),
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/decisions`,
      summary: "Take a decision about a serial number or a device back",
      permission: "posture.write",
      audit: audited("serial-decision.forgotten"),
      body: SerialDecisionName,
      answer: Ok,
      handle: ({ body }, { scope, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const tenant = await findTenant(tx.db, scope, body.tenant);
          const about = body.serial === undefined ? (body.device === undefined ? null : { device: nameOf(body.device) }) : { serial: body.serial };
          if (about === null || (body.serial !== undefined && body.device !== undefined)) throw new Fault("CONFIG_INVALID", "Give either `serial` or `device`.");
          if (!(await forgetSerialDecision(tx, scope, tenant, about))) throw new Fault("NOT_FOUND", "There is no such decision.", { cure: "The reports of duplicates and of devices without a number show what there is." });
          await record(tx, { subject: body.serial ?? `${body.device?.connection ?? ""}/${body.device?.agentId ?? ""}`, tenant });
          return { ok: true as const };
        }),
    }),
  ];
}

interface Given {
  readonly decision: "prefer" | "accepted";
  readonly serial?: string;
  readonly device?: { readonly connection: string; readonly agentId: string };
  readonly tenant: TenantId | undefined;
  readonly reason: string;
}

function draftOf({ decision, serial, device, tenant, reason }: Given): Draft {
  if (decision === "prefer") {
    if (serial === undefined || device === undefined) throw new Fault("CONFIG_INVALID", "`prefer` needs `serial` and `device`: which of the agents with that number is meant.");
    return { decision, serial, device: nameOf(device), reason };
  }
  if (serial === undefined && device !== undefined) return { decision, device: nameOf(device), reason };
  if (serial === undefined || device !== undefined || tenant === undefined) throw new Fault("CONFIG_INVALID", "`accepted` needs either `serial` and `tenant`, or `device`.");
  return { decision, serial, tenant, reason };
}

function nameOf({ connection, agentId }: { readonly connection: string; readonly agentId: string }): DeviceName {
  return { connection: connection as ConnectionId, agentId };
}

function placeOf(after: string): { readonly connection: string; readonly agentId: string } {
  const cut = after.indexOf("/");
  if (cut < 1) throw wrongPlace();
  return { connection: after.slice(0, cut), agentId: after.slice(cut + 1) };
}

function subjectOf(decision: SerialDecision): string {
  return decision.serialKey ?? `${decision.device?.connection ?? ""}/${decision.device?.agentId ?? ""}`;
}

function decisionView({ serialKey, decidedAt, device, ...rest }: SerialDecision) {
  return { ...rest, serial: serialKey, device: device === null ? null : { ...device }, decidedAt: isoTime(decidedAt) };
}

function plain(device: ReportedDevice) {
  return { ...device };
}
