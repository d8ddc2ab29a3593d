/**
 * How a stored alert becomes an answer of the declared type. A record may lack what the schema calls non-null, or hold numbers too
 * long for a double, or enum values newer than the schema: it is served all the same, with neutral values for what is missing.
 */
import { GraphQLEnumType, GraphQLScalarType, isEnumType, isListType, isNonNullType, isScalarType, type ConstValueNode, type GraphQLFieldResolver, type GraphQLOutputType, type GraphQLSchema } from "graphql";
import { isRawJson, isRecord, type ApiRecord } from "../record.ts";

const NEUTRAL_ENUMS: readonly string[] = ["UNKNOWN", "UNDEFINED", "NEW", "OTHER"];
const NEUTRAL_SCALARS: Readonly<Record<string, unknown>> = { Boolean: false, Int: 0, Float: 0, Long: 0, DateTime: "1970-01-01T00:00:00.000Z", Instant: "1970-01-01T00:00:00.000Z", JSON: {} };

function neutral(type: GraphQLOutputType): unknown {
  if (isListType(type)) return [];
  if (isEnumType(type)) {
    const names = type.getValues().map((value) => value.name);
    return NEUTRAL_ENUMS.find((name) => names.includes(name)) ?? names[0];
  }
  if (isScalarType(type)) return Object.hasOwn(NEUTRAL_SCALARS, type.name) ? NEUTRAL_SCALARS[type.name] : "";
  return {};
}

function fit(value: unknown, type: GraphQLOutputType): unknown {
  if (isNonNullType(type)) return value === null || value === undefined ? neutral(type.ofType) : fit(value, type.ofType);
  if (value === null || value === undefined) return null;
  if (isListType(type)) {
    const items: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    return items.map((item) => fit(item, type.ofType));
  }
  if (!isScalarType(type) || type.name === "JSON") return value;
  if (isRawJson(value)) return type.name === "Int" || type.name === "Float" ? Number(value.rawJSON) : type.name === "Long" ? value : value.rawJSON;
  // Scalars of the wrong kind would be field errors; as text they can at least be read.
  if ((type.name === "String" || type.name === "ID") && typeof value === "object") return JSON.stringify(value);
  if (type.name === "Boolean") return value === true || value === "true";
  return value;
}

/** Reads the field of a record, whatever shape the record came in. */
export const resolveField: GraphQLFieldResolver<unknown, unknown> = (source, _args, _context, info) => {
  const value = isRecord(source) ? source[info.fieldName] : undefined;
  return fit(value, info.returnType);
};

/** Both spellings of the asset, and what only the detail shows. */
export function completeAlert(record: ApiRecord): ApiRecord {
  const assets = Array.isArray(record["assets"]) ? (record["assets"] as readonly unknown[]) : [];
  const asset = record["asset"] ?? assets[0] ?? {};
  return {
    ...record,
    asset,
    assets: assets.length > 0 ? assets : isRecord(record["asset"]) ? [record["asset"]] : [],
    ticketIdExists: record["ticketId"] !== null && record["ticketId"] !== undefined,
  };
}

/** Enums and the vendor's scalars give out what the record holds; a long keeps its digits on the way in. */
export function loosenLeaves(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    if (type instanceof GraphQLEnumType) type.coerceOutputValue = (value: unknown) => String(value);
    else if (type instanceof GraphQLScalarType && ["DateTime", "Instant", "Long", "JSON", "UUID", "ObjectScalar"].includes(type.name)) type.coerceOutputValue = (value: unknown) => value;
    if (type instanceof GraphQLScalarType && type.name === "Long") type.coerceInputLiteral = longLiteral;
  }
}

function longLiteral(node: ConstValueNode): unknown {
  if ((node.kind !== "IntValue" && node.kind !== "StringValue") || !/^-?\d{1,19}$/u.test(node.value)) throw new TypeError(`Expected an AST type of 'IntValue' but it was a '${node.kind}'`);
  const number = Number(node.value);
  return Number.isSafeInteger(number) ? number : node.value;
}
