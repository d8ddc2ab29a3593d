/**
 * What happens to bindings that records stop stating. A revocation takes effect at once. A loss of more than max(20, 10 %) of them within one reading is more likely
 * the console's mistake: all of it is *doubted*, counts on, and ends only when a later reading that is proven complete does not state it either.
 */
import { sql } from "kysely";
import type { ChangeSet } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { bindingBody, bindingSubject, dropBindings, labelsOf, writeBindings } from "./binding-rows.ts";
import { ChangeLog, nameOf, type Labels } from "./change-log.ts";
import type { PrincipalFacts, PrincipalKind } from "./model.ts";
import { forgetUnusedRoles, inferRoles } from "./roles.ts";
import { forgetUnusedScopes, inferScopes } from "./scopes.ts";
import { tables, type BindingRow, type ChangeRow, type LossRow } from "./tables.ts";
import { scopeRef } from "./graph.ts";

const LEAST = 20;
const SHARE = 0.1;
/** Doubts looked into in one transaction. */
const DOUBTS_PAGE = 500;

export interface Losing {
  readonly set: ChangeSet;
  readonly kind: PrincipalKind;
  readonly readTo: number | null;
  readonly now: number;
}

/** `sure`: the record was legible and no longer states them. */
export async function loseBindings(tx: Tx, { set, kind, readTo, now }: Losing, sure: readonly BindingRow[], log: ChangeLog, names: ReadonlyMap<string, string>): Promise<void> {
  if (sure.length === 0) return;
  const loss = await countLoss(tx, set, kind, readTo ?? 0, sure.length);
  const limit = Math.max(LEAST, loss.held * SHARE);
  if (loss.lost > limit) {
    await doubt(tx, sure, now);
    if (loss.lost - sure.length <= limit) await restore(tx, set, kind, loss, now, log);
    return;
  }
  await endBindings(tx, set.connection, sure, log, names);
}

/** Takes bindings out of the graph and says so; what nothing names any more goes with them. */
export async function endBindings(tx: Tx, connection: string, rows: readonly BindingRow[], log: ChangeLog, names: ReadonlyMap<string, string>): Promise<void> {
  if (rows.length === 0) return;
  const labels = await labelsOf(tx, connection, rows, names);
  for (const row of rows) log.add(bindingSubject("removed", row), bindingBody(row), undefined, labels(row));
  await dropBindings(tx, connection, rows);
  await forgetUnusedScopes(tx, connection, rows.flatMap((row) => scopeRef(row.scope_kind, row.scope_id) ?? []));
  await forgetUnusedRoles(tx, connection, [...new Set(rows.map((row) => row.role_id))]);
}

/** One that is in doubt already stays so since then. */
export async function doubt(tx: Tx, rows: readonly BindingRow[], now: number): Promise<void> {
  await writeBindings(tx, rows.filter((row) => row.doubted_at === null).map((row) => ({ ...row, doubted_at: now })));
}

async function countLoss(tx: Tx, set: ChangeSet, kind: PrincipalKind, readTo: number, lost: number): Promise<LossRow> {
  const db = tables(tx.db);
  const known = await db.selectFrom("access_losses").selectAll().where("connection_id", "=", set.connection).where("stream", "=", set.stream).executeTakeFirst();
  const goesOn = known !== undefined && Number(known.read_to) === readTo;
  const held = goesOn ? Number(known.held) : await countHeld(tx, set.connection, kind);
  const after = goesOn ? Number(known.after_seq) : await lastSeq(tx);
  const place = { read_to: readTo, lost: (goesOn ? Number(known.lost) : 0) + lost, held, after_seq: after };
  await db.insertInto("access_losses").values({ connection_id: set.connection, stream: set.stream, ...place }).onConflict((conflict) => conflict.columns(["connection_id", "stream"]).doUpdateSet(place)).execute();
  return { connection_id: set.connection, stream: set.stream, ...place };
}

async function countHeld(tx: Tx, connection: string, kind: PrincipalKind): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM access_bindings WHERE connection_id = ${connection} AND principal_kind = ${kind}`.execute(tx.db);
  return Number(rows[0]?.n ?? 0);
}

async function lastSeq(tx: Tx): Promise<number> {
  const { rows } = await sql<{ seq: number | null }>`SELECT max(seq) AS seq FROM access_changes`.execute(tx.db);
  return Number(rows[0]?.seq ?? 0);
}

/** What this reading took away before it was too much comes back, in doubt, as it was. The log keeps both, which cancel each other out. */
async function restore(tx: Tx, set: ChangeSet, kind: PrincipalKind, loss: LossRow, now: number, log: ChangeLog): Promise<void> {
  const { connection } = set;
  const { rows } = await sql<ChangeRow>`
    SELECT c.* FROM access_changes AS c WHERE c.connection_id = ${connection} AND c.seq > ${loss.after_seq} AND c.subject = 'binding' AND c.change = 'removed' AND c.principal_kind = ${kind}
      AND EXISTS (SELECT 1 FROM access_principals AS p WHERE p.connection_id = c.connection_id AND p.kind = c.principal_kind AND p.id = c.principal_id)
      AND NOT EXISTS (
        SELECT 1 FROM access_bindings AS b WHERE b.connection_id = c.connection_id AND b.principal_kind = c.principal_kind AND b.principal_id = c.principal_id AND b.role_id = c.role_id
          AND b.scope_kind = c.scope_kind AND b.scope_id = c.scope_id)
    ORDER BY c.seq LIMIT ${Math.ceil(Math.max(LEAST, loss.held * SHARE)) + 1}`.execute(tx.db);
  const back = rows.flatMap((change) => {
    const { principal_kind: ofKind, principal_id: of, role_id: role, scope_kind: scopeKind, scope_id: scope } = change;
    if (ofKind === null || of === null || role === null || scopeKind === null || scope === null) return [];
    const was = JSON.parse(change.before ?? "{}") as { readonly seenAt?: number; readonly absentAt?: number | null };
    const labels = JSON.parse(change.labels) as Labels;
    const row: BindingRow = { connection_id: connection, principal_kind: ofKind, principal_id: of, role_id: role, scope_kind: scopeKind, scope_id: scope, tenant_id: change.tenant_id, seen_at: was.seenAt ?? now, absent_at: was.absentAt ?? null, doubted_at: now };
    return [{ row, labels }];
  });
  await inferRoles(tx, set, back.map(({ row, labels }) => ({ id: row.role_id, name: labels.role ?? row.role_id })));
  await inferScopes(tx, set, back.flatMap(({ row, labels }) => namedScope(row, labels)));
  await writeBindings(tx, back.map(({ row }) => row));
  for (const { row, labels } of back) log.add(bindingSubject("added", row), undefined, bindingBody(row), labels);
}

function namedScope(row: BindingRow, labels: Labels) {
  const scope = scopeRef(row.scope_kind, row.scope_id);
  return scope === null ? [] : [{ ...scope, name: labels.scope ?? null }];
}

type Doubted = BindingRow & { readonly read_to: number; readonly facts: string | null };

/**
 * Ends the bindings in doubt that a later complete reading does not state either; true where more are waiting. One whose record was set aside meanwhile says nothing,
 * and stays in doubt.
 */
export async function confirmLosses(tx: Tx, now: number): Promise<boolean> {
  const { rows } = await sql<Doubted>`
    SELECT b.*, c.read_to, p.facts FROM access_bindings AS b
    JOIN mirror_checkpoints AS c ON c.connection_id = b.connection_id AND c.stream = CASE b.principal_kind WHEN 'user' THEN 'users' ELSE 'service-users' END
    LEFT JOIN access_principals AS p ON p.connection_id = b.connection_id AND p.kind = b.principal_kind AND p.id = b.principal_id
    WHERE b.doubted_at IS NOT NULL AND c.read_to > b.doubted_at
      AND NOT EXISTS (SELECT 1 FROM mirror_parked AS k WHERE k.connection_id = b.connection_id AND k.stream = c.stream AND k.record_key = b.principal_id)
    LIMIT ${DOUBTS_PAGE}`.execute(tx.db);
  const groups = new Map<string, Doubted[]>();
  for (const row of rows) {
    const key = `${row.connection_id} ${row.tenant_id} ${row.principal_kind}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const log = new ChangeLog({ connection: first.connection_id, tenant: first.tenant_id, at: now, absentAt: null, quiet: false });
    const names = new Map(group.map((row) => [row.principal_id, row.facts === null ? row.principal_id : nameOf(JSON.parse(row.facts) as PrincipalFacts, row.principal_id)]));
    await endBindings(tx, first.connection_id, group, log, names);
    await log.write(tx);
  }
  return rows.length === DOUBTS_PAGE;
}
