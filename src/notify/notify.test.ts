import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { failed } from "../delivery/test-bench.ts";
import type { TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { editRule, listRules, preview, removeRule, ruleRow } from "./rules.ts";
import { DAY, HOUR, MINUTE, notifyBench, TEN, type NotifyBench } from "./test-bench.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 120_000);
afterAll(async () => server?.stop());

describe.each(["sqlite", "postgres"] as const)("notifications on %s", (kind) => {
  let bench: NotifyBench;
  beforeAll(async () => {
    if (kind === "sqlite" || server !== undefined) bench = await notifyBench(kind === "postgres" ? server : undefined);
  });
  afterAll(() => bench?.close());
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    await bench.wipe();
  });
  const down = (): void => void (bench.answer = () => failed("destination"));
  const up = (): void => void (bench.answer = () => ({ outcome: "accepted" }));

  it("tell of a new case at once, once, with where to look", async () => {
    await bench.rule();
    await bench.alert("a1", { severity: "HIGH" });
    await bench.settle();

    const [message] = bench.messages();
    expect(message).toMatchObject({ title: "[high] New case: DCSync on a1", thread: await bench.caseOf("a1"), sections: [{ items: [{ severity: "high", url: expect.stringContaining("https://usea1-011.sentinelone.net/") as string }] }] });
    await bench.alert("a1", { status: "IN_PROGRESS" });
    await bench.pass(DAY);
    expect(bench.arrived()).toEqual([]);
  });

  it("say nothing of what is less grave, of another kind, of another tenant, or under a rule that is turned off", async () => {
    const rule = await bench.rule();
    await bench.rule({ name: "ransomware", types: ["ransomware"] });
    await bench.alert("a1", { severity: "LOW" });
    await bench.alert("a2", { tenant: "ten_other" as TenantId });
    await bench.store.tx((tx) => editRule(tx, EVERY_TENANT, rule.id, { enabled: false }, bench.ports));
    await bench.alert("a3");
    await bench.pass(DAY);

    expect(bench.arrived()).toEqual([]);
  });

  it("are told although how the integration stands cannot be looked at", async () => {
    await bench.rule();
    bench.observed(new Error("the store is busy"));
    await bench.alert("a1");
    await bench.pass(HOUR);

    expect(bench.arrived()).toEqual(["[high] New case: DCSync on a1"]);
  });

  it("more than three at once are one message, gravest first", async () => {
    await bench.rule();
    await bench.alerts(...["a1", "a2", "a3", "a4", "a5"].map((id) => [id, { severity: id === "a4" ? "CRITICAL" : "HIGH" }] as const));
    await bench.settle();

    const [message, ...more] = bench.messages();
    expect(more).toEqual([]);
    expect(message?.title).toBe("Cases: 5 new (gravest critical)");
    expect(message?.sections[0]?.items.map(({ severity }) => severity)).toEqual(["critical", "high", "high", "high", "high"]);
  });

  it("a first read is told together, and what was old or settled then is not", async () => {
    await bench.rule();
    await bench.alerts(...Array.from({ length: 60 }, (_, n) => [`a${String(n)}`, { firstRead: true, ago: n < 50 ? HOUR : 90 * DAY, status: n < 45 ? "NEW" : "RESOLVED" }] as const));
    await bench.settle();
    expect(bench.arrived()).toEqual([]);
    await bench.pass(2 * MINUTE);

    const [message, ...more] = bench.messages();
    expect([message?.title, more, message?.more]).toEqual(["Cases: 45 new (gravest high)", [], "5 more are not shown: vedette cases list --tenant ten_mine"]);
  });

  it("no second message for the same behaviour while nobody has taken up the first; a graver one, or one after that, is told", async () => {
    await bench.rule();
    const same = { name: "Brute force", device: "D1" };
    await bench.alert("a1", same);
    await bench.settle();
    expect(bench.arrived()).toHaveLength(1);

    await bench.pass(3 * DAY);
    await bench.alert("a2", same);
    await bench.settle();
    expect(await bench.caseOf("a2")).not.toBe(await bench.caseOf("a1"));
    expect(bench.arrived()).toEqual([]);

    await bench.pass(3 * DAY);
    await bench.alert("a3", { ...same, severity: "CRITICAL" });
    await bench.settle();
    expect(bench.arrived()).toEqual(["[critical] New case: Brute force on D1"]);

    for (const alert of ["a1", "a2", "a3"]) await bench.update(alert, { owner: "mara" });
    await bench.pass(3 * DAY);
    await bench.alert("a4", same);
    await bench.settle();
    expect(bench.arrived()).toEqual(["[high] New case: Brute force on D1"]);
  });

  it("a case that grows graver is told of, one that opens and closes all day once an hour", async () => {
    await bench.rule({ tells: ["opened", "escalated", "reopened", "resolved"] });
    await bench.alert("a1", { severity: "MEDIUM" });
    await bench.settle();
    await bench.alert("a1", { severity: "HIGH" });
    await bench.settle();
    expect(bench.arrived()).toEqual(["[medium] New case: DCSync on a1", "[high] Case graver than before: DCSync on a1"]);

    await bench.alert("a1", { severity: "HIGH", status: "RESOLVED" });
    await bench.settle();
    expect(bench.arrived()).toEqual(["[high] Case resolved: DCSync on a1"]);
    for (let turn = 0; turn < 5; turn += 1) {
      await bench.alert("a1", { severity: "HIGH", status: "NEW" });
      await bench.pass(MINUTE);
      await bench.alert("a1", { severity: "HIGH", status: turn === 4 ? "NEW" : "RESOLVED" });
    }
    const flapping = bench.arrived();
    await bench.pass(HOUR);
    expect([flapping.filter((title) => title.includes("opened again")), bench.arrived().filter((title) => title.includes("opened again"))]).toEqual([[], ["[high] Case opened again: DCSync on a1"]]);
  });

  it("a case nobody takes up is told of again, to whoever wants to know; one that is taken up is not", async () => {
    await bench.rule({ name: "lead", tells: ["unanswered"], unansweredMinutes: 30 });
    await bench.alerts(["a1"], ["a2"], ["a3"]);
    await bench.update("a2", { status: "in-progress" });
    await bench.alert("a3", { status: "RESOLVED" });
    await bench.pass(29 * MINUTE);
    expect(bench.arrived()).toEqual([]);
    await bench.pass(2 * MINUTE);
    expect(bench.arrived()).toEqual(["[high] Case not taken up: DCSync on a1"]);
    await bench.pass(DAY);
    expect(bench.arrived()).toEqual([]);
  });

  it("in quiet hours only what is critical comes through; the rest comes in the morning, if it is still true", async () => {
    // The bench begins at midnight.
    await bench.rule({ quiet: { from: "22:00", to: "07:00" } });
    bench.clock.pass(Date.UTC(2100, 0, 1) - bench.clock.now());
    await bench.alerts(["a1"], ["a2"], ["a3", { severity: "CRITICAL" }]);
    await bench.settle();
    expect(bench.arrived()).toEqual(["[critical] New case: DCSync on a3"]);
    await bench.alert("a2", { status: "RESOLVED" });
    await bench.pass(6 * HOUR);
    expect(bench.arrived()).toEqual([]);
    await bench.pass(HOUR);
    expect(bench.arrived()).toEqual(["[high] New case: DCSync on a1"]);
  });

  it("a digest is one message an hour, with what is true then", async () => {
    await bench.rule({ pace: "hourly", through: null });
    bench.clock.pass(HOUR - (bench.clock.now() % HOUR) + MINUTE);
    await bench.alert("a1");
    await bench.pass(20 * MINUTE);
    await bench.alerts(["a2"], ["a3"]);
    await bench.alert("a2", { status: "RESOLVED" });
    await bench.pass(20 * MINUTE);
    expect(bench.arrived()).toEqual([]);
    await bench.pass(20 * MINUTE);
    expect(bench.arrived()).toEqual(["Cases: 2 new (gravest high)"]);
  });

  it("the mail server down for a day: later one message of what is still true, and what was on its way says how things stand", async () => {
    await bench.rule();
    down();
    await bench.alert("first");
    await bench.settle();
    for (let hour = 0; hour < 24; hour += 4) {
      await bench.alert(`h${String(hour)}`);
      if (hour % 8 === 0) await bench.alert(`h${String(hour)}`, { status: "RESOLVED" });
      await bench.pass(4 * HOUR);
    }
    await bench.alert("first", { status: "RESOLVED" });
    // All that while one message asked whether the server is well; the rest collected.
    expect(await bench.states()).toEqual({ queued: 1 });
    bench.arrived();
    up();
    await bench.pass(10 * MINUTE);
    await bench.pass(10 * MINUTE);

    const titles = bench.arrived();
    expect(titles).toEqual(["[high] Resolved meanwhile: DCSync on first", "[high] New case: DCSync on h4", "[high] New case: DCSync on h12", "[high] New case: DCSync on h20"]);
    expect(await bench.states()).toEqual({ delivered: 4 });
  });

  it("killed between the message and anything after it, the message goes once, under one id", async () => {
    await bench.rule();
    await bench.alert("a1");
    await bench.settle();
    const [first] = bench.sent.slice(-1);
    // As after a kill: sent, and no receipt written.
    await bench.store.tx((tx) => sql`UPDATE outbox SET state = 'queued', ended_at = NULL`.execute(tx.db));
    await bench.settle();

    expect(bench.sent.slice(-2).map(({ delivery: { id, text } }) => [id, text])).toEqual([[first?.delivery.id, first?.delivery.text], [first?.delivery.id, first?.delivery.text]]);
  });

  it("a rule says what it would tell, and removed it tells nothing; its destination removed neither", async () => {
    const rule = await bench.rule({ pace: "daily", through: null });
    await bench.alert("a1");
    expect(await preview(bench.store, rule, bench.ports)).toMatchObject({ waiting: 1, messages: [{ title: "[high] New case: DCSync on a1" }] });
    expect(await preview(bench.store, rule, bench.ports)).toMatchObject({ waiting: 1 });
    expect(await listRules(bench.store.read, EVERY_TENANT, bench.ports)).toMatchObject([{ name: "soc", destinationName: "soc", waiting: 1, sent: 0 }]);
    await bench.store.tx((tx) => removeRule(tx, EVERY_TENANT, rule.id));
    await bench.pass(2 * DAY);
    expect(bench.arrived()).toEqual([]);
  });

  it("rules of another tenant are not there, and bad ones are refused with what is expected", async () => {
    const rule = await bench.rule();
    await expect(ruleRow(bench.store.read, onlyTenants("ten_other" as TenantId), rule.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await listRules(bench.store.read, onlyTenants("ten_other" as TenantId), bench.ports)).toEqual([]);
    await expect(bench.rule()).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(bench.rule({ name: "x", timeZone: "Mars/Olympus" })).rejects.toThrow("no time zone");
    await expect(bench.rule({ name: "x", quiet: { from: "07:00", to: "07:00" } })).rejects.toThrow("are none");
    await expect(bench.rule({ name: "x\r\ny" })).rejects.toThrow("control characters");
    await expect(bench.store.tx((tx) => editRule(tx, onlyTenants(TEN), rule.id, { tenants: ["*"] }, bench.ports))).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});
