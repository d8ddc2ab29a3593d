import { describe, expect, it } from "vitest";
import type { Json } from "../../kernel/json.ts";
import { ACTIVITY_NAMES } from "./activity-names.ts";
import { mapped } from "./mapped.test-kit.ts";

const activity = (data: Record<string, Json>, activityType: Json = 27) => mapped("activities", { activityType, data });

describe("activities as Sekoia's EDR intake gives them", () => {
  it("353 types have a word for event.action, slips of the pen included", () => {
    expect(ACTIVITY_NAMES.size).toBe(353);
    expect(activity({}, 3012).at("event.action")).toBe("Path Exclusion Moodified");
    expect(activity({}, 5252).at("event.action")).toBe("Firewall Control Tag Updated");
    expect(activity({}, "27").at("event.action")).toBe("User Logged In");
  });

  it("an alert of a platform rule (3784) has no event.action, since the intake has no word for it; a number that the vendor does not know either is told", () => {
    const { at, unseen } = activity({}, 3784);

    expect([at("event"), at("action.type"), unseen]).toEqual([{ category: ["intrusion_detection"], type: ["info"] }, "3784", []]);
    expect([999_999, "new", { a: 1 }].map((type) => activity({}, type).unseen)).toEqual([[["activityType", 999_999]], [["activityType", "new"]], [["activityType", { a: 1 }]]]);
  });

  it("no activity has an event.kind, and each is an intrusion", () => {
    expect(activity({}, 90).at("event")).toStrictEqual({ action: "Agent Started Full Disk Scan", category: ["intrusion_detection"], type: ["info"] });
  });

  it("a device that was allowed (5126) is of the category host, as a single word, and of a type that does not go with it", () => {
    expect(activity({}, 5126).at("event")).toStrictEqual({ action: "Device Control Approved Event", category: "host", type: ["allowed"] });
  });

  it("the first name that holds anything is taken", () => {
    const { at } = activity({ computerName: "", origagentname: "o", filename: null, fileDisplayName: "f", sourceprocessname: "s", userName: "", username: "u", lastLoggedInUserName: "l", ruleid: 0, ruleId: 7 });

    expect([at("host.name"), at("file.name"), at("user.name"), at("rule.id")]).toEqual(["o", "f", "u", "7"]);
  });

  it("where a process's user is told, the console's user has neither name nor id", () => {
    const { at } = mapped("activities", { activityType: 3608, userId: "1", data: { userId: 1, username: "console", sourceprocessusername: "D\\u" } });

    expect([at("user"), at("process.user"), at("sentinelone.data.userId")]).toEqual([{ name: "u" }, { domain: "D", name: "u" }, 1]);
    expect(activity({ username: "console", sourceprocessusername: "bare" }).at("user")).toBeUndefined();
    expect(activity({ sourceprocessusername: "bare" }).at("process.user")).toEqual({ domain: "bare" });
  });

  it("the address that a firewall reports goes before the console's", () => {
    expect(activity({ ipAddress: "192.0.2.1", reportedLocalHost: "192.0.2.2" }).at("source.ip")).toBe("192.0.2.2");
    expect(activity({ ipAddress: "192.0.2.1", reportedLocalHost: "any" }).at("source.ip")).toBe("192.0.2.1");
  });

  it("what stands under no name that the intake knows is in the message alone", () => {
    expect(activity({ vendorId: "8A87", productId: "AAA" }).at("sentinelone.data")).toStrictEqual({ productId: "AAA" });
  });

  it("a group's id gets a place of its own", () => {
    expect(activity({ groupId: "1", groupName: "g" }).at("sentinelone.data")).toStrictEqual({ groupName: "g", group: { id: "1" } });
  });

  it("labels of a container become an object; their text is kept beside", () => {
    const { at } = activity({ k8scontainerlabels: "a=b,c.d=e=f,none,=x" });

    expect([at("container.labels"), at("sentinelone.data.k8scontainerlabels")]).toEqual([{ a: "b", "c.d": "e=f" }, "a=b,c.d=e=f,none,=x"]);
    expect(activity({ k8scontainerlabels: "none" }).at("container")).toBeUndefined();
  });

  it("a rule's moment stays the number of milliseconds it was, or becomes a date where it came as text", () => {
    expect(activity({ detectedat: 1637076565467 }).at("sentinelone.data.detectedat")).toBe(1637076565467);
    expect(activity({ detectedat: "2025-04-03T14:43:16.805Z" }).at("sentinelone.data.detectedat")).toBe("2025-04-03T14:43:16.805000Z");
  });

  it("a process that started at zero has no start", () => {
    expect(activity({ sourceprocessstarttime: 0, sourceparentprocessstarttime: 1636964894046, sourceparentprocessname: "p" }).at("process")).toStrictEqual({ parent: { name: "p", start: "2021-11-15T08:28:14.046000Z" } });
  });
});

describe("threats as Sekoia's EDR intake gives them", () => {
  it("have no moment of their own, since the console tells it inside threatInfo", () => {
    const { at } = mapped("threats", { threatInfo: { createdAt: "2026-03-02T08:15:56.5Z" } });

    expect([at("@timestamp"), at("threat.indicator.file.created")]).toEqual([undefined, "2026-03-02T08:15:56.500000Z"]);
  });

  it("a user without a domain is its own domain", () => {
    expect(mapped("threats", { threatInfo: { processUser: "root" } }).at("user")).toStrictEqual({ domain: "root", name: "root" });
    expect(mapped("threats", { threatInfo: { processUser: "NT AUTHORITY\\SYSTEM" } }).at("user")).toStrictEqual({ domain: "NT AUTHORITY", name: "SYSTEM" });
    expect(mapped("threats", { threatInfo: { processUser: null } }).at("user")).toBeUndefined();
  });

  it("the name of the system stands in the field of its version", () => {
    expect(mapped("threats", { agentRealtimeInfo: { agentOsName: "Windows 10 Pro", agentOsType: "windows" } }).at("host.os")).toStrictEqual({ family: "windows", version: "Windows 10 Pro" });
  });

  it("the host has every address of both lists and the outer one; empty lists and null leave the others", () => {
    const addresses = (agentIpV4: Json, agentIpV6: Json, externalIp: Json) => mapped("threats", { agentDetectionInfo: { agentIpV4, agentIpV6, externalIp } }).at("host.ip");

    expect(addresses("192.0.2.2,192.0.2.1", "fe80::2,fe80:0::1", "203.0.113.1")).toEqual(["192.0.2.1", "192.0.2.2", "203.0.113.1", "fe80::1", "fe80::2"]);
    expect([addresses("192.0.2.1", "", null), addresses(null, null, "203.0.113.1"), addresses(null, "", null)]).toEqual([["192.0.2.1"], ["203.0.113.1"], undefined]);
  });

  it("only an instance of AWS has an id of the cloud", () => {
    expect(mapped("threats", { agentDetectionInfo: { cloudProviders: { AWS: { cloudInstanceId: "i-1" } } } }).at("cloud")).toStrictEqual({ instance: { id: "i-1" } });
    expect(mapped("threats", { agentDetectionInfo: { cloudProviders: { GCP: { cloudInstanceId: "1" } } } }).at("cloud")).toBeUndefined();
  });

  it("a workload of Kubernetes is told where it names its cluster", () => {
    expect(mapped("threats", { kubernetesInfo: { cluster: null, pod: "p" } }).at("orchestrator")).toBeUndefined();
    expect(mapped("threats", { kubernetesInfo: { cluster: null, pod: "p" } }).at("sentinelone")).toBeUndefined();
    expect(mapped("threats", { kubernetesInfo: { cluster: "c", namespace: "n" } }).at("orchestrator")).toStrictEqual({ type: "kubernetes", cluster: { name: "c" }, namespace: "n" });
  });

  it("techniques stay inside the indicators", () => {
    const indicators = [{ ids: [2, 1], tactics: [{ name: "Execution", techniques: [{ name: "T1059" }] }] }];
    const { at } = mapped("threats", { indicators });

    expect([at("sentinelone.indicators"), at("threat")]).toEqual([indicators, undefined]);
  });

  it("a threat is an alert of malware, however little of the agent is known", () => {
    for (const record of [{ threatInfo: { threatName: "t" } }, { threatInfo: {}, agentDetectionInfo: null }]) expect(mapped("threats", record).at("event")).toStrictEqual({ kind: "alert", category: ["malware"], type: ["info"] });
  });

  it("addresses with blanks between them are addresses", () => {
    expect(mapped("threats", { agentDetectionInfo: { agentIpV4: "192.0.2.2, 192.0.2.1" } }).at("host.ip")).toEqual(["192.0.2.1", "192.0.2.2"]);
  });
});
