/** Whom and what people mean: users by e-mail, id or name, scopes as `site:NAME`, roles by name or id. Several that fit are listed by id; what is not there and what is another tenant's look the same. */
import { sql, type RawBuilder } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { notFound } from "../kernel/reference.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { numberList, textList, withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { connectionsOf, principalFrom, roleFrom, scopeFrom } from "./graph.ts";
import { SCOPE_KINDS, type AccessRole, type Principal, type Scope, type ScopeKind } from "./model.ts";
import { alikeWords, likest, likestOf } from "./near.ts";
import { mailNumber, OF_NAME, rangeOfName } from "./person-numbers.ts";
import type { PrincipalRow, RoleRow, ScopeRow } from "./tables.ts";
import { fold } from "./words.ts";

export type Reader = Pick<Store, "read" | "kind">;

const MOST = 21;

/** By id, else by e-mail address, else by name, `user:` or `service-user:` before it where both have it; in the connection, or all that the scope sees. */
export async function findPrincipal(store: Reader, scope: TenantScope, reference: string, connection: ConnectionId | undefined): Promise<Principal> {
  const connections = connection === undefined ? await connectionsOf(store.read, scope) : [connection];
  const [, word, text] = /^(user|service-user):(.+)$/is.exec(reference.trim()) ?? [null, null, reference.trim()];
  const kinds = oneOf(store.kind, word === null || word === undefined ? ["user", "service-user"] : [word.toLowerCase()]);
  const within = oneOf(store.kind, connections);
  const key = fold(text ?? "") ?? "";
  const mailboxes = numbered(store.kind, "mail_number", connections.map((one) => mailNumber(one, key)), 1);
  const names = numbered(store.kind, "name_number", connections.map((one) => rangeOfName(one, key).from), OF_NAME);
  const ways = [
    { from: sql`access_principals`, where: sql`id = ${text ?? ""}` },
    { from: mailboxes, where: sql`email_key = ${key}` },
    { from: names, where: sql`name_key = ${key}` },
  ];
  for (const { from, where } of ways) {
    const { rows } = await sql<PrincipalRow>`
      SELECT * FROM ${from} WHERE connection_id ${within} AND kind ${kinds} AND ${where} AND ${withinScope(scope)} ORDER BY connection_id, kind, id LIMIT ${MOST}`.execute(store.read);
    const [only, second] = rows.map(principalFrom);
    if (only !== undefined && second === undefined) return only;
    if (only !== undefined) throw several("principals", rows.map((row) => `${row.kind}:${row.id} (${principalFrom(row).facts.email ?? principalFrom(row).facts.name ?? row.kind}, connection ${row.connection_id})`));
  }
  const people = sql`
    SELECT email_key AS key, email_key AS shown FROM access_principals WHERE connection_id ${within} AND kind ${kinds} AND ${withinScope(scope)}
    UNION ALL SELECT name_key AS key, name_key AS shown FROM access_principals WHERE connection_id ${within} AND kind ${kinds} AND ${withinScope(scope)}`;
  throw notFound("user or service user", "vedette access list principals", alikeWords(await likestOf(store, people, key)));
}

/** As a condition on a column. Nearly always it is a single one, which an engine finds sooner than one of a list. */
function oneOf(kind: Store["kind"], texts: readonly string[]): RawBuilder<unknown> {
  return texts.length === 1 ? sql`= ${texts[0]}` : sql`IN ${textList(kind, texts)}`;
}

/** Principals whose number lies within `span` of one of these. Found by that alone: an engine without statistics would rather go through all of a connection's. */
function numbered(kind: Store["kind"], column: "name_number" | "mail_number", starts: readonly number[], span: number): RawBuilder<unknown> {
  const number = sql.ref(`p.${column}`);
  return sql`(WITH starts(at) AS ${numberList(kind, starts)}, found AS MATERIALIZED (
    SELECT p.* FROM starts CROSS JOIN access_principals AS p WHERE ${number} >= starts.at AND ${number} < starts.at + CAST(${span} AS BIGINT)) SELECT * FROM found) AS numbered`;
}

/**
 * `global`, `account:`, `site:` or `group:` with an id or a name, or with the name of what it lies in before it (`group:Lyon Depot/Servers`); without the kind,
 * whichever has that id or name.
 */
export async function findScope(store: Reader, scope: TenantScope, reference: string, connection: ConnectionId | undefined): Promise<Scope> {
  const { kind, rest } = parted(reference);
  const connections = oneOf(store.kind, connection === undefined ? await connectionsOf(store.read, scope) : [connection]);
  const kinds = oneOf(store.kind, kind === null ? SCOPE_KINDS : [kind]);
  for (const condition of kind === "global" && rest === "" ? [THE_CONSOLE] : scopeConditions(rest)) {
    const { rows } = await sql<ScopeRow & { readonly parent_name: string | null }>`
      SELECT s.*, (SELECT name FROM access_scopes AS p WHERE p.connection_id = s.connection_id AND p.kind = s.parent_kind AND p.id = s.parent_id) AS parent_name FROM access_scopes AS s
      WHERE s.connection_id ${connections} AND s.kind ${kinds} AND ${condition} AND ${withinScope(scope, "s.tenant_id")} ORDER BY s.connection_id, s.kind, s.id LIMIT ${MOST}`.execute(store.read);
    const [only, second] = rows;
    if (only !== undefined && second === undefined) return scopeFrom(only);
    if (only !== undefined) throw several("scopes", rows.map((row) => `${row.kind}:${row.id} (${row.name ?? "no name"}${row.parent_kind === null ? "" : ` in ${row.parent_kind} ${row.parent_name ?? row.parent_id ?? ""}`}, connection ${row.connection_id})`));
  }
  const names = sql`SELECT name_key AS key, kind || ':' || name AS shown FROM access_scopes WHERE connection_id ${connections} AND kind ${kinds} AND ${withinScope(scope)}`;
  throw notFound(kind ?? "scope", "vedette access list scopes", alikeWords(await likestOf(store, names, rest.slice(rest.lastIndexOf("/") + 1))));
}

/** There is one console, whatever ids its records give it. */
const THE_CONSOLE = sql`s.id = (SELECT id FROM access_scopes AS g WHERE g.connection_id = s.connection_id AND g.kind = 'global' ORDER BY inferred, id LIMIT 1)`;

function scopeConditions(text: string): readonly RawBuilder<unknown>[] {
  const at = text.lastIndexOf("/");
  const [above, name] = at < 1 ? [null, null] : [text.slice(0, at).trim(), fold(text.slice(at + 1))];
  const below = sql`s.name_key = ${name ?? ""} AND EXISTS (
    SELECT 1 FROM access_scopes AS p WHERE p.connection_id = s.connection_id AND p.kind = s.parent_kind AND p.id = s.parent_id AND (p.id = ${above ?? ""} OR p.name_key = ${fold(above) ?? ""}))`;
  return [sql`s.id = ${text}`, sql`s.name_key = ${fold(text) ?? ""}`, ...(above === null || name === null ? [] : [below])];
}

function parted(reference: string): { readonly kind: ScopeKind | null; readonly rest: string } {
  const text = reference.trim();
  if (/^(global|tenant)$/i.test(text)) return { kind: "global", rest: "" };
  const at = text.indexOf(":");
  const word = at < 0 ? "" : text.slice(0, at).trim().toLowerCase();
  const kind = SCOPE_KINDS.find((known) => known === word) ?? null;
  return kind === null ? { kind: null, rest: text } : { kind, rest: text.slice(at + 1).trim() };
}

/** A name may be that of several roles, defined in several places: all of them are meant. */
export async function findRoles(store: Reader, scope: TenantScope, connection: ConnectionId, reference: string): Promise<readonly AccessRole[]> {
  const { rows } = await sql<RoleRow>`SELECT * FROM access_roles WHERE connection_id = ${connection} AND ${withinScope(scope)} ORDER BY id`.execute(store.read);
  const roles = rows.map(roleFrom);
  const exact = roles.filter(({ id }) => id === reference.trim());
  if (exact.length > 0) return exact;
  const key = fold(reference);
  return roles.filter(({ name }) => fold(name) === key);
}

/** For whoever asked for one that nobody calls so; there are few enough to name them all where none is like it. */
export async function otherRoles(store: Reader, scope: TenantScope, connection: ConnectionId, reference: string): Promise<string> {
  const { rows } = await sql<{ name: string }>`SELECT DISTINCT name FROM access_roles WHERE connection_id = ${connection} AND ${withinScope(scope)} ORDER BY name LIMIT 1000`.execute(store.read);
  const names = rows.map(({ name }) => name);
  const alike = likest(names, reference);
  if (alike.length > 0) return alikeWords(alike);
  return names.length === 0 ? "" : `Roles there are: ${names.slice(0, MOST - 1).map((name) => JSON.stringify(name)).join(", ")}${names.length >= MOST ? " …" : ""}. `;
}

function several(noun: string, found: readonly string[]): Fault {
  const shown = found.slice(0, MOST - 1);
  return new Fault("CONFIG_INVALID", `Several ${noun} are called that.`, { cure: `Give the id instead, with --connection where it is the same in several: ${shown.join("; ")}${found.length > shown.length ? "; …" : ""}.` });
}
