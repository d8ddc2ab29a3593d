import { createServer, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createHttpClient, type HttpClient, type HttpOptions } from "./http.ts";
import { parseAllowedHosts } from "./policy.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function serve(listener: RequestListener): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { port: (server.address() as AddressInfo).port, server };
}

function client(port: number, options: Partial<HttpOptions> = {}): HttpClient {
  const made = createHttpClient({ origin: `http://127.0.0.1:${port}`, allowedHosts: parseAllowedHosts(`127.0.0.1:${port}`), env: {}, ...options });
  open.push(made);
  return made;
}

const get = { method: "GET", path: "/x" } as const;
const BODY = JSON.stringify({ data: "é".repeat(5_000) });

describe("answers", () => {
  it("decodes gzip, brotli and zstd, and leaves plain bodies alone", async () => {
    const encoders = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync, identity: (body: Buffer) => body };
    for (const [name, encode] of Object.entries(encoders)) {
      const { port } = await serve((_request, response) => response.writeHead(200, { "content-encoding": name }).end(encode(Buffer.from(BODY))));

      expect((await client(port).request(get)).body.toString()).toBe(BODY);
    }
  });

  it("gives every status back as it is and follows no redirect", async () => {
    const asked: string[] = [];
    const { port } = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(302, { location: "/elsewhere" }).end();
    });

    expect((await client(port).request(get)).status).toBe(302);
    expect(asked).toEqual(["/x"]);
  });

  it.each(["https://evil.test/", "//evil.test/x", "x"])("does not leave its origin by the path %j", async (path) => {
    const { port } = await serve((_request, response) => response.end());

    await expect(client(port).request({ method: "GET", path })).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

describe("answers that are not whole", () => {
  it("a body shorter than its content-length is cut", async () => {
    const { port } = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("{");
      setTimeout(() => response.socket?.destroy(), 20);
    });

    await expect(client(port).request(get)).rejects.toMatchObject({ code: "S1_BODY_CUT" });
  });

  it("a chunked body without its last chunk is cut", async () => {
    const { port } = await serve((_request, response) => {
      response.write('{"data":[');
      setTimeout(() => response.socket?.destroy(), 20);
    });

    await expect(client(port).request(get)).rejects.toMatchObject({ code: "S1_BODY_CUT" });
  });

  it("a gzip body of several parts, of which the last says how long it alone is, is read whole", async () => {
    const parts = Buffer.concat([gzipSync(Buffer.alloc(200_000, "x")), gzipSync("and more")]);
    const { port } = await serve((_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(parts));

    expect((await client(port).request(get)).body.toString()).toBe(`${"x".repeat(200_000)}and more`);
  });

  it("a gzip body that stops short, or is none, is cut", async () => {
    const whole = gzipSync(BODY);
    for (const body of [whole.subarray(0, whole.length - 9), Buffer.from("not gzip")]) {
      const { port } = await serve((_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(body));

      await expect(client(port).request(get)).rejects.toMatchObject({ code: "S1_BODY_CUT" });
    }
  });

  it("a body over the limit is refused, packed or not, without being held", async () => {
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    const { port } = await serve((request, response) => {
      if (request.url === "/packed") response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      else response.end(Buffer.alloc(2 * 1024 * 1024));
    });
    const small = client(port, { maxBodyBytes: 1024 * 1024 });

    await expect(small.request({ method: "GET", path: "/packed" })).rejects.toMatchObject({ code: "S1_BODY_TOO_LARGE" });
    await expect(small.request(get)).rejects.toMatchObject({ code: "S1_BODY_TOO_LARGE" });
  });

  it("an encoding nobody asked for, or one too many, is refused", async () => {
    for (const encoding of ["rot13", "gzip, gzip, gzip"]) {
      const { port } = await serve((_request, response) => response.writeHead(200, { "content-encoding": encoding }).end("x"));

      await expect(client(port).request(get)).rejects.toMatchObject({ code: "S1_NOT_JSON" });
    }
  });
});

describe("the way there", () => {
  it("no connection, no headers in time and silence in the body are all unreachable", async () => {
    const { port, server } = await serve((request, response) => {
      if (request.url === "/stall") response.write("{");
    });
    const impatient = client(port, { headersTimeoutMs: 100, bodyTimeoutMs: 100 });

    await expect(impatient.request(get)).rejects.toMatchObject({ code: "S1_UNREACHABLE" });
    await expect(impatient.request({ method: "GET", path: "/stall" })).rejects.toMatchObject({ code: "S1_UNREACHABLE" });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(client(port).request(get)).rejects.toMatchObject({ code: "S1_UNREACHABLE" });
  });

  it("a server that does not speak TLS is a TLS fault", async () => {
    const { port } = await serve((_request, response) => response.end());

    await expect(client(port, { origin: `https://127.0.0.1:${port}` }).request(get)).rejects.toMatchObject({ code: "S1_TLS" });
  });

  it("loopback without the operator's word is never connected to, as an address or by a name", async () => {
    let connections = 0;
    const { port, server } = await serve((_request, response) => response.end());
    server.on("connection", () => (connections += 1));
    const byAddress = client(port, { allowedHosts: [] });
    const byName = client(port, { origin: `http://console.test:${port}`, allowedHosts: [], resolve: async () => [{ address: "127.0.0.1", family: 4 }] });

    await expect(byAddress.request(get)).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
    await expect(byName.request(get)).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
    expect(connections).toBe(0);
  });

  it("a name that changes its answer after the check gains nothing: each connection uses the addresses that were checked", async () => {
    const { port, server } = await serve((_request, response) => response.end());
    let connections = 0;
    server.on("connection", () => (connections += 1));
    let asked = 0;
    const rebinding = client(port, {
      origin: `http://console.test:${port}`,
      allowedHosts: [],
      connectTimeoutMs: 300,
      // Public at first (an address that does not answer here), loopback ever after.
      resolve: async () => [{ address: asked++ === 0 ? "192.0.1.1" : "127.0.0.1", family: 4 }],
    });

    await expect(rebinding.request(get)).rejects.toMatchObject({ code: "S1_UNREACHABLE" });
    await expect(rebinding.request(get)).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
    expect(connections).toBe(0);
  });

  it("an aborted request is cancelled, not unreachable", async () => {
    const { port } = await serve(() => undefined);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 30);

    await expect(client(port).request({ ...get, signal: abort.signal })).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("goes through the environment's proxy, by a tunnel for https", async () => {
    const tunnels: string[] = [];
    const { port } = await serve((_request, response) => response.writeHead(500).end());
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const upstream = connect(port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    open.push({ close: () => proxy.close() });
    const proxied = client(port, { origin: "https://usea1.sentinelone.net", allowedHosts: [], env: { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` } });

    await expect(proxied.request(get)).rejects.toMatchObject({ code: "S1_TLS" });
    expect(tunnels[0]).toBe("usea1.sentinelone.net:443");
  });

  it("names a CA file that cannot be read", () => {
    expect(() => client(1, { env: { VEDETTE_CA_FILE: "/nowhere/ca.pem" } })).toThrow(/VEDETTE_CA_FILE/);
  });
});
