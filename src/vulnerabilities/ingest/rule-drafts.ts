/** What people ask of a rule, made into settings that can be stored: names resolved to ids, the schedule checked, and what it would cover counted. */
import { Fault } from "../../kernel/fault.ts";
import { isoTime } from "../../kernel/clock.ts";
import type { IngestPreview, IngestRuleSettings } from "../../kernel/vulnerability-ingest-api.ts";
import type { Database, Store } from "../../store/store.ts";
import { describeMatch, EVERY_DEVICE, type IngestMode, type RuleMatch } from "./match.ts";
import { resolveMatch } from "./names.ts";
import { preview } from "./preview.ts";
import { rulesOf, type Rule } from "./rules.ts";
import { checkedSchedule, CONTINUOUS, nextMoment } from "./schedule.ts";
import { checkedName, type RuleSettings } from "./settings.ts";

/** Of a new rule, or (`stored`) of one that is there: what is left out stays as it is. */
export async function settingsOf(db: Database, connection: string, draft: IngestRuleSettings, stored: Rule | null, now: number): Promise<RuleSettings> {
  const kinds = ["accounts", "sites", "groups", "tags", "os", "machineTypes"] as const;
  const given = await resolveMatch(db, connection, Object.fromEntries(kinds.map((kind) => [kind, draft[kind]])));
  const match = Object.fromEntries(kinds.map((kind) => [kind, draft[kind] === undefined ? (stored?.match ?? EVERY_DEVICE)[kind] : given[kind]])) as unknown as RuleMatch;
  const mode = draft.mode === undefined ? (stored?.ownMode ?? null) : draft.mode;
  const floor = draft.severity === undefined ? (stored?.floor ?? null) : draft.severity;
  const schedule = draft.schedule === undefined && draft.timezone === undefined && stored !== null ? stored : checkedSchedule(draft.schedule ?? stored?.cron ?? CONTINUOUS, draft.timezone ?? stored?.timezone ?? "UTC", now);
  const name = draft.name === undefined ? (stored?.name ?? describeMatch(match).replaceAll("/", "-").slice(0, 100)) : draft.name;
  return { name: checkedName(name, "rule"), mode, match, floor, cron: schedule.cron, timezone: schedule.timezone };
}

/** Counted before it is saved. `stored`: the rule that it takes the place of. */
export async function previewOf(store: Pick<Store, "read" | "kind">, connection: string, rule: RuleSettings & { readonly mode: IngestMode }, stored: Rule | null, now: number): Promise<IngestPreview> {
  if (rule.mode === "assets" && rule.floor !== null) throw new Fault("CONFIG_INVALID", "A rule that ingests devices alone has no severity.", { cure: "Leave the severity out, or choose scan mode." });
  const before = await rulesOf(store.read, connection);
  const after = [...before.filter(({ id }) => id !== stored?.id), rule];
  const counted = await preview(store, connection, rule, before, after);
  const next = nextMoment(rule, now);
  return {
    covers: describeMatch(rule.match), mode: rule.mode, schedule: rule.cron, nextRunAt: next === null ? null : isoTime(next), devices: { ...counted.devices }, findings: { ...counted.findings },
    leaving: { ...counted.leaving }, entering: { ...counted.entering }, replacesDefault: before.length === 0,
  };
}
