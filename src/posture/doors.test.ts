import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "../../test/support/world.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { LOCAL_ACTOR } from "../server/auth.ts";

const HOST = { host: "127.0.0.1" };

let world: World;
let bearer = "";
let agents: readonly Readonly<Record<string, unknown>>[] = [];
let device: { readonly id: string; readonly serial: string };

function call(method: "GET" | "POST" | "DELETE", path: string, headers: Readonly<Record<string, string>>, payload?: object) {
  return world.hub.app.inject({ method, url: `/api/v1/posture/${path}`, headers: { ...HOST, ...headers }, ...(payload === undefined ? {} : { payload }) });
}

const key = (): Readonly<Record<string, string>> => ({ authorization: `Bearer ${bearer}` });

async function rules(...list: readonly object[]): Promise<void> {
  const answer = await call("POST", "rules", key(), { rules: list, replaceAll: true });
  expect(answer.statusCode, answer.body).toBe(200);
}

beforeAll(async () => {
  world = await openWorld({ estate: { agents: 30, alerts: 0, risks: 0, threats: 0, activities: 0 } });
  bearer = (await world.hub.keys.create(LOCAL_ACTOR, { name: "test", role: "operator" }, async () => {})).secret.reveal();
  await world.sync({ streams: ["agents"], full: true });
  agents = (await world.rows("agents")).filter((row) => row["is_decommissioned"] === 0 && row["is_uninstalled"] === 0);
  const found = agents.find((row) => typeof row["serial_number"] === "string" && agents.filter((other) => other["serial_number"] === row["serial_number"]).length === 1);
  device = { id: String(found?.["id"]), serial: String(found?.["serial_number"]) };
});
afterAll(() => world.close());

describe("a reverse proxy that asks first", () => {
  it("is told to let a device through, to refuse it with words for the user, or that its key is none", async () => {
    await rules({ name: "Any", condition: { input: "active_threats", operator: ">=", value: 0 } });
    const let_in = await call("GET", "forward-auth", { ...key(), "x-device-serial": device.serial });
    expect([let_in.statusCode, let_in.headers["x-vedette-device"], let_in.headers["x-vedette-score"]]).toEqual([200, device.id, "100"]);
    const unknown = await call("GET", "forward-auth", { ...key(), "x-device-serial": "no such" });
    expect([unknown.statusCode, decodeURIComponent(String(unknown.headers["x-vedette-message"]))]).toEqual([403, "SentinelOne does not know this device. Install its agent or ask your IT team."]);
    expect((await call("GET", "forward-auth", key())).statusCode).toBe(403);
    expect((await call("GET", "forward-auth", { "x-device-serial": device.serial })).statusCode).toBe(401);
    await rules({ name: "None", condition: { input: "site", operator: "==", value: "nowhere", message: "Ünternehmen: geh an den richtigen Ort." } });
    const refused = await call("GET", "forward-auth", { ...key(), "x-device-serial": device.serial });
    expect([refused.statusCode, decodeURIComponent(String(refused.headers["x-vedette-message"]))]).toEqual([403, "Ünternehmen: geh an den richtigen Ort."]);
  });

  it("may bring its key beside the visitor's Authorization, and ask by the visitor's method and path", async () => {
    await rules({ name: "Any", condition: { input: "active_threats", operator: ">=", value: 0 } });
    const headers = { authorization: "Basic dXNlcjpw", "x-vedette-key": bearer, "x-device-serial": device.serial };
    expect((await call("GET", "forward-auth/app/page?rule=weak&serial=x", headers)).statusCode).toBe(200);
    const posted = await world.hub.app.inject({ method: "POST", url: "/api/v1/posture/forward-auth/app/form", headers: { ...HOST, ...headers, "content-type": "application/x-www-form-urlencoded", "content-length": "0" } });
    const fromPage = await world.hub.app.inject({ method: "POST", url: "/api/v1/posture/forward-auth/app/form", headers: { ...HOST, ...headers, origin: "https://app.example", "sec-fetch-site": "same-origin" } });
    expect(fromPage.statusCode).toBe(200);
    expect([posted.statusCode, (await call("DELETE", "forward-auth/app/x", { ...headers, "x-vedette-key": "wrong" })).statusCode]).toEqual([200, 401]);
  });

  it("is answered by whatever method it asks, HEAD and OPTIONS too, and by the path alone", async () => {
    await rules({ name: "Any", condition: { input: "active_threats", operator: ">=", value: 0 } });
    for (const path of ["forward-auth", "forward-auth/app"]) {
      for (const method of ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] as const) {
        const asked = (serial: string) => world.hub.app.inject({ method, url: `/api/v1/posture/${path}?from=the+visitor`, headers: { ...HOST, ...key(), "x-device-serial": serial } });
        const [known, unknown] = [await asked(device.serial), await asked("no such")];
        expect([method, known.statusCode, known.headers["x-vedette-score"], unknown.statusCode, method === "HEAD" ? known.body : ""]).toEqual([method, 200, "100", 403, ""]);
      }
    }
  });

  it("is refused where there is no rule, and by two values for one device", async () => {
    await rules();
    expect((await call("GET", "forward-auth", { ...key(), "x-device-serial": device.serial })).statusCode).toBe(403);
    await rules({ name: "Any", condition: { input: "active_threats", operator: ">=", value: 0 } });
    const twice = await world.hub.app.inject({ method: "GET", url: "/api/v1/posture/forward-auth", headers: { ...HOST, ...key(), "x-device-serial": [device.serial, "another"] } });
    expect(twice.statusCode).toBe(403);
  });
});

describe("one device by any identifier", () => {
  it("comes with an ETag that stays while nothing but the age of the evidence changes", async () => {
    const first = await call("GET", `devices?agentId=${device.id}`, key());
    const tag = String(first.headers["etag"]);
    expect(first.json()).toMatchObject({ match: { kind: "matched" }, device: { agentId: device.id, serial: device.serial } });
    expect((await call("GET", `devices?agentId=${device.id}`, { ...key(), "if-none-match": tag })).statusCode).toBe(304);
    await rules({ name: "New", condition: { input: "infected", value: false } });
    expect((await call("GET", `devices?agentId=${device.id}`, { ...key(), "if-none-match": tag })).statusCode).toBe(200);
  });
});

describe("coverage", () => {
  type Line = { readonly gap?: string; readonly row?: number; readonly agentId?: string; readonly why?: string; readonly summary?: Readonly<Record<string, number>> };
  async function compare(body: object): Promise<readonly Line[]> {
    const answer = await call("POST", "coverage", key(), body);
    expect(answer.statusCode, answer.body).toBe(200);
    return answer.body.trim().split("\n").map((line) => JSON.parse(line) as Line);
  }

  it("finds both gaps: what is listed without an agent, and agents nobody listed", async () => {
    const lines = await compare({ devices: [{ serial: device.serial.toLowerCase() }, { serial: "missing" }, { serial: "To be filled by O.E.M." }, {}] });
    expect(lines.filter(({ gap }) => gap === "no-agent").map(({ row, why }) => [row, why])).toEqual([[2, "no-device"], [3, "placeholder"], [4, "no-identifier"]]);
    expect(lines.filter(({ gap }) => gap === "not-listed").map(({ agentId }) => agentId ?? "").toSorted()).toEqual(agents.map((row) => String(row["id"])).filter((id) => id !== device.id).toSorted());
    expect(lines.at(-1)?.summary).toEqual({ listed: 4, covered: 1, ambiguous: 0, noAgent: 3, agents: agents.length, notListed: agents.length - 1 });
  });

  it("reads a spreadsheet's list, and gives one back that no spreadsheet runs", async () => {
    const csv = `\ufeffOwner;Serial Number;Device Name\r\n"a ""b""";${device.serial};\r\n;"=cmd()";""\r\n`;
    expect((await compare({ csv })).filter(({ gap }) => gap === "no-agent")).toMatchObject([{ row: 2, serial: "=cmd()" }]);
    const answer = await call("POST", "coverage", key(), { csv, format: "csv" });
    expect(answer.body.split("\r\n").slice(0, 2)).toEqual(["gap,row,why,serial,mac,hostname,email,agentId,connection,siteName,userName,lastActive", "no-agent,2,no-device,'=cmd(),,,,,,,,"]);
    const open = await call("POST", "coverage", key(), { csv: 'serial,hostname\nS-1,a\n"S-2,b\nS-3,c\n' });
    expect([open.statusCode, open.json<{ fault: { message: string } }>().fault.message]).toEqual([400, "body/csv: a quote is opened in the row that begins on line 3 and never closed."]);
    for (const wrong of [{ csv: "a,b\n1,2" }, {}, { csv, devices: [] }]) expect((await call("POST", "coverage", key(), wrong)).statusCode).toBe(400);
  });

  it("says nothing of another tenant's agents", async () => {
    const tenant = await world.hub.tenants.create(EVERY_TENANT, "elsewhere", async () => {});
    const theirs = (await world.hub.keys.create(LOCAL_ACTOR, { name: "theirs", role: "viewer", tenants: [tenant.id] }, async () => {})).secret.reveal();
    const answer = await call("POST", "coverage", { authorization: `Bearer ${theirs}` }, { devices: [{ serial: device.serial }] });
    expect(answer.body.trim().split("\n").map((line) => JSON.parse(line) as Line).at(-1)?.summary).toEqual({ listed: 1, covered: 0, ambiguous: 0, noAgent: 1, agents: 0, notListed: 0 });
  });
});
