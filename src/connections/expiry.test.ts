import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog, type Log } from "../kernel/log.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { expiryCalendar } from "./calendar.ts";
import { watchExpiry } from "./expiry.ts";
import { expiryOf } from "./expiry-rules.ts";
import { openBench, ORIGIN, report } from "./test-bench.ts";

const DAY = 86_400_000;
const END = "2027-01-01T00:00:00.000Z";
const end = Date.parse(END);

describe("how near the end is", () => {
  it.each([
    [31, null, 31],
    [30, "30", 30],
    [14.5, "30", 14],
    [14, "14", 14],
    [7.001, "14", 7],
    [7, "7", 7],
    [1.5, "7", 1],
    [1, "1", 1],
    [0.1, "1", 0],
    [0, "expired", 0],
    [-3.5, "expired", -4],
  ] as const)("%s days before it: threshold %s, %s days left", (days, threshold, daysLeft) => {
    expect(expiryOf(END, end - days * DAY)).toMatchObject({ threshold, daysLeft });
  });

  it("is unknown for a token without an end or with one that is no date", () => expect([expiryOf(null, 0), expiryOf("soon", 0)]).toEqual([null, null]));

  it("only ever gets nearer", () => {
    const order = [null, "30", "14", "7", "1", "expired"];
    fc.assert(
      fc.property(fc.integer({ min: -60 * DAY, max: 60 * DAY }), fc.nat({ max: 60 * DAY }), (at, later) => {
        const before = expiryOf(END, end + at)?.threshold ?? null;
        const after = expiryOf(END, end + at + later)?.threshold ?? null;
        expect(order.indexOf(after)).toBeGreaterThanOrEqual(order.indexOf(before));
      }),
    );
  });
});

it("writes one line per threshold however often it is asked, and starts anew with a rotated token", async () => {
  const bench = await openBench();
  const logged: unknown[] = [];
  const log: Log = { ...silentLog, warn: (_event, fields) => logged.push(fields?.["threshold"]) };
  const watch = { store: bench.store, clock: bench.clock, log };
  const { connection } = await bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret("a") }, new AbortController().signal, bench.record);
  for (const days of [40, 30, 29, 15, 14, 8, 3, 1, 0.5, -1, -9]) {
    bench.time.now = end - days * DAY;
    await watchExpiry(watch);
    await watchExpiry(watch);
  }
  expect(logged).toEqual(["30", "14", "7", "1", "expired"]);

  bench.answers.set("b", report({ token: { form: "jwt", createdAt: null, expiresAt: "2027-02-01T00:00:00.000Z" } }));
  await bench.connections.rotate(EVERY_TENANT, connection.id, new Secret("b"), false, new AbortController().signal, bench.record);
  bench.time.now = Date.parse("2027-01-31T12:00:00.000Z");
  await watchExpiry(watch);
  expect(logged.at(-1)).toBe("1");
  await bench.close();
});

describe("the calendar file", () => {
  const connection = { id: "con_1", name: "emea", url: ORIGIN, createdAt: END, verifiedAt: END, token: { form: "jwt", createdAt: null, expiresAt: END, daysLeft: 9, warning: null } };

  it("reminds 30, 14, 7 and 1 days ahead and keeps its identity between downloads", () => {
    const text = expiryCalendar(connection);

    expect(text.match(/TRIGGER:-P(\d+)D/g)).toEqual(["TRIGGER:-P30D", "TRIGGER:-P14D", "TRIGGER:-P7D", "TRIGGER:-P1D"]);
    expect(text).toContain("UID:con_1.token@vedette");
    expect(expiryCalendar(connection)).toBe(text);
    expect(text.endsWith("END:VCALENDAR\r\n")).toBe(true);
  });

  it("stays one event whatever a name holds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.constant("x\r\nEND:VEVENT\nBEGIN:VEVENT\rATTACH:http://evil\u2028X:1")), (name) => {
        const lines = expiryCalendar({ ...connection, name }).split(/\r\n|\r|\n|\u2028|\u2029|\u0085/);
        expect(lines.filter((line) => line === "BEGIN:VEVENT")).toHaveLength(1);
        expect(lines.filter((line) => /^(ATTACH|X:|ACTION:(?!DISPLAY))/.test(line))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("says so when the end is not known", () => {
    expect(() => expiryCalendar({ ...connection, token: { ...connection.token, expiresAt: null } })).toThrow("does not say");
  });
});
