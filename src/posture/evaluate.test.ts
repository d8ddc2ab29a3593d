import { describe, expect, it } from "vitest";
import { CLOCK_SKEW_MS } from "./comparers.ts";
import { INPUTS } from "./inputs.ts";
import { decide, DEFAULT_EXPIRATION_MS, evaluate, nextTurn, type Moment } from "./evaluate.ts";
import { deviceOf, NOW, ruleOf, type ApiAgent } from "./fixtures.ts";
import { INPUT_IDS, type Condition, type Evaluation, type InputId, type RuleDraft } from "./model.ts";

const FRESH: Moment = { evidenceAt: NOW - 60_000, now: NOW };

function run(condition: Condition, agent: ApiAgent = {}, changes: Partial<RuleDraft> = {}, at: Moment = FRESH): Evaluation {
  return evaluate(ruleOf(condition, changes), deviceOf(agent), at);
}

const T: Condition = { input: "infected", operator: "==", value: false };
const F: Condition = { input: "infected", operator: "==", value: true };
const U: Condition = { input: "up_to_date", operator: "==", value: true };
/** Of this agent T holds, F does not, and U cannot be told. */
const AGENT: ApiAgent = { isUpToDate: null };

describe("all, any and not", () => {
  const K = (answer: boolean | null): Condition => (answer === null ? U : answer ? T : F);
  const values = [true, false, null] as const;

  it.each(values.flatMap((a) => values.map((b) => [a, b] as const)))("of %s and %s go by three values", (a, b) => {
    const every = a === false || b === false ? "fail" : a === null || b === null ? "unknown" : "pass";
    const some = a === true || b === true ? "pass" : a === null || b === null ? "unknown" : "fail";
    const flip = { pass: "fail", fail: "pass", unknown: "unknown" } as const;

    expect(run({ all: [K(a), K(b)] }, AGENT).outcome).toBe(every);
    expect(run({ any: [K(a), K(b)] }, AGENT).outcome).toBe(some);
    expect(run({ not: { all: [K(a), K(b)] } }, AGENT).outcome).toBe(flip[every]);
    expect(run({ not: { any: [K(a), K(b)] } }, AGENT).outcome).toBe(flip[some]);
    expect(run({ not: { not: { all: [K(a), K(b)] } } }, AGENT).outcome).toBe(every);
  });

  it("that hold nothing prove nothing", () => {
    expect(run({ all: [] }).outcome).toBe("unknown");
    expect(run({ not: { any: [] } }).outcome).toBe("unknown");
  });

  it("show every leaf in order, decided or not", () => {
    const { conditions } = run({ all: [F, { any: [T, U] }, { not: F }] }, AGENT);

    expect(conditions.map(({ input, negated, met }) => [input, negated, met])).toEqual([
      ["infected", false, false],
      ["infected", false, true],
      ["up_to_date", false, null],
      ["infected", true, true],
    ]);
  });
});

describe("what the user is told", () => {
  it("is the condition's own text, else the rule's, else ours, and only of what fails", () => {
    const own: Condition = { input: "infected", operator: "==", value: true, message: "Call 112." };
    const told = (condition: Condition, changes: Partial<RuleDraft> = {}): readonly (string | null)[] => run(condition, {}, changes).conditions.map(({ message }) => message);

    expect(told(own)).toEqual(["Call 112."]);
    expect(told(own, { messages: { infected: "Call IT." } })).toEqual(["Call 112."]);
    expect(told(F, { messages: { infected: "Call IT." } })).toEqual(["Call IT."]);
    expect(told(F)).toEqual([INPUTS.infected.advice]);
    expect(told(T)).toEqual([null]);
    expect(told({ not: T })).toEqual([INPUTS.infected.advice]);
  });

  it("names what SentinelOne does not say, where that is the reason", () => {
    expect(run(U, AGENT).conditions[0]?.message).toMatch(/does not say whether its agent is up to date/);
  });

  it("leaves out branches that another one makes up for", () => {
    expect(run({ any: [F, T] }).conditions.map(({ message }) => message)).toEqual([null, null]);
    expect(run({ not: { all: [T, F] } }).conditions.map(({ message }) => message)).toEqual([null, null]);
    expect(run({ all: [{ any: [F, T] }, F] }).conditions.map(({ message }) => message === null)).toEqual([true, true, false]);
  });

  it("is there for every input, in whole sentences", () => {
    for (const input of INPUT_IDS) {
      expect(INPUTS[input].advice).toMatch(/^[A-Z].{20,}\.$/);
      expect(INPUTS[input].meaning).toMatch(/^[A-Z].{15,}\.$/);
    }
  });
});

describe("a rule for some platforms", () => {
  it("does not apply to another one: neither pass nor fail", () => {
    expect(run(F, { osType: "macos" }, { match: ["windows", "linux"] })).toEqual({ outcome: "not-applicable", reason: "other-platform", conditions: [] });
    expect(run(F, { osType: "windows" }, { match: ["windows", "linux"] }).outcome).toBe("fail");
    expect(run(T, { osType: "linux" }, { match: ["linux"] }).outcome).toBe("pass");
  });

  it("is unknown for a device whose platform is not known", () => {
    expect(run(T, { osType: null }, { match: ["windows"] })).toMatchObject({ outcome: "unknown", reason: "platform-not-known" });
    expect(run(T, { osType: null }).outcome).toBe("pass");
  });
});

describe("an agent that is no more", () => {
  it.each([
    [{ isDecommissioned: true }, "decommissioned"],
    [{ isUninstalled: true }, "uninstalled"],
  ])("(%j) fails a rule that does not speak of it, and says so", (agent, input) => {
    const { outcome, conditions } = run(T, agent);

    expect(outcome).toBe("fail");
    expect(conditions).toMatchObject([{ input: "infected", met: true }, { input, operator: "==", expected: false, received: true, met: false, message: INPUTS[input as InputId].advice }]);
  });

  it("is what a rule says where it speaks of it", () => {
    expect(run({ any: [T, { input: "decommissioned", operator: "==", value: false }] }, { isDecommissioned: true }).outcome).toBe("pass");
    expect(run({ input: "uninstalled", operator: "==", value: true }, { isUninstalled: true }).outcome).toBe("pass");
  });

  it("is not assumed where the console does not say", () => {
    expect(run(T, { isDecommissioned: null, isUninstalled: null }).outcome).toBe("pass");
  });
});

describe("evidence", () => {
  const at = (ageMs: number, more: Partial<Moment> = {}): Moment => ({ evidenceAt: NOW - ageMs, now: NOW, ...more });

  it("older than the rule's expiration is none: pass and fail both become unknown, never healthy", () => {
    const rule = { expirationMs: 1_800_000 };

    for (const condition of [T, F, U]) {
      expect(run(condition, AGENT, rule, at(1_800_001))).toMatchObject({ outcome: "unknown", reason: "stale-evidence" });
      expect(run(condition, AGENT, rule, at(Number.NaN)).outcome).toBe("unknown");
      expect(run(condition, AGENT, rule, at(Infinity)).outcome).toBe("unknown");
    }
    expect(run(T, {}, rule, at(1_800_000)).outcome).toBe("pass");
    expect(run(F, {}, rule, at(1_800_000)).outcome).toBe("fail");
  });

  it("is still shown when it is stale", () => {
    expect(run(F, {}, {}, at(DEFAULT_EXPIRATION_MS + 1)).conditions).toMatchObject([{ received: false, met: false }]);
  });

  it("of a rule without expiration lasts as long as its connection's default, and never for ever", () => {
    expect(run(T, {}, {}, at(3_600_000, { defaultExpirationMs: 7_200_000 })).outcome).toBe("pass");
    expect(run(T, {}, {}, at(7_200_001, { defaultExpirationMs: 7_200_000 })).outcome).toBe("unknown");
    expect(run(T, {}, {}, at(DEFAULT_EXPIRATION_MS + 1)).outcome).toBe("unknown");
    expect(run(T, {}, { expirationMs: 60_000 }, at(60_001, { defaultExpirationMs: 7_200_000 })).outcome).toBe("unknown");
  });

  it("dated ahead of us is not fresh for years", () => {
    expect(run(T, {}, {}, at(-CLOCK_SKEW_MS)).outcome).toBe("pass");
    expect(run(T, {}, {}, at(-CLOCK_SKEW_MS - 1)).outcome).toBe("unknown");
  });

  it("age is of our reading; the agent's own heartbeat neither refreshes nor ages it", () => {
    expect(run(T, { lastActiveDate: "2026-03-02T09:00:00Z" }, {}, at(DEFAULT_EXPIRATION_MS + 1)).outcome).toBe("unknown");
    expect(run(T, { lastActiveDate: "2020-01-01T00:00:00Z" }, {}, at(0)).outcome).toBe("pass");
  });
});

describe("time alone", () => {
  it("turns a verdict at the moment that is named, and not before", () => {
    const cases: readonly (readonly [Condition, ApiAgent, Moment])[] = [
      [T, {}, FRESH],
      [{ input: "last_seen", operator: "within", value: "1h" }, { lastActiveDate: "2026-03-02T08:03:00Z" }, { ...FRESH, defaultExpirationMs: 86_400_000 }],
      [{ not: { input: "last_seen", operator: "within", value: "1h" } }, { lastActiveDate: "2026-03-02T08:03:00Z" }, { ...FRESH, defaultExpirationMs: 86_400_000 }],
      [{ input: "last_seen", operator: "within", value: "1h" }, { lastActiveDate: "2026-03-02T09:30:00Z" }, { ...FRESH, defaultExpirationMs: 86_400_000 }],
      [T, {}, { evidenceAt: NOW + 2 * CLOCK_SKEW_MS, now: NOW }],
    ];
    for (const [condition, agent, moment] of cases) {
      const turn = nextTurn(ruleOf(condition), deviceOf(agent), moment);
      if (turn === null) throw new Error("nothing turns");
      const outcomeAt = (now: number): string => run(condition, agent, {}, { ...moment, now }).outcome;
      expect(turn).toBeGreaterThan(NOW);
      expect(outcomeAt(turn - 1)).toBe(outcomeAt(NOW));
      expect(outcomeAt(turn)).not.toBe(outcomeAt(NOW));
    }
  });

  it("turns nothing any more once the evidence is stale and all limits have passed", () => {
    expect(nextTurn(ruleOf({ input: "last_seen", operator: "within", value: "1m" }), deviceOf(), { evidenceAt: 0, now: NOW })).toBeNull();
  });
});

describe("while nothing can be said", () => {
  const closed = ruleOf(T);
  const open = ruleOf(T, { failMode: { kind: "open" } });
  const last = ruleOf(T, { failMode: { kind: "last-known", forMs: 1_800_000 } });

  it("the rule's fail mode decides, and only then", () => {
    expect(decide(closed, "unknown", null, NOW)).toEqual({ allow: false, because: "fail-closed" });
    expect(decide(open, "unknown", null, NOW)).toEqual({ allow: true, because: "fail-open" });
    for (const rule of [closed, open, last]) {
      expect(decide(rule, "fail", { outcome: "pass", at: NOW }, NOW)).toEqual({ allow: false, because: "verdict" });
      expect(decide(rule, "pass", null, NOW)).toEqual({ allow: true, because: "verdict" });
      expect(decide(rule, "not-applicable", null, NOW)).toEqual({ allow: true, because: "not-applicable" });
    }
  });

  it("the last proven verdict holds for so long and then no more", () => {
    expect(decide(last, "unknown", { outcome: "pass", at: NOW - 1_800_000 }, NOW)).toEqual({ allow: true, because: "last-known" });
    expect(decide(last, "unknown", { outcome: "fail", at: NOW - 1 }, NOW)).toEqual({ allow: false, because: "last-known" });
    expect(decide(last, "unknown", { outcome: "pass", at: NOW - 1_800_001 }, NOW)).toEqual({ allow: false, because: "fail-closed" });
    expect(decide(last, "unknown", null, NOW)).toEqual({ allow: false, because: "fail-closed" });
  });
});

describe("speed", () => {
  it("a simple rule is met with well over twenty thousand devices a second even on a busy machine", () => {
    const rule = ruleOf({ all: [T, { input: "network_status", operator: "==", value: "connected" }] });
    const device = deviceOf();
    const started = performance.now();
    for (let round = 0; round < 20_000; round += 1) evaluate(rule, device, FRESH);

    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
