/**
 * The types that Sekoia's intakes declare for their fields, where they are not `keyword`. A field's type decides what its value becomes:
 * `siteId` is an integer, `agentId` a text, whatever the console sent.
 */
import { boolean, date, keyword, long, plainIp, textDate, type Convert } from "./values.ts";

type FieldType = "boolean" | "date" | "ip" | "long" | "text date";

const CONVERTS: Readonly<Record<FieldType, Convert>> = { boolean, date, ip: plainIp, long, "text date": textDate };

const TYPES: Readonly<Record<FieldType, readonly string[]>> = {
  boolean: [
    "sentinelone.agentRealtimeInfo.agentInfected",
    "sentinelone.agentRealtimeInfo.agentIsActive",
    "sentinelone.agentRealtimeInfo.agentIsDecommissioned",
    "sentinelone.agentRealtimeInfo.rebootRequired",
    "sentinelone.data.system",
    "sentinelone.threatInfo.automaticallyResolved",
    "sentinelone.threatInfo.externalTicketExists",
    "sentinelone.threatInfo.failedActions",
    "sentinelone.threatInfo.isFileless",
    "sentinelone.threatInfo.isValidCertificate",
    "sentinelone.threatInfo.mitigatedPreemptively",
    "sentinelone.threatInfo.pendingActions",
    "sentinelone.threatInfo.reachedEventsLimit",
    "sentinelone.threatInfo.rebootRequired",
  ],
  date: [
    "@timestamp",
    "event.end",
    "event.start",
    "process.parent.start",
    "process.start",
    "threat.enrichments.matched.occurred",
    "threat.indicator.file.created",
  ],
  ip: [
    "destination.ip",
    "source.ip",
  ],
  long: [
    "destination.port",
    "file.size",
    "process.parent.pid",
    "process.pid",
    "sentinelone.agentDetectionInfo.groupId",
    "sentinelone.agentDetectionInfo.siteId",
    "sentinelone.agentRealtimeInfo.activeThreats",
    "sentinelone.agentRealtimeInfo.groupId",
    "sentinelone.agentRealtimeInfo.siteId",
    "sentinelone.data.alertId",
    "sentinelone.data.alertid",
    "sentinelone.data.dstport",
    "sentinelone.data.durationOfMeasurement",
    "sentinelone.data.numberOfEvents",
    "sentinelone.data.order",
    "sentinelone.data.origagentsiteid",
    "sentinelone.data.processId",
    "sentinelone.data.rulescopeid",
    "sentinelone.data.scopeId",
    "sentinelone.data.sourceparentprocesspid",
    "sentinelone.data.sourceparentprocessstarttime",
    "sentinelone.data.sourceprocesspid",
    "sentinelone.data.sourceprocessstarttime",
    "sentinelone.data.srcport",
    "sentinelone.data.systemUser",
    "sentinelone.data.tgtfilecreatedat",
    "sentinelone.data.tgtfilemodifiedat",
    "sentinelone.data.tgtprocpid",
    "sentinelone.data.userId",
    "sentinelone.eventid",
    "sentinelone.siteId",
    "source.port",
    "threat.indicator.file.size",
  ],
  "text date": [
    "sentinelone.data.detectedat",
  ],
};

const BY_FIELD: ReadonlyMap<string, FieldType> = new Map(
  (Object.keys(TYPES) as FieldType[]).flatMap((type) => TYPES[type].map((field): [string, FieldType] => [field, type])),
);

export function converterOf(field: string): Convert {
  const type = BY_FIELD.get(field);
  return type === undefined ? keyword : CONVERTS[type];
}
