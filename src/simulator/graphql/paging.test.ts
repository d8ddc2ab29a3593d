import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { graph, NOW, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 80, alerts: 60, seed: 12 });
});
afterAll(async () => {
  await simulator.close();
});

interface Window {
  readonly totalCount: number;
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly startCursor: string | null; readonly endCursor: string | null };
}

const WINDOW = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id severity detectedAt } }";

async function alerts(variables: Row): Promise<Window> {
  const query = `query ($first: Int, $last: Int, $after: String, $before: String, $sort: SortInput, $sorts: [SortInput!]) { alerts(first: $first, last: $last, after: $after, before: $before, sort: $sort, sorts: $sorts) { ${WINDOW} } }`;
  const answer = await graph(simulator, query, variables);
  if (answer.json["errors"] !== undefined) throw new Error(answer.text);
  return (answer.json["data"] as { readonly alerts: Window }).alerts;
}

const ids = (window: Window): readonly unknown[] => window.edges.map((edge) => edge.node["id"]);
const OLDEST = { by: "detectedAt", order: "ASC" };

async function everything(sort: Row): Promise<readonly unknown[]> {
  return ids(await alerts({ first: 1000, ...sort }));
}

describe("backward pages", () => {
  it("walk the whole listing from its end, each alert once, in the same order as forward", async () => {
    const all = await everything({ sort: OLDEST });
    const pages: unknown[] = [];
    let before: string | null = null;
    for (let turn = 0; turn < 20; turn += 1) {
      const page: Window = await alerts({ last: 7, before, sort: OLDEST });
      pages.unshift(...ids(page));
      before = page.pageInfo.startCursor;
      expect(page.pageInfo.hasNextPage).toBe(turn > 0);
      if (!page.pageInfo.hasPreviousPage) break;
    }
    expect(pages).toEqual(all);
  });

  it("return what a forward page came from", async () => {
    const first = await alerts({ first: 10, sort: OLDEST });
    const second = await alerts({ first: 10, after: first.pageInfo.endCursor, sort: OLDEST });
    const back = await alerts({ last: 10, before: second.pageInfo.startCursor, sort: OLDEST });
    expect(ids(back)).toEqual(ids(first));
    expect([back.pageInfo.hasPreviousPage, back.pageInfo.hasNextPage]).toEqual([false, true]);
  });

  it("stop at a cursor from the other side", async () => {
    const all = await alerts({ first: 1000, sort: OLDEST });
    const cursor = (at: number): string => all.edges[at]?.cursor ?? "";
    expect(ids(await alerts({ after: cursor(3), before: cursor(8), sort: OLDEST }))).toEqual(ids(all).slice(4, 8));
    expect(ids(await alerts({ first: 2, after: cursor(3), before: cursor(8), sort: OLDEST }))).toEqual(ids(all).slice(4, 6));
    expect(ids(await alerts({ last: 2, after: cursor(3), before: cursor(8), sort: OLDEST }))).toEqual(ids(all).slice(6, 8));
  });

  it("exclude forward ones in the same request", async () => {
    await expect(alerts({ first: 2, last: 2 })).rejects.toThrow("Only one of 'first' and 'last'");
  });
});

describe("several sorts", () => {
  const SORTS = { sorts: [{ by: "severity", order: "ASC" }, { by: "detectedAt", order: "DESC" }] };

  it("order by the first, equal ones by the next, over all pages", async () => {
    const all = await alerts({ first: 1000, ...SORTS });
    const keys = all.edges.map(({ node }) => [String(node["severity"]), String(node["detectedAt"])] as const);
    expect(keys).toEqual(keys.toSorted(([a, s], [b, t]) => (a < b ? -1 : a > b ? 1 : s < t ? 1 : s > t ? -1 : 0)));
    const paged: unknown[] = [];
    let after: string | null = null;
    for (let turn = 0; turn < 20; turn += 1) {
      const page: Window = await alerts({ first: 9, after, ...SORTS });
      paged.push(...ids(page));
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(paged).toEqual(ids(all));
  });

  it("win over a single sort, unless there are none", async () => {
    expect(await everything({ sort: OLDEST, sorts: [{ by: "detectedAt", order: "DESC" }] })).toEqual((await everything({ sort: OLDEST })).toReversed());
    expect(await everything({ sort: OLDEST, sorts: [] })).toEqual(await everything({ sort: OLDEST }));
  });
});

describe("groups of alerts", () => {
  const GROUPS = "totalCount pageInfo { endCursor hasNextPage hasPreviousPage } edges { cursor node { value label count fieldSummaries { __typename ... on ValueCountSummary { fieldId values { value count } } ... on MinMaxSummary { fieldId min max } } } }";

  it("hold every alert once, the largest first, with summaries of other fields", async () => {
    const answer = await graph(simulator, `{ alertGroups(groupByFieldId: "detectionProduct", summaryFieldIds: ["severity", "detectedAt"]) { ${GROUPS} } }`);
    const edges = ((answer.json["data"] as Row)["alertGroups"] as { readonly edges: readonly { readonly node: { readonly value: string; readonly count: number; readonly fieldSummaries: readonly Row[] } }[] }).edges;
    const counts = edges.map(({ node }) => node.count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    for (const { node } of edges) {
      const [severities, times] = node.fieldSummaries;
      const values = (severities?.["values"] ?? []) as readonly { readonly count: number }[];
      expect(values.reduce((sum, value) => sum + value.count, 0)).toBe(node.count);
      expect(String(times?.["min"]) <= String(times?.["max"])).toBe(true);
    }
  });

  it("page forward and backward, and refuse a field alerts are not grouped by", async () => {
    const page = async (args: string): Promise<readonly string[]> => {
      const answer = await graph(simulator, `{ alertGroups(groupByFieldId: "severity", ${args}) { ${GROUPS} } }`);
      return ((answer.json["data"] as Row)["alertGroups"] as { readonly edges: readonly { readonly node: { readonly value: string } }[] }).edges.map(({ node }) => node.value);
    };
    const all = await page("first: 50");
    expect(await page('first: 2, after: "MQ"')).toEqual(all.slice(1, 3));
    expect(await page("last: 2")).toEqual(all.slice(-2));
    expect(await page('last: 1, before: "Mg"')).toEqual(all.slice(0, 1));
    expect((await graph(simulator, '{ alertGroups(groupByFieldId: "cmdLine") { totalCount } }')).text).toContain("Field cmdLine does not exist or not supported for GROUP_BY API call");
  });
});

describe("counts of values", () => {
  it("list what an enum could hold, and what has no value", async () => {
    const answer = await graph(simulator, '{ alertFiltersCount(fieldIds: ["confidenceLevel", "ticketIdExists"]) { data { fieldId values { value count } } } alertGroupByCount(fieldIds: ["confidenceLevel"], limit: 1) { data { hasNextPage values { value } } } }');
    const data = answer.json["data"] as { readonly alertFiltersCount: { readonly data: readonly { readonly values: readonly { readonly value: string | null; readonly count: number }[] }[] }; readonly alertGroupByCount: { readonly data: readonly { readonly hasNextPage: boolean; readonly values: readonly unknown[] }[] } };
    const [levels, tickets] = data.alertFiltersCount.data;
    expect(levels?.values.find(({ value }) => value === "INFORMATIONAL")?.count).toBe(0);
    expect(levels?.values.find(({ value }) => value === null)?.count).toBeGreaterThan(0);
    expect(levels?.values.reduce((sum, { count }) => sum + count, 0)).toBe(60);
    expect(tickets?.values.map(({ value }) => value).toSorted()).toEqual(["false", "true"]);
    expect(data.alertGroupByCount.data[0]).toMatchObject({ hasNextPage: true, values: [{}] });
  });
});
