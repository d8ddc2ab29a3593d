/**
 * What an ingest rule covers. Pure. A rule names accounts, sites, groups, tags, systems and machine types: one of each kind it names has to fit, and one that names none
 * covers every device. The rules of a connection are taken together: what one of them covers is covered. Names may change, so places are known by their ids.
 */
import { fold } from "../cells.ts";
import { VULNERABILITY_SEVERITIES, type AgentFacts, type VulnerabilitySeverity } from "../model.ts";

export const INGEST_MODES = ["scan", "assets"] as const;
/** `scan`: devices and their findings; `assets`: devices alone. */
export type IngestMode = (typeof INGEST_MODES)[number];

/** A place of the console: its id is what counts, its name what it was called when the rule was written. */
export interface MatchPlace {
  readonly id: string;
  readonly name: string | null;
}

export interface RuleMatch {
  readonly accounts: readonly MatchPlace[];
  readonly sites: readonly MatchPlace[];
  readonly groups: readonly MatchPlace[];
  /** `key:value`, or `key` for any value; in any case. */
  readonly tags: readonly string[];
  readonly os: readonly string[];
  readonly machineTypes: readonly string[];
}

export const EVERY_DEVICE: RuleMatch = { accounts: [], sites: [], groups: [], tags: [], os: [], machineTypes: [] };

export interface Coverage {
  readonly mode: IngestMode;
  readonly match: RuleMatch;
  /** Only findings at least this grave; null for all. */
  readonly floor: VulnerabilitySeverity | null;
}

/** What of a device is ingested by all rules together: nothing, the device alone, all of it, or the device with its findings down to a severity. */
export type IngestScope = "none" | "assets" | "all" | VulnerabilitySeverity;

const UNKNOWN = VULNERABILITY_SEVERITIES.indexOf("unknown");

export function coversEvery(match: RuleMatch): boolean {
  return Object.values(match).every((list: readonly unknown[]) => list.length === 0);
}

/** `facts` null: only a risk has named the device, so that only a rule for every device covers it. */
export function coversDevice(match: RuleMatch, facts: Partial<AgentFacts> | null): boolean {
  if (coversEvery(match)) return true;
  if (facts === null) return false;
  const at = (places: readonly MatchPlace[], id: string | null | undefined): boolean => places.length === 0 || places.some((place) => place.id === id);
  const word = (words: readonly string[], text: string | null | undefined): boolean => words.length === 0 || words.some((one) => fold(one) === fold(text ?? null));
  const { tags = [] } = facts;
  return (
    at(match.accounts, facts.accountId) && at(match.sites, facts.siteId) && at(match.groups, facts.groupId) && word(match.os, facts.osType) && word(match.machineTypes, facts.machineType) &&
    (match.tags.length === 0 || match.tags.some((wanted) => tags.some((tag) => tagFits(wanted, tag))))
  );
}

function tagFits(wanted: string, tag: string): boolean {
  const [want, has] = [fold(wanted), fold(tag)];
  return want === has || (!want.includes(":") && has.startsWith(`${want}:`));
}

/** `severity` by its place. One that nobody states may be any, so it is covered whatever the floor. */
export function reaches(floor: VulnerabilitySeverity | null, severity: number): boolean {
  return floor === null || severity === UNKNOWN || severity <= VULNERABILITY_SEVERITIES.indexOf(floor);
}

/** Without any rule everything is covered. */
export function scopeOf(rules: readonly Coverage[], facts: Partial<AgentFacts> | null): IngestScope {
  if (rules.length === 0) return "all";
  const covering = rules.filter(({ match }) => coversDevice(match, facts));
  if (covering.length === 0) return "none";
  const scanning = covering.filter(({ mode }) => mode === "scan");
  if (scanning.length === 0) return "assets";
  const floors = scanning.map(({ floor }) => floor);
  if (floors.includes(null)) return "all";
  return VULNERABILITY_SEVERITIES[Math.max(...floors.map((floor) => VULNERABILITY_SEVERITIES.indexOf(floor ?? "unknown")))] ?? "all";
}

/** The floor of a scope that takes findings in; undefined where it takes none. */
export function floorOf(scope: IngestScope): VulnerabilitySeverity | null | undefined {
  if (scope === "none" || scope === "assets") return undefined;
  return scope === "all" ? null : scope;
}

export function findingInScope(scope: IngestScope, severity: number): boolean {
  const floor = floorOf(scope);
  return floor !== undefined && reaches(floor, severity);
}

/** More is taken in by `now` than by `before`, so that what was left out has to be looked for. */
export function widens(before: IngestScope, now: IngestScope): boolean {
  const [was, is] = [floorOf(before), floorOf(now)];
  if (is === undefined) return before === "none" && now === "assets";
  if (was === undefined) return true;
  const depth = (floor: VulnerabilitySeverity | null): number => (floor === null ? VULNERABILITY_SEVERITIES.length : VULNERABILITY_SEVERITIES.indexOf(floor));
  return depth(is) > depth(was);
}

/** In words, for lists: `site Lyon; os linux`. */
export function describeMatch(match: RuleMatch): string {
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["account", match.accounts.map(nameOf)], ["site", match.sites.map(nameOf)], ["group", match.groups.map(nameOf)], ["tag", match.tags], ["os", match.os], ["machine type", match.machineTypes],
  ];
  const said = kinds.flatMap(([kind, words]) => (words.length === 0 ? [] : [`${kind} ${words.join(" or ")}`]));
  return said.length === 0 ? "All Endpoints" : said.join("; ");
}

function nameOf({ id, name }: MatchPlace): string {
  return name ?? id;
}
