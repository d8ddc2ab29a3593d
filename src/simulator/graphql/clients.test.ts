/** Requests in the shape that programs of others send them: what they ask, how they page, which keys they read. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { NOW, sorted, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 300, alerts: 240, seed: 7 });
});
afterAll(async () => {
  await simulator.close();
});

async function post(scheme: "ApiToken" | "Bearer", body: Row, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly json: Row }> {
  const response = await fetch(`${simulator.url}/web/api/v2.1/unifiedalerts/graphql`, {
    method: "POST",
    headers: { authorization: `${scheme} ${simulator.tokens.viewer}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Row };
}

interface Listing {
  readonly edges: readonly { readonly node: Row }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
  readonly totalCount: number;
}

function listing(answer: { readonly json: Row }): Listing {
  expect(answer.json["errors"]).toBeUndefined();
  return (answer.json["data"] as { readonly alerts: Listing }).alerts;
}

function truthOf(product: string): readonly string[] {
  return [...simulator.truth("alerts")].filter((alert) => (alert["detectionSource"] as Row)["product"] === product).map((alert) => String(alert["id"]));
}

describe("an identity collector that sends no page size and drops the time bound once it has a cursor", () => {
  const LIST = `query listIdentity($productName: String!, $after: String, $startDateTime: Long) {
    alerts(after: $after, filters: [{ fieldId: "detectionProduct", stringEqual: { value: $productName } }, { fieldId: "detectedAt", dateTimeRange: { start: $startDateTime, startInclusive: true } }], sort: { by: "detectedAt", order: ASC }) {
      edges { node { id name description detectedAt attackSurfaces detectionSource { product } status assignee { fullName } classification confidenceLevel firstSeenAt lastSeenAt process { cmdLine file { path sha1 sha256 md5 } parentName } result storylineId } }
      pageInfo { endCursor hasNextPage }
      totalCount
    }
  }`;
  const DETAIL = "query one($id: ID!) { alert(id: $id) { analystVerdict analytics { category } asset { agentUuid agentVersion category name osType osVersion type subcategory } rawData } }";

  async function collect(start: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    let after: string | null = null;
    let startDateTime: number | null = start;
    for (let page = 0; page < 20; page += 1) {
      const answer: Listing = listing(await post("Bearer", { operationName: "listIdentity", query: LIST, variables: { productName: "Identity", after, startDateTime } }));
      found.push(...answer.edges.map((edge) => edge.node));
      if (!answer.pageInfo.hasNextPage) return found;
      after = answer.pageInfo.endCursor;
      startDateTime = null;
    }
    throw new Error("the listing did not end");
  }

  it("gets every identity alert exactly once, oldest first", async () => {
    const found = await collect(NOW - 100 * 86_400_000);
    expect(found.length).toBeGreaterThan(50);
    expect(sorted(found.map((node) => node["id"]))).toEqual(sorted(truthOf("Identity")));
    const times = found.map((node) => String(node["detectedAt"]));
    expect(times).toEqual(times.toSorted());
    expect(times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u.test(time))).toBe(true);
  });

  it("starts where it is told to, and gets details with a raw event it can read", async () => {
    const week = await collect(NOW - 7 * 86_400_000);
    expect(week.length).toBeGreaterThan(0);
    expect(week.every((node) => Date.parse(String(node["detectedAt"])) >= NOW - 7 * 86_400_000)).toBe(true);
    for (const node of week.slice(0, 8)) {
      const answer = await post("Bearer", { query: DETAIL, variables: { id: node["id"] } });
      const detail = (answer.json["data"] as { readonly alert: Row }).alert;
      expect(Object.keys({ ...node, ...detail }).length).toBe(19);
      const raw = detail["rawData"] as { readonly class_uid: number; readonly finding_info: Row; readonly evidences: readonly Row[]; readonly resources: readonly { readonly type: string; readonly s1_metadata: Row }[] };
      expect(raw.class_uid).toBe(99_602_001);
      expect(raw.finding_info["title"]).toBe(node["name"]);
      expect(raw.resources[0]?.s1_metadata["account_id"]).toMatch(/^\d{19}$/u);
      expect(raw.resources[0]?.type).toMatch(/^(?:server|workstation|identity)::/u);
    }
  });
});

describe("a log shipper that reads two windows of time with the whole selection", () => {
  const SCOPE = "accountId accountName groupId groupName siteId siteName";
  const CLOUD = "accountId cloudProvider image instanceId instanceSize location network tags providerDetails { __typename ... on DetectionAws { accountId imageId instanceId instanceType region role securityGroups subnetIds tags vpcId } ... on DetectionAzure { imageId instanceId instanceType region resourceGroup subscriptionId tags } ... on DetectionGcp { imageId instanceId instanceType projectId serviceAccount tags vpcId zone } }";
  const KUBERNETES = "clusterName containerId containerImageName containerLabels containerName controllerLabels controllerName controllerType namespaceLabels namespaceName nodeLabels nodeName podLabels podName";
  const ASSET = "agentVersion consoleIpAddress domain ipV4 ipV4Addresses ipV6 ipV6Addresses lastLoggedInUser osName osRevision osType policy subscriptionTime";
  const QUERY = `query Alerts($first: Int, $after: String, $filters: [FilterInput!], $sort: SortInput) {
    alerts(first: $first, after: $after, filters: $filters, sort: $sort) {
      edges { node {
        id externalId name description severity status analystVerdict confidenceLevel classification result detectedAt createdAt firstSeenAt lastSeenAt updatedAt
        aiInvestigation { autoTriggered status timestamp verdict } analytics { category name typeValue uid } attackSurfaces availableActionIds dataSources exclusionHash noteExists storylineId ticketId
        assets { accessible agentUuid agentVersion assetTypeClassifier category connectivityToConsole decommissioned deleted id lastLoggedInUser name origin osType osVersion pendingReboot policy primary role status subcategory tags { key value type } }
        assignee { email fullName userId } detectionSource { product vendor }
        detectionTime { attacker { host ip } targetUser { domain emailAddress name } scope { ${SCOPE} } assets { accessible asset { ${ASSET} } cloud { ${CLOUD} } kubernetes { ${KUBERNETES} } origin scope { ${SCOPE} } } }
        process { cmdLine parentName file { certSubject md5 name path sha1 sha256 } }
        realTime { scope { account { id name } group { id name } site { id name } } }
        sloDetails { timeToResolveData { actionComplete actionDue completion completionTime status target targetTime } timeToResponseData { actionComplete actionDue completion completionTime status target targetTime } }
      } }
      pageInfo { hasNextPage endCursor }
    }
  }`;

  async function read(fieldId: "detectedAt" | "updatedAt", start: number, end: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    let after: string | undefined;
    for (let page = 0; page < 50; page += 1) {
      const variables: Row = { first: 25, ...(after === undefined ? {} : { after }), filters: [{ fieldId, dateTimeRange: { start, startInclusive: false, end } }], sort: { by: fieldId, order: "ASC" } };
      const answer: Listing = listing(await post("Bearer", { query: QUERY, variables }));
      expect(Array.isArray(answer.edges)).toBe(true);
      found.push(...answer.edges.map((edge) => edge.node));
      if (!answer.pageInfo.hasNextPage) return found;
      after = answer.pageInfo.endCursor ?? "";
    }
    throw new Error("the listing did not end");
  }

  it("gets what the windows hold, excluding the start and including the end", async () => {
    const truth = [...simulator.truth("alerts")];
    for (const field of ["detectedAt", "updatedAt"] as const) {
      const times = truth.map((alert) => Date.parse(String(alert[field]))).toSorted((a, b) => a - b);
      const [start, end] = [times[40] ?? 0, times[180] ?? 0];
      const inside = truth.filter((alert) => Date.parse(String(alert[field])) > start && Date.parse(String(alert[field])) <= end);
      expect(sorted((await read(field, start, end)).map((node) => node["id"]))).toEqual(sorted(inside.map((alert) => alert["id"])));
    }
  });

  it("finds every provider of the cloud under its own type, and the workload beside it", async () => {
    const nodes = await read("detectedAt", 0, NOW);
    const assets = nodes.flatMap((node) => (node["detectionTime"] as { readonly assets: readonly { readonly cloud: Row | null; readonly kubernetes: Row | null }[] }).assets).filter((asset) => asset.cloud !== null);
    const providers = new Map(assets.map(({ cloud }) => [String(cloud?.["cloudProvider"]), cloud?.["providerDetails"] as Row]));
    expect(sorted([...providers.keys()])).toEqual(["AWS", "Azure", "GCP"]);
    expect([providers.get("AWS")?.["vpcId"], providers.get("Azure")?.["resourceGroup"], providers.get("GCP")?.["projectId"]].every((value) => typeof value === "string")).toBe(true);
    expect(assets.every(({ kubernetes }) => typeof kubernetes?.["podName"] === "string")).toBe(true);
  });
});

describe("a cloud SIEM's connector that asks for the newest thousand", () => {
  it("gets them newest first, with milliseconds as bounds, whatever the scheme of its token", async () => {
    const query = 'query ($first: Int, $after: String, $filters: [FilterInput!], $sort: SortInput) { alerts(first: $first, after: $after, filters: $filters, sort: $sort) { totalCount pageInfo { endCursor hasNextPage } edges { node { id detectedAt } } } }';
    const variables = { first: 1000, after: null, filters: [{ fieldId: "detectedAt", dateTimeRange: { start: NOW - 30 * 86_400_000, startInclusive: true, end: NOW, endInclusive: false } }], sort: { by: "detectedAt", order: "DESC" } };
    const [one, other] = [listing(await post("ApiToken", { query, variables })), listing(await post("Bearer", { query, variables }))];
    expect(one).toEqual(other);
    expect(one.totalCount).toBe(one.edges.length);
    const times = one.edges.map(({ node }) => String(node["detectedAt"]));
    expect(times).toEqual(times.toSorted().toReversed());
  });
});

describe("a collector that reads details through named fragments", () => {
  const FRAGMENTS = `
    fragment A on Account { id name } fragment An on Analytics { category name type typeValue uid } fragment As on Asset { id name category osType type } fragment U on User { userId email fullName }
    fragment At on DetectionAttackerDetails { host ip } fragment C on DetectionCloud { cloudProvider accountId } fragment F on FileDetail { name path sha1 size certExpiresAt } fragment G on Group { id name }
    fragment K on DetectionKubernetes { podName containerNetworkStatus } fragment O on Observable { name type typeName value } fragment S on Site { id name } fragment So on DetectionSource { product vendor engine }
    fragment Ta on Tactic { name uid } fragment Tu on DetectionTargetUserDetails { name domain } fragment Te on Technique { name uid } fragment Att on Attack { tactic { ...Ta } technique { ...Te } version }
    fragment P on ProcessDetail { cmdLine parentName username file { ...F } } fragment Sc on Scope { account { ...A } site { ...S } group { ...G } } fragment R on RealTime { scope { ...Sc } }
    fragment D on DetectionTime { attacker { ...At } cloud { ...C } kubernetes { ...K } targetUser { ...Tu } } fragment I on Indicator { uid id type title message eventTime severity primary observables { ...O } attacks { ...Att } }
    fragment Pi on PageInfo { startCursor endCursor hasNextPage hasPreviousPage }`;

  it("finds every type it names, and reads each alert whole", async () => {
    const used = `query GetAlerts($first: Int, $after: String, $filters: [FilterInput!]) { alerts(first: $first, after: $after, filters: $filters) { edges { node { id } } pageInfo { ...Pi } totalCount } } fragment Pi on PageInfo { startCursor endCursor hasNextPage hasPreviousPage }`;
    const page = listing(await post("Bearer", { operationName: "GetAlerts", query: used, variables: { first: 100, after: null, filters: [{ fieldId: "detectedAt", dateTimeRange: { start: NOW - 90 * 86_400_000, end: NOW, endInclusive: false } }] } }));
    expect(page.edges.length).toBe(100);
    const detail = `query GetAlert($id: ID!) { alert(id: $id) { id fileHash fileName exclusionHash analytics { ...An } asset { ...As } assignee { ...U } detectionSource { ...So } process { ...P } realTime { ...R } detectionTime { ...D } indicators { ...I } observables { ...O } rawData } } ${FRAGMENTS.replace(/fragment Pi [^}]*\}/u, "")}`;
    for (const { node } of page.edges.slice(0, 20)) {
      const answer = await post("Bearer", { operationName: "GetAlert", query: detail, variables: { id: node["id"] } });
      expect(answer.json["errors"]).toBeUndefined();
      const alert = (answer.json["data"] as { readonly alert: Row }).alert;
      expect((alert["indicators"] as readonly Row[]).length).toBeGreaterThan(0);
      expect((alert["realTime"] as { readonly scope: { readonly site: Row } }).scope.site["id"]).toMatch(/^\d{19}$/u);
    }
  });
});

describe("a playbook that looks at one alert and works on it", () => {
  it("reads raw indicators, adds a note, and closes the alert by a filter on its id", async () => {
    const [first] = listing(await post("ApiToken", { query: "{ alerts(first: 1, viewType: ENDPOINT) { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } }" })).edges;
    const id = first?.node["id"];
    const raw = await post("ApiToken", { query: "query ($id: ID!) { alertWithRawIndicators(id: $id) { alert { id name severity analystVerdict } eventSearchParams { accountId startTime endTime filter type view { type } } hasNextPage rawIndicators } }", variables: { id } });
    const found = (raw.json["data"] as { readonly alertWithRawIndicators: { readonly rawIndicators: readonly Row[]; readonly hasNextPage: boolean } }).alertWithRawIndicators;
    expect([found.hasNextPage, found.rawIndicators.length]).toEqual([false, 1]);
    const soc = { authorization: `ApiToken ${simulator.tokens.soc}` };
    const noted = await post("ApiToken", { query: "mutation ($id: ID!, $text: String!, $type: ContentType) { addAlertNote(alertId: $id, text: $text, type: $type) { data { id text } } }", variables: { id, text: "seen by a playbook", type: "PLAIN_TEXT" } }, soc);
    expect((noted.json["data"] as { readonly addAlertNote: { readonly data: readonly Row[] } }).addAlertNote.data.at(-1)?.["text"]).toBe("seen by a playbook");
    const closed = await post("ApiToken", { query: "mutation Close($filter: OrFilterSelectionInput, $scope: ScopeSelectorInput, $actions: [TriggerActionInput!]) { alertTriggerActions(filter: $filter, scope: $scope, actions: $actions, viewType: ALL) { ... on ActionsTriggered { actions { actionId success { id } failure { id errorMessage __typename } skip { id } } } ... on TriggerActionsError { errors { errorMessage } } ... on TriggerActionsScheduled { bulkActionTriggerId } __typename } }", variables: { filter: { or: [{ and: [{ fieldId: "id", stringEqual: { value: id } }] }] }, scope: null, actions: [{ id: "S1/alert/analystVerdictUpdate", payload: { analystVerdict: { value: "FALSE_POSITIVE_USER_ERROR" } } }] } }, soc);
    expect(JSON.stringify(closed.json)).toContain(`"success":[{"id":"${String(id)}"}]`);
  });
});

describe("a client that fetches the schema before it asks", () => {
  it("gets an introspection it can build the schema from, and the same schema as text", async () => {
    const { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema, lexicographicSortSchema } = await import("graphql");
    const answer = await post("Bearer", { query: getIntrospectionQuery() });
    const introspected = buildClientSchema(answer.json["data"] as never);
    const text = await (await fetch(`${simulator.url}/web/api/v2.1/unifiedalerts/graphql/schema`, { method: "POST", headers: { authorization: `Bearer ${simulator.tokens.viewer}` } })).text();
    expect(printSchema(lexicographicSortSchema(introspected))).toBe(printSchema(lexicographicSortSchema(buildSchema(text))));
  });

  it("can filter every column the metadata names, with each comparator it lists", async () => {
    const small = await startSimulator({ now: NOW, agents: 20, alerts: 12, seed: 7 });
    const post = async (_scheme: string, body: Row): Promise<{ readonly json: Row }> => {
      const response = await fetch(`${small.url}/web/api/v2.1/unifiedalerts/graphql`, { method: "POST", headers: { authorization: `Bearer ${small.tokens.viewer}` }, body: JSON.stringify(body) });
      return { json: (await response.json()) as Row };
    };
    const answer = await post("Bearer", { query: "{ alertColumnMetadata { fieldId dataType filterTypes enumValues sortable groupable path { detailsApi } uql { fieldFormat filterOperatorTypes sortable supportsCountBy } } }" });
    const columns = (answer.json["data"] as { readonly alertColumnMetadata: readonly { readonly fieldId: string; readonly filterTypes: readonly string[]; readonly sortable: boolean; readonly groupable: boolean }[] }).alertColumnMetadata;
    expect(columns.length).toBe(111);
    const comparators: Readonly<Record<string, string>> = {
      FULLTEXT: 'match: { values: ["x"] }',
      STRING_STARTS_WITH: 'match: { operator: startsWith, values: ["x"] }',
      STRING_ENDS_WITH: 'match: { operator: endsWith, value: ["x"] }',
      STRING_EQUAL: 'stringEqual: { value: "x" }',
      STRING_IN: 'stringIn: { values: ["x", null] }',
      DATE_RANGE: "dateTimeRange: { start: 5, end: null }",
      BOOLEAN_EQUAL: "booleanEqual: { value: true }",
      BOOLEAN_IN: "booleanIn: { values: [false, null] }",
      LONG_EQUAL: "longEqual: { value: 1 }",
      LONG_IN: "longIn: { values: [2110000000000000001, null] }",
    };
    const parts = columns.flatMap(({ fieldId, filterTypes, sortable, groupable }, at) => [
      ...filterTypes.map((type, n) => `f${String(at)}_${String(n)}: alerts(first: 1, filters: [{ fieldId: "${fieldId}", ${comparators[type] ?? type} }]) { totalCount }`),
      ...(sortable ? [`s${String(at)}: alerts(first: 1, sorts: [{ by: "${fieldId}", order: DESC }]) { pageInfo { endCursor } }`] : []),
      ...(groupable ? [`g${String(at)}: alertGroups(first: 1, groupByFieldId: "${fieldId}") { totalCount }`] : []),
    ]);
    for (let at = 0; at < parts.length; at += 60) {
      const answered = await post("Bearer", { query: `{ ${parts.slice(at, at + 60).join(" ")} }` });
      expect(answered.json["errors"]).toBeUndefined();
    }
    await small.close();
  });
});
