/** Child processes of the benchmark: started, waited for, measured (wall time and peak memory), always ended. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const VEDETTE = fileURLToPath(new URL("../bin/vedette.mjs", import.meta.url));

/** As the first line of bin/vedette.mjs has it; and what is stripped of types and compiled is kept, as it is for whoever starts a hub a second time. */
const FLAGS = ["--max-semi-space-size=16", "--heap-growing-percent=50"];
const ALLOCATOR = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "1048576", NODE_COMPILE_CACHE: fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url)) };

/** Where `main.ts` puts what it builds of the steps that are a hub themselves: what is measured is the product as it is built, not as it is written. */
export const BUILT = "dist/bench";

/** The path of a step built by `main.ts`, such as `access-steps`. */
export function built(step: string): string {
  return fileURLToPath(new URL(`../${BUILT}/${step}.js`, import.meta.url));
}

type Environment = Readonly<Record<string, string>>;

/** A process that announces itself with one line of JSON holding a `url`. */
export async function startService(args: readonly string[], env: Environment = {}): Promise<{ readonly ready: Record<string, unknown>; peakMb(): number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [...FLAGS, ...args], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...ALLOCATOR, ...env } });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return {
    ready: JSON.parse(line) as Record<string, unknown>,
    peakMb: () => peakOf(child),
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

export interface Finished {
  readonly stdout: string;
  readonly seconds: number;
  readonly peakMb: number;
}

/** Runs to the end; throws with the process's own words when it fails. `accept` lists exit codes that are no failure. */
export async function run(args: readonly string[], env: Environment = {}, accept: readonly number[] = [0]): Promise<Finished> {
  const began = performance.now();
  const child = spawn(process.execPath, [...FLAGS, ...args], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...ALLOCATOR, ...env } });
  const memory = { peakMb: 0 };
  const watch = setInterval(() => {
    memory.peakMb = Math.max(memory.peakMb, peakOf(child));
  }, 50);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(watch);
  if (code === null || !accept.includes(code)) throw new Error(`${args.join(" ")} ended with ${String(code)}\n${stderr}\n${stdout}`);
  return { stdout, seconds: (performance.now() - began) / 1000, peakMb: memory.peakMb };
}

/** The kernel's own high-water mark of resident memory, in MB; 0 where there is no /proc. */
function peakOf(child: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${String(child.pid)}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
