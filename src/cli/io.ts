/** The real terminal: the process's own streams, a prompt that shows nothing, and the signals that ask it to stop. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import type { Io, StopSignal } from "./ports.ts";

const SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    isTTY: process.stdout.isTTY,
    stdinIsTTY: process.stdin.isTTY,
    stderrIsTTY: process.stderr.isTTY,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    prompt: hiddenPrompt,
    onSignal(listener) {
      const listeners = SIGNALS.map((signal) => {
        const handler = (): void => {
          listener(signal);
        };
        process.on(signal, handler);
        return [signal, handler] as const;
      });
      return () => {
        for (const [signal, handler] of listeners) process.off(signal, handler);
      };
    },
  };
}

/** The question goes to standard error, so that standard output stays what it promises to be. */
function hiddenPrompt(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise((resolve, reject) => {
    let answered = false;
    lines.once("line", (line) => {
      answered = true;
      lines.close();
      resolve(line);
    });
    lines.once("SIGINT", () => {
      lines.close();
    });
    lines.once("close", () => {
      process.stderr.write("\n");
      process.stdin.pause();
      if (!answered) reject(new Fault("TOKEN_EMPTY", "No token was typed."));
    });
  });
}
