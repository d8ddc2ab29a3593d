import { describe, expect, it } from "vitest";
import { assign, DEFAULT_ASSET_RULES, like, type AssetRules } from "./asset-rules.ts";

type Rule = AssetRules["rules"][number];
const rulesOf = (rules: readonly Rule[], deactivate: Partial<AssetRules["deactivate"]> = {}): AssetRules => ({ rules: [...rules], deactivate: { ...DEFAULT_ASSET_RULES.deactivate, ...deactivate } });
const SERVERS: Rule = { name: "Servers", match: { machineTypes: ["Server"] }, set: { groups: ["Servers"], owner: "ops@orchard.test", criticality: "high" } };
const LYON: Rule = { name: "Lyon", match: { sites: ["lyon"] }, set: { groups: ["Lyon", "servers"], owner: "lyon@orchard.test", exposure: "internal" } };

describe("what rules say of a device", () => {
  it("is what the first that fits and sets it says, value by value; groups add up, each with the rule it comes from", () => {
    const said = assign(rulesOf([SERVERS, LYON]), { machineType: "server", siteId: "11", siteName: "Lyon" });
    expect(said.owner).toEqual({ value: "ops@orchard.test", by: "rule", name: "Servers" });
    expect(said.exposure).toEqual({ value: "internal", by: "rule", name: "Lyon" });
    expect(said.groups).toEqual([{ value: "Servers", by: "rule", name: "Servers" }, { value: "Lyon", by: "rule", name: "Lyon" }]);
    expect(said.sensitivity).toBeNull();
  });

  it("is what its tags say where no rule speaks", () => {
    const tags = ["criticality:low", "Criticality:Critical", "exposure:public"];
    expect(assign(rulesOf([]), { tags })).toMatchObject({ criticality: { value: "critical", by: "tag", name: "Criticality:Critical" }, exposure: { value: "public", by: "tag", name: "exposure:public" }, owner: null });
    expect(assign(rulesOf([SERVERS]), { tags, machineType: "server" }).criticality).toEqual({ value: "high", by: "rule", name: "Servers" });
  });

  it("wants one of each kind that the rule names, in any case; a device that does not say it never fits", () => {
    const match = { names: ["srv-*"], tags: ["env"], domains: ["*.test"] };
    const fits = (facts: Parameters<typeof assign>[1]): boolean => assign(rulesOf([{ name: "x", match, set: { owner: "x" } }]), facts).owner !== null;
    expect([fits({ name: "SRV-1", tags: ["Env:prod"], domain: "orchard.test" }), fits({ name: "SRV-1", tags: ["env:prod"] }), fits({ name: "PC-1", tags: ["env:prod"], domain: "a.test" }), fits({ name: "srv-1", tags: ["environment:x"], domain: "a.test" })]).toEqual([true, false, false, false]);
    expect(assign(rulesOf([{ name: "all", set: { owner: "x" } }]), {}).owner?.value).toBe("x");
  });

  it("matches patterns piece by piece, also hostile ones at once", () => {
    expect([like("a*b*c", "axxbyyc"), like("a*b", "ab"), like("ab*ba", "aba"), like("*", ""), like("a*", "b"), like("*.test", "x.test")]).toEqual([true, true, false, true, false, true]);
    expect(like(`${"*a".repeat(90)}*b`, "a".repeat(50_000))).toBe(false);
  });
});
