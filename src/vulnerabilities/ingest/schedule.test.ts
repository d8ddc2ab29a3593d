import { describe, expect, it } from "vitest";
import { checkedSchedule, look, nextMoment, type Schedule, type Standing } from "./schedule.ts";

const at = (time: string): number => Date.parse(time);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().slice(0, 16));
const NOW = at("2026-06-01T12:00:00Z");
const DAY = 86_400_000;

function moments(schedule: Schedule, from: string, many: number): readonly (string | null)[] {
  const found: (string | null)[] = [];
  for (let moment: number | null = at(from); found.length < many && moment !== null; ) {
    moment = nextMoment(schedule, moment);
    found.push(iso(moment));
  }
  return found;
}

/** Looks at the clock at each of these times, as a hub that is running does. */
function live(schedule: Schedule, times: readonly number[], from: Standing = { nextAt: null, lastSlot: null }): readonly string[] {
  const runs: string[] = [];
  let standing = from;
  for (const now of times) {
    const { run, nextAt } = look(schedule, standing, now);
    if (run !== null) runs.push(`${iso(run.slot) ?? ""}${run.late ? " late" : ""}`);
    standing = { nextAt, lastSlot: run?.slot ?? standing.lastSlot };
  }
  return runs;
}

const every = (from: string, minutes: number, many: number): readonly number[] => Array.from({ length: many }, (_, place) => at(from) + place * minutes * 60_000);

describe("a schedule", () => {
  it("is a preset, or five fields in a time zone", () => {
    expect(checkedSchedule("Hourly", "UTC", NOW)).toEqual({ cron: "0 * * * *", timezone: "UTC" });
    expect(checkedSchedule("daily", "europe/paris", NOW)).toEqual({ cron: "0 3 * * *", timezone: "Europe/Paris" });
    expect(checkedSchedule("weekly", "UTC", NOW).cron).toBe("0 3 * * 1");
    expect(checkedSchedule("continuous", "UTC", NOW).cron).toBe("continuous");
    expect(moments(checkedSchedule(" 30  2 * * MON-FRI ", "America/New_York", NOW), "2026-06-05T00:00:00Z", 2)).toEqual(["2026-06-05T06:30", "2026-06-08T06:30"]);
  });

  it("that is none is refused with what is expected", () => {
    for (const text of ["", "sometimes", "* * * * * *", "61 * * * *", "2026-06-01T00:00:00Z", "@reboot"]) expect(() => checkedSchedule(text, "UTC", NOW), text).toThrow(/is no schedule.*five fields of cron/);
    expect(() => checkedSchedule("0 0 30 2 *", "UTC", NOW)).toThrow(/never comes/);
    expect(() => checkedSchedule("* * * * *", "UTC", NOW)).toThrow(/more often than every five minutes/);
    expect(() => checkedSchedule("0,1 3 * * *", "UTC", NOW)).toThrow(/more often/);
    for (const zone of ["Europe/Nowhere", "+02:00", ""]) expect(() => checkedSchedule("daily", zone, NOW), zone).toThrow(/is no time zone/);
  });

  it("that the clock jumps over in spring comes once, at the end of the gap", () => {
    const schedule = checkedSchedule("30 2 * * *", "Europe/Paris", NOW);
    expect(moments(schedule, "2026-03-27T12:00:00Z", 3)).toEqual(["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]);
    expect(live(schedule, every("2026-03-28T20:00:00Z", 5, 288))).toEqual(["2026-03-29T01:00"]);
  });

  it("that comes twice in autumn runs the first time; one of every hour runs in both", () => {
    const schedule = checkedSchedule("30 2 * * *", "Europe/Paris", NOW);
    expect(live(schedule, every("2026-10-24T12:00:00Z", 5, 300))).toEqual(["2026-10-25T00:30"]);
    expect(live(checkedSchedule("hourly", "Europe/Paris", NOW), every("2026-10-24T23:30:00Z", 5, 36))).toEqual(["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]);
  });
});

describe("looking at the clock", () => {
  const daily = checkedSchedule("daily", "UTC", NOW);

  it("catches up with one run, however many moments were missed", () => {
    expect(live(daily, [NOW, NOW + 10 * DAY, NOW + 10 * DAY + 1000, NOW + 11 * DAY])).toEqual(["2026-06-02T03:00 late", "2026-06-12T03:00 late"]);
  });

  it("repeats no run when the clock is set back, and goes on", () => {
    expect(live(daily, [NOW, at("2026-06-02T03:00:10Z"), at("2026-06-02T02:10:00Z"), at("2026-06-02T03:00:10Z"), at("2026-06-02T09:00:00Z"), at("2026-06-03T03:00:10Z")])).toEqual(["2026-06-02T03:00", "2026-06-03T03:00"]);
  });

  it("does not wait for years after a clock that ran ahead", () => {
    const ahead = at("2031-01-01T00:00:00Z");
    expect(live(daily, [ahead, ahead + DAY, NOW, NOW + 1000, at("2026-06-02T03:00:01Z"), at("2026-06-03T03:00:01Z")])).toEqual(["2031-01-01T03:00 late", "2026-06-02T03:00", "2026-06-03T03:00"]);
  });

  it("takes up another schedule from now on", () => {
    const { nextAt } = look(daily, { nextAt: null, lastSlot: at("2026-06-01T03:00:00Z") }, NOW);
    expect(iso(nextAt)).toBe("2026-06-02T03:00");
    expect(iso(look(checkedSchedule("hourly", "UTC", NOW), { nextAt, lastSlot: null }, NOW).nextAt)).toBe("2026-06-01T13:00");
    expect(look({ cron: "continuous", timezone: "UTC" }, { nextAt: null, lastSlot: null }, NOW)).toEqual({ run: null, nextAt: null });
  });
});
