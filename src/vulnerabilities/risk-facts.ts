/**
 * Reads a risk: what it says of a CVE in an application, and what of one device. Scores come as text or numbers, severities in any case, the application joined with
 * its version or apart from it, and several fields only with a licence: all of that is read, and what is not there is null.
 */
import type { MirrorRow } from "../mirror/capability.ts";
import { field, fold, hashId, jsonOf, LONGEST_KEPT, momentOf, numberOf, textOf, type Cell } from "./cells.ts";
import { VULNERABILITY_SEVERITIES, type FindingFacts, type InstanceFacts, type SourceDecision } from "./model.ts";

export interface Risk {
  readonly rowId: string;
  readonly agent: string;
  readonly findingId: string;
  readonly instanceId: string;
  readonly version: string | null;
  /** Place in `VULNERABILITY_SEVERITIES`. */
  readonly severity: number;
  readonly finding: FindingFacts;
  readonly facts: InstanceFacts;
  /** False where the console says that it is gone. */
  readonly present: boolean;
  /** False where the device's scan is said to have failed: such a row closes nothing. */
  readonly scanned: boolean;
  readonly scanAt: number | null;
  readonly detectedAt: number | null;
}

const GONE: ReadonlySet<string> = new Set(["removed", "resolved"]);
const UNKNOWN = VULNERABILITY_SEVERITIES.indexOf("unknown");

/** Null where it names no CVE or no device: such a row is about nothing that could be counted. */
export function riskOf(row: MirrorRow): Risk | null {
  const cve = textOf(row["cve_id"])?.toUpperCase() ?? null;
  const agent = textOf(row["endpoint_id"]);
  if (cve === null || agent === null) return null;
  const { application, version } = softwareOf(row);
  const vendor = textOf(row["application_vendor"]);
  const finding: FindingFacts = {
    cve, application, vendor,
    baseScore: score(row["base_score"]), cvssVersion: textOf(row["cvss_version"]), nvdBaseScore: score(row["nvd_base_score"]), nvdCvssVersion: textOf(row["nvd_cvss_version"]), riskScore: score(row["risk_score"]),
    exploitedInTheWild: yesOrNo(row["exploited_in_the_wild"]), exploitMaturity: said(row["exploit_code_maturity"]), remediationLevel: said(row["remediation_level"]), reportConfidence: said(row["report_confidence"]),
    publishedAt: momentOf(row["published_date"]),
  };
  const rowStatus = textOf(row["status"]);
  const lastScanResult = textOf(row["last_scan_result"]);
  const tenant = String(row["tenant_id"]);
  const names = [cve, fold(vendor), fold(application)];
  return {
    rowId: String(row["id"]),
    agent,
    findingId: findingIdOf([tenant, ...names]),
    instanceId: hashId("ins", [String(row["connection_id"]), agent, ...names, fold(version)], [String(row["connection_id"]), agent]),
    version,
    severity: severityOf(row["severity"], finding),
    finding,
    facts: { rowStatus, lastScanResult, source: sourceDecision(row) },
    present: !GONE.has(fold(rowStatus)),
    scanned: !fold(lastScanResult).startsWith("fail"),
    scanAt: momentOf(row["last_scan_date"]),
    detectedAt: momentOf(row["detection_date"]),
  };
}

/** A finding comes back with every device it is on. */
const FINDINGS_KEPT = 5000;
let findingIds = new Map<string, string>();

function findingIdOf(names: readonly string[]): string {
  const key = names.join("\0");
  const known = findingIds.get(key);
  if (known !== undefined) return known;
  const id = hashId("fnd", names);
  if (key.length > LONGEST_KEPT) return id;
  if (findingIds.size > FINDINGS_KEPT) findingIds = new Map();
  findingIds.set(key, id);
  return id;
}

/** Apart where the console says so; else what looks like a version at the end of the display name is taken for one. */
export function softwareOf(row: MirrorRow): { readonly application: string; readonly version: string | null } {
  const joined = textOf(row["application"]);
  const stated = textOf(row["application_version"]);
  const name = textOf(row["application_name"]);
  if (name !== null) return { application: name, version: stated ?? behind(joined, name) };
  if (joined === null) return { application: "(unnamed)", version: stated };
  if (stated !== null) return { application: joined.endsWith(stated) && joined !== stated ? joined.slice(0, -stated.length).trim() : joined, version: stated };
  const parts = /^(.*\S)\s+v?(\d[\w.+~:-]*)$/u.exec(joined);
  return parts === null || !/[.\d]{2}/.test(parts[2] ?? "") ? { application: joined, version: null } : { application: parts[1] ?? joined, version: parts[2] ?? null };
}

function behind(joined: string | null, name: string): string | null {
  return joined !== null && joined.startsWith(`${name} `) ? textOf(joined.slice(name.length)) : null;
}

export function severityOf(cell: Cell, { baseScore, nvdBaseScore }: Pick<FindingFacts, "baseScore" | "nvdBaseScore">): number {
  const word = fold(textOf(cell)).replace(/^info$|^none$/, "informational");
  const place = (VULNERABILITY_SEVERITIES as readonly string[]).indexOf(word);
  if (place >= 0 && place !== UNKNOWN) return place;
  const from = baseScore ?? nvdBaseScore;
  if (from === null) return UNKNOWN;
  return from >= 9 ? 0 : from >= 7 ? 1 : from >= 4 ? 2 : from > 0 ? 3 : 4;
}

function score(cell: Cell): number | null {
  const value = numberOf(cell);
  return value === null || value < 0 || value > 10 ? null : value;
}

/** `None` and `Not Defined` say nothing. */
function said(cell: Cell): string | null {
  const text = textOf(cell);
  return text === null || ["none", "not defined", "n/a"].includes(fold(text)) ? null : text;
}

function yesOrNo(cell: Cell): boolean | null {
  const word = fold(textOf(cell));
  if (["yes", "true", "1"].includes(word)) return true;
  return ["no", "false", "0"].includes(word) ? false : null;
}

function sourceDecision(row: MirrorRow): SourceDecision {
  const mark = field(jsonOf(row["mark_type"]), "description");
  return {
    mitigationStatus: textOf(row["mitigation_status"]),
    mitigationReason: textOf(row["mitigation_status_reason"]),
    mitigationBy: textOf(row["mitigation_status_changed_by"]),
    mitigationAt: momentOf(row["mitigation_status_change_time"]),
    verdict: textOf(row["analyst_verdict"]),
    markedAs: typeof mark === "string" ? textOf(mark) : null,
    markedBy: textOf(row["marked_by"]),
    markedAt: momentOf(row["marked_date"]),
    reason: textOf(row["reason"]),
  };
}
