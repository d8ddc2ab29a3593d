/**
 * Faults as data: a plan of rules, each saying on which requests it strikes and what it does. The plan counts how often each rule
 * fired, so that a test can insist that the fault it planned really happened.
 */
import { mix } from "./random.ts";

export type Fault =
  /** JSON error for 401, 403, 404, 500; the front end's HTML for 429, 502, 503, 504. `retryAfter` is sent as it is. */
  | { readonly kind: "status"; readonly status: 401 | 403 | 404 | 429 | 500 | 502 | 503 | 504; readonly retryAfter?: string }
  /** The socket is destroyed after part of the body. */
  | { readonly kind: "cut" }
  /** A content-length larger than the body, then the end. */
  | { readonly kind: "short" }
  /** Status 200 with an HTML page, as a captive portal would. */
  | { readonly kind: "html" }
  /** Status 200 with an `errors` list. */
  | { readonly kind: "errors" }
  /** A page without rows whose cursor still leads on. */
  | { readonly kind: "empty-page" }
  /** The cursor that was just used is handed out again. */
  | { readonly kind: "repeat-cursor" }
  /** Every page leads back to the second one. */
  | { readonly kind: "cycle-cursor" }
  /** There is always another cursor, each a new one. */
  | { readonly kind: "endless-cursor" }
  /** 400 for a request that brings a cursor. */
  | { readonly kind: "expire-cursor" }
  /** The first rows of a page are the last rows of the page before. */
  | { readonly kind: "duplicates"; readonly rows?: number }
  /** The total is off by this much. */
  | { readonly kind: "total"; readonly by: number }
  /** This share of the records is not visible yet: not listed and not counted. */
  | { readonly kind: "withhold"; readonly fraction: number }
  /** This share of the rows is missing from the page although the total counts them. */
  | { readonly kind: "lose-rows"; readonly fraction: number }
  | { readonly kind: "slow"; readonly ms: number }
  /** The connection is reset before anything is answered. */
  | { readonly kind: "reset" }
  | { readonly kind: "content-type"; readonly value: string }
  | { readonly kind: "malformed" }
  | { readonly kind: "missing-data" }
  | { readonly kind: "null-list" }
  | { readonly kind: "numeric-id" }
  | { readonly kind: "missing-id" }
  /** The caller's token is revoked for good, and this request answered with 401. */
  | { readonly kind: "revoke-token" }
  /** The Date header is off by this much. */
  | { readonly kind: "clock-skew"; readonly ms: number };

export interface FaultRule {
  /** A path or its beginning, with or without `/web/api/v2.1`; `graphql` for unified alerts; `*` for everything. */
  readonly path: string;
  /** Only the path itself, not what lies below it. */
  readonly exact?: boolean;
  /** Matching requests let through before it strikes. */
  readonly after?: number;
  /** How often it strikes; without it, always. */
  readonly times?: number;
  /** Of striking, per matching request; seeded. */
  readonly probability?: number;
  readonly fault: Fault;
}

export interface FaultPlan {
  readonly rules: readonly FaultRule[];
}

export interface FaultReport {
  readonly rules: readonly (FaultRule & { readonly matched: number; readonly fired: number })[];
}

/** A rule that strikes a request, with what it has to remember from request to request. */
export interface Strike {
  readonly fault: Fault;
  readonly memory: Map<string, unknown>;
}

const KINDS: ReadonlySet<string> = new Set<Fault["kind"]>([
  "status",
  "cut",
  "short",
  "html",
  "errors",
  "empty-page",
  "repeat-cursor",
  "cycle-cursor",
  "endless-cursor",
  "expire-cursor",
  "duplicates",
  "total",
  "withhold",
  "lose-rows",
  "slow",
  "reset",
  "content-type",
  "malformed",
  "missing-data",
  "null-list",
  "numeric-id",
  "missing-id",
  "revoke-token",
  "clock-skew",
]);
const STATUSES: ReadonlySet<unknown> = new Set([401, 403, 404, 429, 500, 502, 503, 504]);
const NUMBERS: Readonly<Record<string, string>> = { total: "by", withhold: "fraction", "lose-rows": "fraction", slow: "ms", "clock-skew": "ms" };

/** A plan from JSON; throws a RangeError that names the rule it cannot read. */
export function readFaultPlan(value: unknown): FaultPlan {
  const rules = typeof value === "object" && value !== null && "rules" in value ? value.rules : value;
  if (!Array.isArray(rules)) throw new RangeError('a fault plan is {"rules":[…]}');
  for (const [at, rule] of (rules as readonly unknown[]).entries()) {
    const problem = ruleProblem(rule);
    if (problem !== undefined) throw new RangeError(`fault rule ${String(at)}: ${problem}`);
  }
  return { rules: rules as readonly FaultRule[] };
}

function ruleProblem(rule: unknown): string | undefined {
  if (typeof rule !== "object" || rule === null) return "must be an object";
  const { path, after, times, probability, fault } = rule as Record<string, unknown>;
  if (typeof path !== "string" || path === "") return "needs a path";
  for (const [name, value] of Object.entries({ after, times })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= 0)) return `${name} must be a whole number, 0 or more`;
  }
  if (probability !== undefined && !(typeof probability === "number" && probability >= 0 && probability <= 1)) return "probability must be between 0 and 1";
  if (typeof fault !== "object" || fault === null || !("kind" in fault) || !KINDS.has(String(fault.kind))) return `needs a fault with a kind: ${[...KINDS].join(", ")}`;
  const parts = fault as Record<string, unknown>;
  if (fault.kind === "status" && !STATUSES.has(parts["status"])) return `status must be one of ${[...STATUSES].join(", ")}`;
  const number = NUMBERS[String(fault.kind)];
  if (number !== undefined && typeof parts[number] !== "number") return `a ${String(fault.kind)} fault needs a number "${number}"`;
  if (fault.kind === "content-type" && typeof parts["value"] !== "string") return 'a content-type fault needs a text "value"';
  return undefined;
}

interface Armed {
  readonly rule: FaultRule;
  readonly memory: Map<string, unknown>;
  matched: number;
  fired: number;
}

function applies(rule: FaultRule, path: string): boolean {
  if (rule.path === "*") return true;
  if (rule.path === "graphql") return path === "/unifiedalerts/graphql";
  const wanted = rule.path.replace(/^\/web\/api\/v2\.1/u, "");
  return rule.exact === true ? path === wanted : path === wanted || path.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}

/** Struck only where they can do anything: a fault about cursors must not be used up by a request without one. */
function concerns(fault: Fault, hasCursor: boolean): boolean {
  return fault.kind === "expire-cursor" || fault.kind === "repeat-cursor" || fault.kind === "duplicates" ? hasCursor : true;
}

export class FaultBook {
  readonly #seed: number;
  #armed: readonly Armed[] = [];

  constructor(seed: number, plan: FaultPlan | undefined) {
    this.#seed = seed;
    if (plan !== undefined) this.set(plan);
  }

  /** Replaces the plan; counts start again. Throws a RangeError for a plan it cannot read. */
  set(plan: FaultPlan): void {
    this.#armed = readFaultPlan(plan).rules.map((rule) => ({ rule, memory: new Map<string, unknown>(), matched: 0, fired: 0 }));
  }

  report(): FaultReport {
    return { rules: this.#armed.map(({ rule, matched, fired }) => ({ ...rule, matched, fired })) };
  }

  /** What strikes this request. `path` is without `/web/api/v2.1`. */
  strikes(path: string, hasCursor: boolean): readonly Strike[] {
    const found: Strike[] = [];
    for (const [at, armed] of this.#armed.entries()) {
      if (!applies(armed.rule, path)) continue;
      const { after = 0, times, probability = 1, fault } = armed.rule;
      if (!concerns(fault, hasCursor)) {
        if (fault.kind === "duplicates") found.push({ fault: { kind: "duplicates", rows: 0 }, memory: armed.memory });
        continue;
      }
      armed.matched += 1;
      if (armed.matched <= after || (times !== undefined && armed.fired >= times)) continue;
      if (mix(this.#seed, 99, armed.matched, at) >= probability * 4_294_967_296) continue;
      armed.fired += 1;
      found.push({ fault, memory: armed.memory });
    }
    return found;
  }
}
