/**
 * What a route takes and gives, checked. Bodies and queries may hold nothing the schema does not name; answers lose what it does not
 * name. Messages give the place and what is expected there, never the value found.
 */
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { Convert } from "typebox/value";
import { Fault } from "../kernel/fault.ts";

export type Part = "params" | "query" | "body";

/** The value as the handler gets it, or a Fault (CONFIG_INVALID) with the place in it. */
export type Check = (value: unknown) => unknown;

type JsonSchema = Readonly<Record<string, unknown>>;

/** Compiles on first use: a hub has some sixty routes, a command asks two of them. */
export function checkFor(part: Part, schema: TSchema): Check {
  let compiled: ReturnType<typeof compileStrict> | undefined;
  return (value) => {
    compiled ??= compileStrict(schema);
    if (compiled.Check(value)) return value;
    // Only text comes in an address; a body says itself what is a number.
    const given = part === "body" ? value : Convert(schema, value);
    if (compiled.Check(given)) return given;
    const [first] = compiled.Errors(given).filter((error) => error.keyword !== "boolean");
    const extra = first?.keyword === "additionalProperties" || first?.keyword === "unevaluatedProperties";
    const place = `${part}${first?.instancePath ?? ""}`;
    if (extra) throw new Fault("CONFIG_INVALID", `${place} has a key that is not known there: ${unknownKeys(first.params)}.`, { details: { at: place } });
    throw new Fault("CONFIG_INVALID", `${place} ${first?.message ?? "is not what is expected"}.`, { details: { at: place } });
  };
}

/** The answer as it goes out: plain JSON, keys outside the schema dropped; INTERNAL where it is not what the schema says. */
export function answerFor(schema: TSchema): (value: unknown) => string {
  let compiled: ReturnType<typeof compile> | undefined;
  let exact: ReturnType<typeof compileStrict> | undefined;
  return (value) => {
    compiled ??= compile(schema);
    exact ??= compileStrict(schema);
    // Where there is nothing to drop, which is nearly always: looking for it takes longer than all the rest.
    const given = value ?? null;
    if (exact.Check(given)) return JSON.stringify(given);
    // A copy: cleaning deletes keys, and what a handler gave may be somebody else's object.
    const text = JSON.stringify(given);
    const plain: unknown = JSON.parse(text);
    // What is no JSON itself may be such as text.
    if (exact.Check(plain)) return text;
    const clean = compiled.Clean(plain);
    if (compiled.Check(clean)) return JSON.stringify(clean);
    const [first] = compiled.Errors(clean);
    throw new Fault("INTERNAL", "The answer is not what this route declares.", { details: { at: first?.instancePath ?? "", expected: first?.message ?? "" } });
  };
}

function compile(schema: TSchema) {
  return Compile(schema);
}

function compileStrict(schema: TSchema) {
  return Compile(strict(schema as JsonSchema) as TSchema);
}

/** The same schema, refusing keys it does not name, at every depth. */
export function strict(schema: JsonSchema): JsonSchema {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties" || key === "patternProperties") copy[key] = mapValues(value as JsonSchema);
    else if (key === "items" && isSchema(value)) copy[key] = strict(value);
    else if ((key === "anyOf" || key === "oneOf") && Array.isArray(value)) copy[key] = value.map((one: JsonSchema) => strict(one));
    else copy[key] = value;
  }
  if ("properties" in copy && !("additionalProperties" in copy) && !("patternProperties" in copy)) copy["additionalProperties"] = false;
  // The parts of an intersection do not know each other's keys; only the whole can tell what is left over.
  if (Array.isArray(copy["allOf"]) && !("unevaluatedProperties" in copy)) copy["unevaluatedProperties"] = false;
  return copy;
}

function mapValues(schemas: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schemas).map(([key, value]) => [key, isSchema(value) ? strict(value) : value]));
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownKeys(params: object): string {
  const found = Object.values(params)[0] as unknown;
  const keys = Array.isArray(found) ? found.map(String) : [String(found)];
  return keys.slice(0, 5).map((key) => JSON.stringify(key.slice(0, 60))).join(", ");
}
