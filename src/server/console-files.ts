/**
 * The built web console as files: hashed assets for ever, the page itself asked for again each time, and the page for every address that is not of
 * the API. Only what was found in the folder is given, so that no address leads out of it; packed once and kept. Where there is no build, a
 * plain page says how to make one.
 */
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../kernel/fault.ts";
import { SECURE_HEADERS } from "./request-guard.ts";

const PAGE = "index.html";
/** Addresses of the API: an unknown one among them is a fault and never a page. */
const API = /^\/(?:api|healthz|readyz|metrics|integrations)(?:\/|$)/;
/** Stands in the page where the nonce of its styles belongs; a new one for every answer. */
const NONCE_PLACE = "__CSP_NONCE__";
const WORTH_PACKING = 1000;
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
const PACKED = /^(?:text\/|application\/(?:json|manifest)|image\/svg)/;

interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
  readonly packed: Buffer | null;
  readonly tag: string;
}

/** `styles`: what besides our own style sheets is applied. */
function pagePolicy(styles: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' ${styles}; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Vedette</title><h1>The web console has not been built</h1>
<p>Run <code>npm run console</code> in Vedette's folder, then load this page again. The hub works without it: <a href="/api/openapi.json">its API</a>, and every command of <code>vedette</code>.</p></html>\n`;

/** Adds the addresses of the console, behind every route of the API. */
export function serveConsole(app: FastifyInstance, folder: string): void {
  let built: { readonly stamp: string; readonly files: Files } | null = null;

  /** Looked at again when the page on disk is another: a build while the hub runs is a new console. */
  async function files(): Promise<Files | null> {
    const page = await stat(join(folder, PAGE)).catch(() => null);
    if (page === null) return null;
    const stamp = `${String(page.mtimeMs)}:${String(page.size)}`;
    if (built?.stamp !== stamp) built = { stamp, files: await found(folder) };
    return built.files;
  }

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const path = decodedPath(request.url);
    const last = path?.split("/").at(-1) ?? "";
    if (path === null || API.test(path)) throw new Fault("NOT_FOUND", "There is no such address in this API.", { cure: "/api/openapi.json lists what there is." });
    const known = await files();
    const file = known?.(path.slice(1));
    if (file !== undefined && path !== `/${PAGE}`) return sendFile(request, reply, await file, path.startsWith("/assets/"));
    if (path.startsWith("/assets/") || (last.includes(".") && last !== PAGE)) throw new Fault("NOT_FOUND", "There is no such file.", { cure: "Load the page again: the console may be a newer one." });
    const page = await known?.(PAGE);
    if (page === undefined) return reply.headers({ ...SECURE_HEADERS, "content-security-policy": pagePolicy("'none'") }).code(503).type(TYPES[".html"] ?? "").send(NOT_BUILT);
    return sendPage(reply, page);
  }

  app.route({ method: ["GET", "HEAD"], url: "/*", handler: answer });
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile, hashed: boolean): FastifyReply {
  void reply.headers({ ...SECURE_HEADERS, "content-security-policy": "default-src 'none'", "cache-control": hashed ? "public, max-age=31536000, immutable" : "no-cache", etag: file.tag, vary: "accept-encoding" });
  if (request.headers["if-none-match"]?.includes(file.tag) === true) return reply.code(304).send();
  const packed = file.packed !== null && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  if (packed) void reply.header("content-encoding", "gzip");
  return reply.type(file.type).send(packed ? file.packed : file.body);
}

/** Never the same twice where a nonce is in it, so there is nothing to compare with. */
function sendPage(reply: FastifyReply, page: ConsoleFile): FastifyReply {
  const text = page.body.toString("utf8");
  const nonce = randomBytes(16).toString("base64");
  const policy = pagePolicy(text.includes(NONCE_PLACE) ? `'nonce-${nonce}'` : "'unsafe-inline'");
  return reply.headers({ ...SECURE_HEADERS, "content-security-policy": policy, "cache-control": "no-cache" }).type(page.type).send(text.replaceAll(NONCE_PLACE, nonce));
}

function decodedPath(url: string): string | null {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0] ?? "/");
  } catch {
    return null;
  }
}

type Files = (name: string) => Promise<ConsoleFile> | undefined;

/** By path with `/`, each read and packed when it is first asked for. */
async function found(folder: string): Promise<Files> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = new Set(entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll("\\", "/")));
  const loaded = new Map<string, Promise<ConsoleFile>>();
  return (name) => {
    const known = loaded.get(name);
    if (known !== undefined || !names.has(name)) return known;
    const file = load(join(folder, name));
    loaded.set(name, file);
    // One that could not be read is tried again, not remembered.
    file.catch(() => loaded.delete(name));
    return file;
  };
}

async function load(path: string): Promise<ConsoleFile> {
  const body = await readFile(path);
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  const packed = PACKED.test(type) && body.length > WORTH_PACKING ? await promisify(gzip)(body) : null;
  return { type, body, packed, tag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"` };
}
