/**
 * Threats of the EDR agent → Detection Finding. SentinelOne gives threats no severity: it follows from its confidence (malicious is high,
 * suspicious medium). What was done about a threat is its disposition; the reports of each action stay in `unmapped`.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { text } from "../values.ts";
import { Attacks, attackOf } from "./attacks.ts";
import { containerOf } from "./container.ts";
import { addressInterfaces, deviceOf, deviceType, interfacesOf, osOf, osType } from "./device.ts";
import { put, putList, SEVERITY, type Draft } from "./enums.ts";
import { Event, VENDOR, type Scope } from "./event.ts";
import { Fields } from "./fields.ts";
import { EXECUTABLE, fileOf, REGULAR, signatureOf } from "./file.ts";
import * as finding from "./finding.ts";
import { processOf } from "./process.ts";
import { accountUser, userOf } from "./user.ts";

/** By the number of the confidence. */
const SEVERITY_OF: ReadonlyMap<number, number> = new Map([[3, 4], [2, 3], [1, 2]]);

export const threatMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const info = fields.object("threatInfo");
  const then = fields.object("agentDetectionInfo");
  const now = fields.object("agentRealtimeInfo");
  const event = new Event("threats", "EDR", fields, context);

  const id = fields.text("id") ?? info.text("threatId") ?? finding.UNKNOWN;
  useSame(info, "threatId", id);
  const name = info.text("threatName");
  const classification = info.text("classification");
  finding.classify(event, finding.statusOf(info.text("incidentStatus"), "threatInfo.incidentStatus", context));
  event.time(info, "identifiedAt", "createdAt", "updatedAt");
  event.put("message", message(name, classification, now.peek("agentComputerName")));
  const confidence = finding.confidenceOf(info.text("confidenceLevel"), "threatInfo.confidenceLevel", context);
  const severity = SEVERITY_OF.get(confidence?.id ?? 0) ?? 0;
  event.putId("severity", severity, SEVERITY);
  event.putChoice("confidence", confidence);
  event.put("is_alert", !finding.isClosed(event));
  finding.putVerdict(event, finding.verdictOf(info.text("analystVerdict"), "threatInfo.analystVerdict", context));
  putOutcome(event, fields, info, context);

  const scope = scopeOf(then, now);
  const modified = info.time("updatedAt");
  put(event.metadata, "uid", id);
  put(event.metadata, "modified_time", modified);
  put(event.metadata, "correlation_uid", info.text("storyline"));
  event.scope(scope);

  const attacks = attacksOf(fields.objects("indicators"));
  event.put("finding_info", infoOf(info, { id, name, classification, attacks, modified }, fields.objects("indicators"), context));
  finding.putAttacks(event, attacks);
  event.device(machineOf(then, now, scope, context));
  event.observeIp("unmapped.agentDetectionInfo.externalIp", then);

  const user = accountUser(info.peek("processUser"), { uid: info.text("rootProcessUpn") });
  if (user !== undefined) info.text("processUser");
  const file = malwareFile(info, name);
  const process = processOf(
    {
      name,
      commandLine: info.text("maliciousProcessArguments"),
      file,
      user,
      parentName: info.text("originatorProcess"),
      standIn: `${id}:process`,
    },
    context,
  );
  const evidence: Draft = {};
  put(evidence, "process", process);
  put(evidence, "file", file);
  if (file !== undefined || process !== undefined) {
    put(evidence, "container", containerIn(fields));
    event.putList("evidences", [evidence]);
  }
  const malware = finding.malwareOf(classification, "threatInfo.classification", { provider: provider(info), file }, context);
  if (malware !== undefined) event.put("malware", [malware]);
  const ticket = info.text("externalTicketId");
  if (ticket !== undefined) {
    event.profile("incident");
    event.put("tickets", [{ uid: ticket }]);
  }
  return event.done();
};

function message(name: string | undefined, classification: string | undefined, host: JsonObject[string] | undefined): string | undefined {
  if (name === undefined) return classification;
  const kind = finding.typesOf(classification).join("");
  return `${kind === "" ? "Threat" : kind} ${name}${typeof host === "string" && host !== "" ? ` on ${host}` : ""}`;
}

/** `Cloud`, `Static`…: the part of SentinelOne that classified it. */
function provider(info: Fields): string {
  const source = info.text("classificationSource");
  return source === undefined ? VENDOR : `${VENDOR} ${source}`;
}

/** The id of something told again in another place counts as used there. */
function useSame(fields: Fields, key: string, value: string): void {
  if (text(fields.peek(key)) === value) fields.use(key);
}

const OVERALL: ReadonlyMap<string, finding.Outcome> = new Map([["mitigated", finding.BLOCKED], ["not_mitigated", finding.DETECTED], ["marked_as_benign", finding.ALLOWED]]);

/** Of the actions that succeeded, the one that says most. */
const BY_ACTION: readonly (readonly [action: string, outcome: finding.Outcome])[] = [
  ["quarantine", finding.QUARANTINED],
  ["network_quarantine", finding.ISOLATED],
  ["rollback", finding.CORRECTED],
  ["remediate", finding.CORRECTED],
  ["kill", finding.BLOCKED],
];

function putOutcome(event: Event, fields: Fields, info: Fields, context: MapContext): void {
  const status = info.text("mitigationStatus");
  if (status === undefined) return;
  const overall = OVERALL.get(status.toLowerCase());
  if (overall === undefined) {
    context.unseen("threatInfo.mitigationStatus", status);
    finding.putUnseenOutcome(event, status);
    return;
  }
  const done = new Set(fields.objects("mitigationStatus").flatMap((one) => (one.peek("status") === "success" ? [text(one.peek("action"))] : [])));
  finding.putOutcome(event, overall === finding.BLOCKED ? (BY_ACTION.find(([action]) => done.has(action))?.[1] ?? overall) : overall);
}

interface Told {
  readonly id: string;
  readonly name: string | undefined;
  readonly classification: string | undefined;
  readonly attacks: readonly JsonObject[];
  readonly modified: number | undefined;
}

function infoOf(info: Fields, { id, name, classification, attacks, modified }: Told, indicators: readonly Fields[], context: MapContext): JsonObject {
  const engines = info.objects("detectionEngines");
  const engine = engines[0];
  const names = engines.length > 0 ? engines.map((one) => one.text("title")).filter((one) => one !== undefined) : info.texts("engines");
  const identified = info.time("identifiedAt");
  const made = finding.infoOf({
    uid: id,
    title: name ?? classification,
    types: finding.typesOf(classification),
    analytic: finding.analyticOf({ type: analyticType(info.text("detectionType")), name: names[0], uid: engine?.text("key"), category: info.text("initiatedByDescription") }),
    attacks,
    dataSources: names,
    created: info.time("createdAt") ?? identified,
    modified,
    firstSeen: identified,
    url: finding.linkTo(context.console, "threats", id, "overview"),
  });
  // What the engines saw, in the vendor's words; the techniques in it are among the attacks.
  const traits = indicators.flatMap((indicator): readonly JsonObject[] => {
    const description = indicator.text("description");
    if (description === undefined) return [];
    const trait: Draft = { name: description };
    put(trait, "category", indicator.text("category"));
    const uid = indicator.texts("ids")[0];
    put(trait, "uid", uid);
    return [trait];
  });
  putList(made, "traits", traits);
  return made;
}

/** Static and dynamic analysis: OCSF's behavioural is the latter, and it has no word for the former. */
function analyticType(word: string | undefined): { readonly id: number; readonly caption: string } {
  if (word === undefined) return { id: 0, caption: "Unknown" };
  return word.toLowerCase() === "dynamic" ? { id: 2, caption: "Behavioral" } : { id: 99, caption: word };
}

function attacksOf(indicators: readonly Fields[]): readonly JsonObject[] {
  const attacks = new Attacks();
  for (const indicator of indicators) {
    for (const tactic of indicator.objects("tactics")) {
      const tacticName = tactic.text("name");
      const techniques = tactic.objects("techniques");
      if (techniques.length === 0) attacks.add(attackOf({ tacticName }));
      for (const technique of techniques) attacks.add(attackOf({ tacticName, techniqueName: technique.text("name"), link: technique.text("link") }));
    }
  }
  return attacks.list();
}

/** As it was at detection, since a threat belongs to where it was found; else as it is now. */
function scopeOf(then: Fields, now: Fields): Scope {
  const of = (key: string): string | undefined => {
    const found = then.text(key);
    if (found === undefined) return now.text(key);
    useSame(now, key, found);
    return found;
  };
  return { accountId: of("accountId"), accountName: of("accountName"), siteId: of("siteId"), siteName: of("siteName"), groupId: of("groupId"), groupName: of("groupName") };
}

function machineOf(then: Fields, now: Fields, scope: Scope, context: MapContext): JsonObject | undefined {
  const either = (thenKey: string, nowKey: string = thenKey): string | undefined => {
    const found = then.text(thenKey);
    if (found === undefined) return now.text(nowKey);
    useSame(now, nowKey, found);
    return found;
  };
  const addresses = [...then.ips("agentIpV4"), ...then.ips("agentIpV6")];
  const named = interfacesOf(now.objects("networkInterfaces"));
  const version = either("agentVersion");
  const mail = then.email("agentLastLoggedInUserMail");
  return deviceOf({
    hostname: now.text("agentComputerName"),
    uuid: either("agentUuid"),
    id: now.text("agentId"),
    type: deviceType(now.text("agentMachineType"), "agentRealtimeInfo.agentMachineType", context),
    os: osOf({ type: osType(now.text("agentOsType"), "agentRealtimeInfo.agentOsType", context), name: either("agentOsName"), build: either("agentOsRevision") }),
    domain: either("agentDomain"),
    // The address that the console sees stands for the machine's own only where none of those is known.
    ip: addresses[0] ?? then.ip("externalIp"),
    interfaces: named.length > 0 ? named : addressInterfaces(addresses),
    agentVersion: version,
    hasAgent: true,
    scope,
    owner: userOf({ ...splitUser(then), email: mail, uid: then.text("agentLastLoggedInUpn") }),
  });
}

function splitUser(then: Fields): { readonly name?: string; readonly domain?: string } {
  const user = accountUser(then.peek("agentLastLoggedInUserName"));
  if (user === undefined) return {};
  then.text("agentLastLoggedInUserName");
  return { ...(typeof user["name"] === "string" ? { name: user["name"] } : {}), ...(typeof user["domain"] === "string" ? { domain: user["domain"] } : {}) };
}

function malwareFile(info: Fields, name: string | undefined): JsonObject | undefined {
  // A file that nobody signed has no signature that could be valid or not.
  const signed = info.peek("fileVerificationType") !== "NotSigned";
  const path = info.text("filePath");
  return fileOf({
    path,
    name: path === undefined && info.flag("isFileless") !== true ? name : undefined,
    type: info.peek("fileExtensionType") === "Executable" ? EXECUTABLE : REGULAR,
    extension: info.text("fileExtension")?.toLowerCase(),
    size: info.long("fileSize"),
    md5: info.hash("md5"),
    sha1: info.hash("sha1"),
    sha256: info.hash("sha256"),
    signature: signed ? signatureOf({ publisher: info.firstText("publisherName", "certificateId"), valid: info.flag("isValidCertificate") }) : undefined,
  });
}

function containerIn(fields: Fields): JsonObject | undefined {
  const told = fields.object("containerInfo");
  return containerOf({ uid: told.text("id"), name: told.text("name"), image: told.text("image"), labels: told.texts("labels"), cluster: fields.object("kubernetesInfo").peek("cluster") });
}
