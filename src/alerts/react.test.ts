/** Each version of each alert is kept and told once, with what changed, whatever is read again; on both engines. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { activity, alert, alertBench, type AlertBench, CON, CONSOLE, DAY, HOUR, MINUTE, NOW, OTHER, ruleAlert, stamp, TARGET, TEN, threat, versionLine } from "./test-bench.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 120_000);
afterAll(() => server?.stop());

describe.each(["sqlite", "postgres"] as const)("versions on %s", (kind) => {
  let bench: AlertBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await alertBench(kind === "postgres" ? server : undefined);
  }, 60_000);
  afterEach(() => bench.close());

  const lines = async () => (await bench.versions()).map(versionLine);

  it("a new alert, what becomes of it and that it was opened again are a version each, told once in order, however often they are read", async () => {
    await bench.page("alerts", [alert("a1", NOW)]);
    const resolved = alert("a1", NOW, { status: "RESOLVED", analystVerdict: "FALSE_POSITIVE_BENIGN", assignee: { userId: "5", email: "mara@orchard.test", fullName: "Mara" }, updatedAt: stamp(NOW + MINUTE) });
    await bench.page("alerts", [resolved]);
    await bench.page("alerts", [resolved, alert("a1", NOW)]);
    await bench.page("alerts", [alert("a1", NOW, { ...resolved, status: "IN_PROGRESS", updatedAt: stamp(NOW + 2 * MINUTE) })]);

    expect(bench.told()).toEqual(["alerts.new a1", "alerts.updated a1", "alerts.reopened a1"]);
    expect(await lines()).toEqual([
      "1 new",
      "2 updated status NEW>RESOLVED verdict UNDEFINED>FALSE_POSITIVE_BENIGN assignee ->mara@orchard.test",
      "3 reopened status RESOLVED>IN_PROGRESS",
    ]);
    expect(await bench.items()).toMatchObject([{ id: "a1", number: 3, status: "in-progress", verdict: "false-positive", product: "Identity", site_id: "11", tenant_id: TEN }]);
  });

  it("being seen again, a note, a ticket, mitigation and details that come late are versions too; how the device stands is none", async () => {
    const at = (minutes: number): ReturnType<typeof stamp> => stamp(NOW + minutes * MINUTE);
    await bench.page("alerts", [alert("a1", NOW, { rawData: null })]);
    await bench.page("alerts", [alert("a1", NOW)]);
    await bench.page("alerts", [alert("a1", NOW, { lastSeenAt: at(5), updatedAt: at(5) })]);
    await bench.page("alerts", [alert("a1", NOW, { lastSeenAt: at(5), updatedAt: at(6), noteExists: true, ticketId: "T-1", result: "MITIGATED" })]);
    await bench.page("alerts", [alert("a1", NOW, { lastSeenAt: at(5), updatedAt: at(6), noteExists: true, ticketId: "T-1", result: "MITIGATED", assets: [{ id: "as-1", primary: true, name: "DC-01", osVersion: "another" }] })]);
    // A second note: SentinelOne's time moves, and nothing else of what we know.
    await bench.page("alerts", [alert("a1", NOW, { lastSeenAt: at(5), updatedAt: at(9), noteExists: true, ticketId: "T-1", result: "MITIGATED" })]);

    expect((await lines()).map((line) => line.replace(/details ->\S+/, "details ->*"))).toEqual([
      "1 new",
      "2 updated details ->*",
      `3 updated last-seen ${at(0).replace("Z", "000Z")}>${at(5).replace("Z", "000Z")}`,
      "4 updated mitigation UNMITIGATED>MITIGATED ticket ->T-1 notes no>yes",
      "5 updated",
    ]);
    expect(JSON.parse((await bench.versions()).at(-1)?.facts ?? "")).toEqual({ changes: [], also: ["asset_category", "asset_os_type", "asset_os_version", "asset_last_logged_in_user", "assets"] });
    expect(bench.told()).toHaveLength(5);
  });

  it("threats, alerts of rules and the log have their words for it", async () => {
    await bench.page("threats", [threat("201", NOW)]);
    await bench.page("threats", [threat("201", NOW, { incidentStatus: "resolved", mitigationStatus: "mitigated", updatedAt: stamp(NOW + 1000) }, { mitigationStatus: [{ action: "kill", status: "success" }, { action: "quarantine", status: "failed" }] })]);
    await bench.page("threats", [threat("201", NOW, { incidentStatus: "unresolved", mitigationStatus: "mitigated", updatedAt: stamp(NOW + 2000) }, { mitigationStatus: [{ action: "kill", status: "success" }, { action: "quarantine", status: "failed" }] })]);
    await bench.page("threats", [threat("201", NOW, { incidentStatus: "unresolved", mitigationStatus: "mitigated", updatedAt: stamp(NOW + 2000) }, { mitigationStatus: [{ action: "kill", status: "success" }, { action: "quarantine", status: "failed" }], agentRealtimeInfo: { agentId: "101", agentComputerName: "OF-LT-0417", siteId: "11", agentIsActive: false, agentNetworkStatus: "disconnected" } })]);
    await bench.page("cloud-detection-alerts", [ruleAlert("601", NOW)]);
    await bench.page("cloud-detection-alerts", [ruleAlert("601", NOW, { incidentStatus: "Resolved", analystVerdict: "True positive", updatedAt: stamp(NOW + 1000) })]);
    await bench.page("activities", [activity("801", NOW), activity("802", NOW)]);
    await bench.page("activities", [activity("801", NOW), activity("802", NOW, { primaryDescription: "corrected", updatedAt: stamp(NOW + 1000) })]);

    expect(bench.told()).toEqual(["threats.new 201", "threats.updated 201", "threats.reopened 201", "cloud-detection-alerts.new 601", "cloud-detection-alerts.updated 601", "activities.new 801", "activities.new 802", "activities.updated 802"]);
    expect((await lines()).slice(1, 3)).toEqual(["2 updated status unresolved>resolved mitigation not_mitigated>mitigated actions kill: success>kill: success, quarantine: failed", "3 reopened status resolved>unresolved"]);
    expect(await bench.items()).toMatchObject([
      { stream: "cloud-detection-alerts", product: "STAR", severity: 4, status: "resolved", verdict: "true-positive" },
      { stream: "threats", product: "EDR", severity: 4, status: "new", verdict: "undefined" },
    ]);
  });

  it("a status that goes and comes back while SentinelOne's time stands still is three versions under three fingerprints", async () => {
    for (const status of ["NEW", "RESOLVED", "NEW", "RESOLVED"]) await bench.page("alerts", [alert("a1", NOW, { status })]);
    const versions = await bench.versions();
    expect(versions.map(({ kind: what }) => what)).toEqual(["new", "updated", "reopened", "updated"]);
    expect(new Set(versions.map(({ version }) => version)).size).toBe(4);
  });

  it("a fact names the console and the version, carries the record as it came, and has the alert's own order", async () => {
    await bench.page("alerts", [alert("a1", NOW)]);
    const [fact] = bench.queued;
    const [version] = await bench.versions();
    expect(fact).toMatchObject({
      tenant: TEN, kind: "alerts.new", key: "usea1-011.sentinelone.net/alerts/a1", orderKey: "usea1-011.sentinelone.net/alerts/a1", version: version?.version,
      body: { id: "a1", stream: "alerts", kind: "new", number: 1, severity: "high", status: "new", user: "krbtgt", device: "DC-01", site: { id: "11", name: "Lyon" }, link: `${CONSOLE}/incidents/unified-alerts/a1/details` },
      source: { connection: CON, console: CONSOLE, stream: "alerts", product: "Identity", severity: "high", siteId: "11" },
    });
    expect(JSON.parse(fact?.source?.raw ?? "")).toEqual(alert("a1", NOW));
    expect(fact?.body).not.toHaveProperty("record");
  });

  it("of a first read, what lies within the look-back is told and not put into the history; older alerts are kept, and told when they change", async () => {
    await bench.page("alerts", [alert("old", NOW - 30 * DAY), alert("a1", NOW - 6 * DAY)], { firstRead: true });
    expect(bench.told()).toEqual([]);
    bench.now = NOW + HOUR;
    // It changes before it is handed in.
    await bench.page("alerts", [alert("a1", NOW - 6 * DAY, { status: "IN_PROGRESS", updatedAt: stamp(NOW + HOUR) })]);
    await bench.firstRead("alerts", [alert("a2", NOW - 7 * DAY - 2 * MINUTE), alert("a3", NOW - 7 * DAY + MINUTE)]);
    expect(bench.told()).toEqual(["alerts.updated a1", "alerts.new a3"]);
    expect(await lines()).toEqual(["2 updated status NEW>IN_PROGRESS"]);
    expect((await bench.items()).map(({ id, number }) => `${id} ${String(number)}`)).toEqual(["a1 2", "a2 1", "a3 1", "old 1"]);

    await bench.page("alerts", [alert("old", NOW - 30 * DAY, { status: "RESOLVED", updatedAt: stamp(NOW + 2 * HOUR) })]);
    expect(bench.told()).toEqual(["alerts.updated old"]);
    // What comes into sight later is told where it happened after the look-back began, and kept where before.
    bench.now = NOW + 20 * DAY;
    await bench.page("alerts", [alert("late", NOW + DAY), alert("earlier", NOW - 8 * DAY)]);
    expect(bench.told()).toEqual(["alerts.new late"]);
    expect((await bench.versions()).map(({ alert_id: id }) => id)).toEqual(["a1", "old", "late", "earlier"]);
  });

  it("of a log's first read only the look-back is handed in", async () => {
    const entries = Array.from({ length: 2_500 }, (_, place) => activity(String(10_000 + place), NOW - (2_500 - place) * HOUR));
    await bench.firstRead("activities", entries);
    expect(bench.queued.map(({ kind: what, body }) => `${what} ${String(body["id"])}`)).toEqual(entries.slice(-168).map(({ id }) => `activities.new ${String(id)}`));
    expect(await bench.versions()).toEqual([]);
  });

  it("a replay of the mirror tells nothing, and takes nothing from a first read that is still to be handed in", async () => {
    await bench.firstRead("threats", [threat("201", NOW)]);
    await bench.page("alerts", [alert("a1", NOW)], { firstRead: true });
    bench.told();
    await bench.rebuild();
    expect(bench.told()).toEqual([]);
    await bench.ended("alerts");
    expect(bench.told()).toEqual(["alerts.new a1"]);
    await bench.rebuild();
    await bench.page("alerts", [alert("a1", NOW, { status: "RESOLVED", updatedAt: stamp(NOW + 1) })]);
    expect(bench.told()).toEqual(["alerts.updated a1"]);
    expect((await bench.items()).map(({ id, number }) => `${id} ${String(number)}`)).toEqual(["a1 2", "201 1"]);
  });

  it("an alert whose site becomes another tenant's is new to that one, and no longer the other's", async () => {
    await bench.page("alerts", [alert("a1", NOW)]);
    await bench.page("alerts", [alert("a1", NOW, { status: "IN_PROGRESS", updatedAt: stamp(NOW + 1000) })]);
    bench.told();
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");
    expect(bench.queued).toMatchObject([{ tenant: OTHER, kind: "alerts.new" }]);
    expect(await bench.items()).toMatchObject([{ id: "a1", tenant_id: OTHER, number: 1, gone_at: null }]);
    expect((await bench.versions()).map(({ tenant_id: tenant, number }) => `${tenant} ${String(number)}`)).toEqual([`${TEN} 1`, `${TEN} 2`, `${OTHER} 1`]);
  });

  it("old versions leave the history and aged-out alerts the list", async () => {
    await bench.close();
    bench = await alertBench(kind === "postgres" ? server : undefined, { retentionDays: { alerts: 365 } });
    await bench.page("alerts", [alert("a1", NOW - 300 * DAY), alert("a2", NOW)]);
    bench.now = NOW + 80 * DAY;
    await bench.page("alerts", [alert("a2", NOW, { status: "RESOLVED", updatedAt: stamp(bench.now) })]);
    await bench.due();
    expect([(await bench.items()).map(({ id }) => id), await lines()]).toEqual([["a2"], ["1 new", "1 new", "2 updated status NEW>RESOLVED"]]);
    bench.now = NOW + 91 * DAY;
    await bench.due();
    expect([(await bench.items()).map(({ id }) => id), await lines()]).toEqual([["a2"], ["2 updated status NEW>RESOLVED"]]);
  });
});
