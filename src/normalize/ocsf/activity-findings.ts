/** Activities about a threat, a unified alert or an alert of a rule → Detection Finding, under the id of what they are about. */
import type { JsonObject } from "../../kernel/json.ts";
import type { ActivityRule } from "./activity-rules.ts";
import { actorOf, containerFrom, deviceFrom, fileFrom, sourceProcess, type Told } from "./activity-parts.ts";
import { DETECTION_FINDING } from "./classes.ts";
import { put, type Choice, type Draft } from "./enums.ts";
import { VENDOR, type Event } from "./event.ts";
import * as finding from "./finding.ts";

const CLOSED = 3;
/** By the number of the confidence. */
const SEVERITY_OF: ReadonlyMap<number, Choice> = new Map([
  [3, { id: 4, caption: "High" }],
  [2, { id: 3, caption: "Medium" }],
]);

export function findingActivity(event: Event, rule: ActivityRule, told: Told): void {
  const { fields, data, context } = told;
  event.classify(DETECTION_FINDING, rule.activity);
  const changes = data.object("payload").object("changes");
  const status = finding.statusOf(data.firstText("newStatus", "newIncidentStatus", "incidentStatus") ?? changes.text("new_status"), "data.newStatus", context);
  if (status !== undefined) event.putChoice("status", status);
  else if (rule.activity === CLOSED) event.putChoice("status", { id: 4, caption: "Resolved" });
  else if (rule.activity === 1) event.putChoice("status", { id: 1, caption: "New" });
  finding.putVerdict(event, finding.verdictOf(data.firstText("newVerdict", "newAnalystVerdict", "analystVerdict") ?? changes.text("new_analyst_verdict"), "data.newVerdict", context));
  const confidence = confidenceOf(told);
  event.putChoice("confidence", confidence);
  event.severity(severityOf(told, changes.text("new_severity"), confidence));
  event.put("is_alert", rule.activity === 1);
  outcome(event, told.label);

  const file = fileFrom(told);
  const process = sourceProcess(told);
  const classification = data.text("threatClassification");
  const ruleName = data.firstText("rulename", "ruleName");
  const title = ruleName ?? data.firstText("threatName", "alertName") ?? nameOf(file) ?? told.label;
  event.put(
    "finding_info",
    finding.infoOf({
      uid: fields.text("threatId") ?? data.firstText("alertId", "alertid", "threatId") ?? data.object("alert").text("id") ?? told.id,
      title,
      description: data.firstText("ruledescription", "ruleDescription"),
      types: finding.typesOf(classification),
      analytic: finding.analyticOf({ type: { id: ruleName === undefined ? 0 : 1, caption: ruleName === undefined ? "Unknown" : "Rule" }, name: ruleName, uid: data.firstText("ruleid", "ruleId") }),
      created: data.time("detectedat") ?? fields.time("createdAt"),
    }),
  );
  evidence(event, told, { file, process });
  const malware = finding.malwareOf(classification, "data.threatClassification", { provider: provider(data.text("threatClassificationSource")), file }, context);
  if (malware !== undefined) event.put("malware", [malware]);
  event.device(deviceFrom(told));
  // Whoever set the status or the verdict. The person named where something is found made the rule, and is no actor of what it found.
  if (rule.activity === 1) return;
  const actor = actorOf(told);
  if (actor["user"] !== undefined) event.actor(actor);
}

function nameOf(file: JsonObject | undefined): string | undefined {
  const name = file?.["name"];
  return typeof name === "string" ? name : undefined;
}

function provider(source: string | undefined): string {
  return source === undefined ? VENDOR : `${VENDOR} ${source}`;
}

/** Of `data`, or of the activity's own name. */
function confidenceOf({ data, label, context }: Told): Choice | undefined {
  const said = finding.confidenceOf(data.text("confidenceLevel"), "data.confidenceLevel", context);
  if (said !== undefined) return said;
  if (/\bmalicious\b/i.test(label)) return { id: 3, caption: "High" };
  return /\bsuspicious\b/i.test(label) ? { id: 2, caption: "Medium" } : undefined;
}

function severityOf({ data, context }: Told, changed: string | undefined, confidence: Choice | undefined): Choice | undefined {
  const said = finding.severityOf(data.text("severity") ?? changed, "data.severity", context);
  return said ?? SEVERITY_OF.get(confidence?.id ?? 0) ?? { id: 1, caption: "Informational" };
}

function outcome(event: Event, label: string): void {
  if (/mitigated|blocked/i.test(label)) finding.putOutcome(event, finding.BLOCKED);
  else if (/benign/i.test(label)) finding.putOutcome(event, finding.ALLOWED);
}

function evidence(event: Event, told: Told, { file, process }: { readonly file: JsonObject | undefined; readonly process: JsonObject | undefined }): void {
  const made: Draft = {};
  if (process !== undefined) made["actor"] = { process };
  put(made, "file", file);
  if (file === undefined && process === undefined) return;
  put(made, "container", containerFrom(told));
  event.putList("evidences", [made]);
}
