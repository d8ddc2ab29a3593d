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
  /** Both as they are kept and compared. */
  readonly findingText: string;
  readonly factsText: string;
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
  const agent = textOf(row["endpoint_id"]);
  const named = agent === null ? null : namedIn(row);
  if (agent === null || named === null) return null;
  const said = saidIn(row);
  const connection = String(row["connection_id"]);
  return {
    rowId: String(row["id"]), agent, findingId: named.id, instanceId: hashId("ins", [connection, agent, ...named.names, fold(named.version)], [connection, agent]), version: named.version, severity: named.severity,
    finding: named.finding, facts: said.facts, findingText: named.text, factsText: said.text, present: said.present, scanned: said.scanned, scanAt: momentOf(row["last_scan_date"]), detectedAt: momentOf(row["detection_date"]),
  };
}

/** What a row says of a CVE in an application, and which. */
interface Named {
  readonly id: string;
  readonly names: readonly [cve: string, vendor: string, application: string];
  readonly version: string | null;
  readonly severity: number;
  readonly finding: FindingFacts;
  readonly text: string;
}

/** What it says of one device, whichever. */
interface Said {
  readonly facts: InstanceFacts;
  readonly text: string;
  readonly present: boolean;
  readonly scanned: boolean;
}

/**
 * A finding comes back, word for word, with every device it is on; what is said of devices is mostly the same few things. Cells are asked for by their own names: by one that
 * varies, the engine takes several times as long.
 */
const namedIn = remembered(4000, readNamed, (row) => `${String(row["cve_id"])} ${String(row["application"] ?? row["application_name"])}`, (row) => [
  row["cve_id"], row["tenant_id"], row["application"], row["application_name"], row["application_version"], row["application_vendor"], row["severity"], row["base_score"], row["cvss_version"],
  row["nvd_base_score"], row["nvd_cvss_version"], row["risk_score"], row["exploited_in_the_wild"], row["exploit_code_maturity"], row["remediation_level"], row["report_confidence"], row["published_date"],
]);
const saidIn = remembered(1000, readSaid, (row) => `${String(row["status"])} ${String(row["mitigation_status"])} ${String(row["last_scan_result"])}`, (row) => [
  row["status"], row["last_scan_result"], row["mitigation_status"], row["mitigation_status_reason"], row["mitigation_status_changed_by"], row["mitigation_status_change_time"],
  row["analyst_verdict"], row["mark_type"], row["marked_by"], row["marked_date"], row["reason"],
]);

interface Remembered<Read> {
  readonly cells: readonly Cell[];
  readonly made: Read;
}

/** `read` asks a row for nothing but its `cells`, so that rows that agree in them need to be read once: of those with one key, the last is kept. The last of all is looked at first, without a key. */
function remembered<Read>(most: number, read: (row: MirrorRow) => Read, keyOf: (row: MirrorRow) => string, cellsOf: (row: MirrorRow) => readonly Cell[]): (row: MirrorRow) => Read {
  let kept = new Map<string, Remembered<Read>>();
  let last: Remembered<Read> | undefined;
  return (row) => {
    const cells = cellsOf(row);
    if (last !== undefined && agree(cells, last.cells)) return last.made;
    const key = keyOf(row);
    const known = kept.get(key);
    if (known !== undefined && agree(cells, known.cells)) {
      last = known;
      return known.made;
    }
    const made = read(row);
    // A console may send a text of any length: those are not what comes back.
    if (cells.some((cell) => typeof cell === "string" && cell.length > LONGEST_KEPT)) return made;
    if (kept.size >= most) kept = new Map();
    last = { cells, made };
    kept.set(key, last);
    return made;
  };
}

/** A plain loop: it is gone through twice for every row there is. */
function agree(cells: readonly Cell[], others: readonly Cell[]): boolean {
  for (let at = 0; at < cells.length; at += 1) if (cells[at] !== others[at]) return false;
  return true;
}

function readNamed(row: MirrorRow): Named | null {
  const cve = textOf(row["cve_id"])?.toUpperCase() ?? null;
  if (cve === null) return null;
  const { application, version } = softwareOf(row);
  const vendor = textOf(row["application_vendor"]);
  const finding: FindingFacts = {
    cve, application, vendor,
    baseScore: score(row["base_score"]), cvssVersion: textOf(row["cvss_version"]), nvdBaseScore: score(row["nvd_base_score"]), nvdCvssVersion: textOf(row["nvd_cvss_version"]), riskScore: score(row["risk_score"]),
    exploitedInTheWild: yesOrNo(row["exploited_in_the_wild"]), exploitMaturity: said(row["exploit_code_maturity"]), remediationLevel: said(row["remediation_level"]), reportConfidence: said(row["report_confidence"]),
    publishedAt: momentOf(row["published_date"]),
  };
  const names = [cve, fold(vendor), fold(application)] as const;
  return { id: hashId("fnd", [String(row["tenant_id"]), ...names]), names, version, severity: severityOf(row["severity"], finding), finding, text: JSON.stringify(finding) };
}

function readSaid(row: MirrorRow): Said {
  const rowStatus = textOf(row["status"]);
  const lastScanResult = textOf(row["last_scan_result"]);
  const facts: InstanceFacts = { rowStatus, lastScanResult, source: sourceDecision(row) };
  return { facts, text: JSON.stringify(facts), present: !GONE.has(fold(rowStatus)), scanned: !fold(lastScanResult).startsWith("fail") };
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
