import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FastifyInstance } from "fastify";
import { join } from "node:path";
import { openBench, ORIGIN, type Bench } from "../connections/test-bench.ts";
import { connectionRoutes } from "../connections/routes.ts";
import { tenantRoutes } from "../connections/tenant-routes.ts";
import type { StatusView } from "../kernel/api.ts";
import type { TenantId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { ROLE_NAMES, ROLES, type Role } from "../kernel/permissions.ts";
import type { Actor, Route } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import type { Tx } from "../store/store.ts";
import { apiKeyMigrations, createApiKeys, type ApiKeys } from "./api-keys.ts";
import { createApp } from "./app.ts";
import { auditMigrations, createAuditLog, type AuditLog } from "./audit.ts";
import { createAuth, LOCAL_ACTOR } from "./auth.ts";
import { createBackups } from "./backups.ts";
import { builtinRoutes, withOpenApi } from "./builtin-routes.ts";

/** What the tests look at in any JSON answer. */
interface Answer {
  readonly fault: { readonly code: string; readonly message: string };
  readonly requestId: string;
  readonly key: { readonly tenants: readonly string[] | null };
  readonly connection: { readonly id: string };
  readonly bytes: number;
}

interface World {
  readonly bench: Bench;
  readonly app: FastifyInstance;
  readonly routes: readonly Route<Tx>[];
  readonly audit: AuditLog;
  readonly keys: ApiKeys;
  readonly own: TenantId;
  readonly other: TenantId;
  readonly ownConnection: string;
  readonly otherConnection: string;
  /** Bearer secret per role: limited to `own` where the role may be, all tenants for the operator. */
  readonly bearer: ReadonlyMap<Role, string>;
}

const LOCAL = "vdl_the-credential-of-this-test";

async function status(): Promise<StatusView> {
  return { version: "0", now: "2026-03-01T12:00:00.000Z", hub: { running: true, url: null, store: "sqlite", diskBytes: 1, diskBudgetBytes: null, readingPaused: false }, connections: [], streams: [], next: null, expiring: [], parked: 0, destinations: [], health: { ok: true, reasons: [] } };
}

async function openWorld(): Promise<World> {
  const bench = await openBench([...auditMigrations, ...apiKeyMigrations]);
  const { store, clock, record } = bench;
  const audit = createAuditLog(store, clock);
  const keys = createApiKeys({ store, clock, log: silentLog, resolveTenant: async (scope, reference) => (await bench.tenants.get(scope, reference)).id });
  const own = (await bench.tenants.create(EVERY_TENANT, "own", record)).id as TenantId;
  const other = (await bench.tenants.create(EVERY_TENANT, "other", record)).id as TenantId;
  const signal = AbortSignal.timeout(60_000);
  const mine = await bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret("a"), tenant: own, name: "own-console" }, signal, record);
  const theirs = await bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret("b"), tenant: other, name: "other-console" }, signal, record);
  const bearer = new Map<Role, string>();
  for (const role of ROLE_NAMES) {
    const draft = role === "operator" ? { name: role, role } : { name: role, role, tenants: [own] };
    bearer.set(role, (await keys.create(LOCAL_ACTOR, draft, record)).secret.reveal());
  }
  const routes = withOpenApi(
    [
      ...connectionRoutes(bench.connections, bench.rules, async (scope, reference) => (await bench.tenants.get(scope, reference)).id as TenantId),
      ...tenantRoutes(store, bench.tenants, bench.sites),
      ...builtinRoutes({ store, audit, keys, backups: createBackups(store, join(bench.folder, "backups"), clock), version: "0", migrated: () => true, status, rotateKeyring: () => bench.vault.rotate() }),
    ],
    "0",
  );
  const app = createApp({ routes, auth: createAuth(keys, new Secret(LOCAL)), audit, log: silentLog, clock });
  await app.ready();
  return { bench, app, routes, audit, keys, own, other, ownConnection: mine.connection.id, otherConnection: theirs.connection.id, bearer };
}

/** A body that the route's schema takes, made from the schema, so that a route added later joins by itself. */
function sample(schema: unknown, known: Readonly<Record<string, unknown>>): unknown {
  const { properties, required, anyOf, type, items, minLength } = schema as { properties?: Record<string, unknown>; required?: string[]; anyOf?: { const?: unknown }[]; const?: unknown; type?: string; items?: unknown; minLength?: number };
  const constant = (schema as { const?: unknown }).const ?? (schema as { enum?: readonly unknown[] }).enum?.at(-1) ?? anyOf?.[0]?.const;
  if (constant !== undefined) return constant;
  if (type === "object") return Object.fromEntries(Object.keys(properties ?? {}).filter((key) => (required ?? []).includes(key) || key in known).map((key) => [key, known[key] ?? sample(properties?.[key], known)]));
  if (type === "array") return [sample(items, known)];
  if (type === "integer" || type === "number") return 1;
  if (type === "boolean") return false;
  return "x".repeat(Math.max(1, minLength ?? 1));
}

describe("every route, every role, every tenant's objects", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world.app.close();
    await world.bench.close();
  });

  async function call(route: Route<Tx>, id: string, bearer: string | undefined, known: Readonly<Record<string, unknown>> = {}) {
    const body = route.body === undefined ? undefined : sample(route.body, { url: ORIGIN, sites: ["1"], ...known });
    return world.app.inject({
      method: route.method,
      url: route.path.replace(/:[a-z]+/gi, encodeURIComponent(id)),
      headers: { host: "127.0.0.1", ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
      ...(body === undefined ? {} : { payload: body as object }),
    });
  }

  it("states a permission and either an audit event or a reason for none", () => {
    for (const route of world.routes) {
      expect(typeof route.permission, route.path).toBe("string");
      const text = "event" in route.audit ? route.audit.event : route.audit.reason;
      expect(text.length, route.path).toBeGreaterThan(3);
      if ("event" in route.audit) expect(route.audit.event, route.path).toMatch(/^[a-z-]+\.[a-z-]+$/);
    }
  });

  it("audits whatever is not a GET, but for checks that store nothing", () => {
    const silent = world.routes.filter((route) => route.method !== "GET" && !("event" in route.audit)).map((route) => `${route.method} ${route.path}`);
    expect(silent).toEqual(["POST /api/v1/verify"]);
  });

  it("lets nobody in without a key, except to what is public", async () => {
    for (const route of world.routes) {
      const answer = await call(route, world.ownConnection, undefined);
      const forged = await call(route, world.ownConnection, `vdt_${"A".repeat(43)}`);
      if (route.permission === "public") expect(answer.statusCode, route.path).toBe(200);
      else expect([answer.statusCode, forged.statusCode, answer.json<Answer>().fault.code], route.path).toEqual([401, 401, "UNAUTHENTICATED"]);
    }
  });

  it("answers 403 to every role that lacks the permission, whatever the object", async () => {
    let refused = 0;
    for (const route of world.routes) {
      for (const role of ROLE_NAMES) {
        if (route.permission === "public" || (ROLES[role] as readonly string[]).includes(route.permission)) continue;
        const answers = await Promise.all([world.ownConnection, world.otherConnection, "con_absent"].map((id) => call(route, id, world.bearer.get(role))));
        expect(answers.map((answer) => [answer.statusCode, answer.json<Answer>().fault.code]), `${role} ${route.method} ${route.path}`).toEqual([[403, "FORBIDDEN"], [403, "FORBIDDEN"], [403, "FORBIDDEN"]]);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });

  it("shows another tenant's object exactly as one that does not exist", async () => {
    let compared = 0;
    for (const route of world.routes.filter((one) => one.path.includes(":"))) {
      const theirs = route.path.includes("/tenants/") ? world.other : route.path.includes("/api-keys/") ? (await operatorKey(world)) : world.otherConnection;
      const names = route.path.includes("/tenants/") ? ["other"] : route.path.includes("/connections/") ? ["other-console"] : [];
      for (const role of ROLE_NAMES) {
        if (role === "operator" || route.permission === "public" || !(ROLES[role] as readonly string[]).includes(route.permission)) continue;
        const known = { name: "renamed", confirm: "other", connection: world.ownConnection };
        const absent = await call(route, "con_00000000000000000000000000", world.bearer.get(role), known);
        for (const id of [theirs, ...names]) {
          const other = await call(route, id, world.bearer.get(role), known);
          expect([other.statusCode, { ...other.json<Answer>(), requestId: "" }], `${role} ${route.method} ${route.path}`).toEqual([404, { ...absent.json<Answer>(), requestId: "" }]);
          expect(Object.keys(other.headers).sort()).toEqual(Object.keys(absent.headers).sort());
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(30);
  });

  it("keeps another tenant out of every list", async () => {
    for (const route of world.routes.filter((one) => one.method === "GET" && !one.path.includes(":") && one.permission !== "public")) {
      for (const role of ROLE_NAMES) {
        if (role === "operator" || !(ROLES[role] as readonly string[]).includes(route.permission)) continue;
        const answer = await call(route, "", world.bearer.get(role));
        expect(answer.statusCode, `${role} ${route.path}`).toBe(200);
        expect(answer.body, `${role} ${route.path}`).not.toContain(world.other);
        expect(answer.body, `${role} ${route.path}`).not.toContain(world.otherConnection);
      }
    }
  });

  it("does not let a body name another tenant's objects", async () => {
    const bearer = world.bearer.get("msp-admin");
    const headers = { host: "127.0.0.1", authorization: `Bearer ${bearer ?? ""}` };
    const add = await world.app.inject({ method: "POST", url: "/api/v1/connections", headers, payload: { url: ORIGIN, token: "t", tenant: world.other } });
    const map = await world.app.inject({ method: "PUT", url: `/api/v1/tenants/${world.own}/sites`, headers, payload: { connection: world.otherConnection, sites: ["1"] } });
    const key = await world.app.inject({ method: "POST", url: "/api/v1/api-keys", headers, payload: { name: "k", role: "viewer", tenants: [world.other] } });
    const more = await world.app.inject({ method: "POST", url: "/api/v1/api-keys", headers, payload: { name: "k", role: "operator" } });
    expect([add.statusCode, map.statusCode, key.statusCode, more.statusCode]).toEqual([404, 404, 404, 403]);
  });

  it("gives a key made by a limited caller no more tenants than his", async () => {
    const made = await call(routeOf(world, "POST", "/api/v1/api-keys"), "", world.bearer.get("msp-admin"), { role: "viewer" });
    expect(made.statusCode, made.body).toBe(200);
    expect(made.json<Answer>().key.tenants).toEqual([world.own]);
  });

  it("serves the owner, and writes one audit entry for each change it makes", async () => {
    const bearer = world.bearer.get("msp-admin");
    for (const verb of ["pause", "resume", "verify"]) {
      const before = (await world.audit.verify()).entries;
      const answer = await call(routeOf(world, "POST", `/api/v1/connections/:id/${verb}`), world.ownConnection, bearer);
      expect(answer.statusCode, answer.body).toBe(200);
      expect((await world.audit.verify()).entries).toBe(before + 1);
    }
    expect((await world.audit.verify()).ok).toBe(true);
  });

  it("answers 200 with a schema-true body to the operator for every GET", async () => {
    for (const route of world.routes.filter((one) => one.method === "GET")) {
      const id = route.path.includes("/tenants/") ? world.own : world.ownConnection;
      const answer = await call(route, id, LOCAL);
      expect(answer.statusCode, `${route.path} ${answer.body.slice(0, 300)}`).toBe(200);
    }
  });

  it("never shows a token again, in any answer", async () => {
    const canary = `canary${"9".repeat(74)}`;
    const headers = { host: "127.0.0.1", authorization: `Bearer ${LOCAL}` };
    const added = await world.app.inject({ method: "POST", url: "/api/v1/connections", headers, payload: { url: ORIGIN, token: canary, name: "canary" } });
    expect(added.statusCode, added.body).toBe(200);
    const bodies = [added.body];
    for (const route of world.routes.filter((one) => one.method === "GET")) bodies.push((await call(route, route.path.includes("/tenants/") ? "ten_default" : added.json<Answer>().connection.id, LOCAL)).body);
    expect(bodies.filter((body) => body.includes("canary9"))).toEqual([]);
  });

  it("rotates the keyring and makes a backup for the operator alone", async () => {
    const rotated = await call(routeOf(world, "POST", "/api/v1/keyring/rotate"), "", LOCAL);
    const backup = await call(routeOf(world, "POST", "/api/v1/backup"), "", LOCAL);
    const escape = await world.app.inject({ method: "POST", url: "/api/v1/backup", headers: { host: "127.0.0.1", authorization: `Bearer ${world.bearer.get("operator") ?? ""}` }, payload: { file: "/tmp/../etc/x" } });
    expect([rotated.statusCode, backup.statusCode, escape.statusCode], rotated.body + backup.body).toEqual([200, 200, 400]);
    expect(backup.json<Answer>().bytes).toBeGreaterThan(0);
  });
});

function routeOf(world: World, method: string, path: string): Route<Tx> {
  const found = world.routes.find((route) => route.method === method && route.path === path);
  if (found === undefined) throw new Error(`no route ${method} ${path}`);
  return found;
}

async function operatorKey(world: World): Promise<string> {
  const operator: Actor = LOCAL_ACTOR;
  return (await world.keys.list(operator.scope)).items.find((key) => key.role === "operator")?.id ?? "";
}

it("sees nothing with a scope of no tenant", async () => {
  const bench = await openBench();
  await bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret("a") }, AbortSignal.timeout(9000), bench.record);
  expect(await bench.connections.list(onlyTenants())).toEqual([]);
  await bench.close();
});
