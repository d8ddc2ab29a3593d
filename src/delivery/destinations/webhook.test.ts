import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { TenantId } from "../../kernel/ids.ts";
import { parseAllowedHosts } from "../../net/policy.ts";
import type { Delivery, Receipt } from "../destination.ts";
import { outgoing } from "../test-bench.ts";
import type { OutboundPorts } from "./http.ts";
import { webhookKind } from "./webhook.ts";
import { checkedSecret, newSecret, signedHeaders } from "./signing.ts";

const TENANT = "ten_default" as TenantId;
const NOW = Date.UTC(2026, 10, 20, 12, 0, 0, 600);
const frozen: Clock = { ...systemClock, now: () => NOW };

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

function kind(host: string, more: Partial<OutboundPorts> = {}) {
  return webhookKind({ clock: frozen, env: {}, allowedHosts: parseAllowedHosts(host), userAgent: "vedette/test", ...more });
}

const one = outgoing({ queuedAt: NOW });

async function send(host: string, batch: readonly Delivery[] = [one], more: Partial<OutboundPorts> = {}, settings?: string): Promise<readonly Receipt[]> {
  const made = kind(host, more);
  const destination = made.open(settings ?? made.admit({ url: `http://${host}/in?token=x` }, TENANT).settings, TENANT);
  open.push(destination);
  return destination.send(batch, AbortSignal.timeout(10_000));
}

async function answered(status: number, headers: Record<string, string> = {}): Promise<Receipt | undefined> {
  return (await send(await serve((_request, response) => response.writeHead(status, headers).end("never read"))))[0];
}

function read(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => resolve(text));
  });
}

describe("a signature", () => {
  it("is the HMAC of id, time and body that Standard Webhooks' own example has", () => {
    const body = '{"test": 2432232314}';
    expect(signedHeaders(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("takes secrets of 24 to 64 bytes in base64 only, and makes such", () => {
    expect(checkedSecret(newSecret())).toMatch(/^whsec_/);
    for (const bad of ["", "whsec_", "whsec_????", "whsec_YWJj", `whsec_${"A".repeat(200)}`, Buffer.alloc(32).toString("base64")]) expect(() => checkedSecret(bad), bad).toThrow(/whsec_/);
  });

  it("is that of the text, also where the body is sent compressed", async () => {
    const text = JSON.stringify({ text: "x".repeat(2_000) });
    let seen: { readonly headers: IncomingMessage["headers"]; readonly body: Buffer } | undefined;
    const host = await serve((request, response) => {
      void buffer(request).then((body) => {
        seen = { headers: request.headers, body };
        response.writeHead(204).end();
      });
    });
    const secret = newSecret();
    const { settings } = kind(host).admit({ url: `http://${host}/in`, secret, gzip: true }, TENANT);
    expect(await send(host, [{ ...one, text }], {}, settings)).toEqual([{ outcome: "accepted" }]);
    expect(gunzipSync(seen?.body ?? "").toString("utf8")).toBe(text);
    expect(seen?.headers).toMatchObject({ ...signedHeaders([secret], one.id, Math.floor(NOW / 1000), text) });
  });

  it("is made with both secrets while a rotation lasts, and with the new one alone after it", async () => {
    const signatures: string[] = [];
    let signed = "";
    const host = await serve((request, response) => {
      void read(request).then((body) => {
        signatures.push(String(request.headers["webhook-signature"]));
        signed = `${String(request.headers["webhook-id"])}.${String(request.headers["webhook-timestamp"])}.${body}`;
        response.end();
      });
    });
    const before = kind(host).admit({ url: `http://${host}/` }, TENANT);
    const rotated = kind(host).rotate?.(before.settings, null, NOW + 1_000);
    if (rotated === undefined) throw new Error("webhooks rotate");
    await send(host, [one], {}, rotated.settings);
    await send(host, [one], { clock: { ...frozen, now: () => NOW + 1_000 } }, rotated.settings);

    const sign = (secret: string | null): string => `v1,${createHmac("sha256", Buffer.from((secret ?? "").slice(6), "base64")).update(signed).digest("base64")}`;
    expect(before.secret).not.toBe(rotated.secret);
    expect(signatures[0]?.split(" ")).toHaveLength(2);
    expect(signatures[1]).toBe(sign(rotated.secret));
  });
});

describe("what the receiver answers", () => {
  it.each([200, 201, 202, 204, 299])("%i is accepted", async (status) => {
    expect(await answered(status)).toEqual({ outcome: "accepted" });
  });

  it.each([[400, "DESTINATION_REFUSED"], [410, "DESTINATION_REFUSED"], [413, "DELIVERY_TOO_LARGE"], [422, "DESTINATION_REFUSED"]])("%i refuses that delivery", async (status, code) => {
    expect(await answered(status)).toMatchObject({ outcome: "refused", code, reason: `The receiver answered ${String(status)}.` });
  });

  it.each([
    [429, "destination"],
    [503, "destination"],
    [502, "destination"],
    [500, "delivery"],
    [408, "delivery"],
    [301, "destination"],
    [401, "destination"],
    [404, "destination"],
    [405, "destination"],
  ])("%i is tried again, for the sake of the %s", async (status, blame) => {
    expect(await answered(status, { location: "http://169.254.169.254/" })).toMatchObject({ outcome: "again-after", blame, afterMs: null });
  });

  it("is obeyed when it names a time, in seconds or as a date, up to fifteen minutes", async () => {
    expect(await answered(429, { "retry-after": "7" })).toMatchObject({ afterMs: 7_000, code: "DESTINATION_BUSY", blame: "destination" });
    expect(await answered(503, { "retry-after": new Date(NOW + 60_000).toUTCString() })).toMatchObject({ afterMs: 59_400 });
    expect(await answered(500, { "retry-after": "99999999" })).toMatchObject({ afterMs: 900_000 });
    expect(await answered(503, { "retry-after": "soon" })).toMatchObject({ afterMs: null });
  });

  it("is never followed elsewhere", async () => {
    const asked: string[] = [];
    const host = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(307, { location: "/other" }).end();
    });
    await send(host);
    expect(asked).toEqual(["/in?token=x"]);
  });

  it("is taken by its status, however long, damaged or endless its body is", async () => {
    const endless = await serve((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.write("x".repeat(200_000));
    });
    expect(await send(endless)).toEqual([{ outcome: "accepted" }]);
    const cut = await serve((_request, response) => {
      response.writeHead(202, { "content-length": "1000" });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    });
    expect(await send(cut)).toEqual([{ outcome: "accepted" }]);
  });
});

describe("a receiver that is not there", () => {
  it("that is silent, breaks off or refuses connections is tried again", async () => {
    const silent = await serve(() => undefined);
    expect(await send(silent, [one], { answerWithinMs: 100 })).toMatchObject([{ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" }]);
    const rude = await serve((request) => request.socket.destroy());
    expect(await send(rude)).toMatchObject([{ outcome: "again-after", blame: "destination" }]);
    expect(await send("127.0.0.1:9")).toMatchObject([{ outcome: "again-after", blame: "destination" }]);
  });

  it("holds back the rest of the batch, and says of it that it was not sent", async () => {
    let asked = 0;
    const host = await serve((_request, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    const batch = Array.from({ length: 100 }, (_, number) => ({ ...one, id: `dlv_${String(number)}`, orderKey: String(number) }));
    const receipts = await send(host, batch);
    expect(asked).toBeLessThanOrEqual(16);
    expect(receipts.filter((receipt) => receipt.outcome === "again-after" && receipt.blame === "earlier")).toHaveLength(100 - asked);
  });
});

describe("where it may send", () => {
  const strict = webhookKind({ clock: frozen, env: {}, allowedHosts: [], userAgent: "vedette/test", resolve: async (host) => [{ address: host === "inside.example.com" ? "10.0.0.7" : "93.184.216.34", family: 4 }] });

  it.each(["http://hooks.example.com/", "ftp://hooks.example.com/", "https://user:pass@hooks.example.com/", "https://hooks.example.com/#x", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://0x7f.1/", "https://[::ffff:169.254.169.254]/", "not an address", "//x"])("%s is refused at once", (url) => {
    expect(() => strict.admit({ url }, TENANT)).toThrow();
  });

  it("a name that leads inside is refused when it is checked and when it is sent to", async () => {
    const { settings } = strict.admit({ url: "https://inside.example.com/" }, TENANT);
    const destination = strict.open(settings, TENANT);
    open.push(destination);
    await expect(destination.check(AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
    expect(await destination.send([one], AbortSignal.timeout(5_000))).toMatchObject([{ outcome: "again-after", blame: "destination", code: "OUTBOUND_ADDRESS_REFUSED" }]);
  });

  it("shows the host alone: an address often carries a secret", () => {
    const admitted = strict.admit({ url: "https://hooks.example.com/services/T000/B000/XXXX?sig=1" }, TENANT);
    expect(admitted.shown).toEqual({ host: "https://hooks.example.com", gzip: false, oldSecretUntil: null });
    expect(admitted.secret).toMatch(/^whsec_/);
  });
});
