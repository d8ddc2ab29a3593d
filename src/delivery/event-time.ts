/** When the version of a record that a fact tells of came to be, by the vendor's own times: for destinations that file events by time. */
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { StreamId } from "../kernel/stream-ids.ts";

type Path = readonly string[];

/** Where a stream keeps them, the one that moves with every version first. */
const PATHS: Readonly<Partial<Record<StreamId, readonly Path[]>>> = {
  alerts: [["updatedAt"], ["lastSeenAt"], ["detectedAt"], ["createdAt"]],
  threats: [["threatInfo", "updatedAt"], ["threatInfo", "identifiedAt"], ["threatInfo", "createdAt"]],
  "cloud-detection-alerts": [["alertInfo", "updatedAt"], ["alertInfo", "reportedAt"], ["alertInfo", "createdAt"]],
  activities: [["createdAt"], ["updatedAt"]],
};
const USUAL: readonly Path[] = [["updatedAt"], ["createdAt"]];

const EARLIEST = Date.UTC(2000, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** Milliseconds; null where the record has none that can be read. */
export function eventTime(stream: StreamId, record: Json): number | null {
  for (const path of PATHS[stream] ?? USUAL) {
    const ms = moment(at(record, path));
    if (ms !== null) return ms;
  }
  return null;
}

function at(record: Json, path: Path): Json | undefined {
  let value: Json | undefined = record;
  for (const key of path) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

/** RFC 3339 text, or milliseconds as a number or as text; what lies far outside our century is a mistake and no time. */
function moment(value: Json | undefined): number | null {
  const ms = typeof value === "number" || (typeof value === "string" && /^\d{13}$/.test(value)) ? Number(value) : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return ms >= EARLIEST && ms <= LATEST ? Math.floor(ms) : null;
}
