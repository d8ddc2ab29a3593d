import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { answerDevices } from "./answer.ts";
import { addException, endException, listExceptions } from "./exceptions.ts";
import { HEALTHY } from "./fixtures.ts";
import { decideSerial, forgetSerialDecision } from "./serial-decisions.ts";
import { duplicateSerials, unnumberedDevices } from "./serial-report.ts";
import { CLEAN, CON, MINUTE, OTHER, postureBench, rule, TARGET, TEN, type PostureBench } from "./test-bench.ts";

const SICK = { infected: true, activeThreats: 1 };
const ID = String(HEALTHY["id"]);
const FOLDER = { input: "disk_encrypted", operator: "==", value: true } as const;

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
});
afterEach(() => bench.close());

describe("an answer", () => {
  it("names the rule and its version, what was expected and received, the age of the evidence and the agent's own last word", async () => {
    await bench.rules([CLEAN]);
    await bench.read(SICK);
    await bench.due();
    bench.now += 2 * MINUTE;

    const answer = await bench.answer({ serial: " cb14-00417 " });
    expect(answer).toMatchObject({ ref: "q", score: 0, evidenceAgeMs: 2 * MINUTE, lastActive: HEALTHY["lastActiveDate"], match: { kind: "matched", by: ["serial"], confidence: "high" } });
    expect(answer.verdicts).toMatchObject([{ rule: { name: "Clean", version: 1 }, outcome: "fail", enforced: true, reason: "conditions", since: bench.now - 2 * MINUTE, conditions: [{ input: "infected", expected: false, received: true, met: false }] }]);
    expect(answer.verdicts[0]?.message).toContain("threat");
  });

  it("comes for every question, in order, also for a thousand with blanks, doubles and strangers", async () => {
    await bench.rules([CLEAN]);
    await bench.read({}, { id: "2", serialNumber: "BAD-2", ...SICK });
    const questions = Array.from({ length: 1_000 }, (_, index) => ({ ref: `d${String(index)}`, identifiers: { serial: ["CB14-00417", "BAD-2", "", null, "none", "nobody"][index % 6] ?? null, mac: "" } }));

    const answers = await answerDevices(bench.store.read, bench.store.kind, EVERY_TENANT, questions, bench.now);
    expect(answers.map((answer) => answer.ref)).toEqual(questions.map((question) => question.ref));
    expect(answers.slice(0, 6).map((answer) => [answer.score, answer.device?.id ?? "", answer.verdicts[0]?.reason])).toEqual([
      [100, ID, "conditions"], [0, "2", "conditions"], [0, "", "no-identifier"], [0, "", "no-identifier"], [0, "", "placeholder-serial"], [0, "", "no-device"],
    ]);
  });

  it("asks a bounded number of queries, however many questions there are", async () => {
    await bench.rules([CLEAN]);
    await bench.read({});
    let queries = 0;
    const counted = bench.store.read.withPlugin({ transformQuery: ({ node }) => ((queries += 1), node), transformResult: async ({ result }) => result });
    const ask = async (number: number) => {
      queries = 0;
      await answerDevices(counted, bench.store.kind, EVERY_TENANT, Array.from({ length: number }, (_, index) => ({ ref: String(index), identifiers: { serial: `CB14-0${String(index)}` } })), bench.now);
      return queries;
    };

    expect(await ask(1_000)).toBe(await ask(1));
  });

  it("passes nobody where there is no rule", async () => {
    await bench.read({});

    expect(await bench.answer({ serial: "CB14-00417" })).toMatchObject({ score: 0, verdicts: [], device: { id: ID } });
  });

  it("by the agent's id needs no other identifier", async () => {
    await bench.rules([CLEAN]);
    await bench.read({ serialNumber: "none" });

    expect((await bench.answer({ agentId: ID, serial: "other" })).score).toBe(100);
  });
});

describe("the score", () => {
  it.each([
    ["100 where all pass", [CLEAN, rule("Disk", FOLDER)], {}, 100],
    ["60 where only warnings fail", [CLEAN, rule("Disk", FOLDER, { warn_only: true })], { encryptedApplications: false }, 60],
    ["0 where one refuses beside a warning", [CLEAN, rule("Disk", FOLDER, { warn_only: true })], { encryptedApplications: false, ...SICK }, 0],
    ["0 where the console did not say", [rule("Disk", FOLDER)], { encryptedApplications: undefined }, 0],
    ["100 where the rule is for another platform", [rule("Disk", FOLDER, { match: ["mac"] })], { encryptedApplications: false }, 100],
    ["100 where what fails is in shadow", [CLEAN, rule("Disk", FOLDER, { shadow: true })], { encryptedApplications: false }, 100],
    ["100 where the rule fails open and the console did not say", [rule("Disk", FOLDER, { fail: "open" })], { encryptedApplications: undefined }, 100],
  ] as const)("is %s", async (_name, rules, changes, score) => {
    await bench.rules(rules);
    await bench.read(changes);

    expect((await bench.answer({ serial: "CB14-00417" })).score).toBe(score);
  });

  it("is 0 where evidence is stale, for warnings too", async () => {
    await bench.rules([rule("Disk", FOLDER, { warn_only: true })]);
    await bench.read({ encryptedApplications: false });
    bench.now += 11 * MINUTE;

    expect((await bench.answer({ serial: "CB14-00417" })).score).toBe(0);
  });

  it("of a device nobody knows is 0 unless every enforced rule fails open", async () => {
    await bench.read({});
    for (const [rules, score] of [[[rule("A", FOLDER, { fail: "open" })], 100], [[rule("A", FOLDER, { fail: "open" }), CLEAN], 0], [[rule("A", FOLDER, { shadow: true })], 0], [[rule("A", FOLDER, { warn_only: true })], 0]] as const) {
      await bench.rules(rules);
      expect((await bench.answer({ serial: "STRANGER" })).score).toBe(score);
    }
  });
});

describe("matching", () => {
  it("takes the live one of a device that was installed again", async () => {
    await bench.rules([CLEAN]);
    await bench.read({ isDecommissioned: true, lastActiveDate: "2026-03-02T08:59:00.000000Z" }, { id: "2", lastActiveDate: "2026-03-01T08:00:00.000000Z" });

    expect((await bench.answer({ serial: "CB14-00417" })).device?.id).toBe("2");
  });

  it("is ambiguous between two live ones until somebody decides, and the decision holds until it is taken back", async () => {
    await bench.rules([CLEAN]);
    await bench.read({}, { id: "2" });
    expect(await bench.answer({ serial: "CB14-00417" })).toMatchObject({ score: 0, match: { kind: "ambiguous" }, verdicts: [{ outcome: "unknown", reason: "ambiguous-device" }] });
    expect(await duplicateSerials(bench.store.read, bench.store.kind, EVERY_TENANT, bench.now)).toMatchObject([{ serialKey: "CB14-00417", count: 2, outcome: "ambiguous", chosen: null }]);

    await bench.store.tx((tx) => decideSerial(tx, EVERY_TENANT, { decision: "prefer", serial: "cb14-00417", device: { connection: CON, agentId: "2" }, reason: "the other is a clone" }, "ada", bench.now));
    expect((await bench.answer({ serial: "CB14-00417" })).device?.id).toBe("2");
    expect(await duplicateSerials(bench.store.read, bench.store.kind, EVERY_TENANT, bench.now)).toMatchObject([{ outcome: "preferred", chosen: { agentId: "2" }, decisions: [{ reason: "the other is a clone", decidedBy: "ada" }] }]);
    await bench.read({}, { id: "2" });
    expect((await bench.answer({ serial: "CB14-00417" })).device?.id).toBe("2");
    await bench.store.tx((tx) => forgetSerialDecision(tx, EVERY_TENANT, TEN, { serial: "CB14-00417" }));
    expect((await bench.answer({ serial: "CB14-00417" })).match.kind).toBe("ambiguous");
  });

  it("of a number that hundreds share stays ambiguous and brings only a few of them", async () => {
    await bench.rules([CLEAN]);
    await bench.read(...Array.from({ length: 300 }, (_, index) => ({ id: String(100 + index), serialNumber: "CLONE-1" })));

    const { match } = await bench.answer({ serial: "CLONE-1" });
    expect(match.kind === "ambiguous" ? match.devices.length : match).toBe(8);
  });

  it("by weaker identifiers counts for the rules that allow them and is unknown to the others", async () => {
    await bench.rules([CLEAN, rule("Disk", FOLDER, { match_by: ["serial", "mac", "hostname", "email"] })]);
    await bench.read({ serialNumber: "none" });

    for (const identifiers of [{ mac: "02-11-22-33-44-55" }, { hostname: "of-lt-0417.orchard.test" }, { email: "J.Orozco@orchard.test" }]) {
      const answer = await bench.answer(identifiers);
      expect(answer).toMatchObject({ device: { id: ID }, score: 0, verdicts: [{ rule: { name: "Clean" }, outcome: "unknown", reason: "no-identifier" }, { rule: { name: "Disk" }, outcome: "pass" }] });
    }
  });

  it("follows an address to the device that has it now", async () => {
    await bench.rules([rule("Disk", FOLDER, { match_by: ["mac"] })]);
    await bench.read({});
    await bench.read({ networkInterfaces: [{ physical: "02:11:22:33:44:66" }] });

    expect((await bench.answer({ mac: "02:11:22:33:44:55" })).match.kind).toBe("unknown");
    expect((await bench.answer({ mac: "02:11:22:33:44:66" })).device?.id).toBe(ID);
  });

  it("lists numbers that are missing or placeholders, and keeps what was decided of them", async () => {
    await bench.read({ serialNumber: "To be filled by O.E.M." }, { id: "2", serialNumber: undefined }, { id: "3", serialNumber: "REAL-3" });
    await bench.store.tx((tx) => decideSerial(tx, EVERY_TENANT, { decision: "accepted", device: { connection: CON, agentId: "2" }, reason: "a lab board" }, "ada", bench.now));

    const listed = await unnumberedDevices(bench.store.read, bench.store.kind, EVERY_TENANT);
    expect(listed.map((device) => [device.agentId, device.why, device.decision?.reason ?? null])).toEqual([["2", "missing", "a lab board"], [ID, "placeholder", null]]);
    const [first] = await unnumberedDevices(bench.store.read, bench.store.kind, EVERY_TENANT, { limit: 1 });
    expect(await unnumberedDevices(bench.store.read, bench.store.kind, EVERY_TENANT, { after: { connection: CON, agentId: first?.agentId ?? "" } })).toHaveLength(1);
  });
});

describe("tenants", () => {
  it("see neither devices nor rules of each other", async () => {
    await bench.rules([CLEAN], TEN);
    await bench.rules([rule("Disk", FOLDER)], OTHER);
    await bench.page(agents, [{ ...HEALTHY, id: "2", siteId: "other", encryptedApplications: false }], { target: { ...TARGET, siteTenants: new Map([["other", OTHER]]) } });
    await bench.read({});

    const ofTen = await bench.answer({ serial: "CB14-00417" }, { all: false, tenants: [TEN] });
    const ofOther = await bench.answer({ serial: "CB14-00417" }, { all: false, tenants: [OTHER] });
    expect([ofTen.device?.id, ofTen.score, ofTen.verdicts.map((verdict) => verdict.rule.name)]).toEqual([ID, 100, ["Clean"]]);
    expect([ofOther.device?.id, ofOther.score, ofOther.verdicts.map((verdict) => verdict.rule.name)]).toEqual(["2", 0, ["Disk"]]);
    expect((await bench.answer({ serial: "CB14-00417" }, { all: false, tenants: [] })).verdicts).toEqual([]);
    expect((await bench.answer({ agentId: "2" }, { all: false, tenants: [TEN] })).device).toBeNull();
  });
});

describe("an exception", () => {
  const draft = { connection: CON, agentId: ID, rule: "Clean", owner: "ada@orchard.test", reason: "waits for a spare part" };

  beforeEach(async () => {
    await bench.rules([CLEAN]);
    await bench.read(SICK);
    await bench.due();
  });

  it("lets the device off until its end, while the verdict stays what it is; its end is told once", async () => {
    const { id } = await bench.store.tx((tx) => addException(tx, EVERY_TENANT, { ...draft, endsAt: bench.now + 5 * MINUTE }, "key_1", bench.now));
    expect(await bench.answer({ serial: "CB14-00417" })).toMatchObject({ score: 100, verdicts: [{ outcome: "fail", enforced: false, exception: { id, owner: "ada@orchard.test" } }] });

    bench.now += 5 * MINUTE;
    expect((await bench.answer({ serial: "CB14-00417" })).score).toBe(0);
    await bench.due();
    await bench.due();
    expect((await bench.facts("posture.exception-ended")).map((fact) => fact.key)).toEqual([id]);
    expect(await listExceptions(bench.store.read, EVERY_TENANT)).toEqual([]);
    expect(await listExceptions(bench.store.read, EVERY_TENANT, { ended: true })).toMatchObject([{ id, endedBy: "time" }]);
  });

  it("can be ended before", async () => {
    const { id } = await bench.store.tx((tx) => addException(tx, EVERY_TENANT, { ...draft, endsAt: bench.now + 5 * MINUTE }, "key_1", bench.now));
    await bench.store.tx((tx) => endException(tx, EVERY_TENANT, id, "key_2", bench.now));

    expect((await bench.answer({ serial: "CB14-00417" })).score).toBe(0);
  });

  it.each([
    ["an end that lies behind", { endsAt: 0 }, "CONFIG_INVALID"],
    ["more than a year", { endsAt: Number.MAX_SAFE_INTEGER }, "CONFIG_INVALID"],
    ["no reason", { reason: "  " }, "CONFIG_INVALID"],
    ["no owner", { owner: "" }, "CONFIG_INVALID"],
    ["a device that is not there", { agentId: "nobody" }, "NOT_FOUND"],
    ["a rule that is not there", { rule: "No such" }, "NOT_FOUND"],
  ])("is refused with %s", async (_name, change, code) => {
    await expect(bench.store.tx((tx) => addException(tx, EVERY_TENANT, { ...draft, endsAt: bench.now + MINUTE, ...change }, "key_1", bench.now))).rejects.toMatchObject({ code });
  });

  it("is not to be had for another tenant's device", async () => {
    await expect(bench.store.tx((tx) => addException(tx, { all: false, tenants: [OTHER] }, { ...draft, endsAt: bench.now + MINUTE }, "key_1", bench.now))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
