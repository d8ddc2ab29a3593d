/**
 * How people come in: the first operator by the set-up code that the terminal shows, everybody by password and second factor, whoever sits at
 * a demo by its link. Wrong, unknown, disabled and spent answer alike and after the same time. Tries are counted before they are checked, for
 * a stranger per account and per address, for a browser that signed in before by itself: so strangers can make strangers wait, and nobody else.
 */
import { timingSafeEqual } from "node:crypto";
import ipaddr from "ipaddr.js";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import type { Store, Tx } from "../store/store.ts";
import { accounts, foldedEmail, hashOf, operators, type Recorder, type UserRow } from "./account-tables.ts";
import type { AuditLog } from "./audit.ts";
import { checkedPassword, readableCode, type Passwords } from "./passwords.ts";
import { isLoopbackHost } from "./request-guard.ts";
import type { HeldSession, Sessions, StartedSession, Visit } from "./sessions.ts";
import type { Limit, Throttle } from "./throttle.ts";
import { spendFactor, type FactorSecrets } from "./second-factor.ts";

export interface SignInPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Pick<AuditLog, "append">;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
  readonly secrets: FactorSecrets;
}

/** One request that wants a session. */
export interface Attempt {
  readonly visit: Visit;
  readonly requestId: string;
  readonly record: Recorder;
  /** The session it comes from: that one ends. */
  readonly before: HeldSession | undefined;
}

export interface SignIn {
  /** True while no operator has an account. */
  wantsSetup(): Promise<boolean>;
  /** For the terminal: the code by which the first operator proves who he is; null where there is one already. */
  setupCode(): Promise<Secret | null>;
  setUp(draft: { readonly code: string; readonly email: string; readonly name: string; readonly password: string }, attempt: Attempt): Promise<StartedSession>;
  withPassword(draft: { readonly email: string; readonly password: string; readonly totp?: string }, attempt: Attempt): Promise<StartedSession>;
  /** For the terminal of a demo: signs in once, on this machine, as an operator of that address, who is made where there is none. */
  link(email: string, name: string): Promise<Secret>;
  withLink(code: string, attempt: Attempt): Promise<StartedSession>;
}

const SETUP_MS = 24 * 3_600_000;
const LINK_MS = 3_600_000;
const STRANGERS_PER_ACCOUNT = { burst: 10, everyMs: 60_000 };
const PER_ADDRESS = { burst: 30, everyMs: 20_000 };
const PER_BROWSER = { burst: 10, everyMs: 30_000 };

interface Pass {
  readonly hash: string;
  readonly endsAt: number;
}

export function createSignIn(ports: SignInPorts): SignIn {
  const { store, clock, sessions, passwords, throttle } = ports;
  let setup: Pass | null = null;
  let link: (Pass & { readonly user: string }) | null = null;

  function limited(limits: readonly Limit[]): void {
    const wait = throttle.take(limits);
    if (wait > 0) throw new Fault("TOO_MANY_REQUESTS", "Too many tries that failed.", { retryAfterMs: wait });
  }

  /** What is refused is written down as long as tries are left: a flood of them must not fill the log. */
  async function refused(attempt: Attempt, subject: string, reason: string, answer: Fault): Promise<never> {
    await store.tx((tx) => ports.audit.append(tx, { actor: { kind: "session", id: "anonymous" }, event: "session.refused", requestId: attempt.requestId, subject, tenant: null, details: { reason, address: attempt.visit.address } }));
    throw answer;
  }

  async function begin(tx: Tx, user: Pick<UserRow, "id">, attempt: Attempt, how: string): Promise<StartedSession> {
    if (attempt.before !== undefined) await sessions.end(tx, attempt.before.user.id, attempt.before.session.id);
    await sessions.tidy(tx);
    const started = await sessions.start(tx, user.id, attempt.visit);
    await attempt.record(tx, { subject: user.id, tenant: null, by: { kind: "session", id: user.id }, details: { how, session: started.row.id, address: attempt.visit.address } });
    return started;
  }

  function newUser(email: string, name: string, password: string, by: string): UserRow {
    const now = clock.now();
    return { id: newId("user", now), email: checkedEmail(email), name: checkedName(name), role: "operator", tenants: null, password, password_ends_at: null, totp: "off", totp_step: null, created_at: isoTime(now), created_by: by, signed_in_at: null, disabled_at: null };
  }

  return {
    wantsSetup: async () => (await operators(store.read)) === 0,
    async setupCode() {
      if ((await operators(store.read)) > 0) return null;
      const code = readableCode();
      setup = { hash: hashOf(plain(code)), endsAt: clock.now() + SETUP_MS };
      return new Secret(code);
    },
    async setUp(draft, attempt) {
      if ((await operators(store.read)) > 0) throw new Fault("FORBIDDEN", "This hub is set up already.", { cure: "Sign in; `vedette users reset` on its machine helps who cannot." });
      const limits = [{ key: `setup:${addressBlock(attempt.visit.address)}`, ...PER_ADDRESS }];
      limited(limits);
      if (setup === null || setup.endsAt <= clock.now() || !same(setup.hash, hashOf(plain(draft.code)))) {
        return refused(attempt, "setup", "code", new Fault("UNAUTHENTICATED", "The set-up code is not the one this hub shows, or has ended.", { cure: "It stands in the terminal where `vedette serve` runs; a new start shows a new one." }));
      }
      const user = newUser(draft.email, draft.name, await passwords.hash(checkedPassword(draft.password, draft.email)), "setup");
      const started = await store.tx(async (tx) => {
        const { numInsertedOrUpdatedRows } = await accounts(tx.db).insertInto("hub_users").values(user).onConflict((conflict) => conflict.column("email").doNothing()).executeTakeFirst();
        if (numInsertedOrUpdatedRows === 0n) throw new Fault("ALREADY_EXISTS", "There is an account of that e-mail address.", { cure: "Use another address." });
        const begun = await begin(tx, user, attempt, "setup");
        // After the line in the log, for which one writer waits for the other: of two at once, the second sees the first.
        if ((await operators(tx.db)) !== 1) throw new Fault("FORBIDDEN", "This hub is set up already.");
        return begun;
      });
      setup = null;
      throttle.giveBack(limits);
      return started;
    },
    async withPassword(draft, attempt) {
      const email = foldedEmail(draft.email);
      const user = await accounts(store.read).selectFrom("hub_users").selectAll().where("email", "=", email).executeTakeFirst();
      const known = await sessions.knows(user?.id ?? "", attempt.visit.browser);
      const limits = known ? [{ key: `browser:${email}:${hashOf(attempt.visit.browser ?? "")}`, ...PER_BROWSER }] : [{ key: `account:${hashOf(email)}`, ...STRANGERS_PER_ACCOUNT }, { key: `address:${addressBlock(attempt.visit.address)}`, ...PER_ADDRESS }];
      limited(limits);
      const right = await passwords.check(draft.password, user?.password ?? null);
      const spent = user?.password_ends_at !== null && user?.password_ends_at !== undefined && Date.parse(user.password_ends_at) <= clock.now();
      if (user === undefined || !right || user.disabled_at !== null || spent) {
        const reason = user === undefined ? "unknown" : !right ? "password" : spent ? "password-spent" : "disabled";
        return refused(attempt, user?.id ?? "-", reason, new Fault("UNAUTHENTICATED", "The e-mail address or the password is not right.", { cure: "An administrator can reset it; on the hub's machine `vedette users reset` does." }));
      }
      if (user.totp === "on" && draft.totp === undefined) {
        throttle.giveBack(limits);
        throw new Fault("UNAUTHENTICATED", "A code of the second factor is needed.", { cure: "Type the code your authenticator shows, or a recovery code.", details: { totp: true } });
      }
      const renewed = passwords.outdated(user.password) ? await passwords.hash(draft.password) : null;
      const started = await store.tx(async (tx) => {
        if (user.totp === "on" && !(await spendFactor(tx, ports.secrets, user.id, draft.totp ?? "", clock.now()))) return null;
        if (user.password_ends_at !== null && !(await spendPassword(tx, user, isoTime(clock.now())))) return null;
        if (renewed !== null) await accounts(tx.db).updateTable("hub_users").set({ password: renewed }).where("id", "=", user.id).where("password", "=", user.password).execute();
        return begin(tx, user, attempt, user.totp === "on" ? "password and second factor" : "password");
      });
      if (started === null) return refused(attempt, user.id, "totp", new Fault("UNAUTHENTICATED", "This code is not right, or was used before.", { cure: "Wait for the next code and check the clock of the device that shows it, or use a recovery code.", details: { totp: true } }));
      throttle.giveBack(limits);
      return started;
    },
    async link(email, name) {
      const found = await accounts(store.read).selectFrom("hub_users").selectAll().where("email", "=", email).executeTakeFirst();
      const user = found ?? newUser(email, name, await passwords.hash(readableCode()), "demo");
      if (found === undefined) {
        await store.tx(async (tx) => {
          await accounts(tx.db).insertInto("hub_users").values(user).execute();
          await ports.audit.append(tx, { actor: { kind: "hub", id: "hub" }, event: "user.created", requestId: "-", subject: user.id, tenant: null, details: { email, role: user.role } });
        });
      }
      const code = readableCode();
      link = { hash: hashOf(plain(code)), endsAt: clock.now() + LINK_MS, user: user.id };
      return new Secret(code);
    },
    async withLink(code, attempt) {
      limited([{ key: `link:${addressBlock(attempt.visit.address)}`, ...PER_ADDRESS }]);
      const pass = link;
      if (pass === null || pass.endsAt <= clock.now() || !isLoopback(attempt.visit.address) || !same(pass.hash, hashOf(plain(code)))) {
        return refused(attempt, "link", "code", new Fault("UNAUTHENTICATED", "This sign-in link has been used, has ended, or is not one of this hub.", { cure: "Start the demo again: it prints a new one." }));
      }
      // Before anything is awaited: of two at once, one finds it.
      link = null;
      return store.tx((tx) => begin(tx, { id: pass.user }, attempt, "link"));
    },
  };
}

/** A one-time password signs in once; it still proves to its holder's session who may choose the next. */
async function spendPassword(tx: Tx, user: UserRow, now: string): Promise<boolean> {
  const { numUpdatedRows } = await accounts(tx.db).updateTable("hub_users").set({ password_ends_at: now }).where("id", "=", user.id).where("password_ends_at", "=", user.password_ends_at).executeTakeFirst();
  return numUpdatedRows > 0n;
}

export function checkedEmail(text: string): string {
  const email = foldedEmail(text);
  if (!/^[^\s@\p{C}]{1,64}@[^\s@\p{C}]{1,189}$/u.test(email)) throw new Fault("CONFIG_INVALID", "This is not an e-mail address.", { cure: "Write it like name@example.com." });
  return email;
}

export function checkedName(text: string): string {
  const name = text.trim();
  if (name === "" || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) throw new Fault("CONFIG_INVALID", "A name has at least one character and no control characters.");
  return name;
}

/** As people type it back. */
function plain(code: string): string {
  return code.toUpperCase().replaceAll(/[^0-9A-Z]/g, "");
}

function same(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

function isLoopback(address: string): boolean {
  return isLoopbackHost(address.replace(/^::ffff:/, ""));
}

/** Who has one IPv6 address has 2^64 of them. */
export function addressBlock(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).map((part) => part.toString(16)).join(":") : parsed.toString();
}
