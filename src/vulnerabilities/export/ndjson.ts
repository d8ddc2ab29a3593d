/**
 * Everything, one JSON object per line: first what it is and the files that were known, then devices each with its instances and decisions, findings, and the history
 * row by row; last `end` with how many of each, so that a file that broke off is known by it. Fields are only ever added.
 */
import type { ExportAsset, ExportFinding, ExportHistory, ExportInstance, ExportOptions, ExportSource } from "./source.ts";
import { inChunks, isoOrNull } from "./text.ts";

const FORMAT = "vedette-vulnerabilities";
const VERSION = 1;

export async function* ndjson(source: ExportSource, options: ExportOptions): AsyncGenerator<string> {
  yield* inChunks(lines(source, options));
}

async function* lines(source: ExportSource, { now, version, kev, epss }: ExportOptions): AsyncGenerator<string> {
  const counts = { assets: 0, instances: 0, findings: 0, history: 0 };
  yield line({ record: "export", format: FORMAT, version: VERSION, at: isoOrNull(now), vedette: version, kev: loaded(kev), epss: loaded(epss) });
  for await (const { asset, instances } of source.devices()) {
    counts.assets += 1;
    yield line(assetRecord(asset));
    for await (const batch of instances) {
      counts.instances += batch.length;
      yield batch.map((one) => line(instanceRecord(asset, one))).join("");
    }
  }
  for await (const batch of source.findings()) {
    counts.findings += batch.length;
    yield batch.map((one) => line(findingRecord(one))).join("");
  }
  for await (const batch of source.history()) {
    counts.history += batch.length;
    yield batch.map((one) => line(historyRecord(one))).join("");
  }
  yield line({ record: "end", counts });
}

function assetRecord({ firstSeen, lastActive, scannedAt, ...asset }: ExportAsset): object {
  return { record: "asset", ...asset, firstSeen: isoOrNull(firstSeen), lastActive: isoOrNull(lastActive), scannedAt: isoOrNull(scannedAt) };
}

function instanceRecord(asset: ExportAsset, { finding, by, actor, reason, status, decidedAt, expiresAt, source, proof, risk, ...one }: ExportInstance): object {
  return {
    record: "instance", id: one.id, tenant: asset.tenant, connection: asset.connection, asset: asset.id, agent: one.agent, finding: finding.id, cve: finding.facts.cve, version: one.version, class: one.class,
    present: one.present, decision: { status, by, actor, reason, at: isoOrNull(decidedAt), expiresAt: isoOrNull(expiresAt) }, firstSeen: isoOrNull(one.firstSeen), detectedAt: isoOrNull(one.detectedAt),
    scannedAt: isoOrNull(one.scannedAt), lastScanResult: one.lastScanResult, dueAt: isoOrNull(one.dueAt), fixedAt: isoOrNull(one.fixedAt), reopened: one.reopened, source, proof, risk,
  };
}

function findingRecord({ firstSeen, ...finding }: ExportFinding): object {
  return { record: "finding", ...finding, firstSeen: isoOrNull(firstSeen) };
}

function historyRecord({ at, ...event }: ExportHistory): object {
  return { record: "history", at: isoOrNull(at), ...event };
}

function loaded(file: ExportOptions["kev"]): object | null {
  return file === null ? null : { version: file.version, releasedAt: isoOrNull(file.releasedAt), entries: file.entries, sha256: file.sha256 };
}

function line(record: object): string {
  return `${JSON.stringify(record)}\n`;
}
