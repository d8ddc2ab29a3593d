/** A store with the graph's tables for the tests of risks and changes: rows are put in as the console's records would leave them, by either engine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { PostgresServer } from "../../test/contract/postgres-server.ts";
import { openMigrated } from "../../test/support/migrated.ts";
import type { AccessFinding } from "../kernel/access-risk-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, type TenantScope } from "../kernel/scope.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import { activities } from "../sentinelone/streams/activities.ts";
import type { BulkUpsert, Store } from "../store/store.ts";
import type { PrincipalFacts, ScopeKind } from "./model.ts";
import { keysOf } from "./person-numbers.ts";
import { eachFinding, type RiskFilter } from "./risks.ts";
import { accessMigrations, tables, type BindingRow, type ChangeRow } from "./tables.ts";

export const NOW = Date.UTC(2026, 2, 2, 9, 0, 0);
export const DAY = 86_400_000;
export const CON = "con_1" as ConnectionId;
export const TEN = "ten_default" as TenantId;
export const OTHER = "ten_other" as TenantId;

export function daysAgo(days: number): string {
  return new Date(NOW - days * DAY).toISOString().replace("Z", "000Z");
}

/** A user nothing can be said against. */
export const SOUND: PrincipalFacts = {
  name: "Mara Voss",
  email: "mara.voss@orchard.test",
  description: null,
  source: "sso",
  status: "active",
  level: "site",
  twoFaEnabled: true,
  twoFaStatus: "configured",
  twoFaMethod: "application",
  emailVerified: true,
  isSystem: false,
  canGenerateApiToken: false,
  allowRemoteShell: false,
  createdAt: daysAgo(400),
  firstLogin: daysAgo(399),
  lastUsed: daysAgo(1),
  token: null,
  createdBy: null,
};

/** A service user nothing can be said against. */
export const SERVICE: PrincipalFacts = {
  ...SOUND,
  name: "siem-reader",
  email: null,
  source: "service",
  twoFaEnabled: null,
  twoFaStatus: null,
  twoFaMethod: null,
  emailVerified: null,
  createdAt: daysAgo(100),
  firstLogin: null,
  token: { createdAt: daysAgo(100), expiresAt: daysAgo(-200) },
  createdBy: { id: "maker", name: "Mara Voss" },
};

const PRINCIPALS: BulkUpsert = {
  table: "access_principals",
  columns: [...["connection_id", "kind", "id", "tenant_id", "name_key", "email_key", "facts"].map((name) => ({ name, type: "text" as const })), ...["unread", "name_number", "mail_number"].map((name) => ({ name, type: "integer" as const }))],
  key: ["connection_id", "kind", "id"],
  update: ["tenant_id", "name_key", "email_key", "facts", "unread", "name_number", "mail_number"],
};

export type PrincipalDraft = Partial<PrincipalFacts> & { readonly id: string; readonly kind?: "user" | "service-user"; readonly tenant?: TenantId; readonly connection?: ConnectionId };

export interface RiskBench {
  readonly store: Store;
  principals(...drafts: readonly PrincipalDraft[]): Promise<void>;
  bind(principal: string, role: string, scope: readonly [ScopeKind, string], more?: Partial<BindingRow>): Promise<void>;
  role(id: string, name: string, permissions: readonly string[] | null, predefined?: boolean): Promise<void>;
  sites(count: number): Promise<void>;
  change(row: Partial<ChangeRow> & Pick<ChangeRow, "subject" | "change">): Promise<void>;
  /** An entry of the console's activity log in the mirror. */
  activity(id: string, type: number, at: number, more?: { readonly userId?: string | null; readonly data?: object; readonly text?: string }): Promise<void>;
  proven(stream: string, readTo: number): Promise<void>;
  findings(filter?: RiskFilter, scope?: TenantScope, now?: number): Promise<readonly AccessFinding[]>;
  close(): Promise<void>;
}

export async function riskBench(postgres?: PostgresServer): Promise<RiskBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-access-"));
  const store = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...accessMigrations], streams: [activities] }, postgres);
  return {
    store,
    principals: (...drafts) =>
      store.tx((tx) =>
        tx.bulkUpsert(
          PRINCIPALS,
          drafts.map(({ id, kind = "user", tenant = TEN, connection = CON, ...changes }) => {
            const facts = { ...(kind === "user" ? SOUND : SERVICE), ...changes };
            const keys = keysOf(connection, facts);
            return [connection, kind, id, tenant, keys.name_key, keys.email_key, JSON.stringify(facts), 0, keys.name_number, keys.mail_number];
          }),
        ),
      ),
    async bind(principal, role, [kind, scope], more = {}) {
      const row: BindingRow = { connection_id: CON, principal_kind: "user", principal_id: principal, role_id: role, scope_kind: kind, scope_id: scope, tenant_id: TEN, seen_at: NOW - 10 * DAY, absent_at: null, doubted_at: null, ...more };
      await store.tx((tx) => tables(tx.db).insertInto("access_bindings").values(row).execute());
    },
    async role(id, name, permissions, predefined = false) {
      await store.tx(async (tx) => {
        const db = tables(tx.db);
        await db.insertInto("access_roles").values({ connection_id: CON, id, tenant_id: TEN, name, description: null, predefined: predefined ? 1 : 0, scope_kind: null, scope_id: null, permissions: permissions === null ? null : JSON.stringify(permissions), inferred: 0 }).execute();
        for (const permission of permissions ?? []) await db.insertInto("access_role_permissions").values({ connection_id: CON, role_id: id, permission }).execute();
      });
    },
    async sites(count) {
      const rows = Array.from({ length: count }, (_, n) => ({ connection_id: CON, kind: "site", id: `s${String(n)}`, tenant_id: TEN, parent_kind: null, parent_id: null, name: `Site ${String(n)}`, name_key: null, state: null, inferred: 0 }));
      await store.tx((tx) => tables(tx.db).insertInto("access_scopes").values(rows).execute());
    },
    async change({ subject, change, ...more }) {
      const row = { connection_id: CON, tenant_id: TEN, at: NOW, absent_at: NOW - 3_600_000, principal_kind: null, principal_id: null, role_id: null, scope_kind: null, scope_id: null, field: null, before: null, after: null, labels: "{}", ...more, subject, change };
      await store.tx((tx) => tables(tx.db).insertInto("access_changes").values(row as ChangeRow).execute());
    },
    async activity(id, type, at, { userId = null, data = {}, text = "" } = {}) {
      const value = { id, activityType: type, createdAt: new Date(at).toISOString(), updatedAt: new Date(at).toISOString(), userId, data, primaryDescription: text };
      const mapped = activities.map({ value: JSON.parse(JSON.stringify(value)) as never, raw: JSON.stringify(value) });
      if (!("hash" in mapped)) throw new Error(mapped.reason);
      await store.tx(async (tx) => {
        await sql`INSERT INTO mirror_activities (connection_id, id, tenant_id, source_version, mapped_hash, raw_hash, mirrored_at, changed_at, fields, raw)
          VALUES (${CON}, ${id}, ${TEN}, '', '', '', 1, 1, ${tx.kind === "sqlite" ? sql`jsonb(${mapped.valuesJson})` : sql`${mapped.valuesJson}::jsonb`}, '{}')`.execute(tx.db);
      });
    },
    async proven(stream, readTo) {
      await store.tx(async (tx) => {
        await sql`INSERT INTO mirror_checkpoints (connection_id, stream, format, body, read_to) VALUES (${CON}, ${stream}, 1, '{}', ${readTo}) ON CONFLICT (connection_id, stream) DO UPDATE SET read_to = excluded.read_to`.execute(tx.db);
      });
    },
    async findings(filter = {}, scope = EVERY_TENANT, now = NOW) {
      const all: AccessFinding[] = [];
      for await (const finding of eachFinding({ store, scope, filter, now, signal: AbortSignal.timeout(60_000) })) all.push(finding);
      return all;
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
