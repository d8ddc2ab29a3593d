/**
 * Which facts a destination gets, decided when they are queued. Pure. What is named has to fit, all of it; a fact that tells of no record
 * has none of these properties, and fits no filter.
 */
import type { DestinationFilter } from "../kernel/delivery-api.ts";
import { FACT_SEVERITIES, type Fact, type FactSeverity, type FactSource } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";

export interface Wants {
  readonly tenant: TenantId;
  /** Whose facts besides; `*` among them: everybody's. Null = its own tenant's alone. */
  readonly tenants: readonly string[] | null;
  /** Null = all kinds; an entry is a kind, or `posture.*` for every kind below it. */
  readonly facts: readonly string[] | null;
  readonly filter: DestinationFilter | null;
}

export const EVERY = "*";

const PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*(\.\*)?$/;

export function isFactPattern(text: string): boolean {
  return PATTERN.test(text);
}

export function wants(destination: Wants, fact: Fact): boolean {
  return isOf(destination, fact.tenant) && isOfKind(destination.facts, fact.kind) && fits(destination.filter, fact.source);
}

function isOf({ tenant, tenants }: Wants, of: TenantId): boolean {
  return of === tenant || (tenants !== null && (tenants.includes(EVERY) || tenants.includes(of)));
}

/** Whether facts of the kind, about records of the stream, may pass; what else is asked for only the fact can tell. */
export function mayWant({ facts, filter }: Pick<Wants, "facts" | "filter">, kind: string, stream: StreamId): boolean {
  return isOfKind(facts, kind) && (filter?.streams === undefined || filter.streams.includes(stream));
}

function isOfKind(facts: readonly string[] | null, kind: string): boolean {
  return facts === null || facts.some((entry) => (entry.endsWith(".*") ? kind.startsWith(entry.slice(0, -1)) : entry === kind));
}

function fits(filter: DestinationFilter | null, source: FactSource | undefined): boolean {
  if (filter === null) return true;
  if (source === undefined) return false;
  const { streams, products, severity, sites, connections } = filter;
  const product = source.product?.toLowerCase();
  return (
    (streams === undefined || streams.includes(source.stream)) &&
    (products === undefined || products.some((entry) => entry.toLowerCase() === product)) &&
    (severity === undefined || isAtLeast(source.severity, severity)) &&
    (sites === undefined || (source.siteId !== null && sites.includes(source.siteId))) &&
    (connections === undefined || connections.includes(source.connection))
  );
}

/** What nobody could judge is let through: left out it would be missed exactly where the vendor has a word more than we know. */
function isAtLeast(severity: FactSeverity, floor: FactSeverity): boolean {
  return severity === "unknown" || FACT_SEVERITIES.indexOf(severity) >= FACT_SEVERITIES.indexOf(floor);
}
