import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Ajv, type ErrorObject } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "./index.ts";
import { LIST_ENDPOINTS } from "./rest/endpoints.ts";
import { API, call, NOW, sorted } from "./simulator.test-kit.ts";

const SPEC = new URL("../../../shared/spec/sentinelone-swagger-2.1.json.gz", import.meta.url);

interface Swagger {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, { readonly schema?: unknown }>> }>>>>;
  readonly definitions: Readonly<Record<string, unknown>>;
}

/** Where real consoles are known to answer otherwise than their own spec says. */
const EXCEPTIONS: readonly { readonly what: string; readonly holds: (error: ErrorObject) => boolean }[] = [
  { what: "nearly every field is null in live data, whatever the spec's nullable flags say", holds: (error) => error.keyword === "type" && error.data === null },
  { what: "the same for enums: null stands for no value", holds: (error) => error.keyword === "enum" && error.data === null },
  { what: "agentDecommissionedAt is declared boolean and is null or a time", holds: (error) => error.instancePath.endsWith("/agentDecommissionedAt") },
];

/** Swagger 2.0 to JSON schema: vendor keywords go, and patterns, which are another language's. */
function asSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asSchema);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !key.startsWith("x-") && !["example", "format", "discriminator", "readOnly", "collectionFormat"].includes(key) && !(key === "required" && typeof inner === "boolean") && key !== "pattern" && inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, asSchema(inner)]));
}

const PATHS: readonly (readonly [path: string, query: string])[] = [
  ["/accounts", "?limit=50"],
  ["/sites", "?limit=50"],
  ["/groups", "?limit=50"],
  ["/users", "?limit=50"],
  ["/service-users", "?limit=50"],
  ["/rbac/roles", "?limit=50"],
  ["/agents", "?limit=100"],
  ["/agents/count", ""],
  ["/threats", "?limit=100"],
  ["/cloud-detection/alerts", "?limit=100"],
  ["/activities", "?limit=100"],
  ["/activities/types", ""],
  ["/application-management/inventory", "?limit=50"],
  ["/application-management/inventory/endpoints", "?limit=50&applicationName=Meridian&applicationVendor=Meridian%20Browser%20Project"],
  ["/application-management/risks", "?limit=100&includeRemovals=true"],
  ["/system/info", ""],
  ["/system/status", ""],
  ["/user", ""],
];

describe.skipIf(!existsSync(SPEC))("the vendor's own spec (skipped when it is not beside the repository)", () => {
  let simulator: Simulator;
  let spec: Swagger;
  let ajv: Ajv;
  beforeAll(async () => {
    simulator = await startSimulator({ now: NOW, agents: 150, seed: 21 });
    spec = JSON.parse(gunzipSync(readFileSync(SPEC)).toString("utf8")) as Swagger;
    ajv = new Ajv({ strict: false, allErrors: true, verbose: true, validateFormats: false, validateSchema: false, logger: false });
    ajv.addSchema({ $id: "spec", definitions: asSchema(spec.definitions) });
  });
  afterAll(async () => {
    await simulator.close();
  });

  /** What of an answer the spec does not allow. */
  async function against(specPath: string, path: string): Promise<readonly string[]> {
    const schema = spec.paths[`${API}${specPath}`]?.["get"]?.responses["200"]?.schema as { readonly $ref?: string } | undefined;
    const reference = schema?.$ref;
    if (reference === undefined) throw new Error(`${specPath} has no schema in the spec`);
    const answer = await call(simulator, path);
    expect(answer.status).toBe(200);
    const validate = ajv.getSchema(`spec${reference}`);
    if (validate === undefined) throw new Error(`${reference} is not in the spec`);
    await validate(answer.json);
    const errors = (validate.errors ?? []).filter((error) => !EXCEPTIONS.some((exception) => exception.holds(error)));
    return errors.slice(0, 5).map((error) => `${error.instancePath} ${error.message ?? ""} ${JSON.stringify(error.params)}`);
  }

  it.each(PATHS)("describes what %s answers", async (path, query) => {
    expect(await against(path, `${path}${query}`)).toEqual([]);
  });

  it("describes what a role's details are", async () => {
    expect(await against("/rbac/role/{role_id}", "/rbac/role/2114100000000000011")).toEqual([]);
  });

  it("names every sort field we take, and no other", () => {
    const differing = PATHS.filter(([path]) => {
      const operation = spec.paths[`${API}${path}`]?.["get"] as unknown as { readonly parameters?: readonly { readonly name: string; readonly enum?: readonly string[] }[] } | undefined;
      const sortBy = operation?.parameters?.find((parameter) => parameter.name === "sortBy")?.enum;
      const endpoint = Object.values(LIST_ENDPOINTS).find((found) => found.path === path);
      return sortBy !== undefined && endpoint !== undefined && sorted(Object.keys(endpoint.sorts)).join() !== sorted(sortBy).join();
    });
    expect(differing).toEqual([]);
  });
});
