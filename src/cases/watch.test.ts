import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLOSES_AFTER_MS, HEALTH, troublesOf } from "./health.ts";
import { agent, caseBench, DAY, HOUR, MINUTE, NOW, OTHER, TARGET, TEN, threat, type ApiRecord, type CaseBench } from "./test-bench.ts";

let bench: CaseBench;
beforeAll(async () => {
  bench = await caseBench();
});
afterAll(() => bench.close());
beforeEach(() => bench.reset());

const disabled = { operationalState: "fully_disabled" };
let stampNow = 0;
/** Each reading has a later time than the one before. */
const read = async (...records: readonly ApiRecord[]): Promise<void> => {
  stampNow += 1;
  await bench.page("agents", records.map((record) => ({ ...record, updatedAt: new Date(NOW + stampNow * 1000).toISOString() })));
};
const later = async (ms: number): Promise<void> => {
  bench.now += ms;
  await bench.due();
};
const told = (): readonly string[] => bench.told().map((line) => line.split(" ")[0] ?? "");

describe("an agent that is not well", () => {
  it.each([
    ["disabled", disabled, "Agent disabled (fully disabled) on A1", 4],
    ["detect-only", { mitigationMode: "detect" }, "Detect-only agent on A1", 3],
    ["reboot-pending", { userActionsNeeded: ["reboot_needed"] }, "Restart pending on A1", 2],
    ["reboot-pending", { threatRebootRequired: true }, "Restart pending (a threat's clean-up waits for it) on A1", 3],
    ["offline-server", { machineType: "server", isActive: false }, "Server offline on A1", 3],
  ] as const)("%s: opens a case when it has lasted, and resolves it when it has been over for a while", async (kind, state, title, severity) => {
    await read(agent("A1", state));
    await later(HEALTH[kind].opensAfterMs - 1);
    expect(await bench.cases()).toEqual([]);
    await later(1);
    expect(await bench.only()).toMatchObject({ title, severity, type: "agent-health", status: "new", first_at: NOW });
    await later(DAY);
    await read(agent("A1"));
    await later(CLOSES_AFTER_MS - 1);
    expect(await bench.only()).toMatchObject({ open: 1 });
    await later(1);
    expect(await bench.only()).toMatchObject({ status: "resolved", open: 0 });
    expect(told()).toEqual(["cases.opened", "cases.resolved"]);
    expect((await sql`SELECT 1 FROM case_health`.execute(bench.store.read)).rows).toEqual([]);
  });

  it("is nobody's matter while it comes and goes", async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      await read(agent("A1", disabled));
      await later(HEALTH.disabled.opensAfterMs - MINUTE);
      await read(agent("A1"));
      await later(MINUTE);
    }
    expect(await bench.cases()).toEqual([]);
    await read(agent("A1", disabled));
    await later(HEALTH.disabled.opensAfterMs);
    for (let turn = 0; turn < 5; turn += 1) {
      await read(agent("A1"));
      await later(CLOSES_AFTER_MS - MINUTE);
      await read(agent("A1", disabled));
      await later(MINUTE);
    }
    expect(told()).toEqual(["cases.opened"]);
    expect(await bench.only()).toMatchObject({ open: 1, reopened: 0 });
  });

  it("opens the case again within its reach, and another after it", async () => {
    const once = async (): Promise<void> => {
      await read(agent("A1", disabled));
      await later(HEALTH.disabled.opensAfterMs);
      await read(agent("A1"));
      await later(CLOSES_AFTER_MS);
    };
    await once();
    await later(DAY);
    await once();
    expect(await bench.only()).toMatchObject({ reopened: 1, status: "resolved" });
    await later(8 * DAY);
    await once();
    expect(await bench.cases()).toHaveLength(2);
    expect(told()).toEqual(["cases.opened", "cases.resolved", "cases.reopened", "cases.resolved", "cases.opened", "cases.resolved"]);
  });

  it("is one case of many agents of a site that a policy has made detect-only, not one of each", async () => {
    await read(...["A1", "A2", "A3"].map((id) => agent(id, { mitigationMode: "detect" })), agent("A4", { mitigationMode: "detect", siteId: "12" }));
    await later(HOUR);
    expect((await bench.cases()).map(({ title }) => title).toSorted()).toEqual(["Detect-only agent on 3 devices", "Detect-only agent on A4"]);
  });

  it("of a first read is one case for each site, however long it was so before", async () => {
    await bench.firstRead("agents", ["A1", "A2"].map((id, place) => agent(id, { machineType: "server", isActive: false, lastActiveDate: new Date(NOW - (10 + 30 * place) * DAY).toISOString() })));
    await later(HOUR);
    expect(await bench.only()).toMatchObject({ title: "Server offline on 2 devices", first_at: NOW });
  });

  it("is settled when the agent is gone, and goes with it to another tenant", async () => {
    await read(agent("A1", disabled), agent("A2", { ...disabled, siteId: "12" }));
    await later(HEALTH.disabled.opensAfterMs);
    await bench.gone("agents", ["A1"]);
    expect((await bench.cases()).map(({ open }) => open)).toEqual([0, 1]);
    bench.told();
    await bench.reassign({ ...TARGET, siteTenants: new Map([["12", OTHER]]) }, "12");
    expect(await bench.cases()).toHaveLength(1);
    await later(HEALTH.disabled.opensAfterMs);
    expect((await bench.cases()).map((row) => [row.tenant_id, row.title])).toEqual([[TEN, "Agent disabled (fully disabled) on A1"], [OTHER, "Agent disabled (fully disabled) on A2"]]);
    expect(told()).toEqual(["cases.resolved", "cases.opened"]);
  });

  it("is not expected of one that is decommissioned or uninstalled", () => {
    const row = { id: "A1", computer_name: "A1", operational_state: "fully_disabled", mitigation_mode: "detect" };
    expect(troublesOf(row).map(({ kind }) => kind)).toEqual(["disabled", "detect-only"]);
    expect([troublesOf({ ...row, is_decommissioned: 1 }), troublesOf({ ...row, is_uninstalled: 1 })]).toEqual([[], []]);
  });
});

describe("a threat whose mitigation failed", () => {
  const failed = (info: ApiRecord, minutes = 0): ApiRecord => {
    const record = threat("t1", NOW, { hash: "h", mitigation: "mitigated", updated: NOW + minutes * MINUTE });
    return { ...record, mitigationStatus: [{ action: "quarantine", status: "failed" }], threatInfo: { ...(record["threatInfo"] as ApiRecord), failedActions: true, ...info } };
  };

  it("keeps the case of the threat open and makes it graver, though the console resolved the threat by itself", async () => {
    await bench.page("threats", [failed({ incidentStatus: "resolved", automaticallyResolved: true })]);
    expect(await bench.only()).toMatchObject({ status: "resolved", severity: 2 });
    await later(HEALTH["mitigation-failed"].opensAfterMs);
    expect(await bench.only()).toMatchObject({ status: "new", severity: 4, title: "Mitigation failed (quarantine) on D1" });
    await bench.page("threats", [failed({ incidentStatus: "resolved", automaticallyResolved: true, failedActions: false }, 5)]);
    await later(CLOSES_AFTER_MS);
    expect(await bench.only()).toMatchObject({ status: "resolved" });
    expect(told()).toEqual(["cases.reopened", "cases.resolved"]);
  });

  it("is settled when somebody at the console has dealt with it", async () => {
    await bench.page("threats", [failed({})]);
    await later(HEALTH["mitigation-failed"].opensAfterMs);
    expect(await bench.members()).toHaveLength(2);
    await bench.page("threats", [failed({ incidentStatus: "resolved", automaticallyResolved: false }, 5)]);
    await later(CLOSES_AFTER_MS);
    expect(await bench.only()).toMatchObject({ status: "resolved" });
  });
});
