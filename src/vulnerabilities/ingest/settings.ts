/**
 * Connectors and their rules, as people change them. A connection without a connector is ingested whole and continuously; its first connector takes that over, and what the
 * connector's rules do not cover leaves the figures. A change of what is covered is carried out by a walk through the connection, in the background.
 */
import { sql } from "kysely";
import { Fault } from "../../kernel/fault.ts";
import { newId, type ConnectionId, type TenantId } from "../../kernel/ids.ts";
import type { TenantScope } from "../../kernel/scope.ts";
import { withinScope } from "../../store/conditions.ts";
import type { Database, Tx } from "../../store/store.ts";
import type { VulnerabilitySeverity } from "../model.ts";
import type { IngestMode, RuleMatch } from "./match.ts";
import { ruleFrom, rulesOf, SELECT_RULES, type Rule, type RuleWithConnector } from "./rules.ts";
import { forgetRule, rulesChanged, startRun } from "./runs.ts";
import { CONTINUOUS, nextMoment, type Schedule } from "./schedule.ts";
import { ingestTables, type ConnectorRow, type RuleRow } from "./tables.ts";

const NAME_MAX = 100;
const DESCRIPTION_MAX = 2000;
const RULES_MAX = 200;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

export interface Changing {
  readonly by: string;
  readonly now: number;
}

/** Checked and resolved: names are ids by now. */
export interface RuleSettings extends Schedule {
  readonly name: string;
  /** Null: the connector's. */
  readonly mode: IngestMode | null;
  readonly match: RuleMatch;
  readonly floor: VulnerabilitySeverity | null;
}

export function checkedName(text: string, noun: "connector" | "rule"): string {
  const name = text.trim();
  if (name === "") throw new Fault("CONFIG_INVALID", `A ${noun} needs a name.`);
  if (name.length > NAME_MAX) throw new Fault("CONFIG_INVALID", `A ${noun}'s name has at most ${String(NAME_MAX)} characters.`);
  if (UNPRINTABLE.test(name) || name.includes("/")) throw new Fault("CONFIG_INVALID", `A ${noun}'s name holds a slash or a control character.`);
  if (/^(?:vcn|irl)_/.test(name)) throw new Fault("CONFIG_INVALID", `A ${noun}'s name cannot begin like an id (vcn_, irl_).`);
  return name;
}

export function checkedDescription(text: string): string {
  if (text.length > DESCRIPTION_MAX || UNPRINTABLE.test(text.replaceAll("\n", ""))) throw new Fault("CONFIG_INVALID", `A description has at most ${String(DESCRIPTION_MAX)} characters and no control character.`);
  return text;
}

/** By id, or by name where it is the only one. */
export async function connectorByReference(db: Database, scope: TenantScope, reference: string): Promise<ConnectorRow> {
  const rows = await ingestTables(db).selectFrom("vuln_connectors").selectAll().where((where) => where.or([where("id", "=", reference), where("name", "=", reference)])).where(withinScope(scope)).orderBy("id").execute();
  return only(rows, reference, "connector");
}

/** By id, by `connector/name`, or by name where it is the only one. */
export async function ruleByReference(db: Database, scope: TenantScope, reference: string): Promise<Rule> {
  const slash = reference.indexOf("/");
  const named = slash < 0 ? sql`r.name = ${reference}` : sql`(c.name = ${reference.slice(0, slash)} AND r.name = ${reference.slice(slash + 1)})`;
  const { rows } = await sql<RuleWithConnector>`${SELECT_RULES} WHERE (r.id = ${reference} OR ${named}) AND ${withinScope(scope, "r.tenant_id")} ORDER BY r.id`.execute(db);
  return ruleFrom(only(rows, reference, "rule"));
}

function only<Row extends { readonly id: string }>(rows: readonly Row[], reference: string, noun: "connector" | "rule"): Row {
  const [first, second] = rows.some(({ id }) => id === reference) ? rows.filter(({ id }) => id === reference) : rows;
  if (first === undefined) throw new Fault("NOT_FOUND", `There is no ${noun} ${JSON.stringify(reference)}.`, { cure: `\`vedette vulnerabilities ${noun}s list\` shows what there is.` });
  if (second !== undefined) throw new Fault("CONFIG_INVALID", `Several ${noun}s are named ${JSON.stringify(reference)}.`, { cure: `Give the id instead: ${rows.map(({ id }) => id).join(", ")}.` });
  return first;
}

export interface NewConnector {
  readonly tenant: TenantId;
  readonly connection: ConnectionId;
  readonly name: string;
  readonly description: string;
  readonly mode: IngestMode;
  readonly rule: RuleSettings;
}

/** With its first rule: a connector without any would cover nothing, which nobody means. */
export async function addConnector(tx: Tx, { tenant, connection, name, description, mode, rule }: NewConnector, changing: Changing): Promise<{ readonly connector: ConnectorRow; readonly rule: Rule }> {
  await refuseTaken(tx, tenant, name, null);
  const connector: ConnectorRow = { id: newId("connector", changing.now), tenant_id: tenant, connection_id: connection, name, description, mode, created_at: changing.now, created_by: changing.by };
  await ingestTables(tx.db).insertInto("vuln_connectors").values(connector).execute();
  return { connector, rule: await addRule(tx, connector, rule, changing) };
}

export interface ConnectorEdit {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly mode?: IngestMode | undefined;
}

export async function editConnector(tx: Tx, connector: ConnectorRow, { name, description, mode }: ConnectorEdit, { now }: Changing): Promise<ConnectorRow> {
  if (name !== undefined) await refuseTaken(tx, connector.tenant_id, name, connector.id);
  const changed: ConnectorRow = { ...connector, name: name ?? connector.name, description: description ?? connector.description, mode: mode ?? connector.mode };
  await ingestTables(tx.db).updateTable("vuln_connectors").set({ name: changed.name, description: changed.description, mode: changed.mode }).where("id", "=", connector.id).execute();
  const [first] = (await rulesOf(tx.db, connector.connection_id)).filter((rule) => rule.connector === connector.id && rule.ownMode === null);
  if (changed.mode !== connector.mode && first !== undefined) await rulesChanged(tx, first, now);
  return changed;
}

/** Its rules go with it. The connection's last one gone, all of it is covered again, continuously. */
export async function removeConnector(tx: Tx, connector: ConnectorRow, { now }: Changing): Promise<void> {
  const rules = (await rulesOf(tx.db, connector.connection_id)).filter((rule) => rule.connector === connector.id);
  for (const rule of rules) await dropRule(tx, rule, now);
  await ingestTables(tx.db).deleteFrom("vuln_connectors").where("id", "=", connector.id).execute();
  const [first] = rules;
  if (first !== undefined) await rulesChanged(tx, first, now);
}

export async function addRule(tx: Tx, connector: ConnectorRow, settings: RuleSettings, { by, now }: Changing): Promise<Rule> {
  const known = await rulesOf(tx.db, connector.connection_id);
  if (known.length >= RULES_MAX) throw new Fault("CONFIG_INVALID", `A connection has at most ${String(RULES_MAX)} ingest rules.`, { cure: "Remove one, or let one rule name several places." });
  if (known.some((rule) => rule.connector === connector.id && rule.name === settings.name)) throw takenName(settings.name);
  const row: RuleRow = {
    id: newId("ingest-rule", now), tenant_id: connector.tenant_id, connection_id: connector.connection_id, connector_id: connector.id, ...columnsOf(settings), paused: 0, next_at: nextMoment(settings, now), looked_at: now, last_slot: null,
    fault: null, failing_since: null, created_at: now, created_by: by, updated_at: now, version: 1,
  };
  await ingestTables(tx.db).insertInto("vuln_rules").values(row).execute();
  const rule = ruleFrom({ ...row, connector_name: connector.name, connector_mode: connector.mode });
  await rulesChanged(tx, rule, now);
  return rule;
}

function columnsOf({ name, mode, match, floor, cron, timezone }: RuleSettings): Pick<RuleRow, "name" | "mode" | "covers" | "floor" | "schedule" | "timezone"> {
  return { name, mode, covers: JSON.stringify(match), floor, schedule: cron, timezone };
}

export async function editRule(tx: Tx, rule: Rule, settings: RuleSettings, { now }: Changing): Promise<Rule> {
  const siblings = (await rulesOf(tx.db, rule.connection)).filter((one) => one.connector === rule.connector && one.id !== rule.id);
  if (siblings.some(({ name }) => name === settings.name)) throw takenName(settings.name);
  const columns = columnsOf(settings);
  const moved = settings.cron !== rule.cron || settings.timezone !== rule.timezone;
  await ingestTables(tx.db).updateTable("vuln_rules").set({ ...columns, updated_at: now, version: rule.version + 1, ...(moved ? { next_at: nextMoment(settings, now), looked_at: now } : {}) }).where("id", "=", rule.id).execute();
  const changed = await reread(tx, rule.id);
  // What was held for its next run waits for nothing any more.
  if (settings.cron === CONTINUOUS && rule.cron !== CONTINUOUS && !rule.paused) await startRun(tx, { rule: changed, trigger: "resumed", slot: null, now });
  if (columns.covers !== JSON.stringify(rule.match) || changed.mode !== rule.mode || changed.floor !== rule.floor) await rulesChanged(tx, changed, now);
  return changed;
}

/** What it covers stays covered; changes are held until it goes on. */
export async function pauseRule(tx: Tx, rule: Rule, paused: boolean, now: number): Promise<Rule> {
  if (rule.paused === paused) return rule;
  await ingestTables(tx.db).updateTable("vuln_rules").set({ paused: paused ? 1 : 0, next_at: nextMoment(rule, now), looked_at: now, updated_at: now }).where("id", "=", rule.id).execute();
  const changed = await reread(tx, rule.id);
  if (!paused) await startRun(tx, { rule: changed, trigger: "resumed", slot: null, now });
  return changed;
}

export async function removeRule(tx: Tx, rule: Rule, { now }: Changing): Promise<void> {
  const siblings = (await rulesOf(tx.db, rule.connection)).filter((one) => one.connector === rule.connector && one.id !== rule.id);
  if (siblings.length === 0) throw new Fault("CONFIG_INVALID", `${JSON.stringify(rule.name)} is the only rule of its connector, which would then ingest nothing.`, { cure: `Pause it, add another first, or remove the connector: \`vedette vulnerabilities connectors remove ${JSON.stringify(rule.connectorName)}\`.` });
  await dropRule(tx, rule, now);
  await rulesChanged(tx, rule, now);
}

async function dropRule(tx: Tx, rule: Rule, now: number): Promise<void> {
  await forgetRule(tx, rule.id, now);
  await ingestTables(tx.db).deleteFrom("vuln_rules").where("id", "=", rule.id).execute();
}

async function reread(tx: Tx, id: string): Promise<Rule> {
  const { rows } = await sql<RuleWithConnector>`${SELECT_RULES} WHERE r.id = ${id}`.execute(tx.db);
  const [row] = rows;
  if (row === undefined) throw new Fault("NOT_FOUND", "There is no such rule.");
  return ruleFrom(row);
}

async function refuseTaken(tx: Tx, tenant: string, name: string, but: string | null): Promise<void> {
  const taken = await ingestTables(tx.db).selectFrom("vuln_connectors").select("id").where("tenant_id", "=", tenant).where("name", "=", name).executeTakeFirst();
  if (taken !== undefined && taken.id !== but) throw new Fault("ALREADY_EXISTS", `The tenant has a connector named ${JSON.stringify(name)} already.`);
}

function takenName(name: string): Fault {
  return new Fault("ALREADY_EXISTS", `The connector has a rule named ${JSON.stringify(name)} already.`);
}
