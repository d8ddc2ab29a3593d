/** Normalisation against its floor, for each target; and the memory of the command over many lines. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kindsOf } from "../src/normalize/index.ts";
import { run, VEDETTE } from "./processes.ts";
import type { Figure } from "./sync.bench.ts";

const STEPS = fileURLToPath(new URL("normalize-steps.ts", import.meta.url));
const TARGETS = [
  ["ecs", "native"],
  ["ecs", "sekoia"],
  ["ocsf", "native"],
] as const;

export interface NormalizeBenchOptions {
  readonly lines: number;
  readonly repeats: number;
  readonly say: (line: string) => void;
}

interface Measured {
  readonly kinds: number;
  readonly floorMs: number;
  readonly ms: number;
}

export async function normalizeBench({ lines, repeats, say }: NormalizeBenchOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [standard, profile] of TARGETS) {
    const name = profile === "native" ? standard : profile;
    if (kindsOf(standard, profile).length === 0) {
      say(`${name}: no maps`);
      continue;
    }
    say(`normalising ${String(lines)} lines as ${name} …`);
    const { stdout } = await run([STEPS, standard, profile, String(lines), String(repeats)]);
    const { kinds, floorMs, ms } = JSON.parse(stdout) as Measured;
    const ratio = floorMs / ms;
    figures.push({ name: `Normalise: ${name}, ${String(kinds)} kinds, against the floor`, value: `${ratio.toFixed(2)} (${Math.round((lines / ms) * 1000).toLocaleString("en-US")} lines/s; floor ${Math.round((lines / floorMs) * 1000).toLocaleString("en-US")})`, target: "≥ 0.4", met: ratio >= 0.4 });
  }
  figures.push(await memory(lines * 10, say));
  return figures;
}

async function memory(lines: number, say: (line: string) => void): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  try {
    const file = join(folder, "records.ndjson");
    say(`the command over ${String(lines)} lines …`);
    await run([STEPS, "lines", file, String(lines)]);
    const { peakMb, stdout, seconds } = await run(["-e", COUNT, VEDETTE, file]);
    const { peak } = JSON.parse(stdout) as { readonly peak: number };
    return { name: `Normalise: memory of the command over ${lines.toLocaleString("en-US")} lines`, value: `${peak.toFixed(0)} MB in ${seconds.toFixed(0)} s (its reader ${peakMb.toFixed(0)} MB)`, target: "< 200 MB", met: peak < 200 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the command's output and drops it, so that what is measured is the command; tells the command's own high-water mark. */
const COUNT = `
const { spawn } = require("node:child_process");
const { readFileSync } = require("node:fs");
const child = spawn(process.execPath, ["--max-semi-space-size=16", process.argv[1], "normalize", "--as", "ecs", process.argv[2]], { stdio: ["ignore", "pipe", "ignore"] });
let peak = 0;
const look = () => { try { peak = Math.max(peak, Number(/VmHWM:\\s+(\\d+) kB/.exec(readFileSync("/proc/" + child.pid + "/status", "utf8"))[1]) / 1024); } catch {} };
const timer = setInterval(look, 50);
child.stdout.on("data", () => {});
child.on("close", (code) => { clearInterval(timer); process.stdout.write(JSON.stringify({ peak })); process.exitCode = code ?? 1; });
`;
