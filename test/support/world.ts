/**
 * A simulated console and a real hub in this process, on a store in a folder of its own: what most tests above the unit level stand on.
 * Nothing is mocked; pages are small, so that a few hundred records span many of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { RunView } from "../../src/kernel/api.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import type { ConnectionId, RunId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { viewName, type StreamId } from "../../src/kernel/stream-ids.ts";
import { CORE_MIGRATIONS, openHub, type Hub, type HubOptions } from "../../src/compose/hub.ts";
import { readSettings } from "../../src/compose/settings.ts";
import { startSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";
import { insistent } from "../../src/simulator/simulator.test-kit.ts";
import { STREAMS } from "../../src/sentinelone/streams/index.ts";
import { putMigrated } from "./migrated.ts";
import { startFront, type AnswerInstead } from "./front.ts";

export interface World {
  readonly simulator: Simulator;
  readonly hub: Hub;
  readonly connection: ConnectionId;
  readonly folder: string;
  /** One run to its end. */
  sync(options?: { readonly streams?: readonly StreamId[]; readonly full?: boolean }): Promise<RunView>;
  rows(view: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Ids of live rows. */
  ids(stream: StreamId): Promise<readonly string[]>;
  /** Closes the hub and opens it again on the same folder, as after a stop. */
  reopen(env?: Readonly<Record<string, string>>): Promise<World>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly estate?: SimulatorOptions;
  readonly token?: keyof Simulator["tokens"];
  readonly pageSize?: number;
  readonly clock?: Clock;
  readonly capabilities?: NonNullable<HubOptions["capabilities"]>;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers in the console's place where it wants to. */
  readonly instead?: AnswerInstead;
  /** True where fault plans are made by chance: elsewhere a planned fault that never happens fails the test. */
  readonly faultsMayMiss?: boolean;
}

const SMALL: SimulatorOptions = { seed: 7, agents: 240, users: 30, sites: 6, accounts: 2, alerts: 120, risks: 300, threats: 60, activities: 200 };

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-test-"));
  const estate = { ...SMALL, ...options.estate };
  // Two of a machine tell as much as six, and are read a few pages at a time, one application after the other.
  const started = await startSimulator({ applications: (estate.agents ?? 0) * 2, ...estate });
  const simulator = options.faultsMayMiss === true ? started : insistent(started);
  const front = options.instead === undefined ? undefined : await startFront(simulator.url, options.instead);
  const url = front?.url ?? simulator.url;
  const open = async (more: Readonly<Record<string, string>> = {}): Promise<Hub> => {
    const env = { VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(url).host, VEDETTE_REQUEST_SHARE: "off", ...options.env, ...more };
    return openHub({ settings: readSettings(env), env, log: silentLog, pageSize: options.pageSize ?? 50, passwordCost: { ln: 4, r: 1, p: 1 }, ...(options.clock === undefined ? {} : { clock: options.clock }), ...(options.capabilities === undefined ? {} : { capabilities: options.capabilities }) });
  };
  if (options.env?.["VEDETTE_DATABASE_URL"] === undefined) await putMigrated(join(folder, "data"), { migrations: CORE_MIGRATIONS, streams: STREAMS });
  const hub = await open();
  const record = async (): Promise<void> => {};
  const added = await hub.connections.add(EVERY_TENANT, { url, token: new Secret(simulator.tokens[options.token ?? "viewer"]), name: "test", sync: false }, AbortSignal.timeout(30_000), record);
  return worldOver(hub, added.connection.id as ConnectionId, simulator, folder, open, async () => {
    await front?.close();
    await simulator.close();
  });
}

function worldOver(hub: Hub, connection: ConnectionId, simulator: Simulator, folder: string, open: (env?: Readonly<Record<string, string>>) => Promise<Hub>, closeConsole: () => Promise<void>): World {
  return {
    simulator,
    hub,
    connection,
    folder,
    async sync(wish = {}) {
      const readable = await hub.connections.readableOne(connection);
      if (readable === undefined) throw new Error("the connection is gone");
      const streams = STREAMS.filter((stream) => (wish.streams ?? readable.streams).includes(stream.id));
      const started = await hub.runner.start({ connection: readable, streams, full: wish.full === true, trigger: "request" });
      const run = await hub.runner.finished(started.id as RunId);
      await hub.runner.tidied();
      return run ?? started;
    },
    async rows(view) {
      const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(view)} ORDER BY id`.execute(hub.store.read);
      return rows;
    },
    async ids(stream) {
      const { rows } = await sql<{ id: string }>`SELECT id FROM ${sql.table(viewName(stream))} ORDER BY id`.execute(hub.store.read);
      return rows.map((row) => row.id);
    },
    async reopen(env) {
      await hub.close();
      return worldOver(await open(env), connection, simulator, folder, open, closeConsole);
    },
    async close() {
      await hub.close();
      try {
        await closeConsole();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Ids of the simulator's own records, sorted. */
export function truthIds(simulator: Simulator, stream: StreamId): readonly string[] {
  return [...simulator.truth(stream)].map((record) => recordId(stream, record)).toSorted();
}

/** Rule alerts carry their id one step down. */
export function recordId(stream: StreamId, record: Readonly<Record<string, unknown>>): string {
  if (stream !== "cloud-detection-alerts") return String(record["id"]);
  return String((record["alertInfo"] as Readonly<Record<string, unknown>>)["alertId"]);
}
