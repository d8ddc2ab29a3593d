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
  readonly kind: "local" | "api-key" | "session" | "provider";
  /** Stable id for the audit log: the key's id, the user's, the provider's, or `local`. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: TenantScope;
  readonly permissions: readonly Permission[];
  /** The session's own id, where a user is signed in by one. */
  readonly session?: string;
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

/**
 * `"public"` is for health probes, the API document and what comes before a sign-in; `"session"` for what a signed-in user does with his own
 * account, whatever his role: no API key may.
 */
export type RoutePermission = Permission | "public" | "session";

/** Of a request, by lower-case name: only those that the route names, absent ones left out. */
export type NamedHeaders = Readonly<Record<string, string>>;

/** A service that calls us with credentials of its own, in headers of its own, in place of an API key. */
export interface OwnCredentials<Tx> {
  readonly headers: readonly string[];
  /**
   * Who calls: then held to the route's permission like everybody. A Fault (FORBIDDEN) for whoever proves nothing. Asked before the body is read.
   * `refused` writes that somebody was turned away into the audit log, under `refusal`.
   */
  readonly admit: (headers: NamedHeaders, context: { readonly refused: (tx: Tx, details: AuditDetails) => Promise<void>; readonly signal: AbortSignal }) => Promise<Actor>;
  /** Audit event (`noun.verb`) of a refusal. */
  readonly refusal: string;
}

/** What an audited handler says about its change; the server's `record` adds who, when, from where and the hash chain. */
export interface AuditDetails {
  readonly subject: string;
  readonly tenant: string | null;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  /** Who made the change, where the request itself proved it: before a sign-in the caller is nobody. */
  readonly by?: Pick<Actor, "kind" | "id">;
}

export interface RouteContext<Tx> {
  readonly actor: Actor;
  readonly scope: TenantScope;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly headers: NamedHeaders;
  /** Where the request comes from, as far as that can be believed. */
  readonly address: string;
  /** Sets a header of the answer, whatever the answer will be. */
  readonly answerHeader: (name: string, value: string) => void;
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
  readonly method: "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE";
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
  /** Headers the handler is given. */
  readonly headers?: readonly string[];
  /** The API key may come in this header instead, where `Authorization` belongs to a visitor for whom a proxy asks. Only for routes that change nothing, whatever their method. */
  readonly keyHeader?: string;
  /** Instead of an API key. */
  readonly credentials?: OwnCredentials<Tx>;
  /** What of the answer has to be the same for it to be the same answer: makes its ETag, and 304 where a GET names it. */
  readonly same?: (answer: unknown) => unknown;
  /** Bytes, where a body may be larger than others. */
  readonly bodyLimit?: number;
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
  readonly headers?: readonly string[];
  readonly keyHeader?: string;
  readonly credentials?: OwnCredentials<Tx>;
  readonly same?: (answer: A extends TSchema ? Static<A> : never) => unknown;
  readonly bodyLimit?: number;
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
