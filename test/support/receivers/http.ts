/** An HTTP receiver on loopback for the fakes beside it: whole requests, unpacked, and what goes wrong on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly bytes: number;
}

export interface Answered {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `hang`: no answer; `drop`: the connection is broken; `slow`: the answer comes after so many ms. */
export type Trouble = Answered | "hang" | "drop" | { readonly slow: number };

export interface HttpReceiver {
  readonly host: string;
  readonly url: string;
  readonly asked: Asked[];
  /** Requests whose body is answered 400, whole. */
  poisoned: (body: string) => boolean;
  /** What the next requests meet, one each; the last stays. Null = all is well again. */
  strike(...troubles: readonly Trouble[]): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startHttpReceiver(answer: (asked: Asked) => Answered, tls: { readonly cert: string; readonly key: string } | null = null): Promise<HttpReceiver> {
  const asked: Asked[] = [];
  let troubles: readonly Trouble[] = [];

  function send(response: ServerResponse, { status, body, headers = {} }: Answered): void {
    const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, { "content-type": typeof body === "string" ? "text/html" : "application/json", ...headers }).end(text);
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw).toString("utf8") : raw.toString("utf8");
      const one: Asked = { method: request.method ?? "", url: new URL(request.url ?? "/", "http://x"), headers: request.headers, body, bytes: raw.length };
      asked.push(one);
      const [trouble] = troubles;
      if (troubles.length > 1) troubles = troubles.slice(1);
      if (trouble === "hang") return;
      if (trouble === "drop") return void request.socket.destroy();
      if (receiver.poisoned(body)) return send(response, { status: 400, body: { text: "Invalid data format", code: 6 } });
      if (trouble !== undefined && "slow" in trouble) return void setTimeout(() => send(response, answer(one)), trouble.slow);
      send(response, trouble ?? answer(one));
    });
  };
  const server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const receiver: HttpReceiver = {
    host,
    poisoned: () => false,
    url: `${tls === null ? "http" : "https"}://${host}`,
    asked,
    strike: (...next) => void (troubles = next),
    heal: () => void (troubles = []),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
