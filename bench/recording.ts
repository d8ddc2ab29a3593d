/**
 * A recording of one sync: every request the hub made and the answer's bytes as they came over the wire. Made by a proxy between hub
 * and simulator, replayed by a server that does nothing else, so that what is measured is the client and not the console.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

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

/** Forwards to `upstream` and remembers. */
export async function startRecorder(upstream: string, recording: Recording): Promise<{ readonly url: string; close(): void }> {
  const target = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await readAll(incoming);
      const forward = httpRequest({ host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, host: target.host } });
      forward.end(body);
      const [reply] = (await once(forward, "response")) as [IncomingMessage];
      const answer: Answer = {
        status: reply.statusCode ?? 502,
        headers: Object.fromEntries(KEPT_HEADERS.flatMap((name) => (typeof reply.headers[name] === "string" ? [[name, reply.headers[name]]] : []))),
        body: await readAll(reply),
      };
      recording.set(requestKey(incoming.method ?? "GET", incoming.url ?? "/", body), answer);
      outgoing.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) }).end(answer.body);
    })();
  });
  const url = await listen(server);
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
