/**
 * What only the detail of an alert shows, worked out from the alert and its raw event: indicators, observables, counters, the OCSF form. An
 * alert that brings a field of its own, such as a loaded one, keeps it.
 */
import { hashText } from "../random.ts";
import { isRecord, readPath, type ApiRecord, type Scalar } from "../record.ts";
import { millis } from "../times.ts";
import { completeAlert } from "./defaults.ts";

const SEVERITIES: Readonly<Record<string, string>> = { "1": "INFO", "2": "LOW", "3": "MEDIUM", "4": "HIGH", "5": "CRITICAL" };

function records(value: unknown): readonly ApiRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function inside(record: ApiRecord, name: string): ApiRecord {
  const value = record[name];
  return isRecord(value) ? value : {};
}

function text(record: unknown, path: string): string | null {
  const value = readPath(record, path) as Scalar;
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null;
}

/** Epoch milliseconds, as number or text, to the time GraphQL shows. */
function timeOf(value: unknown): string | null {
  const ms = typeof value === "number" || typeof value === "string" ? Number(value) : Number.NaN;
  return Number.isFinite(ms) && Math.abs(ms) < 8e15 ? millis(ms * 1000) : null;
}

function attacksOf(raw: ApiRecord): readonly ApiRecord[] {
  return records(inside(raw, "finding_info")["attacks"]).map((attack) => {
    const [tactic] = records(attack["tactics"]);
    const technique = inside(attack, "technique");
    return {
      tactic: { name: tactic?.["name"] ?? null, uid: tactic?.["uid"] ?? null, sourceUrl: null },
      technique: { name: technique["name"] ?? null, uid: technique["uid"] ?? null, sourceUrl: null },
      version: attack["version"] ?? null,
    };
  });
}

const OBSERVED: readonly (readonly [path: string, type: string, typeName: string, name: string])[] = [
  ["src_endpoint.ip", "IP", "IP Address", "src_endpoint.ip"],
  ["src_endpoint.hostname", "HOSTNAME", "Hostname", "src_endpoint.hostname"],
  ["dst_endpoint.ip", "IP", "IP Address", "dst_endpoint.ip"],
  ["dst_endpoint.hostname", "HOSTNAME", "Hostname", "dst_endpoint.hostname"],
  ["device.hostname", "HOSTNAME", "Hostname", "device.hostname"],
  ["device.ip", "IP", "IP Address", "device.ip"],
  ["file.name", "FILE_NAME", "File Name", "file.name"],
  ["actor.user.name", "USERNAME", "User Name", "actor.user.name"],
];

function observablesOf(raw: ApiRecord): readonly ApiRecord[] {
  return records(raw["evidences"]).flatMap((evidence) =>
    OBSERVED.flatMap(([path, type, typeName, name]) => {
      const value = text(evidence, path);
      return value === null ? [] : [{ name, type, typeName, value }];
    }),
  );
}

/** Where Event Search would look for what is behind an alert. */
export function eventSearch(alert: ApiRecord): ApiRecord | null {
  const account = text(alert, "realTime.scope.account.id");
  const start = text(alert, "firstSeenAt") ?? text(alert, "detectedAt");
  if (start === null) return null;
  return {
    __typename: "EventSearchActionData",
    accountId: account,
    startTime: start,
    endTime: text(alert, "lastSeenAt") ?? start,
    filter: `alert.id = '${String(alert["id"])}'`,
    type: "LOG",
    view: { filter: null, type: "EDR" },
  };
}

function indicatorsOf(alert: ApiRecord, raw: ApiRecord): readonly ApiRecord[] {
  const observables = observablesOf(raw);
  const attacks = attacksOf(raw);
  return records(inside(raw, "finding_info")["related_events"]).map((event, place) => ({
    uid: text(event, "uid") ?? `${String(alert["id"])}-${String(place)}`,
    id: text(event, "uid") ?? `${String(alert["id"])}-${String(place)}`,
    type: event["type"] ?? null,
    title: alert["name"] ?? null,
    message: event["message"] ?? null,
    description: event["message"] ?? null,
    eventTime: timeOf(event["time"]) ?? text(alert, "detectedAt"),
    severity: SEVERITIES[String(event["severity_id"])] ?? "UNKNOWN",
    primary: place === 0,
    observables,
    attacks,
    eventSearchParams: eventSearch(alert),
  }));
}

function endpoint(record: ApiRecord): ApiRecord | null {
  return Object.keys(record).length === 0 ? null : { hostname: record["hostname"] ?? null, ip: record["ip"] ?? null, port: record["port"] ?? null, uid: record["uid"] ?? null };
}

function user(record: ApiRecord): ApiRecord | null {
  return Object.keys(record).length === 0 ? null : { name: record["name"] ?? null, domain: record["domain"] ?? null, uid: record["uid"] ?? null, fullName: record["full_name"] ?? null };
}

function hashesOf(file: ApiRecord): readonly ApiRecord[] {
  return records(file["hashes"]).map((hash) => ({ algorithmId: hash["algorithm_id"] ?? null, value: hash["value"] ?? null }));
}

function ocsfOf(alert: ApiRecord, raw: ApiRecord): ApiRecord {
  return {
    action: null,
    actionId: 0,
    startTimeDt: alert["firstSeenAt"] ?? null,
    endTimeDt: alert["lastSeenAt"] ?? null,
    evidences: records(raw["evidences"]).map((evidence) => {
      const actor = inside(evidence, "actor");
      const file = inside(evidence, "file");
      return {
        actor: { user: user(inside(actor, "user")), process: isRecord(actor["process"]) ? { cmdLine: actor["process"]["cmd_line"] ?? null, name: actor["process"]["name"] ?? null } : null },
        device: isRecord(evidence["device"]) ? { hostname: evidence["device"]["hostname"] ?? null, ip: evidence["device"]["ip"] ?? null, uid: evidence["device"]["uid"] ?? null } : null,
        srcEndpoint: endpoint(inside(evidence, "src_endpoint")),
        dstEndpoint: endpoint(inside(evidence, "dst_endpoint")),
        file: isRecord(evidence["file"]) ? { name: file["name"] ?? null, path: file["path"] ?? null, hashes: hashesOf(file) } : null,
        resources: records(raw["resources"]).map((resource) => ({
          uid: resource["uid"] ?? null,
          name: resource["name"] ?? null,
          type: resource["type"] ?? null,
          version: resource["version"] ?? null,
          owner: user(inside(resource, "owner")),
        })),
      };
    }),
    findingInfo: {
      attacks: attacksOf(raw).map((attack) => ({ tactics: [attack["tactic"]], technique: attack["technique"], version: attack["version"] })),
      dataSources: alert["dataSources"] ?? [],
      killChain: [],
      srcUrl: null,
    },
    observables: observablesOf(raw).map(({ name, typeName, value }) => ({ name, type: typeName, typeId: 0, value })),
    remediation: null,
    cloud: null,
  };
}

function processDetail(alert: ApiRecord): ApiRecord | null {
  const process = alert["process"];
  if (!isRecord(process)) return null;
  const known = (path: string): string | null => text(alert, path);
  return {
    userDisplayName: null,
    userDomain: known("detectionTime.asset.domain"),
    username: known("detectionTime.asset.lastLoggedInUser"),
    ...process,
    file: isRecord(process["file"]) ? { certExpiresAt: null, certSerialNumber: null, signatureVerification: "NotSigned", size: 10_000 + (hashText(String(alert["id"])) % 900_000), ...process["file"] } : null,
  };
}

/** An alert with everything its detail shows. */
export function detailOf(record: ApiRecord): ApiRecord {
  const alert = completeAlert(record);
  const raw = isRecord(alert["rawData"]) ? alert["rawData"] : {};
  const objects = text(alert, "classification") === "ENUMERATION" ? [{ key: "directory.objects.read", value: 20 + (hashText(String(alert["id"]), 7) % 4000) }] : [];
  return {
    counters: objects,
    enrichments: [],
    indicators: indicatorsOf(alert, raw),
    observables: observablesOf(raw),
    ocsf: ocsfOf(alert, raw),
    preemptiveMitigationType: null,
    relatedAlerts: [],
    selfLink: `/incidents/unified-alerts/${encodeURIComponent(String(alert["id"]))}/details`,
    ...alert,
    process: processDetail(alert),
  };
}

/** The alert beside the events behind it, as they came in. */
export function withRawIndicators(record: ApiRecord): ApiRecord {
  const alert = detailOf(record);
  const raw = isRecord(alert["rawData"]) ? alert["rawData"] : {};
  const rawIndicators = records(inside(raw, "finding_info")["related_events"]);
  return { alert, eventSearchParams: rawIndicators.length === 0 ? null : eventSearch(alert), hasNextPage: false, rawIndicators };
}

