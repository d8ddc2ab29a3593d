/** Small, valid answers of the routes of alerts, and which commands print them as JSON. */
import Type, { type TSchema } from "typebox";
import { AlertDetail, AlertView, VersionView } from "../kernel/alert-api.ts";

const AT = "2026-11-20T16:00:00.000Z";

export const alertView: AlertView = {
  id: "a1", stream: "alerts", connection: "con_1", tenant: "ten_1", at: AT, updatedAt: AT, name: "DCSync \u001b[2J Attack", product: "Identity", severity: "high", status: "new", statusWord: "NEW", verdict: "undefined", verdictWord: "UNDEFINED", assignee: null,
  device: "DC-01", user: "krbtgt", site: { id: "11", name: "Lyon Depot" }, versions: 2, readAt: AT, goneAt: null,
};

export const versionView: VersionView = {
  seq: "7", kind: "reopened", id: "a1", stream: "alerts", connection: "con_1", tenant: "ten_1", number: 2, version: "v2", name: "DCSync \u001b[2J Attack", product: "Identity", severity: "high", status: "new", updatedAt: AT, readAt: AT,
  changes: [{ field: "status", from: "RESOLVED", to: "NEW" }, { field: "details", from: null, to: "x" }], also: ["assets"],
};

export const alertDetail: AlertDetail = {
  alert: alertView, link: "https://usea1-011.sentinelone.net/incidents/unified-alerts/a1/details", description: "A host asked for the directory's secrets.", facts: { classification: "UNKNOWN" }, device: { name: "DC-01" }, user: { name: "krbtgt" }, process: {},
  techniques: [{ tactic: "Credential Access", id: "T1003", name: "OS Credential Dumping" }], indicators: ["asked for secrets"], recordGone: false, history: [versionView, { ...versionView, seq: "3", number: 1, kind: "new", changes: [], also: [] }], next: null,
};

export const ALERT_ROUTES = {
  "GET /api/v1/alerts": { items: [alertView], next: null },
  "GET /api/v1/alerts/versions": { items: [versionView], next: "7", more: false },
  "GET /api/v1/alerts/a1": alertDetail,
  "GET /api/v1/alerts/a1/record": ['{"id":"a1","name":"x\u202ey",', '"n":12345678901234567890}\n'],
};

export const ALERT_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["alerts list --severity high --since 7d --limit 5", Type.Array(AlertView)],
  ["alerts show a1", AlertDetail],
  ["alerts show a1 --record", Type.Object({ id: Type.String(), name: Type.String() })],
  ["alerts tail", VersionView],
];
