/**
 * Follows runs to their end: asks about four times a second, shows progress, and turns a stop signal into a cancel that the hub carries
 * out (what was read stays read). The exit code is that of the worst fault.
 */
import { setTimeout as delay } from "node:timers/promises";
import { FAULT_CODES, FAULTS, Fault } from "../kernel/fault.ts";
import type { FaultView, RunView } from "../kernel/api.ts";
import type { CliContext } from "./command.ts";
import { EXIT_OK, exitCodeOf, worstFault } from "./faults.ts";
import { count, duration, plural } from "./format.ts";
import { gather, listItems, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { startProgress, type RunLabel } from "./progress.ts";
import { clean, cureLines } from "./terminal.ts";

const POLL_MS = 250;
const SAME_SIGNAL_MS = 1000;

export interface WatchOptions {
  /** No progress: the answer alone is wanted. */
  readonly quiet: boolean;
  readonly label: RunLabel;
}

/** Starts a run. A stream is read by one run at a time: where all are being read already, that run is the one to follow. */
export async function startRun(api: ApiClient, connection: string, body: Readonly<Record<string, unknown>>): Promise<RunView> {
  const run = await api.request<RunView>("POST", `/api/v1/connections/${segment(connection)}/sync`, { body });
  if (run.streams.length > 0) return run;
  const runs = await gather(listItems<RunView>(api, "/api/v1/runs", { connection, limit: 20 }, 20));
  return runs.find((other) => other.state === "running" && other.streams.length > 0) ?? run;
}

export async function watchRuns(context: CliContext, api: ApiClient, started: readonly RunView[], options: WatchOptions): Promise<readonly RunView[]> {
  const { io } = context.ports;
  const progress = options.quiet ? undefined : startProgress(io, context.out, options.label);
  let runs = started;
  let signals = 0;
  let cancelled = 0;
  let lastSignal = Number.NEGATIVE_INFINITY;
  const unlisten = io.onSignal(() => {
    // One Ctrl-C may arrive twice: from the terminal, and passed on by npm.
    if (performance.now() - lastSignal > SAME_SIGNAL_MS) signals += 1;
    lastSignal = performance.now();
  });
  try {
    progress?.show(runs);
    while (runs.some((run) => run.state === "running")) {
      if (signals > 1) throw new Fault("CANCELLED", "Stopped watching; the runs were asked to stop.");
      if (signals > cancelled) {
        cancelled = signals;
        for (const run of runs) if (run.state === "running") await api.request("POST", `/api/v1/runs/${segment(run.id)}/cancel`);
      }
      await delay(POLL_MS);
      runs = await Promise.all(runs.map(async (run) => (run.state === "running" ? api.request<RunView>("GET", `/api/v1/runs/${segment(run.id)}`) : run)));
      progress?.show(runs);
    }
    return runs;
  } finally {
    unlisten();
    progress?.close();
  }
}

/** Faults of a run, and of the run itself where no stream carries one. */
function faultsOf(run: RunView): readonly FaultView[] {
  const faults = run.streams.flatMap((stream) => (stream.fault === null ? [] : [stream.fault]));
  if (faults.length > 0 || run.state === "succeeded" || run.state === "running") return faults;
  const code = run.state === "cancelled" ? "CANCELLED" : run.state === "partial" ? "SNAPSHOT_UNPROVEN" : "INTERNAL";
  return [{ code, kind: FAULT_CODES[code].kind, message: FAULT_CODES[code].when, cure: FAULT_CODES[code].cure, details: {} }];
}

export function runsExitCode(runs: readonly RunView[]): number {
  if (runs.some((run) => run.state === "cancelled")) return FAULTS.fenced.exitCode;
  const worst = worstFault(runs.flatMap(faultsOf));
  return worst === undefined ? EXIT_OK : exitCodeOf(worst.kind);
}

/** The closing lines of a run: totals, then each fault with its cure. */
export function printRun(context: CliContext, run: RunView, label: RunLabel): void {
  const { out } = context;
  const sum = (of: (stream: RunView["streams"][number]) => number): number => run.streams.reduce((total, stream) => total + of(stream), 0);
  const seconds = run.endedAt === null ? 0 : (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000;
  const parts = [`${plural(sum((stream) => stream.received), "row")} in ${plural(run.streams.length, "stream")}`, `${count(sum((stream) => stream.inserted))} new`, `${count(sum((stream) => stream.changed))} changed`, `${count(sum((stream) => stream.gone))} gone`];
  const parked = sum((stream) => stream.parked);
  if (parked > 0) parts.push(`${count(parked)} set aside (\`vedette parked list\`)`);
  const colour = run.state === "succeeded" ? "green" : run.state === "failed" ? "red" : "yellow";
  out.line(`${clean(label(run))}${out.paint(run.state, colour)} in ${duration(seconds)}: ${parts.join(", ")}`);
  for (const stream of run.streams) {
    if (stream.fault === null) continue;
    out.line(clean(`  ${stream.stream}: ${stream.fault.code}: ${stream.fault.message}`));
    for (const line of cureLines(stream.fault.cure, "    ")) out.line(line);
  }
}
