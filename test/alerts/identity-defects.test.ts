/**
 * The defects of an identity connector in wide use, one by one, each as a promise of ours held on the real hub: what a destination would have been told, and
 * how often. Numbers are those of the collected defects (1 to 11).
 */
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { parseConsoleUrl } from "../../src/sentinelone/console-url.ts";
import { metricsText } from "../../src/server/metrics.ts";
import { of } from "../support/reader-bench.ts";
import { DAY, HOUR, IntakeBench, MINUTE } from "./bench.ts";

const bench = new IntakeBench();
const ALERTS = ["alerts"] as const;

interface GraphQl {
  readonly operationName: string;
  readonly variables: { readonly first?: number; readonly after?: string | null; readonly ids?: readonly string[]; readonly filters?: readonly { readonly fieldId: string; readonly dateTimeRange?: { readonly start: number | null } }[] };
}

/** What was asked of unified alerts, and an answer in the console's place where there is one. */
function listening(instead: (asked: GraphQl, times: number) => unknown = () => undefined) {
  const asked: GraphQl[] = [];
  return {
    asked,
    instead: async ({ path, body }: { readonly path: string; readonly body: string }) => {
      if (!path.endsWith("graphql")) return undefined;
      const question = JSON.parse(body) as GraphQl;
      asked.push(question);
      const answer = instead(question, asked.filter(({ operationName }) => operationName === question.operationName).length);
      return answer === undefined ? undefined : { body: answer };
    },
  };
}

describe("an alert counts as collected only with all that belongs to it", () => {
  it("#1 where its details cannot be had, or cannot be put into the queue, it is read again and told once, whole", async () => {
    const trouble = { details: false };
    const { instead } = listening(({ operationName }) => (operationName === "AlertsRawData" && trouble.details ? { errors: [{ message: "Internal server error" }], data: null } : undefined));
    await bench.begin(ALERTS, { instead });
    bench.pass(MINUTE);
    const [id] = bench.add("alerts", 1);
    trouble.details = true;
    const run = await bench.world.sync({ streams: ALERTS });
    expect([of(run, "alerts").fault?.code, await bench.told()]).toEqual(["S1_ERRORS_IN_ANSWER", []]);

    trouble.details = false;
    const { store } = bench.world.hub;
    await store.tx(async (tx) => void (await sql.raw("CREATE TRIGGER refuse_row BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'refused'); END").execute(tx.db)));
    await bench.world.sync({ streams: ALERTS });
    await store.tx(async (tx) => void (await sql.raw("DROP TRIGGER refuse_row").execute(tx.db)));
    expect(await bench.told()).toEqual([]);
    // Set aside for this capability alone, and named: `vedette parked replay` takes it up, and so does the next change.
    const { rows } = await sql<{ id: string; kind: string; record_key: string }>`SELECT id, kind, record_key FROM mirror_parked`.execute(store.read);
    expect(rows).toMatchObject([{ kind: "alerts", record_key: id }]);
    const replayed = await bench.world.hub.app.inject({ method: "POST", url: "/api/v1/parked/replay", headers: { host: "127.0.0.1", authorization: `Bearer ${bench.world.hub.credential.reveal()}` }, payload: { ids: rows.map((row) => row.id) } });
    expect(replayed.json()).toMatchObject({ applied: 1, stillParked: 0 });
    await bench.world.sync({ streams: ALERTS, full: true });
    const [told, ...more] = await bench.queued();
    expect([told?.kind, told?.of, more]).toEqual(["alerts.new", id, []]);
    expect((await bench.world.rows("alerts")).find((row) => row["id"] === id)?.["raw_data"]).not.toBeNull();
  });

  it("#9 an answer with part of the data and an error is no page: what it holds and what it lacks come with the next reading", async () => {
    const trouble = { errors: false };
    const { instead } = listening(({ operationName }) => (operationName === "ListAlerts" && trouble.errors ? { data: { alerts: { totalCount: 2, pageInfo: { hasNextPage: false, endCursor: null }, edges: [null] } }, errors: [{ message: "Exception while fetching data (/alerts/edges[0])" }] } : undefined));
    await bench.begin(ALERTS, { instead });
    bench.pass(MINUTE);
    const ids = bench.add("alerts", 2);
    trouble.errors = true;
    const run = await bench.world.sync({ streams: ALERTS });
    expect([run.state, of(run, "alerts").fault?.code]).toEqual(["failed", "S1_ERRORS_IN_ANSWER"]);
    trouble.errors = false;
    await bench.world.sync({ streams: ALERTS });
    expect((await bench.told()).toSorted()).toEqual(ids.map((id) => `alerts.new ${id}`).toSorted());
  });
});

describe("what is asked for", () => {
  it("#2 #8 #10 every page of a listing carries its filter and a size, details come hundreds in a request, and no field that tells of an alert is left out", async () => {
    const { asked, instead } = listening();
    await bench.begin(ALERTS, { instead, pageSize: 10, estate: { alerts: 45 } });
    expect(asked.filter(({ operationName }) => operationName === "AlertsRawData").map(({ variables }) => variables.ids?.length ?? 0).reduce((sum, ids) => sum + ids, 0)).toBeGreaterThanOrEqual(45);
    asked.splice(0);
    bench.pass(MINUTE);
    const ids = bench.add("alerts", 35, { analystVerdict: "UNDEFINED", ticketId: "T-77" });
    await bench.world.sync({ streams: ALERTS });

    const lists = asked.filter(({ operationName }) => operationName === "ListAlerts");
    expect(lists.filter(({ variables }) => typeof variables.after === "string").length).toBeGreaterThanOrEqual(6);
    for (const { variables } of lists) expect([variables.first, typeof variables.filters?.[0]?.dateTimeRange?.start]).toEqual([10, "number"]);
    // A page's details in one request, where one for each alert would be 35 and more for each pass.
    expect(asked.length).toBeLessThanOrEqual(24);
    const told = await bench.queued();
    expect(told.map(({ of: id }) => id).toSorted()).toEqual(ids.toSorted());
    const record = JSON.parse(String((await bench.world.rows("alerts")).find((row) => row["id"] === ids[0])?.["raw"])) as Record<string, Record<string, unknown>>;
    for (const field of ["severity", "createdAt", "updatedAt", "externalId", "assets", "detectionTime", "realTime", "ticketId", "noteExists", "rawData", "analystVerdict", "analytics", "assignee", "lastSeenAt"]) expect(record, field).toHaveProperty(field);
    for (const field of ["attacker", "targetUser"]) expect(record["detectionTime"], field).toHaveProperty(field);
    expect(record["realTime"]).toHaveProperty("scope");
  });

  it("#6 an address is cleaned of scheme, path and port before anything is asked, whichever stream asks", () => {
    for (const address of ["usea1-011.sentinelone.net", "https://usea1-011.sentinelone.net/", "https://usea1-011.sentinelone.net:443/dashboard?_scopeLevel=site#x", "  HTTPS://USEA1-011.SentinelOne.net/web/api/v2.1/unifiedalerts/graphql "]) {
      expect(parseConsoleUrl(address, []).origin, address).toBe("https://usea1-011.sentinelone.net");
    }
  });
});

describe("what becomes of an alert", () => {
  it("#4 status, verdict, assignee, a new sighting, mitigation and being opened again are told, each once, with what changed", async () => {
    await bench.begin(ALERTS);
    const [id = ""] = await bench.world.ids("alerts");
    const changes: readonly Readonly<Record<string, unknown>>[] = [
      { status: "RESOLVED" },
      { analystVerdict: "TRUE_POSITIVE_INSIDER_THREAT" },
      { assignee: { userId: "1", email: "mara@orchard.test", fullName: "Mara Orozco" } },
      { lastSeenAt: new Date(bench.clock.now()).toISOString() },
      { result: "MITIGATED" },
      { status: "IN_PROGRESS" },
    ];
    const fields: unknown[] = [];
    // One state to begin with, whatever the estate gave it.
    bench.change("alerts", [id], { status: "NEW", analystVerdict: "UNDEFINED", assignee: null, result: "UNMITIGATED" });
    await bench.world.sync({ streams: ALERTS });
    await bench.told();
    for (const set of changes) {
      bench.pass(MINUTE);
      bench.change("alerts", [id], set);
      await bench.world.sync({ streams: ALERTS });
      const [told, ...more] = await bench.queued();
      expect([told?.of, more]).toEqual([id, []]);
      fields.push([told?.kind, told === undefined ? [] : (told.body["changes"] as readonly { field: string }[]).map(({ field }) => field)]);
    }
    expect(fields).toEqual([["alerts.updated", ["status"]], ["alerts.updated", ["verdict"]], ["alerts.updated", ["assignee"]], ["alerts.updated", ["last-seen"]], ["alerts.updated", ["mitigation"]], ["alerts.reopened", ["status"]]]);
  });

  it("#5 an alert that is indexed late, behind others that have been read, is told", async () => {
    await bench.begin(ALERTS);
    bench.pass(MINUTE);
    bench.add("alerts", 1);
    await bench.world.sync({ streams: ALERTS });
    await bench.told();
    const [late] = bench.add("alerts", 1, { detectedAt: new Date(bench.clock.now() - 10 * MINUTE).toISOString() });
    await bench.world.sync({ streams: ALERTS });
    expect(await bench.told()).toEqual([`alerts.new ${String(late)}`]);
  });
});

describe("stops and quiet", () => {
  it("#3 #7 a restart tells nothing again, by a look-back or a whole listing neither; and a console where nothing happens is caught up, not behind", async () => {
    await bench.begin(ALERTS);
    await bench.reopen();
    await bench.world.sync({ streams: ALERTS });
    bench.pass(2 * HOUR);
    await bench.world.sync({ streams: ALERTS });
    await bench.world.sync({ streams: ALERTS, full: true });
    expect(await bench.told()).toEqual([]);

    bench.pass(3 * DAY);
    await bench.world.sync({ streams: ALERTS });
    const quiet = await bench.status("alerts");
    expect(quiet).toMatchObject({ caughtUp: true, ageSeconds: 0 });
    expect(Date.parse(quiet.watermark ?? "")).toBeLessThan(bench.clock.now() - 3 * DAY);
    const view = await bench.world.hub.status(EVERY_TENANT);
    expect(view.health.reasons.filter((reason) => reason.includes("alerts"))).toEqual([]);
    expect(await metricsText(view, { rssBytes: 1, uptimeSeconds: 1 })).toMatch(/vedette_stream_lag_seconds\{[^}]*stream="alerts"[^}]*\} 0\n/);
  });

  it("#11 a backlog that breaks off on its way goes on where it broke off, and tells each alert once", async () => {
    await bench.begin(ALERTS, { pageSize: 10 });
    bench.pass(HOUR);
    const ids = bench.add("alerts", 60);
    // Each alert at a minute of its own: an overlap of five is not the whole backlog.
    for (const [place, id] of ids.entries()) bench.change("alerts", [id], { updatedAt: new Date(bench.clock.now() - (60 - place) * MINUTE).toISOString() });
    bench.faults({ path: "graphql", after: 7, times: 1, fault: { kind: "html" } });
    const broken = of(await bench.world.sync({ streams: ALERTS }), "alerts");
    const before = await bench.told();
    expect([broken.fault?.code, bench.fired()]).toEqual(["S1_NOT_JSON", [1]]);
    expect(before.length).toBeGreaterThanOrEqual(10);
    bench.faults();
    await bench.world.sync({ streams: ALERTS });
    const after = await bench.told();
    expect([...before, ...after].toSorted()).toEqual(ids.map((id) => `alerts.new ${id}`).toSorted());
  });
});
