/** What findings of all kinds share: verdict, status, confidence, outcome of the protection, and malware, from the vendor's words. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { text } from "../values.ts";
import { DETECTION_FINDING, type EventClass } from "./classes.ts";
import { ACTION, choose, isWord, CONFIDENCE, DISPOSITION, FINDING_STATUS, MALWARE_CLASS, OTHER, put, putList, SEVERITY, VERDICT, words, type Choice, type Draft } from "./enums.ts";
import { VENDOR, type Event } from "./event.ts";

const CREATE = 1;
const UPDATE = 2;
const CLOSE = 3;

const SEVERITY_WORDS = words({ UNKNOWN: 0, NONE: 1, INFO: 1, INFORMATIONAL: 1, LOW: 2, MEDIUM: 3, HIGH: 4, CRITICAL: 5, E_INFO: 1, E_LOW: 2, E_MEDIUM: 3, E_HIGH: 4, E_CRITICAL: 5 });
const CONFIDENCE_WORDS = words({ MALICIOUS: 3, SUSPICIOUS: 2, INFORMATIONAL: 1, N_A: 0, UNKNOWN: 0, UNDEFINED: 0 });
const STATUS_WORDS = words({ NEW: 1, UNRESOLVED: 1, IN_PROGRESS: 2, RESOLVED: 4 });
const ACTIVITY_OF_STATUS: ReadonlyMap<number, number> = new Map([[1, CREATE], [2, UPDATE], [4, CLOSE], [3, CLOSE], [5, CLOSE]]);

export function severityOf(word: Json | undefined, field: string, context: MapContext): Choice | undefined {
  return choose(word, field, SEVERITY_WORDS, SEVERITY, context);
}

export function confidenceOf(word: Json | undefined, field: string, context: MapContext): Choice | undefined {
  return choose(word, field, CONFIDENCE_WORDS, CONFIDENCE, context);
}

export function statusOf(word: Json | undefined, field: string, context: MapContext): Choice | undefined {
  return choose(word, field, STATUS_WORDS, FINDING_STATUS, context);
}

/** New, in progress, resolved: created, updated, closed. A status nobody knows is an update of something that exists. */
export function activityOf(status: Choice | undefined): number {
  return status === undefined ? CREATE : (ACTIVITY_OF_STATUS.get(status.id) ?? UPDATE);
}

/** Twenty words of the console for three verdicts; which of them it was stays in `unmapped`. */
const VERDICT_WORDS = words({
  UNDEFINED: 0,
  TRUE_POSITIVE: 2,
  FALSE_POSITIVE: 1,
  SUSPICIOUS: 4,
  ...Object.fromEntries(["BENIGN", "BENIGN_BUT_SUSPICIOUS", "SYSTEM_ERROR", "UNDEFINED", "USER_ERROR"].map((detail) => [`FALSE_POSITIVE_${detail}`, 1])),
  ...Object.fromEntries(
    [
      "ADVANCED_PERSISTENT_THREAT",
      "BENIGN",
      "BENIGN_BUT_SUSPICIOUS",
      "DATA_EXFILTRATION",
      "DENIAL_OF_SERVICE",
      "EXPLOITATION_TOOLS",
      "INSIDER_THREAT",
      "MALWARE",
      "PHISHING_ATTACK",
      "POLICY_VIOLATION",
      "PUA_ADWARE",
      "RANSOMWARE",
      "UNAUTHORIZED_ACCESS",
      "UNDEFINED",
    ].map((detail) => [`TRUE_POSITIVE_${detail}`, 2]),
  ),
});

export function verdictOf(word: Json | undefined, field: string, context: MapContext): Choice | undefined {
  return choose(word, field, VERDICT_WORDS, VERDICT, context);
}

/** The class, its activity, and the status it follows from. */
export function classify(event: Event, status: Choice | undefined, eventClass: EventClass = DETECTION_FINDING): void {
  event.classify(eventClass, activityOf(status));
  event.putChoice("status", status);
}

export function isClosed(event: Event): boolean {
  return event.document["activity_id"] === CLOSE;
}

/** A verdict belongs to the profile of incidents. */
export function putVerdict(event: Event, verdict: Choice | undefined): void {
  if (verdict === undefined) return;
  event.profile("incident");
  event.putChoice("verdict", verdict);
}

/** What the protection did and what became of it: numbers of `action_id` and `disposition_id`. */
export interface Outcome {
  readonly action: number;
  readonly disposition: number;
}

export const ALLOWED: Outcome = { action: 1, disposition: 10 };
export const BLOCKED: Outcome = { action: 2, disposition: 2 };
export const QUARANTINED: Outcome = { action: 2, disposition: 3 };
export const ISOLATED: Outcome = { action: 2, disposition: 4 };
export const CORRECTED: Outcome = { action: 4, disposition: 11 };
export const DETECTED: Outcome = { action: 3, disposition: 15 };

export function putOutcome(event: Event, outcome: Outcome | undefined): void {
  if (outcome === undefined) return;
  event.profile("security_control");
  event.putId("action", outcome.action, ACTION);
  event.putId("disposition", outcome.disposition, DISPOSITION);
}

/** An outcome that is in no list of the vendor's. */
export function putUnseenOutcome(event: Event, word: string): void {
  event.profile("security_control");
  event.putChoice("disposition", { id: OTHER, caption: word });
}

/** The vendor's classes of malware; 0 is one of those that are none. */
const MALWARE_WORDS = words({
  ADWARE: 1,
  TOOLBAR: 1,
  BACKDOOR: 2,
  DOWNLOADER: 6,
  DROPPER: 7,
  KEYLOGGER: 9,
  RANSOMWARE: 10,
  COINMINER: 13,
  CRYPTOMINER: 13,
  MINER: 13,
  ROGUE: 14,
  ROOTKIT: 15,
  SPYWARE: 17,
  TROJAN: 18,
  VIRUS: 19,
  WORM: 22,
  ...Object.fromEntries(
    ["BROWSER", "DIALER", "GENERIC_HEURISTIC", "HACKTOOL", "INFO_STEALER", "INFOSTEALER", "LINUX_MALWARE", "MALICIOUS_MACRO", "MALICIOUS_OFFICE_DOC", "MALICIOUS_PDF", "MALWARE", "PACKED", "PUA", "REMOTE_SHELL"].map((word) => [word, OTHER]),
  ),
  ...Object.fromEntries(
    ["APPLICATION_CONTROL", "BENIGN", "COMMAND_AND_CONTROL", "ENUMERATION", "EXPLOIT", "INTERACTIVE_SHELL", "LATERAL_MOVEMENT", "MANUAL", "NETWORK", "PHISHING", "UNDEFINED", "UNKNOWN", "N_A"].map((word) => [word, 0]),
  ),
});

export interface MalwareParts {
  readonly provider: string | undefined;
  readonly file: JsonObject | undefined;
}

/** Undefined for a classification that is about no malware. */
export function malwareOf(word: Json | undefined, field: string, { provider, file }: MalwareParts, context: MapContext): JsonObject | undefined {
  const kind = choose(word, field, MALWARE_WORDS, MALWARE_CLASS, context);
  const said = text(word);
  // A class nobody has seen may be one of no malware: it stays a type of the finding alone.
  if (kind === undefined || said === undefined || kind.id === 0 || !isWord(said, MALWARE_WORDS)) return undefined;
  const malware: Draft = { classification_ids: [kind.id], classifications: [kind.caption], name: said, provider: provider ?? VENDOR };
  if (file !== undefined) malware["files"] = [file];
  return malware;
}

/** Says something about what was found: a classification that is not the vendor's word for none. */
export function typesOf(...given: readonly (string | undefined)[]): readonly string[] {
  return given.filter((one) => one !== undefined && !/^(?:unknown|undefined|n\/a)$/i.test(one)) as readonly string[];
}

/** Where the console shows it; undefined where the console or the id is not known. */
export function linkTo(console: string | null, folder: "threats" | "unified-alerts", id: string, page: string): string | undefined {
  return console === null || id === UNKNOWN ? undefined : `${console}/incidents/${folder}/${encodeURIComponent(id.toWellFormed())}/${page}`;
}

/** Stands for an id that a record lacks and OCSF requires. */
export const UNKNOWN = "unknown";

export interface FindingParts {
  readonly uid: string;
  readonly uidAlt?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly types?: readonly string[];
  readonly analytic?: JsonObject | undefined;
  readonly attacks?: readonly JsonObject[];
  readonly dataSources?: readonly string[];
  readonly created?: number | undefined;
  readonly modified?: number | undefined;
  readonly firstSeen?: number | undefined;
  readonly lastSeen?: number | undefined;
  readonly url?: string | undefined;
  readonly product?: JsonObject | undefined;
}

export function infoOf(parts: FindingParts): Draft {
  const info: Draft = { uid: parts.uid };
  put(info, "uid_alt", parts.uidAlt);
  put(info, "title", parts.title);
  put(info, "desc", parts.description);
  putList(info, "types", parts.types ?? []);
  put(info, "analytic", parts.analytic);
  putList(info, "attacks", parts.attacks ?? []);
  putList(info, "data_sources", parts.dataSources ?? []);
  put(info, "created_time", parts.created);
  put(info, "modified_time", parts.modified);
  put(info, "first_seen_time", parts.firstSeen);
  put(info, "last_seen_time", parts.lastSeen);
  put(info, "src_url", parts.url);
  put(info, "product", parts.product);
  return info;
}

/** Findings name the attacks twice: the schema asks a security control to repeat them beside `finding_info`. */
export function putAttacks(event: Event, attacks: readonly JsonObject[]): void {
  if (attacks.length === 0) return;
  event.profile("security_control");
  event.putList("attacks", attacks);
}

export interface AnalyticParts {
  readonly type: Choice;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
  readonly category?: string | undefined;
  readonly description?: string | undefined;
}

/** What found it. It has to have a name or an id; its category stands for a name where that is all there is. */
export function analyticOf({ type, name, uid, category, description }: AnalyticParts): JsonObject | undefined {
  const known = name ?? (uid === undefined ? category : undefined);
  if (known === undefined && uid === undefined) return undefined;
  const analytic: Draft = { type_id: type.id, type: type.caption };
  put(analytic, "name", known);
  put(analytic, "uid", uid);
  put(analytic, "category", category);
  put(analytic, "desc", description);
  return analytic;
}
