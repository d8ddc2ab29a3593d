/**
 * Where a demo keeps its data while it runs, and how a command in another terminal finds it. Only commands without a data folder, a
 * database or connections of their own are led there: nothing of a person's own hub ever ends up in a demo.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import envPaths from "env-paths";
import { findHub, type HubAnnouncement } from "../server/hub-file.ts";
import { privateFolder } from "../store/private-files.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface DemoFolder {
  readonly folder: string;
  /** What the demo's hub is to see instead of the user's own settings. */
  readonly env: Environment;
  remove(): void;
}

function place(): string {
  return envPaths("vedette-demo", { suffix: "" }).data;
}

function dataIn(folder: string): string {
  return join(folder, "data");
}

export function hasOwnPlace(env: Environment): boolean {
  return [env["VEDETTE_DATA"], env["VEDETTE_DATABASE_URL"]].some((value) => value !== undefined && value.trim() !== "");
}

/** An empty folder that goes with the demo: where commands look for it, or a temporary one where a demo is running there already. */
export function takeDemoFolder(): DemoFolder {
  const busy = findDemo() !== null;
  const folder = busy ? mkdtempSync(join(tmpdir(), "vedette-demo-")) : place();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // What a killed demo left behind.
  if (!busy) remove();
  privateFolder(folder);
  return { folder: dataIn(folder), env: { VEDETTE_DATA: dataIn(folder), VEDETTE_KEY_FILE: join(folder, "vedette.key"), VEDETTE_DATABASE_URL: undefined }, remove };
}

/** The demo that is running on this machine as this user. */
export function findDemo(): HubAnnouncement | null {
  return findHub(dataIn(place()));
}
