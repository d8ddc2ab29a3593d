/**
 * What SQLite is told when it is opened, and the proof that it took it: every setting is read back. The promise behind it is that a
 * committed transaction survives a kill and a power cut, so a store that does not confirm each line refuses to start.
 */
import { Fault } from "../kernel/fault.ts";

/**
 * Versions before this can lose committed writes when a checkpoint and a commit meet (the WAL-reset bug, fixed in 3.51.3).
 */
export const OLDEST_SQLITE = "3.51.3";

/** Marks the file as ours ("VDTT"), so that `restore` does not swap in somebody else's database. */
export const APPLICATION_ID = 0x56445454;

/** Bytes of a page. Mirror rows are 3 to 6 kB: three or so share a page without spilling, where 8192 would waste half of each. */
export const PAGE_SIZE = 16384;

/** Written and read back in this order; the value is as SQLite answers it. */
export const SETTINGS = {
  journal_mode: "wal",
  /** FULL: the log is synced at every commit. The driver's build would choose NORMAL, which may lose the last commits in a power cut. */
  synchronous: "2",
  foreign_keys: "1",
  trusted_schema: "0",
  cell_size_check: "1",
  busy_timeout: "5000",
  /** 8 MiB at most for each connection; no mapping of the file, whose pages would count as our memory. */
  cache_size: "-8192",
  mmap_size: "0",
  temp_store: "0",
  /** 256 MiB: a first read commits 10 to 20 MiB at a time, and a checkpoint costs the same however often each page was rewritten before it. */
  wal_autocheckpoint: String((256 * 1024 * 1024) / PAGE_SIZE),
  journal_size_limit: String(256 * 1024 * 1024),
} as const satisfies Readonly<Record<string, string>>;

/** Readers cannot change these and need not. */
const WRITER_ONLY: ReadonlySet<string> = new Set(["journal_mode", "wal_autocheckpoint", "journal_size_limit"]);

/** Of a reader whose askers look all over a large index: 48 MiB hold the serial numbers of half a million devices. Taken only as it is read. */
export const WIDE_CACHE = "-49152";

export function settingsFor(role: "writer" | "reader"): readonly (readonly [name: string, value: string])[] {
  return Object.entries(SETTINGS).filter(([name]) => role === "writer" || !WRITER_ONLY.has(name));
}

/** STORE_SETTINGS where the version is too old or a setting reads back as something else; otherwise what was read. */
export function assertSettings(version: string, read: (name: string) => string, role: "writer" | "reader" = "writer"): Readonly<Record<string, string>> {
  if (isOlder(version, OLDEST_SQLITE)) {
    throw new Fault("STORE_SETTINGS", `SQLite is ${version}; ${OLDEST_SQLITE} or newer is needed, because older ones can lose committed writes.`, {
      details: { setting: "version", found: version, wanted: OLDEST_SQLITE },
      cure: "Install the better-sqlite3 that package-lock.json names (npm ci).",
    });
  }
  const found: Record<string, string> = {};
  for (const [name, wanted] of settingsFor(role)) {
    const value = read(name);
    if (value.toLowerCase() !== wanted) {
      throw new Fault("STORE_SETTINGS", `SQLite answers ${name} = ${value || "nothing"} where ${wanted} was set.`, {
        details: { setting: name, found: value, wanted },
        cure: name === "journal_mode" ? "Put the data folder on a local disk: write-ahead logging does not work on network file systems." : "Report it with the platform's name.",
      });
    }
    found[name] = value;
  }
  return found;
}

function isOlder(version: string, than: string): boolean {
  const left = version.split(".").map(Number);
  const right = than.split(".").map(Number);
  if (left.length < 3 || left.some((part) => !Number.isInteger(part))) return true;
  for (let place = 0; place < right.length; place += 1) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
