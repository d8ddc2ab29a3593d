/**
 * Every kind of fault the simulated console knows, as chance may make it, and what it does to what can be known of the console while it
 * lasts. The table is total over the kinds: one more at the console does not compile until it is here.
 */
import fc from "fast-check";
import type { Fault, FaultKind } from "../../src/simulator/index.ts";

/**
 * `withholds`: answers fail, or lack what their own count says is there: the mirror is behind and the fault says so. `alters`: records come with
 * other content than they have. `miscounts`: the count is wrong; together with missing records it may be right again, and nobody can tell. `hides`: records are neither listed nor counted, which is how it looks when they are gone. `moves`: something at
 * the console itself changes and stays so. `narrows`: what the token may see changes.
 */
export type Effect = "withholds" | "alters" | "miscounts" | "hides" | "moves" | "narrows";

export interface Kind {
  readonly effect: Effect;
  /** `field` is one of the fields of the stream's records. */
  readonly make: (field: string) => fc.Arbitrary<Fault>;
}

function kind(effect: Effect, make: Kind["make"]): Kind {
  return { effect, make };
}

function plain(effect: Effect, fault: Fault): Kind {
  return { effect, make: () => fc.constant(fault) };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const share = fc.constantFrom(0.05, 0.2, 0.5, 1);
const rows = fc.integer({ min: 1, max: 12 });
const instant = fc.integer({ min: 0, max: 3 });
const off = fc.constantFrom(-40 * HOUR, -2 * HOUR, -7 * MINUTE, 90_000, 3 * HOUR, 30 * HOUR);

export const KINDS: Readonly<Record<FaultKind, Kind>> = {
  status: kind("withholds", () =>
    fc.record({
      kind: fc.constant("status" as const),
      status: fc.constantFrom(302, 400, 401, 403, 404, 429, 500, 502, 503, 504),
      retryAfter: fc.constantFrom("3", "0", "-5", "1.5", "soon", "99999999999", "Wed, 21 Oct 2015 07:28:00 GMT"),
    }),
  ),
  cut: plain("withholds", { kind: "cut" }),
  short: plain("withholds", { kind: "short" }),
  reset: kind("withholds", () => fc.record({ kind: fc.constant("reset" as const), when: fc.constantFrom("before", "unanswered", "after") })),
  slow: kind("withholds", () => fc.record({ kind: fc.constant("slow" as const), ms: instant })),
  "slow-body": kind("withholds", () => fc.record({ kind: fc.constant("slow-body" as const), ms: instant })),
  html: plain("withholds", { kind: "html" }),
  errors: plain("withholds", { kind: "errors" }),
  malformed: plain("withholds", { kind: "malformed" }),
  "content-type": kind("withholds", () => fc.record({ kind: fc.constant("content-type" as const), value: fc.constantFrom("text/html", "application/octet-stream", "") })),
  "missing-data": plain("withholds", { kind: "missing-data" }),
  "null-list": plain("withholds", { kind: "null-list" }),
  "empty-page": plain("withholds", { kind: "empty-page" }),
  "repeat-cursor": plain("withholds", { kind: "repeat-cursor" }),
  "cycle-cursor": plain("withholds", { kind: "cycle-cursor" }),
  "endless-cursor": plain("withholds", { kind: "endless-cursor" }),
  "expire-cursor": plain("withholds", { kind: "expire-cursor" }),
  duplicates: kind("withholds", () => fc.record({ kind: fc.constant("duplicates" as const), rows })),
  "move-rows": kind("withholds", () => fc.record({ kind: fc.constant("move-rows" as const), rows })),
  "lose-rows": kind("withholds", () => fc.record({ kind: fc.constant("lose-rows" as const), fraction: share })),
  total: kind("miscounts", () => fc.record({ kind: fc.constant("total" as const), by: fc.constantFrom(-30, -3, -1, 1, 2, 50) })),
  "moving-total": kind("miscounts", () => fc.record({ kind: fc.constant("moving-total" as const), by: fc.constantFrom(-2, -1, 1, 4) })),
  withhold: kind("hides", () => fc.record({ kind: fc.constant("withhold" as const), fraction: share })),
  late: kind("hides", () => fc.record({ kind: fc.constant("late" as const), fraction: share, ms: fc.constantFrom(5 * MINUTE, 6 * HOUR, 2 * DAY, 7 * DAY) })),
  "move-sites": kind("moves", () => fc.record({ kind: fc.constant("move-sites" as const), rows, silent: fc.boolean() })),
  "equal-times": kind("moves", () => fc.record({ kind: fc.constant("equal-times" as const), rows })),
  "missing-id": plain("alters", { kind: "missing-id" }),
  "numeric-id": plain("alters", { kind: "numeric-id" }),
  "missing-field": kind("alters", (field) => fc.constant({ kind: "missing-field", field })),
  "null-field": kind("alters", (field) => fc.constant({ kind: "null-field", field })),
  "renamed-field": kind("alters", (field) => fc.constant({ kind: "renamed-field", field })),
  "wrong-type": kind("alters", (field) => fc.constant({ kind: "wrong-type", field })),
  "big-number": kind("alters", (field) => fc.constant({ kind: "big-number", field })),
  "revoke-token": plain("withholds", { kind: "revoke-token" }),
  "narrow-token": kind("narrows", () => fc.record({ kind: fc.constant("narrow-token" as const), level: fc.constantFrom("site", "account") })),
  "clock-skew": kind("withholds", () => fc.record({ kind: fc.constant("clock-skew" as const), ms: off })),
  "clock-jump": kind("moves", () => fc.record({ kind: fc.constant("clock-jump" as const), ms: off })),
};

/** What it does stays after it, so that it happens once or twice and not at every request. */
export function isDeed(effect: Effect): boolean {
  return effect === "moves" || effect === "narrows";
}
