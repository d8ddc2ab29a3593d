/**
 * The first page people see: the figures of every capability, asked through its own port, and what needs a person today. Worked out once for all who
 * see the same tenants, and again only after a multiple of the time it took: looking at a large estate must not keep the hub from reading it.
 */
import { accessFigures } from "../access/index.ts";
import { alertFigures, alertsByDay } from "../alerts/index.ts";
import { caseFigures, casesByDay } from "../cases/index.ts";
import { deliveredByHour } from "../delivery/health.ts";
import type { Clock } from "../kernel/clock.ts";
import { OverviewQuery, Overview, type Figures } from "../kernel/overview-api.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, scopeKey, type TenantScope } from "../kernel/scope.ts";
import type { TenantId } from "../kernel/ids.ts";
import { failuresByDay, postureFigures } from "../posture/index.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { Status } from "./status-route.ts";
import { activeByDay, findingFigures } from "../vulnerabilities/index.ts";

export interface OverviewPorts {
  readonly store: Store;
  readonly clock: Clock;
  status(scope: TenantScope, asked: { readonly limit: number }): Promise<Status>;
  destinations(scope: TenantScope): Promise<readonly { readonly queued: number; readonly parked: number; readonly delivered: number }[]>;
  findTenant(db: Database, scope: TenantScope, reference: string): Promise<TenantId>;
}

export interface OverviewReader {
  figures(scope: TenantScope): Promise<Figures>;
  overview(scope: TenantScope): Promise<Overview>;
}

type Trends = Readonly<Record<"cases" | "alerts" | "devices" | "findings" | "deliveries", number[]>>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAYS = 14;
const HOURS = 24;
const TOKEN_DAYS = 14;
/** At least so long are figures good, and trends, which read more. */
const FIGURES_MS = 3000;
const TRENDS_MS = 10_000;
/** Of all time, at most a fiftieth is spent on looking. */
const REST = 50;
const MOST_SCOPES = 200;

export function overviewReader(ports: OverviewPorts): OverviewReader {
  const { store, clock } = ports;
  const trends = remembered(clock, TRENDS_MS, async (scope): Promise<Trends> => {
    const now = clock.now();
    return {
      cases: await casesByDay(store, scope, DAY, DAYS, now),
      alerts: await alertsByDay(store, scope, DAY, DAYS, now),
      devices: await failuresByDay(store, scope, DAY, DAYS, now),
      findings: await activeByDay(store, scope, DAYS, now),
      deliveries: await deliveredByHour(store, scope, HOUR, HOURS, now),
    };
  });
  const figures = remembered(clock, FIGURES_MS, async (scope): Promise<Figures> => {
    const now = clock.now();
    const [cases, alerts, devices, access, findings] = [await caseFigures(store, scope), await alertFigures(store, scope, now), await postureFigures(store, scope), await accessFigures(store, scope), await findingFigures(store, scope, now)];
    const destinations = await ports.destinations(scope);
    const sum = (pick: (one: (typeof destinations)[number]) => number): number => destinations.reduce((all, one) => all + pick(one), 0);
    const over = await trends(scope);
    return {
      cases: { value: cases.open, urgent: cases.urgent, urgentUnowned: cases.urgentUnowned, trend: over.cases, per: "day" },
      alerts: { value: alerts.lastDay, unresolved: alerts.unresolved, trend: over.alerts, per: "day" },
      devices: { value: devices.devices, failing: devices.failing, trend: over.devices, per: "day" },
      access: { value: access.principals, bindings: access.bindings, trend: [], per: "day" },
      findings: { value: findings.active, overdue: findings.overdue, critical: findings.critical, trend: over.findings, per: "day" },
      deliveries: { value: sum((one) => one.queued), parked: sum((one) => one.parked), delivered: sum((one) => one.delivered), trend: over.deliveries, per: "hour" },
    };
  });
  return {
    figures,
    async overview(scope) {
      const status = await ports.status(scope, { limit: 1 });
      const found = await figures(scope);
      const inState = (state: Status["standings"][number]["state"]): number => status.standings.filter((one) => one.state === state).length;
      return {
        at: status.now,
        figures: found,
        connections: { total: status.standings.length, connected: inState("Connected"), syncing: inState("Syncing") + inState("Verifying"), needAttention: inState("Needs attention"), paused: inState("Paused") },
        today: today(status, found),
      };
    },
  };
}

export function overviewRoute({ store, findTenant }: Pick<OverviewPorts, "store" | "findTenant">, { overview }: OverviewReader): Route<Tx> {
  return defineRoute({
    method: "GET",
    path: "/api/v1/overview",
    summary: "Figures of all that the caller sees with small trends, and what needs a person today",
    permission: "status.read",
    audit: unaudited("reads figures only"),
    query: OverviewQuery,
    answer: Overview,
    async handle({ query: { tenant } }, { scope }: RouteContext<Tx>) {
      return overview(tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant)));
    },
  });
}

type Item = Overview["today"][number];

function today(status: Status, { cases, findings, deliveries }: Figures): Item[] {
  const item = (kind: Item["kind"], text: string, href: string, since: string | null = null): Item => ({ kind, text, href, since });
  const when = (many: number, one: Item): readonly Item[] => (many > 0 ? [one] : []);
  const place = (connection: string): string => `/connections/${encodeURIComponent(connection)}`;
  return [
    ...(status.hub.readingPaused ? [item("disk", "The disk budget is reached: reading is paused", "/connections")] : []),
    ...firstOf(
      status.standings.filter(({ state }) => state === "Needs attention").map(({ id, name, fault }) => item("connection", `${name}: ${fault?.message ?? "needs attention"}`, place(id))),
      (more) => item("connection", `${plural(more, "more connection")} ${more === 1 ? "needs" : "need"} attention`, "/connections?state=Needs%20attention"),
    ),
    ...firstOf(
      status.expiring.filter(({ daysLeft }) => daysLeft <= TOKEN_DAYS).map(({ connection, name, daysLeft, expiresAt }) => item("token", daysLeft < 0 ? `The token of ${name} has ended` : `The token of ${name} ends in ${plural(daysLeft, "day")}`, place(connection), daysLeft < 0 ? expiresAt : null)),
      (more) => item("token", `${plural(more, "more token")} ${more === 1 ? "ends" : "end"} within ${String(TOKEN_DAYS)} days`, "/connections"),
    ),
    ...when(cases.urgentUnowned, item("cases", `${plural(cases.urgentUnowned, "high or critical case")} without an owner`, "/cases?owner=none&severity=high")),
    ...status.destinations.flatMap(({ name, fault }) => (fault === null ? [] : [item("destination", `${name} takes nothing: ${fault.reason}`, "/deliveries", fault.since)])),
    ...when(deliveries.parked, item("deliveries", `${plural(deliveries.parked, "delivery", "deliveries")} set aside`, "/deliveries?state=parked")),
    ...when(findings.overdue, item("findings", `${plural(findings.overdue, "finding")} past the date to fix ${findings.overdue === 1 ? "it" : "them"}`, "/vulnerabilities?overdue=true")),
    ...when(status.parked, item("parked", `${plural(status.parked, "record")} set aside while reading`, "/connections")),
  ];
}

/** Of one sort, as many as leave room for the others. */
const MOST_OF_ONE = 5;

function firstOf(items: readonly Item[], rest: (more: number) => Item): readonly Item[] {
  return items.length <= MOST_OF_ONE ? items : [...items.slice(0, MOST_OF_ONE - 1), rest(items.length - MOST_OF_ONE + 1)];
}

function plural(many: number, one: string, more = `${one}s`): string {
  return `${many.toLocaleString("en")} ${many === 1 ? one : more}`;
}

/** One answer for all who see the same tenants, good for a time; whoever asks meanwhile waits for the same work. */
function remembered<T>(clock: Clock, leastMs: number, work: (scope: TenantScope) => Promise<T>): (scope: TenantScope) => Promise<T> {
  const known = new Map<string, { until: number; readonly value: Promise<T> }>();
  return (scope) => {
    const key = scopeKey(scope);
    const found = known.get(key);
    if (found !== undefined && clock.monotonic() < found.until) return found.value;
    const began = clock.monotonic();
    const entry = { until: Infinity, value: work(scope) };
    known.delete(key);
    known.set(key, entry);
    const [oldest] = known.keys();
    if (known.size > MOST_SCOPES && oldest !== undefined) known.delete(oldest);
    entry.value.then(
      () => {
        const took = clock.monotonic() - began;
        entry.until = clock.monotonic() + Math.max(leastMs, took * REST);
      },
      () => {
        if (known.get(key) === entry) known.delete(key);
      },
    );
    return entry.value;
  };
}
