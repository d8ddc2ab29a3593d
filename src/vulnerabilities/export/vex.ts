/**
 * CycloneDX 1.6 with exploitability statements (VEX): applications as components, and one vulnerability per finding and judgement, with the versions it holds for.
 * A status nobody judged is `in_triage`; an accepted risk is exploitable and will not be fixed; what is mitigated is `resolved`. Duplicates are left out: their twin is told.
 */
import { createHash, randomUUID } from "node:crypto";
import { cveId } from "../cve.ts";
import { STATUS_LABELS, type VulnerabilitySeverity, type VulnerabilityStatus } from "../model.ts";
import type { ExportOptions, ExportSource, ExportStatement } from "./source.ts";
import { cut, inChunks, isoOrNull, known } from "./text.ts";

interface Analysis {
  readonly state: "exploitable" | "in_triage" | "false_positive" | "resolved";
  readonly response?: readonly ("can_not_fix" | "will_not_fix" | "update")[];
}

const ANALYSES: Readonly<Record<VulnerabilityStatus, Analysis | null>> = {
  active: { state: "in_triage" },
  potential: { state: "in_triage" },
  "in-progress": { state: "exploitable", response: ["update"] },
  "exception-requested": { state: "exploitable" },
  fixed: { state: "exploitable", response: ["update"] },
  "waiting-for-third-party": { state: "exploitable", response: ["can_not_fix"] },
  "waiting-for-verification": { state: "exploitable", response: ["update"] },
  "scan-mitigated": { state: "resolved" },
  "manually-mitigated": { state: "resolved" },
  "accepted-risk": { state: "exploitable", response: ["will_not_fix"] },
  "exception-granted": { state: "exploitable", response: ["will_not_fix"] },
  "false-positive": { state: "false_positive" },
  duplicate: null,
};

const SEVERITIES: Readonly<Record<VulnerabilitySeverity, string>> = { critical: "critical", high: "high", medium: "medium", low: "low", informational: "info", unknown: "unknown" };

export async function* vex(source: ExportSource, options: ExportOptions): AsyncGenerator<string> {
  yield* inChunks(parts(source, options));
}

async function* parts(source: ExportSource, { now, version }: ExportOptions): AsyncGenerator<string> {
  const head = { bomFormat: "CycloneDX", specVersion: "1.6", serialNumber: `urn:uuid:${randomUUID()}`, version: 1, metadata: { timestamp: isoOrNull(now), tools: { components: [{ type: "application", name: "Vedette", version }] } } };
  yield `${JSON.stringify(head).slice(0, -1)},"components":[`;
  yield* listed(source.applications(), ({ application, vendor }) => known({ type: "application", "bom-ref": reference(application, vendor), name: cut(application, 1000), publisher: vendor === null ? null : cut(vendor, 1000) }));
  yield `],"vulnerabilities":[`;
  yield* listed(judged(source.statements()), vulnerability);
  yield "]}\n";
}

async function* listed<T>(batches: AsyncIterable<readonly T[]>, record: (one: T) => object): AsyncGenerator<string> {
  let first = true;
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield `${first ? "\n" : ",\n"}${batch.map((one) => JSON.stringify(record(one))).join(",\n")}`;
    first = false;
  }
}

/** The statements of one finding that have one status. */
type Judgement = readonly [ExportStatement, ...ExportStatement[]];

/** Statements of a finding come one after the other: its judgements are told when it ends. */
async function* judged(statements: AsyncIterable<readonly ExportStatement[]>): AsyncGenerator<readonly Judgement[]> {
  let open = new Map<VulnerabilityStatus, Judgement>();
  let finding = "";
  for await (const batch of statements) {
    const done: Judgement[] = [];
    for (const one of batch) {
      if (one.finding.id !== finding) {
        done.push(...open.values());
        open = new Map();
        finding = one.finding.id;
      }
      if (ANALYSES[one.status] === null) continue;
      const earlier = open.get(one.status);
      open.set(one.status, earlier === undefined ? [one] : [...earlier, one]);
    }
    yield done;
  }
  yield [...open.values()];
}

function vulnerability(judgement: Judgement): object {
  const [{ finding, status, reason }] = judgement;
  const { facts, kev, epss, severity } = finding;
  const cve = cveId(facts.cve);
  const versions = judgement.map(({ version }) => version).filter((version) => version !== null);
  const instances = judgement.reduce((sum, one) => sum + one.instances, 0);
  const analysis = ANALYSES[status];
  const ratings = [
    facts.nvdBaseScore === null ? null : known({ source: { name: "NVD" }, score: facts.nvdBaseScore, severity: SEVERITIES[severity], method: method(facts.nvdCvssVersion) }),
    facts.baseScore === null ? null : known({ source: { name: "SentinelOne" }, score: facts.baseScore, severity: SEVERITIES[severity], method: method(facts.cvssVersion) }),
    facts.nvdBaseScore === null && facts.baseScore === null ? { source: { name: "SentinelOne" }, severity: SEVERITIES[severity] } : null,
  ].filter((rating) => rating !== null);
  return known({
    "bom-ref": `${finding.id}:${status}`,
    id: cut(facts.cve, 250),
    source: cve === null ? { name: "SentinelOne" } : { name: "NVD", url: `https://nvd.nist.gov/vuln/detail/${cve}` },
    ratings,
    published: isoOrNull(facts.publishedAt),
    analysis: known({ state: analysis?.state, response: analysis?.response, detail: cut(`${STATUS_LABELS[status]}${reason === null ? "" : `: ${reason}`}`, 2000), firstIssued: isoOrNull(Math.min(...judgement.map((one) => one.firstSeen))), lastUpdated: isoOrNull(Math.max(...judgement.map((one) => one.changedAt))) }),
    affects: [known({ ref: reference(facts.application, facts.vendor), versions: versions.length === 0 ? null : versions.map((version) => ({ version: cut(version, 1000), status: analysis?.state === "false_positive" ? "unaffected" : "affected" })) })],
    properties: [
      { name: "vedette:instances", value: String(instances) },
      { name: "vedette:status", value: status },
      ...(kev === null ? [] : [{ name: "vedette:kev_added", value: kev.added }]),
      ...(epss === null ? [] : [{ name: "vedette:epss", value: String(epss.score) }]),
    ],
  });
}

function method(version: string | null): string | null {
  const known: Readonly<Record<string, string>> = { "2": "CVSSv2", "2.0": "CVSSv2", "3": "CVSSv3", "3.0": "CVSSv3", "3.1": "CVSSv31", "4": "CVSSv4", "4.0": "CVSSv4" };
  return version === null ? null : (known[version.replace(/^\D+/, "")] ?? "other");
}

function reference(application: string, vendor: string | null): string {
  return `app-${createHash("sha256").update(JSON.stringify([vendor ?? "", application])).digest("hex").slice(0, 24)}`;
}
