import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Pass, Stream } from "../sentinelone/streams/stream.ts";
import { EMPTY_CHECKPOINT } from "./checkpoint.ts";
import { changesFrom, earlier, lookBack, partition, proofInterval, snapshotDue } from "./plan.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse("2026-03-02T08:00:00Z");

const created: Pass = { id: "created", column: "created_at", overlapMs: 15 * 60_000 };
const updated: Pass = { id: "updated", column: "updated_at", overlapMs: 60_000 };

type Planned = Parameters<typeof snapshotDue>[0];

function stream(over: Partial<Stream> = {}): Planned {
  return { passes: [updated], proofEveryMs: DAY, partitionedBy: "site", sitesPerRequest: 500, ...over } as Stream;
}

const READ = { ...EMPTY_CHECKPOINT, firstReadAt: NOW - HOUR, lastSnapshotAt: NOW - HOUR };

describe("when everything is read", () => {
  it("reads everything the first time, when asked, when proof is old and when nothing else exists", () => {
    expect(snapshotDue(stream(), EMPTY_CHECKPOINT, { full: false }, NOW)).toBe(true);
    expect(snapshotDue(stream(), READ, { full: true }, NOW)).toBe(true);
    expect(snapshotDue(stream(), { ...READ, lastSnapshotAt: NOW - DAY }, { full: false }, NOW)).toBe(true);
    expect(snapshotDue(stream({ passes: [] }), READ, { full: false }, NOW)).toBe(true);
    expect(snapshotDue(stream(), READ, { full: false }, NOW)).toBe(false);
  });

  it("goes on with a snapshot that was cut off", () => {
    const snapshot = { number: 1, startedAt: NOW, anchors: {}, countBefore: 1, scope: null, rejected: 0, partitions: [], settling: "no" as const };
    expect(snapshotDue(stream(), { ...READ, snapshot }, { full: false }, NOW)).toBe(true);
  });

  it("repeats an unproven one sooner, at growing distances, never later than the stream's own", () => {
    expect(proofInterval(stream(), 1)).toBe(15 * 60_000);
    expect(proofInterval(stream(), 2)).toBe(30 * 60_000);
    expect(proofInterval(stream(), 40)).toBe(DAY);
    expect(proofInterval(stream(), 0)).toBe(DAY);
  });
});

describe("how far back changes are read", () => {
  it("reads from the beginning without a watermark, whatever the time of day", () => {
    expect(changesFrom(created, null, "overlap")).toBeNull();
  });

  it("never clamps an old watermark: a stop of a month is read from where it began", () => {
    expect(changesFrom(created, "2026-01-31T10:00:00.000001Z", "overlap")).toBe("2026-01-31T09:45:00.000001Z");
  });

  it("looks a day back once an hour and a week back once a day where records can be late", () => {
    const events = stream({ passes: [created], proofEveryMs: 365 * DAY });
    const swept = { ...READ, sweptDayAt: NOW - 60_000, sweptWeekAt: NOW - 60_000 };
    expect(lookBack(events, swept, NOW)).toBe("overlap");
    expect(lookBack(events, { ...swept, sweptDayAt: NOW - HOUR }, NOW)).toBe("day");
    expect(lookBack(events, { ...swept, sweptWeekAt: NOW - DAY }, NOW)).toBe("week");
    expect(lookBack(stream(), READ, NOW)).toBe("overlap");
    // Its whole listing is read that often anyway.
    expect(lookBack(stream({ passes: [created] }), { ...swept, sweptDayAt: NOW - HOUR, sweptWeekAt: null }, NOW)).toBe("day");
    expect(changesFrom(created, "2026-03-02T08:00:00.000000Z", "week")).toBe("2026-02-22T07:45:00.000000Z");
    expect(changesFrom(created, "2026-03-02T08:00:00.000000Z", "day")).toBe("2026-03-01T06:45:00.000000Z");
  });

  it("looks a day back by an update time only where that is asked for, and never a week", () => {
    const waited: Pass = { ...updated, looksBack: true };
    const swept = { ...READ, sweptDayAt: NOW - HOUR };
    expect([lookBack(stream({ passes: [waited] }), swept, NOW), lookBack(stream(), swept, NOW)]).toEqual(["day", "overlap"]);
    expect((["overlap", "day", "week"] as const).map((back) => changesFrom(waited, "2026-03-02T08:00:00.000000Z", back))).toEqual(["2026-03-02T07:59:00.000000Z", "2026-03-01T06:59:00.000000Z", "2026-03-01T06:59:00.000000Z"]);
    expect(changesFrom(updated, "2026-03-02T08:00:00.000000Z", "day")).toBe("2026-03-02T07:59:00.000000Z");
  });

  it("keeps the microseconds that text order relies on", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000_000_000 }), fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 8 * DAY }), (ms, micros, back) => {
        const time = new Date(ms + 10 * DAY).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
        const result = earlier(time, back);
        expect(result).toHaveLength(27);
        expect(result <= time).toBe(true);
        expect(Date.parse(time) - Date.parse(result)).toBe(back);
      }),
    );
  });
});

describe("parts of a listing", () => {
  const sites = Array.from({ length: 20 }, (_, index) => ({ id: `s${String(index)}`, weight: (index + 1) * 100 }));

  it("leaves a small listing whole and never makes more requests than pages need", () => {
    expect(partition(stream(), sites, 3_000, 1_000, 8)).toHaveLength(1);
    expect(partition(stream(), sites, null, 1_000, 8)).toEqual([{ id: "all", params: {} }]);
    expect(partition(stream({ partitionedBy: "nothing" }), sites, 100_000, 1_000, 8)).toHaveLength(1);
    expect(partition(stream({ sitesPerRequest: 1 }), sites, 9_000, 1_000, 8)).toHaveLength(1);
  });

  it("names every site exactly once, in parts of about equal weight", () => {
    const parts = partition(stream(), sites, 100_000, 1_000, 8);
    const named = parts.flatMap((part) => (part.params["siteIds"] ?? "").split(","));
    expect(parts).toHaveLength(8);
    expect(named.toSorted()).toEqual(sites.map((site) => site.id).toSorted());
    const weights = parts.map((part) => (part.params["siteIds"] ?? "").split(",").reduce((sum, id) => sum + (sites.find((site) => site.id === id)?.weight ?? 0), 0));
    expect(Math.max(...weights) / Math.min(...weights)).toBeLessThan(1.5);
  });

  it("asks for one site at a time where the API takes only one", () => {
    const parts = partition(stream({ sitesPerRequest: 1 }), sites, 100_000, 1_000, 8);
    expect(parts).toHaveLength(20);
    expect(parts.every((part) => !(part.params["siteIds"] ?? "").includes(","))).toBe(true);
  });
});
