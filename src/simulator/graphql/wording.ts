/**
 * Problems with a query, told as the console's engine (graphql-java) tells them: error type, path of field names, and its sentences, since
 * clients match on them. One rule at a time is run over the query, so that each problem is known by its rule and not by its text.
 */
import {
  isEnumType,
  isInputObjectType,
  specifiedRules,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type ASTNode,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  type ValueNode,
} from "graphql";
import type { ApiRecord } from "../record.ts";

/** Where in the query a node stands, and the types around it. */
interface Place {
  readonly path: readonly string[];
  readonly parent: string;
  readonly output: string;
  readonly input: string;
  readonly argument: string;
  /** The whole value of the argument. */
  readonly whole: ValueNode | undefined;
  readonly inDirective: boolean;
}

const NOWHERE: Place = { path: [], parent: "", output: "", input: "", argument: "", whole: undefined, inDirective: false };

function places(schema: GraphQLSchema, document: DocumentNode): ReadonlyMap<ASTNode, Place> {
  const found = new Map<ASTNode, Place>();
  const path: string[] = [];
  const within: string[] = [];
  let inDirective = false;
  let whole: ValueNode | undefined;
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      enter(node, key, parent) {
        if (node.kind === "Field" || node.kind === "FragmentDefinition") path.push(node.name.value);
        if (node.kind === "Directive") inDirective = true;
        if (node.kind === "Argument") {
          within.push(node.name.value);
          whole = node.value;
        }
        if (node.kind === "ObjectField") within.push(`.${node.name.value}`);
        else if (Array.isArray(parent) && within.length > 0 && typeof key === "number" && node.kind !== "Argument") within.push(`[${String(key)}]`);
        found.set(node, {
          path: [...path],
          parent: types.getParentType()?.name ?? "",
          output: String(types.getType() ?? ""),
          input: String(types.getInputType() ?? ""),
          argument: within.join(""),
          whole,
          inDirective,
        });
      },
      leave(node, key, parent) {
        if (node.kind === "Field" || node.kind === "FragmentDefinition") path.pop();
        if (node.kind === "Directive") inDirective = false;
        if (node.kind === "Argument" || node.kind === "ObjectField") within.pop();
        else if (Array.isArray(parent) && within.length > 0 && typeof key === "number") within.pop();
      },
    }),
  );
  return found;
}

/** A literal as the engine prints it. */
function printed(value: ValueNode): string {
  switch (value.kind) {
    case "StringValue":
      return `StringValue{value='${value.value}'}`;
    case "IntValue":
    case "FloatValue":
      return `${value.kind}{value=${value.value}}`;
    case "BooleanValue":
      return `BooleanValue{value=${String(value.value)}}`;
    case "EnumValue":
      return `EnumValue{name='${value.value}'}`;
    case "NullValue":
      return "NullValue{}";
    case "ListValue":
      return `ArrayValue{values=[${value.values.map(printed).join(", ")}]}`;
    case "ObjectValue":
      return `ObjectValue{objectFields=[${value.fields.map((field) => `ObjectField{name='${field.name.value}', value=${printed(field.value)}}`).join(", ")}]}`;
    default:
      return `VariableReference{name='${value.name.value}'}`;
  }
}

type Told = readonly [type: string, sentence: string];

function nameOf(node: ASTNode | undefined): string {
  if (node === undefined) return "";
  if (node.kind === "Name") return node.value;
  if (node.kind === "VariableDefinition") return node.variable.name.value;
  return "name" in node && node.name !== undefined ? node.name.value : "";
}

function typeText(node: ASTNode | undefined): string {
  if (node?.kind === "NonNullType") return `${typeText(node.type)}!`;
  if (node?.kind === "ListType") return `[${typeText(node.type)}]`;
  return nameOf(node);
}

function wrongValue(schema: GraphQLSchema, node: ASTNode | undefined, place: Place, message: string): Told {
  if (node === undefined) return ["WrongType", "argument is not valid"];
  // What is wrong with an object is told of the whole argument, what is wrong with a value of that value.
  const whole = place.whole === undefined ? "" : printed(place.whole);
  if (node.kind === "ObjectField") {
    const holder = /type "([^"]*)"/u.exec(message)?.[1] ?? "";
    return ["WrongType", `argument '${place.argument.replace(/\.[^.]*$/u, "")}' with value '${whole}' contains a field not in '${holder}': '${node.name.value}'`];
  }
  const value = node as ValueNode;
  const start = `argument '${place.argument}' with value '${printed(value)}'`;
  const type = place.input.replaceAll(/[[\]!]/gu, "");
  if (value.kind === "NullValue") return ["WrongType", `${start} must not be null`];
  const named = schema.getType(type);
  if (isInputObjectType(named)) {
    if (value.kind !== "ObjectValue") return ["WrongType", `argument '${place.argument}' with value '${whole}' must be an object type`];
    const given = new Set(value.fields.map((field) => field.name.value));
    const missing = Object.values(named.getFields()).filter((field) => String(field.type).endsWith("!") && !given.has(field.name));
    return ["WrongType", `argument '${place.argument}' with value '${whole}' is missing required fields '[${missing.map((field) => field.name).join(", ")}]'`];
  }
  return ["WrongType", `${start} is not a valid '${type}' - ${leafReason(isEnumType(named), type, value)}`];
}

function leafReason(isEnum: boolean, type: string, value: ValueNode): string {
  const wanted = (kinds: string): string => `Expected an AST type of '${kinds}' but it was a '${kindOf(value)}'`;
  if (isEnum) return value.kind === "EnumValue" ? `Literal value not in allowable values for enum '${type}' - '${printed(value)}'` : wanted("EnumValue");
  if (type === "Int" && value.kind === "IntValue") return `Expected value to be in the integer range, but it was a '${value.value}'`;
  if (type === "ID") return wanted("IntValue' or 'StringValue");
  return wanted(type === "Long" ? "IntValue" : `${type}Value`);
}

function kindOf(node: ASTNode): string {
  return node.kind === "ListValue" ? "ArrayValue" : node.kind;
}

function conflict(message: string): string {
  const name = /^Fields "([^"]*)" conflict/u.exec(message)?.[1] ?? "";
  const different = /"(\w+)" and "(\w+)" are different fields/u.exec(message);
  if (different !== null) return `'${different[1] ?? ""}' : '${different[1] ?? ""}' and '${different[2] ?? ""}' are different fields`;
  const types = /conflicting types "([^"]*)" and "([^"]*)"/u.exec(message);
  return types === null ? `'${name}' : fields have different arguments` : `'${name}' : returns different types '${types[1] ?? ""}' and '${types[2] ?? ""}'`;
}

function told(rule: string, error: GraphQLError, schema: GraphQLSchema, at: (node: ASTNode | undefined) => Place): Told {
  const [node, other] = error.nodes ?? [];
  const place = at(node);
  const name = nameOf(node);
  switch (rule) {
    case "FieldsOnCorrectTypeRule":
      return ["FieldUndefined", `Field '${name}' in type '${place.parent}' is undefined`];
    case "ScalarLeafsRule":
      // The error points at what is selected under a leaf, or at the field that selects nothing.
      return node?.kind === "SelectionSet"
        ? ["SubselectionNotAllowed", `Subselection not allowed on leaf type '${place.output}' of field '${place.path.at(-1) ?? ""}'`]
        : ["SubselectionRequired", `Subselection required for type '${place.output}' of field '${name}'`];
    case "KnownArgumentNamesRule":
      return place.inDirective ? ["UnknownDirective", `Unknown directive argument '${name}'`] : ["UnknownArgument", `Unknown field argument '${name}'`];
    case "KnownOperationTypesRule":
      return ["UnknownOperation", `The '${node?.kind === "OperationDefinition" ? node.operation : ""}' operation is not supported by the schema`];
    case "KnownTypeNamesRule":
      return ["UnknownType", `Unknown type '${name}'`];
    case "KnownDirectivesRule":
      return schema.getDirective(name) === undefined ? ["UnknownDirective", `Unknown directive '${name}'`] : ["MisplacedDirective", `Directive '${name}' not allowed here`];
    case "KnownFragmentNamesRule":
      return ["UndefinedFragment", `Undefined fragment '${name}'`];
    case "ValuesOfCorrectTypeRule":
      return wrongValue(schema, node, place, error.message);
    case "ProvidedRequiredArgumentsRule":
      return ["MissingFieldArgument", `Missing field argument '${/\((\w+):\)|argument "(\w+)"/u.exec(error.message)?.slice(1).find(Boolean) ?? ""}'`];
    case "VariablesInAllowedPositionRule":
      return ["VariableTypeMismatch", `Variable '${name}' of type '${node?.kind === "VariableDefinition" ? typeText(node.type) : ""}' used in position expecting type '${at(other).input}'`];
    case "NoUndefinedVariablesRule":
      return ["UndefinedVariable", `Undefined variable '${name}'`];
    case "NoUnusedVariablesRule":
      return ["UnusedVariable", `Unused variable '${name}'`];
    case "NoUnusedFragmentsRule":
      return ["UnusedFragment", `Unused fragment '${name}'`];
    case "NoFragmentCyclesRule":
      return ["FragmentCycle", "Fragment cycles not allowed"];
    case "PossibleFragmentSpreadsRule":
      return node?.kind === "FragmentSpread"
        ? ["InvalidFragmentType", `Fragment '${name}' cannot be spread here as objects of type '${place.parent}' can never be of type '${/type "([^"]*)"\.?$/u.exec(error.message)?.[1] ?? ""}'`]
        : ["InvalidFragmentType", `Fragment cannot be spread here as objects of type '${place.parent}' can never be of type '${node?.kind === "InlineFragment" ? nameOf(node.typeCondition) : ""}'`];
    case "FragmentsOnCompositeTypesRule":
      return name === "" || error.message.startsWith("Fragment cannot")
        ? ["InlineFragmentTypeConditionInvalid", "Inline fragment type condition is invalid, must be on Object/Interface/Union"]
        : ["FragmentTypeConditionInvalid", "Fragment type condition is invalid, must be on Object/Interface/Union"];
    case "OverlappingFieldsCanBeMergedRule":
      return ["FieldsConflict", conflict(error.message)];
    case "LoneAnonymousOperationRule":
      return ["LoneAnonymousOperationViolation", "Anonymous operation with other operations"];
    case "UniqueOperationNamesRule":
      return ["DuplicateOperationName", `There can be only one operation named '${name}'`];
    case "UniqueFragmentNamesRule":
      return ["DuplicateFragmentName", `There can be only one fragment named '${name}'`];
    case "UniqueVariableNamesRule":
      return ["DuplicateVariableName", `There can be only one variable named '${name}'`];
    case "UniqueArgumentNamesRule":
      return ["DuplicateArgumentNames", `There can be only one argument named '${name}'`];
    case "UniqueInputFieldNamesRule":
      return ["UniqueObjectFieldName", `There can be only one field named '${name}'`];
    case "VariablesAreInputTypesRule":
      return ["NonInputTypeOnVariable", `Input variable '${/Variable "\$([^"]*)"/u.exec(error.message)?.[1] ?? ""}' type '${typeText(node)}' is not an input type`];
    default:
      return ["InvalidSyntax", error.message];
  }
}

/** Every problem the schema has with the query, in the order of the text; empty when there is none. */
export function problemsOf(schema: GraphQLSchema, document: DocumentNode): readonly ApiRecord[] {
  // The common case is a query without a problem: one pass over all rules says so.
  if (validate(schema, document).length === 0) return [];
  const known = places(schema, document);
  const at = (node: ASTNode | undefined): Place => (node === undefined ? NOWHERE : (known.get(node) ?? NOWHERE));
  const found = specifiedRules.flatMap((rule) => validate(schema, document, [rule]).map((error) => ({ rule: rule.name, error })));
  found.sort((a, b) => (a.error.positions?.[0] ?? 0) - (b.error.positions?.[0] ?? 0));
  return found.map(({ rule, error }) => {
    const [type, sentence] = told(rule, error, schema, at);
    // A variable of the wrong type is told of where it is used, not where it is declared.
    const spot = rule === "VariablesInAllowedPositionRule" ? 1 : 0;
    const { path } = at(error.nodes?.[spot]);
    return {
      message: `Validation error (${type}${path.length === 0 ? "" : `@[${path.join("/")}]`}) : ${sentence}`,
      locations: error.locations?.slice(spot, spot + 1) ?? [],
      extensions: { classification: "ValidationError" },
    };
  });
}

/** What the parser stumbled over. */
export function syntaxProblem(error: GraphQLError): ApiRecord {
  const { line, column } = error.locations?.[0] ?? { line: 1, column: 1 };
  const where = `at line ${String(line)} column ${String(column)}`;
  const token = /(?:found|Unexpected|character:) (?:(?:Name|String|Int|Float|BlockString|character) )?(<EOF>|".*"|'.*'|\S+?)\.?$/u.exec(error.message)?.[1]?.replaceAll(/^["']|["']$/gu, "");
  const message = /tokens/u.test(error.message)
    ? "More than 15,000 'grammar' tokens have been presented. To prevent Denial Of Service attacks, parsing has been cancelled."
    : token === undefined
      ? `Invalid syntax ${where}`
      : `Invalid syntax with offending token '${token}' ${where}`;
  return { message, locations: [{ line, column }], extensions: { classification: "InvalidSyntax" } };
}

/** What went wrong while a query ran: a failed field, wrapped as the engine wraps what a fetcher throws, or what kept it from running. */
export function runProblem(error: GraphQLError): ApiRecord {
  const { path } = error;
  const locations = error.locations === undefined ? {} : { locations: error.locations };
  if (path === undefined) return { message: error.message, ...locations, extensions: { classification: "ValidationError" } };
  return { message: `Exception while fetching data (/${path.join("/")}) : ${error.message}`, ...locations, path, extensions: { classification: "DataFetchingException", ...error.extensions } };
}
