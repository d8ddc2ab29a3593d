/**
 * Variables of a request, checked and told as the console's engine does: a value of the wrong kind, a missing one, an enum without such a
 * name. Long numbers arrive with all their digits and stay text.
 */
import { isEnumType, isInputObjectType, isInputType, isListType, isNonNullType, isScalarType, typeFromAST, type GraphQLInputType, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import { isRawJson, isRecord, type ApiRecord } from "../record.ts";

/** Numbers a double holds become numbers; longer ones keep their digits as text. */
export function plain(value: unknown): unknown {
  if (isRawJson(value)) {
    const number = Number(value.rawJSON);
    return Number.isSafeInteger(number) || !/^-?\d+$/u.test(value.rawJSON) ? number : value.rawJSON;
  }
  if (Array.isArray(value)) return value.map(plain);
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : value;
}

function javaKind(value: unknown): string {
  if (typeof value === "string") return "String";
  if (typeof value === "boolean") return "Boolean";
  if (typeof value === "number") return Number.isInteger(value) ? (Math.abs(value) > 2_147_483_647 ? "Long" : "Integer") : "Double";
  return Array.isArray(value) ? "ArrayList" : "LinkedHashMap";
}

function scalarProblem(name: string, value: unknown): string | undefined {
  const wanted = `Expected a value that can be converted to type '${name}' but it was a '${javaKind(value)}'`;
  switch (name) {
    case "String":
    case "Boolean":
      return javaKind(value) === name ? undefined : `Expected a ${name} input, but it was a '${javaKind(value)}'`;
    case "Int":
      if (typeof value !== "number" || !Number.isInteger(value)) return wanted;
      return Math.abs(value) > 2_147_483_647 ? `Expected value to be in the integer range, but it was a '${String(value)}'` : undefined;
    case "Float":
      return typeof value === "number" ? undefined : wanted;
    case "Long":
      return typeof value === "number" ? (Number.isInteger(value) ? undefined : wanted) : typeof value === "string" && /^-?\d{1,19}$/u.test(value) ? undefined : wanted;
    case "ID":
      return typeof value === "string" || (typeof value === "number" && Number.isInteger(value)) ? undefined : wanted;
    default:
      return undefined;
  }
}

function problem(value: unknown, type: GraphQLInputType, name: string, outer: string): string | undefined {
  if (isNonNullType(type)) {
    if (value === undefined || value === null) return `${outer} '${name}' has coerced Null value for NonNull type '${String(type)}'`;
    return problem(value, type.ofType, name, outer);
  }
  if (value === undefined || value === null) return undefined;
  if (isListType(type)) {
    const items: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    for (const item of items) {
      const found = problem(item, type.ofType, name, outer);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isEnumType(type)) {
    if (typeof value !== "string") return `Invalid input for enum '${type.name}'. Unknown value '${JSON.stringify(value)}'`;
    return type.getValue(value) === undefined ? `Invalid input for enum '${type.name}'. No value found for name '${value}'` : undefined;
  }
  if (isInputObjectType(type)) {
    if (!isRecord(value)) return `Expected type 'Map' but was '${javaKind(value)}'. Variables for input objects must be an instance of type 'Map'.`;
    const fields = type.getFields();
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) return `The variables input contains a field name '${key}' that is not defined for input object type '${type.name}' `;
    }
    for (const field of Object.values(fields)) {
      if (!Object.hasOwn(value, field.name) && !isNonNullType(field.type)) continue;
      const found = problem(value[field.name], field.type, field.name, "Field");
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return isScalarType(type) ? scalarProblem(type.name, value) : undefined;
}

/** The first variable that does not fit its declaration, or undefined. */
export function variableProblem(schema: GraphQLSchema, operation: OperationDefinitionNode, values: ApiRecord): ApiRecord | undefined {
  for (const definition of operation.variableDefinitions ?? []) {
    const type = typeFromAST(schema, definition.type);
    const name = definition.variable.name.value;
    if (type === undefined || !isInputType(type)) continue;
    if (!Object.hasOwn(values, name) && definition.defaultValue !== undefined) continue;
    const found = problem(values[name], type, name, "Variable");
    if (found === undefined) continue;
    const { line, column } = definition.loc?.startToken ?? { line: 1, column: 1 };
    return { message: `Variable '${name}' has an invalid value: ${found}`, locations: [{ line, column }], extensions: { classification: "ValidationError" } };
  }
  return undefined;
}
