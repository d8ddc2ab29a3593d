/** Tokens that see an account or a site only: verify makes sense of them, and the mirror holds what they may see, all of it and nothing else. */
import { afterEach, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { STREAM_IDS, viewName, type StreamId } from "../src/kernel/stream-ids.ts";
import { differences } from "./support/truth.ts";
import { openWorld, recordId, type World } from "./support/world.ts";

type ApiRecord = Readonly<Record<string, unknown>>;

let world: World;
afterEach(async () => world.close());

function at(record: ApiRecord, path: string): unknown {
  let found: unknown = record;
  for (const part of path.split(".")) found = typeof found === "object" && found !== null ? (found as ApiRecord)[part] : undefined;
  return found;
}

/** Where a record says which site or account it belongs to. */
const PLACE: Readonly<Partial<Record<StreamId, { readonly site: string; readonly account: string }>>> = {
  sites: { site: "id", account: "accountId" },
  agents: { site: "siteId", account: "accountId" },
  threats: { site: "agentRealtimeInfo.siteId", account: "agentRealtimeInfo.accountId" },
  "cloud-detection-alerts": { site: "agentDetectionInfo.siteId", account: "agentDetectionInfo.accountId" },
  activities: { site: "siteId", account: "accountId" },
};

/** What the console itself lists to this token: for records that do not say where they belong, or belong to several places. */
async function listedTo(token: string, path: string): Promise<readonly string[]> {
  const answer = await fetch(`${world.simulator.url}/web/api/v2.1${path}${path.includes("?") ? "&" : "?"}limit=1000`, { headers: { authorization: `ApiToken ${token}` } });
  const body = (await answer.json()) as { readonly data: readonly { readonly id: string }[] };
  return body.data.map(({ id }) => id).toSorted();
}

function siteOf(): ApiRecord {
  const [site] = world.simulator.truth("sites");
  if (site === undefined) throw new Error("the estate has no site");
  return site;
}

describe("a token of one site", () => {
  it("verifies with every stream readable, accounts through its sites", async () => {
    world = await openWorld({ token: "site" });
    const report = await world.hub.connections.verify(EVERY_TENANT, world.connection, false, AbortSignal.timeout(20_000), async () => {});

    expect(report).toMatchObject({ ok: true, scope: { level: "site", ids: [siteOf()["id"]] } });
    expect(report.streams.filter(({ readable }) => !readable)).toEqual([]);
    expect(report.streams.find(({ stream }) => stream === "accounts")?.message).toContain("through the token's sites");
    expect(report.lines.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect((await world.hub.connections.get(EVERY_TENANT, world.connection)).streams).toEqual(STREAM_IDS);
  });

  it("mirrors exactly what it may see, and its account by id and name", async () => {
    world = await openWorld({ token: "site" });
    const site = siteOf();
    const run = await world.sync();
    expect(run.streams.flatMap(({ stream, fault }) => (fault === null ? [] : [`${stream}: ${fault.message}`]))).toEqual([]);

    for (const [stream, place] of Object.entries(PLACE) as [StreamId, { readonly site: string }][]) {
      expect(await differences(world, stream, (record) => at(record, place.site) === site["id"]), stream).toEqual([]);
    }
    expect(await differences(world, "groups", (record) => record["siteId"] === site["id"])).toEqual([]);
    const agents = new Set(await world.ids("agents"));
    expect(agents.size).toBeGreaterThan(5);
    for (const stream of ["applications", "risks"] as const) expect(await differences(world, stream, (record) => agents.has(String(record["endpointId"]))), stream).toEqual([]);
    const alerts = [...world.simulator.truth("alerts")].filter((record) => at(record, "realTime.scope.site.id") === site["id"]);
    expect(await world.ids("alerts")).toEqual(alerts.map((record) => recordId("alerts", record)).toSorted());
    for (const [stream, path] of [["users", "/users"], ["service-users", "/service-users"], ["roles", "/rbac/roles?includeChildren=true"]] as const) {
      expect(await world.ids(stream), stream).toEqual(await listedTo(world.simulator.tokens.site, path));
    }
    expect((await world.rows("accounts")).map(({ id, name, raw }) => ({ id, name, raw: JSON.parse(String(raw)) as unknown }))).toEqual([
      { id: site["accountId"], name: site["accountName"], raw: { id: site["accountId"], name: site["accountName"], derivedFrom: "/sites" } },
    ]);
  });

  it("keeps its account through further readings, each without a fault", async () => {
    world = await openWorld({ token: "site" });
    const streams = ["accounts", "sites"] as const;
    for (const full of [false, true, true]) {
      const run = await world.sync({ streams, full });
      expect(run.streams.map(({ fault, gone, parked }) => [fault, gone, parked])).toEqual(streams.map(() => [null, 0, 0]));
    }
    expect((await world.rows("accounts")).length).toBe(1);
    expect((await world.hub.connections.get(EVERY_TENANT, world.connection)).state).toBe("Connected");
  });

  it("reads each account once where many sites share a few, over many pages of sites", async () => {
    world = await openWorld({ token: "site", pageSize: 3, estate: { agents: 20, sites: 14, accounts: 3, users: 4, alerts: 0, risks: 0, threats: 0, activities: 0 } });
    const sites = [...world.simulator.truth("sites")];
    world.simulator.changeToken("site", { level: "site", ids: sites.map(({ id }) => String(id)) });
    await world.hub.connections.verify(EVERY_TENANT, world.connection, true, AbortSignal.timeout(20_000), async () => {});
    const run = await world.sync({ streams: ["accounts"] });

    expect(run.streams[0]).toMatchObject({ fault: null, received: 3, inserted: 3 });
    expect(await world.ids("accounts")).toEqual([...new Set(sites.map(({ accountId }) => String(accountId)))].toSorted());
  });
});

describe("a token of one account", () => {
  it("mirrors exactly what it may see", async () => {
    world = await openWorld({ token: "account" });
    const account = siteOf()["accountId"];
    const run = await world.sync();
    expect(run.streams.flatMap(({ stream, fault }) => (fault === null ? [] : [`${stream}: ${fault.message}`]))).toEqual([]);

    for (const [stream, place] of Object.entries(PLACE) as [StreamId, { readonly account: string }][]) {
      expect(await differences(world, stream, (record) => at(record, place.account) === account), stream).toEqual([]);
      expect((await world.rows(viewName(stream))).length, stream).toBeGreaterThan(0);
    }
    const agents = new Set(await world.ids("agents"));
    for (const stream of ["applications", "risks"] as const) expect(await differences(world, stream, (record) => agents.has(String(record["endpointId"]))), stream).toEqual([]);
    expect(await world.ids("accounts")).toEqual([account]);
    for (const [stream, path] of [["users", "/users"], ["groups", "/groups"], ["roles", "/rbac/roles?includeChildren=true"]] as const) {
      expect(await world.ids(stream), stream).toEqual(await listedTo(world.simulator.tokens.account, path));
    }
  });
});
