/**
 * Brings a backup back: checked first (ours, sound, not from a newer version), then swapped in by one rename while nobody else has the folder. What was there
 * is kept beside it under another name; the key file is no part of it and stays. Killed at any instant, the folder holds the old store or the new one, never a
 * mixture.
 */
import { constants, copyFileSync, existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import Sqlite from "better-sqlite3";
import { Fault } from "../kernel/fault.ts";
import { assertKnown } from "./migrate.ts";
import { takeOwnerLock } from "./owner-lock.ts";
import { privateFile, privateFolder, syncFolder, syncPath } from "./private-files.ts";
import { APPLICATION_ID } from "./sqlite-settings.ts";
import { sqliteFile } from "./sqlite.ts";

export interface RestoreOptions {
  readonly folder: string;
  readonly from: string;
  /** Ids of all migrations this version knows. */
  readonly knownMigrations: readonly string[];
}

/**
 * Gives the file in which the store that was there is kept, or null where none was. CONFIG_INVALID for a file that is no sound backup,
 * STORE_FROM_FUTURE for a newer one, STORE_LOCKED while a hub runs.
 */
export function restoreSqlite(options: RestoreOptions): string | null {
  const from = resolve(options.from);
  if (!existsSync(from)) throw new Fault("CONFIG_INVALID", `There is no backup at ${from}.`, { cure: "Name the file `vedette backup` wrote." });
  privateFolder(options.folder);
  const lock = takeOwnerLock(options.folder);
  try {
    const file = sqliteFile(options.folder);
    const incoming = `${file}.incoming`;
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(incoming + suffix, { force: true });
    privateFile(incoming);
    copyFileSync(from, incoming);
    check(incoming, from, new Set(options.knownMigrations));
    syncPath(incoming);
    const kept = setAside(file);
    renameSync(incoming, file);
    syncFolder(dirname(file));
    return kept;
  } finally {
    lock.release();
  }
}

function check(copy: string, from: string, known: ReadonlySet<string>): void {
  let backup: Sqlite.Database | undefined;
  try {
    backup = new Sqlite(copy, { readonly: true, fileMustExist: true });
    if (backup.pragma("application_id", { simple: true }) !== APPLICATION_ID) throw damaged(from, "it is not a Vedette store");
    const found = backup.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") throw damaged(from, "its integrity check fails");
    assertKnown(backup.prepare<[], string>("SELECT id FROM vedette_migrations ORDER BY id").pluck().all(), known);
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) throw damaged(from, "it cannot be read as a database");
    throw error;
  } finally {
    backup?.close();
    for (const suffix of ["-wal", "-shm"]) rmSync(copy + suffix, { force: true });
  }
}

function damaged(from: string, why: string): Fault {
  return new Fault("CONFIG_INVALID", `${from} cannot be restored: ${why}.`, { cure: "Choose another backup; the store has not been touched." });
}

/**
 * Gives the old store a second name, so that the rename to come takes nothing away. Its log must not keep its name, or SQLite would replay it over the wrong
 * database: closing the last connection folds it in; where the old store is too damaged for that, the log goes with it.
 */
function setAside(file: string): string | null {
  if (!existsSync(file)) return null;
  const aside = `${file}.before-restore-${new Date().toISOString().replaceAll(/[-:.]/g, "")}`;
  try {
    const old = new Sqlite(file);
    old.pragma("wal_checkpoint(TRUNCATE)");
    old.close();
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error;
  }
  try {
    linkSync(file, aside);
  } catch {
    // A file system without hard links.
    copyFileSync(file, aside, constants.COPYFILE_EXCL);
  }
  privateFile(aside);
  syncPath(aside);
  rmSync(`${file}-shm`, { force: true });
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  syncFolder(dirname(file));
  return aside;
}
