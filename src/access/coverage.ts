/**
 * What the graph of a connection rests on: for each stream, to when it is proven read, and if it is not, why. Every answer and every export carries it, so that
 * what is missing is said: "nobody" is only ever an answer about what was read.
 */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { withinScope } from "../store/conditions.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Database } from "../store/store.ts";
import type { AccessCoverage, StreamCoverage } from "../kernel/access-api.ts";
import { isoTime } from "../kernel/clock.ts";

export const ACCESS_STREAMS = ["accounts", "sites", "groups", "roles", "users", "service-users"] as const satisfies readonly StreamId[];
export type AccessStream = (typeof ACCESS_STREAMS)[number];

/** What the reader knows of a connection beside the mirror. */
export interface ReadingState {
  readonly name: string;
  readonly tenant: TenantId;
  readonly paused: boolean;
  /** What the token reaches: the whole console is `global`; null where it is not known. */
  readonly level: string | null;
  /** Of each stream that is read: the fault that its last reading ended with. A stream left out is not read. */
  readonly streams: ReadonlyMap<StreamId, { readonly kind: string; readonly message: string } | null>;
  /** Why streams are not read, where the token is the reason. */
  readonly refused: ReadonlyMap<StreamId, string>;
}

/** Undefined for a connection that was removed. */
export type ReadingStates = (connection: ConnectionId) => Promise<ReadingState | undefined>;

/** `scope`: who is told; the connection's name is for its own tenant. */
export type Coverage = (db: Database, connection: ConnectionId, scope: TenantScope) => Promise<AccessCoverage>;

export function createCoverage(states: ReadingStates): Coverage {
  return async (db, connection, scope) => {
    const state = await states(connection);
    const found = await foundOf(db, connection);
    const streams = ACCESS_STREAMS.map((stream) => streamCoverage(stream, state, found.get(stream) ?? NOTHING_FOUND));
    const notes = [...streams.flatMap(({ stream, state: of, reason }) => (of === "complete" ? [] : [`${stream}: ${reason ?? of}`])), ...reachNotes(state), ...(await hiddenNotes(db, scope, connection)), ...(await graphNotes(db, scope, connection))];
    return { connection, name: state !== undefined && scopeAllows(scope, state.tenant) ? state.name : null, complete: notes.length === 0, streams, notes };
  };
}

interface Found {
  readonly readTo: number | null;
  readonly owed: boolean;
  readonly parked: number;
}

const NOTHING_FOUND: Found = { readTo: null, owed: false, parked: 0 };

function streamCoverage(stream: AccessStream, state: ReadingState | undefined, { readTo, owed, parked }: Found): StreamCoverage {
  const at = readTo === null ? null : isoTime(readTo);
  const say = (word: StreamCoverage["state"], reason: string | null): StreamCoverage => ({ stream, readTo: at, state: word, reason });
  const fault = state?.streams.get(stream);
  const refusal = state?.refused.get(stream);
  if (state === undefined) return say("not-read", "the connection was removed");
  if (fault === undefined) return refusal === undefined ? say("not-read", "it was not asked for when the console was connected") : say("refused", refusal);
  if (fault?.kind === "permission" || fault?.kind === "credential") return say("refused", fault.message);
  if (readTo === null) return say("never-read", fault === null ? "its first reading has not ended" : `no reading has ended: ${fault.message}`);
  if (owed) return say("arriving", "its first reading is being taken in");
  if (fault !== null) return say("failing", `the last reading failed: ${fault.message}`);
  if (parked > 0) return say("partial", `${String(parked)} record${parked === 1 ? " was" : "s were"} set aside as unreadable`);
  if (state.paused) return say("paused", "reading is paused");
  return say("complete", null);
}

/** Who holds a role above what a token sees is not shown to it. */
function reachNotes(state: ReadingState | undefined): readonly string[] {
  const level = state?.level ?? null;
  if (level === null || level === "global" || level === "unknown") return [];
  return [`the token sees ${level === "account" ? "accounts" : level === "site" ? "sites" : "groups"} only: whoever holds a role above them may act there too, and is not shown`];
}

/** Said to whoever has sites of a console and not its people: "nobody" would be no answer. */
export const PEOPLE_HIDDEN = "the people of this console belong to another tenant and are not shown";

export async function hasHiddenPrincipals(db: Database, scope: TenantScope, connection: string): Promise<boolean> {
  if (scope.all) return false;
  const { rows } = await sql<{ first: string | null; last: string | null }>`
    SELECT (SELECT min(tenant_id) FROM access_principals WHERE connection_id = ${connection}) AS first, (SELECT max(tenant_id) FROM access_principals WHERE connection_id = ${connection}) AS last`.execute(db);
  const seen = new Set<string>(scope.tenants);
  return [rows[0]?.first ?? null, rows[0]?.last ?? null].some((tenant) => tenant !== null && !seen.has(tenant));
}

async function hiddenNotes(db: Database, scope: TenantScope, connection: ConnectionId): Promise<readonly string[]> {
  return (await hasHiddenPrincipals(db, scope, connection)) ? [PEOPLE_HIDDEN] : [];
}

/** Of what whoever asks may see: how much of another tenant's people is odd is no business of his. */
async function graphNotes(db: Database, scope: TenantScope, connection: ConnectionId): Promise<readonly string[]> {
  const { rows } = await sql<{ unread: number; roles: number }>`
    SELECT (SELECT count(*) FROM access_principals WHERE connection_id = ${connection} AND unread > 0 AND ${withinScope(scope)}) AS unread,
      (SELECT count(*) FROM access_roles WHERE connection_id = ${connection} AND permissions IS NULL AND ${withinScope(scope)}) AS roles`.execute(db);
  const unread = Number(rows[0]?.unread ?? 0);
  const roles = Number(rows[0]?.roles ?? 0);
  return [
    ...(unread === 0 ? [] : [`${String(unread)} principal${unread === 1 ? " holds" : "s hold"} something that could not be read as a role on a scope`]),
    ...(roles === 0 ? [] : [`what ${String(roles)} role${roles === 1 ? " permits" : "s permit"} could not be read`]),
  ];
}

export async function provenTo(db: Database, connection: ConnectionId): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ stream: string; read_to: number }>`SELECT stream, read_to FROM mirror_checkpoints WHERE connection_id = ${connection} AND read_to IS NOT NULL`.execute(db);
  return new Map(rows.map((row) => [row.stream, Number(row.read_to)]));
}

/**
 * Of each stream, in one question: every answer asks it. A parked record without a key can never come again to be read: where a later reading was proven without it, it
 * is no longer what the console shows.
 */
async function foundOf(db: Database, connection: ConnectionId): Promise<ReadonlyMap<string, Found>> {
  const { rows } = await sql<{ stream: string; what: keyof Found; n: number }>`
    SELECT stream, 'readTo' AS what, read_to AS n FROM mirror_checkpoints WHERE connection_id = ${connection} AND read_to IS NOT NULL
    UNION ALL SELECT stream, 'owed', 1 FROM mirror_owed WHERE capability = 'access' AND connection_id = ${connection}
    UNION ALL SELECT p.stream, 'parked', count(*) FROM mirror_parked AS p LEFT JOIN mirror_checkpoints AS c ON c.connection_id = p.connection_id AND c.stream = p.stream
      WHERE p.connection_id = ${connection} AND p.stream IN (${sql.join([...ACCESS_STREAMS])}) AND p.kind IN ('record', 'access')
        AND (p.record_key IS NOT NULL OR c.read_to IS NULL OR c.read_to <= p.last_at) GROUP BY p.stream`.execute(db);
  const found = new Map<string, Found>();
  for (const { stream, what, n } of rows) {
    const of = found.get(stream) ?? NOTHING_FOUND;
    found.set(stream, what === "readTo" ? { ...of, readTo: Number(n) } : what === "owed" ? { ...of, owed: true } : { ...of, parked: Number(n) });
  }
  return found;
}
