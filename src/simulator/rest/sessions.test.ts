import { afterAll, beforeAll, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { call, NOW, rows, send, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 40, sites: 3, accounts: 2 });
});
afterAll(async () => {
  await simulator.close();
});

function dataOf(answer: { readonly json: Record<string, unknown> }): Row {
  return answer.json["data"] as Row;
}

it.each(["viewer", "site", "person", "noRoles"] as const)("tells %s when its own token ends, by the token and by its owner's id", async (name) => {
  const token = simulator.tokens[name];
  const byToken = dataOf(await call(simulator, "/users/api-token-details", { token, body: { data: { apiToken: token } } }));
  const [details] = [await call(simulator, "/user", { token })];
  if (name === "noRoles") {
    expect(details.status).toBe(403);
    return;
  }
  const me = dataOf(details);
  expect(me["apiToken"]).toEqual(byToken);
  expect(dataOf(await call(simulator, `/users/${String(me["id"])}/api-token-details`, { token }))).toEqual(byToken);
  expect(dataOf(await call(simulator, `/users/${String(me["id"])}`, { token }))["fullName"]).toBe(me["fullName"]);
});

it("keeps another's token from who may not see users, and says when there is none", async () => {
  const users = rows(await call(simulator, "/users?limit=1000"));
  const [holder, without] = [users.find((user) => user["apiToken"] !== null), users.find((user) => user["apiToken"] === null)];
  expect(dataOf(await call(simulator, `/users/${String(holder?.["id"])}/api-token-details`))).toEqual(holder?.["apiToken"]);
  expect((await call(simulator, `/users/${String(without?.["id"])}/api-token-details`)).status).toBe(404);
  expect((await call(simulator, `/users/${String(holder?.["id"])}/api-token-details`, { token: simulator.tokens.noRoles })).status).toBe(403);
  expect((await call(simulator, "/users/api-token-details", { body: { data: { apiToken: "never-given" } } })).status).toBe(400);
});

it("opens sessions from a token only, which end with it", async () => {
  const token = simulator.tokens.expiring;
  const opened = dataOf(await call(simulator, "/users/login/by-api-token", { token: "", body: { data: { apiToken: token, reason: "test" } } }))["token"];
  expect((await call(simulator, "/agents", { token: String(opened), scheme: "Token" })).status).toBe(200);
  simulator.changeToken("expiring", { expiresInMs: -1 });
  expect((await call(simulator, "/agents", { token: String(opened), scheme: "Token" })).status).toBe(401);
  expect((await call(simulator, "/users/login/by-api-token", { token: "", body: { data: { apiToken: token } } })).status).toBe(401);
  expect((await call(simulator, "/users/login/by-token", { token: "" })).json["errors"]).toEqual([{ code: 4_000_010, detail: "token: Missing data for required field.", title: "Validation Error" }]);
  expect((await call(simulator, "/users/login", { token: "", body: { username: "mara", password: "x" } })).status).toBe(401);
});

it("ends a session that signs out, and no other", async () => {
  const open = async (): Promise<string> => String(dataOf(await call(simulator, "/users/login/by-api-token", { token: "", body: { data: { apiToken: simulator.tokens.viewer } } }))["token"]);
  const [first, second] = [await open(), await open()];
  expect((await send(simulator, "POST", "/users/logout", { token: first, scheme: "Token" })).status).toBe(200);
  const third = await open();
  expect(new Set([first, second, third]).size).toBe(3);
  const still = [first, second, third].map(async (token) => (await call(simulator, "/agents?limit=1", { token, scheme: "Token" })).status);
  expect(await Promise.all(still)).toEqual([401, 200, 200]);
  expect((await send(simulator, "POST", "/users/logout", { token: simulator.tokens.viewer })).status).toBe(200);
  expect((await call(simulator, "/agents?limit=1", { token: simulator.tokens.viewer })).status).toBe(200);
});

it.each([{}, { username: "mara" }, { password: "x" }])("a sign-in with no more than %j is no sign-in", async (body) => {
  expect((await call(simulator, "/users/login", { token: "", body })).status).toBe(400);
});

it("refuses the data lake to every scheme but Bearer, in the lake's own words", async () => {
  const ask = async (scheme: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`${simulator.url}/sdl/v2/api/queries`, { method: "POST", headers: { authorization: `${scheme} ${simulator.tokens.admin}` }, body: "{}" });
    return [answer.status, await answer.text()];
  };
  expect(await ask("ApiToken")).toEqual([500, '{"message":"Header must start with Bearer, but actually starts with \\"ApiTok\\"","status":"error/client/badParam"}\n']);
  expect((await ask("Bearer"))[0]).toBe(404);
});

it("keeps accounts from a site's token, one by one too", async () => {
  const account = String(rows(await call(simulator, "/accounts"))[0]?.["id"]);
  for (const path of ["/accounts", `/accounts/${account}`, "/accounts?countOnly=true"]) {
    const refused = await call(simulator, path, { token: simulator.tokens.site });
    expect([refused.status, (refused.json["errors"] as readonly Row[])[0]?.["code"]]).toEqual([403, 4_030_010]);
  }
});

it("says what it does not do: 403 for what the console has beyond it, 404 for a path the console does not know", async () => {
  expect((await send(simulator, "POST", "/exclusions", { body: { data: {} } })).status).toBe(403);
  expect((await send(simulator, "POST", "/nonsense", { body: {} })).status).toBe(404);
  expect((await send(simulator, "GET", "/agents/summary")).status).toBe(404);
  expect((await send(simulator, "GET", "/threats/..%2Fagents/notes")).status).toBe(404);
  expect((await send(simulator, "POST", "/exclusions", { body: { data: {} }, token: "nobody" })).status).toBe(401);
});

it("shows a role's pages and the template of a new one with the same permissions, none granted", async () => {
  const template = dataOf(await call(simulator, "/rbac/role"))["pages"] as readonly { readonly name: string; readonly permissions: readonly Row[] }[];
  const role = dataOf(await call(simulator, `/rbac/role/${String(rows(await call(simulator, "/rbac/roles?name=Admin"))[0]?.["id"])}`))["pages"] as typeof template;
  expect(template.map((page) => [page.name, page.permissions.map((permission) => permission["identifier"])])).toEqual(role.map((page) => [page.name, page.permissions.map((permission) => permission["identifier"])]));
  expect(template.flatMap((page) => page.permissions).filter((permission) => permission["value"] !== false)).toEqual([]);
});
