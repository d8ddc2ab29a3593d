import { describe, expect, it } from "vitest";
import { ruleOf } from "./fixtures.ts";
import type { Condition } from "./model.ts";
import { remarksOn } from "./remarks.ts";

const said = (condition: Condition): string => remarksOn(ruleOf(condition)).join("\n");
const threats = (operator: "<" | "<=" | ">" | ">=" | "==", value: number): Condition => ({ input: "active_threats", operator, value });

describe("what is remarked on a rule", () => {
  it("is a count that every device passes, or none", () => {
    for (const always of [threats(">=", 0), threats(">", -1), { not: threats("<", 0) }]) expect(said(always)).toMatch(/every device that reports a number passes/);
    for (const never of [threats("<", 0), threats("<=", -1), threats("==", 1.5), { not: threats(">=", 0) }]) expect(said(never)).toMatch(/no device can pass/);
    for (const sound of [threats("<", 1), threats("<=", 0), threats("==", 0), threats(">", 0), threats(">=", 1), { not: threats("<", 1) }]) expect(said(sound)).toBe("");
  });

  it("is a field whose name says something else than it means", () => {
    expect(said({ input: "network_status", operator: "==", value: "disconnected" })).toMatch(/isolat/);
    expect(said({ not: { input: "network_status", operator: "==", value: "disconnected" } })).toBe("");
    expect(said({ input: "operational_state", operator: "==", value: "fully_disabled" })).toMatch(/`na` is the healthy value/);
    expect(said({ input: "operational_state", operator: "==", value: "na" })).toBe("");
    expect(said({ input: "is_active", operator: "==", value: true })).toMatch(/sleeps/);
    expect(said({ input: "firewall", operator: "==", value: true })).toMatch(/group/);
    expect(said({ all: [{ input: "known_exploited", operator: "==", value: false }, { any: [{ input: "worst_open_cve", operator: "<", value: "high" }] }] })).toMatch(/known_exploited: .*\n.*worst_open_cve: /s);
  });

  it("is an expiration that runs out between two readings, of a connection that is read seldom too", () => {
    const rule = (expirationMs: number | null) => ruleOf({ input: "infected", operator: "==", value: false }, { expirationMs });
    expect([remarksOn(rule(600_000)), remarksOn(rule(null)), remarksOn(rule(3_600_000), { agents: 1_800_000, weaknesses: 7_200_000 })]).toEqual([[], [], []]);
    expect(remarksOn(rule(540_000))).toEqual([expect.stringContaining("expiration: 9m is less than twice the 5m between two readings")]);
    expect(remarksOn(rule(600_000), { agents: 3_600_000, weaknesses: null })).toEqual([expect.stringContaining("Make it 2h or longer")]);
  });

  it("is an expiration that runs out between two readings of weaknesses, where it asks for those", () => {
    const rule = ruleOf({ input: "known_exploited", operator: "==", value: false }, { expirationMs: 3_600_000 });
    expect(remarksOn(rule, { agents: 300_000, weaknesses: 3_600_000 })).toEqual([expect.stringContaining("known_exploited"), expect.stringContaining("the 1h between two readings of the weaknesses")]);
  });

  it("is a rule that applies to no agent, lets everybody in, or goes by persons", () => {
    const sound: Condition = { input: "infected", operator: "==", value: false };
    expect(remarksOn(ruleOf(sound))).toEqual([]);
    expect(remarksOn(ruleOf(sound, { match: ["ios", "android"], failMode: { kind: "open" }, matchBy: ["email"] }))).toHaveLength(3);
    expect(remarksOn(ruleOf(sound, { match: ["ios", "mac"] }))).toEqual([]);
  });
});
