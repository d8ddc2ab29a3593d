/**
 * How a part of the hub declares an HTTP route without knowing the server: what it takes and gives (JSON Schema by TypeBox), who
 * may call it, and what the audit log says of it. A route that states neither a permission nor an audit policy does not compile.
 */
import type { Static, TSchema } from "typebox";
import type { Secret } from "./secret.ts";
import type { TenantScope } from "./scope.ts";
import type { Permission, Role } from "./permissions.ts";

/** Who is calling, as the server worked it out from a local credential, an API key or a session. */
export interface Actor {
  readonly kind: "local" | "api-key" | "session";
  /** Stable id for the audit log: the key's id, or `local`. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: TenantScope;
  readonly permissions: readonly Permission[];
}

export type AuditPolicy = { readonly event: string } | { readonly reason: string };

/** The route changes something: `event` (`noun.verb`) is written in the transaction of the change. */
export function audited(event: string): AuditPolicy {
  return { event };
}

/** The route changes nothing, or nothing worth a line in the history: say why. */
export function unaudited(reason: string): AuditPolicy {
  return { reason };
}

/** `"public"` is for health probes and the API document only. */
export type RoutePermission = Permission | "public";

/** What an audited handler says about its change; the server's `record` adds who, when, from where and the hash chain. */
export interface AuditDetails {
  readonly subject: string;
  readonly tenant: string | null;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface RouteContext<Tx> {
  readonly actor: Actor;
  readonly scope: TenantScope;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Must be called by an audited route, inside the transaction that makes the change. */
  readonly record: (tx: Tx, details: AuditDetails) => Promise<void>;
}

/** A body the server sends as it comes, one chunk at a time: NDJSON, CSV, a calendar, metrics. */
export interface StreamedBody {
  readonly contentType: string;
  readonly fileName?: string;
  readonly chunks: AsyncIterable<string | Uint8Array>;
}

export interface Route<Tx = unknown> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Fastify form, `/api/v1/connections/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly permission: RoutePermission;
  readonly audit: AuditPolicy;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** Schema of the 200 answer, or `"stream"` for a StreamedBody. */
  readonly answer: TSchema | "stream";
  readonly handle: (input: { params: unknown; query: unknown; body: unknown }, context: RouteContext<Tx>) => Promise<unknown>;
}

type Parsed<S extends TSchema | undefined> = S extends TSchema ? Static<S> : undefined;

interface RouteDeclaration<Tx, P extends TSchema | undefined, Q extends TSchema | undefined, B extends TSchema | undefined, A extends TSchema | "stream"> {
  readonly method: Route["method"];
  readonly path: string;
  readonly summary: string;
  readonly permission: RoutePermission;
  readonly audit: AuditPolicy;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: A;
  readonly handle: (
    input: { params: Parsed<P>; query: Parsed<Q>; body: Parsed<B> },
    context: RouteContext<Tx>,
  ) => Promise<A extends TSchema ? Static<A> : StreamedBody>;
}

/** Declares a route; the server has checked `params`, `query` and `body` against their schemas before `handle` sees them. */
export function defineRoute<
  Tx,
  A extends TSchema | "stream",
  P extends TSchema | undefined = undefined,
  Q extends TSchema | undefined = undefined,
  B extends TSchema | undefined = undefined,
>(route: RouteDeclaration<Tx, P, Q, B, A>): Route<Tx> {
  return route as unknown as Route<Tx>;
}

/** Marks a string property that carries a secret, so that the server wraps it before the handler or a log can see it. */
export type SecretText = Secret;
