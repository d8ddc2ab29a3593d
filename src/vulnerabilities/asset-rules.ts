/**
 * What rules say of a device: groups, owner, criticality, sensitivity of its data, exposure, and whether it is in service at all. Pure. Rules are asked in their order; the
 * first that fits and sets a value gives it, groups add up, and where no rule speaks the agent's tags do. Nothing is concluded from where its network is seen from (NAT):
 * a rule cannot even name it.
 */
import type { AssetMatch, AssetRules, AssignedView, Deactivation } from "../kernel/vulnerability-asset-api.ts";
import { fold } from "./cells.ts";
import type { AgentFacts, Staleness } from "./model.ts";
import { contextOf, type AssetContext } from "./score.ts";
import { DAY_MS } from "./sla.ts";
import type { AgentRow } from "./tables.ts";

export type { AssetRules };
export type Assigned = AssignedView;

export const DEFAULT_ASSET_RULES: AssetRules = { rules: [], deactivate: { decommissioned: true, uninstalled: true, notSeenDays: null, missedScans: null } };
const MOST_GROUPS = 100;
export const NOTHING_ASSIGNED: Assigned = { groups: [], owner: null, criticality: null, sensitivity: null, exposure: null };

export function assign({ rules }: Pick<AssetRules, "rules">, facts: Partial<AgentFacts>): Assigned {
  let { owner, criticality, sensitivity, exposure }: Assigned = NOTHING_ASSIGNED;
  const groups = new Map<string, Assigned["groups"][number]>();
  for (const { name, match = {}, set } of rules) {
    if (!fits(match, facts)) continue;
    const by = { by: "rule" as const, name };
    if (set.owner !== undefined) owner ??= { value: set.owner, ...by };
    if (set.criticality !== undefined) criticality ??= { value: set.criticality, ...by };
    if (set.sensitivity !== undefined) sensitivity ??= { value: set.sensitivity, ...by };
    if (set.exposure !== undefined) exposure ??= { value: set.exposure, ...by };
    for (const group of set.groups ?? []) if (groups.size < MOST_GROUPS && !groups.has(fold(group))) groups.set(fold(group), { value: group, ...by });
  }
  const tags = facts.tags ?? [];
  const said = contextOf(tags);
  const tagged = <Value>(value: Value | null, of: (context: AssetContext) => unknown): { readonly value: Value; readonly by: "tag"; readonly name: string } | null => {
    const tag = value === null ? undefined : tags.find((one) => of(contextOf([one])) === of(said));
    return value === null || tag === undefined ? null : { value, by: "tag", name: tag };
  };
  return {
    groups: [...groups.values()], owner,
    criticality: criticality ?? tagged(said.criticality, (context) => context.criticality),
    sensitivity: sensitivity ?? tagged(said.sensitivity, (context) => context.sensitivity),
    exposure: exposure ?? tagged(said.exposed === null ? null : said.exposed ? "public" : "internal", (context) => context.exposed),
  };
}

export function contextFrom({ criticality, sensitivity, exposure }: Assigned): AssetContext {
  return { criticality: criticality?.value ?? null, sensitivity: sensitivity?.value ?? null, exposed: exposure === null ? null : exposure.value === "public" };
}

/** One of each kind that the rule names. */
function fits(match: AssetMatch, facts: Partial<AgentFacts>): boolean {
  const { tags = [] } = facts;
  return (
    isPlace(match.accounts, facts.accountId, facts.accountName) && isPlace(match.sites, facts.siteId, facts.siteName) && isPlace(match.groups, facts.groupId, facts.groupName) &&
    isWord(match.os, facts.osType) && isWord(match.machineTypes, facts.machineType) && isLike(match.names, facts.name) && isLike(match.domains, facts.domain) && isLike(match.users, facts.user) &&
    (match.tags === undefined || match.tags.some((wanted) => tags.some((tag) => isTag(wanted, tag))))
  );
}

type Text = string | null | undefined;

function isPlace(wanted: readonly string[] | undefined, id: Text, name: Text): boolean {
  return wanted === undefined || wanted.some((one) => one === id || (fold(one) !== "" && fold(one) === fold(name ?? null)));
}

function isWord(wanted: readonly string[] | undefined, word: Text): boolean {
  return wanted === undefined || wanted.some((one) => fold(one) === fold(word ?? null));
}

function isLike(wanted: readonly string[] | undefined, text: Text): boolean {
  return wanted === undefined || (text !== null && text !== undefined && wanted.some((one) => like(fold(one), fold(text))));
}

function isTag(wanted: string, tag: string): boolean {
  const [want, has] = [fold(wanted), fold(tag)];
  return want === has || (!want.includes(":") && has.startsWith(`${want}:`));
}

/** `*` is anything. Piece by piece and never back, so that no pattern takes long. */
export function like(pattern: string, text: string): boolean {
  const pieces = pattern.split("*");
  const [first = "", ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of others) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= end;
}

/** What a device is judged by. */
export interface Judging {
  readonly now: number;
  readonly staleAfterMs: number;
  readonly rules: AssetRules;
  /** Scans before this moment are so many scan days back that the device is out of service; null where that does not count, or there were not so many. */
  readonly missedBefore: (connection: string) => number | null;
}

type Judged = Pick<AgentRow, "connection_id" | "active" | "gone_at" | "last_active" | "scanned_at" | "evidence_at" | "first_seen" | "facts">;

/** Why what is known of it is no evidence of today; that another agent followed it is for its asset to say. */
export function stalenessOf(row: Judged, { now, staleAfterMs, rules: { deactivate }, missedBefore }: Judging): Staleness | null {
  if (row.gone_at !== null || (row.active === 0 && outOfService(row, deactivate))) return "device-gone";
  const { notSeenDays } = deactivate;
  if (notSeenDays !== null && (row.last_active ?? row.first_seen) < now - notSeenDays * DAY_MS) return "not-seen";
  const missed = missedBefore(row.connection_id);
  if (missed !== null && row.scanned_at !== null && row.scanned_at < missed) return "missed-scans";
  return row.evidence_at < now - staleAfterMs ? "not-scanned" : null;
}

function outOfService({ facts }: Judged, { decommissioned, uninstalled }: Deactivation): boolean {
  if (decommissioned && uninstalled) return true;
  const said = JSON.parse(facts) as Partial<AgentFacts>;
  return (decommissioned && said.decommissioned === true) || (uninstalled && said.uninstalled === true);
}

/** Neither gone nor out of service: what is found on it is work, if perhaps on old evidence. */
export function inService(stale: string | null): boolean {
  return stale === null || stale === "not-scanned";
}

/** Whether time alone may change what the rules say. */
export function isTimed({ deactivate }: AssetRules): boolean {
  return deactivate.notSeenDays !== null || deactivate.missedScans !== null;
}
