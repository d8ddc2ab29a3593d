/**
 * Actions on alerts: each is tried on each alert the filter selects, changes the estate, and leaves history and an activity. The answer names
 * every alert an action succeeded on, was skipped on, or failed on; an answer of this kind is no promise that anything changed.
 */
import type { Actions, Subject } from "../actions.ts";
import type { SimulatedClock } from "../clock.ts";
import type { Collection } from "../collection.ts";
import { actionIds, type ActionId } from "../estate/alert-actions.ts";
import type { Estate } from "../estate/estate.ts";
import { hashText } from "../random.ts";
import { isRecord, readPath, type ApiRecord } from "../record.ts";
import { micros, millis } from "../times.ts";
import { may, type Caller } from "../tokens.ts";
import { ACTIONS, isActionId, MANAGE } from "./available.ts";
import { selectAlerts } from "./filters.ts";
import type { AlertJournal } from "./journal.ts";
import { userById, type Person } from "./people.ts";

type Args = Readonly<Record<string, unknown>>;

/** The console takes no more alerts in one request. */
const MOST_ALERTS = 10_000;
/** Above this many it answers at once and works on. */
const MOST_AT_ONCE = 500;

interface Skipped {
  readonly skip: string;
  readonly why: string;
}

interface Failed {
  readonly failure: string;
  readonly why: string;
}

/** What an action does to one alert. */
interface Done {
  readonly set: ApiRecord;
  readonly type: string;
  readonly text: string;
  readonly activity?: number;
}

type Outcome = Skipped | Failed | Done;

export interface TriggerParts {
  readonly estate: Estate;
  readonly clock: SimulatedClock;
  readonly journal: AlertJournal;
  readonly actions: Actions;
}

const ACTIVITY = { status: 16_001, verdict: 16_002, assignee: 16_004, mitigation: 16_005, note: 16_007 } as const;

const MITIGATIONS: Readonly<Partial<Record<ActionId, string>>> = {
  "S1/kill": "KILL",
  "S1/quarantine": "QUARANTINE",
  "S1/remediate": "REMEDIATE",
  "S1/rollback": "ROLLBACK",
};

function payloadValue(payload: ApiRecord, name: string): unknown {
  const given = payload[name];
  return isRecord(given) ? given["value"] : undefined;
}

const needs = (what: string): Failed => ({ failure: "ILLEGAL_ARGUMENTS", why: `Payload '${what}' is required for this action` });
const unchanged: Skipped = { skip: "NO_CHANGE", why: "The action did not produce any change" };

function subjectOf(alert: ApiRecord): Subject {
  const text = (path: string): string | null => {
    const value = readPath(alert, path);
    return typeof value === "string" ? value : null;
  };
  const scope = (level: string, field: string): string | null => text(`realTime.scope.${level}.${field}`);
  return {
    accountId: scope("account", "id"),
    accountName: scope("account", "name"),
    siteId: scope("site", "id"),
    siteName: scope("site", "name"),
    groupId: scope("group", "id"),
    groupName: scope("group", "name"),
    computerName: text("detectionTime.asset.ipV4") === null ? null : text("asset.name"),
  };
}

export class Trigger {
  readonly #parts: TriggerParts;
  readonly #alerts: Collection;

  constructor(parts: TriggerParts) {
    this.#parts = parts;
    this.#alerts = parts.estate.streams.alerts;
  }

  /** A time of the whole milliseconds GraphQL shows, later than every one before. */
  stamp(): number {
    const { clock } = this.#parts;
    const stamp = clock.stamp();
    const whole = Math.floor(stamp / 1000) * 1000;
    return whole === stamp ? stamp : clock.stampAt(whole + 1000);
  }

  /** Runs `alertTriggerActions`. */
  run(caller: Caller, author: Person, args: Args): ApiRecord {
    const asked = (Array.isArray(args["actions"]) ? args["actions"] : []).filter(isRecord);
    const { test } = selectAlerts(this.#alerts, caller, { scope: args["scope"], viewType: args["viewType"], orFilter: args["filter"] });
    const ordinals = [...this.#alerts.walk({ path: "id", descending: false })].filter(test);
    if (ordinals.length > MOST_ALERTS) {
      return {
        __typename: "TriggerActionsError",
        errors: [{ errorMessage: `Actions can be triggered on at most ${String(MOST_ALERTS)} alerts`, errorPayload: { __typename: "ActionsErrorLimitPayload", limit: MOST_ALERTS } }],
      };
    }
    const tallies = asked.map((action) => ({ action, success: [] as ApiRecord[], skip: [] as ApiRecord[], failure: [] as ApiRecord[] }));
    for (const ordinal of ordinals) {
      for (const tally of tallies) {
        const alert = this.#alerts.get(ordinal);
        if (alert === undefined) continue;
        const id = String(alert["id"]);
        const outcome = may(caller, MANAGE) ? this.#act(ordinal, alert, tally.action, author) : ({ failure: "MISSING_PERMISSION", why: "Missing permission to perform the action" } satisfies Failed);
        if ("failure" in outcome) tally.failure.push({ id, errorMessage: outcome.why, errorType: outcome.failure });
        else if ("skip" in outcome) tally.skip.push({ id, skipMessage: outcome.why, skipType: outcome.skip });
        else tally.success.push({ id });
      }
    }
    if (ordinals.length > MOST_AT_ONCE) {
      const id = String(hashText(JSON.stringify([args["actions"], args["filter"]]), ordinals.length));
      return { __typename: "TriggerActionsScheduled", bulkActionTriggerId: id, executionId: id };
    }
    return { __typename: "ActionsTriggered", actions: tallies.map(({ action, success, skip, failure }) => ({ actionId: action["id"], alertCount: success.length, success, skip, failure })) };
  }

  #act(ordinal: number, alert: ApiRecord, action: ApiRecord, author: Person): Outcome {
    const id = String(action["id"]);
    if (!isActionId(id) || !actionIds(alert).includes(id)) return { skip: "NOT_SUPPORTED", why: "The action is not supported for the alert" };
    if (ACTIONS[id].pagesOnly === true) return { skip: "UI_ONLY", why: "The action can be triggered from the console only" };
    const payload = isRecord(action["payload"]) ? action["payload"] : {};
    if (Object.values(payload).filter((value) => value !== null).length > 1) return { failure: "ILLEGAL_ARGUMENTS", why: "Only one type of payload can be defined" };
    const stamp = this.stamp();
    const outcome = this.#outcome(id, alert, payload, author, millis(stamp));
    if (!("set" in outcome)) return outcome;
    this.#alerts.patch(ordinal, { ...outcome.set, updatedAt: millis(stamp) }, stamp);
    this.#parts.actions.alertChanged(this.#alerts.get(ordinal) ?? alert);
    this.#parts.journal.write(alert, { createdAt: millis(stamp), type: outcome.type, text: outcome.text, author });
    if (outcome.activity !== undefined) {
      this.#parts.actions.log({
        type: outcome.activity,
        actor: { id: author.userId, name: author.fullName },
        subject: subjectOf(alert),
        text: `${outcome.text} by ${author.fullName}`,
        secondary: typeof alert["name"] === "string" ? alert["name"] : null,
        data: { alertId: alert["id"] },
      });
    }
    return outcome;
  }

  #outcome(id: ActionId, alert: ApiRecord, payload: ApiRecord, author: Person, at: string): Outcome {
    switch (id) {
      case "S1/alert/statusUpdate":
        return moved(alert, "status", payloadValue(payload, "status"), { type: "STATUS", words: "Alert status", activity: ACTIVITY.status });
      case "S1/alert/analystVerdictUpdate":
        return moved(alert, "analystVerdict", payloadValue(payload, "analystVerdict"), { type: "ANALYST_VERDICT", words: "Analyst verdict", activity: ACTIVITY.verdict });
      case "S1/alert/setTicketId":
        return moved(alert, "ticketId", payloadValue(payload, "ticketId"), { type: "TICKET_ID", words: "Ticket ID" });
      case "S1/alert/assignUser":
        return this.#assigned(alert, payload);
      case "S1/alert/addNote":
        return this.#noted(alert, payload, author, at);
      case "S1/aiInvestigation/run":
        return { set: { aiInvestigation: { autoTriggered: false, purpleAiStatus: "IN_PROGRESS", status: "IN_PROGRESS", timestamp: at, verdict: null } }, type: "ENRICHMENT", text: "An investigation was started" };
      case "S1/addToBlocklist":
      case "S1/addToExclusions": {
        const block = id === "S1/addToBlocklist";
        if (!isRecord(payload[block ? "addToBlocklist" : "addToExclusions"])) return needs(block ? "addToBlocklist" : "addToExclusions");
        this.#parts.journal.addResult(alert, { type: block ? "BLOCKLIST_ADD" : "EXCLUSION_ADD", status: "ADDED", at });
        return { set: {}, type: block ? "BLOCKLIST" : "EXCLUSION", text: block ? "The file was added to the blocklist" : "The file was added to the exclusions", activity: ACTIVITY.mitigation };
      }
      case "S1/disconnectFromNetwork":
        return this.#isolated(alert, at);
      default: {
        const type = MITIGATIONS[id];
        if (type === undefined) return { skip: "NOT_SUPPORTED", why: "The action is not supported for the alert" };
        this.#parts.journal.addResult(alert, { type, status: "SUCCESS", at });
        const details = isRecord(alert["mitigationDetails"]) ? alert["mitigationDetails"] : {};
        const reports = Array.isArray(details["reports"]) ? (details["reports"] as readonly unknown[]) : [];
        const report = { initiatedBy: { __typename: "InitiatedByUserType", fullName: author.fullName, userId: author.userId, userType: "CUSTOMER" }, mitigationActionType: type, successCount: 1 };
        return {
          set: { result: "MITIGATED", mitigationDetails: { reports: [...reports, report] } },
          type: "MITIGATION_ACTION",
          text: `Mitigation action ${type} finished with status SUCCESS`,
          activity: ACTIVITY.mitigation,
        };
      }
    }
  }

  #assigned(alert: ApiRecord, payload: ApiRecord): Outcome {
    const given = payload["assignUser"];
    if (!isRecord(given)) return needs("assignUser");
    const value = given["value"];
    const wanted = typeof value === "number" || typeof value === "string" ? String(value) : null;
    const before = isRecord(alert["assignee"]) ? alert["assignee"]["userId"] : null;
    if (wanted === null) {
      return before === null ? unchanged : { set: { assignee: null }, type: "USER_ASSIGNMENT", text: "Alert was unassigned", activity: ACTIVITY.assignee };
    }
    const person = userById(this.#parts.estate, wanted);
    if (person === undefined) return { failure: "ILLEGAL_ARGUMENTS", why: `User with ID ${wanted} does not exist` };
    if (before === person.userId) return unchanged;
    return { set: { assignee: person }, type: "USER_ASSIGNMENT", text: `Alert was assigned to ${person.fullName}`, activity: ACTIVITY.assignee };
  }

  #noted(alert: ApiRecord, payload: ApiRecord, author: Person, at: string): Outcome {
    const formatted = isRecord(payload["formattedNote"]) ? payload["formattedNote"] : undefined;
    const text = formatted === undefined ? payloadValue(payload, "note") : (formatted["text"] ?? formatted["plainText"]);
    if (typeof text !== "string" || text === "") return needs("note");
    const plainText = typeof formatted?.["plainText"] === "string" ? formatted["plainText"] : text;
    this.#parts.journal.addNote(alert, { text, plainText, type: typeof formatted?.["type"] === "string" ? formatted["type"] : "PLAIN_TEXT", author, at });
    return { set: { noteExists: true }, type: "NOTES", text: "A note was added", activity: ACTIVITY.note };
  }

  #isolated(alert: ApiRecord, at: string): Outcome {
    const { agents } = this.#parts.estate.streams;
    const agent = agents.find(String(readPath(alert, "rawData.resources.uid") ?? ""))[0];
    if (agent === undefined) return { skip: "PRECONDITIONS_NOT_MET", why: "The asset has no agent" };
    if (agents.value(agent, "networkStatus") === "disconnected") return unchanged;
    const stamp = this.#parts.clock.stamp();
    agents.patch(agent, { networkStatus: "disconnected", updatedAt: micros(stamp) }, stamp);
    this.#parts.journal.addResult(alert, { type: "WORKFLOW", status: "SENT", at });
    return { set: {}, type: "ASSET_OPERATION", text: "The machine was disconnected from the network" };
  }
}

function moved(alert: ApiRecord, field: string, value: unknown, told: { readonly type: string; readonly words: string; readonly activity?: number }): Outcome {
  if (typeof value !== "string") return needs(field);
  const before = alert[field];
  if (before === value) return unchanged;
  const from = typeof before === "string" ? `was changed from ${before} to ${value}` : `was set to ${value}`;
  return { set: { [field]: value }, type: told.type, text: `${told.words} ${from}`, ...(told.activity === undefined ? {} : { activity: told.activity }) };
}
