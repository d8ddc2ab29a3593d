import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { parseRules } from "./rule-form.ts";
import { applyRules, findRule, liveRules, removeRule, rulesPage } from "./rules-store.ts";
import { CLEAN, OTHER, postureBench, rule, TEN, type PostureBench } from "./test-bench.ts";

const DISK = rule("Disk", { input: "disk_encrypted", operator: "==", value: true });
const CARRIED = { id: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", name: "Carried", type: "sentinelone_s2s", input: { connection_id: "c", infected: false } };

let bench: PostureBench;
beforeEach(async () => {
  bench = await postureBench();
});
afterEach(() => bench.close());

const names = async (scope = EVERY_TENANT) => (await liveRules(bench.store.read, scope)).map((found) => `${found.name} ${String(found.version)}`);
const shown = (applied: Awaited<ReturnType<PostureBench["rules"]>>) => applied.map(({ rule: found, change }) => `${change} ${found.name} ${String(found.version)}`);

describe("applying rules", () => {
  it("adds, keeps, changes and removes, and only a change raises the version", async () => {
    expect(shown(await bench.rules([CLEAN, DISK]))).toEqual(["added Clean 1", "added Disk 1"]);
    expect(shown(await bench.rules([CLEAN, DISK]))).toEqual(["unchanged Clean 1", "unchanged Disk 1"]);
    expect(shown(await bench.rules([{ ...(CLEAN as object), warn_only: true }]))).toEqual(["removed Disk 1", "changed Clean 2"]);
    expect(await names()).toEqual(["Clean 2"]);
  });

  it("leaves what it does not name where it does not replace all", async () => {
    await bench.rules([CLEAN]);
    await bench.rules([DISK], null, false);

    expect(await names()).toEqual(["Clean 1", "Disk 1"]);
  });

  it("finds the rule carried over from Cloudflare again under another name, and by its own id", async () => {
    const [first] = await bench.rules([CARRIED]);
    expect(shown(await bench.rules([{ ...CARRIED, name: "Renamed" }]))).toEqual(["changed Renamed 2"]);
    expect(shown(await bench.rules([{ ...(CLEAN as object), id: first?.rule.id }]))).toEqual(["changed Clean 3"]);
  });

  it("lets two rules take each other's name", async () => {
    const [clean, disk] = await bench.rules([CLEAN, DISK]);
    const applied = await bench.rules([{ ...(CLEAN as object), id: clean?.rule.id, name: "Disk" }, { ...(DISK as object), id: disk?.rule.id, name: "Clean" }]);

    expect(shown(applied)).toEqual(["changed Disk 2", "changed Clean 2"]);
  });

  it.each([
    ["the same name twice", [CLEAN, { ...(CLEAN as object), shadow: true }], "CONFIG_INVALID"],
    ["an id that is not there", [{ ...(CLEAN as object), id: "rul_nobody" }], "NOT_FOUND"],
  ])("refuses %s, and takes nothing over", async (_name, rules, code) => {
    await bench.rules([DISK]);
    await expect(bench.rules(rules)).rejects.toMatchObject({ code });
    expect(await names()).toEqual(["Disk 1"]);
  });

  it("gives a removed rule's name back", async () => {
    await bench.rules([CLEAN]);
    await bench.store.tx((tx) => removeRule(tx, EVERY_TENANT, "Clean", bench.now));
    expect(shown(await bench.rules([CLEAN]))).toEqual(["added Clean 1"]);
  });
});

describe("tenants", () => {
  beforeEach(async () => {
    await bench.rules([rule("Common", { input: "infected", operator: "==", value: false })]);
    await bench.rules([CLEAN], TEN);
    await bench.rules([CLEAN, DISK], OTHER);
  });

  it("see the common rules and their own", async () => {
    expect(await names(onlyTenants(TEN))).toEqual(["Clean 1", "Common 1"]);
    expect(await names(onlyTenants(OTHER))).toEqual(["Clean 1", "Common 1", "Disk 1"]);
    expect((await findRule(bench.store.read, onlyTenants(TEN), "Clean")).tenant).toBe(TEN);
    await expect(findRule(bench.store.read, onlyTenants(TEN), "Disk")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(findRule(bench.store.read, EVERY_TENANT, "Clean")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("change nothing but their own", async () => {
    const mine = onlyTenants(TEN);
    const apply = (tenant: typeof TEN | null) => bench.store.tx((tx) => applyRules(tx, { scope: mine, tenant }, parseRules([DISK]), { replaceAll: true }, bench.now));
    await expect(apply(null)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(apply(OTHER)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(bench.store.tx((tx) => removeRule(tx, mine, "Common", bench.now))).rejects.toMatchObject({ code: "FORBIDDEN" });
    await apply(TEN);
    expect(await names(onlyTenants(TEN))).toEqual(["Common 1", "Disk 1"]);
    expect(await names(onlyTenants(OTHER))).toEqual(["Clean 1", "Common 1", "Disk 1"]);
  });

  it("are judged by the common rules and their own alone", async () => {
    await bench.read({ infected: true, encryptedApplications: false });
    await bench.due();

    expect((await bench.results()).map((row) => String(row["rule_name"])).toSorted()).toEqual(["Clean", "Common"]);
  });
});

describe("a page of rules", () => {
  it("goes by name and finds part of one, however they are called", async () => {
    await bench.rules([CLEAN, DISK, rule("Disk of servers", { input: "disk_encrypted", operator: "==", value: true })]);
    const first = await rulesPage(bench.store.read, EVERY_TENANT, { limit: 2 });
    const second = await rulesPage(bench.store.read, EVERY_TENANT, { limit: 2, after: first.next ?? "" });
    const found = await rulesPage(bench.store.read, EVERY_TENANT, { limit: 2, text: "disk" });

    expect([first.items, second.items, found.items].map((items) => items.map(({ name }) => name))).toEqual([["Clean", "Disk"], ["Disk of servers"], ["Disk", "Disk of servers"]]);
    expect([second.next, found.next]).toEqual([null, null]);
  });
});
