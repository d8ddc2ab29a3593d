/** Small, valid answers of the routes of access risks and changes, and which commands print them as JSON. */
import Type, { type TSchema } from "typebox";
import {
  AccessChangeView, AccessDiffRange, AccessExceptionView, AccessFinding, AccessListUploaded, AccessListView, AccessThresholdsView, type AccessRiskSummary,
} from "../kernel/access-risk-api.ts";

const AT = "2026-11-20T16:00:00.000Z";
const list = (...items: readonly unknown[]): unknown => ({ items, next: null });

export const finding: AccessFinding = {
  id: "no-2fa-3f0c9a2b71d4e85c", risk: "no-2fa", severity: "critical", confidence: "high", title: "Signs in to the console without a second factor", connection: "con_1", tenant: "ten_1",
  principal: { kind: "user", id: "31", name: "Mara Voss", email: "mara.voss@orchard.test" }, role: null, scope: null, evidence: { twoFaEnabled: false, source: "local", administers: "account" }, fix: "Enable it.", since: AT, exception: null, exceptionOver: null,
};
export const summary: AccessRiskSummary = {
  judgedAt: AT,
  counts: [{ risk: "no-2fa", title: finding.title, severity: "critical", findings: 1, excepted: 2 }],
  worst: [finding],
  notes: [{ connection: "con_1", tenant: "ten_1", risk: "not-in-list", note: "No list of people was given.", name: "north" }],
};
const exception: AccessExceptionView = { id: "exc_1", tenant: "ten_1", finding: finding.id, risk: "no-2fa", connection: "con_1", about: "mara.voss@orchard.test: no 2FA", owner: "soc", reason: "T-1", createdBy: "local", createdAt: AT, endsAt: AT, state: "holds", endedAt: null, endedBy: null };
export const thresholdsView: AccessThresholdsView = {
  tenant: null,
  values: { neverSignedInDays: 14, staleDays: 60, tokenExpiringDays: 30, tokenUrgentDays: 7, tokenLongestDays: 730, tokenUnusedDays: 90, overScopedSites: 10, overScopedShare: 0.5, nearAdminShare: 0.8, ssoUsers: 1, twoFactorOfSso: false, adminRoles: ["Admin"] },
  set: ["staleDays"],
};
const people: AccessListView = { id: "lst_1", tenant: "ten_1", kind: "hr", name: "people", entries: 2, gone: 1, uploadedBy: "local", uploadedAt: AT };
const uploaded: AccessListUploaded = { list: people, columns: { addresses: ["email"], status: "status", header: true }, lines: 2, repeated: 0, unreadable: 0, remarks: [] };
export const change: AccessChangeView = {
  connection: "con_1", tenant: "ten_1", subject: "binding", change: "added", principal: { kind: "user", id: "31" }, role: "51", scope: { kind: "site", id: "11" }, labels: { principal: "mara.voss@orchard.test", role: "Admin", scope: "Lyon Depot" },
  field: null, before: null, after: null, seenAt: AT, absentAt: AT, by: { kind: "user", id: "7", name: "Big Boss", email: "boss@orchard.test", confidence: "high", because: "an activity of that time names it by id or address", activity: { id: "9", type: 24, at: AT, text: "modified" }, candidates: [] },
};
export const ranges: readonly AccessDiffRange[] = [{ connection: "con_1", name: "emea", from: AT, to: AT, basis: "readings", note: null }];

export const ACCESS_RISK_ROUTES: Readonly<Record<string, unknown>> = {
  "GET /api/v1/access/risks/export": [`${JSON.stringify(finding)}\n`],
  "GET /api/v1/access/risks/summary": summary,
  "GET /api/v1/access/risks/kinds": list({ risk: "no-2fa", title: finding.title, severity: "high", fix: "Enable it." }),
  "GET /api/v1/access/risks/exceptions": list(exception),
  "POST /api/v1/access/risks/exceptions": exception,
  "POST /api/v1/access/risks/exceptions/exc_1/end": { ...exception, state: "ended", endedAt: AT, endedBy: "local" },
  "GET /api/v1/access/risks/thresholds": thresholdsView,
  "PUT /api/v1/access/risks/thresholds": thresholdsView,
  "GET /api/v1/access/risks/lists": list(people),
  "PUT /api/v1/access/risks/lists": uploaded,
  "DELETE /api/v1/access/risks/lists/people": people,
  "GET /api/v1/access/diff": [`${JSON.stringify({ ranges })}\n${JSON.stringify({ change })}\n`],
  "GET /api/v1/access/changes": list(change),
};

export const ACCESS_RISK_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["access risks", Type.Array(AccessFinding)],
  ["access risks --risk no-2fa --severity high --user mara.voss@orchard.test", Type.Array(AccessFinding)],
  ["access risks kinds", Type.Array(Type.Object({ risk: Type.String(), title: Type.String(), severity: Type.String(), fix: Type.String() }))],
  ["access risks except no-2fa-3f0c9a2b71d4e85c --owner soc --reason r --for 90d", AccessExceptionView],
  ["access risks exceptions --all", Type.Array(AccessExceptionView)],
  ["access risks end exc_1", AccessExceptionView],
  ["access risks thresholds", AccessThresholdsView],
  ["access risks thresholds --set staleDays=60 --tenant Orchard", AccessThresholdsView],
  ["access risks lists", Type.Array(AccessListView)],
  ["access risks lists upload - --kind hr --name people --tenant Orchard", AccessListUploaded],
  ["access risks lists remove people --yes", AccessListView],
  ["access diff", Type.Object({ ranges: Type.Array(AccessDiffRange), changes: Type.Array(AccessChangeView) })],
  ["access changes --since 7d", Type.Array(AccessChangeView)],
];
