import { describe, expect, it } from "vitest";
import type { DestinationFilter } from "../kernel/delivery-api.ts";
import type { Fact, FactSource } from "../kernel/fact.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { wants, type Wants } from "./filter.ts";

const OWN = "ten_own" as TenantId;
const source: FactSource = { connection: "con_1" as ConnectionId, console: null, stream: "alerts", product: "Identity", severity: "high", siteId: "11", raw: "{}" };

function fact(more: Partial<Fact> = {}): Fact {
  return { tenant: OWN, kind: "alerts.new", key: "k", version: 1, body: {}, orderKey: "k", source, ...more };
}

function wanted(more: Partial<Wants>, of: Fact = fact()): boolean {
  return wants({ tenant: OWN, tenants: null, facts: null, filter: null, ...more }, of);
}

describe("a destination", () => {
  it("gets facts of its own tenant, of those that were named, or of all", () => {
    const theirs = fact({ tenant: "ten_theirs" as TenantId });
    expect([wanted({}), wanted({}, theirs), wanted({ tenants: ["ten_theirs"] }, theirs), wanted({ tenants: ["ten_others"] }, theirs), wanted({ tenants: ["*"] }, theirs), wanted({ tenants: ["ten_theirs"] })]).toEqual([true, false, true, false, true, true]);
  });

  it("gets the kinds it names, a kind's name being no prefix of another", () => {
    expect([wanted({ facts: ["alerts.*"] }), wanted({ facts: ["alerts.new"] }), wanted({ facts: ["alerts.updated", "posture.*"] }), wanted({ facts: ["alerts.*"] }, fact({ kind: "alerts-of-old.new" }))]).toEqual([true, true, false, false]);
  });

  it.each<readonly [DestinationFilter, boolean]>([
    [{ streams: ["threats", "alerts"] }, true],
    [{ streams: ["threats"] }, false],
    [{ products: ["edr", "identity"] }, true],
    [{ products: ["EDR"] }, false],
    [{ severity: "high" }, true],
    [{ severity: "critical" }, false],
    [{ sites: ["11"] }, true],
    [{ sites: ["1"] }, false],
    [{ connections: ["con_1"] }, true],
    [{ connections: ["con_2"] }, false],
    [{ streams: ["alerts"], products: ["Identity"], severity: "low", sites: ["11"], connections: ["con_1"] }, true],
    [{ streams: ["alerts"], products: ["Identity"], severity: "low", sites: ["12"], connections: ["con_1"] }, false],
    [{}, true],
  ])("with the filter %j gets an identity alert of high severity: %s", (filter, outcome) => {
    expect(wanted({ filter })).toBe(outcome);
  });

  it("with a severity still gets what nobody could judge, and with a site or a product not what has none", () => {
    const unjudged = fact({ source: { ...source, severity: "unknown", siteId: null, product: null } });
    expect([wanted({ filter: { severity: "critical" } }, unjudged), wanted({ filter: { sites: ["11"] } }, unjudged), wanted({ filter: { products: ["Identity"] } }, unjudged)]).toEqual([true, false, false]);
  });

  it("with any filter gets no fact that tells of no record", () => {
    const { source: _source, ...plain } = fact();
    expect([wanted({ filter: { streams: ["alerts"] } }, plain), wanted({ filter: {} }, plain), wanted({}, plain)]).toEqual([false, false, true]);
  });
});
