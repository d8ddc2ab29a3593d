/**
 * Why fields are empty: because a permission is missing, because a licence is, because nothing was scanned or read, or because there is nothing to say. Pure: what was read and
 * what was met goes in. Fields that come with one licence are judged together: where a console gives one of them, it gives them all, and an empty one is really empty.
 */
import type { FaultReport } from "../../kernel/fault.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { DiagnosisView } from "../../kernel/vulnerability-ingest-api.ts";
import { fold } from "../cells.ts";
import { WANTED } from "./permissions.ts";

type FieldView = DiagnosisView["fields"][number];
type StreamView = DiagnosisView["streams"][number];

const VULNERABILITY_LICENCE = "Singularity Vulnerability Management";
const NEWER_API = "Singularity exposure management (XSPM), whose API Vedette does not read";

interface Field {
  readonly field: string;
  readonly of: FieldView["of"];
  readonly source: string;
  readonly licence: string | null;
  /** What to do where it is empty and could be had. */
  readonly instead: string | null;
}

const finding = (field: string, source: string): Field => ({ field, of: "findings", source, licence: null, instead: null });
const licensed = (field: string, source: string, instead: string): Field => ({ field, of: "findings", source, licence: VULNERABILITY_LICENCE, instead });
const device = (field: string, source: string): Field => ({ field, of: "devices", source, licence: null, instead: null });

export const FIELDS: readonly Field[] = [
  finding("severity", "severity"), finding("base score", "baseScore"), finding("NVD base score", "nvdBaseScore"), finding("CVSS version", "cvssVersion"), finding("published", "publishedDate"), finding("detected", "detectionDate"),
  finding("version", "applicationVersion"), finding("vendor", "applicationVendor"), finding("last scan", "lastScanDate"), finding("scan result", "lastScanResult"), finding("analyst's verdict", "analystVerdict"),
  licensed("risk score", "riskScore", "The order of `vedette vulnerabilities fix-first` does not need it."),
  licensed("exploited in the wild", "exploitedInTheWild", "Load the catalogue of known exploited vulnerabilities: `vedette vulnerabilities intelligence load kev FILE`."),
  licensed("exploit maturity", "exploitCodeMaturity", "Load prediction scores: `vedette vulnerabilities intelligence load epss FILE`."),
  licensed("remediation level", "remediationLevel", "`vedette vulnerabilities fixes` works out updates from versions."),
  licensed("report confidence", "reportConfidence", "Nothing depends on it."),
  licensed("mitigation status", "mitigationStatus", "Decide here: `vedette vulnerabilities decide`."),
  device("serial number", "serialNumber"), device("model", "modelName"), device("network interfaces", "networkInterfaces"), device("tags", "tags"), device("cloud instance", "cloudProviders"), device("user", "lastLoggedInUserName"), device("application scan status", "appsVulnerabilityStatus"),
  { field: "version", of: "software", source: "version", licence: null, instead: null }, { field: "vendor", of: "software", source: "applicationVendor", licence: null, instead: null },
];

const STREAM: Readonly<Record<FieldView["of"], StreamId>> = { findings: "risks", devices: "agents", software: "applications" };

/** What is known of the reading of a stream. */
export interface StreamFacts {
  readonly selected: boolean;
  readonly paused: boolean;
  /** Missing permission, by the last verification. */
  readonly refused: string | null;
  readonly fault: FaultReport | null;
  readonly readOnce: boolean;
  readonly rows: number;
}

/** Of one field in the rows looked at. */
export interface FieldFacts {
  /** Has a value that says something. */
  readonly filled: number;
  /** Is there, and says nothing: `None`, `Not Defined`. */
  readonly mute: number;
}

export interface Looked {
  readonly rows: number;
  readonly fields: ReadonlyMap<string, FieldFacts>;
  /** Accounts of which no row has any licensed field, where others do. */
  readonly accountsWithout: readonly string[];
}

export interface ScanFacts {
  readonly devices: number;
  readonly scanned: number;
  readonly never: number;
  readonly old: number;
  readonly failed: number;
}

const MUTE: ReadonlySet<string> = new Set(["none", "not defined", "n/a"]);

/** `true` says something, `false` is there and says nothing, `null` is not there. */
export function saysSomething(value: unknown): boolean | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "string") return !MUTE.has(fold(value));
  if (Array.isArray(value)) return value.length > 0 ? true : null;
  if (typeof value === "object") return Object.values(value).some((one) => saysSomething(one) === true) ? true : null;
  return true;
}

export function streamView(stream: StreamId, facts: StreamFacts): StreamView {
  const wanted = WANTED.find((one) => one.stream === stream);
  const permission = wanted?.permission ?? "";
  const base = { stream, rows: facts.rows, permission };
  const grant = `Give the token's role ${wanted?.words ?? permission} (${permission}) in the console, then \`vedette connections verify\` and \`vedette sync --stream ${stream}\`.`;
  if (facts.refused !== null || facts.fault?.kind === "permission") return { ...base, state: "permission", message: `The token may not read it${facts.refused === null ? "" : `: ${facts.refused}`} Without it: ${wanted?.without ?? "nothing of it"}.`, cure: grant };
  if (!facts.selected) return { ...base, state: "not-selected", message: "The connection was told not to read it.", cure: "Add it to the connection's streams (PATCH /api/v1/connections/ID)." };
  if (facts.paused) return { ...base, state: "paused", message: "Its reading is paused.", cure: "Resume the stream, or the connection." };
  if (facts.fault !== null && facts.fault.kind !== "incomplete") return { ...base, state: "fault", message: `${facts.fault.code}: ${facts.fault.message}`, cure: facts.fault.cure };
  if (!facts.readOnce) return { ...base, state: "waiting", message: "It is not read to its end yet.", cure: "Wait, or `vedette sync`." };
  return { ...base, state: "read", message: "It is read.", cure: null };
}

export interface Evidence {
  readonly streams: ReadonlyMap<StreamId, StreamView>;
  readonly looked: Readonly<Record<FieldView["of"], Looked>>;
  readonly scans: ScanFacts;
}

export function fieldViews(evidence: Evidence): readonly FieldView[] {
  return FIELDS.map((field) => fieldView(field, evidence));
}

function fieldView({ instead, ...field }: Field, { streams, looked, scans }: Evidence): FieldView {
  const { rows, fields, accountsWithout } = looked[field.of];
  const facts = fields.get(field.source) ?? { filled: 0, mute: 0 };
  const base = { ...field, filled: facts.filled, looked: rows };
  const stream = streams.get(STREAM[field.of]);
  if (facts.filled > 0) {
    const some = field.licence !== null && accountsWithout.length > 0 ? ` No row of ${accountsWithout.slice(0, 5).join(", ")} has any field of ${field.licence}: the licence is probably not theirs.` : "";
    return { ...base, state: "filled", message: `In ${String(facts.filled)} of ${String(rows)} rows looked at.${some}`, cure: null };
  }
  if (rows === 0) {
    if (stream?.state === "permission") return { ...base, state: "permission", message: stream.message, cure: stream.cure };
    if (stream !== undefined && stream.state !== "read") return { ...base, state: "not-read", message: stream.message, cure: stream.cure };
    if (field.of === "findings" && scans.devices > 0 && scans.scanned === 0) return { ...base, state: "not-scanned", message: "There is no finding, and no device is known to have had its applications scanned.", cure: TURN_SCANS_ON };
    return { ...base, state: "unknown", message: "There is no row to look at.", cure: null };
  }
  if (field.licence === null) return { ...base, state: "empty", message: "Really empty: the console gives no value in any row looked at.", cure: null };
  const sisters = FIELDS.filter((one) => one.licence === field.licence && one.source !== field.source).map((one) => fields.get(one.source));
  const there = facts.mute > 0 || sisters.some((one) => one !== undefined && one.filled + one.mute > 0);
  if (there && facts.mute > 0) return { ...base, state: "empty", message: "Really empty: the console gives the field and says nothing in it.", cure: instead };
  if (there) return { ...base, state: "empty", message: `The licence is there (other fields of ${field.licence} are), and the listing of risks leaves this field out.`, cure: instead };
  return { ...base, state: "licence", message: `No row looked at has any of the fields that come with ${field.licence}: the console is probably not licensed for it.`, cure: instead === null ? `Ask for ${field.licence}.` : `Ask for ${field.licence}. Without it: ${instead}` };
}

const TURN_SCANS_ON = "Turn vulnerability scanning on in the console (Applications, policy settings), and see that agents are recent enough for it.";

/** What the listings that Vedette reads have not, and people look for. */
export function fieldsElsewhere(epssEntries: number): readonly FieldView[] {
  const base = { of: "findings" as const, filled: 0, looked: 0, licence: NEWER_API };
  return [
    epssEntries > 0
      ? { ...base, field: "EPSS score", source: "epssScore", state: "filled", message: `From the file that was loaded, of ${String(epssEntries)} CVEs.`, cure: null }
      : { ...base, field: "EPSS score", source: "epssScore", state: "not-read", message: "The listing of risks does not have it, whatever the licence.", cure: "Load the daily file: `vedette vulnerabilities intelligence load epss FILE`." },
    { ...base, field: "version that fixes", source: "fixVersion", state: "not-read", message: "The listing of risks does not have it, whatever the licence.", cure: "`vedette vulnerabilities fixes` names one above the highest version that is affected." },
  ];
}

export function scansView(facts: ScanFacts, risks: StreamView | undefined): DiagnosisView["scans"] {
  const { devices, scanned, never, old, failed } = facts;
  if (devices === 0) return { ...facts, message: "No device is known whose findings are ingested.", cure: null };
  if (risks?.state === "permission") return { ...facts, message: "What was scanned cannot be known: the token may not read risks.", cure: risks.cure };
  if (scanned === 0) return { ...facts, message: `None of ${String(devices)} devices is known to have had its applications scanned.`, cure: TURN_SCANS_ON };
  const parts = [`${String(scanned)} of ${String(devices)} devices were scanned lately`, ...(never > 0 ? [`${String(never)} never`] : []), ...(old > 0 ? [`${String(old)} not for 30 days`] : []), ...(failed > 0 ? [`the last scan of ${String(failed)} failed`] : [])];
  return { ...facts, message: `${parts.join("; ")}.`, cure: never + old + failed === 0 ? null : "`vedette vulnerabilities assets --staleness not-scanned` lists them. A scan wants the device on, its agent recent, and scanning on in its policy." };
}
