/** Runs, streams and gaps over HTTP. */
import Type from "typebox";
import { Fault } from "../kernel/fault.ts";
import { Ok, RunRequest, RunView, StreamName, StreamStatus, StreamStatusQuery, StreamView } from "../kernel/api.ts";
import { audited, defineRoute, unaudited, type Route } from "../kernel/route.ts";
import type { RunId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { viewName } from "../kernel/stream-ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import { idList } from "../store/fitting.ts";
import type { Store, Tx } from "../store/store.ts";
import { acknowledgeGap, listGaps } from "./gaps.ts";
import type { SyncConnection, SyncPorts } from "./ports.ts";
import { findRun, listRuns } from "./run-history.ts";
import type { Runner } from "./runner.ts";
import type { StreamStatuses } from "./status.ts";
import { patchState } from "./stream-state.ts";

export interface SyncRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ports: SyncPorts;
  readonly runner: Runner;
  readonly streams: readonly Stream[];
  readonly diskFull: () => Promise<boolean>;
  readonly statuses: StreamStatuses;
}

const MOST_CONNECTIONS = 200;
const ById = Type.Object({ id: Type.String() });
const StreamOfConnection = Type.Object({ id: Type.String(), stream: StreamName });
const GapView = Type.Object({
  id: Type.String(),
  connection: Type.String(),
  stream: Type.String(),
  from: Type.String(),
  until: Type.Union([Type.String(), Type.Null()]),
  noticedAt: Type.String(),
});
const page = <T extends Type.TSchema>(item: T) => Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });

export function syncRoutes(deps: SyncRouteDeps): readonly Route<Tx>[] {
  return [...runRoutes(deps), ...streamRoutes(deps), ...gapRoutes(deps)];
}

function runRoutes({ store, ports, runner, streams, diskFull }: SyncRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/connections/:id/sync",
      summary: "Start reading a connection now",
      permission: "sync.run",
      audit: audited("sync.started"),
      params: ById,
      body: RunRequest,
      answer: RunView,
      async handle({ params, body }, context) {
        const connection = await visible(ports, context.scope, params.id);
        if (connection.paused) throw new Fault("CONFIG_INVALID", `${connection.name} is paused.`, { cure: `vedette connections resume ${connection.name}` });
        if (await diskFull()) throw new Fault("DISK_BUDGET", "The data folder has reached its disk budget.");
        const wanted = streams.filter((stream) => (body.streams ?? connection.streams).includes(stream.id));
        await store.tx((tx) => context.record(tx, { subject: connection.id, tenant: connection.tenant, details: { streams: wanted.map((stream) => stream.id).join(","), full: body.full === true } }));
        return started(runner, connection, wanted, body.full === true);
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runs",
      summary: "Runs, newest first",
      permission: "status.read",
      audit: unaudited("reads figures only"),
      query: Type.Object({ connection: Type.Optional(Type.String()), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }),
      answer: page(RunView),
      async handle({ query }, { scope }) {
        const connection = query.connection === undefined ? undefined : (await visible(ports, scope, query.connection)).id;
        const items = await listRuns(scope, store, { connection, limit: query.limit ?? 50 });
        return { items: items.map((run) => runner.live(run.id as RunId) ?? run), next: null };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runs/:id",
      summary: "One run, live while it lasts",
      permission: "status.read",
      audit: unaudited("reads figures only"),
      params: ById,
      answer: RunView,
      async handle({ params }, { scope }) {
        const run = await findRun(scope, store, params.id);
        if (run === undefined) throw new Fault("NOT_FOUND", "No such run.");
        return runner.live(run.id as RunId) ?? (await findRun(scope, store, params.id)) ?? run;
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/runs/:id/cancel",
      summary: "Stop a run after the page it is storing",
      permission: "sync.run",
      audit: audited("sync.cancelled"),
      params: ById,
      answer: Ok,
      async handle({ params }, context) {
        const run = await findRun(context.scope, store, params.id);
        if (run === undefined) throw new Fault("NOT_FOUND", "No such run.");
        await store.tx((tx) => context.record(tx, { subject: run.id, tenant: run.tenant }));
        runner.cancel(run.id as RunId);
        return { ok: true as const };
      },
    }),
  ];
}

function streamRoutes({ store, ports, runner, streams, clock, statuses }: SyncRouteDeps): readonly Route<Tx>[] {
  const pausing = (verb: "pause" | "resume"): Route<Tx> =>
    defineRoute({
      method: "POST",
      path: `/api/v1/connections/:id/streams/:stream/${verb}`,
      summary: verb === "pause" ? "Stop reading one stream until resumed" : "Read a paused stream again",
      permission: "connections.write",
      audit: audited(`stream.${verb}d`),
      params: StreamOfConnection,
      answer: Ok,
      async handle({ params }, context) {
        const connection = await visible(ports, context.scope, params.id);
        const { stream } = params;
        await store.tx(async (tx) => {
          await patchState(tx, connection.id, stream, verb === "pause" ? { paused: 1 } : { paused: 0, next_run_at: clock.now() });
          await context.record(tx, { subject: `${connection.id}/${stream}`, tenant: connection.tenant });
        });
        return { ok: true as const };
      },
    });
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/streams",
      summary: "The streams Vedette reads, their columns and the permissions they need",
      permission: "status.read",
      audit: unaudited("describes the product"),
      answer: page(StreamView),
      async handle() {
        const items = streams.map((stream) => ({
          id: stream.id,
          title: stream.title,
          view: viewName(stream.id),
          mode: stream.mode,
          needs: [...stream.needs],
          endpoint: stream.endpoint,
          everySeconds: stream.everyMs / 1000,
          columns: stream.columns.map(({ name, type, source }) => ({ name, type, source })),
        }));
        return { items, next: null };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/streams/status",
      summary: "How the streams of some connections stand: how fresh, how many rows, what was set aside",
      permission: "status.read",
      audit: unaudited("reads figures only"),
      query: StreamStatusQuery,
      answer: Type.Object({ now: Type.String(), items: Type.Array(StreamStatus) }),
      async handle({ query }, { scope }) {
        const ids = [...new Set(idList(query.connections) ?? [])];
        if (ids.length > MOST_CONNECTIONS) throw new Fault("CONFIG_INVALID", `Streams of at most ${String(MOST_CONNECTIONS)} connections are told at once.`);
        return { now: isoTime(clock.now()), items: [...(await statuses.of(scope, ids))] };
      },
    }),
    pausing("pause"),
    pausing("resume"),
    defineRoute({
      method: "POST",
      path: "/api/v1/connections/:id/streams/:stream/run",
      summary: "Read one stream now",
      permission: "sync.run",
      audit: audited("sync.started"),
      params: StreamOfConnection,
      answer: RunView,
      async handle({ params }, context) {
        const connection = await visible(ports, context.scope, params.id);
        await store.tx((tx) => context.record(tx, { subject: connection.id, tenant: connection.tenant, details: { streams: params.stream, full: false } }));
        return started(runner, connection, streams.filter((stream) => stream.id === params.stream), false);
      },
    }),
  ];
}

function gapRoutes({ store, clock }: SyncRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/gaps",
      summary: "Periods SentinelOne no longer held when they were to be read",
      permission: "status.read",
      audit: unaudited("reads figures only"),
      answer: page(GapView),
      async handle(_input, { scope }) {
        const rows = await listGaps(scope, store);
        const items = rows.map((row) => ({
          id: row.id,
          connection: row.connection_id,
          stream: row.stream,
          from: row.from_time,
          until: row.until_time,
          noticedAt: new Date(Number(row.noticed_at)).toISOString(),
        }));
        return { items, next: null };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/gaps/:id/acknowledge",
      summary: "Note a gap as known; it leaves status and metrics",
      permission: "connections.write",
      audit: audited("gap.acknowledged"),
      params: ById,
      answer: Ok,
      async handle({ params }, context) {
        await store.tx(async (tx) => {
          const tenant = await acknowledgeGap(context.scope, tx, params.id, clock.now());
          if (tenant === undefined) throw new Fault("NOT_FOUND", "No such gap.");
          await context.record(tx, { subject: params.id, tenant });
        });
        return { ok: true as const };
      },
    }),
  ];
}

/** A new run, or the one that is reading all of that already: a watcher wants to see what is going on, not an empty run. */
async function started(runner: Runner, connection: SyncConnection, streams: readonly Stream[], full: boolean): Promise<RunView> {
  const running = runner.liveOf(connection.id).find((run) => streams.every((stream) => run.streams.some((entry) => entry.stream === stream.id)));
  if (running !== undefined && !full && streams.some((stream) => runner.isReading(connection.id, stream.id))) return running;
  return runner.start({ connection, streams, full, trigger: "request" });
}

async function visible(ports: SyncPorts, scope: TenantScope, idOrName: string): Promise<SyncConnection> {
  const connection = await ports.find(scope, idOrName);
  if (connection === undefined) throw new Fault("NOT_FOUND", "No such connection.");
  return connection;
}
