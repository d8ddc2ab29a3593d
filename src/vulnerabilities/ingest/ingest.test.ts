import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { Fault } from "../../kernel/fault.ts";
import { EVERY_TENANT } from "../../kernel/scope.ts";
import { decide } from "../decisions.ts";
import { flexConnectJson } from "../export/flexconnect.ts";
import { ndjson } from "../export/ndjson.ts";
import { vex } from "../export/vex.ts";
import { assetFigures } from "../queries.ts";
import { storedSource } from "../stored-source.ts";
import { agent, CON, DAY, HOUR, MINUTE, NOW, OTHER, risk, stamp, TARGET, vulnerabilityBench, type ApiRecord, type VulnerabilityBench } from "../test-bench.ts";
import { ingestOf, inSite, type Ingest } from "./test-ingest.ts";

let bench: VulnerabilityBench;
let ingest: Ingest;
beforeEach(async () => {
  bench = await vulnerabilityBench();
  ingest = ingestOf(bench);
});
afterEach(() => bench.close());

const laptop = (id: string, site: string, more: ApiRecord = {}) => agent(id, bench.now, { siteId: site, siteName: `Site ${site}`, ...more });
const found = (id: string, device: string, more: ApiRecord = {}) => risk(id, device, bench.now, { cveId: `CVE-2026-${id}`, siteId: device === "2" ? "12" : "11", ...more });
const gone = (id: string, device: string, more: ApiRecord = {}) => found(id, device, { status: "Removed", lastScanDate: stamp(bench.now), ...more });
const lastRun = async () => (await ingest.runs()).at(-1);

/** Two sites with a device each, three findings. */
async function estate(): Promise<void> {
  await bench.listing("agents", [laptop("1", "11"), laptop("2", "12")]);
  await bench.listing("risks", [found("101", "1"), found("102", "1", { severity: "LOW" }), found("201", "2")]);
}

describe("what rules no longer cover", () => {
  beforeEach(estate);

  it("leaves the figures with its memory: nothing is fixed, what was fixed stays so, and it comes back as it was", async () => {
    await bench.page("risks", [gone("202", "2"), found("203", "2")]);
    await bench.page("risks", [gone("203", "2")]);
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 fixed", "2 fixed", "2 open"]);
    const before = await bench.instances();

    await ingest.connector("Lyon", { match: inSite("11") });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 fixed", "2 fixed", "2 out-of-scope"]);
    expect(await assetFigures(bench.store, EVERY_TENANT)).toMatchObject({ devices: 1, agents: 1, outOfScope: 1 });
    expect((await lastRun())?.counts).toMatchObject({ assets: { outOfScope: 1 }, findings: { outOfScope: 3, fixed: 0 } });

    bench.now += DAY;
    await bench.page("agents", [laptop("2", "12", { computerName: "renamed" })]);
    await bench.page("risks", [found("204", "2"), gone("201", "2")]);
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 fixed", "2 fixed", "2 out-of-scope"]);

    await bench.page("risks", [found("201", "2")]);
    await ingest.remove("connector", "Lyon");
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 fixed", "2 fixed", "2 open", "2 open"]);
    const after = new Map((await bench.instances()).map((row) => [row.id, row]));
    for (const row of before) expect(after.get(row.id)).toMatchObject({ status: row.status, first_seen: row.first_seen, due_at: row.due_at, fixed_at: row.fixed_at, reopened: row.reopened, out_of_scope_at: null });
    const told = (await bench.history()).filter((row) => row.instance_id === before.find((one) => one.row_id === "201")?.id).map((row) => row.event);
    expect(told).toEqual(["out-of-scope", "in-scope"]);
    expect((await bench.agents()).map((row) => (JSON.parse(row.facts) as { name: string }).name)).toEqual(["PC-1", "renamed"]);
  });

  it("is in no list to import elsewhere, and whole in the complete one", async () => {
    await ingest.connector("Lyon", { match: inSite("11") });
    await bench.due();
    const source = () => storedSource(bench.store, EVERY_TENANT);
    const options = { now: bench.now, setAside: true, kev: null, epss: null, version: "0" };
    const text = async (chunks: AsyncIterable<string>): Promise<string> => {
      let all = "";
      for await (const chunk of chunks) all += chunk;
      return all;
    };
    const flex = JSON.parse(await text(flexConnectJson(source(), options))) as { readonly assets: readonly { readonly host_name: string }[] };
    expect(flex.assets.map((asset) => asset.host_name)).toEqual(["PC-1"]);
    expect(await text(vex(source(), options))).not.toContain("CVE-2026-201");
    expect(await text(ndjson(source(), options))).toContain('"class":"out-of-scope"');
  });

  it("is fixed when it comes back if the console proved it meanwhile, and waits for a second reading if it is merely absent", async () => {
    await ingest.connector("Lyon", { match: inSite("11") });
    await bench.due();
    bench.now += DAY;
    await bench.page("risks", [gone("201", "2")]);
    await ingest.edit("All Endpoints", {});
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 fixed"]);

    await ingest.edit("All Endpoints", { match: inSite("12") });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 out-of-scope", "1 out-of-scope", "2 fixed"]);
    await bench.listing("risks", [found("201", "2")]);
    await ingest.edit("All Endpoints", { match: inSite("11", "12") });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
    expect((await bench.instances()).filter((row) => row.closing_at !== null)).toHaveLength(2);
    bench.now += DAY;
    await bench.page("agents", [laptop("1", "11")]);
    await bench.listing("risks", [found("201", "2")]);
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 fixed", "1 fixed", "2 open"]);
  });

  it("confirms no closure and ends no decision's status into the figures while it is out of scope", async () => {
    const [low] = (await bench.instances()).filter((row) => row.row_id === "102");
    await bench.store.tx((tx) => decide(tx, EVERY_TENANT, low?.id ?? "", { status: "accepted-risk", by: "person", actor: "mara", reason: "later", expiresAt: bench.now + DAY }, undefined, bench.now));
    await bench.listing("risks", [found("102", "1", { severity: "LOW" }), found("201", "2")]);
    expect((await bench.instances()).filter((row) => row.closing_at !== null).map((row) => row.row_id)).toEqual(["101"]);
    await ingest.connector("Paris", { match: inSite("12") });
    await bench.due();
    bench.now += 2 * DAY;
    await bench.page("agents", [laptop("1", "11")]);
    await bench.listing("risks", [found("102", "1", { severity: "LOW" }), found("201", "2")]);
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 out-of-scope", "1 out-of-scope", "2 open"]);
    expect((await bench.instances()).find((row) => row.id === low?.id)).toMatchObject({ status: "active", decided_by: "source" });
  });

  it("by a severity floor is what is less grave, and follows a severity that changes", async () => {
    await ingest.connector("grave", { floor: "high" });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 out-of-scope", "2 open"]);
    await bench.page("risks", [found("102", "1", { severity: "CRITICAL" }), found("201", "2", { severity: "MEDIUM" }), found("103", "1", { severity: null, baseScore: null }), found("104", "1", { severity: "low" })]);
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "1 open", "2 out-of-scope"]);
  });

  it("by asset mode is every finding; devices go on", async () => {
    await ingest.connector("inventory", { mode: "assets" });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 out-of-scope", "1 out-of-scope", "2 out-of-scope"]);
    await bench.page("agents", [laptop("3", "12")]);
    await bench.page("risks", [found("301", "3")]);
    expect(await assetFigures(bench.store, EVERY_TENANT)).toMatchObject({ devices: 3, notScanned: 0, outOfScope: 0 });
    await ingest.rule("inventory", { name: "scans", mode: "scan", match: inSite("12") });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 out-of-scope", "1 out-of-scope", "2 open", "3 open"]);
  });
});

describe("a device", () => {
  it("that moves between sites leaves and comes back with its findings, which may have come by before it", async () => {
    await estate();
    await ingest.connector("Lyon", { match: inSite("11") });
    await bench.due();
    await bench.page("agents", [laptop("2", "11"), laptop("1", "12")]);
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 out-of-scope", "1 out-of-scope", "2 open"]);
    await bench.page("risks", [found("301", "3")]);
    expect(await ingest.classes()).not.toContain("3 open");
    await bench.page("agents", [laptop("3", "11")]);
    await bench.due();
    expect(await ingest.classes()).toContain("3 open");
  });

  it("that nobody lists is covered by a rule for all, and by no other", async () => {
    await ingest.connector("Lyon", { match: inSite("11") });
    await bench.listing("risks", [found("101", "1")]);
    expect(await ingest.classes()).toEqual([]);
    await ingest.edit("All Endpoints", {});
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open"]);
    await ingest.edit("All Endpoints", { match: { os: ["windows"] } });
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 out-of-scope"]);
  });

  it("that becomes another tenant's does not wait for a schedule", async () => {
    await estate();
    await ingest.connector("daily", { schedule: "daily" });
    await bench.due();
    const target = { ...TARGET, siteTenants: new Map([["12", OTHER]]) };
    await bench.reassign(target, "12");
    expect((await bench.instances()).filter((row) => row.agent_id === "2" && row.tenant_id !== OTHER)).toEqual([]);
    await bench.due();
    expect((await bench.instances()).map((row) => [row.agent_id, row.tenant_id])).toEqual([["1", "ten_default"], ["1", "ten_default"], ["2", OTHER]]);
    expect(await ingest.held()).toEqual([]);
    expect((await bench.agents()).map((row) => row.tenant_id)).toEqual(["ten_default", OTHER]);
  });
});

describe("a scheduled rule", () => {
  beforeEach(async () => {
    await estate();
    await ingest.connector("daily", { schedule: "daily" });
    await bench.due();
    bench.now += MINUTE;
  });

  it("holds what changes until its run, which takes in the mirror as it is then and tells its figures", async () => {
    await bench.page("agents", [laptop("3", "11"), laptop("1", "11", { isDecommissioned: true })]);
    await bench.page("risks", [gone("201", "2"), found("301", "3"), found("302", "3")]);
    await bench.page("risks", [gone("302", "3")]);
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
    expect(new Set((await ingest.held()).map((row) => `${row.stream} ${row.id}`))).toEqual(new Set(["agents 1", "agents 3", "risks 201", "risks 301", "risks 302"]));

    bench.now = Date.parse("2026-06-02T03:00:01Z");
    await ingest.settle();
    expect(await ingest.classes()).toEqual(["1 stale", "1 stale", "2 fixed", "3 fixed", "3 open"]);
    expect(await ingest.held()).toEqual([]);
    expect(await lastRun()).toMatchObject({ begun_by: "schedule", state: "done", slot: Date.parse("2026-06-02T03:00:00Z"), counts: { assets: { seen: 2, new: 1, deactivated: 1 }, findings: { fixed: 1, new: 1 }, failed: 0 } });
    bench.now += HOUR;
    await ingest.settle();
    expect((await ingest.runs()).filter((run) => run.begun_by === "schedule")).toHaveLength(1);
  });

  it("takes in after a kill what was left, and nothing twice", async () => {
    const many = Array.from({ length: 450 }, (_, place) => found(String(1000 + place), place % 2 === 0 ? "1" : "2"));
    await bench.page("risks", many);
    await ingest.run("All Endpoints");
    await ingest.read();
    // A turn that dies before its end is undone whole; the next one begins where the last that was kept had come to.
    await expect(bench.store.tx(async (tx) => {
      await bench.capability.due(bench.now, tx);
      throw new Error("killed");
    })).rejects.toThrow("killed");
    expect(await ingest.held()).toHaveLength(450);
    await bench.due();
    expect(await ingest.held()).toEqual([]);
    expect(await lastRun()).toMatchObject({ state: "done", counts: { findings: { seen: 450, new: 450 } } });
  });

  it("confirms no closure of a device whose changes are held", async () => {
    await bench.listing("risks", [found("102", "1", { severity: "LOW" }), found("201", "2")]);
    await ingest.run("All Endpoints");
    await ingest.settle();
    expect((await bench.instances()).filter((row) => row.closing_at !== null).map((row) => row.row_id)).toEqual(["101"]);
    bench.now += HOUR;
    await bench.page("agents", [laptop("1", "11")]);
    await bench.listing("risks", [found("101", "1"), found("102", "1", { severity: "LOW" }), found("201", "2")]);
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
    await ingest.run("All Endpoints");
    await ingest.settle();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
    expect((await bench.instances()).filter((row) => row.closing_at !== null)).toEqual([]);
  });

  it("for a place counts the findings of a device that is new there in the run that found it", async () => {
    await ingest.edit("All Endpoints", { match: inSite("11"), schedule: "daily" });
    await bench.due();
    bench.now += MINUTE;
    await bench.page("agents", [laptop("3", "11")]);
    await bench.page("risks", [found("301", "3"), found("302", "3")]);
    await ingest.run("All Endpoints");
    await ingest.settle();
    expect(await lastRun()).toMatchObject({ begun_by: "request", counts: { assets: { new: 1 }, findings: { new: 2 } } });
  });

  it("that is paused holds on, keeps what it covers, and takes all in when it goes on", async () => {
    await ingest.pause("All Endpoints", true);
    await bench.page("risks", [found("202", "2"), gone("201", "2")]);
    bench.now += 3 * DAY;
    await ingest.settle();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
    await ingest.pause("All Endpoints", false);
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 fixed", "2 open"]);
    expect(await lastRun()).toMatchObject({ begun_by: "resumed", state: "done" });
    // What came due meanwhile is over; the next moment is the next day's.
    expect((await ingest.runs()).filter((run) => run.begun_by === "schedule" || run.begun_by === "catch-up")).toEqual([]);
  });

  it("leaves a moment out while its run is still going, and catches up once after a stop", async () => {
    bench.now = Date.parse("2026-06-02T03:00:01Z");
    await bench.due();
    bench.now += DAY;
    await bench.due();
    expect((await ingest.runs()).filter((run) => run.begun_by !== "rule-changed")).toHaveLength(1);
    await ingest.settle();
    bench.now += 10 * DAY + HOUR;
    await ingest.settle();
    bench.now += HOUR;
    await ingest.settle();
    expect((await ingest.runs()).map((run) => `${run.begun_by} ${run.state}`)).toEqual(["rule-changed done", "schedule done", "catch-up done"]);
  });

  it("beside a continuous one gives way to it where both cover", async () => {
    await ingest.rule("daily", { name: "now", match: inSite("11") });
    await bench.due();
    await bench.page("risks", [found("103", "1"), found("203", "2")]);
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "1 open", "2 open"]);
    expect((await ingest.held()).map((row) => row.id)).toEqual(["203"]);
    await ingest.remove("rule", "All Endpoints");
    await bench.due();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "1 open", "2 out-of-scope"]);
    await expect(ingest.remove("rule", "now")).rejects.toThrow(/only rule of its connector/);
  });

  it("takes a stream's first read in as it ends", async () => {
    await bench.close();
    bench = await vulnerabilityBench();
    ingest = ingestOf(bench);
    await ingest.connector("daily", { schedule: "daily" });
    await bench.due();
    await estate();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
  });

  it("takes in the others where one row cannot be, says so, and tries it again in the next run", async () => {
    await bench.page("risks", [found("202", "2"), found("203", "1"), found("204", "1")]);
    await bench.store.tx((tx) => sql`CREATE TRIGGER refuse BEFORE INSERT ON vuln_instances WHEN new.row_id = '203' BEGIN SELECT RAISE(ABORT, 'no'); END`.execute(tx.db));
    await ingest.run("All Endpoints");
    await ingest.settle();
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "1 open", "2 open", "2 open"]);
    expect(await lastRun()).toMatchObject({ state: "partial", counts: { failed: 1, findings: { new: 2 } } });
    expect((await ingest.held()).map((row) => [row.id, row.failed])).toEqual([["203", 1]]);
    await bench.store.tx((tx) => sql`DROP TRIGGER refuse`.execute(tx.db));
    bench.now += HOUR;
    await ingest.run("All Endpoints");
    await ingest.settle();
    expect(await lastRun()).toMatchObject({ state: "done", counts: { findings: { new: 1 } } });
    expect(bench.facts.map(({ kind }) => kind)).toEqual(["vulnerabilities.ingest-failed", "vulnerabilities.ingest-recovered"]);
  });
});

describe("a run that fails", () => {
  const refused = new Fault("S1_FORBIDDEN", "The token may not read risks.").toJSON();
  const away = new Fault("S1_UNREACHABLE", "No answer.").toJSON();

  it("is told once, and once when it works again; what was read is taken in", async () => {
    await estate();
    await ingest.connector("hourly", { schedule: "hourly" });
    await bench.due();
    await bench.page("agents", [laptop("3", "11")]);
    for (const faults of [{ risks: refused }, { risks: refused }, { agents: away, risks: away }, {}, {}]) {
      bench.now += HOUR;
      await ingest.settle(faults);
    }
    expect((await ingest.runs()).filter((run) => run.begun_by === "schedule").map((run) => run.state)).toEqual(["partial", "partial", "failed", "done", "done"]);
    expect(bench.facts.map(({ kind, body }) => `${kind} ${String((body["fault"] as { code: string } | null)?.code ?? "-")}`)).toEqual([
      "vulnerabilities.ingest-failed S1_FORBIDDEN", "vulnerabilities.ingest-failed S1_UNREACHABLE", "vulnerabilities.ingest-recovered -",
    ]);
    expect(bench.facts[0]?.body).toMatchObject({ connection: CON, connector: { name: "hourly" }, rule: { name: "All Endpoints" }, run: { state: "partial" }, counts: { assets: { new: 1 } } });
    expect(await assetFigures(bench.store, EVERY_TENANT)).toMatchObject({ devices: 3 });
    expect(await ingest.classes()).toEqual(["1 open", "1 open", "2 open"]);
  });
});

describe("a continuous rule", () => {
  it("has a row of figures for every day, of what it covers", async () => {
    await ingest.connector("Lyon", { match: inSite("11") });
    await ingest.rule("Lyon", { name: "Paris", match: inSite("12") });
    await bench.due();
    await estate();
    await bench.page("agents", [laptop("9", "99")]);
    bench.now = NOW + DAY;
    await bench.page("risks", [gone("101", "1")]);
    await bench.due();
    const days = (await ingest.runs()).filter((run) => run.begun_by === "continuous");
    const inOrder = days.toSorted((a, b) => Number(a.slot) - Number(b.slot) || (a.rule_name < b.rule_name ? -1 : 1));
    expect(inOrder.map((run) => [run.rule_name, stamp(Number(run.slot)).slice(0, 10), run.state, run.counts.assets.new, run.counts.findings.new, run.counts.findings.fixed, run.counts.skipped.assets])).toEqual([
      ["All Endpoints", "2026-06-01", "done", 1, 2, 0, 1],
      ["Paris", "2026-06-01", "done", 1, 1, 0, 1],
      ["All Endpoints", "2026-06-02", "ingesting", 0, 0, 1, 0],
    ]);
  });
});
