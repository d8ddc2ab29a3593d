/**
 * Accounts, the level below the whole console. A token that sees sites only is refused here (403): its accounts are then read off its sites,
 * id and name and no more, and `raw` says so. There is no number of them to ask for, so that two agreeing readings are the proof.
 */
import { RECORD_SECRETS } from "../../kernel/record-secrets.ts";
import { hash } from "node:crypto";
import { Fault } from "../../kernel/fault.ts";
import type { SourceRecord } from "../client.ts";
import { Tally } from "../tally.ts";
import { column, columns, isObject } from "./mapping.ts";
import { DAY, endState, firstPage, HOUR, mapPage, restStream, scopeQuery } from "./listing.ts";
import type { Page, ReadRequest, Stream, StreamIo } from "./stream.ts";

const listed = restStream({
  id: "accounts",
  title: "Accounts",
  endpoint: "/accounts",
  needs: ["Accounts.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  sortBy: "id",
  version: "updated_at",
  secrets: RECORD_SECRETS.accounts,
  columns: [
    column("text", "id"),
    ...columns("text", "name accountType state usageType billingMode externalId salesforceId creator creatorId"),
    ...columns("boolean", "isDefault unlimitedExpiration unlimitedCore unlimitedControl unlimitedComplete"),
    ...columns("integer", "activeAgents totalLicenses numberOfSites coreSites controlSites completeSites totalCore totalControl totalComplete"),
    ...columns("integer", "agentsInCoreSku agentsInControlSku agentsInCompleteSku"),
    ...columns("time", "expiration createdAt updatedAt"),
    ...columns("json", "skus licenses"),
  ],
});

const SITES = "/sites";
/** Marks a cursor of the sites listing; the console's own are base64, which has no colon. */
const BY_SITE = "sites:";

function isForSitesOnly(error: unknown): boolean {
  return error instanceof Fault && error.details["siteUsers"] === true;
}

/** The account a site belongs to, as far as the site tells; undefined where it tells none. */
function accountOf(site: SourceRecord): { readonly id: string; readonly record: SourceRecord } | undefined {
  const { accountId, accountName } = isObject(site.value) ? site.value : {};
  if (typeof accountId !== "string" || accountId === "") return undefined;
  const value = { id: accountId, name: accountName ?? null, derivedFrom: SITES };
  return { id: accountId, record: { value, raw: JSON.stringify(value) } };
}

/** An account is given with the first page that has a site of it; only ids are remembered, of which there are few. */
async function* readBySite(request: ReadRequest, io: StreamIo, from: string | null): AsyncGenerator<Page> {
  const given = new Set<string>();
  const seen = new Set<string>();
  const tally = new Tally();
  const query = { ...scopeQuery(request.kind === "snapshot" ? request.partition : null, io), sortBy: "id", sortOrder: "asc" };
  for await (const page of io.client.list(SITES, query, { limit: io.limit, from, signal: io.signal })) {
    const records: SourceRecord[] = [];
    const before = seen.size;
    for (const { raw } of page.records) seen.add(hash("sha1", raw, "base64"));
    tally.add({ size: seen.size - before, totalItems: page.totalItems });
    for (const site of page.records) {
      const account = accountOf(site);
      if (account === undefined || given.has(account.id)) continue;
      given.add(account.id);
      records.push(account.record);
    }
    const nextCursor = page.nextCursor === null ? null : `${BY_SITE}${page.nextCursor}`;
    const mapped = mapPage({ records, nextCursor, totalItems: null, bytes: page.bytes }, listed.map, nextCursor === null ? endState(request) : "more");
    yield from === null && nextCursor === null && tally.isShort ? { ...mapped, short: true } : mapped;
  }
}

export const accounts: Stream = {
  ...listed,
  async *read(request, io) {
    const cursor = request.kind === "snapshot" ? request.cursor : null;
    if (cursor?.startsWith(BY_SITE) === true) {
      yield* readBySite(request, io, cursor.slice(BY_SITE.length));
      return;
    }
    try {
      yield* listed.read(request, io);
    } catch (error) {
      if (!isForSitesOnly(error)) throw error;
      yield* readBySite(request, io, null);
    }
  },
  async count(partition, io) {
    try {
      return await listed.count(partition, io);
    } catch (error) {
      if (isForSitesOnly(error)) return null;
      throw error;
    }
  },
  async probe(io) {
    try {
      await listed.probe(io);
    } catch (error) {
      if (!isForSitesOnly(error)) throw error;
      await firstPage(io, SITES, scopeQuery(null, io));
    }
  },
};
