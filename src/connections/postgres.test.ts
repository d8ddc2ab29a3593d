/** The same service on a real PostgreSQL, with callers at the same time: what one SQLite writer never shows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startPostgres, type PostgresServer } from "../../test/contract/postgres-server.ts";
import { systemClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import type { AuditDetails } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { apiKeyMigrations, createApiKeys } from "../server/api-keys.ts";
import { auditMigrations, createAuditLog } from "../server/audit.ts";
import { LOCAL_ACTOR } from "../server/auth.ts";
import { migrate } from "../store/migrate.ts";
import { openPostgres } from "../store/postgres.ts";
import type { Tx } from "../store/store.ts";
import { createConnections } from "./connections.ts";
import { connectionMigrations } from "./tables.ts";
import { ORIGIN, report } from "./test-bench.ts";
import { openVault } from "./vault.ts";

let server: PostgresServer | undefined;
const folder = mkdtempSync(join(tmpdir(), "vedette-pg-keys-"));
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("connects, changes at once, rotates, audits in one unbroken chain and erases on PostgreSQL", async (context) => {
  context.skip(server === undefined, "no PostgreSQL runs here");
  if (server === undefined) return;
  const store = await openPostgres({ url: await server.database() });
  await migrate(store, [...connectionMigrations, ...auditMigrations, ...apiKeyMigrations], 0);
  const vault = await openVault(store, { file: join(folder, "keyring.json"), dataFolder: null }, systemClock);
  const audit = createAuditLog(store, systemClock);
  const record = (tx: Tx, details: AuditDetails): Promise<void> => audit.append(tx, { actor: { kind: "hub", id: "hub" }, event: "thing.changed", requestId: "r", ...details });
  const rules = { guide: [], parseUrl: (text: string) => text, parseToken: (token: Secret) => ({ token, form: "jwt" }), verify: async () => report() };
  const connections = createConnections({ store, vault, clock: systemClock, log: silentLog, changed() {}, console: rules });
  const added = await connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret("x") }, new AbortController().signal, record);
  const id = added.connection.id as ConnectionId;

  await Promise.all(Array.from({ length: 10 }, (_, number) => connections.setPaused(EVERY_TENANT, id, number % 2 === 0, record)));
  await connections.reportFault(id, "agents", new Fault("S1_FORBIDDEN", "no"));
  const keys = createApiKeys({ store, clock: systemClock, log: silentLog, resolveTenant: async (_scope, reference) => reference });
  const made = await keys.create(LOCAL_ACTOR, { name: "k", role: "viewer" }, record);

  expect((await connections.list(EVERY_TENANT))[0]?.fault?.code).toBe("S1_FORBIDDEN");
  expect(await connections.list(onlyTenants())).toEqual([]);
  expect(await vault.rotate()).toMatchObject({ resealed: 1, retired: 1 });
  expect((await connections.credentials(id)).token.reveal()).toBe("x");
  expect((await keys.authenticate(made.secret.reveal()))?.id).toBe(made.key.id);
  expect(await audit.verify()).toMatchObject({ ok: true, entries: 12 });
  for (const statement of [sql`delete from audit_log`, sql`update audit_log set actor = 'x'`, sql`truncate audit_log`]) {
    await expect(store.tx((tx) => statement.execute(tx.db))).rejects.toThrow("append-only");
  }
  await connections.remove(EVERY_TENANT, id, record);
  await store.tx((tx) => connections.finishErase(tx, id));
  expect(await connections.erasable()).toEqual([]);
  await store.close();
}, 60_000);
