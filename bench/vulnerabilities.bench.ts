/**
 * Vulnerabilities at size: what a first reading of risks and the findings made of it cost against the floor (the same pages, parsed and dropped), its memory, what a second
 * reading with one row in a hundred changed writes, how fast "fix first" is answered, and FlexConnect written. Agents are read before, and not counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGES_ASKED_FOR } from "../src/compose/hub.ts";
import { built, median, run, startService, VEDETTE } from "./processes.ts";
import { saveRecording, startRecorder, type Recording } from "./recording.ts";
import type { Figure } from "./sync.bench.ts";

const STEPS = built("vulnerability-steps");
const REPLAY = fileURLToPath(new URL("replay-server.ts", import.meta.url));
const FLOOR = fileURLToPath(new URL("floor.ts", import.meta.url));
const RISKS = "/web/api/v2.1/application-management/risks?";

export interface VulnerabilityBenchOptions {
  readonly risks: number;
  readonly agents: number;
  readonly repeats: number;
  readonly say: (line: string) => void;
}

interface Synced {
  readonly seconds: number;
  readonly reading: number;
  readonly received: number;
  readonly faults: readonly string[];
  readonly owed: boolean;
  readonly instances: number;
  readonly findings: number;
  readonly cpu: { readonly user: number; readonly system: number };
}

interface Reconciled {
  readonly seconds: number;
  readonly changed: number;
  readonly faults: readonly string[];
  readonly written: Readonly<Record<string, number>>;
}

interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function vulnerabilityBench(options: VulnerabilityBenchOptions): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  const size = ["--agents", String(options.agents), "--risks", String(options.risks), "--alerts", "0", "--sites", "20"];
  const simulator = await startService([VEDETTE, "simulate", "--json", "--port", "0", ...size]);
  try {
    return await measure(options, root, String(simulator.ready["url"]), (simulator.ready["tokens"] as Record<string, string>)["viewer"] ?? "");
  } finally {
    await simulator.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure({ say, repeats, risks, agents }: VulnerabilityBenchOptions, root: string, upstream: string, token: string): Promise<readonly Figure[]> {
  say(`recording a reading of ${risks.toLocaleString("en")} risks over ${agents.toLocaleString("en")} agents …`);
  const recording: Recording = new Map();
  const recorder = await startRecorder(upstream, recording);
  const first = place(root, "first", recorder.url, token);
  await connect(first, recorder.url);
  await step(first, "agents");
  const recorded = await step<Synced>(first, "sync");
  const folder = join(root, "pages");
  const pages = [...recording.keys()].flatMap((key) => (key.startsWith(`GET ${RISKS}`) && /[?&]limit=1000(&|$)/.test(key) && !key.includes("__gte") ? [key.slice("GET ".length)] : []));
  saveRecording(recording, folder, pages);
  recording.clear();

  say("a second full reading, with one in a hundred changed …");
  const mutated = await fetch(new URL("/_simulator/mutate", upstream), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ stream: "risks", action: "update", fraction: 0.01, set: { mitigationStatus: "To be patched", mitigationStatusReason: "benchmark" } }) });
  if (!mutated.ok) throw new Error(`the simulator refused to change: ${String(mutated.status)}`);
  // Every one of them is otherwise than before: some are to be patched already, and none has this reason.
  const { changed } = (await mutated.json()) as { readonly changed: number };
  const { figures: again } = await step<Reconciled>(first, "reconcile");
  recorder.close();
  recording.clear();

  say("what to fix first …");
  const asked = await step<{ readonly p50: number; readonly p95: number; readonly found: number }>(first, "ask");
  say("FlexConnect …");
  const files = { json: await step<{ readonly seconds: number; readonly instances: number }>(first, "export", "flexconnect-json"), csv: await step<{ readonly seconds: number; readonly instances: number }>(first, "export", "flexconnect-csv") };
  rmSync(first.folder, { recursive: true, force: true });

  say("the floor, and reading with findings …");
  const replay = await startService([REPLAY, folder, "0"]);
  const url = String(replay.ready["url"]);
  const floors: number[] = [];
  const syncs: Synced[] = [];
  const peaks = [recorded.peakMb];
  try {
    for (let round = 0; round < repeats; round += 1) {
      const fresh = place(root, `full-${String(round)}`, url, token);
      await connect(fresh, url);
      await step(fresh, "agents");
      floors.push((JSON.parse((await run([FLOOR, url, join(folder, "paths.json"), String(PAGES_ASKED_FOR)])).stdout) as { readonly seconds: number }).seconds);
      const { figures, peakMb } = await step<Synced>(fresh, "sync");
      say(`  floor ${floors.at(-1)?.toFixed(1) ?? ""} s; ${figures.seconds.toFixed(1)} s, of which reading ${figures.reading.toFixed(1)} s; processor ${figures.cpu.user.toFixed(1)} + ${figures.cpu.system.toFixed(1)} s; ${peakMb.toFixed(0)} MB`);
      syncs.push(figures);
      peaks.push(peakMb);
      rmSync(fresh.folder, { recursive: true, force: true });
    }
  } finally {
    await replay.stop();
  }

  const [floor, seconds, reading, peakMb] = [median(floors), median(syncs.map((one) => one.seconds)), median(syncs.map((one) => one.reading)), Math.max(...peaks)];
  const whole = [recorded.figures, ...syncs].every((one) => one.faults.length === 0 && !one.owed && one.received >= risks && one.instances >= risks * 0.9);
  const { written } = again;
  const rates = Object.entries(files).map(([format, { figures, peakMb: mb }]) => ({ format, rate: figures.instances / figures.seconds, mb, figures }));
  return [
    figure("a first reading with its findings, against the floor", `${(floor / seconds).toFixed(3)} (${rate(risks, seconds)} rows/s: ${seconds.toFixed(1)} s, of which reading ${reading.toFixed(1)} s; floor ${rate(risks, floor)} rows/s)`, "≥ 0.2", floor / seconds >= 0.2),
    figure("the reading alone, against the floor", (floor / reading).toFixed(3), "", true),
    figure("nothing missing", `${whole ? "yes" : "no"}: ${String(syncs[0]?.instances ?? 0)} instances of ${String(syncs[0]?.findings ?? 0)} findings`, "yes", whole),
    figure("peak memory of the hub", `${peakMb.toFixed(0)} MB`, "< 350 MB", peakMb < 350),
    figure("rows that a second full reading wrote, one in a hundred changed", `${Object.entries(written).map(([table, n]) => `${table} ${String(n)}`).join(", ")} (${again.seconds.toFixed(1)} s)`, `${String(changed)} risks and what follows from them`, again.faults.length === 0 && again.changed === changed && (written["mirror_risks"] ?? 0) === changed && (written["vuln_instances"] ?? 0) <= changed),
    figure("top 100 to fix first, p95", `${asked.figures.p95.toFixed(0)} ms (p50 ${asked.figures.p50.toFixed(0)} ms)`, "≤ 300 ms", asked.figures.p95 <= 300 && asked.figures.found > 0),
    ...rates.map(({ format, rate: perSecond, mb, figures }) => figure(`FlexConnect ${format}, instances/s`, `${Math.round(perSecond).toLocaleString("en")} (${String(figures.instances)} in ${figures.seconds.toFixed(1)} s, ${mb.toFixed(0)} MB)`, "≥ 20,000 under 250 MB", perSecond >= 20_000 && mb < 250)),
  ];
}

function figure(name: string, value: string, target: string, met: boolean): Figure {
  return { name: `Vulnerabilities: ${name}`, value, target, met };
}

function rate(rows: number, seconds: number): string {
  return Math.round(rows / seconds).toLocaleString("en");
}

function place(root: string, name: string, url: string, token: string): Place {
  const folder = join(root, name);
  return { folder, env: { VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(url).host, VEDETTE_REQUEST_SHARE: "off", BENCH_TOKEN: token } };
}

async function connect(at: Place, url: string): Promise<void> {
  await run([VEDETTE, "connect", url, "--token-env", "BENCH_TOKEN", "--name", "bench", "--no-sync", "--json"], at.env);
}

async function step<T>(at: Place, ...args: readonly string[]): Promise<{ readonly figures: T; readonly peakMb: number }> {
  const { stdout, peakMb } = await run([STEPS, ...args], at.env);
  return { figures: JSON.parse(stdout) as T, peakMb };
}
