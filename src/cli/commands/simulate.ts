/** `simulate`: a SentinelOne console on loopback to try things against; nothing it serves is real. */
import type { Command } from "commander";
import { finish, integer, positiveNumber, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { estateOf, estateOptions, type EstateFlags } from "../estate-options.ts";
import { sayReady, stayUntilStopped } from "../service.ts";

interface SimulateFlags extends EstateFlags, JsonOption {
  readonly port?: number;
  readonly load?: string;
  readonly cves?: string;
  readonly faults?: string;
  readonly latency?: number;
  readonly speed?: number;
  readonly rateLimits?: boolean;
  readonly strict?: boolean;
}

const EXAMPLES = [
  "vedette simulate --port 8900 --agents 5000 --seed 7                 the same estate every time",
  "vedette simulate --agents 500000 --risks 10000000 --speed 60        a large one, a minute a second",
  "vedette simulate --load records --json                              your own records, ready for a script",
  "vedette simulate --faults faults.json --rate-limits --latency 200   a console on a bad day",
  "",
  "faults.json: 429 three times on agents, then cut answers for one request in ten",
  `  {"rules":[{"path":"/agents","times":3,"fault":{"kind":"status","status":429,"retryAfter":"5"}},`,
  `            {"path":"*","probability":0.1,"fault":{"kind":"cut"}}]}`,
  "",
  "While it runs (URL as printed; from this machine, no token):",
  "  curl -s $URL/_simulator/truth/agents                                        records as they stand, a line each",
  `  curl -s -d '{"stream":"agents","action":"update","count":9}' $URL/_simulator/mutate`,
  `  curl -s -d '{"ms":3600000}' $URL/_simulator/advance                         an hour later`,
  "  curl -s -d @faults.json $URL/_simulator/faults                              another plan",
  "  curl -sf $URL/_simulator/faults/unfired                                     fails while a planned fault has not happened",
  "",
  "All of it: docs/simulator.md",
];

export const simulateCommand: CliCommand = {
  id: "simulate",
  register(program: Command, context: CliContext) {
    const command = program.command("simulate").description("Run a simulated SentinelOne console on loopback: nothing it serves is real").option("--port <port>", "port to listen on, 0 for any free one", integer(0, 65_535));
    estateOptions(command)
      .option("--load <folder>", "serve the records in FOLDER/<stream>.json instead of generated ones")
      .option("--cves <file>", "CVE ids for the risks, one a line (ID or ID,SEVERITY,SCORE); made-up ones without it")
      .option("--faults <file>", "a fault plan: what goes wrong, where, when and how often")
      .option("--latency <ms>", "delay of every answer", integer(0, 600_000))
      .option("--rate-limits", "keep to the vendor's request limits, answered with its 429 page")
      .option("--strict", "refuse query parameters an endpoint does not know, with 400")
      .option("--speed <factor>", "let things happen, at so many simulated seconds a second; 0 stops even the clock (default: the clock runs, nothing happens by itself)", positiveNumber)
      .action(context.run((options: SimulateFlags) => simulate(context, options)));
    finish(command, EXAMPLES, "when ready, print one line of JSON: {\"ready\":true,\"url\":…,\"tokens\":{…}}");
  },
};

async function simulate(context: CliContext, options: SimulateFlags): Promise<number> {
  const simulator = await context.ports.simulate({
    port: options.port,
    estate: estateOf(options),
    load: options.load,
    cves: options.cves,
    faults: options.faults,
    latencyMs: options.latency,
    speed: options.speed,
    rateLimits: options.rateLimits === true,
    strict: options.strict === true,
  });
  const host = new URL(simulator.url).host;
  sayReady(context, options.json === true, { url: simulator.url, tokens: simulator.tokens }, [
    ["console", simulator.url],
    ...Object.entries(simulator.tokens).map(([name, token]) => [`token ${name}`, token] as const),
    ["connect", `VEDETTE_ALLOW_CONSOLE_HOSTS=${host} vedette connect ${simulator.url} --token-env S1_TOKEN`],
    ["stop", "Ctrl-C"],
  ]);
  return stayUntilStopped(context, simulator);
}
