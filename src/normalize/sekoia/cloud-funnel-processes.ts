/**
 * Processes of an event of Cloud Funnel. `src` acts, `src.parent` started it, `tgt` is acted upon; where the operating system acted for
 * another (`osSrc`), that one is the process of the document and `src` moves to `deepvisibility.*`. Each rule asks for the `pid` alone to tell
 * whether a process is there.
 */
import type { Json } from "../../kernel/json.ts";
import type { Values } from "../field-table.ts";
import { AT, FIELDS } from "./cloud-funnel-fields.ts";
import { compile, fillFrom, filled, objectAt, type Draft, type Row, type Table } from "./table.ts";
import { directoryName, funnelTime, isBlank } from "./values.ts";

const SOURCE: Table = compile([...runningRows("process", "src.process"), startedRow("process", "src.process")], FIELDS);
const SOURCE_STORYLINE: Table = compile([["deepvisibility.process.storyline_id", "src.process.storyline.id"]], FIELDS);
const SOURCE_BEHIND: Table = compile([
  ["deepvisibility.process.command_line", "src.process.cmdline"],
  ["deepvisibility.process.executable.name", "src.process.image.path"],
  ["deepvisibility.process.hash.sha256", "src.process.image.sha256"],
  ["deepvisibility.process.name", "src.process.name"],
], FIELDS);
const SOURCE_LINUX: Table = compile([["user.name", "src.process.eUserName"], ...linuxUserRows("process", "src.process")], FIELDS);
const SOURCE_CONTENT: Table = compile([
  ["action.properties.Path", "src.process.activeContent.path"],
  ["deepvisibility.process.activecontent.path", "src.process.activeContent.path"],
  ["deepvisibility.process.activecontent.hash.sha1", "src.process.activeContent.hash"],
], FIELDS);

const PARENT: Table = compile([...runningRows("process.parent", "src.process.parent"), startedRow("process.parent", "src.process.parent")], FIELDS);
const PARENT_STORYLINE: Table = compile([["deepvisibility.process.parent.storyline_id", "src.process.parent.storyline.id"]], FIELDS);
const PARENT_BEHIND: Table = compile([
  ["deepvisibility.process.parent.command_line", "src.process.parent.cmdline"],
  ["deepvisibility.process.parent.executable.name", "src.process.parent.image.path"],
], FIELDS);
const PARENT_LINUX: Table = compile(linuxUserRows("process.parent", "src.process.parent"), FIELDS);
const PARENT_CONTENT: Table = compile([["deepvisibility.process.parent.activecontent.path", "src.process.parent.activeContent.path"]], FIELDS);

const TARGET: Table = compile([...commandRows("deepvisibility.process.target", "tgt.process"), ["deepvisibility.process.target.storyline_id", "tgt.process.storyline.id"]], FIELDS);

const SYSTEM: Table = compile([
  ...runningRows("process", "osSrc.process"),
  startedRow("process", "osSrc.process"),
  ["deepvisibility.process.ossrc.storyline_id", "osSrc.process.storyline.id"],
], FIELDS);
const SYSTEM_PARENT: Table = compile([
  ...commandRows("process.parent", "osSrc.process.parent"),
  startedRow("process.parent", "osSrc.process.parent"),
  ["process.parent.user.name", "osSrc.process.parent.user"],
  // One level too deep, and therefore a text instead of a number.
  ["process.parent.process.pid", "osSrc.process.parent.pid"],
  ["deepvisibility.process.ossrc.parent.storyline_id", "osSrc.process.parent.storyline.id"],
], FIELDS);

/** The one that was started is the process, and the one that started it its parent, whatever was written there before. */
const CREATED: Table = compile([...runningRows("process", "tgt.process"), startedRow("process", "tgt.process"), ...runningRows("process.parent", "src.process")], FIELDS);

const SOURCE_SIGNATURE = signatureAt("process", "src.process");
const PARENT_SIGNATURE = signatureAt("process.parent", "src.process.parent");
const SYSTEM_SIGNATURE = signatureAt("process", "osSrc.process");
const SYSTEM_PARENT_SIGNATURE = signatureAt("process.parent", "osSrc.process.parent");

export function fillProcesses(event: Values, doc: Draft): void {
  const system = there(event[AT["osSrc.process.pid"]]);
  const systemParent = there(event[AT["osSrc.process.parent.pid"]]);
  if (there(event[AT["src.process.pid"]])) fillSource(event, doc, system);
  if (there(event[AT["src.process.parent.pid"]])) fillParent(event, doc, systemParent);
  if (there(event[AT["tgt.process.pid"]])) fillFrom(TARGET, event, doc);
  if (system) {
    fillFrom(SYSTEM, event, doc);
    fillUser(event[AT["osSrc.process.user"]], doc);
    SYSTEM_SIGNATURE(event, doc);
  }
  if (systemParent) {
    fillFrom(SYSTEM_PARENT, event, doc);
    SYSTEM_PARENT_SIGNATURE(event, doc);
  }
}

export function fillCreation(event: Values, doc: Draft): void {
  fillFrom(CREATED, event, doc);
}

function fillSource(event: Values, doc: Draft, system: boolean): void {
  fillFrom(SOURCE_STORYLINE, event, doc);
  if (system) fillFrom(SOURCE_BEHIND, event, doc);
  else {
    fillFrom(SOURCE, event, doc);
    fillUser(event[AT["src.process.user"]], doc);
    SOURCE_SIGNATURE(event, doc);
  }
  if (there(event[AT["src.process.eUserUid"]])) fillFrom(SOURCE_LINUX, event, doc);
  if (there(event[AT["src.process.activeContentType"]])) fillFrom(SOURCE_CONTENT, event, doc);
}

function fillParent(event: Values, doc: Draft, systemParent: boolean): void {
  fillFrom(PARENT_STORYLINE, event, doc);
  if (systemParent) fillFrom(PARENT_BEHIND, event, doc);
  else {
    fillFrom(PARENT, event, doc);
    PARENT_SIGNATURE(event, doc);
  }
  if (there(event[AT["src.process.parent.eUserUid"]])) fillFrom(PARENT_LINUX, event, doc);
  if (there(event[AT["src.process.parent.activeContentType"]])) fillFrom(PARENT_CONTENT, event, doc);
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
export function signatureAt(field: string, source: string): (event: Values, doc: Draft) => void {
  const path = [...field.split("."), "code_signature"];
  const [signed, publisher, verified, reason] = [FIELDS.place(`${source}.signedStatus`), FIELDS.place(`${source}.publisher`), FIELDS.place(`${source}.verifiedStatus`), FIELDS.place(`${source}.reasonSignatureInvalid`)];
  return (event, doc) => {
    const status = event[signed];
    if (status === "signed") {
      const signature = objectAt(doc, path);
      signature["exists"] = true;
      const subject = filled(event[publisher]);
      if (subject !== undefined) signature["subject_name"] = subject;
    } else if (status === "unsigned" || !there(status)) objectAt(doc, path)["exists"] = false;
    if (event[verified] !== "unverified") return;
    const signature = objectAt(doc, path);
    signature["valid"] = false;
    const why = filled(event[reason]);
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
