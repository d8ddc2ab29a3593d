/**
 * One step of the access benchmark, in a process of its own so that its memory is its own: `sync`, `serve FILE`, `export FILE` or `diff` over the data folder of the
 * environment. Everything is asked through the routes; ends with one line of JSON.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { sql } from "kysely";
import { openHub, type Hub } from "../src/compose/hub.ts";
import { readSettings } from "../src/compose/settings.ts";
import type { ConnectionId, RunId } from "../src/kernel/ids.ts";
import { silentLog } from "../src/kernel/log.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";
import type { Questions } from "./asker.ts";

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

async function idsOf(hub: Hub, table: string, kind: string): Promise<readonly string[]> {
  return (await sql<{ id: string }>`SELECT id FROM ${sql.table(table)} WHERE kind = ${kind} ORDER BY id`.execute(hub.store.read)).rows.map(({ id }) => id);
}

async function get(hub: Hub, path: string): Promise<Buffer> {
  const answer = await hub.app.inject({ method: "GET", url: `/api/v1/access/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` } });
  if (answer.statusCode !== 200) throw new Error(`${path}: ${String(answer.statusCode)} ${answer.body.slice(0, 500)}`);
  return answer.rawPayload;
}

/** Serves the API until it is told to stop. The questions, the same ones in every run and all over the estate, lie in a file for `asker.ts`. */
async function serve(hub: Hub): Promise<null> {
  const sites = await idsOf(hub, "access_scopes", "site");
  const users = await idsOf(hub, "access_principals", "user");
  const at = (list: readonly string[], n: number): string => list[(n * 7_919) % list.length] ?? "";
  const kinds: Readonly<Record<string, (n: number) => string>> = {
    who: (n) => `who?scope=site:${at(sites, n)}`,
    whoCan: (n) => `who?scope=site:${at(sites, n)}&can=isolate`,
    what: (n) => `what?principal=${at(users, n)}`,
    why: (n) => `why?principal=${at(users, n)}&role=Viewer&scope=site:${at(sites, n)}`,
  };
  const questions = Object.fromEntries(Object.entries(kinds).map(([name, path]) => [name, Array.from({ length: WARM + QUESTIONS }, (_unused, n) => `/api/v1/access/${path(n)}`)]));
  writeFileSync(process.argv[3] ?? "", JSON.stringify({ warm: WARM, questions } satisfies Questions));
  const url = await hub.listen("127.0.0.1", 0);
  const stop = once(process, "SIGTERM");
  process.stdout.write(`${JSON.stringify({ url, bearer: hub.credential.reveal() })}\n`);
  await stop;
  return null;
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

const STEPS: Readonly<Record<string, (hub: Hub) => Promise<object | null>>> = { sync, serve, export: exported, diff };
const work = STEPS[process.argv[2] ?? ""];
if (work === undefined) throw new Error("sync|serve|export|diff");
const hub = await openHub({ settings: readSettings(process.env), env: process.env, log: silentLog });
try {
  const figures = await work(hub);
  if (figures !== null) process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await hub.close();
}
