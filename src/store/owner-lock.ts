/**
 * One process owns a data folder. The lock is an exclusive transaction on a tiny SQLite file of its own: the kernel lets go of it when the
 * process dies however it dies, so there is no stale lock to clean up. Who holds it is written beside it, for the message only.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { Fault } from "../kernel/fault.ts";
import { privateFile } from "./private-files.ts";

export interface OwnerLock {
  release(): void;
}

/** STORE_LOCKED, naming the pid, where another process (or another store of this one) has the folder. */
export function takeOwnerLock(folder: string): OwnerLock {
  const file = join(folder, "owner.lock");
  const note = join(folder, "owner.pid");
  privateFile(file);
  const lock = new Sqlite(file, { timeout: 250 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!(error instanceof Sqlite.SqliteError) || !error.code.startsWith("SQLITE_BUSY")) throw error;
    const pid = readPid(note);
    throw new Fault("STORE_LOCKED", `The data folder ${folder} is in use by ${pid === null ? "another process" : `process ${String(pid)}`}.`, { details: { folder, pid } });
  }
  writeFileSync(note, `${String(process.pid)}\n`, { mode: 0o600 });
  return {
    release() {
      rmSync(note, { force: true });
      lock.close();
    },
  };
}

function readPid(note: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(note, "utf8"), 10);
    return Number.isSafeInteger(pid) ? pid : null;
  } catch {
    return null;
  }
}
