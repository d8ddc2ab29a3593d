import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "./index.ts";
import { readPath } from "./record.ts";
import { call, NOW, type Row } from "./simulator.test-kit.ts";

const HOUR = 3_600_000;

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ now: NOW, seed: 8, agents: 12, sites: 4, accounts: 2, users: 30, serviceUsers: 14, activities: 40, alerts: 0, risks: 0, applications: 12, threats: 0 });
});
afterEach(async () => {
  await simulator.close();
});

const people = (): readonly Row[] => [...simulator.truth("users")];
const log = (): readonly Row[] => [...simulator.truth("activities")].filter((activity) => readPath(activity, "data.relatedId") !== null);
const told = (activity: Row | undefined): readonly unknown[] => [activity?.["activityType"], activity?.["userId"], readPath(activity, "data.byUser"), readPath(activity, "data.username"), readPath(activity, "data.relatedId")];

describe("access changed by hand", () => {
  it("leaves an activity that names who did it and to whom, when somebody is said to have", async () => {
    const [mara, target] = [people()[1], people()[5]];
    const set = { scope: "tenant", scopeRoles: [{ id: "0", name: "Global", roleId: "1", roleName: "Admin", roles: ["Admin"] }] };
    const ask = (body: unknown): ReturnType<typeof call> => call(simulator, "/_simulator/mutate", { body });
    await ask({ stream: "users", action: "update", ids: [target?.["id"]], set, by: mara?.["email"] });
    await ask({ stream: "users", action: "remove", ids: [target?.["id"]], by: mara?.["id"] });
    expect(log().map(told)).toEqual([24, 25].map((type) => [type, mara?.["id"], mara?.["fullName"], target?.["fullName"], target?.["id"]]));
    expect(log()[0]?.["primaryDescription"]).toBe(`The management user ${String(mara?.["fullName"])} modified the user ${String(target?.["fullName"])} with Admin on Global.`);
    expect(log()[0]).toMatchObject({ accountId: null, data: { scopeLevel: "Global" } });
  });

  it("gives each kind of change its own type", () => {
    const [, mara, target] = people();
    const by = String(mara?.["id"]);
    const ids = [String(target?.["id"])];
    simulator.mutate({ stream: "users", action: "update", ids, set: { canGenerateApiToken: target?.["canGenerateApiToken"] !== true }, by });
    simulator.mutate({ stream: "users", action: "update", ids, set: { apiToken: null }, by });
    simulator.mutate({ stream: "users", action: "add", set: { source: "sso_saml" }, by });
    simulator.mutate({ stream: "users", action: "add", set: { source: "mgmt" }, by });
    for (const action of ["add", "update", "remove"] as const) simulator.mutate({ stream: "service-users", action, by });
    for (const action of ["add", "update", "remove"] as const) simulator.mutate({ stream: "roles", action, by });
    const types = log().map((activity) => activity["activityType"]);
    expect(types[0] === 110 || types[0] === 111).toBe(true);
    expect([113, 24]).toContain(types[1]);
    expect(types.slice(2)).toEqual([1023, 23, 140, 141, 142, 107, 108, 109]);
    expect(new Set(log().map((activity) => activity["userId"]))).toEqual(new Set([by]));
  });

  it("leaves none when nobody is said to have done it, and refuses somebody who is not there", async () => {
    simulator.mutate({ stream: "users", action: "update", count: 3, set: { scopeRoles: [] } });
    for (const body of [{ stream: "users", action: "add", by: "nobody@estate.test" }, { stream: "users", action: "add", by: 5 }, { stream: "agents", action: "add", by: true }]) {
      expect((await call(simulator, "/_simulator/mutate", { body })).status).toBe(400);
    }
    expect([log(), people().length]).toEqual([[], 30]);
  });

  it("names the one who made a service user or a role in the record itself, and the new one has done nothing yet", () => {
    const by = String(people()[1]?.["id"]);
    const [service = ""] = simulator.mutate({ stream: "service-users", action: "add", by }).ids;
    const [role = ""] = simulator.mutate({ stream: "roles", action: "add", by }).ids;
    expect([...simulator.truth("service-users")].find((row) => row["id"] === service)).toMatchObject({ createdBy: { id: by }, lastActivation: null });
    expect([...simulator.truth("roles")].find((row) => row["id"] === role)).toMatchObject({ creatorId: by, predefinedRole: false, usersInRoles: 0 });
  });
});

describe("access as time goes by", () => {
  it("is given, taken, and comes and goes with people, programs and roles, each time by somebody", () => {
    const before = new Map(people().map((user) => [user["id"], JSON.stringify(user["scopeRoles"])]));
    for (let day = 0; day < 4; day += 1) simulator.advance(24 * HOUR, true);
    expect(people().filter((user) => before.has(user["id"]) && before.get(user["id"]) !== JSON.stringify(user["scopeRoles"])).length).toBeGreaterThan(5);
    expect([people().some((user) => !before.has(user["id"])), people().length < before.size + 30]).toEqual([true, true]);
    const changes = log();
    for (const type of [24, 25, 107]) expect(changes.some((activity) => activity["activityType"] === type), String(type)).toBe(true);
    expect(changes.some((activity) => [140, 141, 142].includes(Number(activity["activityType"])))).toBe(true);
    for (const activity of changes) expect([activity["userId"] === null, activity["userId"] === readPath(activity, "data.relatedId") && activity["activityType"] === 25]).toEqual([false, false]);
  });

  it("passes where there is nobody", async () => {
    const empty = await startSimulator({ now: NOW, agents: 30, users: 0, serviceUsers: 4, alerts: 0, risks: 0, applications: 30, threats: 0 });
    empty.advance(48 * HOUR, true);
    const left = [...empty.truth("service-users")].length;
    await empty.close();
    expect(left).toBe(4);
  });
});
