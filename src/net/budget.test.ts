import { describe, expect, it } from "vitest";
import { createBudget, parseRetryAfter, PATH_CLASSES, type Budget, type PathClass, type Permit } from "./budget.ts";
import { manualClock, type ManualClock } from "./manual-clock.ts";

const CLASSES: readonly PathClass[] = [
  { id: "default", prefix: "", perSecond: 10, burst: 1 },
  { id: "agents", prefix: "/agents", perSecond: 10, burst: 2 },
];

function counting(budget: Budget, path: string, wanted: number): { readonly permits: Permit[] } {
  const permits: Permit[] = [];
  for (let n = 0; n < wanted; n += 1) void budget.acquire(path).then((permit) => permits.push(permit));
  return { permits };
}

function setUp(share: number | "off" = 1): { readonly clock: ManualClock; readonly budget: Budget } {
  const clock = manualClock();
  return { clock, budget: createBudget({ clock, share, classes: CLASSES }) };
}

describe("the rate", () => {
  it("sets no timer for those who have gone: a stop does not wait out what the console asked for", async () => {
    const { clock, budget } = setUp(1);
    (await budget.acquire("/agents")).settle("throttled", 900_000);
    const stop = new AbortController();
    const waiting = budget.acquire("/agents", stop.signal);
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);

    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    expect(clock.sleeping).toBe(0);

    const later = counting(budget, "/agents", 1);
    await clock.advance(899_000);
    expect(later.permits).toHaveLength(0);
    await clock.advance(2_000);
    expect(later.permits).toHaveLength(1);
  });

  it("gives the burst at once and then the share of the documented rate", async () => {
    const { clock, budget } = setUp(0.5);
    const { permits } = counting(budget, "/agents", 50);

    await clock.advance(0);
    expect(permits).toHaveLength(2);
    await clock.advance(2_000);
    expect(permits).toHaveLength(12);
  });

  it("never grants more than burst plus rate over any time", async () => {
    const { clock, budget } = setUp(1);
    const { permits } = counting(budget, "/agents", 500);
    for (let step = 1; step <= 40; step += 1) {
      await clock.advance(137);

      expect(permits.length).toBeLessThanOrEqual(2 + 10 * ((step * 137) / 1_000) + 0.01);
    }
    expect(permits.length).toBeGreaterThan(50);
  });

  it("keeps classes apart: a busy one does not hold up another", async () => {
    const { clock, budget } = setUp();
    counting(budget, "/agents", 100);
    const other = counting(budget, "/users", 1);
    await clock.advance(0);

    expect(other.permits).toHaveLength(1);
  });

  it("serves in the order of asking", async () => {
    const { clock, budget } = setUp();
    const order: number[] = [];
    for (const n of [1, 2, 3, 4, 5]) void budget.acquire("/agents").then(() => order.push(n));
    await clock.advance(1_000);

    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it("lets go of a waiter that is cancelled, and only of that", async () => {
    const { clock, budget } = setUp();
    counting(budget, "/agents", 2);
    const abort = new AbortController();
    const gone = budget.acquire("/agents", abort.signal).catch((error: unknown) => error);
    const { permits } = counting(budget, "/agents", 1);
    abort.abort();
    await clock.advance(100);

    expect(await gone).toMatchObject({ code: "CANCELLED" });
    expect(permits).toHaveLength(1);
    await expect(budget.acquire("/agents", AbortSignal.abort())).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("off means no rate at all", async () => {
    const { clock, budget } = setUp("off");
    const { permits } = counting(budget, "/agents", 1_000);
    await clock.advance(0);

    expect(permits).toHaveLength(1_000);
  });

  it("finds the longest class that fits whole path parts", () => {
    const budget = createBudget({ clock: manualClock() });

    expect(["/agents", "/agents/count", "/agentsx", "/threats", "/threats/1/notes", "/application-management/inventory/endpoints", "/application-management/risks", "/user", "/users", "/unifiedalerts/graphql"].map((path) => budget.classOf(path))).toEqual([
      "agents", "agents", "default", "threats", "threat-details", "inventory", "default", "user", "users", "graphql",
    ]);
    expect(new Set(PATH_CLASSES.map(({ id }) => id)).size).toBe(PATH_CLASSES.length);
  });
});

describe("429", () => {
  it("pauses the class as long as told, then lets one probe through before the others", async () => {
    const { clock, budget } = setUp();
    const { permits } = counting(budget, "/agents", 10);
    await clock.advance(0);
    permits[0]?.settle("throttled", 7_000);
    permits[1]?.settle("answered");

    await clock.advance(6_900);
    expect(permits).toHaveLength(2);
    await clock.advance(2_000);
    expect(permits).toHaveLength(3);
    permits[2]?.settle("answered");
    await clock.advance(2_000);
    expect(permits.length).toBeGreaterThan(8);
  });

  it("a probe that fails for another reason is followed by another probe, not by a flood", async () => {
    const { clock, budget } = setUp();
    const { permits } = counting(budget, "/agents", 10);
    await clock.advance(0);
    permits[0]?.settle("throttled", 1_000);
    await clock.advance(5_000);
    expect(permits).toHaveLength(3);
    permits[2]?.settle("failed");
    await clock.advance(5_000);

    expect(permits).toHaveLength(4);
  });

  it("halves the rate, and success gives it back step by step", async () => {
    const { clock, budget } = setUp();
    const rate = (): number => budget.snapshot().find((entry) => entry.class === "agents")?.perSecond ?? 0;
    (await budget.acquire("/agents")).settle("throttled", 0);
    expect(rate()).toBe(5);
    for (let n = 0; n < 30; n += 1) {
      const next = budget.acquire("/agents");
      await clock.advance(1_000);
      (await next).settle("answered");
    }

    expect(rate()).toBe(10);
  });

  it("several in a row pause the whole console", async () => {
    const { clock, budget } = setUp();
    for (let n = 0; n < 3; n += 1) {
      const next = budget.acquire("/agents");
      await clock.advance(20_000);
      (await next).settle("throttled", 10_000);
    }
    const other = counting(budget, "/users", 1);
    await clock.advance(9_000);
    expect(other.permits).toHaveLength(0);
    await clock.advance(2_000);

    expect(other.permits).toHaveLength(1);
  });

  it("without a time named waits five seconds, then ten", async () => {
    const { budget } = setUp();
    (await budget.acquire("/agents")).settle("throttled", null);

    expect(budget.snapshot().find((entry) => entry.class === "agents")).toMatchObject({ pausedMs: 5_000, waiting: 0, available: 0 });
  });
});

describe("Retry-After", () => {
  const now = Date.UTC(2026, 2, 2, 8, 0, 0);

  it.each([
    ["30", 30_000],
    [" 1.5 ", 1_500],
    ["0", 0],
    ["86400", 900_000],
    ["999999999999999", 900_000],
    ["Mon, 02 Mar 2026 08:01:00 GMT", 60_000],
    ["Mon, 02 Mar 2026 07:00:00 GMT", 0],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 900_000],
    ["-5", null],
    ["soon", null],
    ["", null],
    ["1e9", null],
    ["NaN", null],
    [undefined, null],
  ])("%j waits %j ms", (text, expected) => {
    expect(parseRetryAfter(text, now)).toBe(expected);
  });
});
