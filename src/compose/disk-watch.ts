/** Whether there is room to read on: the operator's budget for the data folder, and a floor under the disk's free space. */
import { statfs } from "node:fs/promises";
import type { Clock } from "../kernel/clock.ts";
import { diskUse } from "../mirror/disk.ts";
import type { Store } from "../store/store.ts";

const LIVES_MS = 5_000;
/** Below this much free space a commit may fail halfway through a page; reading pauses before that. */
const LEAST_FREE_BYTES = 256 * 1024 * 1024;

export interface DiskWatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly folder: string;
  readonly budgetBytes: number | null;
}

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #known: { readonly at: number; readonly bytes: number; readonly full: boolean } | undefined;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  get budgetBytes(): number | null {
    return this.#options.budgetBytes;
  }

  async full(): Promise<boolean> {
    return (await this.look()).full;
  }

  async look(): Promise<{ readonly bytes: number; readonly full: boolean }> {
    const { store, clock, folder, budgetBytes } = this.#options;
    if (this.#known !== undefined && clock.monotonic() - this.#known.at < LIVES_MS) return this.#known;
    const use = await diskUse(store, budgetBytes);
    const full = use.full || (store.kind === "sqlite" && (await freeBytes(folder)) < LEAST_FREE_BYTES);
    this.#known = { at: clock.monotonic(), bytes: use.bytes, full };
    return this.#known;
  }
}

async function freeBytes(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}
