/**
 * What one alert says, in the words that rules know: from what its case keeps of it, and from its row in the mirror while there is one. Pure. A word of the vendor's that is not
 * known stays as it is, in lower case.
 */
import type { AlertStream } from "../kernel/alert-api.ts";
import type { EntityKind } from "../kernel/case-api.ts";
import type { AlertFact } from "../kernel/case-triage-api.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import type { Kept } from "./model.ts";
import type { RecordedAlert } from "./triage-model.ts";

/** Facts that stand in one column, or in several. */
const COLUMNS: Readonly<Record<AlertStream, Readonly<Partial<Record<AlertFact, readonly string[]>>>>> = {
  threats: {
    confidence: ["confidence_level"], classification: ["classification"], detection: ["detection_type", "engines", "detection_engines"], initiator: ["initiated_by"], mitigation: ["mitigation_status"], path: ["file_path"], process: ["threat_name"],
    parent: ["originator_process"], "command-line": ["malicious_process_arguments"], hash: ["sha1", "sha256", "md5"], signer: ["publisher_name"], signature: ["file_verification_type"], reputation: ["cloud_files_hash_verdict"], user: ["process_user"], role: ["agent_machine_type"], address: ["agent_ip_v4", "external_ip"],
  },
  alerts: {
    confidence: ["confidence_level"], classification: ["classification"], detection: ["analytics_category", "analytics_name"], mitigation: ["result"], path: ["process_file_path"], process: ["process_file_name"], parent: ["process_parent_name"],
    "command-line": ["process_cmd_line"], hash: ["process_file_sha1", "process_file_sha256", "process_file_md5"], user: ["target_user_name", "target_user_email"], role: ["asset_role", "asset_category", "asset_subcategory"], address: ["attacker_ip", "attacker_host"],
  },
  "cloud-detection-alerts": {
    detection: ["indicator_category", "indicator_name", "rule_name"], path: ["source_process_file_path"], process: ["source_process_name"], parent: ["source_parent_process_name"], "command-line": ["source_process_commandline", "source_parent_process_commandline"],
    hash: ["source_process_file_hash_sha1", "source_process_file_hash_sha256", "source_process_file_hash_md5"], signer: ["source_process_file_signer_identity"], user: ["source_process_user", "logins_user_name"], role: ["agent_machine_type"], address: ["src_ip", "dst_ip"],
    domain: ["dns_request"], confidence: ["rule_treat_as_threat"],
  },
};

/** Columns of the mirror that are looked at, by stream. */
export const LOOKED_AT: Readonly<Record<AlertStream, readonly string[]>> = {
  threats: [...new Set([...Object.values(COLUMNS.threats).flat(), "is_valid_certificate", "failed_actions", "pending_actions", "reboot_required"])],
  alerts: [...new Set(Object.values(COLUMNS.alerts).flat())],
  "cloud-detection-alerts": [...new Set(Object.values(COLUMNS["cloud-detection-alerts"]).flat())],
};

/** What a case keeps of the alert, where the mirror has no row of it any more. */
const ENTITY_FACTS: Readonly<Partial<Record<EntityKind, AlertFact>>> = {
  device: "device", user: "user", file: "path", process: "process", sha1: "hash", sha256: "hash", md5: "hash", address: "address", domain: "domain", "command-line": "command-line", signer: "signer", technique: "technique",
};

const LONGEST = 2000;
const MOST = 40;

export function alertOf(member: Kept, row: MirrorRow | null): RecordedAlert {
  const facts = new Map<AlertFact, Set<string>>();
  const add = (fact: AlertFact, text: string | null): void => {
    const said = text?.trim().slice(0, LONGEST).toWellFormed() ?? "";
    if (said === "") return;
    const known = facts.get(fact) ?? new Set();
    if (known.size < MOST) known.add(said);
    facts.set(fact, known);
  };
  const { stream, status, verdict, severity, facts: kept } = member;
  add("stream", stream);
  add("name", kept.name);
  add("product", kept.product?.toLowerCase() ?? null);
  add("severity", FACT_SEVERITIES[severity] ?? null);
  add("status", status);
  add("console-verdict", verdict === "undefined" || verdict === "other" ? null : verdict);
  add("device", kept.device);
  add("user", kept.user);
  add("mitigation", kept.mitigation === null ? null : mitigationOf(kept.mitigation));
  for (const [kind, value] of kept.entities) {
    const fact = ENTITY_FACTS[kind];
    // The parent is among a case's processes too; the row tells the two apart.
    if (fact !== undefined && (row === null || !SAID_BY_ROW.has(fact))) add(fact, value);
  }
  if (row !== null && stream !== "agents") addRow(stream, row, add);
  return { id: member.id, facts: Object.fromEntries([...facts].map(([fact, texts]) => [fact, [...texts]])) };
}

const SAID_BY_ROW: ReadonlySet<AlertFact> = new Set(["process"]);

function addRow(stream: AlertStream, row: MirrorRow, add: (fact: AlertFact, text: string | null) => void): void {
  for (const [fact, columns] of Object.entries(COLUMNS[stream]) as readonly (readonly [AlertFact, readonly string[]])[]) {
    for (const column of columns) for (const text of textsOf(row[column])) add(fact, wordOf(fact, text));
  }
  if (isYes(row["is_valid_certificate"])) add("signature", "certificate-valid");
  if (isYes(row["failed_actions"])) add("action", "failed");
  if (isYes(row["pending_actions"])) add("action", "pending");
  if (isYes(row["reboot_required"])) add("action", "reboot-required");
}

/** A text, or those of a JSON list of texts or of things with a title. */
function textsOf(cell: string | number | null | undefined): readonly string[] {
  if (cell === null || cell === undefined) return [];
  const text = String(cell);
  if (!text.startsWith("[")) return [text];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [text];
    return (list as readonly unknown[]).flatMap((one) => (typeof one === "string" ? [one] : typeof one === "object" && one !== null && "title" in one && typeof one.title === "string" ? [one.title] : []));
  } catch {
    return [text];
  }
}

function wordOf(fact: AlertFact, text: string): string | null {
  switch (fact) {
    case "confidence":
      return text.toLowerCase() === "undefined" ? null : text.toLowerCase();
    case "classification":
      return text.toLowerCase() === "unknown" ? null : text.toLowerCase();
    case "detection":
    case "initiator":
    case "reputation":
      return text.toLowerCase();
    case "mitigation":
      return mitigationOf(text);
    case "role":
      return roleOf(text);
    case "signature":
      return signatureOf(text);
    default:
      return text;
  }
}

function mitigationOf(text: string): string {
  const word = text.toLowerCase().replace(/[\s-]+/g, "_");
  return word === "unmitigated" ? "not_mitigated" : word;
}

function roleOf(text: string): string {
  const word = text.toLowerCase();
  if (/domain.?controller/.test(word)) return "domain-controller";
  return word.includes("server") ? "server" : word;
}

function signatureOf(text: string): string {
  switch (text.toLowerCase()) {
    case "signedverified":
      return "verified";
    case "notsigned":
      return "unsigned";
    case "signedinvalid":
    case "signedunverified":
      return "invalid";
    default:
      return text.toLowerCase();
  }
}

/** The two engines give a boolean of JSON as a number or as a word. */
function isYes(cell: string | number | null | undefined): boolean {
  return cell === 1 || cell === "1" || cell === "true";
}
