/**
 * API keys: 256 random bits shown once and stored as a hash, with one role, one set of tenants (or all) and an end. Nobody makes or
 * revokes a key that may do more, or see more, than himself. A revoked or ended key stops working with the next request.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { Static } from "typebox";
import type { ApiKeyDraft, ApiKeyQuery, ApiKeyView } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { ROLES, type Role } from "../kernel/permissions.ts";
import type { Actor, AuditDetails } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { textList } from "../store/conditions.ts";
import { fittingPage, idList, type FittingPage } from "../store/fitting.ts";
import type { Database, Migration, Store, Tx } from "../store/store.ts";
import { isRole, oneTenant, reachOf, refuseMoreThan, seesAll, storedTenants, tenantsFor } from "./reach.ts";

export type KeyView = Static<typeof ApiKeyView>;

export const KEY_PREFIX = "vdt_";
const DEFAULT_DAYS = 365;
const DAY_MS = 86_400_000;
const LAST_USED_EVERY_MS = 60_000;
const NAME_MAX = 100;
const DEFAULT_PAGE = 200;

export interface ApiKeyPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly resolveTenant: (scope: TenantScope, reference: string) => Promise<string>;
}

type Recorder = (tx: Tx, details: AuditDetails) => Promise<void>;

export interface ApiKeys {
  create(actor: Actor, draft: Static<typeof ApiKeyDraft>, record: Recorder): Promise<{ readonly key: KeyView; readonly secret: Secret }>;
  /** As they were made. */
  list(scope: TenantScope, query?: Static<typeof ApiKeyQuery>): Promise<FittingPage<KeyView>>;
  revoke(actor: Actor, id: string, record: Recorder): Promise<KeyView>;
  /** The key's holder, or undefined for a key that is unknown, revoked or past its end. */
  authenticate(secret: string): Promise<Actor | undefined>;
}

type KeyRow = { id: string; name: string; role: string; tenants: string | null; hash: string; created_at: string; created_by: string; expires_at: string; last_used_at: string | null; revoked_at: string | null };
type KeyTables = { api_keys: KeyRow };

export function createApiKeys({ store, clock, log, resolveTenant }: ApiKeyPorts): ApiKeys {
  const lastWritten = new Map<string, number>();

  function touch(id: string): void {
    const now = clock.now();
    if (now - (lastWritten.get(id) ?? 0) < LAST_USED_EVERY_MS) return;
    lastWritten.set(id, now);
    // Not awaited: a request does not wait for a note about itself.
    store
      .tx(async (tx) => {
        await tables(tx.db).updateTable("api_keys").set({ last_used_at: isoTime(now) }).where("id", "=", id).execute();
      })
      .catch(() => log.warn("api-key.last-used-failed", { key: id }));
  }

  return {
    async create(actor, draft, record) {
      const name = checkedName(draft.name);
      refuseMoreThan(actor, draft.role);
      const tenants = await tenantsFor(actor, draft, resolveTenant);
      const text = KEY_PREFIX + randomBytes(32).toString("base64url");
      const now = clock.now();
      const row: KeyRow = {
        id: newId("api-key", now),
        name,
        role: draft.role,
        tenants: tenants === null ? null : JSON.stringify(tenants),
        hash: hashOf(text),
        created_at: isoTime(now),
        created_by: actor.id,
        expires_at: isoTime(now + (draft.expiresInDays ?? DEFAULT_DAYS) * DAY_MS),
        last_used_at: null,
        revoked_at: null,
      };
      await store.tx(async (tx) => {
        await tables(tx.db).insertInto("api_keys").values(row).execute();
        await record(tx, { subject: row.id, tenant: oneTenant(tenants), details: { name, role: draft.role, expiresAt: row.expires_at } });
      });
      return { key: viewOf(row), secret: new Secret(text) };
    },
    async list(scope, { text, state, ids, after, limit = DEFAULT_PAGE } = {}) {
      const wanted = text?.trim().toLowerCase() ?? "";
      const among = idList(ids);
      const now = clock.now();
      const { items, next } = await fittingPage<KeyRow>({
        after,
        limit,
        place: ({ id }) => id,
        fits: (row) => seesAll(scope, storedTenants(row.tenants)) && (state === undefined || stateOf(row, now) === state) && row.name.toLowerCase().includes(wanted),
        read(behind, size) {
          let rows = tables(store.read).selectFrom("api_keys").selectAll().orderBy("id").limit(size);
          if (behind !== undefined) rows = rows.where("id", ">", behind);
          if (among !== undefined) rows = rows.where(sql<boolean>`id IN ${textList(store.kind, among)}`);
          return rows.execute();
        },
      });
      return { items: items.map(viewOf), next };
    },
    async revoke(actor, id, record) {
      return store.tx(async (tx) => {
        const row = await tables(tx.db).selectFrom("api_keys").selectAll().where("id", "=", id).executeTakeFirst();
        if (row === undefined || !seesAll(actor.scope, storedTenants(row.tenants))) throw new Fault("NOT_FOUND", "There is no API key of that id.", { cure: "`vedette api-keys list` shows what there is." });
        refuseMoreThan(actor, row.role as Role);
        const revoked = row.revoked_at ?? isoTime(clock.now());
        await tables(tx.db).updateTable("api_keys").set({ revoked_at: revoked }).where("id", "=", id).execute();
        const tenants = storedTenants(row.tenants);
        await record(tx, { subject: id, tenant: oneTenant(tenants), details: { name: row.name } });
        return viewOf({ ...row, revoked_at: revoked });
      });
    },
    async authenticate(secret) {
      if (!secret.startsWith(KEY_PREFIX) || secret.length > 200) return undefined;
      // Found by its hash: what can be learnt from the time of the search is a hash, not a key.
      const row = await tables(store.read).selectFrom("api_keys").selectAll().where("hash", "=", hashOf(secret)).executeTakeFirst();
      if (row === undefined || row.revoked_at !== null || Date.parse(row.expires_at) <= clock.now() || !isRole(row.role)) return undefined;
      touch(row.id);
      const tenants = storedTenants(row.tenants);
      return { kind: "api-key", id: row.id, name: row.name, role: row.role, scope: reachOf(tenants), permissions: ROLES[row.role] };
    },
  };
}

function stateOf({ revoked_at, expires_at }: KeyRow, now: number): NonNullable<Static<typeof ApiKeyQuery>["state"]> {
  if (revoked_at !== null) return "revoked";
  return Date.parse(expires_at) <= now ? "ended" : "in-use";
}

function checkedName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > NAME_MAX || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) throw new Fault("CONFIG_INVALID", `An API key's name has 1 to ${NAME_MAX} characters and no control characters.`);
  return name;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function viewOf(row: KeyRow): KeyView {
  const role = isRole(row.role) ? row.role : "viewer";
  const tenants = storedTenants(row.tenants);
  return {
    id: row.id,
    name: row.name,
    role,
    permissions: [...ROLES[role]],
    tenants: tenants === null ? null : [...tenants],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}

function tables(db: Database): Kysely<KeyTables> {
  return db.withTables<KeyTables>();
}

async function createTables(db: Database): Promise<void> {
  await sql`create table api_keys (
    id text primary key, name text not null, role text not null, tenants text, hash text not null, created_at text not null, created_by text not null,
    expires_at text not null, last_used_at text, revoked_at text)`.execute(db);
  await sql`create unique index api_keys_hash on api_keys (hash)`.execute(db);
}

export const apiKeyMigrations: readonly Migration[] = [{ id: "0210-api-keys", up: createTables }];
