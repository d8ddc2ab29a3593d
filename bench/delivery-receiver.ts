/**
 * The other side of the delivery benchmark, in a process of its own: answers as each kind of receiver does and does as little else as it can. `GET
 * /counted` gives how many different deliveries have come, and `POST /forget` begins anew. Announces its addresses with one line of JSON.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

const seen = new Set<string>();
const ID = /dlv_[0-9a-f]{40}/g;

function answer(request: IncomingMessage, text: string, response: ServerResponse): void {
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (path.endsWith("/_bulk")) {
    const items = [...text.matchAll(/^\{"create":\{"_id":"(dlv_[0-9a-f]{40})"\}\}$/gm)].map(([, id = ""]) => {
      seen.add(id);
      return '{"create":{"status":201}}';
    });
    response.end(`{"errors":false,"items":[${items.join(",")}]}`);
  } else if (path.endsWith("/collector/event")) {
    for (const [, id = ""] of text.matchAll(/"delivery_id":"(dlv_[0-9a-f]{40})"/g)) seen.add(id);
    response.end('{"text":"Success","code":0}');
  } else if (path.endsWith("/batch")) {
    const { jsons } = JSON.parse(text) as { readonly jsons: readonly string[] };
    // A record alone does not name its delivery; its own number does as well here.
    for (const one of jsons) seen.add(/"benchNumber":(\d+)/.exec(one)?.[1] ?? one);
    response.end(JSON.stringify({ event_ids: jsons.map((_one, place) => String(place)) }));
  } else {
    for (const [id] of text.matchAll(ID)) seen.add(id);
    response.writeHead(204).end();
  }
}

const http = createServer((request, response) => {
  if (request.url === "/counted") {
    response.end(JSON.stringify({ counted: seen.size }));
    return;
  }
  if (request.url === "/forget") {
    seen.clear();
    response.end("{}");
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    answer(request, (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("latin1"), response);
  });
});
const syslog = createTcpServer({ allowHalfOpen: true }, (socket) => {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => undefined);
  socket.on("end", () => {
    for (const [, id = ""] of Buffer.concat(chunks).toString("latin1").matchAll(/@32473 id="(dlv_[0-9a-f]{40})"/g)) seen.add(id);
    socket.end();
  });
});
await Promise.all([http, syslog].map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
const portOf = (server: typeof http | typeof syslog): string => `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
process.on("SIGTERM", () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url: `http://${portOf(http)}`, http: portOf(http), syslog: portOf(syslog) })}\n`);
