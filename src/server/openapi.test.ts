import { describe, expect, it } from "vitest";
import { Ajv2020 } from "ajv/dist/2020.js";
import { connectionRoutes } from "../connections/routes.ts";
import { tenantRoutes } from "../connections/tenant-routes.ts";
import type { Route } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { builtinRoutes, withOpenApi } from "./builtin-routes.ts";
import { openApiDocument, openApiPath } from "./openapi.ts";

/** Only declarations are read here: nothing of what the routes would call. */
const none = {} as never;
const routes: readonly Route<Tx>[] = withOpenApi([...connectionRoutes(none, { guide: [] }, none), ...tenantRoutes(none, none, none), ...builtinRoutes(none)], "1.2.3");
const document = JSON.parse(JSON.stringify(openApiDocument(routes, "1.2.3"))) as {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, { operationId: string; parameters?: { name: string; in: string; required: boolean; schema: object }[]; requestBody?: { content: Record<string, { schema: object }> }; responses: Record<string, { content?: Record<string, { schema: object }> }>; security?: unknown[] } & Record<string, unknown>>>;
  components: { securitySchemes: object; schemas: Record<string, object>; responses: object };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

describe("the OpenAPI document", () => {
  it("is of version 3.1 and lists every route once, itself included", () => {
    expect([document.openapi, document.info.version]).toEqual(["3.1.0", "1.2.3"]);
    expect(operations.map(({ path, method }) => `${method} ${path}`).sort()).toEqual(routes.map((route) => `${route.method.toLowerCase()} ${openApiPath(route.path)}`).sort());
    expect(operations.map(({ path }) => path)).toContain("/api/openapi.json");
  });

  it("names each operation once, and its permission and audit event", () => {
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const route of routes) {
      const operation = document.paths[openApiPath(route.path)]?.[route.method.toLowerCase()];
      expect(operation?.["x-permission"]).toBe(route.permission);
      expect(operation?.["x-audit-event"]).toBe("event" in route.audit ? route.audit.event : undefined);
      expect(operation?.security).toEqual(route.permission === "public" ? [] : undefined);
    }
  });

  it("declares every parameter of a path, and no other as one", () => {
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === "path").map((parameter) => parameter.name);
      expect(inPath, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
    }
  });

  it("holds only schemas that a JSON Schema 2020-12 validator compiles, and references that lead somewhere", () => {
    const ajv = new Ajv2020({ strict: false });
    let compiled = 0;
    for (const { operation } of operations) {
      const schemas = [...(operation.parameters ?? []).map((parameter) => parameter.schema), ...Object.values(operation.requestBody?.content ?? {}).map((one) => one.schema), ...Object.values(operation.responses).flatMap((response) => Object.values(response.content ?? {}).map((one) => one.schema))];
      for (const schema of schemas) {
        ajv.compile(schema);
        compiled += 1;
      }
    }
    expect(compiled).toBeGreaterThan(routes.length);
    for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      const target = (reference ?? "").slice(2).split("/").reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
      expect(target, reference).toBeDefined();
    }
  });
});
