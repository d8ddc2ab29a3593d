/** Small, valid answers of the posture routes, and which commands print them as JSON. */
import Type, { type Static, type TSchema } from "typebox";
import { Ok } from "../kernel/api.ts";
import { CoverageGap, CoverageSummary, DevicePosture, DuplicateSerialView, PostureCoverage, PostureExceptionView, PostureResultView, PostureRulesApplied, PostureRuleView, ProviderAdded, ProviderView, SerialDecisionView, UnnumberedDeviceView, UserRiskView } from "../kernel/posture-api.ts";
import { WhatIfAnswer } from "../kernel/posture-whatif-api.ts";

const AT = "2026-11-20T16:00:00.000Z";
const list = (...items: readonly unknown[]): unknown => ({ items, next: null });

export const postureRule: PostureRuleView = { id: "rul_1", tenant: null, name: "Clean", version: 2, shadow: false, createdAt: AT, updatedAt: AT, rule: { name: "Clean", condition: { input: "infected", operator: "==", value: false } } };

export const devicePosture: DevicePosture = {
  ref: "0",
  match: { kind: "matched", by: ["serial"], confidence: "high", why: null, candidates: [] },
  device: {
    connection: "con_1", agentId: "9", tenant: "ten_1", siteId: "11", siteName: "Harbour", groupName: "Default Group", serial: "CB14", macs: [], hostname: "OF-LT-0417", domain: null, emails: ["j@orchard.test"], userName: "j",
    platform: "windows", osName: "Windows 11 Pro", osVersion: null, model: null, agentVersion: "25.1.4.434", decommissioned: false, uninstalled: false,
  },
  verdicts: [
    {
      rule: { id: "rul_1", name: "Clean", version: 2, shadow: false, warnOnly: false }, outcome: "fail", enforced: true, exception: null, allow: false, because: "verdict", reason: "conditions", since: AT, message: "A threat was found.",
      conditions: [{ input: "infected", operator: "==", negated: false, expected: false, received: true, met: false, message: "A threat was found." }],
    },
  ],
  score: 0, evidenceAt: AT, evidenceAgeMs: 95_000, lastActive: "2026-11-20T15:00:00.000Z",
};

const result: Static<typeof PostureResultView> = {
  id: "res_1", timestamp: AT, clientVersion: "25.1", deviceId: "9", deviceManufacturer: null, deviceModel: null, deviceName: "OF-LT-0417", deviceSerialNumber: "CB14", deviceType: "windows", email: null, userUid: "j", osVersion: null, policyId: "rul_1",
  postureCheckName: "Clean", postureCheckType: "sentinelone_s2s", postureEvaluatedResult: false, postureExpected: [], postureReceived: [{ input: "infected", value: true, met: false }], connection: "con_1", tenant: "ten_1", policyVersion: 2, shadow: false,
  previous: "pass", outcome: "fail", reason: "conditions", evidenceAt: AT,
};
const exception: Static<typeof PostureExceptionView> = { id: "exc_1", tenant: "ten_1", rule: "rul_1", connection: "con_1", agentId: "9", owner: "soc", reason: "T-1", createdBy: "local", createdAt: AT, endsAt: AT, endedAt: null, endedBy: null };
const decision: Static<typeof SerialDecisionView> = { tenant: "ten_1", decision: "prefer", serial: "CB14", device: { connection: "con_1", agentId: "9" }, reason: "re-installed", decidedBy: "local", decidedAt: AT };
const reported = { connection: "con_1", agentId: "9", tenant: "ten_1", serial: "CB14", hostname: "OF-LT-0417", siteName: "Harbour", userName: "j", lastActive: AT, decommissioned: false };
const duplicate: Static<typeof DuplicateSerialView> = { serialKey: "CB14", count: 2, devices: [reported, { ...reported, agentId: "10" }], outcome: "preferred", chosen: { connection: "con_1", agentId: "9" }, decisions: [decision] };
const unnumbered: Static<typeof UnnumberedDeviceView> = { ...reported, serial: null, why: "missing", decision: null };
const risk: Static<typeof UserRiskView> = {
  tenant: "ten_1", user: "j@orchard.test", level: "high", since: AT, reasons: [{ code: "active-threat", level: "high", detail: "An active threat.", stream: "threats", id: "7", connection: "con_1", agentId: "9", raisedAt: AT, endedAt: null }], resetAt: null, resetBy: null, resetReason: null,
};
const provider: ProviderView = { id: "prv_1", kind: "cloudflare", name: "cloudflare", tenant: null, clientId: "c.access", team: null, audience: null, scores: { pass: 100, warn: 60, fail: 0 }, createdAt: AT, createdBy: "local", rules: null, askedAt: null, previousUntil: null };
export const coverageGap: CoverageGap = { gap: "no-agent", row: 2, why: "no-device", serial: "S-2", mac: null, hostname: null, email: null, agentId: null, connection: null, siteName: null, userName: null, lastActive: null };
const groups = { items: [{ name: "Harbour", failing: 2 }], others: 1 };
export const whatIfAnswer: WhatIfAnswer = {
  devices: 10, outcomes: { pass: 6, warn: 0, fail: 3, unknown: 1 }, newlyFailing: 2, excepted: 1, rules: [{ name: "Clean", shadow: false, pass: 6, fail: 3, unknown: 1, notApplicable: 0, remarks: ["Seldom meant."] }], bySite: groups, byOs: groups, byUser: groups,
};

export const postureCoverage: PostureCoverage = {
  devices: 200, serials: { own: 150, shared: { numbers: 4, devices: 10 }, ambiguous: { count: 3, is: "exact" }, none: 40 }, verdicts: { fail: 20, unknown: 5, warn: 1, pass: 170, none: 4 },
  silent: [{ days: 7, devices: 12 }], neverReported: 0, connections: [{ connection: "con_1", devices: 200, readTo: AT, evidence: "fresh", setAside: 0 }],
};

export const POSTURE_ROUTES = {
  "GET /api/v1/posture/devices": { ...devicePosture, score: 100 },
  "GET /api/v1/posture/rules": list(postureRule),
  "POST /api/v1/posture/rules": { items: [{ change: "changed", rule: postureRule, remarks: ["Seldom meant."] }] },
  "GET /api/v1/posture/rules/Clean": postureRule,
  "DELETE /api/v1/posture/rules/rul_1": postureRule,
  "POST /api/v1/posture/whatif": whatIfAnswer,
  "GET /api/v1/posture/results": list(result),
  "GET /api/v1/posture/exceptions": list(exception),
  "POST /api/v1/posture/exceptions": exception,
  "POST /api/v1/posture/exceptions/exc_1/end": { ...exception, endedAt: AT, endedBy: "local" },
  "GET /api/v1/posture/serials/duplicates": list(duplicate),
  "GET /api/v1/posture/serials/unnumbered": list(unnumbered),
  "POST /api/v1/posture/serials/decisions": decision,
  "DELETE /api/v1/posture/serials/decisions": { ok: true },
  "GET /api/v1/posture/users": list(risk),
  "GET /api/v1/posture/users/j": list(risk),
  "POST /api/v1/posture/users/j/reset": risk,
  "GET /api/v1/posture/providers": list(provider),
  "POST /api/v1/posture/providers": { provider, url: "https://hub.example.com/integrations/cloudflare/posture", client_id: "c.access", client_secret: "s" },
  "DELETE /api/v1/posture/providers/prv_1": { ok: true },
  "PATCH /api/v1/posture/providers/prv_1": provider,
  "POST /api/v1/posture/providers/prv_1/rotate": { provider: { ...provider, previousUntil: AT }, url: "https://hub.example.com/integrations/cloudflare/posture", client_id: "c.access", client_secret: "t" },
  "GET /api/v1/posture/coverage": postureCoverage,
  "POST /api/v1/posture/coverage": [`${JSON.stringify({ summary: { listed: 1, covered: 1, ambiguous: 0, noAgent: 0, agents: 1, notListed: 0 } })}\n`],
};

/** `-` reads rules from standard input, which the test fills with an empty list. */
export const POSTURE_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["posture check --serial CB14", DevicePosture],
  ["posture rules list", Type.Array(PostureRuleView)],
  ["posture rules show Clean", PostureRuleView],
  ["posture rules apply -", PostureRulesApplied],
  ["posture rules remove Clean --yes", PostureRuleView],
  ["posture whatif - --tenant Orchard", WhatIfAnswer],
  ["posture results --since 24h --rule Clean --connection emea", Type.Array(PostureResultView)],
  ["posture coverage", PostureCoverage],
  ["posture coverage -", Type.Object({ gaps: Type.Array(CoverageGap), summary: CoverageSummary })],
  ["posture providers update cloudflare --rule Clean", ProviderView],
  ["posture providers rotate cloudflare --overlap 1h", ProviderAdded],
  ["posture exceptions list", Type.Array(PostureExceptionView)],
  ["posture exceptions add --serial CB14 --rule Clean --owner soc --reason T-1 --for 8h", PostureExceptionView],
  ["posture exceptions end exc_1", PostureExceptionView],
  ["posture serials duplicates", Type.Array(DuplicateSerialView)],
  ["posture serials missing", Type.Array(UnnumberedDeviceView)],
  ["posture serials prefer CB14 --connection emea --agent 9 --reason r", SerialDecisionView],
  ["posture serials accept CB14 --tenant Orchard --reason r", SerialDecisionView],
  ["posture serials accept --connection emea --agent 9 --reason r", SerialDecisionView],
  ["posture serials forget CB14 --tenant Orchard", Ok],
  ["posture risk list --level medium", Type.Array(UserRiskView)],
  ["posture risk show j", Type.Array(UserRiskView)],
  ["posture risk reset j --reason r", UserRiskView],
  ["posture providers list", Type.Array(ProviderView)],
  ["posture providers add cloudflare --team example --audience a", ProviderAdded],
  ["posture providers remove cloudflare --yes", Ok],
];
