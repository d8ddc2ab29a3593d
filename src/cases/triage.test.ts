import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { isLike, readCondition } from "./triage-conditions.ts";
import type { RecordedCase } from "./triage-model.ts";
import { parseTestCases, testRules, writeRecorded } from "./triage-recorded.ts";
import { effectiveRules, parseRuleDrafts, SHIPPED, writeDraft, type Stored } from "./triage-rules.ts";
import { triage, verdictFor } from "./triage-score.ts";

const stored = (rules: unknown): readonly Stored[] => parseRuleDrafts(rules).map((draft) => ({ draft, by: "mara", at: 1 }));
const ofAlert = (facts: RecordedCase["alerts"][number]["facts"], more: Partial<RecordedCase> = {}): RecordedCase => ({ numbers: {}, texts: {}, alerts: [{ id: "a1", facts }], ...more });

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

describe("the shipped rules", () => {
  const recorded = parseTestCases(JSON.parse(readFileSync(new URL("./triage-cases.json", import.meta.url), "utf8")));

  it.each(testRules(recorded, SHIPPED).items)("make of a recorded case what a person would: $name", ({ failures }) => {
    expect(failures).toEqual([]);
  });

  it("each speak in at least one recorded case, but for those that are off", () => {
    const heard = new Set(testRules(recorded, SHIPPED).items.flatMap(({ triage: { hits } }) => hits.map(({ rule }) => rule)));
    expect(SHIPPED.filter(({ id, enabled }) => enabled && !heard.has(id)).map(({ id }) => id)).toEqual([]);
  });

  it("are listed in the document with the weights that they have", () => {
    const rows = readFileSync(new URL("../../docs/triage.md", import.meta.url), "utf8").split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    const told = new Map(rows.map(([id, weight]) => [id, weight]));
    for (const { id, weight, enabled } of SHIPPED) expect(told.get(`\`${id}\``), id).toBe(`${weight > 0 ? "+" : ""}${String(weight)}${enabled ? "" : " (off)"}`);
  });
});

describe("a result", () => {
  it("names every rule with its weight, its evidence and the alert that it comes from", () => {
    const result = triage(ofAlert({ confidence: ["malicious"], mitigation: ["not_mitigated"] }), SHIPPED);
    expect(result).toMatchObject({ score: 83, verdict: "true-positive", evidence: 40, urgency: 25 });
    expect(result.hits.map(({ rule, weight, evidence }) => [rule, weight, evidence[0]])).toEqual([
      ["confidence-malicious", 40, { fact: "confidence", value: "malicious", alert: "a1", alerts: 1 }],
      ["not-stopped", 25, { fact: "confidence", value: "malicious", alert: "a1", alerts: 1 }],
    ]);
  });

  it("suggests by evidence alone: what was stopped is less urgent and no less malicious", () => {
    const result = triage(ofAlert({ confidence: ["malicious"], mitigation: ["mitigated"] }), SHIPPED);
    expect(result).toMatchObject({ score: 58, verdict: "true-positive" });
  });

  it("says what would make it another, first what people can say themselves", () => {
    const { verdict, changes } = triage(ofAlert({ confidence: ["suspicious"] }), SHIPPED);
    expect(verdict).toBe("suspicious");
    expect(changes[0]).toMatchObject({ how: "without", rule: "confidence-suspicious", verdict: "undefined", score: 50 });
    expect(changes.slice(1).map(({ how, rule, verdict: then }) => `${how} ${rule}: ${then}`)).toEqual(expect.arrayContaining(["with listed-malicious: true-positive", "with known-benign: false-positive", "with earlier-false-positive: false-positive"]));
    expect(changes.length).toBeLessThanOrEqual(10);
  });

  it("says so where the evidence points both ways, and where there is nothing to look at", () => {
    const both = triage(ofAlert({ confidence: ["malicious"] }, { texts: { knowledge: [{ value: "benign", because: "ours" }] } }), SHIPPED);
    expect(both).toMatchObject({ verdict: "false-positive", remarks: ["The evidence points both ways: confidence-malicious against known-benign."] });
    expect(triage({ numbers: {}, texts: {}, alerts: [] }, SHIPPED)).toMatchObject({ score: 50, verdict: "undefined", hits: [], remarks: [expect.stringContaining("None of its alerts")] });
  });

  it("does not depend on the order of alerts or rules, and stays between 0 and 100", () => {
    const alert = fc.record({ confidence: fc.constantFrom("malicious", "suspicious"), mitigation: fc.constantFrom("mitigated", "not_mitigated", "marked_as_benign"), signature: fc.constantFrom("verified", "unsigned") });
    fc.assert(
      fc.property(fc.array(alert, { maxLength: 6 }), fc.array(fc.integer(), { minLength: 60, maxLength: 60 }), (alerts, keys) => {
        const record = (list: typeof alerts): RecordedCase => ({ numbers: { devices: list.length }, texts: {}, alerts: list.map(({ confidence, mitigation, signature }) => ({ id: "a", facts: { confidence: [confidence], mitigation: [mitigation], signature: [signature] } })) });
        const shuffled = SHIPPED.map((rule, place) => ({ rule, key: keys[place] ?? 0 })).toSorted((left, right) => left.key - right.key).map(({ rule }) => rule);
        const [one, other] = [triage(record(alerts), SHIPPED), triage(record(alerts.toReversed()), shuffled)];
        expect([other.score, other.verdict, other.evidence]).toEqual([one.score, one.verdict, one.evidence]);
        expect(other.hits.map(({ rule }) => rule)).toEqual(one.hits.map(({ rule }) => rule));
        expect(one.score).toBeGreaterThanOrEqual(0);
        expect(one.score).toBeLessThanOrEqual(100);
        expect(one.verdict).toBe(verdictFor(one.evidence));
      }),
      { numRuns: 60 },
    );
  });

  it("asks `every` of all alerts and of none never", () => {
    const [rule] = parseRuleDrafts([{ id: "r", title: "t", weight: 1, of: "every", when: { fact: "signature", is: "verified" } }]);
    const rules = rule?.kind === "rule" ? [rule.rule] : [];
    const hits = (...signatures: readonly string[]) => triage({ numbers: {}, texts: {}, alerts: signatures.map((signature, place) => ({ id: String(place), facts: { signature: [signature] } })) }, rules).hits.length;
    expect([hits("verified", "verified"), hits("verified", "unsigned"), hits()]).toEqual([1, 0, 0]);
  });

  it("counts the alerts behind a piece of evidence and shows no more than a few pieces", () => {
    const alerts = Array.from({ length: 8 }, (_, place) => ({ id: `a${String(place)}`, facts: { confidence: ["malicious"], hash: [`h${String(place)}`] } }));
    const [rule] = parseRuleDrafts([{ id: "r", title: "t", weight: 1, when: { any: [{ fact: "confidence", is: "malicious" }, { fact: "hash", has: "h" }] } }]);
    const [hit] = triage({ numbers: {}, texts: {}, alerts }, rule?.kind === "rule" ? [rule.rule] : []).hits;
    expect(hit?.evidence[0]).toEqual({ fact: "confidence", value: "malicious", alert: "a0", alerts: 8 });
    expect([hit?.evidence.length, hit?.evidenceLeft]).toEqual([5, 4]);
  });
});

describe("what a rule asks", () => {
  const asks = (when: unknown, record: RecordedCase): boolean => {
    const [draft] = parseRuleDrafts([{ id: "r", title: "t", weight: 1, when }]);
    return draft?.kind === "rule" && triage(record, [draft.rule]).hits.length === 1;
  };

  it.each<[unknown, boolean]>([
    [{ fact: "path", is: "C:\\USERS\\PUBLIC\\a.exe" }, true],
    [{ fact: "path", has: "public\\" }, true],
    [{ fact: "path", like: "*\\a.?xe" }, true],
    [{ fact: "path", like: "a.exe" }, false],
    [{ fact: "user", known: false }, true],
    [{ fact: "user", known: true }, false],
    [{ not: { fact: "user", is: "root" } }, true],
    [{ all: [{ fact: "path", has: "public" }, { fact: "devices", atLeast: 3 }] }, true],
    [{ all: [{ fact: "path", has: "public" }, { fact: "devices", atMost: 2 }] }, false],
    [{ any: [{ fact: "user", is: "root" }, { fact: "earlier-verdict", is: ["true-positive", "false-positive"] }] }, true],
    [{ fact: "alerts", atLeast: 0 }, false],
  ])("%j", (when, expected) => {
    expect(asks(when, { numbers: { devices: 3 }, texts: { "earlier-verdict": [{ value: "false-positive", because: null }] }, alerts: [{ id: "a", facts: { path: ["c:\\users\\public\\a.exe"] } }] })).toBe(expected);
  });

  it("asks all of one alert, not one thing of one and another of another", () => {
    const when = { all: [{ fact: "confidence", is: "malicious" }, { fact: "mitigation", is: "not_mitigated" }] };
    const alerts = [{ id: "a", facts: { confidence: ["malicious"], mitigation: ["mitigated"] } }, { id: "b", facts: { confidence: ["suspicious"], mitigation: ["not_mitigated"] } }];
    expect(asks(when, { numbers: {}, texts: {}, alerts })).toBe(false);
  });

  it("finds what a pattern says, and is done in time whatever the pattern", () => {
    expect([isLike("abc", "a*c"), isLike("abc", "*"), isLike("", "*"), isLike("abc", "a?c"), isLike("abc", "ab"), isLike("a.c", "abc")]).toEqual([true, true, true, true, false, false]);
    const began = performance.now();
    expect(isLike("a".repeat(2000), `${"*a".repeat(249)}*b`)).toBe(false);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it.each<[unknown, string]>([
    [{ fact: "colour", is: "red" }, "$.fact: one of"],
    [{ fact: "path" }, "one test is expected"],
    [{ fact: "path", is: "a", has: "b" }, "one test is expected"],
    [{ fact: "path", matches: "a" }, "unknown key"],
    [{ fact: "path", is: "" }, "a text, or a list of them"],
    [{ fact: "path", atLeast: 1 }, "path is a text"],
    [{ fact: "devices", is: "3" }, "devices is a number"],
    [{ fact: "devices", atLeast: "3" }, "a whole number"],
    [{ all: [] }, "an empty list asks nothing"],
    [{ all: [{ fact: "path", is: "a" }], any: [] }, "unknown key"],
    [[1], "a condition"],
    [{ fact: "path", is: "a\0" }, "cannot be stored"],
  ])("refuses %j and says where", (when, message) => {
    expect(refused(() => readCondition({ path: "$", value: when }))).toContain(message);
  });

  it("refuses conditions that are too deep or too many", () => {
    const deep = Array.from({ length: 10 }).reduce<unknown>((inner) => ({ not: inner }), { fact: "path", is: "a" });
    expect(refused(() => readCondition({ path: "$", value: deep }))).toContain("in each other");
    expect(refused(() => readCondition({ path: "$", value: { any: [{ all: Array.from({ length: 60 }, () => ({ fact: "path", is: "a" })) }, { all: Array.from({ length: 60 }, () => ({ fact: "path", is: "a" })) }] } }))).toContain("more than 100 tests");
  });
});

describe("rules and settings", () => {
  it.each<[unknown, string]>([
    [{}, "A list of rules"],
    [[{ id: "Not An Id", enabled: true }], "$[0].id"],
    [[{ id: "a" }], "neither asks anything"],
    [[{ id: "a", enabled: true }, { id: "a", weight: 1 }], "there twice"],
    [[{ id: "a", title: "t", weight: 101, when: { fact: "path", is: "a" } }], "$[0].weight"],
    [[{ id: "a", title: "t", weight: 1.5, when: { fact: "path", is: "a" } }], "$[0].weight"],
    [[{ id: "a", title: "t", enabled: true }], "it has title and no when"],
    [[{ id: "a", title: " ", weight: 1, when: { fact: "path", is: "a" } }], "$[0].title"],
    [[{ id: "a", title: "t", weight: 1, bears: "colour", when: { fact: "path", is: "a" } }], "$[0].bears"],
  ])("refuses %j and says where", (rules, message) => {
    expect(refused(() => parseRuleDrafts(rules))).toContain(message);
  });

  it("hold in layers: shipped, set for all, set for the tenant", () => {
    const all = stored([{ id: "path-writable", weight: 20 }, { id: "ours", title: "ours", weight: 5, when: { fact: "path", has: "ours" } }, { id: "long-gone", enabled: true }]);
    const effective = effectiveRules(all, stored([{ id: "path-writable", enabled: false }, { id: "ours", weight: -5 }]));
    const of = (id: string) => effective.find(({ rule }) => rule.id === id);
    expect(of("path-writable")).toMatchObject({ from: "shipped", changed: { for: "tenant" }, rule: { weight: 20, enabled: false } });
    expect(of("ours")).toMatchObject({ from: "all", changed: { for: "tenant" }, rule: { weight: -5, enabled: true } });
    expect(of("long-gone")).toBeUndefined();
    expect(of("outbreak")).toMatchObject({ from: "shipped", changed: null });
  });

  it("are written as they are read", () => {
    const drafts = parseRuleDrafts([{ id: "a", title: "t", weight: -3, bears: "urgency", of: "every", enabled: false, when: { not: { fact: "path", has: ["x", "y"] } } }, { id: "b", weight: 2 }, { id: "c", enabled: true }]);
    expect(parseRuleDrafts(drafts.map(writeDraft))).toEqual(drafts);
  });
});

describe("recorded cases", () => {
  it("are written as they are read", () => {
    const record: RecordedCase = { numbers: { devices: 2, alerts: 1 }, texts: { type: [{ value: "malware", because: null }], knowledge: [{ value: "benign", because: "path x: ours" }] }, alerts: [{ id: "t1", facts: { confidence: ["malicious"], hash: ["a", "b"] } }] };
    expect(parseTestCases(JSON.parse(JSON.stringify([writeRecorded("one", record)])))).toEqual([{ name: "one", record, expect: { verdict: null, score: null, speak: [], silent: [] } }]);
  });

  it("say of each expectation that was not met what came instead", () => {
    const cases = parseTestCases([{ name: "one", alerts: [{ confidence: "malicious" }], expect: { verdict: "false-positive", score: [0, 10], speak: ["outbreak", "no-such-rule"], silent: "confidence-malicious" } }]);
    expect(testRules(cases, SHIPPED)).toMatchObject({
      passed: 0, failed: 1, items: [{ failures: ["suggests true-positive, not false-positive", "scores 70, not 0 to 10", "outbreak does not speak", "there is no rule no-such-rule", "confidence-malicious speaks"] }],
    });
  });

  it.each<[unknown, string]>([
    [{}, "A list of recorded cases"],
    [[{ nam: "x" }], "unknown key"],
    [[{ case: { devices: -1 } }], "$[0].case.devices"],
    [[{ alerts: [{ colour: "red" }] }], "unknown key"],
    [[{ alerts: [{ confidence: 5 }] }], "$[0].alerts[0].confidence"],
    [[{ expect: { verdict: "maybe" } }], "$[0].expect.verdict"],
    [[{ expect: { score: [3] } }], "a score"],
    [[{ expect: { score: [9, 3] } }], "the least is more than the most"],
  ])("%j are refused, with the place", (cases, message) => {
    expect(refused(() => parseTestCases(cases))).toContain(message);
  });
});
