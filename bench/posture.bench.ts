/** Posture with many devices in the store: a thousand questions at once twenty times a second, one at a time, and every rule met with every device again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./processes.ts";
import type { Figure } from "./sync.bench.ts";

const STEPS = fileURLToPath(new URL("posture-steps.ts", import.meta.url));

export interface PostureBenchOptions {
  readonly devices: number;
  readonly say: (line: string) => void;
}

interface Asked {
  readonly manyP50: number;
  /** From the moment the request was due: what waits behind a slow one counts. */
  readonly manyP99: number;
  /** From the moment its turn came. */
  readonly aloneP50: number;
  readonly aloneP99: number;
  /** Of asking and answering together. */
  readonly cpuP50: number;
  readonly cpuP99: number;
  readonly singleP50: number;
  readonly singleP99: number;
  /** In the second half of the requests. */
  readonly grownMb: number;
}

interface Swept {
  readonly seconds: number;
  readonly facts: number;
  readonly pairs: number;
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
    const { figures: asked, peakMb: askedMb } = await step<Asked>("ask");
    say("counting who would fail …");
    const { figures: tried, peakMb: triedMb } = await step<{ readonly seconds: number; readonly failing: number }>("whatif");
    say("meeting every device with every rule again …");
    const { figures: swept, peakMb: sweptMb } = await step<Swept>("sweep");
    const pairs = swept.pairs / swept.seconds;
    const ms = (value: number): string => `${value.toFixed(1)} ms`;
    return [
      { name: "Posture: 1,000 devices in one request, 20 a second, p99", value: `${ms(asked.manyP99)} (p50 ${ms(asked.manyP50)}; without waiting for the one before: p50 ${ms(asked.aloneP50)}, p99 ${ms(asked.aloneP99)})`, target: "≤ 25 ms", met: asked.manyP99 <= 25 },
      { name: "Posture: processor time of such a request, asking side included, p99", value: `${ms(asked.cpuP99)} (p50 ${ms(asked.cpuP50)})`, target: "≤ 25 ms", met: asked.cpuP99 <= 25 },
      { name: "Posture: one device, p99", value: `${ms(asked.singleP99)} (p50 ${ms(asked.singleP50)})`, target: "≤ 2 ms", met: asked.singleP99 <= 2 },
      { name: "Posture: memory gained by the last 200,000 answers", value: `${asked.grownMb.toFixed(0)} MB (peak ${askedMb.toFixed(0)} MB)`, target: "≤ 20 MB", met: asked.grownMb <= 20 },
      { name: "Posture: four rules tried on all of them", value: `${tried.seconds.toFixed(1)} s (peak ${triedMb.toFixed(0)} MB)`, target: "< 300 MB", met: triedMb < 300 && tried.failing === devices / 100 },
      { name: "Posture: device × rule pairs met again a second, 1 % flipping", value: `${Math.round(pairs).toLocaleString("en-US")} (${swept.facts.toLocaleString("en-US")} flips)`, target: "≥ 50,000", met: pairs >= 50_000 && swept.facts === devices / 100 },
      { name: "Posture: peak memory meanwhile", value: `${sweptMb.toFixed(0)} MB`, target: "< 300 MB", met: sweptMb < 300 },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
