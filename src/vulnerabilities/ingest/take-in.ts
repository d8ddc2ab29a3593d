/**
 * Takes a page in as the rules say: what they cover goes on to devices and findings, what they do not is skipped, and what they no longer cover leaves the figures. A device is
 * what rules cover, its findings follow: where more of a device is covered than before, its findings are looked up in the mirror, for they may have come by earlier.
 */
import { sql } from "kysely";
import { viewName } from "../../kernel/stream-ids.ts";
import type { Change, ChangeSet } from "../../mirror/capability.ts";
import { textList } from "../../store/conditions.ts";
import type { BulkUpsert, Tx } from "../../store/store.ts";
import { agentOf } from "../agent-facts.ts";
import { reactToAgents } from "../agents.ts";
import { numberOf } from "../cells.ts";
import type { AgentFacts } from "../model.ts";
import { riskOf, severityOf } from "../risk-facts.ts";
import { reactToRisks } from "../risks.ts";
import type { AgentRow } from "../tables.ts";
import { findingInScope, floorOf, scopeOf, widens, type IngestScope } from "./match.ts";
import type { Outcome } from "./outcomes.ts";
import type { Rule } from "./rules.ts";
import { leaveScope, scopeDevices } from "./scope-changes.ts";

export interface Taking {
  readonly rules: readonly Rule[];
  /** The rule whose run this is: what it makes look up is part of it. */
  readonly runOf?: string | undefined;
  readonly now: number;
  readonly staleAfterMs: number;
}

export type KnownAgent = Pick<AgentRow, "id" | "tenant_id" | "scope" | "facts">;

export async function takeIn(set: ChangeSet, tx: Tx, taking: Taking): Promise<readonly Outcome[]> {
  if (set.stream === "agents") return takeAgents(set, tx, taking);
  return set.stream === "risks" ? takeRisks(set, tx, taking) : [];
}

export async function knownAgents(tx: Tx, connection: string, ids: readonly string[]): Promise<ReadonlyMap<string, KnownAgent>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<KnownAgent>`SELECT id, tenant_id, scope, facts FROM vuln_agents WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, [...new Set(ids)])}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Null where only a risk has named it. */
export function factsOf({ facts }: KnownAgent): Partial<AgentFacts> | null {
  return facts === "{}" ? null : (JSON.parse(facts) as Partial<AgentFacts>);
}

async function takeAgents(set: ChangeSet, tx: Tx, { rules, runOf, now, staleAfterMs }: Taking): Promise<readonly Outcome[]> {
  const { connection, tenant } = set;
  const known = await knownAgents(tx, connection, [...set.inserted, ...set.changed, ...set.gone].map(({ id }) => id));
  const ours = (id: string): KnownAgent | undefined => (known.get(id)?.tenant_id === tenant ? known.get(id) : undefined);
  const scopes = new Map<string, IngestScope>();
  const leaving: string[] = [];
  const outcomes: Outcome[] = [];
  const covered = (changes: readonly Change[]): readonly Change[] =>
    changes.filter(({ id, after }) => {
      const scope = after === null ? "none" : scopeOf(rules, agentOf(after).facts);
      scopes.set(id, scope);
      if (scope !== "none") return true;
      if ((ours(id)?.scope ?? "none") === "none") {
        outcomes.push({ of: "asset", agent: id, what: "skipped", times: 1 });
        return false;
      }
      // Once more, so that what is kept of it says why it is covered no longer.
      leaving.push(id);
      return true;
    });
  const taken: ChangeSet = { ...set, inserted: covered(set.inserted), changed: covered(set.changed), gone: set.gone.filter(({ id }) => (ours(id)?.scope ?? "none") !== "none") };
  const met = await reactToAgents(taken, tx, now, staleAfterMs, (id) => scopes.get(id) ?? "all");
  for (const [agent, what] of met) if (scopes.get(agent) !== "none") outcomes.push({ of: "asset", agent, what, times: 1 });
  for (const id of met.keys()) if (ours(id)?.scope === "none") outcomes.push({ of: "asset", agent: id, what: "in-scope", times: 1 });
  outcomes.push(...(await leaveDevices(tx, connection, leaving, now)));
  const wider: string[] = [];
  for (const [scope, agents] of Map.groupBy([...scopes].filter(([id, scope]) => scope !== "none" && scope !== ours(id)?.scope), ([, scope]) => scope)) {
    const ids = agents.map(([id]) => id);
    outcomes.push(...(await scopeDevices(tx, connection, ids, scope, now)).map((change) => ({ of: "finding" as const, ...change })));
    wider.push(...ids.filter((id) => widens((ours(id)?.scope ?? "none") as IngestScope, scope)));
  }
  await lookUpFindings(tx, connection, wider, runOf);
  return outcomes;
}

/** No rule covers them any more: they stay as they were, with their findings, and nobody follows them. */
export async function leaveDevices(tx: Tx, connection: string, agents: readonly string[], now: number): Promise<readonly Outcome[]> {
  if (agents.length === 0) return [];
  await sql`UPDATE vuln_agents SET scope = 'none' WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, agents)}`.execute(tx.db);
  const findings = await scopeDevices(tx, connection, agents, "none", now);
  return [...agents.map((agent) => ({ of: "asset" as const, agent, what: "out-of-scope" as const, times: 1 })), ...findings.map((change) => ({ of: "finding" as const, ...change }))];
}

const HELD: BulkUpsert = {
  table: "vuln_held",
  columns: [...["rule_id", "connection_id", "stream", "id", "agent_id", "tenant_id"].map((name) => ({ name, type: "text" as const })), { name: "failed", type: "integer" as const }],
  key: ["rule_id", "connection_id", "stream", "id"],
  update: ["agent_id", "tenant_id", "failed"],
};

/** `rule` empty: to be taken in at once. */
export async function hold(tx: Tx, rows: readonly { readonly rule: string; readonly connection: string; readonly stream: string; readonly id: string; readonly agent: string; readonly tenant: string }[]): Promise<void> {
  if (rows.length > 0) await tx.bulkUpsert(HELD, rows.map(({ rule, connection, stream, id, agent, tenant }) => [rule, connection, stream, id, agent, tenant, 0]));
}

/** All that the mirror and we know of these devices' findings is to be looked at, in pages: one may have very many. */
export async function lookUpFindings(tx: Tx, connection: string, agents: readonly string[], rule = ""): Promise<void> {
  if (agents.length === 0 || (await comesAnyway(tx, connection))) return;
  const list = textList(tx.kind, agents);
  await sql`
    INSERT INTO vuln_held (rule_id, connection_id, stream, id, agent_id, tenant_id, failed)
    SELECT cast(${rule} as text), connection_id, 'risks', id, endpoint_id, tenant_id, 0 FROM ${sql.table(viewName("risks"))} WHERE connection_id = ${connection} AND endpoint_id IN ${list}
    ON CONFLICT (rule_id, connection_id, stream, id) DO UPDATE SET failed = 0`.execute(tx.db);
  await sql`
    INSERT INTO vuln_held (rule_id, connection_id, stream, id, agent_id, tenant_id, failed)
    SELECT cast(${rule} as text), connection_id, 'risks', row_id, agent_id, max(tenant_id), 0 FROM vuln_instances WHERE connection_id = ${connection} AND agent_id IN ${list} AND present = 1 GROUP BY connection_id, row_id, agent_id
    ON CONFLICT (rule_id, connection_id, stream, id) DO NOTHING`.execute(tx.db);
}

/** A first read of risks is still to be handed in, from its beginning. */
async function comesAnyway(tx: Tx, connection: string): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM mirror_owed WHERE capability = 'vulnerabilities' AND connection_id = ${connection} AND stream = 'risks' AND after_id = ''`.execute(tx.db);
  return rows.length > 0;
}

async function takeRisks(set: ChangeSet, tx: Tx, { rules, now, staleAfterMs }: Taking): Promise<readonly Outcome[]> {
  const { connection } = set;
  const changes = [...set.inserted, ...set.changed];
  const known = await knownAgents(tx, connection, [...changes, ...set.gone].map(agentNamed));
  const named = scopeOf(rules, null);
  const scopeOfAgent = (agent: string): IngestScope => (known.get(agent)?.scope ?? named) as IngestScope;
  const outcomes: Outcome[] = [];
  const below: string[] = [];
  const covered = (list: readonly Change[]): readonly Change[] =>
    list.filter((change) => {
      const agent = agentNamed(change);
      const scope = scopeOfAgent(agent);
      const severity = severityIn(change.after);
      if (findingInScope(scope, severity)) return true;
      outcomes.push({ of: "finding", agent, severity, what: "skipped", times: 1 });
      // Those of a device that is not covered left with it.
      const risk = change.after === null || floorOf(scope) === undefined ? null : riskOf(change.after);
      if (risk !== null) below.push(risk.instanceId);
      return false;
    });
  const taken: ChangeSet = { ...set, inserted: covered(set.inserted), changed: covered(set.changed), gone: set.gone.filter((change) => findingInScope(scopeOfAgent(agentNamed(change)), severityIn(change.before))) };
  outcomes.push(...(await reactToRisks(taken, tx, { now, staleAfterMs, named })).map(({ agent, severity, outcome }) => ({ of: "finding" as const, agent, severity, what: outcome, times: 1 })));
  // Graver once, and covered then.
  outcomes.push(...(await leaveScope(tx, connection, below, now)).map((change) => ({ of: "finding" as const, ...change })));
  return outcomes;
}

export function agentNamed({ before, after }: Change): string {
  return String((after ?? before)?.["endpoint_id"] ?? "");
}

export function severityIn(row: Change["after"]): number {
  return row === null ? -1 : severityOf(row["severity"], { baseScore: numberOf(row["base_score"]), nvdBaseScore: numberOf(row["nvd_base_score"]) });
}
