/** Whole pages of rows in one statement: INSERT … SELECT FROM unnest(arrays) ON CONFLICT. */
import type pg from "pg";
import type { BulkUpsert } from "./store.ts";
import { storableText, type StoredValue, type UpsertValue } from "./text.ts";

const ARRAY_TYPE = { text: "text[]", integer: "bigint[]", real: "double precision[]", json: "text[]" } as const;

export async function upsertPostgres(client: pg.PoolClient, spec: BulkUpsert, rows: Iterable<readonly UpsertValue[]>): Promise<void> {
  const text = upsertText(spec);
  for (const round of roundsOfDistinctKeys(spec, rows)) {
    const columns = spec.columns.map((_, place) => round.map((row) => storable(row[place] ?? null)));
    await client.query(text, columns);
  }
}

function storable(value: UpsertValue): StoredValue {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8");
  return typeof value === "string" ? storableText(value) : value;
}

/** One statement may not touch a row twice; a key that comes again waits for the next round, which keeps page order per key. */
function roundsOfDistinctKeys(spec: BulkUpsert, rows: Iterable<readonly UpsertValue[]>): readonly (readonly (readonly UpsertValue[])[])[] {
  const places = spec.key.map((name) => spec.columns.findIndex((column) => column.name === name));
  const times = new Map<string, number>();
  const rounds: (readonly UpsertValue[])[][] = [];
  for (const row of rows) {
    const key = JSON.stringify(places.map((place) => row[place]));
    const round = times.get(key) ?? 0;
    times.set(key, round + 1);
    const into = rounds[round];
    if (into === undefined) rounds.push([row]);
    else into.push(row);
  }
  return rounds;
}

const texts = new WeakMap<BulkUpsert, string>();

function upsertText(spec: BulkUpsert): string {
  const known = texts.get(spec);
  if (known !== undefined) return known;
  const names = spec.columns.map((column) => quoted(column.name)).join(", ");
  const arrays = spec.columns.map((column, place) => `$${String(place + 1)}::${ARRAY_TYPE[column.type]}`).join(", ");
  const update = spec.update.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(", ");
  const values = spec.columns.map(({ name, type }) => (type === "json" ? `${quoted(name)}::jsonb` : quoted(name))).join(", ");
  const text = `INSERT INTO ${quoted(spec.table)} (${names}) SELECT ${values} FROM unnest(${arrays}) AS rows (${names}) ON CONFLICT (${spec.key.map(quoted).join(", ")}) DO ${update === "" ? "NOTHING" : `UPDATE SET ${update}`}`;
  texts.set(spec, text);
  return text;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
