import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { NOW, sorted, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
let alerts: readonly Row[];
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 500, alerts: 600, sites: 6, seed: 31 });
  alerts = [...simulator.truth("alerts")];
});
afterAll(async () => {
  await simulator.close();
});

const source = (alert: Row): string => String((alert["detectionSource"] as Row)["product"]);
const raw = (alert: Row): Row => alert["rawData"] as Row;
const of = (product: string): readonly Row[] => alerts.filter((alert) => source(alert) === product);

describe("generated alerts", () => {
  it("come from every product, and from people outside", () => {
    expect(sorted([...new Set(alerts.map(source))])).toEqual(["CWS", "DLP", "EDR", "Identity", "Postbox Guard", "STAR", "Wirewatch"]);
    expect(sorted([...new Set(alerts.flatMap((alert) => alert["attackSurfaces"] as readonly string[]))])).toEqual(["EMAIL", "ENDPOINT", "IDENTITY", "NETWORK"]);
    for (const product of ["Identity", "EDR", "STAR", "CWS"]) expect(of(product).length).toBeGreaterThan(20);
  });

  it("are the same for one seed, and others for another", async () => {
    const [again, other] = await Promise.all([31, 32].map((seed) => startSimulator({ now: NOW, agents: 500, alerts: 600, sites: 6, seed })));
    try {
      expect([...(again?.truth("alerts") ?? [])]).toEqual(alerts);
      expect([...(other?.truth("alerts") ?? [])]).not.toEqual(alerts);
    } finally {
      await Promise.all([again?.close(), other?.close()]);
    }
  });

  it("have ids of their own that rise with age, and times in order", () => {
    expect(new Set(alerts.map((alert) => alert["id"])).size).toBe(alerts.length);
    expect(new Set(alerts.map((alert) => alert["externalId"])).size).toBe(alerts.length);
    for (const alert of alerts) {
      expect(alert["id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
      const at = (field: string): number => Date.parse(String(alert[field]));
      expect(at("detectedAt")).toBeLessThanOrEqual(at("createdAt"));
      expect(at("updatedAt")).toBeGreaterThan(at("detectedAt"));
      expect(at("updatedAt")).toBeLessThan(NOW);
    }
  });

  it("sit on machines of the estate, in their site", () => {
    const agents = new Map([...simulator.truth("agents")].map((agent) => [String(agent["id"]), agent]));
    for (const alert of alerts) {
      const [resource] = raw(alert)["resources"] as readonly { readonly uid: string; readonly s1_metadata: Row }[];
      const scope = (alert["realTime"] as { readonly scope: { readonly site: Row; readonly account: Row } }).scope;
      expect(agents.get(resource?.uid ?? "")?.["siteId"]).toBe(scope.site["id"]);
      expect(resource?.s1_metadata["site_id"]).toBe(scope.site["id"]);
    }
  });
});

describe("alerts of the endpoint protection", () => {
  it("stand for threats of the estate, one each, and tell the same story", () => {
    const threats = new Map([...simulator.truth("threats")].map((threat) => [String(threat["id"]), threat]));
    const linked = of("EDR").filter((alert) => threats.has(String(alert["externalId"])));
    expect(linked.length).toBeGreaterThan(15);
    const statuses: Row = { unresolved: "NEW", in_progress: "IN_PROGRESS", resolved: "RESOLVED" };
    for (const alert of linked) {
      const threat = threats.get(String(alert["externalId"])) ?? {};
      const info = threat["threatInfo"] as Row;
      expect(alert["name"]).toContain(String(info["threatName"]));
      expect([alert["status"], alert["storylineId"]]).toEqual([statuses[String(info["incidentStatus"])], info["storyline"]]);
      expect(String(alert["detectedAt"]).slice(0, 19)).toBe(String(info["createdAt"]).slice(0, 19));
      expect((raw(alert)["resources"] as readonly Row[])[0]?.["uid"]).toBe((threat["agentRealtimeInfo"] as Row)["agentId"]);
    }
  });
});

describe("alerts of custom rules", () => {
  it("stand for rule hits of the older surface under another id", () => {
    const hits = new Map([...simulator.truth("cloud-detection-alerts")].map((hit) => [String((hit["alertInfo"] as Row)["alertId"]), hit]));
    const linked = of("STAR").filter((alert) => hits.has(String(alert["externalId"])));
    expect(linked.length).toBeGreaterThan(5);
    for (const alert of linked) expect(alert["name"]).toBe(((hits.get(String(alert["externalId"])) ?? {})["ruleInfo"] as Row)["name"]);
  });
});

describe("alerts of Singularity Identity", () => {
  const KINDS = [
    "AD ACL Enumeration",
    "AD Domain Computer Enumeration Detected",
    "AD Service Account Enumeration Detected",
    "Brute force attack - Mass Account Lockout",
    "Compromised Password Detected",
    "DCSync Attack Detected",
    "Default Admin Account Usage",
    "Domain Controller Discovery Detected",
    "Domain Users Enumeration Detected",
    "LDAP Search Detected",
    "New AD Privilege Accounts Detected",
  ];

  it("are of every kind seen on real consoles", () => {
    expect(sorted([...new Set(of("Identity").map((alert) => alert["name"]))])).toEqual(KINDS);
  });

  it("name the program for reconnaissance and none for the rest, a person for breaches and a machine for the others", () => {
    for (const alert of of("Identity")) {
      const recon = alert["classification"] === "ENUMERATION";
      expect(alert["process"] !== null).toBe(recon);
      if (recon) expect(((alert["process"] as Row)["file"] as Row)["sha256"]).toMatch(/^[0-9A-F]{64}$/u);
      const breach = alert["name"] === "Compromised Password Detected";
      if (breach) expect([alert["confidenceLevel"], alert["result"], (alert["asset"] as Row)["category"]]).toEqual([null, "UNMITIGATED", "Identity"]);
      const person = breach || alert["name"] === "New AD Privilege Accounts Detected";
      expect(String((raw(alert)["resources"] as readonly Row[])[0]?.["type"]).startsWith("identity::")).toBe(person);
      expect((alert["detectionTime"] as Row)["attacker"] === null).toBe(breach || person);
    }
  });

  it("carry raw events with times as text, a sensor line, and evidences that may be empty or absent", () => {
    const evidences = of("Identity").flatMap((alert) => raw(alert)["evidences"] as readonly Row[]);
    expect(of("Identity").every((alert) => typeof raw(alert)["time"] === "string" && /^\d{7}:Attacker IP=/u.test(String(raw(alert)["raw_data"])))).toBe(true);
    const empty = (value: unknown): boolean => JSON.stringify(value) === "{}";
    expect(evidences.some((evidence) => empty(evidence["src_endpoint"]))).toBe(true);
    expect(evidences.some((evidence) => evidence["dst_endpoint"] === undefined)).toBe(true);
    expect(of("Identity").some((alert) => ((raw(alert)["finding_info"] as Row)["attacks"] as readonly unknown[]).length === 0)).toBe(true);
    expect(new Set(alerts.map((alert) => typeof raw(alert)["time"])).size).toBe(2);
  });
});

describe("alerts of workloads", () => {
  it("tell where in the cloud and in which pod, whatever the provider", () => {
    const clouds = of("CWS").map((alert) => (alert["detectionTime"] as { readonly cloud: Row; readonly kubernetes: Row }));
    expect(sorted([...new Set(clouds.map(({ cloud }) => cloud["cloudProvider"]))])).toEqual(["AWS", "Azure", "GCP"]);
    expect(clouds.every(({ kubernetes }) => typeof kubernetes["containerImageName"] === "string")).toBe(true);
  });
});

describe("an alert that is raised later", () => {
  it("is new, with ids of its own and times of its own, also in its raw event", async () => {
    const console = await startSimulator({ now: NOW, agents: 40, alerts: 30, seed: 4 });
    try {
      const known = new Set([...console.truth("alerts")].flatMap((alert) => [alert["id"], alert["externalId"]]));
      const { ids } = console.mutate({ stream: "alerts", action: "add", count: 12 });
      const added = [...console.truth("alerts")].filter((alert) => ids.includes(String(alert["id"])));
      expect(added.length).toBe(12);
      expect(new Set(added.map((alert) => alert["externalId"])).size).toBe(12);
      for (const alert of added) {
        expect([known.has(alert["id"]), known.has(alert["externalId"])]).toEqual([false, false]);
        expect([alert["status"], alert["analystVerdict"], alert["assignee"], alert["noteExists"]]).toEqual(["NEW", "UNDEFINED", null, false]);
        const finding = raw(alert)["finding_info"] as Row;
        expect([finding["internal_uid"], Number(raw(alert)["time"])]).toEqual([alert["id"], Date.parse(String(alert["detectedAt"]))]);
      }
    } finally {
      await console.close();
    }
  });
});
