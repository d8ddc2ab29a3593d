/**
 * Unified alerts of every product, from the short ones of a listing to those with all their details and `rawData` (OCSF as SentinelOne writes
 * it). Who did it, from where and to what is read from the evidence in `rawData` first, then from what the alert says itself.
 */
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { account, address, baseName, firstText, hash, instant, list, object, slug, text } from "../values.ts";
import { Attack } from "./attack.ts";
import { alertAsset, isIdentity, putAssetContext, type AlertAsset } from "./alert-assets.ts";
import { rawLine, type RawLine } from "../raw-line.ts";
import { Draft, put, putObject, putScope, scopeOf, type Fields, type ScopeLevel } from "./document.ts";
import { endpointOf } from "./endpoints.ts";
import { identityKind, type IdentityKind } from "../identity-kinds.ts";
import { fileOf, processOf, userOf, type ProcessFacts } from "./process.ts";
import { severityOf, severityOfConfidence, severityOfId } from "./severity.ts";

const MALWARE = ["malware"] as const;
const INTRUSION = ["intrusion_detection"] as const;
const CATEGORIES: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...("BACKDOOR BROWSER COINMINER CRYPTOMINER DIALER DOWNLOADER DROPPER GENERIC_HEURISTIC HACKTOOL INFO_STEALER KEYLOGGER LINUX_MALWARE MALICIOUS_MACRO " +
    "MALICIOUS_OFFICE_DOC MALICIOUS_PDF MALWARE MINER PACKED PUA RANSOMWARE ROGUE ROOTKIT SPYWARE TOOLBAR TROJAN VIRUS WORM")
    .split(" ")
    .map((name): [string, readonly string[]] => [name, MALWARE]),
  ...("APPLICATION_CONTROL BENIGN COMMAND_AND_CONTROL ENUMERATION EXPLOIT INTERACTIVE_SHELL LATERAL_MOVEMENT MANUAL REMOTE_SHELL UNKNOWN").split(" ").map((name): [string, readonly string[]] => [name, INTRUSION]),
  ["NETWORK", ["network", "intrusion_detection"]],
  ["PHISHING", ["email", "intrusion_detection"]],
]);
/** One type that every category of these expects. */
const INFO = ["info"] as const;

const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ["identity", "Singularity Identity"],
  ["edr", "Singularity Endpoint"],
  ["epp", "Singularity Endpoint"],
  ["star", "Singularity STAR"],
  ["cws", "Singularity Cloud Workload Security"],
]);

export const alertToEcs: RecordMap = (record, context) => {
  const draft = new Draft("alerts", record, context);
  const { event } = draft;
  const raw = object(record["rawData"]);
  const finding = object(raw["finding_info"] ?? object(record["ocsf"])["findingInfo"]);
  const source = object(record["detectionSource"]);
  const analytics = object(record["analytics"]);
  const name = firstText(record["name"], finding["title"], raw["message"]);
  const product = text(source["product"]) ?? text(object(object(raw["metadata"])["product"])["name"]);
  const kind = name === undefined || !isIdentityAlert(product, record) ? null : identityKind(name);

  const classification = categoriesOf(record["classification"], context);
  draft.classify({ kind: "alert", category: kind?.categories === undefined ? classification : [...new Set([...classification, ...kind.categories])], type: INFO });
  const detected = instant(record["detectedAt"]);
  const created = instant(record["createdAt"]);
  draft.put("@timestamp", detected ?? instant(raw["time"]) ?? created ?? instant(record["lastSeenAt"]) ?? instant(record["updatedAt"]));
  draft.put("message", name);
  put(event, "id", firstText(record["id"], finding["uid"]));
  put(event, "created", created);
  put(event, "start", instant(record["firstSeenAt"]) ?? instant(finding["first_seen_time"]));
  put(event, "end", instant(record["lastSeenAt"]) ?? instant(finding["last_seen_time"]));
  put(event, "provider", product);
  put(event, "reason", firstText(record["description"], finding["desc"]));
  put(event, "action", name === undefined ? undefined : actionOf(name));
  put(event, "outcome", outcomeOf(record["result"], context));
  put(event, "severity", severity(record, raw, context));
  put(event, "url", linkOf(record, context));

  const vendor = text(source["vendor"]);
  const observer: Fields = { vendor: vendor ?? "SentinelOne", type: "sensor" };
  put(observer, "product", product === undefined ? undefined : (PRODUCTS.get(product.toLowerCase()) ?? product));
  draft.put("observer", observer);

  const rule: Fields = {};
  put(rule, "name", name);
  put(rule, "id", firstText(analytics["uid"], object(finding["analytic"])["uid"]));
  put(rule, "ruleset", firstText(analytics["category"], object(finding["analytic"])["category"]));
  put(rule, "category", text(record["classification"]));
  put(rule, "description", text(record["description"]));
  draft.putObject("rule", rule);

  const resource = firstResource(raw);
  const asset = alertAsset(record);
  putAssetContext(draft, record, asset, resource, context);
  putEvidence(draft, record, raw, asset, resource);
  putAttack(draft, record, finding, kind);
  putAlertScope(draft, record, resource);
  return draft.done();
};

function isIdentityAlert(product: string | undefined, record: JsonObject): boolean {
  return product?.toLowerCase() === "identity" || list(record["attackSurfaces"]).includes("IDENTITY");
}

function categoriesOf(value: Json | undefined, context: MapContext): readonly string[] {
  const word = text(value);
  if (word === undefined) return INTRUSION;
  const known = CATEGORIES.get(word) ?? CATEGORIES.get(word.toUpperCase());
  if (known === undefined) context.unseen("classification", word);
  return known ?? INTRUSION;
}

/** `eicar.com detected as Malware` would give a word of its own for each file. */
function actionOf(name: string): string | undefined {
  const cut = name.indexOf(" detected as ");
  return slug(cut === -1 ? name : name.slice(cut + 1));
}

function outcomeOf(value: Json | undefined, context: MapContext): string | undefined {
  const word = text(value)?.toUpperCase();
  switch (word) {
    case undefined:
      return undefined;
    case "MITIGATED":
      return "success";
    case "UNMITIGATED":
      return "failure";
    case "BENIGN":
      return "unknown";
    default:
      context.unseen("result", word);
      return "unknown";
  }
}

/** The vendor's severity; without one its OCSF number; without that its confidence. */
function severity(record: JsonObject, raw: JsonObject, context: MapContext): number | undefined {
  let found = severityOf(record["severity"], "severity", context);
  if (found === undefined) found = severityOfId(raw["severity_id"], "rawData.severity_id", context);
  if (found === undefined) found = severityOfConfidence(record["confidenceLevel"], "confidenceLevel", context);
  return found ?? undefined;
}

function linkOf(record: JsonObject, { console }: MapContext): string | undefined {
  const link = text(record["selfLink"]);
  if (link?.startsWith("https://") === true) return link;
  if (console === null) return undefined;
  if (link?.startsWith("/") === true && !link.startsWith("//")) return console + link;
  const id = text(record["id"]);
  return id === undefined ? undefined : `${console}/incidents/unified-alerts/${encodeURIComponent(id.toWellFormed())}/details`;
}

function firstResource(raw: JsonObject): JsonObject {
  return object(list(raw["resources"])[0]);
}

/** Actor, source, destination, process: from the first piece of evidence that has each; the others are under `related`. */
function putEvidence(draft: Draft, record: JsonObject, raw: JsonObject, asset: AlertAsset, resource: JsonObject): void {
  const detection = object(record["detectionTime"]);
  const attacker = object(detection["attacker"]);
  const line = rawLine(raw["raw_data"]);
  let actor: JsonObject | undefined;
  let from: JsonObject | undefined;
  let to: JsonObject | undefined;
  let program: JsonObject | undefined;
  const evidences = list(raw["evidences"]);
  for (const one of evidences.length > 0 ? evidences : list(object(record["ocsf"])["evidences"])) {
    if (!isJsonObject(one)) continue;
    const user = object(object(one["actor"])["user"]);
    actor ??= has(user) ? user : undefined;
    const source = object(one["src_endpoint"] ?? one["srcEndpoint"]);
    const destination = object(one["dst_endpoint"] ?? one["dstEndpoint"]);
    from ??= has(source) ? source : undefined;
    to ??= has(destination) ? destination : undefined;
    const process = object(one["process"] ?? object(one["actor"])["process"]);
    program ??= has(process) ? process : undefined;
    relate(draft, user, [source, destination, object(one["device"])]);
  }
  relateObservables(draft, record["observables"]);
  for (const indicator of list(record["indicators"])) relateObservables(draft, object(indicator)["observables"]);
  const origin = from?.["ip"] ?? attacker["ip"];
  const aim = to?.["ip"];
  draft.putObject("source", endpointOf(draft, from?.["hostname"] ?? from?.["name"] ?? attacker["host"], origin ?? line.sourceIp, from?.["port"] ?? portBeside(origin, line.sourceIp, line.sourcePort)));
  draft.putObject("destination", endpointOf(draft, to?.["hostname"] ?? to?.["name"], aim ?? line.targetIp, to?.["port"] ?? portBeside(aim, line.targetIp, line.targetPort)));
  draft.host(line.domainController);
  const own = object(record["process"]);
  putProgram(draft, own, program, isIdentityAlert(text(object(record["detectionSource"])["product"]), record));
  putUsers(draft, { actor, own, line, detection, resource, asset });
  draft.user(line.user);
  const assignee = object(record["assignee"]);
  draft.user(text(assignee["fullName"]));
  draft.user(text(assignee["email"]));
}

/** The line's port is that of the line's address. */
function portBeside(known: Json | undefined, told: string | undefined, port: string | undefined): string | undefined {
  const own = address(known);
  return own === undefined || address(told) === undefined || own === address(told) ? port : undefined;
}

function relate(draft: Draft, user: JsonObject, endpoints: readonly JsonObject[]): void {
  draft.user(text(user["name"]));
  draft.user(text(user["email_addr"] ?? user["emailAddr"]));
  for (const endpoint of endpoints) {
    draft.host(text(endpoint["hostname"]));
    draft.ip(address(endpoint["ip"]));
  }
}

/** What the vendor itself lists as worth searching for. */
function relateObservables(draft: Draft, observables: Json | undefined): void {
  for (const one of list(observables)) {
    const { type, value } = object(one) as { readonly type?: Json; readonly value?: Json };
    switch (type) {
      case "IP":
        draft.ip(address(value));
        break;
      case "HOSTNAME":
        draft.host(text(value));
        break;
      case "USERNAME":
      case "EMAIL_ADDRESS":
        draft.user(account(value)?.name);
        break;
      case "FILE_HASH":
        draft.hash(hash(value));
        break;
      default:
    }
  }
}

function has(value: JsonObject): boolean {
  for (const field in value) if (value[field] !== null && value[field] !== "") return true;
  return false;
}

function putProgram(draft: Draft, own: JsonObject, evidence: JsonObject | undefined, identity: boolean): void {
  const file = object(own["file"]);
  const facts: ProcessFacts = {
    executable: file["path"],
    name: file["name"],
    commandLine: own["cmdLine"],
    md5: file["md5"],
    sha1: file["sha1"],
    sha256: file["sha256"],
    signer: file["certSubject"],
    verifiedReason: file["signatureVerification"],
    user: own["username"],
  };
  const process = processOf(draft, has(own) || evidence === undefined ? facts : evidenceFacts(evidence));
  const parent = text(own["parentName"]) ?? (has(own) ? undefined : text(object(object(evidence)["parent_process"])["name"]));
  if (parent !== undefined) process["parent"] = parentOf(parent);
  draft.putObject("process", process);
  // An identity alert's file is the program that asked; any other's is what was found.
  if (!identity) draft.putObject("file", fileOf(draft, { path: file["path"], name: file["name"], md5: file["md5"], sha1: file["sha1"], sha256: file["sha256"], size: file["size"], signer: file["certSubject"] }));
}

/** Mostly a name; some engines write the path. */
function parentOf(written: string): Fields {
  const name = text(baseName(written));
  return name === undefined || name === written ? { name: written } : { executable: written, name };
}

/** A process as OCSF writes it. */
function evidenceFacts(process: JsonObject): ProcessFacts {
  const file = object(process["file"]);
  const hashes: Record<string, Json> = {};
  for (const one of list(file["hashes"])) {
    const { algorithm, value } = object(one) as { readonly algorithm?: Json; readonly value?: Json };
    if (typeof algorithm === "string" && value !== undefined) hashes[`#${algorithm.toLowerCase().replace("-", "")}`] = value;
  }
  return { executable: file["path"], name: process["name"] ?? file["name"], commandLine: process["cmd_line"], pid: process["pid"], entityId: process["uid"], start: process["created_time"], user: object(process["user"])["name"], md5: hashes["#md5"], sha1: hashes["#sha1"], sha256: hashes["#sha256"] };
}

interface Persons {
  readonly actor: JsonObject | undefined;
  readonly own: JsonObject;
  readonly line: RawLine;
  readonly detection: JsonObject;
  readonly resource: JsonObject;
  readonly asset: AlertAsset;
}

/** `user`: who did it. `user.target`: who it was done to, or the identity the alert is about. */
function putUsers(draft: Draft, { actor, own, line, detection, resource, asset }: Persons): void {
  let user =
    actor === undefined
      ? userOf(draft, { name: own["username"], domain: own["userDomain"], fullName: own["userDisplayName"] })
      : userOf(draft, { name: actor["name"], domain: actor["domain"], id: actor["uid"], email: actor["email_addr"] ?? actor["emailAddr"], fullName: actor["full_name"] ?? actor["fullName"] });
  if (!has(user)) user = userOf(draft, { name: line.user, domain: line.user === undefined ? undefined : line.domain });
  const aim = object(detection["targetUser"]);
  let target = userOf(draft, { name: aim["name"], domain: aim["domain"], email: aim["emailAddress"], fullName: aim["displayName"] });
  if (!has(target) && isIdentity(asset, resource)) {
    const owner = object(resource["owner"]);
    target = userOf(draft, { name: owner["name"] ?? resource["name"] ?? asset.primary["name"], domain: owner["domain"], id: resource["uid"], email: owner["email_addr"], fullName: owner["full_name"] });
  }
  putObject(user, "target", target);
  draft.putObject("user", user);
}

function putAttack(draft: Draft, record: JsonObject, finding: JsonObject, kind: IdentityKind | null): void {
  const attack = new Attack();
  for (const one of list(finding["attacks"])) attack.ocsf(object(one));
  for (const indicator of list(record["indicators"])) for (const one of list(object(indicator)["attacks"])) attack.ocsf(object(one));
  if (kind !== null) {
    const [first = ""] = kind.techniques;
    if (!attack.hasTechnique) {
      for (const tactic of kind.tactics) attack.tactic(tactic, undefined);
      for (const technique of kind.techniques) attack.technique(technique, undefined);
    } else if (attack.namesOnly(first.slice(0, 5))) attack.technique(first, undefined);
  }
  const threat: Fields = {};
  attack.write(threat);
  draft.putObject("threat", threat);
}

/** Account, site and group: those of now, else those of the time of detection, else those of the resource. */
function putAlertScope(draft: Draft, record: JsonObject, resource: JsonObject): void {
  const now = object(object(record["realTime"])["scope"]);
  const then = object(object(record["detectionTime"])["scope"]);
  const meta = object(resource["s1_metadata"]);
  const earlier = scopeOf(then);
  const level = (of: Json | undefined, before: ScopeLevel, id: Json | undefined, name: Json | undefined): ScopeLevel => ({ id: firstText(object(of)["id"], before.id, id), name: firstText(object(of)["name"], before.name, name) });
  putScope(draft, {
    account: level(now["account"], earlier.account, meta["account_id"], meta["account_name"]),
    site: level(now["site"], earlier.site, meta["site_id"], meta["site_name"]),
    group: level(now["group"], earlier.group, meta["group_id"], meta["group_name"]),
  });
}
