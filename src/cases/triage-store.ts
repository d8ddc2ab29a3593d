/** Rules as they are kept: what was set for all tenants, and for one. What changes asks for cases to be looked at again. */
import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { RulesApplied, RuleView } from "../kernel/case-triage-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Database, Tx } from "../store/store.ts";
import type { Rule } from "./triage-model.ts";
import { effectiveRules, MOST_RULES, parseRuleDrafts, writeDraft, type Effective, type RuleDraft, type Stored } from "./triage-rules.ts";
import { ALL_TENANTS, triageTables } from "./triage-tables.ts";

/** Set for exactly this tenant, or for all (''). */
async function storedRules(db: Database, tenant: string): Promise<readonly Stored[]> {
  const rows = await triageTables(db).selectFrom("case_rules").selectAll().where("tenant_id", "=", tenant).orderBy("id").execute();
  return rows.map((row) => {
    const [draft] = parseRuleDrafts([JSON.parse(row.body)]);
    if (draft === undefined) throw new Fault("INTERNAL", "A stored rule holds none.");
    return { draft, by: row.updated_by, at: row.updated_at };
  });
}

/** What holds for the tenant; '' : what holds where a tenant has set nothing. */
export async function rulesFor(db: Database, tenant: string): Promise<readonly Effective[]> {
  return effectiveRules(await storedRules(db, ALL_TENANTS), tenant === ALL_TENANTS ? [] : await storedRules(db, tenant));
}

export function ruleView({ rule, from, changed }: Effective): RuleView {
  const { id, title, weight, bears, of, enabled, when } = rule;
  return { id, title, weight, bears, of, enabled, when, from, changedFor: changed?.for ?? null, changedBy: changed?.by ?? null, changedAt: changed === null ? null : isoTime(changed.at) };
}

export interface Applying {
  /** '' : all. */
  readonly tenant: string;
  readonly replaceAll: boolean;
  /** Ids of what is taken back, where it is set. */
  readonly takeBack?: readonly string[];
  /** What whoever asks has seen. */
  readonly version?: string | undefined;
  /** May let a tenant take part in what is counted over tenants. */
  readonly msp: boolean;
  readonly by: string;
  readonly now: number;
}

/** Another one whenever somebody has set or taken back anything there. */
export async function rulesVersion(db: Database, tenant: string): Promise<string> {
  const rows = await triageTables(db).selectFrom("case_rules").select(["id", "body", "updated_at"]).where("tenant_id", "=", tenant).orderBy("id").execute();
  return createHash("sha256").update(JSON.stringify(rows.map(({ id, body, updated_at: at }) => [id, body, Number(at)]))).digest("hex").slice(0, 32);
}

/** In the caller's transaction; nothing is taken over where one thing is wrong. */
export async function applyRules(tx: Tx, drafts: readonly RuleDraft[], { tenant, replaceAll, takeBack = [], version, msp, by, now }: Applying): Promise<RulesApplied["items"]> {
  const before = new Map((await storedRules(tx.db, tenant)).map((stored) => [idOf(stored.draft), stored]));
  if (version !== undefined && version !== (await rulesVersion(tx.db, tenant))) throw new Fault("CHANGED_SINCE", "Somebody has set rules since you looked at them.", { cure: "Load the rules again, and change them as they are now." });
  const given = new Map(drafts.map((draft) => [idOf(draft), draft]));
  const removed = [...before.keys()].filter((id) => !given.has(id) && (replaceAll || takeBack.includes(id)));
  if (before.size - removed.length + [...given.keys()].filter((id) => !before.has(id)).length > MOST_RULES) throw new Fault("CONFIG_INVALID", `At most ${String(MOST_RULES)} rules and settings are kept for one tenant.`);
  const beneath = effectiveRules(tenant === ALL_TENANTS ? [] : await storedRules(tx.db, ALL_TENANTS), []);
  const held = new Map(beneath.map(({ rule }) => [rule.id, rule]));
  const items: RulesApplied["items"] = [];
  for (const id of removed) {
    if (!msp) refuseCounting(held.get(id), ruleIn(before.get(id)?.draft));
    await triageTables(tx.db).deleteFrom("case_rules").where("tenant_id", "=", tenant).where("id", "=", id).execute();
    items.push({ id, change: "removed", rule: null });
  }
  for (const given of drafts) {
    const draft = merged(given, before.get(idOf(given))?.draft);
    if (draft.kind === "setting" && !held.has(draft.setting.id)) throw new Fault("CONFIG_INVALID", `There is no rule ${draft.setting.id} to set.`, { cure: "`vedette cases rules list` shows what there is; a rule of your own needs when." });
    if (!msp) refuseCounting(held.get(idOf(draft)), ruleIn(before.get(idOf(draft))?.draft), ruleIn(draft));
    const id = idOf(draft);
    const body = JSON.stringify(writeDraft(draft));
    const known = before.get(id);
    const change = known === undefined ? "added" : JSON.stringify(writeDraft(known.draft)) === body ? "unchanged" : "changed";
    if (change !== "unchanged") {
      const row = { body, updated_by: by, updated_at: now };
      await triageTables(tx.db).insertInto("case_rules").values({ tenant_id: tenant, id, ...row }).onConflict((one) => one.columns(["tenant_id", "id"]).doUpdateSet(row)).execute();
    }
    items.push({ id, change, rule: null });
  }
  if (items.some(({ change }) => change !== "unchanged")) await askSweep(tx, tenant);
  const after = new Map((await rulesFor(tx.db, tenant)).map((effective) => [effective.rule.id, ruleView(effective)]));
  return items.map((item) => ({ ...item, rule: after.get(item.id) ?? null }));
}

/** A setting leaves what it does not name as it was set, also in a rule of one's own. */
function merged(given: RuleDraft, before: RuleDraft | undefined): RuleDraft {
  if (given.kind === "rule" || before === undefined) return given;
  const { id, enabled, weight } = given.setting;
  if (before.kind === "rule") return { kind: "rule", rule: { ...before.rule, enabled: enabled ?? before.rule.enabled, weight: weight ?? before.rule.weight } };
  return { kind: "setting", setting: { id, enabled: enabled ?? before.setting.enabled, weight: weight ?? before.setting.weight } };
}

function idOf(draft: RuleDraft): string {
  return draft.kind === "rule" ? draft.rule.id : draft.setting.id;
}

function ruleIn(draft: RuleDraft | undefined): Rule | undefined {
  return draft?.kind === "rule" ? draft.rule : undefined;
}

/** What the rule is, was or becomes. */
function refuseCounting(...rules: readonly (Rule | undefined)[]): void {
  const rule = rules.find((one) => one !== undefined && asksOthers(one));
  if (rule !== undefined) throw new Fault("FORBIDDEN", `${rule.id} counts over tenants: only who runs all of them can let one take part, or end it.`, { cure: "Ask your MSP's administrator." });
}

export function asksOthers({ condition }: Rule): boolean {
  const asks = (one: Rule["condition"]): boolean => (one.op === "all" || one.op === "any" ? one.of.some(asks) : one.op === "not" ? asks(one.of) : one.fact === "other-tenants");
  return asks(condition);
}

/** Tenants that take part in what is counted over tenants: those that have a rule on which asks for it. */
export async function takingPart(db: Database): Promise<readonly string[]> {
  // From one tenant to the next along the index, however many cases each has.
  const { rows } = await sql<{ id: string }>`
    WITH RECURSIVE t (id) AS (SELECT min(tenant_id) FROM cases UNION ALL SELECT (SELECT min(tenant_id) FROM cases WHERE tenant_id > t.id) FROM t WHERE t.id IS NOT NULL)
    SELECT id FROM t WHERE id IS NOT NULL`.execute(db);
  const all = await storedRules(db, ALL_TENANTS);
  const usual = effectiveRules(all, []).some(({ rule }) => rule.enabled && asksOthers(rule));
  const own = new Set((await triageTables(db).selectFrom("case_rules").select("tenant_id").distinct().where("tenant_id", "<>", ALL_TENANTS).execute()).map(({ tenant_id: tenant }) => tenant));
  const taking: string[] = [];
  for (const { id } of rows) if (own.has(id) ? (await rulesFor(db, id)).some(({ rule }) => rule.enabled && asksOthers(rule)) : usual) taking.push(id);
  return taking;
}

/** Open cases of the tenant, or of all (''), are to be looked at again, from the beginning. */
export async function askSweep(tx: Tx, tenant: string): Promise<void> {
  await sql`INSERT INTO case_triage_sweeps (tenant_id, whole, at, seq) VALUES (${tenant}, 0, NULL, NULL) ON CONFLICT (tenant_id) DO UPDATE SET at = NULL, seq = NULL`.execute(tx.db);
}
