/**
 * Processes of an event of Cloud Funnel. `src` acts, `src.parent` started it, `tgt` is acted upon; where the operating system acted for
 * another (`osSrc`), that one is the process of the document and `src` moves to `deepvisibility.*`. Each rule asks for the `pid` alone to tell
 * whether a process is there.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { compile, fill, objectAt, text, type Draft, type Row, type Table } from "./table.ts";
import { directoryName, funnelTime, isBlank } from "./values.ts";

const SOURCE: Table = compile([...runningRows("process", "src.process"), startedRow("process", "src.process")]);
const SOURCE_STORYLINE: Table = compile([["deepvisibility.process.storyline_id", "src.process.storyline.id"]]);
const SOURCE_BEHIND: Table = compile([
  ["deepvisibility.process.command_line", "src.process.cmdline"],
  ["deepvisibility.process.executable.name", "src.process.image.path"],
  ["deepvisibility.process.hash.sha256", "src.process.image.sha256"],
  ["deepvisibility.process.name", "src.process.name"],
]);
const SOURCE_LINUX: Table = compile([["user.name", "src.process.eUserName"], ...linuxUserRows("process", "src.process")]);
const SOURCE_CONTENT: Table = compile([
  ["action.properties.Path", "src.process.activeContent.path"],
  ["deepvisibility.process.activecontent.path", "src.process.activeContent.path"],
  ["deepvisibility.process.activecontent.hash.sha1", "src.process.activeContent.hash"],
]);

const PARENT: Table = compile([...runningRows("process.parent", "src.process.parent"), startedRow("process.parent", "src.process.parent")]);
const PARENT_STORYLINE: Table = compile([["deepvisibility.process.parent.storyline_id", "src.process.parent.storyline.id"]]);
const PARENT_BEHIND: Table = compile([
  ["deepvisibility.process.parent.command_line", "src.process.parent.cmdline"],
  ["deepvisibility.process.parent.executable.name", "src.process.parent.image.path"],
]);
const PARENT_LINUX: Table = compile(linuxUserRows("process.parent", "src.process.parent"));
const PARENT_CONTENT: Table = compile([["deepvisibility.process.parent.activecontent.path", "src.process.parent.activeContent.path"]]);

const TARGET: Table = compile([...commandRows("deepvisibility.process.target", "tgt.process"), ["deepvisibility.process.target.storyline_id", "tgt.process.storyline.id"]]);

const SYSTEM: Table = compile([
  ...runningRows("process", "osSrc.process"),
  startedRow("process", "osSrc.process"),
  ["deepvisibility.process.ossrc.storyline_id", "osSrc.process.storyline.id"],
]);
const SYSTEM_PARENT: Table = compile([
  ...commandRows("process.parent", "osSrc.process.parent"),
  startedRow("process.parent", "osSrc.process.parent"),
  ["process.parent.user.name", "osSrc.process.parent.user"],
  // One level too deep, and therefore a text instead of a number.
  ["process.parent.process.pid", "osSrc.process.parent.pid"],
  ["deepvisibility.process.ossrc.parent.storyline_id", "osSrc.process.parent.storyline.id"],
]);

/** The one that was started is the process, and the one that started it its parent, whatever was written there before. */
const CREATED: Table = compile([...runningRows("process", "tgt.process"), startedRow("process", "tgt.process"), ...runningRows("process.parent", "src.process")]);

const SOURCE_SIGNATURE = signatureAt("process", "src.process");
const PARENT_SIGNATURE = signatureAt("process.parent", "src.process.parent");
const SYSTEM_SIGNATURE = signatureAt("process", "osSrc.process");
const SYSTEM_PARENT_SIGNATURE = signatureAt("process.parent", "osSrc.process.parent");

export function fillProcesses(event: JsonObject, doc: Draft): void {
  const system = there(event["osSrc.process.pid"]);
  const systemParent = there(event["osSrc.process.parent.pid"]);
  if (there(event["src.process.pid"])) fillSource(event, doc, system);
  if (there(event["src.process.parent.pid"])) fillParent(event, doc, systemParent);
  if (there(event["tgt.process.pid"])) fill(TARGET, event, doc);
  if (system) {
    fill(SYSTEM, event, doc);
    fillUser(event["osSrc.process.user"], doc);
    SYSTEM_SIGNATURE(event, doc);
  }
  if (systemParent) {
    fill(SYSTEM_PARENT, event, doc);
    SYSTEM_PARENT_SIGNATURE(event, doc);
  }
}

export function fillCreation(event: JsonObject, doc: Draft): void {
  fill(CREATED, event, doc);
}

function fillSource(event: JsonObject, doc: Draft, system: boolean): void {
  fill(SOURCE_STORYLINE, event, doc);
  if (system) fill(SOURCE_BEHIND, event, doc);
  else {
    fill(SOURCE, event, doc);
    fillUser(event["src.process.user"], doc);
    SOURCE_SIGNATURE(event, doc);
  }
  if (there(event["src.process.eUserUid"])) fill(SOURCE_LINUX, event, doc);
  if (there(event["src.process.activeContentType"])) fill(SOURCE_CONTENT, event, doc);
}

function fillParent(event: JsonObject, doc: Draft, systemParent: boolean): void {
  fill(PARENT_STORYLINE, event, doc);
  if (systemParent) fill(PARENT_BEHIND, event, doc);
  else {
    fill(PARENT, event, doc);
    PARENT_SIGNATURE(event, doc);
  }
  if (there(event["src.process.parent.eUserUid"])) fill(PARENT_LINUX, event, doc);
  if (there(event["src.process.parent.activeContentType"])) fill(PARENT_CONTENT, event, doc);
}

/** What the intakes ask before they read a part: not null, though it may be zero or "". */
export function there(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

function fillUser(value: Json | undefined, doc: Draft): void {
  if (typeof value !== "string" || value === "") return;
  const user = objectAt(doc, ["user"]);
  const [before, behind] = value.split("\\");
  if (behind === undefined) {
    user["name"] = value;
    return;
  }
  if (!isBlank(behind)) user["name"] = behind;
  if (!isBlank(before)) user["domain"] = before;
}

/**
 * The signature of what `source` names, under `field`. Without a word about it nothing is signed, and only "unverified" is ever told about
 * whether it holds.
 */
export function signatureAt(field: string, source: string): (event: JsonObject, doc: Draft) => void {
  const path = [...field.split("."), "code_signature"];
  const [signed, publisher, verified, reason] = [`${source}.signedStatus`, `${source}.publisher`, `${source}.verifiedStatus`, `${source}.reasonSignatureInvalid`];
  return (event, doc) => {
    const status = event[signed];
    if (status === "signed") {
      const signature = objectAt(doc, path);
      signature["exists"] = true;
      const subject = text(event, publisher);
      if (subject !== undefined) signature["subject_name"] = subject;
    } else if (status === "unsigned" || !there(status)) objectAt(doc, path)["exists"] = false;
    if (event[verified] !== "unverified") return;
    const signature = objectAt(doc, path);
    signature["valid"] = false;
    const why = text(event, reason);
    if (why !== undefined) signature["status"] = why;
  };
}

function commandRows(field: string, source: string): readonly Row[] {
  return [
    [`${field}.command_line`, `${source}.cmdline`],
    [`${field}.executable`, `${source}.image.path`],
    [`${field}.name`, `${source}.name`],
    [`${field}.title`, `${source}.displayName`],
    [`${field}.working_directory`, `${source}.image.path`, directoryName],
    [`${field}.hash.md5`, `${source}.image.md5`],
    [`${field}.hash.sha1`, `${source}.image.sha1`],
    [`${field}.hash.sha256`, `${source}.image.sha256`],
  ];
}

function runningRows(field: string, source: string): readonly Row[] {
  return [...commandRows(field, source), [`${field}.pid`, `${source}.pid`], [`${field}.user.name`, `${source}.user`]];
}

function startedRow(field: string, source: string): Row {
  return [`${field}.start`, `${source}.startTime`, funnelTime];
}

function linuxUserRows(field: string, source: string): readonly Row[] {
  return [
    [`${field}.user.name`, `${source}.eUserName`],
    [`${field}.user.id`, `${source}.eUserUid`],
    [`${field}.real_user.name`, `${source}.rUserName`],
    [`${field}.real_user.id`, `${source}.rUserUid`],
  ];
}
