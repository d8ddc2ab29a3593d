/** Shapes of device posture in our HTTP API, shared by the routes that answer and the commands that ask. */
import Type, { type Static, type TSchema } from "typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Flag = Nullable(Type.Boolean());
const Time = Type.String({ description: "RFC 3339, UTC" });
const Count = Type.Integer({ minimum: 0 });
/** As people and devices have them: longer ones are nobody's. */
const Given = Type.Optional(Nullable(Type.String({ maxLength: 1000 })));

export const PostureRuleView = Type.Object({
  id: Text,
  /** Null: for all tenants. */
  tenant: Nullable(Text),
  name: Text,
  version: Type.Integer({ minimum: 1 }),
  shadow: Type.Boolean(),
  createdAt: Time,
  updatedAt: Time,
  rule: Type.Record(Text, Type.Unknown(), { description: "In our own form, as a file of rules may hold it." }),
});
export type PostureRuleView = Static<typeof PostureRuleView>;

/** Of all rules together that are not in shadow, the worst first; `none`: no rule asks anything of the device. */
export const FLEET_VERDICTS = ["fail", "unknown", "warn", "pass", "none"] as const;
export type FleetVerdict = (typeof FLEET_VERDICTS)[number];
export const FLEET_SORTS = ["name", "serial", "site", "os", "verdict", "seen"] as const;
export type FleetSort = (typeof FLEET_SORTS)[number];
const SORTED = [...FLEET_SORTS, "-name", "-serial", "-site", "-os", "-verdict", "-seen"] as const;
const beginning = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 100, description }));

export const PostureRuleQuery = Type.Object({
  tenant: Type.Optional(Name),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Part of a name." })),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: "`next` of the page before." })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: "200 when left out." })),
});

export const FleetQuery = Type.Object({
  tenant: Type.Optional(Name),
  sort: Type.Optional(Type.Enum(SORTED, { description: "With `-` downwards; by name when left out. What says nothing of it comes last." })),
  search: beginning("How a name or a serial number begins."),
  site: beginning("How the site's name begins."),
  os: beginning("How the system's name begins."),
  verdict: Type.Optional(Type.Enum(FLEET_VERDICTS)),
  serial: Type.Optional(Type.Enum(["none"], { description: "Those without a serial number that says anything." })),
  silent: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_650, description: "Those whose agent last reported longer ago than so many days." })),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});
export const FleetDevice = Type.Object({
  connection: Text,
  agentId: Text,
  tenant: Text,
  name: Nullable(Text),
  serial: Nullable(Text),
  site: Nullable(Text),
  group: Nullable(Text),
  os: Nullable(Text),
  user: Nullable(Text),
  agentVersion: Nullable(Text),
  state: Type.Enum(["installed", "decommissioned", "uninstalled"]),
  isActive: Flag,
  networkStatus: Nullable(Text),
  activeThreats: Nullable(Count),
  verdict: Type.Enum(FLEET_VERDICTS),
  lastActive: Nullable(Text),
});
export type FleetDevice = Static<typeof FleetDevice>;
export const FleetPage = Type.Object({
  items: Type.Array(FleetDevice),
  /** A page that is not full may have one all the same: so far was looked. */
  next: Nullable(Text),
  /** Of all pages together; null where counting would take a look at too many. */
  total: Nullable(Type.Object({ count: Count, is: Type.Enum(["exact", "at-least"]) })),
});
export type FleetPage = Static<typeof FleetPage>;

export const PostureRulesDraft = Type.Object({
  rules: Type.Unknown({ description: "A list of rules: Cloudflare's objects, our own form, or both." }),
  /** Removes what the list does not name. */
  replaceAll: Type.Optional(Type.Boolean()),
  /** Id or name; null = for all tenants, which is what whoever sees all of them gives when it is left out. */
  tenant: Type.Optional(Nullable(Name)),
});

const Change = Type.Enum(["added", "changed", "unchanged", "removed"]);
export const PostureRulesApplied = Type.Object({
  items: Type.Array(Type.Object({ change: Change, rule: PostureRuleView, remarks: Type.Array(Text, { description: "What is allowed in it and seldom meant." }) })),
});
export type PostureRulesApplied = Static<typeof PostureRulesApplied>;

const identifiers = {
  serial: Given,
  mac: Given,
  hostname: Given,
  email: Given,
  /** SentinelOne's; outranks the others. */
  agentId: Given,
};
export const DeviceIdentifiers = Type.Object(identifiers);
export const MOST_DEVICES = 1000;
export const DeviceQuestions = Type.Object({
  devices: Type.Array(Type.Object({ ref: Type.Optional(Type.String({ maxLength: 1000, description: "Comes back as it is; the place in the list when left out." })), ...identifiers }), { minItems: 1, maxItems: MOST_DEVICES }),
});

const Received = Nullable(Type.Union([Text, Type.Number(), Type.Boolean(), Type.Array(Text)]));
export const PostureCondition = Type.Object({
  input: Text,
  operator: Text,
  /** It stands under `not`: the comparison is wanted to be false. */
  negated: Type.Boolean(),
  expected: Received,
  received: Received,
  /** Null where the console did not say. */
  met: Flag,
  /** For the user. */
  message: Nullable(Text),
});

const PostureException = Type.Object({ id: Text, owner: Text, reason: Text, endsAt: Time });
export const PostureOutcome = Type.Enum(["pass", "fail", "unknown", "not-applicable"]);
export const PostureVerdict = Type.Object({
  rule: Type.Object({ id: Text, name: Text, version: Type.Integer(), shadow: Type.Boolean(), warnOnly: Type.Boolean() }),
  outcome: PostureOutcome,
  /** False for a rule in shadow or under an exception. */
  enforced: Type.Boolean(),
  exception: Nullable(PostureException),
  /** What follows, with the rule's fail mode applied to an unknown. */
  allow: Type.Boolean(),
  because: Type.Enum(["verdict", "not-applicable", "fail-closed", "fail-open", "last-known"]),
  reason: Text,
  since: Nullable(Time),
  message: Nullable(Text),
  conditions: Type.Array(PostureCondition),
});

export const PostureDevice = Type.Object({
  connection: Text,
  agentId: Text,
  tenant: Text,
  siteId: Nullable(Text),
  siteName: Nullable(Text),
  groupName: Nullable(Text),
  serial: Nullable(Text),
  macs: Type.Array(Text),
  hostname: Nullable(Text),
  domain: Nullable(Text),
  emails: Type.Array(Text),
  userName: Nullable(Text),
  platform: Nullable(Text),
  osName: Nullable(Text),
  osVersion: Nullable(Text),
  model: Nullable(Text),
  agentVersion: Nullable(Text),
  decommissioned: Flag,
  uninstalled: Flag,
});

export const DeviceMatch = Type.Object({
  kind: Type.Enum(["matched", "ambiguous", "unknown"]),
  /** The identifiers that found it. */
  by: Type.Array(Text),
  confidence: Nullable(Type.Enum(["high", "medium", "low"])),
  /** Where it is unknown. */
  why: Nullable(Type.Enum(["no-identifier", "placeholder", "no-device"])),
  /** Where it is ambiguous: those between which nothing decides. */
  candidates: Type.Array(Type.Object({ connection: Text, agentId: Text, hostname: Nullable(Text) })),
});

export const DevicePosture = Type.Object({
  ref: Text,
  match: DeviceMatch,
  device: Nullable(PostureDevice),
  verdicts: Type.Array(PostureVerdict),
  /** 100: nothing against it; 60: warnings only; 0: refused, or nothing is known. */
  score: Type.Union([Type.Literal(0), Type.Literal(60), Type.Literal(100)]),
  /** To which what is known of the device is proven. */
  evidenceAt: Nullable(Time),
  evidenceAgeMs: Nullable(Count),
  /** The agent's last heartbeat, beside the evidence. */
  lastActive: Nullable(Text),
});
export type DevicePosture = Static<typeof DevicePosture>;
export const DevicePostures = Type.Object({ items: Type.Array(DevicePosture) });

export const PostureResultsFilter = {
  connection: Type.Optional(Name),
  agentId: Type.Optional(Name),
  rule: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Its id." })),
  outcome: Type.Optional(PostureOutcome),
  serial: Type.Optional(Name),
  email: Type.Optional(Name),
  since: Type.Optional(Type.String({ description: "RFC 3339; inclusive, as is `until`." })),
  until: Type.Optional(Text),
};

/** Cloudflare's columns of `device_posture_results`, then ours. */
export const PostureResultView = Type.Object({
  id: Text,
  timestamp: Time,
  clientVersion: Nullable(Text),
  deviceId: Text,
  deviceManufacturer: Nullable(Text),
  deviceModel: Nullable(Text),
  deviceName: Nullable(Text),
  deviceSerialNumber: Nullable(Text),
  deviceType: Nullable(Text),
  email: Nullable(Text),
  userUid: Nullable(Text),
  osVersion: Nullable(Text),
  policyId: Text,
  postureCheckName: Text,
  postureCheckType: Text,
  postureEvaluatedResult: Flag,
  postureExpected: Type.Array(Type.Unknown()),
  postureReceived: Type.Array(Type.Unknown()),
  connection: Text,
  tenant: Text,
  policyVersion: Type.Integer(),
  shadow: Type.Boolean(),
  previous: Nullable(Text),
  outcome: Text,
  reason: Text,
  evidenceAt: Nullable(Time),
});

export const PostureExceptionView = Type.Object({
  id: Text,
  tenant: Text,
  /** Null: every rule. */
  rule: Nullable(Text),
  connection: Text,
  agentId: Text,
  owner: Text,
  reason: Text,
  createdBy: Text,
  createdAt: Time,
  endsAt: Time,
  endedAt: Nullable(Time),
  endedBy: Nullable(Text),
});
export const PostureExceptionDraft = Type.Object({
  connection: Name,
  agentId: Name,
  /** Id or name; every rule when left out. */
  rule: Type.Optional(Nullable(Name)),
  owner: Type.String({ minLength: 1, maxLength: 1000 }),
  reason: Type.String({ minLength: 1, maxLength: 1000 }),
  endsAt: Type.String({ minLength: 1, maxLength: 60, description: "RFC 3339, with its offset; at most a year ahead." }),
});

const DeviceName = Type.Object({ connection: Name, agentId: Name });
export const SerialDecisionView = Type.Object({
  tenant: Text,
  decision: Type.Enum(["prefer", "accepted"]),
  serial: Nullable(Text),
  device: Nullable(DeviceName),
  reason: Text,
  decidedBy: Text,
  decidedAt: Time,
});
export const SerialDecisionDraft = Type.Object({
  /** `prefer`: of the agents with `serial`, `device` is meant. `accepted`: known as it is, a number (then with `tenant`) or a device without one. */
  decision: Type.Enum(["prefer", "accepted"]),
  serial: Type.Optional(Name),
  device: Type.Optional(DeviceName),
  tenant: Type.Optional(Name),
  reason: Type.String({ minLength: 1, maxLength: 1000 }),
});
export const SerialDecisionName = Type.Object({ tenant: Name, serial: Type.Optional(Name), device: Type.Optional(DeviceName) });

const reported = {
  connection: Text,
  agentId: Text,
  tenant: Text,
  serial: Nullable(Text),
  hostname: Nullable(Text),
  siteName: Nullable(Text),
  userName: Nullable(Text),
  lastActive: Nullable(Text),
  decommissioned: Flag,
};
export const DuplicateSerialView = Type.Object({
  serialKey: Text,
  count: Count,
  devices: Type.Array(Type.Object(reported)),
  outcome: Type.Enum(["tie-break", "preferred", "ambiguous"]),
  chosen: Nullable(DeviceName),
  decisions: Type.Array(SerialDecisionView),
});
export const UnnumberedDeviceView = Type.Object({ ...reported, why: Type.Enum(["missing", "placeholder"]), decision: Nullable(SerialDecisionView) });

export const RiskLevel = Type.Enum(["none", "low", "medium", "high"]);
export const UserRiskView = Type.Object({
  tenant: Text,
  user: Text,
  level: RiskLevel,
  since: Time,
  reasons: Type.Array(Type.Object({ code: Text, level: RiskLevel, detail: Text, stream: Text, id: Text, connection: Text, agentId: Nullable(Text), raisedAt: Time, endedAt: Nullable(Time) })),
  resetAt: Nullable(Time),
  resetBy: Nullable(Text),
  resetReason: Nullable(Text),
});

const Points = Type.Integer({ minimum: 0, maximum: 100 });
export const ProviderScores = Type.Object({ pass: Points, warn: Points, fail: Points });
export const ProviderView = Type.Object({
  id: Text,
  kind: Type.Literal("cloudflare"),
  name: Text,
  /** Whose devices it may ask about; null = all tenants. */
  tenant: Nullable(Text),
  clientId: Text,
  /** Where Cloudflare Access stands before the hub: its team's address, and the application's audience tag. */
  team: Nullable(Text),
  audience: Nullable(Text),
  scores: ProviderScores,
  createdAt: Time,
  createdBy: Text,
  /** Ids of the rules that count for it; null = every rule. */
  rules: Nullable(Type.Array(Text)),
  /** When it last asked. */
  askedAt: Nullable(Time),
  /** Until when the secret before the last rotation counts too; null for not at all. */
  previousUntil: Nullable(Time),
});
export type ProviderView = Static<typeof ProviderView>;
const ChosenRules = Nullable(Type.Array(Name, { minItems: 1, maxItems: 1000, description: "The rules that count for it, by id or name; null = every rule." }));
export const ProviderDraft = Type.Object({
  kind: Type.Literal("cloudflare"),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  tenant: Type.Optional(Nullable(Name)),
  team: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: "`example` or `example.cloudflareaccess.com`; with `audience`." })),
  audience: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  /** 100, 60 and 0 when left out. */
  scores: Type.Optional(Type.Partial(ProviderScores)),
  rules: Type.Optional(ChosenRules),
});
export const ProviderEdit = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  scores: Type.Optional(Type.Partial(ProviderScores)),
  rules: Type.Optional(ChosenRules),
});
export const ProviderRotation = Type.Object({ overlap: Type.Optional(Type.String({ description: "How long the secret before this one counts too: `30m`, `24h`; not at all when left out." })) });
/** What is pasted into Cloudflare. The secret is shown this once. */
export const ProviderAdded = Type.Object({ provider: ProviderView, url: Text, client_id: Text, client_secret: Text });
export type ProviderAdded = Static<typeof ProviderAdded>;

export const CoverageQuery = Type.Object({ tenant: Type.Optional(Name) });
/** What an access policy can rest on. */
export const PostureCoverage = Type.Object({
  devices: Count,
  serials: Type.Object({
    /** Devices whose number no other has. */
    own: Count,
    shared: Type.Object({ numbers: Count, devices: Count }),
    /** Shared numbers by which nobody is found: neither the tie-break nor a decision leaves one device. */
    ambiguous: Type.Object({ count: Count, is: Type.Enum(["exact", "at-least"]) }),
    /** Devices without a number, or with one that says nothing. */
    none: Count,
  }),
  verdicts: Type.Object({ fail: Count, unknown: Count, warn: Count, pass: Count, none: Count }),
  /** Devices whose agent last reported longer ago than so many days. */
  silent: Type.Array(Type.Object({ days: Type.Integer({ minimum: 1 }), devices: Count })),
  /** Devices whose agent said no time, or one ahead of the hub's. */
  neverReported: Count,
  connections: Type.Array(
    Type.Object({
      connection: Text,
      devices: Count,
      /** To which what is known of its devices is proven. */
      readTo: Nullable(Time),
      /** `stale`: older than rules without an expiration of their own accept. */
      evidence: Type.Enum(["fresh", "stale", "missing"]),
      /** Devices of which a newer record could not be taken in. */
      setAside: Count,
    }),
  ),
});
export type PostureCoverage = Static<typeof PostureCoverage>;

export const CoverageRequest = Type.Object({
  devices: Type.Optional(Type.Array(DeviceIdentifiers, { maxItems: 200_000 })),
  csv: Type.Optional(Type.String({ description: "With a line of names: serial, mac, hostname, email, agentId; other columns are left alone." })),
  format: Type.Optional(Type.Enum(["ndjson", "csv"])),
});

/** A line of its answer, the last one apart. */
export const CoverageGap = Type.Object({
  gap: Type.Enum(["no-agent", "not-listed"]),
  /** Place in the list, from one. */
  row: Nullable(Type.Integer({ minimum: 1 })),
  /** Of a listed one: no identifier, a placeholder for a serial number, or nobody has it. */
  why: Nullable(Text),
  serial: Nullable(Text),
  mac: Nullable(Text),
  hostname: Nullable(Text),
  email: Nullable(Text),
  agentId: Nullable(Text),
  connection: Nullable(Text),
  siteName: Nullable(Text),
  userName: Nullable(Text),
  lastActive: Nullable(Text),
});
export type CoverageGap = Static<typeof CoverageGap>;
export const CoverageSummary = Type.Object({
  listed: Count,
  covered: Count,
  /** Of those covered, by several agents. */
  ambiguous: Count,
  noAgent: Count,
  agents: Count,
  notListed: Count,
});
export type CoverageSummary = Static<typeof CoverageSummary>;
