/**
 * A consistent copy of the embedded store while it is in use: VACUUM INTO reads one committed instant, in a thread of its own so that the
 * hub goes on. The copy appears under its name only when whole and synced. The key file is not part of the store and never in it.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { Fault } from "../kernel/fault.ts";
import { syncFolder, syncPath } from "./private-files.ts";

export async function copyDatabase(from: string, to: string): Promise<void> {
  const target = resolve(to);
  if (existsSync(target)) throw new Fault("ALREADY_EXISTS", `${target} exists already; a backup never overwrites a file.`, { cure: "Name another file." });
  if (!existsSync(dirname(target))) throw new Fault("CONFIG_INVALID", `The folder ${dirname(target)} does not exist.`, { cure: "Make it first, or name another file." });
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  try {
    await copyInWorker(from, partial);
    syncPath(partial);
    renameSync(partial, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof Fault) throw error;
    throw new Fault("CONFIG_INVALID", `The backup could not be written to ${target}.`, { cause: error, cure: "Check that the folder is writable and has room for a copy of the store." });
  }
}

function copyInWorker(from: string, to: string): Promise<void> {
  // Named by this file's own extension: .ts when run from source, .js when built.
  const script = new URL(`backup-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
  return new Promise((done, fail) => {
    const worker = new Worker(script, { workerData: { from, to } });
    worker.once("error", fail);
    worker.once("exit", (code) => {
      if (code === 0) done();
      else fail(new Error(`backup thread ended with ${String(code)}`));
    });
  });
}
