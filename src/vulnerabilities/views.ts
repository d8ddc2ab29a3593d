/** Rows made into what the API answers. */
import { isoTime } from "../kernel/clock.ts";
import { VULNERABILITY_SEVERITIES, type AgentView, type AssetDetail, type AssetView, type FindingView, type HistoryView, type InstanceView, type VulnerabilityStatus } from "../kernel/vulnerability-api.ts";
import { assignedOf } from "./asset-judging.ts";
import { inService, NOTHING_ASSIGNED } from "./asset-rules.ts";
import { primaryOf } from "./identity.ts";
import type { AgentFacts, ClosureProof, DecidedBy, FindingFacts, InstanceClass, InstanceFacts, Staleness } from "./model.ts";
import { noCounts, type Counts, type NamedInstance } from "./queries.ts";
import type { AgentRow, AmbiguityRow, FindingRow, HistoryRow } from "./tables.ts";

function timeOf(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : isoTime(Number(ms));
}

export function findingView(row: FindingRow, counts: Counts | undefined): FindingView {
  const { publishedAt, cve: _cve, application: _application, vendor: _vendor, ...facts } = JSON.parse(row.facts) as FindingFacts;
  return { id: row.id, tenant: row.tenant_id, cve: row.cve, application: row.application, vendor: row.vendor, severity: VULNERABILITY_SEVERITIES[row.severity] ?? "unknown", ...facts, publishedAt: timeOf(publishedAt), firstSeen: isoTime(Number(row.first_seen)), counts: counts ?? noCounts() };
}

export function instanceView(row: NamedInstance, now: number): InstanceView {
  const { lastScanResult, source } = JSON.parse(row.facts) as InstanceFacts;
  const agent = row.agent_facts === null ? {} : (JSON.parse(row.agent_facts) as Partial<AgentFacts>);
  const proof = row.proof === null ? null : (JSON.parse(row.proof) as ClosureProof);
  const active = row.class === "open" || row.class === "stale";
  return {
    id: row.id, finding: row.finding_id, tenant: row.tenant_id, connection: row.connection_id, asset: row.asset_id, agent: row.agent_id, device: agent.name ?? null, version: row.version,
    severity: VULNERABILITY_SEVERITIES[row.severity] ?? "unknown", class: row.class as InstanceClass, staleness: row.stale as Staleness | null, status: row.status as VulnerabilityStatus, decidedBy: row.decided_by as DecidedBy,
    actor: row.actor, reason: row.reason, decidedAt: timeOf(row.decided_at), expiresAt: timeOf(row.expires_at), firstSeen: isoTime(row.first_seen), detectedAt: timeOf(row.detected_at), scannedAt: timeOf(row.scanned_at),
    lastScanResult, fixedAt: timeOf(row.fixed_at), dueAt: timeOf(row.due_at), overdue: active && row.due_at !== null && row.due_at < now, reopened: row.reopened, present: row.present === 1, closingAt: timeOf(row.closing_at), outOfScopeAt: timeOf(row.out_of_scope_at),
    proof: proof === null ? null : { ...proof, scanAt: timeOf(proof.scanAt), learntAt: isoTime(proof.learntAt) },
    source: { ...source, mitigationAt: timeOf(source.mitigationAt), markedAt: timeOf(source.markedAt) },
  };
}

/** The first row of every history: the instance itself tells it. */
export function foundView(row: NamedInstance): HistoryView {
  return { at: isoTime(row.first_seen), event: "found", from: null, to: null, by: "source", actor: null, details: { detectedAt: timeOf(row.detected_at), version: row.version } };
}

export function historyView(row: HistoryRow): HistoryView {
  return { at: isoTime(Number(row.at)), event: row.event, from: row.from_status, to: row.to_status, by: row.decided_by, actor: row.actor, details: readable(JSON.parse(row.details) as HistoryView["details"]) };
}

/** Moments among the details are kept as milliseconds, and shown as times. */
function readable(details: HistoryView["details"]): HistoryView["details"] {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, typeof value === "number" && (name.endsWith("At") || name === "until") ? isoTime(value) : value]));
}

const NOTHING: AgentFacts = {
  uuid: null, name: null, domain: null, osName: null, osRevision: null, osType: null, osArch: null, machineType: null, model: null, serial: null, agentVersion: null, siteId: null, siteName: null, groupId: null, groupName: null,
  accountId: null, accountName: null, user: null, addresses: [], macs: [], publicEgress: null, tags: [], decommissioned: false, uninstalled: false, appsStatus: null,
};

export function agentView(row: AgentRow): AgentView {
  const facts: AgentFacts = { ...NOTHING, ...(JSON.parse(row.facts) as Partial<AgentFacts>) };
  return {
    connection: row.connection_id, id: row.id, uuid: facts.uuid, name: facts.name, domain: facts.domain, os: [facts.osName, facts.osRevision].filter((part) => part !== null).join(" ") || null, machineType: facts.machineType, model: facts.model,
    serial: facts.serial, agentVersion: facts.agentVersion, site: facts.siteName, group: facts.groupName, account: facts.accountName, user: facts.user, addresses: [...facts.addresses], macs: [...facts.macs], publicEgress: facts.publicEgress,
    tags: [...facts.tags], state: row.scope === "none" ? "out-of-scope" : row.gone_at !== null ? "gone" : facts.decommissioned ? "decommissioned" : facts.uninstalled ? "uninstalled" : row.facts === "{}" ? "not-listed" : "active", staleness: row.stale as Staleness | null,
    registeredAt: timeOf(row.registered_at), lastActive: timeOf(row.last_active), scannedAt: timeOf(row.scanned_at), firstSeen: isoTime(row.first_seen),
  };
}

export function assetView(agents: readonly AgentRow[], counts: Counts | undefined): AssetView {
  const primary = primaryOf(agents.map((row) => ({ id: row.id, active: row.active === 1, lastActive: row.last_active, registeredAt: row.registered_at, row })));
  const shown = agents.map(agentView);
  const [first] = agents;
  return { id: first?.asset_id ?? "", tenant: first?.tenant_id ?? "", name: shown.find((one) => one.id === primary?.id)?.name ?? null, active: agents.some((row) => inService(row.stale)), agents: shown, assigned: primary === undefined ? NOTHING_ASSIGNED : assignedOf(primary.row), counts: counts ?? noCounts() };
}

export function whyOne(row: AgentRow, identifiers: readonly { readonly kind: string; readonly key: string }[]): AssetDetail["one"][number] {
  const why = row.matched_by === null ? "is the first agent of this device, or the only one" : `followed an earlier agent with the same ${row.matched_by}`;
  return { agent: row.id, connection: row.connection_id, why, matchedBy: row.matched_by, matchedKey: row.matched_key, identifiers: identifiers.map(({ kind, key }) => ({ kind, key })) };
}

export function whyTwo(row: AmbiguityRow, other: AgentRow | undefined, place: { readonly connection: string; readonly id: string }): AssetDetail["two"][number] {
  const name = other === undefined ? null : ((JSON.parse(other.facts) as Partial<AgentFacts>).name ?? null);
  return { asset: other?.asset_id ?? null, agent: place.id, connection: place.connection, name, kind: row.kind, key: row.key, reason: row.reason, at: isoTime(Number(row.at)) };
}
