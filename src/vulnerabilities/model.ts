/**
 * The nouns of assets and vulnerabilities. A *finding* is a CVE in an application, once per tenant; an *instance* is that finding in one version on one
 * agent; an *asset* is one device, whatever agents it has had. Every instance is counted in exactly one class, so that the classes add up to all.
 * Moments are milliseconds since the epoch. Absent is null, never a guess.
 */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { ASSET_STALENESSES } from "../kernel/vulnerability-asset-api.ts";
import type { VulnerabilitySeverity, VulnerabilityStatus } from "../kernel/vulnerability-api.ts";

export { ACTIVE_STATUSES, STATUS_LABELS, VULNERABILITY_SEVERITIES, type VulnerabilitySeverity, type VulnerabilityStatus } from "../kernel/vulnerability-api.ts";

/** Who gave an instance its status. A later one may overrule an equal or lower one: source < automation < person. */
export type DecidedBy = "source" | "automation" | "person";

/**
 * `open`: an active status with evidence that is fresh. `stale`: an active status whose device is gone, or was not scanned for too long: neither open nor
 * fixed. `fixed`: scan-mitigated or manually-mitigated. `set-aside`: accepted, granted, false positive, duplicate. `out-of-scope`: an active status that no ingest rule
 * covers any more, which nobody follows: not fixed by that, and not overdue.
 */
export type InstanceClass = "open" | "stale" | "fixed" | "set-aside" | "out-of-scope";

/** Why what is known of an agent is no evidence of today. Null: it is. `not-seen` and `missed-scans` are what the tenant's asset rules make of it. */
export type Staleness = (typeof ASSET_STALENESSES)[number];

/** What a finding says of its CVE, as the newest record of it stated it. Scores side by side, never averaged. */
export interface FindingFacts {
  readonly cve: string;
  readonly application: string;
  readonly vendor: string | null;
  /** CVSS of SentinelOne's choosing, 0-10, and its version (`3.1`). */
  readonly baseScore: number | null;
  readonly cvssVersion: string | null;
  readonly nvdBaseScore: number | null;
  readonly nvdCvssVersion: string | null;
  /** SentinelOne's own, 0-10; only with the vulnerability management licence, like the four below. */
  readonly riskScore: number | null;
  readonly exploitedInTheWild: boolean | null;
  /** As the console wrote it: `Functional`, `Proof of Concept`, … */
  readonly exploitMaturity: string | null;
  readonly remediationLevel: string | null;
  readonly reportConfidence: string | null;
  readonly publishedAt: number | null;
}

/** SentinelOne's own decisions about one instance, carried over as they stand. */
export interface SourceDecision {
  /** `Not mitigated`, `To be patched`, `On hold`. */
  readonly mitigationStatus: string | null;
  readonly mitigationReason: string | null;
  readonly mitigationBy: string | null;
  readonly mitigationAt: number | null;
  /** `Default`, `False Positive`, `Added CVE`. */
  readonly verdict: string | null;
  readonly markedAs: string | null;
  readonly markedBy: string | null;
  readonly markedAt: number | null;
  readonly reason: string | null;
}

/** What the console's row says of one instance, beside what has a column. */
export interface InstanceFacts {
  /** `Detected`, `Removed`; `resolved` and `active` were seen too. */
  readonly rowStatus: string | null;
  readonly lastScanResult: string | null;
  readonly source: SourceDecision;
}

/** What shows that a finding is gone. */
export interface ClosureProof {
  /** `removed`: the console says so of the row. `absent`: a reading proven complete no longer has it. */
  readonly kind: "removed" | "absent";
  /** The scan that no longer found it, where the console names one. */
  readonly scanAt: number | null;
  readonly scanResult: string | null;
  /** The version the finding was about, and the one that the device has now, as far as the inventory tells. */
  readonly was: string | null;
  readonly now: string | null;
  /** When we learnt of it. */
  readonly learntAt: number;
  /** True where it waited for a second reading, being one of a mass. */
  readonly second: boolean;
}

export interface Finding {
  readonly id: string;
  readonly tenant: TenantId;
  readonly severity: VulnerabilitySeverity;
  readonly facts: FindingFacts;
  readonly firstSeen: number;
}

/** One finding on one agent in one version. */
export interface Instance {
  readonly id: string;
  readonly tenant: TenantId;
  readonly connection: ConnectionId;
  /** SentinelOne's agent id. */
  readonly agent: string;
  readonly asset: string | null;
  readonly finding: string;
  readonly version: string | null;
  readonly status: VulnerabilityStatus;
  readonly by: DecidedBy;
  /** Name of whoever decided, and why; SentinelOne's `markedBy` where the source did. */
  readonly actor: string | null;
  readonly reason: string | null;
  readonly decidedAt: number | null;
  /** A decision ends here, and the instance is active again. */
  readonly expiresAt: number | null;
  readonly class: InstanceClass;
  readonly staleness: Staleness | null;
  readonly firstSeen: number;
  /** The console's own date of detection. */
  readonly detectedAt: number | null;
  /** Of the last scan that still found it. */
  readonly scannedAt: number | null;
  readonly lastScanResult: string | null;
  readonly fixedAt: number | null;
  readonly proof: ClosureProof | null;
  /** Gone by one reading, one of a mass: counted as before until a second reading agrees. */
  readonly closingAt: number | null;
  readonly reopened: number;
  readonly dueAt: number | null;
  readonly source: SourceDecision;
}

/** One row of an instance's history. Its first, `found`, is not stored: the instance itself tells it. */
export interface HistoryEvent {
  readonly at: number;
  readonly event: "found" | "fixed" | "reopened" | "decided" | "expired" | "stale" | "fresh" | "closure-awaits-proof" | "closure-undone" | "closure-refused" | "source-decision" | "carried-over" | "out-of-scope" | "in-scope";
  readonly from: VulnerabilityStatus | null;
  readonly to: VulnerabilityStatus | null;
  readonly by: DecidedBy;
  readonly actor: string | null;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** What identifies a device, best first. `ip` is not among them: addresses are lent. */
export const IDENTIFIER_KINDS = ["uuid", "agent-id", "cloud-instance", "serial", "mac", "fqdn"] as const;
export type IdentifierKind = (typeof IDENTIFIER_KINDS)[number];

/** What we keep of an agent. */
export interface AgentFacts {
  readonly uuid: string | null;
  readonly name: string | null;
  readonly domain: string | null;
  readonly osName: string | null;
  readonly osRevision: string | null;
  readonly osType: string | null;
  readonly osArch: string | null;
  readonly machineType: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly agentVersion: string | null;
  readonly siteId: string | null;
  readonly siteName: string | null;
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly accountId: string | null;
  readonly accountName: string | null;
  readonly user: string | null;
  /** Of the device's own interfaces; never the address it leaves the network by. */
  readonly addresses: readonly string[];
  readonly macs: readonly string[];
  /** Where the console sees it come from: NAT, never the asset's own. */
  readonly publicEgress: string | null;
  /** `key:value` */
  readonly tags: readonly string[];
  readonly decommissioned: boolean;
  readonly uninstalled: boolean;
  readonly appsStatus: string | null;
}

export interface Agent {
  readonly connection: ConnectionId;
  readonly id: string;
  readonly tenant: TenantId;
  readonly asset: string;
  readonly facts: AgentFacts;
  readonly registeredAt: number | null;
  readonly lastActive: number | null;
  /** By which identifier it was joined with an agent that the asset had already; null for the first. */
  readonly matchedBy: IdentifierKind | null;
  readonly matchedKey: string | null;
  readonly firstSeen: number;
  readonly goneAt: number | null;
  readonly staleness: Staleness | null;
  /** The last scan of its applications that succeeded. */
  readonly scannedAt: number | null;
}

/** Two assets share an identifier and were active at the same time, so they were not made one. */
export interface Ambiguity {
  readonly tenant: TenantId;
  readonly kind: IdentifierKind;
  readonly key: string;
  readonly agents: readonly [string, string];
  readonly reason: string;
  readonly at: number;
}
