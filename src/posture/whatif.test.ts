import { afterEach, beforeEach, expect, it } from "vitest";
import { sql } from "kysely";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { addException } from "./exceptions.ts";
import { parseRules } from "./rule-form.ts";
import { CLEAN, CON, MINUTE, OTHER, postureBench, rule, TEN, type PostureBench } from "./test-bench.ts";
import { whatIf } from "./whatif.ts";

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
  await bench.rules([CLEAN]);
  await bench.read({ id: "1", serialNumber: "AA-1" }, { id: "2", serialNumber: "AA-2", siteName: "Lab", infected: true }, { id: "3", serialNumber: "AA-3", siteName: "Lab", encryptedApplications: false, activeDirectory: { mail: "p@orchard.test" } }, { id: "4", serialNumber: "AA-4", osType: "macos", osName: "macOS 15", encryptedApplications: false });
  await bench.due();
});
afterEach(() => bench.close());

const ENCRYPTED = rule("Encrypted", { input: "disk_encrypted", operator: "==", value: true });
const ask = (rules: readonly unknown[], more: { readonly tenant?: typeof TEN | null; readonly scope?: Parameters<typeof whatIf>[1] } = {}) => whatIf(bench.store, more.scope ?? EVERY_TENANT, { drafts: parseRules(rules), tenant: more.tenant ?? null }, bench.now, AbortSignal.timeout(5_000));

it("counts who would fail by site, system and user, and how many of them pass today", async () => {
  const answer = await ask([CLEAN, ENCRYPTED]);

  expect(answer).toMatchObject({ devices: 4, outcomes: { pass: 1, warn: 0, fail: 3, unknown: 0 }, newlyFailing: 2, excepted: 0 });
  expect(answer.rules.map(({ name, pass, fail }) => [name, pass, fail])).toEqual([["Clean", 3, 1], ["Encrypted", 2, 2]]);
  expect(answer.bySite).toEqual({ items: [{ name: "Lab", failing: 2 }, { name: "Lyon Depot", failing: 1 }], others: 0 });
  expect(answer.byOs.items).toEqual([{ name: "Windows 11 Pro", failing: 2 }, { name: "macOS 15", failing: 1 }]);
  expect(answer.byUser.items).toContainEqual({ name: "p@orchard.test", failing: 1 });
});

it("keeps nothing and changes no verdict", async () => {
  const before = await bench.results();
  await ask([ENCRYPTED]);
  await bench.due();

  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM posture_rules`.execute(bench.store.read);
  expect([Number(rows[0]?.n), await bench.results(), (await bench.answer({ serial: "AA-3" })).score]).toEqual([1, before, 100]);
});

it("a rule in shadow, for other platforms or a warning refuses nobody", async () => {
  const shadow = await ask([{ ...(ENCRYPTED as object), shadow: true }]);
  const warning = await ask([{ ...(ENCRYPTED as object), warn_only: true }]);
  const macs = await ask([{ ...(ENCRYPTED as object), match: ["mac"] }]);

  expect([shadow.outcomes.fail, warning.outcomes, macs.outcomes.fail]).toEqual([0, { pass: 2, warn: 2, fail: 0, unknown: 0 }, 1]);
  expect(macs.rules).toMatchObject([{ fail: 1, notApplicable: 3 }]);
});

it("who has an exception today is counted as excepted, and not as failing", async () => {
  await bench.store.tx((tx) => addException(tx, EVERY_TENANT, { connection: CON, agentId: "3", rule: null, owner: "o", reason: "r", endsAt: bench.now + MINUTE }, "local", bench.now));

  expect(await ask([ENCRYPTED])).toMatchObject({ outcomes: { fail: 1 }, excepted: 1 });
});

it("old evidence makes every device unknown, not failing and not passing", async () => {
  bench.now += 30 * MINUTE;

  expect((await ask([ENCRYPTED])).outcomes).toEqual({ pass: 0, warn: 0, fail: 0, unknown: 4 });
});

it("sees the caller's devices only", async () => {
  expect((await ask([ENCRYPTED], { tenant: OTHER })).devices).toBe(0);
  expect((await ask([ENCRYPTED], { scope: { all: false, tenants: [OTHER] } })).devices).toBe(0);
  expect((await ask([ENCRYPTED], { scope: { all: false, tenants: [TEN] } })).devices).toBe(4);
});

it("is given up whole when nobody waits for it any more", async () => {
  await expect(whatIf(bench.store, EVERY_TENANT, { drafts: parseRules([ENCRYPTED]), tenant: null }, bench.now, AbortSignal.abort())).rejects.toThrow(/abort/i);
});
