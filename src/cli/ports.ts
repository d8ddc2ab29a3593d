/**
 * What the commands need from outside, so that they hold no address, no store and no process of their own: our HTTP API through one
 * small client, the long-running services through functions, and the terminal. Commands never reach a store: with no hub running the
 * client speaks to the same application in this process.
 */
import type { Readable, Writable } from "node:stream";
import type { Secret } from "../kernel/secret.ts";

export type QueryValue = string | number | boolean | undefined;

export interface ApiRequest {
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiClient {
  /** The JSON answer of status 200; any other status is thrown as the Fault it carries. */
  request<T>(method: Method, path: string, request?: ApiRequest): Promise<T>;
  /** The body as it comes (NDJSON, a calendar); faults as `request`. */
  stream(method: Method, path: string, request?: ApiRequest): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
  /** `hub`: a running process answers; `local`: this process does, and owns the data folder meanwhile; `demo`: as `hub`, found for want of another. */
  readonly origin: "hub" | "local" | "demo";
}

export interface ServeOptions {
  readonly port: number | undefined;
  readonly host: string | undefined;
}

/** How large the simulated estate is; sane ratios where a number is left out. */
export interface EstateOptions {
  readonly agents: number | undefined;
  readonly users: number | undefined;
  readonly serviceUsers: number | undefined;
  readonly sites: number | undefined;
  readonly accounts: number | undefined;
  readonly alerts: number | undefined;
  readonly risks: number | undefined;
  readonly seed: number | undefined;
}

export interface DemoOptions {
  readonly port: number | undefined;
  readonly estate: EstateOptions;
}

export interface SimulateOptions {
  readonly port: number | undefined;
  readonly estate: EstateOptions;
  /** Folder of `<stream>.json` files served instead of generated records. */
  readonly load: string | undefined;
  /** File of CVE ids for the risks. */
  readonly cves: string | undefined;
  readonly faults: string | undefined;
  readonly latencyMs: number | undefined;
  readonly speed: number | undefined;
  readonly rateLimits: boolean;
  readonly strict: boolean;
}

/** A service that runs until it is stopped. */
export interface RunningService {
  readonly url: string;
  /** By which the first visitor of the web console shows that he may see this terminal; missing where there is an operator already. */
  readonly setupCode?: Secret;
  /** Settles when the service ends without being asked; rejects with the Fault that ended it. */
  readonly ended: Promise<void>;
  /** Finishes what is in flight within ten seconds; safe to call twice. */
  stop(): Promise<void>;
}

export interface RunningSimulator extends RunningService {
  readonly tokens: Readonly<Record<"admin" | "viewer" | "site" | "expired", string>>;
}

/** A hub and a simulated console; the command connects the one to the other as any user would. */
export interface RunningDemo extends RunningService {
  readonly console: { readonly url: string; readonly token: Secret };
  /** Takes what webhooks send, and now and then does not. */
  readonly receiver: string;
  /** Opens the web console signed in, once. */
  readonly link: Secret;
  readonly api: ApiClient;
  /** Where other commands find this hub: VEDETTE_DATA for them. */
  readonly dataFolder: string;
  /** Commands without a place of their own find it by themselves. */
  readonly findable: boolean;
}

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface Io {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard output is a terminal. */
  readonly isTTY: boolean;
  /** Standard input is a terminal, so a hidden prompt is possible. */
  readonly stdinIsTTY: boolean;
  /** Standard error is a terminal, so live progress is possible. */
  readonly stderrIsTTY: boolean;
  readonly columns: number | undefined;
  /** Reads one line without showing it. */
  prompt(question: string): Promise<string>;
  /** Calls back at each stop signal until the returned function is called. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
}

export interface Restored {
  readonly file: string;
  readonly bytes: number;
  /** Where the store that was there is kept now. */
  readonly kept: string | null;
}

export interface CliPorts {
  readonly version: string;
  api(): Promise<ApiClient>;
  /** The running hub, or the demo that answers in its place; undefined where none does. Opens nothing. */
  hub(): Promise<ApiClient | undefined>;
  serve(options: ServeOptions): Promise<RunningService>;
  demo(options: DemoOptions): Promise<RunningDemo>;
  simulate(options: SimulateOptions): Promise<RunningSimulator>;
  /** Offline: puts a backup where no store is, or with `replace` in the place of one; a Fault while a hub runs. */
  restore(file: string, options: { readonly replace: boolean }): Promise<Restored>;
  readonly io: Io;
}
