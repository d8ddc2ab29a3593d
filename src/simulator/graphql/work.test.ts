import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { call, graph, NOW, rows, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ now: NOW, agents: 120, alerts: 90, seed: 21 });
});
afterEach(async () => {
  await simulator.close();
});

async function data(query: string, variables: Row = {}, token?: string): Promise<Row> {
  const answer = await graph(simulator, query, variables, token);
  if (answer.json["errors"] !== undefined) throw new Error(answer.text);
  return answer.json["data"] as Row;
}

function alertsWhere(test: (alert: Row) => boolean): readonly Row[] {
  return [...simulator.truth("alerts")].filter(test);
}

function product(alert: Row): unknown {
  return (alert["detectionSource"] as Row)["product"];
}

function anAlert(test: (alert: Row) => boolean = () => true): Row {
  const [found] = alertsWhere(test);
  if (found === undefined) throw new Error("the estate holds no such alert");
  return found;
}

const only = (...ids: readonly unknown[]): Row => ({ or: [{ and: [{ fieldId: "id", stringIn: { values: ids } }] }] });

const TRIGGER = `mutation ($actions: [TriggerActionInput!], $filter: OrFilterSelectionInput, $scope: ScopeSelectorInput) {
  alertTriggerActions(actions: $actions, filter: $filter, scope: $scope) {
    __typename
    ... on ActionsTriggered { actions { actionId alertCount success { id } skip { id skipType } failure { id errorType errorMessage } } }
    ... on TriggerActionsError { errors { errorMessage errorPayload { __typename ... on ActionsErrorLimitPayload { limit } } } }
    ... on TriggerActionsScheduled { executionId }
  }
}`;

interface Triggered {
  readonly __typename: string;
  readonly actions: readonly { readonly actionId: string; readonly success: readonly Row[]; readonly skip: readonly Row[]; readonly failure: readonly Row[] }[];
}

async function trigger(id: unknown, actions: readonly Row[], token?: string): Promise<Triggered> {
  return (await data(TRIGGER, { actions, filter: only(id) }, token))["alertTriggerActions"] as Triggered;
}

function now(id: unknown): Row {
  return anAlert((alert) => alert["id"] === id);
}

describe("actions on alerts", () => {
  it("change status, verdict, assignee, ticket and notes, each with its history and an activity", async () => {
    const alert = anAlert((one) => one["status"] === "NEW");
    const [user] = [...simulator.truth("users")].slice(3);
    const result = await trigger(alert["id"], [
      { id: "S1/alert/statusUpdate", payload: { status: { value: "IN_PROGRESS" } } },
      { id: "S1/alert/analystVerdictUpdate", payload: { analystVerdict: { value: "TRUE_POSITIVE_PHISHING_ATTACK" } } },
      { id: "S1/alert/assignUser", payload: { assignUser: { value: String(user?.["id"]) } } },
      { id: "S1/alert/setTicketId", payload: { ticketId: { value: "INC-77" } } },
      { id: "S1/alert/addNote", payload: { note: { value: "looks like mail" } } },
    ]);
    expect(result.actions.map((action) => [action.success.length, action.skip.length, action.failure.length])).toEqual(Array.from({ length: 5 }, () => [1, 0, 0]));
    expect(now(alert["id"])).toMatchObject({ status: "IN_PROGRESS", analystVerdict: "TRUE_POSITIVE_PHISHING_ATTACK", ticketId: "INC-77", noteExists: true, assignee: { userId: user?.["id"], fullName: user?.["fullName"] } });
    expect(Date.parse(String(now(alert["id"])["updatedAt"]))).toBeGreaterThan(Date.parse(String(alert["updatedAt"])));
    const told = await data("query ($id: ID!) { alertHistory(alertId: $id, first: 5) { edges { node { eventType eventText } } } alertNotes(alertId: $id) { data { text createdBy { ... on UserNoteAuthor { fullName } } } } }", { id: alert["id"] });
    const history = (told["alertHistory"] as { readonly edges: readonly { readonly node: Row }[] }).edges.map(({ node }) => node["eventType"]);
    expect(history).toEqual(["NOTES", "TICKET_ID", "USER_ASSIGNMENT", "ANALYST_VERDICT", "STATUS"]);
    expect((told["alertNotes"] as { readonly data: readonly Row[] }).data).toEqual([{ text: "looks like mail", createdBy: { fullName: "sim-admin" } }]);
    const activities = rows(await call(simulator, "/activities?activityTypes=16001,16002,16004,16007&sortBy=createdAt&sortOrder=desc&limit=10"));
    expect(activities.slice(0, 4).map((activity) => activity["activityType"])).toEqual([16_007, 16_004, 16_002, 16_001]);
  });

  it("take a user's id as a number with every digit, in the query and in the variables", async () => {
    const [first, second] = alertsWhere((one) => one["assignee"] === null);
    const [user] = [...simulator.truth("users")].slice(5);
    const id = String(user?.["id"]);
    const text = (alert: unknown, value: string): string => `mutation M${value === "$v" ? "($v: Long)" : ""} { alertTriggerActions(actions: [{ id: "S1/alert/assignUser", payload: { assignUser: { value: ${value} } } }], filter: { or: [{ and: [{ fieldId: "id", stringEqual: { value: "${String(alert)}" } }] }] }) { __typename } }`;
    await data(text(first?.["id"], id));
    const response = await fetch(`${simulator.url}/web/api/v2.1/unifiedalerts/graphql`, {
      method: "POST",
      headers: { authorization: `ApiToken ${simulator.tokens.admin}`, "content-type": "application/json" },
      body: `{"query":${JSON.stringify(text(second?.["id"], "$v"))},"variables":{"v":${id}}}`,
    });
    expect(response.status).toBe(200);
    expect([now(first?.["id"])["assignee"], now(second?.["id"])["assignee"]].map((person) => (person as Row)["userId"])).toEqual([id, id]);
    const found = await fetch(`${simulator.url}/web/api/v2.1/unifiedalerts/graphql`, { method: "POST", headers: { authorization: `Bearer ${simulator.tokens.admin}` }, body: `{"query":"query ($v: Long) { alerts(filters: [{ fieldId: \\"assigneeUserId\\", longEqual: { value: $v } }]) { edges { node { assignee { userId } } } } }","variables":{"v":${id}}}` });
    const edges = ((await found.json()) as { readonly data: { readonly alerts: { readonly edges: readonly { readonly node: { readonly assignee: Row } }[] } } }).data.alerts.edges;
    expect(edges.length).toBeGreaterThanOrEqual(2);
    expect(edges.every(({ node }) => node.assignee["userId"] === id)).toBe(true);
    expect((await trigger(first?.["id"], [{ id: "S1/alert/assignUser", payload: { assignUser: { value: null } } }])).actions[0]?.success.length).toBe(1);
    expect(now(first?.["id"])["assignee"]).toBeNull();
  });

  it("say why they were skipped or failed, in an answer that looks like success", async () => {
    const mail = anAlert((one) => product(one) === "Postbox Guard");
    const result = await trigger(mail["id"], [
      { id: "S1/alert/statusUpdate", payload: { status: { value: mail["status"] } } },
      { id: "S1/kill" },
      { id: "S1/alert/eventSearch" },
      { id: "S1/alert/assignUser", payload: { assignUser: { value: "42" } } },
      { id: "S1/alert/statusUpdate" },
      { id: "S1/alert/addNote", payload: { note: { value: "a" }, ticketId: { value: "b" } } },
    ]);
    expect(result.__typename).toBe("ActionsTriggered");
    expect(result.actions.map((action) => action.skip[0]?.["skipType"] ?? action.failure[0]?.["errorType"])).toEqual(["NO_CHANGE", "NOT_SUPPORTED", "UI_ONLY", "ILLEGAL_ARGUMENTS", "ILLEGAL_ARGUMENTS", "ILLEGAL_ARGUMENTS"]);
    expect(now(mail["id"])).toEqual(mail);
  });

  it("stop programs and cut machines off, with results that tell", async () => {
    const alert = anAlert((one) => product(one) === "EDR" && one["result"] === "UNMITIGATED");
    const before = await data("query ($id: ID!) { alertMitigationActionResults(alertId: $id) { data { id } } }", { id: alert["id"] });
    expect(before["alertMitigationActionResults"]).toEqual({ data: [] });
    await trigger(alert["id"], [{ id: "S1/quarantine" }, { id: "S1/disconnectFromNetwork" }]);
    const after = await data("query ($id: ID!) { alert(id: $id) { result } alertMitigationActionResults(alertId: $id) { data { __typename id status mitigationActionType ... on S1MitigationActionResult { successCount } } } alertTimeline(alertId: $id, filter: { itemTypes: [MITIGATION] }) { edges { node { timelineItemData { ... on MitigationActionTimelineItemData { mitigationActionType details { ... on S1MitigationActionTimelineItemDetails { successCount } } } } } } } }", { id: alert["id"] });
    expect(after["alert"]).toEqual({ result: "MITIGATED" });
    expect((after["alertMitigationActionResults"] as { readonly data: readonly Row[] }).data.map((one) => [one["__typename"], one["mitigationActionType"], one["status"], one["successCount"]])).toEqual([
      ["S1MitigationActionResult", "QUARANTINE", "SUCCESS", 1],
      ["S1MitigationActionResult", "WORKFLOW", "SENT", 0],
    ]);
    expect((after["alertTimeline"] as { readonly edges: readonly unknown[] }).edges.length).toBe(2);
    const machine = ((alert["rawData"] as Row)["resources"] as readonly Row[])[0]?.["uid"];
    expect(rows(await call(simulator, `/agents?ids=${String(machine)}`))[0]?.["networkStatus"]).toBe("disconnected");
    expect((await data('{ alerts(filters: [{ fieldId: "mitigationHasQuarantineFiles", booleanEqual: { value: true } }], first: 1000) { edges { node { id } } } }'))["alerts"]).toMatchObject({ edges: expect.arrayContaining([{ node: { id: alert["id"] } }]) as unknown });
  });

  it("reach all alerts without a filter, but only those of the caller", async () => {
    const mine = (await data("{ alerts { totalCount } }", {}, simulator.tokens.site))["alerts"] as { readonly totalCount: number };
    simulator.changeToken("site", { role: "SOC" });
    const result = (await data(TRIGGER, { actions: [{ id: "S1/alert/setTicketId", payload: { ticketId: { value: "ALL" } } }], filter: null }, simulator.tokens.site))["alertTriggerActions"] as Triggered;
    expect(result.actions[0]?.success.length).toBe(mine.totalCount);
    expect(alertsWhere((one) => one["ticketId"] === "ALL").length).toBe(mine.totalCount);
    expect(mine.totalCount).toBeLessThan(90);
  });

  it("fail for a role that may only look, and change nothing", async () => {
    const alert = anAlert((one) => one["status"] === "NEW");
    const result = await trigger(alert["id"], [{ id: "S1/alert/statusUpdate", payload: { status: { value: "RESOLVED" } } }], simulator.tokens.viewer);
    expect(result.actions[0]?.failure).toEqual([{ id: alert["id"], errorType: "MISSING_PERMISSION", errorMessage: "Missing permission to perform the action" }]);
    expect((await graph(simulator, 'mutation ($id: ID!) { addAlertNote(alertId: $id, text: "x") { data { id } } }', { id: alert["id"] }, simulator.tokens.viewer)).json["data"]).toBeNull();
    expect(now(alert["id"])).toEqual(alert);
    expect((await graph(simulator, "{ alerts { totalCount } }", {}, simulator.tokens.inventory)).status).toBe(403);
  });

  it("refuse a status there is none of", async () => {
    const answer = await graph(simulator, TRIGGER, { actions: [{ id: "S1/alert/statusUpdate", payload: { status: { value: "CLOSED" } } }], filter: only("1") });
    expect(answer.text).toContain("Invalid input for enum 'Status'. No value found for name 'CLOSED'");
  });
});

describe("large selections", () => {
  it("are scheduled above a few hundred alerts, and refused above ten thousand", async () => {
    await simulator.close();
    simulator = await startSimulator({ now: NOW, agents: 50, alerts: 10_001, seed: 2 });
    const ticket = [{ id: "S1/alert/setTicketId", payload: { ticketId: { value: "BULK" } } }];
    expect((await data(TRIGGER, { actions: ticket, filter: null }))["alertTriggerActions"]).toEqual({ __typename: "TriggerActionsError", errors: [{ errorMessage: "Actions can be triggered on at most 10000 alerts", errorPayload: { __typename: "ActionsErrorLimitPayload", limit: 10_000 } }] });
    const some = { or: [{ and: [{ fieldId: "detectionProduct", stringEqual: { value: "Wirewatch" } }] }] };
    const scheduled = (await data(TRIGGER, { actions: ticket, filter: some }))["alertTriggerActions"] as Row;
    expect(scheduled["__typename"]).toBe("TriggerActionsScheduled");
    const done = (await data('{ alerts(filters: [{ fieldId: "ticketId", stringEqual: { value: "BULK" } }]) { totalCount } }'))["alerts"] as { readonly totalCount: number };
    expect(done.totalCount).toBe(alertsWhere((one) => product(one) === "Wirewatch").length);
    expect(done.totalCount).toBeGreaterThan(500);
  });
});

describe("available actions", () => {
  const AVAILABLE = "query ($filter: OrFilterSelectionInput, $types: [ActionType!]) { alertAvailableActions(filter: $filter, actionTypes: $types) { data { id title provider types isDisabled labels targets { type value } triggersActions triggeredAfter data { __typename ... on AlertActionData { ids } } } errors { errorMessage } } }";

  it("are those of the product that raised the alert, one per kind of change", async () => {
    const alert = anAlert((one) => product(one) === "EDR");
    const found = (await data(AVAILABLE, { filter: only(alert["id"]) }))["alertAvailableActions"] as { readonly data: readonly Row[]; readonly errors: readonly unknown[] };
    expect(found.errors).toEqual([]);
    expect(found.data.map((action) => action["id"])).toEqual(expect.arrayContaining(["S1/alert/statusUpdate", "S1/kill", "S1/addToBlocklist", "S1/disconnectFromNetwork"]));
    for (const type of ["STATUS_UPDATE", "ANALYST_VERDICT_UPDATE", "SET_TICKET_ID"]) expect(found.data.filter((action) => (action["types"] as readonly string[]).includes(type)).length).toBe(1);
    const listed = anAlert((one) => one["id"] === alert["id"])["availableActionIds"];
    expect(found.data.map((action) => action["id"])).toEqual(listed);
    const narrowed = (await data(AVAILABLE, { filter: only(alert["id"]), types: ["STATUS_UPDATE"] }))["alertAvailableActions"] as { readonly data: readonly Row[] };
    expect(narrowed.data.map((action) => action["id"])).toEqual(["S1/alert/statusUpdate"]);
  });

  it("are none without a filter or for a filter that selects nothing, and few for who may only look", async () => {
    const ids = async (filter: Row | null, token?: string): Promise<readonly unknown[]> => ((await data(AVAILABLE, { filter }, token))["alertAvailableActions"] as { readonly data: readonly Row[] }).data.map((action) => action["id"]);
    expect(await ids(null)).toEqual([]);
    expect(await ids(only("nothing"))).toEqual([]);
    expect(await ids(only(anAlert()["id"]), simulator.tokens.viewer)).toEqual(["S1/alert/eventSearch"]);
  });
});

describe("notes", () => {
  const ADD = "mutation ($id: ID!, $text: String!) { addAlertNote(alertId: $id, text: $text, type: MARKDOWN) { data { id alertId text type createdAt updatedAt author { fullName } } } }";
  const UPDATE = 'mutation ($note: ID!) { updateAlertNote(alertNoteId: $note, text: "second") { data { id text type } } }';
  const DELETE = "mutation ($note: ID!) { deleteAlertNote(alertNoteId: $note) { data { id } } }";

  it("are added at once, but can be changed only after half a minute", async () => {
    const alert = anAlert((one) => one["noteExists"] === false);
    const added = ((await data(ADD, { id: alert["id"], text: "first" }))["addAlertNote"] as { readonly data: readonly Row[] }).data;
    expect(added).toMatchObject([{ alertId: alert["id"], text: "first", type: "MARKDOWN", author: { fullName: "sim-admin" } }]);
    expect(now(alert["id"])["noteExists"]).toBe(true);
    const note = added[0]?.["id"];
    expect((await graph(simulator, UPDATE, { note })).text).toContain(`Alert Note with ID ${String(note)} does not have mgmt_note_id set, unable to edit, try again later!`);
    expect((await graph(simulator, DELETE, { note })).text).toContain("unable to delete, try again later!");
    simulator.advance(31_000);
    expect((await data(UPDATE, { note }))["updateAlertNote"]).toEqual({ data: [{ id: note, text: "second", type: "PLAIN_TEXT" }] });
    expect((await data(DELETE, { note }))["deleteAlertNote"]).toEqual({ data: [] });
    expect(now(alert["id"])["noteExists"]).toBe(false);
    expect((await graph(simulator, DELETE, { note })).text).toContain("not found");
  });

  it("that were there before can be read, changed and deleted like any other", async () => {
    const alert = anAlert((one) => one["noteExists"] === true);
    const read = ((await data("query ($id: ID!) { alertNotes(alertId: $id) { data { id text } } }", { id: alert["id"] }))["alertNotes"] as { readonly data: readonly Row[] }).data;
    expect(read.length).toBe(1);
    expect((await data(DELETE, { note: read[0]?.["id"] }))["deleteAlertNote"]).toEqual({ data: [] });
  });

  it("of an alert out of sight are out of reach", async () => {
    simulator.changeToken("site", { role: "SOC" });
    const [site] = [...simulator.truth("sites")];
    const elsewhere = anAlert((one) => (((one["realTime"] as Row)["scope"] as Row)["site"] as Row)["id"] !== site?.["id"]);
    const answer = await graph(simulator, ADD, { id: elsewhere["id"], text: "x" }, simulator.tokens.site);
    expect(answer.text).toContain("Exception while fetching data (/addAlertNote) : Required value was null.");
    expect(now(elsewhere["id"])).toEqual(elsewhere);
  });
});

describe("history", () => {
  it("stays as it was told when more is added, in pages, filtered, and as text for a spreadsheet", async () => {
    const alert = anAlert((one) => one["status"] === "RESOLVED");
    const read = async (args = ""): Promise<readonly Row[]> => ((await data(`query ($id: ID!) { alertHistory(alertId: $id${args}) { edges { node { createdAt eventType eventText } } } }`, { id: alert["id"] }))["alertHistory"] as { readonly edges: readonly { readonly node: Row }[] }).edges.map(({ node }) => node);
    const before = await read();
    expect(before.length).toBeGreaterThanOrEqual(2);
    await trigger(alert["id"], [{ id: "S1/alert/statusUpdate", payload: { status: { value: "NEW" } } }]);
    const after = await read();
    expect(after.slice(1)).toEqual(before);
    expect(after[0]).toMatchObject({ eventType: "STATUS", eventText: "Alert status was changed from RESOLVED to NEW" });
    expect(await read(', first: 1, after: "MQ"')).toEqual(before.slice(0, 1));
    expect((await read(", filter: { itemTypes: [STATUS] }")).every((item) => item["eventType"] === "STATUS")).toBe(true);
    expect((await read(', filter: { text: "resolved to new" }')).length).toBe(1);
    const csv = (await data("query ($id: ID!) { alertHistoryCsvExport(alertId: $id) { data } }", { id: alert["id"] }))["alertHistoryCsvExport"] as { readonly data: string };
    expect(csv.data.trim().split("\n").length).toBe(after.length + 1);
  });
});

describe("exports", () => {
  it("hold every alert of the filter in one line, quoted where they must be", async () => {
    const all = (await data('{ alertsCsvExport(filters: [{ fieldId: "severity", stringIn: { values: ["CRITICAL"] } }]) { data } }'))["alertsCsvExport"] as { readonly data: string };
    expect(all.data.trim().split("\n").length).toBe(alertsWhere((one) => one["severity"] === "CRITICAL").length + 1);
    const alert = anAlert();
    simulator.mutate({ stream: "alerts", action: "update", ids: [String(alert["id"])], set: { name: 'Odd, "quoted"\nname' } });
    const one = (await data("query ($id: String) { alertsCsvExport(filters: [{ fieldId: \"id\", stringEqual: { value: $id } }]) { data } }", { id: alert["id"] }))["alertsCsvExport"] as { readonly data: string };
    expect(one.data).toContain('"Odd, ""quoted""\nname"');
  });
});
