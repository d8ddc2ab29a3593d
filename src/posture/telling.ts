/**
 * Tells changes of verdicts: a line in the log for each, and one queued fact for each that concerns anybody outside, both in the transaction that
 * made it true. Rules in shadow are logged and not sent: whoever acts on what is sent would enforce them. A first verdict is not sent either.
 */
import { isoTime } from "../kernel/clock.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import { newId } from "../kernel/ids.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { exceptionsOn, type ExceptionsByDevice } from "./exceptions.ts";
import type { Flip } from "./judge.ts";
import type { DeviceFacts, LeafResult, LeafValue, Received } from "./model.ts";

export const VERDICT_CHANGED = "posture.verdict-changed";

const RESULTS: BulkUpsert = {
  table: "posture_results",
  columns: [
    ...["id"].map((name) => ({ name, type: "text" as const })),
    { name: "at", type: "integer" },
    ...["connection_id", "device_id", "tenant_id", "rule_id"].map((name) => ({ name, type: "text" as const })),
    { name: "rule_version", type: "integer" },
    { name: "rule_name", type: "text" },
    { name: "shadow", type: "integer" },
    ...["device_name", "device_serial", "device_manufacturer", "device_model", "device_type", "os_version", "client_version", "email", "user_uid", "previous", "outcome", "reason", "expected", "received"].map((name) => ({ name, type: "text" as const })),
    { name: "evidence_at", type: "integer" },
  ],
  key: ["id"],
  update: [],
};

export async function tell(tx: Tx, queueFact: QueueFact<Tx>, flips: readonly Flip[], now: number): Promise<void> {
  if (flips.length === 0) return;
  const exceptions = await exceptionsOn(tx.db, tx.kind, distinctDevices(flips), now);
  const rows: (string | number | null)[][] = [];
  const facts: Fact[] = [];
  for (const flip of flips) {
    const id = newId("result", now);
    rows.push(resultRow(flip, id, now));
    if (flip.previous !== null && !flip.rule.shadow) facts.push(factOf(flip, id, exceptions, now));
  }
  await tx.bulkUpsert(RESULTS, rows);
  if (facts.length > 0) await queueFact(tx, ...facts);
}

function distinctDevices(flips: readonly Flip[]): readonly { readonly connection_id: string; readonly id: string }[] {
  return [...new Map(flips.map(({ device }) => [`${device.connection} ${device.id}`, { connection_id: device.connection, id: device.id }])).values()];
}

function resultRow(flip: Flip, id: string, now: number): (string | number | null)[] {
  const { rule, device, previous, outcome, reason, evidenceAt } = flip;
  const conditions = shortened(flip.conditions);
  const { manufacturer, model } = makeOf(device);
  const expected = conditions.map(({ input, operator, negated, expected: value }) => ({ input, operator, ...(negated ? { negated } : {}), value }));
  const received = conditions.map(({ input, received: value, met }) => ({ input, value, met }));
  return [
    id, now, device.connection, device.id, device.tenant, rule.id, rule.version, rule.name, rule.shadow ? 1 : 0, device.hostname, device.serial, manufacturer, model, device.platform,
    device.osVersion ?? device.osName, device.agentVersion, device.emails[0] ?? null, device.userName, previous, outcome, reason, JSON.stringify(expected), JSON.stringify(received), evidenceAt,
  ];
}

/** SentinelOne writes `Maker - Model` in one field. */
function makeOf({ model }: DeviceFacts): { readonly manufacturer: string | null; readonly model: string | null } {
  const cut = model?.indexOf(" - ") ?? -1;
  return model === null || cut <= 0 ? { manufacturer: null, model } : { manufacturer: model.slice(0, cut), model: model.slice(cut + 3) };
}

function factOf(flip: Flip, id: string, exceptions: ExceptionsByDevice, now: number): Fact {
  const { rule, device, previous, outcome, reason, evidenceAt } = flip;
  const exception = exceptions(device.connection, device.id, rule.id);
  const conditions = shortened(flip.conditions);
  return {
    tenant: device.tenant,
    kind: VERDICT_CHANGED,
    key: `${device.connection}/${device.id}/${rule.id}`,
    version: id,
    orderKey: `${device.connection}/${device.id}`,
    body: {
      id,
      at: isoTime(now),
      device: {
        connection: device.connection,
        agentId: device.id,
        serial: device.serial,
        hostname: device.hostname,
        platform: device.platform,
        emails: device.emails,
        userName: device.userName,
        siteId: device.siteId,
        siteName: device.siteName,
        lastActive: device.lastActive,
      },
      rule: { id: rule.id, name: rule.name, version: rule.version, warnOnly: rule.warnOnly },
      previous,
      outcome,
      reason,
      enforced: exception === null,
      exception: exception === null ? null : { id: exception.id, owner: exception.owner, endsAt: isoTime(exception.endsAt) },
      message: outcome === "fail" ? (conditions.find((condition) => condition.message !== null)?.message ?? null) : null,
      conditions,
      evidenceAt: evidenceAt === null ? null : isoTime(evidenceAt),
    },
  };
}

const MOST_CONDITIONS = 50;
const MOST_ENTRIES = 20;

/** What decided first, and no list longer than people read: a rule may hold thousands of names, and a fact has its limit. */
function shortened(conditions: readonly LeafResult[]): readonly LeafResult[] {
  const chosen = conditions.length <= MOST_CONDITIONS ? conditions : [...conditions.filter(({ met }) => met !== true), ...conditions.filter(({ met }) => met === true)].slice(0, MOST_CONDITIONS);
  return chosen.map((condition) => ({ ...condition, expected: cut(condition.expected), received: cut(condition.received) }));
}

function cut<V extends LeafValue | Received>(value: V): V | readonly string[] {
  if (!Array.isArray(value) || value.length <= MOST_ENTRIES) return value;
  const list: readonly string[] = value;
  return [...list.slice(0, MOST_ENTRIES), `… ${String(list.length - MOST_ENTRIES)} more`];
}
