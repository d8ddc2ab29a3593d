/** What a hub answers about connectors, ingest rules, runs and the diagnosis, for the command line's tests. */
import Type, { type TSchema } from "typebox";
import { ConnectorSaved, ConnectorVerified, ConnectorView, DiagnosisView, IngestPreview, IngestRuleSaved, IngestRuleView, IngestRunView } from "../kernel/vulnerability-ingest-api.ts";
import { Ok } from "../kernel/api.ts";
import { verifyReport } from "./test-views.ts";

const AT = "2026-11-20T16:00:00.000Z";
const fault = { code: "S1_FORBIDDEN", kind: "permission", message: "The token may not read risks.\u001b[2J", cure: "Give the role that permission.", details: {} };

export const ingestRun: IngestRunView = {
  id: "igr_1", connector: "vcn_1", rule: "irl_1", ruleName: "servers", connection: "con_1", tenant: "ten_1", trigger: "schedule", state: "partial", mode: "scan", scheduledFor: AT, startedAt: AT, endedAt: AT,
  counts: { assets: { seen: 12, new: 2, changed: 3, deactivated: 1, outOfScope: 0, inScope: 0 }, findings: { seen: 40, new: 5, fixed: 4, reopened: 1, unchanged: 30, awaiting: 0, outOfScope: 7, inScope: 0 }, skipped: { assets: 2, findings: 9 }, failed: 1 },
  faults: { risks: fault },
};
const rule: IngestRuleView = {
  id: "irl_1", name: "servers", connector: "vcn_1", connectorName: "Lyon", connection: "con_1", tenant: "ten_1", mode: "scan", ownMode: null, covers: "site Lyon Depot", severity: "high", schedule: "0 3 * * *", timezone: "Europe/Paris", state: "scheduled",
  match: { accounts: [], sites: [{ id: "11", name: "Lyon Depot" }], groups: [], tags: [], os: [], machineTypes: [] }, nextRunAt: AT, held: 1234, fault, failingSince: AT, lastRun: ingestRun, createdAt: AT, createdBy: "mara", updatedAt: AT, version: 2,
};
const connector: ConnectorView = { id: "vcn_1", name: "Lyon", description: "for the auditors", connection: "con_1", connectionName: "emea", tenant: "ten_1", mode: "scan", rules: [rule], createdAt: AT, createdBy: "mara" };
const byDefault: ConnectorView = { ...connector, id: null, name: "All Endpoints (default)", description: "", connectionName: "apac", rules: [], createdAt: null, createdBy: null };
const preview: IngestPreview = {
  covers: "site Lyon Depot", mode: "scan", schedule: "0 3 * * *", nextRunAt: AT, devices: { matched: 20, all: 60 }, findings: { critical: 3, high: 42, medium: 0, low: 0, informational: 0, unknown: 0 }, leaving: { devices: 40, findings: 120 }, entering: { devices: 0 }, replacesDefault: true,
};
const verified: ConnectorVerified = {
  connector: "vcn_1", connection: "con_1", modes: { scan: false, assets: true }, verify: verifyReport(), troubles: ["servers (scan mode) wants Applications: View risks (Applications Page.viewRisks), which the token lacks: no findings."],
  permissions: [{ permission: "Endpoints.view", words: "Endpoints: View", stream: "agents", granted: true, message: "Readable.", without: "no devices" }, { permission: "Applications Page.viewRisks", words: "Applications: View risks", stream: "risks", granted: false, message: "Missing.", without: "no findings" }],
};
const diagnosis: DiagnosisView = {
  connection: "con_1", connectionName: "emea",
  streams: [{ stream: "agents", state: "read", rows: 60, permission: "Endpoints.view", message: "It is read.", cure: null }],
  fields: [
    { field: "severity", of: "findings", source: "severity", state: "filled", filled: 400, looked: 400, licence: null, message: "In 400 of 400 rows looked at.", cure: null },
    { field: "risk score", of: "findings", source: "riskScore", state: "licence", filled: 0, looked: 400, licence: "Singularity Vulnerability Management", message: "No row has it.", cure: "Ask for it." },
  ],
  scans: { devices: 60, scanned: 58, never: 2, old: 0, failed: 0, message: "58 of 60 devices were scanned lately; 2 never.", cure: "See that scanning is on." },
};

const BASE = "/api/v1/vulnerabilities";
export const INGEST_ROUTES = {
  [`GET ${BASE}/connectors`]: { items: [connector, byDefault], next: null },
  [`POST ${BASE}/connectors`]: { connector, preview },
  [`GET ${BASE}/connectors/Lyon`]: connector,
  [`PATCH ${BASE}/connectors/Lyon`]: connector,
  [`POST ${BASE}/connectors/Lyon/verify`]: verified,
  [`DELETE ${BASE}/connectors/vcn_1`]: { ok: true },
  [`GET ${BASE}/rules`]: { items: [rule], next: null },
  [`POST ${BASE}/rules`]: { rule, preview },
  [`POST ${BASE}/rules/preview`]: preview,
  [`GET ${BASE}/rules/servers`]: rule,
  [`PATCH ${BASE}/rules/servers`]: { rule, preview },
  [`POST ${BASE}/rules/servers/run`]: ingestRun,
  [`POST ${BASE}/rules/servers/pause`]: { ...rule, state: "paused" },
  [`POST ${BASE}/rules/servers/resume`]: rule,
  [`DELETE ${BASE}/rules/irl_1`]: { ok: true },
  [`GET ${BASE}/runs`]: { items: [ingestRun], next: null },
  [`GET ${BASE}/runs/igr_1`]: ingestRun,
  [`GET ${BASE}/diagnosis`]: diagnosis,
};

/** Those that end with exit code 0. */
export const INGEST_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["vulnerabilities connectors list", Type.Array(ConnectorView)],
  ["vulnerabilities connectors show Lyon", ConnectorView],
  ["vulnerabilities connectors add Lyon --site Lyon --schedule daily", ConnectorSaved],
  ["vulnerabilities connectors edit Lyon --mode assets", ConnectorView],
  ["vulnerabilities connectors remove Lyon --yes", Ok],
  ["vulnerabilities rules list", Type.Array(IngestRuleView)],
  ["vulnerabilities rules show servers", IngestRuleView],
  ["vulnerabilities rules add Lyon --os linux", IngestRuleSaved],
  ["vulnerabilities rules preview --rule servers --any site", IngestPreview],
  ["vulnerabilities rules edit servers --severity all", IngestRuleSaved],
  ["vulnerabilities rules pause servers", IngestRuleView],
  ["vulnerabilities rules resume servers", IngestRuleView],
  ["vulnerabilities rules remove servers --yes", Ok],
  ["vulnerabilities runs list --failed", Type.Array(IngestRunView)],
  ["vulnerabilities runs show igr_1", IngestRunView],
];
/** Those that end otherwise, because something is missing. */
export const TROUBLED: readonly (readonly [string, TSchema])[] = [
  ["vulnerabilities connectors verify Lyon", ConnectorVerified],
  ["vulnerabilities rules run servers", IngestRunView],
  ["vulnerabilities diagnose", DiagnosisView],
];
