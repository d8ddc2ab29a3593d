/**
 * Filters that one record cannot answer alone: an agent's by its threats and tags, a threat's by its agent and notes, a risk's by
 * the machine it is on, a person's by the clock. Each gives a test on the listing's own records.
 */
import type { Collection, Test } from "../collection.ts";
import { badRequest } from "../errors.ts";
import { isRecord, type Scalar, type Value } from "../record.ts";
import { boolParam, listParam, readConditions, type FilterTable, type Params } from "./filters.ts";
import type { KeyedTest } from "./listing.ts";
import { ARCH, type ListEndpoint } from "./tables.ts";
import type { RestConsole } from "./route.ts";

function valuesOf(value: Value): readonly string[] {
  const list: readonly Scalar[] = Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
  return list.filter((one) => one !== null).map((one) => String(one).toLowerCase());
}

function lastParam(params: Params, name: string): string | undefined {
  const given = params.get(name)?.at(-1);
  return given === "" ? undefined : given;
}

/** The tests of an endpoint's joined parameters that a request gives; throws the vendor's 400 for what cannot be read. */
export function joinTests(console: RestConsole, endpoint: ListEndpoint, params: Params): readonly KeyedTest[] {
  const collection = console.estate.streams[endpoint.stream];
  switch (endpoint.stream) {
    case "users":
      return tokenTests(console, collection, params);
    case "agents":
      return [...agentThreatTests(console, collection, params), ...tagTests("tagsData", params, collection, (ordinal) => ordinal), ...directoryTests(collection, params)];
    case "threats":
      return threatTests(console, collection, params);
    case "activities":
      return authorTests(console, collection, params);
    case "risks":
      return riskTests(console, collection, params);
    default:
      return [];
  }
}

function tokenTests(console: RestConsole, users: Collection, params: Params): readonly KeyedTest[] {
  const wanted = boolParam(params, "hasValidApiToken");
  if (wanted === undefined) return [];
  const now = console.clock.now();
  return [{ key: `hasValidApiToken=${String(wanted)}`, moment: String(now), test: (ordinal) => Number(users.value(ordinal, "apiToken.expiresAt") ?? 0) > now === wanted }];
}

/** An activity names its user by id; the address is the user's own. */
function authorTests(console: RestConsole, activities: Collection, params: Params): readonly KeyedTest[] {
  const emails = (listParam(params, "userEmails") ?? []).map((email) => email.toLowerCase());
  if (emails.length === 0) return [];
  const { users } = console.estate.streams;
  const authors = new Set<Value>();
  for (const ordinal of users.walk({ path: "id", descending: false })) if (emails.includes(String(users.value(ordinal, "email")).toLowerCase())) authors.add(users.value(ordinal, "id"));
  return [{ key: `userEmails=${emails.join(",")}`, moment: String(users.version), test: (ordinal) => authors.has(activities.value(ordinal, "userId")) }];
}

/** `adQuery` is one exact distinguished name. */
function directoryTests(agents: Collection, params: Params): readonly KeyedTest[] {
  const wanted = lastParam(params, "adQuery")?.toLowerCase();
  if (wanted === undefined) return [];
  const paths = ["computerDistinguishedName", "computerMemberOf", "lastUserDistinguishedName", "lastUserMemberOf"].map((name) => `activeDirectory.${name}`);
  return [{ key: `adQuery=${wanted}`, test: (ordinal) => paths.some((path) => valuesOf(agents.value(ordinal, path)).includes(wanted)) }];
}

/** What a threat must be for its agent to be listed. */
const OF_THREATS: FilterTable = {
  filters: {
    threatContentHash: { kind: "list", path: "threatInfo.sha1" },
    threatMitigationStatus: {
      kind: "list",
      path: "threatInfo.mitigationStatus",
      choices: ["mitigated", "blocked", "active", "suspicious", "pending", "suspicious_resolved"],
      alias: { active: "not_mitigated", suspicious: "not_mitigated", pending: "not_mitigated", blocked: "mitigated", suspicious_resolved: "marked_as_benign" },
    },
  },
  ranges: { threatCreatedAt: { path: "threatInfo.createdAt", unit: "time" } },
  contains: {},
  query: [],
};

function agentThreatTests(console: RestConsole, agents: Collection, params: Params): readonly KeyedTest[] {
  const { conditions } = readConditions(OF_THREATS, params);
  const resolved = boolParam(params, "threatResolved");
  if (conditions.length === 0 && resolved === undefined) return [];
  const threats = console.estate.streams.threats;
  const owners = new Set<Value>();
  for (const ordinal of threats.walk({ path: "id", descending: false })) {
    if (resolved !== undefined && (threats.value(ordinal, "threatInfo.incidentStatus") === "resolved") !== resolved) continue;
    if (conditions.every((condition) => condition.paths.some((path) => condition.test(threats.value(ordinal, path))))) owners.add(threats.value(ordinal, "agentRealtimeInfo.agentId"));
  }
  const key = [...conditions.map((condition) => condition.key), `threatResolved=${String(resolved)}`].join("&");
  return [{ key, moment: String(threats.version), test: (ordinal) => owners.has(agents.value(ordinal, "id")) }];
}

interface TagRule {
  readonly key: string;
  readonly values: ReadonlySet<string>;
  readonly negated: boolean;
}

/** `{"env":["prod"],"floor__nin":["3"]}`; anything else is a 400. */
function readTags(name: string, text: string): readonly TagRule[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (!isRecord(parsed)) throw badRequest(`${name}: Not a valid JSON.`);
  return Object.entries(parsed).map(([key, values]) => {
    if (!Array.isArray(values)) throw badRequest(`${name}: ${key}: Not a valid list.`);
    const negated = key.endsWith("__nin");
    return { key: negated ? key.slice(0, -"__nin".length) : key, values: new Set(values.map(String)), negated };
  });
}

function tagsOf(agent: unknown): readonly { readonly key: unknown; readonly value: unknown }[] {
  const tags = isRecord(agent) && isRecord(agent["tags"]) ? agent["tags"]["sentinelone"] : undefined;
  const list: readonly unknown[] = Array.isArray(tags) ? tags : [];
  return list.filter(isRecord).map((tag) => ({ key: tag["key"], value: tag["value"] }));
}

function tagTests(name: string, params: Params, agents: Collection, agentOf: (ordinal: number) => number): readonly KeyedTest[] {
  const text = lastParam(params, name);
  if (text === undefined) return [];
  const rules = readTags(name, text);
  const test: Test = (ordinal) => {
    const tags = tagsOf(agents.get(agentOf(ordinal)));
    return rules.every((rule) => tags.some((tag) => tag.key === rule.key && rule.values.has(String(tag.value))) !== rule.negated);
  };
  return [{ key: `${name}=${text}`, moment: String(agents.version), test }];
}

function threatTests(console: RestConsole, threats: Collection, params: Params): readonly KeyedTest[] {
  const { agents } = console.estate.streams;
  const agentOf = (ordinal: number): number => agents.find(String(threats.value(ordinal, "agentRealtimeInfo.agentId")))[0] ?? -1;
  const tests: KeyedTest[] = [...tagTests("agentTagsData", params, agents, agentOf)];
  const resolved = boolParam(params, "resolved");
  if (resolved !== undefined) tests.push({ key: `resolved=${String(resolved)}`, test: (ordinal) => (threats.value(ordinal, "threatInfo.incidentStatus") === "resolved") === resolved });
  const noted = boolParam(params, "noteExists");
  if (noted !== undefined) tests.push({ key: `noteExists=${String(noted)}`, moment: String(console.actions.notes.version), test: (ordinal) => console.actions.notes.count(ordinal) > 0 === noted });
  const tagged = boolParam(params, "hasAgentTags");
  if (tagged !== undefined) tests.push({ key: `hasAgentTags=${String(tagged)}`, moment: String(agents.version), test: (ordinal) => tagsOf(agents.get(agentOf(ordinal))).length > 0 === tagged });
  const archs = listParam(params, "osArchs") ?? [];
  for (const [at, arch] of archs.entries()) if (!ARCH.split("|").includes(arch)) throw badRequest(`osArchs: ${String(at)}: "${arch}" is not a valid choice.`);
  if (archs.length > 0) tests.push({ key: `osArchs=${archs.join(",")}`, moment: String(agents.version), test: (ordinal) => archs.includes(String(agents.value(agentOf(ordinal), "osArch"))) });
  return tests;
}

const VERDICTS: readonly string[] = ["Default", "False Positive", "Added CVE"];

function riskTests(console: RestConsole, risks: Collection, params: Params): readonly KeyedTest[] {
  const { agents } = console.estate.streams;
  const tests: KeyedTest[] = [];
  if (boolParam(params, "includeRemovals") !== true) tests.push({ key: "present", test: (ordinal) => String(risks.value(ordinal, "status")).toLowerCase() !== "removed" });
  const verdicts = listParam(params, "analystVerdict") ?? [];
  for (const [at, verdict] of verdicts.entries()) if (!VERDICTS.includes(verdict)) throw badRequest(`analystVerdict: ${String(at)}: "${verdict}" is not a valid choice.`);
  if (verdicts.length > 0) {
    tests.push({
      key: `analystVerdict=${verdicts.join(",")}`,
      test: (ordinal) => verdicts.includes(String(risks.value(ordinal, "markType.description") ?? "Default")),
    });
  }
  for (const [name, path, matches] of [
    ["osVersions", "osRevision", (value: string, wanted: string) => value === wanted],
    ["domains", "domain", (value: string, wanted: string) => value === wanted],
    ["domain__contains", "domain", (value: string, wanted: string) => value.includes(wanted)],
  ] as const) {
    const wanted = (listParam(params, name) ?? []).map((value) => value.toLowerCase());
    if (wanted.length === 0) continue;
    const passes = oncePerAgent(agents, (agent) => valuesOf(agents.value(agent, path)).some((value) => wanted.some((one) => matches(value, one))));
    tests.push({ key: `${name}=${wanted.join(",")}`, moment: String(agents.version), test: (ordinal) => passes(agents.find(String(risks.value(ordinal, "endpointId")))[0]) });
  }
  return tests;
}

/** A machine has many risks; its own answer is worked out once. Unknown machines pass nothing. */
function oncePerAgent(agents: Collection, test: Test): (agent: number | undefined) => boolean {
  const known = new Uint8Array(agents.end);
  return (agent) => {
    if (agent === undefined) return false;
    if (known[agent] === 0) known[agent] = test(agent) ? 2 : 1;
    return known[agent] === 2;
  };
}
