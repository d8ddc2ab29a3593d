/** Processes, files and users as ECS has them. Their hashes and names are put under `related` as they are read. */
import type { Json } from "../../kernel/json.ts";
import { account, baseName, directoryOf, extensionOf, flag, hash, instant, isSecurityIdentifier, size, text, type Account } from "../values.ts";
import { put, putObject, type Draft, type Fields } from "./document.ts";

export interface Hashes {
  readonly md5?: Json | undefined;
  readonly sha1?: Json | undefined;
  readonly sha256?: Json | undefined;
}

export interface ProcessFacts extends Hashes {
  readonly executable?: Json | undefined;
  readonly name?: Json | undefined;
  readonly commandLine?: Json | undefined;
  /** The name it is shown under. */
  readonly title?: Json | undefined;
  readonly pid?: Json | undefined;
  /** The vendor's own id of the process, unique over machines and time. */
  readonly entityId?: Json | undefined;
  readonly start?: Json | undefined;
  readonly user?: Json | undefined;
  readonly userId?: Json | undefined;
  readonly realUser?: Json | undefined;
  readonly realUserId?: Json | undefined;
  readonly signer?: Json | undefined;
  /** `signed` or `unsigned`, or a boolean. */
  readonly signed?: Json | undefined;
  /** `verified` or `unverified`, or a boolean. */
  readonly verified?: Json | undefined;
  readonly verifiedReason?: Json | undefined;
}

export function processOf(draft: Draft, facts: ProcessFacts): Fields {
  const process: Fields = {};
  const executable = text(facts.executable);
  put(process, "executable", executable);
  put(process, "name", text(facts.name) ?? (executable === undefined ? undefined : text(baseName(executable))));
  put(process, "command_line", text(facts.commandLine));
  put(process, "title", text(facts.title));
  put(process, "pid", size(facts.pid));
  put(process, "entity_id", text(facts.entityId));
  put(process, "start", instant(facts.start));
  putObject(process, "hash", hashesOf(draft, facts));
  putObject(process, "code_signature", signatureOf(facts));
  putProcessUser(draft, process, "user", facts.user, facts.userId);
  putProcessUser(draft, process, "real_user", facts.realUser, facts.realUserId);
  return process;
}

function putProcessUser(draft: Draft, process: Fields, field: string, name: Json | undefined, id: Json | undefined): void {
  const user: Fields = {};
  const known = nameOrId(draft, account(name)?.name, text(id));
  put(user, "name", known.name);
  put(user, "id", known.id);
  putObject(process, field, user);
}

export function hashesOf(draft: Draft, hashes: Hashes): Fields {
  const fields: Fields = {};
  put(fields, "md5", draft.hash(hash(hashes.md5)));
  put(fields, "sha1", draft.hash(hash(hashes.sha1)));
  put(fields, "sha256", draft.hash(hash(hashes.sha256)));
  return fields;
}

type Signature = Pick<ProcessFacts, "signer" | "signed" | "verified" | "verifiedReason">;

export function signatureOf(facts: Signature): Fields {
  const signature: Fields = {};
  const exists = truth(facts.signed, "signed", "unsigned");
  put(signature, "exists", exists);
  put(signature, "subject_name", text(facts.signer));
  const valid = truth(facts.verified, "verified", "unverified");
  put(signature, "valid", valid);
  put(signature, "status", text(facts.verifiedReason) ?? (valid === undefined ? undefined : valid ? "verified" : "unverified"));
  return signature;
}

function truth(value: Json | undefined, yes: string, no: string): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return undefined;
  const word = value.toLowerCase();
  return word === yes ? true : word === no ? false : flag(value);
}

export interface FileFacts extends Hashes {
  readonly path?: Json | undefined;
  readonly name?: Json | undefined;
  readonly extension?: Json | undefined;
  readonly size?: Json | undefined;
  readonly created?: Json | undefined;
  readonly modified?: Json | undefined;
  readonly signer?: Json | undefined;
  readonly signed?: Json | undefined;
  readonly verified?: Json | undefined;
}

export function fileOf(draft: Draft, facts: FileFacts): Fields {
  const file: Fields = {};
  const path = text(facts.path);
  const name = text(facts.name) ?? (path === undefined ? undefined : text(baseName(path)));
  put(file, "path", path);
  put(file, "name", name);
  if (path !== undefined) {
    put(file, "directory", directoryOf(path));
    if (path[1] === ":" && /^[A-Za-z]/.test(path)) file["drive_letter"] = path.charAt(0).toUpperCase();
  }
  put(file, "extension", text(facts.extension)?.replace(/^\./, "").toLowerCase() ?? (name === undefined ? undefined : extensionOf(name)));
  put(file, "size", size(facts.size));
  put(file, "created", instant(facts.created));
  put(file, "mtime", instant(facts.modified));
  putObject(file, "hash", hashesOf(draft, facts));
  putObject(file, "code_signature", signatureOf(facts));
  return file;
}

export interface UserFacts {
  /** `DOMAIN\user` is parted. */
  readonly name?: Json | undefined;
  readonly domain?: Json | undefined;
  readonly id?: Json | undefined;
  readonly email?: Json | undefined;
  /** The name people see. */
  readonly fullName?: Json | undefined;
}

export function userOf(draft: Draft, facts: UserFacts): Fields {
  const user: Fields = {};
  const found: Account | undefined = account(facts.name);
  const known = nameOrId(draft, found?.name, text(facts.id));
  put(user, "name", known.name);
  put(user, "domain", text(facts.domain) ?? found?.domain);
  put(user, "id", known.id);
  put(user, "email", draft.user(text(facts.email)));
  put(user, "full_name", draft.user(text(facts.fullName)));
  return user;
}

/** A security identifier that stands where the name belongs is an id. */
function nameOrId(draft: Draft, name: string | undefined, id: string | undefined): { readonly name: string | undefined; readonly id: string | undefined } {
  draft.user(name);
  return name !== undefined && isSecurityIdentifier(name) ? { name: undefined, id: id ?? name } : { name, id };
}
