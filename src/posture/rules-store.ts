/**
 * The rules as they are kept: applied from drafts, versioned, removed. A rule belongs to one tenant, or to all; who does not see every
 * tenant sees the common ones and changes only its own. Reading gives the same objects as long as a version stands, so that what was
 * prepared of a rule is prepared once.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type TenantId } from "../kernel/ids.ts";
import { oneByReference } from "../kernel/reference.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import { fittingPage, pairOf, type FittingPage } from "../store/fitting.ts";
import type { Database, Tx } from "../store/store.ts";
import { sql } from "kysely";
import type { Rule, RuleDraft } from "./model.ts";
import { parseRules, writeRule } from "./rule-form.ts";
import { slowestReadings, type SlowestReadings } from "./evidence.ts";
import { remarksOn } from "./remarks.ts";
import { tables, type RuleRow } from "./tables.ts";

export interface StoredRule extends Rule {
  /** Milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface AppliedRule {
  readonly rule: StoredRule;
  readonly change: "added" | "changed" | "unchanged" | "removed";
  /** What is allowed in it and seldom meant. */
  readonly remarks: readonly string[];
}

export interface RulesTarget {
  readonly scope: TenantScope;
  /** Whose rules they are; null = everybody's, which only who sees every tenant may change. */
  readonly tenant: TenantId | null;
}

const MOST_RULES = 1_000;
const KEPT = 2 * MOST_RULES;
/** By id and version. */
const parsed = new Map<string, StoredRule>();

function fromRow(row: RuleRow): StoredRule {
  const place = `${row.id} ${String(row.version)}`;
  const known = parsed.get(place);
  if (known !== undefined && known.updatedAt === row.updated_at) return known;
  const [draft] = parseRules([JSON.parse(row.body)]);
  if (draft === undefined) throw new Fault("INTERNAL", "A stored rule holds none.");
  const rule: StoredRule = { ...draft, id: row.id, tenant: row.tenant_id as TenantId | null, version: row.version, createdAt: row.created_at, updatedAt: row.updated_at };
  parsed.set(place, rule);
  if (parsed.size > KEPT) for (const oldest of parsed.keys()) {
    parsed.delete(oldest);
    break;
  }
  return rule;
}

/** Every rule that may speak of a device of these tenants, the common ones among them, by name. */
export async function liveRules(db: Database, scope: TenantScope): Promise<readonly StoredRule[]> {
  // Asked with every device: as text it takes a third of what putting it together does.
  const { rows } = await sql<RuleRow>`SELECT * FROM posture_rules WHERE removed_at IS NULL AND ${visible(scope)} ORDER BY name, id`.execute(db);
  return rows.map(fromRow);
}

/** Of the live ones a page, by name. `text`: part of a name. */
export async function rulesPage(db: Database, scope: TenantScope, { text, after, limit }: { readonly text?: string | undefined; readonly after?: string | undefined; readonly limit: number }): Promise<FittingPage<StoredRule>> {
  const wanted = text?.trim().toLowerCase() ?? "";
  const { items, next } = await fittingPage<RuleRow>({
    after,
    limit,
    fits: ({ name }) => name.toLowerCase().includes(wanted),
    place: ({ name, id }) => JSON.stringify([name, id]),
    read(behind, size) {
      let query = tables(db).selectFrom("posture_rules").selectAll().where("removed_at", "is", null).where(visible(scope)).orderBy("name").orderBy("id").limit(size);
      if (behind !== undefined) query = query.where(sql<boolean>`(name, id) > (${sql.join(pairOf(behind))})`);
      return query.execute();
    },
  });
  return { items: items.map(fromRow), next };
}

/** By id, or by name where one visible rule has it; NOT_FOUND alike for another tenant's and for none. */
export async function findRule(db: Database, scope: TenantScope, reference: string): Promise<StoredRule> {
  return fromRow(await rowOf(db, scope, reference));
}

async function rowOf(db: Database, scope: TenantScope, reference: string): Promise<RuleRow> {
  const rows = await tables(db).selectFrom("posture_rules").selectAll().where("removed_at", "is", null).where(visible(scope))
    .where((where) => where.or([where("id", "=", reference), where("name", "=", reference)])).orderBy("id").limit(3).execute();
  return oneByReference(rows, reference, "posture rule", "vedette posture rules list");
}

function visible(scope: TenantScope) {
  return scope.all ? sql<boolean>`1 = 1` : sql<boolean>`(tenant_id IS NULL OR ${withinScope(scope)})`;
}

/** The common rules are the hub's: who sees only some tenants cannot change what holds for the others. */
function assertMayChange(scope: TenantScope, tenant: string | null): void {
  if (tenant === null ? scope.all : scopeAllows(scope, tenant as TenantId)) return;
  if (tenant === null) throw new Fault("FORBIDDEN", "A key limited to certain tenants cannot change rules that hold for all of them.", { cure: "Name the tenant the rules are for." });
  throw new Fault("NOT_FOUND", "There is no tenant of that name or id.");
}

/**
 * Adds and changes rules, in the caller's transaction. A draft is the rule that has its id, else the one carried over from the same Cloudflare
 * rule, else the one of its name; otherwise it is new. `replaceAll` removes what the list does not name. What stays the same keeps its version.
 */
export async function applyRules(tx: Tx, target: RulesTarget, drafts: readonly RuleDraft[], options: { readonly replaceAll: boolean }, now: number): Promise<readonly AppliedRule[]> {
  const { scope, tenant } = target;
  assertMayChange(scope, tenant);
  const rows = await tables(tx.db).selectFrom("posture_rules").selectAll().where("removed_at", "is", null).where("tenant_id", tenant === null ? "is" : "=", tenant).orderBy("id").execute();
  const stored = rows.map(fromRow);
  const taken = new Map<string, number>();
  const pairs = drafts.map((draft, index) => {
    const before = sameRule(stored, draft, index);
    const twin = before === undefined ? undefined : taken.get(before.id);
    if (before !== undefined && twin !== undefined) throw new Fault("CONFIG_INVALID", `$[${String(index)}] and $[${String(twin)}] are the same rule, ${JSON.stringify(before.name)}.`);
    if (before !== undefined) taken.set(before.id, index);
    return { draft, before };
  });
  const kept = options.replaceAll ? [] : stored.filter((rule) => !taken.has(rule.id));
  refuseTwins([...kept.map((rule) => rule.name), ...drafts.map((draft) => draft.name)]);
  if (kept.length + drafts.length > MOST_RULES) throw new Fault("CONFIG_INVALID", `That would make ${String(kept.length + drafts.length)} rules; at most ${String(MOST_RULES)} are kept for one tenant.`);
  const applied: AppliedRule[] = [];
  const slowest = await slowestReadings(tx.db, tenant);
  if (options.replaceAll) for (const rule of stored.filter((known) => !taken.has(known.id))) applied.push(await removeStored(tx, rule, now));
  // Names may be handed round in one list: none is in the way of another while it is written.
  for (const { draft, before } of pairs) if (before !== undefined && before.name !== draft.name) await tables(tx.db).updateTable("posture_rules").set({ name: before.id }).where("id", "=", before.id).execute();
  for (const { draft, before } of pairs) applied.push(await write(tx, tenant, draft, before, slowest, now));
  return applied;
}

function sameRule(stored: readonly StoredRule[], draft: RuleDraft, index: number): StoredRule | undefined {
  if (draft.id !== null) {
    const found = stored.find((rule) => rule.id === draft.id);
    if (found === undefined) throw new Fault("NOT_FOUND", `$[${String(index)}].id: there is no such rule here.`, { cure: "Leave the id out to make a new rule." });
    return found;
  }
  const carried = draft.source?.id ?? null;
  return (carried === null ? undefined : stored.find((rule) => rule.source?.id === carried)) ?? stored.find((rule) => rule.name === draft.name);
}

function refuseTwins(names: readonly string[]): void {
  const twin = names.find((name, place) => names.indexOf(name) !== place);
  if (twin !== undefined) throw new Fault("CONFIG_INVALID", `Two rules would be named ${JSON.stringify(twin)}.`, { cure: "Give each rule of a tenant a name of its own." });
}

async function write(tx: Tx, tenant: TenantId | null, draft: RuleDraft, before: StoredRule | undefined, slowest: SlowestReadings, now: number): Promise<AppliedRule> {
  const id = before?.id ?? newId("rule", now);
  const body = JSON.stringify(writeRule({ ...draft, id }));
  const remarks = remarksOn(draft, slowest);
  if (before !== undefined && body === JSON.stringify(writeRule(before))) return { rule: before, change: "unchanged", remarks };
  const version = (before?.version ?? 0) + 1;
  const row: RuleRow = { id, tenant_id: tenant, name: draft.name, version, body, created_at: before?.createdAt ?? now, updated_at: now, removed_at: null };
  if (before === undefined) await tables(tx.db).insertInto("posture_rules").values(row).execute();
  else await tables(tx.db).updateTable("posture_rules").set({ name: row.name, version, body, updated_at: now }).where("id", "=", id).execute();
  return { rule: fromRow(row), change: before === undefined ? "added" : "changed", remarks };
}

export async function removeRule(tx: Tx, scope: TenantScope, reference: string, now: number): Promise<AppliedRule> {
  const row = await rowOf(tx.db, scope, reference);
  assertMayChange(scope, row.tenant_id);
  return removeStored(tx, fromRow(row), now);
}

async function removeStored(tx: Tx, rule: StoredRule, now: number): Promise<AppliedRule> {
  await tables(tx.db).updateTable("posture_rules").set({ removed_at: now, updated_at: now, version: rule.version + 1 }).where("id", "=", rule.id).execute();
  return { rule, change: "removed", remarks: [] };
}
