/**
 * Estates in which three people in ten hold roles in several places, groups among them: everything that the console states comes back from the answers and from each
 * export, and what follows for scopes below is what a plain walk over the records gives.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhoAnswer } from "../../src/kernel/access-api.ts";
import { AccessBench } from "./bench.ts";
import { assignmentsOf, danglingOf, effectiveOf, parentsOf, readC1z } from "./c1z-decoder.ts";
import { fromCsv, fromJson } from "./export-files.ts";

type Row = Readonly<Record<string, unknown>>;

const TENANT = "2110000000000000001";
const LEVELS = ["tenant", "account", "site", "site", "group"] as const;
const [ACCOUNTS, SITES, GROUPS, ROLES, USERS, SERVICE_USERS] = [3, 9, 27, 6, 80, 20];

/** The same numbers for the same seed. */
function dice(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) >>> 0;
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 4_294_967_296) * below);
  };
}

const idOf = (kind: number, at: number): string => `21${String(kind)}${String(100_000_000_000_000 + at * 7)}`;

function estate(seed: number): Readonly<Record<string, readonly Row[]>> {
  const roll = dice(seed);
  const each = <T>(count: number, make: (at: number) => T): readonly T[] => Array.from({ length: count }, (_, at) => make(at));
  const accounts = each(ACCOUNTS, (at) => ({ id: idOf(11, at), name: `Account ${String(at)}`, accountType: "Paid", state: "active" }));
  const sites = each(SITES, (at) => ({ id: idOf(12, at), name: `Site ${String(at)}`, accountId: idOf(11, roll(ACCOUNTS)), state: "active" }));
  const groups = each(GROUPS, (at) => ({ id: idOf(13, at), name: `Group ${String(at)}`, siteId: idOf(12, roll(SITES)), type: "static" }));
  const places = { tenant: [{ id: TENANT, name: "Global" }], account: accounts, site: sites, group: groups } as const;
  const held = (): Row => {
    const level = LEVELS[roll(LEVELS.length)] ?? "site";
    const many = level !== "tenant" && roll(10) < 3 ? 2 + roll(2) : 1;
    const first = roll(places[level].length);
    const scopeRoles = each(Math.min(many, places[level].length), (n) => {
      const place = places[level][(first + n) % places[level].length];
      const role = roll(ROLES - 1);
      return { id: place?.id, name: place?.name, roleId: idOf(14, role), roleName: `Role ${String(role)}`, roles: [`Role ${String(role)}`] };
    });
    return { scope: level, scopeRoles };
  };
  return {
    accounts,
    sites,
    groups,
    // The last one is held by nobody.
    roles: each(ROLES, (at) => ({ id: idOf(14, at), name: `Role ${String(at)}`, predefinedRole: at < 3, scope: "tenant", scopeId: TENANT, pages: [{ name: "Endpoints", permissions: [{ identifier: "view", value: true }, { identifier: "disconnectFromNetwork", value: at % 2 === 0 }] }] })),
    users: each(USERS, (at) => ({ id: idOf(15, at), email: `person.${String(at)}@estate.test`, fullName: `Person ${String(at)}`, source: "mgmt", dateJoined: "2026-01-01T00:00:00.000000Z", ...held() })),
    "service-users": each(SERVICE_USERS, (at) => ({ id: idOf(16, at), name: `service-${String(at)}`, createdAt: "2026-01-01T00:00:00.000000Z", ...held() })),
  };
}

const json = (...parts: readonly unknown[]): string => JSON.stringify(parts);

describe.each([1, 2])("an estate with group scopes and people in several places (seed %i)", (seed) => {
  let bench: AccessBench;
  let folder: string;
  let records: Readonly<Record<string, readonly Row[]>>;
  let truth: readonly string[];
  let parents: readonly string[];
  /** Each scope with itself and what it lies in, by `kind id`. */
  let above: ReadonlyMap<string, ReadonlySet<string>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vedette-estate-"));
    records = estate(seed);
    for (const [stream, rows] of Object.entries(records)) writeFileSync(join(folder, `${stream}.json`), JSON.stringify(rows));
    bench = await AccessBench.open({ pageSize: 30, estate: { load: folder } });
    truth = bench.truth().map((line) => json(...line.split(" "))).toSorted();
    const of = (stream: string): readonly Row[] => records[stream] ?? [];
    parents = [json("global", TENANT, null, null), ...of("accounts").map(({ id }) => json("account", id, "global", TENANT)), ...of("sites").map(({ id, accountId }) => json("site", id, "account", accountId)), ...of("groups").map(({ id, siteId }) => json("group", id, "site", siteId))].toSorted();
    const accountOf = new Map(of("sites").map(({ id, accountId }) => [id, accountId]));
    const everything = json("global", TENANT);
    above = new Map([
      [everything, new Set([everything])],
      ...of("accounts").map(({ id }) => [json("account", id), new Set([json("account", id), everything])] as const),
      ...of("sites").map(({ id, accountId }) => [json("site", id), new Set([json("site", id), json("account", accountId), everything])] as const),
      ...of("groups").map(({ id, siteId }) => [json("group", id), new Set([json("group", id), json("site", siteId), json("account", accountOf.get(siteId)), everything])] as const),
    ]);
  });
  afterAll(async () => {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function exported(format: string): Promise<Buffer> {
    const { hub } = bench.world;
    return (await hub.app.inject({ method: "GET", url: `/api/v1/access/export?format=${format}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` } })).rawPayload;
  }

  it("is one: three in ten hold several, and every level is there", () => {
    const people = [...(records["users"] ?? []), ...(records["service-users"] ?? [])];
    const share = people.filter(({ scopeRoles }) => (scopeRoles as readonly Row[]).length > 1).length / people.length;
    expect([share > 0.15, share < 0.45, new Set(people.map(({ scope }) => scope)).size]).toEqual([true, true, 4]);
  });

  it("is recovered whole from JSON, CSV and .c1z alike, with the right parents and no loose end", async () => {
    const [asJson, asCsv, c1z] = [fromJson((await exported("json")).toString()), fromCsv((await exported("csv")).toString()), readC1z(await exported("c1z"))];
    expect([asJson.assignments, asCsv.assignments, assignmentsOf(c1z)]).toEqual([truth, truth, truth]);
    expect([asJson.parents, asCsv.parents, parentsOf(c1z)]).toEqual([parents, parents, parents]);
    expect([danglingOf(c1z), c1z.disagreements]).toEqual([[], []]);
    expect(asJson.graph.roles.map(({ id }) => id).toSorted()).toEqual((records["roles"] ?? []).map(({ id }) => String(id)).toSorted());
  });

  it("lets everybody reach, in the .c1z, what lies below what they hold and nothing else", async () => {
    const expected: string[] = [];
    for (const [scope, within] of above) {
      const reached = new Set(truth.flatMap((line) => {
        const [kind, principal, role, scopeKind, at] = JSON.parse(line) as readonly string[];
        return within.has(json(scopeKind, at)) ? [json(kind, principal, role, ...(JSON.parse(scope) as readonly string[]))] : [];
      }));
      expected.push(...reached);
    }
    expect(effectiveOf(readC1z(await exported("c1z")))).toEqual(expected.toSorted());
  });

  it("answers, of every scope, who reaches it and from where", async () => {
    for (const [scope, within] of above) {
      const [kind = "", id = ""] = JSON.parse(scope) as readonly string[];
      const answer: WhoAnswer = await bench.get(`who?limit=1000&scope=${kind === "global" ? "global" : `${kind}:${id}`}`);
      const found = answer.items.map(({ principal, role, path, via }) => json(principal.kind, principal.id, role.id, path[0]?.kind, path[0]?.id, via)).toSorted();
      const expected = truth.flatMap((line) => {
        const [ofKind, principal, role, scopeKind, at] = JSON.parse(line) as readonly string[];
        return within.has(json(scopeKind, at)) ? [json(ofKind, principal, role, scopeKind, at, json(scopeKind, at) === scope ? "direct" : "inherited")] : [];
      });
      expect([scope, answer.total, answer.ancestorsKnown, found]).toEqual([scope, expected.length, true, expected.toSorted()]);
    }
  });
});
