import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agents } from "../sentinelone/streams/agents.ts";
import { risks } from "../sentinelone/streams/risks.ts";
import { HEALTHY } from "./fixtures.ts";
import { agent, CLEAN, MINUTE, OTHER, postureBench, rule, TARGET, type PostureBench } from "./test-bench.ts";

const ID = String(HEALTHY["id"]);
const WEAK = rule("No critical CVE", { all: [{ input: "worst_open_cve", operator: "<", value: "critical" }, { input: "known_exploited", operator: "==", value: false }] });
const HIGH = { worstOpenCve: "high", knownExploited: false } as const;
const CRITICAL = { worstOpenCve: "critical", knownExploited: false } as const;

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
  await bench.rules([WEAK]);
});
afterEach(() => bench.close());

const verdict = async () => {
  const { verdicts, score } = await bench.answer({ agentId: ID });
  const [one] = verdicts;
  return [score, one?.outcome, one?.reason, one?.conditions.map(({ received }) => received)];
};
const changes = async () => (await bench.facts("posture.verdict-changed")).map(({ body }) => [body["previous"], body["outcome"]]);

describe("the weaknesses of a device", () => {
  it("that nobody has told of let it pass no rule that asks for them", async () => {
    await bench.read({});
    await bench.proven(risks);
    await bench.due();
    expect(await verdict()).toEqual([0, "unknown", "conditions", [null, null]]);
  });

  it("are met with the rules again when they change, and the flip is told once", async () => {
    await bench.read({});
    await bench.proven(risks);
    bench.weaknesses({ [ID]: HIGH });
    await bench.due();
    expect(await verdict()).toEqual([100, "pass", "conditions", ["high", false]]);
    bench.weaknesses({ [ID]: CRITICAL });
    await bench.due();
    bench.weaknesses({ [ID]: CRITICAL });
    await bench.due();
    expect(await verdict()).toEqual([0, "fail", "conditions", ["critical", false]]);
    bench.weaknesses({ [ID]: null });
    await bench.due();
    expect(await verdict()).toEqual([0, "unknown", "conditions", [null, null]]);
    expect(await changes()).toEqual([["pass", "fail"], ["fail", "unknown"]]);
  });

  it("make no change of a first verdict that had to wait for them", async () => {
    await bench.read({});
    await bench.proven(risks);
    await bench.due();
    bench.weaknesses({ [ID]: HIGH });
    await bench.due();
    expect([(await verdict())[1], await changes()]).toEqual(["pass", []]);
  });

  it("stay what they are when its agent reports, and are asked for where it is new", async () => {
    bench.weaknesses({ [ID]: HIGH });
    await bench.due();
    await bench.read({});
    await bench.proven(risks);
    expect(await verdict()).toEqual([100, "pass", "conditions", ["high", false]]);
    await bench.read({ computerName: "renamed" });
    await bench.rebuild();
    expect(await verdict()).toEqual([100, "pass", "conditions", ["high", false]]);
  });

  it("of one tenant's device are nothing to the tenant that has it now", async () => {
    await bench.read({});
    await bench.proven(risks);
    bench.weaknesses({ [ID]: HIGH });
    await bench.due();
    await bench.reassign({ ...TARGET, siteTenants: new Map([[String(HEALTHY["siteId"]), OTHER]]) }, String(HEALTHY["siteId"]));
    expect(await verdict()).toEqual([0, "unknown", "conditions", [null, null]]);
    bench.weaknesses({ [ID]: HIGH }, OTHER);
    await bench.due();
    expect(await verdict()).toEqual([100, "pass", "conditions", ["high", false]]);
  });

  it("are as old as their own reading: a rule that asks for them turns unknown with it, others do not", async () => {
    await bench.rules([{ ...(WEAK as object), expiration: "1h" }, CLEAN]);
    bench.weaknesses({ [ID]: HIGH });
    await bench.read({});
    await bench.due();
    const outcomes = async () => (await bench.answer({ agentId: ID })).verdicts.map((one) => `${one.outcome} ${one.reason}`);
    expect(await outcomes()).toEqual(["pass conditions", "unknown weaknesses-never-read"]);
    await bench.proven(risks);
    await bench.due();
    expect(await outcomes()).toEqual(["pass conditions", "pass conditions"]);
    bench.now += 61 * MINUTE;
    await bench.page(agents, [agent()]);
    await bench.proven();
    await bench.due();
    expect(await outcomes()).toEqual(["pass conditions", "unknown stale-evidence"]);
    await bench.proven(risks);
    await bench.due();
    expect([await outcomes(), await changes()]).toEqual([["pass conditions", "pass conditions"], [["pass", "unknown"], ["unknown", "pass"]]]);
  });

  it("count by default for twice the longer of the two intervals", async () => {
    bench.weaknesses({ [ID]: HIGH });
    await bench.read({});
    await bench.proven(risks, 60 * MINUTE);
    await bench.due();
    bench.now += 100 * MINUTE;
    await bench.proven();
    expect((await verdict())[1]).toBe("pass");
    bench.now += 21 * MINUTE;
    await bench.proven();
    expect((await verdict())[1]).toBe("unknown");
  });
});
