/**
 * Files: one line of JSON per delivery, appended and synced to the disk before a receipt says so. A file that has grown is renamed with the
 * time and a new one begun; only so many are kept. A line that a kill cut is taken out before the next is written (it had no receipt, and
 * comes again). Every file lies below the hub's own folder, one folder per tenant.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import Type from "typebox";
import { Compile } from "typebox/compile";
import type { Clock } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/fault.ts";
import type { TenantId } from "../../kernel/ids.ts";
import type { Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { plainLine } from "./plain-text.ts";

export interface FilePorts {
  readonly clock: Clock;
  /** Below it, `<tenant>/<file>`. */
  readonly folder: string;
}

const MEGABYTE = 1_000_000;
const DEFAULT_MEGABYTES = 64;
const DEFAULT_KEEP = 10;

const Config = Type.Object(
  {
    file: Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,79}\\.ndjson$", description: "A name like posture.ndjson: lower-case letters, digits, `-`, `_`." }),
    megabytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: "Size at which a new file is begun; 64 when left out." })),
    keep: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "Full files that are kept; 10 when left out." })),
  },
  { additionalProperties: false },
);
const Settings = Type.Object({ file: Type.String(), bytes: Type.Number(), keep: Type.Number() });
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

export function fileKind(ports: FilePorts): DestinationKind {
  /** One writer per file at a time, tests of a destination among them. */
  const turns = new Map<string, Promise<unknown>>();

  return {
    id: "file",
    repeats: "visible",
    config: Config,
    format: "raw",
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The file's configuration is not what is expected.");
      const state: Settings = { file: given.file, bytes: (given.megabytes ?? DEFAULT_MEGABYTES) * MEGABYTE, keep: given.keep ?? DEFAULT_KEEP };
      return { shown: { file: state.file, megabytes: state.bytes / MEGABYTE, keep: state.keep }, settings: JSON.stringify(state), place: state.file, secret: null };
    },
    open(sealed, tenant) {
      const state: unknown = JSON.parse(sealed);
      if (!settings.Check(state)) throw new Fault("INTERNAL", "A file's stored configuration is not one of this version.");
      return openFile(new NdjsonFile(folderOf(ports.folder, tenant), state, ports.clock), turns);
    },
  };
}

/** Ids are ours and plain; anything else must not choose where the hub writes. */
function folderOf(folder: string, tenant: TenantId): string {
  if (!/^[a-z0-9_]+$/.test(tenant)) throw new Fault("INTERNAL", "A tenant's id cannot name a folder.");
  return join(folder, tenant);
}

function openFile(file: NdjsonFile, turns: Map<string, Promise<unknown>>): Destination {
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = (turns.get(file.path) ?? Promise.resolve()).then(work, work);
    turns.set(file.path, next.catch(() => undefined));
    return next;
  }
  return {
    async check() {
      await inTurn(() => file.append("")).catch((error: unknown) => {
        throw new Fault("DESTINATION_UNREACHABLE", troubleOf(error), { cause: error, cure: "Give the hub's user the right to write there, and room." });
      });
    },
    async send(batch) {
      const receipt = await inTurn(async (): Promise<Receipt> => {
        try {
          await file.append(linesOf(batch));
          return { outcome: "accepted" };
        } catch (error) {
          return { outcome: "again-after", afterMs: null, blame: "destination", code: "DESTINATION_UNREACHABLE", reason: troubleOf(error) };
        }
      });
      return batch.map(() => receipt);
    },
    async close() {},
  };
}

function linesOf(batch: readonly Delivery[]): string {
  return batch.map(({ text }) => `${plainLine(text)}\n`).join("");
}

function troubleOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return `The file cannot be written (${code}).`;
}

class NdjsonFile {
  readonly path: string;
  readonly #folder: string;
  readonly #settings: Settings;
  readonly #clock: Clock;

  constructor(folder: string, given: Settings, clock: Clock) {
    this.#folder = folder;
    this.#settings = given;
    this.#clock = clock;
    this.path = join(folder, given.file);
  }

  /** All of it on the disk, or none of it in the file. */
  async append(text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const bytes = Buffer.from(text, "utf8");
    const size = await this.#write(bytes);
    if (size === null) return;
    await this.#rotate();
    await this.#write(bytes);
  }

  /** Null when it was written; the file's size where it has to be rotated first. */
  async #write(bytes: Buffer): Promise<number | null> {
    const handle = await this.#open();
    try {
      const size = await whole(handle);
      if (size > 0 && size + bytes.length > this.#settings.bytes) return size;
      try {
        await handle.appendFile(bytes);
        await handle.sync();
      } catch (error) {
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
      if (size === 0) await syncFolder(this.#folder);
      return null;
    } finally {
      await handle.close();
    }
  }

  /** Never through a link that somebody put there. */
  #open(): Promise<FileHandle> {
    return open(this.path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o600);
  }

  async #rotate(): Promise<void> {
    const stem = this.#settings.file.slice(0, -".ndjson".length);
    const full = (await readdir(this.#folder)).filter((name) => name.startsWith(`${stem}.`) && FULL.test(name.slice(stem.length))).toSorted();
    const time = new Date(this.#clock.now()).toISOString().replaceAll(/[-:.]/g, "");
    // Two within a millisecond, or a clock that was set back: the number keeps their order and their content.
    const last = full.findLast((name) => name.startsWith(`${stem}.${time}-`));
    const number = last === undefined ? 0 : Number(last.slice(`${stem}.${time}-`.length, -".ndjson".length)) + 1;
    const name = `${stem}.${time}-${String(number).padStart(4, "0")}.ndjson`;
    await rename(this.path, join(this.#folder, name));
    await syncFolder(this.#folder);
    for (const old of full.slice(0, Math.max(0, full.length + 1 - this.#settings.keep))) await rm(join(this.#folder, old), { force: true });
  }
}

const FULL = /^\.\d{8}T\d{9}Z-\d{4}\.ndjson$/;
const CHUNK = 65_536;

/** Size up to the last whole line; what comes after it is cut off. */
async function whole(handle: FileHandle): Promise<number> {
  const about = await handle.stat();
  if (!about.isFile()) throw Object.assign(new Error("not a file"), { code: "ENOTFILE" });
  const buffer = Buffer.alloc(CHUNK);
  for (let end = about.size; end > 0; ) {
    const start = Math.max(0, end - CHUNK);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline !== -1) {
      const size = start + newline + 1;
      if (size < about.size) await handle.truncate(size);
      return size;
    }
    end = start;
  }
  if (about.size > 0) await handle.truncate(0);
  return 0;
}

/** Makes a new name survive a power cut. Windows cannot open a folder for this and does it on its own. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
