import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { call, graph, NOW, sorted, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 200, alerts: 170, sites: 5, seed: 11 });
});
afterAll(async () => {
  await simulator.close();
});

interface Connection {
  readonly totalCount: number;
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function alerts(args: string, fields = "id severity", variables: Readonly<Record<string, unknown>> = {}, header = ""): Promise<Connection> {
  const answer = await graph(simulator, `query ${header} { alerts(${args}) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ${fields} } } } }`, variables);
  if (answer.json["errors"] !== undefined) throw new Error(answer.text);
  return (answer.json["data"] as { readonly alerts: Connection }).alerts;
}

const SORTED = 'sort: { by: "detectedAt", order: ASC }';

describe("listing alerts", () => {
  it("pages every alert exactly once, 50 at a time when no size is given", async () => {
    const ids: unknown[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page += 1) {
      const found: Connection = await alerts(`after: $after, ${SORTED}`, "id detectedAt", { after }, "($after: String)");
      if (page === 0) expect(found.edges.length).toBe(50);
      ids.push(...found.edges.map((edge) => edge.node["id"]));
      after = found.pageInfo.endCursor;
      if (!found.pageInfo.hasNextPage) break;
    }
    expect(sorted(ids)).toEqual(sorted([...simulator.truth("alerts")].map((alert) => alert["id"])));
  });

  it("gives up to 1000 at once and refuses more", async () => {
    expect((await alerts("first: 1000")).edges.length).toBe(170);
    expect((await graph(simulator, "{ alerts(first: 1001) { totalCount } }")).json["errors"]).toBeDefined();
  });

  it("takes a time range without a beginning, and both bounds inclusive or not", async () => {
    expect((await alerts('filters: [{ fieldId: "detectedAt", dateTimeRange: { start: null, startInclusive: true } }]')).totalCount).toBe(170);
    const one = [...simulator.truth("alerts")][20];
    const at = new Date(String(one?.["detectedAt"])).getTime();
    const range = (inclusive: boolean): string => `filters: [{ fieldId: "detectedAt", dateTimeRange: { start: ${String(at)}, startInclusive: ${String(inclusive)}, end: ${String(at)}, endInclusive: ${String(inclusive)} } }]`;
    expect((await alerts(range(true))).totalCount).toBe(1);
    expect((await alerts(range(false))).totalCount).toBe(0);
  });

  it("filters Identity alerts by product, surface and view alike", async () => {
    const product = await alerts('first: 1000, filters: [{ fieldId: "detectionProduct", stringEqual: { value: "Identity" } }]');
    const view = await alerts("first: 1000, viewType: IDENTITY");
    expect(product.totalCount).toBeGreaterThan(10);
    expect(view.edges.map((edge) => edge.node["id"])).toEqual(product.edges.map((edge) => edge.node["id"]));
    const others = await alerts('filters: [{ fieldId: "detectionProduct", isNegated: true, stringIn: { values: ["Identity"] } }]');
    expect(others.totalCount + product.totalCount).toBe(170);
  });

  it("combines branches of orFilter", async () => {
    const both = await alerts('orFilter: { or: [{ and: [{ fieldId: "severity", stringEqual: { value: "LOW" } }] }, { and: [{ fieldId: "severity", stringEqual: { value: "CRITICAL" } }] }] }, first: 1000');
    expect(both.totalCount).toBeGreaterThan(0);
    expect(both.edges.every((edge) => edge.node["severity"] === "LOW" || edge.node["severity"] === "CRITICAL")).toBe(true);
  });

  it("keeps to a scope, and to the caller's", async () => {
    const [site] = [...simulator.truth("sites")];
    const scoped = await alerts(`first: 1000, scope: { scopeIds: ["${String(site?.["id"])}"], scopeType: SITE }`, "id realTime { scope { site { id } } }");
    const own = await graph(simulator, "{ alerts(first: 1000) { totalCount } }", {}, simulator.tokens.site);
    expect(scoped.totalCount).toBe(((own.json["data"] as Row)["alerts"] as Row)["totalCount"]);
    expect(scoped.totalCount).toBeLessThan(170);
  });

  it("finds nothing for a value no enum has, and says so for a field it does not know", async () => {
    expect((await alerts('filters: [{ fieldId: "status", stringEqual: { value: "OPEN" } }]')).totalCount).toBe(0);
    const unknown = await graph(simulator, '{ alerts(filters: [{ fieldId: "siteId", stringEqual: { value: "1" } }]) { totalCount } }');
    expect(unknown.status).toBe(200);
    expect(unknown.text).toContain("does not exist or not supported for FILTER API call");
  });
});

describe("one alert", () => {
  it("shows its details and raw event, alone or in batches", async () => {
    const [identity] = (await alerts("first: 1, viewType: IDENTITY")).edges;
    const id = String(identity?.node["id"]);
    const detail = await graph(simulator, "query ($id: ID!) { alert(id: $id) { id analystVerdict analytics { category } asset { agentUuid name type } indicators { uid } counters { key } rawData ticketIdExists } alertsRawData(alertIds: [$id]) { alertId rawData } }", { id });
    expect(detail.json["errors"]).toBeUndefined();
    const data = detail.json["data"] as { readonly alert: Row; readonly alertsRawData: readonly Row[] };
    expect((data.alert["rawData"] as Row)["class_uid"]).toBe(99_602_001);
    expect(data.alertsRawData[0]?.["rawData"]).toEqual(data.alert["rawData"]);
  });

  it("is an error when it is not there", async () => {
    const answer = await graph(simulator, '{ alert(id: "0000") { id } }');
    expect([answer.status, answer.json["errors"] === undefined]).toEqual([200, false]);
  });
});

describe("values of a field", () => {
  it("are counted and suggested", async () => {
    const answer = await graph(simulator, '{ alertFiltersCount(fieldIds: ["severity"]) { data { values { value count } } } autocompleteOptions(fieldId: "alertName", searchText: "dcs") { values { value count } } }');
    const data = answer.json["data"] as { readonly alertFiltersCount: { readonly data: readonly { readonly values: readonly { readonly count: number }[] }[] } };
    expect(data.alertFiltersCount.data[0]?.values.reduce((sum, value) => sum + value.count, 0)).toBe(170);
    expect(answer.text).toContain("DCSync Attack Detected");
    expect((await graph(simulator, '{ autocompleteOptions(fieldId: "alertName", searchText: "dc") { fieldId } }')).text).toContain("minimum 3 characters");
  });
});

describe("the protocol", () => {
  it("answers success without errors, bad fields with 200 and errors, bad tokens as REST does", async () => {
    expect(Object.keys((await graph(simulator, "{ alerts { totalCount } }")).json)).toEqual(["data"]);
    const bad = await graph(simulator, "{ alerts { nothing } }");
    expect([bad.status, Array.isArray(bad.json["errors"])]).toEqual([200, true]);
    const refused = await graph(simulator, "{ alerts { totalCount } }", {}, simulator.tokens.expired);
    expect([refused.status, refused.json["errors"]]).toEqual([401, [{ code: 4010010, detail: null, title: "Authentication Failed" }]]);
  });

  it("introspects and hands out its schema", async () => {
    const names = await graph(simulator, "{ __schema { types { name } } }");
    expect(names.text).toContain("DetectionCloudProviderDetails");
    expect((await call(simulator, "/unifiedalerts/graphql/schema", { body: {} })).text).toContain("type UnifiedAlert implements Node");
  });

  it("selects fragments on the provider union and tells which columns sort", async () => {
    const answer = await graph(
      simulator,
      "fragment P on DetectionCloud { providerDetails { ... on DetectionAws { vpcId } ... on DetectionAzure { resourceGroup } ... on DetectionGcp { zone } } } { alerts(first: 5) { edges { node { detectionTime { assets { cloud { ...P } } } sloDetails { timeToResolveData { status } } } } } alertColumnMetadata { fieldId sortable filterTypes } }",
    );
    expect(answer.json["errors"]).toBeUndefined();
    const columns = (answer.json["data"] as Row)["alertColumnMetadata"] as readonly Row[];
    expect(columns.find((column) => column["fieldId"] === "detectedAt")?.["sortable"]).toBe(true);
  });
});

describe("alerts from a file", () => {
  it("show their cloud under the type their fields fit, keep what they bring, and can be worked on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "alerts-"));
    const cloud = (providerDetails: Row): Row => ({ cloudProvider: "x", providerDetails });
    writeFileSync(
      join(folder, "alerts.json"),
      JSON.stringify([
        { id: "a-1", name: "aws", detectionTime: { cloud: cloud({ vpcId: "vpc-1", region: "r", subnetIds: ["s"] }) }, indicators: [{ uid: "own", eventTime: "2026-01-01T00:00:00.000Z", primary: true }] },
        { id: "a-2", name: "gcp", detectionTime: { cloud: cloud({ projectId: "p", zone: "z" }) } },
        { id: "a-3", name: "azure", detectionTime: { cloud: cloud({ resourceGroup: "g", subscriptionId: "s" }) } },
      ]),
    );
    const loaded = await startSimulator({ now: NOW, load: folder });
    try {
      const listed = await graph(loaded, '{ alerts(sort: { by: "id", order: ASC }) { edges { node { name detectionTime { cloud { providerDetails { __typename } } } } } } alert(id: "a-1") { indicators { uid } observables { name } selfLink } alertTimeline(alertId: "a-2") { totalCount } }');
      expect(listed.json["errors"]).toBeUndefined();
      expect([...listed.text.matchAll(/"__typename":"(\w+)"/gu)].map((found) => found[1])).toEqual(["DetectionAws", "DetectionGcp", "DetectionAzure"]);
      expect(listed.text).toContain('"indicators":[{"uid":"own"}],"observables":[]');
      const note = await graph(loaded, 'mutation { addAlertNote(alertId: "a-3", text: "hm") { data { text author { fullName } } } }');
      expect(note.json["data"]).toEqual({ addAlertNote: { data: [{ text: "hm", author: { fullName: "sim-admin" } }] } });
      expect([...loaded.truth("alerts")][2]).toMatchObject({ id: "a-3", noteExists: true });
    } finally {
      await loaded.close();
      rmSync(folder, { recursive: true });
    }
  });
});
