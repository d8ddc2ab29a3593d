/** Delivery: facts about alerts to each kind of destination, and to four at once, with the receivers in a process of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kindsOf } from "../src/normalize/index.ts";
import { startSimulator } from "../src/simulator/index.ts";
import { built, run, startService } from "./processes.ts";
import type { Figure } from "./sync.bench.ts";

const STEPS = built("delivery-steps");
const RECEIVER = fileURLToPath(new URL("delivery-receiver.ts", import.meta.url));
const MOST_MB = 300;
const DIFFERENT = 1_000;

export interface DeliveryBenchOptions {
  readonly events: number;
  readonly say: (line: string) => void;
}

interface Delivered {
  readonly queueSeconds: number;
  readonly seconds: number;
  /** Of the hub, while it delivered. */
  readonly cpuSeconds: number;
  readonly delivered: number;
  readonly parked: number;
}

interface Case {
  readonly name: string;
  readonly destinations: readonly object[];
  /** Of the events. */
  readonly part: number;
  /** Events a second, of each destination. */
  readonly target: number;
  /** Whether the receiver can count what came. */
  readonly counted: boolean;
}

export async function deliveryBench({ events, say }: DeliveryBenchOptions): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  const records = join(folder, "alerts.ndjson");
  say("making alerts …");
  const simulator = await startSimulator({ seed: 3, agents: 300, alerts: DIFFERENT, users: 50, sites: 5, accounts: 1, risks: 1 });
  const lines = [...simulator.truth("alerts")].map((record) => JSON.stringify(record));
  await simulator.close();
  writeFileSync(records, `${lines.join("\n")}\n`);
  const kilobytes = lines.reduce((sum, line) => sum + line.length, 0) / lines.length / 1_000;
  const receiver = await startService([RECEIVER]);
  const { url, http, syslog } = receiver.ready as { readonly url: string; readonly http: string; readonly syslog: string };
  const standard = kindsOf("ecs", "native").includes("alerts") ? "ecs" : "sekoia";
  const elastic = (format: string) => ({ name: `elastic ${format}`, kind: "elasticsearch", config: { url, apiKey: "key", index: `logs-${format}` }, format });
  const splunk = { name: "splunk", kind: "splunk", config: { url, token: "token" } };
  const sekoia = { name: "sekoia", kind: "sekoia", config: { url, intakeKey: "key" } };
  const cases: readonly Case[] = [
    { name: "Elasticsearch, raw", destinations: [elastic("raw")], part: 1, target: 3_000, counted: true },
    { name: `Elasticsearch, ${standard}`, destinations: [elastic(standard)], part: 1, target: 3_000, counted: true },
    { name: "Splunk", destinations: [splunk], part: 1, target: 3_000, counted: true },
    { name: "Sekoia", destinations: [sekoia], part: 1, target: 3_000, counted: true },
    { name: "syslog over TCP", destinations: [{ name: "syslog", kind: "syslog", config: { address: `tcp://${syslog}` } }], part: 1, target: 3_000, counted: true },
    { name: "file", destinations: [{ name: "file", kind: "file", config: { file: "bench.ndjson" } }], part: 1, target: 3_000, counted: false },
    { name: "webhook, one event per request", destinations: [{ name: "webhook", kind: "webhook", config: { url: `${url}/in` } }], part: 0.2, target: 500, counted: true },
    { name: "Elasticsearch, Splunk and Sekoia at once", destinations: [elastic("raw"), splunk, sekoia], part: 0.5, target: 0, counted: false },
  ];
  const figures: Figure[] = [];
  try {
    for (const { name, destinations, part, target, counted } of cases) {
      say(`delivering: ${name} …`);
      const total = Math.round(events * part);
      const own = mkdtempSync(join(folder, "case-"));
      await fetch(`${url}/forget`, { method: "POST" });
      const { stdout, peakMb } = await run([STEPS, own, records, String(total), JSON.stringify(destinations), `${http},${syslog}`]);
      const { seconds, cpuSeconds, queueSeconds, delivered, parked } = JSON.parse(stdout) as Delivered;
      const arrived = counted ? ((await (await fetch(`${url}/counted`)).json()) as { counted: number }).counted : delivered;
      rmSync(own, { recursive: true, force: true });
      const rate = delivered / seconds;
      const whole = delivered === total * destinations.length && parked === 0 && arrived === delivered;
      figures.push({
        name: `Delivery: ${name}`,
        value: `${Math.round(rate).toLocaleString("en-US")} events/s of ${kilobytes.toFixed(1)} kB (${Math.round(delivered / cpuSeconds).toLocaleString("en-US")} per second of processor time; ${total.toLocaleString("en-US")} each; queued at ${Math.round(total / queueSeconds).toLocaleString("en-US")}/s; peak ${peakMb.toFixed(0)} MB)${whole ? "" : `; arrived ${String(arrived)}, parked ${String(parked)}`}`,
        target: `${target === 0 ? "" : `≥ ${target.toLocaleString("en-US")}/s, `}< ${String(MOST_MB)} MB`,
        met: whole && rate >= target && peakMb < MOST_MB,
      });
    }
    return figures;
  } finally {
    await receiver.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
