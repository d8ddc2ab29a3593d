/**
 * Parts of a Cloud Funnel event, which is flat: the same names under `src.process.`, `src.process.parent.`, `osSrc.process.`,
 * `tgt.process.` and so on. Each prefix's names are put together once, not for every event.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { text } from "../values.ts";
import { containerOf } from "./container.ts";
import { deviceOf, deviceType, osOf, osType } from "./device.ts";
import type { Scope } from "./event.ts";
import type { Fields } from "./fields.ts";
import { EXECUTABLE, fileOf, FOLDER, REGULAR, signatureOf } from "./file.ts";
import { processOf } from "./process.ts";
import { accountUser, userOf } from "./user.ts";

const NAMES = [
  "pid",
  "uid",
  "name",
  "cmdline",
  "displayName",
  "startTime",
  "integrityLevel",
  "user",
  "userSid",
  "eUserName",
  "eUserUid",
  "rUserName",
  "rUserUid",
  "lUserName",
  "lUserUid",
  "sessionId",
  "publisher",
  "signedStatus",
  "verifiedStatus",
  "reasonSignatureInvalid",
  "image.path",
  "image.md5",
  "image.sha1",
  "image.sha256",
  "image.size",
  "image.description",
  "image.internalName",
  "image.productVersion",
  "image.uid",
] as const;

type Names = Readonly<Record<(typeof NAMES)[number], string>>;

function names(prefix: string): Names {
  return Object.fromEntries(NAMES.map((name) => [name, prefix + name])) as unknown as Names;
}

export const SOURCE = names("src.process.");
export const SOURCE_PARENT = names("src.process.parent.");
export const OS_SOURCE = names("osSrc.process.");
const OS_SOURCE_PARENT = names("osSrc.process.parent.");
export const TARGET = names("tgt.process.");

/** Whose parents are told. */
const PARENTS: ReadonlyMap<Names, Names> = new Map([[SOURCE, SOURCE_PARENT], [OS_SOURCE, OS_SOURCE_PARENT]]);

/** The process under a prefix, with its parent where that is told; `parent` where another is known to have started it. */
export function processAt(fields: Fields, at: Names, context: MapContext, parent?: JsonObject): JsonObject | undefined {
  const path = fields.text(at["image.path"]);
  const name = fields.text(at.name);
  const parentNames = PARENTS.get(at);
  return processOf(
    {
      pid: fields.integer(at.pid),
      uid: fields.text(at.uid),
      name: name ?? fields.text(at.displayName),
      commandLine: fields.text(at.cmdline),
      path,
      started: fields.time(at.startTime),
      integrity: fields.text(at.integrityLevel),
      integrityField: at.integrityLevel,
      user: userAt(fields, at),
      session: fields.text(at.sessionId),
      file: imageAt(fields, at, path, name),
      parent: parent ?? (parentNames === undefined ? undefined : processAt(fields, parentNames, context)),
    },
    context,
  );
}

/** Windows' `DOMAIN\user`, else the effective user of Linux and macOS. */
function userAt(fields: Fields, at: Names): JsonObject | undefined {
  const user = accountUser(fields.peek(at.user), { uid: fields.text(at.userSid) });
  if (user !== undefined) {
    fields.use(at.user);
    return user;
  }
  return userOf({ name: fields.text(at.eUserName), uid: fields.text(at.eUserUid) });
}

function imageAt(fields: Fields, at: Names, path: string | undefined, name: string | undefined): JsonObject | undefined {
  const signature = signatureAt(fields, at);
  return fileOf({
    path,
    name: path === undefined ? name : undefined,
    type: EXECUTABLE,
    size: fields.long(at["image.size"]),
    uid: fields.text(at["image.uid"]),
    description: fields.text(at["image.description"]) ?? (name === undefined ? undefined : fields.text(at.displayName)),
    internalName: fields.text(at["image.internalName"]),
    version: fields.text(at["image.productVersion"]),
    md5: fields.hash(at["image.md5"]),
    sha1: fields.hash(at["image.sha1"]),
    sha256: fields.hash(at["image.sha256"]),
    signature,
  });
}

/** A file that nobody signed has no signature that could be valid or not. */
function signatureAt(fields: Fields, at: Names): JsonObject | undefined {
  if (fields.peek(at.signedStatus) === "unsigned") return undefined;
  const verified = fields.text(at.verifiedStatus);
  const signature = signatureOf({ publisher: fields.text(at.publisher), valid: verified === undefined ? undefined : verified === "verified", reason: text(fields.peek(at.reasonSignatureInvalid)) });
  // That there is a signature says that it is signed.
  if (signature !== undefined) fields.use(at.signedStatus);
  return signature;
}

/** The file an event is about. */
export function targetFile(fields: Fields, typeOf?: number): JsonObject | undefined {
  const directory = fields.flag("tgt.file.isDirectory");
  const executable = fields.flag("tgt.file.isExecutable");
  const path = fields.text("tgt.file.path");
  const signature = fields.peek("tgt.file.isSigned") === "unsigned" ? undefined : signatureOf({ publisher: fields.text("tgt.file.publisher"), valid: fields.flag("tgt.file.signature.isValid") });
  if (signature !== undefined) fields.use("tgt.file.isSigned");
  return fileOf({
    path,
    name: path === undefined ? fields.text("tgt.file.name") : undefined,
    type: typeOf ?? (directory === true ? FOLDER : executable === true ? EXECUTABLE : REGULAR),
    extension: fields.text("tgt.file.extension"),
    size: fields.long("tgt.file.size"),
    uid: fields.text("tgt.file.id"),
    created: fields.time("tgt.file.creationTime"),
    modified: fields.time("tgt.file.modificationTime"),
    description: fields.text("tgt.file.description"),
    internalName: fields.text("tgt.file.internalName"),
    version: fields.text("tgt.file.productVersion"),
    owner: userOf({ name: fields.text("tgt.file.owner.name"), uid: fields.text("tgt.file.owner.userSid") }),
    md5: fields.hash("tgt.file.md5"),
    sha1: fields.hash("tgt.file.sha1"),
    sha256: fields.hash("tgt.file.sha256"),
    signature,
  });
}

export function oldFile(fields: Fields): JsonObject | undefined {
  return fileOf({
    path: fields.text("tgt.file.oldPath"),
    type: REGULAR,
    md5: fields.hash("tgt.file.oldMd5"),
    sha1: fields.hash("tgt.file.oldSha1"),
    sha256: fields.hash("tgt.file.oldSha256"),
  });
}

export function scopeAt(fields: Fields): Scope {
  return { accountId: fields.text("account.id"), accountName: fields.text("account.name"), siteId: fields.text("site.id"), siteName: fields.text("site.name") };
}

/** The machine the event was seen on; every class of the system asks for one. */
export function machineAt(fields: Fields, scope: Scope, context: MapContext): JsonObject {
  const version = fields.text("agent.version");
  const device = deviceOf({
    hostname: fields.text("endpoint.name"),
    uuid: fields.text("agent.uuid"),
    type: deviceType(fields.text("endpoint.type"), "endpoint.type", context),
    os: osOf({ type: osType(fields.text("endpoint.os"), "endpoint.os", context), name: fields.text("os.name"), build: fields.text("mgmt.osRevision") }),
    agentVersion: version,
    hasAgent: true,
    scope,
  });
  return device ?? { type_id: 0, type: "Unknown", name: "unknown" };
}

/** The process that did it; SentinelOne's agent, which saw it, where no process is told. */
export function actorAt(fields: Fields, context: MapContext): JsonObject {
  const process = processAt(fields, SOURCE, context);
  return process === undefined ? { app_name: "SentinelOne Agent" } : { process };
}

export function containerAt(fields: Fields): JsonObject | undefined {
  return containerOf({
    uid: fields.firstText("k8sCluster.containerId", "container.id"),
    name: fields.firstText("k8sCluster.containerName", "container.name"),
    image: fields.firstText("k8sCluster.containerImage", "container.image"),
    imageUid: fields.text("k8sCluster.containerImage.id"),
    labels: fields.texts("k8sCluster.containerLabels"),
    cluster: fields.peek("k8sCluster.name"),
  });
}
