/**
 * Where the tests' folders go: in memory, where there is room for it. What they promise of crashes is held by killed processes, for which the page cache outlives
 * them on any file system; waiting for a disk at each of a hundred thousand commits would only test the disk.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MEMORY = "/dev/shm";
const TMPFS = 0x01021994;
/** Several times what a run takes. A container often has 64 MB there. */
const ROOM = 2 * 1024 ** 3;

const VEDETTE = fileURLToPath(new URL("../../bin/vedette.mjs", import.meta.url));
const HUB = new URL("../../src/compose/hub.ts", import.meta.url).href;

/**
 * One process that loads all of a hub and ends by itself leaves what it compiled to all others (see `vitest.config.ts`). Those that tests kill leave nothing, and a
 * fresh clone has nothing yet: each of them would compile everything anew. Once as it is built, for the commands, and once as it is written, for children with a part of it.
 */
function compileOnce(folder: string): void {
  const env = { ...process.env, VEDETTE_DATA: join(folder, "first"), VEDETTE_KEY_FILE: join(folder, "first-key") };
  for (const what of [[VEDETTE, "connections", "--json"], ["--input-type=module", "--eval", `await import(${JSON.stringify(HUB)})`]]) execFileSync(process.execPath, what, { env, stdio: "ignore" });
}

/** Run once, before the first worker; returns what is run after the last. */
export function setup(): () => void {
  const folder = mkdtempSync(join(inMemory() ? MEMORY : tmpdir(), "vedette-tests-"));
  // PostgreSQL runs as another user under root, and has to be able to walk through it.
  chmodSync(folder, 0o755);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  compileOnce(folder);
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true });
  };
}

function inMemory(): boolean {
  if (process.env["TMPDIR"] !== undefined) return false;
  try {
    const { type, bavail, bsize } = statfsSync(MEMORY);
    return type === TMPFS && bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}
