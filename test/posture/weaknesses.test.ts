/** A device gets a weakness in the console, and whoever enforces access hears of it: from the list of risks to the webhook, through a whole hub. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { MINUTE, openWorldWithReceiver, type PostureWorld } from "./bench.ts";

const RULE = { name: "No critical CVE", condition: { all: [{ input: "worst_open_cve", operator: "<", value: "critical" }, { input: "known_exploited", value: false }] } };

let bench: PostureWorld;
beforeEach(async () => {
  bench = await openWorldWithReceiver({ estate: { agents: 12, alerts: 1, risks: 40, threats: 1, activities: 1 } }, [RULE]);
  for (const one of bench.world.simulator.truth("risks")) bench.world.simulator.mutate({ stream: "risks", action: "update", ids: [String(one["id"])], set: { severity: "LOW", baseScore: "2.0", exploitedInTheWild: "No", status: "Detected", lastScanResult: "Succeeded" } });
});
afterEach(() => bench.close());

async function readRisks(): Promise<void> {
  await bench.world.sync({ streams: ["risks"] });
  await bench.world.hub.upkeep.once();
  await bench.world.hub.upkeep.once();
  await bench.world.hub.deliverer.once();
}

it("before risks were read it does not pass; then it passes, fails with the reading that brings a critical one, and passes again when that is gone", async () => {
  const record = [...bench.world.simulator.truth("risks")].find((one) => one["endpointId"] === bench.device.id) ?? [...bench.world.simulator.truth("risks")][0];
  const risk = String(record?.["id"]);
  const set = (fields: Readonly<Record<string, unknown>>) => bench.world.simulator.mutate({ stream: "risks", action: "update", ids: [risk], set: fields });
  set({ endpointId: bench.device.id, lastScanDate: new Date(bench.clock.now()).toISOString() });
  const verdicts = async () => (await bench.ask({ serial: bench.device.serial })).verdicts.map((one) => `${one.outcome} ${one.reason} ${one.conditions.map(({ received }) => String(received)).join(" ")}`);
  expect(await verdicts()).toEqual(["unknown weaknesses-never-read null null"]);

  await readRisks();
  expect(await verdicts()).toEqual(["pass conditions low false"]);

  set({ severity: "CRITICAL", baseScore: "9.8", exploitedInTheWild: "Yes" });
  bench.clock.advance(MINUTE);
  await readRisks();
  expect(await verdicts()).toEqual(["fail conditions critical true"]);

  set({ status: "Removed", lastScanDate: new Date(bench.clock.now()).toISOString() });
  bench.clock.advance(MINUTE);
  await readRisks();
  expect((await verdicts())[0]).toMatch(/^pass conditions (low|none) false$/);

  expect(bench.receiver.taken.filter(({ body }) => body.data.device.agentId === bench.device.id).map(({ body: { data }, signed }) => [data.previous, data.outcome, signed])).toEqual([["pass", "fail", true], ["fail", "pass", true]]);
});
