/** Cases, rules and a destination that does what it is told, on one store and one clock that moves when asked: from an alert to the message that arrives. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { caseNotices, createCases } from "../cases/index.ts";
import { updateCase } from "../cases/update.ts";
import { CORE_MIGRATIONS } from "../compose/hub.ts";
import { standingOf, stillQueued } from "../delivery/health.ts";
import { createQueueFact, createQueueFor, deliveryId } from "../delivery/queue.ts";
import { openDeliveryBench, type DeliveryBench } from "../delivery/test-bench.ts";
import type { CaseUpdate } from "../kernel/case-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import type { Message } from "../kernel/message.ts";
import type { NotificationDraft } from "../kernel/notification-api.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { migrate } from "../store/migrate.ts";
import { openPostgres } from "../store/postgres.ts";
import { openSqlite } from "../store/sqlite.ts";
import type { Database } from "../store/store.ts";
import type { ComposePorts } from "./compose.ts";
import { heardBy } from "./index.ts";
import type { Observed } from "./watch.ts";
import { asThingsStand, Notifier } from "./notifier.ts";
import { addRule, type RulePorts } from "./rules.ts";
import type { RuleRow } from "./tables.ts";

export const TEN = "ten_mine" as TenantId;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const CON = "con_1" as ConnectionId;

export interface AlertParts {
  readonly name?: string;
  readonly device?: string;
  readonly severity?: string;
  readonly status?: string;
  /** Ms before now. */
  readonly ago?: number;
  readonly firstRead?: boolean;
  readonly tenant?: TenantId;
}

export interface NotifyBench extends DeliveryBench {
  readonly ports: ComposePorts & RulePorts;
  readonly destination: string;
  /** How connections and destinations stand. */
  observed(now: Observed | Error): void;
  rule(draft?: Partial<NotificationDraft>): Promise<RuleRow>;
  alert(id: string, parts?: AlertParts): Promise<void>;
  alerts(...all: readonly (readonly [id: string, parts?: AlertParts])[]): Promise<void>;
  update(alert: string, update: CaseUpdate): Promise<void>;
  caseOf(alert: string): Promise<string>;
  /** Time passes; what is due is told and sent, as often as it takes. */
  pass(ms: number): Promise<void>;
  settle(): Promise<void>;
  /** Titles of what has arrived since the last question. */
  arrived(): readonly string[];
  messages(): readonly Message[];
  wipe(): Promise<void>;
}

export async function notifyBench(postgres?: PostgresServer): Promise<NotifyBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-notify-"));
  const store = postgres === undefined ? await openSqlite({ folder: join(folder, "data") }) : await openPostgres({ url: await postgres.database() });
  const delivery = await openDeliveryBench(store);
  await migrate(store, CORE_MIGRATIONS, 0);
  const { clock } = delivery;
  const origin = async () => ({ connection: CON, console: "https://usea1-011.sentinelone.net", lookBackMs: 0 });
  const told = heardBy(createQueueFact(clock), () => clock.now());
  const cases = createCases({ queueFact: told, origin, routes: [] });
  const ports: ComposePorts & RulePorts = {
    cases: (db: Database, ids) => caseNotices(db, ids, { kind: store.kind, origin }),
    standing: standingOf,
    waiting: (db, ids) => stillQueued(db, store.kind, ids),
    queueFor: createQueueFor(clock),
    deliveryId,
    tenantName: async () => null,
    tenantFor: async (_db, _scope, reference) => (reference ?? TEN) as TenantId,
    findTenant: async (_db, _scope, reference) => reference as TenantId,
    findDestination: (scope, reference) => delivery.registry.get(scope, reference),
    destinationName: async (db, id) => (await standingOf(db, id))?.name ?? null,
  };
  const around: { observed: Observed | Error } = { observed: { connections: [], destinations: [] } };
  const notifier = new Notifier({ ...ports, store, clock, log: silentLog, holder: "one", queueFact: createQueueFact(clock), async observe() {
    if (around.observed instanceof Error) throw around.observed;
    return around.observed;
  } });
  const deliverer = delivery.deliverer({ asThingsStand: (batch) => asThingsStand(batch, store.read, ports, clock.now()) });
  const destination = await delivery.add("soc", ["notifications.*"]);
  const rows = new Map<string, MirrorRow>();
  let read = 0;

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 6; turn += 1) {
      await notifier.turn();
      if (!(await deliverer.once())) return;
    }
  }

  const bench: NotifyBench = Object.assign(delivery, {
    ports,
    destination,
    settle,
    observed: (seen: Observed | Error) => void (around.observed = seen),
    rule: (draft: Partial<NotificationDraft> = {}) => store.tx((tx) => addRule(tx, EVERY_TENANT, { name: "soc", destination, tenant: TEN, ...draft }, ports, clock.now())),
    alert: (id: string, parts: AlertParts = {}) => bench.alerts([id, parts]),
    async alerts(...all: readonly (readonly [string, AlertParts?])[]) {
      const changes = all.map(([id, { name = "DCSync", device = id, severity = "HIGH", status = "NEW", ago = 0 } = {}]) => {
        const before = rows.get(id) ?? null;
        const after: MirrorRow = { ...before, id, connection_id: CON, name, asset_name: device, severity, status, detected_at: before?.["detected_at"] ?? new Date(clock.now() - ago).toISOString().replace("Z", "000Z") };
        rows.set(id, after);
        return { id, before, after };
      });
      const [, first] = all[0] ?? [];
      const firstRead = first?.firstRead === true;
      const set = { connection: CON, tenant: first?.tenant ?? TEN, stream: "alerts" as const, gone: [], watermark: null, ...(firstRead ? { firstRead, firstReadBegan: clock.now() } : {}) };
      await store.tx((tx) => cases.react({ ...set, inserted: changes.filter(({ before }) => before === null), changed: changes.filter(({ before }) => before !== null) }, tx, clock.now()));
    },
    async caseOf(alert: string) {
      const { rows: found } = await sql<{ id: string }>`SELECT c.id FROM cases AS c JOIN case_members AS m ON m.grp = c.grp WHERE m.id = ${alert}`.execute(store.read);
      return found[0]?.id ?? "";
    },
    async update(alert: string, update: CaseUpdate) {
      const id = await bench.caseOf(alert);
      await store.tx((tx) => updateCase(tx, EVERY_TENANT, id, update, { queueFact: told, origin }, { who: "mara", now: clock.now() }));
    },
    async pass(ms: number) {
      clock.pass(ms);
      await settle();
    },
    arrived: () => bench.messages().map(({ title }) => title),
    messages() {
      const messages = delivery.sent.slice(read).map(({ delivery: { text } }) => (JSON.parse(text) as { readonly data: { readonly message: Message } }).data.message);
      read = delivery.sent.length;
      return messages;
    },
    async wipe() {
      await store.tx(async (tx) => {
        for (const table of ["cases", "case_members", "case_twins", "case_links", "case_entities", "case_events", "case_since", "notification_items", "notification_rules", "health_troubles", "health_marks", "outbox"]) await sql`DELETE FROM ${sql.table(table)}`.execute(tx.db);
        await sql`UPDATE destinations SET failing_since = NULL`.execute(tx.db);
      });
      around.observed = { connections: [], destinations: [] };
      rows.clear();
      delivery.answer = () => ({ outcome: "accepted" });
      read = delivery.sent.length;
    },
    async close() {
      await deliverer.stop();
      await notifier.stop();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return bench;
}
