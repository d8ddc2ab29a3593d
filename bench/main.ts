/**
 * `npm run bench [-- --agents N --repeats N --large --no-latency]`: prints every figure with its target. Ratios are against a floor taken
 * in the same run; absolute numbers depend on the machine. `--posture [--devices N]` measures device posture instead.
 */
import { parseArgs } from "node:util";
import { postureBench } from "./posture.bench.ts";
import { syncBench, type Figure } from "./sync.bench.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "100000" },
    repeats: { type: "string", default: "3" },
    large: { type: "boolean", default: false },
    "no-latency": { type: "boolean", default: false },
    posture: { type: "boolean", default: false },
    devices: { type: "string", default: "500000" },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const figures: Figure[] = [...(await (values.posture ? postureBench({ devices: Number(values.devices), say }) : syncBench({ agents: Number(values.agents), repeats: Number(values.repeats), latency: !values["no-latency"], say })))];
if (values.large && !values.posture) {
  const large = await syncBench({ agents: 500_000, repeats: 1, latency: false, say });
  figures.push(...large.map((figure) => ({ ...figure, name: `500,000 agents: ${figure.name}` })));
}

const width = Math.max(...figures.map((figure) => figure.name.length));
for (const { name, value, target, met } of figures) process.stdout.write(`${met ? "ok  " : "MISS"}  ${name.padEnd(width)}  ${value}${target === "" ? "" : `   (target ${target})`}\n`);
process.exitCode = figures.every((figure) => figure.met) ? 0 : 1;
