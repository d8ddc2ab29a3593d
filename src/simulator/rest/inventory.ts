/** The application inventory: application records grouped by name and vendor, and the endpoints that have one application. */
import type { Collection, Test } from "../collection.ts";
import { badRequest } from "../errors.ts";
import { productOfRecord } from "../estate/software.ts";
import type { ApiRecord, Value } from "../record.ts";
import { sees, type Caller } from "../tokens.ts";
import { listParam, type Params } from "./filters.ts";
import type { KeyedTest, Page } from "./listing.ts";
import { pageOf } from "./pages.ts";

interface Group {
  readonly name: string;
  readonly vendor: string;
  readonly versions: Set<Value>;
  /** Distinct endpoints, kept only while they are few. */
  readonly seen: Set<Value>;
  endpoints: number;
  last: Value;
}

interface Known {
  readonly version: number;
  readonly groups: readonly ApiRecord[];
}

const SORTS: readonly string[] = ["applicationName", "applicationVendor", "applicationVersionsCount", "endpointsCount"];
const KEEP = 64;

export const INVENTORY_FILTERS: readonly string[] = ["accountIds", "siteIds", "groupIds", "osTypes", "vendors", "osVersions", "osArchitectures", "name__contains", "vendor__contains", "endpointName__contains", "endpointUuid__contains", "osVersion__contains"];

/** Which product an application record is of: `name\nvendor`. */
function productKey(collection: Collection, ordinal: number): string {
  const quick = collection.value(ordinal, "$product");
  if (typeof quick === "string") return quick;
  const product = productOfRecord(collection.get(ordinal) ?? {});
  return `${product.name}\n${product.vendor}`;
}

/** Which product an application record is of; a generated record does not say who makes it. */
export function productAt(collection: Collection, ordinal: number): { readonly name: string; readonly vendor: string } {
  return splitKey(productKey(collection, ordinal));
}

/** The test of `inventory/endpoints`: one application, named with its vendor (which may be empty). */
export function applicationTest(collection: Collection, params: Params): KeyedTest {
  const name = params.get("applicationName")?.at(-1);
  const vendor = params.get("applicationVendor")?.at(-1);
  if (name === undefined) throw badRequest("applicationName: Missing data for required field.");
  if (vendor === undefined) throw badRequest("applicationVendor: Missing data for required field.");
  const wanted = `${name}\n${vendor}`;
  return { key: `application=${wanted}`, test: (ordinal) => productKey(collection, ordinal) === wanted };
}

/** Above this many records an application's endpoints are counted by their runs: an agent's records lie side by side. */
const COUNT_EXACTLY = 100_000;

export class Inventory {
  readonly #collection: Collection;
  readonly #known = new Map<string, Known>();

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  list(params: Params, caller: Caller): Page {
    const filters = this.#filters(params);
    return pageOf(this.#groups(params, caller, filters), params, SORTS, `inventory|${filters}`);
  }

  #filters(params: Params): string {
    return INVENTORY_FILTERS.map((name) => `${name}=${(listParam(params, name, name.endsWith("Ids") ? 1 : 5000) ?? []).join(",")}`).join("&");
  }

  #groups(params: Params, caller: Caller, filters: string): readonly ApiRecord[] {
    const key = `${caller.level}:${[...caller.ids].join(",")}|${filters}`;
    const collection = this.#collection;
    const known = this.#known.get(key);
    if (known?.version === collection.version) return known.groups;
    const groups = this.#group(params, caller);
    this.#known.set(key, { version: collection.version, groups });
    if (this.#known.size > KEEP) {
      const oldest = this.#known.keys().next();
      if (oldest.done !== true) this.#known.delete(oldest.value);
    }
    return groups;
  }

  #group(params: Params, caller: Caller): readonly ApiRecord[] {
    const collection = this.#collection;
    const tests = recordTests(collection, params);
    const exact = collection.end <= COUNT_EXACTLY;
    const scoped = caller.level !== "tenant" || ["accountIds", "siteIds", "groupIds"].some((name) => (listParam(params, name, 1) ?? []).length > 0);
    const groups = new Map<string, Group>();
    for (const ordinal of collection.walk({ path: "id", descending: false })) {
      if (scoped && !inScope(collection, ordinal, params, caller)) continue;
      if (!tests.every((test) => test(ordinal))) continue;
      const key = productKey(collection, ordinal);
      const known = groups.get(key);
      const group = known ?? { ...splitKey(key), versions: new Set<Value>(), seen: new Set<Value>(), endpoints: 0, last: null };
      if (known === undefined) groups.set(key, group);
      const endpoint = collection.value(ordinal, "endpointId");
      group.versions.add(collection.value(ordinal, "version"));
      if (exact ? !group.seen.has(endpoint) : group.last !== endpoint) group.endpoints += 1;
      if (exact) group.seen.add(endpoint);
      group.last = endpoint;
    }
    return [...groups.values()].map((group) => ({
      applicationName: group.name,
      applicationVendor: group.vendor,
      applicationVersionsCount: group.versions.size,
      endpointsCount: group.endpoints,
      estimate: false,
    }));
  }
}

function splitKey(key: string): { readonly name: string; readonly vendor: string } {
  const line = key.indexOf("\n");
  return { name: key.slice(0, line), vendor: key.slice(line + 1) };
}

function inScope(collection: Collection, ordinal: number, params: Params, caller: Caller): boolean {
  const scopes = collection.scopes(ordinal);
  if (!sees(caller, scopes)) return false;
  return (
    [
      ["accountIds", "account"],
      ["siteIds", "site"],
      ["groupIds", "group"],
    ] as const
  ).every(([name, level]) => {
    const id = listParam(params, name, 1)?.[0];
    return id === undefined || scopes.some((scope) => (scope[level] === undefined ? scope.account === undefined && scope.site === undefined : scope[level] === id));
  });
}

function recordTests(collection: Collection, params: Params): readonly Test[] {
  const text = (ordinal: number, field: string): string => {
    if (field === "$name") return productAt(collection, ordinal).name.toLowerCase();
    if (field === "$vendor") return productAt(collection, ordinal).vendor.toLowerCase();
    return String(collection.value(ordinal, field) ?? "").toLowerCase();
  };
  const tests: Test[] = [];
  for (const [param, field] of [
    ["osTypes", "osType"],
    ["osVersions", "osVersion"],
    ["osArchitectures", "osArch"],
    ["vendors", "$vendor"],
  ] as const) {
    const values = listParam(params, param)?.map((value) => value.toLowerCase());
    if (values !== undefined && values.length > 0) tests.push((ordinal) => values.includes(text(ordinal, field)));
  }
  for (const [param, field] of [
    ["name__contains", "$name"],
    ["vendor__contains", "$vendor"],
    ["endpointName__contains", "endpointName"],
    ["endpointUuid__contains", "endpointUuid"],
    ["osVersion__contains", "osVersion"],
  ] as const) {
    const parts = listParam(params, param)?.map((value) => value.toLowerCase());
    if (parts !== undefined && parts.length > 0) tests.push((ordinal) => parts.some((part) => text(ordinal, field).includes(part)));
  }
  return tests;
}
