/** A hub and a terminal for the command line's tests: answers by route, everything printed kept as text. */
import { PassThrough, Writable } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import type { ApiClient, ApiRequest, CliPorts, Io, StopSignal } from "./ports.ts";
import { runCli } from "./program.ts";

/** Answers by `METHOD /path`; a function sees the request. A Fault is thrown, whatever else is the answer. */
export type Routes = Readonly<Record<string, unknown>>;

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface FakeApi extends ApiClient {
  readonly calls: readonly Call[];
  readonly closed: boolean;
}

export function fakeApi(routes: Routes): FakeApi {
  const calls: Call[] = [];
  let closed = false;
  const answer = (method: string, path: string, request: ApiRequest): unknown => {
    const call = { method, path, query: JSON.parse(JSON.stringify(request.query ?? {})) as Call["query"], body: request.body === undefined ? undefined : (JSON.parse(JSON.stringify(request.body)) as unknown) };
    calls.push(call);
    const route: unknown = routes[`${method} ${path}`];
    if (route === undefined) throw new Fault("NOT_FOUND", `The test has no answer for ${method} ${path}.`);
    const value: unknown = typeof route === "function" ? (route as (of: Call) => unknown)(call) : route;
    if (value instanceof Fault) throw value;
    return value;
  };
  return {
    calls,
    origin: "hub",
    get closed() {
      return closed;
    },
    async request<T>(method: string, path: string, request: ApiRequest = {}) {
      return answer(method, path, request) as T;
    },
    async *stream(method, path, request = {}) {
      const body = answer(method, path, request);
      for (const chunk of Array.isArray(body) ? (body as readonly string[]) : [String(body)]) yield Buffer.from(chunk);
    },
    async close() {
      closed = true;
    },
  };
}

export interface Terminal {
  readonly io: Io;
  readonly stdout: () => string;
  readonly stderr: () => string;
  signal(signal: StopSignal): void;
}

export interface TerminalOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly typed?: string;
}

export function fakeTerminal(options: TerminalOptions = {}): Terminal {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr"): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString("utf8");
        done();
      },
    });
  const stdin = new PassThrough();
  stdin.end(options.stdin ?? "");
  const listeners = new Set<(signal: StopSignal) => void>();
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    signal(signal) {
      for (const listener of listeners) listener(signal);
    },
    io: {
      stdout: sink("stdout"),
      stderr: sink("stderr"),
      stdin,
      env: options.env ?? {},
      isTTY: options.isTTY ?? false,
      stdinIsTTY: options.typed !== undefined,
      stderrIsTTY: false,
      columns: options.columns,
      prompt: async () => options.typed ?? "",
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly api: FakeApi;
}

function notHere(): never {
  throw new Fault("INTERNAL", "This test starts no service.");
}

export function fakePorts(api: ApiClient, io: Io, more: Partial<CliPorts> = {}): CliPorts {
  return { version: "0.0.0-test", api: async () => api, hub: async () => api, serve: notHere, demo: notHere, simulate: notHere, restore: notHere, io, ...more };
}

/** Runs one command line against answers. */
export async function vedette(argv: readonly string[], routes: Routes = {}, options: TerminalOptions & { readonly ports?: Partial<CliPorts> } = {}): Promise<Outcome> {
  const api = fakeApi(routes);
  const terminal = fakeTerminal(options);
  const code = await runCli(argv, fakePorts(api, terminal.io, options.ports));
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr(), api };
}
