import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { newId, type ConnectionId, type RunId, type TenantId } from "../src/kernel/ids.ts";
import { ROLE_NAMES, ROLES, type Role } from "../src/kernel/permissions.ts";
import type { Route } from "../src/kernel/route.ts";
import { Secret } from "../src/kernel/secret.ts";
import { park } from "../src/mirror/parking.ts";
import { listDeliveries } from "../src/delivery/deliveries.ts";
import { listParked } from "../src/mirror/parked.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";
import { LOCAL_ACTOR } from "../src/server/auth.ts";
import type { Tx } from "../src/store/store.ts";
import { listGaps, recordGap } from "../src/sync/gaps.ts";
import { openWorld, type World } from "./support/world.ts";
import type { PrincipalFacts } from "../src/access/model.ts";
import { addException, applyRules, parseRules } from "../src/posture/index.ts";
import { createAlerts } from "../src/alerts/index.ts";
import { createCases } from "../src/cases/index.ts";
import { addEntry } from "../src/cases/knowledge-store.ts";
import { putList, readHashes } from "../src/cases/triage-lists.ts";
import { DEFAULTS } from "../src/notify/policy.ts";
import { createVulnerabilities } from "../src/vulnerabilities/index.ts";
import { rulesChanged } from "../src/vulnerabilities/ingest/runs.ts";
import { addConnector, addRule } from "../src/vulnerabilities/ingest/settings.ts";
import { addProvider } from "../src/posture/providers-store.ts";
import { factsOf } from "../src/posture/facts.ts";
import { sql } from "kysely";

/** What one tenant owns, by the word of the path that names it. */
interface Belongings {
  readonly accounts: string;
  readonly alerts: string;
  readonly cases: string;
  readonly knowledge: string;
  readonly lists: string;
  readonly findings: string;
  readonly instances: string;
  readonly assets: string;
  readonly tenants: string;
  readonly connections: string;
  readonly runs: string;
  readonly gaps: string;
  readonly parked: string;
  readonly destinations: string;
  readonly notifications: string;
  readonly deliveries: string;
  readonly "api-keys": string;
  readonly rules: string;
  readonly connectors: string;
  readonly "vulnerabilities/rules": string;
  readonly "vulnerabilities/runs": string;
  readonly exceptions: string;
  readonly users: string;
  readonly providers: string;
}

let world: World;
let mine: Belongings;
let theirs: Belongings;
const bearer = new Map<Role, string>();
const signedIn = new Map<Role, Readonly<Record<string, string>>>();
let caller: "key" | "session" = "key";
const record = async (): Promise<void> => {};

beforeAll(async () => {
  world = await openWorld({ estate: { agents: 40, alerts: 10, risks: 10, threats: 10, activities: 10 } });
  mine = await furnish("own");
  theirs = await furnish("other");
  for (const role of ROLE_NAMES) {
    const draft = role === "operator" ? { name: role, role } : { name: role, role, tenants: [mine.tenants] };
    bearer.set(role, (await world.hub.keys.create(LOCAL_ACTOR, draft, record)).secret.reveal());
    signedIn.set(role, await signIn(draft));
  }
  await world.hub.app.ready();
});
afterAll(async () => world.close());

/** An account of that role, signed in as people do it: what its requests carry. */
async function signIn(draft: { readonly name: string; readonly role: Role; readonly tenants?: string[] }): Promise<Readonly<Record<string, string>>> {
  const email = `${draft.role}@example.test`;
  const { password } = await world.hub.users.create(LOCAL_ACTOR, { ...draft, email }, record);
  const answer = await world.hub.app.inject({ method: "POST", url: "/api/v1/session", headers: { host: "127.0.0.1" }, payload: { email, password: password.reveal() } });
  return { cookie: [answer.headers["set-cookie"] ?? ""].flat()[0]?.split(";")[0] ?? "", "x-vedette-csrf": answer.json<{ csrf: string }>().csrf };
}

/** A tenant with a connection, a run, a gap, a parked record and a key. */
async function furnish(name: string): Promise<Belongings> {
  const { hub, simulator } = world;
  const tenant = (await hub.tenants.create(EVERY_TENANT, name, record)).id as TenantId;
  const { connection } = await hub.connections.add(EVERY_TENANT, { url: simulator.url, token: new Secret(simulator.tokens.viewer), tenant, name: `${name}-console`, sync: false }, AbortSignal.timeout(20_000), record);
  const id = connection.id as ConnectionId;
  const readable = await hub.connections.readableOne(id);
  if (readable === undefined) throw new Error("the connection is not readable");
  const run = await hub.runner.start({ connection: readable, streams: STREAMS.filter((stream) => stream.id === "sites"), full: false, trigger: "request" });
  await hub.runner.finished(run.id as RunId);
  await hub.store.tx(async (tx) => {
    await recordGap(tx, { connection: id, tenant, stream: "activities", from: "2026-01-01T00:00:00.000000Z", until: null, now: 1 });
    await park(tx, [{ connection: id, tenant, kind: "record", stream: "agents", key: null, code: "RECORD_INVALID", reason: "for the test", codeVersion: "0", raw: "{}", change: null, now: 1 }]);
  });
  const scope = { all: false, tenants: [tenant] } as const;
  const { destination } = await hub.destinations.add(scope, { name: `${name}-file`, kind: "file", config: { file: "facts.ndjson" } }, AbortSignal.timeout(20_000), record);
  await hub.store.tx((tx) => hub.queueFact(tx, { tenant, kind: "test.fact", key: "1", version: 1, body: { of: name }, orderKey: "1" }));
  const posture = await hub.store.tx(async (tx) => {
    await sql`INSERT INTO posture_devices (connection_id, id, tenant_id, serial_key, hostname_key, facts, verdicts, last_active) VALUES (${id}, ${`agent-${name}`}, ${tenant}, ${`SN-${name}`}, ${`host-${name}`}, ${facts(id, tenant, name)}, '{}', 1)`.execute(tx.db);
    await sql`INSERT INTO posture_user_risk (tenant_id, user_key, level, reasons, since) VALUES (${tenant}, ${`${name}@example.test`}, 3, '[]', 1)`.execute(tx.db);
    const [applied] = await applyRules(tx, { scope, tenant }, parseRules([{ name: `${name}-rule`, condition: { input: "infected", value: false } }]), { replaceAll: false }, 1);
    const exception = await addException(tx, scope, { connection: id, agentId: `agent-${name}`, rule: null, owner: "owner", reason: "for the test", endsAt: Date.now() + 3_600_000 }, "test", Date.now());
    const { provider } = await addProvider(tx, { kind: "cloudflare", name: `${name}-cloudflare`, tenant, access: null, scores: { pass: 100, warn: 60, fail: 0 }, rules: null, createdBy: "test" }, 1);
    return { providers: provider.id, rules: applied?.rule.id ?? "", exceptions: exception.id, users: `${name}@example.test` };
  });
  await hub.store.tx(async (tx) => {
    await sql`INSERT INTO access_principals (connection_id, kind, id, tenant_id, name_key, email_key, unread, facts) VALUES (${id}, 'user', ${`person-${name}`}, ${tenant}, ${`person ${name}`}, NULL, 0, ${JSON.stringify(personFacts(name))})`.execute(tx.db);
    await sql`INSERT INTO access_scopes (connection_id, kind, id, tenant_id, name, name_key, inferred) VALUES (${id}, 'global', ${`whole-${name}`}, ${tenant}, 'Global', 'global', 0)`.execute(tx.db);
    await sql`INSERT INTO access_roles (connection_id, id, tenant_id, name, inferred) VALUES (${id}, ${`role-${name}`}, ${tenant}, 'Admin', 0)`.execute(tx.db);
    await sql`INSERT INTO access_bindings (connection_id, principal_kind, principal_id, role_id, scope_kind, scope_id, tenant_id, seen_at) VALUES (${id}, 'user', ${`person-${name}`}, ${`role-${name}`}, 'global', ${`whole-${name}`}, ${tenant}, 1)`.execute(tx.db);
  });
  const row = { connection_id: id, tenant_id: tenant, id: `agent-${name}`, endpoint_id: `agent-${name}`, cve_id: "CVE-2026-0001", application: `app of ${name}`, computer_name: `host-${name}` };
  const page = { connection: id, tenant, stream: "agents", inserted: [{ id: row.id, before: null, after: row }], changed: [], gone: [], watermark: null } as const;
  const vulnerabilities = createVulnerabilities({ routes: [], queueFact: hub.queueFact });
  await hub.store.tx(async (tx) => {
    await vulnerabilities.react(page, tx, 1);
    await vulnerabilities.react({ ...page, stream: "risks" }, tx, 1);
  });
  const [alerts] = createAlerts({ queueFact: async () => {}, queueFor: () => async () => {}, newcomers: async () => [], origin: async () => ({ connection: id, console: null, lookBackMs: 0 }), retentionDays: {}, routes: [] });
  await hub.store.tx(async (tx) => {
    await sql`INSERT INTO mirror_alerts (connection_id, id, tenant_id, source_version, mapped_hash, raw_hash, mirrored_at, changed_at, fields, raw) VALUES (${id}, ${`alert-${name}`}, ${tenant}, '', '', '', 1, 1, ${'["alert"]'}, '{}')`.execute(tx.db);
    await alerts?.react({ ...page, stream: "alerts", inserted: [{ id: `alert-${name}`, before: null, after: { id: `alert-${name}`, name: `alert of ${name}` } }] }, tx, 1);
  });
  const cases = createCases({ queueFact: async () => {}, origin: async () => ({ connection: id, console: null, lookBackMs: 0 }), routes: [] });
  await hub.store.tx((tx) => cases.react({ ...page, stream: "alerts", inserted: [{ id: `alert-${name}`, before: null, after: { id: `alert-${name}`, name: `alert of ${name}`, asset_name: `host-${name}`, detected_at: "2026-06-01T12:00:00.000000Z" } }] }, tx, 1));
  const { rows: [opened] } = await sql<{ id: string }>`SELECT id FROM cases WHERE tenant_id = ${tenant}`.execute(hub.store.read);
  const { rows: [instance] } = await sql<{ id: string; finding_id: string; asset_id: string }>`SELECT i.id, i.finding_id, a.asset_id FROM vuln_instances AS i JOIN vuln_agents AS a ON a.connection_id = i.connection_id WHERE i.tenant_id = ${tenant}`.execute(hub.store.read);
  const connector = await hub.store.tx(async (tx) => {
    const rule = { name: "all", mode: null, match: { accounts: [], sites: [], groups: [], tags: [], os: [], machineTypes: [] }, floor: null, cron: "0 3 * * *", timezone: "UTC" };
    const added = await addConnector(tx, { tenant, connection: id, name: `${name}-connector`, description: "", mode: "scan", rule }, { by: "test", now: 1 });
    await addRule(tx, added.connector, { ...rule, name: "more" }, { by: "test", now: 1 });
    return { id: added.connector.id, rule: added.rule.id, run: await rulesChanged(tx, added.rule, 1) };
  });
  const notification = newId("notification", 1);
  await hub.store.tx((tx) => sql`INSERT INTO notification_rules (id, tenant_id, name, destination_id, enabled, tenants, settings, sent, under_way, created_at) VALUES (${notification}, ${tenant}, ${`${name}-rule`}, ${destination.id}, 1, NULL, ${JSON.stringify(DEFAULTS)}, 0, '[]', 1)`.execute(tx.db));
  const key = await hub.keys.create(LOCAL_ACTOR, { name: `${name}-key`, role: "viewer", tenants: [tenant] }, record);
  return {
    accounts: (await hub.users.create(LOCAL_ACTOR, { email: `${name}@example.test`, name, role: "viewer", tenants: [tenant] }, record)).user.id,
    tenants: tenant,
    connections: id,
    runs: run.id,
    gaps: (await listGaps(scope, hub.store))[0]?.id ?? "",
    parked: (await listParked(scope, hub.store))[0]?.id ?? "",
    destinations: destination.id,
    notifications: notification,
    deliveries: (await listDeliveries(scope, hub.store, { limit: 1 })).items[0]?.id ?? "",
    "api-keys": key.key.id,
    findings: instance?.finding_id ?? "",
    instances: instance?.id ?? "",
    assets: instance?.asset_id ?? "",
    alerts: `alert-${name}`,
    cases: opened?.id ?? "",
    knowledge: await entryOf(hub, tenant, name),
    lists: (await hub.store.tx((tx) => putList(tx, { tenant, name: `${name} list`, meaning: "trusted", hashes: readHashes("0".repeat(32)), by: "test", now: 1 }))).id,
    connectors: connector.id,
    "vulnerabilities/rules": connector.rule,
    "vulnerabilities/runs": connector.run,
    ...posture,
  };
}

/** Knowledge of a device; '': of all tenants. */
async function entryOf(hub: World["hub"], tenant: string, name: string): Promise<string> {
  return (await hub.store.tx((tx) => addEntry(tx, tenant, { type: "device", indicator: `host-${name}`, folded: `host-${name}`, meaning: "context", text: `text of ${name}`, expiresAt: null }, { by: "test", now: 1 }))).id;
}

/** A device of which the console said little. */
function facts(connection: ConnectionId, tenant: TenantId, name: string): string {
  return JSON.stringify({ ...factsOf({ connection_id: connection, tenant_id: tenant, id: `agent-${name}` }), serial: `SN-${name}`, serialKey: `SN-${name}` });
}

function personFacts(name: string): Omit<PrincipalFacts, "token"> & { readonly token: null } {
  return {
    name: `person ${name}`, email: null, description: null, source: "local", status: "active", level: "global", twoFaEnabled: null, twoFaStatus: null, twoFaMethod: null, emailVerified: null, isSystem: null, canGenerateApiToken: null, allowRemoteShell: null,
    createdAt: null, firstLogin: null, lastUsed: null, token: null, createdBy: null,
  };
}

/** What a route cannot do without, of one's own. */
const QUERIES: Readonly<Record<string, string>> = {
  "/api/v1/events": "?once=true",
  "/api/v1/reports/monthly": "?month=2026-06",
  "/api/v1/access/who": "?scope=global",
  "/api/v1/access/what": "?principal=person-own",
  "/api/v1/access/export": "?format=json",
  "/api/v1/access/why": "?principal=person-own&role=Admin&scope=global",
  "/api/v1/vulnerabilities/export": "?format=ndjson",
  "/api/v1/vulnerabilities/fixes/devices": "?application=PackStation",
  "/api/v1/vulnerabilities/software/diff": "?from=2026-01-01T00:00:00Z",
};

/** The word of the path that names the object; those of posture and vulnerabilities stand one step further down. */
const NOUN = /\/api\/v1\/(?:posture\/|vulnerabilities\/|cases\/(?!:))?([a-z-]+)\/:/;

/** Rules and runs of vulnerabilities are not those of posture and of the reader, and the hub's own users not those at devices. */
function wordOf({ path }: Route<Tx>): string {
  const word = NOUN.exec(path)?.[1] ?? "";
  if (path.startsWith("/api/v1/users/")) return "accounts";
  return path.startsWith("/api/v1/vulnerabilities/") && (word === "rules" || word === "runs") ? `vulnerabilities/${word}` : word;
}

function pathFor(route: Route<Tx>, owner: Belongings | "absent"): string {
  const word = wordOf(route);
  const id = owner === "absent" ? "absent_0000000000" : word in owner ? owner[word as keyof Belongings] : "absent_0000000000";
  return route.path.replace(":stream", "agents").replace(/:[a-z]+/i, encodeURIComponent(id));
}

/** Bodies that reach the look-up: what is asked for must be settled before what is done with it. */
function bodyFor(route: Route<Tx>, owner: Belongings): object | undefined {
  if (route.body === undefined) return undefined;
  if (route.path.startsWith("/api/v1/connections") && route.path.endsWith("/rotate")) return { token: "x".repeat(80) };
  if (route.path.endsWith("/sites")) return { connection: owner.connections, sites: ["1"] };
  if (route.method === "DELETE" && route.path.startsWith("/api/v1/tenants")) return { confirm: "other" };
  if (route.method === "PATCH" && route.path.startsWith("/api/v1/tenants")) return { name: "renamed" };
  if (route.path.endsWith("/reset")) return { reason: "for the test" };
  return {};
}

async function call(route: Route<Tx>, url: string, role: Role | null, body?: object) {
  return world.hub.app.inject({
    method: route.method,
    url,
    headers: { host: "127.0.0.1", ...(role === null ? {} : caller === "key" ? { authorization: `Bearer ${bearer.get(role) ?? ""}` } : signedIn.get(role)) },
    ...(body === undefined ? {} : { payload: body }),
  });
}

function allowed(route: Route<Tx>, role: Role): boolean {
  return route.permission !== "public" && (ROLES[role] as readonly string[]).includes(route.permission);
}

describe.each(["key", "session"] as const)("every route the hub serves, asked with a %s", (by) => {
  beforeAll(() => {
    caller = by;
  });
  afterAll(() => {
    caller = "key";
  });

  it("asks for it, and for the permission, before anything else", async () => {
    for (const route of world.hub.routes) {
      if (route.permission === "public" || route.credentials !== undefined) continue;
      expect((await call(route, pathFor(route, mine), null, {})).statusCode, route.path).toBe(401);
      // What anybody does with his own account is his to do; a key has none.
      if (route.permission === "session" && by === "session") continue;
      for (const role of ROLE_NAMES) {
        if (allowed(route, role)) continue;
        const answer = await call(route, pathFor(route, mine), role, {});
        expect([answer.statusCode, answer.json<{ fault: { code: string } }>().fault.code], `${role} ${route.method} ${route.path}`).toEqual([403, "FORBIDDEN"]);
      }
    }
  });

  it("shows another tenant's object exactly as one that does not exist, to every role", async () => {
    let compared = 0;
    for (const route of world.hub.routes.filter((each) => each.path.includes(":"))) {
      for (const role of ROLE_NAMES) {
        if (role === "operator" || !allowed(route, role)) continue;
        const body = bodyFor(route, mine);
        const foreign = await call(route, pathFor(route, theirs), role, body);
        const absent = await call(route, pathFor(route, "absent"), role, body);
        const [one, other] = [foreign, absent].map((answer) => ({ status: answer.statusCode, body: { ...answer.json<Record<string, unknown>>(), requestId: "" } }));
        expect(one?.status, `${role} ${route.method} ${route.path} ${foreign.body}`).toBe(404);
        expect(JSON.stringify(one), `${role} ${route.method} ${route.path}`).toBe(JSON.stringify(other).replaceAll("absent_0000000000", pathFor(route, theirs).split("/").find((part) => part !== "" && !route.path.split("/").includes(part)) ?? ""));
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(30);
  });

  it("shows a role that may see it its own tenant's object", async () => {
    let shown = 0;
    for (const route of world.hub.routes.filter((each) => each.method === "GET" && each.path.includes(":"))) {
      for (const role of ROLE_NAMES) {
        if (!allowed(route, role)) continue;
        const answer = await call(route, pathFor(route, mine), role);
        expect(answer.statusCode, `${role} ${route.path} ${answer.body.slice(0, 200)}`).toBe(200);
        shown += 1;
      }
    }
    expect(shown).toBeGreaterThan(30);
  });

  it("keeps what is another tenant's out of every list", async () => {
    for (const route of world.hub.routes.filter((each) => each.method === "GET" && !each.path.includes(":") && !each.path.includes("/forward-auth") && each.permission !== "public")) {
      for (const role of ROLE_NAMES) {
        if (role === "operator" || !allowed(route, role)) continue;
        // What a role sees was asked of each with a key; here it is that a session reaches no further.
        if (by === "session" && role !== "msp-admin") continue;
        // Asked for by their ids, those of others are left out too.
        const query = route.path === "/api/v1/streams/status" ? `?connections=${mine.connections},${theirs.connections}` : (QUERIES[route.path] ?? "");
        const answer = await call(route, `${route.path}${query}`, role);
        expect(answer.statusCode, `${role} ${route.path} ${answer.body.slice(0, 200)}`).toBe(200);
        for (const id of [...Object.values(theirs), "person-other", "role-other"]) expect(answer.body, `${role} ${route.path}`).not.toContain(id);
      }
    }
  }, 60_000);
});

describe("every route the hub serves", () => {
  it("is known to this test by what it names: a new kind of object has to be furnished here", () => {
    const words = new Set(world.hub.routes.map(wordOf).filter((word) => word !== ""));
    expect([...words].toSorted()).toEqual(Object.keys(mine).toSorted());
    expect(Object.values(theirs).every((id) => id !== "")).toBe(true);
  });

  it("asks whoever has credentials of his own for those, and for no key", async () => {
    const own = world.hub.routes.filter((route) => route.credentials !== undefined);
    expect(own.map((route) => route.path)).toEqual(["/integrations/cloudflare/posture"]);
    for (const route of own) for (const role of [null, ...ROLE_NAMES]) expect((await call(route, route.path, role, {})).statusCode, `${String(role)} ${route.path}`).toBe(403);
  });

  it("does not let a question about access reach another tenant's people, scopes and roles", async () => {
    const ask = async (query: string) => {
      const path = `/api/v1/access/${query}`;
      const route = world.hub.routes.find((each) => each.method === "GET" && each.path === path.split("?")[0]);
      if (route === undefined) throw new Error(`no route ${path}`);
      return call(route, path, "viewer");
    };
    const refused = [
      await ask("who?scope=global:whole-other"),
      await ask(`who?scope=global&connection=${theirs.connections}`),
      await ask("who?scope=global&role=role-other"),
      await ask("what?principal=person-other"),
      await ask("what?principal=person%20other"),
      await ask("why?principal=person-other&role=Admin&scope=global"),
      await ask("why?principal=person-own&role=Admin&scope=global:whole-other"),
      await ask(`principals?connection=${theirs.connections}`),
      await ask(`coverage?connection=${theirs.connections}`),
      await ask(`tree?connection=${theirs.connections}`),
      await ask(`tree?tenant=${theirs.tenants}`),
      await ask(`principals?tenant=${theirs.tenants}`),
    ];
    expect(refused.map((answer) => answer.statusCode)).toEqual(Array.from({ length: 12 }, () => 404));
    for (const query of ["tree?parent=global:whole-other", "principals?text=person%20other", "scopes?text=other"]) expect((await ask(query)).json<{ items: readonly { id: string }[] }>().items.map(({ id }) => id).filter((id) => id.endsWith("other")), query).toEqual([]);
    expect((await ask("who?scope=global")).json<{ items: readonly { principal: { id: string } }[] }>().items.map(({ principal }) => principal.id)).toEqual(["person-own"]);
  });

  it("does not let a body reach another tenant's parked records", async () => {
    const replay = world.hub.routes.find((route) => route.path === "/api/v1/parked/replay");
    if (replay === undefined) throw new Error("no replay route");
    const byId = await call(replay, replay.path, "analyst", { ids: [theirs.parked] });
    const byConnection = await call(replay, replay.path, "analyst", { connection: theirs.connections });
    expect([byId.statusCode, byConnection.statusCode]).toEqual([404, 404]);
  });

  it("does not let a body reach another tenant's destinations and deliveries", async () => {
    const post = async (path: string, role: Role, body: object): Promise<number> => {
      const route = world.hub.routes.find((each) => each.path === path && each.method === "POST");
      if (route === undefined) throw new Error(`no route ${path}`);
      return (await call(route, path, role, body)).statusCode;
    };
    const replay = "/api/v1/deliveries/replay";
    expect([
      await post(replay, "analyst", { ids: [theirs.deliveries] }),
      await post(replay, "analyst", { ids: [mine.deliveries, theirs.deliveries] }),
      await post(replay, "analyst", { destination: theirs.destinations }),
      await post("/api/v1/destinations", "msp-admin", { name: "x", kind: "file", config: { file: "x.ndjson" }, tenant: theirs.tenants }),
    ]).toEqual([404, 404, 404, 404]);
  });

  it("does not let a question or a body of posture reach another tenant's devices and rules", async () => {
    const send = async (method: Route["method"], path: string, body: object) => {
      const route = world.hub.routes.find((each) => each.path === `/api/v1/posture/${path}` && each.method === method);
      if (route === undefined) throw new Error(`no route ${path}`);
      return call(route, route.path, "msp-admin", body);
    };
    const device = { connection: theirs.connections, agentId: "agent-other" };
    const refused = [
      await send("POST", "rules", { rules: [], replaceAll: true, tenant: theirs.tenants }),
      await send("POST", "rules", { rules: [{ id: theirs.rules, name: "x", condition: { input: "infected", value: false } }] }),
      await send("POST", "providers", { kind: "cloudflare", tenant: theirs.tenants }),
      await send("POST", "exceptions", { ...device, owner: "me", reason: "x", endsAt: new Date(Date.now() + 60_000).toISOString() }),
      await send("POST", "serials/decisions", { decision: "accepted", device, reason: "x" }),
      await send("POST", "serials/decisions", { decision: "accepted", serial: "SN-other", tenant: theirs.tenants, reason: "x" }),
      await send("DELETE", "serials/decisions", { tenant: theirs.tenants, serial: "SN-other" }),
    ];
    expect(refused.map((answer) => answer.statusCode)).toEqual([404, 404, 404, 404, 404, 404, 404]);
    expect((await send("POST", "providers", { kind: "cloudflare", tenant: null })).statusCode).toBe(403);
    expect((await send("POST", "rules", { rules: [], replaceAll: true, tenant: null })).statusCode).toBe(403);
    const asked = await send("POST", "devices", { devices: [{ serial: "SN-other" }, { agentId: "agent-other" }, { agentId: "agent-own" }] });
    expect(asked.json<{ items: readonly { match: { kind: string } }[] }>().items.map(({ match }) => match.kind)).toEqual(["unknown", "unknown", "matched"]);
    expect(asked.body).not.toContain(theirs.tenants);
  });

  it("does not let a question or a decision reach another tenant's findings and devices", async () => {
    const decide = world.hub.routes.find((each) => each.path === "/api/v1/vulnerabilities/decisions");
    if (decide === undefined) throw new Error("no decisions");
    const body = (id: string) => ({ id, status: "false-positive", reason: "x" });
    expect([(await call(decide, decide.path, "msp-admin", body(theirs.findings))).statusCode, (await call(decide, decide.path, "msp-admin", body(theirs.instances))).statusCode]).toEqual([404, 404]);
    for (const list of ["findings?all=true", "assets", "summary", "connectors", "rules", "runs", "diagnosis", "asset-rules", "software", "software/diff?from=2026-01-01"]) {
      const route = world.hub.routes.find((each) => each.path === `/api/v1/vulnerabilities/${list.split("?")[0] ?? ""}`);
      if (route === undefined) throw new Error(`no route ${list}`);
      const answer = await call(route, `/api/v1/vulnerabilities/${list}`, "viewer");
      expect(answer.statusCode).toBe(200);
      expect(answer.body).not.toContain(theirs.tenants);
      expect(answer.body).not.toContain("app of other");
      if (list === "summary") expect(answer.json<{ counts: { total: number }; assets: { devices: number } }>()).toMatchObject({ counts: { total: 1 }, assets: { devices: 1 } });
    }
  });

  it("does not let a question reach another tenant's alerts and versions", async () => {
    for (const [path, query] of [["alerts", "?text=alert"], ["alerts/versions", ""], ["alerts/versions", "?after=0"]] as const) {
      const route = world.hub.routes.find((each) => each.path === `/api/v1/${path}`);
      if (route === undefined) throw new Error(`no route ${path}`);
      const answer = await call(route, `${route.path}${query}`, "viewer");
      expect(answer.json<{ items: readonly { id: string }[] }>().items.map(({ id }) => id)).toEqual(["alert-own"]);
      const elsewhere = await Promise.all([`tenant=${theirs.tenants}`, `connection=${theirs.connections}`].map((asked) => call(route, `${route.path}?${asked}`, "viewer")));
      expect(elsewhere.map((one) => one.statusCode)).toEqual([404, 404]);
    }
  });

  it("does not let a question or a change reach another tenant's cases", async () => {
    const ask = async (method: Route["method"], path: string, query: string, role: Role, body?: object) => {
      const route = world.hub.routes.find((each) => each.path === path && each.method === method);
      if (route === undefined) throw new Error(`no route ${path}`);
      return call(route, `${path.replace(":id", theirs.cases)}${query}`, role, body);
    };
    for (const query of ["", "?text=alert", "?status=any&since=2026-01-01"]) {
      const answer = await ask("GET", "/api/v1/cases", query, "viewer");
      expect(answer.json<{ items: readonly { id: string }[] }>().items.map(({ id }) => id)).toEqual([mine.cases]);
    }
    expect((await ask("GET", "/api/v1/cases/export", "?status=any", "viewer")).body).not.toContain("host-other");
    expect((await ask("GET", "/api/v1/cases", `?tenant=${theirs.tenants}`, "viewer")).statusCode).toBe(404);
    expect((await ask("GET", "/api/v1/cases/export", `?tenant=${theirs.tenants}`, "viewer")).statusCode).toBe(404);
    expect((await ask("PATCH", "/api/v1/cases/:id", "", "analyst", { status: "resolved", note: "x" })).statusCode).toBe(404);
    const { rows: [untouched] } = await sql<{ status: string; version: number }>`SELECT status, version FROM cases WHERE id = ${theirs.cases}`.execute(world.hub.store.read);
    expect(untouched).toEqual({ status: "new", version: 1 });
  });

  it("does not let knowledge, rules and lists reach another tenant's cases, and what holds for all be changed by who sees only some", async () => {
    const shared = await entryOf(world.hub, "", "all");
    const ask = async (method: Route["method"], path: string, role: Role, body?: object, url = path) => {
      const route = world.hub.routes.find((each) => each.path === path && each.method === method);
      if (route === undefined) throw new Error(`no route ${method} ${path}`);
      return call(route, url, role, body);
    };
    const knowledge = "/api/v1/cases/knowledge";
    const seen = (await ask("GET", knowledge, "viewer")).json<{ items: readonly { id: string; hits: number | null }[] }>().items;
    expect(seen.map(({ id, hits }) => [id, hits])).toEqual(expect.arrayContaining([[shared, null], [mine.knowledge, 0]]));
    const exported = (await ask("GET", `${knowledge}/export`, "viewer")).body;
    expect(["text of own", "text of other", "text of all"].map((text) => exported.includes(text))).toEqual([true, false, false]);
    expect((await ask("POST", `${knowledge}/import`, "analyst", { format: "ndjson", text: exported })).json()).toEqual({ tenant: mine.tenants, added: 0, changed: 0, unchanged: 1 });
    expect((await ask("GET", knowledge, "operator")).json<{ items: readonly { id: string }[] }>().items.map(({ id }) => id)).toContain(theirs.knowledge);
    const drafts = [
      ["POST", knowledge, { type: "device", indicator: "x", text: "y" }],
      ["POST", `${knowledge}/import`, { format: "ndjson", text: '{"type":"device","indicator":"z","text":"y"}' }],
      ["POST", "/api/v1/cases/rules", { rules: [{ id: "outbreak", weight: 1 }] }],
      ["PUT", "/api/v1/cases/lists", { name: "n", meaning: "trusted", text: "0".repeat(32) }],
    ] as const;
    for (const [method, path, body] of drafts) {
      expect((await ask(method, path, "analyst", { ...body, tenant: theirs.tenants })).statusCode, path).toBe(404);
      const own = await ask(method, path, "analyst", body);
      expect([own.statusCode, own.json<{ tenant: string }>().tenant], path).toEqual([200, mine.tenants]);
      expect((await ask(method, path, "viewer", body)).statusCode, path).toBe(403);
    }
    for (const method of ["PATCH", "DELETE"] as const) for (const role of ["analyst", "msp-admin"] as const) expect((await ask(method, `${knowledge}/:id`, role, method === "PATCH" ? { text: "changed" } : undefined, `${knowledge}/${shared}`)).statusCode, `${role} ${method}`).toBe(403);
    expect((await ask("POST", "/api/v1/cases/rules", "msp-admin", { rules: [{ id: "seen-at-other-tenants", enabled: true }] })).statusCode).toBe(403);
    const forAll = await ask("POST", knowledge, "operator", { type: "device", indicator: "everywhere", text: "y" });
    expect([forAll.statusCode, forAll.json<{ tenant: string | null }>().tenant]).toEqual([200, null]);
    const untouched = await sql<{ n: number }>`SELECT (SELECT count(*) FROM case_knowledge WHERE tenant_id = ${theirs.tenants}) + (SELECT count(*) FROM case_hash_lists WHERE tenant_id = ${theirs.tenants}) + (SELECT count(*) FROM case_rules WHERE tenant_id = ${theirs.tenants}) AS n`.execute(world.hub.store.read);
    expect(untouched.rows[0]?.n).toBe(2);
  });

  it("lets no session change anything without the header that only our own pages know", async () => {
    const changing = world.hub.routes.filter((route) => route.method !== "GET" && route.permission !== "public" && route.credentials === undefined && route.keyHeader === undefined);
    for (const route of changing) {
      const answer = await world.hub.app.inject({ method: route.method, url: pathFor(route, mine), headers: { host: "127.0.0.1", cookie: signedIn.get("operator")?.["cookie"] ?? "" }, payload: {} });
      expect([answer.statusCode, answer.json<{ fault: { message: string } }>().fault.message], `${route.method} ${route.path}`).toEqual([403, "A change within a session needs the header x-vedette-csrf."]);
    }
    expect(changing.length).toBeGreaterThan(50);
  });

  it("answers the owner", async () => {
    for (const route of world.hub.routes.filter((each) => each.method === "GET" && each.path.includes(":"))) {
      const role = ROLE_NAMES.find((name) => name !== "operator" && allowed(route, name));
      if (role === undefined) continue;
      const answer = await call(route, pathFor(route, mine), role);
      expect(answer.statusCode, `${role} ${route.path} ${answer.body.slice(0, 200)}`).toBe(200);
    }
  });
});
