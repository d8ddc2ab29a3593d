/**
 * Reads a `.c1z` back for the proofs: by hand, from the published message definitions, with Node's own SQLite. It shares no code and no field table with the writer, and
 * refuses what it does not know, so that a field written by mistake is found.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";

interface Field {
  readonly name: string;
  /** `text`, `flag`, `int`, `double`, `packed`, `Any`, or the name of a message. */
  readonly shape: string;
  readonly many?: boolean;
}
const one = (name: string, shape: string): Field => ({ name, shape });
const many = (name: string, shape: string): Field => ({ name, shape, many: true });

/** c1.connector.v2 and the well-known types, by field number. */
const MESSAGES: Readonly<Record<string, Readonly<Record<number, Field>>>> = {
  ResourceId: { 1: one("resourceType", "text"), 2: one("resource", "text") },
  ResourceType: { 1: one("id", "text"), 2: one("displayName", "text"), 3: one("traits", "packed"), 4: many("annotations", "Any"), 5: one("description", "text") },
  Resource: {
    1: one("id", "ResourceId"),
    2: one("parent", "ResourceId"),
    3: one("displayName", "text"),
    4: many("annotations", "Any"),
    5: one("description", "text"),
    9: one("profile", "Struct"),
    12: one("createdAt", "Timestamp"),
  },
  Entitlement: {
    1: one("resource", "Resource"),
    2: one("id", "text"),
    3: one("displayName", "text"),
    4: one("description", "text"),
    5: many("grantableTo", "ResourceType"),
    7: one("purpose", "int"),
    8: one("slug", "text"),
  },
  Grant: { 1: one("entitlement", "Entitlement"), 2: one("principal", "Resource"), 3: one("id", "text"), 4: many("annotations", "Any") },
  UserTrait: {
    1: many("emails", "Email"),
    2: one("status", "Status"),
    3: one("profile", "Struct"),
    5: one("accountType", "int"),
    6: one("login", "text"),
    8: one("createdAt", "Timestamp"),
    9: one("lastLogin", "Timestamp"),
    10: one("mfaStatus", "On"),
    11: one("ssoStatus", "On"),
  },
  Email: { 1: one("address", "text"), 2: one("isPrimary", "flag") },
  Status: { 1: one("status", "int"), 2: one("details", "text") },
  On: { 1: one("enabled", "flag") },
  RoleTrait: { 1: one("profile", "Struct") },
  AppTrait: { 4: one("profile", "Struct") },
  ScopeBindingTrait: { 1: one("roleId", "ResourceId"), 2: one("scopeResourceId", "ResourceId") },
  SecretTrait: { 2: one("createdAt", "Timestamp"), 3: one("expiresAt", "Timestamp"), 6: one("identityId", "ResourceId"), 7: one("credentialType", "int") },
  GrantExpandable: { 1: many("entitlementIds", "text"), 2: one("shallow", "flag"), 3: many("resourceTypeIds", "text") },
  GrantMetadata: { 1: one("metadata", "Struct") },
  SkipEntitlementsAndGrants: {},
  Struct: { 1: many("fields", "Entry") },
  Entry: { 1: one("key", "text"), 2: one("value", "Value") },
  Value: { 2: one("double", "double"), 3: one("string", "text"), 4: one("bool", "flag"), 5: one("struct", "Struct"), 6: one("list", "List") },
  List: { 1: many("values", "Value") },
  Timestamp: { 1: one("seconds", "int"), 2: one("nanos", "int") },
};

export interface Id {
  readonly resourceType: string;
  readonly resource: string;
}
export interface Annotation {
  readonly type: string;
  readonly value: Readonly<Record<string, unknown>>;
}
export interface DecodedType {
  readonly id: string;
  readonly displayName: string;
  readonly traits?: readonly number[];
}
export interface DecodedResource {
  readonly id: Id;
  readonly parent?: Id;
  readonly displayName: string;
  readonly description?: string;
  readonly annotations?: readonly Annotation[];
  readonly profile?: Readonly<Record<string, unknown>>;
}
export interface DecodedEntitlement {
  readonly id: string;
  readonly resource: DecodedResource;
  readonly displayName: string;
  readonly slug: string;
  readonly purpose: number;
}
export interface DecodedGrant {
  readonly id: string;
  readonly entitlement: DecodedEntitlement;
  readonly principal: DecodedResource;
  readonly annotations?: readonly Annotation[];
}

class Wire {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  chunk(): Buffer {
    const length = Number(this.varint());
    if (this.#at + length > this.#bytes.length) throw new Error("A length runs over the end.");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

const WIRES: Readonly<Record<string, number>> = { flag: 0, int: 0, double: 1 };
const strict = new TextDecoder("utf-8", { fatal: true });

function decode(shape: string, bytes: Uint8Array): unknown {
  const fields = MESSAGES[shape] ?? {};
  const found: Record<string, unknown> = {};
  const wire = new Wire(bytes);
  while (!wire.done) {
    const tag = Number(wire.varint());
    const field = fields[tag >> 3];
    if (field === undefined) throw new Error(`${shape} has a field ${String(tag >> 3)}, which is not in the definition.`);
    if ((tag & 7) !== (WIRES[field.shape] ?? 2)) throw new Error(`${shape}.${field.name} is on the wire as ${String(tag & 7)}.`);
    const value = valueOf(field.shape, wire);
    if (field.many === true) ((found[field.name] ??= []) as unknown[]).push(value);
    else if (field.name in found) throw new Error(`${shape}.${field.name} is there twice.`);
    else found[field.name] = value;
  }
  return plain(shape, found);
}

function valueOf(shape: string, wire: Wire): unknown {
  switch (shape) {
    case "flag":
      return wire.varint() === 1n;
    case "int":
      return Number(BigInt.asIntN(64, wire.varint()));
    case "double":
      return wire.double();
    case "text":
      return strict.decode(wire.chunk());
    case "packed": {
      const inner = new Wire(wire.chunk());
      const values: number[] = [];
      while (!inner.done) values.push(Number(inner.varint()));
      return values;
    }
    case "Any":
      return annotation(wire.chunk());
    default:
      return decode(shape, wire.chunk());
  }
}

function annotation(bytes: Uint8Array): Annotation {
  const wire = new Wire(bytes);
  if (wire.varint() !== 0x0an) throw new Error("An Any begins with its type.");
  const url = strict.decode(wire.chunk());
  const type = url.replace("type.googleapis.com/c1.connector.v2.", "");
  if (type === url || !(type in MESSAGES)) throw new Error(`${url} is not a message we know.`);
  if (wire.done) return { type, value: {} };
  if (wire.varint() !== 0x12n) throw new Error("An Any ends with its value.");
  return { type, value: decode(type, wire.chunk()) as Annotation["value"] };
}

/** Structs as objects, times as RFC 3339; a Struct's keys have to be sorted. */
function plain(shape: string, found: Readonly<Record<string, unknown>>): unknown {
  if (shape === "Timestamp") return new Date(Number(found["seconds"] ?? 0) * 1000 + Number(found["nanos"] ?? 0) / 1e6).toISOString();
  if (shape === "Value") return Object.values(found)[0];
  if (shape === "List") return found["values"] ?? [];
  if (shape === "Entry") return [found["key"], found["value"]];
  if (shape !== "Struct") return found;
  const entries = (found["fields"] ?? []) as readonly (readonly [string, unknown])[];
  const keys = entries.map(([key]) => key);
  if (keys.join("\0") !== keys.toSorted().join("\0")) throw new Error("The keys of a Struct are not sorted.");
  return Object.fromEntries(entries);
}

export interface DecodedC1z {
  readonly types: readonly DecodedType[];
  readonly resources: readonly DecodedResource[];
  readonly entitlements: readonly DecodedEntitlement[];
  readonly grants: readonly DecodedGrant[];
  readonly runs: readonly { readonly sync_id: string; readonly started_at: string; readonly ended_at: string | null; readonly sync_token: string }[];
  readonly indexes: readonly string[];
  readonly journal: string;
  /** Rows whose columns do not say what their message says. */
  readonly disagreements: readonly string[];
}

type Row = Readonly<Record<string, unknown>> & { readonly data: Uint8Array; readonly external_id: string };

export function readC1z(file: Uint8Array): DecodedC1z {
  if (Buffer.from(file.subarray(0, 5)).toString("latin1") !== "C1ZF\0") throw new Error("It does not begin as a C1ZF file does.");
  const folder = mkdtempSync(join(tmpdir(), "vedette-c1z-"));
  try {
    const path = join(folder, "file.db");
    writeFileSync(path, zstdDecompressSync(file.subarray(5)));
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      return readTables(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readTables(db: DatabaseSync): DecodedC1z {
  const disagreements: string[] = [];
  const runs = db.prepare("select sync_id, started_at, ended_at, sync_token from v1_sync_runs").all() as unknown as DecodedC1z["runs"];
  const read = <T>(table: string, shape: string, columns: (message: T) => Readonly<Record<string, unknown>>): readonly T[] =>
    (db.prepare(`select * from ${table} order by id`).all() as unknown as readonly Row[]).map((row) => {
      const message = decode(shape, row.data) as T;
      const expected = { ...columns(message), sync_id: runs[0]?.sync_id };
      for (const [column, value] of Object.entries(expected)) if ((row[column] ?? null) !== (value ?? null)) disagreements.push(`${table} ${row.external_id}: ${column}`);
      return message;
    });
  const key = ({ resourceType, resource }: Id): string => `${resourceType}:${resource}`;
  return {
    types: read<DecodedType>("v1_resource_types", "ResourceType", ({ id }) => ({ external_id: id })),
    resources: read<DecodedResource>("v1_resources", "Resource", ({ id, parent }) => ({ external_id: key(id), resource_type_id: id.resourceType, parent_resource_type_id: parent?.resourceType, parent_resource_id: parent?.resource })),
    entitlements: read<DecodedEntitlement>("v1_entitlements", "Entitlement", ({ id, resource }) => ({ external_id: id, resource_type_id: resource.id.resourceType, resource_id: resource.id.resource })),
    grants: read<DecodedGrant>("v1_grants", "Grant", ({ id, entitlement, principal }) => ({
      external_id: id,
      entitlement_id: entitlement.id,
      resource_type_id: entitlement.resource.id.resourceType,
      resource_id: entitlement.resource.id.resource,
      principal_resource_type_id: principal.id.resourceType,
      principal_resource_id: principal.id.resource,
    })),
    runs,
    indexes: (db.prepare("select name from sqlite_schema where type = 'index' order by name").all() as unknown as readonly { name: string }[]).map(({ name }) => name),
    journal: String(Object.values(db.prepare("pragma journal_mode").get() ?? {})[0]),
    disagreements,
  };
}

export function annotationOf(noun: { readonly annotations?: readonly Annotation[] }, type: string): Annotation["value"] | undefined {
  return noun.annotations?.find((one) => one.type === type)?.value;
}

const KINDS: Readonly<Record<string, string>> = { tenant: "global", account: "account", site: "site", group: "group", user: "user", service_user: "service-user" };

/** `principal kind, principal, role, scope kind, scope` of every assignment that a reader finds, sorted. */
export function assignmentsOf({ resources, entitlements, grants }: DecodedC1z): readonly string[] {
  const bindings = new Map(resources.filter(({ id }) => id.resourceType === "scope_binding").map((one) => [one.id.resource, annotationOf(one, "ScopeBindingTrait") as { readonly roleId: Id; readonly scopeResourceId: Id }]));
  const owners = new Map(entitlements.map(({ id, resource }) => [id, resource.id.resource]));
  return grants
    .filter(({ principal }) => principal.id.resourceType !== "scope_binding")
    .map(({ entitlement, principal }) => {
      const binding = bindings.get(owners.get(entitlement.id) ?? "");
      if (binding === undefined) throw new Error(`${entitlement.id} is no role on a scope.`);
      return JSON.stringify([KINDS[principal.id.resourceType], principal.id.resource, binding.roleId.resource, KINDS[binding.scopeResourceId.resourceType], binding.scopeResourceId.resource]);
    })
    .toSorted();
}

/** `kind, id, parent kind, parent` of every scope, sorted. */
export function parentsOf({ resources }: DecodedC1z): readonly string[] {
  return resources
    .filter(({ id }) => ["tenant", "account", "site", "group"].includes(id.resourceType))
    .map(({ id, parent }) => JSON.stringify([KINDS[id.resourceType], id.resource, parent === undefined ? null : KINDS[parent.resourceType], parent?.resource ?? null]))
    .toSorted();
}

/** References that lead nowhere. */
export function danglingOf({ types, resources, entitlements, grants }: DecodedC1z): readonly string[] {
  const key = ({ resourceType, resource }: Id): string => `${resourceType}:${resource}`;
  const [known, held, kinds] = [new Set(resources.map(({ id }) => key(id))), new Set(entitlements.map(({ id }) => id)), new Set(types.map(({ id }) => id))];
  const loose: string[] = [];
  const need = (there: boolean, what: string): void => void (there ? undefined : loose.push(what));
  for (const { id, parent, ...rest } of resources) {
    need(kinds.has(id.resourceType), `type of ${key(id)}`);
    need(parent === undefined || known.has(key(parent)), `parent of ${key(id)}`);
    const trait = annotationOf(rest, "ScopeBindingTrait") as { readonly roleId: Id; readonly scopeResourceId: Id } | undefined;
    need(trait === undefined || (known.has(key(trait.roleId)) && known.has(key(trait.scopeResourceId))), `role or scope of ${key(id)}`);
    const secret = annotationOf(rest, "SecretTrait") as { readonly identityId: Id } | undefined;
    need(secret === undefined || known.has(key(secret.identityId)), `identity of ${key(id)}`);
  }
  for (const { id, resource } of entitlements) need(known.has(key(resource.id)), `resource of ${id}`);
  for (const { id, entitlement, principal, ...rest } of grants) {
    need(known.has(key(entitlement.resource.id)), `resource of ${id}`);
    need(held.has(entitlement.id), `entitlement of ${id}`);
    need(known.has(key(principal.id)), `principal of ${id}`);
    const expandable = annotationOf(rest, "GrantExpandable") as { readonly entitlementIds: readonly string[] } | undefined;
    for (const from of expandable?.entitlementIds ?? []) need(held.has(from), `source of ${id}`);
  }
  return loose;
}

/** Who holds what where once expandable grants are followed, as a reader works it out: `principal kind, principal, role, scope kind, scope`, sorted. */
export function effectiveOf(file: DecodedC1z): readonly string[] {
  const bindings = new Map(file.resources.filter(({ id }) => id.resourceType === "scope_binding").map((one) => [`scope_binding:${one.id.resource}:assigned`, annotationOf(one, "ScopeBindingTrait") as { readonly roleId: Id; readonly scopeResourceId: Id }]));
  const holders = new Map<string, Set<string>>([...bindings.keys()].map((id) => [id, new Set()]));
  for (const { entitlement, principal } of file.grants) if (principal.id.resourceType !== "scope_binding") holders.get(entitlement.id)?.add(JSON.stringify([KINDS[principal.id.resourceType], principal.id.resource]));
  for (let grew = true; grew; ) {
    grew = false;
    for (const grant of file.grants) {
      const expandable = annotationOf(grant, "GrantExpandable") as { readonly entitlementIds: readonly string[] } | undefined;
      for (const from of expandable?.entitlementIds ?? []) {
        for (const holder of holders.get(from) ?? []) {
          const here = holders.get(grant.entitlement.id);
          if (here === undefined || here.has(holder)) continue;
          here.add(holder);
          grew = true;
        }
      }
    }
  }
  return [...holders].flatMap(([id, who]) => {
    const binding = bindings.get(id);
    return [...who].map((holder) => JSON.stringify([...(JSON.parse(holder) as readonly string[]), binding?.roleId.resource, KINDS[binding?.scopeResourceId.resourceType ?? ""], binding?.scopeResourceId.resource]));
  }).toSorted();
}
