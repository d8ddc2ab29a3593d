import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamId } from "../../kernel/stream-ids.ts";
import { startSimulator, type Simulator } from "../index.ts";
import { readPath } from "../record.ts";
import { NOW, type Row } from "../simulator.test-kit.ts";

const DAY = 86_400_000;

let simulator: Simulator;
let rows: (stream: StreamId) => readonly Row[];
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, seed: 31, agents: 4000, sites: 12, accounts: 4, users: 600, serviceUsers: 120, threats: 800, activities: 4000, risks: 8000, applications: 12_000 });
  const known = new Map<StreamId, readonly Row[]>();
  rows = (stream) => {
    const found = known.get(stream) ?? [...simulator.truth(stream)];
    known.set(stream, found);
    return found;
  };
});
afterAll(async () => {
  await simulator.close();
});

function share(of: readonly Row[], test: (row: Row) => boolean): number {
  return of.filter(test).length / of.length;
}

function within(value: number, low: number, high: number): void {
  expect(value).toBeGreaterThanOrEqual(low);
  expect(value).toBeLessThanOrEqual(high);
}

function most(values: readonly unknown[]): number {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(...counts.values());
}

function time(row: Row, path: string): number {
  return Date.parse(String(readPath(row, path)));
}

describe("the fleet", () => {
  it("mixes operating systems otherwise in each site", () => {
    const macs = rows("sites").map((site) => share(rows("agents").filter((agent) => agent["siteId"] === site["id"]), (agent) => agent["osType"] === "macos"));
    expect(Math.max(...macs)).toBeGreaterThan(2.5 * Math.min(...macs));
    for (const os of ["windows", "macos", "linux"]) expect(share(rows("agents"), (agent) => agent["osType"] === os)).toBeGreaterThan(0.05);
  });

  it("has laptops that sleep and servers that hardly ever do", () => {
    const live = rows("agents").filter((agent) => agent["isDecommissioned"] === false && agent["isUninstalled"] === false);
    const asleep = (machine: string): number => share(live.filter((agent) => agent["machineType"] === machine), (agent) => agent["isActive"] === false);
    within(asleep("laptop"), 0.2, 0.45);
    expect(asleep("server")).toBeLessThan(0.08);
    for (const agent of live) if (agent["isActive"] === true) expect(NOW - time(agent, "lastActiveDate")).toBeLessThan(15 * 60_000);
  });

  it("has few that left, and some isolated, infected and in the cloud", () => {
    expect(rows("agents").length).toBe(4000);
    within(share(rows("agents"), (agent) => agent["isDecommissioned"] === true), 0.01, 0.05);
    within(share(rows("agents"), (agent) => agent["isUninstalled"] === true), 0.005, 0.03);
    within(share(rows("agents"), (agent) => agent["networkStatus"] === "disconnected"), 0.002, 0.03);
    within(share(rows("agents"), (agent) => agent["infected"] === true), 0.005, 0.05);
    within(share(rows("agents"), (agent) => Object.keys(agent["cloudProviders"] as Row).length > 0), 0.01, 0.2);
  });

  it("has placeholder serial numbers, cloned ones and none at all", () => {
    const serials = rows("agents").map((agent) => agent["serialNumber"]);
    within(share(rows("agents"), (agent) => agent["serialNumber"] === null), 0.005, 0.05);
    within(share(rows("agents"), (agent) => ["To be filled by O.E.M.", "Default string", "0", "None", "System Serial Number"].includes(String(agent["serialNumber"]))), 0.01, 0.08);
    expect(most(serials.filter((serial) => String(serial).startsWith("CLONE-")))).toBeGreaterThan(2);
  });

  it("knows re-installed machines by two records, of which only the later one reports", () => {
    const byMachine = new Map<string, Row[]>();
    for (const agent of rows("agents")) {
      const key = `${String(agent["computerName"])} ${String(readPath(agent, "networkInterfaces.physical"))}`;
      byMachine.set(key, [...(byMachine.get(key) ?? []), agent]);
    }
    const pairs = [...byMachine.values()].filter((records) => records.length > 1);
    within(pairs.length / rows("agents").length, 0.001, 0.02);
    for (const [before, after, third] of pairs) {
      expect(third).toBeUndefined();
      expect(before).toMatchObject({ serialNumber: after?.["serialNumber"], siteId: after?.["siteId"], modelName: after?.["modelName"], isActive: false });
      expect(before?.["uuid"]).not.toBe(after?.["uuid"]);
      expect(time(before ?? {}, "lastActiveDate")).toBeLessThanOrEqual(time(after ?? {}, "createdAt"));
    }
  });
});

describe("the people", () => {
  it("hold one or several roles, predefined and custom, on everything, accounts or sites", () => {
    const users = rows("users");
    within(share(users, (user) => (user["scopeRoles"] as readonly Row[]).length > 1), 0.1, 0.5);
    for (const scope of ["tenant", "account", "site"]) expect(share(users, (user) => user["scope"] === scope)).toBeGreaterThan(0.05);
    for (const role of rows("roles")) {
      const held = users.filter((user) => (user["scopeRoles"] as readonly Row[]).some((one) => one["roleId"] === role["id"])).length;
      expect([role["name"], role["usersInRoles"]]).toEqual([role["name"], held]);
    }
    expect(rows("roles").filter((role) => role["predefinedRole"] === false && Number(role["usersInRoles"]) > 0).length).toBeGreaterThanOrEqual(2);
  });

  it("sign in locally or through another, some without a second factor, some long ago or never", () => {
    const users = rows("users");
    for (const source of ["mgmt", "sso_saml", "active_directory"]) expect(share(users, (user) => user["source"] === source)).toBeGreaterThan(0.01);
    within(share(users, (user) => user["twoFaEnabled"] === false), 0.05, 0.3);
    within(share(users, (user) => user["lastLogin"] !== null && NOW - time(user, "lastLogin") > 90 * DAY), 0.05, 0.3);
    within(share(users, (user) => user["lastLogin"] === null), 0.01, 0.1);
    expect(new Set(users.map((user) => user["email"])).size).toBe(users.length);
  });

  it("hold custom roles of one account or site only there and below, and leave a role to nobody", () => {
    const roles = rows("roles");
    for (const [scope, places] of [["account", "accounts"], ["site", "sites"]] as const) {
      const local = roles.filter((role) => role["scope"] === scope);
      expect(local.filter((role) => Number(role["usersInRoles"]) > 0).length).toBeGreaterThan(0);
      for (const role of local) expect(rows(places).some((place) => place["id"] === role["scopeId"])).toBe(true);
    }
    expect(roles.filter((role) => role["usersInRoles"] === 0).map((role) => role["name"])).toEqual(["Contractor"]);
    const accountOf = new Map(rows("sites").map((site) => [site["id"], site["accountId"]]));
    const home = new Map(roles.map((role) => [role["id"], role["scope"] === "tenant" ? null : role["scopeId"]]));
    for (const person of [...rows("users"), ...rows("service-users")]) {
      for (const held of person["scopeRoles"] as readonly Row[]) {
        const defined = home.get(held["roleId"]);
        if (defined !== null) expect([held["id"], accountOf.get(held["id"])]).toContain(defined);
      }
    }
  });

  it("are sometimes one person with two accounts, of which the second is a local one", () => {
    const users = new Map(rows("users").map((user) => [user["email"], user]));
    const second = rows("users").filter((user) => String(user["email"]).startsWith("adm."));
    within(second.length / users.size, 0.01, 0.06);
    for (const user of second) expect([user["source"], users.get(String(user["email"]).slice(4))?.["fullName"]]).toEqual(["mgmt", user["fullName"]]);
  });

  it("are joined by service users with tokens near their end, past it and without one, some of whose makers have left", () => {
    const people = new Set(rows("users").map((user) => user["id"]));
    const made = rows("service-users");
    within(share(made, (user) => readPath(user, "apiToken.expiresAt") === null), 0.01, 0.1);
    within(share(made, (user) => user["createdBy"] !== null && !people.has(readPath(user, "createdBy.id"))), 0.03, 0.2);
    const ending = made.filter((user) => readPath(user, "apiToken.expiresAt") !== null);
    const left = ending.map((user) => (time(user, "apiToken.expiresAt") - NOW) / DAY);
    within(left.filter((days) => days < 0).length / left.length, 0.01, 0.2);
    within(left.filter((days) => days >= 0 && days < 30).length / left.length, 0.01, 0.25);
    for (const user of ending) {
      expect(time(user, "apiToken.createdAt")).toBeLessThan(time(user, "apiToken.expiresAt"));
      if (user["lastActivation"] !== null) expect(time(user, "lastActivation")).toBeLessThanOrEqual(time(user, "apiToken.expiresAt"));
    }
    expect(left.filter((days) => days > 90).length).toBeGreaterThan(left.length / 2);
  });
});

describe("the activity log", () => {
  it("has the common types, each worded with real names, and points at what it tells of", () => {
    const types = new Set(rows("activities").map((activity) => activity["activityType"]));
    for (const type of [18, 19, 23, 27, 33, 47, 61, 62, 71, 90, 95, 112, 133, 140, 2001, 2028, 2030, 3608, 4003, 4008, 5126, 16000, 16001, 16007]) expect(types.has(type)).toBe(true);
    for (const activity of rows("activities")) expect(String(activity["primaryDescription"])).not.toMatch(/[{}]|undefined/u);
  });

  it("carries numbers longer than a double holds where real rules do", () => {
    const told = rows("activities").find((activity) => activity["activityType"] === 3608);
    expect(JSON.stringify(told)).toMatch(/"scopeId":\d{19},/u);
    expect(JSON.stringify(told)).toMatch(/"detectedat":\d{13}[,}]/u);
  });
});

describe("the risks", () => {
  it("carry made-up CVE ids, the same ones wherever a version is installed", () => {
    const ids = new Map<string, Set<unknown>>();
    for (const risk of rows("risks")) {
      expect(risk["cveId"]).toMatch(/^CVE-2099-\d{5,}$/u);
      const version = `${String(risk["application"])} ${String(risk["cveId"])}`;
      ids.set(version, (ids.get(version) ?? new Set()).add(`${String(risk["severity"])} ${String(risk["baseScore"])}`));
    }
    expect([...ids.values()].every((facts) => facts.size === 1)).toBe(true);
    within(share(rows("risks"), (risk) => risk["status"] === "Removed"), 0.05, 0.2);
  });

  it("carry real ids only from a file the user gives, and say which line of it they cannot read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "simulator-cves-"));
    const file = join(folder, "cves.txt");
    writeFileSync(file, "# mine\nCVE-2101-11111,high,7.5\r\n\nCVE-2101-22222\n");
    const given = await startSimulator({ now: NOW, agents: 40, cves: file });
    const risks = [...given.truth("risks")];
    await given.close();
    expect(new Set(risks.map((risk) => risk["cveId"]))).toEqual(new Set(["CVE-2101-11111", "CVE-2101-22222"]));
    expect(risks.find((risk) => risk["cveId"] === "CVE-2101-11111")).toMatchObject({ severity: "HIGH", baseScore: "7.5" });
    writeFileSync(file, "CVE-2101-11111\nnonsense\n");
    await expect(startSimulator({ now: NOW, cves: file })).rejects.toThrow(/line 2/u);
    rmSync(folder, { recursive: true });
  });
});
