/**
 * How a stream reads a REST listing: snapshots in a stable order part by part, changes ascending by the pass's time with inclusive
 * bounds. Each page's records are mapped; of several copies of one id the newest stays, and what is left out is counted or rejected.
 */
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { Body, ListPage, Query } from "../client.ts";
import { createMapper, isMapped, schemaOf, type Column, type Mapper, type MapperSpec } from "./mapping.ts";
import { readPage } from "../answers.ts";
import { WrongCut } from "../json.ts";
import type { ListingReader, MappedListing, MappedRecord, Page, Partition, Pass, ReadRequest, RejectedRecord, Stream, StreamIo } from "./stream.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A pass of a REST listing: by which field it is filtered (`updatedAt__gte`) and sorted. */
export interface RestPass extends Pass {
  readonly filter: string;
  /** Sort key for ascending order by that time; `id` where the console cannot sort by it. */
  readonly sortBy: string;
}

/** What every stream states, REST or not. */
export interface StreamSpec extends MapperSpec {
  readonly id: StreamId;
  readonly title: string;
  readonly endpoint: string;
  readonly needs: readonly string[];
  readonly everyMs: number;
  readonly proofEveryMs: number;
  readonly partitionedBy?: "site" | "nothing";
  readonly sitesPerRequest?: number;
  readonly passesSeeEveryChange?: boolean;
  readonly retentionColumn?: string;
  readonly ended?: NonNullable<Stream["ended"]>;
}

export interface RestSpec extends StreamSpec {
  /** Sent with every request: what would be hidden otherwise. */
  readonly params?: Query;
  /** Order of snapshots; must not move while one reads. */
  readonly sortBy: string;
  readonly passes?: readonly RestPass[];
}

/** The parts of the Stream contract that follow from the specification alone. */
export function describeStream(spec: StreamSpec, passes: readonly Pass[], map: Mapper): Omit<Stream, "read" | "count" | "latest" | "probe" | "mapBody"> {
  const table: readonly Column[] = spec.columns;
  return {
    id: spec.id,
    title: spec.title,
    mode: passes.length === 0 ? "snapshot" : "changes",
    needs: spec.needs,
    endpoint: spec.endpoint,
    schema: schemaOf(table),
    columns: table.map(({ name, type, source, indexed }) => ({ name, type, source, indexed })),
    partitionedBy: spec.partitionedBy ?? "nothing",
    sitesPerRequest: spec.sitesPerRequest ?? 500,
    passes: passes.map(({ id, column, overlapMs, looksBack, unordered }) => ({ id, column, overlapMs, ...(looksBack === undefined ? {} : { looksBack }), ...(unordered === undefined ? {} : { unordered }) })),
    passesSeeEveryChange: spec.passesSeeEveryChange ?? false,
    everyMs: spec.everyMs,
    proofEveryMs: spec.proofEveryMs,
    retentionColumn: spec.retentionColumn ?? null,
    ...(spec.ended === undefined ? {} : { ended: spec.ended }),
    map,
  };
}

/** Maps a page. Copies of one id: word for word the same are counted, otherwise the newest version stays and the others are rejected. */
export function mapPage(page: Omit<ListPage, "size">, map: Mapper, state: Page["state"]): Page {
  const byId = new Map<string, MappedRecord>();
  const rejected: RejectedRecord[] = [];
  let repeated = 0;
  for (const source of page.records) {
    const outcome = map(source);
    if (!isMapped(outcome)) {
      rejected.push(outcome);
      continue;
    }
    const other = byId.get(outcome.id);
    if (other === undefined) {
      byId.set(outcome.id, outcome);
    } else if (other.hash === outcome.hash) {
      repeated += 1;
    } else {
      const [kept, left] = isNewer(outcome, other) ? [outcome, other] : [other, outcome];
      byId.set(kept.id, kept);
      rejected.push({ id: left.id, code: "RECORD_DUPLICATE", reason: `${left.id}: the same page holds another copy with different content; the newer one was kept`, raw: left.raw });
    }
  }
  return { records: [...byId.values()], rejected, repeated, cursor: page.nextCursor, total: page.totalItems, state, bytes: page.bytes };
}

/** By version, then by hash, so that the choice does not depend on the order of arrival. */
function isNewer(one: MappedRecord, other: MappedRecord): boolean {
  return one.version === other.version ? one.hash > other.hash : one.version > other.version;
}

export function endState(request: ReadRequest): Page["state"] {
  return request.kind === "snapshot" ? "complete" : "caught-up";
}

/** A part's own site ids are narrower than the token's scope and replace it. */
export function scopeQuery(partition: Partition | null, io: StreamIo): Query {
  return { ...io.scopeParams, ...partition?.params };
}

export function restStream(spec: RestSpec): Stream {
  const map = createMapper(spec);
  const passes = spec.passes ?? [];
  const restPass = (pass: Pass): RestPass => {
    const found = passes.find(({ id }) => id === pass.id);
    if (found === undefined) throw new TypeError(`${spec.id} has no pass ${pass.id}`);
    return found;
  };

  function mapListing(body: Buffer): MappedListing {
    for (const quick of ["one-key", "two-keys"] as const) {
      try {
        return mapRead(readPage(body, spec.endpoint, quick));
      } catch (error) {
        if (!(error instanceof WrongCut)) throw error;
      }
    }
    return mapRead(readPage(body, spec.endpoint));
  }

  function mapRead(page: ListPage): MappedListing {
    const { records, rejected, repeated } = mapPage(page, map, "more");
    return { records, rejected, repeated, nextCursor: page.nextCursor, totalItems: page.totalItems, size: page.size, bytes: page.bytes };
  }
  const hereAndNow: ListingReader = { read: async (_stream, body) => mapListing(await body()) };

  function listingQuery(request: ReadRequest, io: StreamIo): Query {
    if (request.kind === "snapshot") return { ...spec.params, ...scopeQuery(request.partition, io), sortBy: spec.sortBy, sortOrder: "asc" };
    const { filter, sortBy } = restPass(request.pass);
    const bounds: Query = { [`${filter}__gte`]: request.from ?? undefined, [`${filter}__lte`]: request.to ?? undefined };
    return { ...spec.params, ...scopeQuery(null, io), ...bounds, sortBy, sortOrder: "asc" };
  }

  return {
    ...describeStream(spec, passes, map),
    pagesAreCounted: true,
    mapBody: mapListing,
    async *read(request, io) {
      const from = request.kind === "snapshot" ? request.cursor : null;
      const reader = io.reader ?? hereAndNow;
      const readBody = (body: Body): Promise<MappedListing> => reader.read(spec.id, body);
      for await (const listing of io.client.listWith(spec.endpoint, listingQuery(request, io), { limit: io.limit, from, signal: io.signal }, readBody)) {
        yield pageOf(listing, listing.nextCursor === null ? endState(request) : "more");
      }
    },
    count: (partition, io) => io.client.count(spec.endpoint, { ...spec.params, ...scopeQuery(partition, io) }, io.signal),
    async latest(pass, io) {
      const { sortBy, unordered, column } = restPass(pass);
      // The console cannot be asked for the newest, but what it knows by now is not newer than its own clock, less a margin.
      const known = unordered === true && io.client.serverTime !== null;
      const page = known ? null : await firstPage(io, spec.endpoint, { ...spec.params, ...scopeQuery(null, io), sortBy, sortOrder: "desc" });
      if (unordered === true || page === null) return io.client.serverTime === null ? null : consoleTime(io.client.serverTime - 5 * MINUTE);
      return newestTime(page, map, spec.columns, column);
    },
    async probe(io) {
      await firstPage(io, spec.endpoint, { ...spec.params, ...scopeQuery(null, io) });
    },
  };
}

function pageOf(listing: MappedListing, state: Page["state"]): Page {
  const { records, rejected, repeated, nextCursor, totalItems, bytes, release } = listing;
  return { records, rejected, repeated, cursor: nextCursor, total: totalItems, state, bytes, ...(release === undefined ? {} : { release }) };
}

function consoleTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

/** One record of a listing, and no second request. */
export async function firstPage(io: StreamIo, path: string, query: Query): Promise<ListPage> {
  return io.client.page(path, { ...query, limit: 1 }, io.signal);
}

export function newestTime(page: ListPage, map: Mapper, table: readonly Column[], name: string): string | null {
  const at = table.findIndex((entry) => entry.name === name);
  const [first] = page.records;
  if (first === undefined) return null;
  const outcome = map(first);
  const value = isMapped(outcome) ? outcome.values[at] : null;
  return typeof value === "string" ? value : null;
}
