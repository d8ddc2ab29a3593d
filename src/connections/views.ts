/** A stored connection as the API shows it, and as the reader takes it. Neither form has a place for a token. */
import { LOOK_BACK_DAYS } from "../kernel/alert-api.ts";
import type { ConnectionView, VerifyReport } from "../kernel/api.ts";
import { readDuration } from "../kernel/durations.ts";
import { FAULT_CODES } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { isStreamId, type StreamId } from "../kernel/stream-ids.ts";
import { expiryOf } from "./expiry-rules.ts";
import { readableStreams } from "./rules.ts";
import { connectionState, type KnownFault } from "./state.ts";
import type { ConnectionRow } from "./tables.ts";

/** What the reader needs to know of a connection (the shape `sync/` asks for). */
export interface ReadableConnection {
  readonly id: ConnectionId;
  readonly name: string;
  readonly tenant: TenantId;
  readonly url: string;
  readonly siteTenants: ReadonlyMap<string, TenantId>;
  readonly streams: readonly StreamId[];
  readonly paused: boolean;
  /** The token was refused: nothing is read until it is replaced or accepted again. */
  readonly credentialFault: boolean;
  readonly scopeFingerprint: string | null;
  readonly everyMs: Readonly<Partial<Record<StreamId, number>>>;
}

/** How often agents are read unless somebody says otherwise; the stream's own rhythm. */
const OWN_POLLING = "5m";

export interface RowSurroundings {
  readonly faults: readonly KnownFault[];
  readonly verifying: boolean;
  readonly leaving: boolean;
}

export function reportOf(row: ConnectionRow): VerifyReport | null {
  return row.report === null ? null : (JSON.parse(row.report) as VerifyReport);
}

/** What is read: what was asked for and may be read. */
export function streamsOf(row: ConnectionRow): StreamId[] {
  const readable = (JSON.parse(row.readable_streams) as string[]).filter(isStreamId);
  if (row.streams === null) return readable;
  const chosen = new Set(JSON.parse(row.streams) as string[]);
  return readable.filter((stream) => chosen.has(stream));
}

/** How a connection is, without what it is. */
export type ConnectionStanding = Pick<ConnectionView, "id" | "name" | "tenant" | "state" | "fault"> & { readonly token: Pick<ConnectionView["token"], "expiresAt" | "daysLeft"> };

type StandingRow = Pick<ConnectionRow, "id" | "name" | "tenant_id" | "paused" | "verified_at" | "syncing" | "token_expires_at">;

export function standingOf(row: StandingRow, around: RowSurroundings, now: number): ConnectionStanding {
  const { state, fault } = stateOf(row, around, now);
  return { id: row.id, name: row.name, tenant: row.tenant_id, state, fault, token: { expiresAt: row.token_expires_at, daysLeft: expiryOf(row.token_expires_at, now)?.daysLeft ?? null } };
}

function stateOf(row: StandingRow, around: RowSurroundings, now: number): ReturnType<typeof connectionState> {
  return connectionState({ paused: row.paused === 1 || around.leaving, verifying: around.verifying, verified: row.verified_at !== null, syncing: row.syncing === 1, faults: around.faults }, now);
}

export function connectionView(row: ConnectionRow, around: RowSurroundings, now: number, report = reportOf(row)): ConnectionView {
  const paused = row.paused === 1 || around.leaving;
  const { state, fault } = stateOf(row, around, now);
  const expiry = expiryOf(row.token_expires_at, now);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    labels: JSON.parse(row.labels) as Record<string, string>,
    owners: JSON.parse(row.owners) as string[],
    tenant: row.tenant_id,
    url: row.url,
    state,
    fault,
    paused,
    token: { form: row.token_form, createdAt: row.token_created_at, expiresAt: row.token_expires_at, daysLeft: expiry?.daysLeft ?? null, warning: expiry?.warning ?? null },
    identity: report?.identity ?? null,
    scope: report?.scope ?? null,
    roles: report?.roles ?? [],
    streams: streamsOf(row),
    polling: row.polling ?? OWN_POLLING,
    lookBackDays: row.look_back_days ?? LOOK_BACK_DAYS,
    createdAt: row.created_at,
    verifiedAt: row.verified_at,
  };
}

export function readable(row: ConnectionRow, around: RowSurroundings, siteTenants: ReadonlyMap<string, TenantId>): ReadableConnection {
  return {
    id: row.id as ConnectionId,
    name: row.name,
    tenant: row.tenant_id as TenantId,
    url: row.url,
    siteTenants,
    streams: streamsOf(row),
    paused: row.paused === 1 || around.leaving,
    credentialFault: around.faults.some((fault) => FAULT_CODES[fault.code].kind === "credential"),
    scopeFingerprint: row.scope_fingerprint,
    everyMs: pollingOf(row),
  };
}

function pollingOf(row: ConnectionRow): ReadableConnection["everyMs"] {
  const agents = row.polling === null ? null : readDuration(row.polling);
  return agents === null ? {} : { agents };
}

/** Columns that a fresh report fills. */
export function reportColumns(report: VerifyReport) {
  return {
    report: JSON.stringify(report),
    readable_streams: JSON.stringify(readableStreams(report)),
    token_form: report.token.form,
    token_created_at: report.token.createdAt,
    token_expires_at: report.token.expiresAt,
    verified_at: report.checkedAt,
  };
}
