/** Routes of the hub itself: health, metrics, API keys, audit log, key rotation, backup, and the document that lists all routes. */
import Type from "typebox";
import { sql } from "kysely";
import { ApiKeyCreated, ApiKeyDraft, ApiKeyQuery, ApiKeyView, AuditEntry, AuditVerification, BackupResult, type StatusView } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import { momentAt } from "../kernel/moments.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store, Tx } from "../store/store.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { AuditLog } from "./audit.ts";
import type { Backups } from "./backups.ts";
import { metricsText } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";

export interface KeyringRotation {
  readonly keyId: string;
  readonly resealed: number;
  readonly retired: number;
  readonly resumed: boolean;
}

export interface BuiltinPorts {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly keys: ApiKeys;
  readonly backups: Backups;
  readonly version: string;
  /** True once every migration has run. */
  migrated(): boolean;
  status(scope: TenantScope): Promise<StatusView>;
  rotateKeyring(): Promise<KeyringRotation>;
}

const Reading = "reads only";
const Probe = unaudited("a probe, asked every few seconds");
const Alive = Type.Object({ ok: Type.Literal(true), version: Type.String() });
const Ready = Type.Object({ ok: Type.Literal(true), engine: Type.String(), engineVersion: Type.String(), settings: Type.Record(Type.String(), Type.String()) });
const Rotation = Type.Object({ keyId: Type.String(), resealed: Type.Integer(), retired: Type.Integer(), resumed: Type.Boolean() });
const LAST_ENTRIES = 1000;
const Word = Type.Optional(Type.String({ minLength: 1, maxLength: 400 }));
const Moment = Type.Optional(Type.String({ minLength: 1, maxLength: 60, description: "RFC 3339, with its offset." }));
const AuditQuery = Type.Object({
  after: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: "`next` of the page before." })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LAST_ENTRIES })),
  newestFirst: Type.Optional(Type.Boolean()),
  event: Type.Optional(Type.String({ pattern: "^[a-z0-9-]{1,100}(\\.[a-z0-9-]{1,100})?$", description: "`user.created`, or `user` for all that was done with users." })),
  actor: Word,
  subject: Word,
  tenant: Word,
  since: Moment,
  until: Moment,
});

export function builtinRoutes(ports: BuiltinPorts): readonly Route<Tx>[] {
  const { store, audit, keys } = ports;
  return [
    defineRoute({
      method: "GET",
      path: "/healthz",
      summary: "The process is alive",
      permission: "public",
      audit: Probe,
      answer: Alive,
      handle: async (_input, _context: RouteContext<Tx>) => ({ ok: true as const, version: ports.version }),
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      summary: "The store answers, is migrated, and is as durable as promised",
      permission: "public",
      audit: Probe,
      answer: Ready,
      async handle(_input, _context: RouteContext<Tx>) {
        if (!ports.migrated()) throw new Fault("STORE_SETTINGS", "The store's migrations have not all run yet.", { cure: "Wait; it is tried at start." });
        await sql`select 1`.execute(store.read);
        const durability = await store.durability();
        return { ok: true as const, engine: durability.engine, engineVersion: durability.version, settings: { ...durability.settings } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/metrics",
      summary: "Metrics of the connections the caller sees, in Prometheus' text form",
      permission: "status.read",
      audit: Probe,
      answer: "stream",
      async handle(_input, context: RouteContext<Tx>) {
        const text = await metricsText(await ports.status(context.scope), { rssBytes: process.memoryUsage.rss(), uptimeSeconds: process.uptime() });
        return { contentType: "text/plain; version=0.0.4; charset=utf-8", chunks: once(text) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/api-keys",
      summary: "API keys, without their secrets, as they were made",
      permission: "keys.read",
      audit: unaudited(Reading),
      query: ApiKeyQuery,
      answer: Type.Object({ items: Type.Array(ApiKeyView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query }, context: RouteContext<Tx>) {
        const { items, next } = await keys.list(context.scope, query);
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/api-keys",
      summary: "A new API key; its secret is shown this once",
      permission: "keys.write",
      audit: audited("api-key.created"),
      body: ApiKeyDraft,
      answer: ApiKeyCreated,
      async handle({ body }, context: RouteContext<Tx>) {
        const { key, secret } = await keys.create(context.actor, body, context.record);
        return { key, secret: secret.reveal() };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/api-keys/:id",
      summary: "End a key at once",
      permission: "keys.write",
      audit: audited("api-key.revoked"),
      params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) }),
      answer: ApiKeyView,
      handle: ({ params }, context: RouteContext<Tx>) => keys.revoke(context.actor, params.id, context.record),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/audit",
      summary: "The audit log in its order, or the newest entries first",
      permission: "audit.read",
      audit: unaudited(Reading),
      query: AuditQuery,
      answer: Type.Object({ items: Type.Array(AuditEntry), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query }, context: RouteContext<Tx>) {
        const { after = 0, limit = 200, newestFirst, event, actor, subject, tenant, since, until } = query;
        const items = [...(await audit.list(context.scope, after, limit, {
          ...(newestFirst === undefined ? {} : { newestFirst }),
          ...(event === undefined ? {} : { event }),
          ...(actor === undefined ? {} : { actor }),
          ...(subject === undefined ? {} : { subject }),
          ...(tenant === undefined ? {} : { tenant }),
          ...(since === undefined ? {} : { since: momentAt("query/since", since) }),
          ...(until === undefined ? {} : { until: momentAt("query/until", until) }),
        }))];
        const last = items.at(-1);
        return { items, next: items.length < limit || last === undefined ? null : String(last.seq) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/audit/verify",
      summary: "Check the audit log's whole chain, and that it agrees with a head noted elsewhere",
      permission: "operate",
      audit: unaudited(Reading),
      query: Type.Object({ entries: Type.Optional(Type.Integer({ minimum: 1 })), head: Type.Optional(Type.String({ pattern: "^[0-9a-f]{64}$" })) }),
      answer: AuditVerification,
      async handle({ query }, _context: RouteContext<Tx>) {
        if ((query.entries === undefined) !== (query.head === undefined)) throw new Fault("CONFIG_INVALID", "Give `entries` and `head` together.");
        return audit.verify(query.entries === undefined || query.head === undefined ? undefined : { entries: query.entries, head: query.head });
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/keyring/rotate",
      summary: "A new key for stored tokens; every token is sealed anew",
      permission: "operate",
      audit: audited("keyring.rotated"),
      answer: Rotation,
      async handle(_input, context: RouteContext<Tx>) {
        // Said before the first step: a rotation cut short goes on at the next start, and its line must exist.
        await store.tx((tx) => context.record(tx, { subject: "keyring", tenant: null }));
        return ports.rotateKeyring();
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/backup",
      summary: "A consistent copy of the store; the key file is never part of it",
      permission: "operate",
      audit: audited("backup.created"),
      body: Type.Object({ file: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })) }),
      answer: BackupResult,
      async handle({ body }, context: RouteContext<Tx>) {
        const result = await ports.backups.make(context.actor, body.file);
        await store.tx((tx) => context.record(tx, { subject: "store", tenant: null, details: { bytes: result.bytes } }));
        return result;
      },
    }),
  ];
}

/** All routes, and the one that documents them, itself included. */
export function withOpenApi(routes: readonly Route<Tx>[], version: string): readonly Route<Tx>[] {
  const document: Route<Tx> = defineRoute({
    method: "GET",
    path: "/api/openapi.json",
    summary: "This API as an OpenAPI 3.1 document",
    permission: "public",
    audit: unaudited(Reading),
    answer: Type.Unknown(),
    handle: async (_input, _context: RouteContext<Tx>) => openApiDocument(all, version),
  });
  const all = [...routes, document];
  return all;
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
