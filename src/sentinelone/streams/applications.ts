/**
 * Installed applications: one row per application, version and endpoint. The inventory lists applications; their endpoints come by one
 * request per application (name and vendor both required, a vendor nobody knows is asked for as empty), which is why this is read daily and
 * in one piece. Rows lack the vendor, so it is added. An application the console lists but will not be asked about is parked. There is no
 * number of rows to ask for (the inventory's counts are estimates): two agreeing listings are the proof.
 */
import { Fault } from "../../kernel/fault.ts";
import type { JsonObject, SourceRecord } from "../client.ts";
import { Tally } from "../tally.ts";
import { column, columns, createMapper, isObject } from "./mapping.ts";
import { DAY, describeStream, endState, firstPage, mapPage, scopeQuery, type StreamSpec } from "./listing.ts";
import { readPosition, writePosition } from "./inventory-position.ts";
import type { Page, RejectedRecord, Stream } from "./stream.ts";

const spec: StreamSpec = {
  id: "applications",
  title: "Installed applications",
  endpoint: "/application-management/inventory",
  needs: ["Applications Page.view"],
  everyMs: DAY,
  proofEveryMs: DAY,
  version: "detection_date",
  columns: [
    column("text", "id"),
    column("text", "applicationName", "application_name", { indexed: true }),
    column("text", "endpointUuid", "endpoint_uuid", { indexed: true }),
    ...columns("text", "applicationVendor version endpointId endpointName endpointType osType osName osVersion osArch accountName siteName groupName"),
    ...columns("text", "applicationInstallationPath"),
    ...columns("integer", "fileSize cpuCount coreCount"),
    ...columns("time", "detectionDate applicationInstallationDate"),
    column("json", "cpe"),
  ],
  agentId: "endpoint_id",
};

const map = createMapper(spec);
const ENDPOINTS = `${spec.endpoint}/endpoints`;

function withVendor(record: SourceRecord, vendor: string): SourceRecord {
  if (vendor === "" || !isObject(record.value) || typeof record.value["applicationVendor"] === "string" || record.raw === "{}") return record;
  const value: JsonObject = { ...record.value, applicationVendor: vendor };
  return { value, raw: `{"applicationVendor":${JSON.stringify(vendor)},${record.raw.slice(record.raw.indexOf("{") + 1)}` };
}

/** An application without an id to be known by: its text and the reason are what is left to show. */
function notAsked(application: SourceRecord, reason: string): RejectedRecord {
  return { id: null, code: "RECORD_INVALID", reason, raw: application.raw };
}

export const applications: Stream = {
  ...describeStream(spec, [], map),
  async *read(request, io) {
    const scope = scopeQuery(request.kind === "snapshot" ? request.partition : null, io);
    const start = readPosition(request.kind === "snapshot" ? request.cursor : null);
    let waiting: SourceRecord[] = [];
    let refused: RejectedRecord[] = [];
    let bytes = 0;
    let short = false;
    let counted = 0;
    const page = (cursor: string | null, state: Page["state"]): Page => {
      const mapped = mapPage({ records: waiting, nextCursor: cursor, totalItems: null, bytes }, map, state);
      const made = { ...mapped, rejected: [...mapped.rejected, ...refused], ...(short ? { short } : {}), ...(counted > 0 ? { counted } : {}) };
      waiting = [];
      refused = [];
      bytes = 0;
      counted = 0;
      return made;
    };

    let inventory = start.inventory;
    let skip = start.done;
    let from = start.endpoints;
    const listing = { limit: io.limit, signal: io.signal };
    const all = new Tally();
    for await (const names of io.client.list(spec.endpoint, { ...scope, sortBy: "applicationName", sortOrder: "asc" }, { ...listing, from: inventory })) {
      all.add(names);
      for (let at = skip; at < names.records.length; at += 1) {
        const named = names.records[at];
        if (named === undefined) continue;
        const { applicationName, applicationVendor, endpointsCount } = isObject(named.value) ? named.value : {};
        if (typeof applicationName !== "string" || applicationName === "") {
          refused.push(notAsked(named, "applicationName: missing, and without it the endpoints cannot be asked for"));
          continue;
        }
        const vendor = typeof applicationVendor === "string" ? applicationVendor : "";
        const query = { ...scope, applicationName, applicationVendor: vendor, sortBy: "endpointName", sortOrder: "asc" };
        const its = new Tally();
        try {
          for await (const part of io.client.list(ENDPOINTS, query, { ...listing, from })) {
            for (const record of part.records) waiting.push(withVendor(record, vendor));
            bytes += part.bytes;
            its.add(part);
            if (part.nextCursor === null) counted += its.counted ?? 0;
            // An application is listed because some endpoint has it: where none is named, it was asked for by a name or vendor that are not its own.
            short ||= from === null && part.nextCursor === null && its.received === 0 && endpointsCount !== 0;
            if (waiting.length < io.limit) continue;
            yield page(writePosition({ inventory, done: part.nextCursor === null ? at + 1 : at, endpoints: part.nextCursor }), "more");
          }
        } catch (error) {
          if (!(error instanceof Fault) || error.code !== "S1_BAD_REQUEST") throw error;
          refused.push(notAsked(named, `the console lists this application but refuses (400) to name its endpoints${vendor === "" ? "; it has no vendor" : ""}`));
        }
        from = null;
      }
      skip = 0;
      inventory = names.nextCursor;
    }
    short ||= start.inventory === null && all.isShort;
    yield page(null, endState(request));
  },
  count: async () => null,
  latest: async () => null,
  async probe(io) {
    await firstPage(io, spec.endpoint, scopeQuery(null, io));
  },
};
