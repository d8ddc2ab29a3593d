import { describe, expect, it } from "vitest";
import { evaluate, type Moment } from "./evaluate.ts";
import { deviceOf, HEALTHY, NOW, ruleOf, type ApiAgent } from "./fixtures.ts";
import { INPUTS } from "./inputs.ts";
import { INPUT_IDS, type Condition, type Evaluation, type Exposure, type InputId, type LeafValue, type Operator } from "./model.ts";

const FRESH: Moment = { evidenceAt: NOW - 60_000, now: NOW };

function run(condition: Condition, agent: ApiAgent = {}): Evaluation {
  return evaluate(ruleOf(condition), deviceOf(agent), FRESH);
}

type Row = readonly [input: InputId, operator: Operator, value: LeafValue, agent: ApiAgent, met: boolean | null, exposure?: Exposure];

const tag = (key: string, value?: string): ApiAgent => ({ tags: { sentinelone: [{ id: "9", key, value }] } });
const exposed = (worstOpenCve: Exposure["worstOpenCve"], knownExploited: Exposure["knownExploited"] = null): Exposure => ({ worstOpenCve, knownExploited });

function flagRows(input: InputId, field: string): readonly Row[] {
  return [
    [input, "==", true, { [field]: true }, true],
    [input, "==", true, { [field]: false }, false],
    [input, "==", false, { [field]: false }, true],
    [input, "==", false, { [field]: true }, false],
    ...[true, false].flatMap((value): readonly Row[] => [
      [input, "==", value, { [field]: null }, null],
      [input, "==", value, { [field]: undefined }, null],
    ]),
  ];
}

function countRows(): readonly Row[] {
  const rows: Row[] = [];
  for (const found of [0, 1, 2, 3]) {
    rows.push(["active_threats", "<", 2, { activeThreats: found }, found < 2]);
    rows.push(["active_threats", "<=", 2, { activeThreats: found }, found <= 2]);
    rows.push(["active_threats", ">", 2, { activeThreats: found }, found > 2]);
    rows.push(["active_threats", ">=", 2, { activeThreats: found }, found >= 2]);
    rows.push(["active_threats", "==", 2, { activeThreats: found }, found === 2]);
  }
  for (const operator of INPUTS.active_threats.operators) for (const missing of [null, undefined, -1, ""]) rows.push(["active_threats", operator, 2, { activeThreats: missing }, null]);
  return rows;
}

function choiceRows(input: InputId, field: string, choices: readonly string[]): readonly Row[] {
  const rows: Row[] = [];
  for (const value of choices) {
    for (const found of choices) {
      rows.push([input, "==", value, { [field]: found }, found === value]);
      rows.push([input, "in", [value, choices[0] ?? ""], { [field]: found }, found === value || found === choices[0]]);
    }
    rows.push([input, "==", value, { [field]: "a_word_of_tomorrow" }, false]);
    for (const missing of [null, undefined, "", " "]) rows.push([input, "==", value, { [field]: missing }, null], [input, "in", [value], { [field]: missing }, null]);
    rows.push([input, "==", value, { [field]: value.toUpperCase() }, true]);
  }
  return rows;
}

function orderedRows(input: InputId, low: string, middle: string, high: string, make: (found: string | null) => readonly [ApiAgent, Exposure?]): readonly Row[] {
  const wanted: Readonly<Record<string, readonly [boolean, boolean, boolean]>> = { "<": [true, false, false], "<=": [true, true, false], ">": [false, false, true], ">=": [false, true, true], "==": [false, true, false] };
  return Object.entries(wanted).flatMap(([operator, answers]) => [...[low, middle, high].map((found, place): Row => {
    const [agent, exposure] = make(found);
    const met = answers[place] ?? null;
    return exposure === undefined ? [input, operator as Operator, middle, agent, met] : [input, operator as Operator, middle, agent, met, exposure];
  }), [input, operator as Operator, middle, make(null)[0], null] satisfies Row]);
}

function placeRows(input: InputId, id: string, name: string): readonly Row[] {
  return [
    [input, "==", "77", { [id]: "77", [name]: "Lyon" }, true],
    [input, "==", "Lyon", { [id]: "77", [name]: "Lyon" }, true],
    [input, "==", "lyon", { [id]: "77", [name]: "Lyon" }, false],
    [input, "==", "7", { [id]: "77", [name]: "Lyon" }, false],
    [input, "==", "77", { [id]: "77", [name]: "Renamed" }, true],
    [input, "==", "77", { [id]: "77", [name]: null }, true],
    [input, "==", "Lyon", { [id]: "77", [name]: null }, null],
    [input, "==", "77", { [id]: null, [name]: null }, null],
    [input, "in", ["1", "Lyon"], { [id]: "77", [name]: "Lyon" }, true],
    [input, "in", ["1", "2"], { [id]: "77", [name]: "Lyon" }, false],
    [input, "in", ["1", "2"], { [id]: "77", [name]: undefined }, null],
  ];
}

function listRows(input: InputId, field: string): readonly Row[] {
  return [
    [input, "empty", true, { [field]: [] }, true],
    [input, "empty", true, { [field]: ["upgrade_needed"] }, false],
    [input, "empty", false, { [field]: [] }, false],
    [input, "empty", false, { [field]: ["upgrade_needed"] }, true],
    [input, "includes", "upgrade_needed", { [field]: ["upgrade_needed", "x"] }, true],
    [input, "includes", "upgrade", { [field]: ["upgrade_needed"] }, false],
    [input, "includes", ["a", "upgrade_needed"], { [field]: ["upgrade_needed"] }, true],
    [input, "includes", ["a", "b"], { [field]: [] }, false],
    ...[null, undefined, "upgrade_needed", {}, ["x", 3]].flatMap((missing): readonly Row[] => [
      [input, "empty", true, { [field]: missing }, null],
      [input, "empty", false, { [field]: missing }, null],
      [input, "includes", "upgrade_needed", { [field]: missing }, null],
    ]),
  ];
}

const GOLDEN: readonly Row[] = [
  ...flagRows("infected", "infected"),
  ...flagRows("is_active", "isActive"),
  ...flagRows("up_to_date", "isUpToDate"),
  ...flagRows("disk_encrypted", "encryptedApplications"),
  ...flagRows("firewall", "firewallEnabled"),
  ...flagRows("decommissioned", "isDecommissioned"),
  ...flagRows("uninstalled", "isUninstalled"),
  ...countRows(),
  ...choiceRows("network_status", "networkStatus", ["connected", "disconnected", "disconnecting", "connecting"]),
  ...choiceRows("operational_state", "operationalState", ["na", "partially_disabled", "auto_fully_disabled", "fully_disabled", "auto_partially_disabled", "disabled_error", "db_corruption"]),
  ...choiceRows("mitigation_mode", "mitigationMode", ["protect", "detect"]),
  ["last_seen", "within", "1h", { lastActiveDate: "2026-03-02T08:00:00.000000Z" }, true],
  ["last_seen", "within", "1h", { lastActiveDate: "2026-03-02T07:59:59.999000Z" }, false],
  ["last_seen", "within", "168h", { lastActiveDate: "2026-02-23T09:00:00Z" }, true],
  ["last_seen", "within", "1h", { lastActiveDate: "2026-03-02T09:04:59Z" }, true],
  ["last_seen", "within", "1h", { lastActiveDate: "2026-03-02T09:05:01Z" }, null],
  ["last_seen", "within", "1h", { lastActiveDate: "2099-01-01T00:00:00Z" }, null],
  ["last_seen", "within", "1h", { lastActiveDate: null }, null],
  ["last_seen", "within", "1h", { lastActiveDate: "yesterday" }, null],
  ...orderedRows("agent_version", "24.2.9.1", "24.2.10", "24.2.10.1", (found) => [{ agentVersion: found }]),
  ["agent_version", ">=", "24.2", { agentVersion: "24.2-beta" }, null],
  ["agent_version", ">=", "24.2", { agentVersion: "" }, null],
  ["agent_version", ">=", "9.0", { agentVersion: " 10.0 " }, true],
  ...orderedRows("worst_open_cve", "none", "high", "critical", (found) => [{}, exposed(found as Exposure["worstOpenCve"])]),
  ["known_exploited", "==", false, {}, true, exposed(null, false)],
  ["known_exploited", "==", false, {}, false, exposed(null, true)],
  ["known_exploited", "==", true, {}, true, exposed(null, true)],
  ["known_exploited", "==", false, {}, null],
  ["known_exploited", "==", true, {}, null],
  ["reboot_pending", "==", false, { threatRebootRequired: false, userActionsNeeded: [] }, true],
  ["reboot_pending", "==", false, { threatRebootRequired: false, userActionsNeeded: ["upgrade_needed"] }, true],
  ["reboot_pending", "==", false, { threatRebootRequired: true, userActionsNeeded: null }, false],
  ["reboot_pending", "==", false, { threatRebootRequired: null, userActionsNeeded: ["reboot_needed"] }, false],
  ["reboot_pending", "==", true, { threatRebootRequired: false, userActionsNeeded: ["reboot_required"] }, true],
  ["reboot_pending", "==", true, { threatRebootRequired: false, userActionsNeeded: [] }, false],
  ["reboot_pending", "==", false, { threatRebootRequired: null, userActionsNeeded: [] }, null],
  ["reboot_pending", "==", false, { threatRebootRequired: false, userActionsNeeded: null }, null],
  ...listRows("missing_permissions", "missingPermissions"),
  ...listRows("user_actions_needed", "userActionsNeeded"),
  ["user_actions_needed", "empty", true, { userActionsNeeded: ["none"] }, true],
  ["user_actions_needed", "includes", "Reboot_Needed", { userActionsNeeded: ["reboot_needed"] }, true],
  ...placeRows("site", "siteId", "siteName"),
  ...placeRows("group", "groupId", "groupName"),
  ["tag", "includes", "env", tag("env", "prod"), true],
  ["tag", "includes", "env:prod", tag("env", "prod"), true],
  ["tag", "includes", "env:pro", tag("env", "prod"), false],
  ["tag", "includes", "en", tag("env", "prod"), false],
  ["tag", "includes", "prod", tag("env", "prod"), false],
  ["tag", "includes", ["a", "env:prod"], tag("env", "prod"), true],
  ["tag", "includes", "vip", tag("vip"), true],
  ["tag", "includes", "a:b", tag("a:b"), true],
  ["tag", "empty", true, { tags: { sentinelone: [] } }, true],
  ["tag", "empty", true, tag("env", "prod"), false],
  ["tag", "empty", false, tag("env", "prod"), true],
  ["tag", "includes", "env", { tags: null }, null],
  ["tag", "includes", "env", { tags: {} }, null],
  ["tag", "includes", "env", { tags: { sentinelone: [{ key: 5 }] } }, null],
  ["tag", "empty", true, { tags: undefined }, null],
  ["tag", "empty", false, { tags: "env" }, null],
];

describe("each input", () => {
  it.each(GOLDEN.map((row) => [row.slice(0, 5).map((cell) => JSON.stringify(cell) ?? "nothing").join(" "), row] as const))("%s", (_line, [input, operator, value, agent, met, exposure]) => {
    const device = deviceOf(agent, exposure);
    const straight = evaluate(ruleOf({ input, operator, value }), device, FRESH);
    const negated = evaluate(ruleOf({ not: { input, operator, value } }), device, FRESH);

    expect(straight.conditions[0]).toMatchObject({ input, operator, negated: false, expected: value, met });
    expect(straight.outcome).toBe(met === null ? "unknown" : met ? "pass" : "fail");
    expect(negated.conditions[0]).toMatchObject({ negated: true, met: met === null ? null : !met });
    expect(negated.outcome).toBe(met === null ? "unknown" : met ? "fail" : "pass");
  });

  it("is in that table with every operator it has, met, not met and absent", () => {
    const seen = new Set(GOLDEN.map(([input, operator, , , met]) => `${input} ${operator} ${String(met)}`));
    const wanted = INPUT_IDS.flatMap((input) => INPUTS[input].operators.flatMap((operator) => [true, false, null].map((met) => `${input} ${operator} ${String(met)}`)));

    expect(wanted.filter((line) => !seen.has(line))).toEqual([]);
  });

  it("of an agent that says nothing at all but its id is absent, and nothing passes", () => {
    const bare = Object.fromEntries(Object.keys(HEALTHY).map((field) => [field, field === "id" ? "1" : undefined]));
    for (const input of INPUT_IDS) {
      const [operator = "=="] = INPUTS[input].operators;
      const value = GOLDEN.find((row) => row[0] === input && row[1] === operator)?.[2] ?? true;
      for (const condition of [{ input, operator, value }, { not: { input, operator, value } }, { not: { not: { input, operator, value } } }] as const) {
        const { outcome, conditions } = run(condition, bare);
        expect([input, outcome, conditions[0]?.received]).toEqual([input, "unknown", null]);
      }
    }
  });

  it("of weaknesses is absent until the vulnerabilities capability says something", () => {
    expect(deviceOf()).toMatchObject({ worstOpenCve: null, knownExploited: null });
  });
});

describe("what the vendor's fields mean", () => {
  it("an isolated device fails `network_status == connected`, asleep or not; a sleeping one that is not isolated passes", () => {
    const notIsolated: Condition = { input: "network_status", operator: "==", value: "connected" };

    expect(run(notIsolated, { networkStatus: "disconnected", isActive: true }).outcome).toBe("fail");
    expect(run(notIsolated, { networkStatus: "connected", isActive: false }).outcome).toBe("pass");
  });

  it("`na` is the healthy operational state, not an absent one", () => {
    expect(run({ input: "operational_state", operator: "==", value: "na" }).outcome).toBe("pass");
  });

  it("`is_active` follows the sleep of the device, `last_seen` does not", () => {
    const asleep: ApiAgent = { isActive: false, lastActiveDate: "2026-03-02T08:14:00Z" };

    expect(run({ input: "is_active", operator: "==", value: true }, asleep).outcome).toBe("fail");
    expect(run({ input: "last_seen", operator: "within", value: "12h" }, asleep).outcome).toBe("pass");
  });

  it("disk encryption is read from `encryptedApplications`, the group's firewall control from `firewallEnabled`", () => {
    expect(deviceOf({ encryptedApplications: false, firewallEnabled: true })).toMatchObject({ diskEncrypted: false, firewall: true });
    expect(INPUTS.firewall.meaning).toMatch(/group/);
  });

  it("the older Windows agents are Windows, and a platform nobody knows is none", () => {
    expect(["windows", "windows_legacy", "macos", "linux", "MACOS", "solaris", "", null].map((osType) => deviceOf({ osType }).platform)).toEqual(["windows", "windows", "mac", "linux", "mac", null, null, null]);
  });
});
