/**
 * What a run looks like while it goes: on a terminal one bar per stream, elsewhere one plain line per change of phase and at most one
 * every few seconds. Written to standard error, so that standard output holds only the answer.
 */
import { MultiBar, type SingleBar } from "cli-progress";
import type { RunView, StreamRun } from "../kernel/api.ts";
import { count, duration, plural } from "./format.ts";
import type { Io } from "./ports.ts";
import { clean, type Terminal } from "./terminal.ts";

export interface RunProgress {
  show(runs: readonly RunView[]): void;
  /** Leaves the last state standing. */
  close(): void;
}

/** Names a run in a line when several are shown at once; empty for a single one. */
export type RunLabel = (run: RunView) => string;

const QUIET_MS = 5000;
const BAR_WIDTH = 20;
const MAX_BARS = 26;

export function isOver(stream: StreamRun): boolean {
  return stream.phase === "done" || stream.phase === "skipped" || stream.phase === "failed";
}

/** `page 12, 12,000 of 100,000 rows, 4,512 rows/s, ETA 20s` */
export function figures(stream: StreamRun): string {
  const goal = stream.expected !== null && stream.expected > stream.received ? stream.expected : null;
  const parts = [stream.pages === 0 ? plural(stream.requests, "request") : `page ${count(stream.pages)}`, goal === null ? plural(stream.received, "row") : `${count(stream.received)} of ${count(goal)} rows`];
  if (stream.rowsPerSecond > 0) parts.push(`${count(stream.rowsPerSecond)} rows/s`);
  if (goal !== null && stream.etaSeconds !== null) parts.push(`ETA ${duration(stream.etaSeconds)}`);
  return parts.join(", ");
}

/** What a stream's part of a run came to. */
export function outcome(stream: StreamRun): string {
  const parts = [plural(stream.received, "row"), `${count(stream.inserted)} new`, `${count(stream.changed)} changed`];
  if (stream.gone > 0) parts.push(`${count(stream.gone)} gone`);
  if (stream.parked > 0) parts.push(`${count(stream.parked)} set aside`);
  parts.push(plural(stream.requests, "request"));
  if (stream.fault !== null) parts.push(stream.fault.code);
  return parts.join(", ");
}

export function startProgress(io: Io, out: Terminal, label: RunLabel): RunProgress {
  return io.stderrIsTTY && io.env["TERM"] !== "dumb" ? new BarProgress(io, label) : new PlainProgress(out, label, () => performance.now());
}

/** Lines for logs and pipes. */
export class PlainProgress implements RunProgress {
  readonly #out: Terminal;
  readonly #label: RunLabel;
  readonly #monotonic: () => number;
  readonly #said = new Map<string, { phase: string; at: number }>();

  constructor(out: Terminal, label: RunLabel, monotonic: () => number) {
    this.#out = out;
    this.#label = label;
    this.#monotonic = monotonic;
  }

  show(runs: readonly RunView[]): void {
    for (const run of runs) {
      for (const stream of run.streams) this.#say(run, stream);
    }
  }

  #say(run: RunView, stream: StreamRun): void {
    const key = `${run.id} ${stream.stream}`;
    const said = this.#said.get(key);
    const now = this.#monotonic();
    if (stream.phase === "waiting") return;
    if (said?.phase === stream.phase && (isOver(stream) || now - said.at < QUIET_MS)) return;
    this.#said.set(key, { phase: stream.phase, at: now });
    this.#out.note(`${clean(`${this.#label(run)}${stream.stream}: ${stream.phase}`)}, ${isOver(stream) ? outcome(stream) : figures(stream)}`);
  }

  close(): void {
    this.#said.clear();
  }
}

interface Line {
  readonly label: string;
  readonly stream: StreamRun;
}

/** Bars that redraw in place; a stream gets its bar when its reading begins. */
class BarProgress implements RunProgress {
  readonly #bars = new Map<string, SingleBar>();
  readonly #multi: MultiBar;
  readonly #label: RunLabel;

  constructor(io: Io, label: RunLabel) {
    this.#label = label;
    this.#multi = new MultiBar({
      stream: io.stderr,
      fps: 5,
      hideCursor: true,
      gracefulExit: false,
      clearOnComplete: false,
      format: (_options, params, payload: Line) => barLine(payload, params.maxWidth),
    });
  }

  show(runs: readonly RunView[]): void {
    for (const run of runs) {
      for (const stream of run.streams) {
        const key = `${run.id} ${stream.stream}`;
        const line: Line = { label: clean(`${this.#label(run)}${stream.stream}`), stream };
        const bar = this.#bars.get(key);
        if (bar !== undefined) bar.update(stream.received, line);
        else if (stream.phase !== "waiting" && this.#bars.size < MAX_BARS) this.#bars.set(key, this.#multi.create(Math.max(1, stream.expected ?? stream.received), stream.received, line));
      }
    }
  }

  close(): void {
    this.#multi.stop();
  }
}

/** One bar's text, never wider than the terminal. */
export function barLine(line: Line, width: number): string {
  const { stream } = line;
  const share = stream.phase === "done" ? 1 : Math.min(1, stream.received / Math.max(1, stream.expected ?? Number.POSITIVE_INFINITY));
  const filled = Math.floor(share * BAR_WIDTH);
  const bar = `[${"=".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}]`;
  return `${line.label.padEnd(22)} ${bar} ${stream.phase.padEnd(8)} ${isOver(stream) ? outcome(stream) : figures(stream)}`.slice(0, Math.max(20, width - 1)).padEnd(Math.max(20, width - 1));
}
