/**
 * Backups on request: a copy of the store, readable by its owner only, below the data folder's `backups` or (for the operator at the
 * machine alone) where he says. The key file is never part of it.
 */
import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { Static } from "typebox";
import type { BackupResult } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Actor } from "../kernel/route.ts";
import type { Store } from "../store/store.ts";

export interface Backups {
  make(actor: Actor, wanted: string | undefined): Promise<Static<typeof BackupResult>>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export function createBackups(store: Pick<Store, "backup">, folder: string, clock: Clock): Backups {
  return {
    async make(actor, wanted) {
      const file = wanted === undefined ? join(folder, defaultName(clock.now())) : placeFor(actor, folder, wanted);
      if (dirname(file) === folder) mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!existsSync(dirname(file))) throw new Fault("CONFIG_INVALID", "The backup's folder does not exist.");
      if (existsSync(file)) throw new Fault("ALREADY_EXISTS", "There is a file of that name; a backup never replaces one.", { cure: "Choose another name." });
      await store.backup(file);
      chmodSync(file, 0o600);
      return { file, bytes: statSync(file).size };
    },
  };
}

/** Over the network only a plain name is taken: a path from outside must not choose where the hub writes. */
function placeFor(actor: Actor, folder: string, wanted: string): string {
  if (NAME.test(wanted)) return join(folder, wanted);
  if (actor.kind === "local" && isAbsolute(wanted) && !wanted.includes("\0")) return wanted;
  throw new Fault("CONFIG_INVALID", "A backup's name has letters, digits, `.`, `_` and `-` only; it is written to the hub's backups folder.");
}

/** `vedette-20261120T160427Z.sqlite` */
function defaultName(now: number): string {
  return `vedette-${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "")}.sqlite`;
}
