/** Small, valid answers of the routes of triage and knowledge, and which commands print them as JSON. */
import Type, { type TSchema } from "typebox";
import { KnowledgeImported, KnowledgeView } from "../kernel/case-knowledge-api.ts";
import { HashListView, RulesApplied, RulesTested, RuleView, TriageQueueItem, TriageView } from "../kernel/case-triage-api.ts";

const AT = "2026-11-20T16:00:00.000Z";
const head = { id: "cas_1", tenant: "ten_1", title: "invoice \u001b[2J.exe on OF-LT-0417", type: "malware", severity: "critical", status: "new", decided: "undefined" } as const;

export const triageView: TriageView = {
  ...head,
  triage: {
    score: 75, verdict: "suspicious", evidence: 15, urgency: 10,
    hits: [
      { rule: "confidence-suspicious", title: "SentinelOne finds it suspicious", weight: 15, bears: "verdict", evidence: [{ fact: "confidence", value: "suspicious \u001b[2J", alert: "t1", alerts: 3 }], evidenceLeft: 2 },
      { rule: "on-server", title: "It is on a server", weight: 10, bears: "urgency", evidence: [{ fact: "role", value: "server", alert: "t1", alerts: 1 }], evidenceLeft: 0 },
    ],
    changes: [
      { how: "without", rule: "confidence-suspicious", title: "SentinelOne finds it suspicious", weight: 15, verdict: "undefined", score: 60 },
      { how: "with", rule: "listed-malicious", title: "A hash is on a list", weight: 60, verdict: "true-positive", score: 100 },
    ],
    remarks: ["Earlier cases with the same content were decided both ways."],
  },
  alertsLooked: 25, alertsLeft: 5, recorded: { name: "invoice.exe", case: {}, alerts: [] },
};

const queued: TriageQueueItem = { ...head, score: 75, suggested: "suspicious", because: [{ rule: "confidence-suspicious", weight: 15 }], lastAt: AT, since: AT };
const rule: RuleView = { id: "on-server", title: "It is on a server", weight: 10, bears: "urgency", of: "any", enabled: true, when: { fact: "role", is: "server" }, from: "shipped", changedFor: "tenant", changedBy: "mara", changedAt: AT };
const list: HashListView = { id: "hsl_1", name: "our-tools", tenant: null, meaning: "trusted", hashes: 2, updatedAt: AT, updatedBy: "mara" };
const knowledge: KnowledgeView = {
  id: "kno_1", tenant: "ten_1", type: "path", indicator: "C:\\Deploy\\\u001b[2J*", meaning: "benign", text: "ours", expiresAt: AT, expired: false, author: "mara", createdAt: AT, updatedAt: AT, updatedBy: "mara", hits: 3, lastHitAt: AT, version: 1,
};

export const TRIAGE_ROUTES = {
  "GET /api/v1/cases/triage": { items: [queued], next: null, pending: false },
  "GET /api/v1/cases/cas_1/triage": triageView,
  "GET /api/v1/cases/rules": { tenant: "ten_1", version: "v", items: [rule] },
  "POST /api/v1/cases/rules": { tenant: "ten_1", items: [{ id: "on-server", change: "changed", rule }] },
  "POST /api/v1/cases/rules/test": { items: [{ name: "one", passed: true, failures: [], triage: triageView.triage }], passed: 1, failed: 0 },
  "GET /api/v1/cases/lists": { items: [list] },
  "PUT /api/v1/cases/lists": list,
  "DELETE /api/v1/cases/lists/hsl_1": list,
  "GET /api/v1/cases/knowledge": { items: [knowledge], next: null },
  "POST /api/v1/cases/knowledge": knowledge,
  "PATCH /api/v1/cases/knowledge/kno_1": knowledge,
  "DELETE /api/v1/cases/knowledge/kno_1": knowledge,
  "POST /api/v1/cases/knowledge/import": { tenant: null, added: 1, changed: 0, unchanged: 2 },
  "GET /api/v1/cases/knowledge/export": [`${JSON.stringify(knowledge)}\n`],
};

export const TRIAGE_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["cases triage --limit 5", Type.Array(TriageQueueItem)],
  ["cases triage cas_1", TriageView],
  ["cases rules list", Type.Array(RuleView)],
  ["cases rules show on-server", RuleView],
  ["cases rules set on-server --off", RulesApplied],
  ["cases rules apply -", RulesApplied],
  ["cases rules test -", RulesTested],
  ["cases lists list", Type.Array(HashListView)],
  ["cases lists put our-tools - --meaning trusted", HashListView],
  ["cases lists remove our-tools", HashListView],
  ["cases knowledge list --limit 5", Type.Array(KnowledgeView)],
  ["cases knowledge add path C:\\Deploy\\* ours", KnowledgeView],
  ["cases knowledge edit kno_1 --meaning benign", KnowledgeView],
  ["cases knowledge remove kno_1", KnowledgeView],
  ["cases knowledge import -", KnowledgeImported],
  ["cases knowledge export", KnowledgeView],
];
