/**
 * Composition root: hands the commands what they need. What concrete stores, streams and capabilities there are is said in `compose/`,
 * loaded only by the commands that use it, so that `--help` answers at once.
 */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { runCli } from "./cli/program.ts";
import type { CliPorts, Io, StopSignal } from "./cli/ports.ts";
import { VERSION } from "./compose/version.ts";
import { Fault } from "./kernel/fault.ts";

const services = () => import("./compose/services.ts");

export async function main(argv: readonly string[]): Promise<void> {
  const { env } = process;
  const ports: CliPorts = {
    version: VERSION,
    api: async () => (await services()).api(env),
    hub: async () => (await services()).runningHub(env),
    serve: async (options) => (await services()).serve(options, env),
    demo: async (options) => (await services()).demo(options, env),
    simulate: async (options) => (await services()).simulate(options),
    restore: async (file, options) => (await services()).restore(file, options, env),
    io: processIo(),
  };
  process.exitCode = await runCli([...argv], ports);
}

function processIo(): Io {
  // A reader that went away (`| head`) is no defect of ours, and no reason to end a hub that is serving.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    isTTY: process.stdout.isTTY === true,
    stdinIsTTY: process.stdin.isTTY === true,
    stderrIsTTY: process.stderr.isTTY === true,
    columns: process.stdout.columns,
    prompt: promptHidden,
    onSignal(listener) {
      const signals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
      const handlers = signals.map((signal) => ({ signal, handler: () => listener(signal) }));
      for (const { signal, handler } of handlers) process.on(signal, handler);
      return () => {
        for (const { signal, handler } of handlers) process.off(signal, handler);
      };
    },
  };
}

/** One line from the terminal, typed without being shown. */
async function promptHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: quiet, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      lines.question("", resolve);
      lines.once("SIGINT", () => reject(new Fault("CANCELLED", "Stopped before a token was given; nothing was saved.", { cure: "Run it again." })));
      lines.once("close", () => resolve(""));
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
