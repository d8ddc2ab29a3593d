/**
 * The hub's own standard output: one line of JSON per delivery, for programs that are started with it and for containers whose output is
 * collected. `accepted` means that the line was handed to whatever reads there; only a running hub writes.
 */
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import type { Destination, DestinationKind, Receipt } from "../destination.ts";
import { plainLine } from "./plain-text.ts";

export interface StdoutPorts {
  /** Null where this process's output is somebody else's: a single command's. */
  readonly stdout: LineOutput | null;
}

export interface LineOutput {
  /** `done` when it was taken, or could not be. */
  write(text: string, done: (error?: Error | null) => void): unknown;
}

const Config = Type.Object({}, { additionalProperties: false });
const config = Compile(Config);
const SEALED = '{"stdout":true}';
const NOBODY = "Only a running hub writes to its standard output (`vedette serve`).";

export function stdoutKind({ stdout }: StdoutPorts): DestinationKind {
  /** What was handed over and not taken: more would only pile up in memory, line after line the same. */
  let stuck: Promise<void> | null = null;

  function write(text: string): Promise<void> {
    if (stdout === null) throw new Fault("DESTINATION_UNREACHABLE", NOBODY);
    return new Promise((resolve, reject) => {
      stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  async function send(text: string, signal: AbortSignal): Promise<Receipt> {
    if (stuck !== null) return failed("Whatever reads the standard output has stopped reading.");
    if (signal.aborted) return { outcome: "again-after", afterMs: 0, blame: "delivery", code: "CANCELLED", reason: "It was stopped before it was sent." };
    const aborted = Promise.withResolvers<"aborted">();
    const stop = (): void => aborted.resolve("aborted");
    signal.addEventListener("abort", stop, { once: true });
    try {
      const written = write(text);
      const end = await Promise.race([written.then(() => "written" as const), aborted.promise]);
      if (end === "written") return { outcome: "accepted" };
      const free = (): void => {
        stuck = null;
      };
      stuck = written.then(free, free);
      return failed("Whatever reads the standard output has stopped reading.");
    } catch (error) {
      return failed(error instanceof Fault ? error.message : `The standard output cannot be written (${error instanceof Error && "code" in error ? String(error.code) : "unknown"}).`);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  const destination: Destination = {
    async check() {},
    async send(batch, signal) {
      const receipt = await send(batch.map(({ text }) => `${plainLine(text)}\n`).join(""), signal);
      return batch.map(() => receipt);
    },
    async close() {},
  };
  return {
    id: "stdout",
    repeats: "visible",
    config: Config,
    format: "raw",
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The standard output takes no configuration.");
      return { shown: {}, settings: SEALED, place: "stdout", secret: null };
    },
    open(sealed) {
      if (sealed !== SEALED) throw new Fault("INTERNAL", "A standard output's stored configuration is not one of this version.");
      return destination;
    },
  };
}

function failed(reason: string): Receipt {
  return { outcome: "again-after", afterMs: null, blame: "destination", code: "DESTINATION_UNREACHABLE", reason };
}
