/** Small, valid answers of the routes of cases, and which commands print them as JSON. */
import Type, { type TSchema } from "typebox";
import { CaseDetail, CaseMember, CaseView } from "../kernel/case-api.ts";

const AT = "2026-11-20T16:00:00.000Z";

export const caseView: CaseView = {
  id: "cas_1", tenant: "ten_1", title: "invoice \u001b[2J.exe on OF-LT-0417", type: "malware", severity: "critical", status: "new", verdict: "undefined", owner: null, statusBy: "alerts", reopened: 1, reopenedAt: AT, firstAt: AT, lastAt: AT, openedAt: AT,
  firstLookAt: null, resolvedAt: null, alerts: 30, openAlerts: 2, devices: 1, users: 1, products: ["EDR"], version: 3,
};

const member: CaseMember = {
  stream: "threats", id: "t1", connection: "con_1", at: AT, name: "invoice \u001b[2J.exe", product: "EDR", severity: "critical", status: "new", verdict: "undefined", mitigation: "not_mitigated", device: "OF-LT-0417", user: "j.orozco", goneAt: null,
  link: "https://usea1-011.sentinelone.net/incidents/threats/t1/overview", record: "/api/v1/alerts/t1/record?stream=threats&connection=con_1",
  alsoReadBy: [{ connection: "con_2", record: "/api/v1/alerts/t1/record?stream=threats&connection=con_2", goneAt: null }],
};

export const caseDetail: CaseDetail = {
  case: caseView, merged: "cas_0", entities: [{ kind: "device", value: "OF-LT-0417", alerts: 30 }], entitiesLeft: 0, indicators: [{ kind: "sha1", value: "ab12", alerts: 1 }], indicatorsLeft: 3, members: [member], membersLeft: 29,
  links: [{ kind: "storyline", value: "s1", alerts: 30 }], related: [{ id: "cas_2", title: "invoice.exe on OF-LT-0418", status: "resolved", verdict: "true-positive", lastAt: AT }],
  timeline: [{ at: AT, kind: "note", by: "mara", text: "looks \u001b[2J bad" }, { at: AT, kind: "opened", by: "vedette", text: "opened with one alert: invoice.exe" }], next: "7",
};

export const CASE_ROUTES = {
  "GET /api/v1/cases": { items: [caseView], next: null },
  "GET /api/v1/cases/cas_1": caseDetail,
  "GET /api/v1/cases/cas_1/members": { items: [member], next: null },
  "PATCH /api/v1/cases/cas_1": { ...caseView, status: "in-progress", owner: "mara", version: 4 },
  "GET /api/v1/cases/export": [`${JSON.stringify(caseView)}\n`],
};

export const CASE_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["cases list --severity high --since 7d --limit 5", Type.Array(CaseView)],
  ["cases show cas_1", CaseDetail],
  ["cases show cas_1 --members", Type.Array(CaseMember)],
  ["cases update cas_1 --status in-progress --owner mara", CaseView],
  ["cases export", CaseView],
];
