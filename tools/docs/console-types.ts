/**
 * The console's types of our own API, one line a route, from the OpenAPI document that a hub gives: what the console may send and what it
 * gets back is then checked by the compiler. (openapi-typescript needs the programming interface of TypeScript 5, a second compiler.)
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHub } from "../../src/compose/hub.ts";
import { readSettings } from "../../src/compose/settings.ts";
import { silentLog } from "../../src/kernel/log.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema | readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: { readonly "application/json": { readonly schema: Schema } } };
  readonly responses: { readonly "200": { readonly content: Readonly<Record<string, { readonly schema: Schema }>> } };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: { readonly FaultAnswer: Schema } };
}

/** Methods that a browser's page has no use for, and paths that answer other programs. */
const LEFT_OUT = /^(?:HEAD|OPTIONS) |\/forward-auth|\/integrations\//u;

export async function consoleTypes(): Promise<string> {
  const { paths, components } = await ownDocument();
  const lines = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })).filter(({ name }) => !LEFT_OUT.test(name)).map(({ name, operation }) => `  ${JSON.stringify(name)}: ${routeType(operation)};`),
  );
  return [
    "/** The hub's own API. Written by `npm run docs` from its OpenAPI document; not to be changed by hand. */",
    "",
    "export interface Api {",
    ...lines.toSorted(),
    "}",
    "",
    `export type FaultAnswer = ${typeOf(components.schemas.FaultAnswer)};`,
    "",
  ].join("\n");
}

/** What a hub with nothing in it says of its routes: they do not depend on what is connected. */
async function ownDocument(): Promise<OpenApi> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-routes-"));
  try {
    const env = { VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key") };
    const hub = await openHub({ settings: readSettings(env), env, log: silentLog });
    try {
      const answer = await hub.app.inject({ method: "GET", url: "/api/openapi.json", headers: { host: "127.0.0.1" } });
      if (answer.statusCode !== 200) throw new Error(`the hub gives no OpenAPI document: ${answer.body}`);
      return JSON.parse(answer.body) as OpenApi;
    } finally {
      await hub.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function routeType(operation: Operation): string {
  const of = (place: string): string => {
    const found = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
    return found.length === 0 ? "undefined" : objectType(Object.fromEntries(found.map(({ name, schema }) => [name, schema])), found.filter(({ required }) => required).map(({ name }) => name));
  };
  const body = operation.requestBody?.content["application/json"].schema;
  const answer = operation.responses["200"].content["application/json"]?.schema;
  return `{ params: ${of("path")}; query: ${of("query")}; body: ${body === undefined ? "undefined" : typeOf(body)}; answer: ${answer === undefined ? "string" : typeOf(answer)} }`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return "FaultAnswer";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  const some = schema.anyOf ?? schema.oneOf;
  if (some !== undefined) return union(some.map(typeOf));
  if (schema.allOf !== undefined) return schema.allOf.map((one) => `(${typeOf(one)})`).join(" & ");
  if (Array.isArray(schema.type)) return union((schema.type as readonly string[]).map((type) => typeOf({ ...schema, type })));
  switch (schema.type) {
    case "string":
      return "string";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return Array.isArray(schema.items) ? `readonly [${(schema.items as readonly Schema[]).map(typeOf).join(", ")}]` : `readonly (${typeOf((schema.items as Schema | undefined) ?? {})})[]`;
    case "object":
      if (schema.properties !== undefined) return objectType(schema.properties, schema.required ?? []);
      return `Readonly<Record<string, ${union([...Object.values(schema.patternProperties ?? {}), ...(typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [])].map(typeOf)) || "unknown"}>>`;
    default:
      return "unknown";
  }
}

function objectType(properties: Readonly<Record<string, Schema>>, required: readonly string[]): string {
  return `{ ${Object.entries(properties).map(([name, schema]) => `readonly ${JSON.stringify(name)}${required.includes(name) ? "" : "?"}: ${typeOf(schema)}`).join("; ")} }`;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(" | ");
}
