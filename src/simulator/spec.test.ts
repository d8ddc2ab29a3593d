import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Ajv, type ErrorObject } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "./index.ts";
import { LIST_ENDPOINTS } from "./rest/endpoints.ts";
import { ROUTES } from "./rest/handlers.ts";
import { DEPRECATED_ENDPOINTS } from "./rest/installed-applications.ts";
import { OPEN_ROUTES } from "./rest/session-routes.ts";
import { API, call, NOW, rows, send, sorted, type Answered } from "./simulator.test-kit.ts";

const LISTINGS = [...Object.values(LIST_ENDPOINTS), ...DEPRECATED_ENDPOINTS];

const SPEC = new URL("../../../shared/spec/sentinelone-swagger-2.1.json.gz", import.meta.url);

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly schema?: { readonly $ref?: string } }>>;
  readonly "x-s1-required-permissions"?: readonly string[] | null;
  readonly "x-s1-optional-permissions"?: readonly string[] | null;
}

interface Swagger {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, unknown>>;
}

/** Where real consoles are known to answer otherwise than their own spec says. */
const EXCEPTIONS: readonly { readonly what: string; readonly holds: (error: ErrorObject) => boolean }[] = [
  { what: "nearly every field is null in live data, whatever the spec's nullable flags say", holds: (error) => error.keyword === "type" && error.data === null },
  { what: "the same for enums: null stands for no value", holds: (error) => error.keyword === "enum" && error.data === null },
  { what: "agentDecommissionedAt is declared boolean and is null or a time", holds: (error) => error.instancePath.endsWith("/agentDecommissionedAt") },
];

/** Routes without a schema to hold them against, and why they are there. */
const UNDESCRIBED: Readonly<Record<string, string>> = {
  "POST /threats/mark-as-threat": "an older API's, still called by clients",
  "POST /threats/mark-as-resolved": "an older API's, still called by clients",
  "GET /private/threats/summary": "the dashboard's own, called by clients all the same",
  "GET /users/login/by-token": "the spec gives its answer no schema",
  "GET /agents/{agent_id}/uploads/{activity_id}": "a file",
};

/** Routes that answer with an error whatever is asked. */
const ALWAYS: Readonly<Record<string, number>> = { "POST /users/login": 401, "POST /users/generate-api-token": 409, "GET /threats/{threat_id}/explore/events": 404 };

/** Where what we ask of the caller differs from what the spec attaches to the operation. */
const OTHER_NEEDS: Readonly<Record<string, string>> = {
  "GET /users/{user_id}/api-token-details": "one's own token needs no permission; another's needs the one the spec calls optional",
};

/** Swagger 2.0 to JSON schema: vendor keywords go, and patterns, which are another language's. */
function asSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asSchema);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !key.startsWith("x-") && !["example", "format", "discriminator", "readOnly", "collectionFormat"].includes(key) && !(key === "required" && typeof inner === "boolean") && key !== "pattern" && inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, asSchema(inner)]));
}

interface Known {
  readonly agent: string;
  readonly threat: string;
  readonly note: string;
  readonly starAlert: string;
  readonly group: string;
  readonly site: string;
  readonly user: string;
  readonly serviceUser: string;
  readonly role: string;
  readonly account: string;
  readonly upload: string;
  readonly token: string;
}

interface Sample {
  readonly path: string;
  readonly body?: unknown;
}

/** What each route is asked; a listing without an entry is asked for a hundred records. */
function sampleOf(route: string, known: Known): Sample {
  const agent = { filter: { ids: [known.agent] }, data: {} };
  const threat = { filter: { ids: [known.threat] } };
  const samples: Readonly<Record<string, Sample>> = {
    "GET /accounts/{account_id}": { path: `/accounts/${known.account}` },
    "GET /sites/{site_id}": { path: `/sites/${known.site}` },
    "GET /groups/{group_id}": { path: `/groups/${known.group}` },
    "GET /rbac/role/{role_id}": { path: `/rbac/role/${known.role}` },
    "GET /agents/applications": { path: `/agents/applications?ids=${known.agent}` },
    "GET /agents/processes": { path: `/agents/processes?ids=${known.agent}` },
    "GET /application-management/inventory/applications": { path: `/application-management/inventory/applications?ids=${known.agent}` },
    "GET /application-management/inventory/endpoints": { path: "/application-management/inventory/endpoints?limit=50&applicationName=Meridian&applicationVendor=Meridian%20Browser%20Project" },
    "GET /application-management/risks/cves": { path: "/application-management/risks/cves?limit=50&applicationName=Meridian&applicationVendor=Meridian%20Browser%20Project" },
    "GET /application-management/risks/endpoints": { path: "/application-management/risks/endpoints?limit=50&applicationName=Meridian&applicationVendor=Meridian%20Browser%20Project" },
    "GET /application-management/risks": { path: "/application-management/risks?limit=100&includeRemovals=true" },
    "POST /users/login/by-api-token": { path: "/users/login/by-api-token", body: { data: { apiToken: known.token } } },
    "GET /users/login/by-token": { path: `/users/login/by-token?token=${known.token}` },
    "POST /users/login": { path: "/users/login", body: { username: "mara", password: "none" } },
    "POST /users/api-token-details": { path: "/users/api-token-details", body: { data: { apiToken: known.token } } },
    "GET /users/{user_id}/api-token-details": { path: `/users/${known.user}/api-token-details` },
    "GET /users/{user_id}": { path: `/users/${known.user}` },
    "GET /service-users/{service_user_id}": { path: `/service-users/${known.serviceUser}` },
    "GET /threats/{threat_id}/notes": { path: `/threats/${known.threat}/notes` },
    "GET /threats/{threat_id}/timeline": { path: `/threats/${known.threat}/timeline` },
    "GET /threats/{threat_id}/whitening-options": { path: `/threats/${known.threat}/whitening-options` },
    "GET /threats/{threat_id}/download-from-cloud": { path: `/threats/${known.threat}/download-from-cloud` },
    "GET /threats/{threat_id}/explore/events": { path: `/threats/${known.threat}/explore/events` },
    "POST /threats/notes": { path: "/threats/notes", body: { ...threat, data: { text: "seen" } } },
    "PUT /threats/{threat_id}/notes/{note_id}": { path: `/threats/${known.threat}/notes/${known.note}`, body: { data: { text: "seen again" } } },
    "DELETE /threats/{threat_id}/notes/{note_id}": { path: `/threats/${known.threat}/notes/${known.note}` },
    "POST /threats/incident": { path: "/threats/incident", body: { ...threat, data: { incidentStatus: "in_progress", analystVerdict: "suspicious" } } },
    "POST /threats/analyst-verdict": { path: "/threats/analyst-verdict", body: { ...threat, data: { analystVerdict: "true_positive" } } },
    "POST /threats/external-ticket-id": { path: "/threats/external-ticket-id", body: { ...threat, data: { externalTicketId: "T-1" } } },
    "POST /threats/fetch-file": { path: "/threats/fetch-file", body: { ...threat, data: { password: "infected-9" } } },
    "POST /threats/mitigate/{action}": { path: "/threats/mitigate/kill", body: threat },
    "POST /threats/mark-as-threat": { path: "/threats/mark-as-threat", body: { ...threat, data: { targetScope: "site" } } },
    "POST /threats/mark-as-resolved": { path: "/threats/mark-as-resolved", body: threat },
    "POST /agents/actions/broadcast": { path: "/agents/actions/broadcast", body: { ...agent, data: { message: "Restart tonight" } } },
    "POST /agents/actions/set-external-id": { path: "/agents/actions/set-external-id", body: { ...agent, data: { externalId: "A-17" } } },
    "POST /agents/{agent_id}/actions/fetch-files": { path: `/agents/${known.agent}/actions/fetch-files`, body: { data: { files: ["/etc/hosts"], password: "infected-9" } } },
    "GET /agents/{agent_id}/uploads/{activity_id}": { path: known.upload },
    "PUT /sites/{site_id}/reactivate": { path: `/sites/${known.site}/reactivate`, body: { data: { unlimited: true } } },
    "POST /sites/{site_id}/expire-now": { path: `/sites/${known.site}/expire-now`, body: {} },
    "PUT /groups/{group_id}/move-agents": { path: `/groups/${known.group}/move-agents`, body: { filter: { ids: [known.agent] } } },
    "DELETE /groups/{group_id}": { path: `/groups/${known.group}` },
    "POST /cloud-detection/alerts/analyst-verdict": { path: "/cloud-detection/alerts/analyst-verdict", body: { filter: { ids: [known.starAlert] }, data: { analystVerdict: "TRUE_POSITIVE" } } },
    "POST /cloud-detection/alerts/incident": { path: "/cloud-detection/alerts/incident", body: { filter: { ids: [known.starAlert] }, data: { incidentStatus: "in_progress" } } },
  };
  const [method = "", path = ""] = route.split(" ");
  if (samples[route] !== undefined) return samples[route];
  if (path.startsWith("/agents/actions/")) return { path, body: agent };
  return method === "GET" ? { path: `${path}?limit=100` } : { path, body: {} };
}

const ALL = [...OPEN_ROUTES, ...ROUTES].map((route) => `${route.method} ${route.path}`);
/** What ends something comes after what needs it. */
const IN_ORDER = [...ALL.filter((route) => !/^DELETE|uninstall$|decommission$/u.test(route)), ...ALL.filter((route) => /^DELETE|uninstall$|decommission$/u.test(route))];

describe.skipIf(!existsSync(SPEC))("the vendor's own spec (skipped when it is not beside the repository)", () => {
  let simulator: Simulator;
  let known: Known;
  let spec: Swagger;
  let ajv: Ajv;
  beforeAll(async () => {
    simulator = await startSimulator({ now: NOW, agents: 150, seed: 21 });
    spec = JSON.parse(gunzipSync(readFileSync(SPEC)).toString("utf8")) as Swagger;
    ajv = new Ajv({ strict: false, allErrors: true, verbose: true, validateFormats: false, validateSchema: false, logger: false });
    ajv.addSchema({ $id: "spec", definitions: asSchema(spec.definitions) });
    known = await gather(simulator);
  });
  afterAll(async () => {
    await simulator.close();
  });

  /** What of an answer the spec does not allow. */
  function faultsOf(reference: string | undefined, answer: Answered): readonly string[] {
    const validate = reference === undefined ? undefined : ajv.getSchema(`spec${reference}`);
    if (validate === undefined) return [`${String(reference)} is not in the spec`];
    validate(answer.json);
    const errors = (validate.errors ?? []).filter((error) => !EXCEPTIONS.some((exception) => exception.holds(error)));
    return errors.slice(0, 5).map((error) => `${error.instancePath} ${error.message ?? ""} ${JSON.stringify(error.params)}`);
  }

  function operation(route: string): Operation | undefined {
    const [method = "", path = ""] = route.split(" ");
    return spec.paths[API + path]?.[method.toLowerCase()];
  }

  it.each(IN_ORDER)("describes what %s answers", async (route) => {
    const [method = ""] = route.split(" ");
    const { path, body } = sampleOf(route, known);
    const answer = await send(simulator, method, path, { body });
    expect([path, answer.status, answer.status === 200 ? "" : answer.text]).toEqual([path, ALWAYS[route] ?? 200, ALWAYS[route] === undefined ? "" : answer.text]);
    if (UNDESCRIBED[route] !== undefined) return;
    const responses = operation(route)?.responses;
    const schema = ALWAYS[route] === undefined ? (responses?.["200"] ?? responses?.["204"])?.schema : responses?.["401"]?.schema;
    expect(faultsOf(schema?.$ref, answer)).toEqual([]);
    if (answer.status === 200) expect(Object.keys(answer.json).filter((key) => key !== "data" && key !== "pagination")).toEqual([]);
  });

  it.each([
    ["400", "/agents?limit=0", undefined],
    ["401", "/agents", "nobody"],
    ["403", "/accounts", "site"],
  ] as const)("describes the error %s", async (status, path, who) => {
    const token = who === "site" ? simulator.tokens.site : who;
    const answer = await call(simulator, path, { token });
    expect(answer.status).toBe(Number(status));
    expect(faultsOf(operation("GET /agents")?.responses["400"]?.schema?.$ref, answer)).toEqual([]);
  });

  it("attaches the same permissions to every route as we ask for", () => {
    const differing = ROUTES.map((route) => ({ name: `${route.method} ${route.path}`, needs: route.needs })).filter(({ name, needs }) => {
      const described = operation(name);
      if (described === undefined || OTHER_NEEDS[name] !== undefined) return false;
      const wanted = described["x-s1-required-permissions"] ?? described["x-s1-optional-permissions"] ?? [];
      return sorted([...wanted]).join() !== sorted([...needs]).join();
    });
    expect(differing).toEqual([]);
  });

  it("has every route of ours that is not named as an exception", () => {
    expect(ALL.filter((route) => operation(route) === undefined && UNDESCRIBED[route] === undefined)).toEqual([]);
  });

  it("names every sort field we take, and no other", () => {
    const differing = LISTINGS.filter((endpoint) => {
      const sortBy = operation(`GET ${endpoint.path}`)?.parameters?.find((parameter) => parameter.name === "sortBy")?.enum;
      return sortBy !== undefined && sorted(Object.keys(endpoint.sorts)).join() !== sorted(sortBy).join();
    });
    expect(differing.map((endpoint) => endpoint.path)).toEqual([]);
  });

  it("refuses as for want of permission whatever else the spec has, in the vendor's form", async () => {
    const ours = (method: string, path: string): boolean => ALL.some((route) => route.replaceAll(/\{\w+\}/gu, "{}") === `${method} ${path}`.replaceAll(/\{\w+\}/gu, "{}"));
    const others = Object.entries(spec.paths)
      .filter(([path]) => path.startsWith(`${API}/`))
      .flatMap(([path, operations]) => Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path: path.slice(API.length) })))
      .filter(({ method, path }) => ["GET", "POST", "PUT", "DELETE", "PATCH"].includes(method) && !ours(method, path));
    expect(others.length).toBeGreaterThan(600);
    const answered: string[] = [];
    for (let at = 0; at < others.length; at += TOGETHER) {
      const answers = others.slice(at, at + TOGETHER).map(async ({ method, path }) => {
        const answer = await send(simulator, method, path.replaceAll(/\{\w+\}/gu, "2100000000000000001"));
        const [error] = (answer.json["errors"] ?? []) as readonly { readonly code: number }[];
        return answer.status === 403 && error?.code === 4_030_010 ? [] : [`${method} ${path} ${String(answer.status)} ${answer.text.slice(0, 100)}`];
      });
      answered.push(...(await Promise.all(answers)).flat());
    }
    expect(answered).toEqual([]);
  });

  it("knows in a strict console no parameter that the spec does not name for a listing", async () => {
    const strict = await startSimulator({ now: NOW, agents: 4, sites: 2, accounts: 1, risks: 8, applications: 4, activities: 8, strict: true });
    const read: string[] = [];
    for (const { path } of LISTINGS) {
      const named = new Set((operation(`GET ${path}`)?.parameters ?? []).map((parameter) => parameter.name));
      for (const name of ["accountIds", "siteIds", "groupIds", "query", "tenant"].filter((one) => !named.has(one))) {
        const answer = await call(strict, `${path}?applicationName=a&applicationVendor=b&${name}=`);
        if (!answer.text.includes(name)) read.push(`${path} ${name} ${answer.text}`);
      }
    }
    await strict.close();
    expect(read).toEqual([]);
  });

  it("lists no parameter of a listing that we do not read", async () => {
    const strict = await startSimulator({ now: NOW, agents: 4, sites: 2, accounts: 1, risks: 8, applications: 4, activities: 8, strict: true });
    const unread: string[] = [];
    for (const { path } of LISTINGS) {
      const always = path.endsWith("/endpoints") ? ["applicationName=a", "applicationVendor=b"] : [];
      const asked = (operation(`GET ${path}`)?.parameters ?? [])
        .filter((parameter) => parameter.in === "query" && !always.some((one) => one.startsWith(`${parameter.name}=`)))
        .map((parameter) => `${parameter.name}=${encodeURIComponent(valueFor(parameter))}`);
      expect(asked.length).toBeGreaterThan(5);
      for (let at = 0; at < asked.length; at += TOGETHER) {
        const answer = await call(strict, `${path}?${[...always, ...asked.slice(at, at + TOGETHER)].join("&")}`);
        if (answer.status !== 200) unread.push(`${path} ${answer.text}`);
      }
    }
    await strict.close();
    expect(unread).toEqual([]);
  });
});

/** Parameters in one request; an answer names the one it does not read. */
const TOGETHER = 12;

/** A value that a parameter may have. */
function valueFor(parameter: Parameter): string {
  const choice = (parameter.enum ?? parameter.items?.enum)?.[0];
  if (parameter.name === "cursor" || parameter.name === "sortOrder") return "";
  if (choice !== undefined) return choice;
  if (parameter.type === "boolean" || /^(?:is[A-Z]|has[A-Z]|.*Enabled$|encrypted|threatReboot|pacFile|agentIsDecommissioned$|console$|deepVisibility$)/u.test(parameter.name)) return "true";
  if (parameter.type === "integer" || parameter.name.startsWith("windowsOsRevision") || parameter.name === "activeThreats__gt") return "1";
  if (/agentVersion__between/u.test(parameter.name)) return "1.0-2.0";
  if (parameter.name.endsWith("__between")) return "1-2";
  if (parameter.name.startsWith("agentVersion__")) return "25.1.4.434";
  if (/^(?:totalMemory|coreCount|cpuCount)__/u.test(parameter.name)) return "1";
  if (/__(?:gte?|lte?)$/u.test(parameter.name) || /^(?:createdAt|updatedAt|expiration|firstLogin|lastLogin|dateJoined)$/u.test(parameter.name)) return "2026-01-01T00:00:00Z";
  return /tagsData/iu.test(parameter.name) ? '{"env":["prod"]}' : "x";
}

async function gather(simulator: Simulator): Promise<Known> {
  const first = async (path: string, name = "id"): Promise<string> => String(rows(await call(simulator, path))[0]?.[name]);
  const threat = await first("/threats?noteExists=true&limit=1");
  const agent = await first("/agents?isDecommissioned=false&isUninstalled=false&limit=1");
  await send(simulator, "POST", `/agents/${agent}/actions/fetch-files`, { body: { data: { files: ["/var/log/syslog"], password: "p" } } });
  const uploads = rows(await call(simulator, `/activities?agentIds=${agent}&activityTypes=80&sortBy=createdAt&sortOrder=desc`));
  const star = rows(await call(simulator, "/cloud-detection/alerts?limit=1"))[0]?.["alertInfo"] as { readonly alertId: string };
  const users = rows(await call(simulator, "/users?limit=200"));
  return {
    agent,
    threat,
    note: await first(`/threats/${threat}/notes`),
    starAlert: star.alertId,
    group: await first("/groups?isDefault=false&limit=1"),
    site: await first("/sites?limit=1"),
    user: String(users.find((user) => user["apiToken"] !== null)?.["id"]),
    serviceUser: await first("/service-users?limit=1"),
    role: await first("/rbac/roles?limit=1"),
    account: await first("/accounts?limit=1"),
    upload: String((uploads[0]?.["data"] as { readonly downloadUrl?: string } | undefined)?.downloadUrl),
    token: simulator.tokens.viewer,
  };
}
