/** The actions the console offers on alerts, and which of them a caller may use on which alerts. */
import { GraphQLError } from "graphql";
import type { Collection } from "../collection.ts";
import { actionIds, type ActionId } from "../estate/alert-actions.ts";
import { readPath, type ApiRecord } from "../record.ts";
import { may, type Caller } from "../tokens.ts";
import { eventSearch } from "./detail.ts";
import { selectAlerts } from "./filters.ts";

type Args = Readonly<Record<string, unknown>>;

export interface Action {
  readonly title: string;
  /** The first is the one older consoles name alone. */
  readonly types: readonly string[];
  readonly description: string;
  /** Triggered from the console's pages only. */
  readonly pagesOnly?: true;
  /** Looking needs no permission to change. */
  readonly reads?: true;
}

export const ACTIONS: Readonly<Record<ActionId, Action>> = {
  "S1/alert/statusUpdate": { title: "Change status", types: ["ALERT", "STATUS_UPDATE"], description: "Set the status of the alert" },
  "S1/alert/analystVerdictUpdate": { title: "Change analyst verdict", types: ["ALERT", "ANALYST_VERDICT_UPDATE"], description: "Set the analyst verdict of the alert" },
  "S1/alert/assignUser": { title: "Assign", types: ["ALERT", "ASSIGN_USER"], description: "Assign the alert to a user" },
  "S1/alert/setTicketId": { title: "Set ticket ID", types: ["ALERT", "SET_TICKET_ID"], description: "Attach the id of an outside ticket" },
  "S1/alert/addNote": { title: "Add note", types: ["ALERT", "ADD_NOTE"], description: "Add a note to the alert" },
  "S1/alert/eventSearch": { title: "Event Search", types: ["REFERENCE", "SEARCH"], description: "See the events around the alert", pagesOnly: true, reads: true },
  "S1/aiInvestigation/run": { title: "Investigate", types: ["AI_INVESTIGATION"], description: "Have the alert investigated" },
  "S1/kill": { title: "Kill", types: ["MITIGATION"], description: "Stop the processes behind the alert" },
  "S1/quarantine": { title: "Quarantine", types: ["MITIGATION"], description: "Encrypt the files behind the alert and move them away" },
  "S1/remediate": { title: "Remediate", types: ["MITIGATION"], description: "Undo what the processes changed" },
  "S1/rollback": { title: "Rollback", types: ["MITIGATION"], description: "Restore files from a snapshot" },
  "S1/addToBlocklist": { title: "Add to blocklist", types: ["MITIGATION"], description: "Block the file by its hash" },
  "S1/addToExclusions": { title: "Add to exclusions", types: ["MITIGATION"], description: "Leave the file alone from now on" },
  "S1/downloadDetectedFile": { title: "Download file", types: ["DOWNLOAD"], description: "Download the file behind the alert", pagesOnly: true },
  "S1/disconnectFromNetwork": { title: "Disconnect from network", types: ["ASSET"], description: "Cut the machine off the network" },
  "S1/runScript": { title: "Run script", types: ["ASSET"], description: "Run a script on the machine", pagesOnly: true },
  "S1/forensicsCollection": { title: "Collect forensics", types: ["ASSET"], description: "Collect artefacts from the machine", pagesOnly: true },
};

export const MANAGE = "Unified Alerts.manage";

export function isActionId(id: string): id is ActionId {
  return Object.hasOwn(ACTIONS, id);
}

/** Ids shown in the data of an action on many alerts. */
const SHOWN_IDS = 100;

function dataOf(id: ActionId, alerts: readonly ApiRecord[]): readonly ApiRecord[] {
  const shown = alerts.slice(0, SHOWN_IDS);
  const [first] = alerts;
  if (id === "S1/alert/eventSearch") {
    const search = first === undefined ? null : eventSearch(first);
    return search === null ? [] : [search];
  }
  const agents = shown.flatMap((alert) => readPath(alert, "assets.agentUuid") ?? []).filter((uuid) => typeof uuid === "string");
  if (id === "S1/disconnectFromNetwork" || id === "S1/runScript" || id === "S1/forensicsCollection") return [{ __typename: "AssetActionData", externalIds: agents }];
  return [{ __typename: "AlertActionData", ids: shown.map((alert) => String(alert["id"])), externalIds: shown.map((alert) => String(alert["externalId"])) }];
}

function targetsOf(id: ActionId, alerts: readonly ApiRecord[]): readonly ApiRecord[] {
  if (id !== "S1/addToBlocklist" && id !== "S1/addToExclusions") return [];
  return alerts.slice(0, SHOWN_IDS).flatMap((alert) => {
    const value = readPath(alert, "process.file.sha256") ?? readPath(alert, "process.file.sha1");
    return typeof value === "string" ? [{ type: value.length === 64 ? "HASH_256" : "HASH", value }] : [];
  });
}

/** What may be done with the alerts a filter selects; without a filter, as on real consoles, nothing. */
export function availableActions(collection: Collection, caller: Caller, args: Args): ApiRecord {
  const filter = args["filter"];
  if (filter === undefined || filter === null) return { data: [], errors: [] };
  const { test } = selectAlerts(collection, caller, { ...args, filter: undefined, orFilter: filter });
  const alerts: ApiRecord[] = [];
  for (const ordinal of collection.walk({ path: "id", descending: false })) {
    const alert = test(ordinal) ? collection.get(ordinal) : undefined;
    if (alert !== undefined) alerts.push(alert);
    if (alerts.length === SHOWN_IDS) break;
  }
  const types: readonly unknown[] = Array.isArray(args["actionTypes"]) ? args["actionTypes"] : [];
  const wanted = new Set([...types, args["actionType"]].filter((type) => typeof type === "string"));
  const offered = [...new Set(alerts.flatMap((alert) => actionIds(alert)))].filter((id) => ACTIONS[id].reads === true || may(caller, MANAGE));
  return {
    data: offered
      .filter((id) => wanted.size === 0 || ACTIONS[id].types.some((type) => wanted.has(type)))
      .map((id) => {
        const { title, types, description } = ACTIONS[id];
        const these = alerts.filter((alert) => actionIds(alert).includes(id));
        const data = dataOf(id, these);
        return {
          id,
          title,
          description,
          provider: "S1",
          types,
          type: types[0],
          isDisabled: false,
          disabledReason: null,
          labels: [],
          targets: targetsOf(id, these),
          triggersActions: [],
          triggeredAfter: id === "S1/remediate" ? ["S1/kill", "S1/quarantine"] : [],
          data,
          actionData: data[0] ?? null,
        };
      }),
    errors: [],
  };
}

/** Throws as the console's engine words a field nobody may use. */
export function requireManage(caller: Caller): void {
  if (!may(caller, MANAGE)) throw new GraphQLError("Access denied: missing permission to manage alerts", { extensions: { classification: "FORBIDDEN" } });
}
