/**
 * hub.json: how a command on the same machine finds the running hub and proves that it may speak to it. Written whole with mode 0600,
 * removed by the hub that wrote it, and taken for stale when its process is gone.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";

export interface HubAnnouncement {
  readonly url: string;
  readonly credential: Secret;
  readonly pid: number;
  readonly startedAt: string;
}

const NAME = "hub.json";

export function hubFile(folder: string): string {
  return join(folder, NAME);
}

export function newLocalCredential(): Secret {
  return new Secret(`vdl_${randomBytes(32).toString("base64url")}`);
}

/** Announces a hub; an older announcement is replaced in one step. */
export function announceHub(folder: string, hub: HubAnnouncement): void {
  const file = hubFile(folder);
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = openSync(draft, "wx", 0o600);
  try {
    writeSync(handle, `${JSON.stringify({ url: hub.url, credential: hub.credential.reveal(), pid: hub.pid, startedAt: hub.startedAt })}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}

/** Removes the announcement, unless another hub has replaced it meanwhile. */
export function withdrawHub(folder: string, hub: Pick<HubAnnouncement, "pid" | "startedAt">): void {
  const found = readFile(folder);
  if (found?.pid === hub.pid && found.startedAt === hub.startedAt) rmSync(hubFile(folder), { force: true });
}

/**
 * The hub announced here, or null where there is none, its file is damaged, or its process is gone. A file that others may read is
 * refused (CONFIG_INVALID): whoever read it holds the operator's rights.
 */
export function findHub(folder: string, isAlive: (pid: number) => boolean = processLives): HubAnnouncement | null {
  const found = readFile(folder);
  if (found === null || !isAlive(found.pid)) return null;
  if (process.platform !== "win32" && (statSync(hubFile(folder)).mode & 0o077) !== 0) {
    throw new Fault("CONFIG_INVALID", `${hubFile(folder)} can be read by others.`, { cure: "Stop the hub, delete the file, and start the hub again." });
  }
  return found;
}

/** True where the announced hub answers its health probe; a pid alone may have been given to another process. */
export async function hubAnswers(hub: Pick<HubAnnouncement, "url">, fetchHealth: (url: string, signal: AbortSignal) => Promise<{ readonly status: number }>, timeoutMs = 2000): Promise<boolean> {
  try {
    return (await fetchHealth(new URL("/healthz", hub.url).href, AbortSignal.timeout(timeoutMs))).status === 200;
  } catch {
    return false;
  }
}

function readFile(folder: string): HubAnnouncement | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(hubFile(folder), "utf8"));
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null) return null;
  const { url, credential, pid, startedAt } = parsed as Record<string, unknown>;
  if (typeof url !== "string" || typeof credential !== "string" || typeof pid !== "number" || typeof startedAt !== "string") return null;
  if (!Number.isSafeInteger(pid) || pid < 1 || !isLoopback(url)) return null;
  return { url, credential: new Secret(credential), pid, startedAt };
}

/** The credential is sent to this address: it never leaves the machine. */
function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && (hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]");
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
