/**
 * What Sekoia's EDR intake takes from the top of a record, whether it is a threat or an activity: one intake reads both, and tells them
 * apart only by the objects they hold.
 */
import type { JsonObject } from "../../kernel/json.ts";
import { compile, compileNames, fill, fillNames, type Draft, type Names, type Table } from "./table.ts";

const RECORD: Table = compile([
  ["@timestamp", "createdAt"],
  ["event.reason", "primaryDescription"],
  ["action.type", "activityType"],
  ["agent.id", "agentId"],
  ["agent.version", "agentUpdatedVersion"],
  ["group.id", "groupId"],
  ["group.name", "groupName"],
  ["organization.id", "accountId"],
  ["organization.name", "accountName"],
  ["os.family", "osFamily"],
  ["user.id", "userId"],
  ["sentinelone.eventid", "id"],
  ["sentinelone.sitename", "siteName"],
]);
const KEPT: Names = compileNames("sentinelone", [
  "secondaryDescription", "siteId", "description", "hash", "comments", "threatId", "updatedAt", "createdAt", "indicators", "mitigationStatus", "EventTime", "applications", "whiteningOptions",
]);

export function fillRecord(record: JsonObject, doc: Draft): void {
  fillNames(KEPT, record, doc);
  fill(RECORD, record, doc);
}
