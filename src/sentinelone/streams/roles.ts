/**
 * Roles with what they permit. The listing names the roles, a second request each gives `pages[].permissions[]`; `permissions` holds the
 * granted ones as `Endpoints.view`. A role whose permissions may not be read keeps null there. Roles of the scopes below are included.
 */
import { Fault } from "../../kernel/fault.ts";
import type { JsonObject, JsonValue, ListPage, SourceRecord } from "../client.ts";
import { column, columns, createMapper, isObject } from "./mapping.ts";
import { DAY, describeStream, endState, firstPage, HOUR, mapPage, scopeQuery, type StreamSpec } from "./listing.ts";
import type { Stream, StreamIo } from "./stream.ts";

const IN_FLIGHT = 8;
const PARAMS = { includeChildren: true } as const;

/** `Page name.permission id` of every permission granted in a role's `pages`; null where there are none to read. */
export function grantedPermissions(pages: JsonValue | undefined): readonly string[] | null {
  if (!Array.isArray(pages)) return null;
  const granted: string[] = [];
  for (const page of pages as readonly JsonValue[]) {
    if (!isObject(page) || !Array.isArray(page["permissions"])) continue;
    for (const permission of page["permissions"] as readonly JsonValue[]) {
      if (!isObject(permission) || permission["value"] !== true) continue;
      if (typeof page["name"] === "string" && typeof permission["identifier"] === "string") granted.push(`${page["name"]}.${permission["identifier"]}`);
    }
  }
  return granted.toSorted();
}

const spec: StreamSpec = {
  id: "roles",
  title: "Roles",
  endpoint: "/rbac/roles",
  needs: ["Roles.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  version: "updated_at",
  derive: (record) => ({ ...record, permissions: grantedPermissions(record["pages"]) }),
  columns: [
    column("text", "id"),
    ...columns("text", "name description scope scopeId accountName siteName creator creatorId updatedBy updatedById"),
    ...columns("boolean", "predefinedRole"),
    ...columns("integer", "usersInRoles"),
    ...columns("time", "createdAt updatedAt"),
    column("json", "permissions"),
  ],
};

/** The role with its `pages`; as listed when they may not be read or the role is not ours to open. */
async function withPages(record: SourceRecord, io: StreamIo): Promise<SourceRecord> {
  const id = isObject(record.value) ? record.value["id"] : undefined;
  if (typeof id !== "string" || !/^\d{1,32}$/.test(id)) return record;
  try {
    const detail = await io.client.get(`/rbac/role/${id}`, {}, io.signal);
    const value: JsonObject = { ...record.value, pages: isObject(detail) ? (detail["pages"] ?? null) : null };
    return { value, raw: JSON.stringify(value) };
  } catch (error) {
    if (error instanceof Fault && (error.kind === "permission" || error.code === "S1_NOT_FOUND")) return record;
    throw error;
  }
}

async function withAllPages(page: ListPage, io: StreamIo): Promise<ListPage> {
  const records: SourceRecord[] = [];
  for (let at = 0; at < page.records.length; at += IN_FLIGHT) records.push(...(await Promise.all(page.records.slice(at, at + IN_FLIGHT).map((record) => withPages(record, io)))));
  return { ...page, records };
}

const map = createMapper(spec);

export const roles: Stream = {
  ...describeStream(spec, [], map),
  pagesAreCounted: true,
  async *read(request, io) {
    const partition = request.kind === "snapshot" ? request.partition : null;
    const from = request.kind === "snapshot" ? request.cursor : null;
    const query = { ...PARAMS, ...scopeQuery(partition, io), sortBy: "id", sortOrder: "asc" };
    for await (const page of io.client.list(spec.endpoint, query, { limit: io.limit, from, signal: io.signal })) {
      yield mapPage(await withAllPages(page, io), map, page.nextCursor === null ? endState(request) : "more");
    }
  },
  count: (partition, io) => io.client.count(spec.endpoint, { ...PARAMS, ...scopeQuery(partition, io) }, io.signal),
  latest: async () => null,
  async probe(io) {
    await firstPage(io, spec.endpoint, scopeQuery(null, io));
  },
};
