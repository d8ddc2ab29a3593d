/**
 * Sessions of people: 256 random bits in a cookie, stored as a hash, ended after two hours without a request, twelve hours in all, on sign-out,
 * and whenever the rights or the password of the account change. Who holds one is looked up with every request, so that an account
 * disabled now is out now. Rows are kept for 90 days: they tell a browser that signed in before from a stranger's.
 */
import { timingSafeEqual } from "node:crypto";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { ROLES } from "../kernel/permissions.ts";
import type { Actor, NamedHeaders } from "../kernel/route.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { accounts, hashOf, newToken, type SessionRow, type UserRow } from "./account-tables.ts";
import { readCookies } from "./cookies.ts";
import { isRole, reachOf, storedTenants } from "./reach.ts";

export const CSRF_HEADER = "x-vedette-csrf";
export const SESSION_S = 12 * 3600;
const IDLE_MS = 2 * 3_600_000;
export const KEPT_S = 90 * 86_400;
const USED_EVERY_MS = 60_000;
const AGENT_MAX = 200;

/** Who asks for a session, and from where. */
export interface Visit {
  readonly address: string;
  readonly agent: string;
  /** The token of the browser's own cookie, where it brought one. */
  readonly browser: string | null;
}

export interface HeldSession {
  readonly session: SessionRow;
  readonly user: UserRow;
  readonly actor: Actor;
}

export interface StartedSession {
  readonly row: SessionRow;
  readonly token: string;
  readonly browser: string;
}

export interface Sessions {
  /** Who the request's cookie belongs to; undefined where it proves nobody. */
  find(headers: NamedHeaders): Promise<HeldSession | undefined>;
  /** Whether it goes on; asking does not keep it alive. */
  lives(id: string): Promise<boolean>;
  start(tx: Tx, user: string, visit: Visit): Promise<StartedSession>;
  /** The same session under a new token, which is given back. */
  rotate(tx: Tx, id: string): Promise<string>;
  /** False where the account has no such session that lives. */
  end(tx: Tx, user: string, id: string): Promise<boolean>;
  endOthers(tx: Tx, user: string, kept: string | null): Promise<void>;
  list(db: Database, user: string): Promise<readonly SessionRow[]>;
  /** This browser has signed in to this account before. */
  knows(user: string, browser: string | null): Promise<boolean>;
  tidy(tx: Tx): Promise<void>;
}

export function createSessions({ store, clock, log, publicUrl }: { readonly store: Store; readonly clock: Clock; readonly log: Log; readonly publicUrl: string | null }): Sessions {
  const lastWritten = new Map<string, number>();

  function lives(row: SessionRow): boolean {
    const now = clock.now();
    return row.ended_at === null && Date.parse(row.ends_at) > now && Date.parse(row.used_at) + IDLE_MS > now;
  }

  function touch(id: string, usedAt: string): void {
    const now = clock.now();
    if (now - Math.max(lastWritten.get(id) ?? 0, Date.parse(usedAt)) < USED_EVERY_MS) return;
    lastWritten.set(id, now);
    // Not awaited: a request does not wait for a note about itself.
    store
      .tx(async (tx) => {
        await accounts(tx.db).updateTable("hub_sessions").set({ used_at: isoTime(now) }).where("id", "=", id).execute();
      })
      .catch(() => log.warn("session.last-used-failed", { session: id }));
  }

  async function living(db: Database, user: string): Promise<readonly SessionRow[]> {
    const rows = await accounts(db).selectFrom("hub_sessions").selectAll().where("user_id", "=", user).where("ended_at", "is", null).where("ends_at", ">", isoTime(clock.now())).orderBy("id", "desc").execute();
    return rows.filter(lives);
  }

  return {
    async find(headers) {
      const { session: token } = readCookies(headers, publicUrl);
      if (token === null) return undefined;
      // Found by its hash: what can be learnt from the time of the search is a hash, not a token.
      const session = await accounts(store.read).selectFrom("hub_sessions").selectAll().where("hash", "=", hashOf(token)).executeTakeFirst();
      if (session === undefined || !lives(session)) return undefined;
      const user = await accounts(store.read).selectFrom("hub_users").selectAll().where("id", "=", session.user_id).executeTakeFirst();
      if (user === undefined || user.disabled_at !== null || !isRole(user.role)) return undefined;
      touch(session.id, session.used_at);
      return { session, user, actor: { kind: "session", id: user.id, name: user.name, role: user.role, scope: reachOf(storedTenants(user.tenants)), permissions: ROLES[user.role], session: session.id } };
    },
    async lives(id) {
      const row = await accounts(store.read).selectFrom("hub_sessions").selectAll().where("id", "=", id).executeTakeFirst();
      return row !== undefined && lives(row);
    },
    async start(tx, user, visit) {
      const now = clock.now();
      const token = newToken();
      // One that somebody else put there would be known to him too: only what this account has had is kept.
      const browser = visit.browser !== null && (await hadBrowser(tx.db, user, visit.browser)) ? visit.browser : newToken();
      const row: SessionRow = {
        id: newId("session", now),
        hash: hashOf(token),
        csrf: newToken(),
        user_id: user,
        browser_hash: hashOf(browser),
        created_at: isoTime(now),
        used_at: isoTime(now),
        ends_at: isoTime(now + SESSION_S * 1000),
        ended_at: null,
        address: visit.address,
        agent: visit.agent.slice(0, AGENT_MAX),
      };
      await accounts(tx.db).insertInto("hub_sessions").values(row).execute();
      await accounts(tx.db).updateTable("hub_users").set({ signed_in_at: row.created_at }).where("id", "=", user).execute();
      return { row, token, browser };
    },
    async rotate(tx, id) {
      const token = newToken();
      await accounts(tx.db).updateTable("hub_sessions").set({ hash: hashOf(token) }).where("id", "=", id).execute();
      return token;
    },
    async end(tx, user, id) {
      const found = (await living(tx.db, user)).find((row) => row.id === id);
      if (found === undefined) return false;
      await accounts(tx.db).updateTable("hub_sessions").set({ ended_at: isoTime(clock.now()) }).where("id", "=", id).execute();
      return true;
    },
    async endOthers(tx, user, kept) {
      const others = accounts(tx.db).updateTable("hub_sessions").set({ ended_at: isoTime(clock.now()) }).where("user_id", "=", user).where("ended_at", "is", null);
      await (kept === null ? others : others.where("id", "!=", kept)).execute();
    },
    list: living,
    // Asked with the same query where there is nothing to find, so that the time does not tell.
    knows: (user, browser) => hadBrowser(store.read, user, browser ?? ""),
    async tidy(tx) {
      await accounts(tx.db).deleteFrom("hub_sessions").where("created_at", "<", isoTime(clock.now() - KEPT_S * 1000)).execute();
    },
  };
}

async function hadBrowser(db: Database, user: string, browser: string): Promise<boolean> {
  return (await accounts(db).selectFrom("hub_sessions").select("id").where("user_id", "=", user).where("browser_hash", "=", hashOf(browser)).limit(1).executeTakeFirst()) !== undefined;
}

/** FORBIDDEN for a change whose request does not repeat what only our own pages can read. */
export function checkCsrf(session: Pick<SessionRow, "csrf">, given: unknown): void {
  const [expected, found] = [Buffer.from(session.csrf), Buffer.from(typeof given === "string" ? given : "")];
  if (expected.length === found.length && timingSafeEqual(expected, found)) return;
  throw new Fault("FORBIDDEN", `A change within a session needs the header ${CSRF_HEADER}.`, { cure: "GET /api/v1/session has it; a program uses an API key instead." });
}
