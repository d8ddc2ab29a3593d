/**
 * The command line as a whole: parses, runs one command, and turns whatever happens into an exit code. It never ends the process and
 * never throws; what a person typed wrong is answered with exit code 64 and a suggestion.
 */
import { Command, CommanderError } from "commander";
import { Fault } from "../kernel/fault.ts";
import type { CliContext } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { EXIT_OK, reportFault } from "./faults.ts";
import type { CliPorts } from "./ports.ts";
import { Terminal } from "./terminal.ts";

const ENVIRONMENT = `
Environment:
  VEDETTE_DATA                 data folder (default: the user's data folder)
  VEDETTE_DATABASE_URL         PostgreSQL instead of the embedded store
  VEDETTE_KEY_FILE             the key that seals tokens; kept outside the data folder
  VEDETTE_PUBLIC_URL           how others reach the hub
  VEDETTE_ALLOW_CONSOLE_HOSTS  console hosts outside *.sentinelone.net, host[:port], comma separated
  VEDETTE_ALLOW_DESTINATION_HOSTS  hosts inside the network to deliver to, host[:port], comma separated
  VEDETTE_DISK_BUDGET          size of the data folder at which reading pauses, like 50GB
  VEDETTE_RETENTION            days to keep, by stream, like activities=365,threats=730
  VEDETTE_CASES_LOOK_BACK      days: older alerts of a console's first read open no case (30)
  VEDETTE_REQUEST_SHARE        part of SentinelOne's request limits to use, 0.8 when left out
  VEDETTE_CA_FILE              further certificate authorities, as NODE_EXTRA_CA_CERTS
  VEDETTE_LOG_LEVEL            debug, info, warn or error
  HTTPS_PROXY, NO_PROXY        proxy towards the consoles
  NODE_EXTRA_CA_CERTS          further certificate authorities
  NO_COLOR                     no colour

Exit codes: 0 all well; 1 the answer is no; 64 wrong input; 65 record; 69 not reachable; 70 defect; 73 refused; 74 incomplete;
75 try later; 76 protocol; 77 token not accepted; 78 permission missing. docs/faults.md has every fault.`;

/** After which somebody at a terminal is told why the command has not ended yet. */
const PATIENCE_MS = 1_000;
const STILL_WORKING = "Still at work on the mirror: cases, posture, assets and findings are made of what was read, and what was removed is erased … (Ctrl-C is safe: the next command, or the hub, goes on from there)";

/** Runs one command line (without `node` and the script) and gives its exit code. */
export async function runCli(argv: readonly string[], ports: CliPorts): Promise<number> {
  const out = new Terminal(ports.io);
  const json = wantsJson(argv);
  let exitCode = EXIT_OK;
  const context: CliContext = {
    ports,
    out,
    run: (work) => async (...args) => {
      exitCode = await work(...args);
    },
    ask: (work) => async (...args) => {
      const api = await ports.api();
      try {
        if (api.origin === "demo" && ports.io.stderrIsTTY && !json) out.note(out.paint("(the demo answers: no hub or connection of your own was found)", "dim"));
        exitCode = await work(api, ...args);
      } finally {
        // A hub inside this process makes its capabilities' share of what was read before it lets go (of a large first read, for a minute), and erases what was removed.
        const telling = ports.io.stderrIsTTY && !json ? setTimeout(() => out.note(out.paint(STILL_WORKING, "dim")), PATIENCE_MS) : undefined;
        await api.close();
        clearTimeout(telling);
      }
    },
  };
  const program = buildProgram(context);
  try {
    await program.parseAsync([...withList(program, argv)], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFault(out, error, json);
    if (error.exitCode === 0) return EXIT_OK;
    return reportFault(out, usageFault(mistyped(error, argv, context), argv, program), json);
  } finally {
    out.release();
  }
}

export function buildProgram(context: CliContext): Command {
  const { io, version } = context.ports;
  const program = new Command("vedette")
    .description("Connect a SentinelOne console once; keep a typed local mirror of it.")
    .version(version, "--version", "print the version")
    .helpOption("--help", "show help, with an example")
    .addHelpText("after", `\nExample:\n  vedette demo\n  vedette connect https://usea1-011.sentinelone.net --token-env S1_TOKEN\n${ENVIRONMENT}`);
  for (const command of COMMANDS) command.register(program, context);
  settle(program, context, io.columns);
  return program;
}

/** The same manners for every command: no process.exit, output through the terminal given, complaints left to us. */
function settle(command: Command, context: CliContext, columns: number | undefined): void {
  const { io } = context.ports;
  command
    .exitOverride()
    .helpOption("--help", "show help, with an example")
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => columns ?? 120,
      getErrHelpWidth: () => columns ?? 120,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const inner of command.commands) settle(inner, context, columns);
}

/** A group alone means its list: `vedette connections`. Anything else after the group's name is left to it. */
function withList(program: Command, argv: readonly string[]): readonly string[] {
  const [word, ...rest] = argv;
  const group = program.commands.find((command) => command.name() === word);
  if (word === undefined || group?.commands.some((command) => command.name() === "list") !== true) return argv;
  return rest.some((text) => text === "--help" || !text.startsWith("-")) ? argv : [word, "list", ...rest];
}

/** The names of the command that was meant, as far as they were typed rightly. */
function wordsOf(command: Command, argv: readonly string[]): readonly string[] {
  const [word, ...rest] = argv;
  const next = command.commands.find((known) => known.name() === word);
  return next === undefined ? [] : [next.name(), ...wordsOf(next, rest)];
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

/** Who mistypes an option that is needed wants to hear of the mistake: that the option is missing is what comes of it. */
function mistyped(error: CommanderError, argv: readonly string[], context: CliContext): CommanderError {
  if (error.code !== "commander.missingMandatoryOptionValue") return error;
  const idle = () => async () => undefined;
  const lenient = buildProgram({ ...context, run: idle, ask: idle });
  const nothingNeeded = (command: Command): void => {
    for (const option of command.options) option.mandatory = false;
    for (const inner of command.commands) nothingNeeded(inner);
  };
  nothingNeeded(lenient);
  try {
    lenient.parse([...argv], { from: "user" });
  } catch (other) {
    if (other instanceof CommanderError && other.code === "commander.unknownOption") return other;
  }
  return error;
}

function usageFault(error: CommanderError, argv: readonly string[], program: Command): Fault {
  const help = ["vedette", ...wordsOf(program, argv), "--help"].join(" ");
  if (error.code === "commander.help") return new Fault("CONFIG_INVALID", "A command is missing.", { cure: `\`${help}\` lists the commands.` });
  return new Fault("CONFIG_INVALID", error.message.replace(/^error: /, "").replace(/\n/g, " "), { cure: `\`${help}\` shows what is expected.` });
}
