/** For tests: accounts, sessions and sign-in over a real store and the real application, with a clock the test moves and quick password hashes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Type from "typebox";
import type { FastifyInstance } from "fastify";
import { openMigrated } from "../../test/support/migrated.ts";
import type { SessionView } from "../kernel/account-api.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { Fault, type FaultReport } from "../kernel/fault.ts";
import { silentLog } from "../kernel/log.ts";
import { audited, defineRoute, unaudited, type RouteContext } from "../kernel/route.ts";
import { Secret } from "../kernel/secret.ts";
import type { Store, Tx } from "../store/store.ts";
import { accountMigrations } from "./account-tables.ts";
import { createApp } from "./app.ts";
import { auditMigrations, createAuditLog, type AuditLog } from "./audit.ts";
import { createAuth } from "./auth.ts";
import { createOwnAccount } from "./own-account.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import type { FactorSecrets } from "./second-factor.ts";
import { sessionRoutes } from "./session-routes.ts";
import { createSessions } from "./sessions.ts";
import { createSignIn, type SignIn } from "./sign-in.ts";
import { createThrottle } from "./throttle.ts";
import { userRoutes } from "./user-routes.ts";
import { createUsers } from "./users.ts";

export const LOCAL = "vdl_the-credential-of-this-test";
export const PASSWORD = "correct horse battery staple";
const MAIL = "ada@example.test";

export interface Told {
  readonly status: number;
  readonly body: SessionView & { readonly fault: FaultReport } & Readonly<Record<string, unknown>>;
  readonly cookies: readonly string[];
  readonly headers: Readonly<Record<string, unknown>>;
}

/** One browser: it keeps cookies and repeats them, and sends what it was told with every change. */
export interface Browser {
  readonly jar: Map<string, string>;
  csrf: string | null;
  ask(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Told>;
  signIn(more?: object): Promise<Told>;
}

export interface People {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly signIn: SignIn;
  readonly time: { now: number };
  /** Passwords that were worked out so far. */
  readonly worked: { checks: number };
  browser(address?: string, host?: string): Browser;
  /** The first operator, signed in. */
  setUp(browser?: Browser): Promise<Browser>;
  close(): Promise<void>;
}

export async function openPeople(publicUrl: string | null = null): Promise<People> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-people-"));
  const time = { now: Date.parse("2026-03-01T12:00:00.000Z") };
  const clock: Clock = { ...systemClock, now: () => time.now };
  const store = await openMigrated(join(folder, "data"), { migrations: [...auditMigrations, ...accountMigrations] });
  const audit = createAuditLog(store, clock);
  const sealed = new Map<string, Secret>();
  const secrets: FactorSecrets = {
    async seal(_tx, user, secret) {
      sealed.set(user, secret);
    },
    async open(_db, user) {
      const secret = sealed.get(user);
      if (secret === undefined) throw new Fault("NOT_FOUND", "There is no stored secret of it.");
      return secret;
    },
    async destroy(_tx, user) {
      sealed.delete(user);
    },
  };
  const worked = { checks: 0 };
  const quick = createPasswords({ ln: 4, r: 1, p: 1 });
  const passwords: Passwords = {
    ...quick,
    check(text, stored) {
      worked.checks += 1;
      return quick.check(text, stored);
    },
  };
  const throttle = createThrottle(clock);
  const sessions = createSessions({ store, clock, log: silentLog, publicUrl });
  const signIn = createSignIn({ store, clock, audit, sessions, passwords, throttle, secrets });
  const users = createUsers({ store, clock, passwords, sessions, secrets, resolveTenant: async (_scope, reference) => reference });
  const routes = [
    ...sessionRoutes({ store, sessions, signIn, own: createOwnAccount({ store, clock, sessions, passwords, throttle, secrets }), publicUrl, version: "0", tenants: async () => ({ items: [{ id: "ten_default", name: "default" }], next: null }) }),
    ...userRoutes(users),
    defineRoute({ method: "GET", path: "/api/v1/whoami", summary: "a test", permission: "status.read", audit: unaudited("a test"), answer: Type.Object({ kind: Type.String(), id: Type.String(), role: Type.String() }), handle: async (_input, { actor }: RouteContext<Tx>) => ({ kind: actor.kind, id: actor.id, role: actor.role }) }),
    defineRoute({ method: "POST", path: "/api/v1/change", summary: "a test", permission: "cases.write", audit: audited("thing.changed"), answer: Type.Object({}), handle: (_input, context: RouteContext<Tx>) => store.tx((tx) => context.record(tx, { subject: "x", tenant: null })).then(() => ({})) }),
  ];
  const app = createApp({ routes, auth: createAuth({ authenticate: async () => undefined }, new Secret(LOCAL)), sessions, audit, log: silentLog, clock, publicUrl });
  await app.ready();

  function browser(address = "203.0.113.7", host = "127.0.0.1:8420"): Browser {
    const jar = new Map<string, string>();
    const self: Browser = {
      jar,
      csrf: null,
      async ask(method, url, body, headers = {}) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
        const answer = await app.inject({ method, url, remoteAddress: address, headers: { host, ...(cookie === "" ? {} : { cookie }), ...(method === "GET" || self.csrf === null ? {} : { "x-vedette-csrf": self.csrf }), ...headers }, ...(body === undefined ? {} : { payload: body }) });
        const given = answer.headers["set-cookie"];
        const cookies = given === undefined ? [] : [given].flat();
        for (const one of cookies) {
          const [name = "", value = ""] = (one.split(";")[0] ?? "").split("=");
          if (value === "") jar.delete(name);
          else jar.set(name, value);
        }
        const told = answer.json<Told["body"]>();
        if (typeof told.csrf === "string") self.csrf = told.csrf;
        return { status: answer.statusCode, body: told, cookies, headers: answer.headers };
      },
      signIn: (more = {}) => self.ask("POST", "/api/v1/session", { email: MAIL, password: PASSWORD, ...more }),
    };
    return self;
  }

  return {
    app,
    store,
    audit,
    signIn,
    time,
    worked,
    browser,
    async setUp(own = browser()) {
      const code = (await signIn.setupCode())?.reveal() ?? "";
      const answer = await own.ask("POST", "/api/v1/setup", { code, email: MAIL, name: "Ada", password: PASSWORD });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return own;
    },
    async close() {
      await app.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
