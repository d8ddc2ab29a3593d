/**
 * The universal import of a vulnerability management product (FlexConnect), as JSON and as CSV. What is exported is what is there: open and stale instances, because one
 * that is missing from a file is taken for fixed; what was set aside only when asked, because the format cannot hold a decision. Fields that belong to the CVE (number,
 * name, severity, exploitability) are the same in all its instances. Lengths are held; CSV cells that would start a formula are defused.
 */
import { csvRow } from "../../kernel/csv.ts";
import { LONGEST_KEPT } from "../cells.ts";
import { cveId } from "../cve.ts";
import { STATUS_LABELS, type VulnerabilitySeverity } from "../model.ts";
import type { ExportAsset, ExportFinding, ExportInstance, ExportOptions, ExportSource } from "./source.ts";
import { cut, inChunks, known, plainTime, titled } from "./text.ts";

export const LIMITS = { finding_number: 250, finding_name: 128, finding_cve: 512, finding_package: 256, finding_package_version: 128 } as const;

const ENVELOPE = { nucleus_import_version: "1", scan_tool: "SentinelOne", scan_type: "Host" } as const;
/** A severity nobody stated is not the lowest one: it counts like the middle, as in the score. */
const SEVERITIES: Readonly<Record<VulnerabilitySeverity, string>> = { critical: "Critical", high: "High", medium: "Medium", low: "Low", informational: "Informational", unknown: "Medium" };

const DEVICE_COLUMNS = [
  "nucleus_import_version", "scan_tool", "scan_type", "scan_date",
  "host_name", "ip_address", "mac_address", "operating_system_name", "operating_system_version", "host_location", "asset_info", "asset_groups", "asset_users", "asset_criticality", "asset_public",
] as const;
const CVE_COLUMNS = ["finding_number", "finding_name", "finding_severity", "finding_type", "finding_sub_type", "finding_description", "finding_recommendation", "finding_cve"] as const;
const COLUMNS = [...DEVICE_COLUMNS, ...CVE_COLUMNS, "finding_output", "finding_package", "finding_package_version", "finding_discovered", "finding_exploitable"] as const;

export async function* flexConnectJson(source: ExportSource, options: ExportOptions): AsyncGenerator<string> {
  yield* inChunks(json(source, options));
}

export async function* flexConnectCsv(source: ExportSource, options: ExportOptions): AsyncGenerator<string> {
  yield* inChunks(csv(source, options));
}

async function* json(source: ExportSource, options: ExportOptions): AsyncGenerator<string> {
  yield `${JSON.stringify({ ...ENVELOPE, scan_date: plainTime(options.now) }).slice(0, -1)},"assets":[`;
  let assets = 0;
  for await (const { asset, instances } of source.devices()) {
    let findings = 0;
    const head = JSON.stringify(assetFields(asset)).slice(0, -1);
    // A device that is gone and has nothing left is no longer an asset; one that is here is told even with nothing found, so that what it had can end.
    let begun = asset.active && asset.covered;
    if (begun) yield `${assets++ === 0 ? "\n" : ",\n"}${head},"findings":[`;
    for await (const batch of instances) {
      const shown = batch.filter((one) => isShown(one, options));
      if (shown.length === 0) continue;
      if (!begun) yield `${assets++ === 0 ? "\n" : ",\n"}${head},"findings":[`;
      begun = true;
      let text = "";
      for (const one of shown) text += `${findings++ === 0 ? "\n" : ",\n"}${findingText(one)}`;
      yield text;
    }
    if (begun) yield "]}";
  }
  yield "\n]}\n";
}

async function* csv(source: ExportSource, options: ExportOptions): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  const envelope = { ...ENVELOPE, scan_date: plainTime(options.now) };
  for await (const { asset, instances } of source.devices()) {
    const fields = assetFields(asset);
    const device = { ...envelope, ...fields, asset_info: Object.entries(fields.asset_info ?? {}).map(([key, value]) => `${pairText(key)}:${pairText(value)}`).join(";"), asset_groups: listText(fields.asset_groups), asset_users: listText(fields.asset_users) };
    const head = cellsText(DEVICE_COLUMNS, device);
    for await (const batch of instances) {
      let rows = "";
      for (const one of batch) if (isShown(one, options)) rows += `${head},${findingCells(one)}\r\n`;
      yield rows;
    }
  }
}

function isShown({ class: of, present }: ExportInstance, { setAside }: ExportOptions): boolean {
  return of === "open" || of === "stale" || (setAside && of === "set-aside" && present);
}

interface AssetFields {
  readonly asset_info?: Readonly<Record<string, string>> | undefined;
  readonly asset_groups?: readonly string[] | undefined;
  readonly asset_users?: readonly string[] | undefined;
}

function assetFields({ id, connection, agents, facts, assigned, context, active, lastActive, scannedAt }: ExportAsset): AssetFields {
  const groups = [facts.accountName, facts.siteName, facts.groupName, ...(facts.tags ?? []), ...assigned.groups.map((one) => one.value)].filter((one) => typeof one === "string" && one !== "").map((one) => cut(String(one), 250));
  const info = known({
    "sentinelone.agent_id": agents[0], "sentinelone.uuid": facts.uuid, "sentinelone.connection": connection, "vedette.asset_id": id, "vedette.active": active ? "true" : "false",
    "sentinelone.last_active": lastActive === null ? null : plainTime(lastActive), "sentinelone.last_scan": scannedAt === null ? null : plainTime(scannedAt),
    "sentinelone.public_egress": facts.publicEgress, domain: facts.domain, serial: facts.serial, model: facts.model, machine_type: facts.machineType,
    "vedette.owner": assigned.owner?.value, "vedette.data_sensitivity": assigned.sensitivity?.value,
  });
  return known({
    host_name: cut(facts.name ?? agents[0] ?? id, 250),
    ip_address: facts.addresses?.[0],
    mac_address: facts.macs?.[0],
    operating_system_name: facts.osName === null || facts.osName === undefined ? undefined : cut(facts.osName, 250),
    operating_system_version: facts.osRevision === null || facts.osRevision === undefined ? undefined : cut(facts.osRevision, 250),
    host_location: facts.siteName === null || facts.siteName === undefined ? undefined : cut(facts.siteName, 250),
    asset_info: Object.fromEntries(Object.entries(info).map(([key, value]) => [key, cut(String(value), 500)])),
    asset_groups: [...new Set(groups)],
    asset_users: facts.user === null || facts.user === undefined ? undefined : [cut(facts.user, 250)],
    asset_criticality: context.criticality === null ? undefined : titled(context.criticality),
    asset_public: context.exposed,
  });
}

/** What is the same in all instances is made into text once: a file has a hundred times as many of those. */
function findingText(one: ExportInstance): string {
  const version = versionOf(one);
  return `${sharedOf(one.finding).json},"finding_output":${JSON.stringify(evidence(one))}${version === null ? "" : `,"finding_package_version":${JSON.stringify(version)}`},"finding_discovered":"${plainTime(one.detectedAt ?? one.firstSeen)}"}`;
}

function findingCells(one: ExportInstance): string {
  const { before, name, after } = sharedOf(one.finding);
  return `${before},${cell(evidence(one))},${name},${cell(versionOf(one))},${plainTime(one.detectedAt ?? one.firstSeen)},${after}`;
}

function versionOf({ version }: ExportInstance): string | null {
  if (version === null || version === "") return null;
  const clean = tidy(version);
  return clean.length > LIMITS.finding_package_version ? cut(clean, LIMITS.finding_package_version) : clean;
}

function cell(value: unknown): string {
  return csvRow([value]).slice(0, -2);
}

function cellsText(columns: readonly string[], values: Readonly<Record<string, unknown>>): string {
  return csvRow(columns.map((column) => values[column])).slice(0, -2);
}

interface Shared {
  /** Without its closing bracket. */
  readonly json: string;
  /** Cells before what the instance has of its own, between, and after it. */
  readonly before: string;
  readonly name: string;
  readonly after: string;
}

/** Of a finding, worked out once while it is at hand. */
const shared = new WeakMap<ExportFinding, Shared>();

function sharedOf(finding: ExportFinding): Shared {
  const known = shared.get(finding);
  if (known !== undefined) return known;
  const fields = sharedFields(finding);
  const made = { json: JSON.stringify(fields).slice(0, -1), before: cellsText(CVE_COLUMNS, fields), name: cell(fields["finding_package"]), after: cell(fields["finding_exploitable"]) };
  shared.set(finding, made);
  return made;
}

function sharedFields(finding: ExportFinding): Readonly<Record<string, unknown>> {
  const { facts, kev } = finding;
  const cve = cveId(facts.cve);
  return known({
    finding_number: cut(facts.cve, LIMITS.finding_number),
    finding_name: cut(kev?.name === null || kev === null ? facts.cve : `${facts.cve} ${kev.name}`, LIMITS.finding_name),
    finding_severity: SEVERITIES[finding.cveSeverity],
    finding_type: "Vulnerability",
    finding_sub_type: "package_only",
    finding_description: kev === null ? undefined : cut(`Known exploited since ${kev.added}.${kev.ransomware === true ? " Used by ransomware." : ""}`, 1000),
    finding_recommendation: kev?.action === null || kev === null ? undefined : cut(kev.action, 1000),
    finding_cve: cve ?? undefined,
    finding_references: cve === null ? undefined : { NVD: `https://nvd.nist.gov/vuln/detail/${cve}` },
    finding_package: cut(facts.application, LIMITS.finding_package),
    finding_exploitable: finding.cveExploited ? 1 : 0,
  });
}

/** What of one instance has no field of its own: a decision, how fresh it is, and our score. */
function evidence({ finding: { facts, severity }, version, status, by, actor, reason, expiresAt, class: of, scannedAt, lastScanResult, dueAt, risk, reopened }: ExportInstance): string {
  let text = `${tidy(facts.application)}${version === null ? "" : ` ${tidy(version)}`}${facts.vendor === null ? "" : ` (${tidy(facts.vendor)})`}, severity ${severity}\nstatus ${STATUS_LABELS[status]} by ${by}`;
  if (actor !== null) text += ` (${tidy(actor)})`;
  if (reason !== null) text += `: ${tidy(reason)}`;
  if (expiresAt !== null) text += `, until ${plainTime(expiresAt)}`;
  if (of === "stale") text += "\nevidence is stale: the device was not scanned lately, or is gone";
  if (scannedAt !== null) text += `\nlast scan that found it ${plainTime(scannedAt)}${lastScanResult === null ? "" : `, ${tidy(lastScanResult)}`}`;
  if (dueAt !== null) text += `\ndue ${plainTime(dueAt)}`;
  if (reopened > 0) text += `\ncame back ${String(reopened)} times`;
  text += `\nrisk ${String(risk.score)} of 1000 (formula ${String(risk.formula)})`;
  return text.length > MOST_EVIDENCE ? cut(text, MOST_EVIDENCE) : text;
}

const MOST_EVIDENCE = 2000;
/** The same few names and versions, over and over. */
let tidied = new Map<string, string>();

function tidy(text: string): string {
  const known = tidied.get(text);
  if (known !== undefined) return known;
  const clean = cut(text, MOST_EVIDENCE);
  if (text.length > LONGEST_KEPT) return clean;
  if (tidied.size > 2000) tidied = new Map();
  tidied.set(text, clean);
  return clean;
}

/** Of `key:value;key:value`: neither part may hold what parts them. */
function pairText(text: string): string {
  return text.replaceAll(/[\r\n\t]+/g, " ").replaceAll(";", ",").replaceAll(":", "-");
}

function listText(texts: readonly string[] | undefined): string {
  return (texts ?? []).map((text) => text.replaceAll(/[\r\n\t]+/g, " ").replaceAll(";", ",")).join(";");
}
