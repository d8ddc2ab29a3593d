/**
 * What a page of agents means for posture: facts and keys of the devices are kept, verdicts that are others than those last told are told once. A
 * replayed page finds them told. A device that is proven gone, or becomes another tenant's, says farewell to the tenant that had it.
 */
import type { QueueFact } from "../kernel/fact.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { sql } from "kysely";
import type { ChangeSet } from "../mirror/capability.ts";
import { textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { evidenceByConnection, NEVER, type ConnectionEvidence, type EvidenceByConnection } from "./evidence.ts";
import { factsOf } from "./facts.ts";
import { exposureOf, type Exposures } from "./exposure.ts";
import { differs, farewell, judge, type Flip } from "./judge.ts";
import type { DeviceFacts, Rule } from "./model.ts";
import { DEVICES, deviceRow, KEYS, keysOf, readFacts, readTold, writeFacts } from "./project.ts";
import { liveRules } from "./rules-store.ts";
import { tables } from "./tables.ts";
import { tell } from "./telling.ts";

interface StoredDevice {
  readonly id: string;
  readonly tenant_id: string;
  readonly facts: string;
  readonly verdicts: string;
  readonly turns_at: number | null;
  readonly letters: string | null;
  readonly verdict: number | null;
}

interface Round {
  readonly rules: readonly Rule[];
  readonly byId: ReadonlyMap<string, Rule>;
  readonly evidence: EvidenceByConnection;
}

export async function reactToAgents(set: ChangeSet, tx: Tx, { queueFact, exposures }: { readonly queueFact: QueueFact<Tx>; readonly exposures: Exposures }, now: number): Promise<void> {
  const seen = [...set.inserted, ...set.changed];
  const stored = await storedDevices(tx, set.connection, [...seen, ...set.gone].map((change) => change.id));
  const rules = await liveRules(tx.db, EVERY_TENANT);
  const round: Round = { rules, byId: new Map(rules.map((rule) => [rule.id, rule])), evidence: await evidenceByConnection(tx.db) };
  const flips: Flip[] = [];
  const parting: string[] = [];
  const rows: (readonly (string | number | null)[])[] = [];
  const own = rules.filter((rule) => rule.tenant === null || rule.tenant === set.tenant);
  const moved = new Map<string, { readonly facts: DeviceFacts; readonly before: DeviceFacts | null }>();
  // An agent's record says nothing of weaknesses: what is known of them stays; of one that is new here, it may be known already.
  const exposed = await exposures.of(tx, seen.filter(({ id }) => stored.get(id)?.tenant_id !== set.tenant).map(({ id }) => ({ connection: set.connection, agent: id })));

  for (const { id, after } of seen) {
    if (after === null) continue;
    const before = stored.get(id);
    const stays = before?.tenant_id === set.tenant;
    const known = before === undefined ? null : readFacts(before.facts);
    const facts = factsOf(after, stays && known !== null ? known : exposureOf(exposed, { connection: set.connection, id, tenant: set.tenant }));
    if (before !== undefined && !stays) {
      flips.push(...leaving(before, set.connection, round));
      parting.push(id);
    }
    const judged = judge(own, facts, stays ? readTold(before.verdicts) : {}, { ...evidenceOf(set.connection, round), setAside: false }, "page", now);
    flips.push(...judged.flips);
    moved.set(id, { facts, before: known });
    if (!stays || differs(judged, before) || before.facts !== writeFacts(facts)) rows.push(deviceRow(facts, judged, now));
  }
  const gone: string[] = [];
  for (const { id } of set.gone) {
    const before = stored.get(id);
    // Whoever has it now has taken leave of the others already.
    if (before === undefined || before.tenant_id !== set.tenant || moved.has(id)) continue;
    flips.push(...leaving(before, set.connection, round));
    gone.push(id);
  }
  if (rows.length > 0) await tx.bulkUpsert(DEVICES, rows);
  await writeKeys(tx, set.connection, moved);
  await tell(tx, queueFact, flips, now);
  await endExceptions(tx, set.connection, [...parting, ...gone], now);
  await forgetDevices(tx, set.connection, gone);
}

function evidenceOf(connection: ConnectionId, round: Round): ConnectionEvidence {
  return round.evidence.get(connection) ?? { ...NEVER, weaknesses: NEVER };
}

function leaving(before: StoredDevice, connection: ConnectionId, round: Round): readonly Flip[] {
  const facts: DeviceFacts = { ...readFacts(before.facts), tenant: before.tenant_id as TenantId };
  return farewell(round.byId, facts, readTold(before.verdicts), evidenceOf(connection, round).at);
}

async function storedDevices(tx: Tx, connection: ConnectionId, ids: readonly string[]): Promise<ReadonlyMap<string, StoredDevice>> {
  const { rows } = await sql<StoredDevice>`
    SELECT id, tenant_id, facts, verdicts, turns_at, letters, verdict FROM posture_devices WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Only what is others than before: addresses change seldom, and a page has a thousand devices. */
async function writeKeys(tx: Tx, connection: ConnectionId, devices: ReadonlyMap<string, { readonly facts: DeviceFacts; readonly before: DeviceFacts | null }>): Promise<void> {
  const stale: string[] = [];
  const rows: string[][] = [];
  for (const [id, { facts, before }] of devices) {
    const keys = keysOf(facts);
    if (before !== null) {
      if (JSON.stringify(keysOf(before)) === JSON.stringify(keys)) continue;
      stale.push(id);
    }
    for (const { kind, key } of keys) rows.push([kind, key, connection, id]);
  }
  await forgetKeys(tx, connection, stale);
  if (rows.length > 0) await tx.bulkUpsert(KEYS, rows);
}

async function forgetKeys(tx: Tx, connection: string, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await sql`DELETE FROM posture_keys WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
}

export async function forgetDevices(tx: Tx, connection: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await forgetKeys(tx, connection, ids);
  await sql`DELETE FROM posture_devices WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
}

/** One that was granted for a device ends with it: whoever has that device next has granted nothing. */
async function endExceptions(tx: Tx, connection: ConnectionId, ids: readonly string[], now: number): Promise<void> {
  if (ids.length === 0) return;
  await tables(tx.db).updateTable("posture_exceptions").set({ ended_at: now, ended_by: "device-gone" }).where("connection_id", "=", connection).where("ended_at", "is", null)
    .where(sql<boolean>`device_id IN ${textList(tx.kind, ids)}`).execute();
}
