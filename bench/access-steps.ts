/**
 * One step of the access benchmark, in a process of its own so that its memory is its own: `sync`, `ask`, `export FILE` or `diff` over the data folder of the
 * environment. Everything is asked through the routes; ends with one line of JSON.
 */
import { writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { sql } from "kysely";
import { openHub, type Hub } from "../src/compose/hub.ts";
import { readSettings } from "../src/compose/settings.ts";
import type { ConnectionId, RunId } from "../src/kernel/ids.ts";
import { silentLog } from "../src/kernel/log.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";

const READ: ReadonlySet<string> = new Set(["accounts", "sites", "groups", "roles", "users", "service-users"]);
const QUESTIONS = 400;
const WARM = 40;

async function owes(hub: Hub): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM mirror_owed WHERE capability = 'access' LIMIT 1`.execute(hub.store.read);
  return rows.length > 0;
}

/** A full reading, and the graph made of it. */
async function sync(hub: Hub): Promise<object> {
  const [view] = await hub.connections.list(EVERY_TENANT);
  const connection = await hub.connections.readableOne((view?.id ?? "") as ConnectionId);
  if (connection === undefined) throw new Error("no connection");
  const [began, spent] = [performance.now(), process.cpuUsage()];
  const started = await hub.runner.start({ connection, streams: STREAMS.filter(({ id }) => READ.has(id)), full: true, trigger: "request" });
  const run = await hub.runner.finished(started.id as RunId);
  const read = performance.now();
  await hub.runner.tidied();
  for (let round = 0; round < 100 && (await owes(hub)); round += 1) await hub.upkeep.once();
  const [ended, { user, system }] = [performance.now(), process.cpuUsage(spent)];
  const faults = run?.streams.flatMap(({ stream, fault }) => (fault === null ? [] : [`${stream}: ${fault.message}`])) ?? ["no run"];
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM access_bindings`.execute(hub.store.read);
  return { seconds: (ended - began) / 1000, cpu: (user + system) / 1e6, reading: (read - began) / 1000, faults, owed: await owes(hub), received: run?.streams.reduce((sum, { received }) => sum + received, 0), bindings: Number(rows[0]?.n ?? 0) };
}

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
}

async function idsOf(hub: Hub, table: string, kind: string): Promise<readonly string[]> {
  return (await sql<{ id: string }>`SELECT id FROM ${sql.table(table)} WHERE kind = ${kind} ORDER BY id`.execute(hub.store.read)).rows.map(({ id }) => id);
}

async function get(hub: Hub, path: string): Promise<Buffer> {
  const answer = await hub.app.inject({ method: "GET", url: `/api/v1/access/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` } });
  if (answer.statusCode !== 200) throw new Error(`${path}: ${String(answer.statusCode)} ${answer.body.slice(0, 500)}`);
  return answer.rawPayload;
}

/** The same ones in every run, all over the estate. */
async function ask(hub: Hub): Promise<object> {
  const sites = await idsOf(hub, "access_scopes", "site");
  const users = await idsOf(hub, "access_principals", "user");
  const at = (list: readonly string[], n: number): string => list[(n * 7_919) % list.length] ?? "";
  const questions: Readonly<Record<string, (n: number) => string>> = {
    who: (n) => `who?scope=site:${at(sites, n)}`,
    whoCan: (n) => `who?scope=site:${at(sites, n)}&can=isolate`,
    what: (n) => `what?principal=${at(users, n)}`,
    why: (n) => `why?principal=${at(users, n)}&role=Viewer&scope=site:${at(sites, n)}`,
  };
  const p99: Record<string, number> = {};
  for (const [name, path] of Object.entries(questions)) {
    const times: number[] = [];
    for (let n = 0; n < QUESTIONS + WARM; n += 1) {
      // As between any two questions over a socket. Asked without a turn of the event loop, nothing that an answer leaves behind is ever let go.
      await setImmediate();
      const from = performance.now();
      await get(hub, path(n));
      if (n >= WARM) times.push(performance.now() - from);
    }
    p99[name] = percentile(times, 0.99);
  }
  return p99;
}

async function exported(hub: Hub): Promise<object> {
  const began = performance.now();
  const file = await get(hub, "export?format=c1z");
  const seconds = (performance.now() - began) / 1000;
  writeFileSync(process.argv[3] ?? "", file);
  return { seconds };
}

/** Between the last two readings. */
async function diff(hub: Hub): Promise<object> {
  const lines = (await get(hub, "diff")).toString("utf8").trim().split("\n").map((line) => JSON.parse(line) as { readonly ranges?: readonly { readonly from: string | null }[]; readonly change?: unknown });
  return { compared: lines[0]?.ranges?.some(({ from }) => from !== null) === true, changes: lines.filter(({ change }) => change !== undefined).length };
}

const STEPS: Readonly<Record<string, (hub: Hub) => Promise<object>>> = { sync, ask, export: exported, diff };
const work = STEPS[process.argv[2] ?? ""];
if (work === undefined) throw new Error("sync|ask|export|diff");
const hub = await openHub({ settings: readSettings(process.env), env: process.env, log: silentLog });
try {
  process.stdout.write(`${JSON.stringify(await work(hub))}\n`);
} finally {
  await hub.close();
}
