/** Words and shapes nobody has seen yet are kept and make nothing fail; a version is told from the next by what belongs to the alert. */
import { describe, expect, it } from "vitest";
import { EVENT_STREAMS } from "../kernel/alert-api.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { sectionsOf } from "./detail.ts";
import { linkOf } from "./links.ts";
import { seenOf, STATE_FIELDS } from "./project.ts";
import { firstVersion, nextVersion } from "./versions.ts";
import { severityOf, severityOfConfidence, statusOf, verdictOf } from "./words.ts";

const ALERT: MirrorRow = { id: "a1", status: "NEW", analyst_verdict: "UNDEFINED", severity: "HIGH", updated_at: "2026-06-01T12:00:00.000000Z", detected_at: "2026-06-01T11:00:00.000000Z", name: "x", product: "Identity", raw_data: null };

describe("words", () => {
  it("each stream's are one, whatever their case and signs", () => {
    expect(["NEW", "unresolved", "Unresolved", "IN_PROGRESS", "in_progress", "In progress", "RESOLVED", "Resolved"].map(statusOf)).toEqual(["new", "new", "new", "in-progress", "in-progress", "in-progress", "resolved", "resolved"]);
    expect(["UNDEFINED", null, "TRUE_POSITIVE_MALWARE", "True positive", "false_positive", "FALSE_POSITIVE_BENIGN", "Suspicious"].map(verdictOf)).toEqual(["undefined", "undefined", "true-positive", "true-positive", "false-positive", "false-positive", "suspicious"]);
    expect(["CRITICAL", "Informational", "info", "UNKNOWN"].map(severityOf)).toEqual(["critical", "info", "info", "unknown"]);
    expect(["malicious", "SUSPICIOUS", "n/a", null].map(severityOfConfidence)).toEqual(["high", "medium", "unknown", "unknown"]);
  });

  it("one never seen is `other` or unknown, and is kept as it came", () => {
    for (const word of ["ESCALATED", "constructor", "__proto__", "toString", "\u202eweN"]) expect([statusOf(word), verdictOf(word), severityOf(word)]).toEqual(["other", "other", "unknown"]);
    expect(seenOf("alerts", { ...ALERT, status: "ESCALATED" }).headline).toMatchObject({ status: "other", statusWord: "ESCALATED" });
  });
});

describe("an asset that is a person", () => {
  it("is the user, where the alert names nobody else, and no device", () => {
    const person = { id: "1", name: "Weak password", asset_name: "m.voss", asset_category: "Identity" };
    expect(seenOf("alerts", person).headline).toMatchObject({ device: null, user: "m.voss" });
    expect(seenOf("alerts", { ...person, target_user_name: "krbtgt" }).headline).toMatchObject({ device: null, user: "krbtgt" });
    expect(seenOf("alerts", { ...person, asset_category: "Server" }).headline).toMatchObject({ device: "m.voss", user: null });
  });
});

describe("versions", () => {
  const kept = firstVersion(seenOf("alerts", ALERT));

  it("the same record is no other version, nor is it with a device that has moved on", () => {
    expect(nextVersion(kept, seenOf("alerts", ALERT))).toBeNull();
    expect(nextVersion(kept, seenOf("alerts", { ...ALERT, asset_name: "renamed", assets: "[]", site_name: "renamed" }))).toBeNull();
  });

  it("opened again is only what was resolved and says that it is something else now", () => {
    const resolved = firstVersion(seenOf("alerts", { ...ALERT, status: "RESOLVED" }));
    expect(nextVersion(resolved, seenOf("alerts", { ...ALERT, status: "ESCALATED" }))?.kind).toBe("reopened");
    expect(nextVersion(resolved, seenOf("alerts", { ...ALERT, status: null }))?.kind).toBe("updated");
    expect(nextVersion(kept, seenOf("alerts", { ...ALERT, status: "RESOLVED" }))?.kind).toBe("updated");
  });

  it("details that are missing once, or come in another order at the same time, are no news", () => {
    const whole = firstVersion(seenOf("alerts", { ...ALERT, raw_data: '{"a":1}' }));
    expect(nextVersion(whole, seenOf("alerts", { ...ALERT, raw_data: null }))).toBeNull();
    expect(nextVersion(whole, seenOf("alerts", { ...ALERT, raw_data: '{"b":1}' }))).toBeNull();
    expect(nextVersion(kept, seenOf("alerts", { ...ALERT, raw_data: '{"a":1}' }))?.changes).toMatchObject([{ field: "details", from: null }]);
  });

  it("a value that was not looked at when the version before was kept changes nothing", () => {
    expect(nextVersion({ ...kept, state: kept.state.slice(0, 3) }, seenOf("alerts", { ...ALERT, ticket_id: "T-1" }))).toBeNull();
  });

  it("a long value is cut where it is told of", () => {
    expect(nextVersion(kept, seenOf("alerts", { ...ALERT, name: "n".repeat(5000) }))?.changes[0]?.to).toHaveLength(301);
  });

  it("the places of the values that are kept are those of every version before", () => {
    expect(Object.fromEntries(EVENT_STREAMS.map((stream) => [stream, STATE_FIELDS[stream].map(({ name }) => name).join(" ")]))).toEqual({
      alerts: "status verdict severity assignee mitigation confidence classification last-seen ticket notes incident name details",
      threats: "status verdict mitigation actions confidence classification name ticket failed-actions pending-actions reboot-required resolved-by-itself",
      "cloud-detection-alerts": "status verdict severity name reported",
      activities: "text more",
    });
  });
});

describe("what a record says", () => {
  it("techniques and indicators are found where each stream has them", () => {
    const attacks = [{ version: "ATT&CK v12", tactics: [{ name: "Credential Access", uid: "TA0006" }], technique: { name: "OS Credential Dumping", uid: "T1003" } }];
    const raw = JSON.stringify({ finding_info: { attacks: [...attacks, ...attacks], related_events: [{ message: "asked for secrets" }, { type: "Session" }] } });
    expect(sectionsOf("alerts", { ...ALERT, raw_data: raw })).toMatchObject({ techniques: [{ tactic: "Credential Access", id: "T1003", name: "OS Credential Dumping" }], indicators: ["asked for secrets", "Session"] });
    const indicators = JSON.stringify([{ category: "Evasion", description: "hid its window", tactics: [{ name: "Defense Evasion", techniques: [{ name: "T1564" }] }] }]);
    expect(sectionsOf("threats", { id: "1", indicators })).toMatchObject({ techniques: [{ tactic: "Defense Evasion", id: "T1564", name: null }], indicators: ["hid its window"] });
  });

  it("shapes that were never promised make nothing fail", () => {
    for (const odd of ["not json", "[]", "null", "7", '"x"', '{"finding_info":{"attacks":{"technique":1},"related_events":[null,1,{"message":7}]}}', '{"finding_info":{"attacks":[null,7,{"tactics":7,"technique":[]}]}}', '{"attacks":[{"tactic":{"uid":"TA1"}}]}', '[{"tactics":[{"techniques":7}]}]']) {
      for (const stream of EVENT_STREAMS) expect(() => [seenOf(stream, { id: "1", raw_data: odd, indicators: odd, data: odd, mitigation_actions: odd, detection_engines: odd }), sectionsOf(stream, { id: "1", raw_data: odd, indicators: odd, data: odd, detection_engines: odd })]).not.toThrow();
    }
    expect(seenOf("alerts", { id: "1" }).headline).toMatchObject({ at: null, updatedAt: null, severity: "unknown", status: "other", verdict: "undefined" });
  });

  it("an id cannot lead its link elsewhere", () => {
    expect(linkOf("https://x.sentinelone.net", "threats", "../../evil?x=1#y")).toBe("https://x.sentinelone.net/incidents/threats/..%2F..%2Fevil%3Fx%3D1%23y/overview");
    expect(linkOf("https://x.sentinelone.net", "activities", "1")).toBeNull();
  });
});
