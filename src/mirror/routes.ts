/** Parked records and SQL over HTTP. */
import Type from "typebox";
import { Fault } from "../kernel/fault.ts";
import { ParkedDetail, ParkedView, ReplayResult, SqlRequest, StreamName } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { audited, defineRoute, unaudited, type Route } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { asFault } from "../kernel/fault.ts";
import type { Store, Tx } from "../store/store.ts";
import type { MirrorTarget } from "./mirror.ts";
import type { MirrorContext } from "./page.ts";
import { listParked, replayParked, showParked, type Parked, type ParkedFilter } from "./parked.ts";
import type { Sql } from "./sql.ts";

export interface MirrorRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly context: MirrorContext;
  readonly sql: Sql;
  /** NOT_FOUND for a connection the scope does not see. */
  connection(scope: TenantScope, idOrName: string): Promise<ConnectionId>;
  target(connection: ConnectionId): Promise<MirrorTarget>;
}

const DEFAULT_PAGE = 100;
/** Parked rows one replay request tries, each in a transaction of its own. */
const REPLAYED_AT_ONCE = 1_000;

export function mirrorRoutes(deps: MirrorRouteDeps): readonly Route<Tx>[] {
  return [...parkedRoutes(deps), sqlRoute(deps.sql)];
}

function parkedRoutes({ store, clock, context, connection, target }: MirrorRouteDeps): readonly Route<Tx>[] {
  const Where = { connection: Type.Optional(Type.String()), stream: Type.Optional(StreamName) };

  async function filterOf(scope: TenantScope, where: { readonly connection?: string; readonly stream?: ParkedFilter["stream"] }): Promise<ParkedFilter> {
    return {
      ...(where.connection === undefined ? {} : { connection: await connection(scope, where.connection) }),
      ...(where.stream === undefined ? {} : { stream: where.stream }),
    };
  }

  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/parked",
      summary: "Records and changes set aside, newest first",
      permission: "parked.read",
      audit: unaudited("lists reasons, not records"),
      query: Type.Object({ ...Where, after: Type.Optional(Type.String()), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
      answer: Type.Object({ items: Type.Array(ParkedView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query }, { scope }) {
        const limit = query.limit ?? DEFAULT_PAGE;
        const rows = await listParked(scope, store, { ...(await filterOf(scope, query)), limit, ...(query.after === undefined ? {} : { after: query.after }) });
        return { items: rows.map(view), next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/parked/:id",
      summary: "One parked record, its own text included",
      permission: "parked.read",
      audit: unaudited("shows what the mirror would show had it been readable"),
      params: Type.Object({ id: Type.String() }),
      answer: ParkedDetail,
      async handle({ params }, { scope }) {
        const parked = await showParked(scope, store, params.id);
        return { ...view(parked), raw: parked.raw };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/parked/replay",
      summary: "Try parked records again with today's code",
      permission: "parked.replay",
      audit: audited("parked.replayed"),
      body: Type.Object({ ids: Type.Optional(Type.Array(Type.String(), { maxItems: REPLAYED_AT_ONCE })), ...Where }),
      answer: ReplayResult,
      async handle({ body }, scoped) {
        const { scope, signal } = scoped;
        const ids = body.ids ?? (await listParked(scope, store, { ...(await filterOf(scope, body)), limit: REPLAYED_AT_ONCE })).map((parked) => parked.id);
        // Seen or not is settled before anything is tried, so that a foreign id changes nothing.
        for (const id of body.ids ?? []) await showParked(scope, store, id);
        await store.tx((tx) => scoped.record(tx, { subject: ids.length === 1 ? (ids[0] ?? "none") : `${String(ids.length)} parked`, tenant: null, details: { count: ids.length } }));
        let applied = 0;
        for (const id of ids) {
          if (signal.aborted) break;
          applied += (await store.tx((tx) => replayParked(scope, context, tx, id, target, clock.now()))).applied ? 1 : 0;
        }
        return { replayed: ids.length, applied, stillParked: ids.length - applied };
      },
    }),
  ];
}

function sqlRoute(sql: Sql): Route<Tx> {
  return defineRoute({
    method: "POST",
    path: "/api/v1/sql",
    summary: "Read-only SQL over the mirror's views: a line of columns, then a line per row (NDJSON)",
    permission: "sql.read",
    audit: unaudited("reads the mirror only; the operator role alone may"),
    body: SqlRequest,
    answer: "stream",
    async handle({ body }, { scope, signal }) {
      if (!scope.all) throw new Fault("FORBIDDEN", "SQL sees every tenant's rows, so it needs a key that does too.");
      const answer = await sql.query(body.sql, { signal, ...(body.timeoutMs === undefined ? {} : { timeoutMs: body.timeoutMs }) });
      return { contentType: "application/x-ndjson", chunks: lines(answer.columns, answer.rows) };
    },
  });
}

/** A fault after the first line can no longer be a status: it becomes the last line. */
async function* lines(columns: readonly string[], rows: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  yield `${JSON.stringify({ columns })}\n`;
  let chunk = "";
  try {
    for await (const row of rows) {
      chunk += `${JSON.stringify(row)}\n`;
      if (chunk.length < 32_768) continue;
      yield chunk;
      chunk = "";
    }
  } catch (error) {
    chunk += `${JSON.stringify({ fault: asFault(error).toJSON() })}\n`;
  }
  if (chunk !== "") yield chunk;
}

function view(parked: Parked) {
  const { firstAt, lastAt, ...rest } = parked;
  return {
    id: rest.id,
    connection: rest.connection,
    tenant: rest.tenant,
    kind: rest.kind,
    stream: rest.stream,
    key: rest.key,
    code: rest.code,
    reason: rest.reason,
    codeVersion: rest.codeVersion,
    firstAt: isoTime(firstAt),
    lastAt: isoTime(lastAt),
    times: rest.times,
  };
}
