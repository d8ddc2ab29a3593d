import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { writeDuration } from "../kernel/durations.ts";
import { INPUTS } from "./inputs.ts";
import { COMPARISONS, IDENTIFIERS, INPUT_IDS, PLATFORMS, SEVERITIES, type Condition, type Leaf, type RuleDraft } from "./model.ts";
import { parseRules, writeRule } from "./rule-form.ts";

/** As Cloudflare's API answers it. */
const CLOUDFLARE = {
  id: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415",
  name: "No threats",
  type: "sentinelone_s2s",
  description: "Laptops",
  schedule: "5m",
  expiration: "30m",
  match: [{ platform: "mac" }, { platform: "windows" }],
  input: { connection_id: "bc7cbfbb-600a-42e4-8a23-45b5e85f804f", active_threats: 0, operator: "<=", infected: false, is_active: true, network_status: "connected", operational_state: "na" },
};

const OWN = { name: "Ours", condition: { input: "infected", value: false } };

const withInput = (input: Readonly<Record<string, unknown>>): unknown => ({ ...CLOUDFLARE, input: { connection_id: "c", ...input } });
const withCondition = (condition: unknown): unknown => ({ ...OWN, condition });

function only(rule: unknown): RuleDraft {
  const [draft, ...more] = parseRules([rule]);
  if (draft === undefined || more.length > 0) throw new Error("not one rule");
  return draft;
}

function refusal(json: unknown): Fault {
  try {
    parseRules(json);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error(`was taken: ${JSON.stringify(json)}`);
}

function nested(depth: number): unknown {
  let condition: unknown = OWN.condition;
  for (let level = 0; level < depth; level += 1) condition = { not: condition };
  return condition;
}

describe("a rule of Cloudflare's", () => {
  it("is carried over attribute by attribute, all required together", () => {
    expect(only(CLOUDFLARE)).toEqual({
      id: null,
      name: "No threats",
      description: "Laptops",
      shadow: false,
      match: ["windows", "mac"],
      expirationMs: 1_800_000,
      failMode: { kind: "closed" },
      warnOnly: false,
      matchBy: ["serial"],
      condition: {
        all: [
          { input: "infected", operator: "==", value: false },
          { input: "active_threats", operator: "<=", value: 0 },
          { input: "is_active", operator: "==", value: true },
          { input: "network_status", operator: "==", value: "connected" },
          { input: "operational_state", operator: "==", value: "na" },
        ],
      },
      messages: {},
      source: { id: CLOUDFLARE.id, accountId: null, connectionId: CLOUDFLARE.input.connection_id, schedule: "5m" },
    });
  });

  it("needs no connection of Cloudflare's: written by hand it has none", () => {
    const rule = only({ ...CLOUDFLARE, input: { infected: false } });

    expect(rule.source?.connectionId).toBeNull();
    expect(parseRules([writeRule(rule)])).toEqual([rule]);
  });

  it("with one attribute is that one condition", () => {
    expect(only(withInput({ infected: true })).condition).toEqual({ input: "infected", operator: "==", value: true });
  });

  it.each(COMPARISONS)("takes the operator %s of active_threats", (operator) => {
    expect(only(withInput({ active_threats: 3, operator })).condition).toEqual({ input: "active_threats", operator, value: 3 });
  });

  it.each([
    ["network_status", ["connected", "disconnected", "disconnecting", "connecting"]],
    ["operational_state", ["na", "partially_disabled", "auto_fully_disabled", "fully_disabled", "auto_partially_disabled", "disabled_error", "db_corruption"]],
  ])("takes every word of %s and no other", (input, words) => {
    for (const word of words) expect(only(withInput({ [input]: word })).condition).toEqual({ input, operator: "==", value: word });
    for (const word of ["", "Connected", "NA", "isolated", null, true, 0, ["na"]]) {
      if (word !== null) expect(refusal([withInput({ infected: false, [input]: word })]).message).toContain(`$[0].input.${input}: one of ${words.join(", ")} is expected`);
    }
  });

  it("as Terraform writes it, with every attribute of every type null, is the same", () => {
    const terraform = { ...CLOUDFLARE, account_id: "f037e56e89293a057740de681ac9abbe", description: null, schedule: null, expiration: null, match: null, input: { ...CLOUDFLARE.input, certificate_id: null, check_disks: null, score: null, locations: null, version_operator: null, total_score: null, is_active: null } };

    expect(only(terraform)).toMatchObject({ match: [], expirationMs: null, description: "", source: { accountId: "f037e56e89293a057740de681ac9abbe", schedule: null } });
    expect(JSON.stringify(only(terraform).condition)).not.toContain("is_active");
  });

  it("without expiration, or with a blank one, has none of its own", () => {
    expect([undefined, null, ""].map((expiration) => only({ ...CLOUDFLARE, expiration }).expirationMs)).toEqual([null, null, null]);
  });

  it("may carry an operator beside attributes that have only equality", () => {
    expect(only(withInput({ infected: false, operator: "==" })).condition).toEqual({ input: "infected", operator: "==", value: false });
  });
});

describe("a wrong rule is refused at its place:", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["no list", CLOUDFLARE, "$: A list of rules is expected, not an object."],
    ["null", null, "$: A list of rules is expected, not null."],
    ["text", "rules", '$: A list of rules is expected, not "rules".'],
    ["an entry that is no object", [CLOUDFLARE, 7], "$[1]: A rule (an object) is expected, not 7."],
    ["an entry that is a list", [[]], "$[0]: A rule (an object) is expected, not an empty list."],
    ["neither form", [{ name: "x" }], "$[0]: neither a Cloudflare rule"],
    ["neither form and an unknown key", [{ nam: "x" }], "$[0].nam: unknown key."],
    ["an unknown key", [{ ...CLOUDFLARE, severity: 1 }], "$[0].severity: unknown key."],
    ["our key in Cloudflare's form", [{ ...CLOUDFLARE, condition: OWN.condition }], "$[0].condition: unknown key."],
    ["an unknown attribute", [withInput({ infected: false, infectd: true })], "$[0].input.infectd: unknown key. The input of a rule has connection_id, infected, active_threats, is_active, network_status, operational_state, operator."],
    ["an unknown attribute that is null", [withInput({ infected: false, infectd: null })], "$[0].input.infectd: unknown key."],
    ["an odd key", [withInput({ "a.b": 1 })], '$[0].input["a.b"]: unknown key.'],
    ["__proto__", JSON.parse(`[{"type":"sentinelone_s2s","name":"x","input":{"connection_id":"c","__proto__":{"infected":false}}}]`), "$[0].input.__proto__: unknown key."],
    ["an attribute of another type", [withInput({ infected: false, score: 5 })], "$[0].input.score: belongs to rules of another type."],
    ["another type", [{ ...CLOUDFLARE, type: "crowdstrike_s2s" }], '$[0].type: one of sentinelone_s2s is expected, not "crowdstrike_s2s".'],
    ["no type", [{ ...CLOUDFLARE, type: undefined }], "$[0].type: missing; sentinelone_s2s is expected."],
    ["no name", [{ type: "sentinelone_s2s", input: {} }], "$[0].name: missing"],
    ["a blank name", [{ ...CLOUDFLARE, name: " " }], "$[0].name: a name that is not blank"],
    ["a name of another type", [{ ...CLOUDFLARE, name: 5 }], "$[0].name: the rule's name is expected, not 5."],
    ["a name that cannot be stored", [{ ...CLOUDFLARE, name: "a\0b" }], "$[0].name: holds characters"],
    ["half of a pair", [{ ...CLOUDFLARE, name: "a\ud800" }], "$[0].name: holds characters"],
    ["a long name", [{ ...CLOUDFLARE, name: "n".repeat(201) }], "$[0].name: 201 characters"],
    ["no input", [{ name: "x", type: "sentinelone_s2s" }], "$[0].input: missing"],
    ["input as a list", [{ ...CLOUDFLARE, input: [] }], "$[0].input: The input of a rule is expected, not an empty list."],
    ["a connection that is no text", [{ ...CLOUDFLARE, input: { connection_id: 5, infected: false } }], "$[0].input.connection_id: "],
    ["nothing asked", [withInput({})], "$[0].input: asks for nothing"],
    ["nothing asked but an operator", [withInput({ operator: "==" })], "$[0].input: asks for nothing"],
    ["a flag as text", [withInput({ infected: "false" })], '$[0].input.infected: true or false is expected, not "false".'],
    ["a flag as number", [withInput({ is_active: 1 })], "$[0].input.is_active: true or false is expected, not 1."],
    ["a count as text", [withInput({ active_threats: "1", operator: "<" })], '$[0].input.active_threats: a number is expected, not "1".'],
    ["a count beyond all numbers", [withInput({ active_threats: Infinity, operator: "<" })], "$[0].input.active_threats: a number"],
    ["no operator", [withInput({ active_threats: 1 })], "$[0].input.operator: missing"],
    ["a wrong operator", [withInput({ active_threats: 1, operator: "=" })], "$[0].input.operator: one of <, <=, >, >=, == is expected"],
    ["a wrong operator beside another attribute", [withInput({ infected: true, operator: "!=" })], "$[0].input.operator: one of"],
    ["match that is no list", [{ ...CLOUDFLARE, match: { platform: "mac" } }], "$[0].match: a list like"],
    ["a platform of our own", [{ ...CLOUDFLARE, match: [{ platform: "mac" }, { platform: "macos" }] }], "$[0].match[1].platform: one of windows, mac"],
    ["an unknown key of match", [{ ...CLOUDFLARE, match: [{ platform: "mac", version: 1 }] }], "$[0].match[0].version: unknown key."],
    ["a platform missing", [{ ...CLOUDFLARE, match: [{}] }], "$[0].match[0].platform: missing"],
    ...["0m", "1d", "1h30m", "30", 30, "5M", true].map((expiration) => ["an expiration outside the grammar", [{ ...CLOUDFLARE, expiration }], "$[0].expiration: a whole number of minutes or hours"] as const),
    ["an unknown key of ours", [{ ...OWN, enabled: true }], "$[0].enabled: unknown key."],
    ["an unknown input", [withCondition({ input: "last_login", value: 1 })], "$[0].condition.input: one of infected, active_threats"],
    ["an inherited input", [withCondition({ input: "constructor", value: 1 })], "$[0].condition.input: one of infected"],
    ["a wrong operator of ours", [withCondition({ input: "infected", operator: "<", value: true })], '$[0].condition.operator: one of == is expected, not "<".'],
    ["an operator left out where there are more", [withCondition({ input: "agent_version", value: "24.2" })], "$[0].condition.operator: missing"],
    ["no value", [withCondition({ input: "infected" })], "$[0].condition.value: missing; true or false is expected."],
    ["an unknown key of a condition", [withCondition({ input: "infected", value: true, negate: true })], "$[0].condition.negate: unknown key."],
    ["two kinds of condition at once", [withCondition({ all: [OWN.condition], any: [OWN.condition] })], "$[0].condition.any: unknown key."],
    ["an empty all", [withCondition({ all: [] })], "$[0].condition.all: an empty list asks for nothing"],
    ["an empty any deep down", [withCondition({ not: { all: [OWN.condition, { any: [] }] } })], "$[0].condition.not.all[1].any: an empty list"],
    ["all that is no list", [withCondition({ all: OWN.condition })], "$[0].condition.all: A list of conditions is expected"],
    ["not of a list", [withCondition({ not: [OWN.condition] })], "$[0].condition.not: A condition"],
    ["a condition that is none", [withCondition("infected")], "$[0].condition: A condition"],
    ["conditions too deep", [withCondition(nested(13))], "stand more than 12 deep"],
    ["too many conditions", [withCondition({ any: Array.from({ length: 150 }, () => ({ all: [OWN.condition, OWN.condition] })) })], "more than 200 conditions"],
    ["a list too long", [withCondition({ all: Array.from({ length: 201 }, () => OWN.condition) })], "$[0].condition.all: 201 entries"],
    ["a version that is none", [withCondition({ input: "agent_version", operator: ">=", value: "latest" })], "$[0].condition.value: a version as text"],
    ["a version as number", [withCondition({ input: "agent_version", operator: ">=", value: 24.2 })], "$[0].condition.value: a version as text"],
    ["a time limit outside the grammar", [withCondition({ input: "last_seen", operator: "within", value: "7d" })], "$[0].condition.value: a whole number of minutes or hours"],
    ["an unknown word", [withCondition({ input: "mitigation_mode", operator: "in", value: ["protect", "kill"] })], "$[0].condition.value: a list of protect, detect"],
    ["an empty list of words", [withCondition({ input: "mitigation_mode", operator: "in", value: [] })], "$[0].condition.value: a list of protect, detect"],
    ["a severity that is none", [withCondition({ input: "worst_open_cve", operator: "<", value: "urgent" })], "$[0].condition.value: one of none, low"],
    ["a blank site", [withCondition({ input: "site", operator: "==", value: " " })], "$[0].condition.value: an id or a name"],
    ["a list of sites with a number", [withCondition({ input: "site", operator: "in", value: ["a", 5] })], "$[0].condition.value: a list of ids or names"],
    ["empty with a text", [withCondition({ input: "tag", operator: "empty", value: "yes" })], "$[0].condition.value: true or false"],
    ["a blank message", [withCondition({ ...OWN.condition, message: "" })], "$[0].condition.message: a text that is not blank"],
    ["a message for an unknown input", [{ ...OWN, messages: { infectd: "x" } }], "$[0].messages.infectd: unknown key."],
    ["an unknown fail mode", [{ ...OWN, fail: "ask" }], '$[0].fail: "closed", "open" or'],
    ["a fail mode with a wrong time", [{ ...OWN, fail: { last_known: "1d" } }], "$[0].fail.last_known: a whole number"],
    ["a fail mode with an unknown key", [{ ...OWN, fail: { last: "1h" } }], "$[0].fail.last: unknown key."],
    ["no identifier", [{ ...OWN, match_by: [] }], "$[0].match_by: at least one of serial"],
    ["an unknown identifier", [{ ...OWN, match_by: ["serial", "ip"] }], "$[0].match_by[1]: one of serial, mac, hostname, email"],
    ["shadow as text", [{ ...OWN, shadow: "no" }], "$[0].shadow: true or false"],
    ["a blank id", [{ ...OWN, id: "" }], "$[0].id: the rule's id, or none"],
    ["the second of two", [CLOUDFLARE, { ...OWN, warn_only: 1 }], "$[1].warn_only: true or false"],
    ["too many rules", Array.from({ length: 1_001 }, () => OWN), "$: 1001 entries"],
  ];

  it.each(cases)("%s", (_what, json, message) => {
    const fault = refusal(json);

    expect(fault.code).toBe("CONFIG_INVALID");
    expect(fault.message).toContain(message);
    expect(fault.message.startsWith(`${String(fault.details["path"])}: `)).toBe(true);
  });

  it("whatever JSON it is, it is a rule or a refusal with a place, and long values are not repeated", () => {
    const key = fc.constantFrom("name", "type", "input", "condition", "all", "any", "not", "operator", "value", "match", "expiration", "__proto__", "constructor", "infected", "x");
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof({ depthSize: "small" }, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie("json"), { maxLength: 3 }), fc.array(fc.tuple(key, tie("json")), { maxLength: 5 }).map((pairs) => JSON.parse(`{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`) as unknown)),
    }));
    fc.assert(
      fc.property(fc.oneof(json, fc.array(json, { maxLength: 3 })), (anything) => {
        try {
          parseRules(anything);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).message).toMatch(/^\$.*: /s);
          expect((error as Fault).message.length).toBeLessThan(1_200);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("our own form", () => {
  it("fills in what is left out with the safe choice", () => {
    expect(only(OWN)).toEqual({ id: null, name: "Ours", description: "", shadow: false, match: [], expirationMs: null, failMode: { kind: "closed" }, warnOnly: false, matchBy: ["serial"], condition: { input: "infected", operator: "==", value: false }, messages: {}, source: null });
  });

  it("takes everything a rule can say", () => {
    const written = {
      id: "rul_1",
      name: "Everything",
      description: "d",
      shadow: true,
      match: ["linux", "mac", "linux"],
      expiration: "2h",
      fail: { last_known: "30m" },
      warn_only: true,
      match_by: ["hostname", "serial"],
      condition: { any: [{ not: { input: "tag", operator: "includes", value: ["a", "b:c"], message: "m" } }, { all: [{ input: "last_seen", value: "168h" }] }] },
      messages: { tag: "t" },
    };

    expect(only(written)).toEqual({
      id: "rul_1",
      name: "Everything",
      description: "d",
      shadow: true,
      match: ["mac", "linux"],
      expirationMs: 7_200_000,
      failMode: { kind: "last-known", forMs: 1_800_000 },
      warnOnly: true,
      matchBy: ["serial", "hostname"],
      condition: { any: [{ not: { input: "tag", operator: "includes", value: ["a", "b:c"], message: "m" } }, { all: [{ input: "last_seen", operator: "within", value: "168h" }] }] },
      messages: { tag: "t" },
      source: null,
    });
  });

  it("and Cloudflare's may stand in one list", () => {
    expect(parseRules([OWN, CLOUDFLARE, OWN]).map(({ name }) => name)).toEqual(["Ours", "No threats", "Ours"]);
    expect(parseRules([])).toEqual([]);
  });
});

describe("writing a rule", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((value) => value.trim() !== "" && !value.includes("\0"));
  const minutes = fc.integer({ min: 1, max: 8784 * 60 }).map((count) => count * 60_000);
  const leaf: fc.Arbitrary<Leaf> = fc.constantFrom(...INPUT_IDS).chain((input) =>
    fc.constantFrom(...INPUTS[input].operators).chain((operator) => {
      const values = fc.oneof(fc.boolean(), fc.integer(), text, fc.array(text, { minLength: 1, maxLength: 3 }), fc.constantFrom("24.2", "1h", "protect", "connected", "na", ...SEVERITIES), fc.constantFrom(["protect"], ["na"], ["connected", "connecting"]));
      return fc.tuple(values.filter((value) => INPUTS[input].wrong(operator, value) === null), fc.option(text, { nil: undefined })).map(([value, message]): Leaf => ({ input, operator, value, ...(message === undefined ? {} : { message }) }));
    }),
  );
  const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof({ maxDepth: 4, depthSize: "small" }, leaf, fc.array(tie("condition"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })), fc.array(tie("condition"), { minLength: 1, maxLength: 3 }).map((any) => ({ any })), tie("condition").map((not) => ({ not }))),
  }));
  const draft: fc.Arbitrary<RuleDraft> = fc.record({
    id: fc.option(text),
    name: text,
    description: fc.oneof(fc.constant(""), text),
    shadow: fc.boolean(),
    match: fc.subarray([...PLATFORMS]),
    expirationMs: fc.option(minutes),
    failMode: fc.oneof(fc.constant({ kind: "closed" } as const), fc.constant({ kind: "open" } as const), minutes.map((forMs) => ({ kind: "last-known", forMs }) as const)),
    warnOnly: fc.boolean(),
    matchBy: fc.subarray([...IDENTIFIERS], { minLength: 1 }),
    condition,
    messages: fc.dictionary(fc.constantFrom(...INPUT_IDS), text, { noNullPrototype: true }),
    source: fc.option(fc.record({ id: fc.option(text), accountId: fc.option(text), connectionId: text, schedule: fc.option(text) })),
  });

  it("gives what reads as the same rule, through JSON and back, again and again", () => {
    fc.assert(
      fc.property(draft, (rule) => {
        const written = JSON.parse(JSON.stringify(writeRule(rule))) as unknown;
        const [read] = parseRules([written]);
        expect(read).toEqual(rule);
        if (read !== undefined) expect(writeRule(read)).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps what Cloudflare said besides, so that carrying over twice shows no drift", () => {
    const rule = only(CLOUDFLARE);

    expect(writeRule(rule)).toMatchObject({ name: "No threats", expiration: writeDuration(1_800_000), cloudflare: { id: CLOUDFLARE.id, connection_id: CLOUDFLARE.input.connection_id, schedule: "5m" } });
    expect(only(writeRule(rule))).toEqual(rule);
  });
});
