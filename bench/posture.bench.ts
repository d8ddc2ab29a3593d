/** Posture with many devices in the store: a thousand questions at once twenty times a second, one at a time, and every rule met with every device again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Asked } from "./posture-asker.ts";
import { built, run, startService } from "./processes.ts";
import type { Figure } from "./sync.bench.ts";

const STEPS = built("posture-steps");
const ASKER = fileURLToPath(new URL("posture-asker.ts", import.meta.url));

export interface PostureBenchOptions {
  readonly devices: number;
  readonly say: (line: string) => void;
}

interface Swept {
  readonly seconds: number;
  readonly facts: number;
  readonly pairs: number;
}

interface Listed {
  readonly pages: number;
  readonly shown: number;
  readonly p50: number;
  readonly p95: number;
  readonly worst: number;
}

export async function postureBench(options: PostureBenchOptions): Promise<readonly Figure[]> {
  const { devices, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  const step = async <T>(name: string): Promise<{ readonly figures: T; readonly peakMb: number }> => {
    const { stdout, peakMb } = await run([STEPS, name, folder, String(devices)]);
    return { figures: JSON.parse(stdout) as T, peakMb };
  };
  try {
    say(`storing ${String(devices)} devices …`);
    await step("fill");
    say("asking …");
    const { asked, peakMb: askedMb } = await askServing([STEPS, "serve", folder, String(devices)]);
    say("looking through the list …");
    const { figures: listed, peakMb: listedMb } = await step<Listed>("list");
    say("counting who would fail …");
    const { figures: tried, peakMb: triedMb } = await step<{ readonly seconds: number; readonly failing: number }>("whatif");
    say("meeting every device with every rule again …");
    const { figures: swept, peakMb: sweptMb } = await step<Swept>("sweep");
    const pairs = swept.pairs / swept.seconds;
    const ms = (value: number): string => `${value.toFixed(1)} ms`;
    return [
      { name: "Posture: 1,000 devices in one request, 20 a second, p99", value: `${ms(asked.manyP99)} (p50 ${ms(asked.manyP50)}; processor time of the hub ${ms(asked.cpu)} each)`, target: "≤ 25 ms", met: asked.manyP99 <= 25 },
      { name: "Posture: one device, p99", value: `${ms(asked.singleP99)} (p50 ${ms(asked.singleP50)})`, target: "≤ 2 ms", met: asked.singleP99 <= 2 },
      { name: "Posture: memory gained by the last 200,000 answers", value: `${asked.grownMb.toFixed(0)} MB (peak ${askedMb.toFixed(0)} MB)`, target: "≤ 20 MB", met: asked.grownMb <= 20 },
      { name: "Posture: a page of the list of devices, every order, whole and narrowed, p95", value: `${ms(listed.p95)} (p50 ${ms(listed.p50)}, worst ${ms(listed.worst)}; ${String(listed.pages)} pages of ${String(listed.shown)} devices; peak ${listedMb.toFixed(0)} MB)`, target: "≤ 200 ms", met: listed.p95 <= 200 },
      { name: "Posture: four rules tried on all of them", value: `${tried.seconds.toFixed(1)} s (peak ${triedMb.toFixed(0)} MB)`, target: "< 300 MB", met: triedMb < 300 && tried.failing === devices / 100 },
      { name: "Posture: device × rule pairs met again a second, 1 % flipping", value: `${Math.round(pairs).toLocaleString("en-US")} (${swept.facts.toLocaleString("en-US")} flips)`, target: "≥ 50,000", met: pairs >= 50_000 && swept.facts === devices / 100 },
      { name: "Posture: peak memory meanwhile", value: `${sweptMb.toFixed(0)} MB`, target: "< 300 MB", met: sweptMb < 300 },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function askServing(serving: readonly string[]): Promise<{ readonly asked: Asked; readonly peakMb: number }> {
  const hub = await startService(serving);
  try {
    const { stdout } = await run([ASKER, JSON.stringify(hub.ready)]);
    return { asked: JSON.parse(stdout) as Asked, peakMb: hub.peakMb() };
  } finally {
    await hub.stop();
  }
}
