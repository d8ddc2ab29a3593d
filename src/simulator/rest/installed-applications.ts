/**
 * `installed-applications` and its `cves`: what is installed and its weaknesses as an older console listed them. The vendor calls
 * both deprecated; programs of others still read them.
 */
import type { Collection } from "../collection.ts";
import { badRequest, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import type { ApiRecord } from "../record.ts";
import { listParam, type Params } from "./filters.ts";
import { productAt } from "./inventory.ts";
import { listPage, type KeyedTest } from "./listing.ts";
import { paged, type Call, type RestConsole } from "./route.ts";
import { list, MACHINE, OS, same, type ListEndpoint } from "./tables.ts";

const LEVELS: readonly string[] = ["none", "low", "medium", "high", "critical"];
const TYPES: readonly string[] = ["app", "kb", "patch", "chromeExtension", "edgeExtension", "firefoxExtension", "safariExtension"];

/** Every record here is an `app`, its publisher comes with its product, and its risk from elsewhere: these sort nothing. */
const INSTALLED: ListEndpoint = {
  path: "/installed-applications",
  stream: "applications",
  permission: "Applications Page.view",
  scopeIds: 500,
  lacks: ["query", "tenant"],
  sorts: { ...same("id type publisher version riskLevel"), installedAt: "applicationInstallationDate", name: "applicationName", size: "fileSize", agentComputerName: "endpointName", createdAt: "detectionDate", updatedAt: "detectionDate" },
  filters: { ids: list("id"), osTypes: list("osType", OS), agentMachineTypes: list("endpointType", MACHINE) },
  ranges: { installedAt: { path: "applicationInstallationDate", unit: "time" }, size: { path: "fileSize", unit: "number" } },
  contains: { name: "applicationName", version: "version", agentComputerName: "endpointName", agentUuid: "endpointUuid", agentOsVersion: ["osName", "osVersion"] },
  query: [],
  joined: ["types", "typesNin", "riskLevels", "riskLevelsNin", "agentIsDecommissioned", "publisher__contains"],
};

const CVES: ListEndpoint = {
  path: "/installed-applications/cves",
  stream: "risks",
  permission: "Applications Page.view",
  scopeIds: 500,
  lacks: ["query", "tenant"],
  sorts: { id: "id", publishedAt: "publishedDate", agentId: "endpointId", applicationId: "application" },
  filters: { ids: list("id"), cveIds: list("cveId") },
  ranges: { createdAt: { path: "detectionDate", unit: "time" }, updatedAt: { path: "lastScanDate", unit: "time" } },
  contains: {},
  query: [],
  joined: ["applicationIds"],
};

export const DEPRECATED_ENDPOINTS = [INSTALLED, CVES] as const;

function installKey(collection: Collection, ordinal: number, version: "version" | "applicationVersion"): string {
  return ["endpointId", "applicationName", version].map((path) => String(collection.value(ordinal, path))).join("\n");
}

function isPresent(risks: Collection, ordinal: number): boolean {
  return String(risks.value(ordinal, "status")).toLowerCase() !== "removed";
}

/** The worst weakness of each installed application, until a risk changes. */
const WORST = new WeakMap<Collection, { readonly version: number; readonly levels: ReadonlyMap<string, number> }>();

function worstOf(risks: Collection): ReadonlyMap<string, number> {
  const known = WORST.get(risks);
  if (known?.version === risks.version) return known.levels;
  const levels = new Map<string, number>();
  for (const ordinal of risks.walk({ path: "id", descending: false })) {
    if (!isPresent(risks, ordinal)) continue;
    const key = installKey(risks, ordinal, "applicationVersion");
    levels.set(key, Math.max(levels.get(key) ?? 0, LEVELS.indexOf(String(risks.value(ordinal, "severity")).toLowerCase())));
  }
  WORST.set(risks, { version: risks.version, levels });
  return levels;
}

function levelOf({ estate }: RestConsole, ordinal: number): string {
  return LEVELS[worstOf(estate.streams.risks).get(installKey(estate.streams.applications, ordinal, "version")) ?? 0] ?? "none";
}

/** Values of a list and of its `Nin`; throws the vendor's 400 for one there is none of. */
function chosen(params: Params, name: string, choices: readonly string[]): ((value: string) => boolean) | undefined {
  const [wanted, unwanted] = [listParam(params, name) ?? [], listParam(params, `${name}Nin`) ?? []];
  const unknown = [...wanted, ...unwanted].find((value) => !choices.includes(value));
  if (unknown !== undefined) throw badRequest(`${name}: "${unknown}" is not a valid choice.`);
  if (wanted.length + unwanted.length === 0) return undefined;
  return (value) => (wanted.length === 0 || wanted.includes(value)) && !unwanted.includes(value);
}

function installedTests(console: RestConsole, params: Params): readonly KeyedTest[] {
  const { applications, agents, risks } = console.estate.streams;
  const tests: KeyedTest[] = [];
  const keyOf = (...names: readonly string[]): string => names.map((name) => `${name}=${(params.get(name) ?? []).join(",")}`).join("&");
  const ofType = chosen(params, "types", TYPES);
  if (ofType !== undefined) tests.push({ key: keyOf("types", "typesNin"), test: () => ofType("app") });
  const ofLevel = chosen(params, "riskLevels", LEVELS);
  if (ofLevel !== undefined) tests.push({ key: keyOf("riskLevels", "riskLevelsNin"), moment: String(risks.version), test: (ordinal) => ofLevel(levelOf(console, ordinal)) });
  const publishers = (listParam(params, "publisher__contains") ?? []).map((part) => part.toLowerCase());
  if (publishers.length > 0) {
    tests.push({
      key: keyOf("publisher__contains"),
      test(ordinal) {
        const vendor = productAt(applications, ordinal).vendor.toLowerCase();
        return publishers.some((part) => vendor.includes(part));
      },
    });
  }
  const given = (listParam(params, "agentIsDecommissioned") ?? []).map((value) => value.toLowerCase());
  const wrong = given.find((value) => value !== "true" && value !== "false");
  if (wrong !== undefined) throw badRequest("agentIsDecommissioned: Not a valid boolean.");
  // As the vendor's document has it: without the parameter, machines in service alone.
  const states = given.length === 0 ? ["false"] : given;
  tests.push({
    key: `agentIsDecommissioned=${states.join(",")}`,
    moment: String(agents.version),
    test(ordinal) {
      const agent = agents.find(String(applications.value(ordinal, "endpointId")))[0];
      return states.includes(String(agent !== undefined && agents.value(agent, "isDecommissioned") === true));
    },
  });
  return tests;
}

function installed(console: RestConsole, record: ApiRecord): ApiRecord {
  const { applications, agents } = console.estate.streams;
  const agent = agents.get(agents.find(String(record["endpointId"]))[0] ?? -1) ?? {};
  const ordinal = applications.find(String(record["id"]))[0];
  return {
    id: record["id"] ?? null,
    createdAt: record["detectionDate"] ?? null,
    updatedAt: record["detectionDate"] ?? null,
    type: "app",
    name: record["applicationName"] ?? null,
    version: record["version"] ?? null,
    publisher: ordinal === undefined ? null : productAt(applications, ordinal).vendor,
    osType: record["osType"] ?? null,
    installedAt: record["applicationInstallationDate"] ?? null,
    size: record["fileSize"] ?? 0,
    signed: true,
    riskLevel: ordinal === undefined ? "none" : levelOf(console, ordinal),
    agentId: record["endpointId"] ?? null,
    agentMachineType: record["endpointType"] ?? null,
    agentUuid: record["endpointUuid"] ?? null,
    agentComputerName: record["endpointName"] ?? null,
    agentDomain: agent["domain"] ?? null,
    agentVersion: agent["agentVersion"] ?? null,
    agentOsType: record["osType"] ?? null,
    agentNetworkStatus: agent["networkStatus"] ?? null,
    agentIsDecommissioned: agent["isDecommissioned"] ?? false,
    agentIsActive: agent["isActive"] ?? false,
    agentInfected: agent["infected"] ?? false,
    agentOperationalState: agent["operationalState"] ?? null,
  };
}

export function installedApplications({ console, request, caller }: Call): Answer {
  const { applications } = console.estate.streams;
  const page = listPage(applications, INSTALLED, request.params, caller, { tests: installedTests(console, request.params), withheld: request.hidden(applications), strict: console.strict });
  return paged(page, (records) => records.map((record) => installed(console, record)));
}

function known(risk: ApiRecord): ApiRecord {
  const id = textAt(risk, "cveId") ?? "";
  return {
    id: risk["id"] ?? null,
    createdAt: risk["detectionDate"] ?? null,
    updatedAt: risk["lastScanDate"] ?? null,
    cveId: id,
    score: Number(risk["baseScore"] ?? 0),
    riskLevel: (textAt(risk, "severity") ?? "none").toLowerCase(),
    description: "",
    publishedAt: risk["publishedDate"] ?? null,
    link: `https://nvd.nist.gov/vuln/detail/${id}`,
  };
}

export function installedCves({ console, request, caller }: Call): Answer {
  const { applications, risks } = console.estate.streams;
  const tests: KeyedTest[] = [{ key: "present", test: (ordinal) => isPresent(risks, ordinal) }];
  const ids = listParam(request.params, "applicationIds") ?? [];
  if (ids.length > 0) {
    const keys = new Set(ids.flatMap((id) => applications.find(id)).map((ordinal) => installKey(applications, ordinal, "version")));
    tests.push({ key: `applicationIds=${ids.join(",")}`, moment: String(applications.version), test: (ordinal) => keys.has(installKey(risks, ordinal, "applicationVersion")) });
  }
  const page = listPage(risks, CVES, request.params, caller, { tests, withheld: request.hidden(risks), strict: console.strict });
  return paged(page, (records) => records.map(known));
}
