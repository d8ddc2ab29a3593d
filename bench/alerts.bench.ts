/**
 * Intake of alerts with their details against one detail call for each, at 50 ms latency, both from servers of recorded answers; the rival's time is that of its first
 * 1,000 alerts, and the rest extrapolated. And pages of a list of half a million.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunView } from "../src/kernel/api.ts";
import { built, run, startService, VEDETTE } from "./processes.ts";
import { saveRecording, startRecorder, type Recording } from "./recording.ts";
import type { Figure } from "./sync.bench.ts";

const REPLAY = fileURLToPath(new URL("replay-server.ts", import.meta.url));
const STEPS = built("alerts-steps");
const RIVAL_ALERTS = 1_000;
const LATENCY_MS = 50;
const LISTED = 500_000;

export interface AlertsBenchOptions {
  readonly alerts: number;
  readonly say: (line: string) => void;
}

interface Rival {
  readonly seconds: number;
  readonly requests: number;
  readonly alerts: number;
}

export async function alertsBench({ alerts, say }: AlertsBenchOptions): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  try {
    const folder = join(root, "answers");
    const token = await record(alerts, folder, root, say);
    const server = await startService([REPLAY, folder, String(LATENCY_MS)]);
    const url = String(server.ready["url"]);
    say("reading them from a server of recorded answers …");
    const ours = await readAlerts(join(root, "timed"), url, token);
    say("one detail call for each …");
    const rival = JSON.parse((await run([STEPS, "rival", url, token, String(RIVAL_ALERTS)])).stdout) as Rival;
    await server.stop();
    const scale = ours.received / rival.alerts;
    const [rivalRequests, rivalSeconds] = [rival.requests * scale, rival.seconds * scale];
    say(`paging through ${String(LISTED)} …`);
    const pages = JSON.parse((await run([STEPS, "pages", join(root, "pages"), String(LISTED)])).stdout) as { readonly p50: number; readonly p99: number; readonly cpuP50: number; readonly cpuP99: number; readonly pages: number };
    const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
    return [
      { name: `Alerts: requests for ${whole(ours.received)} with details`, value: `${whole(ours.requests)}, one for ${whole(rivalRequests / ours.requests)} of the rival's ${whole(rivalRequests)}`, target: "≤ 1/20", met: ours.requests * 20 <= rivalRequests && ours.received >= alerts },
      { name: "Alerts: time at 50 ms latency, with versions kept and facts queued", value: `${ours.seconds.toFixed(1)} s (${whole(ours.received / ours.seconds)}/s), ${(rivalSeconds / ours.seconds).toFixed(0)} × as fast as the rival's ${whole(rivalSeconds)} s`, target: "≥ 10 ×", met: rivalSeconds >= 10 * ours.seconds },
      { name: "Alerts: peak memory of the hub meanwhile", value: `${ours.peakMb.toFixed(0)} MB`, target: "< 300 MB", met: ours.peakMb < 300 },
      { name: `Alerts: a page of a list of ${whole(LISTED)}, whatever is asked, p99`, value: `${pages.p99.toFixed(1)} ms (p50 ${pages.p50.toFixed(1)} ms; of processor time p99 ${pages.cpuP99.toFixed(1)} ms, p50 ${pages.cpuP50.toFixed(1)} ms; ${whole(pages.pages)} pages)`, target: "≤ 50 ms", met: pages.p99 <= 50 },
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function record(alerts: number, folder: string, root: string, say: (line: string) => void): Promise<string> {
  const simulator = await startService([VEDETTE, "simulate", "--json", "--port", "0", "--agents", "1000", "--alerts", String(alerts), "--risks", "10"]);
  try {
    const token = (simulator.ready["tokens"] as Record<string, string>)["viewer"] ?? "";
    const recording: Recording = new Map();
    const recorder = await startRecorder(String(simulator.ready["url"]), recording);
    say(`recording ${String(alerts)} alerts …`);
    await readAlerts(join(root, "recorded"), recorder.url, token);
    await run([STEPS, "rival", recorder.url, token, String(RIVAL_ALERTS)]);
    recorder.close();
    saveRecording(recording, folder, []);
    return token;
  } finally {
    await simulator.stop();
  }
}

async function readAlerts(folder: string, url: string, token: string): Promise<{ readonly seconds: number; readonly requests: number; readonly received: number; readonly peakMb: number }> {
  const env = { VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(url).host, VEDETTE_REQUEST_SHARE: "off", BENCH_TOKEN: token };
  await run([VEDETTE, "connect", url, "--token-env", "BENCH_TOKEN", "--name", "bench", "--no-sync", "--json"], env);
  await run([VEDETTE, "destinations", "add", "siem", "--file", "siem.ndjson", "--facts", "alerts.*", "--json"], env);
  const began = performance.now();
  const { stdout, peakMb } = await run([VEDETTE, "sync", "bench", "--stream", "alerts", "--json"], env);
  // The command's own time: what is made of a first read comes after the reading.
  const seconds = (performance.now() - began) / 1000;
  const parsed = JSON.parse(stdout) as RunView | { readonly runs: readonly RunView[] };
  const stream = ("runs" in parsed ? parsed.runs[0] : parsed)?.streams.find((one) => one.stream === "alerts");
  if (stream === undefined || stream.fault !== null) throw new Error(`the alerts were not read: ${stdout.slice(0, 2000)}`);
  rmSync(folder, { recursive: true, force: true });
  return { seconds, requests: stream.requests, received: stream.inserted, peakMb };
}
