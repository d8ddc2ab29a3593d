/**
 * What a page of the mirror means for the graph: compared with what is stored, by one question for a page, written where it differs, and logged unless it was so
 * before anybody looked. A principal that is proven gone takes its bindings with it; when it returns, so do they.
 */
import { sql } from "kysely";
import type { ChangeSet, MirrorRow } from "../mirror/capability.ts";
import { textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { bindingBody, bindingSubject, labelsOf, placeOf, storedBindings, writeBindings } from "./binding-rows.ts";
import { holdingsOf, type HeldRole, type Holdings } from "./bindings.ts";
import { ChangeLog, changedFields, nameOf } from "./change-log.ts";
import { provenTo } from "./coverage.ts";
import { doubt, endBindings, loseBindings } from "./losses.ts";
import type { PrincipalFacts, PrincipalKind } from "./model.ts";
import { keysOf } from "./person-numbers.ts";
import { factsOf } from "./principals.ts";
import { idByName, inferRoles, reactToRoles, rolesByName } from "./roles.ts";
import { globalId, inferScopes, isScopeStream, reactToScopes, stateGlobal } from "./scopes.ts";
import type { BindingRow, PrincipalRow } from "./tables.ts";

const TEXTS = ["connection_id", "kind", "id", "tenant_id", "name_key", "email_key"] as const;
const NUMBERS = ["name_number", "mail_number", "unread"] as const;
const PRINCIPALS: BulkUpsert = {
  table: "access_principals",
  columns: [...TEXTS.map((name) => ({ name, type: "text" as const })), ...NUMBERS.map((name) => ({ name, type: "integer" as const })), { name: "facts", type: "text" }],
  key: ["connection_id", "kind", "id"],
  update: ["tenant_id", "name_key", "email_key", "name_number", "mail_number", "unread", "facts"],
  storable: true,
};

/** `quiet`: what is met was so before anybody looked. */
export async function reactToPage(set: ChangeSet, tx: Tx, now: number, quiet: boolean): Promise<void> {
  const readTo = quiet ? null : ((await provenTo(tx.db, set.connection)).get(set.stream) ?? null);
  const log = new ChangeLog({ connection: set.connection, tenant: set.tenant, at: now, absentAt: readTo, quiet });
  if (isScopeStream(set.stream)) await reactToScopes(set, tx, log);
  else if (set.stream === "roles") await reactToRoles(set, tx, log);
  else if (set.stream === "users") await reactToPrincipals("user", set, tx, log, { readTo, now, quiet });
  else if (set.stream === "service-users") await reactToPrincipals("service-user", set, tx, log, { readTo, now, quiet });
  await log.write(tx);
}

interface Met {
  readonly id: string;
  readonly facts: PrincipalFacts;
  readonly text: string;
  readonly holdings: Holdings;
}

interface Time {
  readonly readTo: number | null;
  readonly now: number;
  readonly quiet: boolean;
}

async function reactToPrincipals(kind: PrincipalKind, set: ChangeSet, tx: Tx, log: ChangeLog, time: Time): Promise<void> {
  const { connection, tenant } = set;
  const seen = [...set.inserted, ...set.changed];
  const ids = [...seen, ...set.gone].map(({ id }) => id);
  const stored = await storedPrincipals(tx, connection, kind, ids);
  const bindings = await storedBindings(tx, connection, kind, ids);
  const rows: (readonly (string | number | null)[])[] = [];
  const met = new Map<string, { readonly now: Met; readonly before: Holdings | null }>();
  for (const { id, before, after } of seen) {
    if (after === null) continue;
    const now = meet(kind, after);
    const old = stored.get(id);
    // One that was there before we kept any of it is not new.
    const was = old === undefined && before !== null ? meet(kind, before) : null;
    met.set(id, { now, before: was?.holdings ?? null });
    tell(log, kind, old === undefined ? (was?.facts ?? null) : (JSON.parse(old.facts) as PrincipalFacts), now, old?.facts === now.text);
    if (old?.tenant_id === tenant && old.facts === now.text && Number(old.unread) === now.holdings.unread) continue;
    const keys = keysOf(connection, now.facts);
    rows.push([connection, kind, id, tenant, keys.name_key, keys.email_key, keys.name_number, keys.mail_number, now.holdings.unread, now.text]);
  }
  if (rows.length > 0) await tx.bulkUpsert(PRINCIPALS, rows);
  await compareBindings(kind, set, tx, log, time, met, bindings);
  await forget(kind, set, tx, log, stored, bindings, met);
}

function meet(kind: PrincipalKind, row: MirrorRow): Met {
  const facts = factsOf(kind, row);
  return { id: String(row["id"]), facts, text: JSON.stringify(facts), holdings: holdingsOf(kind, row) };
}

function tell(log: ChangeLog, kind: PrincipalKind, before: PrincipalFacts | null, { id, facts }: Met, same: boolean): void {
  const subject = { subject: "principal", principal_kind: kind, principal_id: id } as const;
  const labels = { principal: nameOf(facts, id) };
  if (before === null) log.add({ ...subject, change: "added" }, undefined, facts, labels);
  else if (!same) for (const field of changedFields(before, facts)) log.add({ ...subject, change: "changed", field }, before[field], facts[field], labels);
}

async function compareBindings(kind: PrincipalKind, set: ChangeSet, tx: Tx, log: ChangeLog, { readTo, now, quiet }: Time, met: ReadonlyMap<string, { readonly now: Met; readonly before: Holdings | null }>, stored: ReadonlyMap<string, ReadonlyMap<string, BindingRow>>): Promise<void> {
  const { connection, tenant } = set;
  const place = await placesFor(tx, set, [...met.values()].flatMap((one) => [...one.now.holdings.held, ...(one.before?.held ?? [])]));
  const added: BindingRow[] = [];
  const kept: BindingRow[] = [];
  const sure: BindingRow[] = [];
  const unsure: BindingRow[] = [];
  for (const [id, { now: one, before }] of met) {
    const had = stored.get(id);
    const earlier = new Set((before?.held ?? []).map((held) => placeOf(place(held))));
    const has = new Set<string>();
    for (const held of one.holdings.held) {
      const at = place(held);
      const key = placeOf(at);
      if (has.has(key)) continue;
      has.add(key);
      const old = had?.get(key);
      const { role_id, scope_kind, scope_id } = at;
      if (old === undefined) (earlier.has(key) ? kept : added).push({ connection_id: connection, principal_kind: kind, principal_id: id, role_id, scope_kind, scope_id, tenant_id: tenant, seen_at: now, absent_at: earlier.has(key) ? null : readTo, doubted_at: null });
      else if (old.doubted_at !== null || old.tenant_id !== tenant) kept.push({ ...old, tenant_id: tenant, doubted_at: null });
    }
    for (const [key, old] of had ?? NOTHING) if (!has.has(key)) (one.holdings.whole && !quiet ? sure : unsure).push(old);
  }
  await infer(tx, set, met, place, [...added, ...kept]);
  await writeBindings(tx, [...added, ...kept]);
  const names = new Map([...met].map(([id, one]) => [id, nameOf(one.now.facts, id)]));
  if (added.length > 0 && !quiet) {
    const labels = await labelsOf(tx, connection, added, names);
    for (const row of added) log.add(bindingSubject("added", row), undefined, bindingBody(row), labels(row));
  }
  await doubt(tx, unsure, now);
  await loseBindings(tx, { set, kind, readTo, now }, sure, log, names);
}

const NOTHING: ReadonlyMap<string, BindingRow> = new Map();

type Place = Pick<BindingRow, "role_id" | "scope_kind" | "scope_id">;

/** Where a held role stands, by ids: names of roles and a console without an id of its own are looked up once for all. */
async function placesFor(tx: Tx, set: ChangeSet, all: readonly HeldRole[]): Promise<(held: HeldRole) => Place> {
  const byName = await rolesByName(tx, set.connection, [...new Set(all.flatMap((held) => (held.roleId === null && held.roleName !== null ? [held.roleName] : [])))]);
  for (const id of new Set(all.flatMap((held) => (held.scopeKind === "global" && held.scopeId !== null ? [held.scopeId] : [])))) await stateGlobal(tx, set, id);
  const global = all.some((held) => held.scopeId === null) ? await globalId(tx, set) : "";
  return ({ roleId, roleName, scopeKind, scopeId }) => ({ role_id: roleId ?? byName.get(roleName ?? "") ?? idByName(roleName ?? ""), scope_kind: scopeKind, scope_id: scopeId ?? global });
}

async function infer(tx: Tx, set: ChangeSet, met: ReadonlyMap<string, { readonly now: Met }>, place: (held: HeldRole) => Place, written: readonly BindingRow[]): Promise<void> {
  if (written.length === 0) return;
  const roles = new Map<string, { readonly id: string; readonly name: string }>();
  const scopes = new Map<string, HeldRole>();
  for (const { now } of met.values()) {
    for (const held of now.holdings.held) {
      const { role_id: id } = place(held);
      // Where one entry leaves the name out, another may give it.
      if ((roles.get(id)?.name ?? id) === id) roles.set(id, { id, name: held.roleName ?? id });
      if (held.scopeId === null) continue;
      const scope = `${held.scopeKind} ${held.scopeId}`;
      if ((scopes.get(scope)?.scopeName ?? null) === null) scopes.set(scope, held);
    }
  }
  await inferRoles(tx, set, [...roles.values()]);
  await inferScopes(tx, set, [...scopes.values()].flatMap(({ scopeKind, scopeId, scopeName }) => (scopeId === null ? [] : [{ kind: scopeKind, id: scopeId, name: scopeName }])));
}

async function forget(kind: PrincipalKind, set: ChangeSet, tx: Tx, log: ChangeLog, stored: ReadonlyMap<string, PrincipalRow>, bindings: ReadonlyMap<string, ReadonlyMap<string, BindingRow>>, met: ReadonlyMap<string, unknown>): Promise<void> {
  const gone = set.gone.flatMap(({ id }) => {
    const old = stored.get(id);
    // Whoever has it now has told so already.
    return old === undefined || old.tenant_id !== set.tenant || met.has(id) ? [] : [old];
  });
  if (gone.length === 0) return;
  const names = new Map<string, string>();
  for (const { id, facts: text } of gone) {
    const facts = JSON.parse(text) as PrincipalFacts;
    names.set(id, nameOf(facts, id));
    log.add({ subject: "principal", change: "removed", principal_kind: kind, principal_id: id }, facts, undefined, { principal: nameOf(facts, id) });
  }
  await endBindings(tx, set.connection, gone.flatMap(({ id }) => [...(bindings.get(id)?.values() ?? [])]), log, names);
  await sql`DELETE FROM access_principals WHERE connection_id = ${set.connection} AND kind = ${kind} AND id IN ${textList(tx.kind, gone.map(({ id }) => id))}`.execute(tx.db);
}

async function storedPrincipals(tx: Tx, connection: string, kind: PrincipalKind, ids: readonly string[]): Promise<ReadonlyMap<string, PrincipalRow>> {
  const { rows } = await sql<PrincipalRow>`SELECT * FROM access_principals WHERE connection_id = ${connection} AND kind = ${kind} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}
