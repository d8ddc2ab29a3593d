/** Data folder 0700, files 0600: the mirror holds a customer's inventory. Windows keeps its own access lists, and ignores modes. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";

export function privateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Fault("CONFIG_INVALID", `The data folder ${folder} cannot be made private to this user (${reason}).`, {
      cause: error,
      cure: "Name a folder this user owns in VEDETTE_DATA.",
    });
  }
}

/** Made before SQLite opens it, so that it never exists with wider rights; SQLite gives its side files the same mode. */
export function privateFile(file: string): void {
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
}

export function syncPath(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes a rename survive a power cut. Windows cannot open a folder for this and does it on its own. */
export function syncFolder(folder: string): void {
  if (process.platform !== "win32") syncPath(folder);
}
