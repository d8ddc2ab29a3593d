/** What a record changes by itself: the next step of its life, chosen by a number of the seed's. A record that is loaded may lack any field. */
import type { StreamId } from "../kernel/stream-ids.ts";
import { readPath, type ApiRecord, type Scalar, type Value } from "./record.ts";
import { micros } from "./times.ts";

type Changes = Readonly<Record<string, unknown>>;

const THREAT_WORDS: Readonly<Record<string, string>> = { unresolved: "Unresolved", in_progress: "In progress", resolved: "Resolved" };

/** Work on a case goes on to its end; one time in three what was closed is opened again. */
function nextStatus(status: Value, turn: number, [fresh, working, done]: readonly [string, string, string]): string {
  if (status === fresh) return turn % 3 === 0 ? done : working;
  if (status === working) return done;
  return turn % 3 === 0 ? fresh : working;
}

function threatChange(record: ApiRecord, turn: number): Changes {
  const incident = nextStatus(readPath(record, "threatInfo.incidentStatus"), turn, ["unresolved", "in_progress", "resolved"]);
  const contained = incident === "resolved" && turn % 4 !== 1 && readPath(record, "threatInfo.mitigationStatus") === "not_mitigated";
  return {
    "threatInfo.incidentStatus": incident,
    "threatInfo.incidentStatusDescription": THREAT_WORDS[incident],
    ...(contained ? { "threatInfo.mitigationStatus": "mitigated", "threatInfo.mitigationStatusDescription": "Mitigated" } : {}),
  };
}

/** Fields to set, named by dotted paths; `stamp` in microseconds. */
export function ordinaryChange(stream: StreamId, record: ApiRecord, turn: number, stamp: number): Changes {
  const field = (path: string): Scalar => readPath(record, path) as Scalar;
  switch (stream) {
    case "agents":
      return { lastActiveDate: micros(stamp), isActive: turn % 4 !== 0, lastIpToMgmt: `10.99.${String(turn % 250)}.${String((turn >>> 8) % 250)}` };
    case "threats":
      return threatChange(record, turn);
    case "alerts": {
      const status = nextStatus(field("status"), turn, ["NEW", "IN_PROGRESS", "RESOLVED"]);
      return status === "RESOLVED" && field("analystVerdict") === "UNDEFINED" ? { status, analystVerdict: turn % 2 === 0 ? "FALSE_POSITIVE_BENIGN" : "TRUE_POSITIVE_MALWARE" } : { status };
    }
    case "cloud-detection-alerts":
      return { "alertInfo.incidentStatus": nextStatus(field("alertInfo.incidentStatus"), turn, ["Unresolved", "In progress", "Resolved"]) };
    case "risks":
      return { status: field("status") === "Removed" ? "Detected" : "Removed" };
    case "applications":
      return { version: `9.${String(turn % 100)}.${String((turn >>> 8) % 100)}`, detectionDate: micros(stamp) };
    case "users":
      return { lastLogin: micros(stamp) };
    case "service-users":
      return { lastActivation: micros(stamp) };
    case "groups":
    case "sites":
    case "roles":
      return { description: `Changed ${String(turn % 10_000)}` };
    case "accounts":
      return { externalId: `C-${String(turn % 10_000)}` };
    case "activities":
      return { comments: `note ${String(turn % 10_000)}` };
    default:
      return stream satisfies never;
  }
}
