/**
 * Full and delta syncs of agents, against the floor: the same HTTP client and the same pages, parsed and dropped, from the same server
 * of recorded pages. Simulator, server, floor and hub are processes of their own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGES_ASKED_FOR } from "../src/compose/hub.ts";
import type { RunView } from "../src/kernel/api.ts";
import { median, run, startService, VEDETTE } from "./processes.ts";
import { saveRecording, startRecorder, type Recording } from "./recording.ts";

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly target: string;
  readonly met: boolean;
}

const REPLAY = fileURLToPath(new URL("replay-server.ts", import.meta.url));
const FLOOR = fileURLToPath(new URL("floor.ts", import.meta.url));
const NAME = "bench";

interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface SyncBenchOptions {
  readonly agents: number;
  readonly repeats: number;
  /** Also with 400 ms latency. */
  readonly latency: boolean;
  readonly say: (line: string) => void;
}

export async function syncBench(options: SyncBenchOptions): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  try {
    const simulator = await startService([VEDETTE, "simulate", "--json", "--port", "0", "--agents", String(options.agents), "--sites", "20", "--risks", "100", "--alerts", "50"]);
    try {
      return await measure(options, root, simulator.ready);
    } finally {
      await simulator.stop();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure(options: SyncBenchOptions, root: string, simulator: Record<string, unknown>): Promise<readonly Figure[]> {
  const { say, agents } = options;
  const upstream = String(simulator["url"]);
  const token = (simulator["tokens"] as Record<string, string>)["viewer"] ?? "";

  say(`recording a sync of ${String(agents)} agents …`);
  const recording: Recording = new Map();
  const recorder = await startRecorder(upstream, recording);
  const first = place(root, "recorded", recorder.url, token);
  await connect(first, recorder.url);
  const full = await sync(first);
  const mutated = await fetch(new URL("/_simulator/mutate", upstream), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ stream: "agents", action: "update", fraction: 0.01, set: { lastLoggedInUserName: "bench.user" } }) });
  if (!mutated.ok) throw new Error(`the simulator refused to change: ${String(mutated.status)}`);
  const delta = await sync(first);
  recorder.close();

  const folder = join(root, "pages");
  const pages = agentPages(recording);
  saveRecording(recording, folder, pages);
  const figures: Figure[] = [];

  const quick = await startService([REPLAY, folder, "0"]);
  const url = String(quick.ready["url"]);
  say("floor and full sync without latency …");
  const floors: number[] = [];
  const syncs: number[] = [];
  let peakMb = 0;
  for (let round = 0; round < options.repeats; round += 1) {
    floors.push((await floor(url, folder, PAGES_ASKED_FOR)).seconds);
    const timed = await timedSync(place(root, `full-${String(round)}`, url, token), url);
    syncs.push(timed.seconds);
    peakMb = Math.max(peakMb, timed.peakMb);
  }
  await quick.stop();
  const floorSeconds = median(floors);
  const syncSeconds = median(syncs);
  figures.push(
    figure("full sync, rows/s", `${rate(agents, syncSeconds)} (floor ${rate(agents, floorSeconds)})`, "", true),
    figure("full sync against the floor", (floorSeconds / syncSeconds).toFixed(2), "≥ 0.30 with the capabilities there are", floorSeconds / syncSeconds >= 0.3),
    figure("peak memory of the hub", `${peakMb.toFixed(0)} MB`, "< 300 MB", peakMb < 300),
    figure("requests of a delta with 1 % changed", `${String(agentsOf(delta).requests)} (full: ${String(agentsOf(full).requests)})`, "≤ 3 % + 2", agentsOf(delta).requests <= agentsOf(full).requests * 0.03 + 2),
    figure("rows a delta wrote", String(agentsOf(delta).changed), "1 % of the agents", Math.abs(agentsOf(delta).changed - agents / 100) <= 1),
  );

  if (options.latency) {
    say("with 400 ms latency …");
    const slow = await startService([REPLAY, folder, "400"]);
    const slowUrl = String(slow.ready["url"]);
    const slowFloor = (await floor(slowUrl, folder, PAGES_ASKED_FOR)).seconds;
    const slowSync = (await timedSync(place(root, "slow", slowUrl, token), slowUrl)).seconds;
    const onePageAtATime = (await floor(slowUrl, folder, 1)).seconds;
    await slow.stop();
    const bound = Math.max(slowFloor, syncSeconds);
    figures.push(
      figure("at 400 ms latency, against the larger of floor and full sync", `${(slowSync / bound).toFixed(2)} (${slowSync.toFixed(1)} s)`, "≤ 1.5", slowSync <= 1.5 * bound),
      figure("at 400 ms latency, against one page at a time", `${(onePageAtATime / slowSync).toFixed(1)} × (${onePageAtATime.toFixed(1)} s for the floor with one in flight)`, "≥ 3 ×", onePageAtATime >= 3 * slowSync),
    );
  }
  return figures;
}

function place(root: string, name: string, url: string, token: string): Place {
  const folder = join(root, name);
  return { folder, env: { VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(url).host, VEDETTE_REQUEST_SHARE: "off", BENCH_TOKEN: token } };
}

async function connect(at: Place, url: string): Promise<void> {
  await run([VEDETTE, "connect", url, "--token-env", "BENCH_TOKEN", "--name", NAME, "--no-sync", "--json"], at.env);
  await run([VEDETTE, "sync", NAME, "--stream", "sites", "--json"], at.env);
}

async function sync(at: Place): Promise<RunView> {
  return lastRun((await run([VEDETTE, "sync", NAME, "--stream", "agents", "--json"], at.env)).stdout);
}

async function timedSync(at: Place, url: string): Promise<{ readonly seconds: number; readonly peakMb: number }> {
  await connect(at, url);
  const finished = await run([VEDETTE, "sync", NAME, "--stream", "agents", "--json"], at.env);
  const view = lastRun(finished.stdout);
  rmSync(at.folder, { recursive: true, force: true });
  return { seconds: (Date.parse(view.endedAt ?? "") - Date.parse(view.startedAt)) / 1000, peakMb: finished.peakMb };
}

/** `sync --json` prints its run, or a list of runs. */
function lastRun(stdout: string): RunView {
  const parsed = JSON.parse(stdout) as RunView | { readonly runs: readonly RunView[] };
  const view = "runs" in parsed ? parsed.runs[0] : parsed;
  if (view === undefined || view.state !== "succeeded") throw new Error(`the sync did not succeed: ${stdout.slice(0, 2000)}`);
  return view;
}

function agentsOf(view: RunView) {
  const found = view.streams.find((stream) => stream.stream === "agents");
  if (found === undefined) throw new Error("no agents in the run");
  return found;
}

async function floor(url: string, folder: string, inFlight: number): Promise<{ readonly rows: number; readonly seconds: number }> {
  return JSON.parse((await run([FLOOR, url, join(folder, "paths.json"), String(inFlight)])).stdout) as { rows: number; seconds: number };
}

/** Pages of agents, which the floor asks for. */
function agentPages(recording: Recording): readonly string[] {
  return [...recording.keys()].flatMap((key) => {
    const [method, path] = key.split(" ");
    return method === "GET" && path !== undefined && path.startsWith("/web/api/v2.1/agents?") && /[?&]limit=1000(&|$)/.test(path) && !path.includes("__gte") ? [path] : [];
  });
}

function figure(name: string, value: string, target: string, met: boolean): Figure {
  return { name, value, target, met };
}

function rate(rows: number, seconds: number): string {
  return Math.round(rows / seconds).toLocaleString("en");
}
