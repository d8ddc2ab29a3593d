import { afterAll, beforeAll, expect, it } from "vitest";
import { TOTP } from "otpauth";
import { sql } from "kysely";
import { openWorld, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ estate: { agents: 2, users: 1, alerts: 1, risks: 1, threats: 1, activities: 1, sites: 1, accounts: 1 } });
});
afterAll(async () => world.close());

const jar: Record<string, string> = {};

async function ask(method: "GET" | "POST" | "PUT", url: string, payload?: object) {
  const answer = await world.hub.app.inject({ method, url, headers: { host: "127.0.0.1:8420", cookie: jar["cookie"] ?? "", ...(jar["csrf"] === undefined ? {} : { "x-vedette-csrf": jar["csrf"] }) }, ...(payload === undefined ? {} : { payload }) });
  const [cookie] = [answer.headers["set-cookie"] ?? []].flat();
  if (cookie !== undefined) jar["cookie"] = cookie.split(";")[0] ?? "";
  const body = answer.json<Readonly<Record<string, unknown>>>();
  if (typeof body["csrf"] === "string") jar["csrf"] = body["csrf"];
  return { status: answer.statusCode, body };
}

it("a restart ends no session, and the second factor's secret is sealed and outlives a new sealing key", async () => {
  const code = (await world.hub.signIn.setupCode())?.reveal() ?? "";
  const draft = { email: "ada@example.test", password: "correct horse battery staple" };
  expect((await ask("POST", "/api/v1/setup", { ...draft, code, name: "Ada" })).status).toBe(200);
  const { secret } = (await ask("POST", "/api/v1/session/totp")).body as { secret: string };
  const totp = new TOTP({ secret });
  expect((await ask("PUT", "/api/v1/session/totp", { code: totp.generate({ timestamp: Date.now() - 30_000 }) })).status).toBe(200);
  const { rows } = await sql<Record<string, unknown>>`SELECT * FROM secrets WHERE purpose = 'totp'`.execute(world.hub.store.read);
  expect([rows.length, JSON.stringify(rows).includes(secret)]).toEqual([1, false]);
  expect((await ask("POST", "/api/v1/keyring/rotate")).body).toMatchObject({ resealed: 2 });

  world = await world.reopen();
  expect((await ask("GET", "/api/v1/session")).body).toMatchObject({ state: "signed-in", user: { email: draft.email, totp: true } });
  expect(await world.hub.signIn.setupCode()).toBeNull();
  expect((await ask("POST", "/api/v1/session", draft)).status).toBe(401);
  expect((await ask("POST", "/api/v1/session", { ...draft, totp: totp.generate() })).status).toBe(200);
  const stored = await sql<Record<string, unknown>>`SELECT u.password, s.hash FROM hub_users AS u JOIN hub_sessions AS s ON s.user_id = u.id`.execute(world.hub.store.read);
  expect(JSON.stringify(stored.rows)).not.toMatch(new RegExp(`correct horse|${jar["cookie"]?.split("=")[1] ?? "none"}`));
});

it("people's SQL sees neither accounts nor sessions", async () => {
  for (const table of ["hub_users", "hub_sessions", "hub_recovery_codes"]) {
    const answer = await ask("POST", "/api/v1/sql", { sql: `select * from ${table}` });
    expect(answer.status, table).toBe(400);
  }
});
