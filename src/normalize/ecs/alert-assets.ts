/** What a unified alert is about: machines, identities, workloads in a cloud or a cluster. Only what is no identity is a host. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { list, object, text } from "../values.ts";
import { put, putList, type Draft, type Fields } from "./document.ts";
import { named, putHost } from "./host.ts";
import { cloudOf, containerOf, labelsOf, orchestratorOf } from "./workload.ts";

export interface AlertAsset {
  /** The asset the alert is about first of all. */
  readonly primary: JsonObject;
  readonly all: readonly Json[];
}

/** `assets`, or the one `asset` of older queries; the one marked as primary, else the target, else the first. */
export function alertAsset(record: JsonObject): AlertAsset {
  const all = list(record["assets"]);
  const marked = all.find((one) => object(one)["primary"] === true) ?? all.find((one) => object(one)["role"] === "TARGET") ?? all[0];
  const single = object(record["asset"]);
  return { primary: marked === undefined ? single : { ...single, ...object(marked) }, all };
}

export function isIdentity(asset: AlertAsset, resource: JsonObject): boolean {
  const type = text(resource["type"]);
  if (type !== undefined) return type.startsWith("identity::");
  return text(asset.primary["category"])?.toLowerCase() === "identity";
}

export function putAssetContext(draft: Draft, record: JsonObject, asset: AlertAsset, resource: JsonObject, context: MapContext): void {
  const { primary } = asset;
  for (const one of asset.all) {
    if (!isIdentity({ primary: object(one), all: [] }, {})) {
      draft.host(named(object(one)["id"]));
      draft.host(named(object(one)["name"]));
    }
    draft.user(named(object(one)["lastLoggedInUser"]));
  }
  const seen = detectionAssets(record);
  for (const one of seen) draft.user(named(object(one["asset"])["lastLoggedInUser"]));
  const first = seen[0] ?? {};
  const then = object(first["asset"]);
  if (!isIdentity(asset, resource)) {
    putHost(
      draft,
      {
        name: named(primary["name"]) ?? named(resource["name"]) ?? evidenceDevice(record)["hostname"],
        domain: then["domain"],
        uuid: primary["agentUuid"],
        agentVersion: named(primary["agentVersion"]) ?? then["agentVersion"],
        type: primary["subcategory"] ?? primary["category"],
        osType: named(primary["osType"]) ?? then["osType"],
        osName: then["osName"],
        osVersion: named(then["osRevision"]) ?? primary["osVersion"],
        osFull: named(primary["osVersion"]) ?? resource["version"],
        addresses: [then["ipV4"], then["ipV4Addresses"], then["ipV6"], then["ipV6Addresses"]],
      },
      "asset.osType",
      context,
    );
  } else {
    const agent: Fields = {};
    put(agent, "id", named(primary["agentUuid"]));
    put(agent, "version", named(primary["agentVersion"]));
    draft.putObject("agent", agent);
  }
  draft.external(then["consoleIpAddress"]);
  putWorkload(draft, first);
}

/** Snapshots of the time of detection; one that is of a machine goes before one that is of nothing. */
function detectionAssets(record: JsonObject): readonly JsonObject[] {
  const detection = object(record["detectionTime"]);
  const all = list(detection["assets"]).map(object);
  if (all.length > 0) return all.toSorted((left, right) => Number(right["primary"] === true) - Number(left["primary"] === true));
  return [detection];
}

/** The machine of the evidence, where the alert itself names none. */
function evidenceDevice(record: JsonObject): JsonObject {
  for (const one of list(object(record["rawData"])["evidences"])) {
    const device = object(object(one)["device"]);
    if (named(device["hostname"]) !== undefined) return device;
  }
  return {};
}

function putWorkload(draft: Draft, { cloud: cloudFacts, kubernetes }: JsonObject): void {
  const cluster = object(kubernetes);
  draft.putObject("container", containerOf({ id: cluster["containerId"], name: cluster["containerName"], image: cluster["containerImageName"], labels: cluster["containerLabels"] }));
  const orchestrator = orchestratorOf({
    cluster: cluster["clusterName"],
    namespace: cluster["namespaceName"],
    controllerKind: cluster["controllerType"],
    controllerName: cluster["controllerName"],
    pod: cluster["podName"],
    labels: cluster["podLabels"] ?? cluster["controllerLabels"],
  });
  draft.putObject("orchestrator", orchestrator);
  draft.host(text(cluster["nodeName"]));
  const cloud = object(cloudFacts);
  const provider = object(cloud["providerDetails"]);
  const found = cloudOf({
    provider: cloud["cloudProvider"],
    account: cloud["accountId"] ?? provider["accountId"] ?? provider["subscriptionId"],
    project: provider["projectId"],
    instance: cloud["instanceId"] ?? provider["instanceId"],
    size: cloud["instanceSize"] ?? provider["instanceType"],
    location: cloud["location"] ?? provider["region"] ?? provider["zone"],
  });
  draft.putObject("cloud", found);
  putList(draft.document, "tags", labelsOf(cloud["tags"]));
}
