/**
 * OCSF's closed lists that the maps fill (numbers and captions), and the vendor's words for each of their values. A word that is in neither
 * list becomes 99, with the vendor's own word as its caption, and is reported.
 */
import type { Json } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { text } from "../values.ts";
import type { Fields } from "./fields.ts";

export type Captions = Readonly<Record<number, string>>;
export interface Words {
  readonly exact: ReadonlyMap<string, number>;
  /** Other spellings that were met, each worked out once. */
  readonly spelt: Map<string, number>;
}
export type Draft = Record<string, Json>;

export const OTHER = 99;
const BOTH = { 0: "Unknown", 99: "Other" };

export const SEVERITY: Captions = { ...BOTH, 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal" };
export const CONFIDENCE: Captions = { ...BOTH, 1: "Low", 2: "Medium", 3: "High" };
/** Of an event. */
export const OUTCOME: Captions = { ...BOTH, 1: "Success", 2: "Failure" };
/** Of a remediation. */
export const REMEDIATION_OUTCOME: Captions = { ...OUTCOME, 3: "Does Not Exist", 4: "Partial", 5: "Unsupported", 6: "Error" };
/** Of a finding. */
export const FINDING_STATUS: Captions = { ...BOTH, 1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved", 5: "Archived", 6: "Deleted" };
export const VERDICT: Captions = {
  ...BOTH,
  1: "False Positive",
  2: "True Positive",
  3: "Disregard",
  4: "Suspicious",
  5: "Benign",
  6: "Test",
  7: "Insufficient Data",
  8: "Security Risk",
  9: "Managed Externally",
  10: "Duplicate",
};
export const ACTION: Captions = { ...BOTH, 1: "Allowed", 2: "Denied", 3: "Observed", 4: "Modified" };
/** Those that the maps give. */
export const DISPOSITION: Captions = { ...BOTH, 1: "Allowed", 2: "Blocked", 3: "Quarantined", 4: "Isolated", 10: "Exonerated", 11: "Corrected", 12: "Partially Corrected", 13: "Uncorrected", 14: "Delayed", 15: "Detected" };
export const ANALYTIC_TYPE: Captions = {
  ...BOTH,
  1: "Rule",
  2: "Behavioral",
  3: "Statistical",
  4: "Learning (ML/DL)",
  5: "Fingerprinting",
  6: "Tagging",
  7: "Keyword Match",
  8: "Regular Expressions",
  9: "Exact Data Match",
  10: "Partial Data Match",
  11: "Indexed Data Match",
};
export const OS_TYPE: Captions = { ...BOTH, 100: "Windows", 101: "Windows Mobile", 200: "Linux", 201: "Android", 300: "macOS", 301: "iOS", 302: "iPadOS", 400: "Solaris", 401: "AIX", 402: "HP-UX" };
export const DEVICE_TYPE: Captions = {
  ...BOTH,
  1: "Server",
  2: "Desktop",
  3: "Laptop",
  4: "Tablet",
  5: "Mobile",
  6: "Virtual",
  7: "IOT",
  8: "Browser",
  9: "Firewall",
  10: "Switch",
  11: "Hub",
  12: "Router",
  13: "IDS",
  14: "IPS",
  15: "Load Balancer",
};
export const AGENT_TYPE: Captions = { ...BOTH, 1: "Endpoint Detection and Response", 5: "Vulnerability Management" };
export const USER_TYPE: Captions = { ...BOTH, 1: "User", 2: "Admin", 3: "System", 4: "Service" };
export const FILE_TYPE: Captions = { ...BOTH, 1: "Regular File", 2: "Folder", 3: "Character Device", 4: "Block Device", 5: "Local Socket", 6: "Named Pipe", 7: "Symbolic Link", 8: "Executable File" };
export const HASH_ALGORITHM: Captions = { ...BOTH, 1: "MD5", 2: "SHA-1", 3: "SHA-256", 4: "SHA-512", 5: "CTPH", 6: "TLSH", 7: "quickXorHash" };
export const SIGNATURE_ALGORITHM: Captions = { ...BOTH, 1: "DSA", 2: "RSA", 3: "ECDSA", 4: "Authenticode", 5: "Code Signing", 6: "App Package" };
export const SIGNATURE_STATE: Captions = { ...BOTH, 1: "Valid", 2: "Expired", 3: "Revoked", 4: "Suspended", 5: "Pending", 6: "Untrusted", 7: "Distrusted", 8: "WrongUsage", 9: "Bad", 10: "Broken" };
export const INTEGRITY: Captions = { ...BOTH, 1: "Untrusted", 2: "Low", 3: "Medium", 4: "High", 5: "System", 6: "Protected" };
export const RESOURCE_ROLE: Captions = { ...BOTH, 1: "Target", 2: "Actor", 3: "Affected", 4: "Related" };
export const KILL_CHAIN_PHASE: Captions = { ...BOTH, 1: "Reconnaissance", 2: "Weaponization", 3: "Delivery", 4: "Exploitation", 5: "Installation", 6: "Command & Control", 7: "Actions on Objectives" };
export const DIRECTION: Captions = { ...BOTH, 1: "Inbound", 2: "Outbound", 3: "Lateral", 4: "Local" };
export const PROTOCOL_VERSION: Captions = { ...BOTH, 4: "Internet Protocol version 4 (IPv4)", 6: "Internet Protocol version 6 (IPv6)" };
export const LOGON_TYPE: Captions = {
  ...BOTH,
  1: "System",
  2: "Interactive",
  3: "Network",
  4: "Batch",
  5: "OS Service",
  7: "Unlock",
  8: "Network Cleartext",
  9: "New Credentials",
  10: "Remote Interactive",
  11: "Cached Interactive",
  12: "Cached Remote Interactive",
  13: "Cached Unlock",
};
export const SCRIPT_TYPE: Captions = { ...BOTH, 1: "Windows Command Prompt", 2: "PowerShell", 3: "Python", 4: "JavaScript", 5: "VBScript", 6: "Unix Shell", 7: "VBA" };
export const ENTITY_TYPE: Captions = { ...BOTH, 1: "Device", 2: "User", 3: "Group", 4: "Organization", 5: "Policy", 6: "Email", 7: "Network Zone" };
export const SCAN_TYPE: Captions = { ...BOTH, 1: "Manual", 2: "Scheduled", 3: "Updated Content", 4: "Quarantined Items", 5: "Attached Media", 6: "User Logon", 7: "ELAM" };
export const JOB_TYPE: Captions = { ...BOTH, 1: "Task Scheduler", 2: "Cron", 3: "Systemd", 4: "Launchd" };
export const LOAD_TYPE: Captions = { ...BOTH, 1: "Standard", 2: "Non Standard", 3: "ShellCode", 4: "Mapped", 5: "NonStandard Backed" };
export const INJECTION_TYPE: Captions = { ...BOTH, 1: "Remote Thread", 2: "Load Library", 3: "Queue APC" };
export const ACCOUNT_TYPE: Captions = { ...BOTH, 1: "LDAP Account", 2: "Windows Account", 3: "AWS IAM User", 4: "AWS IAM Role", 5: "GCP Account", 6: "Azure AD Account", 7: "Mac OS Account", 8: "Apple Account", 9: "Linux Account", 10: "AWS Account", 11: "GCP Project", 12: "OCI Compartment", 13: "Azure Subscription", 14: "Salesforce Account", 15: "Google Workspace", 16: "Servicenow Instance", 17: "M365 Tenant", 18: "Email Account", 19: "ActiveDirectory Account" };
/** Those that the maps give. */
export const MALWARE_CLASS: Captions = { ...BOTH, 1: "Adware", 2: "Backdoor", 6: "Downloader", 7: "Dropper", 8: "Exploit-Kit", 9: "Keylogger", 10: "Ransomware", 11: "Remote-Access-Trojan", 13: "Resource-Exploitation", 14: "Rogue-Security-Software", 15: "Rootkit", 17: "Spyware", 18: "Trojan", 19: "Virus", 22: "Worm" };

export function words(table: Readonly<Record<string, number>>): Words {
  return { exact: new Map(Object.entries(table)), spelt: new Map() };
}

/** `In progress`, `in_progress`, `IN_PROGRESS`: one word. */
function plain(word: string): string {
  return word.trim().toUpperCase().replace(/[^A-Z0-9]+/g, "_");
}

export function isWord(word: string, known: Words): boolean {
  return idOf(word, known) !== undefined;
}

const MAX_KNOWN = 200;
/** The number of a word in any of its spellings. */
function idOf(word: string, { exact, spelt }: Words): number | undefined {
  const known = exact.get(word) ?? spelt.get(word);
  if (known !== undefined) return known;
  const id = exact.get(plain(word));
  // Words come from short lists; one made up for each record must not fill the memory.
  if (id !== undefined && spelt.size < MAX_KNOWN) spelt.set(word, id);
  return id;
}

const byCaption = new WeakMap<Captions, ReadonlyMap<string, number>>();

function captionWords(captions: Captions): ReadonlyMap<string, number> {
  const known = byCaption.get(captions);
  if (known !== undefined) return known;
  const made = new Map(Object.entries(captions).map(([id, caption]) => [plain(caption), Number(id)]));
  byCaption.set(captions, made);
  return made;
}

export interface Choice {
  readonly id: number;
  readonly caption: string;
}

/** The number that a word of the vendor's stands for; undefined without a word. */
export function choose(word: Json | undefined, field: string, known: Words, captions: Captions, context: MapContext): Choice | undefined {
  const said = text(word);
  if (said === undefined) return undefined;
  const id = idOf(said, known);
  if (id !== undefined) return { id, caption: id === OTHER ? said : (captions[id] ?? said) };
  context.unseen(field, said);
  const like = captionWords(captions).get(plain(said));
  return like === undefined || like === OTHER ? { id: OTHER, caption: said } : { id: like, caption: captions[like] ?? said };
}

const idNames = new Map<string, string>();

/** `severity` → `severity_id`, put together once: a name made anew for each document would have to be looked up as text each time. */
function idName(name: string): string {
  const known = idNames.get(name);
  if (known !== undefined) return known;
  const made = `${name}_id`;
  idNames.set(name, made);
  return made;
}

/** Sets `<name>_id` and its caption `<name>`. */
export function putChoice(draft: Draft, name: string, choice: Choice | undefined): void {
  if (choice === undefined) return;
  draft[idName(name)] = choice.id;
  draft[name] = choice.caption;
}

export function putId(draft: Draft, name: string, id: number, captions: Captions): void {
  draft[idName(name)] = id;
  draft[name] = captions[id] ?? "Other";
}

export function put(draft: Draft, name: string, value: Json | undefined): void {
  if (value !== undefined) draft[name] = value;
}

/** An array, unless it would be empty. */
export function putList(draft: Draft, name: string, values: readonly Json[]): void {
  if (values.length > 0) draft[name] = values;
}

/** `choose` for a field of the record, which then counts as used unless its word says more than the number. */
export function chooseField(fields: Fields, key: string, path: string, known: Words, captions: Captions, context: MapContext): Choice | undefined {
  const found = choose(fields.peek(key), path, known, captions, context);
  if (found !== undefined) fields.use(key);
  return found;
}
