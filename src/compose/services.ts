/** The long-running and offline commands: serve, demo, simulate, restore, and how any other command reaches the API. */
import { statSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";
import { isoTime } from "../kernel/clock.ts";
import { silentLog, type Log } from "../kernel/log.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import type { ApiClient, DemoOptions, Restored, RunningDemo, RunningService, RunningSimulator, ServeOptions, SimulateOptions } from "../cli/ports.ts";
import { announceHub, findHub, hubAnswers, withdrawHub, type HubAnnouncement } from "../server/hub-file.ts";
import { createPinoLog } from "../server/pino-log.ts";
import type { Receiver, Simulator, SimulatorOptions } from "../simulator/index.ts";
import { privateFolder } from "../store/private-files.ts";
import { restoreSqlite } from "../store/restore.ts";
import { sqliteExists } from "../store/sqlite.ts";
import { hubClient, localClient } from "./api-clients.ts";
import { findDemo, hasOwnPlace, takeDemoFolder } from "./demo-folder.ts";
import { CORE_MIGRATIONS, openHub, type Hub } from "./hub.ts";
import { readSettings, type Settings } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_PORT = 8420;
const DEFAULT_HOST = "127.0.0.1";
/** Who is signed in by a demo's link. */
const DEMO_USER = "demo@localhost";

export async function serve(options: ServeOptions, env: Environment): Promise<RunningService> {
  const settings = readSettings(env);
  const host = options.host ?? DEFAULT_HOST;
  const hub = await openHub({ settings, env, host, stdout: process.stdout, log: createPinoLog({ level: settings.logLevel }) });
  return listening(hub, settings, host, options.port ?? DEFAULT_PORT, async () => {});
}

async function listening(hub: Hub, settings: Settings, host: string, port: number, afterwards: () => Promise<void>): Promise<RunningService> {
  const startedAt = isoTime(Date.now());
  let url: string;
  try {
    url = await hub.listen(host, port);
    privateFolder(settings.dataFolder);
    announceHub(settings.dataFolder, { url: loopbackUrl(url), credential: hub.credential, pid: process.pid, startedAt });
  } catch (error) {
    await hub.close();
    await afterwards();
    throw error instanceof Error && "code" in error && error.code === "EADDRINUSE" ? portInUse(port) : error;
  }
  hub.start();
  const setupCode = await hub.signIn.setupCode();
  const ended = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  return {
    url,
    ...(setupCode === null ? {} : { setupCode }),
    ended: ended.promise,
    stop() {
      stopping ??= (async () => {
        withdrawHub(settings.dataFolder, { pid: process.pid, startedAt });
        await hub.close();
        await afterwards();
        ended.resolve();
      })();
      return stopping;
    },
  };
}

/** The credential in hub.json is only ever sent to this machine: a hub that listens on every address is reached through loopback. */
function loopbackUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.hostname === "0.0.0.0" || parsed.hostname === "[::]") parsed.hostname = "127.0.0.1";
  return parsed.origin;
}

export async function simulate(options: SimulateOptions): Promise<RunningSimulator> {
  // Loaded here, as in `simulated`: what a plan may say is the simulator's to know.
  const { faultPlan } = await import("./fault-plan.ts");
  const simulator = await simulated({
    // A clock that stood still would soon look like one that is wrong.
    clockRuns: options.speed === undefined,
    ...defined({ port: options.port, load: options.load, cves: options.cves, latencyMs: options.latencyMs, speed: options.speed, ...options.estate }),
    ...(options.faults === undefined ? {} : { faults: faultPlan(options.faults) }),
    rateLimits: options.rateLimits ? "vendor" : "off",
    strict: options.strict,
  });
  const ended = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  return {
    url: simulator.url,
    tokens: simulator.tokens,
    ended: ended.promise,
    stop() {
      stopping ??= simulator.close().then(ended.resolve);
      return stopping;
    },
  };
}

/** What the simulator refuses (a size, a folder, a port) is the caller's to correct, and is said in its words. */
async function simulated(options: SimulatorOptions): Promise<Simulator> {
  // Loaded by the two commands that want one: a hub has no use for a GraphQL engine.
  const { startSimulator } = await import("../simulator/index.ts");
  try {
    return await startSimulator(options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("code" in error && error.code === "EADDRINUSE") throw portInUse(options.port ?? 0);
    throw new Fault("CONFIG_INVALID", `The simulated console cannot start: ${error.message}`, { cause: error, cure: "docs/simulator.md shows sizes, folders and fault plans." });
  }
}

function portInUse(port: number): Fault {
  return new Fault("CONFIG_INVALID", `Port ${String(port)} is in use.`, { cure: "Choose another with --port (0 = any free one)." });
}

/** A hub and a simulated console in one process. Without a place of the user's choice everything is forgotten at the end. */
export async function demo(options: DemoOptions, env: Environment): Promise<RunningDemo> {
  const folder = hasOwnPlace(env) ? null : takeDemoFolder();
  const simulator = await simulated({ speed: 1, ...defined(options.estate) });
  const console_ = new URL(simulator.url);
  const receiver = await demoReceiver();
  const demoEnv: Environment = {
    ...env,
    VEDETTE_ALLOW_CONSOLE_HOSTS: andHost(env["VEDETTE_ALLOW_CONSOLE_HOSTS"], console_.host),
    VEDETTE_ALLOW_DESTINATION_HOSTS: andHost(env["VEDETTE_ALLOW_DESTINATION_HOSTS"], new URL(receiver.url).host),
    ...folder?.env,
  };
  const settings = readSettings(demoEnv);
  const afterwards = async (): Promise<void> => {
    await simulator.close();
    await receiver.close();
    folder?.remove();
  };
  let hub: Hub;
  try {
    hub = await openHub({ settings, env: demoEnv, log: commandLog(env) });
  } catch (error) {
    await afterwards();
    throw error;
  }
  const code = await hub.signIn.link(DEMO_USER, "Demo");
  const service = await listening(hub, settings, DEFAULT_HOST, options.port ?? DEFAULT_PORT, afterwards);
  const findable = folder !== null && findDemo()?.pid === process.pid;
  // Behind the mark: a browser sends that part to nobody.
  const link = new Secret(`${service.url}/#sign-in=${code.reveal()}`);
  return { ...service, link, findable, console: { url: simulator.url, token: new Secret(simulator.tokens.viewer) }, receiver: receiver.url, api: hubClient({ url: service.url, credential: hub.credential }), dataFolder: settings.dataFolder };
}

async function demoReceiver(): Promise<Receiver> {
  const { startReceiver } = await import("../simulator/index.ts");
  return startReceiver();
}

function andHost(given: string | undefined, host: string): string {
  return [given, host].filter((entry) => entry !== undefined && entry !== "").join(",");
}

/** The running hub of this data folder, or the same application in this process, which owns the folder until it is closed. */
export async function api(env: Environment): Promise<ApiClient> {
  const settings = readSettings(env);
  const hub = findHub(settings.dataFolder);
  if (hub !== null) {
    if (await answers(hub)) return hubClient(hub);
    throw new Fault("HUB_UNREACHABLE", `A hub (process ${String(hub.pid)}) is announced at ${hub.url} but does not answer.`, { cure: "Wait for it, or stop that process and run the command again." });
  }
  const demoHub = hasOwnPlace(env) ? null : await runningDemo();
  const local = await openHub({ settings, env, log: commandLog(env) });
  if (demoHub !== null && (await local.connections.list(EVERY_TENANT)).length === 0) {
    await local.close();
    return { ...hubClient(demoHub), origin: "demo" };
  }
  return localClient(local.app, local.credential, async () => {
    await local.runner.stop();
    await local.upkeep.once();
    await local.close();
  });
}

/** Who answers now; never this process in its place. */
export async function runningHub(env: Environment): Promise<ApiClient | undefined> {
  const hub = findHub(readSettings(env).dataFolder);
  if (hub !== null) return (await answers(hub)) ? hubClient(hub) : undefined;
  const demoHub = hasOwnPlace(env) ? null : await runningDemo();
  return demoHub === null ? undefined : { ...hubClient(demoHub), origin: "demo" };
}

async function runningDemo(): Promise<HubAnnouncement | null> {
  const found = findDemo();
  return found !== null && (await answers(found)) ? found : null;
}

function answers(hub: HubAnnouncement): Promise<boolean> {
  return hubAnswers(hub, async (url, signal) => ({ status: (await fetch(url, { signal, redirect: "error" })).status }));
}

/** A command speaks for itself; what the hub inside it has to say is heard only when asked for. */
function commandLog(env: Environment): Log {
  return env["VEDETTE_LOG_LEVEL"] === undefined ? silentLog : createPinoLog({ level: readSettings(env).logLevel });
}

export async function restore(file: string, options: { readonly replace: boolean }, env: Environment): Promise<Restored> {
  const settings = readSettings(env);
  if (settings.databaseUrl !== null) throw new Fault("CONFIG_INVALID", "A PostgreSQL store is restored with pg_restore, not by Vedette.");
  const hub = findHub(settings.dataFolder);
  if (hub !== null) throw new Fault("STORE_LOCKED", `A hub (process ${String(hub.pid)}) is using the data folder.`, { cure: "Stop it, restore, and start it again." });
  if (sqliteExists(settings.dataFolder) && !options.replace) {
    throw new Fault("ALREADY_EXISTS", `There is a store in ${settings.dataFolder} already.`, { cure: "Repeat with --replace to put the backup in its place; the store that is there is kept beside it." });
  }
  const kept = restoreSqlite({ folder: settings.dataFolder, from: file, knownMigrations: CORE_MIGRATIONS.map((migration) => migration.id) });
  return { file, bytes: statSync(file).size, kept };
}

/** Under exactOptionalPropertyTypes a missing option and one that is undefined are different things. */
function defined<T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

