/** What every kind of destination promises. A kind joins by its harness: how to look at what arrived, and how to make it ill and well. */
import { createHmac } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { destinationKinds } from "../../src/delivery/destinations/index.ts";
import type { Delivery, Destination, DestinationKind } from "../../src/delivery/destination.ts";
import type { QueuedFact } from "../../src/delivery/document.ts";
import { outgoing } from "../../src/delivery/test-bench.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { TenantId } from "../../src/kernel/ids.ts";
import { parseAllowedHosts } from "../../src/net/policy.ts";

const TENANT = "ten_contract" as TenantId;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface Arrived {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly key: string;
  readonly text: string;
}

interface Harness {
  readonly kind: DestinationKind;
  readonly config: Readonly<Record<string, unknown>>;
  /** Configurations it must refuse, by a word for why. */
  readonly wrong: Readonly<Record<string, unknown>>;
  arrived(): readonly Arrived[];
  fallIll(): void;
  heal(): void;
  close(): void | Promise<void>;
}

function arrivedFrom(text: string): Arrived {
  const value = JSON.parse(text) as Omit<Arrived, "text">;
  return { ...value, text };
}

async function webhookHarness(): Promise<Harness> {
  const texts: string[] = [];
  let ill = false;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = request.headers;
      const wanted = createHmac("sha256", Buffer.alloc(32, 7)).update(`${String(id)}.${String(at)}.${body}`).digest("base64");
      const right = signature === `v1,${wanted}`;
      if (!ill && right) texts.push(body);
      response.writeHead(ill ? 503 : right ? 204 : 400).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const [kind] = destinationKinds({ clock: systemClock, env: {}, allowedHosts: parseAllowedHosts(host), userAgent: "vedette/test", folder: "/nowhere" }).filter((each) => each.id === "webhook");
  if (kind === undefined) throw new Error("no webhook kind");
  return {
    kind,
    config: { url: `http://${host}/in`, secret: SECRET },
    wrong: { "no address": {}, "a script": { url: "javascript:alert(1)" }, "a key nobody named": { url: "https://hooks.example.com", retries: 3 }, "a weak secret": { url: "https://hooks.example.com", secret: "whsec_YQ==" }, "the cloud's own address": { url: "http://169.254.169.254/latest" } },
    arrived: () => texts.map(arrivedFrom),
    fallIll: () => (ill = true),
    heal: () => (ill = false),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function fileHarness(): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-files-"));
  const [kind] = destinationKinds({ clock: systemClock, env: {}, allowedHosts: [], userAgent: "vedette/test", folder }).filter((each) => each.id === "file");
  if (kind === undefined) throw new Error("no file kind");
  const place = join(folder, TENANT);
  const away = join(folder, "away");
  return {
    kind,
    config: { file: "facts.ndjson" },
    wrong: { "no name": {}, "a path": { file: "../facts.ndjson" }, "another ending": { file: "vedette.sqlite" }, "a key nobody named": { file: "facts.ndjson", folder: "/etc" }, "no room": { file: "facts.ndjson", megabytes: 0 } },
    arrived: () => (existsSync(join(place, "facts.ndjson")) ? readFileSync(join(place, "facts.ndjson"), "utf8").split("\n").filter((line) => line !== "").map(arrivedFrom) : []),
    // A file where its folder should be: root, who runs these tests in places, may write whatever the mode.
    fallIll() {
      if (existsSync(place)) renameSync(place, away);
      else mkdirSync(away);
      writeFileSync(place, "");
    },
    heal() {
      rmSync(place);
      renameSync(away, place);
      chmodSync(place, 0o700);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const HARNESSES: Readonly<Record<string, () => Promise<Harness>>> = { webhook: webhookHarness, file: fileHarness };

it("every kind of destination is held by this suite", () => {
  expect(destinationKinds({ clock: systemClock, env: {}, allowedHosts: [], userAgent: "", folder: "/nowhere" }).map((kind) => kind.id).toSorted()).toEqual(Object.keys(HARNESSES).toSorted());
});

function delivery(number: number, more: Partial<QueuedFact> = {}): Delivery {
  return outgoing({ id: `dlv_${String(number).padStart(40, "0")}`, tenant: TENANT, key: `key ${String(number)}`, orderKey: `o${String(number % 3)}`, body: JSON.stringify({ number }), ...more });
}

describe.each(Object.keys(HARNESSES))("a destination of the kind %s", (name) => {
  let harness: Harness;
  let destination: Destination;
  const signal = (): AbortSignal => AbortSignal.timeout(20_000);

  beforeEach(async () => {
    const make = HARNESSES[name];
    if (make === undefined) throw new Error("no harness");
    harness = await make();
    destination = harness.kind.open(harness.kind.admit(harness.config, TENANT).settings, TENANT);
  });
  afterEach(async () => {
    await destination.close();
    await harness.close();
  });

  it("takes a batch: one receipt each, everything over there once, each key in order", async () => {
    const batch = Array.from({ length: 40 }, (_, number) => delivery(number));
    const receipts = await destination.send(batch, signal());

    expect(receipts).toEqual(batch.map(() => ({ outcome: "accepted" })));
    const arrived = harness.arrived();
    expect(arrived.map((one) => one.id).toSorted()).toEqual(batch.map((one) => one.id));
    for (const key of [0, 1, 2]) {
      const numbers = arrived.map((one) => (one.data as { number: number }).number).filter((number) => number % 3 === key);
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
  });

  it("hands over id, kind, key, version, time and data as they were queued, hostile text among them", async () => {
    const hostile = { text: '"}\n{"id":"dlv_other"}\r\n\u0000\u2028\ud800 =cmd|calc \u202e', deep: [{ __proto__: 1 }], large: "12345678901234567890" };
    await destination.send([delivery(1, { key: 'a\n"b', version: "7", body: JSON.stringify(hostile) })], signal());

    const [arrived] = harness.arrived();
    expect(harness.arrived()).toHaveLength(1);
    expect(arrived).toMatchObject({ id: delivery(1).id, type: "test.fact", key: 'a\n"b', version: "7", timestamp: "2026-11-20T00:00:00.000Z", tenant: TENANT });
    expect(JSON.stringify(arrived?.data)).toBe(JSON.stringify(hostile));
  });

  it("in trouble accepts nothing and refuses nothing; what it was given goes when it is well", async () => {
    harness.fallIll();
    const batch = [delivery(0), delivery(1), delivery(3)];
    const ill = await destination.send(batch, signal());
    expect(ill.map((receipt) => receipt.outcome)).toEqual(["again-after", "again-after", "again-after"]);
    expect(ill.filter((receipt) => receipt.outcome === "again-after" && receipt.blame === "destination").length).toBeGreaterThan(0);
    // The second of its key must not be tried before the first.
    expect(ill.every((receipt) => receipt.outcome !== "again-after" || receipt.reason.length > 5)).toBe(true);

    harness.heal();
    expect(harness.arrived()).toEqual([]);
    expect((await destination.send(batch, signal())).map((receipt) => receipt.outcome)).toEqual(["accepted", "accepted", "accepted"]);
    expect(harness.arrived()).toHaveLength(3);
  });

  it("sends a repeat byte for byte the same", async () => {
    await destination.send([delivery(5)], signal());
    await destination.send([delivery(5)], signal());
    const texts = harness.arrived().map((one) => one.text);

    expect(texts).toHaveLength(harness.kind.repeats === "visible" ? 2 : 1);
    expect(new Set(texts).size).toBe(1);
  });

  it("begins nothing once it was told to stop", async () => {
    const receipts = await destination.send([delivery(1), delivery(2)], AbortSignal.abort());

    expect(receipts.map((receipt) => receipt.outcome === "accepted" || receipt.outcome === "again-after")).toEqual([true, true]);
    expect(harness.arrived().length).toBe(receipts.filter((receipt) => receipt.outcome === "accepted").length);
  });

  it("checks without sending anything", async () => {
    await destination.check(signal());
    expect(harness.arrived()).toEqual([]);
  });

  it("refuses a wrong configuration with its place, and shows no secret of a right one", async () => {
    const schema = Compile(harness.kind.config);
    for (const [why, config] of Object.entries(harness.wrong)) {
      const admit = (): unknown => {
        if (!schema.Check(config)) throw new Error("schema");
        return harness.kind.admit(config, TENANT);
      };
      expect(admit, why).toThrow();
    }
    const admitted = harness.kind.admit(harness.config, TENANT);
    expect(JSON.stringify(admitted.shown)).not.toMatch(/whsec_|\/in/);
  });

  it("comes back from its sealed settings as it was", async () => {
    const again = harness.kind.open(harness.kind.admit(harness.config, TENANT).settings, TENANT);
    await again.send([delivery(9)], signal());
    await again.close();
    expect(harness.arrived()).toHaveLength(1);
    expect(() => harness.kind.open("{}", TENANT)).toThrow(/stored configuration/);
  });
});
