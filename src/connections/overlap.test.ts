import { describe, expect, it } from "vitest";
import { overlapsWith, overlapWith } from "./overlap.ts";

type Scope = Parameters<typeof overlapWith>[1];

function scope(level: Scope["level"], ...names: readonly string[]): Scope {
  return { level, ids: names.map((name) => `id-of-${name}`), names: [...names], fingerprint: `${level} ${names.join()}` };
}

describe("two tokens of one console", () => {
  it.each([
    ["the same scope twice", scope("site", "Oak"), scope("site", "Oak"), "the same console with the same scope: every record"],
    ["one of all of it before", scope("site", "Oak"), scope("global"), "reads all of this console"],
    ["one of all of it after", scope("global"), scope("site", "Oak"), "reads a part of this console"],
    ["some of the same sites", scope("site", "Oak", "Elm"), scope("site", "Elm", "Fir"), 'reads "Elm" too'],
    ["a site under an account that may hold it", scope("site", "Oak"), scope("account", "Orchard"), 'reads the account "Orchard" of this console: should the site be a part of the account'],
    ["an account over a site that may be its own", scope("account", "Orchard"), scope("site", "Oak"), 'reads the site "Oak" of this console: should the site be a part of the account'],
    ["many of the same", scope("site", "A", "B", "C", "D", "E"), scope("site", "A", "B", "C", "D", "E", "F"), 'reads "A", "B", "C" and 2 more too'],
  ])("are said to read the same: %s", (_what, mine, theirs, words) => {
    expect(overlapWith("emea", mine, theirs)).toContain(words);
    expect(overlapWith("emea", mine, theirs)).toContain('Connection "emea"');
  });

  it.each([
    ["other sites", scope("site", "Oak"), scope("site", "Elm")],
    ["other accounts", scope("account", "Oak"), scope("account", "Elm")],
    ["a scope that could not be read", scope("unknown"), scope("site", "Oak")],
  ])("are not said to where they do not, or nobody knows: %s", (_what, mine, theirs) => {
    expect(overlapWith("emea", mine, theirs)).toBeNull();
  });

  it("are counted where they are many", () => {
    const others = Array.from({ length: 40 }, (_unused, place) => ({ name: `client ${String(place)}`, scope: scope("site", `Site ${String(place)}`) }));

    const said = overlapsWith(others, scope("global"));

    expect(said).toHaveLength(6);
    expect(said.at(-1)).toMatch(/^35 other connections/);
    expect(overlapsWith(others.slice(0, 6), scope("global"))).toHaveLength(6);
    expect(overlapsWith(others, scope("site", "Elsewhere"))).toEqual([]);
  });
});
