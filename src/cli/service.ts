/** Long-running commands: announce that they are ready, stay until a signal asks them to stop, and end within ten seconds of it. */
import { Fault } from "../kernel/fault.ts";
import type { CliContext } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import type { RunningService } from "./ports.ts";

const STOP_WITHIN_MS = 10_000;

/** Answers when the service was stopped by a signal or ended by itself; throws the Fault that ended it. */
export async function stayUntilStopped(context: CliContext, service: RunningService): Promise<number> {
  const asked = Promise.withResolvers<"asked">();
  const unlisten = context.ports.io.onSignal(() => {
    asked.resolve("asked");
  });
  try {
    await Promise.race([asked.promise, service.ended]);
    await stopInTime(service);
    return EXIT_OK;
  } finally {
    unlisten();
  }
}

async function stopInTime(service: RunningService): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Fault("INTERNAL", "Stopping took longer than ten seconds; the process ends now. Nothing committed is lost."));
  }, STOP_WITHIN_MS);
  try {
    await Promise.race([service.stop(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The one line that scripts wait for. */
export function sayReady(context: CliContext, json: boolean, ready: Readonly<Record<string, unknown>>, text: readonly (readonly [string, string])[]): void {
  if (json) context.out.json({ ready: true, ...ready });
  else context.out.facts(text);
}
