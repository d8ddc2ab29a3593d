import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { agents } from "../sentinelone/streams/agents.ts";
import { HEALTHY } from "./fixtures.ts";
import { SWEEP_PAGE } from "./sweep.ts";
import { agent, CLEAN, CON, MINUTE, OTHER, postureBench, rule, TARGET, TEN, type PostureBench } from "./test-bench.ts";

const SICK = { infected: true, activeThreats: 1 };
const changes = async (bench: PostureBench) => (await bench.facts("posture.verdict-changed")).map(({ body }) => [body["previous"], body["outcome"], body["reason"]]);

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
});
afterEach(() => bench.close());

describe("a change of a verdict", () => {
  beforeEach(async () => {
    await bench.rules([CLEAN]);
    await bench.read({});
    await bench.due();
  });

  it("is logged and queued once, with what was expected and received", async () => {
    await bench.read(SICK);

    expect(await changes(bench)).toEqual([["pass", "fail", "conditions"]]);
    const [row] = await bench.results();
    expect(row).toMatchObject({ device_id: HEALTHY["id"], device_name: "OF-LT-0417", device_serial: "CB14-00417", email: "j.orozco@orchard.test", rule_name: "Clean", rule_version: 1, previous: "pass", outcome: "fail" });
    expect(JSON.parse(String(row?.["expected"]))).toEqual([{ input: "infected", operator: "==", value: false }]);
    expect(JSON.parse(String(row?.["received"]))).toEqual([{ input: "infected", value: true, met: false }]);
    const [fact] = await bench.facts();
    expect(fact).toMatchObject({ tenant: TEN, orderKey: `${CON}/${String(HEALTHY["id"])}`, version: row?.["id"], body: { id: row?.["id"], enforced: true } });
  });

  it("is told once although the page comes again", async () => {
    const page = [agent(SICK)];
    await bench.page(agents, page);
    await bench.page(agents, page);
    await bench.rebuild();
    await bench.due();

    expect(await changes(bench)).toEqual([["pass", "fail", "conditions"]]);
  });

  it("is told in order, every one of them, when it goes to and fro", async () => {
    for (const sick of [true, false, true]) await bench.read(sick ? SICK : {});

    expect(await changes(bench)).toEqual([["pass", "fail", "conditions"], ["fail", "pass", "conditions"], ["pass", "fail", "conditions"]]);
    const facts = await bench.facts();
    expect(new Set(facts.map((fact) => fact.version)).size).toBe(3);
  });

  it("is neither told nor lost where the page is cut off: it comes with the page", async () => {
    const page = [agent(SICK)];
    bench.failing = true;
    await bench.page(agents, page);
    bench.failing = false;
    expect(await changes(bench)).toEqual([]);

    await bench.page(agents, [agent(SICK)]);
    await bench.proven();
    expect(await changes(bench)).toEqual([["pass", "fail", "conditions"]]);
  });

  it("that could not be taken in makes the device unknown once its evidence is old, while the others stay fresh", async () => {
    await bench.read({ id: "2", serialNumber: "OTHER-2" });
    bench.failing = true;
    await bench.page(agents, [agent(SICK)]);
    bench.failing = false;
    bench.now += 11 * MINUTE;
    await bench.proven();

    expect((await bench.answer({ serial: "CB14-00417" })).verdicts).toMatchObject([{ outcome: "unknown", reason: "record-set-aside" }]);
    expect((await bench.answer({ serial: "OTHER-2" })).score).toBe(100);
    await bench.due();
    expect(await changes(bench)).toEqual([["pass", "unknown", "record-set-aside"]]);
  });

  it("is no change where what changed is nothing a rule asks for", async () => {
    await bench.read({ computerName: "OF-LT-0999" });

    expect(await bench.results()).toEqual([]);
    expect((await bench.answer({ serial: "CB14-00417" })).device?.hostname).toBe("OF-LT-0999");
  });
});

describe("a first verdict", () => {
  it("is no change: it is not sent, and logged only where it refuses", async () => {
    await bench.rules([CLEAN]);
    await bench.read({}, { id: "2", serialNumber: "BAD-2", ...SICK });
    await bench.due();

    expect(await bench.facts()).toEqual([]);
    expect((await bench.results()).map((row) => [row["device_serial"], row["previous"], row["outcome"]])).toEqual([["BAD-2", null, "fail"]]);
  });

  it("of a rule added later is none either, for any device", async () => {
    await bench.read({}, { id: "2", serialNumber: "BAD-2", ...SICK });
    await bench.rules([CLEAN]);
    await bench.due();

    expect(await bench.facts()).toEqual([]);
    await bench.read(SICK);
    expect(await changes(bench)).toEqual([["pass", "fail", "conditions"]]);
  });

  it("waits for the first reading to be complete", async () => {
    await bench.rules([CLEAN]);
    await bench.page(agents, [agent()]);

    const { score, verdicts, evidenceAt } = await bench.answer({ serial: "CB14-00417" });
    expect([score, evidenceAt]).toEqual([0, null]);
    expect(verdicts).toMatchObject([{ outcome: "unknown", reason: "never-read" }]);
    await bench.due();
    expect(await bench.results()).toEqual([]);
  });
});

describe("a rule that changes", () => {
  it("is met with every device again, and only those that flip are told", async () => {
    await bench.rules([rule("Threats", { input: "active_threats", operator: "<=", value: 3 })]);
    await bench.read(...Array.from({ length: 1_200 }, (_, index) => ({ id: String(10_000 + index), serialNumber: `SN-${String(index)}`, activeThreats: index % 100 === 0 ? 2 : 0 })));
    await bench.due();
    await bench.rules([rule("Threats", { input: "active_threats", operator: "<=", value: 1 })]);
    await bench.due();

    expect(await changes(bench)).toEqual(Array.from({ length: 12 }, () => ["pass", "fail", "conditions"]));
    expect((await bench.results()).every((row) => row["rule_version"] === 2)).toBe(true);
  });

  it("goes on where it was cut off, and tells nothing twice", async () => {
    const all = Array.from({ length: 2_100 }, (_, index) => ({ id: String(10_000 + index), serialNumber: `SN-${String(index)}`, ...SICK }));
    await bench.rules([rule("Clean", { input: "infected", operator: "==", value: true })]);
    await bench.read(...all);
    await bench.due();
    await bench.rules([CLEAN]);
    await bench.due(1);
    bench.failing = true;
    await expect(bench.due()).rejects.toThrow();
    bench.failing = false;
    expect((await bench.results()).length).toBe(SWEEP_PAGE);
    await bench.due();

    const told = await bench.results();
    expect([told.length, new Set(told.map((row) => row["device_id"])).size]).toEqual([2_100, 2_100]);
  });

  it("in shadow is logged and not sent", async () => {
    await bench.rules([{ ...(CLEAN as object), shadow: true }]);
    await bench.read({});
    await bench.due();
    await bench.read(SICK);

    expect(await bench.facts()).toEqual([]);
    expect(await bench.results()).toMatchObject([{ previous: "pass", outcome: "fail", shadow: 1 }]);
    expect((await bench.answer({ serial: "CB14-00417" })).score).toBe(100);
  });

  it("that is removed goes without a word", async () => {
    await bench.rules([CLEAN]);
    await bench.read(SICK);
    await bench.due();
    await bench.rules([]);
    await bench.due();

    expect(await bench.facts()).toEqual([]);
    const { rows } = await sql<{ verdicts: string }>`SELECT verdicts FROM posture_devices`.execute(bench.store.read);
    expect(rows).toEqual([{ verdicts: "{}" }]);
  });
});

describe("evidence that runs out", () => {
  beforeEach(async () => {
    await bench.rules([CLEAN]);
    await bench.read({}, { id: "2", serialNumber: "BAD-2", ...SICK });
    await bench.due();
  });

  it("turns verdicts unknown, the good and the bad, and is told once", async () => {
    bench.now += 11 * MINUTE;
    const { score, verdicts, evidenceAgeMs } = await bench.answer({ serial: "CB14-00417" });
    expect([score, evidenceAgeMs, verdicts[0]?.outcome, verdicts[0]?.reason]).toEqual([0, 11 * MINUTE, "unknown", "stale-evidence"]);
    await bench.due();
    bench.now += 60 * MINUTE;
    await bench.due();

    expect((await changes(bench)).map(String).toSorted()).toEqual(["fail,unknown,stale-evidence", "pass,unknown,stale-evidence"]);
  });

  it("and comes back tells what holds then", async () => {
    bench.now += 11 * MINUTE;
    await bench.due();
    await bench.proven();
    await bench.due();

    expect((await changes(bench)).slice(2).map(String).toSorted()).toEqual(["unknown,fail,conditions", "unknown,pass,conditions"]);
    expect((await bench.answer({ serial: "CB14-00417" })).score).toBe(100);
  });

  it("is not refreshed by a page of a reading that never ended, nor by an agent's heartbeat", async () => {
    bench.now += 11 * MINUTE;
    await bench.due();
    const before = (await changes(bench)).length;
    await bench.page(agents, [agent({ lastActiveDate: new Date(bench.now).toISOString() }), agent({ id: "2", serialNumber: "BAD-2" })]);
    await bench.due();

    expect((await changes(bench)).length).toBe(before);
    expect((await bench.answer({ serial: "CB14-00417" })).verdicts).toMatchObject([{ outcome: "unknown", reason: "stale-evidence" }]);
  });

  it("is as good as it was where a fleet at rest has nothing new", async () => {
    for (let poll = 0; poll < 10; poll += 1) {
      bench.now += 5 * MINUTE;
      await bench.proven();
      await bench.due();
    }

    expect(await bench.facts()).toEqual([]);
    expect((await bench.answer({ serial: "CB14-00417" })).evidenceAgeMs).toBe(0);
  });

  it("leaves the last proven verdict in force for as long as the rule says, counted from its proof", async () => {
    await bench.rules([{ ...(CLEAN as object), fail: { last_known: "30m" } }]);
    await bench.due();
    const proof = bench.now;
    for (const [minutes, good, bad] of [[11, 100, 0], [29, 100, 0], [31, 0, 0]] as const) {
      bench.now = proof + minutes * MINUTE;
      await bench.due();
      expect([minutes, (await bench.answer({ serial: "CB14-00417" })).score, (await bench.answer({ serial: "BAD-2" })).score]).toEqual([minutes, good, bad]);
    }
  });
});

describe("time alone", () => {
  it("turns a verdict that asks when the agent was last seen, and is told without a page", async () => {
    await bench.rules([rule("Seen", { input: "last_seen", operator: "within", value: "1h" }, { expiration: "24h" })]);
    await bench.read({ lastActiveDate: new Date(bench.now).toISOString() });
    await bench.due();
    bench.now += 59 * MINUTE;
    await bench.due();
    expect(await changes(bench)).toEqual([]);
    bench.now += 2 * MINUTE;
    await bench.due();
    await bench.due();

    expect(await changes(bench)).toEqual([["pass", "fail", "conditions"]]);
  });
});

describe("a device that goes", () => {
  beforeEach(async () => {
    await bench.rules([CLEAN]);
    await bench.listing({}, { id: "2", serialNumber: "OTHER-2" });
    await bench.due();
  });

  it("takes leave of who relied on it, and is nobody's answer any more", async () => {
    await bench.listing({});

    expect(await changes(bench)).toEqual([["pass", "unknown", "device-gone"]]);
    expect((await bench.answer({ serial: "OTHER-2" })).match).toEqual({ kind: "unknown", why: "no-device" });
    const { rows } = await sql`SELECT 1 FROM posture_keys WHERE id = '2'`.execute(bench.store.read);
    expect(rows).toEqual([]);
  });

  it("and comes back begins anew", async () => {
    await bench.listing({});
    await bench.read({ id: "2", serialNumber: "OTHER-2" });
    await bench.due();

    expect(await changes(bench)).toEqual([["pass", "unknown", "device-gone"]]);
    expect((await bench.answer({ serial: "OTHER-2" })).score).toBe(100);
  });

  it("to another tenant takes leave of the one, and begins anew with the other", async () => {
    const moved = { ...TARGET, siteTenants: new Map([[String(HEALTHY["siteId"]), OTHER]]) };
    await bench.reassign(moved, String(HEALTHY["siteId"]));

    const facts = await bench.facts();
    expect(facts.map(({ tenant, body }) => [tenant, body["outcome"], body["reason"]])).toEqual([[TEN, "unknown", "device-gone"], [TEN, "unknown", "device-gone"]]);
    expect((await bench.answer({ serial: "CB14-00417" }, { all: false, tenants: [TEN] })).match).toMatchObject({ kind: "unknown" });
    expect((await bench.answer({ serial: "CB14-00417" }, { all: false, tenants: [OTHER] })).score).toBe(100);
  });
});
