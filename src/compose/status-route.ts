/** How everything stands, in one answer: what `vedette status` prints and the metrics are made of. */
import type { Static } from "typebox";
import { isoTime, type Clock } from "../kernel/clock.ts";
import type { ConnectionStanding } from "../connections/views.ts";
import { destinationStatus, failingFor, waitingText } from "../delivery/health.ts";
import { StatusQuery, StatusView, type ConnectionView } from "../kernel/api.ts";
import type { DestinationView } from "../kernel/delivery-api.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store, Tx } from "../store/store.ts";
import { readingTroubles, type StreamStatuses } from "../sync/status.ts";
import type { DiskWatch } from "./disk-watch.ts";

export interface StatusPorts {
  readonly version: string;
  readonly clock: Clock;
  readonly running: { readonly url: string | null };
  readonly store: Store;
  readonly disk: DiskWatch;
  readonly statuses: StreamStatuses;
  readonly streams: readonly Stream[];
  /** Of all; `page` has all that is known of some. */
  standings(scope: TenantScope): Promise<readonly ConnectionStanding[]>;
  page(scope: TenantScope, asked: Page): Promise<{ readonly items: readonly ConnectionView[]; readonly next: string | null }>;
  /** Without an end: for metrics. */
  connections(scope: TenantScope): Promise<readonly ConnectionView[]>;
  destinations(scope: TenantScope): Promise<readonly DestinationView[]>;
  /** Of the integration, that nothing else here shows. */
  troubles(scope: TenantScope): Promise<readonly { readonly title: string }[]>;
  /** Ingest rules whose last run failed. */
  failingRules(scope: TenantScope): Promise<readonly { readonly connector: string; readonly rule: string; readonly code: string }[]>;
}

const WARN_DAYS = 30;
/** A destination that takes nothing for so long makes the hub unhealthy. */
const DESTINATION_PATIENCE_MS = 15 * 60_000;

/** More are told in one answer of nobody. */
const MOST_EXPIRING = 200;
const MOST_REASONS = 100;

type Page = Static<typeof StatusQuery>;

export interface Status extends StatusView {
  /** Of every connection, by name. */
  readonly standings: readonly ConnectionStanding[];
}

/** `asked`: a page of the connections; all of them where it is left out. */
export function statusReader(ports: StatusPorts): (scope: TenantScope, asked?: Page) => Promise<Status> {
  return async (scope, asked) => {
    const { clock, disk } = ports;
    const connections = await ports.standings(scope);
    const page = asked === undefined ? { items: await ports.connections(scope), next: null } : await ports.page(scope, asked);
    const { standings, rows } = await ports.statuses.look(scope, asked === undefined ? undefined : new Set(page.items.map(({ id }) => id)));
    const { bytes, full } = await disk.look();
    const now = clock.now();
    const destinations = (await ports.destinations(scope)).map((view) => destinationStatus(view, now));
    const waiting = waitingText(destinations);
    const names = new Map(connections.map((connection) => [connection.id, connection.name]));
    const reasons = [
      ...connections.filter((connection) => connection.state === "Needs attention").map((connection) => `${connection.name}: ${connection.fault?.code ?? "needs attention"}`),
      // Only a running hub keeps streams fresh; a single command has nothing to answer for.
      ...(ports.running.url === null ? [] : readingTroubles(standings, names, ports.streams)),
      ...(ports.running.url === null ? [] : failingFor(destinations, now, DESTINATION_PATIENCE_MS).map(({ name, code }) => `destination ${name}: ${code}`)),
      ...(ports.running.url === null ? [] : (await ports.failingRules(scope)).map(({ connector, rule, code }) => `ingest rule ${connector}/${rule}: ${code}`)),
      ...(ports.running.url === null ? [] : (await ports.troubles(scope)).map(({ title }) => title)),
      ...(full ? [`disk budget reached: reading is paused${waiting === null ? "" : `; ${waiting}`}`] : []),
    ];
    return {
      version: ports.version,
      now: isoTime(now),
      hub: { running: ports.running.url !== null, url: ports.running.url, store: ports.store.kind, diskBytes: bytes, diskBudgetBytes: disk.budgetBytes, readingPaused: full },
      standings: connections,
      connections: [...page.items],
      streams: [...rows],
      next: page.next,
      expiring: soonest(connections.flatMap(({ id, name, token }) => (token.expiresAt === null || token.daysLeft === null || token.daysLeft > WARN_DAYS ? [] : [{ connection: id, name, expiresAt: token.expiresAt, daysLeft: token.daysLeft }]))),
      parked: standings.reduce((sum, stream) => sum + stream.parked, 0),
      destinations,
      health: { ok: reasons.length === 0, reasons: firstOf([...new Set(reasons)]) },
    };
  };
}

/** The soonest first, as many as somebody looks through. */
function soonest(expiring: StatusView["expiring"]): StatusView["expiring"] {
  return expiring.toSorted((one, other) => one.daysLeft - other.daysLeft).slice(0, MOST_EXPIRING);
}

function firstOf(reasons: readonly string[]): string[] {
  return reasons.length <= MOST_REASONS ? [...reasons] : [...reasons.slice(0, MOST_REASONS), `and ${(reasons.length - MOST_REASONS).toLocaleString("en")} more`];
}

export function statusRoute(read: (scope: TenantScope, asked: Page) => Promise<Status>): Route<Tx> {
  return defineRoute({
    method: "GET",
    path: "/api/v1/status",
    summary: "Connections, streams, freshness, parked records, expiring tokens and health",
    permission: "status.read",
    audit: unaudited("reads figures only"),
    query: StatusQuery,
    answer: StatusView,
    async handle({ query }, { scope }: RouteContext<Tx>) {
      const { standings: _all, ...told } = await read(scope, query);
      return told;
    },
  });
}
