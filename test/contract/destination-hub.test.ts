/** Delivery in the whole hub: a destination added over HTTP, facts queued as a capability queues them, a receiver that checks signatures. */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../../src/kernel/ids.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { openWorld, type World } from "../support/world.ts";

interface Answer {
  readonly destination: { readonly id: string };
  readonly secret: string;
  readonly items: readonly { readonly id: string; readonly state: string; readonly code: string | null }[];
  readonly outcome: string;
  readonly replayed: number;
  readonly fault: { readonly code: string };
  readonly data: string;
}

const received: { readonly type: string; readonly data: unknown; readonly signed: readonly string[]; readonly content: string; readonly at: number }[] = [];
let status = 204;
const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  request.on("end", () => {
    const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = request.headers;
    received.push({ ...(JSON.parse(text) as { type: string; data: unknown }), signed: String(signature).split(" "), content: `${String(id)}.${String(at)}.${text}`, at: performance.now() });
    response.writeHead(status).end();
  });
});

let world: World;
let url = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/in/secret-path`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(async () => {
  received.length = 0;
  status = 204;
  world = await openWorld({ estate: { agents: 5, alerts: 1, risks: 1, threats: 1, activities: 1 }, env: { VEDETTE_ALLOW_DESTINATION_HOSTS: new URL(url).host } });
});
afterEach(async () => world.close());

async function ask(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: object): Promise<{ readonly status: number; readonly body: Answer; readonly text: string }> {
  const answer = await world.hub.app.inject({ method, url: `/api/v1${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${world.hub.credential.reveal()}` }, ...(payload === undefined ? {} : { payload }) });
  return { status: answer.statusCode, body: answer.json<Answer>(), text: answer.body };
}

async function queue(version: number): Promise<void> {
  await world.hub.store.tx((tx) => world.hub.queueFact(tx, { tenant: DEFAULT_TENANT, kind: "test.fact", key: "device", version, body: { version }, orderKey: "device" }));
}

function signature(secret: string, content: string): string {
  return `v1,${createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(content).digest("base64")}`;
}

it("adds, tests, delivers within a second, and signs so that the receiver can check it", async () => {
  const added = await ask("POST", "/destinations", { name: "access", kind: "webhook", config: { url } });
  expect(added.status, added.text).toBe(200);
  const tested = await ask("POST", "/destinations/access/test");
  expect(tested.body.outcome).toBe("accepted");
  expect(received[0]).toMatchObject({ type: "vedette.test" });

  world.hub.deliverer.start();
  const queuedAt = performance.now();
  for (const version of [1, 2, 3]) await queue(version);
  await expect.poll(() => received.length, { timeout: 5_000 }).toBe(4);
  expect((received[1]?.at ?? Number.POSITIVE_INFINITY) - queuedAt).toBeLessThan(1_000);
  expect(received.slice(1).map((one) => one.data)).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }]);
  for (const one of received) expect(one.signed).toEqual([signature(added.body.secret, one.content)]);
});

it("shows neither the secret nor the address's path again, in any answer, and writes each change into the audit log", async () => {
  const { body } = await ask("POST", "/destinations", { name: "access", kind: "webhook", config: { url } });
  const texts = [];
  for (const path of ["/destinations", `/destinations/${body.destination.id}`, "/deliveries", "/audit", "/status"]) texts.push((await ask("GET", path)).text);
  texts.push((await ask("POST", "/destinations/access/test")).text, (await ask("DELETE", "/destinations/access")).text, (await ask("GET", "/audit")).text);

  expect(texts.filter((text) => text.includes(body.secret) || text.includes("secret-path"))).toEqual([]);
  for (const event of ["destination.added", "destination.tested", "destination.removed"]) expect(texts.at(-1)).toContain(event);
});

it("keeps its secret through a rotation of the keyring and a restart, and signs with both while its own rotation lasts", async () => {
  const { body } = await ask("POST", "/destinations", { name: "access", kind: "webhook", config: { url } });
  expect((await ask("POST", "/keyring/rotate")).status).toBe(200);
  world = await world.reopen();
  const rotated = await ask("POST", "/destinations/access/rotate", { keepHours: 1 });
  await queue(1);
  await world.hub.deliverer.once();

  const [one] = received;
  expect(one?.signed).toEqual([signature(rotated.body.secret, one?.content ?? ""), signature(body.secret, one?.content ?? "")]);
});

it("parks what is refused, and replays it over HTTP", async () => {
  await ask("POST", "/destinations", { name: "access", kind: "webhook", config: { url } });
  status = 400;
  await queue(1);
  await world.hub.deliverer.once();
  const parked = await ask("GET", "/deliveries?state=parked&destination=access");
  expect(parked.body.items).toMatchObject([{ state: "parked", code: "DESTINATION_REFUSED" }]);
  expect((await ask("GET", `/deliveries/${parked.body.items[0]?.id ?? ""}`)).body.data).toBe('{"version":1}');

  status = 200;
  expect((await ask("POST", "/deliveries/replay", { destination: "access" })).body.replayed).toBe(1);
  await world.hub.deliverer.once();
  expect((await ask("GET", "/deliveries")).body.items).toMatchObject([{ state: "delivered", code: null }]);
  expect(new Set(received.map((each) => each.content.split(".")[0])).size).toBe(1);
});

it.each([
  ["an unknown kind", { name: "x", kind: "pigeon", config: {} }],
  ["an unknown key", { name: "x", kind: "webhook", config: { url: "https://hooks.example.com/", tries: 3 } }],
  ["an address inside the network", { name: "x", kind: "webhook", config: { url: "https://192.168.1.1/" } }],
  ["plain http", { name: "x", kind: "webhook", config: { url: "http://hooks.example.com/" } }],
  ["a file elsewhere", { name: "x", kind: "file", config: { file: "../../vedette.sqlite" } }],
  ["a pattern that is none", { name: "x", kind: "file", config: { file: "x.ndjson" }, facts: ["posture.*.flip"] }],
  ["a name like an id", { name: "dst_1", kind: "file", config: { file: "x.ndjson" } }],
])("refuses %s, and stores nothing", async (_why, draft) => {
  const answer = await ask("POST", "/destinations", draft);
  expect([answer.status, await world.hub.destinations.list(EVERY_TENANT)], answer.text).toEqual([400, []]);
});

it("refuses a name that is taken and a second way to one place", async () => {
  await ask("POST", "/destinations", { name: "one", kind: "file", config: { file: "facts.ndjson" } });
  const name = await ask("POST", "/destinations", { name: "one", kind: "file", config: { file: "other.ndjson" } });
  const place = await ask("POST", "/destinations", { name: "two", kind: "file", config: { file: "facts.ndjson", keep: 2 } });
  expect([name.body.fault.code, place.body.fault.code]).toEqual(["ALREADY_EXISTS", "ALREADY_EXISTS"]);
});

it("is changed in what it gets from then on: what is named changes, null lifts, the rest stays, and what was queued still goes", async () => {
  await ask("POST", "/destinations", { name: "one", kind: "webhook", config: { url }, facts: ["test.*"], filter: { streams: ["alerts"], severity: "high" } });
  const narrow = await ask("PATCH", "/destinations/one", { filter: { severity: "low" }, facts: ["other.*"] });
  expect(narrow.body).toMatchObject({ facts: ["other.*"], filter: { streams: ["alerts"], severity: "low" } });
  await queue(1);
  const wide = await ask("PATCH", "/destinations/one", { filter: null, facts: null, name: "soc" });
  expect(wide.body).toMatchObject({ name: "soc", facts: null, filter: null });
  await queue(2);
  await ask("PATCH", "/destinations/soc", { filter: { products: ["EDR"] } });
  await queue(3);
  expect((await ask("PATCH", "/destinations/soc", { filter: { products: null } })).body).toMatchObject({ filter: null });
  await world.hub.deliverer.once();

  expect(received.map(({ data }) => data)).toEqual([{ version: 2 }]);
  expect((await ask("GET", "/audit")).text).toContain("destination.changed");
});

it("is not changed by what is no change, by where it leads, or by what is wrong", async () => {
  for (const name of ["one", "other"]) await ask("POST", "/destinations", { name, kind: "file", config: { file: `${name}.ndjson` }, filter: { severity: "high" } });
  const before = await ask("GET", "/destinations/one");
  const wrong = [{}, { config: { url: "https://elsewhere.example.com" } }, { format: "ecs" }, { facts: ["a.*.b"] }, { filter: { connections: ["nowhere"] } }, { name: "other" }];
  const answers = await Promise.all(wrong.map((change) => ask("PATCH", "/destinations/one", change)));

  expect(answers.map(({ status: code }) => code)).toEqual([400, 400, 400, 400, 404, 409]);
  expect((await ask("GET", "/destinations/one")).body).toEqual(before.body);
});
