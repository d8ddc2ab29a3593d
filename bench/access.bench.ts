/**
 * The access graph of a large console: what a full reading and the graph cost against the floor (the same requests, parsed and dropped), whether the vendor's
 * request limits are kept to, how fast questions are answered and a `.c1z` is written, and that unchanged data has no changes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import type { Answered } from "./asker.ts";
import { built, median, run, startService, VEDETTE } from "./processes.ts";
import { saveRecording, startRecorder, type Recording } from "./recording.ts";
import type { Figure } from "./sync.bench.ts";

const ASKER = fileURLToPath(new URL("asker.ts", import.meta.url));
const STEPS = built("access-steps");
const REPLAY = fileURLToPath(new URL("replay-server.ts", import.meta.url));
const FLOOR = fileURLToPath(new URL("floor.ts", import.meta.url));

export interface AccessBenchOptions {
  readonly users: number;
  readonly repeats: number;
  readonly say: (line: string) => void;
}

interface Synced {
  readonly seconds: number;
  /** Of processor time, all threads together. */
  readonly cpu: number;
  readonly reading: number;
  readonly faults: readonly string[];
  readonly owed: boolean;
  readonly received: number;
  readonly bindings: number;
}

interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function accessBench(options: AccessBenchOptions): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  const size = ["--agents", "0", "--alerts", "0", "--risks", "0", "--users", String(options.users), "--sites", "500", "--accounts", "5", "--service-users", "1000"];
  const simulator = await startService([VEDETTE, "simulate", "--json", "--port", "0", "--rate-limits", ...size]);
  try {
    return await measure(options, root, String(simulator.ready["url"]), (simulator.ready["tokens"] as Record<string, string>)["viewer"] ?? "");
  } finally {
    await simulator.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure({ say, repeats, users }: AccessBenchOptions, root: string, console_: string, token: string): Promise<readonly Figure[]> {
  say(`reading ${users.toLocaleString("en")} users, 1,000 service users, 500 sites, with the vendor's request limits on …`);
  const recording: Recording = new Map();
  const recorder = await startRecorder(console_, recording);
  const first = place(root, "first", recorder.url, token);
  await connect(first, recorder.url);
  const connecting = recorder.asked.length;
  const limited = await step<Synced>(first, "sync");
  const asked = recorder.asked.slice(connecting);
  const refused = [...recording.values()].filter(({ status }) => status === 429).length;
  say("reading it again, unchanged …");
  const again = await step<Synced>(first, "sync");
  const repeated = recorder.asked.length - connecting - asked.length;
  const { figures: unchanged } = await step<{ readonly compared: boolean; readonly changes: number }>(first, "diff");
  recorder.close();

  say("asking …");
  const { answered, peakMb: askedMb } = await askServing(first, join(root, "questions.json"));
  say("writing a .c1z …");
  const file = join(root, "graph.c1z");
  const written = await step<{ readonly seconds: number }>(first, "export", file);
  const grants = countGrants(file, join(root, "graph.db"));

  const folder = join(root, "pages");
  saveRecording(recording, folder, asked.flatMap((request) => (request.startsWith("GET ") ? [request.slice("GET ".length)] : [])));
  const replay = await startService([REPLAY, folder, "0"]);
  const url = String(replay.ready["url"]);
  say("the floor, and full reading with the graph …");
  const floors: { readonly seconds: number; readonly cpu: number }[] = [];
  const syncs: Synced[] = [];
  const peaks = [limited.peakMb, again.peakMb];
  try {
    for (let round = 0; round < repeats; round += 1) {
      floors.push(JSON.parse((await run([FLOOR, url, join(folder, "paths.json"), "8"])).stdout) as { readonly seconds: number; readonly cpu: number });
      const fresh = place(root, `full-${String(round)}`, url, token);
      await connect(fresh, url);
      const { figures, peakMb } = await step<Synced>(fresh, "sync");
      syncs.push(figures);
      peaks.push(peakMb);
      rmSync(fresh.folder, { recursive: true, force: true });
    }
  } finally {
    await replay.stop();
  }

  const [floor, seconds, peakMb] = [median(floors.map((one) => one.seconds)), median(syncs.map((one) => one.seconds)), Math.max(...peaks)];
  const [floorCpu, cpu] = [median(floors.map((one) => one.cpu)), median(syncs.map((one) => one.cpu))];
  const whole = [limited.figures, again.figures, ...syncs].every(({ faults, owed, received, bindings }) => faults.length === 0 && !owed && received >= users + 1500 && bindings >= users);
  const rate = grants / written.figures.seconds;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const question = (name: string, { p50, p99 }: Answered): Figure => ({ name: `Access: ${name}, p99`, value: `${ms(p99)} (p50 ${ms(p50)})`, target: "≤ 20 ms", met: p99 <= 20 });
  return [
    { name: "Access: requests of a full reading", value: String(asked.length), target: "≤ 80", met: asked.length <= 80 },
    { name: "Access: requests of a full reading again, with proof of what is gone", value: String(repeated), target: "≤ 80", met: repeated <= 80 },
    { name: "Access: with the vendor's request limits", value: `${limited.figures.seconds.toFixed(1)} s, ${String(refused)} answers of 429; nothing missing: ${whole ? "yes" : [limited.figures, again.figures, ...syncs].flatMap(({ faults }) => faults).join("; ") || "no"}`, target: "unharmed", met: whole },
    { name: "Access: full reading and graph against the floor", value: `${(seconds / floor).toFixed(1)} × (${seconds.toFixed(2)} s, of which reading ${median(syncs.map(({ reading }) => reading)).toFixed(2)} s; floor ${floor.toFixed(2)} s; of processor time ${cpu.toFixed(2)} s, floor ${floorCpu.toFixed(2)} s; ${String(syncs[0]?.bindings ?? 0)} bindings)`, target: "≤ 8 ×", met: seconds <= 8 * floor },
    { name: "Access: peak memory of reading and graph", value: `${peakMb.toFixed(0)} MB`, target: "< 250 MB", met: peakMb < 250 },
    question("who reaches a site", answered.who),
    question("who can isolate in a site", answered.whoCan),
    question("what a user holds", answered.what),
    question("why a user has a role in a site", answered.why),
    { name: "Access: .c1z, grants/s", value: `${Math.round(rate).toLocaleString("en")} (${grants.toLocaleString("en")} in ${written.figures.seconds.toFixed(1)} s)`, target: "≥ 5,000", met: rate >= 5000 },
    { name: "Access: peak memory of asking, and of writing it", value: `${askedMb.toFixed(0)} MB, ${written.peakMb.toFixed(0)} MB`, target: "", met: true },
    { name: "Access: changes between two readings of unchanged data", value: unchanged.compared ? String(unchanged.changes) : "not compared", target: "0", met: unchanged.compared && unchanged.changes === 0 },
  ];
}

function place(root: string, name: string, url: string, token: string): Place {
  const folder = join(root, name);
  return { folder, env: { VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(url).host, BENCH_TOKEN: token } };
}

async function connect(at: Place, url: string): Promise<void> {
  await run([VEDETTE, "connect", url, "--token-env", "BENCH_TOKEN", "--name", "bench", "--no-sync", "--json"], at.env);
}

type Kinds = "who" | "whoCan" | "what" | "why";

async function askServing(at: Place, questions: string): Promise<{ readonly answered: Readonly<Record<Kinds, Answered>>; readonly peakMb: number }> {
  const hub = await startService([STEPS, "serve", questions], at.env);
  try {
    const { stdout } = await run([ASKER, String(hub.ready["url"]), String(hub.ready["bearer"]), questions]);
    return { answered: JSON.parse(stdout) as Readonly<Record<Kinds, Answered>>, peakMb: hub.peakMb() };
  } finally {
    await hub.stop();
  }
}

function countGrants(file: string, db: string): number {
  writeFileSync(db, zstdDecompressSync(readFileSync(file).subarray("C1ZF_".length)));
  const sqlite = new DatabaseSync(db, { readOnly: true });
  try {
    return Number(sqlite.prepare("select count(*) as n from v1_grants").get()?.["n"]);
  } finally {
    sqlite.close();
  }
}

async function step<T>(at: Place, ...args: readonly string[]): Promise<{ readonly figures: T; readonly peakMb: number }> {
  const { stdout, peakMb } = await run([STEPS, ...args], at.env);
  return { figures: JSON.parse(stdout) as T, peakMb };
}
