/** Everything that goes wrong on the other side, for each kind of destination where it can: what becomes of the deliveries, and in which words. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Delivery, Destination, Receipt } from "../../src/delivery/destination.ts";
import type { QueuedFact } from "../../src/delivery/document.ts";
import { outgoing } from "../../src/delivery/test-bench.ts";
import { CA, CLIENT, ELSEWHERE, SERVER } from "../support/certificates.ts";
import { API_KEY, startElasticsearch } from "../support/receivers/elasticsearch.ts";
import { startHttpReceiver, type HttpReceiver, type Trouble } from "../support/receivers/http.ts";
import { INTAKE_KEY, startSekoia } from "../support/receivers/sekoia.ts";
import { startSplunk, TOKEN } from "../support/receivers/splunk.ts";
import { startSyslog } from "../support/receivers/syslog.ts";
import { kindOf, TENANT } from "./destination-harnesses.ts";

type Tls = Parameters<typeof startHttpReceiver>[1];

interface HttpKind {
  readonly start: (tls: Tls) => Promise<HttpReceiver>;
  readonly config: (url: string) => Readonly<Record<string, unknown>>;
}

const HTTP: Readonly<Record<string, HttpKind>> = {
  webhook: { start: (tls) => startHttpReceiver(() => ({ status: 204 }), tls), config: (url) => ({ url: `${url}/in` }) },
  elasticsearch: { start: startElasticsearch, config: (url) => ({ url, apiKey: API_KEY }) },
  splunk: { start: startSplunk, config: (url) => ({ url, token: TOKEN }) },
  sekoia: { start: startSekoia, config: (url) => ({ url, intakeKey: INTAKE_KEY }) },
};
/** Short for what never comes; long enough for two sides of TLS in one busy process. */
const ANSWER_WITHIN_MS = 500;

const open: { close(): unknown }[] = [];
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-faults-"));
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  rmSync(folder, { recursive: true, force: true });
});

function kept<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

function opened(id: string, host: string, config: Readonly<Record<string, unknown>>, more: Parameters<typeof kindOf>[2] = {}): Destination {
  const kind = kindOf(id, [host], { answerWithinMs: ANSWER_WITHIN_MS, ...more });
  return kept(kind.open(kind.admit(config, TENANT).settings, TENANT));
}

const some = (count: number, more: Partial<QueuedFact> = {}): readonly Delivery[] => Array.from({ length: count }, (_unused, number) => outgoing({ id: `dlv_${String(number)}`, tenant: TENANT, key: `k${String(number)}`, body: JSON.stringify({ number }), ...more }));
const send = (destination: Destination, batch: readonly Delivery[] = some(3)): Promise<readonly Receipt[]> => destination.send(batch, AbortSignal.timeout(10_000));

/** What stands for the whole batch: its first delivery; where the destination is to blame the others may not have been sent. */
async function first(destination: Destination): Promise<Receipt | undefined> {
  const receipts = await send(destination);
  expect(receipts.map(({ outcome }) => outcome)).toEqual(receipts.map(() => receipts[0]?.outcome));
  return receipts[0];
}

async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await new Promise((resolve) => server.close(resolve));
  return host;
}

describe("elasticsearch, asked for an index template", () => {
  const checked = async (receiver: HttpReceiver, more: object = {}): Promise<void> => opened("elasticsearch", receiver.host, { ...HTTP["elasticsearch"]?.config(receiver.url), template: true, ...more }).check(AbortSignal.timeout(5_000));
  const record = "template.mappings.properties.data.properties.record";

  it("makes one in which a record is one flattened field, before anything is sent", async () => {
    const receiver = kept(await startElasticsearch());
    await checked(receiver, { index: "logs-s1-default" });
    expect(receiver.templates.get("vedette-logs-s1-default")).toMatchObject({ index_patterns: ["logs-s1-default"], data_stream: {} });
    expect(receiver.templates.get("vedette-logs-s1-default")).toHaveProperty(record, expect.objectContaining({ type: "flattened", ignore_above: 8_191 }));
    expect(receiver.documents.size).toBe(0);
  });

  it("makes one that OpenSearch takes, under its own name for the type; a plain index stays one", async () => {
    const receiver = kept(await startElasticsearch());
    receiver.version = { number: "3.1.0", distribution: "opensearch" };
    await checked(receiver, { index: "s1" });
    expect(receiver.templates.get("vedette-s1")).toHaveProperty(record, { type: "flat_object" });
    expect(receiver.templates.get("vedette-s1")).not.toHaveProperty("data_stream");
    expect(receiver.templates.get("vedette-s1")).not.toHaveProperty("composed_of");
  });

  it.each([
    [403, /may not make an index template \(403\)/],
    [400, /did not take the index template \(400 illegal_argument_exception\)/],
  ])("says so when it is answered %i", async (status, words) => {
    const receiver = kept(await startElasticsearch());
    receiver.strike({ status: 200, body: {} }, { status: 200, body: {} }, { status, body: { error: { type: "illegal_argument_exception", reason: "a sentence" } } });
    await expect(checked(receiver)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(words) as string });
  });

  it("makes none unasked", async () => {
    const receiver = kept(await startElasticsearch());
    await checked(receiver, { template: false });
    expect(receiver.templates.size).toBe(0);
  });
});

describe.each(["webhook", "sekoia"])("%s, asked to compress", (id) => {
  const { start, config } = HTTP[id] ?? raise();
  const long = some(2, { body: JSON.stringify({ text: "x".repeat(2_000) }) });
  const encodings = ({ asked }: HttpReceiver): readonly unknown[] => asked.map(({ headers }) => headers["content-encoding"]);

  it("sends what is worth it compressed, signed as what it is when unpacked", async () => {
    const receiver = kept(await start(null));
    const destination = opened(id, receiver.host, { ...config(receiver.url), gzip: true });
    expect((await send(destination, long)).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
    expect((await send(destination, some(1)))[0]).toEqual({ outcome: "accepted" });
    expect(encodings(receiver)).toEqual(id === "webhook" ? ["gzip", "gzip", undefined] : ["gzip", undefined]);
    expect(receiver.asked[0]?.bytes).toBeLessThan(600);
    expect(receiver.asked[0]?.body).toContain("x".repeat(2_000));
  });

  it("sends it again as it is to a receiver that answers 415, and never compressed after that", async () => {
    const receiver = kept(await start(null));
    receiver.strike({ status: 415 }, { slow: 0 });
    const destination = opened(id, receiver.host, { ...config(receiver.url), gzip: true });
    const one = long.slice(0, 1);
    expect([await send(destination, one), await send(destination, one)]).toEqual([[{ outcome: "accepted" }], [{ outcome: "accepted" }]]);
    expect(encodings(receiver)).toEqual(["gzip", undefined, undefined]);
  });
});

function raise(): never {
  throw new Error("no such kind");
}

describe.each(Object.entries(HTTP))("%s", (id, { start, config }) => {
  async function meets(...troubles: readonly Trouble[]): Promise<Receipt | undefined> {
    const receiver = kept(await start(null));
    receiver.strike(...troubles);
    return first(opened(id, receiver.host, config(receiver.url)));
  }

  it("429 with Retry-After: all wait, no less than was asked", async () => {
    expect(await meets({ status: 429, headers: { "retry-after": "7" } })).toEqual({ outcome: "again-after", afterMs: 7_000, blame: "destination", code: "DESTINATION_BUSY", reason: expect.stringContaining("429") as string });
  });

  it.each([503, 502, 504])("%i: all wait", async (status) => {
    expect(await meets({ status, body: "<html>Down for maintenance</html>" })).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE", reason: expect.stringContaining(String(status)) as string });
  });

  it.each([401, 403, 404, 301])("%i: all wait until somebody mends it; no redirect is followed", async (status) => {
    expect(await meets({ status, headers: { location: "http://169.254.169.254/" } })).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining(String(status)) as string });
  });

  it("413 for whatever is sent: each is parked as too large, with the answer", async () => {
    expect(await meets({ status: 413 })).toMatchObject({ outcome: "refused", code: "DELIVERY_TOO_LARGE", reason: expect.stringContaining("413") as string });
  });

  it("400 for whatever is sent: each is parked, with the answer", async () => {
    expect(await meets({ status: 400, body: { text: "Invalid data format", code: 6 } })).toMatchObject({ outcome: "refused", code: "DESTINATION_REFUSED", reason: expect.stringContaining("400") as string });
  });

  it("400 for one of many: that one is parked, the others go, in the order of their keys", async () => {
    const receiver = kept(await start(null));
    receiver.poisoned = (body) => /number\\?":[37]\b/.test(body);
    const receipts = await send(opened(id, receiver.host, config(receiver.url)), some(10).map((delivery) => ({ ...delivery, orderKey: "one" })));
    expect(receipts.map(({ outcome }) => outcome)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => (number === 3 || number === 7 ? "refused" : "accepted")));
    const taken = receiver.asked.filter(({ body }) => !receiver.poisoned(body)).flatMap(({ body }) => [...body.matchAll(/number\\?":(\d)/g)].map((match) => Number(match[1])));
    expect(taken).toEqual([0, 1, 2, 4, 5, 6, 8, 9]);
  });

  it("an answer that does not come, a connection that breaks, one that is not made: all wait", async () => {
    expect(await meets("hang")).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" });
    expect(await meets("drop")).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" });
    const host = await closedPort();
    expect(await first(opened(id, host, config(`http://${host}`)))).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("ECONNREFUSED") as string });
  });

  it("a slow answer is waited for", async () => {
    expect(await meets({ slow: 100 })).toEqual({ outcome: "accepted" });
  });

  it("a certificate nobody vouches for, or of another host: nothing is sent, and the words say certificate; with the authority it goes", async () => {
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, CA);
    const right = kept(await start(SERVER));
    expect(await first(opened(id, right.host, config(right.url)))).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("certificate") as string });
    const wrong = kept(await start(ELSEWHERE));
    expect(await first(opened(id, wrong.host, config(wrong.url), { env: { VEDETTE_CA_FILE: ca } }))).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("certificate") as string });
    expect([right.asked, wrong.asked]).toEqual([[], []]);
    expect(await first(opened(id, right.host, config(right.url), { env: { VEDETTE_CA_FILE: ca } }))).toEqual({ outcome: "accepted" });
    if (id === "elasticsearch" || id === "splunk") expect(await first(opened(id, right.host, { ...config(right.url), ca: CA }))).toEqual({ outcome: "accepted" });
  });

  it.runIf(id !== "webhook")("200 from something else (a portal's page, another API): nothing counts as taken", async () => {
    for (const body of ["<html>Welcome, please sign in</html>", { ok: true }, []]) {
      const receipt = await meets({ status: 200, body });
      // An intake's answer need not name what it took.
      if (id === "sekoia" && typeof body === "object" && !Array.isArray(body)) expect(receipt).toEqual({ outcome: "accepted" });
      else expect(receipt).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" });
    }
  });
});

describe("elasticsearch", () => {
  async function cluster() {
    const receiver = kept(await startElasticsearch());
    return { receiver, destination: opened("elasticsearch", receiver.host, { url: receiver.url, apiKey: API_KEY }) };
  }

  it("says of each document what became of it: taken, there already, refused, not now", async () => {
    const { receiver, destination } = await cluster();
    await send(destination, some(1));
    receiver.reject = (id) => ({ dlv_2: { status: 400, type: "document_parsing_exception" }, dlv_3: { status: 429, type: "es_rejected_execution_exception" } })[id] ?? null;
    expect(await send(destination, some(5))).toEqual([
      { outcome: "accepted" },
      { outcome: "accepted" },
      { outcome: "refused", code: "DESTINATION_REFUSED", reason: "The cluster answered 400 for this document (document_parsing_exception)." },
      { outcome: "again-after", afterMs: null, blame: "delivery", code: "DESTINATION_BUSY", reason: "The cluster answered 429 for this document (es_rejected_execution_exception)." },
      { outcome: "accepted" },
    ]);
    expect([...receiver.documents.keys()]).toEqual(["dlv_0", "dlv_1", "dlv_4"]);
  });

  it("never has a later one of a key before an earlier one that was not taken", async () => {
    const { receiver, destination } = await cluster();
    receiver.reject = (id) => (id === "dlv_1" ? { status: 429, type: "es_rejected_execution_exception" } : null);
    const batch = some(6).map((delivery, place) => ({ ...delivery, orderKey: place % 2 === 0 ? "even" : "odd" }));
    expect((await send(destination, batch)).map((receipt) => (receipt.outcome === "again-after" ? receipt.blame : receipt.outcome))).toEqual(["accepted", "delivery", "accepted", "earlier", "accepted", "earlier"]);
    expect([...receiver.documents.keys()]).toEqual(["dlv_0", "dlv_2", "dlv_4"]);
  });

  it("an index that is missing or closed to writing holds all back, and parks nothing", async () => {
    for (const [status, type] of [[404, "index_not_found_exception"], [403, "cluster_block_exception"]] as const) {
      const { receiver, destination } = await cluster();
      receiver.reject = () => ({ status, type });
      expect(await first(destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining(type) as string });
    }
  });

  it("a request that is too large for the cluster goes in parts; a document that is too large alone is parked", async () => {
    const { receiver, destination } = await cluster();
    receiver.largest = 900;
    const large = outgoing({ id: "dlv_large", key: "large", body: JSON.stringify({ noise: Array.from({ length: 600 }, (_unused, place) => (place * 7_919).toString(36)).join("") }) });
    const receipts = await send(destination, [...some(40), large]);
    expect(receipts.slice(0, 40).every(({ outcome }) => outcome === "accepted")).toBe(true);
    expect(receipts[40]).toMatchObject({ outcome: "refused", code: "DELIVERY_TOO_LARGE" });
    expect(receiver.documents.size).toBe(40);
  });

  it("gives a document a time where it has none, and leaves one that has it as it is", async () => {
    const { receiver, destination } = await cluster();
    const record = { stream: "groups" as const, severity: "unknown" as const, console: null, raw: '{"id":"1","name":"Default Group","siteId":"1","isDefault":true,"updatedAt":"2026-02-01T07:00:00Z"}' };
    await send(destination, [outgoing({ id: "dlv_a", key: "a", record }), outgoing({ id: "dlv_b", key: "b", record }, "record"), outgoing({ id: "dlv_c", key: "c", record }, "ecs")]);
    const times = [...receiver.documents.values()].map((text) => (JSON.parse(text) as { "@timestamp": string })["@timestamp"]);
    expect(times.slice(0, 2)).toEqual(["2026-02-01T07:00:00.000Z", "2026-02-01T07:00:00.000Z"]);
    expect(receiver.documents.get("dlv_c")?.match(/"@timestamp"/g)).toHaveLength(1);
  });

  it("is not added with a key that the cluster does not know, nor where nothing answers", async () => {
    const receiver = kept(await startElasticsearch());
    await expect(opened("elasticsearch", receiver.host, { url: receiver.url, apiKey: "d3Jvbmc=" }).check(AbortSignal.timeout(2_000))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const host = await closedPort();
    await expect(opened("elasticsearch", host, { url: `http://${host}`, apiKey: "x" }).check(AbortSignal.timeout(2_000))).rejects.toMatchObject({ code: "DESTINATION_UNREACHABLE" });
  });
});

describe("splunk", () => {
  async function collector(more: Readonly<Record<string, unknown>> = {}, within = 300) {
    const receiver = kept(await startSplunk());
    return { receiver, destination: opened("splunk", receiver.host, { url: receiver.url, token: TOKEN, ...more }, { acknowledgeWithinMs: within }) };
  }

  it("files events by the time they happened, under the names given, each with its delivery's id", async () => {
    const { receiver, destination } = await collector({ index: "s1", sourcetype: "s1:alert", host: "hub" });
    const record = { stream: "alerts" as const, severity: "high" as const, console: null, raw: '{"updatedAt":"2026-03-02T10:00:00.250Z","n":9223372036854775807}' };
    await send(destination, [outgoing({ id: "dlv_a", kind: "alerts.new", record }, "record")]);
    expect(receiver.events).toMatchObject([{ time: 1772445600.25, index: "s1", sourcetype: "s1:alert", source: "vedette", host: "hub", fields: { delivery_id: "dlv_a", fact: "alerts.new", tenant: "ten_mine" } }]);
    expect(receiver.events[0]?.text).toContain('"n":9223372036854775807');
  });

  it("with acknowledgement: taken only once it is indexed; what is not indexed in time is sent again", async () => {
    const { receiver, destination } = await collector({ acknowledge: true });
    receiver.acknowledges = true;
    expect(await first(destination)).toEqual({ outcome: "accepted" });
    receiver.indexed = false;
    expect(await first(destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("not acknowledged") as string });
    receiver.acknowledges = false;
    expect(await first(destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("acknowledgement disabled") as string });
  });

  it("a token that needs a channel, or may not write to the index: all wait, nothing is parked", async () => {
    const { receiver, destination } = await collector();
    receiver.acknowledges = true;
    expect(await first(destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("code 10") as string });
    const other = await collector({ index: "secret" });
    expect(await first(other.destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("code 7") as string });
  });

  it("busy: all wait, with Splunk's own code in the words", async () => {
    const { receiver, destination } = await collector();
    receiver.strike({ status: 503, body: { text: "Server is busy", code: 9 }, headers: { "retry-after": "3" } });
    expect(await first(destination)).toMatchObject({ outcome: "again-after", afterMs: 3_000, blame: "destination", reason: "The collector answered 503 (code 9)." });
  });
});

describe("sekoia", () => {
  async function intake() {
    const receiver = kept(await startSekoia());
    return { receiver, destination: opened("sekoia", receiver.host, { url: receiver.url, intakeKey: INTAKE_KEY }) };
  }
  const event = (id: string, bytes: number): Delivery => outgoing({ id, key: id, body: "{}", record: { stream: "alerts", severity: "high", console: null, raw: JSON.stringify({ fill: "x".repeat(bytes - 11) }) } }, "record");

  it("an event that is longer than the intake takes is parked and never sent, for the intake would drop it without a word", async () => {
    const { receiver, destination } = await intake();
    expect(await send(destination, [event("a", 250_000), event("b", 250_001), event("c", 100)])).toEqual([{ outcome: "accepted" }, { outcome: "refused", code: "DELIVERY_TOO_LARGE", reason: expect.stringContaining("250.0 kB") as string }, { outcome: "accepted" }]);
    expect([receiver.events.length, receiver.dropped]).toEqual([2, []]);
  });

  it("no request is larger than the intake takes, and each holds as much as fits", async () => {
    const { receiver, destination } = await intake();
    const receipts = await send(destination, Array.from({ length: 45 }, (_unused, number) => event(`dlv_${String(number)}`, 240_000)));
    expect(receipts.every(({ outcome }) => outcome === "accepted")).toBe(true);
    expect(receiver.asked.length).toBe(2);
    for (const { bytes } of receiver.asked) expect(bytes).toBeLessThanOrEqual(9_437_184);
  });

  it("sends the vendor's record letter for letter", async () => {
    const { receiver, destination } = await intake();
    const raw = '{"n":9223372036854775807,"x":1.50,"t":"\\u00e9\u00e9"}';
    await send(destination, [outgoing({ record: { stream: "alerts", severity: "high", console: null, raw } }, "record")]);
    expect(receiver.events).toEqual([raw]);
  });

  it("an intake that names fewer events than it was given: all wait and go again", async () => {
    const { receiver, destination } = await intake();
    receiver.strike({ status: 200, body: { event_ids: ["one"] } });
    expect(await first(destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("3 events and took 1") as string });
  });
});

describe("syslog", () => {
  async function receiver(more: Readonly<Record<string, unknown>> = {}, options: Parameters<typeof startSyslog>[0] = {}, answerWithinMs = ANSWER_WITHIN_MS) {
    const started = kept(await startSyslog(options));
    return { receiver: started, destination: opened("syslog", started.host, { address: `${options.tls === undefined ? "tcp" : "tls"}://${started.host}`, ...more }, { answerWithinMs }) };
  }

  it("writes messages as RFC 5424 has them: priority by severity, id and key as structured data", async () => {
    const { receiver: there, destination } = await receiver({ facility: 13, hostname: "hub.example.com", app: "s1" });
    const severities = ["critical", "high", "medium", "low", "info", "unknown"] as const;
    await send(destination, severities.map((severity, place) => outgoing({ id: `dlv_${String(place)}`, kind: "alerts.new", key: 'a]b"c\\d', record: { stream: "alerts", severity, console: null, raw: "{}" } })));
    expect(there.messages.map(({ priority }) => priority - 13 * 8)).toEqual([2, 3, 4, 5, 6, 5]);
    expect(there.messages[0]).toMatchObject({ hostname: "hub.example.com", app: "s1", msgid: "alerts.new", timestamp: "2026-11-20T00:00:00.000Z", data: { id: "dlv_0", kind: "alerts.new", tenant: "ten_mine", key: 'a]b"c\\d', version: "1" } });
    expect(there.broken).toEqual([]);
  });

  it("nothing in a record ends a message or begins another", async () => {
    const { receiver: there, destination } = await receiver();
    const forged = "x\r\n<34>1 2026-01-01T00:00:00Z evil app - ID [a b=\"c\"] forged\n65 <34>1 - - - - - forged";
    await send(destination, [outgoing({ key: forged, version: forged, kind: "alerts.new", body: JSON.stringify({ forged, [forged]: 1 }) }), ...some(2)]);
    expect([there.messages.length, there.broken]).toEqual([3, []]);
    expect((JSON.parse(there.messages[0]?.text ?? "") as { data: unknown }).data).toEqual({ forged, [forged]: 1 });
  });

  it.each(["early", "reset", "mute", "deaf"] as const)("a receiver that is %s has taken nothing as far as can be proven: all of it goes again", async (mood) => {
    // Only what never comes has to be waited for; a megabyte that does come may take its time on a busy machine.
    const { receiver: there, destination } = await receiver({}, {}, mood === "early" || mood === "reset" ? 8_000 : 2 * ANSWER_WITHIN_MS);
    there.mood = mood;
    const large = some(20, { body: JSON.stringify({ fill: "x".repeat(60_000) }) });
    const [receipt] = await send(destination, large);
    expect(receipt).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" });
    there.mood = "well";
    expect((await send(destination, large)).every(({ outcome }) => outcome === "accepted")).toBe(true);
    expect(new Set(there.messages.map(({ data }) => data["id"])).size).toBe(20);
  });

  it("with `written` keeps one connection, and makes another where it was lost", async () => {
    const { receiver: there, destination } = await receiver({ confirm: "written" });
    for (let round = 0; round < 3; round += 1) expect(await first(destination)).toEqual({ outcome: "accepted" });
    await expect.poll(() => there.messages.length).toBe(9);
    expect(there.connections).toBe(1);
    there.mood = "reset";
    await expect.poll(async () => {
      await send(destination);
      return there.connections;
    }).toBeGreaterThan(1);
    there.mood = "well";
    await expect.poll(async () => (await send(destination))[0]?.outcome).toBe("accepted");
  });

  it("a message that is longer than was agreed is parked; nothing is ever cut", async () => {
    const { receiver: there, destination } = await receiver({ largest: 1_000 });
    const receipts = await send(destination, [...some(1), outgoing({ id: "dlv_large", key: "large", body: JSON.stringify({ fill: "x".repeat(1_000) }) })]);
    expect(receipts).toEqual([{ outcome: "accepted" }, { outcome: "refused", code: "DELIVERY_TOO_LARGE", reason: expect.stringContaining("1.0 kB") as string }]);
    expect(there.messages).toHaveLength(1);
  });

  it("over TLS nothing goes to whoever cannot prove who they are, and we prove who we are where we are asked", async () => {
    const stranger = await receiver({}, { tls: SERVER });
    expect(await first(stranger.destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("certificate") as string });
    const other = await receiver({ ca: CA }, { tls: ELSEWHERE });
    expect(await first(other.destination)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("certificate") as string });
    const asked = await receiver({ ca: CA }, { tls: SERVER, clientCa: CA });
    expect(await first(asked.destination)).toMatchObject({ outcome: "again-after", blame: "destination" });
    const known = await receiver({ ca: CA, ...CLIENT }, { tls: SERVER, clientCa: CA });
    expect(await first(known.destination)).toEqual({ outcome: "accepted" });
    expect([stranger, other, asked].flatMap(({ receiver: there }) => there.messages)).toEqual([]);
    await expect(asked.destination.check(AbortSignal.timeout(2_000))).rejects.toMatchObject({ code: "DESTINATION_UNREACHABLE" });
    await known.destination.check(AbortSignal.timeout(2_000));
  });

  it("nothing listening, or a name that leads inside: all wait, and it is not added", async () => {
    const host = await closedPort();
    const gone = opened("syslog", host, { address: `tcp://${host}` });
    expect(await first(gone)).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("ECONNREFUSED") as string });
    const inside = kindOf("syslog", [], { resolve: async () => [{ address: "10.0.0.7", family: 4 }] });
    const destination = kept(inside.open(inside.admit({ address: "tls://logs.example.com" }, TENANT).settings, TENANT));
    expect(await first(destination)).toMatchObject({ outcome: "again-after", blame: "destination", code: "OUTBOUND_ADDRESS_REFUSED" });
    await expect(destination.check(AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
  });
});

describe("standard output", () => {
  it("whoever reads it stops reading: all wait, nothing piles up, and it goes on when they read again", async () => {
    const taken: { text: string; done: () => void }[] = [];
    const destination = opened("stdout", "127.0.0.1:1", {}, { stdout: { write: (text, done) => void taken.push({ text, done }) } });
    const receipts = await destination.send(some(2), AbortSignal.timeout(50));
    expect(receipts[0]).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("stopped reading") as string });
    expect((await send(destination))[0]).toMatchObject({ outcome: "again-after", blame: "destination" });
    expect(taken).toHaveLength(1);
    taken[0]?.done();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const again = send(destination);
    await expect.poll(() => taken.length).toBe(2);
    taken[1]?.done();
    expect((await again)[0]).toEqual({ outcome: "accepted" });
  });

  it("a single command does not write facts into its own output", async () => {
    expect(await first(opened("stdout", "127.0.0.1:1", {}))).toMatchObject({ outcome: "again-after", blame: "destination", reason: expect.stringContaining("running hub") as string });
  });
});
