import { expect, it } from "vitest";
import type { StatusView } from "../kernel/api.ts";
import { metricsText } from "./metrics.ts";

const view = { code: "S1_UNREACHABLE", kind: "unavailable", message: 'No answer"\n# evil 1', cure: "", details: {} };
const stream: StatusView["streams"][number] = { drift: { added: 1, changed: 0, closed: 4, at: "2026-03-01T03:00:00.000Z" }, connection: "con_1", stream: "agents", rows: 5, goneRows: 1, parked: 2, watermark: "2026-03-01T11:59:00.000Z", freshAt: null, ageSeconds: null, caughtUp: false, provenAt: null, nextRunAt: null, paused: false, gaps: 0, fault: view, budget: { class: "rest", perSecond: 25, available: 20, waiting: 3 } };
const status: StatusView = {
  version: "1.2.3",
  now: "2026-03-01T12:00:00.000Z",
  hub: { running: true, url: null, store: "sqlite", diskBytes: 10, diskBudgetBytes: null, readingPaused: false },
  connections: [
    { id: "con_1", name: 'evil"} 1\nvedette_up 0', description: "d", labels: {}, owners: ["a@b.example"], tenant: "t", url: "https://x", state: "Needs attention", fault: view, paused: false, token: { form: "jwt", createdAt: null, expiresAt: null, daysLeft: -2, warning: null }, identity: null, scope: null, roles: [], streams: [], polling: "5m", lookBackDays: 7, createdAt: "", verifiedAt: null },
  ],
  streams: [stream],
  next: null,
  expiring: [],
  parked: 2,
  destinations: [{ id: "dst_1", name: 'evil"} 2', kind: "webhook", queued: 3, parked: 1, delivered: 400, oldestSeconds: 90, fault: { code: "DESTINATION_UNREACHABLE", reason: "evil", since: "2026-03-01T11:00:00.000Z" } }],
  health: { ok: false, reasons: ["x"] },
};

it("gives freshness, lag, rows, parked, faults, budget and expiry by ids, and no text of people or records", async () => {
  const lines = (await metricsText(status, { rssBytes: 7, uptimeSeconds: 1 })).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

  expect(lines).toEqual(
    expect.arrayContaining([
      "vedette_up 1",
      "vedette_healthy 0",
      'vedette_stream_lag_seconds{connection="con_1",stream="agents"} 60',
      'vedette_stream_caught_up{connection="con_1",stream="agents"} 0',
      'vedette_stream_rows{connection="con_1",stream="agents"} 5',
      'vedette_stream_parked{connection="con_1",stream="agents"} 2',
      'vedette_stream_drift{connection="con_1",stream="agents",kind="closed"} 4',
      'vedette_stream_fault{connection="con_1",stream="agents",code="S1_UNREACHABLE"} 1',
      'vedette_stream_budget_waiting{connection="con_1",stream="agents"} 3',
      'vedette_connection_state{connection="con_1",state="Needs attention"} 1',
      'vedette_token_expiry_days{connection="con_1"} -2',
      'vedette_deliveries_queued{destination="dst_1",kind="webhook"} 3',
      'vedette_deliveries_parked{destination="dst_1",kind="webhook"} 1',
      'vedette_deliveries_oldest_seconds{destination="dst_1",kind="webhook"} 90',
      'vedette_deliveries_delivered_total{destination="dst_1",kind="webhook"} 400',
      'vedette_destination_fault{destination="dst_1",kind="webhook",code="DESTINATION_UNREACHABLE"} 1',
    ]),
  );
  expect(lines.join("\n")).not.toMatch(/evil|a@b|No answer/);
});

it("leaves out what is not known instead of calling it zero", async () => {
  const text = await metricsText(status, { rssBytes: 7, uptimeSeconds: 1 });
  expect(text).not.toMatch(/^vedette_(stream_age_seconds|disk_budget_bytes)[ {]/m);
  expect(await metricsText({ ...status, streams: [{ ...stream, caughtUp: true }] }, { rssBytes: 7, uptimeSeconds: 1 })).toContain('vedette_stream_lag_seconds{connection="con_1",stream="agents"} 0');
});
