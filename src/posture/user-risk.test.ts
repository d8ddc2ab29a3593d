import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { alerts } from "../sentinelone/streams/alerts.ts";
import { threats } from "../sentinelone/streams/threats.ts";
import { HEALTHY, NOW, type ApiAgent } from "./fixtures.ts";
import { OTHER, postureBench, TEN, type PostureBench } from "./test-bench.ts";
import { findUserRisk, listUserRisk, resetUserRisk } from "./user-risk.ts";

const DAY = 86_400_000;
const USER = "j.orozco@orchard.test";
let version = 0;

function threat(info: Readonly<Record<string, unknown>> = {}, detection: Readonly<Record<string, unknown>> = {}): ApiAgent {
  version += 1;
  return {
    id: "t1",
    threatInfo: { threatName: "Mimikatz", classification: "Infostealer", confidenceLevel: "malicious", analystVerdict: "undefined", incidentStatus: "unresolved", mitigationStatus: "not_mitigated", identifiedAt: "2026-03-02T08:00:00Z", updatedAt: new Date(NOW - 60_000 + version).toISOString(), ...info },
    agentRealtimeInfo: { agentId: HEALTHY["id"], siteId: HEALTHY["siteId"] },
    agentDetectionInfo: { agentLastLoggedInUserMail: "J.Orozco@orchard.test", agentLastLoggedInUserName: "j.orozco", ...detection },
  };
}

function alert(changes: Readonly<Record<string, unknown>> = {}): ApiAgent {
  version += 1;
  return {
    id: "a1",
    name: "Kerberoasting",
    severity: "HIGH",
    status: "NEW",
    analystVerdict: "UNDEFINED",
    detectionSource: { product: "Identity", vendor: "SentinelOne" },
    detectionTime: { targetUser: { emailAddress: USER } },
    detectedAt: "2026-03-02T08:00:00Z",
    updatedAt: new Date(NOW - 60_000 + version).toISOString(),
    rawData: "{}",
    ...changes,
  };
}

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
  await bench.read({});
  for (const stream of [threats, alerts]) {
    await bench.page(stream, []);
    await bench.proven(stream);
  }
});
afterEach(() => bench.close());

const level = async () => (await findUserRisk(bench.store.read, EVERY_TENANT, USER))[0]?.level ?? "none";
const told = async () => (await bench.facts("posture.user-risk-changed")).map(({ body }) => [body["previous"], body["level"]]);

describe("a threat", () => {
  it.each([
    ["malicious and active", {}, "high"],
    ["malicious and mitigated", { mitigationStatus: "mitigated" }, "medium"],
    ["suspicious and active", { confidenceLevel: "suspicious" }, "medium"],
    ["suspicious and mitigated", { confidenceLevel: "suspicious", mitigationStatus: "mitigated" }, "low"],
    ["of a confidence nobody has seen yet, active", { confidenceLevel: "n/a" }, "medium"],
    ["resolved", { incidentStatus: "resolved", mitigationStatus: "mitigated" }, "low"],
    ["resolved and true", { incidentStatus: "resolved", mitigationStatus: "mitigated", analystVerdict: "true_positive" }, "medium"],
    ["a false positive", { analystVerdict: "false_positive" }, "none"],
    ["marked as benign", { mitigationStatus: "marked_as_benign" }, "none"],
  ])("%s is %s", async (_name, info, expected) => {
    await bench.page(threats, [threat(info)]);

    expect(await level()).toBe(expected);
  });

  it("is told once, with its reason, however often its page comes", async () => {
    const page = [threat()];
    await bench.page(threats, page);
    await bench.page(threats, page);
    await bench.page(threats, [threat()]);

    expect(await told()).toEqual([["none", "high"]]);
    expect((await findUserRisk(bench.store.read, EVERY_TENANT, ` ${USER.toUpperCase()} `))[0]?.reasons).toMatchObject([{ code: "threat-active", level: "high", detail: "Mimikatz, Infostealer, malicious", stream: "threats", id: "t1", agentId: HEALTHY["id"], endedAt: null }]);
  });

  it("found by the first reading is where we begin, and is not told", async () => {
    const fresh = await postureBench();
    try {
      await fresh.page(threats, [threat()]);
      expect(await fresh.facts()).toEqual([]);
      expect(await findUserRisk(fresh.store.read, EVERY_TENANT, USER)).toMatchObject([{ level: "high" }]);
    } finally {
      await fresh.close();
    }
  });

  it("of a machine's own account is its user's", async () => {
    await bench.page(threats, [threat({}, { agentLastLoggedInUserMail: "", agentLastLoggedInUserName: "NT AUTHORITY\\SYSTEM" })]);

    expect(await level()).toBe("high");
    expect(await findUserRisk(bench.store.read, EVERY_TENANT, "nt authority\\system")).toEqual([]);
  });

  it("decays by a level a week from its end, to nothing, without a page", async () => {
    await bench.page(threats, [threat({ incidentStatus: "resolved", mitigationStatus: "mitigated", analystVerdict: "true_positive" })]);
    const levels: string[] = [];
    for (let week = 0; week < 3; week += 1) {
      await bench.due();
      levels.push(await level());
      bench.now += 7 * DAY;
    }

    expect(levels).toEqual(["medium", "low", "none"]);
    expect(await told()).toEqual([["none", "medium"], ["medium", "low"], ["low", "none"]]);
  });

  it("that lasts does not decay", async () => {
    await bench.page(threats, [threat()]);
    bench.now += 100 * DAY;
    await bench.due();

    expect(await level()).toBe("high");
  });

  it("let go by a reset counts again only when it grows worse or comes back", async () => {
    await bench.page(threats, [threat({ confidenceLevel: "suspicious" })]);
    const reset = await bench.store.tx((tx) => resetUserRisk(tx, async () => {}, EVERY_TENANT, TEN, USER, "ada", "looked at it", bench.now));
    expect(reset).toMatchObject({ level: "none", reasons: [], resetBy: "ada", resetReason: "looked at it" });
    bench.now += 60_000;
    await bench.page(threats, [threat({ confidenceLevel: "suspicious", threatName: "Renamed" })]);
    expect(await level()).toBe("none");
    await bench.page(threats, [threat()]);
    expect(await level()).toBe("high");
  });
});

describe("an identity alert", () => {
  it.each([
    ["high", {}, "high"],
    ["low", { severity: "LOW" }, "low"],
    ["informational", { severity: "INFO" }, "none"],
    ["of a severity nobody has seen yet", { severity: "GRAVE" }, "medium"],
    ["resolved", { status: "RESOLVED" }, "low"],
    ["called false", { analystVerdict: "FALSE_POSITIVE_BENIGN" }, "none"],
    ["of another product", { detectionSource: { product: "EDR" } }, "none"],
  ])("%s gives its level", async (_name, changes, expected) => {
    await bench.page(alerts, [alert(changes)]);

    expect(await level()).toBe(expected);
  });

  it("and a threat of the same person count together, the graver first", async () => {
    await bench.page(alerts, [alert({ severity: "MEDIUM" })]);
    await bench.page(threats, [threat()]);

    expect((await findUserRisk(bench.store.read, EVERY_TENANT, USER))[0]).toMatchObject({ level: "high", reasons: [{ stream: "threats" }, { stream: "alerts" }] });
    expect(await told()).toEqual([["none", "medium"], ["medium", "high"]]);
  });
});

describe("an isolated device", () => {
  it("makes its user high until it is let go, and low for a week then", async () => {
    await bench.read({ networkStatus: "disconnecting" });
    await bench.read({ networkStatus: "disconnected" });
    expect(await level()).toBe("high");
    await bench.read({ networkStatus: "connected" });
    await bench.read({ computerName: "RENAMED" });
    expect(await level()).toBe("low");
    bench.now += 7 * DAY;
    await bench.due();

    expect(await told()).toEqual([["none", "high"], ["high", "low"], ["low", "none"]]);
  });
});

describe("the list", () => {
  it("goes by level and page, and never beyond the caller's tenants", async () => {
    await bench.page(threats, ["a", "b", "c"].map((name) => ({ ...threat({ confidenceLevel: name === "b" ? "suspicious" : "malicious" }, { agentLastLoggedInUserMail: `${name}@orchard.test` }), id: name })));

    const users = async (filter: Parameters<typeof listUserRisk>[2]) => (await listUserRisk(bench.store, EVERY_TENANT, filter)).map(({ user }) => user.charAt(0));
    expect(await users({})).toEqual(["a", "b", "c"]);
    expect(await users({ atLeast: "high" })).toEqual(["a", "c"]);
    expect(await users({ after: { tenant: TEN, user: "a@orchard.test" }, limit: 1 })).toEqual(["b"]);
    expect(await listUserRisk(bench.store, { all: false, tenants: [OTHER] })).toEqual([]);
    await expect(bench.store.tx((tx) => resetUserRisk(tx, async () => {}, { all: false, tenants: [OTHER] }, TEN, "a@orchard.test", "eve", "mine", bench.now))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
