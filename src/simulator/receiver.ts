/**
 * A receiver on loopback, for a demo: takes what a webhook sends it, and behaves as receivers do. It is away for some seconds every few minutes (503), and finds some
 * deliveries wrong when it first sees them (422), so that there is something to look at where deliveries are shown. What it is sent again by a person it takes.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceiverOptions {
  /** Milliseconds since it began. */
  readonly now?: () => number;
  /** How long an answer takes. */
  readonly latencyMs?: number;
}

export interface Receiver {
  readonly url: string;
  close(): Promise<void>;
}

const MINUTE = 60_000;
/** Away for `AWAY_MS` at the end of every `ROUND_MS`. */
const ROUND_MS = 5 * MINUTE;
const AWAY_MS = 40_000;
const RETRY_SECONDS = 15;
/** One in so many is found wrong at first. */
const WRONG = 25;
/** Deliveries that were found wrong and are taken the next time; of older ones nothing is remembered, and they are found wrong once more. */
const MOST_KNOWN = 1_000;
const LATENCY_MS = 25;
/** Under these paths everything is taken, but for the time it is away. */
const TAKES_ALL = /^\/access\b/;

export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const began = performance.now();
  const now = options.now ?? (() => performance.now() - began);
  const known = new Set<string>();
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    request.resume();
    request.once("end", () => setTimeout(() => answer(request, response), options.latencyMs ?? LATENCY_MS).unref());
  });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    if (now() % ROUND_MS >= ROUND_MS - AWAY_MS) {
      response.writeHead(503, { "retry-after": String(RETRY_SECONDS) }).end();
      return;
    }
    const id = request.headers["webhook-id"];
    const wrong = typeof id === "string" && !TAKES_ALL.test(request.url ?? "") && isWrong(id) && !known.delete(id);
    if (!wrong) {
      response.writeHead(202).end();
      return;
    }
    known.add(id);
    const [oldest] = known;
    if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
    response.writeHead(422).end();
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The same answer for the same id, whatever came before. */
function isWrong(id: string): boolean {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % WRONG === 0;
}
