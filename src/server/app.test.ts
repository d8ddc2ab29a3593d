import { connect } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { type Log, type LogFields } from "../kernel/log.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite } from "../store/sqlite.ts";
import type { Store, Tx } from "../store/store.ts";
import { createApp } from "./app.ts";
import { auditMigrations, createAuditLog, type AuditLog } from "./audit.ts";
import { createAuth } from "./auth.ts";
import { Secret } from "../kernel/secret.ts";
import { SECURE_HEADERS } from "./request-guard.ts";

/** What the tests look at in any JSON answer. */
interface Answer {
  readonly fault: { readonly code: string; readonly message: string };
}

const CREDENTIAL = "vdl_test";
const HEADERS = { host: "127.0.0.1:1234", authorization: `Bearer ${CREDENTIAL}` };
const aborted: string[] = [];
const closed: string[] = [];
const logged: [string, LogFields | undefined][] = [];
const log: Log = { debug() {}, info: (event, fields) => logged.push([event, fields]), warn: (event, fields) => logged.push([event, fields]), error: (event, fields) => logged.push([event, fields]) };

let folder: string;
let store: Store;
let audit: AuditLog;
let app: FastifyInstance;

const Body = Type.Object({ name: Type.String({ maxLength: 10 }), tags: Type.Optional(Type.Array(Type.Object({ key: Type.String() }))) });

function routes(): readonly Route<Tx>[] {
  const base = { summary: "a test", permission: "status.read", audit: unaudited("a test") } as const;
  return [
    defineRoute({ ...base, method: "POST", path: "/echo", body: Body, answer: Body, handle: async ({ body }, _context: RouteContext<Tx>) => body }),
    defineRoute({ ...base, method: "GET", path: "/numbers", query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })) }), answer: Type.Object({ limit: Type.Integer() }), handle: async ({ query }, _context: RouteContext<Tx>) => ({ limit: query.limit ?? 0, leaked: "internal" }) }),
    defineRoute({ ...base, method: "GET", path: "/wrong", answer: Type.Object({ limit: Type.Integer() }), handle: async (_input, _context: RouteContext<Tx>) => ({ limit: 1.5 }) }),
    defineRoute({ ...base, method: "GET", path: "/broken", answer: Type.Object({}), handle: (_input, _context: RouteContext<Tx>) => Promise.reject(new Error("secret detail of the database")) }),
    defineRoute({ ...base, method: "GET", path: "/throttled", answer: Type.Object({}), handle: (_input, _context: RouteContext<Tx>) => Promise.reject(new Fault("S1_RATE_LIMITED", "Slow down.", { retryAfterMs: 1500 })) }),
    defineRoute({ ...base, method: "POST", path: "/forgets", audit: audited("thing.changed"), answer: Type.Object({}), handle: async (_input, _context: RouteContext<Tx>) => ({}) }),
    defineRoute({ ...base, method: "POST", path: "/oversteps", answer: Type.Object({}), handle: (_input, context: RouteContext<Tx>) => store.tx((tx) => context.record(tx, { subject: "x", tenant: null })).then(() => ({})) }),
    defineRoute({ ...base, method: "POST", path: "/fails-after", audit: audited("thing.changed"), answer: Type.Object({}), handle: (_input, context: RouteContext<Tx>) => store.tx(async (tx) => { await context.record(tx, { subject: "x", tenant: null }); throw new Fault("ALREADY_EXISTS", "no"); }) }),
    defineRoute({ ...base, method: "POST", path: "/records", audit: audited("thing.changed"), answer: Type.Object({}), handle: (_input, context: RouteContext<Tx>) => store.tx((tx) => context.record(tx, { subject: "x", tenant: null })).then(() => ({})) }),
    defineRoute({ ...base, method: "GET", path: "/slow", answer: Type.Object({}), handle: (_input, { signal }: RouteContext<Tx>) => new Promise((resolve) => signal.addEventListener("abort", () => { aborted.push("slow"); resolve({}); })) }),
    defineRoute({ ...base, method: "GET", path: "/stream", answer: "stream", handle: async (_input, _context: RouteContext<Tx>) => ({ contentType: "application/x-ndjson", fileName: 'a"\r\nx: y', chunks: lines(3, null) }) }),
    defineRoute({ ...base, method: "GET", path: "/stream-fails-first", answer: "stream", handle: async (_input, _context: RouteContext<Tx>) => ({ contentType: "text/csv", chunks: lines(0, new Fault("NOT_FOUND", "No such thing.")) }) }),
    defineRoute({ ...base, method: "GET", path: "/stream-fails-later", answer: "stream", handle: async (_input, _context: RouteContext<Tx>) => ({ contentType: "text/csv", chunks: lines(2, new Error("lost")) }) }),
    defineRoute({ ...base, method: "GET", path: "/stream-endless", answer: "stream", handle: async (_input, _context: RouteContext<Tx>) => ({ contentType: "text/csv", chunks: lines(Number.POSITIVE_INFINITY, null) }) }),
  ];
}

async function* lines(many: number, end: Error | null): AsyncGenerator<string> {
  try {
    for (let number = 0; number < many; number += 1) {
      yield `${number}\n`;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (end !== null) throw end;
  } finally {
    closed.push("lines");
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-app-"));
  store = await openSqlite({ folder });
  await migrate(store, auditMigrations, 0);
  audit = createAuditLog(store, systemClock);
  app = createApp({ routes: routes(), auth: createAuth({ authenticate: async () => undefined }, new Secret(CREDENTIAL)), audit, log, clock: systemClock, publicUrl: "https://hub.example:8443", bodyLimit: 2000, handlerTimeoutMs: 300 });
  await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function post(url: string, payload: string | object, headers: Readonly<Record<string, string>> = {}) {
  return app.inject({ method: "POST", url, headers: { ...HEADERS, ...headers }, payload });
}

function get(url: string, headers: Readonly<Record<string, string>> = {}) {
  return app.inject({ method: "GET", url, headers: { ...HEADERS, ...headers } });
}

describe("what comes in", () => {
  it.each([
    ["an unknown key", { name: "a", extra: 1 }, 'body has a key that is not known there: "extra".'],
    ["an unknown key deep inside", { name: "a", tags: [{ key: "k", evil: true }] }, 'body/tags/0 has a key that is not known there: "evil".'],
    ["a wrong type", { name: 5 }, "body/name must be string."],
    ["a missing key", {}, "body must have required properties name."],
    ["a text that is too long", { name: "x".repeat(11) }, "body/name must not have more than 10 characters."],
    ["a list where an object belongs", [], "body must be object."],
  ])("is refused with its place: %s", async (_what, body, message) => {
    const answer = await post("/echo", body);

    expect([answer.statusCode, answer.json<Answer>().fault.code, answer.json<Answer>().fault.message]).toEqual([400, "CONFIG_INVALID", message]);
  });

  it("takes numbers in a query as text, and nothing it does not name", async () => {
    expect((await get("/numbers?limit=7")).json<Answer>()).toEqual({ limit: 7 });
    for (const query of ["limit=10", "limit=x", "limit=1&limit=2", "other=1", "__proto__=1"]) expect((await get(`/numbers?${query}`)).statusCode, query).toBe(400);
    expect((await get("/broken?x=1")).json<Answer>().fault.code).toBe("CONFIG_INVALID");
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/jsonp", "application/json, text/plain", "application/vnd.api+json"])("is refused as %s", async (type) => {
    expect((await post("/echo", '{"name":"a"}', { "content-type": type })).statusCode).toBe(415);
  });

  it("is refused when it is not JSON, poisons a prototype, or is too large", async () => {
    const json = { "content-type": "application/json" };
    expect((await post("/echo", "{", json)).json<Answer>().fault.code).toBe("CONFIG_INVALID");
    expect((await post("/echo", '{"name":"a","__proto__":{"x":1}}', json)).statusCode).toBe(400);
    expect((await post("/echo", '{"name":"a","constructor":{"prototype":{"x":1}}}', json)).statusCode).toBe(400);
    expect((await post("/echo", { name: "x".repeat(3000) })).statusCode).toBe(413);
    expect((await post("/echo", '{"name":"a"}', { "content-type": "application/json; charset=utf-8" })).json<Answer>()).toEqual({ name: "a" });
  });

  it("is refused before its body is read when nobody sends it", async () => {
    const answer = await app.inject({ method: "POST", url: "/echo", headers: { host: "localhost", "content-type": "application/json" }, payload: "{" });

    expect([answer.statusCode, answer.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  });
});

describe("where it comes from", () => {
  it.each(["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "[::2]", "a b", "user@127.0.0.1"])("refuses the Host %j on loopback", async (host) => {
    expect((await get("/numbers", { host })).statusCode).toBe(403);
  });

  it.each(["127.0.0.1", "localhost:8080", "[::1]:8080", "hub.example", "hub.example:8443"])("believes the Host %s", async (host) => {
    expect((await get("/numbers", { host })).statusCode).toBe(200);
  });

  it.each([
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:9" },
    { "sec-fetch-site": "same-origin", origin: "https://evil.example" },
    { "sec-fetch-site": "cross-site", origin: "https://hub.example:8443" },
  ] as readonly Record<string, string>[])("refuses a change that a browser says comes from %j", async (headers) => {
    expect((await post("/echo", { name: "a" }, headers)).statusCode).toBe(403);
  });

  it.each([{}, { origin: "https://hub.example:8443" }, { origin: "http://127.0.0.1:1234", "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }] as readonly Record<string, string>[])("takes a change with %j", async (headers) => {
    expect((await post("/echo", { name: "a" }, headers)).statusCode).toBe(200);
  });
});

describe("what goes out", () => {
  it("carries the secure headers and a request id of its own, whatever the status", async () => {
    for (const url of ["/numbers", "/broken", "/nowhere", "/stream", "/numbers?x=1"]) {
      const answer = await get(url, { "x-request-id": "mine" });
      expect(answer.headers, url).toMatchObject(SECURE_HEADERS);
      expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("loses what the schema does not name, and is refused where it is not what the schema says", async () => {
    expect((await get("/numbers")).json<Answer>()).toEqual({ limit: 0 });
    expect((await get("/wrong")).json<Answer>().fault).toMatchObject({ code: "INTERNAL", details: { at: "/limit" } });
  });

  it("has the fault and the request id, and no word of a defect's own", async () => {
    const answer = await get("/broken");

    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain("database");
    expect(answer.json<Answer>()).toMatchObject({ fault: { code: "INTERNAL", kind: "internal" }, requestId: answer.headers["x-request-id"] });
  });

  it("says when to come back", async () => {
    const answer = await get("/throttled");
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "2"]);
  });

  it("is 503 and the work is told to stop when it takes too long", async () => {
    const answer = await get("/slow");
    expect(answer.statusCode).toBe(503);
    expect(aborted).toContain("slow");
  });

  it("answers an unknown address, a malformed one and an unknown method as faults", async () => {
    for (const answer of [await get("/nowhere"), await get("/%"), await app.inject({ method: "DELETE", url: "/echo", headers: HEADERS })]) {
      expect([400, 404]).toContain(answer.statusCode);
      expect(answer.json<Answer>().fault.code).toMatch(/NOT_FOUND|CONFIG_INVALID/);
    }
  });
});

describe("streams", () => {
  it("come chunk by chunk, with a file name that cannot end a header", async () => {
    const answer = await get("/stream");
    expect([answer.body, answer.headers["content-type"], answer.headers["content-disposition"]]).toEqual(["0\n1\n2\n", "application/x-ndjson", 'attachment; filename="a___x__y"']);
  });

  it("that fail before their first chunk are answered as a fault", async () => {
    expect((await get("/stream-fails-first")).json<Answer>().fault.code).toBe("NOT_FOUND");
  });

  it("that fail later break off, so that they cannot be taken for whole", async () => {
    const { port } = app.server.address() as { port: number };
    const answer = await fetch(`http://127.0.0.1:${port}/stream-fails-later`, { headers: { authorization: `Bearer ${CREDENTIAL}` } });
    await expect(answer.text()).rejects.toThrow();
  });

  it("end their source when the caller goes away", async () => {
    const { port } = app.server.address() as { port: number };
    const before = closed.length;
    const socket = connect(port, "127.0.0.1", () => socket.write(`GET /stream-endless HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${CREDENTIAL}\r\n\r\n`));
    await new Promise<void>((resolve) => socket.once("data", () => resolve()));
    socket.destroy();
    await expect.poll(() => closed.length).toBeGreaterThan(before);
  });
});

describe("the audit log", () => {
  it("is missed: an audited route that wrote nothing is a defect, told to the caller and the log", async () => {
    const answer = await post("/forgets", {});
    expect([answer.statusCode, answer.json<Answer>().fault.code]).toEqual([500, "INTERNAL"]);
    expect(logged.map(([event]) => event)).toContain("audit.missing");
  });

  it("takes no line from a route that declared none", async () => {
    const before = (await audit.verify()).entries;
    expect((await post("/oversteps", {})).statusCode).toBe(500);
    expect((await audit.verify()).entries).toBe(before);
  });

  it("keeps no line of a change that was undone", async () => {
    const before = (await audit.verify()).entries;
    expect((await post("/fails-after", {})).statusCode).toBe(409);
    expect((await audit.verify()).entries).toBe(before);
    const done = await post("/records", {});
    expect((await audit.list({ all: true }, before, 5))[0]).toMatchObject({ event: "thing.changed", actor: "local", actorKind: "local", requestId: done.headers["x-request-id"] });
  });
});

it("logs each request by its pattern, and neither body nor query nor key", async () => {
  logged.length = 0;
  await post("/echo", { name: "canary" });
  await get("/numbers?limit=3");

  const requests = logged.filter(([event]) => event === "http.request");
  expect(requests.map(([, fields]) => [fields?.["method"], fields?.["route"], fields?.["status"], fields?.["actor"]])).toEqual([["POST", "/echo", 200, "local"], ["GET", "/numbers", 200, "local"]]);
  expect(JSON.stringify(logged)).not.toMatch(/canary|limit|vdl_/);
});

it("refuses two routes with one address", () => {
  const [first] = routes();
  if (first === undefined) throw new Error("no route");
  expect(() => createApp({ routes: [first, first], auth: createAuth({ authenticate: async () => undefined }, null), audit, log, clock: systemClock })).toThrow();
});

it("closes as soon as the last answer is out, although its caller keeps the connection", async () => {
  const began = Promise.withResolvers<void>();
  const slow = defineRoute({
    method: "GET", path: "/slow", summary: "a test", permission: "public", audit: unaudited("a test"), answer: Type.Object({}),
    async handle(_input, _context: RouteContext<Tx>) {
      began.resolve();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return {};
    },
  });
  const closing = createApp({ routes: [slow], auth: createAuth({ authenticate: async () => undefined }, null), audit, log, clock: systemClock });
  await closing.listen({ host: "127.0.0.1", port: 0 });
  const { port } = closing.server.address() as { port: number };
  const answer = fetch(`http://127.0.0.1:${port}/slow`).then(({ status }) => status);
  await began.promise;
  const asked = performance.now();
  await closing.close();
  expect([await answer, performance.now() - asked < 5000]).toEqual([200, true]);
}, 20_000);
