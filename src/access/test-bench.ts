/** A mirror with the access graph on a fresh store of either engine: pages of real records, listings that are proven complete, a clock that is set. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { openMigrated } from "../../test/support/migrated.ts";
import type { ConnectionId, RunId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { runDue, runRebuilds } from "../mirror/capability-runs.ts";
import { createMirror, mirrorContext } from "../mirror/create.ts";
import type { MirrorTarget } from "../mirror/mirror.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import { accounts } from "../sentinelone/streams/accounts.ts";
import { groups } from "../sentinelone/streams/groups.ts";
import { roles } from "../sentinelone/streams/roles.ts";
import { serviceUsers } from "../sentinelone/streams/service-users.ts";
import { sites } from "../sentinelone/streams/sites.ts";
import type { MappedRecord, Stream } from "../sentinelone/streams/stream.ts";
import { users } from "../sentinelone/streams/users.ts";
import type { Store } from "../store/store.ts";
import { bindingsOf, principalsOf, rolesOf, scopesOf } from "./graph.ts";
import { createAccess } from "./index.ts";
import { accessMigrations, type ChangeRow } from "./tables.ts";

export const CON = "con_1" as ConnectionId;
export const TEN = "ten_default" as TenantId;
export const OTHER = "ten_other" as TenantId;
export const NOW = Date.parse("2026-11-20T12:00:00.000Z");
export const MINUTE = 60_000;
export const STREAMS = { accounts, sites, groups, roles, users, "service-users": serviceUsers } as const;
export type StreamName = keyof typeof STREAMS;
export type ApiRecord = Readonly<Record<string, unknown>>;

export const TARGET: MirrorTarget = { connection: CON, tenant: TEN, siteTenants: new Map() };

export const GLOBAL_ID = "900";

export function user(id: string, scope: string, scopeRoles: unknown, more: ApiRecord = {}): ApiRecord {
  return { id, email: `u${id}@orchard.test`, fullName: `User ${id}`, source: "mgmt", scope, scopeRoles, firstLogin: "2026-01-02T00:00:00Z", lastLogin: "2026-11-01T00:00:00Z", dateJoined: "2026-01-01T00:00:00Z", emailVerified: true, twoFaEnabled: true, ...more };
}

export function held(scope: string, role: string, more: ApiRecord = {}): ApiRecord {
  return { id: scope, name: `Scope ${scope}`, roleId: role, roleName: `Role ${role}`, ...more };
}

export const role = (id: string, name: string, permissions: readonly string[] | null, more: ApiRecord = {}): ApiRecord => ({
  id, name, description: "", predefinedRole: true, scope: "tenant", scopeId: GLOBAL_ID,
  ...(permissions === null ? {} : { pages: permissions.map((permission) => ({ name: permission.slice(0, permission.indexOf(".")), permissions: [{ identifier: permission.slice(permission.indexOf(".") + 1), value: true }] })) }),
  ...more,
});

export const account = (id: string, more: ApiRecord = {}): ApiRecord => ({ id, name: `Account ${id}`, state: "active", ...more });
export const site = (id: string, accountId: string | null, more: ApiRecord = {}): ApiRecord => ({ id, name: `Site ${id}`, accountId, accountName: accountId === null ? null : `Account ${accountId}`, state: "active", ...more });
export const group = (id: string, siteId: string): ApiRecord => ({ id, name: `Group ${id}`, siteId });

function mapped(stream: Stream, record: ApiRecord): MappedRecord {
  const value = JSON.parse(JSON.stringify(record)) as JsonObject;
  const made = stream.map({ value, raw: JSON.stringify(value) });
  if (!("hash" in made)) throw new Error(made.reason);
  return made;
}

export interface AccessBench {
  readonly store: Store;
  /** Milliseconds; moves on by itself with every listing. */
  now: number;
  /** One page in the middle of a listing: nothing is proven by it. */
  page(stream: StreamName, records: readonly ApiRecord[], more?: { readonly firstRead?: boolean; readonly target?: MirrorTarget; readonly snapshot?: number }): Promise<void>;
  /** Of first-read pages: that was the last. */
  firstReadEnded(stream: StreamName): Promise<void>;
  /** A whole listing, settled and proven; the first one of a stream is its first read. */
  listing(stream: StreamName, records: readonly ApiRecord[], target?: MirrorTarget): Promise<void>;
  proven(stream: StreamName, at?: number): Promise<void>;
  /** With no id: a record that has none. */
  park(stream: StreamName, id: string | null, at?: number): Promise<void>;
  due(): Promise<void>;
  rebuild(): Promise<void>;
  reassign(target: MirrorTarget, site: string | null): Promise<void>;
  /** `user 1: 51 on site 11`, sorted; doubted ones with a question mark. */
  bindings(): Promise<readonly string[]>;
  principals(): Promise<ReturnType<typeof principalsOf> extends AsyncGenerator<infer One> ? readonly One[] : never>;
  scopes(): Promise<readonly string[]>;
  roles(): Promise<readonly string[]>;
  changes(): Promise<readonly ChangeRow[]>;
  close(): Promise<void>;
}

export async function accessBench(postgres?: PostgresServer): Promise<AccessBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-access-"));
  const all = Object.values(STREAMS);
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...accessMigrations], streams: all }, postgres);
  const capability = createAccess({ routes: [] });
  const clock = { now: NOW };
  const options = { store, streams: all, capabilities: [capability], codeVersion: "1", now: () => clock.now };
  const mirror = createMirror(options);
  const context = mirrorContext(options);
  const read = new Set<string>();
  const bench: AccessBench = Object.assign(clock, {
    store,
    async page(stream: StreamName, records: readonly ApiRecord[], more: { readonly firstRead?: boolean; readonly target?: MirrorTarget; readonly snapshot?: number } = {}) {
      await store.tx((tx) =>
        mirror.applyPage(tx, {
          target: more.target ?? TARGET,
          stream: STREAMS[stream],
          run: "run_1" as RunId,
          snapshot: more.snapshot ?? null,
          page: { records: records.map((record) => mapped(STREAMS[stream], record)), rejected: [], repeated: 0 },
          checkpoint: { format: 1, body: "{}" },
          watermark: null,
          ...(more.firstRead === true ? { firstRead: true } : {}),
          now: clock.now,
        }),
      );
      await refuseParked(store);
    },
    firstReadEnded: (stream: StreamName) => store.tx((tx) => mirror.firstReadEnded(tx, CON, STREAMS[stream])),
    async listing(stream: StreamName, records: readonly ApiRecord[], target = TARGET) {
      const startedAt = clock.now + 1;
      clock.now += 2;
      const firstRead = !read.has(stream);
      const snapshot = await store.tx((tx) => mirror.beginSnapshot(tx, CON, STREAMS[stream]));
      await bench.page(stream, records, { firstRead, target, snapshot });
      for (let more = !firstRead; more; ) ({ more } = await store.tx((tx) => mirror.settle(tx, { target, stream: STREAMS[stream], snapshot, startedAt, now: clock.now, watermark: null }, "complete")));
      if (firstRead) await bench.firstReadEnded(stream);
      read.add(stream);
      await mirror.payOwed();
      await refuseParked(store);
      await bench.proven(stream, startedAt);
      clock.now += MINUTE;
    },
    proven: (stream: StreamName, at = clock.now) => store.tx((tx) => mirror.proveRead(tx, CON, STREAMS[stream], at, 60 * MINUTE)),
    async park(stream: StreamName, id: string | null, at = 1) {
      await store.tx((tx) => sql`
        INSERT INTO mirror_parked (id, connection_id, tenant_id, kind, stream, record_key, code, reason, code_version, first_at, last_at, times, raw_hash, raw)
        VALUES (${`prk_${id ?? ""}`}, ${CON}, ${TEN}, 'record', ${stream}, ${id}, 'RECORD_INVALID', 'unreadable', '1', ${at}, ${at}, 1, ${id ?? ""}, '{}')`.execute(tx.db));
    },
    async due() {
      for (let round = 0; round < 100; round += 1) {
        const [outcome] = await runDue(store, [capability], clock.now);
        if (outcome === undefined || outcome.failed !== null) throw new Error(outcome?.failed ?? "nothing is due");
        if (outcome.next === null || outcome.next > clock.now) return;
      }
    },
    async rebuild() {
      for (let round = 0; await runRebuilds(store, context, clock.now, 1); round += 1) if (round > 500) throw new Error("never done");
    },
    async reassign(target: MirrorTarget, of: string | null) {
      for (let left = 1; left > 0; ) left = await store.tx((tx) => mirror.reassign(tx, target, of, 500));
    },
    async bindings() {
      const found: string[] = [];
      for await (const { principal, role: id, scope, doubtedAt } of bindingsOf(store.read, EVERY_TENANT, CON)) found.push(`${principal.kind} ${principal.id}: ${id} on ${scope.kind} ${scope.id}${doubtedAt === null ? "" : " ?"}`);
      return found.toSorted();
    },
    principals: () => gathered(principalsOf(store.read, EVERY_TENANT, CON)),
    async scopes() {
      return (await gathered(scopesOf(store.read, EVERY_TENANT, CON))).map(({ kind, id, parent, inferred }) => `${kind} ${id}${parent === null ? "" : ` in ${parent.kind} ${parent.id}`}${inferred ? " (inferred)" : ""}`);
    },
    async roles() {
      return (await gathered(rolesOf(store.read, EVERY_TENANT, CON))).map(({ id, name, permissions, inferred }) => `${id} ${name} ${permissions === null ? "unread" : String(permissions.length)}${inferred ? " (inferred)" : ""}`);
    },
    async changes() {
      return (await sql<ChangeRow>`SELECT * FROM access_changes ORDER BY seq`.execute(store.read)).rows;
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return bench;
}

async function refuseParked(store: Store): Promise<void> {
  const { rows } = await sql<{ reason: string }>`SELECT reason FROM mirror_parked WHERE kind = 'access'`.execute(store.read);
  if (rows[0] !== undefined) throw new Error(`The graph could not take a page in: ${rows[0].reason}`);
}

export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A change as one line. */
export function changeLine({ subject, change, principal_id: principal, role_id: roleId, scope_kind: kind, scope_id: scope, field }: ChangeRow): string {
  return [subject, change, principal, roleId, kind === null ? null : `${kind} ${scope ?? ""}`, field].filter((part) => part !== null).join(" ");
}
