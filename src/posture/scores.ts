/**
 * Scores alone, for who asks about a whole fleet every few minutes: a device that is the only one with its serial number is answered from the letters
 * in its index, without its facts being read. Says what `answerDevices` would say, always: letters count only while every device of the connection has been met
 * with the rules as they are, nothing of the device is set aside or excepted, and no moment has come that changes them. All else is asked there.
 */
import { sql } from "kysely";
import { EVERY_TENANT, scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { TenantId } from "../kernel/ids.ts";
import { withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import { answerDevices, type DeviceQuestion, type RuleChoice } from "./answer.ts";
import { decide } from "./evaluate.ts";
import { connectionStates, setAside, type ConnectionState } from "./evidence.ts";
import { exceptedDevices } from "./exceptions.ts";
import { isStale } from "./judge.ts";
import { foldIdentifier } from "./matching.ts";
import type { Outcome } from "./model.ts";
import { liveRules, type StoredRule } from "./rules-store.ts";
import { rulesMet } from "./sweep.ts";
import type { Score } from "./verdicts.ts";

export interface DeviceScore {
  readonly ref: string;
  /** SentinelOne's; null where no one device is meant. */
  readonly agentId: string | null;
  readonly score: Score;
}

/** In the order of the questions. As `answerDevices`. */
export async function scoreDevices(db: Database, kind: Store["kind"], scope: TenantScope, questions: readonly DeviceQuestion[], now: number, chosen: RuleChoice = null): Promise<readonly DeviceScore[]> {
  const scores: (DeviceScore | null)[] = await scoresByLetters(db, kind, scope, questions, now, chosen);
  const left = questions.filter((_question, place) => scores[place] === null);
  const answers = left.length === 0 ? [] : await answerDevices(db, kind, scope, left, now, chosen);
  let next = 0;
  return scores.map((score): DeviceScore => {
    if (score !== null) return score;
    const answer = answers[next];
    next += 1;
    if (answer === undefined) throw new Error("A question without an answer.");
    return { ref: answer.ref, agentId: answer.device?.id ?? null, score: answer.score };
  });
}

interface BriefRow {
  readonly serial_key: string;
  readonly connection_id: string;
  readonly id: string;
  readonly tenant_id: string;
  readonly letters: string | null;
  readonly turns_at: number | null;
}

async function scoresByLetters(db: Database, kind: Store["kind"], scope: TenantScope, questions: readonly DeviceQuestion[], now: number, chosen: RuleChoice): Promise<(DeviceScore | null)[]> {
  const nothing = (): null[] => questions.map(() => null);
  // A page that began before a rule changed may commit there after the sweep: its letters would be another rule's.
  if (kind !== "sqlite") return nothing();
  const serials = questions.map(serialOf);
  // In order, neighbours share a page of the index.
  const asked = [...new Set(serials)].filter((serial) => serial !== null).sort();
  if (asked.length === 0) return nothing();
  // In this order: letters that were read between a word that all are met with these rules, and the same rules, are theirs.
  const connections = await connectionStates(db);
  const most = 2 * asked.length + 8;
  const { rows } = await sql<BriefRow>`
    SELECT d.serial_key, d.connection_id, d.id, d.tenant_id, d.letters, d.turns_at FROM json_each(${JSON.stringify(asked)}) AS k CROSS JOIN posture_devices AS d ON d.serial_key = k.value
    WHERE ${withinScope(scope, "d.tenant_id")} LIMIT ${most}`.execute(db);
  if (rows.length === most) return nothing();
  const rules = await liveRules(db, EVERY_TENANT);
  const counting = rules.filter((rule) => (rule.tenant === null || scopeAllows(scope, rule.tenant)) && (chosen === null || chosen.has(rule.id)));
  if (counting.length === 0 || counting.some((rule) => !rule.matchBy.includes("serial"))) return nothing();
  const bySerial = new Map<string, BriefRow | null>();
  for (const row of rows) bySerial.set(row.serial_key, bySerial.has(row.serial_key) ? null : row);
  const doubtful = await doubtfulDevices(db, kind, rows, connections, now);
  const scoreOf = scorer(rules, connections, chosen, now);
  const certain = doubtful.size === 0;
  return questions.map(({ ref }, place) => {
    const serial = serials[place] ?? null;
    const row = serial === null ? null : (bySerial.get(serial) ?? null);
    if (row === null || (row.turns_at !== null && row.turns_at <= now) || (!certain && doubtful.has(`${row.connection_id} ${row.id}`))) return null;
    const score = scoreOf(row);
    return score === null ? null : { ref, agentId: row.id, score };
  });
}

/** Null where the question names an agent, or no number that tells devices apart. */
function serialOf({ identifiers }: DeviceQuestion): string | null {
  return (identifiers.agentId?.trim() ?? "") === "" ? foldIdentifier("serial", identifiers) : null;
}

/** Of which more has to be known than letters: by `connection agent`. */
async function doubtfulDevices(db: Database, kind: Store["kind"], rows: readonly BriefRow[], connections: ReadonlyMap<string, ConnectionState>, now: number): Promise<ReadonlySet<string>> {
  const of = (flag: "aside" | "excepted") => rows.filter((row) => connections.get(row.connection_id)?.[flag] === true);
  return new Set([...(await setAside(db, kind, of("aside"))).keys(), ...(await exceptedDevices(db, kind, of("excepted"), now))]);
}

const OUTCOMES: Readonly<Record<string, Outcome>> = { p: "pass", f: "fail", u: "unknown", x: "unknown", n: "not-applicable" };

/** One device's score by where it stands and its letters, worked out once for all that have the same; null where letters are not enough. */
function scorer(rules: readonly StoredRule[], connections: ReadonlyMap<string, ConnectionState>, chosen: RuleChoice, now: number): (row: BriefRow) => Score | null {
  const met = rulesMet(rules);
  const known = new Map<string, Score | null>();
  // Most have what the one before has: no text is put together to look it up.
  let last: { readonly row: BriefRow; readonly score: Score | null } | null = null;
  return (row) => {
    if (last !== null && last.row.letters === row.letters && last.row.connection_id === row.connection_id && last.row.tenant_id === row.tenant_id) return last.score;
    const place = `${row.connection_id} ${row.tenant_id} ${row.letters ?? ""}`;
    const before = known.get(place);
    if (before !== undefined) {
      last = { row, score: before };
      return before;
    }
    const state = connections.get(row.connection_id);
    const own = rules.filter((rule) => rule.tenant === null || rule.tenant === (row.tenant_id as TenantId));
    const score = state === undefined || state.met !== met || row.letters?.length !== own.length ? null : scoreOfLetters(own, row.letters, state, chosen, now);
    known.set(place, score);
    last = { row, score };
    return score;
  };
}

function scoreOfLetters(rules: readonly StoredRule[], letters: string, state: ConnectionState, chosen: RuleChoice, now: number): Score | null {
  let score: Score | null = null;
  for (const [place, rule] of rules.entries()) {
    if (chosen !== null && !chosen.has(rule.id)) continue;
    const letter = letters[place] ?? "";
    const outcome = OUTCOMES[letter];
    if (outcome === undefined) return null;
    score ??= 100;
    if (rule.shadow || outcome === "not-applicable") continue;
    const stale = isStale(rule, state, now);
    const current: Outcome = stale ? "unknown" : outcome;
    // What was last known stands in the device's row.
    if (current === "unknown" && rule.failMode.kind === "last-known") return null;
    if (decide(rule, current, null, now).allow) continue;
    if (stale || letter === "x" || !rule.warnOnly) score = 0;
    else if (score === 100) score = 60;
  }
  return score ?? 0;
}
