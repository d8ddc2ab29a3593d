import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AccessChangeView, AccessDiffLine, AccessDiffRange } from "../kernel/access-risk-api.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import { actorsOf, settleActors } from "./actors.ts";
import { listChanges } from "./changes.ts";
import { asWritten, changeView, diff } from "./diff.ts";
import { CON, NOW, OTHER, riskBench, SOUND, TEN, type RiskBench } from "./test-risk-bench.ts";
import type { ChangeRow } from "./tables.ts";

const HOUR = 3_600_000;
let bench: RiskBench;
beforeEach(async () => {
  bench = await riskBench();
  await bench.principals({ id: "ann", email: "ann@orchard.test", name: "Ann Lee" }, { id: "boss", email: "boss@orchard.test", name: "Big Boss" });
});
afterEach(async () => {
  await bench.close();
});

interface Asked {
  readonly from?: number | null;
  readonly to?: number | null;
  readonly readings?: readonly number[];
  readonly scope?: TenantScope;
}

async function difference({ from = NOW - 24 * HOUR, to = null, readings = [], scope = EVERY_TENANT }: Asked = {}): Promise<{ readonly ranges: readonly AccessDiffRange[]; readonly changes: readonly AccessChangeView[] }> {
  const lines: AccessDiffLine[] = [];
  for await (const line of diff({ store: bench.store, readings: async () => readings, nameOf: async () => "emea", scope, connection: CON, from, to, now: NOW, signal: AbortSignal.timeout(30_000) })) lines.push(line);
  return { ranges: lines.flatMap((line) => ("ranges" in line ? line.ranges : [])), changes: lines.flatMap((line) => ("change" in line ? [line.change] : [])) };
}

const ann = { principal_kind: "user", principal_id: "ann", labels: JSON.stringify({ principal: "ann@orchard.test" }) } as const;
const grant = (change: "added" | "removed", more: Partial<ChangeRow> = {}) =>
  bench.change({ subject: "binding", change, ...ann, role_id: "r1", scope_kind: "site", scope_id: "s1", labels: JSON.stringify({ principal: "ann@orchard.test", role: "Admin", scope: "Lyon" }), [change === "added" ? "after" : "before"]: '{"seenAt":1}', ...more });
const field = (name: string, before: unknown, after: unknown, more: Partial<ChangeRow> = {}) => bench.change({ subject: "principal", change: "changed", ...ann, field: name, before: JSON.stringify(before), after: JSON.stringify(after), ...more });

describe("the difference between two moments", () => {
  it("is empty where nothing changed", async () => {
    expect((await difference()).changes).toEqual([]);
  });

  it("leaves out what changed back", async () => {
    await grant("added", { at: NOW - 3 * HOUR });
    await grant("removed", { at: NOW - 2 * HOUR });
    await grant("removed", { role_id: "r2", at: NOW - 3 * HOUR });
    await grant("added", { role_id: "r2", at: NOW - 2 * HOUR });
    await field("twoFaEnabled", true, false, { at: NOW - 3 * HOUR });
    await field("twoFaEnabled", false, true, { at: NOW - 2 * HOUR });

    expect((await difference()).changes).toEqual([]);
  });

  it("tells the net effect of several steps, with the first before and the last after", async () => {
    await field("email", "a@x.test", "b@x.test", { at: NOW - 3 * HOUR });
    await field("email", "b@x.test", "c@x.test", { at: NOW - 2 * HOUR });

    expect((await difference()).changes).toMatchObject([{ subject: "principal", change: "changed", field: "email", before: "a@x.test", after: "c@x.test", seenAt: new Date(NOW - 2 * HOUR).toISOString() }]);
  });

  it("of somebody who went and came back is what he came back with", async () => {
    await field("name", "Ann", "Ann L", { at: NOW - 5 * HOUR });
    await bench.change({ subject: "principal", change: "removed", ...ann, before: JSON.stringify({ ...SOUND, name: "Ann L", lastUsed: "x" }), at: NOW - 4 * HOUR });
    await bench.change({ subject: "principal", change: "added", ...ann, after: JSON.stringify({ ...SOUND, name: "Ann L", source: "local", lastUsed: "y" }), at: NOW - 3 * HOUR });

    expect((await difference()).changes.map((one) => [one.field, one.before, one.after])).toEqual([["name", "Ann", "Ann L"], ["source", "sso", "local"]]);
  });

  it("of somebody who came and changed is that he came, as he is now; of one who went, as he was", async () => {
    await bench.change({ subject: "principal", change: "added", ...ann, after: JSON.stringify({ ...SOUND, name: "A" }), at: NOW - 4 * HOUR });
    await field("name", "A", "B", { at: NOW - 3 * HOUR });
    const bo = { principal_kind: "user", principal_id: "bo" } as const;
    await bench.change({ subject: "principal", change: "changed", ...bo, field: "name", before: '"Bo"', after: '"Bob"', at: NOW - 3 * HOUR });
    await bench.change({ subject: "principal", change: "removed", ...bo, before: JSON.stringify({ ...SOUND, name: "Bob" }), at: NOW - 2 * HOUR });

    const { changes } = await difference();

    expect(changes.map((one) => [one.principal?.id, one.change, (one.after as { name: string } | null)?.name, (one.before as { name: string } | null)?.name])).toEqual([["ann", "added", "B", undefined], ["bo", "removed", undefined, "Bo"]]);
  });

  it("takes the first moment out and the last one in", async () => {
    await grant("added", { at: NOW - 2 * HOUR });
    const seen = async (from: number, to: number): Promise<number> => (await difference({ from, to })).changes.length;

    expect(await seen(NOW - 2 * HOUR, NOW)).toBe(0);
    expect(await seen(NOW - 3 * HOUR, NOW - 2 * HOUR)).toBe(1);
    expect(await seen(NOW - 3 * HOUR, NOW - 2 * HOUR - 1)).toBe(0);
  });

  it("is by itself that of the last two completed readings", async () => {
    await grant("added", { at: NOW - 2 * HOUR });
    await grant("added", { role_id: "r2", at: NOW - 1.5 * HOUR });

    const { ranges, changes } = await difference({ from: null, readings: [NOW - HOUR, NOW - 1.7 * HOUR, NOW - 3 * HOUR] });

    expect(ranges).toEqual([{ connection: CON, name: "emea", from: new Date(NOW - 1.7 * HOUR).toISOString(), to: new Date(NOW - HOUR).toISOString(), basis: "readings", note: null }]);
    expect(changes.map(({ role }) => role)).toEqual(["r2"]);
  });

  it.each([["no reading", []], ["one reading", [NOW - HOUR]]])("with %s says so and compares nothing", async (_what, readings) => {
    await grant("added", { at: NOW - 2 * HOUR });
    const { ranges, changes } = await difference({ from: null, readings });

    expect(changes).toEqual([]);
    expect(ranges[0]).toMatchObject({ from: null });
    expect(ranges[0]?.note).toMatch(/reading/);
  });

  it("begins where the history does, and says so: of a time before it nothing is known", async () => {
    const begins = NOW - 10 * 24 * HOUR;
    await bench.bind("ann", "r0", ["site", "s1"]);
    await grant("added");

    const asked = await difference({ from: begins - 24 * HOUR });
    expect(asked.ranges).toMatchObject([{ from: new Date(begins).toISOString(), note: `Its history begins at ${new Date(begins).toISOString()}.` }]);
    expect(asked.changes).toHaveLength(1);
    expect((await difference({ from: begins - 24 * HOUR, to: begins - HOUR })).ranges).toMatchObject([{ from: null, note: expect.stringContaining("begins") as string }]);
    expect((await difference({ from: begins + HOUR })).ranges).toMatchObject([{ from: new Date(begins + HOUR).toISOString(), note: null }]);
  });

  it("is in the same order however often and in whatever order things changed, over many pages", async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `p${String((n * 37) % 60).padStart(2, "0")}`);
    for (const [n, id] of ids.entries()) await grant("added", { principal_id: id, at: NOW - 2 * HOUR + n });
    await grant("added", { principal_id: "a\u001fb", role_id: "c", at: NOW - HOUR });
    await grant("added", { principal_id: "a", role_id: "b\u001fc", at: NOW - HOUR });

    const first = (await difference()).changes.map(({ principal }) => principal?.id ?? "");

    expect(first).toEqual([...ids, "a", "a\u001fb"].toSorted());
    expect((await difference()).changes.map(({ principal }) => principal?.id)).toEqual(first);
  });

  it("is a tenant's own", async () => {
    await grant("added", { tenant_id: OTHER });

    expect((await difference({ scope: onlyTenants(TEN) })).changes).toEqual([]);
    expect((await difference({ scope: onlyTenants(OTHER) })).changes).toHaveLength(1);
  });
});

describe("who did it", () => {
  const by = async () => (await difference()).changes[0]?.by;
  beforeEach(async () => {
    await bench.proven("activities", NOW + HOUR);
  });

  it.each<readonly [string, number, object, string, string]>([
    ["by address", 24, { byUser: "Big Boss", username: "ANN@orchard.test" }, "", "high"],
    ["by id, as a number", 24, { byUser: "Big Boss", target: { userId: "ann" } }, "", "high"],
    ["by name", 24, { byUser: "Big Boss", username: "Ann Lee" }, "", "medium"],
    ["by address in the sentence", 24, {}, "The management user Big Boss modified the user ann@orchard.test.", "medium"],
    ["by name in the sentence", 24, {}, "The management user Big Boss modified the user Ann Lee.", "low"],
  ])("is told where an activity names the subject %s", async (_what, type, data, text, confidence) => {
    await grant("added");
    await bench.activity("a1", type, NOW - 0.5 * HOUR, { userId: "boss", data, text });

    expect(await by()).toMatchObject({ kind: "user", id: "boss", name: "Big Boss", email: "boss@orchard.test", confidence, activity: { id: "a1", type } });
  });

  it.each<readonly [string, number, number, object]>([
    ["of another kind", 27, -0.5, { username: "ann@orchard.test" }],
    ["before the last moment it was not so", 24, -1.2, { username: "ann@orchard.test" }],
    ["after it was seen", 24, 0.2, { username: "ann@orchard.test" }],
    ["about somebody else", 24, -0.5, { byUser: "Big Boss", username: "joann@orchard.test" }],
    ["that she did to somebody else", 24, -0.5, { byUser: "Ann Lee", username: "Other One" }],
  ])("is not taken from an activity %s", async (_what, type, hours, data) => {
    await grant("added");
    await bench.activity("a1", type, NOW + hours * HOUR, { userId: _what.startsWith("that she") ? "ann" : "boss", data, text: "" });

    expect(await by()).toMatchObject({ kind: "unknown", id: null, confidence: null });
  });

  it("is open between several who did something that fits", async () => {
    await grant("added");
    await bench.activity("a1", 24, NOW - 0.5 * HOUR, { userId: "boss", data: { byUser: "Big Boss", username: "ann@orchard.test" } });
    await bench.activity("a2", 24, NOW - 0.4 * HOUR, { userId: "u9", data: { byUser: "Nina", username: "ann@orchard.test" } });

    expect(await by()).toMatchObject({ kind: "several", confidence: "low", candidates: ["Nina", "Big Boss"] });
  });

  it("is the person herself for what one does to oneself", async () => {
    await field("twoFaEnabled", false, true);
    await bench.activity("a1", 145, NOW - 0.5 * HOUR, { userId: "ann", data: {} });

    expect(await by()).toMatchObject({ kind: "user", id: "ann", confidence: "high" });
  });

  it("is the console itself where nobody is named", async () => {
    await grant("added");
    await bench.activity("a1", 1023, NOW - 0.5 * HOUR, { userId: null, data: { email: "ann@orchard.test" } });

    expect(await by()).toMatchObject({ kind: "system", id: null, confidence: "high" });
  });

  it("is told for roles by their name", async () => {
    await bench.change({ subject: "role", change: "changed", role_id: "r7", field: "permissions", before: "[]", after: '["a"]', labels: '{"role":"Helpdesk"}' });
    await bench.activity("a1", 108, NOW - 0.5 * HOUR, { userId: "boss", data: { byUser: "Big Boss", roleName: "Helpdesk" } });

    expect(await by()).toMatchObject({ kind: "user", id: "boss", confidence: "medium" });
  });

  it("stays known when the activity has aged and the one who did it has gone", async () => {
    await grant("added");
    await bench.activity("a1", 24, NOW - 0.5 * HOUR, { userId: "boss", data: { byUser: "Big Boss", username: "ann@orchard.test" } });
    await bench.store.tx((tx) => settleActors(tx, NOW));
    await bench.store.tx(async (tx) => {
      await sql`DELETE FROM mirror_activities`.execute(tx.db);
      await sql`DELETE FROM access_principals WHERE id = 'boss'`.execute(tx.db);
    });

    expect(await by()).toMatchObject({ kind: "user", id: "boss", name: "Big Boss", email: "boss@orchard.test", confidence: "high" });
  });

  it("waits for the log to be read that far, and is settled then", async () => {
    await bench.proven("activities", NOW - HOUR);
    await grant("added");
    await bench.store.tx((tx) => settleActors(tx, NOW + HOUR));
    expect(await by()).toMatchObject({ kind: "unread" });

    await bench.activity("a1", 24, NOW - 0.5 * HOUR, { userId: "boss", data: { username: "ann@orchard.test" } });
    await bench.proven("activities", NOW + HOUR);
    await bench.store.tx((tx) => settleActors(tx, NOW + 2 * HOUR));

    expect(await by()).toMatchObject({ kind: "user", id: "boss" });
  });

  it("is settled for thousands of changes in bounded steps", async () => {
    for (let n = 0; n < 450; n += 1) await grant("added", { scope_id: `s${String(n)}` });
    await bench.activity("a1", 24, NOW - 0.5 * HOUR, { userId: "boss", data: { username: "ann@orchard.test" } });
    let steps = 1;
    while (await bench.store.tx((tx) => settleActors(tx, NOW))) steps += 1;

    expect(steps).toBe(3);
    const rows = await listChanges(bench.store.read, EVERY_TENANT, { limit: 1_000 });
    const actors = await actorsOf({ db: bench.store.read, kind: bench.store.kind }, rows, NOW);
    expect(rows.map((row) => changeView(asWritten(row), actors).by.id).filter((id) => id === "boss")).toHaveLength(450);
  });

  it("is no more than a low guess where the log's data goes too deep to be read", async () => {
    await grant("added");
    await bench.activity("a1", 24, NOW - 0.5 * HOUR, { userId: "boss", data: { a: { b: { c: { d: { e: { f: { username: "ann@orchard.test" } } } } } }, list: Array.from({ length: 5_000 }, (_, n) => `x${String(n)}`), __proto__: { username: "ann" } } });

    expect(await by()).toMatchObject({ kind: "user", id: "boss", confidence: "low", because: "the only activity of that kind at that time" });
  });
});
