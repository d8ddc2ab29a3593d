/** What the hub answers about notification rules and for reports, for tests of the commands. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import Type, { type TSchema } from "typebox";
import { Ok } from "../kernel/api.ts";
import { DestinationTest } from "../kernel/delivery-api.ts";
import { NotificationPreview, NotificationRule } from "../kernel/notification-api.ts";
import type { Routes } from "./test-support.ts";

export const notificationRule: NotificationRule = {
  id: "ntf_1", tenant: "ten_default", name: "soc", tenants: ["ten_default"], destination: "dst_1", destinationName: "access", enabled: true, tells: ["opened", "escalated"], severity: "high", types: null, unansweredMinutes: 60, pace: "daily",
  at: "07:30", timeZone: "Europe/Berlin", quiet: { from: "22:00", to: "07:00", days: ["sun"] }, through: "critical", waiting: 2, nextAt: "2026-11-21T06:30:00.000Z", sent: 7, sentAt: "2026-11-20T06:30:00.000Z", createdAt: "2026-11-01T00:00:00.000Z",
};

const preview: NotificationPreview = {
  waiting: 2,
  nextAt: "2026-11-21T06:30:00.000Z",
  messages: [{ title: "Cases: 2 new (gravest high)", lead: null, sections: [{ heading: "New (2)", items: [{ title: "x\u001b[2J on D1", severity: "high", lines: ["2 alerts"], url: "https://usea1-011.sentinelone.net/a" }] }], more: null, foot: "Why.", thread: null }],
};

export const NOTIFICATION_ROUTES: Routes = {
  "GET /api/v1/notifications": { items: [notificationRule], next: null },
  "POST /api/v1/notifications": notificationRule,
  "PATCH /api/v1/notifications/ntf_1": { ...notificationRule, enabled: false },
  "DELETE /api/v1/notifications/ntf_1": { ok: true },
  "POST /api/v1/notifications/ntf_1/test": { outcome: "accepted", id: "dlv_1", code: null, reason: null, ms: 4 },
  "GET /api/v1/notifications/ntf_1/preview": preview,
  "GET /api/v1/reports/monthly": ["<!doctype html>\n"],
};

export const NOTIFICATION_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["notifications list", Type.Array(NotificationRule)],
  ["notifications add soc --to access", NotificationRule],
  ["notifications edit soc --severity high", NotificationRule],
  ["notifications remove soc --yes", Ok],
  ["notifications test soc", DestinationTest],
  ["notifications preview soc", NotificationPreview],
  [`reports create --month 2026-11 --output ${join(tmpdir(), "vedette-promised-report.html")}`, Type.Object({ file: Type.String(), format: Type.Literal("html"), bytes: Type.Integer() })],
];
