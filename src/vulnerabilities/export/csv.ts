/** Every instance as one row of a table, whatever its status, with its device, its CVE, its score and its decision. Columns are only ever added, at the end. */
import { csvRow } from "../../kernel/csv.ts";
import type { ExportAsset, ExportInstance, ExportSource } from "./source.ts";
import { inChunks, isoOrNull } from "./text.ts";

const COLUMNS = [
  "tenant", "connection", "asset_id", "host_name", "agent_id", "agent_uuid", "serial", "os_name", "machine_type", "account", "site", "group", "asset_active", "last_active",
  "finding_id", "instance_id", "cve", "application", "vendor", "version", "severity", "nvd_base_score", "nvd_cvss_version", "base_score", "cvss_version",
  "exploited_in_the_wild", "exploit_maturity", "remediation_level", "kev_added", "kev_ransomware", "epss", "epss_percentile", "risk_score", "risk_band", "risk_formula",
  "class", "status", "decided_by", "actor", "reason", "decided_at", "expires_at", "first_seen", "detected_at", "last_scanned", "last_scan_result", "due_at", "fixed_at", "reopened",
  "source_mitigation_status", "source_verdict", "owner", "asset_groups", "asset_criticality", "data_sensitivity", "asset_exposure",
] as const;
type Cells = Readonly<Record<(typeof COLUMNS)[number], unknown>>;

export async function* plainCsv(source: ExportSource): AsyncGenerator<string> {
  yield* inChunks(rows(source));
}

async function* rows(source: ExportSource): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  for await (const { asset, instances } of source.devices()) {
    for await (const batch of instances) {
      let text = "";
      for (const one of batch) {
        const cells = cellsOf(asset, one);
        text += csvRow(COLUMNS.map((column) => cells[column]));
      }
      yield text;
    }
  }
}

function cellsOf({ facts: device, assigned, ...asset }: ExportAsset, one: ExportInstance): Cells {
  const { finding } = one;
  const { facts, kev, epss } = finding;
  return {
    tenant: asset.tenant, connection: asset.connection, asset_id: asset.id, host_name: device.name, agent_id: one.agent, agent_uuid: device.uuid, serial: device.serial, os_name: device.osName,
    machine_type: device.machineType, account: device.accountName, site: device.siteName, group: device.groupName, asset_active: asset.active, last_active: isoOrNull(asset.lastActive),
    finding_id: finding.id, instance_id: one.id, cve: facts.cve, application: facts.application, vendor: facts.vendor, version: one.version, severity: finding.severity,
    nvd_base_score: facts.nvdBaseScore, nvd_cvss_version: facts.nvdCvssVersion, base_score: facts.baseScore, cvss_version: facts.cvssVersion,
    exploited_in_the_wild: facts.exploitedInTheWild, exploit_maturity: facts.exploitMaturity, remediation_level: facts.remediationLevel, kev_added: kev?.added, kev_ransomware: kev?.ransomware,
    epss: epss?.score, epss_percentile: epss?.percentile, risk_score: one.risk.score, risk_band: one.risk.band, risk_formula: one.risk.formula,
    class: one.class, status: one.status, decided_by: one.by, actor: one.actor, reason: one.reason, decided_at: isoOrNull(one.decidedAt), expires_at: isoOrNull(one.expiresAt),
    first_seen: isoOrNull(one.firstSeen), detected_at: isoOrNull(one.detectedAt), last_scanned: isoOrNull(one.scannedAt), last_scan_result: one.lastScanResult, due_at: isoOrNull(one.dueAt),
    fixed_at: isoOrNull(one.fixedAt), reopened: one.reopened, source_mitigation_status: one.source?.mitigationStatus, source_verdict: one.source?.verdict,
    owner: assigned.owner?.value, asset_groups: assigned.groups.map(({ value }) => value).join("; "), asset_criticality: assigned.criticality?.value, data_sensitivity: assigned.sensitivity?.value, asset_exposure: assigned.exposure?.value,
  };
}
