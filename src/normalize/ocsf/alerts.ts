/**
 * Unified alerts of every product → Detection Finding. The alert's own fields decide; `rawData` (OCSF of an older version, in S1's
 * extension) fills in what they leave open: who did it, from where, to what, and with which technique.
 */
import { isJsonObject, type JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { rawLine, type RawLine } from "../raw-line.ts";
import { address, baseName, port } from "../values.ts";
import { isWord, machineOf, type Machine } from "./alert-assets.ts";
import { attackOf, Attacks, refinedByName } from "./attacks.ts";
import { embedded, embeddedList } from "./embedded.ts";
import { ANALYTIC_TYPE, choose, CONFIDENCE, FINDING_STATUS, OTHER, put, putList, SEVERITY, VERDICT, words, type Captions, type Choice, type Draft } from "./enums.ts";
import { Event, type Scope } from "./event.ts";
import { Fields, ip } from "./fields.ts";
import { fileOf, signatureOf } from "./file.ts";
import * as finding from "./finding.ts";
import { processOf } from "./process.ts";
import { userOf } from "./user.ts";

const ANALYTIC_WORDS = words({
  UNKNOWN: 0,
  RULE: 1,
  BEHAVIORAL: 2,
  STATISTICAL: 3,
  LEARNING: 4,
  FINGERPRINTING: 5,
  TAGGING: 6,
  KEYWORD_MATCH: 7,
  REGULAR_EXPRESSIONS: 8,
  EXACT_DATA_MATCH: 9,
  PARTIAL_DATA_MATCH: 10,
  INDEXED_DATA_MATCH: 11,
  STATIC: OTHER,
  DYNAMIC: OTHER,
  OTHER,
});

const OUTCOMES: ReadonlyMap<string, finding.Outcome> = new Map([["MITIGATED", finding.BLOCKED], ["UNMITIGATED", finding.DETECTED], ["BENIGN", finding.ALLOWED]]);

export const alertMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const raw = fields.object("rawData");
  const found = raw.object("finding_info");
  const source = fields.object("detectionSource");
  const event = new Event("alerts", source.text("product") ?? raw.object("metadata").object("product").text("name") ?? "Singularity", fields, context);
  const vendor = source.text("vendor");
  if (vendor !== undefined) event.vendor(vendor);

  const id = fields.text("id") ?? found.text("internal_uid") ?? found.text("uid");
  const name = fields.text("name") ?? found.text("title");
  const description = fields.text("description") ?? found.text("desc");
  finding.classify(event, finding.statusOf(fields.text("status"), "status", context) ?? byNumber(raw, "status_id", FINDING_STATUS));
  event.time(fields, "detectedAt", "createdAt", "firstSeenAt", "updatedAt");
  if (event.isTimeless) event.time(raw, "time");
  event.put("message", name ?? description);
  severity(event, fields, raw, context);
  event.put("is_alert", !finding.isClosed(event));
  outcome(event, fields, context);

  put(event.metadata, "uid", id);
  put(event.metadata, "correlation_uid", fields.text("storylineId"));
  putList(event.metadata, "labels", fields.texts("labels"));
  event.scope(scopeOf(fields, raw));

  const classification = fields.text("classification");
  findingInfo(event, fields, found, { id: id ?? finding.UNKNOWN, name, description, classification }, context);
  const machine = machineOf(fields, raw, context);
  event.device(machine.device);
  event.observeIp("unmapped.detectionTime.asset.consoleIpAddress", fields.object("detectionTime").object("asset"));
  event.putList("resources", machine.resources);
  if (machine.cloud !== undefined) {
    event.profile("cloud");
    event.put("cloud", machine.cloud);
  }
  const { process, file } = processAndFile(fields, id, context);
  event.putList("evidences", evidencesOf(fields, raw, machine, process, context));
  const malware = finding.malwareOf(classification, "classification", { provider: vendor, file }, context);
  if (malware !== undefined) event.put("malware", [malware]);
  event.put("remediation", embedded("remediation", raw.object("remediation"), "rawData.remediation", context));
  event.putList("enrichments", embeddedList("enrichment", raw.objects("enrichments"), "rawData.enrichments", context));
  handling(event, fields, raw, context);
  return event.done();
};

/** `rawData` has OCSF's own numbers; one that the list does not have stays where it is. */
function byNumber(raw: Fields, key: string, captions: Captions): Choice | undefined {
  const value = Number(raw.peek(key) ?? Number.NaN);
  const caption = value === OTHER || value === 0 ? undefined : captions[value];
  return caption === undefined ? undefined : { id: raw.integer(key) ?? value, caption };
}

function severity(event: Event, fields: Fields, raw: Fields, context: MapContext): void {
  const said = finding.severityOf(fields.text("severity"), "severity", context);
  event.severity(said === undefined || said.id === 0 ? (byNumber(raw, "severity_id", SEVERITY) ?? said) : said);
  event.putChoice("confidence", finding.confidenceOf(fields.text("confidenceLevel"), "confidenceLevel", context) ?? byNumber(raw, "confidence_id", CONFIDENCE));
}

function outcome(event: Event, fields: Fields, context: MapContext): void {
  const result = fields.text("result");
  if (result === undefined) return;
  const known = OUTCOMES.get(result.toUpperCase());
  if (known === undefined) {
    context.unseen("result", result);
    finding.putUnseenOutcome(event, result);
  } else {
    finding.putOutcome(event, known);
  }
}

/** The scope as it is now, else as it was at detection, else as `rawData` has it. */
function scopeOf(fields: Fields, raw: Fields): Scope {
  const now = fields.object("realTime").object("scope");
  const then = fields.object("detectionTime").object("scope");
  const resource = raw.objects("resources")[0]?.object("s1_metadata");
  const level = (name: string, id: string, title: string, rawId: string, rawTitle: string): readonly [string | undefined, string | undefined] => [
    now.object(name).text("id") ?? then.text(id) ?? resource?.text(rawId),
    now.object(name).text("name") ?? then.text(title) ?? resource?.text(rawTitle),
  ];
  const [accountId, accountName] = level("account", "accountId", "accountName", "account_id", "account_name");
  const [siteId, siteName] = level("site", "siteId", "siteName", "site_id", "site_name");
  const [groupId, groupName] = level("group", "groupId", "groupName", "group_id", "group_name");
  return { accountId, accountName, siteId, siteName, groupId, groupName };
}

interface Told {
  readonly id: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly classification: string | undefined;
}

function findingInfo(event: Event, fields: Fields, found: Fields, { id, name, description, classification }: Told, context: MapContext): void {
  const firstSeen = fields.time("firstSeenAt") ?? found.time("first_seen_time");
  const lastSeen = fields.time("lastSeenAt") ?? found.time("last_seen_time");
  const modified = fields.time("updatedAt");
  const attacks = attacksOf(fields, found, name);
  const info = finding.infoOf({
    uid: id,
    uidAlt: fields.text("externalId"),
    title: name,
    description,
    types: finding.typesOf(classification, fields.text("primaryIndicatorType")),
    analytic: analyticOf(fields, found, context),
    attacks,
    dataSources: fields.texts("dataSources"),
    created: fields.time("createdAt") ?? fields.time("detectedAt"),
    modified,
    firstSeen,
    lastSeen,
    url: finding.linkTo(context.console, "unified-alerts", id, "details"),
  });
  const surfaces = fields.texts("attackSurfaces");
  if (surfaces.length > 0) info["tags"] = [{ name: "attack_surfaces", values: surfaces }];
  putList(info, "kill_chain", embeddedList("kill_chain_phase", found.objects("kill_chain"), "rawData.finding_info.kill_chain", context));
  putList(info, "related_events", relatedEvents(fields, found, context));
  event.put("start_time", firstSeen);
  event.put("end_time", lastSeen);
  put(event.metadata, "modified_time", modified);
  event.put("finding_info", info);
  finding.putAttacks(event, attacks);
}

function analyticOf(fields: Fields, found: Fields, context: MapContext): JsonObject | undefined {
  const told = fields.object("analytics");
  const type = choose(told.firstText("typeValue", "type"), "analytics.typeValue", ANALYTIC_WORDS, ANALYTIC_TYPE, context);
  const own = finding.analyticOf({ type: type ?? { id: 0, caption: "Unknown" }, name: told.text("name"), uid: told.text("uid"), category: told.text("category") });
  const inner = found.object("analytic");
  if (own === undefined) return embedded("analytic", inner, "rawData.finding_info.analytic", context);
  // The same analytic, told by its category alone in the alert and with its kind in `rawData`.
  const kind = type === undefined ? byNumber(inner, "type_id", ANALYTIC_TYPE) : undefined;
  const uid = own["uid"] === undefined ? inner.text("uid") : undefined;
  return { ...own, ...(kind === undefined ? {} : { type_id: kind.id, type: kind.caption }), ...(uid === undefined ? {} : { uid }) };
}

function attacksOf(fields: Fields, found: Fields, name: string | undefined): readonly JsonObject[] {
  const attacks = new Attacks();
  for (const attack of found.objects("attacks")) addAttack(attacks, attack);
  for (const indicator of fields.objects("indicators")) for (const attack of indicator.objects("attacks")) addAttack(attacks, attack);
  return name !== undefined && isIdentity(fields) ? refinedByName(attacks.list(), name) : attacks.list();
}

function isIdentity(fields: Fields): boolean {
  const surfaces = fields.peek("attackSurfaces");
  return isWord(fields.object("detectionSource").peek("product"), "identity") || (Array.isArray(surfaces) && surfaces.includes("IDENTITY"));
}

/** One technique may stand under several tactics. */
function addAttack(attacks: Attacks, attack: Fields): void {
  const technique = attack.object("sub_technique").isEmpty ? attack.object("technique") : attack.object("sub_technique");
  const parts = { techniqueId: technique.text("uid"), techniqueName: technique.text("name"), version: attack.text("version") };
  const tactics = [...attack.objects("tactics"), ...(attack.object("tactic").isEmpty ? [] : [attack.object("tactic")])];
  if (tactics.length === 0) attacks.add(attackOf(parts));
  for (const tactic of tactics) attacks.add(attackOf({ ...parts, tacticId: tactic.text("uid"), tacticName: tactic.text("name") }));
}

/** What led to the alert: indicators of the console's detail view, and those within `rawData`. */
function relatedEvents(fields: Fields, found: Fields, context: MapContext): readonly JsonObject[] {
  const own = fields.objects("indicators").flatMap((indicator): readonly JsonObject[] => {
    const uid = indicator.firstText("uid", "id");
    if (uid === undefined) return [];
    const related: Draft = { uid };
    put(related, "title", indicator.text("title"));
    put(related, "type", indicator.text("type"));
    put(related, "desc", indicator.firstText("description", "message"));
    put(related, "created_time", indicator.time("eventTime"));
    const level = finding.severityOf(indicator.text("severity"), "indicators.severity", context);
    if (level !== undefined) Object.assign(related, { severity_id: level.id, severity: level.caption });
    return [related];
  });
  const embeddedOnes = found.objects("related_events").flatMap((one): readonly JsonObject[] => {
    const related = embedded("related_event", one, "rawData.finding_info.related_events", context);
    if (related === undefined) return [];
    // S1 names them as an event would be: `message` and `time`.
    if (related["desc"] === undefined) put(related, "desc", one.text("message"));
    if (related["created_time"] === undefined) put(related, "created_time", one.time("time"));
    return [related];
  });
  return [...own, ...embeddedOnes];
}

function processAndFile(fields: Fields, id: string | undefined, context: MapContext): { readonly process: JsonObject | undefined; readonly file: JsonObject | undefined } {
  const told = fields.object("process");
  const image = told.object("file");
  const path = image.text("path");
  const name = image.text("name");
  const file = fileOf({
    path,
    name,
    size: image.long("size"),
    md5: image.hash("md5"),
    sha1: image.hash("sha1"),
    sha256: image.hash("sha256"),
    signature: signatureOf({ publisher: image.text("certSubject") }),
  });
  const process = processOf(
    {
      name: path === undefined ? name : baseName(path),
      path,
      commandLine: told.text("cmdLine"),
      file,
      parentName: told.text("parentName"),
      user: userOf({ name: told.text("username"), domain: told.text("userDomain"), displayName: told.text("userDisplayName") }),
      standIn: `${id ?? finding.UNKNOWN}:process`,
    },
    context,
  );
  return { process, file };
}

/**
 * `rawData`'s evidences, the first of them completed with what the alert itself tells: its process, attacker, targeted user and container.
 */
function evidencesOf(fields: Fields, raw: Fields, machine: Machine, process: JsonObject | undefined, context: MapContext): readonly JsonObject[] {
  const given = embeddedList("evidences", raw.objects("evidences"), "rawData.evidences", context);
  const first: Draft = { ...given[0] };
  const add = (name: string, value: JsonObject | undefined): void => {
    if (first[name] === undefined) put(first, name, value);
  };
  const then = fields.object("detectionTime");
  add("process", process);
  const attacker = then.object("attacker");
  if (first["src_endpoint"] === undefined) add("src_endpoint", endpointOf(attacker.ip("ip"), attacker.text("host")));
  const target = then.object("targetUser");
  add("user", userOf({ name: target.text("name"), domain: target.text("domain"), displayName: target.text("displayName"), email: target.email("emailAddress") }));
  addLine(first, rawLine(raw.peek("raw_data")));
  // A container alone is no evidence to OCSF; beside one it is.
  for (const _ in first) {
    add("container", machine.container);
    return [first, ...given.slice(1)];
  }
  return given;
}

function endpointOf(ip: string | undefined, hostname: string | undefined): JsonObject | undefined {
  if (ip === undefined && hostname === undefined) return undefined;
  const endpoint: Draft = {};
  put(endpoint, "ip", ip);
  put(endpoint, "hostname", hostname);
  return endpoint;
}

/** The sensor's own line alone has ports, and where there is no evidence both sides and the user too: `…Attacker IP=1.2.3.4 Source Port=49970 …`. */
function addLine(evidence: Draft, line: RawLine): void {
  addSide(evidence, "src_endpoint", line.sourceIp, line.sourcePort);
  addSide(evidence, "dst_endpoint", line.targetIp, line.targetPort);
  const user = userOf({ name: line.user, domain: line.user === undefined ? undefined : line.domain });
  if (user !== undefined && evidence["actor"] === undefined) evidence["actor"] = { user };
}

function addSide(evidence: Draft, endpoint: string, told: string | undefined, word: string | undefined): void {
  const found = ip(address(told));
  const known = evidence[endpoint] ?? (found === undefined ? undefined : { ip: found });
  if (!isJsonObject(known)) return;
  const number = port(word);
  // The port is that of the address beside it.
  const same = found === undefined || known["ip"] === undefined || known["ip"] === found;
  evidence[endpoint] = number === undefined || !same || known["port"] !== undefined ? known : { ...known, port: number };
}

/** What people made of it: verdict, assignee, ticket. */
function handling(event: Event, fields: Fields, raw: Fields, context: MapContext): void {
  const written = fields.peek("analystVerdict");
  const verdict = finding.verdictOf(written, "analystVerdict", context) ?? byNumber(raw, "verdict_id", VERDICT);
  // The number says less than twenty words do, so all but the plain ones stay in `unmapped` too.
  if (typeof written === "string" && !/^(?:TRUE|FALSE)_POSITIVE_(?!UNDEFINED$)/.test(written)) fields.use("analystVerdict");
  finding.putVerdict(event, verdict);
  const person = fields.object("assignee");
  const fullName = person.text("fullName");
  const mail = person.email("email");
  const assignee = userOf({ name: mail ?? fullName, uid: person.text("userId"), email: mail, fullName });
  const ticket = fields.text("ticketId");
  if (assignee === undefined && ticket === undefined) return;
  event.profile("incident");
  event.put("assignee", assignee);
  if (ticket !== undefined) event.put("tickets", [{ uid: ticket }]);
}
