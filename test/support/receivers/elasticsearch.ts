/**
 * What Elasticsearch's and OpenSearch's bulk API answers: NDJSON of actions and documents, one item each, in order; `create` of an id that
 * is there is 409; a data stream takes only `create` and only documents with a time. filter_path is obeyed as far as it is used.
 */
import { startHttpReceiver, type Answered, type Asked, type HttpReceiver } from "./http.ts";

export const API_KEY = "aWQ6a2V5";

interface ItemError {
  readonly status: number;
  readonly type: string;
}

export interface ElasticsearchReceiver extends HttpReceiver {
  /** Documents by id, as text, in the order they were created. */
  readonly documents: Map<string, string>;
  /** Says of a document that it is not taken, and how; null = it is. */
  reject: (id: string, document: string) => ItemError | null;
  /** Index templates by name. */
  readonly templates: Map<string, unknown>;
  /** What it says it is. */
  version: Readonly<Record<string, string>>;
  /** Largest request, as http.max_content_length. */
  largest: number;
}

export async function startElasticsearch(tls: Parameters<typeof startHttpReceiver>[1] = null): Promise<ElasticsearchReceiver> {
  const documents = new Map<string, string>();
  const templates = new Map<string, unknown>();
  const receiver = await startHttpReceiver((asked) => answer(asked), tls);
  const fake: ElasticsearchReceiver = Object.assign(receiver, { documents, templates, version: { number: "9.4.0" }, reject: () => null, largest: 100_000_000 });

  function answer(asked: Asked): Answered {
    if (asked.headers.authorization !== `ApiKey ${API_KEY}`) return error(401, "security_exception");
    if (asked.method === "GET") return { status: 200, body: { version: fake.version, tagline: "You Know, for Search" } };
    const template = /^\/_index_template\/([a-z0-9._-]+)$/.exec(asked.url.pathname)?.[1];
    if (asked.method === "PUT" && template !== undefined) {
      templates.set(template, JSON.parse(asked.body));
      return { status: 200, body: { acknowledged: true } };
    }
    if (!/^\/[a-z0-9._-]+\/_bulk$/.test(asked.url.pathname)) return error(400, "illegal_argument_exception");
    if (asked.headers["content-type"] !== "application/x-ndjson") return error(406, "media_type_header_exception");
    if (asked.bytes > fake.largest) return { status: 413, body: "Request Entity Too Large" };
    if (!asked.body.endsWith("\n")) return error(400, "illegal_argument_exception");
    const lines = asked.body.slice(0, -1).split("\n");
    if (lines.length % 2 !== 0) return error(400, "illegal_argument_exception");
    const items = [];
    for (let at = 0; at < lines.length; at += 2) {
      const action = JSON.parse(lines[at] ?? "") as { readonly create?: { readonly _id: string } };
      if (action.create === undefined) return error(400, "illegal_argument_exception");
      items.push({ create: create(action.create._id, lines[at + 1] ?? "") });
    }
    const errors = items.some(({ create: item }) => item.status > 299);
    const filtered = asked.url.searchParams.get("filter_path") === "errors,items.*.status,items.*.error.type";
    return { status: 200, body: filtered ? { errors, items } : { took: 1, errors, items } };
  }

  function create(id: string, text: string): { readonly status: number; readonly error?: { readonly type: string } } {
    const rejected = fake.reject(id, text);
    if (rejected !== null) return { status: rejected.status, error: { type: rejected.type } };
    if (documents.has(id)) return { status: 409, error: { type: "version_conflict_engine_exception" } };
    let document: Readonly<Record<string, unknown>>;
    try {
      document = JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch {
      return { status: 400, error: { type: "document_parsing_exception" } };
    }
    if (Number.isNaN(Date.parse(String(document["@timestamp"])))) return { status: 400, error: { type: "document_parsing_exception" } };
    documents.set(id, text);
    return { status: 201 };
  }

  return fake;
}

function error(status: number, type: string): Answered {
  return { status, body: { error: { type, reason: "a sentence with the document in it" }, status } };
}
