/**
 * `alerts tail`: the newest versions, then further ones as they come. The place is the hub's own numbering, which outlives it: a hub that is restarted is waited for,
 * and what it took in meanwhile is printed as if nothing had been. Never opens the store itself while it waits: the hub that comes back needs it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { VersionList, VersionView } from "../kernel/alert-api.ts";
import { Fault } from "../kernel/fault.ts";
import { ALERTS, changesText, type AlertFilter } from "./alert-views.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { time } from "./format.ts";
import type { ApiClient } from "./ports.ts";
import { clean, safeJson } from "./terminal.ts";

export interface TailOptions extends JsonOption, AlertFilter {
  readonly kind?: string;
  readonly lines: number;
  readonly follow?: true;
}

const EVERY_MS = 500;
const PAGE = 1_000;

export async function tail(context: CliContext, first: ApiClient, { json, lines, follow, ...filter }: TailOptions): Promise<number> {
  if (follow === true && first.origin === "local") {
    throw new Fault("HUB_UNREACHABLE", "No hub is running, so that nothing new would come.", { cure: "Start one with `vedette serve`, or leave out --follow." });
  }
  const stop = new AbortController();
  const unlisten = context.ports.io.onSignal(() => stop.abort());
  try {
    const newest = await first.request<VersionList>("GET", `${ALERTS}/versions`, { query: { ...filter, limit: Math.max(1, lines) } });
    if (lines > 0) await print(context, newest.items, json === true);
    if (follow !== true) {
      if (newest.items.length === 0) context.out.note("No version has been seen since the first read.");
      return EXIT_OK;
    }
    await goOn(context, first, newest.next, filter, json === true, stop.signal);
    return EXIT_OK;
  } finally {
    unlisten();
  }
}

async function goOn(context: CliContext, first: ApiClient, from: string, filter: AlertFilter, json: boolean, stop: AbortSignal): Promise<void> {
  let api: ApiClient | undefined = first;
  let after = from;
  while (!stop.aborted && !context.out.closed) {
    if (api === undefined) {
      api = await context.ports.hub();
      if (api !== undefined) context.out.note("The hub is back; going on where it stopped.");
    }
    const answer: VersionList | undefined = api === undefined ? undefined : await asked(api, { ...filter, after, limit: PAGE }, stop);
    if (answer === undefined) {
      if (api !== undefined && !stop.aborted) context.out.note("The hub does not answer; waiting for it.");
      api = undefined;
    } else {
      await print(context, answer.items, json);
      after = answer.next;
      if (answer.more) continue;
    }
    await pause(stop);
  }
}

/** Undefined while the hub is not there, or is another one by now that does not know us. */
async function asked(api: ApiClient, query: Readonly<Record<string, string | number | undefined>>, signal: AbortSignal): Promise<VersionList | undefined> {
  try {
    return await api.request<VersionList>("GET", `${ALERTS}/versions`, { query, signal });
  } catch (error) {
    if (signal.aborted || (error instanceof Fault && (error.code === "HUB_UNREACHABLE" || error.code === "UNAUTHENTICATED"))) return undefined;
    throw error;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(EVERY_MS, undefined, { signal });
  } catch {
    // Asked to stop: the loop sees it.
  }
}

async function print({ out }: CliContext, versions: readonly VersionView[], json: boolean): Promise<void> {
  for (const version of versions) {
    await out.write(json ? `${safeJson(version)}\n` : `${line(version)}\n`);
    if (out.closed) return;
  }
}

/** `2026-11-20 16:04:28Z  reopened  high      Identity  DCSync Attack Detected  [id]  status from RESOLVED to NEW`. */
function line(version: VersionView): string {
  const { updatedAt, readAt, kind, severity, product, stream, name, id } = version;
  const changes = changesText(version);
  return clean(`${time(updatedAt ?? readAt)}  ${kind.padEnd(8)}  ${severity.padEnd(8)}  ${product ?? stream}  ${name ?? "-"}  [${id}]${changes === "" ? "" : `  ${changes}`}`);
}
