/**
 * Parts of an activity's `data`, which is free-form: each type spells the same things in its own way. The machine, the person, the process
 * with its parent, the file.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { containerOf } from "./container.ts";
import { deviceOf, deviceType, osOf, osType } from "./device.ts";
import type { Scope } from "./event.ts";
import { email, type Fields } from "./fields.ts";
import { fileOf, signatureOf } from "./file.ts";
import { processOf } from "./process.ts";
import { accountUser, userOf } from "./user.ts";

/** The record, its `data`, and what all handlers need of both. */
export interface Told {
  readonly fields: Fields;
  readonly data: Fields;
  readonly id: string;
  readonly scope: Scope;
  readonly context: MapContext;
  /** The vendor's word for the activity; a name made of its number where it has none. */
  readonly label: string;
}

const PERSON_KEYS = ["username", "userName", "user", "userFullName", "fullName"];
const NOBODY = /^(?:|null|none|n\/a|-)$/i;

function personName(data: Fields, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const found = data.peek(key);
    if (typeof found === "string" && !NOBODY.test(found.trim())) return data.text(key);
  }
  return undefined;
}

function person(name: string | undefined, uid: string | undefined, mail: string | undefined, role: string | undefined): JsonObject | undefined {
  return userOf({ name: name ?? mail, uid, email: mail ?? email(name), type: role === "Admin" ? 2 : undefined });
}

/** Whoever an activity is about: the one logging in, the one added. */
export function subjectOf({ data }: Told): { readonly name: string | undefined; readonly mail: string | undefined } {
  const name = personName(data, PERSON_KEYS);
  return { name, mail: data.email("email") ?? data.email("userEmail") };
}

/** Whoever did it: `byUser` where another is the subject, else the subject. */
export function doerOf(told: Told, subject: { readonly name: string | undefined; readonly mail: string | undefined }): JsonObject | undefined {
  const { fields, data } = told;
  const by = personName(data, ["byUser", "byuser", "initiatedBy", "actor"]);
  const uid = fields.text("userId");
  const role = data.peek("role");
  return person(by ?? subject.name, uid, by === undefined ? subject.mail : undefined, by === undefined && typeof role === "string" ? role : undefined);
}

/** The subject as a user of its own, with an id where nobody else did it. */
export function subjectUser(told: Told, subject: { readonly name: string | undefined; readonly mail: string | undefined }, isDoer: boolean): JsonObject | undefined {
  const role = told.data.peek("role");
  return person(subject.name, isDoer ? told.fields.text("userId") : undefined, subject.mail, typeof role === "string" ? role : undefined);
}

/** A person, or SentinelOne itself where no person is named. */
export function actorOf(told: Told): JsonObject {
  const user = doerOf(told, subjectOf(told));
  return user === undefined ? { app_name: "SentinelOne" } : { user };
}

export function deviceFrom({ fields, data, scope, context }: Told): JsonObject | undefined {
  const version = data.text("origagentversion") ?? fields.text("agentUpdatedVersion");
  const uuid = data.firstText("uuid", "origagentuuid", "agentUuid");
  const id = fields.text("agentId");
  const hostname = data.firstText("computerName", "origagentname", "agentName", "endpointName");
  if (hostname === undefined && id === undefined && uuid === undefined) return undefined;
  const os = osType(data.text("origagentosfamily") ?? data.text("osFamily") ?? data.text("osType") ?? fields.text("osFamily"), "osFamily", context);
  return deviceOf({
    hostname,
    uuid,
    id,
    type: deviceType(data.firstText("origagentmachinetype", "machineType"), "data.machineType", context),
    os: osOf({ type: os, name: data.text("origagentosname"), build: data.text("origagentosrevision") }),
    ip: data.ip("externalIp"),
    agentVersion: version,
    hasAgent: true,
    scope,
    owner: accountUser(lastUser(data)),
  });
}

function lastUser(data: Fields): string | undefined {
  const found = data.peek("lastLoggedInUserName");
  return typeof found === "string" && !NOBODY.test(found.trim()) ? data.text("lastLoggedInUserName") : undefined;
}

/** The file a threat is about. */
export function fileFrom({ data }: Told): JsonObject | undefined {
  const path = data.text("filePath");
  return fileOf({ path, name: data.firstText("fileDisplayName", "fileName", "filename"), sha1: data.hash("fileContentHash") });
}

const PROCESS_NAMES = ["filepath", "path", "username", "name", "md5", "sha1", "sha256", "signeridentity", "filesingeridentity", "filesigneridentity", "commandline", "pid", "key", "starttime", "integritylevel"] as const;
type ProcessNames = Readonly<Record<(typeof PROCESS_NAMES)[number], string>>;

function processNames(prefix: string): ProcessNames {
  return Object.fromEntries(PROCESS_NAMES.map((name) => [name, prefix + name])) as unknown as ProcessNames;
}

const SOURCE = processNames("sourceprocess");
const SOURCE_PARENT = processNames("sourceparentprocess");

function processFrom(data: Fields, at: ProcessNames, standIn: string, parent: JsonObject | undefined, context: MapContext): JsonObject | undefined {
  const path = data.firstText(at.filepath, at.path);
  const user = accountUser(data.peek(at.username));
  if (user !== undefined) data.use(at.username);
  const name = data.text(at.name);
  const file = fileOf({
    path,
    name: path === undefined ? name : undefined,
    md5: data.hash(at.md5),
    sha1: data.hash(at.sha1),
    sha256: data.hash(at.sha256),
    signature: signatureOf({ publisher: data.firstText(at.signeridentity, at.filesingeridentity, at.filesigneridentity) }),
  });
  const commandLine = data.text(at.commandline);
  if (name === undefined && file === undefined && commandLine === undefined) return undefined;
  return processOf(
    {
      pid: data.integer(at.pid),
      uid: data.text(at.key),
      name,
      commandLine,
      path,
      started: data.time(at.starttime),
      integrity: data.text(at.integritylevel),
      integrityField: `data.${at.integritylevel}`,
      user,
      file,
      parent,
      standIn,
    },
    context,
  );
}

/** The process that set off a rule, with its parent. */
export function sourceProcess({ data, id, context }: Told): JsonObject | undefined {
  const parent = processFrom(data, SOURCE_PARENT, `${id}:parent`, undefined, context);
  return processFrom(data, SOURCE, `${id}:process`, parent, context);
}

/** `k8scontainerid` and its like. */
export function containerFrom({ data }: Told): JsonObject | undefined {
  return containerOf({ uid: data.text("k8scontainerid"), name: data.text("k8scontainername"), image: data.text("k8scontainerimage"), cluster: data.peek("k8sclustername") });
}
