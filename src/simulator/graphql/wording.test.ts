import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { graph, NOW, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 60, alerts: 40, seed: 5 });
});
afterAll(async () => {
  await simulator.close();
});

interface Problem {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly unknown[];
  readonly extensions: { readonly classification: string };
}

async function problems(query: string, variables: Row = {}): Promise<{ readonly status: number; readonly keys: readonly string[]; readonly errors: readonly Problem[] }> {
  const answer = await graph(simulator, query, variables);
  return { status: answer.status, keys: Object.keys(answer.json), errors: (answer.json["errors"] ?? []) as readonly Problem[] };
}

const QUERIES: readonly (readonly [what: string, query: string, sentence: string])[] = [
  ["an unknown field", "{ alerts { nothing } }", "(FieldUndefined@[alerts/nothing]) : Field 'nothing' in type 'UnifiedAlertConnection' is undefined"],
  ["a field of another type", '{ alert(id: "1") { indicators { name } } }', "(FieldUndefined@[alert/indicators/name]) : Field 'name' in type 'Indicator' is undefined"],
  ["an unknown argument", '{ alertGroupByCount(fieldIds: ["status"], first: 3) { data { fieldId } } }', "(UnknownArgument@[alertGroupByCount]) : Unknown field argument 'first'"],
  ["an object without fields", "{ alertsCsvExport }", "(SubselectionRequired@[alertsCsvExport]) : Subselection required for type 'CsvResponse!' of field 'alertsCsvExport'"],
  ["a list of errors without fields", "{ alertAvailableActions { errors } }", "(SubselectionRequired@[alertAvailableActions/errors]) : Subselection required for type '[ActionsError!]' of field 'errors'"],
  ["fields of a scalar", '{ alertWithRawIndicators(id: "1") { rawIndicators { a } } }', "(SubselectionNotAllowed@[alertWithRawIndicators/rawIndicators]) : Subselection not allowed on leaf type '[JSON!]!' of field 'rawIndicators'"],
  ["an unknown type", "query ($s: SortOrder) { alerts { totalCount @include(if: $s) } }", "(UnknownType) : Unknown type 'SortOrder'"],
  ["a missing argument", "{ alert { id } }", "(MissingFieldArgument@[alert]) : Missing field argument 'id'"],
  ["a wrong enum", "{ alerts(viewType: NONE) { totalCount } }", "(WrongType@[alerts]) : argument 'viewType' with value 'EnumValue{name='NONE'}' is not a valid 'ViewType' - Literal value not in allowable values for enum 'ViewType' - 'EnumValue{name='NONE'}'"],
  ["a number for text", "{ alerts(filters: [{ fieldId: 5 }]) { totalCount } }", "(WrongType@[alerts]) : argument 'filters[0].fieldId' with value 'IntValue{value=5}' is not a valid 'String' - Expected an AST type of 'StringValue' but it was a 'IntValue'"],
  ["a filter without a field", "{ alerts(filters: [{ isNegated: true }]) { totalCount } }", "(WrongType@[alerts]) : argument 'filters[0]' with value 'ArrayValue{values=[ObjectValue{objectFields=[ObjectField{name='isNegated', value=BooleanValue{value=true}}]}]}' is missing required fields '[fieldId]'"],
  ["an unknown comparator", '{ alerts(filters: [{ fieldId: "a", regex: "b" }]) { totalCount } }', "contains a field not in 'FilterInput': 'regex'"],
  ["a fraction for a long", '{ alerts(filters: [{ fieldId: "detectedAt", dateTimeRange: { start: 1.5 } }]) { totalCount } }', "(WrongType@[alerts]) : argument 'filters[0].dateTimeRange.start' with value 'FloatValue{value=1.5}' is not a valid 'Long' - Expected an AST type of 'IntValue' but it was a 'FloatValue'"],
  ["a subscription", "subscription { alerts { totalCount } }", "(UnknownOperation) : The 'subscription' operation is not supported by the schema"],
  ["an undeclared variable", "{ alerts(first: $n) { totalCount } }", "(UndefinedVariable@[alerts]) : Undefined variable 'n'"],
  ["an unused variable", "query ($n: Int) { alerts { totalCount } }", "(UnusedVariable) : Unused variable 'n'"],
  ["a variable of the wrong type", "query ($n: String) { alerts(first: $n) { totalCount } }", "(VariableTypeMismatch@[alerts]) : Variable 'n' of type 'String' used in position expecting type 'Int'"],
  ["an unknown fragment", "{ alerts { ...Gone } }", "(UndefinedFragment@[alerts]) : Undefined fragment 'Gone'"],
  ["a fragment that cannot be", "{ alerts { edges { node { ... on Asset { id } } } } }", "(InvalidFragmentType@[alerts/edges/node]) : Fragment cannot be spread here as objects of type 'UnifiedAlert' can never be of type 'Asset'"],
  ["two fields of one name", "{ alerts { x: totalCount x: pageInfo { hasNextPage } } }", "'totalCount' and 'pageInfo' are different fields"],
];

describe("a query the schema refuses", () => {
  for (const [what, query, sentence] of QUERIES) {
    it(`is told in the words of the console's engine: ${what}`, async () => {
      const { status, keys, errors } = await problems(query);
      expect([status, keys]).toEqual([200, ["errors"]]);
      expect(errors.map((error) => error.message).find((message) => message.includes(sentence))).toMatch(/^Validation error \(/u);
      expect(errors.every((error) => error.extensions.classification === "ValidationError" && (error.locations?.length ?? 0) === 1 && error.path === undefined)).toBe(true);
    });
  }

  it("names the token it stumbled over when it is no GraphQL", async () => {
    expect((await problems("{ alerts { totalCount ")).errors[0]).toEqual({ message: "Invalid syntax with offending token '<EOF>' at line 1 column 23", locations: [{ line: 1, column: 23 }], extensions: { classification: "InvalidSyntax" } });
    expect((await problems("{ alerts } }")).errors[0]?.message).toBe("Invalid syntax with offending token '}' at line 1 column 12");
    expect((await problems(`{ ${"a ".repeat(20_000)}}`)).errors[0]?.message).toContain("More than 15,000 'grammar' tokens");
  });

  it("asks which operation is meant, and knows when there is none of that name", async () => {
    expect((await problems("query A { __typename } query B { __typename }")).errors[0]?.message).toContain("Must provide operation name");
  });
});

describe("variables that do not fit", () => {
  const cases: readonly (readonly [query: string, variables: Row, reason: string])[] = [
    ["query ($v: ID!) { alert(id: $v) { id } }", {}, "Variable 'v' has coerced Null value for NonNull type 'ID!'"],
    ["query ($v: Int) { alerts(first: $v) { totalCount } }", { v: "5" }, "Expected a value that can be converted to type 'Int' but it was a 'String'"],
    ["query ($v: ViewType) { alerts(viewType: $v) { totalCount } }", { v: "NONE" }, "Invalid input for enum 'ViewType'. No value found for name 'NONE'"],
    ["query ($v: [FilterInput!]) { alerts(filters: $v) { totalCount } }", { v: [{ isNegated: true }] }, "Field 'fieldId' has coerced Null value for NonNull type 'String!'"],
    ["query ($v: [FilterInput!]) { alerts(filters: $v) { totalCount } }", { v: [{ fieldId: "id", like: 1 }] }, "The variables input contains a field name 'like' that is not defined for input object type 'FilterInput' "],
    ["query ($v: OrFilterSelectionInput) { alerts(orFilter: $v) { totalCount } }", { v: "id=1" }, "Expected type 'Map' but was 'String'. Variables for input objects must be an instance of type 'Map'."],
  ];
  for (const [query, variables, reason] of cases) {
    it(`are refused with ${reason.slice(0, 40)}…`, async () => {
      const { keys, errors } = await problems(query, variables);
      expect(keys).toEqual(["errors"]);
      expect(errors).toEqual([{ message: `Variable 'v' has an invalid value: ${reason}`, locations: [{ line: 1, column: 8 }], extensions: { classification: "ValidationError" } }]);
    });
  }

  it("may leave out what has a default, and give one value for a list of one", async () => {
    expect((await problems("query ($v: [ID!]! = []) { alertsRawData(alertIds: $v) { alertId } }")).errors).toEqual([]);
    expect((await problems("query ($v: [ID!]!) { alertsRawData(alertIds: $v) { alertId } }", { v: "1" })).errors).toEqual([]);
  });
});

describe("a field that fails while it is fetched", () => {
  it("is wrapped, has a path, and leaves no data where there must be some", async () => {
    const answer = await graph(simulator, '{ alert(id: "019a0000-0000-7000-a000-000000000000") { id } }');
    expect(answer.json).toEqual({
      errors: [{ message: "Exception while fetching data (/alert) : Required value was null.", locations: [{ line: 1, column: 3 }], path: ["alert"], extensions: { classification: "DataFetchingException" } }],
      data: null,
    });
  });

  it("says which field cannot be filtered or sorted by", async () => {
    expect((await problems('{ alerts(filters: [{ fieldId: "siteId", stringEqual: { value: "1" } }]) { totalCount } }')).errors[0]?.message).toContain("Field siteId does not exist or not supported for FILTER API call");
    expect((await problems('{ alerts(sort: { by: "cmdLine" }) { totalCount } }')).errors[0]?.message).toContain("Field cmdLine does not exist or not supported for SORT API call");
  });
});
