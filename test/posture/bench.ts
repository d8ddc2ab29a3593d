/**
 * From the simulated console to a receiver of webhooks, through a whole hub: rules applied, a destination added over HTTP, the clock in the
 * test's hand. What a caller sees is asked over HTTP wherever there is a route for it.
 */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "kysely";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { answerDevices, applyRules, parseRules, type DeviceAnswer, type DeviceQuestion } from "../../src/posture/index.ts";
import type { FaultRule } from "../../src/simulator/index.ts";
import { skippingClock, type SkippingClock } from "../support/clock.ts";
import { openWorld, type World, type WorldOptions } from "../support/world.ts";

export const MINUTE = 60_000;
export const CLEAN = { name: "Clean", type: "sentinelone_s2s", match: [], input: { connection_id: "cf", infected: false } };
export const SICK = { infected: true, activeThreats: 2 };
export const WELL = { infected: false, activeThreats: 0 };

export interface Told {
  readonly type: string;
  readonly data: {
    readonly id: string;
    readonly device: { readonly agentId: string };
    readonly previous: string | null;
    readonly outcome: string;
    readonly reason: string;
    readonly conditions: readonly { readonly input: string; readonly expected: unknown; readonly received: unknown; readonly met: boolean | null }[];
  };
}

export interface Received {
  readonly id: string;
  /** As the header has it. */
  readonly timestamp: string;
  readonly body: Told;
  /** Whether the signature is that of the secret the destination was given. */
  readonly signed: boolean;
}

export interface Receiver {
  readonly url: string;
  /** What it answers; 503 is a receiver that is down. */
  status: number;
  secret: string;
  /** Every request it took, in order. */
  readonly taken: readonly Received[];
  close(): Promise<void>;
}

async function startReceiver(): Promise<Receiver> {
  const taken: Received[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      const timestamp = String(request.headers["webhook-timestamp"]);
      const content = `${id}.${timestamp}.${text}`;
      const expected = `v1,${createHmac("sha256", Buffer.from(receiver.secret.slice("whsec_".length), "base64")).update(content).digest("base64")}`;
      if (receiver.status < 300) taken.push({ id, timestamp, body: JSON.parse(text) as Told, signed: String(request.headers["webhook-signature"]).split(" ").includes(expected) });
      response.writeHead(receiver.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/flips`,
    status: 204,
    secret: "",
    taken,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

export interface Device {
  readonly id: string;
  readonly serial: string;
}

export interface PostureWorld {
  readonly world: World;
  readonly clock: SkippingClock;
  readonly receiver: Receiver;
  /** A healthy agent of a serial number of its own. */
  readonly device: Device;
  readonly other: Device;
  /** As the hub's owner, or by `headers` alone. */
  http(method: "GET" | "POST" | "DELETE", path: string, payload?: object, headers?: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Reads what has changed, lets what is due be done, hands over what is queued. */
  round(): Promise<string>;
  become(device: Device, set: Readonly<Record<string, unknown>>): void;
  /** In the console's answers, until called again. */
  faults(...rules: readonly FaultRule[]): void;
  ask(identifiers: DeviceQuestion["identifiers"]): Promise<DeviceAnswer>;
  results(): Promise<readonly Readonly<Record<string, string | number | null>>[]>;
  close(): Promise<void>;
}

export async function openWorldWithReceiver(options: WorldOptions = {}, rules: readonly unknown[] = [CLEAN]): Promise<PostureWorld> {
  const receiver = await startReceiver();
  const clock = skippingClock();
  const world = await openWorld({ clock, estate: { agents: 120, alerts: 1, risks: 1, threats: 1, activities: 1 }, env: { VEDETTE_ALLOW_DESTINATION_HOSTS: new URL(receiver.url).host }, ...options });
  const [device, other] = healthy(world);
  if (device === undefined || other === undefined) throw new Error("the estate has no two healthy agents");

  const it: PostureWorld = {
    world,
    clock,
    receiver,
    device,
    other,
    async http(method, path, payload, headers = {}) {
      const credential = Object.keys(headers).length > 0 ? {} : { authorization: `Bearer ${world.hub.credential.reveal()}` };
      const answer = await world.hub.app.inject({ method, url: path, headers: { host: "127.0.0.1", ...credential, ...headers }, ...(payload === undefined ? {} : { payload }) });
      return { status: answer.statusCode, body: answer.json() };
    },
    async round() {
      const run = await world.sync({ streams: ["agents"] });
      await world.hub.upkeep.once();
      await world.hub.deliverer.once();
      return run.streams[0]?.fault?.code ?? run.state;
    },
    become(which, set) {
      const { changed } = world.simulator.mutate({ stream: "agents", action: "update", ids: [which.id], set });
      if (changed !== 1) throw new Error("the console did not change the agent");
    },
    faults(...rules) {
      world.simulator.setFaults({ rules });
    },
    async ask(identifiers) {
      const [answer] = await answerDevices(world.hub.store.read, world.hub.store.kind, EVERY_TENANT, [{ ref: "q", identifiers }], clock.now());
      if (answer === undefined) throw new Error("no answer");
      return answer;
    },
    async results() {
      return (await sql<Readonly<Record<string, string | number | null>>>`SELECT * FROM posture_results WHERE previous IS NOT NULL ORDER BY seq`.execute(world.hub.store.read)).rows;
    },
    async close() {
      await world.close();
      await receiver.close();
    },
  };

  const added = await it.http("POST", "/api/v1/destinations", { name: "access", kind: "webhook", config: { url: receiver.url }, facts: ["posture.*"] });
  if (added.status !== 200) throw new Error(`no destination: ${JSON.stringify(added.body)}`);
  receiver.secret = (added.body as { readonly secret: string }).secret;
  await world.hub.store.tx((tx) => applyRules(tx, { scope: EVERY_TENANT, tenant: null }, parseRules(rules), { replaceAll: true }, clock.now()));
  await it.round();
  return it;
}

/** Agents that nothing is wrong with and that no other shares its serial number with. */
function healthy(world: World): readonly Device[] {
  const all = [...world.simulator.truth("agents")];
  const serialOf = (record: Readonly<Record<string, unknown>>): string => (typeof record["serialNumber"] === "string" ? record["serialNumber"].trim().toLowerCase() : "");
  const times = new Map<string, number>();
  for (const record of all) times.set(serialOf(record), (times.get(serialOf(record)) ?? 0) + 1);
  return all
    .filter((record) => record["infected"] === false && record["isDecommissioned"] === false && record["isUninstalled"] === false && serialOf(record).length > 6 && times.get(serialOf(record)) === 1)
    .map((record) => ({ id: String(record["id"]), serial: String(record["serialNumber"]) }));
}
