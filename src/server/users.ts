/**
 * Accounts of people, as administrators see them: made with a one-time password, bound to one role and one set of tenants or all, like API keys.
 * A change of role or tenants, a reset and a disabling end the account's sessions with it. The last operator who can sign in stays one.
 */
import { sql } from "kysely";
import type { Static } from "typebox";
import type { UserChange, UserDraft, UserView } from "../kernel/account-api.ts";
import type { UserQuery } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type TenantId } from "../kernel/ids.ts";
import type { Role } from "../kernel/permissions.ts";
import type { Actor } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { textList } from "../store/conditions.ts";
import { fittingPage, idList, type FittingPage } from "../store/fitting.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { accounts, foldedEmail, operators, userView, type Recorder, type UserRow } from "./account-tables.ts";
import { readableCode, type Passwords } from "./passwords.ts";
import { oneTenant, refuseMoreThan, seesAll, storedTenants, tenantsFor, type ResolveTenant } from "./reach.ts";
import { dropFactor, type FactorSecrets } from "./second-factor.ts";
import type { Sessions } from "./sessions.ts";
import { checkedEmail, checkedName } from "./sign-in.ts";

const ONCE_MS = 3 * 86_400_000;
const DEFAULT_PAGE = 200;

export interface Users {
  /** By e-mail address, which no two have. */
  list(scope: TenantScope, query?: Static<typeof UserQuery>): Promise<FittingPage<UserView>>;
  create(actor: Actor, draft: Static<typeof UserDraft>, record: Recorder): Promise<{ readonly user: UserView; readonly password: Secret }>;
  change(actor: Actor, id: string, change: Static<typeof UserChange>, record: Recorder): Promise<UserView>;
  remove(actor: Actor, id: string, record: Recorder): Promise<UserView>;
  /** A new one-time password; sessions and second factor of the account are gone with the old one. */
  reset(actor: Actor, id: string, record: Recorder): Promise<Secret>;
}

export interface UsersPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly secrets: FactorSecrets;
  readonly resolveTenant: ResolveTenant;
}

function stateOf(row: UserRow): NonNullable<Static<typeof UserQuery>["state"]> {
  if (row.disabled_at !== null) return "disabled";
  return row.password_ends_at === null ? "active" : "first-sign-in";
}

export function createUsers({ store, clock, passwords, sessions, secrets, resolveTenant }: UsersPorts): Users {
  /** An account the actor sees and may change; by id or e-mail address. */
  async function changeable(db: Database, actor: Actor, reference: string): Promise<UserRow> {
    const row = await accounts(db).selectFrom("hub_users").selectAll().where((where) => where.or([where("id", "=", reference), where("email", "=", foldedEmail(reference))])).executeTakeFirst();
    if (row === undefined || !seesAll(actor.scope, storedTenants(row.tenants))) throw new Fault("NOT_FOUND", "There is no account of that id or address.", { cure: "`vedette users list` shows what there is." });
    refuseMoreThan(actor, row.role as Role);
    return row;
  }

  /** Recorded first: on PostgreSQL the log lets one writer wait for the other, so that two cannot each take the other for the last operator. */
  async function changed<T>(actor: Actor, id: string, record: Recorder, details: Readonly<Record<string, string | number | boolean | null>>, work: (tx: Tx, row: UserRow) => Promise<T>): Promise<T> {
    return store.tx(async (tx) => {
      const row = await changeable(tx.db, actor, id);
      await record(tx, { subject: row.id, tenant: oneTenant(storedTenants(row.tenants)), details: { email: row.email, ...details } });
      const result = await work(tx, row);
      if (row.role === "operator" && (await operators(tx.db)) === 0) throw new Fault("FORBIDDEN", "This is the last operator who can sign in.", { cure: "Give somebody else that role first." });
      return result;
    });
  }

  const once = (): { readonly text: string; readonly endsAt: string } => ({ text: readableCode(), endsAt: isoTime(clock.now() + ONCE_MS) });

  return {
    async list(scope, { text, state, tenant, ids, after, limit = DEFAULT_PAGE } = {}) {
      const wanted = text?.trim().toLowerCase() ?? "";
      const among = idList(ids);
      const of = tenant === undefined ? undefined : ((await resolveTenant(scope, tenant)) as TenantId);
      const { items, next } = await fittingPage<UserRow>({
        after,
        limit,
        place: ({ email }) => email,
        fits(row) {
          const tenants = storedTenants(row.tenants);
          return seesAll(scope, tenants) && (of === undefined || tenants === null || tenants.includes(of)) && (state === undefined || stateOf(row) === state) && `${row.name} ${row.email}`.toLowerCase().includes(wanted);
        },
        read(behind, size) {
          let rows = accounts(store.read).selectFrom("hub_users").selectAll().orderBy("email").limit(size);
          if (behind !== undefined) rows = rows.where("email", ">", behind);
          if (among !== undefined) rows = rows.where(sql<boolean>`id IN ${textList(store.kind, among)}`);
          return rows.execute();
        },
      });
      return { items: items.map(userView), next };
    },
    async create(actor, draft, record) {
      refuseMoreThan(actor, draft.role);
      const tenants = await tenantsFor(actor, draft, resolveTenant);
      const { text, endsAt } = once();
      const now = clock.now();
      const row: UserRow = {
        id: newId("user", now),
        email: checkedEmail(draft.email),
        name: checkedName(draft.name),
        role: draft.role,
        tenants: tenants === null ? null : JSON.stringify(tenants),
        password: await passwords.hash(text),
        password_ends_at: endsAt,
        totp: "off",
        totp_step: null,
        created_at: isoTime(now),
        created_by: actor.id,
        signed_in_at: null,
        disabled_at: null,
      };
      await store.tx(async (tx) => {
        const { numInsertedOrUpdatedRows } = await accounts(tx.db).insertInto("hub_users").values(row).onConflict((conflict) => conflict.column("email").doNothing()).executeTakeFirst();
        if (numInsertedOrUpdatedRows === 0n) throw new Fault("ALREADY_EXISTS", "There is an account of that e-mail address.", { cure: "Change that one, or use another address." });
        await record(tx, { subject: row.id, tenant: oneTenant(tenants), details: { email: row.email, role: row.role } });
      });
      return { user: userView(row), password: new Secret(text) };
    },
    async change(actor, id, { name, role: given, tenants: wished, disabled }, record) {
      const before = await changeable(store.read, actor, id);
      if (given !== undefined) refuseMoreThan(actor, given);
      const rights = given !== undefined || wished !== undefined;
      if (before.id === actor.id && (rights || disabled === true)) throw new Fault("FORBIDDEN", "Nobody changes his own rights.", { cure: "Another administrator can." });
      const reach = wished === undefined ? undefined : await tenantsFor(actor, { role: given ?? (before.role as Role), tenants: wished }, resolveTenant);
      const told = { ...(given === undefined ? {} : { role: given }), ...(disabled === undefined ? {} : { disabled }), ...(reach === undefined ? {} : { tenants: reach === null ? "all" : reach.length }) };
      return changed(actor, before.id, record, told, async (tx, row) => {
        // From the account as it is in this transaction: what is not asked for stays, whoever else changed it meanwhile.
        const tenants = reach === undefined ? storedTenants(row.tenants) : reach;
        const role = given ?? row.role;
        if (role === "operator" && tenants !== null) throw new Fault("CONFIG_INVALID", "An operator runs the whole hub; that role cannot be limited to tenants.", { cure: "Give `tenants` as null with it." });
        const disabledAt = disabled === undefined ? row.disabled_at : disabled ? (row.disabled_at ?? isoTime(clock.now())) : null;
        const fresh = { name: name === undefined ? row.name : checkedName(name), role, tenants: tenants === null ? null : JSON.stringify(tenants), disabled_at: disabledAt };
        await accounts(tx.db).updateTable("hub_users").set(fresh).where("id", "=", row.id).execute();
        if (rights || disabled === true) await sessions.endOthers(tx, row.id, null);
        return userView({ ...row, ...fresh });
      });
    },
    async remove(actor, id, record) {
      return changed(actor, id, record, {}, async (tx, row) => {
        if (row.id === actor.id) throw new Fault("FORBIDDEN", "Nobody removes his own account.", { cure: "Another administrator can." });
        await dropFactor(tx, secrets, row.id);
        await accounts(tx.db).deleteFrom("hub_sessions").where("user_id", "=", row.id).execute();
        await accounts(tx.db).deleteFrom("hub_users").where("id", "=", row.id).execute();
        return userView(row);
      });
    },
    async reset(actor, id, record) {
      const { text, endsAt } = once();
      const password = await passwords.hash(text);
      return changed(actor, id, record, {}, async (tx, row) => {
        await dropFactor(tx, secrets, row.id);
        await accounts(tx.db).updateTable("hub_users").set({ password, password_ends_at: endsAt }).where("id", "=", row.id).execute();
        await sessions.endOthers(tx, row.id, null);
        return new Secret(text);
      });
    },
  };
}
