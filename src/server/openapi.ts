/** The OpenAPI 3.1 document of our own API, made from the Route declarations: what is not declared is not there, and the other way round. */
import type { TSchema } from "typebox";
import { FaultAnswer } from "../kernel/api.ts";
import { FAULTS } from "../kernel/fault.ts";
import type { Route } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { COOKIE_HEADERS } from "./cookies.ts";
import { strict } from "./schemas.ts";
import { CSRF_HEADER } from "./sessions.ts";

type Json = { readonly [key: string]: unknown };

export function openApiDocument(routes: readonly Route<Tx>[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Vedette",
      version,
      description: `Every answer other than 200 is a fault. Kinds: ${Object.entries(FAULTS).map(([kind, policy]) => `${kind} (${policy.meaning})`).join(" ")}`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: "http", scheme: "bearer", description: "`vedette api-keys create` makes one." }, session: { type: "apiKey", in: "cookie", name: "__Host-vedette", description: `POST /api/v1/session sets it (on the hub's own machine as \`vedette-PORT\`). Changes need the header \`${CSRF_HEADER}\` with what that answer gives.` } },
      schemas: { FaultAnswer },
      responses: { Fault: { description: "A fault: what went wrong, and what can be done about it.", content: { "application/json": { schema: { $ref: "#/components/schemas/FaultAnswer" } } } } },
    },
  };
}

/** `/api/v1/connections/:id` → `/api/v1/connections/{id}`. */
export function openApiPath(path: string): string {
  return path.replaceAll(/:([A-Za-z0-9_]+)/g, "{$1}").replace(/\*$/, "{rest}");
}

function operation(route: Route<Tx>): Json {
  const rest = route.path.endsWith("*") ? [{ name: "rest", in: "path", required: true, schema: { type: "string" } }] : [];
  const parameters = [...parametersOf("path", route.params), ...rest, ...parametersOf("query", route.query), ...(route.headers ?? []).filter((name) => !COOKIE_HEADERS.some((own) => own === name)).map((name) => ({ name, in: "header", required: false, schema: { type: "string" } }))];
  return {
    operationId: operationId(route),
    summary: route.summary,
    "x-permission": route.permission,
    ...("event" in route.audit ? { "x-audit-event": route.audit.event } : { "x-audit-none": route.audit.reason }),
    ...(route.credentials === undefined ? {} : { "x-credentials": route.credentials.headers, "x-audit-refusal": route.credentials.refusal }),
    ...(route.permission === "session" ? { security: [{ session: [] }] } : {}),
    ...(route.permission === "public" || route.credentials !== undefined ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { required: hasRequired(route.body), content: { "application/json": { schema: strict(route.body as Json) } } } }),
    responses: {
      "200": { description: "Done.", content: route.answer === "stream" ? { "*/*": { schema: { type: "string" } } } : { "application/json": { schema: route.answer } } },
      default: { $ref: "#/components/responses/Fault" },
    },
  };
}

function parametersOf(place: "path" | "query", schema: TSchema | undefined): readonly Json[] {
  const { properties, required } = (schema ?? {}) as { readonly properties?: Record<string, Json>; readonly required?: readonly string[] };
  return Object.entries(properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (required ?? []).includes(name),
    ...(typeof property["description"] === "string" ? { description: property["description"] } : {}),
    schema: property,
  }));
}

function hasRequired(schema: TSchema): boolean {
  return ((schema as { readonly required?: readonly string[] }).required ?? []).length > 0;
}

/** `GET /api/v1/connections/:id/log` → `get_connections_id_log`. */
function operationId(route: Route<Tx>): string {
  const words = route.path.replace(/^\/api\/(?:v1\/)?/, "").split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [route.method.toLowerCase(), ...words].join("_");
}
