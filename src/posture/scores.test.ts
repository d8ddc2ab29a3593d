import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { rounds } from "../../test/support/rounds.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { risks } from "../sentinelone/streams/risks.ts";
import { answerDevices, type DeviceQuestion } from "./answer.ts";
import { addException } from "./exceptions.ts";
import { scoreDevices } from "./scores.ts";
import { CLEAN, CON, MINUTE, OTHER, postureBench, rule, TARGET, TEN, type PostureBench } from "./test-bench.ts";

const SICK = { infected: true, activeThreats: 1 };
const DISK = { input: "disk_encrypted", operator: "==", value: true } as const;
const WEAK = { input: "known_exploited", operator: "==", value: false } as const;
const SEEN = { input: "last_seen", operator: "within", value: "1h" } as const;
const question = (serial: string): DeviceQuestion => ({ ref: serial, identifiers: { serial } });

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
});
afterEach(() => bench.close());

/** Scores, and whether any device's facts were read for them. */
async function ask(serials: readonly string[], chosen: ReadonlySet<string> | null = null, scope = EVERY_TENANT): Promise<{ readonly scores: readonly number[]; readonly thorough: boolean }> {
  let thorough = false;
  const watched = bench.store.read.withPlugin({
    transformQuery: ({ node }) => {
      if (node.kind === "RawNode" && node.sqlFragments.join("").includes("facts")) thorough = true;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const scores = await scoreDevices(watched, "sqlite", scope, serials.map(question), bench.now, chosen);
  return { scores: scores.map(({ score }) => score), thorough };
}

describe("a score", () => {
  it("of the only device with its number comes without its facts, once all devices have been met with the rules", async () => {
    await bench.rules([CLEAN, rule("Disk", DISK, { warn_only: true })]);
    await bench.read({}, { id: "2", serialNumber: "SICK", ...SICK }, { id: "3", serialNumber: "OPEN", encryptedApplications: false });
    expect(await ask(["CB14-00417", "SICK", "OPEN"])).toEqual({ scores: [100, 0, 60], thorough: true });
    await bench.due();
    expect(await ask(["cb14-00417", "SICK", "OPEN"])).toEqual({ scores: [100, 0, 60], thorough: false });
  });

  it("follows a change of the device, of the rules and of time at once", async () => {
    await bench.rules([CLEAN, rule("Seen", SEEN)]);
    await bench.read({});
    await bench.due();
    expect(await ask(["CB14-00417"])).toEqual({ scores: [100], thorough: false });
    await bench.read(SICK);
    expect(await ask(["CB14-00417"])).toEqual({ scores: [0], thorough: false });
    await bench.rules([rule("Seen", SEEN)]);
    expect(await ask(["CB14-00417"])).toEqual({ scores: [100], thorough: true });
    await bench.due();
    bench.now += 15 * MINUTE;
    await bench.proven();
    expect(await ask(["CB14-00417"])).toEqual({ scores: [0], thorough: true });
  });

  it("turns to nothing with stale evidence, and comes back with the change that was read meanwhile", async () => {
    await bench.rules([CLEAN]);
    await bench.read({});
    await bench.due();
    bench.now += 11 * MINUTE;
    expect(await ask(["CB14-00417"])).toEqual({ scores: [0], thorough: false });
    await bench.page(agents, [{ ...SICK, id: "2", serialNumber: "NEW", updatedAt: new Date(bench.now).toISOString() }]);
    await bench.proven();
    expect((await ask(["CB14-00417", "NEW"])).scores).toEqual([100, 0]);
  });

  it("looks at the device where a rule keeps what was last known, an exception lets it off, or its record is set aside", async () => {
    await bench.rules([rule("Clean", { input: "infected", operator: "==", value: false }, { fail: { last_known: "30m" } })]);
    await bench.read({}, { id: "2", serialNumber: "SICK", ...SICK });
    await bench.due();
    bench.now += 11 * MINUTE;
    expect(await ask(["CB14-00417"])).toEqual({ scores: [100], thorough: true });
    await bench.proven();
    await bench.store.tx((tx) => addException(tx, EVERY_TENANT, { connection: CON, agentId: "2", rule: null, owner: "ada", reason: "r", endsAt: bench.now + MINUTE }, "k", bench.now));
    expect((await ask(["SICK"])).scores).toEqual([100]);
    await bench.page(agents, [], { rejected: ["2"] });
    bench.now += 31 * MINUTE;
    await bench.proven();
    await bench.due();
    expect((await ask(["CB14-00417", "SICK"])).scores).toEqual([100, 0]);
  });

  it("counts the rules that were chosen, and the tenant's own", async () => {
    const [clean, disk] = await bench.rules([CLEAN, rule("Disk", DISK)]);
    await bench.rules([rule("Ours", DISK)], TEN);
    await bench.rules([rule("Theirs", { input: "infected", operator: "==", value: true })], OTHER);
    await bench.read({ ...SICK });
    await bench.due();
    expect(await ask(["CB14-00417"])).toEqual({ scores: [0], thorough: false });
    expect(await ask(["CB14-00417"], new Set([disk?.rule.id ?? ""]))).toEqual({ scores: [100], thorough: false });
    expect((await ask(["CB14-00417"], new Set([clean?.rule.id ?? ""]))).scores).toEqual([0]);
    expect((await ask(["CB14-00417"], new Set(["rul_none"]))).scores).toEqual([0]);
    expect((await ask(["CB14-00417"], null, { all: false, tenants: [OTHER] })).scores).toEqual([0]);
  });

  it("is always the one that the whole answer has", async () => {
    const serials = ["A-1", "B-1", "C-1", "D-1"] as const;
    const leaf = fc.constantFrom({ input: "infected", operator: "==", value: false }, DISK, SEEN, WEAK, { input: "active_threats", operator: "<=", value: 1 });
    const someRule = fc.record({ condition: leaf, shadow: fc.boolean(), warn_only: fc.boolean(), match: fc.constantFrom([], ["windows"], ["mac"]), expiration: fc.constantFrom("1m", "30m", "24h"), fail: fc.constantFrom("closed", "open", { last_known: "1h" }), match_by: fc.constantFrom(["serial"], ["serial"], ["serial", "hostname"]) });
    const device = fc.record({ id: fc.constantFrom("1", "2", "3"), serialNumber: fc.constantFrom(...serials), infected: fc.constantFrom(true, false, undefined), encryptedApplications: fc.constantFrom(true, undefined), osType: fc.constantFrom("windows", "macos", "new"), isDecommissioned: fc.boolean() });
    const step = fc.oneof(
      fc.record({ do: fc.constant("rules" as const), rules: fc.array(someRule, { maxLength: 3 }) }),
      fc.record({ do: fc.constant("read" as const), devices: fc.uniqueArray(device, { minLength: 1, maxLength: 3, selector: ({ id }) => id }) }),
      fc.record({ do: fc.constant("wait" as const), minutes: fc.constantFrom(1, 11, 45) }),
      fc.record({ do: fc.constant("due" as const) }),
      fc.record({ do: fc.constant("proven" as const), stream: fc.constantFrom(agents, risks) }),
      fc.record({ do: fc.constant("weak" as const), id: fc.constantFrom("1", "2", "3"), knownExploited: fc.constantFrom(true, false, null) }),
    );
    let byLetters = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        for (const one of steps) {
          if (one.do === "rules") await bench.rules(one.rules.map((found, place) => ({ name: `R${String(place)}`, ...found })));
          else if (one.do === "read") await bench.read(...one.devices);
          else if (one.do === "wait") bench.now += one.minutes * MINUTE;
          else if (one.do === "due") await bench.due();
          else if (one.do === "weak") bench.weaknesses({ [one.id]: { worstOpenCve: null, knownExploited: one.knownExploited } });
          else await bench.proven(one.stream);
          const asked = [...serials.map(question), { ref: "x", identifiers: { serial: "none" } }, { ref: "h", identifiers: { hostname: "OF-LT-0417", serial: "" } }];
          const whole = await answerDevices(bench.store.read, "sqlite", EVERY_TENANT, asked, bench.now);
          expect(await scoreDevices(bench.store.read, "sqlite", EVERY_TENANT, asked, bench.now)).toEqual(whole.map(({ ref, device: found, score }) => ({ ref, agentId: found?.id ?? null, score })));
          if (!(await ask([serials[0]])).thorough) byLetters += 1;
        }
      }),
      rounds(60),
    );
    expect(byLetters).toBeGreaterThan(20);
  }, 60_000);
});

it("a device that goes to another tenant is met with that tenant's rules", async () => {
  await bench.rules([rule("Theirs", { input: "infected", operator: "==", value: true })], OTHER);
  await bench.rules([CLEAN], TEN);
  await bench.read({});
  await bench.due();
  expect((await ask(["CB14-00417"])).scores).toEqual([100]);
  const moved = { ...TARGET, siteTenants: new Map([["2101000000000000011", OTHER]]) };
  await bench.reassign(moved, "2101000000000000011");
  expect((await ask(["CB14-00417"])).scores).toEqual([0]);
});
