import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VULNERABILITY_SEVERITIES } from "../model.ts";
import { coversDevice, describeMatch, EVERY_DEVICE, findingInScope, reaches, scopeOf, widens, type Coverage, type IngestScope, type RuleMatch } from "./match.ts";

const DEVICE = { accountId: "1", siteId: "11", groupId: "21", osType: "windows", machineType: "laptop", tags: ["Owner:Finance", "ring:2"] } as const;
const matching = (more: Partial<RuleMatch>): RuleMatch => ({ ...EVERY_DEVICE, ...more });
const place = (id: string) => [{ id, name: "whatever it is called" }];
const rule = (more: Partial<Coverage>): Coverage => ({ mode: "scan", match: EVERY_DEVICE, floor: null, ...more });

describe("a rule", () => {
  it("covers a device by ids, tags, system and machine type; one of each kind it names has to fit", () => {
    for (const match of [matching({}), matching({ accounts: place("1") }), matching({ sites: place("11") }), matching({ groups: place("21") }), matching({ tags: ["owner:finance"] }), matching({ tags: ["OWNER"] }), matching({ os: ["linux", "windows"] }), matching({ machineTypes: ["laptop"], sites: place("11") })]) {
      expect(coversDevice(match, DEVICE), describeMatch(match)).toBe(true);
    }
    for (const match of [matching({ accounts: place("2") }), matching({ sites: place("11"), os: ["linux"] }), matching({ groups: place("1") }), matching({ tags: ["owner:fin"] }), matching({ tags: ["own"] }), matching({ machineTypes: ["server"] })]) {
      expect(coversDevice(match, DEVICE), describeMatch(match)).toBe(false);
    }
  });

  it("for every device alone covers one that only a risk has named", () => {
    expect([coversDevice(EVERY_DEVICE, null), coversDevice(matching({ sites: place("11") }), null)]).toEqual([true, false]);
  });

  it("with a floor leaves out what is less grave, and never what nobody states", () => {
    expect(VULNERABILITY_SEVERITIES.map((_, severity) => reaches("medium", severity))).toEqual([true, true, true, false, false, true]);
  });

  it("says what it covers", () => {
    expect(describeMatch(EVERY_DEVICE)).toBe("All Endpoints");
    expect(describeMatch(matching({ sites: [{ id: "11", name: "Lyon" }, { id: "12", name: null }], os: ["linux"] }))).toBe("site Lyon or 12; os linux");
  });
});

describe("rules together", () => {
  it("cover what one of them covers, as deep as the deepest", () => {
    const lyon = matching({ sites: place("11") });
    expect(scopeOf([], DEVICE)).toBe("all");
    expect(scopeOf([rule({ match: matching({ sites: place("12") }) })], DEVICE)).toBe("none");
    expect(scopeOf([rule({ mode: "assets" })], DEVICE)).toBe("assets");
    expect(scopeOf([rule({ mode: "assets" }), rule({ match: lyon, floor: "high" })], DEVICE)).toBe("high");
    expect(scopeOf([rule({ floor: "critical" }), rule({ match: lyon, floor: "medium" })], DEVICE)).toBe("medium");
    expect(scopeOf([rule({ floor: "critical" }), rule({ match: lyon })], DEVICE)).toBe("all");
  });

  it("never cover less with one more of them", () => {
    const scopes: readonly IngestScope[] = ["none", "assets", ...VULNERABILITY_SEVERITIES.slice(0, 5), "all"];
    const some = fc.record({ mode: fc.constantFrom("scan" as const, "assets" as const), match: fc.constantFrom(EVERY_DEVICE, matching({ sites: place("11") }), matching({ sites: place("12") }), matching({ os: ["windows"] })), floor: fc.constantFrom(null, ...VULNERABILITY_SEVERITIES.slice(0, 5)) });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 4 }), some, (rules, one) => {
        const [before, after] = [scopeOf(rules, DEVICE), scopeOf([...rules, one], DEVICE)];
        expect(scopes.indexOf(after)).toBeGreaterThanOrEqual(scopes.indexOf(before));
        expect(widens(before, after)).toBe(scopes.indexOf(after) > scopes.indexOf(before));
        for (let severity = 0; severity < 6; severity += 1) expect(findingInScope(after, severity)).toBe([...rules, one].some((each) => each.mode === "scan" && coversDevice(each.match, DEVICE) && reaches(each.floor, severity)));
      }),
      { seed: 11 },
    );
  });
});
