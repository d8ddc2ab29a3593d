/**
 * What happens to a page as it is read. Without rules all of it is taken in. With rules: what a continuous rule covers is taken in, what only scheduled or paused ones cover is
 * held for their next run (its id alone, in the page's transaction: what is taken in later is the mirror's row as it is then), and the rest is skipped. A stream's first read
 * waits for no schedule. What becomes another tenant's never waits: the former one would go on seeing it.
 */
import { sql } from "kysely";
import { viewName } from "../../kernel/stream-ids.ts";
import type { Change, ChangeSet } from "../../mirror/capability.ts";
import { textList } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import { agentOf } from "../agent-facts.ts";
import { reactToAgents } from "../agents.ts";
import type { AgentFacts } from "../model.ts";
import { reactToRisks } from "../risks.ts";
import { countContinuous } from "./counts.ts";
import { coversDevice, reaches } from "./match.ts";
import { isContinuous, rulesOf, type Rule } from "./rules.ts";
import { ingestTables } from "./tables.ts";
import { agentNamed, factsOf, hold, knownAgents, severityIn, takeIn, type KnownAgent } from "./take-in.ts";

export interface Arriving {
  readonly now: number;
  readonly staleAfterMs: number;
}

export async function arrive(set: ChangeSet, tx: Tx, { now, staleAfterMs }: Arriving): Promise<void> {
  const rules = await rulesOf(tx.db, set.connection);
  if (rules.length === 0 && !(await isWalked(tx, set.connection))) return takeAll(set, tx, { now, staleAfterMs });
  const taken = rules.every(isContinuous) ? set : await holdBack(set, tx, rules);
  const outcomes = await takeIn(taken, tx, { rules, now, staleAfterMs });
  await countContinuous(tx, { rules, connection: set.connection, stream: set.stream, outcomes, now });
}

/** The mirror is replayed, because what is kept of it is made in another way: that waits for no schedule. */
export async function replay(set: ChangeSet, tx: Tx, { now, staleAfterMs }: Arriving): Promise<void> {
  const rules = await rulesOf(tx.db, set.connection);
  if (rules.length === 0 && !(await isWalked(tx, set.connection))) await takeAll(set, tx, { now, staleAfterMs });
  else await takeIn(set, tx, { rules, now, staleAfterMs });
}

/** Its last rule is gone, and some devices still stand as it had them. */
async function isWalked(tx: Tx, connection: string): Promise<boolean> {
  return (await ingestTables(tx.db).selectFrom("vuln_walks").select("phase").where("connection_id", "=", connection).executeTakeFirst()) !== undefined;
}

async function takeAll(set: ChangeSet, tx: Tx, { now, staleAfterMs }: Arriving): Promise<void> {
  if (set.stream === "agents") await reactToAgents(set, tx, now, staleAfterMs);
  else if (set.stream === "risks") await reactToRisks(set, tx, { now, staleAfterMs });
}

/** The rest of the set: what is taken in now. */
async function holdBack(set: ChangeSet, tx: Tx, rules: readonly Rule[]): Promise<ChangeSet> {
  const { connection, tenant, stream, firstRead = false } = set;
  const changes = [...set.inserted, ...set.changed, ...set.gone];
  const agentOfChange = (change: Change): string => (stream === "agents" ? change.id : agentNamed(change));
  const known = await knownAgents(tx, connection, changes.map(agentOfChange));
  const held: { readonly change: Change; readonly by: readonly Rule[] }[] = [];
  for (const change of changes) {
    const by = concerned(change, stream, known.get(agentOfChange(change)), rules);
    const goesOn = by.length === 0 || by.some((rule) => isContinuous(rule) || (firstRead && !rule.paused));
    if (!goesOn) held.push({ change, by });
  }
  if (held.length === 0) return set;
  const elsewhere = await liveElsewhere(tx, set, held.flatMap(({ change }) => (change.after === null ? [change.id] : [])));
  const waits = held.filter(({ change }) => !elsewhere.has(change.id) && (known.get(agentOfChange(change))?.tenant_id ?? tenant) === tenant);
  await hold(tx, waits.flatMap(({ change, by }) => by.map((rule) => ({ rule: rule.id, connection, stream, id: change.id, agent: agentOfChange(change), tenant }))));
  const ids = new Set(waits.map(({ change }) => change));
  const now = (list: readonly Change[]): readonly Change[] => list.filter((change) => !ids.has(change));
  return { ...set, inserted: now(set.inserted), changed: now(set.changed), gone: now(set.gone) };
}

/** The rules that cover it as it is, or covered it as it was. */
function concerned(change: Change, stream: ChangeSet["stream"], known: KnownAgent | undefined, rules: readonly Rule[]): readonly Rule[] {
  const before = known === undefined || known.scope === "none" ? undefined : factsOf(known);
  if (stream === "agents") {
    const after: Partial<AgentFacts> | undefined = change.after === null ? undefined : agentOf(change.after).facts;
    return rules.filter(({ match }) => (after !== undefined && coversDevice(match, after)) || (before !== undefined && coversDevice(match, before)));
  }
  // Of a device that no rule covers, nothing is held: all of its findings are looked up if one ever does.
  const facts = known === undefined ? null : before;
  if (facts === undefined) return [];
  const severities = [change.before, change.after].flatMap((row) => (row === null ? [] : [severityIn(row)]));
  return rules.filter((rule) => rule.mode === "scan" && coversDevice(rule.match, facts) && severities.some((severity) => reaches(rule.floor, severity)));
}

/** Rows that left this tenant and are still there: another's now. */
async function liveElsewhere(tx: Tx, { connection, stream }: ChangeSet, gone: readonly string[]): Promise<ReadonlySet<string>> {
  if (gone.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`SELECT id FROM ${sql.table(viewName(stream))} WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, gone)}`.execute(tx.db);
  return new Set(rows.map((row) => row.id));
}
