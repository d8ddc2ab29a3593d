/** What each query and mutation of the unified-alerts schema does, for one caller. */
import { GraphQLError } from "graphql";
import type { Collection } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import type { KeyedTest } from "../rest/listing.ts";
import { millis } from "../times.ts";
import { sees, type Caller } from "../tokens.ts";
import { availableActions, requireManage } from "./available.ts";
import { autocomplete, countByField, groupAlerts } from "./counts.ts";
import { ALERT_COLUMNS, csv } from "./csv.ts";
import { completeAlert } from "./defaults.ts";
import { detailOf, withRawIndicators } from "./detail.ts";
import { ALERT_FIELDS, dataType, FILTER_TYPES, groups, SORTABLE, suggests } from "./fields.ts";
import { ordersOf, selectAlerts, viewTest } from "./filters.ts";
import { historyCsv, historyOf, noteShown, timelineOf } from "./history.ts";
import { alertWindow } from "./listing.ts";
import type { Person } from "./people.ts";
import { VIEW_TYPES } from "./schema-enums.ts";
import { enumValues } from "./schema.ts";
import { Trigger, type TriggerParts } from "./trigger.ts";

type Args = Readonly<Record<string, unknown>>;
export type Root = Readonly<Record<string, (args: Args) => unknown>>;

/** The most alerts an export holds. */
const MOST_EXPORTED = 10_000;

export class AlertRoot {
  readonly #alerts: Collection;
  readonly #parts: TriggerParts;
  readonly #trigger: Trigger;

  constructor(parts: TriggerParts) {
    this.#alerts = parts.estate.streams.alerts;
    this.#parts = parts;
    this.#trigger = new Trigger(parts);
  }

  /** The fields of query and mutation; `withheld` keeps records out of sight of listings. */
  fields(caller: Caller, author: Person, withheld: KeyedTest | undefined): Root {
    const { journal } = this.#parts;
    return {
      alerts: (args) => this.#page(caller, args, withheld),
      alert: (args) => detailOf(this.#one(caller, args["id"], args["scope"]).alert),
      alertWithRawIndicators: (args) => withRawIndicators(this.#one(caller, args["id"]).alert),
      alertsRawData: (args) => this.#rawData(caller, args["alertIds"]),
      alertNotes: (args) => this.#notes(this.#one(caller, args["alertId"]).alert),
      alertHistory: (args) => historyOf(journal, this.#one(caller, args["alertId"]).alert, args),
      alertTimeline: (args) => timelineOf(journal, this.#one(caller, args["alertId"]).alert, args),
      alertHistoryCsvExport: (args) => historyCsv(journal, this.#one(caller, args["alertId"]).alert),
      alertMitigationActionResults: (args) => ({ data: journal.results(this.#one(caller, args["alertId"]).alert) }),
      alertColumnMetadata: () => columns(),
      alertsViewDataAvailability: (args) => this.#views(caller, args),
      alertsCsvExport: (args) => this.#export(caller, args),
      alertAvailableActions: (args) => availableActions(this.#alerts, caller, args),
      alertFiltersCount: (args) => countByField(this.#alerts, caller, args, "filter"),
      alertGroupByCount: (args) => countByField(this.#alerts, caller, args, "group"),
      alertGroups: (args) => groupAlerts(this.#alerts, caller, args),
      autocompleteOptions: (args) => autocomplete(this.#alerts, caller, args),
      aiInvestigations: (args) => this.#investigations(caller, args["alertIds"]),
      alertTriggerActions: (args) => this.#trigger.run(caller, author, args),
      addAlertNote: (args) => this.#changeNotes(caller, String(args["alertId"]), (alert, at) => {
        journal.addNote(alert, { ...written(args), author, at });
        return "A note was added";
      }, author),
      updateAlertNote: (args) => this.#changeNotes(caller, journal.alertOf(String(args["alertNoteId"])), (alert, at) => {
        journal.changeNote(alert, String(args["alertNoteId"]), { ...written(args), at });
        return "A note was changed";
      }, author),
      deleteAlertNote: (args) => this.#changeNotes(caller, journal.alertOf(String(args["alertNoteId"])), (alert) => {
        journal.deleteNote(alert, String(args["alertNoteId"]));
        return "A note was deleted";
      }, author),
    };
  }

  #page(caller: Caller, args: Args, withheld: KeyedTest | undefined): ApiRecord {
    const selection = selectAlerts(this.#alerts, caller, args);
    const test = withheld === undefined ? selection.test : (ordinal: number) => selection.test(ordinal) && withheld.test(ordinal);
    const window = alertWindow(this.#alerts, ordersOf(args), args, test, (ordinal) => completeAlert(this.#alerts.get(ordinal) ?? {}));
    return { ...window, totalCount: () => this.#alerts.count(`${selection.key}&${withheld?.key ?? ""}`, test) };
  }

  #find(caller: Caller, id: unknown, scope?: unknown): { readonly ordinal: number; readonly alert: ApiRecord } | undefined {
    const within = isRecord(scope) ? selectAlerts(this.#alerts, caller, { scope }).test : undefined;
    const ordinal = this.#alerts.find(String(id)).find((found) => sees(caller, this.#alerts.scopes(found)) && within?.(found) !== false);
    const alert = ordinal === undefined ? undefined : this.#alerts.get(ordinal);
    return ordinal === undefined || alert === undefined ? undefined : { ordinal, alert };
  }

  /** Throws what the console says for an alert that is not there or not for this caller. */
  #one(caller: Caller, id: unknown, scope?: unknown): { readonly ordinal: number; readonly alert: ApiRecord } {
    const found = this.#find(caller, id, scope);
    if (found === undefined) throw new GraphQLError("Required value was null.");
    return found;
  }

  #rawData(caller: Caller, ids: unknown): readonly ApiRecord[] {
    const wanted: readonly unknown[] = Array.isArray(ids) ? ids : [];
    return wanted.flatMap((id) => {
      const found = this.#find(caller, id);
      return found === undefined ? [] : [{ alertId: String(id), rawData: found.alert["rawData"] ?? {} }];
    });
  }

  #notes(alert: ApiRecord): ApiRecord {
    return { data: this.#parts.journal.notes(alert).map(noteShown) };
  }

  #changeNotes(caller: Caller, id: string, change: (alert: ApiRecord, at: string) => string, author: Person): ApiRecord {
    requireManage(caller);
    const { ordinal, alert } = this.#one(caller, id);
    const { journal } = this.#parts;
    const stamp = this.#trigger.stamp();
    const text = change(alert, millis(stamp));
    journal.write(alert, { createdAt: millis(stamp), type: "NOTES", text, author });
    this.#alerts.patch(ordinal, { noteExists: journal.notes(alert).length > 0, updatedAt: millis(stamp) }, stamp);
    return this.#notes(alert);
  }

  #views(caller: Caller, args: Args): ApiRecord {
    const { test } = selectAlerts(this.#alerts, caller, args);
    const missing = new Map(VIEW_TYPES.map((view) => [view as string, viewTest(this.#alerts, view)]));
    for (const ordinal of this.#alerts.walk({ path: "id", descending: false })) {
      if (missing.size === 0) break;
      if (test(ordinal)) for (const [view, seen] of missing) if (seen === undefined || seen(ordinal)) missing.delete(view);
    }
    return { viewDataAvailability: VIEW_TYPES.map((viewType) => ({ viewType, dataAvailable: !missing.has(viewType) })) };
  }

  #export(caller: Caller, args: Args): ApiRecord {
    const { test } = selectAlerts(this.#alerts, caller, args);
    const found: ApiRecord[] = [];
    for (const ordinal of this.#alerts.walk({ path: "detectedAt", descending: true })) {
      const alert = test(ordinal) ? this.#alerts.get(ordinal) : undefined;
      if (alert !== undefined) found.push(alert);
      if (found.length === MOST_EXPORTED) break;
    }
    return { data: csv(ALERT_COLUMNS, found) };
  }

  #investigations(caller: Caller, ids: unknown): readonly ApiRecord[] {
    const wanted: readonly unknown[] = Array.isArray(ids) ? ids : [];
    return wanted.flatMap((id) => {
      const info = this.#find(caller, id)?.alert["aiInvestigation"];
      if (!isRecord(info)) return [];
      const result = info["status"] === "COMPLETED" ? "No further activity was found on the machine." : null;
      return [{ investigationStep: null, restrictionReason: null, result, ...info, alertId: String(id) }];
    });
  }
}

function written(args: Args): { readonly text: string; readonly plainText: string | null; readonly type: string } {
  return { text: String(args["text"]), plainText: typeof args["plainText"] === "string" ? args["plainText"] : null, type: typeof args["type"] === "string" ? args["type"] : "PLAIN_TEXT" };
}

const UQL: Readonly<Record<string, { readonly fieldFormat: string; readonly filterOperatorTypes: readonly string[] }>> = {
  STRING: { fieldFormat: "STRING", filterOperatorTypes: ["EQUALS", "IN", "CONTAINS", "STARTS_WITH", "ENDS_WITH", "EXISTS"] },
  STRING_ARRAY: { fieldFormat: "STRING", filterOperatorTypes: ["IN", "CONTAINS", "EXISTS"] },
  DATE: { fieldFormat: "TIMESTAMP", filterOperatorTypes: ["GE", "GT", "LE", "LT"] },
  BOOLEAN: { fieldFormat: "BOOLEAN", filterOperatorTypes: ["EQUALS"] },
  LONG: { fieldFormat: "NUMERIC", filterOperatorTypes: ["EQUALS", "IN", "EXISTS"] },
};

function columns(): readonly ApiRecord[] {
  return Object.entries(ALERT_FIELDS).map(([fieldId, field]) => {
    const type = dataType(fieldId, field);
    return {
      fieldId,
      dataType: type,
      filterTypes: FILTER_TYPES[field.comparators],
      enumValues: field.choices === undefined ? (type === "BOOLEAN" ? ["true", "false"] : null) : enumValues(field.choices),
      enableAutocomplete: suggests(fieldId),
      enableNegation: true,
      sortable: SORTABLE.has(fieldId),
      aggregatedSortable: groups(fieldId),
      groupable: groups(fieldId),
      path: { detailsApi: field.path },
      uql: { ...UQL[type], sortable: SORTABLE.has(fieldId), supportsCountBy: groups(fieldId) },
    };
  });
}
