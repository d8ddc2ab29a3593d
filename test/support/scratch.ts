/**
 * Where the tests' folders go: in memory, where there is room for it. What they promise of crashes is held by killed processes, for which the page cache outlives
 * them on any file system; waiting for a disk at each of a hundred thousand commits would only test the disk.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../../tools/build.ts";
import { BUILT, CHILDREN } from "./children.ts";

const MEMORY = "/dev/shm";
const TMPFS = 0x01021994;
/** Several times what a run takes. A container often has 64 MB there. */
const ROOM = 2 * 1024 ** 3;

const VEDETTE = fileURLToPath(new URL("../../bin/vedette.mjs", import.meta.url));

/**
 * Commands and children are started as they are built: from the source each would take a second more to load. One command that ends by itself leaves what it compiled to all
 * others (see `vitest.config.ts`); those that tests kill leave nothing, and a fresh clone has nothing yet.
 */
async function buildChildren(folder: string, built: string): Promise<void> {
  const env = { ...process.env, VEDETTE_DATA: join(folder, "first"), VEDETTE_KEY_FILE: join(folder, "first-key") };
  execFileSync(process.execPath, [VEDETTE, "connections", "--json"], { env, stdio: "ignore" });
  await build(built, CHILDREN);
}

/** Run once, before the first worker; returns what is run after the last. */
export async function setup(): Promise<() => void> {
  const folder = mkdtempSync(join(inMemory() ? MEMORY : tmpdir(), "vedette-tests-"));
  // PostgreSQL runs as another user under root, and has to be able to walk through it.
  chmodSync(folder, 0o755);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  // Each run its own: somebody may run some tests while others run.
  const built = `dist/tests-${String(process.pid)}`;
  process.env[BUILT] = built;
  await buildChildren(folder, built);
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true });
    rmSync(new URL(`../../${built}`, import.meta.url), { recursive: true, force: true });
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
