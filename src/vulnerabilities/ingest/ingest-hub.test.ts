/** Connectors, rules, runs and the diagnosis over the API, against a simulated console. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { openWorld, type World } from "../../../test/support/world.ts";
import { EVERY_TENANT } from "../../kernel/scope.ts";
import type { ConnectorSaved, ConnectorVerified, DiagnosisView, IngestPreview, IngestRuleSaved, IngestRuleView, IngestRunView } from "../../kernel/vulnerability-ingest-api.ts";
import type { VulnerabilitySummary } from "../../kernel/vulnerability-api.ts";
import { LOCAL_ACTOR } from "../../server/auth.ts";

const ESTATE = { agents: 60, sites: 3, alerts: 0, risks: 400, threats: 0, activities: 0, users: 2 };
const record = async (): Promise<void> => {};

let world: World;
let operator = "";

async function open(): Promise<void> {
  world = await openWorld({ estate: ESTATE });
  operator = (await world.hub.keys.create(LOCAL_ACTOR, { name: "operator", role: "operator" }, record)).secret.reveal();
  await world.sync({ streams: ["accounts", "sites", "groups", "agents", "risks"] });
}

async function call<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: object): Promise<T> {
  const answer = await world.hub.app.inject({ method, url: `/api/v1/vulnerabilities/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${operator}` }, ...(payload === undefined ? {} : { payload }) });
  if (answer.statusCode !== 200) throw new Error(`${String(answer.statusCode)} ${answer.body}`);
  return answer.json<T>();
}

/** Asks until it is over, as a command does. */
async function ended(path: string): Promise<IngestRunView> {
  for (let asked = 0; asked < 400; asked += 1) {
    const run = await call<IngestRunView>("GET", path);
    if (run.endedAt !== null) return run;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("the run does not end");
}

async function settled(rule: string): Promise<IngestRuleView> {
  const view = await call<IngestRuleView>("GET", `rules/${rule}`);
  if (view.lastRun !== null && view.lastRun.endedAt === null && view.lastRun.trigger !== "continuous") await ended(`runs/${view.lastRun.id}`);
  return call("GET", `rules/${rule}`);
}

const run = async (rule: string): Promise<IngestRunView> => ended(`runs/${(await call<IngestRunView>("POST", `rules/${rule}/run`)).id}`);
const summary = () => call<VulnerabilitySummary>("GET", "summary");

async function sites(): Promise<readonly { readonly id: string; readonly name: string; readonly devices: number }[]> {
  const { rows } = await sql<{ id: string; name: string; devices: number }>`SELECT site_id AS id, site_name AS name, count(*) AS devices FROM agents GROUP BY 1, 2 ORDER BY 3 DESC`.execute(world.hub.store.read);
  return rows;
}

describe("over the API", () => {
  beforeAll(open, 60_000);
  afterAll(() => world.close());

  it("a connection is ingested whole without a connector; a rule's devices and findings are counted before it is saved, and are what it then covers", async () => {
    const { items } = await call<{ items: { id: null; name: string; connectionName: string }[] }>("GET", "connectors");
    expect(items).toMatchObject([{ id: null, name: "All Endpoints (default)", connectionName: "test" }]);
    const before = await summary();
    const [site] = await sites();
    if (site === undefined) throw new Error("no site");

    const draft = { sites: [site.name.toUpperCase()], severity: "high", schedule: "daily", timezone: "Europe/Paris" };
    const preview = await call<IngestPreview>("POST", "rules/preview", { ...draft });
    expect(preview).toMatchObject({ covers: `site ${site.name}`, devices: { matched: site.devices, all: before.assets.agents }, findings: { low: 0, medium: 0 }, replacesDefault: true });
    const saved = await call<ConnectorSaved>("POST", "connectors", { name: "Lyon", description: "for the auditors", rule: draft });
    expect(saved.preview).toEqual(preview);
    const rule = await settled(saved.connector.rules[0]?.id ?? "");
    expect(rule).toMatchObject({ name: `site ${site.name}`, match: { sites: [{ id: site.id, name: site.name }] }, severity: "high", state: "scheduled", lastRun: { trigger: "rule-changed", state: "done" } });
    expect(rule.nextRunAt).toMatch(/T0[12]:00:00/);

    const after = await summary();
    expect(after.assets.agents).toBe(site.devices);
    expect(after.assets.outOfScope).toBe(before.assets.agents - site.devices);
    expect(after.counts.outOfScope).toBe(preview.leaving.findings);
    expect(after.counts.total).toBe(before.counts.total);
    expect(after.counts.fixed).toBe(before.counts.fixed);
    expect(after.counts.open + after.counts.stale + after.counts.outOfScope).toBe(before.counts.open + before.counts.stale);
  });

  it("a run asks the console for what changed, and takes it in; until then it is held", async () => {
    const [site] = await sites();
    const { rows: [device] } = await sql<{ id: string }>`SELECT id FROM agents WHERE site_id = ${site?.id ?? ""} AND is_decommissioned = 0 LIMIT 1`.execute(world.hub.store.read);
    world.simulator.mutate({ stream: "agents", action: "update", ids: [device?.id ?? ""], set: { computerName: "renamed-by-hand" } });
    await world.sync({ streams: ["agents"] });
    expect((await call<{ items: unknown[] }>("GET", "assets?name=renamed-by-hand")).items).toEqual([]);
    const rule = `Lyon/site ${site?.name ?? ""}`;
    expect((await call<IngestRuleView>("GET", `rules/${encodeURIComponent(rule)}`)).held).toBeGreaterThan(0);
    const done = await run(encodeURIComponent(rule));
    expect(done).toMatchObject({ trigger: "request", state: "done", faults: {} });
    expect(done.counts.assets.changed).toBeGreaterThan(0);
    expect((await call<{ items: unknown[] }>("GET", "assets?name=renamed-by-hand")).items).toHaveLength(1);
    const { items } = await call<{ items: IngestRunView[] }>("GET", `runs?rule=${encodeURIComponent(rule)}`);
    expect(items.map(({ trigger }) => trigger)).toEqual(["request", "rule-changed"]);
  });

  it("what is wrong is said with its cure, and nothing is saved", async () => {
    for (const [payload, what] of [
      [{ name: "x", rule: { sites: ["Nowhere"] } }, /knows no site \\"Nowhere\\".*Those it knows are/],
      [{ name: "x", rule: { os: ["windos"] } }, /knows no system.*windows_legacy/],
      [{ name: "x", rule: { schedule: "often" } }, /is no schedule/],
      [{ name: "x", rule: { timezone: "Mars" } }, /is no time zone/],
      [{ name: "x", rule: { mode: "assets", severity: "high" } }, /devices alone has no severity/],
      [{ name: "x", connection: "nope" }, /NOT_FOUND/],
      [{ name: "Lyon" }, /ALREADY_EXISTS/],
      [{ name: "a/b" }, /holds a slash/],
    ] as const) await expect(call("POST", "connectors", payload), JSON.stringify(payload)).rejects.toThrow(what);
    expect((await call<{ items: unknown[] }>("GET", "connectors")).items).toHaveLength(1);
    await expect(call("DELETE", "rules/absent")).rejects.toThrow(/NOT_FOUND/);
  });

  it("a rule is changed, paused, resumed and removed; the last connector gone, everything is covered again", async () => {
    const before = await summary();
    const added = await call<IngestRuleSaved>("POST", "rules", { connector: "Lyon", name: "everything else", mode: "assets" });
    expect(added.preview).toMatchObject({ mode: "assets", findings: { critical: 0 }, entering: { devices: before.assets.outOfScope }, replacesDefault: false });
    await settled(added.rule.id);
    expect((await summary()).assets.outOfScope).toBe(0);
    expect(await call<IngestRuleView>("POST", `rules/${added.rule.id}/pause`)).toMatchObject({ state: "paused", nextRunAt: null });
    expect(await call<IngestRuleView>("POST", `rules/${added.rule.id}/resume`)).toMatchObject({ state: "continuous" });
    const changed = await call<IngestRuleSaved>("PATCH", `rules/${added.rule.id}`, { mode: "scan", schedule: "30 2 * * 1-5" });
    expect(changed.rule).toMatchObject({ version: 2, mode: "scan", schedule: "30 2 * * 1-5", covers: "All Endpoints" });
    await settled(added.rule.id);
    expect((await summary()).counts.outOfScope).toBe(0);
    await call("DELETE", `rules/${added.rule.id}`);
    await call("DELETE", "connectors/Lyon");
    for (let asked = 0; asked < 400 && (await summary()).counts.outOfScope > 0; asked += 1) await new Promise((resolve) => setTimeout(resolve, 25));
    const after = await summary();
    expect([after.counts.outOfScope, after.assets.outOfScope, after.counts.total]).toEqual([0, 0, before.counts.total]);
    expect(await call("GET", "connectors")).toMatchObject({ items: [{ id: null }] });
  });

  it("a page that fails closes nothing, and the next run goes on where it stopped", async () => {
    const id = (await call<ConnectorSaved>("POST", "connectors", { name: "nightly", rule: { schedule: "daily" } })).connector.rules[0]?.id ?? "";
    await settled(id);
    const before = await summary();
    world.simulator.mutate({ stream: "risks", action: "update", count: 120, set: { analystVerdict: "False Positive" } });
    world.simulator.setFaults({ rules: [{ path: "/application-management/risks", after: 2, fault: { kind: "status", status: 400 } }] });
    const failed = await run(id);
    expect(failed).toMatchObject({ state: "partial", faults: { risks: { code: "S1_BAD_REQUEST" } } });
    expect(failed.counts.findings.fixed).toBe(0);
    expect((await summary()).counts.fixed).toBe(before.counts.fixed);
    world.simulator.setFaults({ rules: [] });
    expect(await run(id)).toMatchObject({ state: "done" });
    const after = await summary();
    expect(after.counts.setAside).toBeGreaterThan(before.counts.setAside + 60);
    expect(after.counts.total).toBeGreaterThanOrEqual(before.counts.total);
  });
});

describe("a token that may not read risks", () => {
  beforeAll(open, 60_000);
  afterAll(() => world.close());

  it("leaves asset sync working: the run says which permission is missing, once, and what to do", async () => {
    await world.hub.listen("127.0.0.1", 0);
    await world.hub.destinations.add(EVERY_TENANT, { name: "out", kind: "file", config: { file: "facts.ndjson" } }, AbortSignal.timeout(20_000), record);
    const { connector } = await call<ConnectorSaved>("POST", "connectors", { name: "nightly", rule: { schedule: "daily" } });
    const id = connector.rules[0]?.id ?? "";
    await settled(id);
    const before = await summary();
    world.simulator.changeToken("viewer", { level: "tenant", role: "C-Level" });
    world.simulator.mutate({ stream: "agents", action: "update", count: 5, set: { computerName: "still-synced" } });

    for (let times = 0; times < 2; times += 1) {
      const partial = await run(id);
      expect(partial).toMatchObject({ state: "partial", faults: { risks: { code: "S1_FORBIDDEN" } } });
      expect(Object.keys(partial.faults)).toEqual(["risks"]);
    }
    expect((await call<{ items: unknown[] }>("GET", "assets?name=still-synced")).items).toHaveLength(5);
    expect((await summary()).counts).toEqual(before.counts);
    expect((await world.hub.status(EVERY_TENANT)).health.reasons).toContain("ingest rule nightly/All Endpoints: S1_FORBIDDEN");
    const { rows: told } = await sql<{ kind: string; body: string }>`SELECT kind, body FROM outbox WHERE kind LIKE 'vulnerabilities.%'`.execute(world.hub.store.read);
    expect(told.map(({ kind }) => kind)).toEqual(["vulnerabilities.ingest-failed"]);

    const verified = await call<ConnectorVerified>("POST", "connectors/nightly/verify", {});
    expect(verified).toMatchObject({ modes: { scan: false, assets: true } });
    expect(verified.permissions.filter(({ granted }) => granted === false).map(({ permission }) => permission)).toEqual(["Applications Page.viewRisks", "Applications Page.view", "Groups.view"]);
    expect(verified.troubles).toEqual([expect.stringContaining("Applications: View risks (Applications Page.viewRisks), which the token lacks")]);
    const diagnosis = await call<DiagnosisView>("GET", "diagnosis");
    expect(diagnosis.streams.find(({ stream }) => stream === "risks")).toMatchObject({ state: "permission", permission: "Applications Page.viewRisks" });
    expect(diagnosis.streams.find(({ stream }) => stream === "agents")).toMatchObject({ state: "read" });

    world.simulator.changeToken("viewer", { level: "tenant", role: "Viewer" });
    await world.hub.connections.verify(EVERY_TENANT, world.connection, true, AbortSignal.timeout(20_000), record);
    expect(await run(id)).toMatchObject({ state: "done" });
    expect((await world.hub.status(EVERY_TENANT)).health.reasons.filter((reason) => reason.startsWith("ingest rule"))).toEqual([]);
    expect(await call<IngestRuleView>("GET", `rules/${id}`)).toMatchObject({ fault: null, failingSince: null });
  });
});

describe("a paused connection", () => {
  afterEach(() => world.close());

  it("leaves its runs out without calling them failed, and a hub that starts again goes on with what waits", async () => {
    await open();
    const { connector } = await call<ConnectorSaved>("POST", "connectors", { name: "nightly", rule: { schedule: "daily" } });
    const id = connector.rules[0]?.id ?? "";
    await settled(id);
    await world.hub.connections.setPaused(EVERY_TENANT, world.connection, true, record);
    expect(await run(id)).toMatchObject({ state: "cancelled", faults: { connection: { code: "CANCELLED", message: expect.stringContaining("is paused") as string } } });
    expect(await call<IngestRuleView>("GET", `rules/${id}`)).toMatchObject({ fault: null });
    await world.hub.connections.setPaused(EVERY_TENANT, world.connection, false, record);

    await world.hub.store.tx((tx) => sql`INSERT INTO vuln_runs SELECT 'igr_killed', tenant_id, connection_id, connector_id, rule_id, rule_name, 'request', 'reading', mode, NULL, started_at + 1, ${Date.now()}, NULL, 'run_killed', '{}' FROM vuln_runs WHERE begun_by = 'request'`.execute(tx.db));
    world = await world.reopen();
    await world.hub.upkeep.once();
    for (let asked = 0; asked < 200 && (await call<IngestRunView>("GET", "runs/igr_killed")).endedAt === null; asked += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      await world.hub.upkeep.once();
    }
    expect(await call<IngestRunView>("GET", "runs/igr_killed")).toMatchObject({ state: "done" });
  });
});
