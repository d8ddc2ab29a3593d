/**
 * Kills the hub with SIGKILL at random moments of reading, restarts it, and goes on until the mirror equals the console's truth, every version of every alert
 * stands in the outbox, once, and every alert and threat in the one case that its links call for. A real process on a real folder; the simulated console lives in this one, so that no kill reaches the truth. VEDETTE_CRASH_KILLS=200 makes
 * it long, and its console several times as large; VEDETTE_CRASH_SEED repeats a run.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHub } from "../../src/compose/hub.ts";
import { readSettings } from "../../src/compose/settings.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { viewName, type StreamId } from "../../src/kernel/stream-ids.ts";
import { startSimulator, type Simulator } from "../../src/simulator/index.ts";
import { expectAllTold, expectCases } from "../support/kept-cases.ts";
import { truthIds } from "../support/world.ts";
import { randomFrom } from "../support/random.ts";

const VEDETTE = fileURLToPath(new URL("../../bin/vedette.mjs", import.meta.url));
const asked = process.env["VEDETTE_CRASH_KILLS"];
const KILLS = Number(asked ?? "15");
const SEED = Number(process.env["VEDETTE_CRASH_SEED"] ?? (asked === undefined ? "1" : String(Date.now() % 1_000_000)));
/** Agents by the thousand. The few kills of `npm test` meet a small console: what comes after them, two readings of all of it, would take longer than they do. */
const SIZE = asked === undefined ? 0.6 : 6;
const STREAMS: readonly StreamId[] = ["sites", "groups", "users", "agents", "threats", "alerts", "activities", "risks"];

let simulator: Simulator;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-crash-"));
  // Slow answers, so that a kill meets requests, transactions and the time between them alike.
  simulator = await startSimulator({ seed: 11, agents: SIZE * 1_000, users: 400, sites: 12, alerts: Math.ceil(SIZE * 333), risks: SIZE * 1_250, threats: SIZE * 250, activities: SIZE * 1_000, latencyMs: 40 });
  env = { ...process.env, VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(simulator.url).host, VEDETTE_REQUEST_SHARE: "off" };
});
afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [VEDETTE, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function finish(child: ChildProcess): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** Fewer than a run makes. */
const REQUESTS = 20;

/** A connection, not read yet, and who is told. */
async function setUp(): Promise<void> {
  const hub = await openHub({ settings: readSettings(env), env, log: silentLog });
  try {
    const audited = async (): Promise<void> => {};
    const patience = AbortSignal.timeout(30_000);
    await hub.connections.add(EVERY_TENANT, { url: simulator.url, token: new Secret(simulator.tokens.viewer), name: "crash", sync: false }, patience, audited);
    await hub.destinations.add(EVERY_TENANT, { name: "siem", kind: "file", config: { file: "siem.ndjson" }, facts: ["alerts.*"] }, patience, audited);
    await hub.destinations.add(EVERY_TENANT, { name: "desk", kind: "file", config: { file: "cases.ndjson" }, facts: ["cases.*"] }, patience, audited);
  } finally {
    await hub.close();
  }
}

function opened<T>(file: string, look: (store: Sqlite.Database) => T): T {
  const store = new Sqlite(file, { readonly: true });
  try {
    return look(store);
  } finally {
    store.close();
  }
}

/** From when on alerts are told, once their first read has been handed over whole; undefined before. */
function toldSince(file: string): number | undefined {
  return opened(file, (store) => {
    const owed = store.prepare<[], number>("SELECT count(*) FROM mirror_owed WHERE capability = 'alerts' AND stream = 'alerts'").pluck().get() ?? 0;
    return owed > 0 ? undefined : store.prepare<[], number>("SELECT since FROM alert_since WHERE stream = 'alerts'").pluck().get();
  });
}

/** What is in the outbox of unified alerts: `kind version`, by alert. */
function queuedAlerts(file: string): ReadonlyMap<string, readonly string[]> {
  const queued = new Map<string, string[]>();
  const rows = opened(file, (store) => store.prepare<[], { kind: string; fact_key: string; version: string }>("SELECT kind, fact_key, version FROM outbox WHERE kind LIKE 'alerts.%' ORDER BY seq").all());
  for (const { kind, fact_key: key, version } of rows) {
    const id = key.split("/").at(-1) ?? "";
    queued.set(id, [...(queued.get(id) ?? []), `${kind} ${version}`]);
  }
  return queued;
}

/** What a capability made of the users while they were read. */
function peopleOfTheGraph(file: string): readonly string[] {
  return opened(file, (store) => store.prepare<[], string>("SELECT id FROM access_principals WHERE kind = 'user' ORDER BY id").pluck().all());
}

/** Runs that the next start found still marked as running: a kill met them at work. */
function runsCutOff(file: string): number {
  return opened(file, (store) => store.prepare<[], number>("SELECT count(*) FROM sync_runs WHERE state = 'cancelled'").pluck().get() ?? 0);
}

describe(`the hub killed ${String(KILLS)} times while it reads (seed ${String(SEED)})`, () => {
  it(
    "goes on with nothing lost and nothing stored twice",
    async () => {
      const random = randomFrom(SEED);
      await setUp();
      const file = join(folder, "data", "vedette.sqlite");
      const before = [...simulator.truth("alerts")].map((record) => ({ id: String(record["id"]), at: Date.parse(String(record["detectedAt"])) }));
      const untouched = before.map(({ id }) => id);
      // Each changes once: whatever is killed in between, no state of it may be passed over.
      const changed = new Set<string>();
      const added = new Set<string>();
      const live = (): void => {
        const ids = untouched.splice(0, 8);
        for (const id of ids) changed.add(id);
        simulator.mutate({ stream: "alerts", action: "update", ids, set: { status: "RESOLVED", analystVerdict: "FALSE_POSITIVE_USER_ERROR" } });
        for (const id of simulator.mutate({ stream: "alerts", action: "add", count: 4 }).ids) added.add(id);
      };

      let landed = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        // The estate moves on between the kills: what was read may have changed, come or gone since.
        simulator.mutate({ stream: "agents", action: "update", count: 20, set: { lastLoggedInUserName: `user-${String(kill)}` } });
        simulator.mutate({ stream: "threats", action: "add", count: 5 });
        if (kill % 3 === 0) simulator.mutate({ stream: "agents", action: "remove", count: 2 });
        if (toldSince(file) !== undefined) live();
        const child = start("sync", "crash", ...STREAMS.flatMap((stream) => ["--stream", stream]), ...(kill % 2 === 0 ? ["--full"] : []), "--json");
        const done = once(child, "close");
        // After so many requests, whatever the machine takes for them, and a moment later: what was answered is being stored.
        const until = simulator.requests().total + 1 + Math.floor(random() * REQUESTS);
        const moment = random() * 150;
        while (child.exitCode === null && child.signalCode === null && simulator.requests().total < until) await delay(2);
        await Promise.race([done, delay(moment)]);
        if (child.exitCode === null && child.signalCode === null) {
          landed += 1;
          child.kill("SIGKILL");
          await done;
        }
      }

      const last = await finish(start("sync", "crash", ...STREAMS.flatMap((stream) => ["--stream", stream]), "--full", "--json"));
      live();
      // A second full reading confirms what a cut-off first one could only suspect to be gone.
      const confirm = await finish(start("sync", "crash", ...STREAMS.flatMap((stream) => ["--stream", stream]), "--full", "--json"));
      expect(confirm.code, `${last.stderr}${confirm.stderr}${confirm.stdout}`).toBe(0);

      for (const stream of STREAMS) {
        const ids = opened(file, (store) => store.prepare<[], string>(`SELECT id FROM ${viewName(stream)} ORDER BY id`).pluck().all());
        expect(new Set(ids).size, `${stream}: a row twice`).toBe(ids.length);
        expect(ids, stream).toEqual(truthIds(simulator, stream));
      }
      expect(peopleOfTheGraph(file)).toEqual(truthIds(simulator, "users"));
      const agents = new Map([...simulator.truth("agents")].map((record) => [String(record["id"]), record["lastLoggedInUserName"]]));
      const named = opened(file, (store) => store.prepare<[], { id: string; name: string | null }>("SELECT id, last_logged_in_user_name AS name FROM agents").all());
      for (const { id, name } of named) expect(name).toBe(agents.get(id) ?? null);

      const since = toldSince(file) ?? Number.NaN;
      const queued = queuedAlerts(file);
      const kindsOf = (id: string): readonly string[] => (queued.get(id) ?? []).map((entry) => entry.split(" ")[0] ?? "");
      // The destination's own look-back begins a little before the first read's.
      const clear = before.filter(({ at }) => Math.abs(at - since) > 600_000);
      const wrong = [
        ...clear.map(({ id, at }) => ({ id, wanted: [...(at >= since ? ["alerts.new"] : []), ...(changed.has(id) ? ["alerts.updated"] : [])] })),
        ...[...added].map((id) => ({ id, wanted: ["alerts.new"] })),
      ].filter(({ id, wanted }) => kindsOf(id).join() !== wanted.join());
      expect(wrong.map(({ id, wanted }) => `${id} wanted ${wanted.join()} got ${kindsOf(id).join()}`)).toEqual([]);
      expect([...queued.keys()].filter((id) => !added.has(id) && !before.some((alert) => alert.id === id))).toEqual([]);
      for (const [id, entries] of queued) expect(new Set(entries.map((entry) => entry.split(" ")[1])).size, id).toBe(entries.length);

      expectCases(file);
      expectAllTold(file);

      // Not vacuous: the kills met running work, and runs were really cut off.
      expect(landed).toBeGreaterThanOrEqual(Math.ceil(KILLS / 2));
      expect(runsCutOff(file)).toBeGreaterThanOrEqual(Math.ceil(landed / 3));
    },
    600_000 + KILLS * 20_000,
  );
});
