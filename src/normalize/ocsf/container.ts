/** OCSF's container. An image has to have an id; its name, which says as much, stands for one. */
import type { JsonObject } from "../../kernel/json.ts";
import { put, putList, type Draft } from "./enums.ts";

export interface ContainerParts {
  readonly uid: string | undefined;
  readonly name: string | undefined;
  readonly image: string | undefined;
  readonly imageUid?: string | undefined;
  readonly labels?: readonly string[];
  /** The cluster's name, as the record has it. */
  readonly cluster: unknown;
}

/** Undefined where nothing tells which container it is. */
export function containerOf({ uid, name, image, imageUid, labels = [], cluster }: ContainerParts): JsonObject | undefined {
  if (uid === undefined && name === undefined) return undefined;
  const container: Draft = {};
  put(container, "uid", uid);
  put(container, "name", name);
  if (image !== undefined) container["image"] = { uid: imageUid ?? image, name: image };
  putList(container, "labels", labels);
  if (typeof cluster === "string" && cluster !== "") container["orchestrator"] = "kubernetes";
  return container;
}
