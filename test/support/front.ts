/**
 * A server that stands before the simulated console and may answer in its place: for answers that no console should give and no fault
 * plan knows. Whatever it has no answer for goes through unchanged.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Instead {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when text, as JSON otherwise. */
  readonly body: unknown;
}

export interface Asked {
  readonly method: string;
  /** Below `/web/api/v2.1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** `answer` gives the body the console has for this request, parsed, to change it. */
export type AnswerInstead = (asked: Asked, answer: () => Promise<unknown>) => Instead | undefined | Promise<Instead | undefined>;

export interface Front {
  readonly url: string;
  close(): Promise<void>;
}

const API = "/web/api/v2.1";

export async function startFront(consoleUrl: string, instead: AnswerInstead): Promise<Front> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const url = new URL(request.url ?? "/", consoleUrl);
      const forward = (): Promise<Response> =>
        fetch(url, {
          method: request.method ?? "GET",
          redirect: "manual",
          headers: { authorization: request.headers.authorization ?? "", "content-type": request.headers["content-type"] ?? "application/json" },
          ...(body === "" ? {} : { body }),
        });
      const asked = { method: request.method ?? "", path: url.pathname.replace(API, ""), query: url.searchParams, body };
      const own = await instead(asked, async () => (await forward()).json());
      if (own !== undefined) {
        const payload = typeof own.body === "string" ? own.body : JSON.stringify(own.body);
        response.writeHead(own.status ?? 200, { "content-type": "application/json", ...own.headers }).end(payload);
        return;
      }
      const answer = await forward();
      const passed = ["content-type", "date", "retry-after"].flatMap((name) => {
        const value = answer.headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
      response.writeHead(answer.status, Object.fromEntries(passed)).end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
