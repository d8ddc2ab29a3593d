/**
 * What a page of agents means: devices are kept with what they can be recognised by, made one with an earlier agent of the same device, or kept apart with the reason
 * written down. What is known of a device that is gone is no evidence of today: its findings become stale, and are never fixed by that.
 */
import { sql } from "kysely";
import type { ChangeSet } from "../mirror/capability.ts";
import { textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { agentOf, type AgentKey, type ReadAgent } from "./agent-facts.ts";
import { agentNumber, keyNumber, keysOf, learn, sharing } from "./agent-keys.ts";
import { judgingOf } from "./asset-judging.ts";
import type { Judging } from "./asset-rules.ts";
import { fold, hashId } from "./cells.ts";
import { markConnectionExposed, markExposed } from "./exposure.ts";
import type { AssetOutcome } from "./ingest/outcomes.ts";
import type { IngestScope } from "./ingest/match.ts";
import { match, simultaneous, type Candidate, type Doubt } from "./identity.ts";
import { judge, placeOf, tellStaleness } from "./judge.ts";
import type { AgentFacts, IdentifierKind } from "./model.ts";
import type { AgentRow, AmbiguityRow } from "./tables.ts";
import { agentFrom, placeKey, storedAgents, writeAgents, type Place } from "./write.ts";

const AMBIGUITIES: BulkUpsert = {
  table: "vuln_ambiguities",
  columns: [...["tenant_id", "kind", "key", "connection_id", "agent_id", "other_connection_id", "other_agent_id", "reason"].map((name) => ({ name, type: "text" as const })), { name: "at", type: "integer" }],
  key: ["tenant_id", "kind", "key", "connection_id", "agent_id", "other_connection_id", "other_agent_id"],
  update: ["reason"],
};

export function newAsset(connection: string, agent: string): string {
  return hashId("ast", [connection, agent]);
}

/** A device that only a risk has named so far. */
export function namedAgent(connection: string, tenant: string, id: string, scannedAt: number | null, scope: IngestScope, now: number): AgentRow {
  return { connection_id: connection, id, tenant_id: tenant, asset_id: newAsset(connection, id), name_key: null, uuid: null, active: 1, registered_at: null, last_active: null, scanned_at: scannedAt, evidence_at: scannedAt ?? now, stale: null, matched_by: null, matched_key: null, first_seen: now, gone_at: null, scope, facts: "{}", assigned: "", number: agentNumber(connection, id), keys: "[]" };
}

/** `scopeOf`: what of a device is ingested. Tells what it meant for each device that the page names. */
export async function reactToAgents(set: ChangeSet, tx: Tx, now: number, staleAfterMs: number, scopeOf: (agent: string) => IngestScope = () => "all"): Promise<ReadonlyMap<string, AssetOutcome>> {
  const { connection, tenant } = set;
  const met = new Map([...set.inserted, ...set.changed].flatMap(({ id, after }) => (after === null ? [] : [[id, agentOf(after)] as const])));
  const gone = set.gone.map(({ id }) => id);
  const stored = await storedAgents(tx, connection, [...met.keys(), ...gone]);
  const rows = new Map(stored.map((row) => [placeKey(placeOf(row)), row]));
  const before = new Map(rows);
  const inAsset = new Map<string, Map<string, AgentRow>>();
  const keep = (row: AgentRow): void => {
    const key = placeKey(placeOf(row));
    inAsset.get(rows.get(key)?.asset_id ?? "")?.delete(key);
    rows.set(key, row);
    inAsset.set(row.asset_id, (inAsset.get(row.asset_id) ?? new Map<string, AgentRow>()).set(key, row));
  };
  for (const row of stored) keep(row);
  const others = await findOthers(tx, tenant, [...met].filter(([id, agent]) => asks(before.get(placeKey({ connection, agent: id })), agent)).map(([, agent]) => agent));
  const doubts: AmbiguityRow[] = [];
  for (const [id, agent] of met) {
    const place = { connection, agent: id };
    const old = rows.get(placeKey(place));
    const ours = old?.tenant_id === tenant ? old : undefined;
    const own = ours?.asset_id ?? newAsset(connection, id);
    let row: AgentRow = {
      connection_id: connection, id, tenant_id: tenant, asset_id: own, name_key: fold(agent.facts.name) || null, uuid: agent.facts.uuid, active: agent.active ? 1 : 0, registered_at: agent.registeredAt,
      last_active: agent.lastActive, scanned_at: ours?.scanned_at ?? null, evidence_at: 0, stale: ours?.stale ?? null, matched_by: ours?.matched_by ?? null, matched_key: ours?.matched_key ?? null,
      first_seen: ours?.first_seen ?? now, gone_at: null, scope: scopeOf(id), facts: agent.text, assigned: ours?.assigned ?? "",
      number: old?.number ?? agentNumber(connection, id), keys: agent.keysText,
    };
    row = { ...row, evidence_at: Math.min(row.scanned_at ?? row.last_active ?? row.first_seen, now) };
    const self: Candidate = { connection, id, asset: row.asset_id, active: agent.active, registeredAt: agent.registeredAt, lastActive: agent.lastActive, keys: agent.keys };
    if (asks(ours, agent)) {
      const around = others.of(self).filter((other) => other.id !== id || other.connection !== connection);
      const found = match(self, around);
      if ((ours === undefined || ours.facts === "{}") && found.asset !== null && found.by !== null) row = { ...row, asset_id: found.asset, matched_by: found.by.kind, matched_key: found.by.key };
      const apart = found.doubts.filter(({ other }) => other.asset !== row.asset_id);
      doubts.push(...apart.map((doubt) => ambiguity(tenant, place, doubt, now)));
      others.add({ ...self, asset: row.asset_id });
    }
    // Made one while one followed the other; both at once are two.
    const sibling = [...(inAsset.get(row.asset_id)?.values() ?? [])].find((one) => one.tenant_id === tenant && !(one.id === id && one.connection_id === connection) && simultaneous(self, candidateOf(one)) !== null);
    const alone = sibling === undefined ? null : newAsset(connection, id);
    if (sibling !== undefined && alone !== null && row.asset_id !== alone) {
      doubts.push(ambiguity(tenant, place, { kind: (row.matched_by ?? "agent-id") as IdentifierKind, key: row.matched_key ?? id, other: candidateOf(sibling), reason: "they were one device until both were active at the same time" }, now));
      row = { ...row, asset_id: alone, matched_by: null, matched_key: null };
    }
    keep(row);
  }
  for (const id of gone) {
    const old = rows.get(placeKey({ connection, agent: id }));
    if (old === undefined || old.tenant_id !== tenant || met.has(id)) continue;
    keep({ ...old, active: 0, gone_at: now });
  }
  await joinSiblings(tx, tenant, rows, before);
  const judgings = new Map<string, Judging>();
  for (const [of, its] of Map.groupBy(rows.values(), (row) => row.tenant_id)) judgings.set(of, await judgingOf(tx, of, its.map((row) => row.connection_id), now, staleAfterMs));
  judge(rows, judgings);
  await writeAgents(tx, [...rows].filter(([key, row]) => changed(before.get(key), row)).map(([, row]) => row));
  await learn(tx, [...met.keys()].flatMap((id) => {
    const key = placeKey({ connection, agent: id });
    const after = rows.get(key);
    return after === undefined ? [] : [{ before: before.get(key), after }];
  }));
  if (doubts.length > 0) await tx.bulkUpsert(AMBIGUITIES, distinctDoubts(doubts));
  await tellStaleness(tx, before, rows, now);
  if (set.firstRead === true) await markConnectionExposed(tx, connection);
  else await markExposed(tx, [...rows].filter(([key, row]) => looksOtherwise(before.get(key), row)).map(([, row]) => placeOf(row)));
  return new Map([...met.keys(), ...gone].map((id) => [id, outcomeOf(before.get(placeKey({ connection, agent: id })), rows.get(placeKey({ connection, agent: id })))]));
}

/** What posture is told of a device may be another thing: it is new, another tenant's, or its own word on its applications changed. */
function looksOtherwise(old: AgentRow | undefined, row: AgentRow): boolean {
  if (old === undefined || old.tenant_id !== row.tenant_id || old.scope !== row.scope || (old.stale === null) !== (row.stale === null)) return true;
  return old.facts !== row.facts && appsStatusOf(old) !== appsStatusOf(row);
}

function appsStatusOf({ facts }: AgentRow): string | null {
  return (JSON.parse(facts) as Partial<AgentFacts>).appsStatus ?? null;
}

/** Identifiers are looked into when a device is new or what it is recognised by may have changed; a heartbeat asks nothing. */
function asks(old: AgentRow | undefined, agent: ReadAgent): boolean {
  return old === undefined || old.facts !== agent.text;
}

function candidateOf(row: AgentRow, keys: readonly AgentKey[] = []): Candidate {
  return { connection: row.connection_id, id: row.id, asset: row.asset_id, active: row.active === 1, registeredAt: row.registered_at, lastActive: row.last_active, keys };
}

interface Others {
  of(agent: Candidate): readonly Candidate[];
  add(agent: Candidate): void;
}

/** Whoever shares an identifier with one of the page, from one question. Those of the page itself are added as they come. */
async function findOthers(tx: Tx, tenant: string, agents: readonly ReadAgent[]): Promise<Others> {
  const known = new Map<string, Candidate>();
  const byKey = new Map<string, Set<string>>();
  const add = (agent: Candidate): void => {
    const place = placeKey({ connection: agent.connection, agent: agent.id });
    known.set(place, agent);
    for (const { kind, key } of agent.keys) {
      const name = `${kind} ${key}`;
      byKey.set(name, (byKey.get(name) ?? new Set()).add(place));
    }
  };
  const asked = agents.flatMap((agent) => agent.keys.map((key) => keyNumber(tenant, key)));
  if (asked.length > 0) {
    const { rows } = await sharing(tx.kind, tenant, asked).execute(tx.db);
    for (const row of rows) add(candidateOf(agentFrom(row), keysOf(row)));
  }
  return {
    of: (agent) => [...new Set(agent.keys.flatMap(({ kind, key }) => [...(byKey.get(`${kind} ${key}`) ?? [])]))].flatMap((place) => known.get(place) ?? []),
    add,
  };
}

/** Those of an asset that a new agent has just joined are judged with it. */
async function joinSiblings(tx: Tx, tenant: string, rows: Map<string, AgentRow>, before: Map<string, AgentRow>): Promise<void> {
  const joined = [...rows.values()].filter((row) => before.get(placeKey(placeOf(row)))?.asset_id !== row.asset_id && row.matched_by !== null).map((row) => row.asset_id);
  if (joined.length === 0) return;
  const { rows: found } = await sql<AgentRow>`SELECT * FROM vuln_agents WHERE tenant_id = ${tenant} AND asset_id IN ${textList(tx.kind, joined)}`.execute(tx.db);
  for (const row of found.map(agentFrom)) {
    const key = placeKey(placeOf(row));
    if (rows.has(key)) continue;
    rows.set(key, row);
    before.set(key, row);
  }
}

function changed(old: AgentRow | undefined, row: AgentRow): boolean {
  if (old === undefined) return true;
  return (Object.keys(row) as (keyof AgentRow)[]).some((name) => old[name] !== row[name]);
}

/** A heartbeat changes nothing that counts. */
function outcomeOf(old: AgentRow | undefined, row: AgentRow | undefined): AssetOutcome {
  if (row === undefined) return "unchanged";
  if (old === undefined) return "new";
  if (old.active === 1 && row.active === 0) return "deactivated";
  return old.facts !== row.facts || old.active !== row.active || old.asset_id !== row.asset_id || old.tenant_id !== row.tenant_id ? "changed" : "unchanged";
}

/** The same pair from either side is one row. */
function ambiguity(tenant: string, { connection, agent }: Place, { kind, key, other, reason }: Doubt, at: number): AmbiguityRow {
  const mine = { connection, agent };
  const theirs = { connection: other.connection, agent: other.id };
  const [a, b] = placeKey(mine) < placeKey(theirs) ? [mine, theirs] : [theirs, mine];
  return { tenant_id: tenant, kind, key, connection_id: a.connection, agent_id: a.agent, other_connection_id: b.connection, other_agent_id: b.agent, reason, at };
}

function distinctDoubts(doubts: readonly AmbiguityRow[]): (readonly (string | number)[])[] {
  const rows = new Map(doubts.map((one) => [JSON.stringify([one.kind, one.key, one.connection_id, one.agent_id, one.other_connection_id, one.other_agent_id]), one]));
  return [...rows.values()].map((one) => [one.tenant_id, one.kind, one.key, one.connection_id, one.agent_id, one.other_connection_id, one.other_agent_id, one.reason, one.at]);
}
