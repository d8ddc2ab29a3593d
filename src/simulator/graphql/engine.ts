/**
 * Unified alerts: the vendor's GraphQL schema run by a real engine over the alert collection. Bad fields are 200 with `errors`,
 * worded as the console's engine does; success never carries `errors`.
 */
import { buildSchema, execute, GraphQLError, parse, validate, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from "graphql";
import type { Collection, Position } from "../collection.ts";
import { ApiError, type Answer } from "../errors.ts";
import { firstScalar, isRecord, type ApiRecord } from "../record.ts";
import { decodeCursor, encodeCursor } from "../rest/cursor.ts";
import type { KeyedTest } from "../rest/listing.ts";
import { requirePermission, sees, type Caller } from "../tokens.ts";
import { autocomplete, countByField } from "./counts.ts";
import { completeAlert, loosenLeaves, resolveField } from "./defaults.ts";
import { ALERT_FIELDS, FILTER_TYPES, SORTABLE } from "./fields.ts";
import { orderAlerts, selectAlerts } from "./filters.ts";
import { enumValues, SCHEMA_TEXT } from "./schema.ts";

const DEFAULT_PAGE = 50;
const MOST_PAGE = 1000;
/** Parsed and validated queries kept for the next request. */
const KEPT_QUERIES = 100;

type Args = Readonly<Record<string, unknown>>;

export class AlertGraph {
  readonly schemaText = SCHEMA_TEXT;
  readonly #alerts: Collection;
  readonly #schema: GraphQLSchema;
  readonly #documents = new Map<string, DocumentNode>();

  constructor(alerts: Collection) {
    this.#alerts = alerts;
    this.#schema = buildSchema(SCHEMA_TEXT);
    loosenLeaves(this.#schema);
  }

  /** Answers one request; throws the REST 403 for a role that may not read alerts. `withheld` keeps records out of sight. */
  async answer(caller: Caller, body: unknown, withheld?: KeyedTest): Promise<Answer> {
    requirePermission(caller, "Unified Alerts.view");
    const query = isRecord(body) ? body["query"] : undefined;
    if (typeof query !== "string" || query.trim() === "") throw new ApiError(400, 4_000_040, "Bad Request", "query: Missing data for required field.");
    const document = this.#document(query);
    if (!("kind" in document)) return { status: 200, body: { errors: document.errors } };
    const variables = isRecord(body) && isRecord(body["variables"]) ? body["variables"] : {};
    const operation = isRecord(body) && typeof body["operationName"] === "string" ? body["operationName"] : undefined;
    const args: ExecutionArgs = {
      schema: this.#schema,
      document,
      rootValue: this.#root(caller, withheld),
      variableValues: { ...variables },
      fieldResolver: (source, fieldArgs, context, info) => {
        const own: unknown = isRecord(source) ? source[info.fieldName] : undefined;
        return typeof own === "function" ? (own as (given: Args) => unknown)(fieldArgs as Args) : resolveField(source, fieldArgs, context, info);
      },
      ...(operation === undefined ? {} : { operationName: operation }),
    };
    const result = await execute(args);
    const errors = result.errors?.map(errorBody);
    return { status: 200, body: { ...(errors === undefined ? {} : { errors }), ...(result.data === undefined ? {} : { data: result.data }) } };
  }

  #document(query: string): DocumentNode | { readonly errors: readonly ApiRecord[] } {
    const known = this.#documents.get(query);
    if (known !== undefined) return known;
    let document: DocumentNode;
    try {
      document = parse(query, { maxTokens: 20_000 });
    } catch (error) {
      return { errors: [{ message: `Invalid syntax: ${error instanceof Error ? error.message : "unreadable query"}`, extensions: { classification: "InvalidSyntax" } }] };
    }
    const problems = validate(this.#schema, document);
    if (problems.length > 0) return { errors: problems.map((problem) => ({ ...errorBody(problem), message: `Validation error: ${problem.message}`, extensions: { classification: "ValidationError" } })) };
    this.#documents.set(query, document);
    if (this.#documents.size > KEPT_QUERIES) {
      const oldest = this.#documents.keys().next();
      if (oldest.done !== true) this.#documents.delete(oldest.value);
    }
    return document;
  }

  #root(caller: Caller, withheld: KeyedTest | undefined): Readonly<Record<string, (args: Args) => unknown>> {
    const empty = (): ApiRecord => ({ edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: 0 });
    return {
      alerts: (args) => this.#page(caller, args, withheld),
      alert: (args) => this.#one(caller, args["id"]),
      alertWithRawIndicators: (args) => ({ alert: this.#one(caller, args["id"]), eventSearchParams: null, hasNextPage: false, rawIndicators: [] }),
      alertsRawData: (args) => this.#rawData(caller, args["alertIds"]),
      alertNotes: (args) => this.#notes(this.#one(caller, args["alertId"])),
      alertHistory: (args) => history(this.#one(caller, args["alertId"])),
      alertTimeline: (args) => {
        this.#one(caller, args["alertId"]);
        return empty();
      },
      alertColumnMetadata: () => columns(),
      alertsViewDataAvailability: () => ({ viewDataAvailability: enumValues("ViewType").map((viewType) => ({ viewType, dataAvailable: true })) }),
      alertsCsvExport: () => ({ data: "id,name,severity,status\n" }),
      alertHistoryCsvExport: () => ({ data: "createdAt,eventType,eventText\n" }),
      alertMitigationActionResults: (args) => {
        this.#one(caller, args["alertId"]);
        return { data: [] };
      },
      alertAvailableActions: () => ({ data: [], errors: [] }),
      alertFiltersCount: (args) => countByField(this.#alerts, caller, args),
      alertGroupByCount: (args) => countByField(this.#alerts, caller, args),
      autocompleteOptions: (args) => autocomplete(this.#alerts, caller, args),
      aiInvestigations: () => [],
    };
  }

  #page(caller: Caller, args: Args, withheld: KeyedTest | undefined): ApiRecord {
    const collection = this.#alerts;
    if (typeof args["before"] === "string" || typeof args["last"] === "number") throw new GraphQLError("Backward paging is not simulated");
    const first = args["first"] ?? DEFAULT_PAGE;
    if (typeof first !== "number" || first < 0 || first > MOST_PAGE) throw new GraphQLError(`'first' must be between 0 and ${String(MOST_PAGE)}`);
    const selection = selectAlerts(collection, caller, args);
    const test = withheld === undefined ? selection.test : (ordinal: number) => selection.test(ordinal) && withheld.test(ordinal);
    const order = orderAlerts(args);
    // Clients drop the lower time bound once they have a cursor, so the cursor is bound to the order alone.
    const listing = `alerts|${order.path}|${String(order.descending)}`;
    const after = typeof args["after"] === "string" && args["after"] !== "" ? args["after"] : undefined;
    const from = after === undefined ? undefined : readCursor(listing, after);
    const edges: { readonly cursor: string; readonly node: ApiRecord }[] = [];
    let hasNextPage = false;
    for (const ordinal of collection.walk(order, from)) {
      if (!test(ordinal)) continue;
      if (edges.length === first) {
        hasNextPage = true;
        break;
      }
      const value = order.path === "id" ? null : firstScalar(collection.value(ordinal, order.path));
      edges.push({ cursor: encodeCursor(listing, { ordinal, value }), node: completeAlert(collection.get(ordinal) ?? {}) });
    }
    return {
      edges,
      pageInfo: { hasNextPage, hasPreviousPage: from !== undefined, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null },
      totalCount: collection.count(`${selection.key}&${withheld?.key ?? ""}`, test),
    };
  }

  #visible(caller: Caller, id: string): ApiRecord | undefined {
    const ordinal = this.#alerts.find(id).find((found) => sees(caller, this.#alerts.scopes(found)));
    return ordinal === undefined ? undefined : this.#alerts.get(ordinal);
  }

  #one(caller: Caller, id: unknown): ApiRecord {
    const record = this.#visible(caller, String(id));
    if (record === undefined) throw new GraphQLError(`Alert with id ${String(id)} was not found`, { extensions: { classification: "NOT_FOUND" } });
    return completeAlert(record);
  }

  #rawData(caller: Caller, ids: unknown): readonly ApiRecord[] {
    const wanted: readonly unknown[] = Array.isArray(ids) ? ids : [];
    return wanted.flatMap((id) => {
      const record = this.#visible(caller, String(id));
      return record === undefined ? [] : [{ alertId: String(id), rawData: record["rawData"] ?? {} }];
    });
  }

  #notes(alert: ApiRecord): ApiRecord {
    if (alert["noteExists"] !== true) return { data: [] };
    const at = alert["updatedAt"] ?? alert["detectedAt"];
    const author = { userId: "1", email: "mara.voss@orchardfreight.test", fullName: "Mara Voss" };
    return { data: [{ id: `${String(alert["id"])}-note-1`, alertId: alert["id"], text: "Checked with the owner of the machine.", type: "PLAIN_TEXT", createdAt: at, updatedAt: at, createdBy: { __typename: "UserNoteAuthor", ...author }, author }] };
  }
}

function readCursor(listing: string, after: string): Position {
  try {
    return decodeCursor(listing, after);
  } catch {
    throw new GraphQLError("Invalid cursor");
  }
}

function history(alert: ApiRecord): ApiRecord {
  const items = alert["status"] === "NEW" ? [] : [{ createdAt: alert["updatedAt"] ?? alert["detectedAt"], eventText: `Status changed to ${String(alert["status"])}`, eventType: "STATUS", historyItemCreator: null, historyItemData: null, reportUrl: null }];
  const edges = items.map((node, at) => ({ cursor: String(at + 1), node }));
  return { edges, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null }, totalCount: edges.length };
}

function columns(): readonly ApiRecord[] {
  return Object.entries(ALERT_FIELDS).map(([fieldId, field]) => ({
    fieldId,
    dataType: { match: "STRING", exact: "STRING", date: "DATE_TIME", boolean: "BOOLEAN", long: "LONG" }[field.comparators],
    filterTypes: FILTER_TYPES[field.comparators],
    enumValues: field.choices === undefined ? null : enumValues(field.choices),
    enableAutocomplete: field.comparators === "match",
    enableNegation: true,
    sortable: SORTABLE.has(fieldId),
    aggregatedSortable: false,
    groupable: field.comparators === "exact",
  }));
}

function errorBody(error: GraphQLError): ApiRecord {
  return {
    message: error.message,
    ...(error.locations === undefined ? {} : { locations: error.locations }),
    ...(error.path === undefined ? {} : { path: error.path }),
    extensions: { classification: "DataFetchingException", ...error.extensions },
  };
}
