/**
 * One row and more for every fault the simulated console knows: what a person is shown while it lasts and told to do, what the mirror may
 * hold of it, and how it ends. A kind without a row does not compile.
 */
import type { FaultCode } from "../../src/kernel/fault.ts";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { Fault, FaultKind, FaultRule } from "../../src/simulator/index.ts";
import type { FaultBench } from "./bench.ts";
import { HOUR, MINUTE } from "./bench.ts";

export interface Trouble {
  readonly fault: Fault;
  /** `agents` where left out. */
  readonly stream?: StreamId;
  readonly rule?: Partial<FaultRule>;
  /** Code on the stream; null: nobody is bothered, because nothing is missing or it was overcome within the reading. */
  readonly code: FaultCode | null;
  /** Code instead, where the listing did not bring all that the console has: which it is hangs on which of the pages that are read beside each other comes first. */
  readonly unseen?: FaultCode;
  /** What people are told to do about it. */
  readonly cure?: RegExp;
  /** When the connection asks for attention. */
  readonly attention: "never" | "when it lasts" | "at once";
  /**
   * What the mirror holds meanwhile. `truth`: only records as they are or were. `said`: fields as the console gave them, wrong as they were. `hidden`:
   * what the console neither lists nor counts is not live either.
   */
  readonly holds: "truth" | "said" | "hidden";
  /** Records are set aside; `for good` where nothing ties them to a record that comes well later. */
  readonly parked?: "until well" | "for good";
  /** What an administrator of the console does about it in the end; everything else heals by itself. */
  readonly help?: (bench: FaultBench) => void;
  /** `soon`: at the next reading the schedule makes; `in a day`: at the next full one. */
  readonly heals: "soon" | "in a day";
}

type Row<Kind extends FaultKind> = Trouble & { readonly fault: Extract<Fault, { kind: Kind }> };

const NOTHING_TO_DO = /^Nothing: /;
const WAIT_FIRST = /^Nothing at first: .*report it/;
const CHECK_ADDRESS = /^Check .*address.*report it/;

/** Nobody hears of it: what the mirror holds afterwards is the truth. */
const UNNOTICED = { code: null, attention: "never", holds: "truth", heals: "soon" } as const;
const UNPROVEN = { code: "SNAPSHOT_UNPROVEN", cure: NOTHING_TO_DO, attention: "never", holds: "truth", heals: "soon" } as const;
const PASSING = { cure: NOTHING_TO_DO, attention: "when it lasts", holds: "truth", heals: "soon" } as const;
const ILL_ANSWER = { cure: CHECK_ADDRESS, attention: "when it lasts", holds: "truth", heals: "soon" } as const;
const WRONG_WAY = { cure: WAIT_FIRST, attention: "when it lasts", holds: "truth", heals: "soon" } as const;
/** A field as the console gave it is put right by a reading that lists the record again. */
const BELIEVED = { code: null, attention: "never", holds: "said", heals: "in a day" } as const;

const NEW_TOKEN = /new token.*rotate/;

function restore(bench: FaultBench): void {
  bench.world.simulator.changeToken("viewer", { revoked: false, level: "tenant", ids: [], role: "Viewer" });
}

function setClock(ms: number): (bench: FaultBench) => void {
  return (bench) => {
    bench.faults({ path: "/system/status", fault: { kind: "clock-jump", ms }, times: 1 });
  };
}

export const TROUBLES: { readonly [Kind in FaultKind]: readonly [Row<Kind>, ...Row<Kind>[]] } = {
  status: [
    { fault: { kind: "status", status: 302 }, code: "S1_UNEXPECTED_STATUS", ...ILL_ANSWER },
    { fault: { kind: "status", status: 400 }, code: "S1_BAD_REQUEST", cure: /^Report it/, attention: "when it lasts", holds: "truth", heals: "soon" },
    { fault: { kind: "status", status: 401 }, code: "S1_TOKEN_REJECTED", cure: NEW_TOKEN, attention: "at once", holds: "truth", heals: "soon" },
    { fault: { kind: "status", status: 403 }, code: "S1_FORBIDDEN", cure: /permission named/, attention: "at once", holds: "truth", heals: "soon" },
    { fault: { kind: "status", status: 404 }, code: "S1_NOT_FOUND", cure: CHECK_ADDRESS, attention: "when it lasts", holds: "truth", heals: "soon" },
    { fault: { kind: "status", status: 429 }, code: "S1_RATE_LIMITED", ...PASSING },
    { fault: { kind: "status", status: 429, retryAfter: "20" }, code: "S1_RATE_LIMITED", ...PASSING },
    { fault: { kind: "status", status: 429, retryAfter: "-1" }, code: "S1_RATE_LIMITED", ...PASSING },
    { fault: { kind: "status", status: 429, retryAfter: "soon; 99999999999999999999" }, code: "S1_RATE_LIMITED", ...PASSING },
    { fault: { kind: "status", status: 500 }, code: "S1_SERVER_ERROR", ...PASSING },
    { fault: { kind: "status", status: 502 }, stream: "threats", code: "S1_SERVER_ERROR", ...PASSING },
    { fault: { kind: "status", status: 503 }, stream: "alerts", code: "S1_SERVER_ERROR", ...PASSING },
    { fault: { kind: "status", status: 504 }, stream: "activities", code: "S1_SERVER_ERROR", ...PASSING },
    { fault: { kind: "status", status: 500 }, rule: { times: 2 }, ...UNNOTICED },
    { fault: { kind: "status", status: 502 }, rule: { probability: 0.2 }, ...UNNOTICED },
  ],
  cut: [
    { fault: { kind: "cut" }, code: "S1_BODY_CUT", ...PASSING },
    { fault: { kind: "cut" }, rule: { after: 4, times: 3 }, ...UNNOTICED },
  ],
  short: [{ fault: { kind: "short" }, code: "S1_BODY_CUT", ...PASSING }],
  reset: [
    { fault: { kind: "reset" }, code: "S1_UNREACHABLE", cure: /network and proxy/, attention: "when it lasts", holds: "truth", heals: "soon" },
    { fault: { kind: "reset", when: "unanswered" }, code: "S1_UNREACHABLE", cure: /network and proxy/, attention: "when it lasts", holds: "truth", heals: "soon" },
    { fault: { kind: "reset", when: "after" }, ...UNNOTICED },
  ],
  slow: [{ fault: { kind: "slow", ms: 5 }, ...UNNOTICED }],
  "slow-body": [{ fault: { kind: "slow-body", ms: 16 }, ...UNNOTICED }],
  html: [
    { fault: { kind: "html" }, code: "S1_NOT_JSON", cure: /between Vedette and the console/, attention: "when it lasts", holds: "truth", heals: "soon" },
    { fault: { kind: "html" }, stream: "alerts", code: "S1_NOT_JSON", cure: /between Vedette and the console/, attention: "when it lasts", holds: "truth", heals: "soon" },
  ],
  errors: [
    { fault: { kind: "errors" }, code: "S1_ERRORS_IN_ANSWER", ...WRONG_WAY },
    { fault: { kind: "errors" }, stream: "alerts", code: "S1_ERRORS_IN_ANSWER", ...WRONG_WAY },
  ],
  malformed: [{ fault: { kind: "malformed" }, code: "S1_BODY_CUT", ...PASSING }],
  "content-type": [{ fault: { kind: "content-type", value: "text/html" }, ...UNNOTICED }],
  "missing-data": [
    { fault: { kind: "missing-data" }, code: "S1_ANSWER_SHAPE", ...ILL_ANSWER },
    { fault: { kind: "missing-data" }, stream: "alerts", code: "S1_ANSWER_SHAPE", ...ILL_ANSWER },
  ],
  "null-list": [
    { fault: { kind: "null-list" }, code: "S1_ANSWER_SHAPE", ...ILL_ANSWER },
    { fault: { kind: "null-list" }, stream: "alerts", code: "S1_ANSWER_SHAPE", ...ILL_ANSWER },
  ],
  "empty-page": [
    { fault: { kind: "empty-page" }, ...UNPROVEN },
    { fault: { kind: "empty-page" }, stream: "alerts", ...UNPROVEN },
    { fault: { kind: "empty-page" }, stream: "activities", ...UNPROVEN },
  ],
  "repeat-cursor": [
    { fault: { kind: "repeat-cursor" }, code: "S1_CURSOR_REPEATED", ...WRONG_WAY },
    { fault: { kind: "repeat-cursor" }, stream: "alerts", code: "S1_CURSOR_REPEATED", ...WRONG_WAY },
    { fault: { kind: "repeat-cursor" }, rule: { times: 1 }, ...UNNOTICED },
  ],
  "cycle-cursor": [{ fault: { kind: "cycle-cursor" }, code: "S1_CURSOR_REPEATED", ...WRONG_WAY }],
  "endless-cursor": [{ fault: { kind: "endless-cursor" }, stream: "threats", code: "S1_CURSOR_ENDLESS", ...WRONG_WAY }],
  "expire-cursor": [
    { fault: { kind: "expire-cursor" }, code: "S1_CURSOR_REFUSED", ...PASSING },
    { fault: { kind: "expire-cursor" }, stream: "alerts", code: "S1_CURSOR_REFUSED", ...PASSING },
    { fault: { kind: "expire-cursor" }, stream: "alerts", rule: { after: 1, times: 1 }, ...UNNOTICED },
    { fault: { kind: "expire-cursor" }, rule: { after: 1, times: 1 }, ...UNNOTICED },
  ],
  duplicates: [
    { fault: { kind: "duplicates" }, ...UNNOTICED },
    { fault: { kind: "duplicates", rows: 5 }, stream: "alerts", ...UNNOTICED },
  ],
  "move-rows": [
    { fault: { kind: "move-rows" }, ...UNPROVEN },
    { fault: { kind: "move-rows" }, stream: "alerts", ...UNPROVEN },
  ],
  "lose-rows": [
    { fault: { kind: "lose-rows", fraction: 0.5 }, ...UNPROVEN },
    { fault: { kind: "lose-rows", fraction: 0.5 }, stream: "alerts", ...UNPROVEN },
  ],
  total: [
    { fault: { kind: "total", by: 3 }, ...UNPROVEN },
    { fault: { kind: "total", by: -3 }, ...UNPROVEN },
  ],
  "moving-total": [{ fault: { kind: "moving-total", by: 1 }, ...UNPROVEN }],
  withhold: [
    { fault: { kind: "withhold", fraction: 0.9 }, rule: { forMs: 10 * MINUTE }, code: "SNAPSHOT_BRAKE", cure: /next full read/, attention: "never", holds: "truth", heals: "soon" },
    // Neither listed nor counted, many over two whole readings or few over one: no client can tell that from records that are gone. They come back as they are.
    { fault: { kind: "withhold", fraction: 0.9 }, code: "SNAPSHOT_BRAKE", cure: /next full read/, attention: "never", holds: "hidden", heals: "in a day" },
    { fault: { kind: "withhold", fraction: 0.1 }, code: null, attention: "never", holds: "hidden", heals: "in a day" },
  ],
  late: [
    { fault: { kind: "late" }, stream: "threats", code: null, attention: "never", holds: "truth", heals: "in a day" },
    { fault: { kind: "late" }, stream: "activities", code: null, attention: "never", holds: "truth", heals: "in a day" },
    { fault: { kind: "late" }, stream: "alerts", code: null, attention: "never", holds: "truth", heals: "in a day" },
  ],
  "move-sites": [
    { fault: { kind: "move-sites", rows: 2 }, rule: { after: 3, times: 2 }, code: null, attention: "never", holds: "truth", heals: "soon" },
    // Moved from a part not read yet into one that was, it is seen by neither and the count tells; the other way round it is seen twice, and nobody is bothered.
    { fault: { kind: "move-sites", rows: 2, silent: true }, rule: { after: 3, times: 2 }, code: null, unseen: "SNAPSHOT_UNPROVEN", attention: "never", holds: "truth", heals: "in a day" },
  ],
  "equal-times": [
    { fault: { kind: "equal-times", rows: 17 }, rule: { times: 1 }, ...UNNOTICED },
    { fault: { kind: "equal-times", rows: 17 }, rule: { times: 1 }, stream: "threats", ...UNNOTICED },
    { fault: { kind: "equal-times", rows: 17 }, rule: { times: 1 }, stream: "alerts", ...UNNOTICED },
    { fault: { kind: "equal-times", rows: 17 }, rule: { times: 1 }, stream: "activities", ...UNNOTICED },
  ],
  "missing-id": [{ fault: { kind: "missing-id" }, ...UNPROVEN, parked: "for good" }],
  "numeric-id": [{ fault: { kind: "numeric-id" }, ...BELIEVED }],
  "missing-field": [{ fault: { kind: "missing-field", field: "updatedAt" }, ...BELIEVED }],
  "null-field": [
    { fault: { kind: "null-field", field: "updatedAt" }, ...BELIEVED },
    { fault: { kind: "null-field", field: "siteId" }, ...BELIEVED },
  ],
  "renamed-field": [{ fault: { kind: "renamed-field", field: "computerName" }, ...BELIEVED }],
  "wrong-type": [{ fault: { kind: "wrong-type", field: "computerName" }, ...BELIEVED }],
  "big-number": [{ fault: { kind: "big-number", field: "totalMemory" }, ...UNPROVEN, parked: "until well" }],
  "revoke-token": [{ fault: { kind: "revoke-token" }, rule: { after: 3, times: 1 }, code: "S1_TOKEN_REJECTED", cure: NEW_TOKEN, attention: "at once", holds: "truth", help: restore, heals: "soon" }],
  "narrow-token": [
    { fault: { kind: "narrow-token" }, rule: { after: 3, times: 1 }, code: "S1_SCOPE_CHANGED", cure: /verify NAME --accept-scope/, attention: "at once", holds: "truth", help: restore, heals: "in a day" },
    { fault: { kind: "narrow-token", role: "Inventory Reader" }, stream: "threats", rule: { after: 3, times: 1 }, code: "S1_FORBIDDEN", cure: /permission named/, attention: "at once", holds: "truth", help: restore, heals: "soon" },
  ],
  "clock-skew": [
    { fault: { kind: "clock-skew", ms: 2 * HOUR }, ...UNNOTICED },
    { fault: { kind: "clock-skew", ms: -2 * HOUR }, ...UNNOTICED },
  ],
  "clock-jump": [
    { fault: { kind: "clock-jump", ms: 2 * HOUR }, rule: { after: 3, times: 1 }, code: null, attention: "never", holds: "truth", help: setClock(-2 * HOUR), heals: "in a day" },
    { fault: { kind: "clock-jump", ms: -2 * HOUR }, rule: { after: 3, times: 1 }, code: null, attention: "never", holds: "truth", help: setClock(2 * HOUR), heals: "in a day" },
  ],
};
