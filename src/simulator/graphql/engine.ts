/**
 * Unified alerts: the vendor's GraphQL schema run by a real engine over the alerts of the estate. Whatever is wrong with a query is a 200
 * with `errors`, worded as the console's engine words it; success never carries `errors`.
 */
import { buildSchema, execute, GraphQLError, isObjectType, parse, type DocumentNode, type ExecutionArgs, type GraphQLSchema, type GraphQLTypeResolver, type OperationDefinitionNode } from "graphql";
import { ApiError, type Answer } from "../errors.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import type { KeyedTest } from "../rest/listing.ts";
import { requirePermission, type Caller } from "../tokens.ts";
import { loosenLeaves, resolveField } from "./defaults.ts";
import { AlertJournal } from "./journal.ts";
import { personOf } from "./people.ts";
import { AlertRoot } from "./root.ts";
import { SCHEMA_TEXT } from "./schema.ts";
import type { TriggerParts } from "./trigger.ts";
import { plain, variableProblem } from "./variables.ts";
import { problemsOf, runProblem, syntaxProblem } from "./wording.ts";

/** Parsed and validated queries kept for the next request. */
const KEPT_QUERIES = 100;
/** The console's engine reads no more of one query. */
const MOST_TOKENS = 15_000;

type Args = Readonly<Record<string, unknown>>;

export interface GraphParts extends Omit<TriggerParts, "journal"> {
  /** The body of `GET /user` for a caller. */
  readonly identity: (caller: Caller) => ApiRecord;
}

function failed(...errors: readonly ApiRecord[]): Answer {
  return { status: 200, body: { errors } };
}

let built: GraphQLSchema | undefined;

/** Built once: it is the same for every console, and a twentieth of a second's work. */
function schema(): GraphQLSchema {
  if (built === undefined) {
    built = buildSchema(SCHEMA_TEXT);
    loosenLeaves(built);
  }
  return built;
}

export class AlertGraph {
  readonly schemaText = SCHEMA_TEXT;
  readonly #parts: GraphParts;
  readonly #root: AlertRoot;
  readonly #schema: GraphQLSchema = schema();
  readonly #documents = new Map<string, DocumentNode>();

  constructor(parts: GraphParts) {
    this.#parts = parts;
    this.#root = new AlertRoot({ ...parts, journal: new AlertJournal(parts.estate, parts.clock) });
  }

  /** Answers one request; throws the REST 403 for a role that may not read alerts. `withheld` keeps records out of sight. */
  async answer(caller: Caller, body: unknown, withheld?: KeyedTest): Promise<Answer> {
    requirePermission(caller, "Unified Alerts.view");
    const request = isRecord(body) ? body : {};
    const query = request["query"];
    if (typeof query !== "string" || query.trim() === "") throw new ApiError(400, 4_000_040, "Bad Request", "query: Missing data for required field.");
    const document = this.#document(query);
    if (!("kind" in document)) return failed(...document.errors);
    const operation = chosen(document, request["operationName"]);
    if (typeof operation === "string") return failed({ message: operation, extensions: { classification: "ValidationError" } });
    const variables = isRecord(request["variables"]) ? (plain(request["variables"]) as ApiRecord) : {};
    const problem = variableProblem(this.#schema, operation, variables);
    if (problem !== undefined) return failed(problem);
    const args: ExecutionArgs = {
      schema: this.#schema,
      document,
      rootValue: this.#root.fields(caller, personOf(this.#parts.identity(caller)), withheld),
      variableValues: { ...variables },
      fieldResolver: (source, fieldArgs, context, info) => {
        const own: unknown = isRecord(source) ? source[info.fieldName] : undefined;
        return typeof own === "function" ? (own as (given: Args) => unknown)(fieldArgs as Args) : resolveField(source, fieldArgs, context, info);
      },
      typeResolver,
      ...(operation.name === undefined ? {} : { operationName: operation.name.value }),
    };
    const result = await execute(args);
    const errors = result.errors?.map(runProblem);
    return { status: 200, body: { ...(errors === undefined ? {} : { errors }), ...(result.data === undefined ? {} : { data: result.data }) } };
  }

  #document(query: string): DocumentNode | { readonly errors: readonly ApiRecord[] } {
    const known = this.#documents.get(query);
    if (known !== undefined) return known;
    let document: DocumentNode;
    try {
      document = parse(query, { maxTokens: MOST_TOKENS });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return { errors: [syntaxProblem(error)] };
    }
    const problems = problemsOf(this.#schema, document);
    if (problems.length > 0) return { errors: problems };
    this.#documents.set(query, document);
    if (this.#documents.size > KEPT_QUERIES) {
      const oldest = this.#documents.keys().next();
      if (oldest.done !== true) this.#documents.delete(oldest.value);
    }
    return document;
  }
}

/** The operation to run, or what is wrong with the choice. */
function chosen(document: DocumentNode, name: unknown): OperationDefinitionNode | string {
  const operations = document.definitions.filter((definition) => definition.kind === "OperationDefinition");
  if (typeof name !== "string" || name === "") {
    const [only] = operations;
    return only === undefined || operations.length > 1 ? "Must provide operation name if query contains multiple operations." : only;
  }
  return operations.find((operation) => operation.name?.value === name) ?? `Unknown operation named '${name}'.`;
}

/** Records from a file name no type: theirs is the one whose fields they hold the most of. */
const typeResolver: GraphQLTypeResolver<unknown, unknown> = (value, _context, info, abstractType) => {
  if (!isRecord(value)) return undefined;
  if (typeof value["__typename"] === "string" && isObjectType(info.schema.getType(value["__typename"]))) return value["__typename"];
  const held = (type: { getFields(): object }): number => Object.keys(type.getFields()).filter((name) => value[name] !== undefined).length;
  return info.schema.getPossibleTypes(abstractType).toSorted((a, b) => held(b) - held(a))[0]?.name;
};
