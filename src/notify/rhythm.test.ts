import { describe, expect, it } from "vitest";
import { firstMark, isSilent, marked, type Mark, type Seen } from "./rhythm.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 5, 1);
const WELL: Seen = { arrived: true, answers: true, devices: null };

/** Looks once in five minutes; `seen` says what at each. */
function over(mark: Mark, ms: number, seen: (at: number) => Seen): Mark {
  let now = mark.lookedAt;
  let after = mark;
  for (const end = now + ms; now < end; ) {
    now += 5 * MINUTE;
    after = marked(after, seen(now), now);
  }
  return after;
}

/** Something every two hours. */
const usual = (at: number): Seen => ({ ...WELL, arrived: at % (2 * HOUR) === 0 });
const nothing = (): Seen => ({ ...WELL, arrived: false });

describe("silence", () => {
  it("is three times as long as it has been quiet in two weeks; what arrives ends it, and it does not become the ordinary", () => {
    const week = over(firstMark(START), 9 * DAY, usual);
    expect(isSilent(over(week, 6 * HOUR, nothing))).toBe(false);
    const silent = over(week, 7 * HOUR, nothing);
    expect(isSilent(silent)).toBe(true);
    const again = over(silent, 2 * HOUR, usual);
    expect(isSilent(again)).toBe(false);
    expect(isSilent(over(again, 7 * HOUR, nothing))).toBe(true);
  });

  it("a connection where nothing happens at weekends is not silent at weekends", () => {
    const weekdays = (at: number): Seen => ({ ...WELL, arrived: new Date(at).getUTCDay() % 6 !== 0 && at % HOUR === 0 });
    const learnt = over(firstMark(START), 11 * DAY + 12 * HOUR, weekdays);
    for (let hours = 0; hours < 7 * 24; hours += 6) expect(isSilent(over(learnt, hours * HOUR, weekdays)), String(hours)).toBe(false);
    expect(isSilent(over(over(learnt, 3 * DAY, weekdays), 8 * DAY, nothing))).toBe(true);
  });

  it("is not known in the first week, not where hardly anything ever arrives, and not while the console does not answer or the hub was stopped", () => {
    expect(isSilent(over(over(firstMark(START), 6 * DAY, usual), DAY, nothing))).toBe(false);
    expect(isSilent(over(firstMark(START), 20 * DAY, nothing))).toBe(false);
    const week = over(firstMark(START), 9 * DAY, usual);
    expect(isSilent(over(week, 2 * DAY, () => ({ ...WELL, arrived: false, answers: false })))).toBe(false);
    expect(isSilent(marked(week, nothing(), week.lookedAt + 2 * DAY))).toBe(false);
  });
});

describe("devices", () => {
  const count = (mark: Mark, devices: number, after = HOUR): Mark => marked(mark, { ...WELL, devices }, mark.lookedAt + after);
  const hundred = count(firstMark(START), 100);

  it.each([
    ["a fifth less is no fall", 80, false],
    ["more than a fifth less is", 79, true],
    ["none at all is", 0, true],
  ])("%s", (_what, devices, fell) => expect(count(hundred, devices).fell !== null).toBe(fell));

  it("of a few devices four may go", () => expect(count(count(firstMark(START), 10), 6).fell).toBeNull());

  it("a slow decline is none", () => {
    let mark = hundred;
    for (let devices = 95; devices > 20; devices -= 5) mark = count(mark, devices, 2 * DAY);
    expect(mark.fell).toBeNull();
  });

  it("a fall is over when they are back, or after a week as the new number", () => {
    const fallen = count(hundred, 50);
    expect(count(fallen, 89).fell).toEqual({ from: 100, at: fallen.lookedAt });
    expect(count(fallen, 90).fell).toBeNull();
    const accepted = count(fallen, 50, 7 * DAY);
    expect([accepted.fell, count(accepted, 50).fell]).toEqual([null, null]);
  });
});
