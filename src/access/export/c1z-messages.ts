/**
 * The Protocol Buffers messages inside a `.c1z` (package c1.connector.v2), as far as we write them: field numbers stand here and nowhere else. What is absent, false
 * or empty is not written, and a map's keys are sorted, so that equal content is equal bytes.
 */
import { PbfWriter } from "pbf";

export interface ResourceId {
  readonly type: string;
  readonly id: string;
}

/** A message packed as `google.protobuf.Any`. */
export interface Annotation {
  readonly name: string;
  readonly write: (pbf: PbfWriter) => void;
}

export type Value = string | number | boolean | readonly string[] | Struct;
export interface Struct {
  readonly [key: string]: Value | null;
}

export interface ResourceType {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly traits: readonly number[];
  readonly annotations: readonly Annotation[];
}

export interface Resource {
  readonly id: ResourceId;
  readonly parent: ResourceId | null;
  readonly name: string;
  readonly description: string | null;
  readonly annotations: readonly Annotation[];
  readonly profile?: Struct;
  /** RFC 3339. */
  readonly createdAt?: string | null;
}

export interface Entitlement {
  readonly resource: Resource;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly slug: string;
  readonly grantableTo: readonly ResourceType[];
}

export interface Grant {
  readonly id: string;
  readonly entitlement: { readonly resource: ResourceId; readonly id: string };
  readonly principal: ResourceId;
  readonly annotations: readonly Annotation[];
}

export const TRAIT = { user: 1, role: 3, app: 4, secret: 5, scopeBinding: 7 } as const;
export const STATUS = { unspecified: 0, enabled: 1 } as const;
export const ACCOUNT = { human: 1, service: 2, system: 3 } as const;
const PURPOSE_ASSIGNMENT = 1;
const STATIC_SECRET = 1;
const TYPE_URL = "type.googleapis.com/c1.connector.v2.";

/** The readers' limits, in bytes of UTF-8. */
export const MAX_ID_BYTES = 1024;
const MAX_NAME_BYTES = 1024;
const MAX_DESCRIPTION_BYTES = 2048;

const writer = new PbfWriter(new Uint8Array(4096));

/** Good until the next message is encoded: who keeps it has to copy it. */
function encoded<T>(write: (value: T, pbf: PbfWriter) => void, value: T): Uint8Array {
  writer.pos = 0;
  write(value, writer);
  return writer.buf.subarray(0, writer.pos);
}

export const encodeResourceType = (type: ResourceType): Uint8Array => encoded(writeResourceType, type);
export const encodeResource = (resource: Resource): Uint8Array => encoded(writeResource, resource);
export const encodeEntitlement = (entitlement: Entitlement): Uint8Array => encoded(writeEntitlement, entitlement);
export const encodeGrant = (grant: Grant): Uint8Array => encoded(writeGrant, grant);

function writeResourceType({ id, name, description, traits, annotations }: ResourceType, pbf: PbfWriter): void {
  string(pbf, 1, id);
  string(pbf, 2, name);
  if (traits.length > 0) pbf.writePackedVarint(3, [...traits]);
  any(pbf, 4, annotations);
  string(pbf, 5, description);
}

function writeResourceId({ type, id }: ResourceId, pbf: PbfWriter): void {
  string(pbf, 1, type);
  string(pbf, 2, id);
}

function writeResource({ id, parent, name, description, annotations, profile, createdAt }: Resource, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeResourceId, id);
  if (parent !== null) pbf.writeMessage(2, writeResourceId, parent);
  string(pbf, 3, cut(name, MAX_NAME_BYTES));
  any(pbf, 4, annotations);
  if (description !== null) string(pbf, 5, cut(description, MAX_DESCRIPTION_BYTES));
  if (profile !== undefined) pbf.writeMessage(9, writeStruct, profile);
  timestamp(pbf, 12, createdAt ?? null);
}

function writeEntitlement({ resource, id, name, description, slug, grantableTo }: Entitlement, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeResource, resource);
  string(pbf, 2, id);
  string(pbf, 3, cut(name, MAX_NAME_BYTES));
  string(pbf, 4, cut(description, MAX_DESCRIPTION_BYTES));
  for (const type of grantableTo) pbf.writeMessage(5, writeResourceType, type);
  pbf.writeVarintField(7, PURPOSE_ASSIGNMENT);
  string(pbf, 8, slug);
}

/** Of the entitlement and the principal their ids only: readers join by them. */
function writeGrant({ id, entitlement, principal, annotations }: Grant, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeEntitlementRef, entitlement);
  pbf.writeMessage(2, writeResourceRef, principal);
  string(pbf, 3, id);
  any(pbf, 4, annotations);
}

function writeEntitlementRef({ resource, id }: Grant["entitlement"], pbf: PbfWriter): void {
  pbf.writeMessage(1, writeResourceRef, resource);
  string(pbf, 2, id);
}

function writeResourceRef(id: ResourceId, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeResourceId, id);
}

export interface UserFacts {
  readonly email: string | null;
  readonly login: string | null;
  readonly status: { readonly code: number; readonly details: string | null };
  readonly profile: Struct;
  readonly accountType: number;
  readonly createdAt: string | null;
  readonly lastLogin: string | null;
  /** Null: not known, which is not the same as off. */
  readonly mfa: boolean | null;
  readonly sso: boolean | null;
}

export function userTrait(facts: UserFacts): Annotation {
  return annotation("UserTrait", facts, (user, pbf) => {
    if (user.email !== null) pbf.writeMessage(1, writeEmail, user.email);
    pbf.writeMessage(2, writeStatus, user.status);
    pbf.writeMessage(3, writeStruct, user.profile);
    pbf.writeVarintField(5, user.accountType);
    string(pbf, 6, user.login ?? "");
    timestamp(pbf, 8, user.createdAt);
    timestamp(pbf, 9, user.lastLogin);
    if (user.mfa !== null) pbf.writeMessage(10, writeFlag, user.mfa);
    if (user.sso !== null) pbf.writeMessage(11, writeFlag, user.sso);
  });
}

function writeEmail(address: string, pbf: PbfWriter): void {
  string(pbf, 1, address);
  pbf.writeBooleanField(2, true);
}

function writeStatus({ code, details }: UserFacts["status"], pbf: PbfWriter): void {
  if (code !== 0) pbf.writeVarintField(1, code);
  string(pbf, 2, details ?? "");
}

function writeFlag(on: boolean, pbf: PbfWriter): void {
  if (on) pbf.writeBooleanField(1, true);
}

export function roleTrait(profile: Struct): Annotation {
  return annotation("RoleTrait", profile, (value, pbf) => pbf.writeMessage(1, writeStruct, value));
}

export function appTrait(profile: Struct): Annotation {
  return annotation("AppTrait", profile, (value, pbf) => pbf.writeMessage(4, writeStruct, value));
}

export function scopeBindingTrait(role: ResourceId, scope: ResourceId): Annotation {
  return annotation("ScopeBindingTrait", { role, scope }, (value, pbf) => {
    pbf.writeMessage(1, writeResourceId, value.role);
    pbf.writeMessage(2, writeResourceId, value.scope);
  });
}

export interface SecretFacts {
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
  readonly identity: ResourceId;
}

export function secretTrait(facts: SecretFacts): Annotation {
  return annotation("SecretTrait", facts, (secret, pbf) => {
    timestamp(pbf, 2, secret.createdAt);
    timestamp(pbf, 3, secret.expiresAt);
    pbf.writeMessage(6, writeResourceId, secret.identity);
    pbf.writeVarintField(7, STATIC_SECRET);
  });
}

export function grantExpandable(entitlements: readonly string[], flows: readonly string[]): Annotation {
  return annotation("GrantExpandable", { entitlements, flows }, (value, pbf) => {
    for (const id of value.entitlements) string(pbf, 1, id);
    for (const type of value.flows) string(pbf, 3, type);
  });
}

export function grantMetadata(metadata: Struct): Annotation {
  return annotation("GrantMetadata", metadata, (value, pbf) => pbf.writeMessage(1, writeStruct, value));
}

export const SKIP_ENTITLEMENTS_AND_GRANTS: Annotation = { name: "SkipEntitlementsAndGrants", write: () => {} };

function annotation<T>(name: string, value: T, write: (value: T, pbf: PbfWriter) => void): Annotation {
  return { name, write: (pbf) => write(value, pbf) };
}

function any(pbf: PbfWriter, field: number, annotations: readonly Annotation[]): void {
  for (const one of annotations) pbf.writeMessage(field, writeAny, one);
}

function writeAny({ name, write }: Annotation, pbf: PbfWriter): void {
  string(pbf, 1, TYPE_URL + name);
  pbf.writeMessage(2, (_: null, inner: PbfWriter) => write(inner), null);
}

function writeStruct(struct: Struct, pbf: PbfWriter): void {
  for (const key of Object.keys(struct).toSorted()) {
    const value = struct[key];
    if (value !== null && value !== undefined) pbf.writeMessage(1, writeEntry, [key, value]);
  }
}

function writeEntry([key, value]: readonly [string, Value], pbf: PbfWriter): void {
  string(pbf, 1, key);
  pbf.writeMessage(2, writeValue, value);
}

/** One of several kinds is always written, even where it is empty: a value without one says nothing. */
function writeValue(value: Value, pbf: PbfWriter): void {
  if (typeof value === "string") text(pbf, 3, value);
  else if (typeof value === "number") pbf.writeDoubleField(2, value);
  else if (typeof value === "boolean") pbf.writeBooleanField(4, value);
  else if (isList(value)) pbf.writeMessage(6, writeList, value);
  else pbf.writeMessage(5, writeStruct, value);
}

function isList(value: readonly string[] | Struct): value is readonly string[] {
  return Array.isArray(value);
}

function writeList(values: readonly string[], pbf: PbfWriter): void {
  for (const value of values) pbf.writeMessage(1, writeValue, value);
}

function timestamp(pbf: PbfWriter, field: number, time: string | null): void {
  const ms = time === null ? Number.NaN : Date.parse(time);
  if (Number.isNaN(ms)) return;
  const seconds = Math.floor(ms / 1000);
  pbf.writeMessage(field, writeTimestamp, [seconds, (ms - seconds * 1000) * 1_000_000]);
}

function writeTimestamp([seconds, nanos]: readonly [number, number], pbf: PbfWriter): void {
  if (seconds !== 0) pbf.writeVarintField(1, seconds);
  if (nanos !== 0) pbf.writeVarintField(2, nanos);
}

function string(pbf: PbfWriter, field: number, value: string): void {
  if (value !== "") text(pbf, field, value);
}

/** Not the library's own strings: in 5.1.2 every character of U+20000 and up becomes another (names of people are written with them). */
function text(pbf: PbfWriter, field: number, value: string): void {
  pbf.writeBytesField(field, Buffer.from(value));
}

/** As much of a text as fits, never half a character. */
function cut(text: string, most: number): string {
  if (text.length * 3 <= most) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
