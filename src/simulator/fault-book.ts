/**
 * The plan at work: which rules strike a request, and how often each did something. A strike without effect is given back, so that a
 * rule with `times` is used up only by what it did, and a rule that never fired is known by name, after its plan was replaced too.
 */
import { readFaultPlan, type Fault, type FaultKind, type FaultPlan, type FaultReport, type FaultRule, type UnfiredRule } from "./faults.ts";
import { mix } from "./random.ts";

/** A rule held against a request. */
export interface Strike {
  readonly fault: Fault;
  /** What the rule has to remember from request to request. */
  readonly memory: Map<string, unknown>;
  /** False: the rule only looks on, to remember what it needs when it strikes. */
  readonly strikes: boolean;
  /** How often the rule has fired, this time included. */
  readonly turn: number;
  /** When the plan was made, by the console's clock, milliseconds. */
  readonly sinceMs: number;
  /** It did nothing after all. */
  missed(): void;
}

export interface StruckRequest {
  readonly method: string;
  /** Without `/web/api/v2.1`. */
  readonly path: string;
  readonly hasCursor: boolean;
}

interface Armed {
  readonly rule: FaultRule;
  readonly memory: Map<string, unknown>;
  matched: number;
  fired: number;
}

const MOST_REMEMBERED = 1000;

/** Struck only where they can do anything: a fault about cursors must not be used up by a request without one. */
const NEEDS_CURSOR: ReadonlySet<FaultKind> = new Set(["expire-cursor", "repeat-cursor", "duplicates", "move-rows"]);
/** They work with the page before, so they have to see it. */
const LOOKS_ON: ReadonlySet<FaultKind> = new Set(["duplicates", "move-rows", "cycle-cursor"]);

function applies(rule: FaultRule, { path, method }: StruckRequest): boolean {
  if (rule.method !== undefined && rule.method !== method) return false;
  if (rule.path === "*") return true;
  if (rule.path === "graphql") return path === "/unifiedalerts/graphql";
  const wanted = rule.path.replace(/^\/web\/api\/v2\.1/u, "");
  return rule.exact === true ? path === wanted : path === wanted || path.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}

export class FaultBook {
  readonly #seed: number;
  readonly #nowMs: () => number;
  #armed: readonly Armed[] = [];
  #before: readonly UnfiredRule[] = [];
  #plan = 0;
  #since = 0;

  /** `nowMs` is the console's clock. */
  constructor(seed: number, plan: FaultPlan | undefined, nowMs: () => number) {
    this.#seed = seed;
    this.#nowMs = nowMs;
    if (plan !== undefined) this.set(plan);
  }

  /** Replaces the plan; counts start again. Throws a RangeError for a plan it cannot read. */
  set(plan: FaultPlan): void {
    const { rules } = readFaultPlan(plan);
    this.#before = [...this.#before, ...this.#unfired()].slice(-MOST_REMEMBERED);
    this.#plan += 1;
    this.#since = this.#nowMs();
    this.#armed = rules.map((rule) => ({ rule, memory: new Map<string, unknown>(), matched: 0, fired: 0 }));
  }

  /** No plan, and nothing remembered of those before. */
  reset(): void {
    this.set({ rules: [] });
    this.#before = [];
  }

  report(): FaultReport {
    return { rules: this.#armed.map(({ rule, matched, fired }) => ({ ...rule, matched, fired })), unfired: [...this.#before, ...this.#unfired()] };
  }

  #unfired(): readonly UnfiredRule[] {
    return this.#armed.flatMap(({ rule, matched, fired }, at) => (fired === 0 ? [{ at, plan: this.#plan, path: rule.path, fault: rule.fault, matched }] : []));
  }

  /** What strikes this request, and what looks on. */
  strikes(request: StruckRequest): readonly Strike[] {
    return this.#armed.flatMap((armed, at) => {
      if (!applies(armed.rule, request)) return [];
      const { fault } = armed.rule;
      if (this.#fires(armed, at, request)) return [strike(armed, this.#since)];
      return LOOKS_ON.has(fault.kind) ? [{ fault, memory: armed.memory, strikes: false, turn: armed.fired, sinceMs: this.#since, missed: () => undefined }] : [];
    });
  }

  #fires(armed: Armed, at: number, request: StruckRequest): boolean {
    const { after = 0, times, probability = 1, afterMs = 0, forMs, fault } = armed.rule;
    if (NEEDS_CURSOR.has(fault.kind) && !request.hasCursor) return false;
    const passed = this.#nowMs() - this.#since;
    if (passed < afterMs || (forMs !== undefined && passed >= afterMs + forMs)) return false;
    armed.matched += 1;
    if (armed.matched <= after || (times !== undefined && armed.fired >= times)) return false;
    return mix(this.#seed, 99, armed.matched, at) < probability * 4_294_967_296;
  }
}

function strike(armed: Armed, sinceMs: number): Strike {
  armed.fired += 1;
  let given = true;
  return {
    fault: armed.rule.fault,
    memory: armed.memory,
    strikes: true,
    turn: armed.fired,
    sinceMs,
    missed() {
      if (given) armed.fired -= 1;
      given = false;
    },
  };
}
