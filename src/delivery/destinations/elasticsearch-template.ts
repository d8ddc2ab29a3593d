/**
 * The index template that keeps a cluster's mapping small: a vendor's record is one `flattened` field, whatever is in it, where each of its
 * hundreds of fields would be one of the thousand that an index may have. Made on request alone: a cluster's templates are its operator's.
 */
import { Fault } from "../../kernel/fault.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { objectOf, wordOf } from "./answers.ts";
import type { Sender } from "./http.ts";

/** Above what clusters bring along (100), and where operators' own usually are. */
const PRIORITY = 500;
/** Characters of a value: the longest term is 32,766 bytes, and one longer would have the whole document refused. */
const LONGEST_VALUE = 8_191;
/** Levels of one record; a document that goes deeper would be refused. */
const DEEPEST = 100;
const RECORDS = ["alert", "threat", "cloud_detection_alert", "activity", "agent", "group", "application", "risk", "cloud_funnel"];
/** The record's text: kept, not searched. */
const KEPT = { type: "keyword", index: false, doc_values: false };

/** OpenSearch has a name of its own for the type, and no options for it. */
export function indexTemplate(index: string, openSearch: boolean): JsonObject {
  const flat = openSearch ? { type: "flat_object" } : { type: "flattened", ignore_above: LONGEST_VALUE, depth_limit: DEEPEST };
  return {
    index_patterns: [index],
    priority: PRIORITY,
    // As the template that clusters bring along has it for such names.
    ...(index.startsWith("logs-") ? { data_stream: {} } : {}),
    ...(openSearch ? {} : { composed_of: ["ecs@mappings"], ignore_missing_component_templates: ["ecs@mappings"] }),
    template: {
      mappings: {
        properties: {
          "@timestamp": { type: "date" },
          data: { properties: { record: flat } },
          event: { properties: { original: KEPT } },
          sentinelone: { properties: { ...Object.fromEntries(RECORDS.map((name) => [name, flat])), external_ip: { type: "ip" } } },
          raw_data: KEPT,
          unmapped: flat,
        },
      },
    },
    _meta: { managed_by: "vedette" },
  };
}

export interface TemplatePlace {
  readonly base: string;
  readonly index: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** CONFIG_INVALID where the cluster does not take it. */
export async function putTemplate(sender: Sender, { base, index, headers }: TemplatePlace, signal: AbortSignal): Promise<void> {
  const version = objectOf(await sender.ask({ method: "GET", path: `${base}/`, headers }, signal))?.["version"];
  const openSearch = typeof version === "object" && version !== null && (version as JsonObject)["distribution"] === "opensearch";
  const answer = await sender.ask({ method: "PUT", path: `${base}/_index_template/vedette-${index}`, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(indexTemplate(index, openSearch)) }, signal);
  if (answer.status >= 200 && answer.status < 300) return;
  const at = { details: { at: "config/template" } };
  if (answer.status === 401 || answer.status === 403) {
    throw new Fault("CONFIG_INVALID", `The key or user may not make an index template (${String(answer.status)}).`, { ...at, cure: "Give it the right to (manage_index_templates), or leave --template out and make the template yourself." });
  }
  const error = objectOf(answer)?.["error"];
  const word = typeof error === "object" && error !== null ? wordOf((error as JsonObject)["type"]) : null;
  throw new Fault("CONFIG_INVALID", `The cluster did not take the index template (${String(answer.status)}${word === null ? "" : ` ${word}`}).`, { ...at, cure: "Another template of the same priority may be there for that index. Leave --template out to go by yours." });
}
