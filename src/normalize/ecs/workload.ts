/** Containers, clusters and clouds as ECS has them. */
import type { Json } from "../../kernel/json.ts";
import { text, texts } from "../values.ts";
import { put, putList, putObject, type Fields } from "./document.ts";

export interface ContainerFacts {
  readonly id?: Json | undefined;
  readonly name?: Json | undefined;
  /** `name:tag` or `name@digest`. */
  readonly image?: Json | undefined;
  /** `a=b`, with commas between them or as an array. */
  readonly labels?: Json | undefined;
}

export function containerOf(facts: ContainerFacts): Fields {
  const container: Fields = {};
  put(container, "id", text(facts.id));
  put(container, "name", text(facts.name));
  const image = text(facts.image);
  if (image !== undefined) {
    const fields: Fields = {};
    const cut = image.lastIndexOf(":");
    // A colon before a slash belongs to a registry's port, one after an @ to a digest.
    if (cut > 0 && cut > image.lastIndexOf("/") && !image.includes("@")) {
      fields["name"] = image.slice(0, cut);
      putList(fields, "tag", texts(image.slice(cut + 1)));
    } else fields["name"] = image;
    container["image"] = fields;
  }
  putObject(container, "labels", labelObject(facts.labels));
  return container;
}

/** Labels, each as the vendor writes it. */
export function labelsOf(value: Json | undefined): readonly string[] {
  const found = typeof value === "string" ? value.split(",", 256).map((part) => part.trim()) : texts(value);
  return [...new Set(found.filter((label) => label !== ""))];
}

/** As an object of texts. A label's name with dots would nest, so they become underscores, as ECS asks. */
function labelObject(value: Json | undefined): Fields {
  const fields: Fields = {};
  for (const label of labelsOf(value)) {
    const cut = label.indexOf("=");
    const name = (cut === -1 ? label : label.slice(0, cut)).trim().replaceAll(".", "_");
    // No prototype is reached by a label, whatever its name.
    if (name !== "") Object.defineProperty(fields, name, { value: cut === -1 ? "" : label.slice(cut + 1), enumerable: true, configurable: true, writable: true });
  }
  return fields;
}

export interface OrchestratorFacts {
  readonly cluster?: Json | undefined;
  readonly namespace?: Json | undefined;
  readonly controllerKind?: Json | undefined;
  readonly controllerName?: Json | undefined;
  readonly pod?: Json | undefined;
  readonly labels?: Json | undefined;
}

export function orchestratorOf(facts: OrchestratorFacts): Fields {
  const orchestrator: Fields = {};
  const cluster: Fields = {};
  put(cluster, "name", text(facts.cluster));
  putObject(orchestrator, "cluster", cluster);
  put(orchestrator, "namespace", text(facts.namespace));
  const resource: Fields = {};
  const pod = text(facts.pod);
  put(resource, "name", pod ?? text(facts.controllerName));
  put(resource, "type", pod === undefined ? text(facts.controllerKind) : "pod");
  if (pod !== undefined) {
    const parent: Fields = {};
    put(parent, "type", text(facts.controllerKind));
    putObject(resource, "parent", parent);
  }
  putList(resource, "label", labelsOf(facts.labels));
  putObject(orchestrator, "resource", resource);
  for (const _ in orchestrator) {
    orchestrator["type"] = "kubernetes";
    break;
  }
  return orchestrator;
}

export interface CloudFacts {
  readonly provider?: Json | undefined;
  readonly account?: Json | undefined;
  readonly project?: Json | undefined;
  readonly instance?: Json | undefined;
  readonly size?: Json | undefined;
  readonly location?: Json | undefined;
}

export function cloudOf(facts: CloudFacts): Fields {
  const cloud: Fields = {};
  put(cloud, "provider", text(facts.provider)?.toLowerCase());
  const account: Fields = {};
  put(account, "id", text(facts.account));
  putObject(cloud, "account", account);
  const project: Fields = {};
  put(project, "id", text(facts.project));
  putObject(cloud, "project", project);
  const instance: Fields = {};
  put(instance, "id", text(facts.instance));
  putObject(cloud, "instance", instance);
  const machine: Fields = {};
  put(machine, "type", text(facts.size));
  putObject(cloud, "machine", machine);
  const location = text(facts.location);
  if (location !== undefined) {
    // `us-central1-f`, `eu-west-1b`: a zone, named by its region and a letter.
    const zone = /^(.+\d)-?[a-f]$/.exec(location);
    put(cloud, "region", zone?.[1] ?? location);
    if (zone !== null) cloud["availability_zone"] = location;
  }
  return cloud;
}
