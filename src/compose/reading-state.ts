/** What the reader and the connection know of a connection's streams, as the access graph asks for it. */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { ReadingState } from "../access/index.ts";
import type { Connections } from "../connections/connections.ts";
import type { Store } from "../store/store.ts";
import { listRuns } from "../sync/run-history.ts";
import { readStates } from "../sync/stream-state.ts";

export async function readingState(store: Store, connections: Pick<Connections, "withReport">, id: ConnectionId): Promise<ReadingState | undefined> {
  const known = await connections.withReport(id);
  if (known === undefined) return undefined;
  const { view, report } = known;
  const states = await readStates(store, id);
  return {
    name: view.name,
    tenant: view.tenant as TenantId,
    paused: view.paused,
    level: view.scope?.level ?? null,
    streams: new Map(view.streams.map((stream) => [stream, states.find((state) => state.stream === stream)?.fault ?? null])),
    refused: new Map((report?.streams ?? []).filter(({ readable }) => !readable).map(({ stream, message }) => [stream, message])),
  };
}

/** How the reading of each stream stands, as the diagnosis of vulnerabilities asks for it. */
export async function streamFacts(store: Store, connections: Pick<Connections, "withReport">, id: ConnectionId) {
  const { view, report } = (await connections.withReport(id)) ?? { view: undefined, report: null };
  const states = new Map((await readStates(store, id)).map((state) => [state.stream, state]));
  return (stream: StreamId) => {
    const { fault = null, freshAt = null, paused = false } = states.get(stream) ?? {};
    const verified = report?.streams.find((one) => one.stream === stream);
    const missing = verified !== undefined && verified.missingPermission !== null;
    // Read since it was refused: the permission came.
    const since = fault === null && freshAt !== null && freshAt > Date.parse(report?.checkedAt ?? "");
    return { selected: view?.streams.includes(stream) ?? false, paused: view?.paused === true || paused, refused: missing && !since ? verified.message : null, fault, readOnce: freshAt !== null };
  };
}

/** As many as are kept of a connection. */
const RUNS = 500;

/** When its principals were last read whole, newest first, ms: of runs that are kept and did not fail on them. */
export async function endsOfReadings(store: Store, id: ConnectionId): Promise<readonly number[]> {
  const runs = await listRuns(EVERY_TENANT, store, { connection: id, limit: RUNS });
  const whole = (stream: string) => runs.filter((run) => run.endedAt !== null && run.streams.some((one) => one.stream === stream && one.phase === "done"));
  // A token that may not read users may still read service users.
  const users = whole("users");
  return (users.length > 0 ? users : whole("service-users")).map((run) => Date.parse(run.endedAt ?? "")).toSorted((left, right) => right - left);
}
