/**
 * A version as a fact. Its kind says the stream and what happened, `alerts.new`, `threats.reopened`; its key names the console rather than the connection, so
 * that an alert that two connections of one tenant see, or that a connection made anew reads again, is the same fact.
 */
import type { EventStream, VersionKind } from "../kernel/alert-api.ts";
import { isoTime } from "../kernel/clock.ts";
import type { Fact } from "../kernel/fact.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Headline, Version } from "./model.ts";
import { linkOf } from "./links.ts";

/** What is known of the connection that a record came by. */
export interface Origin {
  readonly connection: ConnectionId;
  /** `https://usea1-011.sentinelone.net`; null where nobody knows it any more. */
  readonly console: string | null;
  /** How far back the first reading of a stream is told, ms. */
  readonly lookBackMs: number;
}

export interface Told {
  readonly tenant: TenantId;
  readonly stream: EventStream;
  readonly id: string;
  readonly headline: Omit<Headline, "marks">;
  readonly version: Pick<Version, "version" | "number" | "kind" | "changes">;
  readonly also: readonly string[];
  /** The record's text. */
  readonly raw: string;
}

export function factKind(stream: EventStream, kind: VersionKind): string {
  return `${stream}.${kind}`;
}

export function factOf({ tenant, stream, id, headline, version, also, raw }: Told, origin: Origin): Fact {
  const key = `${origin.console === null ? origin.connection : origin.console.replace(/^https?:\/\//, "")}/${stream}/${id}`;
  const { at, updatedAt, name, product, severity, status, statusWord, verdict, verdictWord, assignee, device, user, siteId, siteName } = headline;
  return {
    tenant,
    kind: factKind(stream, version.kind),
    key,
    version: version.version,
    orderKey: key,
    body: {
      id,
      stream,
      kind: version.kind,
      number: version.number,
      at: at === null ? null : isoTime(at),
      updatedAt,
      name,
      product,
      severity,
      status,
      statusWord,
      verdict,
      verdictWord,
      assignee,
      device,
      user,
      site: siteId === null && siteName === null ? null : { id: siteId, name: siteName },
      link: linkOf(origin.console, stream, id),
      changes: version.changes,
      also,
    },
    source: { connection: origin.connection, console: origin.console, stream, product, severity, siteId, raw },
  };
}
