/** Applications on machines as they stand: `state` of a package. Both the inventory by endpoint and the older listing of installed applications. */
import type { RecordMap } from "../contract.ts";
import { firstText, instant, size, text } from "../values.ts";
import { Draft, put, putScope, scopeOf, type Classification, type Fields } from "./document.ts";
import { named, putHost } from "./host.ts";

const CLASS: Classification = { kind: "state", category: ["package"], type: ["info"] };

export const applicationToEcs: RecordMap = (record, context) => {
  const draft = new Draft("applications", record, context);
  const { event } = draft;
  draft.classify(CLASS);
  const installed = instant(record["applicationInstallationDate"]) ?? instant(record["installedAt"]) ?? instant(record["installedDate"]);
  const created = instant(record["createdAt"]);
  draft.put("@timestamp", instant(record["detectionDate"]) ?? instant(record["updatedAt"]) ?? created ?? installed);
  put(event, "id", text(record["id"]));
  put(event, "created", instant(record["detectionDate"]) ?? created);
  event["action"] = "application-state";
  const name = firstText(record["applicationName"], record["name"]);
  const version = firstText(record["version"], record["applicationVersion"]);
  const machine = firstText(named(record["endpointName"]), named(record["agentComputerName"]));
  draft.put("message", `Application ${[name, version].filter((part) => part !== undefined).join(" ")}${machine === undefined ? "" : ` on ${machine}`}`.trim());
  draft.put("observer", { vendor: "SentinelOne", product: "Singularity Vulnerability Management", type: "sensor" });

  const fields: Fields = {};
  put(fields, "name", name);
  put(fields, "version", version);
  put(fields, "size", size(record["fileSize"] ?? record["size"]));
  put(fields, "installed", installed);
  put(fields, "path", text(record["applicationInstallationPath"]));
  put(fields, "type", text(record["type"]));
  draft.putObject("package", fields);

  putHost(
    draft,
    {
      name: named(record["endpointName"]) ?? record["agentComputerName"],
      domain: record["agentDomain"],
      uuid: named(record["endpointUuid"]) ?? record["agentUuid"],
      agentId: named(record["endpointId"]) ?? record["agentId"],
      agentVersion: record["agentVersion"],
      type: named(record["endpointType"]) ?? record["agentMachineType"],
      architecture: record["osArch"],
      osType: named(record["osType"]) ?? record["agentOsType"],
      osName: record["osName"],
      osFull: record["osVersion"],
    },
    "osType",
    context,
  );
  putScope(draft, scopeOf(record));
  return draft.done();
};
