/** What the mirror holds, held against what the console has. */
import { isDeepStrictEqual } from "node:util";
import { viewName, type StreamId } from "../../src/kernel/stream-ids.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { recordId, type World } from "./world.ts";

type ApiRecord = Readonly<Record<string, unknown>>;

/** Times a row was declared gone although the console has the record: must always be empty. */
export async function wrongfullyGone(world: World, stream: StreamId): Promise<readonly string[]> {
  const there = new Set([...world.simulator.truth(stream)].map((record) => recordId(stream, record)));
  return (await world.rows(`${viewName(stream)}_history`)).map((row) => String(row["id"])).filter((id) => there.has(id));
}

/** One line for each record that is missing, too much or different; empty when the mirror equals the truth. `within` limits the truth. */
export async function differences(world: World, stream: StreamId, within: (record: ApiRecord) => boolean = () => true): Promise<readonly string[]> {
  const rows = new Map((await world.rows(viewName(stream))).map((row) => [String(row["id"]), row]));
  const lines: string[] = [];
  for (const record of truthOf(world.simulator, stream)) {
    if (!within(record)) continue;
    const id = recordId(stream, record);
    const row = rows.get(id);
    rows.delete(id);
    if (row === undefined) lines.push(`${id} is missing`);
    else if (!sameRecord(stream, record, JSON.parse(String(row["raw"])) as ApiRecord)) lines.push(`${id} is different`);
  }
  return [...lines, ...[...rows.keys()].map((id) => `${id} is not at the console`)];
}

function* truthOf(simulator: Simulator, stream: StreamId): Generator<ApiRecord> {
  for (const record of simulator.truth(stream)) yield JSON.parse(JSON.stringify(record)) as ApiRecord;
}

function sameRecord(stream: StreamId, record: ApiRecord, raw: ApiRecord): boolean {
  const { registrationToken: _secret, ...wanted } = record;
  // The reader adds the vendor it asked by.
  const { applicationVendor: _vendor, ...without } = raw;
  if (stream === "applications") return isDeepStrictEqual(without, wanted);
  // GraphQL gives what was asked for: each scalar of it has to be right.
  if (stream === "alerts") return Object.entries(raw).every(([key, value]) => typeof value === "object" || value === (wanted[key] ?? null));
  return isDeepStrictEqual(raw, wanted);
}
