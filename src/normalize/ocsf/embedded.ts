/**
 * OCSF objects within a record, taken over as far as they are valid: S1's `rawData` is OCSF of an older version with an extension of its
 * own, times and numbers as text, and empty objects. What does not fit stays unread, and so ends in `unmapped`.
 */
import type { Json } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { OTHER, put, type Captions, type Draft } from "./enums.ts";
import { FieldTable } from "../field-table.ts";
import { uuid, type Fields } from "./fields.ts";
import { LISTS, SHAPES, type ShapeName } from "./embedded-shapes.ts";

interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly list: boolean;
  readonly required: boolean;
  readonly captions: Captions | undefined;
  /** The attribute that holds the caption of this one's number. */
  readonly sibling: string;
}

interface Shape {
  readonly attributes: readonly Attribute[];
  /** Their names, in the same order. */
  readonly table: FieldTable;
  readonly oneOf: readonly string[];
}

/** Deeper than this nothing is taken over: parents of parents and owners of owners have no end. */
const DEEPEST = 6;

function shape(written: string): Shape {
  const [list = "", oneOf = ""] = written.split(" | ");
  const table = new FieldTable();
  const attributes = list.split(" ").map((attribute): Attribute => {
    const [left = "", right = ""] = attribute.split(":");
    const type = right.replace("[]", "");
    const name = left.replace("!", "");
    table.place(name);
    return { name, type, list: right.endsWith("[]"), required: left.endsWith("!"), captions: LISTS[type], sibling: name.replace(/_id$/, "") };
  });
  return { oneOf: oneOf === "" ? [] : oneOf.split(" "), attributes, table };
}

const PARSED = new Map(Object.entries(SHAPES).map(([name, written]) => [name, shape(written)]));

export interface ShapeOfName {
  readonly attributes: readonly { readonly name: string; readonly type: string; readonly list: boolean; readonly required: boolean }[];
  readonly oneOf: readonly string[];
}

/** For the test that holds the shapes against the schema. */
export function shapes(): ReadonlyMap<string, ShapeOfName> {
  return PARSED;
}

/** The object as far as it is valid; undefined where that is nothing. `path` is where the record has it, for values never seen. */
export function embedded(name: ShapeName, fields: Fields, path: string, context: MapContext): Draft | undefined {
  return read(name, fields, path, context, 0);
}

export function embeddedList(name: ShapeName, list: readonly Fields[], path: string, context: MapContext): readonly Draft[] {
  return list.flatMap((one): readonly Draft[] => present(read(name, one, path, context, 0)));
}

function present(made: Draft | undefined): readonly Draft[] {
  return made === undefined ? [] : [made];
}

function read(name: string, fields: Fields, path: string, context: MapContext, depth: number): Draft | undefined {
  const parsed = PARSED.get(name);
  if (parsed === undefined || depth > DEEPEST || fields.isEmpty) return undefined;
  const made: Draft = {};
  const values = fields.read(parsed.table);
  for (let at = 0; at < parsed.attributes.length; at += 1) {
    const attribute = parsed.attributes[at] as Attribute;
    if (values[at] === undefined && !attribute.required) continue;
    if (attribute.captions !== undefined) {
      closed(made, attribute, attribute.captions, fields, path, context);
      continue;
    }
    const value = attribute.list ? listOf(attribute, fields, path, context, depth) : valueOf(attribute, fields, path, context, depth);
    put(made, attribute.name, value);
    if (value === undefined && attribute.required) return dropped(fields);
  }
  if (parsed.oneOf.length > 0 && !parsed.oneOf.some((one) => made[one] !== undefined)) return dropped(fields);
  // An object of nothing but numbers that nobody gave says nothing.
  for (const _ in made) return made;
  return undefined;
}

function dropped(fields: Fields): undefined {
  fields.release();
  return undefined;
}

/** The number with its caption; a number that OCSF does not have is 99 with the word that came with it. */
function closed(made: Draft, { name, required, sibling }: Attribute, captions: Captions, fields: Fields, path: string, context: MapContext): void {
  const id = fields.integer(name);
  if (id === undefined) {
    if (!required) return;
    made[name] = 0;
    made[sibling] = captions[0] ?? "Unknown";
    return;
  }
  const caption = captions[id];
  if (caption !== undefined && id !== OTHER) {
    made[name] = id;
    made[sibling] = caption;
    const word = fields.peek(sibling);
    // The caption in other letters says nothing more.
    if (typeof word === "string" && word.toLowerCase() === caption.toLowerCase()) fields.use(sibling);
    return;
  }
  if (id !== OTHER) context.unseen(`${path}.${name}`, id);
  made[name] = OTHER;
  made[sibling] = fields.text(sibling) ?? String(id);
}

function valueOf({ name, type }: Attribute, fields: Fields, path: string, context: MapContext, depth: number): Json | undefined {
  switch (type) {
    case "s":
      return fields.text(name);
    case "i":
      return fields.integer(name);
    case "l":
      return fields.long(name);
    case "b":
      return fields.flag(name);
    case "t":
      return fields.time(name);
    case "ip":
      return fields.ip(name);
    case "mac":
      return fields.mac(name);
    case "port":
      return fields.port(name);
    case "mail":
      return fields.email(name);
    case "uuid": {
      const found = uuid(fields.peek(name));
      if (found !== undefined) fields.use(name);
      return found;
    }
    case "j": {
      const found = fields.peek(name);
      if (found === undefined || found === null) return undefined;
      fields.use(name);
      return found;
    }
    default: {
      const inner = fields.object(name);
      return inner.isEmpty ? undefined : read(type, inner, `${path}.${name}`, context, depth + 1);
    }
  }
}

function listOf(attribute: Attribute, fields: Fields, path: string, context: MapContext, depth: number): readonly Json[] | undefined {
  const { name, type } = attribute;
  let found: readonly Json[];
  if (type === "s") found = fields.texts(name);
  else if (type === "ip") found = fields.ips(name);
  else if (type === "mail") found = fields.emails(name);
  else found = fields.objects(name).flatMap((one): readonly Draft[] => present(read(type, one, `${path}.${name}`, context, depth + 1)));
  return found.length === 0 ? undefined : found;
}
