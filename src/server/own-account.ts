/** What a signed-in user does with his own account: another password, a second factor. Whoever found a desk unlocked needs the password for either. */
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Store } from "../store/store.ts";
import { accounts, type Recorder, type UserRow } from "./account-tables.ts";
import { checkedPassword, type Passwords } from "./passwords.ts";
import { dropFactor, newFactor, renewRecoveryCodes, spendFactor, wrongCode, type FactorSecrets } from "./second-factor.ts";
import type { HeldSession, Sessions } from "./sessions.ts";
import type { Throttle } from "./throttle.ts";

export interface OwnAccount {
  /** The other sessions end; this one goes on under the token that is given back. */
  changePassword(held: HeldSession, given: { readonly current: string; readonly password: string }, record: Recorder): Promise<string>;
  /** Counts only once a code of it has been seen. */
  beginFactor(held: HeldSession, record: Recorder): Promise<{ readonly secret: string; readonly uri: string }>;
  /** The other sessions end. */
  confirmFactor(held: HeldSession, code: string, record: Recorder): Promise<string[]>;
  removeFactor(held: HeldSession, password: string, record: Recorder): Promise<void>;
}

export interface OwnAccountPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
  readonly secrets: FactorSecrets;
}

const TRIES = { burst: 10, everyMs: 60_000 };

export function createOwnAccount({ store, clock, sessions, passwords, throttle, secrets }: OwnAccountPorts): OwnAccount {
  function tried(user: UserRow) {
    const limits = [{ key: `own:${user.id}`, ...TRIES }];
    const wait = throttle.take(limits);
    if (wait > 0) throw new Fault("TOO_MANY_REQUESTS", "Too many tries that failed.", { retryAfterMs: wait });
    return limits;
  }

  async function prove(user: UserRow, password: string): Promise<void> {
    const limits = tried(user);
    if (!(await passwords.check(password, user.password))) throw new Fault("FORBIDDEN", "The current password is not right.", { cure: "Type the password you signed in with." });
    throttle.giveBack(limits);
  }

  return {
    async changePassword({ user, session }, given, record) {
      await prove(user, given.current);
      if (given.password === given.current) throw new Fault("CONFIG_INVALID", "The new password is the old one.", { cure: "Choose another." });
      const password = await passwords.hash(checkedPassword(given.password, user.email));
      return store.tx(async (tx) => {
        await record(tx, { subject: user.id, tenant: null });
        const { numUpdatedRows } = await accounts(tx.db).updateTable("hub_users").set({ password, password_ends_at: null }).where("id", "=", user.id).where("password", "=", user.password).executeTakeFirst();
        if (numUpdatedRows === 0n) throw new Fault("CHANGED_SINCE", "The password was changed meanwhile.", { cure: "Sign in with the new one." });
        await sessions.endOthers(tx, user.id, session.id);
        return sessions.rotate(tx, session.id);
      });
    },
    async beginFactor({ user }, record) {
      if (user.totp === "on") throw new Fault("ALREADY_EXISTS", "There is a second factor already.", { cure: "Remove it first." });
      const { secret, uri } = await newFactor(user.email);
      await store.tx(async (tx) => {
        await record(tx, { subject: user.id, tenant: null });
        const { numUpdatedRows } = await accounts(tx.db).updateTable("hub_users").set({ totp: "pending", totp_step: null }).where("id", "=", user.id).where("totp", "!=", "on").executeTakeFirst();
        if (numUpdatedRows === 0n) throw new Fault("ALREADY_EXISTS", "There is a second factor already.", { cure: "Remove it first." });
        await secrets.seal(tx, user.id, secret);
      });
      return { secret: secret.reveal(), uri };
    },
    async confirmFactor({ user, session }, code, record) {
      const limits = tried(user);
      const codes = await store.tx(async (tx) => {
        // As it stands now, not as it stood when the request came.
        const { totp } = await accounts(tx.db).selectFrom("hub_users").select("totp").where("id", "=", user.id).executeTakeFirstOrThrow();
        if (totp !== "pending") throw new Fault("CONFIG_INVALID", "No second factor waits for its first code.", { cure: "Begin with POST /api/v1/session/totp." });
        if (!/^\s*\d{3}\s?\d{3}\s*$/.test(code) || !(await spendFactor(tx, secrets, user.id, code, clock.now()))) throw wrongCode();
        await record(tx, { subject: user.id, tenant: null });
        await accounts(tx.db).updateTable("hub_users").set({ totp: "on" }).where("id", "=", user.id).execute();
        await sessions.endOthers(tx, user.id, session.id);
        return renewRecoveryCodes(tx, user.id);
      });
      throttle.giveBack(limits);
      return codes;
    },
    async removeFactor({ user, session }, password, record) {
      await prove(user, password);
      await store.tx(async (tx) => {
        await record(tx, { subject: user.id, tenant: null });
        await dropFactor(tx, secrets, user.id);
        await sessions.endOthers(tx, user.id, session.id);
      });
    },
  };
}
