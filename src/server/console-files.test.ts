import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FastifyInstance } from "fastify";
import { systemClock } from "../kernel/clock.ts";
import { silentLog } from "../kernel/log.ts";
import { createApp } from "./app.ts";

const SCRIPT = `console.log(${JSON.stringify("x".repeat(2000))});`;
let folder: string;
let app: FastifyInstance;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-console-"));
  mkdirSync(join(folder, "dist", "assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  app = createApp({ routes: [], auth: { authenticate: async () => undefined }, audit: { append: async () => {} }, log: silentLog, clock: systemClock, consoleFolder: join(folder, "dist") });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Readonly<Record<string, string>> = {}) => app.inject({ method: "GET", url, headers: { host: "127.0.0.1", ...headers } });

it("without a build says in plain HTML how to make one, and serves it as soon as there is one", async () => {
  const before = await get("/");
  expect([before.statusCode, before.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
  expect(before.body).toContain("npm run console");
  writeFileSync(join(folder, "dist", "index.html"), '<meta name="csp-nonce" content="__CSP_NONCE__"><script src="/assets/a-1.js"></script>');
  writeFileSync(join(folder, "dist", "assets", "a-1.js"), SCRIPT);
  writeFileSync(join(folder, "dist", "favicon.svg"), "<svg/>");
  expect((await get("/")).statusCode).toBe(200);
});

it("gives the page for every address that is not of the API, never the same nonce twice, and allows nothing inline or from elsewhere", async () => {
  const pages = await Promise.all(["/", "/cases/abc?tenant=x", "/index.html", "/devices/%F0%9F%98%80"].map((url) => get(url)));
  const nonces = pages.map(({ statusCode, headers, body }) => {
    expect([statusCode, headers["cache-control"], headers["x-frame-options"], headers["x-content-type-options"]]).toEqual([200, "no-cache", "DENY", "nosniff"]);
    const nonce = /content="([^"]+)"/.exec(body)?.[1] ?? "";
    expect(headers["content-security-policy"]).toBe(`default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`);
    return nonce;
  });
  expect(new Set(nonces).size).toBe(4);
});

it("keeps hashed files for ever, packs them for who takes that, and answers 304 to who has them", async () => {
  const whole = await get("/assets/a-1.js");
  expect([whole.body, whole.headers["cache-control"], whole.headers["content-type"]]).toEqual([SCRIPT, "public, max-age=31536000, immutable", "text/javascript; charset=utf-8"]);
  const packed = await get("/assets/a-1.js", { "accept-encoding": "br, gzip" });
  expect([packed.headers["content-encoding"], gunzipSync(packed.rawPayload).toString()]).toEqual(["gzip", SCRIPT]);
  expect((await get("/assets/a-1.js", { "if-none-match": String(whole.headers["etag"]) })).statusCode).toBe(304);
  expect((await get("/favicon.svg")).headers["cache-control"]).toBe("no-cache");
});

it.each(["/api/v1/nothing", "/api", "/metrics", "/assets/b-2.js", "/robots.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%2e%2e/secret.txt", "/%00.js"])("answers %s as something that is not there", async (url) => {
  const answer = await get(url);
  expect([answer.statusCode, answer.json<{ fault: { code: string } }>().fault.code]).toEqual([404, "NOT_FOUND"]);
});

it("gives no page to a foreign name for this machine", async () => {
  expect((await get("/", { host: "evil.example" })).statusCode).toBe(403);
});
