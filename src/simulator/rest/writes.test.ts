import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator, type TokenName } from "../index.ts";
import { call, graph, NOW, pagination, rows, send, sorted, walk, type Answered, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 200, sites: 4, accounts: 2, seed: 9 });
});
afterAll(async () => {
  await simulator.close();
});

function at(record: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((here, key) => (here as Row | undefined)?.[key], record);
}

async function post(path: string, body: unknown, token: TokenName = "admin"): Promise<Answered> {
  return send(simulator, "POST", path, { body, token: simulator.tokens[token] });
}

async function the(path: string): Promise<Row> {
  const [first] = rows(await call(simulator, path));
  if (first === undefined) throw new Error(`${path} lists nothing`);
  return first;
}

function affected(answer: Answered): unknown {
  return at(answer.json, "data.affected");
}

/** Activities of one type about a record, newest first. */
async function told(filter: string): Promise<readonly Row[]> {
  return rows(await call(simulator, `/activities?${filter}&sortBy=createdAt&sortOrder=desc&limit=50`));
}

const OPEN = "/threats?incidentStatuses=unresolved&analystVerdicts=undefined&limit=1";

describe("verdicts and incidents", () => {
  it("change the threat, move its updatedAt on, and are told once with who did it", async () => {
    const threat = await the(OPEN);
    const id = String(threat["id"]);
    const ask = { data: { analystVerdict: "false_positive" }, filter: { ids: [id] } };
    const first = await post("/threats/analyst-verdict", ask, "soc");
    expect(at(first.json, "data")).toEqual({ affected: 1, details: [{ threatId: id, result: "updated" }] });
    expect(at((await post("/threats/analyst-verdict", ask, "soc")).json, "data")).toEqual({ affected: 0, details: [{ threatId: id, result: "already_set" }] });
    const now = await the(`/threats?ids=${id}`);
    expect([at(now, "threatInfo.analystVerdict"), at(now, "threatInfo.analystVerdictDescription")]).toEqual(["false_positive", "False positive"]);
    expect(String(at(now, "threatInfo.updatedAt")) > String(at(threat, "threatInfo.updatedAt"))).toBe(true);
    const activities = (await told(`threatIds=${id}&activityTypes=2030`)).filter((activity) => at(activity, "data.username") === "sim-soc");
    expect(activities.map((activity) => [at(activity, "data.newVerdict"), activity["agentId"], activity["siteId"]])).toEqual([["false_positive", at(threat, "agentRealtimeInfo.agentId"), at(threat, "agentRealtimeInfo.siteId")]]);
  });

  it("come together, each with its own result", async () => {
    const id = String((await the(OPEN))["id"]);
    const answer = await post("/threats/incident", { data: { incidentStatus: "in_progress", analystVerdict: "suspicious" }, filter: { ids: [id] } });
    expect(at(answer.json, "data")).toEqual({ affected: 1, details: [{ threatId: id, result: "updated", analystVerdict: "updated" }] });
    const entries = rows(await call(simulator, `/threats/${id}/timeline?limit=100`)).map((entry) => entry["activityType"]);
    expect(entries).toEqual(expect.arrayContaining([2028, 2030]));
  });

  it("of a whole site change that site alone", async () => {
    const site = String((await the("/sites"))["id"]);
    const open = pagination(await call(simulator, `/threats?siteIds=${site}&incidentStatusesNin=resolved&countOnly=true`)).totalItems;
    const elsewhere = pagination(await call(simulator, "/threats?incidentStatusesNin=resolved&countOnly=true")).totalItems - open;
    expect(affected(await post("/threats/incident", { data: { incidentStatus: "resolved" }, filter: { siteIds: [site] } }))).toBe(open);
    expect(pagination(await call(simulator, "/threats?incidentStatusesNin=resolved&countOnly=true")).totalItems).toBe(elsewhere);
  });

  it("of a STAR alert take either case and show display text", async () => {
    const alert = await the("/cloud-detection/alerts?incidentStatus=UNRESOLVED&analystVerdict=UNDEFINED");
    const id = String(at(alert, "alertInfo.alertId"));
    expect(affected(await post("/cloud-detection/alerts/incident", { data: { incidentStatus: "in_progress" }, filter: { ids: [id] } }))).toBe(1);
    expect(affected(await post("/cloud-detection/alerts/analyst-verdict", { data: { analystVerdict: "TRUE_POSITIVE" }, filter: { ids: [id] } }))).toBe(1);
    const now = await the(`/cloud-detection/alerts?ids=${id}`);
    expect([at(now, "alertInfo.incidentStatus"), at(now, "alertInfo.analystVerdict")]).toEqual(["In progress", "True positive"]);
    expect(rows(await call(simulator, `/activities?alertIds=${id}`)).length).toBe(2);
  });
});

describe("a threat and the alert that stands for it", () => {
  const QUERY = "query One($id: ID!) { alert(id: $id) { id externalId status analystVerdict result updatedAt } }";
  async function alertOf(id: string): Promise<Row> {
    return at((await graph(simulator, QUERY, { id })).json, "data.alert") as Row;
  }

  it("show each other's verdict and status, whichever of them a client changes", async () => {
    const threats = new Map([...simulator.truth("threats")].filter((threat) => at(threat, "threatInfo.incidentStatus") !== "resolved").map((threat) => [threat["id"], threat]));
    const [alert, other] = [...simulator.truth("alerts")].filter((one) => threats.has(one["externalId"]));
    const id = String(alert?.["externalId"]);
    await post("/threats/incident", { data: { incidentStatus: "resolved", analystVerdict: "true_positive" }, filter: { ids: [id] } });
    const now = await alertOf(String(alert?.["id"]));
    expect([now["status"], String(now["analystVerdict"]).slice(0, 13), String(now["updatedAt"]) > String(alert?.["updatedAt"])]).toEqual(["RESOLVED", "TRUE_POSITIVE", true]);
    const mutation = "mutation Set($filter: OrFilterSelectionInput, $actions: [TriggerActionInput!]) { alertTriggerActions(filter: $filter, actions: $actions) { __typename } }";
    const filter = { or: [{ and: [{ fieldId: "id", stringEqual: { value: other?.["id"] } }] }] };
    const actions = [
      { id: "S1/alert/statusUpdate", payload: { status: { value: "RESOLVED" } } },
      { id: "S1/alert/analystVerdictUpdate", payload: { analystVerdict: { value: "FALSE_POSITIVE_BENIGN" } } },
    ];
    expect(at((await graph(simulator, mutation, { filter, actions })).json, "data.alertTriggerActions.__typename")).toBe("ActionsTriggered");
    const threat = await the(`/threats?ids=${String(other?.["externalId"])}`);
    expect([at(threat, "threatInfo.incidentStatus"), at(threat, "threatInfo.incidentStatusDescription"), at(threat, "threatInfo.analystVerdict")]).toEqual(["resolved", "Resolved", "false_positive"]);
    expect((await alertOf(String(other?.["id"])))["analystVerdict"]).toBe("FALSE_POSITIVE_BENIGN");
  });
});

describe("mitigation", () => {
  it("changes the threat, frees its agent, and is told as command, answer and new status", async () => {
    const threat = await the("/threats?mitigationStatuses=not_mitigated&osTypes=windows&limit=1");
    const id = String(threat["id"]);
    const agent = String(at(threat, "agentRealtimeInfo.agentId"));
    const before = Number((await the(`/agents?ids=${agent}`))["activeThreats"]);
    const answer = await post("/threats/mitigate/quarantine", { filter: { ids: [id] } });
    expect([affected(answer), at((at(answer.json, "data.details") as readonly Row[])[0], "skipped")]).toEqual([1, []]);
    const now = await the(`/threats?ids=${id}`);
    expect(at(now, "threatInfo.mitigationStatus")).toBe("mitigated");
    expect((now["mitigationStatus"] as readonly Row[]).map((report) => report["action"])).toContain("quarantine");
    expect(Number((await the(`/agents?ids=${agent}`))["activeThreats"])).toBeLessThanOrEqual(before);
    expect((await told(`threatIds=${id}&activityTypes=2014,2004,4008`)).filter((activity) => at(activity, "data.source") === "API").map((activity) => activity["activityType"])).toEqual([4008, 2004, 2014]);
  });

  it("skips what the agent cannot do and what the role may not", async () => {
    const linux = String((await the("/threats?osTypes=linux&limit=1"))["id"]);
    const rollback = await post("/threats/mitigate/rollback-remediation", { filter: { ids: [linux] } });
    expect([affected(rollback), at((at(rollback.json, "data.details.0.skipped") as readonly Row[])[0], "reason")]).toEqual([0, "not_supported"]);
    expect((await post("/threats/mitigate/kill", { filter: { ids: [linux] } }, "viewer")).status).toBe(403);
    expect((await post("/threats/mitigate/wish-away", { filter: { ids: [linux] } })).status).toBe(400);
  });
});

describe("notes", () => {
  it("are added to every threat of a filter, edited and deleted", async () => {
    const ids = (await walk(simulator, "/threats?noteExists=false&limit=1000")).slice(0, 3).map((threat) => String(threat["id"]));
    const before = pagination(await call(simulator, "/threats?noteExists=true&countOnly=true")).totalItems;
    expect(affected(await post("/threats/notes", { data: { text: "asked <b>twice</b>" }, filter: { ids } }, "soc"))).toBe(3);
    expect(pagination(await call(simulator, "/threats?noteExists=true&countOnly=true")).totalItems).toBe(before + 3);
    const path = `/threats/${String(ids[0])}/notes`;
    const note = await the(path);
    expect([note["text"], note["creator"], note["edited"]]).toEqual(["asked <b>twice</b>", "sim-soc", false]);
    const edited = await send(simulator, "PUT", `${path}/${String(note["id"])}`, { body: { data: { text: "asked once" } } });
    expect([at(edited.json, "data.text"), at(edited.json, "data.edited")]).toEqual(["asked once", true]);
    expect((await send(simulator, "DELETE", `${path}/${String(note["id"])}`)).json).toEqual({ data: { success: true } });
    expect(rows(await call(simulator, path))).toEqual([]);
    expect((await send(simulator, "DELETE", `${path}/${String(note["id"])}`)).status).toBe(404);
  });

  it("are there from the start, the same for one seed, dated after their threat, and paged", async () => {
    const noted = await walk(simulator, "/threats?noteExists=true&limit=1000");
    expect(noted.length).toBeGreaterThan(3);
    const twin = await startSimulator({ now: NOW, agents: 200, sites: 4, accounts: 2, seed: 9 });
    const started = await walk(twin, "/threats?noteExists=true&limit=1000");
    const id = String(started.at(-1)?.["id"]);
    const notes = await walk(twin, `/threats/${id}/notes?limit=1`);
    expect(notes.length).toBeGreaterThan(0);
    expect(notes.every((note) => String(note["createdAt"]) > String(at(started.at(-1), "threatInfo.createdAt")))).toBe(true);
    expect(rows(await call(twin, `/threats/${id}/notes?creatorId=${String(notes[0]?.["creatorId"])}`)).length).toBeGreaterThan(0);
    await twin.close();
  });
});

describe("commands to agents", () => {
  it("isolate a machine and let it back, each told with its place", async () => {
    const agent = await the("/agents?isActive=true&networkStatuses=connected&isUninstalled=false&isDecommissioned=false&limit=1");
    const id = String(agent["id"]);
    for (const [action, status, type] of [["disconnect", "disconnected", 61], ["connect", "connected", 62]] as const) {
      expect(affected(await post(`/agents/actions/${action}`, { filter: { ids: [id] } }, "soc"))).toBe(1);
      const now = await the(`/agents?ids=${id}`);
      expect([now["networkStatus"], String(now["updatedAt"]) > String(agent["updatedAt"])]).toEqual([status, true]);
      const [last] = await told(`agentIds=${id}&activityTypes=${String(type)}`);
      expect([last?.["siteId"], last?.["groupId"], at(last, "data.computerName"), at(last, "data.username")]).toEqual([agent["siteId"], agent["groupId"], agent["computerName"], "sim-soc"]);
    }
  });

  it("scan every machine of a group, and no machine that is gone", async () => {
    const group = String((await the("/groups?isDefault=true"))["id"]);
    const here = await walk(simulator, `/agents?groupIds=${group}&limit=1000`);
    const standing = here.filter((agent) => agent["isDecommissioned"] === false && agent["isUninstalled"] === false);
    expect(affected(await post("/agents/actions/initiate-scan", { filter: { groupIds: [group] } }))).toBe(standing.length);
    expect((await walk(simulator, `/agents?groupIds=${group}&scanStatuses=started&limit=1000`)).map((agent) => agent["id"])).toEqual(standing.map((agent) => agent["id"]));
  });

  it("reach what the caller sees and nothing else", async () => {
    const site = String((await the("/sites"))["id"]);
    const foreign = await the(`/agents?limit=1&siteIds=${String((await walk(simulator, "/sites")).map((one) => one["id"]).find((id) => id !== site))}`);
    simulator.changeToken("expiring", { level: "site", ids: [site], role: "SOC" });
    expect(affected(await post("/agents/actions/disconnect", { filter: { ids: [foreign["id"]] } }, "expiring"))).toBe(0);
    expect((await the(`/agents?ids=${String(foreign["id"])}`))["networkStatus"]).toBe(foreign["networkStatus"]);
  });

  it("are refused to a role without the permission, and change nothing then", async () => {
    const agent = await the("/agents?limit=1");
    const before = JSON.stringify([...simulator.truth("agents")]);
    for (const action of ["disconnect", "connect", "initiate-scan", "shutdown", "uninstall"]) {
      const refused = await post(`/agents/actions/${action}`, { filter: { ids: [agent["id"]] } }, "viewer");
      expect([refused.status, at(refused.json, "errors.0.code")]).toEqual([403, 4_030_010]);
    }
    expect(JSON.stringify([...simulator.truth("agents")])).toBe(before);
  });
});

describe("bodies", () => {
  it.each([
    ["/threats/incident", {}, /filter|incidentStatus/u],
    ["/threats/incident", { data: { incidentStatus: "solved" }, filter: {} }, /incidentStatus/u],
    ["/threats/incident", { data: { incidentStatus: "resolved" } }, /filter: Missing/u],
    ["/threats/incident", { data: { incidentStatus: "resolved" }, filter: [] }, /filter: Invalid/u],
    ["/threats/incident", { data: { incidentStatus: "resolved" }, filter: { idz: ["1"] } }, /'idz'.*Unknown field/u],
    ["/threats/incident", { data: "resolved", filter: {} }, /data: Invalid/u],
    ["/threats/notes", { data: { text: "" }, filter: {} }, /text: Missing/u],
    ["/threats/notes", { data: { text: 5 }, filter: {} }, /text: Not a valid string/u],
    ["/agents/actions/disconnect", { filter: { osTypes: ["amiga"] } }, /osTypes/u],
    ["/agents/actions/disconnect", { filter: { __proto__x: true, constructor: ["x"] } }, /Unknown field/u],
    ["/agents/actions/broadcast", { filter: {} }, /message: Missing/u],
    ["/threats/fetch-file", { filter: {} }, /password: Missing/u],
  ])("of %s that make no sense are a 400 and change nothing: %j", async (path, body, detail) => {
    const before = simulator.requests().total;
    const activities = [...simulator.truth("activities")].length;
    const answer = await post(path, body);
    expect([answer.status, simulator.requests().total]).toEqual([400, before + 1]);
    expect(at(answer.json, "errors.0.detail")).toMatch(detail);
    expect([...simulator.truth("activities")].length).toBe(activities);
  });

  it("that name nobody change nobody", async () => {
    expect(affected(await post("/agents/actions/disconnect", { filter: { ids: ["1"] } }))).toBe(0);
    expect(at((await post("/threats/analyst-verdict", { data: { analystVerdict: "suspicious" }, filter: { ids: ["1"] } })).json, "data")).toEqual({ affected: 0, details: [] });
  });
});

describe("places", () => {
  it("lose a group to the site's default one, agents included", async () => {
    const group = await the("/groups?isDefault=false");
    const inside = (await walk(simulator, `/agents?groupIds=${String(group["id"])}&limit=1000`)).map((agent) => String(agent["id"]));
    expect(inside.length).toBeGreaterThan(0);
    expect((await send(simulator, "DELETE", `/groups/${String(group["id"])}`)).json).toEqual({ data: { success: true } });
    expect((await call(simulator, `/groups/${String(group["id"])}`)).status).toBe(404);
    const home = await the(`/groups?isDefault=true&siteIds=${String(group["siteId"])}`);
    const moved = await walk(simulator, `/agents?ids=${inside.join(",")}&limit=1000`);
    expect(sorted(moved.map((agent) => agent["groupId"]))).toEqual(inside.map(() => home["id"]));
    expect((await send(simulator, "DELETE", `/groups/${String(home["id"])}`)).status).toBe(400);
  });

  it("end and come back", async () => {
    const id = String((await the("/sites?states=active"))["id"]);
    expect(at((await post(`/sites/${id}/expire-now`, {})).json, "data.state")).toBe("expired");
    expect(rows(await call(simulator, "/sites?states=expired&limit=1000")).map((site) => site["id"])).toContain(id);
    const until = new Date(NOW + 86_400_000).toISOString();
    await send(simulator, "PUT", `/sites/${id}/reactivate`, { body: { data: { unlimited: false, expiration: until } } });
    const site = (await call(simulator, `/sites/${id}`)).json;
    expect([at(site, "data.state"), at(site, "data.expiration")]).toEqual(["active", until]);
  });
});
