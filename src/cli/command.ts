/**
 * How one command group is declared and what it is given. Every command takes --json, ends with an exit code and names an example in
 * its help; a command that asks the hub gets a client that is closed when it ends.
 */
import { InvalidArgumentError, type Command } from "commander";
import { isStreamId, STREAM_IDS, type StreamId } from "../kernel/stream-ids.ts";
import type { ApiClient, CliPorts } from "./ports.ts";
import type { Terminal } from "./terminal.ts";

export interface CliContext {
  readonly ports: CliPorts;
  readonly out: Terminal;
  /** Wraps a command's work as an action: its answer is the exit code. */
  run<Args extends readonly unknown[]>(work: (...args: Args) => Promise<number>): (...args: Args) => Promise<void>;
  /** As `run`, with the hub's API (a running hub's, or this process's own). */
  ask<Args extends readonly unknown[]>(work: (api: ApiClient, ...args: Args) => Promise<number>): (...args: Args) => Promise<void>;
}

export interface CliCommand {
  /** The word people type, and the file's name. */
  readonly id: string;
  register(program: Command, context: CliContext): void;
}

export interface JsonOption {
  readonly json?: true;
}

/** Ends a command's declaration: --json and an example below its help. */
export function finish(command: Command, example: string | readonly string[], json = "print JSON (stable) instead of text"): Command {
  const lines = typeof example === "string" ? [example] : example;
  return command.option("--json", json).addHelpText("after", `\nExample:\n${lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n")}`);
}

export function integer(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Expected a whole number from ${String(minimum)} to ${String(maximum)}.`);
    }
    return value;
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError("Expected a number of 0 or more.");
  return value;
}

/** `500ms`, `30s`, `5m`, or plain seconds; gives milliseconds. */
export function milliseconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  const value = Number(match?.[1]) * { ms: 1, s: 1000, m: 60_000 }[match?.[2] === "ms" || match?.[2] === "m" ? match[2] : "s"];
  if (match === null || !(value >= 1) || value > 86_400_000) throw new InvalidArgumentError("Expected a duration like 500ms, 30s or 5m.");
  return Math.round(value);
}

export function repeated(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** For an option that may be given several times, with a stream's id each. */
export function repeatedStream(value: string, earlier: readonly StreamId[] | undefined): readonly StreamId[] {
  if (!isStreamId(value)) throw new InvalidArgumentError(`There is no such stream. Streams: ${STREAM_IDS.join(", ")}.`);
  return [...new Set([...(earlier ?? []), value])];
}

export function oneStream(value: string): StreamId {
  return repeatedStream(value, undefined)[0] ?? "accounts";
}

export type Labels = Readonly<Record<string, string>>;

/** `key=value`, repeated. */
export function repeatedLabel(value: string, earlier: Labels | undefined): Labels {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected key=value.");
  const labels: Record<string, string> = Object.fromEntries(Object.entries(earlier ?? {}));
  Object.defineProperty(labels, value.slice(0, at), { value: value.slice(at + 1), enumerable: true, configurable: true, writable: true });
  return labels;
}
