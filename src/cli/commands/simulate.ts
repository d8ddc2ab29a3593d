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
}

export const simulateCommand: CliCommand = {
  id: "simulate",
  register(program: Command, context: CliContext) {
    const command = program.command("simulate").description("Run a simulated console on loopback").option("--port <port>", "port to listen on, 0 for any free one", integer(0, 65_535));
    estateOptions(command)
      .option("--load <folder>", "serve the records in FOLDER/<stream>.json instead of generated ones")
      .option("--cves <file>", "CVE ids for the risks, one a line (ID or ID,SEVERITY,SCORE); made-up ones without it")
      .option("--faults <file>", "faults to inject, as JSON")
      .option("--latency <ms>", "delay of every answer", integer(0, 600_000))
      .option("--speed <factor>", "let things happen, at so many simulated seconds a second; 0 stops even the clock (default: the clock runs, nothing happens by itself)", positiveNumber)
      .action(context.run((options: SimulateFlags) => simulate(context, options)));
    finish(command, "vedette simulate --port 8900 --agents 5000 --seed 7", "when ready, print one line of JSON: {\"ready\":true,\"url\":…,\"tokens\":{…}}");
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
