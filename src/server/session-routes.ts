/** Routes of signing in and out, of the first set-up, and of one's own account. */
import Type from "typebox";
import { LinkDraft, PasswordChange, PasswordProof, RecoveryCodes, SessionEntry, SessionView, SetupDraft, SignInDraft, TotpCode, TotpDraft } from "../kernel/account-api.ts";
import { Ok } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store, Tx } from "../store/store.ts";
import { COOKIE_HEADERS, cookiePlace, readCookies, setCookie, type CookiePlace } from "./cookies.ts";
import type { OwnAccount } from "./own-account.ts";
import { KEPT_S, SESSION_S, type HeldSession, type Sessions, type StartedSession } from "./sessions.ts";
import type { Attempt, SignIn } from "./sign-in.ts";

export interface SessionRoutesPorts {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly own: OwnAccount;
  readonly publicUrl: string | null;
  readonly version: string;
  /** The first by name, and whether there are others. */
  tenants(scope: TenantScope): Promise<{ readonly items: readonly { readonly id: string; readonly name: string }[]; readonly next: string | null }>;
}

type Context = RouteContext<Tx>;

const headers = COOKIE_HEADERS;
const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });
const LIST = "/api/v1/session/list";

export function sessionRoutes(ports: SessionRoutesPorts): readonly Route<Tx>[] {
  const { store, sessions, signIn } = ports;

  async function view(held: Pick<HeldSession, "session" | "user" | "actor"> | undefined): Promise<SessionView> {
    if (held === undefined) return { state: (await signIn.wantsSetup()) ? "setup" : "signed-out", csrf: null, user: null, permissions: [], tenants: [], moreTenants: false, everyTenant: false, version: ports.version };
    const { session, user, actor } = held;
    const { items, next } = await ports.tenants(actor.scope);
    return {
      state: "signed-in",
      csrf: session.csrf,
      user: { id: user.id, name: user.name, email: user.email, role: actor.role, totp: user.totp === "on", passwordOnce: user.password_ends_at !== null },
      permissions: [...actor.permissions],
      tenants: items.map(({ id, name }) => ({ id, name })),
      moreTenants: next !== null,
      everyTenant: actor.scope.all,
      version: ports.version,
    };
  }

  async function held(context: Context): Promise<HeldSession> {
    const found = await sessions.find(context.headers);
    if (found === undefined) throw new Fault("UNAUTHENTICATED", "The session has ended.", { cure: "Sign in again." });
    return found;
  }

  function place(context: Context): CookiePlace {
    const found = cookiePlace(context.headers, ports.publicUrl);
    if (found === null) throw new Fault("FORBIDDEN", "Nobody signs in here: on the way to this address a password could be read.", { cure: "Open the hub through https with that address in VEDETTE_PUBLIC_URL, or on its own machine." });
    return found;
  }

  /** One request that begins a session, and what its answer carries. */
  async function begun(context: Context, start: (attempt: Attempt) => Promise<StartedSession>): Promise<SessionView> {
    const where = place(context);
    const visit = { address: context.address, agent: context.headers["user-agent"] ?? "", browser: readCookies(context.headers, ports.publicUrl).browser };
    const { row, token, browser } = await start({ visit, requestId: context.requestId, record: context.record, before: await sessions.find(context.headers) });
    const session = setCookie(where, where.session, token, SESSION_S);
    context.answerHeader("set-cookie", session);
    context.answerHeader("set-cookie", setCookie(where, where.browser, browser, KEPT_S));
    const found = await sessions.find({ ...context.headers, cookie: session.split(";")[0] ?? "" });
    if (found?.session.id !== row.id) throw new Fault("CHANGED_SINCE", "The account was changed while it signed in.", { cure: "Sign in again." });
    return view(found);
  }

  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/session",
      summary: "Who is signed in by the cookie of this request, and whether the hub waits for its set-up",
      permission: "public",
      headers,
      audit: unaudited("reads only"),
      answer: SessionView,
      handle: async (_input, context: Context) => view(await sessions.find(context.headers)),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/setup",
      summary: "The first operator, by the code that the hub's terminal shows",
      permission: "public",
      headers,
      audit: audited("hub.set-up"),
      body: SetupDraft,
      answer: SessionView,
      handle: ({ body }, context: Context) => begun(context, (attempt) => signIn.setUp(body, attempt)),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/session",
      summary: "Sign in; a 401 with `details.totp` asks for the code of the second factor",
      permission: "public",
      headers,
      audit: audited("session.started"),
      body: SignInDraft,
      answer: SessionView,
      handle: ({ body }, context: Context) => begun(context, (attempt) => signIn.withPassword(body, attempt)),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/session/link",
      summary: "Sign in by the one-time link of a demo, on its own machine",
      permission: "public",
      headers,
      audit: audited("session.started"),
      body: LinkDraft,
      answer: SessionView,
      handle: ({ body }, context: Context) => begun(context, (attempt) => signIn.withLink(body.code, attempt)),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/session",
      summary: "Sign out",
      permission: "session",
      headers,
      audit: audited("session.ended"),
      answer: Ok,
      async handle(_input, context: Context) {
        const { user, session } = await held(context);
        await store.tx(async (tx) => {
          await sessions.end(tx, user.id, session.id);
          await context.record(tx, { subject: user.id, tenant: null, details: { session: session.id } });
        });
        const where = cookiePlace(context.headers, ports.publicUrl);
        if (where !== null) context.answerHeader("set-cookie", setCookie(where, where.session, "", 0));
        return { ok: true as const };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/v1/session/password",
      summary: "One's own new password; the other sessions end",
      permission: "session",
      headers,
      audit: audited("user.password-changed"),
      body: PasswordChange,
      answer: SessionView,
      async handle({ body }, context: Context) {
        const where = place(context);
        const cookie = setCookie(where, where.session, await ports.own.changePassword(await held(context), body, context.record), SESSION_S);
        context.answerHeader("set-cookie", cookie);
        return view(await sessions.find({ ...context.headers, cookie: cookie.split(";")[0] ?? "" }));
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/session/totp",
      summary: "Begin with a second factor: its secret, shown this once",
      permission: "session",
      headers,
      audit: audited("user.totp-begun"),
      answer: TotpDraft,
      handle: async (_input, context: Context) => ports.own.beginFactor(await held(context), context.record),
    }),
    defineRoute({
      method: "PUT",
      path: "/api/v1/session/totp",
      summary: "The first code of a new second factor, which counts from now on; gives the recovery codes",
      permission: "session",
      headers,
      audit: audited("user.totp-enabled"),
      body: TotpCode,
      answer: RecoveryCodes,
      handle: async ({ body }, context: Context) => ({ recoveryCodes: await ports.own.confirmFactor(await held(context), body.code, context.record) }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/session/totp",
      summary: "Remove one's second factor",
      permission: "session",
      headers,
      audit: audited("user.totp-removed"),
      body: PasswordProof,
      answer: Ok,
      async handle({ body }, context: Context) {
        await ports.own.removeFactor(await held(context), body.password, context.record);
        return { ok: true as const };
      },
    }),
    defineRoute({
      method: "GET",
      path: LIST,
      summary: "One's own sessions",
      permission: "session",
      headers,
      audit: unaudited("reads only"),
      answer: Type.Object({ items: Type.Array(SessionEntry), next: Type.Null() }),
      async handle(_input, context: Context) {
        const { user, session } = await held(context);
        const rows = await sessions.list(store.read, user.id);
        return { items: rows.map((row) => ({ id: row.id, current: row.id === session.id, createdAt: row.created_at, usedAt: row.used_at, endsAt: row.ends_at, address: row.address, agent: row.agent })), next: null };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${LIST}/:id`,
      summary: "End one of one's own sessions",
      permission: "session",
      headers,
      audit: audited("session.ended"),
      params: Id,
      answer: Ok,
      async handle({ params }, context: Context) {
        const { user } = await held(context);
        await store.tx(async (tx) => {
          if (!(await sessions.end(tx, user.id, params.id))) throw new Fault("NOT_FOUND", "There is no session of that id.", { cure: `GET ${LIST} shows what there is.` });
          await context.record(tx, { subject: user.id, tenant: null, details: { session: params.id } });
        });
        return { ok: true as const };
      },
    }),
  ];
}
