import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "../../test/support/world.ts";
import type { AssetView } from "../kernel/vulnerability-api.ts";
import type { AssetRulesView } from "../kernel/vulnerability-asset-api.ts";
import type { FixesAnswer, FixFirstAnswer, IntelligenceLoaded, SlaView } from "../kernel/vulnerability-priority-api.ts";
import { LOCAL_ACTOR } from "../server/auth.ts";
import { tables } from "./tables.ts";

let world: World;
let operator = "";
let viewer = "";

async function call(method: "GET" | "PUT", path: string, more: { readonly payload?: object; readonly bearer?: string } = {}) {
  return world.hub.app.inject({ method, url: `/api/v1/vulnerabilities/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${more.bearer ?? operator}` }, ...(more.payload === undefined ? {} : { payload: more.payload }) });
}

beforeAll(async () => {
  world = await openWorld({ estate: { agents: 40, alerts: 0, risks: 400, threats: 0, activities: 0 } });
  operator = (await world.hub.keys.create(LOCAL_ACTOR, { name: "operator", role: "operator" }, async () => {})).secret.reveal();
  viewer = (await world.hub.keys.create(LOCAL_ACTOR, { name: "viewer", role: "viewer" }, async () => {})).secret.reveal();
  await world.sync({ streams: ["sites", "agents", "risks"], full: true });
}, 60_000);
afterAll(() => world.close());

const first = async (limit: number): Promise<FixFirstAnswer> => (await call("GET", `fix-first?limit=${String(limit)}`)).json();

describe("a console's risks over the API", () => {
  it("are told by score, and a list that is given counts at once", async () => {
    const before = await first(500);
    const low = before.items.at(-1);
    expect(before.items.length).toBeGreaterThan(5);
    expect(before.items.map((one) => one.risk.score)).toEqual(before.items.map((one) => one.risk.score).toSorted((a, b) => b - a));
    expect(before.intelligence).toEqual([{ kind: "kev", loaded: null }, { kind: "epss", loaded: null }]);

    const text = JSON.stringify({ catalogVersion: "t", dateReleased: "2026-01-01T00:00:00Z", count: 1, vulnerabilities: [{ cveID: low?.cve, dateAdded: "2026-01-01", knownRansomwareCampaignUse: "Known" }] });
    const given = await call("PUT", "intelligence/kev", { payload: { text } });
    expect(given.statusCode, given.body).toBe(200);
    expect(given.json<IntelligenceLoaded>().changes).toEqual({ added: 1, withdrawn: 0, changed: 0 });
    const after = (await first(500)).items.find((one) => one.finding === low?.finding);
    expect(after?.risk.score).toBeGreaterThan(low?.risk.score ?? 1000);
    expect(after?.kev).toEqual({ added: "2026-01-01", due: null, ransomware: true });
  });

  it("are refused as a list when they are none, and lists are nobody's to give but the operator's", async () => {
    expect((await call("PUT", "intelligence/epss", { payload: { text: "<html>" } })).statusCode).toBe(400);
    expect((await call("PUT", "intelligence/kev", { payload: { text: "{}" }, bearer: viewer })).statusCode).toBe(403);
    expect((await call("PUT", "sla", { payload: {}, bearer: viewer })).statusCode).toBe(403);
  });

  it("have due dates that a tenant changes as a whole", async () => {
    const { policy, tenant } = (await call("GET", "sla")).json<SlaView>();
    expect((await call("PUT", "sla", { payload: { policy: { ...policy, knownExploited: 0 } } })).statusCode).toBe(400);
    expect((await call("PUT", "sla", { payload: { policy: { severities: { critical: 1 } } } })).statusCode).toBe(400);
    const changed = (await call("PUT", `sla?tenant=${tenant}`, { payload: { policy: { ...policy, knownExploited: 3 }, version: 0 } })).json<SlaView>();
    expect(changed).toMatchObject({ tenant, version: 1, policy: { knownExploited: 3 } });
  });

  it("are on devices that a tenant's asset rules speak of, changed as a whole", async () => {
    const { rules, tenant } = (await call("GET", "asset-rules")).json<AssetRulesView>();
    const put = (payload: object, bearer = operator) => call("PUT", "asset-rules", { payload, bearer });
    expect((await put({ rules: { ...rules, rules: [{ name: "x", match: { externalIp: ["203.0.113.9"] }, set: { exposure: "public" } }] } })).statusCode).toBe(400);
    expect((await put({ rules: { ...rules, rules: [{ name: "x", set: {} }] } })).statusCode).toBe(400);
    expect((await put({ rules }, viewer)).statusCode).toBe(403);
    const changed = await put({ rules: { ...rules, rules: [{ name: "All", set: { owner: "ops" } }] }, version: 0 });
    expect(changed.json<AssetRulesView>(), changed.body).toMatchObject({ tenant, version: 1, updatedBy: "operator", pending: true });
    for (let round = 0; round < 50 && (await call("GET", "asset-rules")).json<AssetRulesView>().pending; round += 1) await world.hub.upkeep.once();
    const { items } = (await call("GET", "assets?owner=ops&limit=1")).json<{ readonly items: readonly AssetView[] }>();
    expect(items[0]?.assigned.owner).toEqual({ value: "ops", by: "rule", name: "All" });
  });

  it("close with updates that have a list of devices", async () => {
    const { items } = (await call("GET", "fixes?limit=3")).json<FixesAnswer>();
    const [fix] = items;
    const devices = await call("GET", `fixes/devices?application=${encodeURIComponent(fix?.application ?? "")}&vendor=${encodeURIComponent(fix?.vendor ?? "")}`);
    const rows = devices.body.trimEnd().split("\r\n");

    expect(devices.headers["content-type"]).toContain("text/csv");
    expect(rows.length - 1).toBeGreaterThanOrEqual(fix?.devices ?? Number.POSITIVE_INFINITY);
  });

  it("come out whole in every format", async () => {
    const total = Number((await tables(world.hub.store.read).selectFrom("vuln_instances").select(({ fn }) => fn.countAll<number>().as("many")).executeTakeFirst())?.many);
    const of = async (format: string): Promise<string> => {
      const answer = await call("GET", `export?format=${format}`);
      expect(answer.statusCode, answer.body.slice(0, 200)).toBe(200);
      return answer.body;
    };
    const flex = JSON.parse(await of("flexconnect-json")) as { readonly assets: readonly { readonly findings: readonly object[] }[] };
    const lines = (await of("ndjson")).trimEnd().split("\n");

    expect(total).toBeGreaterThan(50);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ record: "end", counts: { instances: total } });
    expect((await of("csv")).trimEnd().split("\r\n").length - 1).toBeGreaterThanOrEqual(total);
    const exported = flex.assets.reduce((sum, one) => sum + one.findings.length, 0);
    const open = lines.filter((line) => line.startsWith('{"record":"instance"') && /"class":"(open|stale)"/.test(line)).length;
    expect(exported).toBe(open);
    expect((JSON.parse(await of("vex")) as { readonly vulnerabilities: readonly object[] }).vulnerabilities.length).toBeGreaterThan(5);
    expect(await of("html")).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(await of("flexconnect-csv")).toContain("nucleus_import_version,scan_tool,scan_type,scan_date,host_name");
  });

  it("of a tenant that is not there are not found", async () => {
    for (const path of ["export?format=csv&tenant=nobody", "export?format=csv&connection=nobody", "fix-first?tenant=nobody", "sla?tenant=nobody"]) expect((await call("GET", path)).statusCode, path).toBe(404);
  });
});
