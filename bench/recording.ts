/**
 * A recording of one sync: every request the hub made and the answer's bytes as they came over the wire. Made by a proxy between hub
 * and simulator, replayed by a server that does nothing else, so that what is measured is the client and not the console.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Recording = Map<string, Answer>;

// The date too: readers go by the console's clock.
const KEPT_HEADERS = ["content-type", "content-encoding", "date"];

export async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function requestKey(method: string, url: string, body: Buffer): string {
  const suffix = body.length === 0 ? "" : ` ${createHash("sha256").update(body).digest("hex").slice(0, 16)}`;
  return `${method} ${url}${suffix}`;
}

export async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Forwards to `upstream` and remembers; `asked` has every request in the order it came. */
export async function startRecorder(upstream: string, recording: Recording): Promise<{ readonly url: string; readonly asked: readonly string[]; close(): void }> {
  const asked: string[] = [];
  const target = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await readAll(incoming);
      asked.push(`${incoming.method ?? "GET"} ${incoming.url ?? "/"}`);
      // A connection of its own: one that is kept is closed by the simulator while the hub is busy with something else.
      const forward = httpRequest({ agent: false, host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, host: target.host, connection: "close" } });
      forward.end(body);
      const [reply] = (await once(forward, "response")) as [IncomingMessage];
      const answer: Answer = {
        status: reply.statusCode ?? 502,
        headers: Object.fromEntries(KEPT_HEADERS.flatMap((name) => (typeof reply.headers[name] === "string" ? [[name, reply.headers[name]]] : []))),
        body: await readAll(reply),
      };
      recording.set(requestKey(incoming.method ?? "GET", incoming.url ?? "/", body), answer);
      outgoing.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) }).end(answer.body);
      // Whoever asked has gone away, or the console has: either is for the hub to see.
    })().catch(() => outgoing.destroy());
  });
  const url = await listen(server);
  return {
    url,
    asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Writes a recording for the replay server, and the paths that the floor asks for. */
export function saveRecording(recording: Recording, folder: string, paths: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let offset = 0;
  const bodies: Buffer[] = [];
  const index = [...recording].map(([key, answer]) => {
    const entry = { key, status: answer.status, headers: answer.headers, offset, length: answer.body.length };
    bodies.push(answer.body);
    offset += answer.body.length;
    return entry;
  });
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
  writeFileSync(join(folder, "bodies.bin"), Buffer.concat(bodies));
  writeFileSync(join(folder, "paths.json"), JSON.stringify(paths));
}
