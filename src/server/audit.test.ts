import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import type { TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite, sqliteFile } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { auditMigrations, createAuditLog, type AuditLog } from "./audit.ts";

let folder: string;
let store: Store;
let audit: AuditLog;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-audit-"));
  store = await openSqlite({ folder });
  await migrate(store, auditMigrations, 0);
  audit = createAuditLog(store, systemClock);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function write(many: number, tenant: string | null = "ten_a"): Promise<void> {
  await store.tx(async (tx) => {
    for (let number = 0; number < many; number += 1) await audit.append(tx, { actor: { kind: "api-key", id: `key_${number % 3}` }, event: "thing.changed", requestId: `r${number}`, subject: `s${number}`, tenant, details: { number } });
  });
}

/** As somebody with the file in his hands: without the triggers, on a connection of his own. */
function tamper(statements: readonly string[]): void {
  const db = new Sqlite(sqliteFile(folder));
  db.exec("drop trigger if exists audit_log_no_update; drop trigger if exists audit_log_no_delete;");
  for (const statement of statements) db.exec(statement);
  db.close();
}

describe("the chain", () => {
  it("is whole over many pages, and empty at first", async () => {
    expect(await audit.verify()).toEqual({ ok: true, entries: 0, head: null, firstBroken: null });
    await write(2100);
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 2100, firstBroken: null });
  });

  it("finds every edit, deletion, exchange, cut and insertion, and names the first entry that is wrong", async () => {
    await write(12);
    const db = new Sqlite(sqliteFile(folder));
    const columns = ["at", "actor", "actor_kind", "event", "subject", "tenant", "details", "request_id", "hash"];
    const seq = fc.integer({ min: 1, max: 12 });
    const tampering = fc.oneof(
      fc.tuple(seq, fc.constantFrom(...columns)).map(([at, column]) => ({ at, sql: [`update audit_log set ${column} = coalesce(${column}, '') || 'x' where seq = ${at}`] })),
      seq.map((at) => ({ at, sql: [`delete from audit_log where seq = ${at}`] })),
      seq.map((at) => ({ at, sql: [`delete from audit_log where seq >= ${at}`] })),
      fc.tuple(seq, seq).filter(([left, right]) => left < right).map(([left, right]) => ({ at: left, sql: [`update audit_log set seq = -1 where seq = ${left}`, `update audit_log set seq = ${left} where seq = ${right}`, `update audit_log set seq = ${right} where seq = -1`] })),
      seq.map((at) => ({ at, sql: [`delete from audit_log where seq = ${at}`, `update audit_log set seq = seq - 1 where seq > ${at}`] })),
      fc.constant({ at: 13, sql: ["insert into audit_log select 13, at, actor, actor_kind, event, subject, tenant, details, request_id, hash from audit_log where seq = 12"] }),
      fc.constant({ at: 1, sql: ["insert into audit_log select -5, at, actor, actor_kind, event, subject, tenant, details, request_id, hash from audit_log where seq = 12"] }),
      fc.constant({ at: 1, sql: ["delete from audit_head"] }),
      fc.constant({ at: 12, sql: ["update audit_head set hash = 'x'"] }),
    );
    db.exec("drop trigger audit_log_no_update; drop trigger audit_log_no_delete; create table copy_log as select * from audit_log; create table copy_head as select * from audit_head");

    await fc.assert(
      fc.asyncProperty(tampering, async ({ at, sql }) => {
        for (const statement of sql) db.exec(statement);
        const found = await audit.verify();
        db.exec("delete from audit_log; insert into audit_log select * from copy_log; delete from audit_head; insert into audit_head select * from copy_head");
        expect([found.ok, found.firstBroken]).toEqual([false, at]);
      }),
      { numRuns: 300 },
    );
    db.close();
    expect((await audit.verify()).ok).toBe(true);
  });

  it("finds an end cut off together with its count, by a head noted elsewhere", async () => {
    await write(5);
    const noted = await audit.verify();
    tamper(["delete from audit_log where seq > 3", "update audit_head set entries = 3, hash = (select hash from audit_log where seq = 3)"]);

    expect((await audit.verify()).ok).toBe(true);
    expect(await audit.verify({ entries: noted.entries, head: noted.head ?? "" })).toMatchObject({ ok: false, firstBroken: 4 });
  });

  it("agrees with a noted head as it grows", async () => {
    await write(3);
    const noted = await audit.verify();
    await write(2);

    expect((await audit.verify({ entries: 3, head: noted.head ?? "" })).ok).toBe(true);
    expect((await audit.verify({ entries: 3, head: "0".repeat(64) })).firstBroken).toBe(3);
  });
});

it("refuses an update and a deletion in the database itself", async () => {
  await write(1);
  const db = new Sqlite(sqliteFile(folder));
  for (const statement of ["update audit_log set actor = 'x'", "delete from audit_log"]) expect(() => db.exec(statement)).toThrow("append-only");
  db.close();
});

it("is undone with the change it tells of", async () => {
  await expect(
    store.tx(async (tx) => {
      await audit.append(tx, { actor: { kind: "local", id: "local" }, event: "a.b", requestId: "r", subject: "s", tenant: null });
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  expect((await audit.verify()).entries).toBe(0);
});

it("shows a tenant's entries to who sees that tenant, and the hub's own to who sees all", async () => {
  await write(2, "ten_a");
  await write(1, "ten_b");
  await write(1, null);

  expect((await audit.list(onlyTenants("ten_a" as TenantId), 0, 10)).map((entry) => entry.seq)).toEqual([1, 2]);
  expect(await audit.list(onlyTenants(), 0, 10)).toEqual([]);
  expect((await audit.list(EVERY_TENANT, 2, 10)).map((entry) => entry.tenant)).toEqual(["ten_b", null]);
});

it("is searched by event, noun, who, what, tenant and time, the newest first page by page, within what the caller sees", async () => {
  const at = new Date("2026-03-01T12:00:00Z").getTime();
  let now = at;
  const log = createAuditLog(store, { ...systemClock, now: () => now });
  const lines: readonly (readonly [string, string, string, string | null])[] = [["user.created", "usr_a", "usr_b", null], ["user.removed", "usr_a", "usr_b", null], ["user-risk.reset", "key_1", "dev", "ten_a"], ["user.created", "key_1", "usr_c", "ten_b"]];
  await store.tx(async (tx) => {
    for (const [event, actor, subject, tenant] of lines) {
      await log.append(tx, { actor: { kind: "session", id: actor }, event, requestId: "r", subject, tenant });
      now += 60_000;
    }
  });
  const found = async (wanted: Parameters<AuditLog["list"]>[3], after = 0, limit = 10, scope: Parameters<AuditLog["list"]>[0] = EVERY_TENANT): Promise<readonly number[]> => (await log.list(scope, after, limit, wanted)).map(({ seq }) => seq);

  expect(await found({ event: "user.created" })).toEqual([1, 4]);
  expect(await found({ event: "user" })).toEqual([1, 2, 4]);
  expect(await found({ actor: "key_1", newestFirst: true })).toEqual([4, 3]);
  expect(await found({ subject: "usr_b" })).toEqual([1, 2]);
  expect(await found({ tenant: "ten_a" })).toEqual([3]);
  expect(await found({ since: at + 60_000, until: at + 120_000 })).toEqual([2, 3]);
  expect(await found({ newestFirst: true }, 0, 3)).toEqual([4, 3, 2]);
  expect(await found({ newestFirst: true }, 2, 3)).toEqual([1]);
  expect(await found({ event: "user", newestFirst: true }, 0, 10, onlyTenants("ten_a" as TenantId))).toEqual([]);
});
