/** The risks that a rolled-up view is made of: those in scope that its filters select, removed ones left out. */
import type { Collection, Test } from "../collection.ts";
import { textAt } from "../estate/frame.ts";
import type { ApiRecord } from "../record.ts";
import { idFrom } from "../threat-notes.ts";
import { sees } from "../tokens.ts";
import { LIST_ENDPOINTS } from "./endpoints.ts";
import { listParam, readConditions, type FilterTable, type Params } from "./filters.ts";
import { joinTests } from "./joins.ts";
import type { Call } from "./route.ts";

/** Names of the scope parameters, of which every view takes one id. */
export const SCOPES: readonly string[] = ["accountIds", "siteIds", "groupIds"];

const GROUP_CODE = "83";

/** One version of an application, or all of them. */
export function applicationKey(record: ApiRecord, byVersion = true): string {
  return [record["applicationVendor"], record["applicationName"], ...(byVersion ? [record["applicationVersion"]] : [])].join("\n");
}

/** The id under which one version of an application is listed. */
export function applicationId(key: string): string {
  return idFrom(GROUP_CODE, key);
}

function scopeOf(params: Params): { readonly level: "account" | "site" | "group"; readonly id: string } | undefined {
  for (const [name, level] of [["groupIds", "group"], ["siteIds", "site"], ["accountIds", "account"]] as const) {
    const id = listParam(params, name, LIST_ENDPOINTS.risks.scopeIds)?.[0];
    if (id !== undefined) return { level, id };
  }
  return undefined;
}

/** A risk does not say its machine's UUID. */
function uuidTests({ console, request }: Call): readonly Test[] {
  const parts = (listParam(request.params, "endpointUuid__contains") ?? []).map((part) => part.toLowerCase());
  if (parts.length === 0) return [];
  const { agents, risks } = console.estate.streams;
  return [
    (ordinal) => {
      const agent = agents.find(String(risks.value(ordinal, "endpointId")))[0];
      const uuid = agent === undefined ? "" : String(agents.value(agent, "uuid")).toLowerCase();
      return parts.some((part) => uuid.includes(part));
    },
  ];
}

/** Shows each selected risk, in order of id, until `most` risks have been gone through; whether there were more. */
export function eachRisk(call: Call, filters: FilterTable, most: number, see: (risk: ApiRecord) => void): boolean {
  const { console, request, caller } = call;
  const risks = console.estate.streams.risks;
  const conditions = readConditions(filters, request.params).conditions.map((condition): Test => (ordinal) => condition.paths.some((path) => condition.test(risks.value(ordinal, path))));
  const tests = [...joinTests(console, LIST_ENDPOINTS.risks, request.params).map((joined) => joined.test), ...conditions, ...uuidTests(call)];
  const scope = scopeOf(request.params);
  let read = 0;
  for (const ordinal of risks.walk({ path: "id", descending: false })) {
    read += 1;
    if (read > most) return true;
    const scopes = risks.scopes(ordinal);
    if (!sees(caller, scopes) || (scope !== undefined && !scopes.some((one) => one[scope.level] === scope.id))) continue;
    if (tests.every((test) => test(ordinal))) see(risks.get(ordinal) ?? {});
  }
  return false;
}

/** Names a listing for its cursors: who asks for what, whatever page of it. */
export function listingOf({ caller, request }: Call, path: string, paging: readonly string[]): string {
  const filters = [...request.params].filter(([name]) => !paging.includes(name)).map(([name, values]) => `${name}=${values.join(",")}`);
  return `${path} ${caller.level}:${[...caller.ids].join(",")} ${filters.join("&")}`;
}

/** The rows last asked for, so that their next page need not be gathered again. */
const LAST = new WeakMap<Collection, { readonly listing: string; readonly moment: string; readonly rows: readonly ApiRecord[] }>();

/** The rows of a listing: those of the last answer while nothing they are made of has changed. */
export function remembered({ console }: Call, listing: string, make: () => readonly ApiRecord[]): readonly ApiRecord[] {
  const { agents, risks } = console.estate.streams;
  const moment = `${String(risks.version)} ${String(agents.version)}`;
  const last = LAST.get(risks);
  if (last?.listing === listing && last.moment === moment) return last.rows;
  const rows = make();
  LAST.set(risks, { listing, moment, rows });
  return rows;
}

/** Names and version as one reads them. */
export function titleOf(record: ApiRecord, byVersion: boolean): string {
  return `${textAt(record, "applicationName") ?? ""} ${byVersion ? (textAt(record, "applicationVersion") ?? "") : ""}`.trim();
}
