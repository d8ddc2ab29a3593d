import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { silentLog } from "../kernel/log.ts";
import { defineRoute, unaudited, type Actor, type OwnCredentials, type RouteContext } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite } from "../store/sqlite.ts";
import type { Store, Tx } from "../store/store.ts";
import { createApp } from "./app.ts";
import { auditMigrations, createAuditLog, type AuditLog } from "./audit.ts";
import { createAuth } from "./auth.ts";

const HOST = { host: "127.0.0.1" };
const KEY = "vdl_local";
const SERVICE: Actor = { kind: "provider", id: "prv_1", name: "service", role: "viewer", scope: onlyTenants(), permissions: ["posture.read"] };

let folder: string;
let store: Store;
let audit: AuditLog;
let app: FastifyInstance;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-credentials-"));
  store = await openSqlite({ folder });
  await migrate(store, auditMigrations, 1);
  audit = createAuditLog(store, systemClock);
  const base = { summary: "a test", permission: "posture.read", audit: unaudited("a test") } as const;
  const credentials: OwnCredentials<Tx> = {
    headers: ["x-proof"],
    refusal: "service.refused",
    async admit(headers, { refused }) {
      if (headers["x-proof"] === "right") return SERVICE;
      if (headers["x-proof"] === "weak") return { ...SERVICE, permissions: [] };
      await store.tx((tx) => refused(tx, { subject: "service", tenant: null, details: { reason: "no-proof" } }));
      throw new Fault("FORBIDDEN", "No.");
    },
  };
  app = createApp({
    routes: [
      defineRoute({ ...base, method: "POST", path: "/service", body: Type.Object({ n: Type.Integer() }), answer: Type.Object({ who: Type.String() }), credentials, handle: async (_input, { actor }: RouteContext<Tx>) => ({ who: actor.id }) }),
      defineRoute({ ...base, method: "GET", path: "/same", answer: Type.Object({ n: Type.Integer(), age: Type.Number() }), same: ({ n }) => n, handle: async (_input, _context: RouteContext<Tx>) => ({ n: 1, age: Math.random() }) }),
      defineRoute({ ...base, method: "GET", path: "/door/*", query: Type.Object({}, { additionalProperties: true }), headers: ["x-who"], keyHeader: "x-key", answer: Type.Object({ who: Type.String() }), async handle(_input, { headers, answerHeader }: RouteContext<Tx>) {
        answerHeader("x-told", "yes");
        if (headers["x-who"] === undefined) throw new Fault("FORBIDDEN", "Nobody.");
        return { who: headers["x-who"] };
      } }),
    ],
    auth: createAuth({ authenticate: async () => undefined }, new Secret(KEY)),
    audit,
    log: silentLog,
    clock: systemClock,
  });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a route with credentials of its own", () => {
  it("lets in who proves himself, and nobody by an API key", async () => {
    const post = (headers: Readonly<Record<string, string>>, payload: object = { n: 1 }) => app.inject({ method: "POST", url: "/service", headers: { ...HOST, ...headers }, payload });
    expect((await post({ "x-proof": "right" })).json()).toEqual({ who: "prv_1" });
    const refused = await post({ authorization: `Bearer ${KEY}` });
    expect([refused.statusCode, refused.json<{ success: boolean; error: string }>()]).toEqual([403, expect.objectContaining({ success: false, error: "No." })]);
    expect((await post({ "x-proof": "weak" })).statusCode).toBe(403);
  });

  it("turns a stranger away before his body is looked at, and writes it down", async () => {
    const before = (await audit.list(EVERY_TENANT, 0, 100)).length;
    const answer = await app.inject({ method: "POST", url: "/service", headers: { ...HOST, "content-type": "application/json" }, payload: "{broken" });
    expect(answer.statusCode).toBe(403);
    expect((await audit.list(EVERY_TENANT, before, 100)).map(({ event, details }) => [event, details["reason"]])).toEqual([["service.refused", "no-proof"]]);
  });

  it("takes a header given twice for none", async () => {
    const answer = await app.inject({ method: "POST", url: "/service", headers: { ...HOST, "x-proof": ["right", "right"] }, payload: { n: 1 } });
    expect(answer.statusCode).toBe(403);
  });
});

describe("an answer that is the same", () => {
  it("is not sent again to who has it", async () => {
    const get = (tag?: string) => app.inject({ method: "GET", url: "/same", headers: { ...HOST, authorization: `Bearer ${KEY}`, ...(tag === undefined ? {} : { "if-none-match": tag }) } });
    const first = await get();
    const tag = String(first.headers["etag"]);
    expect([(await get(tag)).statusCode, (await get(`"x", ${tag}`)).statusCode, (await get('W/"other"')).statusCode]).toEqual([304, 304, 200]);
  });
});

describe("a door for proxies", () => {
  it("takes its key from a header of its own, so that the visitor's Authorization is nobody's key", async () => {
    const ask = (headers: Readonly<Record<string, string>>) => app.inject({ method: "GET", url: "/door/any/path?a=b", headers: { ...HOST, ...headers } });
    expect((await ask({ "x-key": KEY, authorization: "Basic x", "x-who": "me" })).json()).toEqual({ who: "me" });
    expect((await ask({ "x-key": "wrong", authorization: `Bearer ${KEY}` })).statusCode).toBe(401);
    const refused = await ask({ "x-key": KEY });
    expect([refused.statusCode, refused.headers["x-told"]]).toEqual([403, "yes"]);
  });
});
