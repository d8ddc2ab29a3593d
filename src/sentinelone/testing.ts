/** A console of a few lines for the tests of this folder: whatever the test says, over a real socket. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { silentLog } from "../kernel/log.ts";
import { Secret } from "../kernel/secret.ts";
import { createBudget } from "../net/budget.ts";
import { parseAllowedHosts } from "../net/policy.ts";
import type { ConsoleClient } from "./client.ts";
import { createConsoleClient } from "./rest-client.ts";

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | object;
}

export interface Asked {
  readonly method: string;
  /** Below `/web/api/v2.1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface TestConsole {
  readonly origin: string;
  readonly asked: Asked[];
  readonly client: ConsoleClient;
  close(): Promise<void>;
}

/** A clock whose waits take no time but are over when they end. */
export function instantClock(now: () => number = Date.now): Clock {
  let slept = 0;
  return {
    now,
    monotonic: () => systemClock.monotonic() + slept,
    sleep: async (ms) => {
      slept += ms;
    },
  };
}

export async function testConsole(answer: (asked: Asked) => Answer, options: { readonly maxBodyBytes?: number; readonly attempts?: number } = {}): Promise<TestConsole> {
  const asked: Asked[] = [];
  const clock = instantClock();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://x");
      const one = { method: request.method ?? "", path: url.pathname.replace("/web/api/v2.1", ""), query: url.searchParams, headers: request.headers, body };
      asked.push(one);
      const { status = 200, headers = {}, body: text = "" } = answer(one);
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(typeof text === "string" || Buffer.isBuffer(text) ? text : JSON.stringify(text));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const client = createConsoleClient({
    origin,
    token: new Secret("test-token"),
    budget: createBudget({ clock, share: "off" }),
    clock,
    log: silentLog,
    allowedHosts: parseAllowedHosts(`127.0.0.1:${port}`),
    userAgent: "vedette/test",
    env: {},
    retry: { attempts: options.attempts ?? 2, firstMs: 1, maxMs: 1 },
    ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
  });
  return {
    origin,
    asked,
    client,
    async close() {
      await client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

export function listing(data: readonly unknown[], nextCursor: string | null = null, totalItems = data.length): Answer {
  return { body: { data, pagination: { nextCursor, totalItems } } };
}
