import { afterAll, beforeAll, expect, it } from "vitest";
import type { Overview } from "../src/kernel/overview-api.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ estate: { agents: 30, users: 10, alerts: 30, risks: 60, threats: 10, activities: 10, sites: 2 } });
  await world.sync();
  await world.hub.upkeep.once();
});
afterAll(async () => world.close());

async function ask(url: string) {
  return world.hub.app.inject({ method: "GET", url, headers: { host: "127.0.0.1", authorization: `Bearer ${world.hub.credential.reveal()}` } });
}

it("the overview's figures are what each capability's own answers say", async () => {
  const overview = (await ask("/api/v1/overview")).json<Overview>();
  const summary = (await ask("/api/v1/vulnerabilities/summary")).json<{ counts: { open: number; stale: number; overdue: number } }>();
  const cases = (await ask("/api/v1/cases?limit=200")).json<{ items: readonly { severity: string; owner: string | null }[]; next: string | null }>();
  const { figures } = overview;
  expect(cases.next).toBeNull();
  expect(figures.cases.value).toBe(cases.items.length);
  expect(figures.cases.urgentUnowned).toBe(cases.items.filter(({ severity, owner }) => owner === null && (severity === "high" || severity === "critical")).length);
  expect([figures.findings.value, figures.findings.overdue]).toEqual([summary.counts.open + summary.counts.stale, summary.counts.overdue]);
  expect([figures.devices.value, figures.access.value]).toEqual([(await world.rows("agents")).length, (await world.rows("users")).length + (await world.rows("service_users")).length]);
  expect(Math.min(figures.cases.value, figures.devices.value, figures.access.value, figures.findings.value)).toBeGreaterThan(0);
  expect([figures.cases.trend.length, figures.findings.trend.length, figures.deliveries.trend.length, figures.findings.trend.at(-1)]).toEqual([14, 14, 24, figures.findings.value]);
  expect(overview.connections).toEqual({ total: 1, connected: 1, syncing: 0, needAttention: 0, paused: 0 });
  const urgent = overview.today.find(({ kind }) => kind === "cases");
  expect(urgent === undefined).toBe(figures.cases.urgentUnowned === 0);
  expect((await ask("/api/v1/overview?tenant=ten_default")).json<Overview>().figures).toEqual(figures);
  expect((await ask("/api/v1/overview?tenant=nobody")).statusCode).toBe(404);
});

it("the live stream tells a reading as it goes, over a connection that stays open, and ends with the hub", async () => {
  const url = await world.hub.listen("127.0.0.1", 0);
  const answer = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${world.hub.credential.reveal()}` } });
  expect([answer.status, answer.headers.get("content-type"), answer.headers.get("x-accel-buffering")]).toEqual([200, "text/event-stream; charset=utf-8", "no"]);
  let heard = "";
  const over = (async () => {
    for await (const chunk of answer.body ?? []) heard += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  await expect.poll(() => heard).toContain("event: figures");
  await world.sync({ streams: ["sites", "agents"], full: true });
  await expect.poll(() => heard, { timeout: 10_000 }).toContain(`event: sync\ndata: {"connection":"${world.connection}"`);
  expect((await ask("/api/v1/events?once=true")).body).toContain(`data: {"id":"${world.connection}","state":"Connected"}`);
  const began = performance.now();
  await world.hub.close();
  await over;
  expect(performance.now() - began).toBeLessThan(8000);
});
