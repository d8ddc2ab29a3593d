/**
 * From a mirror row to a member of a case: how grave it is, of what type, what it is about, and its links. Pure. Links are made of what a record says about itself
 * from the beginning, so that they hardly ever change; what an alert's details add (techniques) makes none.
 */
import { headlineOf, isPerson, techniquesOf } from "../alerts/index.ts";
import type { AlertStream } from "../kernel/alert-api.ts";
import type { CaseType, EntityKind } from "../kernel/case-api.ts";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { storableText } from "../store/text.ts";
import { linksOf, type LinkParts } from "./links.ts";
import type { Entity, Member } from "./model.ts";
import { peopleIn } from "./people.ts";

export function memberOf(stream: AlertStream, row: MirrorRow): Member {
  const id = String(row["id"]);
  const headline = headlineOf(stream, row);
  const { at, product, severity, status, verdict, siteId } = headline;
  const name = headline.name === null ? null : plain(headline.name);
  const mitigation = textOf(row, MITIGATION[stream]);
  return {
    stream,
    id,
    at,
    // Without a time nothing says what it is near to.
    links: linksOf(at === null ? NOTHING : { name, ...partsOf(stream, row) }, `${stream}/${id}`),
    severity: FACT_SEVERITIES.indexOf(stream === "threats" ? threatSeverity(row, mitigation) : severity),
    status,
    verdict,
    facts: { name: short(name), product, type: typeOf(stream, row, product), device: short(known(headline.device)), user: short(known(headline.user)), mitigation, siteId, entities: entitiesOf(stream, row) },
  };
}

/** What stands where nobody knew better: whatever has it in common has nothing in common. */
const SAYS_NOTHING = /^(|-+|unknown|n\/?a|none|null|undefined|not available|0{8,})$/i;

const NOTHING: LinkParts = { storyline: null, hash: null, hashOf: "file", name: null, device: null, user: null, source: null };

function known(said: string | null): string | null {
  return said === null || SAYS_NOTHING.test(said) ? null : plain(said);
}

/** As the store gives it back: what is kept and what is looked for are the same text. */
function plain(said: string): string {
  return storableText(said).toWellFormed();
}

const LONGEST_SHOWN = 300;

function short(said: string | null): string | null {
  return said === null || said.length <= LONGEST_SHOWN ? said : `${said.slice(0, LONGEST_SHOWN - 1).toWellFormed()}…`;
}

const MITIGATION: Readonly<Record<AlertStream, readonly string[]>> = { alerts: ["result"], threats: ["mitigation_status"], "cloud-detection-alerts": [] };

type Reader = (...names: readonly string[]) => string | null;

const PARTS: Readonly<Record<AlertStream, (text: Reader) => Omit<LinkParts, "name">>> = {
  threats: (text) => ({ storyline: text("storyline"), hash: text("sha1", "sha256", "md5"), hashOf: "file", device: text("agent_uuid", "agent_id", "agent_computer_name"), user: null, source: null }),
  alerts: (text) => ({
    storyline: text("storyline_id"), hash: text("process_file_sha1", "process_file_sha256", "process_file_md5"), hashOf: "process", device: text("asset_agent_uuid", "asset_name", "asset_id"),
    user: userOf(text("target_user_email"), text("target_user_domain"), text("target_user_name")), source: text("attacker_host", "attacker_ip"),
  }),
  "cloud-detection-alerts": (text) => ({
    storyline: text("source_process_storyline"), hash: text("source_process_file_hash_sha1", "source_process_file_hash_sha256", "source_process_file_hash_md5"), hashOf: "process", device: text("agent_uuid", "agent_name"),
    user: userOf(null, text("login_account_domain"), text("logins_user_name")), source: text("src_ip"),
  }),
};

/** An asset that is a person is who the alert is about, where it names nobody else, and no device. */
function partsOf(stream: AlertStream, row: MirrorRow): Omit<LinkParts, "name"> {
  const parts = PARTS[stream]((...names) => textOf(row, names));
  return stream === "alerts" && isPerson(row) ? { ...parts, device: null, user: parts.user ?? textOf(row, ["asset_name", "asset_id"]) } : parts;
}

function userOf(email: string | null, domain: string | null, name: string | null): string | null {
  if (email !== null) return email;
  return name === null ? null : domain === null ? name : `${domain}\\${name}`;
}

const DEALT_WITH: ReadonlySet<string> = new Set(["mitigated", "blocked", "marked_as_benign"]);
/** What a class of malware says by its name. */
const GRAVE = /ransom|infostealer|info stealer/i;

/** SentinelOne gives threats none: how sure the agent is, and whether it has been dealt with, say how grave it is. */
function threatSeverity(row: MirrorRow, mitigation: string | null): FactSeverity {
  const word = mitigation?.toLowerCase() ?? "";
  if (word === "marked_as_benign") return "info";
  const grave = GRAVE.test(textOf(row, ["classification"]) ?? "");
  const settled = DEALT_WITH.has(word);
  switch (textOf(row, ["confidence_level"])?.toLowerCase()) {
    case "malicious":
      return settled ? (grave ? "high" : "low") : "critical";
    case "suspicious":
      return settled ? "low" : grave ? "critical" : "high";
    default:
      return settled ? "low" : "unknown";
  }
}

const TYPES: readonly (readonly [pattern: RegExp, type: CaseType])[] = [
  [/ransom/i, "ransomware"],
  [/exploit/i, "exploit"],
  [/malware|trojan|virus|worm|stealer|miner|backdoor|rootkit|downloader|dropper|hacktool|pup|pua|adware|malicious|benign|generic/i, "malware"],
];

function typeOf(stream: AlertStream, row: MirrorRow, product: string | null): CaseType {
  const word = textOf(row, ["classification"]) ?? "";
  const known = TYPES.find(([pattern]) => pattern.test(word))?.[1];
  if (stream === "threats") return known ?? "malware";
  if (stream === "cloud-detection-alerts") return "custom-rule";
  const from = product?.toLowerCase() ?? "";
  if (known === "ransomware") return known;
  if (from.includes("identity")) return "identity";
  if (from === "star" || from.includes("custom")) return "custom-rule";
  if (from.includes("cloud") || from === "cws" || from === "cns") return "cloud";
  if (from.includes("network") || from.includes("firewall")) return "network";
  return known ?? (from === "edr" ? "malware" : "other");
}

type Source = readonly [kind: EntityKind, ...columns: readonly string[]];

/** Every column that says something, not the first alone. */
const ENTITIES: Readonly<Record<AlertStream, readonly Source[]>> = {
  threats: [
    ["device", "agent_computer_name"], ["user", "process_user", "agent_last_logged_in_user_name"], ["file", "file_path"], ["process", "originator_process"], ["sha1", "sha1"], ["sha256", "sha256"], ["md5", "md5"],
    ["command-line", "malicious_process_arguments"], ["signer", "publisher_name"],
  ],
  alerts: [
    ["device", "asset_name"], ["user", "target_user_email", "target_user_name", "asset_last_logged_in_user"], ["file", "process_file_path"], ["process", "process_file_name", "process_parent_name"], ["sha1", "process_file_sha1"],
    ["sha256", "process_file_sha256"], ["md5", "process_file_md5"], ["address", "attacker_host", "attacker_ip"], ["command-line", "process_cmd_line"],
  ],
  "cloud-detection-alerts": [
    ["device", "agent_name"], ["user", "source_process_user", "logins_user_name"], ["file", "source_process_file_path"], ["process", "source_process_name", "source_parent_process_name"], ["sha1", "source_process_file_hash_sha1"],
    ["sha256", "source_process_file_hash_sha256"], ["md5", "source_process_file_hash_md5"], ["address", "src_ip", "dst_ip"], ["domain", "dns_request"], ["command-line", "source_process_commandline"], ["signer", "source_process_file_signer_identity"],
  ],
};

const LONGEST_VALUE = 500;
const MOST_TECHNIQUES = 20;

/** Each once, in an order of their own. */
function entitiesOf(stream: AlertStream, row: MirrorRow): readonly Entity[] {
  const found = new Map<string, Entity>();
  const add = (kind: EntityKind, said: string | null): void => {
    if (said === null) return;
    const value = plain(said.slice(0, LONGEST_VALUE));
    found.set(`${kind} ${value}`, [kind, value]);
  };
  const person = stream === "alerts" && isPerson(row) ? textOf(row, ["asset_name"]) : null;
  for (const [kind, ...columns] of ENTITIES[stream]) for (const column of columns) if (person === null || column !== "asset_name") add(kind, textOf(row, [column]));
  if (person !== null && !isNamed(person, [...found.values()])) add("user", person);
  for (const { id, name } of techniquesOf(stream, row).slice(0, MOST_TECHNIQUES)) add("technique", [id, name].filter((part) => part !== null).join(" ") || null);
  return [...found].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, entity]) => entity);
}

/** Among these users already, by whichever of a person's names. */
function isNamed(person: string, entities: readonly Entity[]): boolean {
  return entities.some(([kind, value]) => kind === "user" && peopleIn([person, value]) === 1);
}

function textOf(row: MirrorRow, names: readonly string[]): string | null {
  for (const name of names) {
    const cell = row[name];
    const said = cell === null || cell === undefined ? "" : String(cell).trim();
    if (!SAYS_NOTHING.test(said)) return plain(said);
  }
  return null;
}
