import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { ROLES, type Role } from "../kernel/permissions.ts";
import type { Actor } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants, scopeAllows, type TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { apiKeyMigrations, createApiKeys, type ApiKeys } from "./api-keys.ts";
import { createAuth, LOCAL_ACTOR } from "./auth.ts";

const DAY = 86_400_000;
const time = { now: 0 };
const clock: Clock = { ...systemClock, now: () => time.now };
const record = async (): Promise<void> => undefined;
let folder: string;
let store: Store;
let keys: ApiKeys;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-keys-"));
  store = await openSqlite({ folder });
  time.now = Date.parse("2026-03-01T00:00:00Z");
  await migrate(store, apiKeyMigrations, 0);
  keys = createApiKeys({
    store,
    clock,
    log: silentLog,
    async resolveTenant(scope, reference) {
      if (!scopeAllows(scope, reference as TenantId)) throw new Fault("NOT_FOUND", "There is no tenant of that name or id.");
      return reference;
    },
  });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function actor(role: Role, scope: TenantScope): Actor {
  return { kind: "api-key", id: "key_me", name: "me", role, scope, permissions: ROLES[role] };
}

describe("an API key", () => {
  it("opens what its role and tenants say, and is stored as a hash only", async () => {
    const { key, secret } = await keys.create(LOCAL_ACTOR, { name: "grafana", role: "viewer", tenants: ["ten_a"] }, record);
    const found = await keys.authenticate(secret.reveal());

    expect(found).toMatchObject({ kind: "api-key", id: key.id, role: "viewer", scope: onlyTenants("ten_a" as TenantId) });
    expect(secret.reveal()).toMatch(/^vdt_[A-Za-z0-9_-]{43}$/);
    for (const name of ["vedette.sqlite", "vedette.sqlite-wal"]) expect(readFileSync(join(folder, name)).includes(secret.reveal().slice(4))).toBe(false);
  });

  it("is good for one year unless said otherwise, and not a moment longer", async () => {
    const { key, secret } = await keys.create(LOCAL_ACTOR, { name: "k", role: "viewer", expiresInDays: 2 }, record);
    const usual = await keys.create(LOCAL_ACTOR, { name: "k", role: "viewer" }, record);
    time.now += 2 * DAY - 1;
    const before = await keys.authenticate(secret.reveal());
    time.now += 1;

    expect([before?.id, await keys.authenticate(secret.reveal())]).toEqual([key.id, undefined]);
    expect(Date.parse(usual.key.expiresAt) - Date.parse(usual.key.createdAt)).toBe(365 * DAY);
  });

  it("stops with the next request once revoked", async () => {
    const { key, secret } = await keys.create(LOCAL_ACTOR, { name: "k", role: "viewer" }, record);
    await keys.revoke(LOCAL_ACTOR, key.id, record);

    expect(await keys.authenticate(secret.reveal())).toBeUndefined();
    expect((await keys.list(EVERY_TENANT)).items[0]?.revokedAt).not.toBeNull();
  });

  it("is not anything near it", async () => {
    const { secret } = await keys.create(LOCAL_ACTOR, { name: "k", role: "viewer" }, record);
    const text = secret.reveal();
    for (const wrong of ["", "vdt_", text.slice(0, -1), `${text}A`, text.toUpperCase(), text.slice(4), ` ${text}`, "vdt_' or 1=1 --", "x".repeat(10_000)]) expect(await keys.authenticate(wrong)).toBeUndefined();
  });

  it("notes when it was last used, once a minute at most", async () => {
    const { secret } = await keys.create(LOCAL_ACTOR, { name: "k", role: "viewer" }, record);
    const first = new Date(time.now).toISOString();
    await keys.authenticate(secret.reveal());
    await expect.poll(async () => (await keys.list(EVERY_TENANT)).items[0]?.lastUsedAt).toBe(first);
    time.now += 30_000;
    await keys.authenticate(secret.reveal());
    await store.tx(async () => undefined);
    expect((await keys.list(EVERY_TENANT)).items[0]?.lastUsedAt).toBe(first);
    time.now += 31_000;
    await keys.authenticate(secret.reveal());
    await expect.poll(async () => (await keys.list(EVERY_TENANT)).items[0]?.lastUsedAt).toBe(new Date(time.now).toISOString());
  });
});

describe("who makes or revokes a key", () => {
  it("cannot give more permissions than he has", async () => {
    for (const [maker, role] of [["msp-admin", "operator"], ["viewer", "analyst"], ["analyst", "auditor"], ["auditor", "msp-admin"]] as const) {
      await expect(keys.create(actor(maker, EVERY_TENANT), { name: "k", role }, record)).rejects.toMatchObject({ code: "FORBIDDEN" });
    }
    expect((await keys.create(actor("msp-admin", EVERY_TENANT), { name: "k", role: "msp-admin" }, record)).key.tenants).toBeNull();
  });

  it("cannot give more tenants than he sees, not even by naming none", async () => {
    const limited = actor("msp-admin", onlyTenants("ten_a" as TenantId, "ten_b" as TenantId));
    await expect(keys.create(limited, { name: "k", role: "viewer", tenants: ["ten_a", "ten_c"] }, record)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(keys.create(limited, { name: "k", role: "viewer", tenants: [] }, record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect((await keys.create(limited, { name: "k", role: "viewer" }, record)).key.tenants).toEqual(["ten_a", "ten_b"]);
  });

  it("does not limit an operator to tenants, who runs the whole hub", async () => {
    await expect(keys.create(LOCAL_ACTOR, { name: "k", role: "operator", tenants: ["ten_a"] }, record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("lists them page by page, those of a name or of a state alone", async () => {
    const ids: string[] = [];
    for (let place = 0; place < 5; place += 1, time.now += 1) ids.push((await keys.create(LOCAL_ACTOR, { name: `Key ${String(place % 2)}`, role: "viewer", expiresInDays: place === 4 ? 1 : 30 }, record)).key.id);
    await keys.revoke(LOCAL_ACTOR, ids[0] ?? "", record);
    time.now += 2 * 86_400_000;
    const all = async (query: Parameters<typeof keys.list>[1]): Promise<readonly string[]> => {
      const first = await keys.list(EVERY_TENANT, { ...query, limit: 2 });
      const rest = first.next === null ? [] : (await keys.list(EVERY_TENANT, { ...query, after: first.next })).items;
      return [...first.items, ...rest].map(({ id }) => id);
    };

    expect(await all({})).toEqual(ids);
    expect(await all({ text: "KEY 1" })).toEqual([ids[1], ids[3]]);
    expect([await all({ state: "revoked" }), await all({ state: "ended" }), await all({ state: "in-use" })]).toEqual([[ids[0]], [ids[4]], ids.slice(1, 4)]);
    expect(await all({ ids: `${ids[2] ?? ""},key_absent` })).toEqual([ids[2]]);
  });

  it("sees and revokes only keys whose every tenant he sees", async () => {
    const wide = (await keys.create(LOCAL_ACTOR, { name: "wide", role: "viewer", tenants: ["ten_a", "ten_b"] }, record)).key.id;
    const all = (await keys.create(LOCAL_ACTOR, { name: "all", role: "viewer" }, record)).key.id;
    const own = (await keys.create(LOCAL_ACTOR, { name: "own", role: "viewer", tenants: ["ten_a"] }, record)).key.id;
    const limited = actor("msp-admin", onlyTenants("ten_a" as TenantId));

    expect((await keys.list(limited.scope)).items.map((key) => key.id)).toEqual([own]);
    for (const id of [wide, all, "key_absent"]) await expect(keys.revoke(limited, id, record)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await keys.revoke(limited, own, record)).revokedAt).not.toBeNull();
  });

  it("cannot revoke a key that may do more than he", async () => {
    const { key } = await keys.create(LOCAL_ACTOR, { name: "root", role: "operator" }, record);
    await expect(keys.revoke(actor("msp-admin", EVERY_TENANT), key.id, record)).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

it("knows the machine's own credential and nothing that is not a bearer", async () => {
  const auth = createAuth(keys, new Secret("vdl_right"));

  expect(await auth.authenticate("Bearer vdl_right")).toBe(LOCAL_ACTOR);
  expect((await auth.authenticate("bearer vdl_right"))?.id).toBe("local");
  for (const header of [undefined, "", "Bearer", "Bearer ", "vdl_right", "Basic vdl_right", "Bearer vdl_wrong", "Bearer vdl_right extra", "Bearer vdl_rightx"]) expect(await auth.authenticate(header)).toBeUndefined();
  expect(await createAuth(keys, null).authenticate("Bearer ")).toBeUndefined();
});
