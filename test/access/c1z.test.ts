/** What a governance tool finds in our `.c1z`: traits, parents, expandable grants, an honest sync run, and the same bytes for the same graph. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { brokenRule, C1Z_INDEXES, C1Z_TABLES } from "../../src/access/export/c1z-tables.ts";
import { exportBytes, removeLeftoverExports } from "../../src/access/export/run.ts";
import type { GraphSource } from "../../src/access/export/source.ts";
import type { AccessRole, Binding, Principal, PrincipalFacts, Scope, ScopeRef } from "../../src/access/model.ts";
import { annotationOf, readC1z, type DecodedC1z, type DecodedResource } from "./c1z-decoder.ts";
import { exported } from "./export-files.ts";
import { CONNECTION, coverage, NO_FACTS, READ_AT, sourceOf, TENANT, type Graph } from "./graphs.ts";

const own = { connection: CONNECTION, tenant: TENANT };
const scope = (kind: Scope["kind"], id: string, name: string, parent: ScopeRef | null): Scope => ({ ...own, kind, id, name, parent, state: "active", inferred: false });
const role = (id: string, name: string): AccessRole => ({ ...own, id, name, description: null, predefined: true, scope: null, permissions: ["Page.b", "Page.a"], inferred: false });
const principal = (kind: Principal["kind"], id: string, facts: Partial<PrincipalFacts> = {}): Principal => ({ ...own, kind, id, facts: { ...NO_FACTS, ...facts }, unread: 0 });
const held = (who: Principal, what: string, where: ScopeRef): Binding => ({ ...own, principal: { kind: who.kind, id: who.id }, role: what, scope: { kind: where.kind, id: where.id }, seenAt: READ_AT, absentAt: null, doubtedAt: null });

const GLOBAL = scope("global", "1", "Global", null);
const ACCOUNT = scope("account", "20", "Orchard Freight", GLOBAL);
const SITE = scope("site", "300", "Lyon Depot", ACCOUNT);
const GROUP = scope("group", "4000", "Servers", SITE);
const MARA = principal("user", "71", {
  name: "Mara Voss", email: "mara.voss@orchard.test", source: "sso", status: "active", twoFaEnabled: false, createdAt: "2024-02-01T10:00:00.5Z", lastUsed: "2026-02-28T08:00:00Z",
  token: { createdAt: "2026-01-01T00:00:00Z", expiresAt: "2026-07-01T00:00:00Z" },
});
const NEWCOMER = principal("user", "72", { name: "not an address", email: "nobody", source: "local", status: "never-signed-in" });
const ROBOT = principal("service-user", "73", { name: "siem-reader", source: "service", status: "active", lastUsed: "2026-02-01T00:00:00Z", token: { createdAt: null, expiresAt: null } });
const GRAPH: Graph = {
  principals: [MARA, NEWCOMER, ROBOT],
  scopes: [GLOBAL, ACCOUNT, SITE, GROUP],
  roles: [role("9", "Admin"), role("8", "Viewer"), role("7", "Held by nobody")],
  bindings: [held(MARA, "9", ACCOUNT), held(ROBOT, "8", GROUP), held(NEWCOMER, "8", SITE)],
};

const decoded = async (graph: Graph = GRAPH): Promise<DecodedC1z> => readC1z(await exported(sourceOf(graph), { format: "c1z" }));
const resource = (file: DecodedC1z, type: string, id: string): DecodedResource => {
  const found = file.resources.find((one) => one.id.resourceType === type && one.id.resource === id);
  if (found === undefined) throw new Error(`There is no ${type} ${id}.`);
  return found;
};

describe("resources", () => {
  it("a user carries status, address, sign-in, second factor, SSO and times; what is not known is not said", async () => {
    const file = await decoded();
    expect(annotationOf(resource(file, "user", "71"), "UserTrait")).toMatchObject({
      emails: [{ address: "mara.voss@orchard.test", isPrimary: true }], status: { status: 1 }, accountType: 1, login: "mara.voss@orchard.test", createdAt: "2024-02-01T10:00:00.500Z", lastLogin: "2026-02-28T08:00:00.000Z",
      mfaStatus: {}, ssoStatus: { enabled: true },
    });
    const newcomer = annotationOf(resource(file, "user", "72"), "UserTrait") ?? {};
    expect(newcomer).toMatchObject({ status: { status: 1, details: "never signed in" }, ssoStatus: {} });
    expect(Object.keys(newcomer).filter((key) => ["emails", "mfaStatus", "lastLogin", "createdAt"].includes(key))).toEqual([]);
  });

  it("a service user is no person", async () => {
    const file = await decoded();
    const robot = resource(file, "service_user", "73");
    expect(file.types.find(({ id }) => id === "service_user")?.traits).toEqual([4]);
    expect(annotationOf(robot, "AppTrait")).toMatchObject({ profile: { full_name: "siem-reader" } });
    expect(annotationOf(robot, "UserTrait")).toMatchObject({ accountType: 2, lastLogin: "2026-02-01T00:00:00.000Z" });
  });

  it("an API token is a secret of its identity, with its times; a user without one has none", async () => {
    const file = await decoded();
    expect(annotationOf(resource(file, "api_token", "user:71"), "SecretTrait")).toEqual({ createdAt: "2026-01-01T00:00:00.000Z", expiresAt: "2026-07-01T00:00:00.000Z", identityId: { resourceType: "user", resource: "71" }, credentialType: 1 });
    expect(annotationOf(resource(file, "api_token", "service_user:73"), "SecretTrait")).toEqual({ identityId: { resourceType: "service_user", resource: "73" }, credentialType: 1 });
    expect(file.resources.filter(({ id }) => id.resourceType === "api_token")).toHaveLength(2);
    expect(file.types.find(({ id }) => id === "api_token")?.traits).toEqual([5]);
  });

  it("a role is there with what it permits, also where nobody holds it", async () => {
    expect(annotationOf(resource(await decoded(), "role", "7"), "RoleTrait")).toEqual({ profile: { role_id: "7", role_name: "Held by nobody", predefined: true, permission_count: 2, permissions: ["Page.a", "Page.b"] } });
  });

  it("every type with a trait has resources that carry it", async () => {
    const file = await decoded();
    const names: Readonly<Record<number, string>> = { 1: "UserTrait", 3: "RoleTrait", 4: "AppTrait", 5: "SecretTrait", 7: "ScopeBindingTrait" };
    for (const { id, traits = [] } of file.types) for (const trait of traits) for (const one of file.resources.filter((each) => each.id.resourceType === id)) expect(annotationOf(one, names[trait] ?? "?"), `${id} ${one.id.resource}`).toBeDefined();
    expect(file.types.map(({ id }) => id)).toEqual(["account", "api_token", "group", "role", "scope_binding", "service_user", "site", "tenant", "user"]);
  });
});

describe("inheritance", () => {
  it("runs one level at a time from where a role is held, down to the groups, and nowhere else", async () => {
    const file = await decoded();
    const steps = file.grants.filter(({ principal: to }) => to.id.resourceType === "scope_binding").map(({ entitlement, annotations }) => [entitlement.id, annotationOf({ annotations: annotations ?? [] }, "GrantExpandable")]);
    const flow = (from: string) => ({ entitlementIds: [`scope_binding:${from}:assigned`], resourceTypeIds: ["service_user", "user"] });
    expect(steps).toEqual([
      ["scope_binding:8:group:4000:assigned", flow("8:site:300")],
      ["scope_binding:9:site:300:assigned", flow("9:account:20")],
      ["scope_binding:9:group:4000:assigned", flow("9:site:300")],
    ]);
  });

  it("ends where a console says that scopes lie in each other", async () => {
    const [one, other] = [scope("site", "1", "one", { kind: "site", id: "2" }), scope("site", "2", "other", { kind: "site", id: "1" })];
    const file = await decoded({ ...GRAPH, scopes: [one, other, scope("site", "3", "itself", { kind: "site", id: "3" })], bindings: [held(MARA, "9", one)] });
    expect(file.grants).toHaveLength(3);
    expect(resource(file, "site", "3").parent).toBeUndefined();
  });
});

describe("the sync run", () => {
  it("is a KSUID, finished, with the times of the readings", async () => {
    const [run] = (await decoded()).runs;
    expect(run).toMatchObject({ started_at: "2026-03-01 12:00:00.000000000", ended_at: "2026-03-01 12:00:00.000000000", sync_token: "" });
    expect(run?.sync_id).toMatch(/^[0-9A-Za-z]{27}$/);
  });

  it.each(["never-read", "refused", "failing", "partial", "arriving"] as const)("is left open where a stream is %s", async (state) => {
    const file = readC1z(await exported(sourceOf(GRAPH), { format: "c1z", coverage: coverage({ stream: "roles", state, readTo: state === "never-read" ? null : new Date(READ_AT).toISOString(), reason: "because" }) }));
    expect(file.runs).toEqual([expect.objectContaining({ ended_at: null })]);
    expect(file.grants.length).toBeGreaterThan(0);
  });

  it("is left open where not everybody may be shown to the one who asks", async () => {
    expect(readC1z(await exported(sourceOf(GRAPH), { format: "c1z", peopleHidden: true })).runs).toEqual([expect.objectContaining({ ended_at: null })]);
  });

  it("is another where the graph is another", async () => {
    const [before, after] = [await decoded(), await decoded({ ...GRAPH, bindings: GRAPH.bindings.slice(1) })];
    expect(before.runs[0]?.sync_id).not.toBe(after.runs[0]?.sync_id);
  });

  it("is not written of what was never read, nor of several connections", async () => {
    const never = coverage().map((one) => ({ ...one, streams: one.streams.map((stream) => ({ ...stream, readTo: null, state: "never-read" as const })) }));
    await expect(exported(sourceOf(GRAPH), { format: "c1z", coverage: never })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(exported(sourceOf({ ...GRAPH, principals: [...GRAPH.principals, { ...MARA, connection: "con_02" }] }), { format: "c1z" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("the file", () => {
  it("has the tables and indexes that readers look for, and no write-ahead log", async () => {
    const file = await decoded();
    for (const name of ["idx_resource_types_external_sync_v1", "idx_resources_parent_resource_id_v1", "idx_entitlements_external_sync_v1", "idx_grants_external_sync_v1", "idx_sync_runs_sync_id_v1", "idx_assets_external_sync_v1"]) expect(file.indexes).toContain(name);
    expect(file.journal).not.toBe("wal");
  });

  it("is the same from a thread of its own, and leaves nothing behind", async () => {
    const parent = mkdtempSync(join(tmpdir(), "vedette-exports-"));
    const bytes = await all(exportBytes(sourceOf(GRAPH), parent, { format: "c1z", coverage: coverage() }));
    expect(bytes.equals(await exported(sourceOf(GRAPH), { format: "c1z" }))).toBe(true);
    expect(readdirSync(parent)).toEqual([]);
    rmSync(parent, { recursive: true });
  });

  it("keeps names whole that are written with rare characters", async () => {
    expect(resource(await decoded({ ...GRAPH, principals: [...GRAPH.principals, principal("user", "74", { name: "𠮷田 🦊 𪚥" })] }), "user", "74").displayName).toBe("𠮷田 🦊 𪚥");
  });
});

describe("many exports at once", () => {
  it("wait for each other, and one that is given up waiting lets the others on", async () => {
    const parent = mkdtempSync(join(tmpdir(), "vedette-exports-"));
    let [reading, most] = [0, 0];
    const counted: GraphSource = {
      ...sourceOf(GRAPH),
      async *bindings() {
        most = Math.max(most, (reading += 1));
        yield* GRAPH.bindings;
      },
      async *roles() {
        yield* GRAPH.roles;
        reading -= 1;
      },
    };
    const stop = new AbortController();
    const options = { format: "json", coverage: coverage() } as const;
    const running = [1, 2, 3, 4].map((each) => all(exportBytes(counted, parent, options, each === 3 ? stop.signal : undefined)));
    stop.abort();
    expect((await Promise.allSettled(running)).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(most).toBe(2);
    expect(readdirSync(parent)).toEqual([]);
    rmSync(parent, { recursive: true });
  });
});

describe("nothing is given out", () => {
  const parent = mkdtempSync(join(tmpdir(), "vedette-exports-"));

  it("and nothing stays where the one who asked goes away", async () => {
    const stop = new AbortController();
    const slow: GraphSource = {
      ...sourceOf(GRAPH),
      async *roles() {
        stop.abort();
        yield* GRAPH.roles;
      },
    };
    await expect(all(exportBytes(slow, parent, { format: "json", coverage: coverage() }, stop.signal))).rejects.toMatchObject({ code: "CANCELLED" });
    expect(readdirSync(parent)).toEqual([]);
  });

  it("where the graph cannot be read to its end", async () => {
    const broken: GraphSource = { ...sourceOf(GRAPH), scopes: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("disk")) }) }) };
    await expect(all(exportBytes(broken, parent, { format: "c1z", coverage: coverage() }))).rejects.toThrow("disk");
    expect(readdirSync(parent)).toEqual([]);
  });

  it("of parts that do not belong together: they are read again, and at last refused by name", async () => {
    let reads = 0;
    const moving = (until: number): GraphSource => ({
      ...sourceOf(GRAPH),
      async *principals() {
        reads += 1;
        yield* reads < until ? [MARA] : GRAPH.principals;
      },
    });
    expect((await all(exportBytes(moving(3), parent, { format: "json", coverage: coverage() }))).length).toBeGreaterThan(0);
    reads = 0;
    await expect(all(exportBytes(moving(99), parent, { format: "csv", coverage: coverage() }))).rejects.toThrow(/names the service-user 73, who is not among the principals/);
    expect(reads).toBe(3);
    expect(readdirSync(parent)).toEqual([]);
  });

  it.each([
    ["a resource of no type", "insert into v1_resources values (null, 'ghost', 'ghost:1', null, null, x'', 's', 'now')", "of a type in the file"],
    ["a parent that is not there", "insert into v1_resources values (null, 'site', 'site:2', 'account', '404', x'', 's', 'now')", "every parent"],
    ["an entitlement of nothing", "insert into v1_entitlements values (null, 'site', '404', 'e', x'', 's', 'now')", "every entitlement"],
    ["a scope binding without an entitlement", "insert into v1_resources values (null, 'scope_binding', 'scope_binding:1', null, null, x'', 's', 'now')", "every scope binding"],
    ["a grant on nothing", "insert into v1_grants values (null, 'site', '404', 'site:1:assigned', 'site', '1', 'g', x'', 's', 'now')", "on a resource"],
    ["a grant of nothing", "insert into v1_grants values (null, 'site', '1', '404', 'site', '1', 'g', x'', 's', 'now')", "of an entitlement"],
    ["a grant to nobody", "insert into v1_grants values (null, 'site', '1', 'site:1:assigned', 'user', '404', 'g', x'', 's', 'now')", "to a principal"],
    ["an id that no reader takes", `insert into v1_resources values (null, 'site', 'site:${"x".repeat(1024)}', null, null, x'', 's', 'now')`, "1 to 1024 bytes"],
  ])("with %s", (_what, planted, rule) => {
    const db = new Sqlite(":memory:");
    db.exec(`${C1Z_TABLES}${C1Z_INDEXES}`);
    db.exec("insert into v1_resource_types select null, value, x'', 's', 'now' from json_each('[\"site\",\"scope_binding\"]')");
    db.exec("insert into v1_resources values (null, 'site', 'site:1', null, null, x'', 's', 'now'); insert into v1_entitlements values (null, 'site', '1', 'site:1:assigned', x'', 's', 'now')");
    expect(brokenRule(db)).toBeUndefined();
    db.exec(planted);
    expect(brokenRule(db)).toContain(rule);
    db.close();
  });
});

describe("what a killed process has left", () => {
  it("is removed when a hub opens, beside what a living one is making", async () => {
    const parent = mkdtempSync(join(tmpdir(), "vedette-exports-"));
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    for (const name of [`export-${String(dead)}-a`, `export-${String(process.pid)}-b`, `export-${String(process.ppid)}-c`, "something-else"]) mkdirSync(join(parent, name, "1"), { recursive: true });
    await removeLeftoverExports(parent);
    expect(readdirSync(parent)).toEqual([`export-${String(process.ppid)}-c`, "something-else"]);
    rmSync(parent, { recursive: true });
    await removeLeftoverExports(parent);
  });
});

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return Buffer.concat(found);
}
