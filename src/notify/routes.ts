/** HTTP routes of notification rules. They decide what destinations are sent: whoever may change those may change these. */
import Type from "typebox";
import { Ok } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import { DestinationTest } from "../kernel/delivery-api.ts";
import type { Message } from "../kernel/message.ts";
import { NotificationDraft, NotificationEdit, NotificationPreview, NotificationRule } from "../kernel/notification-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store, Tx } from "../store/store.ts";
import { speakerOf, type ComposePorts } from "./compose.ts";
import { addRule, editRule, listRules, preview, removeRule, ruleRow, viewOf, type RulePorts } from "./rules.ts";
import { prefix } from "./words.ts";

export interface NotifyRouteDeps extends RulePorts, ComposePorts {
  readonly store: Store;
  readonly clock: Clock;
  /** Sends one message to the rule's destination now, past the queue. */
  readonly sendNow: (scope: TenantScope, destination: string, message: Message, signal: AbortSignal, record: RouteContext<Tx>["record"]) => Promise<DestinationTest>;
}

const BASE = "/api/v1/notifications";
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: "Id, or name where it is the only one." }) });
const Reading = "reads only";

export function notifyRoutes(deps: NotifyRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Notification rules: who is told what, when",
      permission: "destinations.read",
      audit: unaudited(Reading),
      answer: Type.Object({ items: Type.Array(NotificationRule), next: Type.Null({ description: "There is no further page." }) }),
      handle: async (_input, { scope }: RouteContext<Tx>) => ({ items: [...(await listRules(store.read, scope, deps))], next: null }),
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "Add a rule",
      permission: "destinations.write",
      audit: audited("notification.added"),
      body: NotificationDraft,
      answer: NotificationRule,
      async handle({ body }, { scope, record }: RouteContext<Tx>) {
        const row = await store.tx(async (tx) => {
          const added = await addRule(tx, scope, body, deps, clock.now());
          await record(tx, { subject: added.id, tenant: added.tenant_id, details: { name: added.name, destination: added.destination_id, tells: (body.tells ?? []).join(",") || "default" } });
          return added;
        });
        return viewOf(store.read, row, deps);
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One rule",
      permission: "destinations.read",
      audit: unaudited(Reading),
      params: ById,
      answer: NotificationRule,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => viewOf(store.read, await ruleRow(store.read, scope, params.id), deps),
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/:id`,
      summary: "Change a rule: what is left out stays",
      permission: "destinations.write",
      audit: audited("notification.changed"),
      params: ById,
      body: NotificationEdit,
      answer: NotificationRule,
      async handle({ params, body }, { scope, record }: RouteContext<Tx>) {
        const row = await store.tx(async (tx) => {
          const changed = await editRule(tx, scope, params.id, body, deps);
          await record(tx, { subject: changed.id, tenant: changed.tenant_id, details: { name: changed.name, changed: Object.keys(body).join(",") || "nothing" } });
          return changed;
        });
        return viewOf(store.read, row, deps);
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id`,
      summary: "Forget a rule and what waits to be told under it",
      permission: "destinations.write",
      audit: audited("notification.removed"),
      params: ById,
      answer: Ok,
      async handle({ params }, { scope, record }: RouteContext<Tx>) {
        await store.tx(async (tx) => {
          const row = await removeRule(tx, scope, params.id);
          await record(tx, { subject: row.id, tenant: row.tenant_id, details: { name: row.name } });
        });
        return { ok: true as const };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/preview`,
      summary: "What would be told if all that waits were due: nothing is sent",
      permission: "destinations.read",
      audit: unaudited(Reading),
      params: ById,
      answer: NotificationPreview,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => preview(store, await ruleRow(store.read, scope, params.id), deps),
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/:id/test`,
      summary: "Send a message that says it is a test to the rule's destination now",
      permission: "destinations.write",
      audit: audited("notification.tested"),
      params: ById,
      answer: DestinationTest,
      async handle({ params }, { scope, signal, record }: RouteContext<Tx>) {
        const row = await ruleRow(store.read, scope, params.id);
        const speaker = await speakerOf(store.read, row, row.tenant_id, deps);
        const message: Message = { title: `${prefix(speaker)}Test of the notification rule ${JSON.stringify(row.name)}`, lead: "This is a test. Nothing has happened.", sections: [], more: null, foot: null, thread: null };
        return deps.sendNow(scope, row.destination_id, message, signal, record);
      },
    }),
  ];
}
