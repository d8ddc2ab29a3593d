import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "./index.ts";
import { call, graph, NOW, pagination, walk, sorted, type Row } from "./simulator.test-kit.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(files: Readonly<Record<string, string>>): Promise<Simulator> {
  const folder = mkdtempSync(join(tmpdir(), "simulator-load-"));
  cleanups.push(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.json`), text);
  const simulator = await startSimulator({ now: NOW, load: folder });
  cleanups.push(async () => simulator.close());
  return simulator;
}

describe("a loaded folder", () => {
  it("is served digit for digit, twice where a record is there twice, with nothing else around", async () => {
    const simulator = await serve({ activities: '[{"id":9007199254740993,"data":{"scopeId":1234567890123456789,"score":1.50}},{"id":"2"},{"id":"2"},{"name":"no id"}]' });
    const answer = await call(simulator, "/activities");
    expect(answer.text).toContain('"id":9007199254740993');
    expect(answer.text).toContain('"scopeId":1234567890123456789');
    expect(answer.text).toContain('"score":1.50');
    expect(pagination(answer).totalItems).toBe(4);
    expect((await walk(simulator, "/activities?limit=1")).length).toBe(4);
    expect((await call(simulator, "/_simulator/truth/activities")).text).toContain("1234567890123456789");
    expect(await walk(simulator, "/agents")).toEqual([]);
  });

  it("lists records that lack what a listing sorts by, and shows scope-less ones to everyone", async () => {
    const simulator = await serve({ agents: '[{"id":"1","updatedAt":"2026-01-02T00:00:00Z"},{"id":"2"},{"id":"3","updatedAt":null},{"id":"4","updatedAt":"2026-01-01T00:00:00Z","siteId":"77","accountId":"7"}]', sites: '[{"id":"55","name":"A","accountId":"5"},{"id":"77","name":"B","accountId":"7"}]' });
    for (const path of ["/agents?sortBy=updatedAt&limit=1", "/agents?sortBy=updatedAt&sortOrder=desc&limit=1"]) {
      expect(sorted((await walk(simulator, path)).map((agent) => agent["id"]))).toEqual(["1", "2", "3", "4"]);
    }
    expect((await walk(simulator, "/agents", simulator.tokens.site)).map((agent) => agent["id"])).toEqual(["1", "2", "3"]);
    expect((await walk(simulator, "/agents?siteIds=77")).map((agent) => agent["id"])).toEqual(["1", "2", "3", "4"]);
  });

  it("reaches every application through the inventory, with and without a vendor", async () => {
    const simulator = await serve({ applications: '[{"id":"1","applicationName":"A","version":"1"},{"id":"2","applicationName":"A","applicationVendor":"V","version":"1"},{"id":"3","version":"2"}]' });
    const ids: unknown[] = [];
    for (const entry of await walk(simulator, "/application-management/inventory")) {
      const query = new URLSearchParams({ applicationName: String(entry["applicationName"]), applicationVendor: String(entry["applicationVendor"]) });
      ids.push(...(await walk(simulator, `/application-management/inventory/endpoints?${query.toString()}`)).map((record) => record["id"]));
    }
    expect(sorted(ids)).toEqual(["1", "2", "3"]);
  });

  it("answers GraphQL for alerts that lack what the schema demands", async () => {
    const simulator = await serve({ alerts: '[{"id":"a1","name":"x","asset":{"name":"host"},"policy":"Default","rawData":{"time":1234567890123456789}},{"id":5,"severity":"EXTREME","assets":[{"policy":"Default"}]}]' });
    const answer = await graph(simulator, "{ alerts(first: 10) { totalCount edges { node { id externalId severity status classification detectedAt attackSurfaces detectionSource { product } asset { name policy } assets { name } realTime { scope { site { name } } } } } } alertsRawData(alertIds: [\"a1\"]) { rawData } }");
    expect(answer.json["errors"]).toBeUndefined();
    expect(answer.text).toContain("1234567890123456789");
    const edges = ((answer.json["data"] as Row)["alerts"] as { readonly edges: readonly { readonly node: Row }[] }).edges;
    const byId = new Map(edges.map((edge) => [edge.node["id"], edge.node]));
    expect(byId.get("a1")?.["severity"]).toBe("UNKNOWN");
    expect(byId.get("a1")?.["assets"]).toEqual([{ name: "host" }]);
    expect(byId.get("5")?.["severity"]).toBe("EXTREME");
    expect(byId.get("5")?.["asset"]).toMatchObject({ policy: "Default" });
  });

  it("says which file it cannot use", async () => {
    await expect(serve({ agents: "{" })).rejects.toThrow(/agents\.json is not JSON/u);
    await expect(serve({ agents: "{}" })).rejects.toThrow(/must hold a JSON array/u);
    await expect(serve({ agents: "[1]" })).rejects.toThrow(/element 0 is not an object/u);
    await expect(serve({})).rejects.toThrow(/holds no records/u);
  });
});

const SAMPLES = new URL("../../../shared/samples/elastic/", import.meta.url);
const STREAM_OF: Readonly<Record<string, string>> = { activity: "activities", agent: "agents", application: "applications", "application-risk": "risks", group: "groups", threat: "threats", "unified-alert": "alerts" };

describe.skipIf(!existsSync(SAMPLES))("samples of real consoles (skipped when they are not beside the repository)", () => {
  it("come out of every listing, none lost", async () => {
    const files: Record<string, string> = {};
    for (const [folder, stream] of Object.entries(STREAM_OF)) {
      const messages = readdirSync(new URL(`${folder}/`, SAMPLES)).map((name) => (JSON.parse(readFileSync(new URL(`${folder}/${name}`, SAMPLES), "utf8")) as { readonly input: { readonly message: string } }).input.message);
      files[stream] = `[${messages.join(",")}]`;
    }
    const simulator = await serve(files);
    for (const [path, stream] of [["/activities", "activities"], ["/agents", "agents"], ["/threats", "threats"], ["/groups", "groups"], ["/application-management/risks?includeRemovals=true", "risks"]] as const) {
      expect([path, (await walk(simulator, path)).length]).toEqual([path, [...simulator.truth(stream)].length]);
    }
    const listed = await graph(simulator, "{ alerts(first: 1000) { totalCount edges { node { id severity policy: assets { policy } detectionTime { scope { siteId } } aiInvestigation { status } sloDetails { timeToResolveData { status } } } } } }");
    expect(listed.json["errors"]).toBeUndefined();
    expect(((listed.json["data"] as Row)["alerts"] as Row)["totalCount"]).toBe([...simulator.truth("alerts")].length);
  });
});
