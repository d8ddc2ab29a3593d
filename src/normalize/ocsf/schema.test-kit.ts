/**
 * OCSF's schema, read from its own files (an archive that lies beside the tree on some machines), and a validator made from nothing but
 * them: classes and objects with what they inherit, the dictionary's types, closed lists, constraints and profiles.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const ARCHIVE = fileURLToPath(new URL("../../../../shared/spec/ocsf-1.9.0-dev.tar.gz", import.meta.url));

interface EnumValue {
  readonly caption: string;
}

export interface Attribute {
  readonly caption?: string;
  readonly type?: string;
  readonly is_array?: boolean;
  readonly requirement?: string;
  readonly sibling?: string;
  readonly profile?: string | null;
  readonly observable?: number;
  readonly enum?: Readonly<Record<string, EnumValue>>;
  readonly "@deprecated"?: unknown;
}

interface Constraints {
  readonly at_least_one?: readonly string[];
  readonly just_one?: readonly string[];
}

interface Source {
  readonly name: string;
  readonly caption?: string;
  readonly uid?: number;
  readonly category?: string;
  readonly extends?: string;
  readonly observable?: number;
  readonly meta?: string;
  readonly constraints?: Constraints;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

interface ScalarType {
  readonly caption?: string;
  readonly type?: string;
  readonly regex?: string;
  readonly max_len?: number;
  readonly range?: readonly [number, number];
  readonly observable?: number;
}

export interface Compiled {
  readonly name: string;
  readonly caption: string;
  readonly uid: number;
  readonly categoryUid: number;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly constraints: Constraints;
}

export interface Schema {
  readonly version: string;
  readonly classes: ReadonlyMap<number, Compiled>;
  readonly objects: ReadonlyMap<string, Compiled>;
  readonly types: ReadonlyMap<string, ScalarType>;
  readonly categories: ReadonlyMap<number, string>;
  /** Every number of `observable.type_id`: the schema gives them to types, attributes and objects, and collects them in no file. */
  readonly observableTypes: ReadonlyMap<number, string>;
}

/** Text files of a tar archive by their paths. */
function readArchive(path: string): ReadonlyMap<string, string> {
  const tar = gunzipSync(readFileSync(path));
  const files = new Map<string, string>();
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString("utf8", at, at + 100).replace(/\0.*$/s, "");
    if (name === "") break;
    const size = Number.parseInt(tar.toString("utf8", at + 124, at + 136), 8);
    if (name.endsWith(".json")) files.set(name.replace(/^\.\//, ""), tar.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/** Null where the archive is not there. */
export function readSchema(): Schema | null {
  if (!existsSync(ARCHIVE)) return null;
  const files = readArchive(ARCHIVE);
  const parse = (name: string): unknown => JSON.parse(files.get(name) ?? "{}");
  const dictionary = parse("dictionary.json") as { readonly attributes: Readonly<Record<string, Attribute>>; readonly types: { readonly attributes: Readonly<Record<string, ScalarType>> } };
  const named = (folder: string): ReadonlyMap<string, Source> =>
    new Map([...files].filter(([path]) => path.startsWith(`${folder}/`)).map(([, text]) => JSON.parse(text) as Source).map((one) => [one.name, one]));
  const events = named("events");
  const objects = named("objects");
  const categories = new Map(Object.entries((parse("categories.json") as { readonly attributes: Readonly<Record<string, { readonly uid: number; readonly caption: string }>> }).attributes));
  const observableTypes = new Map([[0, "Unknown"], [99, "Other"]]);

  function own(source: Source): Record<string, Attribute> {
    const { $include, ...attributes } = (source.attributes ?? {}) as Record<string, Attribute> & { readonly $include?: string | readonly string[] };
    const found: Record<string, Attribute> = {};
    for (const path of [$include ?? []].flat()) {
      const included = parse(path) as Source;
      for (const [name, attribute] of Object.entries(included.attributes ?? {})) found[name] = { ...(attribute as Attribute), ...(included.meta === "profile" ? { profile: included.name } : {}) };
    }
    for (const [name, attribute] of Object.entries(attributes)) found[name] = merge(found[name], attribute);
    return found;
  }

  function inherited(source: Source, all: ReadonlyMap<string, Source>): Record<string, Attribute> {
    const parent = source.extends === undefined ? undefined : all.get(source.extends);
    const found = parent === undefined ? {} : inherited(parent, all);
    for (const [name, attribute] of Object.entries(own(source))) found[name] = merge(found[name], attribute);
    return found;
  }

  function constraintsOf(source: Source, all: ReadonlyMap<string, Source>): Constraints {
    const parent = source.extends === undefined ? undefined : all.get(source.extends);
    return source.constraints ?? (parent === undefined ? {} : constraintsOf(parent, all));
  }

  function categoryOf(source: Source): number {
    const parent = source.extends === undefined ? undefined : events.get(source.extends);
    return categories.get(source.category ?? "")?.uid ?? (parent === undefined ? 0 : categoryOf(parent));
  }

  function compile(source: Source, all: ReadonlyMap<string, Source>): Compiled {
    const attributes = Object.fromEntries(Object.entries(inherited(source, all)).map(([name, attribute]) => [name, merge(dictionary.attributes[name], attribute)]));
    for (const { observable, caption = "" } of Object.values(attributes)) if (observable !== undefined) observableTypes.set(observable, caption);
    if (source.observable !== undefined) observableTypes.set(source.observable, source.caption ?? "");
    const categoryUid = categoryOf(source);
    return { name: source.name, caption: source.caption ?? source.name, uid: categoryUid * 1000 + (source.uid ?? 0), categoryUid, attributes, constraints: constraintsOf(source, all) };
  }

  for (const { observable, caption = "" } of Object.values(dictionary.types.attributes)) if (observable !== undefined) observableTypes.set(observable, caption);
  const usable = [...events.values()].filter((event) => event.uid !== undefined || event.name === "base_event");
  return {
    version: (parse("version.json") as { readonly version: string }).version,
    classes: new Map(usable.map((event) => compile(event, events)).map((one) => [one.uid, one])),
    objects: new Map([...objects.values()].map((object) => [object.name, compile(object, objects)])),
    types: new Map(Object.entries(dictionary.types.attributes)),
    categories: new Map([...categories.values()].map(({ uid, caption }) => [uid, caption])),
    observableTypes,
  };
}

function merge(base: Attribute | undefined, over: Attribute): Attribute {
  const values = base?.enum !== undefined && over.enum !== undefined ? { enum: { ...base.enum, ...over.enum } } : {};
  return { ...base, ...over, ...values };
}

type Json = unknown;

const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(pattern);
  patterns.set(pattern, made);
  return made;
}

function isObservable(path: string): boolean {
  return /^observables\[\d+\]\.type_id$/.test(path);
}

/** What is wrong with a document, as sentences with paths; nothing where it is valid. */
export function violations(document: Readonly<Record<string, Json>>, schema: Schema): readonly string[] {
  const found: string[] = [];
  const eventClass = schema.classes.get(Number(document["class_uid"]));
  if (eventClass === undefined) return [`class_uid: ${String(document["class_uid"])} is no class`];
  const metadata = document["metadata"] as { readonly version?: string; readonly profiles?: readonly string[] };
  const profiles = new Set(metadata.profiles ?? []);

  if (metadata.version !== schema.version) found.push(`metadata.version: ${String(metadata.version)} is not ${schema.version}`);
  if (document["category_uid"] !== eventClass.categoryUid) found.push(`category_uid: not ${String(eventClass.categoryUid)}`);
  if (document["type_uid"] !== eventClass.uid * 100 + Number(document["activity_id"])) found.push("type_uid: not class_uid * 100 + activity_id");
  if (document["class_name"] !== eventClass.caption) found.push(`class_name: not ${eventClass.caption}`);
  if (document["category_name"] !== (schema.categories.get(eventClass.categoryUid) ?? "Uncategorized")) found.push("category_name: not the category's");
  const activity = eventClass.attributes["activity_id"]?.enum?.[String(document["activity_id"])]?.caption;
  if (document["type_name"] !== `${eventClass.caption}: ${String(activity)}`) found.push(`type_name: not ${eventClass.caption}: ${String(activity)}`);

  check(document, eventClass, "");
  return found;

  function check(value: Readonly<Record<string, Json>>, { attributes, constraints }: Compiled, path: string): void {
    for (const [name, part] of Object.entries(value)) {
      const attribute = attributes[name];
      const at = path + name;
      if (attribute === undefined) found.push(`${at}: no such attribute`);
      else if (typeof attribute.profile === "string" && !profiles.has(attribute.profile)) found.push(`${at}: belongs to the profile ${attribute.profile}, which the document does not name`);
      else if (path !== "" || !["class_uid", "category_uid", "type_uid"].includes(name)) checkAttribute(part, attribute, at, value);
    }
    for (const [name, attribute] of Object.entries(attributes)) {
      const applies = typeof attribute.profile !== "string" || profiles.has(attribute.profile);
      if (attribute.requirement === "required" && applies && value[name] === undefined) found.push(`${path}${name}: required and missing`);
    }
    const present = (names: readonly string[]): number => names.filter((name) => value[name] !== undefined).length;
    if (constraints.at_least_one !== undefined && present(constraints.at_least_one) === 0) found.push(`${path}: none of ${constraints.at_least_one.join(", ")}`);
    if (constraints.just_one !== undefined && present(constraints.just_one) !== 1) found.push(`${path}: not just one of ${constraints.just_one.join(", ")}`);
  }

  function checkAttribute(part: Json, attribute: Attribute, at: string, around: Readonly<Record<string, Json>>): void {
    if (attribute["@deprecated"] !== undefined) found.push(`${at}: deprecated`);
    if (attribute.is_array === true) {
      if (!Array.isArray(part)) found.push(`${at}: no array`);
      else for (const [index, one] of (part as readonly Json[]).entries()) checkValue(one, attribute, `${at}[${String(index)}]`);
    } else checkValue(part, attribute, at);
    if (attribute.enum !== undefined && attribute.sibling !== undefined) checkSibling(part, attribute, at, around);
  }

  function checkSibling(part: Json, { enum: values = {}, sibling = "" }: Attribute, at: string, around: Readonly<Record<string, Json>>): void {
    const ids = [part].flat();
    const captions = [around[sibling]].flat();
    for (const [index, id] of ids.entries()) {
      const caption = captions[index];
      const known = values[String(id)]?.caption ?? (isObservable(at) ? schema.observableTypes.get(Number(id)) : undefined);
      if (caption === undefined) continue;
      if (id === 99) {
        if (typeof caption !== "string" || caption === "") found.push(`${at}: 99 without the source's own word in ${sibling}`);
      } else if (caption !== known) found.push(`${at}: ${String(id)} is ${String(known)}, not ${JSON.stringify(caption)}`);
    }
  }

  function checkValue(value: Json, attribute: Attribute, at: string): void {
    const name = attribute.type ?? "string_t";
    const object = schema.objects.get(name);
    if (object !== undefined) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) found.push(`${at}: no object`);
      else if (name !== "object") check(value as Readonly<Record<string, Json>>, object, `${at}.`);
      return;
    }
    const type = schema.types.get(name);
    if (type === undefined) {
      found.push(`${at}: unknown type ${name}`);
      return;
    }
    checkScalar(value, name, type, at);
    if (attribute.enum === undefined) return;
    const known = isObservable(at) ? schema.observableTypes.has(Number(value)) : attribute.enum[String(value)] !== undefined;
    if (!known) found.push(`${at}: ${String(value)} is not in the list`);
  }

  function checkScalar(value: Json, name: string, type: ScalarType, at: string): void {
    switch (type.type ?? name) {
      case "string_t":
        if (typeof value !== "string") found.push(`${at}: no text`);
        else {
          if (type.max_len !== undefined && value.length > type.max_len) found.push(`${at}: longer than ${String(type.max_len)}`);
          if (type.regex !== undefined && !compiled(type.regex).test(value)) found.push(`${at}: ${value} is no ${name}`);
        }
        return;
      case "integer_t":
      case "long_t":
        if (!(typeof value === "bigint" || Number.isSafeInteger(value))) found.push(`${at}: no integer`);
        else if (type.range !== undefined && (Number(value) < type.range[0] || Number(value) > type.range[1])) found.push(`${at}: out of range`);
        return;
      case "float_t":
        if (typeof value !== "number" || !Number.isFinite(value)) found.push(`${at}: no number`);
        return;
      case "boolean_t":
        if (typeof value !== "boolean") found.push(`${at}: no boolean`);
        return;
      case "json_t":
        return;
      default:
        found.push(`${at}: type ${name} is none the validator knows`);
    }
  }
}
