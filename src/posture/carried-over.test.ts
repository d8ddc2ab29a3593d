/**
 * Rules carried over from Cloudflare's API objects, held against an oracle that knows nothing of our model: it reads the API's rule and the
 * API's agent side by side, attribute by attribute.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_EXPIRATION_MS, evaluate } from "./evaluate.ts";
import { deviceOf, NOW, type ApiAgent } from "./fixtures.ts";
import { parseRules } from "./rule-form.ts";

const OPERATORS = ["<", "<=", ">", ">=", "=="] as const;
const NETWORK = ["connected", "disconnected", "disconnecting", "connecting"] as const;
const STATES = ["na", "partially_disabled", "auto_fully_disabled", "fully_disabled", "auto_partially_disabled", "disabled_error", "db_corruption"] as const;

interface ApiInput {
  readonly connection_id: string;
  readonly infected?: boolean;
  readonly active_threats?: number;
  readonly operator?: (typeof OPERATORS)[number];
  readonly is_active?: boolean;
  readonly network_status?: string;
  readonly operational_state?: string;
}

interface ApiRule {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly schedule: string;
  readonly expiration?: string;
  readonly match?: readonly { readonly platform: string }[];
  readonly input: ApiInput;
}

const input: fc.Arbitrary<ApiInput> = fc
  .record(
    { connection_id: fc.uuid(), infected: fc.boolean(), active_threats: fc.integer({ min: -1, max: 4 }), is_active: fc.boolean(), network_status: fc.constantFrom(...NETWORK), operational_state: fc.constantFrom(...STATES) },
    { requiredKeys: ["connection_id"] },
  )
  .filter((made) => Object.keys(made).length > 1)
  .chain((made) => fc.constantFrom(...OPERATORS).map((operator) => ("active_threats" in made ? { ...made, operator } : made)));

const rule: fc.Arbitrary<ApiRule> = fc.record(
  {
    id: fc.uuid(),
    name: fc.constantFrom("a", "b"),
    type: fc.constant("sentinelone_s2s"),
    description: fc.constant(""),
    schedule: fc.constant("5m"),
    expiration: fc.constantFrom("1m", "30m", "1h", "12h", ""),
    match: fc.subarray(["windows", "mac", "linux", "android", "ios"]).map((platforms) => platforms.map((platform) => ({ platform }))),
    input,
  },
  { requiredKeys: ["id", "name", "type", "description", "schedule", "input"] },
);

const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> => fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) });

/** Mostly what the rule asks for, so that every outcome comes up often. */
function likely<T>(wanted: T | undefined, value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return wanted === undefined ? sometimes(value) : fc.oneof({ weight: 12, arbitrary: fc.constant(wanted) }, { weight: 2, arbitrary: sometimes(value) });
}

function agentFor({ input: asked, match }: ApiRule): fc.Arbitrary<ApiAgent> {
  const platform = match?.[0]?.platform;
  return fc.record({
    infected: likely(asked.infected, fc.boolean()),
    activeThreats: sometimes(fc.nat(4)),
    isActive: likely(asked.is_active, fc.boolean()),
    networkStatus: likely(asked.network_status, fc.constantFrom(...NETWORK, "brand_new")),
    operationalState: likely(asked.operational_state, fc.constantFrom(...STATES, "brand_new")),
    osType: likely(platform === "mac" ? "macos" : platform, fc.constantFrom("windows", "windows_legacy", "macos", "linux")),
    isDecommissioned: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    isUninstalled: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });
}

const pair = rule.chain((asked) => agentFor(asked).map((found) => [asked, found] as const));
const ages = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(59_000, 61_000, 599_000, 601_000, 3_599_000, 3_601_000, 43_201_000) });

const EXPIRATIONS: Readonly<Record<string, number>> = { "1m": 60_000, "30m": 1_800_000, "1h": 3_600_000, "12h": 43_200_000 };

function attributeAnswers(asked: ApiInput, found: ApiAgent): readonly ("yes" | "no" | "absent")[] {
  const answers: ("yes" | "no" | "absent")[] = [];
  const equal = (wanted: unknown, value: unknown): void => {
    if (wanted !== undefined) answers.push(value === null || value === undefined ? "absent" : value === wanted ? "yes" : "no");
  };
  equal(asked.infected, found["infected"]);
  equal(asked.is_active, found["isActive"]);
  equal(asked.network_status, found["networkStatus"]);
  equal(asked.operational_state, found["operationalState"]);
  if (asked.active_threats !== undefined) {
    const value = found["activeThreats"];
    const limit = asked.active_threats;
    if (typeof value !== "number") answers.push("absent");
    else if (asked.operator === "<") answers.push(value < limit ? "yes" : "no");
    else if (asked.operator === "<=") answers.push(value <= limit ? "yes" : "no");
    else if (asked.operator === ">") answers.push(value > limit ? "yes" : "no");
    else if (asked.operator === ">=") answers.push(value >= limit ? "yes" : "no");
    else answers.push(value === limit ? "yes" : "no");
  }
  return answers;
}

function oracle(asked: ApiRule, found: ApiAgent, ageMs: number): string {
  const words: Readonly<Record<string, string>> = { windows: "windows", windows_legacy: "windows", macos: "mac", linux: "linux", android: "android", ios: "ios" };
  const platform = words[String(found["osType"])];
  const platforms = asked.match ?? [];
  if (platforms.length > 0 && platform !== undefined && !platforms.some((entry) => entry.platform === platform)) return "not-applicable";
  if (ageMs > (EXPIRATIONS[asked.expiration ?? ""] ?? DEFAULT_EXPIRATION_MS)) return "unknown";
  if (platforms.length > 0 && platform === undefined) return "unknown";
  // Cloudflare asks for agents in service only: others are not there for it, and the check does not pass.
  if (found["isDecommissioned"] === true || found["isUninstalled"] === true) return "fail";
  const answers = attributeAnswers(asked.input, found);
  if (answers.includes("no")) return "fail";
  return answers.includes("absent") ? "unknown" : "pass";
}

describe("a rule carried over from Cloudflare", () => {
  it("gives every device the verdict that its words say", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(pair, ages, ([asked, found], ageMs) => {
        const [draft] = parseRules([JSON.parse(JSON.stringify(asked))]);
        if (draft === undefined) throw new Error("no rule");
        const { outcome } = evaluate(draft, deviceOf(found), { evidenceAt: NOW - ageMs, now: NOW });
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        expect(outcome).toBe(oracle(asked, found, ageMs));
      }),
      { numRuns: 1_500, seed: 4 },
    );
    for (const outcome of ["pass", "fail", "unknown", "not-applicable"]) expect(seen.get(outcome) ?? 0).toBeGreaterThan(50);
  });

  it("never passes when any attribute it asks for is absent", () => {
    const fields = { infected: "infected", active_threats: "activeThreats", is_active: "isActive", network_status: "networkStatus", operational_state: "operationalState" } as const;
    fc.assert(
      fc.property(pair, fc.nat(), ([asked, found], pick) => {
        const askedFor = Object.keys(fields).filter((key) => key in asked.input) as (keyof typeof fields)[];
        const gone = askedFor[pick % askedFor.length] ?? "infected";
        const [draft] = parseRules([asked]);
        if (draft === undefined) throw new Error("no rule");
        expect(evaluate(draft, deviceOf({ ...found, [fields[gone]]: undefined }), { evidenceAt: NOW, now: NOW }).outcome).not.toBe("pass");
      }),
      { numRuns: 500 },
    );
  });
});
