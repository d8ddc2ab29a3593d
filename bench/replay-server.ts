/**
 * Serves a recording from memory, each answer after the same delay. Run as a process of its own, so that its time is not the
 * measured process's: `node bench/replay-server.ts FOLDER LATENCY_MS`; prints its address as one line of JSON.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { listen, readAll, requestKey } from "./recording.ts";

const [folder = "", latency = "0"] = process.argv.slice(2);
const latencyMs = Number(latency);

interface Entry {
  readonly key: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly offset: number;
  readonly length: number;
}

const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as readonly Entry[];
const bodies = readFileSync(join(folder, "bodies.bin"));
const answers = new Map(index.map((entry) => [entry.key, entry]));
/** Some questions begin at the moment of asking: what changed since. Whatever the moment, they are answered as they were then. */
const sinceThen = new Map(index.map((entry) => [timeless(entry.key), entry]));
let missing = 0;

function timeless(key: string): string {
  return key.replace(/(__gte=)[^&]*/g, "$1");
}

const server = createServer((incoming, outgoing) => {
  void (async () => {
    const body = await readAll(incoming);
    if (latencyMs > 0) await delay(latencyMs);
    const key = requestKey(incoming.method ?? "GET", incoming.url ?? "/", body);
    const entry = answers.get(key) ?? sinceThen.get(timeless(key));
    if (entry === undefined) {
      missing += 1;
      if (missing < 5) process.stderr.write(`not recorded: ${key.slice(0, 300)}\n`);
      outgoing.writeHead(404, { "content-type": "application/json" }).end('{"errors":[{"code":4040010,"detail":"not recorded","title":"Requested resource was not found"}]}');
      return;
    }
    outgoing.writeHead(entry.status, { ...entry.headers, "content-length": String(entry.length) }).end(bodies.subarray(entry.offset, entry.offset + entry.length));
  })();
});
process.stdout.write(`${JSON.stringify({ ready: true, url: await listen(server) })}\n`);
