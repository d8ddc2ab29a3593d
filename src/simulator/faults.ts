/**
 * Faults as data: everything the simulated console can do wrong, and a plan of rules saying where, when and how often. Each kind is
 * listed once, with what it takes; `readFaultPlan` refuses whatever it does not know, naming the rule and what was expected.
 */
export type FaultStatus = 302 | 400 | 401 | 403 | 404 | 429 | 500 | 502 | 503 | 504;

export type Fault =
  /** JSON error for 400, 401, 403, 404, 500; the front end's HTML for 429, 502, 503, 504; a redirect to a page that is not there for 302. */
  | { readonly kind: "status"; readonly status: FaultStatus; readonly retryAfter?: string }
  /** The socket is destroyed after part of the body. */
  | { readonly kind: "cut" }
  /** A content-length larger than the body, then the end. */
  | { readonly kind: "short" }
  /**
   * The connection is reset: `before` (default) the request is looked at, `unanswered` after it was carried out and before anything of the
   * answer is sent, `after` the last byte of the answer.
   */
  | { readonly kind: "reset"; readonly when?: ResetMoment }
  /** Milliseconds before the first byte. */
  | { readonly kind: "slow"; readonly ms: number }
  /** The body takes this long, in drops. */
  | { readonly kind: "slow-body"; readonly ms: number }
  /** Status 200 with an HTML page, as a captive portal would. */
  | { readonly kind: "html" }
  /** Status 200 with an `errors` list. */
  | { readonly kind: "errors" }
  | { readonly kind: "malformed" }
  | { readonly kind: "content-type"; readonly value: string }
  | { readonly kind: "missing-data" }
  | { readonly kind: "null-list" }
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
  /** The first rows of a page are the last rows of the page before, again. */
  | { readonly kind: "duplicates"; readonly rows?: number }
  /** Records change places over a page's edge: the first rows of a page have slipped to a page already read, and rows of that one come again. */
  | { readonly kind: "move-rows"; readonly rows?: number }
  /** This share of the rows is missing from the page although the total counts them. */
  | { readonly kind: "lose-rows"; readonly fraction: number }
  /** The total is off by this much. */
  | { readonly kind: "total"; readonly by: number }
  /** The total moves: each time it strikes it is off by this much more. */
  | { readonly kind: "moving-total"; readonly by: number }
  /** This share of the records is not visible: not listed and not counted. */
  | { readonly kind: "withhold"; readonly fraction: number }
  /** Of the records made from now on this share (default: all) becomes visible late, each at its own moment up to `ms` (default: 7 days) after it was made. */
  | { readonly kind: "late"; readonly fraction?: number; readonly ms?: number }
  /** Before the answer, this many records move to another site, for good; `silent`: without a new time of change. */
  | { readonly kind: "move-sites"; readonly rows?: number; readonly silent?: boolean }
  /** Before the answer, this many records change at one and the same time, for good. */
  | { readonly kind: "equal-times"; readonly rows?: number }
  /** The first row of a page has no id. */
  | { readonly kind: "missing-id" }
  /** Ids come as numbers, digit for digit. */
  | { readonly kind: "numeric-id" }
  /** A field, dotted names reach inside, is left out of every row. */
  | { readonly kind: "missing-field"; readonly field: string }
  | { readonly kind: "null-field"; readonly field: string }
  /** A field has another name: `to`, or the same with `New` behind it. */
  | { readonly kind: "renamed-field"; readonly field: string; readonly to?: string }
  /** A number where text should be, or text where a number should be. */
  | { readonly kind: "wrong-type"; readonly field: string }
  /** A whole number of 64 bits, 9223372036854775807, which no double can carry. */
  | { readonly kind: "big-number"; readonly field: string }
  /** The caller's token is revoked for good, and this request answered with 401. */
  | { readonly kind: "revoke-token" }
  /** The caller's token sees less from now on: `level` (default `site`; of the first site or account, or of `ids`) or another role's permissions. */
  | { readonly kind: "narrow-token"; readonly level?: "site" | "account"; readonly ids?: readonly string[]; readonly role?: string }
  /** The Date header is off by this much. */
  | { readonly kind: "clock-skew"; readonly ms: number }
  /** The console's clock jumps, forward or (negative) back, for good: every later time follows it. */
  | { readonly kind: "clock-jump"; readonly ms: number };

export type ResetMoment = "before" | "unanswered" | "after";
export type FaultKind = Fault["kind"];

export interface FaultRule {
  /** A path or its beginning, with or without `/web/api/v2.1`; `graphql` for unified alerts; `*` for everything. */
  readonly path: string;
  /** Only the path itself, not what lies below it. */
  readonly exact?: boolean;
  /** Only requests of this method; without it, any. */
  readonly method?: string;
  /** Matching requests let through before it strikes. */
  readonly after?: number;
  /** How often it strikes; without it, always. */
  readonly times?: number;
  /** Of striking, per matching request; seeded. */
  readonly probability?: number;
  /** Strikes only from this long after the plan was made, by the console's clock, milliseconds. */
  readonly afterMs?: number;
  /** Strikes only for this long from then on. */
  readonly forMs?: number;
  readonly fault: Fault;
}

export interface FaultPlan {
  readonly rules: readonly FaultRule[];
}

export interface UnfiredRule {
  /** Place of the rule in its plan. */
  readonly at: number;
  /** 1 for the first plan given to the console. */
  readonly plan: number;
  readonly path: string;
  readonly fault: Fault;
  /** Requests it was held against. */
  readonly matched: number;
}

export interface FaultReport {
  /** `fired` counts the times a rule really did something: a strike without effect (an empty page made empty) is not one, and is not used up. */
  readonly rules: readonly (FaultRule & { readonly matched: number; readonly fired: number })[];
  /** Rules of this plan, and of those it replaced (at most the last 1000), that never fired. */
  readonly unfired: readonly UnfiredRule[];
}

type Check = (value: unknown) => boolean;

interface Field {
  readonly name: string;
  readonly optional?: boolean;
  readonly is: Check;
  readonly expected: string;
}

const STATUSES: ReadonlySet<unknown> = new Set<FaultStatus>([302, 400, 401, 403, 404, 429, 500, 502, 503, 504]);

const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isWait: Check = (value) => isNumber(value) && Number(value) >= 0 && Number(value) <= 3_600_000;
const isShare: Check = (value) => isNumber(value) && Number(value) >= 0 && Number(value) <= 1;
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isText: Check = (value) => typeof value === "string" && value !== "";

const BY: Field = { name: "by", is: isNumber, expected: "a number" };
const MS: Field = { name: "ms", is: isNumber, expected: "a number of milliseconds" };
const WAIT: Field = { name: "ms", is: isWait, expected: "0 to 3600000 milliseconds" };
const ROWS: Field = { name: "rows", optional: true, is: isCount, expected: "a whole number, 0 or more" };
const SHARE: Field = { name: "fraction", is: isShare, expected: "a number between 0 and 1" };
const FIELD: Field = { name: "field", is: isText, expected: "a field's name" };

/** What each kind takes. The one list of all kinds. */
const TAKES: Readonly<Record<FaultKind, readonly Field[]>> = {
  status: [
    { name: "status", is: (value) => STATUSES.has(value), expected: `one of ${[...STATUSES].join(", ")}` },
    { name: "retryAfter", optional: true, is: (value) => typeof value === "string", expected: "text" },
  ],
  cut: [],
  short: [],
  reset: [{ name: "when", optional: true, is: (value) => value === "before" || value === "unanswered" || value === "after", expected: "before, unanswered or after" }],
  slow: [WAIT],
  "slow-body": [WAIT],
  html: [],
  errors: [],
  malformed: [],
  "content-type": [{ name: "value", is: (value) => typeof value === "string" && /^[\u0020-\u007e]*$/u.test(value), expected: "a header's text" }],
  "missing-data": [],
  "null-list": [],
  "empty-page": [],
  "repeat-cursor": [],
  "cycle-cursor": [],
  "endless-cursor": [],
  "expire-cursor": [],
  duplicates: [ROWS],
  "move-rows": [ROWS],
  "lose-rows": [SHARE],
  total: [BY],
  "moving-total": [BY],
  withhold: [SHARE],
  late: [
    { ...SHARE, optional: true },
    { ...MS, optional: true, is: (value) => isNumber(value) && Number(value) > 0 },
  ],
  "move-sites": [ROWS, { name: "silent", optional: true, is: (value) => typeof value === "boolean", expected: "true or false" }],
  "equal-times": [ROWS],
  "missing-id": [],
  "numeric-id": [],
  "missing-field": [FIELD],
  "null-field": [FIELD],
  "renamed-field": [FIELD, { name: "to", optional: true, is: isText, expected: "a field's name" }],
  "wrong-type": [FIELD],
  "big-number": [FIELD],
  "revoke-token": [],
  "narrow-token": [
    { name: "level", optional: true, is: (value) => value === "site" || value === "account", expected: "site or account" },
    { name: "ids", optional: true, is: (value) => Array.isArray(value) && value.length > 0 && value.every(isText), expected: "a list of ids" },
    { name: "role", optional: true, is: isText, expected: "a role's name" },
  ],
  "clock-skew": [MS],
  "clock-jump": [MS],
};

/** Every kind there is. */
export const FAULT_KINDS = Object.keys(TAKES) as readonly FaultKind[];

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

const RULE_KEYS: ReadonlySet<string> = new Set(["path", "exact", "method", "after", "times", "probability", "afterMs", "forMs", "fault"]);

function ruleProblem(rule: unknown): string | undefined {
  if (typeof rule !== "object" || rule === null || Array.isArray(rule)) return "must be an object";
  const given = rule as Record<string, unknown>;
  const strange = Object.keys(given).find((key) => !RULE_KEYS.has(key));
  // A report may be given back as a plan.
  if (strange !== undefined && strange !== "matched" && strange !== "fired") return `"${strange}" is unknown; there are ${[...RULE_KEYS].join(", ")}`;
  const { path, exact, method, probability, fault } = given;
  if (!isText(path)) return "needs a path";
  if (exact !== undefined && typeof exact !== "boolean") return "exact must be true or false";
  if (method !== undefined && !(typeof method === "string" && /^[A-Z]+$/u.test(method))) return "method must be one in capitals, like GET";
  for (const name of ["after", "times"]) if (given[name] !== undefined && !isCount(given[name])) return `${name} must be a whole number, 0 or more`;
  for (const name of ["afterMs", "forMs"]) if (given[name] !== undefined && !(isNumber(given[name]) && Number(given[name]) >= 0)) return `${name} must be a number of milliseconds, 0 or more`;
  if (probability !== undefined && !isShare(probability)) return "probability must be between 0 and 1";
  if (typeof fault !== "object" || fault === null || !("kind" in fault) || !isKind(fault.kind)) return `needs a fault with a kind: ${FAULT_KINDS.join(", ")}`;
  return faultProblem(fault.kind, { ...fault });
}

function isKind(kind: unknown): kind is FaultKind {
  return typeof kind === "string" && Object.hasOwn(TAKES, kind);
}

function faultProblem(kind: FaultKind, parts: Readonly<Record<string, unknown>>): string | undefined {
  const fields = TAKES[kind];
  for (const { name, optional, is, expected } of fields) {
    const value = parts[name];
    if (value === undefined && optional === true) continue;
    if (!is(value)) return value === undefined ? `a ${kind} fault needs "${name}": ${expected}` : `${name} of a ${kind} fault must be ${expected}`;
  }
  const strange = Object.keys(parts).find((key) => key !== "kind" && !fields.some(({ name }) => name === key));
  if (strange === undefined) return undefined;
  return `a ${kind} fault takes ${fields.length === 0 ? "nothing more" : fields.map(({ name }) => `"${name}"`).join(", ")}, not "${strange}"`;
}
