/** Shapes of triage in our HTTP API, shared by the routes that answer and the commands that ask. Times are RFC 3339, UTC. */
import Type, { type Static, type TSchema } from "typebox";
import { CASE_STATUSES, CASE_TYPES, CASE_VERDICTS } from "./case-api.ts";
import { FACT_SEVERITIES } from "./fact.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Name = Type.String({ minLength: 1, maxLength: 400 });
const Place = Type.String({ minLength: 1, maxLength: 200, description: "`next` of the page before." });
const Limit = Type.Integer({ minimum: 1, maximum: 1000 });

/** What one alert says. Each fact is any number of texts. */
export const ALERT_FACTS = [
  "stream", "name", "product", "severity", "status", "console-verdict", "confidence", "classification", "detection", "initiator", "mitigation", "action", "device", "role", "user", "path", "process", "parent", "command-line", "hash", "signer", "signature", "reputation",
  "address", "domain", "technique",
] as const;
export type AlertFact = (typeof ALERT_FACTS)[number];

/** What is so of the case as a whole: the first are numbers, the others texts. */
export const CASE_NUMBERS = ["alerts", "open-alerts", "devices", "users", "products", "other-tenants"] as const;
export type CaseNumber = (typeof CASE_NUMBERS)[number];
export const CASE_TEXTS = ["type", "listed", "knowledge", "earlier-verdict"] as const;
export type CaseText = (typeof CASE_TEXTS)[number];

export const RULE_BEARINGS = ["verdict", "urgency"] as const;
export type RuleBearing = (typeof RULE_BEARINGS)[number];

export const HEAVIEST = 100;
const Weight = Type.Integer({ minimum: -HEAVIEST, maximum: HEAVIEST });

export const EvidenceView = Type.Object({
  /** Name of the fact. */
  fact: Text,
  value: Text,
  /** Of which alert: SentinelOne's id; null: of the case as a whole. */
  alert: Nullable(Text),
  /** How many of the alerts looked at say it. */
  alerts: Count,
});
export type EvidenceView = Static<typeof EvidenceView>;

export const HitView = Type.Object({
  rule: Text,
  title: Text,
  weight: Weight,
  /** `verdict`: for or against its being what it seems; `urgency`: how soon somebody has to look. */
  bears: Type.Enum(RULE_BEARINGS),
  evidence: Type.Array(EvidenceView),
  evidenceLeft: Count,
});
export type HitView = Static<typeof HitView>;

export const ChangeView = Type.Object({
  /** `without` a rule that speaks now, or `with` one that does not. */
  how: Type.Enum(["without", "with"]),
  rule: Text,
  title: Text,
  weight: Weight,
  verdict: Type.Enum(CASE_VERDICTS),
  score: Count,
});
export type ChangeView = Static<typeof ChangeView>;

export const TriageResult = Type.Object({
  /** From 0 (nothing to do) to 100; 50 where nothing speaks, and half the points of all rules that do. */
  score: Type.Integer({ minimum: 0, maximum: 100 }),
  /** A suggestion: `undefined` where the rules do not suffice for one. */
  verdict: Type.Enum(CASE_VERDICTS),
  /** Sum of what bears on the verdict. */
  evidence: Type.Integer(),
  urgency: Type.Integer(),
  /** Heaviest first. */
  hits: Type.Array(HitView),
  /** What would make the suggestion another. */
  changes: Type.Array(ChangeView),
  remarks: Type.Array(Text),
});
export type TriageResult = Static<typeof TriageResult>;

const CaseHead = {
  id: Text,
  tenant: Text,
  title: Text,
  type: Type.Enum(CASE_TYPES),
  severity: Type.Enum(FACT_SEVERITIES),
  status: Type.Enum(CASE_STATUSES),
  /** The case's own: of a person or of the console. */
  decided: Type.Enum(CASE_VERDICTS),
} as const;

export const TriageView = Type.Object({
  ...CaseHead,
  triage: TriageResult,
  /** Alerts that were looked at, the gravest, and how many there are beside them. */
  alertsLooked: Count,
  alertsLeft: Count,
  /** What the rules were asked about: `rules test` takes it, so that a case can be kept as a test. */
  recorded: Type.Unknown(),
});
export type TriageView = Static<typeof TriageView>;

export const TriageQueueItem = Type.Object({
  ...CaseHead,
  score: Count,
  suggested: Type.Enum(CASE_VERDICTS),
  /** Rules that speak, heaviest first: name and weight. */
  because: Type.Array(Type.Object({ rule: Text, weight: Weight })),
  lastAt: Text,
  /** When it last came out another way. */
  since: Text,
});
export type TriageQueueItem = Static<typeof TriageQueueItem>;
export const TriageQueue = Type.Object({
  items: Type.Array(TriageQueueItem),
  next: Nullable(Text),
  /** Cases are waiting to be looked at again, because something they depend on changed. */
  pending: Type.Boolean(),
});
export type TriageQueue = Static<typeof TriageQueue>;
export const TriageQueueQuery = Type.Object({
  tenant: Type.Optional(Name),
  verdict: Type.Optional(Type.Enum(CASE_VERDICTS, { description: "Only those with this suggestion." })),
  after: Type.Optional(Place),
  limit: Type.Optional(Limit),
});

export const RuleView = Type.Object({
  id: Text,
  title: Text,
  weight: Weight,
  bears: Type.Enum(RULE_BEARINGS),
  /** `any`: one alert that fits is enough; `every`: all that were looked at have to. */
  of: Type.Enum(["any", "every"]),
  enabled: Type.Boolean(),
  when: Type.Unknown(),
  /** Where it is from: shipped, for all tenants, or the tenant's own. */
  from: Type.Enum(["shipped", "all", "tenant"]),
  /** What was set beside what it is: for all tenants, or for this one. */
  changedFor: Nullable(Type.Enum(["all", "tenant"])),
  changedBy: Nullable(Text),
  changedAt: Nullable(Text),
});
export type RuleView = Static<typeof RuleView>;
/** `version`: of what is set there; of none of what is shipped. */
export const RuleList = Type.Object({ tenant: Nullable(Text), version: Text, items: Type.Array(RuleView) });
export type RuleList = Static<typeof RuleList>;
export const OfTenantQuery = Type.Object({ tenant: Type.Optional(Name) });

export const RulesDraft = Type.Object(
  {
    /** Whose they are; left out: all tenants'. */
    tenant: Type.Optional(Name),
    rules: Type.Unknown({ description: "A list of rules and settings of rules, as docs/triage.md describes them." }),
    /** Take back whatever was set there and is not in the list. */
    replaceAll: Type.Optional(Type.Boolean()),
    /** Take back what is set there of these, and nothing else. */
    takeBack: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 1000 })),
    /** As the list gave it: refused where somebody has set anything there since. */
    version: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  { additionalProperties: false },
);
export const RulesApplied = Type.Object({
  tenant: Nullable(Text),
  items: Type.Array(Type.Object({ id: Text, change: Type.Enum(["added", "changed", "unchanged", "removed"]), rule: Nullable(RuleView) })),
});
export type RulesApplied = Static<typeof RulesApplied>;

export const RulesTestDraft = Type.Object(
  {
    tenant: Type.Optional(Name),
    /** Instead of the rules that hold: these, on top of the shipped ones. */
    rules: Type.Optional(Type.Unknown()),
    cases: Type.Unknown({ description: "A list of recorded cases, as docs/triage.md describes them." }),
  },
  { additionalProperties: false },
);
export const RulesTested = Type.Object({
  items: Type.Array(Type.Object({ name: Text, passed: Type.Boolean(), /** Each expectation that was not met, in words. */ failures: Type.Array(Text), triage: TriageResult })),
  passed: Count,
  failed: Count,
});
export type RulesTested = Static<typeof RulesTested>;

export const LIST_MEANINGS = ["malicious", "trusted"] as const;
export type ListMeaning = (typeof LIST_MEANINGS)[number];
export const HashListDraft = Type.Object(
  {
    tenant: Type.Optional(Name),
    meaning: Type.Enum(LIST_MEANINGS),
    text: Type.String({ description: "MD5, SHA-1 or SHA-256 in hex, one a line; what follows a comma, blank or # is not looked at. It replaces what the list held." }),
  },
  { additionalProperties: false },
);
export const HashListView = Type.Object({ id: Text, name: Text, tenant: Nullable(Text), meaning: Type.Enum(LIST_MEANINGS), hashes: Count, updatedAt: Text, updatedBy: Text });
export type HashListView = Static<typeof HashListView>;
export const HashLists = Type.Object({ items: Type.Array(HashListView) });
