/**
 * Unified alerts as Sekoia's intake of Singularity Identity gives them: the short form of its list query and the detailed one with the
 * OCSF object `rawData`. The intake knows no other product, so an alert of any of them becomes one of Singularity Identity.
 */
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { finalise, newDocument } from "./finalise.ts";
import { compile, compileNames, fill, fillNames, member, members, objectAt, type Names, type Table } from "./table.ts";
import { baseName, isBlank, keyword } from "./values.ts";

const ALERT: Table = compile([
  ["@timestamp", "detectedAt"],
  ["event.start", "firstSeenAt"],
  ["event.end", "lastSeenAt"],
  ["event.reason", "description"],
]);
/** The API says `storylineId`; the intake asks for another spelling, so that one stays empty. */
const KEPT: Names = compileNames("sentinelone.identity", ["id", "name", "attackSurfaces", "status", "classification", "confidenceLevel", "result", "storyLineId", "analystVerdict"]);
const DETECTION_SOURCE: Table = compile([["event.provider", "product"]]);
const ANALYTICS: Table = compile([["sentinelone.identity.analyticsCategory", "category"]]);
const PROCESS: Table = compile([["process.command_line", "cmdLine"], ["process.parent.name", "parentName"]]);
const PROCESS_FILE: Table = compile([
  ["process.executable", "path"],
  ["process.name", "path", baseName],
  ["process.hash.sha1", "sha1"],
  ["process.hash.sha256", "sha256"],
  ["process.hash.md5", "md5"],
]);
const ASSET: Table = compile([
  ["agent.id", "agentUuid"],
  ["agent.version", "agentVersion"],
  ["host.os.family", "osType"],
  ["host.os.version", "osVersion"],
]);
/** Also when the resource is a user: then the user's name is taken for a host. */
const RESOURCE: Table = compile([["host.name", "name"]]);
const RESOURCE_SCOPE: Table = compile([
  ["organization.id", "account_id"],
  ["organization.name", "account_name"],
  ["sentinelone.identity.siteId", "site_id"],
  ["sentinelone.identity.siteName", "site_name"],
]);
const TARGET: Table = compile([["destination.domain", "hostname"], ["destination.ip", "ip"]]);
const ORIGIN: Table = compile([["source.domain", "hostname"], ["source.ip", "ip"]]);
const ACTOR: Table = compile([["user.name", "name"], ["user.domain", "domain"]]);

export function mapAlert(alert: JsonObject, context: MapContext): JsonObject {
  const doc = newDocument(context);
  doc["event"] = { kind: "alert", category: "intrusion_detection", type: "info" };
  doc["observer"] = { vendor: "SentinelOne", product: "Singularity Identity" };
  fillNames(KEPT, alert, doc);
  fill(ALERT, alert, doc);
  fill(DETECTION_SOURCE, member(alert, "detectionSource"), doc);
  fill(ANALYTICS, member(alert, "analytics"), doc);
  const process = member(alert, "process");
  fill(PROCESS, process, doc);
  fill(PROCESS_FILE, member(process, "file"), doc);
  fill(ASSET, member(alert, "asset"), doc);
  const raw = member(alert, "rawData");
  if (raw !== undefined) {
    const attacks = members(member(raw, "finding_info"), "attacks");
    if (attacks.length > 0) Object.assign(objectAt(doc, ["threat", "tactic"]), { id: ofTactics(attacks, "uid"), name: ofTactics(attacks, "name") });
    const resource = first(raw, "resources");
    fill(RESOURCE, resource, doc);
    fill(RESOURCE_SCOPE, member(resource, "s1_metadata"), doc);
    const evidence = first(raw, "evidences");
    fill(TARGET, member(evidence, "dst_endpoint"), doc);
    fill(ORIGIN, member(evidence, "src_endpoint"), doc);
    fill(ACTOR, member(member(evidence, "actor"), "user"), doc);
  }
  return finalise(doc);
}

/** The tactics of all attacks in their order, so that ids and names stand at the same places. */
function ofTactics(attacks: readonly Json[], name: string): readonly Json[] {
  const tactics = attacks.flatMap((attack) => (isJsonObject(attack) ? members(attack, "tactics") : []));
  return tactics.flatMap((tactic) => {
    const value = isJsonObject(tactic) ? tactic[name] : undefined;
    return isBlank(value) ? [] : [keyword(value)];
  });
}

function first(record: JsonObject, name: string): JsonObject | undefined {
  const [value] = members(record, name);
  return isJsonObject(value) ? value : undefined;
}
