import { afterEach, describe, expect, it } from "vitest";
import { STREAM_IDS } from "../../kernel/stream-ids.ts";
import { startSimulator, type Simulator } from "../index.ts";
import { call, NOW, walk, type Row } from "../simulator.test-kit.ts";
import { contradictions } from "./consistency.test-kit.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const open: Simulator[] = [];
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close();
});

async function estate(seed: number): Promise<Simulator> {
  const simulator = await startSimulator({ now: NOW, seed, agents: 150, sites: 6, accounts: 3, users: 40, threats: 90, alerts: 40, activities: 300, risks: 1000 });
  open.push(simulator);
  return simulator;
}

function one(simulator: Simulator, stream: (typeof STREAM_IDS)[number], test: (row: Row) => boolean): Row {
  for (const row of simulator.truth(stream)) if (test(row)) return row;
  throw new Error(`no such record in ${stream}`);
}

function agentById(simulator: Simulator, id: unknown): Row {
  return one(simulator, "agents", (agent) => agent["id"] === id);
}

function standing(simulator: Simulator, agent: unknown): { readonly applications: number; readonly risks: number } {
  const of = (row: Row): boolean => row["endpointId"] === agent && row["status"] !== "Removed";
  return { applications: [...simulator.truth("applications")].filter(of).length, risks: [...simulator.truth("risks")].filter(of).length };
}

function isOpen(threat: Row): boolean {
  const info = threat["threatInfo"] as Row;
  return info["mitigationStatus"] === "not_mitigated" && info["incidentStatus"] !== "resolved";
}

describe("the streams of an estate", () => {
  it.each([1, 2, 3])("tell one story (seed %i)", async (seed) => {
    expect(contradictions(await estate(seed))).toEqual([]);
  });

  it("go on telling one story while time passes", async () => {
    const simulator = await estate(5);
    for (let day = 0; day < 4; day += 1) {
      simulator.advance(DAY, true);
      expect(contradictions(simulator)).toEqual([]);
    }
  });

  it("go on telling one story whatever is changed, added or removed by hand", async () => {
    const simulator = await estate(6);
    for (const stream of ["agents", "threats", "applications", "risks", "activities", "alerts", "cloud-detection-alerts"] as const) {
      simulator.mutate({ stream, action: "add", count: 4 });
      if (stream !== "risks") simulator.mutate({ stream, action: "update", fraction: 0.1 });
    }
    simulator.mutate({ stream: "threats", action: "remove", fraction: 0.3 });
    simulator.mutate({ stream: "agents", action: "remove", fraction: 0.05 });
    const left = contradictions(simulator).filter((line) => !line.includes("tells of a threat on another machine") && !line.includes("installed twice") && !line.startsWith("risk"));
    expect(left).toEqual([]);
  });

  it("are the same, byte for byte, for one seed and the same events", async () => {
    const told = async (seed: number): Promise<string> => {
      const simulator = await estate(seed);
      simulator.advance(2 * DAY, true);
      simulator.mutate({ stream: "agents", action: "remove", count: 5 });
      simulator.mutate({ stream: "threats", action: "update", fraction: 0.2 });
      return STREAM_IDS.map((stream) => JSON.stringify([...simulator.truth(stream)])).join("\n");
    };
    const [first, second, other] = [await told(8), await told(8), await told(9)];
    expect(first === second).toBe(true);
    expect(first === other).toBe(false);
  });
});

describe("a threat", () => {
  it("infects its agent until it is closed, and again when it is opened again", async () => {
    const simulator = await estate(11);
    const threat = one(simulator, "threats", (row) => isOpen(row) && (row["agentRealtimeInfo"] as Row)["activeThreats"] === 1);
    const agent = (threat["agentRealtimeInfo"] as Row)["agentId"];
    const set = (incidentStatus: string): void => {
      simulator.mutate({ stream: "threats", action: "update", ids: [String(threat["id"])], set: { "threatInfo.incidentStatus": incidentStatus } });
    };
    const before = String(agentById(simulator, agent)["updatedAt"]);
    set("resolved");
    expect(agentById(simulator, agent)).toMatchObject({ infected: false, activeThreats: 0 });
    expect(String(agentById(simulator, agent)["updatedAt"]) > before).toBe(true);
    const clean = await walk(simulator, "/agents?limit=1000&infected=false");
    expect(clean.some((row) => row["id"] === agent)).toBe(true);
    set("in_progress");
    expect(agentById(simulator, agent)).toMatchObject({ infected: true, activeThreats: 1 });
    const infected = await walk(simulator, "/agents?limit=1000&infected=true");
    expect(infected.some((row) => row["id"] === agent)).toBe(true);
  });

  it("shows its agent as it is now", async () => {
    const simulator = await estate(12);
    const threat = one(simulator, "threats", () => true);
    const agent = String((threat["agentRealtimeInfo"] as Row)["agentId"]);
    simulator.mutate({ stream: "agents", action: "update", ids: [agent], set: { computerName: "renamed-7", networkStatus: "disconnected" } });
    const listed = (await walk(simulator, `/threats?ids=${String(threat["id"])}`))[0];
    expect(listed?.["agentRealtimeInfo"]).toMatchObject({ agentComputerName: "renamed-7", agentNetworkStatus: "disconnected" });
  });
});

describe("an agent", () => {
  it("that leaves service takes its inventory along, and brings it back when it returns", async () => {
    const simulator = await estate(13);
    const { id } = one(simulator, "agents", (row) => row["isDecommissioned"] === false && row["isUninstalled"] === false);
    const before = standing(simulator, id);
    const site = (): Row => one(simulator, "sites", (row) => row["id"] === agentById(simulator, id)["siteId"]);
    const licences = Number(site()["activeLicenses"]);
    simulator.mutate({ stream: "agents", action: "update", ids: [String(id)], set: { isDecommissioned: true } });
    expect([standing(simulator, id), site()["activeLicenses"]]).toEqual([{ applications: 0, risks: 0 }, licences - 1]);
    expect(contradictions(simulator)).toEqual([]);
    simulator.mutate({ stream: "agents", action: "update", ids: [String(id)], set: { isDecommissioned: false } });
    expect([standing(simulator, id), site()["activeLicenses"]]).toEqual([before, licences]);
    expect(contradictions(simulator)).toEqual([]);
  });

  it("that is removed leaves its threats as a memory, and of its risks that they were fixed", async () => {
    const simulator = await estate(14);
    const threat = one(simulator, "threats", () => true);
    const id = String((threat["agentRealtimeInfo"] as Row)["agentId"]);
    const since = new Date(NOW).toISOString();
    simulator.mutate({ stream: "agents", action: "remove", ids: [id] });
    expect(standing(simulator, id)).toEqual({ applications: 0, risks: 0 });
    expect(one(simulator, "threats", (row) => row["id"] === threat["id"])["agentRealtimeInfo"]).toMatchObject({ agentIsDecommissioned: true, agentIsActive: false, activeThreats: 0 });
    const told = await walk(simulator, `/application-management/risks?limit=1000&includeRemovals=true&riskUpdatedDate__gte=${since}`);
    expect(told.filter((row) => row["endpointId"] === id).every((row) => row["status"] === "Removed")).toBe(true);
    expect(told.length).toBeGreaterThan(0);
    expect(contradictions(simulator)).toEqual([]);
  });

  it("that moves is found, with all that is on it, in its new site and no longer in the old", async () => {
    const simulator = await estate(15);
    const threat = one(simulator, "threats", (row) => (row["agentRealtimeInfo"] as Row)["agentIsDecommissioned"] === false);
    const agent = agentById(simulator, (threat["agentRealtimeInfo"] as Row)["agentId"]);
    const site = one(simulator, "sites", (row) => row["accountId"] !== agent["accountId"]);
    const group = one(simulator, "groups", (row) => row["siteId"] === site["id"]);
    // Counted before, so that what was remembered has to be corrected.
    const paths = (at: unknown): readonly string[] => ["/threats?", "/application-management/risks?includeRemovals=true&"].map((path) => `${path}limit=1000&siteIds=${String(at)}`);
    for (const path of [...paths(site["id"]), ...paths(agent["siteId"])]) await call(simulator, path);
    const set = { siteId: site["id"], siteName: site["name"], accountId: site["accountId"], accountName: site["accountName"], groupId: group["id"], groupName: group["name"] };
    simulator.mutate({ stream: "agents", action: "update", ids: [String(agent["id"])], set });
    const mine = (row: Row): boolean => row["endpointId"] === agent["id"] || (row["agentRealtimeInfo"] as Row | undefined)?.["agentId"] === agent["id"];
    for (const path of paths(site["id"])) expect((await walk(simulator, path)).some(mine)).toBe(true);
    for (const path of paths(agent["siteId"])) expect((await walk(simulator, path)).some(mine)).toBe(false);
    expect(contradictions(simulator)).toEqual([]);
  });

  it("that is new brings software of its own, in its own site", async () => {
    const simulator = await estate(16);
    const [id] = simulator.mutate({ stream: "agents", action: "add", count: 1 }).ids;
    expect(standing(simulator, id).applications).toBeGreaterThan(0);
    expect(agentById(simulator, id)).toMatchObject({ infected: false, activeThreats: 0, isActive: true });
    expect(contradictions(simulator)).toEqual([]);
  });
});

describe("an application", () => {
  it("that is upgraded leaves no risk of its old version behind", async () => {
    const simulator = await estate(17);
    const risk = one(simulator, "risks", (row) => row["status"] === "Detected");
    const application = one(simulator, "applications", (row) => row["endpointId"] === risk["endpointId"] && row["applicationName"] === risk["applicationName"]);
    simulator.mutate({ stream: "applications", action: "update", ids: [String(application["id"])] });
    expect(one(simulator, "risks", (row) => row["id"] === risk["id"])["status"]).toBe("Removed");
    expect(contradictions(simulator)).toEqual([]);
  });
});
