/**
 * `npm run bench [-- --help | --agents N --repeats N --large --no-latency]`: prints every figure with its target. Ratios are against a floor taken
 * in the same run; absolute numbers depend on the machine. `--posture [--devices N]` measures device posture
 * instead, `--access [--users N]` the access graph, `--vulnerabilities [--risks N]` findings (with `--large`, of three million as well),
 * `--delivery [--events N]` delivery, `--cases [--count N --queue N]` cases, `--alerts [--count N]` the intake of alerts, `--normalize [--lines N]` normalisation.
 */
import { parseArgs } from "node:util";
import { build, buildHub } from "../tools/build.ts";
import { alertsBench } from "./alerts.bench.ts";
import { accessBench } from "./access.bench.ts";
import { casesBench } from "./cases.bench.ts";
import { deliveryBench } from "./delivery.bench.ts";
import { normalizeBench } from "./normalize.bench.ts";
import { postureBench } from "./posture.bench.ts";
import { BUILT } from "./processes.ts";
import { syncBench, type Figure } from "./sync.bench.ts";
import { vulnerabilityBench } from "./vulnerabilities.bench.ts";

const OPTIONS = {
  help: { type: "boolean", default: false },
  agents: { type: "string", default: "100000" },
  repeats: { type: "string", default: "3" },
  large: { type: "boolean", default: false },
  "no-latency": { type: "boolean", default: false },
  posture: { type: "boolean", default: false },
  devices: { type: "string", default: "500000" },
  access: { type: "boolean", default: false },
  users: { type: "string", default: "50000" },
  normalize: { type: "boolean", default: false },
  lines: { type: "string", default: "20000" },
  vulnerabilities: { type: "boolean", default: false },
  risks: { type: "string", default: "1000000" },
  delivery: { type: "boolean", default: false },
  events: { type: "string", default: "30000" },
  alerts: { type: "boolean", default: false },
  cases: { type: "boolean", default: false },
  queue: { type: "string", default: "1000000" },
  count: { type: "string", default: "100000" },
} as const;

const HELP = `Usage: npm run bench [-- OPTIONS]

Prints every figure with its target; exits with 1 where one is missed.
  (nothing)          a sync of agents: --agents N (100000), --repeats N (3), --no-latency, --large for 500,000 as well
  --posture          device posture: --devices N (500000)
  --access           the access graph: --users N (50000)
  --vulnerabilities  findings: --risks N (1000000), --large for three million as well
  --delivery         delivery: --events N (30000)
  --alerts           the intake of alerts: --count N (100000)
  --cases            cases: --count N (100000), --queue N (1000000)
  --normalize        normalisation: --lines N (20000)
`;

type Asked = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function asked(): Asked {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return process.exit(64);
  }
}

const values = asked();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function measured(): Promise<readonly Figure[]> {
  const repeats = Number(values.repeats);
  if (values.posture) return postureBench({ devices: Number(values.devices), say });
  if (values.normalize) return normalizeBench({ lines: Number(values.lines), repeats: Math.max(repeats, 5), say });
  if (values.access) return accessBench({ users: Number(values.users), repeats, say });
  if (values.vulnerabilities) return findings(Number(values.risks), repeats);
  if (values.delivery) return deliveryBench({ events: Number(values.events), say });
  if (values.alerts) return alertsBench({ alerts: Number(values.count), say });
  if (values.cases) return casesBench({ alerts: Number(values.count), cases: Number(values.queue), say });
  return syncBench({ agents: Number(values.agents), repeats, latency: !values["no-latency"], say });
}

/** Fifty to a device. */
function findings(risks: number, repeats: number): Promise<readonly Figure[]> {
  return vulnerabilityBench({ risks, agents: Math.ceil(risks / 50), repeats, say });
}

const STEPS = ["access", "alerts", "cases", "delivery", "posture", "vulnerability"].map((name) => `bench/${name}-steps.ts`);
await buildHub();
await build(BUILT, STEPS);
const figures: Figure[] = [...(await measured())];
if (values.large && values.vulnerabilities) figures.push(...(await findings(3_000_000, 1)).map((figure) => ({ ...figure, name: `3,000,000 risks: ${figure.name}` })));
else if (values.large && !values.posture && !values.access && !values.delivery && !values.normalize && !values.alerts && !values.cases) {
  const large = await syncBench({ agents: 500_000, repeats: 1, latency: false, say });
  figures.push(...large.map((figure) => ({ ...figure, name: `500,000 agents: ${figure.name}` })));
}

const width = Math.max(...figures.map((figure) => figure.name.length));
for (const { name, value, target, met } of figures) process.stdout.write(`${met ? "ok  " : "MISS"}  ${name.padEnd(width)}  ${value}${target === "" ? "" : `   (target ${target})`}\n`);
process.exitCode = figures.every((figure) => figure.met) ? 0 : 1;
