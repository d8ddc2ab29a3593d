/**
 * What an export is made of: devices with their instances, findings, history and statements, as they come. Nothing here knows where they are kept, and nothing holds
 * more than a batch. A device's instances are to be read before the next device is asked for.
 */
import type { AgentFacts, ClosureProof, FindingFacts, InstanceClass, SourceDecision, VulnerabilitySeverity, VulnerabilityStatus } from "../model.ts";
import type { EpssScore } from "../epss.ts";
import type { KevEntry } from "../kev.ts";
import type { Assigned } from "../asset-rules.ts";
import type { AssetContext, RiskScore } from "../score.ts";
import type { Loaded } from "../intelligence.ts";

/** What is the same for every instance of it. */
export interface ExportFinding {
  readonly id: string;
  readonly tenant: string;
  readonly severity: VulnerabilitySeverity;
  readonly facts: FindingFacts;
  readonly firstSeen: number;
  readonly kev: KevEntry | null;
  readonly epss: EpssScore | null;
  /** Of the CVE, over all applications that are exported: formats that group by CVE alone want one severity for it. */
  readonly cveSeverity: VulnerabilitySeverity;
  readonly cveExploited: boolean;
}

export interface ExportInstance {
  readonly id: string;
  readonly finding: ExportFinding;
  readonly agent: string;
  readonly version: string | null;
  readonly status: VulnerabilityStatus;
  readonly by: string;
  readonly actor: string | null;
  readonly reason: string | null;
  readonly decidedAt: number | null;
  readonly expiresAt: number | null;
  readonly class: InstanceClass;
  readonly present: boolean;
  readonly firstSeen: number;
  readonly detectedAt: number | null;
  readonly scannedAt: number | null;
  readonly lastScanResult: string | null;
  readonly fixedAt: number | null;
  readonly dueAt: number | null;
  readonly reopened: number;
  readonly source: SourceDecision | null;
  readonly proof: ClosureProof | null;
  readonly risk: RiskScore;
}

/** One device, whatever agents it has had; its facts are those of the agent that spoke last. */
export interface ExportAsset {
  readonly id: string;
  readonly tenant: string;
  readonly connection: string;
  readonly agents: readonly string[];
  readonly facts: Partial<AgentFacts>;
  /** What asset rules and tags say of it, and which. */
  readonly assigned: Assigned;
  readonly context: AssetContext;
  readonly active: boolean;
  /** An ingest rule covers it. */
  readonly covered: boolean;
  readonly staleness: string | null;
  readonly firstSeen: number;
  readonly lastActive: number | null;
  readonly scannedAt: number | null;
}

export interface ExportDevice {
  readonly asset: ExportAsset;
  readonly instances: AsyncIterable<readonly ExportInstance[]>;
}

export interface ExportHistory {
  readonly instance: string;
  readonly tenant: string;
  readonly at: number;
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly by: string;
  readonly actor: string | null;
  readonly details: unknown;
}

/** How many instances of a finding, in one version, are in one status. */
export interface ExportStatement {
  readonly finding: ExportFinding;
  readonly version: string | null;
  readonly status: VulnerabilityStatus;
  readonly instances: number;
  readonly firstSeen: number;
  readonly changedAt: number;
  readonly reason: string | null;
}

export interface ExportSource {
  devices(): AsyncIterable<ExportDevice>;
  findings(): AsyncIterable<readonly ExportFinding[]>;
  /** Those of a finding one after the other. */
  statements(): AsyncIterable<readonly ExportStatement[]>;
  /** Distinct applications that have a finding. */
  applications(): AsyncIterable<readonly { readonly application: string; readonly vendor: string | null }[]>;
  history(): AsyncIterable<readonly ExportHistory[]>;
}

export interface ExportOptions {
  readonly now: number;
  /** Also what was set aside (accepted, false positive, …) and is still there; for formats that hold what is open. */
  readonly setAside: boolean;
  readonly kev: Loaded | null;
  readonly epss: Loaded | null;
  /** Of Vedette. */
  readonly version: string;
}
