/** One threat's notes, timeline and file, and what analysts do to threats: verdict, incident, ticket, mitigation, notes. */
import { onThreat } from "../actions.ts";
import { notFound, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import { readPath, type ApiRecord } from "../record.ts";
import { may } from "../tokens.ts";
import { actorOf, choiceField, dataOf, targets, textField } from "./bodies.ts";
import { LIST_ENDPOINTS } from "./endpoints.ts";
import { listParam, readConditions, type FilterTable } from "./filters.ts";
import { selected } from "./listing.ts";
import { mitigate, nameOf } from "./mitigation.ts";
import { onlyKnown, pageOf } from "./pages.ts";
import { data, paged, visible, type Call, type Route } from "./route.ts";

const VERDICTS = { undefined: "Undefined", true_positive: "True positive", false_positive: "False positive", suspicious: "Suspicious" } as const;
const INCIDENTS = { unresolved: "Unresolved", in_progress: "In progress", resolved: "Resolved" } as const;
type Verdict = keyof typeof VERDICTS;
type Incident = keyof typeof INCIDENTS;

const VERDICT_NAMES: readonly Verdict[] = ["undefined", "true_positive", "false_positive", "suspicious"];
const INCIDENT_NAMES: readonly Incident[] = ["unresolved", "in_progress", "resolved"];

type Outcome = "updated" | "already_set" | "missing_permissions";

function setVerdict(call: Call, ordinal: number, verdict: Verdict): Outcome {
  if (!may(call.caller, "Threats.updateAnalystVerdict")) return "missing_permissions";
  const threats = call.console.estate.streams.threats;
  const before = readPath(threats.get(ordinal), "threatInfo.analystVerdict");
  if (before === verdict) return "already_set";
  const actor = actorOf(call.caller);
  const threat = call.console.actions.change("threats", ordinal, { "threatInfo.analystVerdict": verdict, "threatInfo.analystVerdictDescription": VERDICTS[verdict] });
  call.console.actions.log({
    type: 2030,
    actor,
    subject: onThreat(threat),
    text: `The management user ${actor.name} changed the analyst verdict of ${nameOf(threat)} to ${VERDICTS[verdict]}.`,
    secondary: nameOf(threat),
    data: { oldVerdict: before, newVerdict: verdict, newAnalystVerdictTitle: VERDICTS[verdict] },
  });
  return "updated";
}

function setIncident(call: Call, ordinal: number, status: Incident): Outcome {
  const threats = call.console.estate.streams.threats;
  const before = readPath(threats.get(ordinal), "threatInfo.incidentStatus");
  if (before === status) return "already_set";
  const actor = actorOf(call.caller);
  const threat = call.console.actions.change("threats", ordinal, { "threatInfo.incidentStatus": status, "threatInfo.incidentStatusDescription": INCIDENTS[status] });
  call.console.actions.log({
    type: 2028,
    actor,
    subject: onThreat(threat),
    text: `The management user ${actor.name} changed the incident status of ${nameOf(threat)} to ${INCIDENTS[status]}.`,
    secondary: nameOf(threat),
    data: { oldIncidentStatus: before, newIncidentStatus: status, newStatus: status, oldStatus: before },
  });
  return "updated";
}

/** The same for every threat of a filter; one that was as asked already is not counted. */
function changeThreats(call: Call, change: (ordinal: number) => ApiRecord & { readonly result: Outcome }): Answer {
  const threats = call.console.estate.streams.threats;
  const details = targets(call, LIST_ENDPOINTS.threats).map((ordinal) => ({ threatId: threats.value(ordinal, "id"), ...change(ordinal) }));
  return data({ affected: details.filter((detail) => Object.values(detail).includes("updated")).length, details });
}

function putIncident(call: Call): Answer {
  const body = dataOf(call.request);
  const status = choiceField(body, "incidentStatus", INCIDENT_NAMES, true);
  const verdict = choiceField(body, "analystVerdict", VERDICT_NAMES, false);
  return changeThreats(call, (ordinal) => ({
    result: setIncident(call, ordinal, status),
    ...(verdict === undefined ? {} : { analystVerdict: setVerdict(call, ordinal, verdict) }),
  }));
}

function putVerdict(call: Call): Answer {
  const verdict = choiceField(dataOf(call.request), "analystVerdict", VERDICT_NAMES, true);
  return changeThreats(call, (ordinal) => ({ result: setVerdict(call, ordinal, verdict) }));
}

/** Old ways to say the same, which answer how many threats they changed and nothing else. */
function legacy(set: (call: Call, ordinal: number) => Outcome): Route["answer"] {
  return (call) => data({ affected: targets(call, LIST_ENDPOINTS.threats).filter((ordinal) => set(call, ordinal) === "updated").length });
}

function putTicket(call: Call): Answer {
  const ticket = textField(dataOf(call.request), "externalTicketId");
  const actor = actorOf(call.caller);
  const ordinals = targets(call, LIST_ENDPOINTS.threats);
  for (const ordinal of ordinals) {
    const threat = call.console.actions.change("threats", ordinal, { "threatInfo.externalTicketId": ticket, "threatInfo.externalTicketExists": true });
    call.console.actions.log({ type: 2029, actor, subject: onThreat(threat), text: `The management user ${actor.name} changed the external ticket of ${nameOf(threat)}.`, secondary: nameOf(threat), data: { externalTicketId: ticket } });
  }
  return data({ affected: ordinals.length });
}

function addNotes(call: Call): Answer {
  const text = textField(dataOf(call.request), "text");
  const { actions, estate } = call.console;
  const actor = actorOf(call.caller);
  const ordinals = targets(call, LIST_ENDPOINTS.threats);
  for (const ordinal of ordinals) {
    actions.notes.add(ordinal, text, actor, actions.stamp());
    const threat = estate.streams.threats.get(ordinal) ?? {};
    // No number for a threat's note is known; this one is the unified alert's, which the same threat is in a newer console.
    actions.log({ type: 16007, actor, subject: onThreat(threat), text: `The management user ${actor.name} added a note to ${nameOf(threat)}.`, secondary: nameOf(threat), data: { payload: { changes: { note_text: text } } } });
  }
  return data({ affected: ordinals.length });
}

const NOTE_FILTERS: FilterTable = { filters: { creatorId: { kind: "text", path: "creatorId" } }, ranges: {}, contains: { creator: "creator" }, query: [] };

function listNotes({ console, request, caller, ids: [id = ""] }: Call): Answer {
  const { ordinal } = visible(console.estate.streams.threats, caller, id);
  onlyKnown(console, request.params, ["creator__like", "creatorId"]);
  const { conditions } = readConditions(NOTE_FILTERS, request.params);
  const notes = console.actions.notes.of(ordinal).filter((note) => conditions.every((condition) => condition.paths.some((path) => condition.test(readPath(note, path)))));
  return paged(pageOf(notes, request.params, ["createdAt", "updatedAt"], `notes ${id} ${conditions.map((condition) => condition.key).join("&")}`));
}

function listTimeline({ console, request, caller, ids: [id = ""] }: Call): Answer {
  const { ordinal } = visible(console.estate.streams.threats, caller, id);
  onlyKnown(console, request.params, ["siteIds", "accountIds", "groupIds", "query", "activityTypes"]);
  const types = listParam(request.params, "activityTypes") ?? [];
  const query = (request.params.get("query")?.at(-1) ?? "").toLowerCase();
  const entries = console.actions.timelines.of(ordinal).filter((entry) => {
    if (types.length > 0 && !types.includes(String(entry["activityType"]))) return false;
    return query === "" || ["primaryDescription", "secondaryDescription"].some((name) => (textAt(entry, name) ?? "").toLowerCase().includes(query));
  });
  return paged(pageOf(entries, request.params, ["hash", "activityType", "primaryDescription", "secondaryDescription", "createdAt"], `timeline ${id} ${types.join(",")} ${query}`));
}

function fetchFiles(call: Call): Answer {
  const password = textField(dataOf(call.request), "password");
  const actor = actorOf(call.caller);
  const ordinals = targets(call, LIST_ENDPOINTS.threats);
  for (const ordinal of ordinals) {
    const threat = call.console.estate.streams.threats.get(ordinal) ?? {};
    const path = readPath(threat, "threatInfo.filePath");
    call.console.actions.fetch({ actor, subject: onThreat(threat), text: `The agent uploaded the file of ${nameOf(threat)}.`, files: [typeof path === "string" ? path : nameOf(threat)], password, arrival: 86 });
  }
  return data({ affected: ordinals.length });
}

/** The numbers of the console's own dashboard. */
function summary({ console, request, caller }: Call): Answer {
  const threats = console.estate.streams.threats;
  const counts = { inProgress: 0, maliciousNotResolved: 0, notMitigated: 0, notMitigatedNotResolved: 0, notResolved: 0, resolved: 0, suspiciousNotMitigatedNotResolved: 0, suspiciousNotResolved: 0, total: 0 };
  for (const ordinal of selected(threats, LIST_ENDPOINTS.threats, request.params, caller, threats.end)) {
    const incident = threats.value(ordinal, "threatInfo.incidentStatus");
    const open = incident !== "resolved";
    const mitigated = threats.value(ordinal, "threatInfo.mitigationStatus") !== "not_mitigated";
    const suspicious = threats.value(ordinal, "threatInfo.confidenceLevel") === "suspicious";
    counts.total += 1;
    if (incident === "in_progress") counts.inProgress += 1;
    if (!open) counts.resolved += 1;
    if (!mitigated) counts.notMitigated += 1;
    if (open) counts.notResolved += 1;
    if (open && !mitigated) counts.notMitigatedNotResolved += 1;
    if (open && suspicious) counts.suspiciousNotResolved += 1;
    if (open && !suspicious) counts.maliciousNotResolved += 1;
    if (open && suspicious && !mitigated) counts.suspiciousNotMitigatedNotResolved += 1;
  }
  return data(counts);
}

const MITIGATING = ["Threats.kill", "Threats.quarantine", "Threats.unquarantine", "Threats.remediate", "Threats.rollback", "Threats.removeMacro", "Threats.restoreMacro"];
const VIEW = ["Threats.view"];

export const THREAT_ROUTES: readonly Route[] = [
  { method: "GET", path: "/threats/{threat_id}/notes", needs: VIEW, answer: listNotes },
  { method: "GET", path: "/threats/{threat_id}/timeline", needs: VIEW, answer: listTimeline },
  {
    method: "GET",
    path: "/threats/{threat_id}/whitening-options",
    needs: VIEW,
    answer({ console, caller, ids: [id = ""] }) {
      const { record } = visible(console.estate.streams.threats, caller, id);
      return data({ whiteningOptions: record["whiteningOptions"] ?? [] });
    },
  },
  {
    method: "GET",
    path: "/threats/{threat_id}/download-from-cloud",
    needs: VIEW,
    answer({ console, caller, ids: [id = ""] }) {
      const { record } = visible(console.estate.streams.threats, caller, id);
      return data({ downloadUrl: `https://files.s1sim.test/threats/${id}`, fileName: `${nameOf(record)}.zip` });
    },
  },
  {
    method: "GET",
    path: "/threats/{threat_id}/explore/events",
    needs: VIEW,
    answer({ console, caller, ids: [id = ""] }) {
      // No agent of this console keeps events, which real threats may lack too: then the answer is this one.
      visible(console.estate.streams.threats, caller, id);
      throw notFound();
    },
  },
  { method: "POST", path: "/threats/notes", needs: VIEW, answer: addNotes },
  {
    method: "PUT",
    path: "/threats/{threat_id}/notes/{note_id}",
    needs: VIEW,
    answer({ console, request, caller, ids: [id = "", noteId = ""] }) {
      const { ordinal } = visible(console.estate.streams.threats, caller, id);
      const edited = console.actions.notes.edit(ordinal, noteId, textField(dataOf(request), "text"), console.actions.stamp());
      if (edited === undefined) throw notFound();
      return data(edited);
    },
  },
  {
    method: "DELETE",
    path: "/threats/{threat_id}/notes/{note_id}",
    needs: VIEW,
    answer({ console, caller, ids: [id = "", noteId = ""] }) {
      const { ordinal } = visible(console.estate.streams.threats, caller, id);
      if (!console.actions.notes.remove(ordinal, noteId)) throw notFound();
      return data({ success: true });
    },
  },
  { method: "POST", path: "/threats/incident", needs: ["Threats.updateIncidentStatus"], answer: putIncident },
  { method: "POST", path: "/threats/analyst-verdict", needs: ["Threats.updateAnalystVerdict"], answer: putVerdict },
  { method: "POST", path: "/threats/external-ticket-id", needs: ["Threats.updateExternalTicketId"], answer: putTicket },
  { method: "POST", path: "/threats/fetch-file", needs: ["Threats.fetchThreatFile"], answer: fetchFiles },
  { method: "POST", path: "/threats/mitigate/{action}", needs: MITIGATING, answer: mitigate },
  // The next three are in no spec of today; old clients still call them.
  { method: "POST", path: "/threats/mark-as-threat", needs: ["Threats.markThreat"], answer: legacy((call, ordinal) => setVerdict(call, ordinal, "true_positive")) },
  { method: "POST", path: "/threats/mark-as-resolved", needs: ["Threats.updateIncidentStatus"], answer: legacy((call, ordinal) => setIncident(call, ordinal, "resolved")) },
  { method: "GET", path: "/private/threats/summary", needs: VIEW, answer: summary },
];
