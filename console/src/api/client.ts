/** Calls the hub's own API, typed by the document it gives of itself: what a route does not take cannot be sent, what it may not answer is not read. */
import type { Api, FaultAnswer } from "./schema.ts";

export type Route = keyof Api;
export type Answer<R extends Route> = Api[R]["answer"];
export type Query<R extends Route> = Api[R]["query"];
export type Body<R extends Route> = Api[R]["body"];

type Fault = FaultAnswer["fault"];
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };
type Part<K extends string, T> = [T] extends [undefined] ? { readonly [P in K]?: undefined } : Record<string, never> extends T ? { readonly [P in K]?: Loose<T> } : { readonly [P in K]: Loose<T> };
export type Input<R extends Route> = Part<"params", Api[R]["params"]> & Part<"query", Api[R]["query"]> & ([Api[R]["body"]] extends [undefined] ? { readonly body?: undefined } : { readonly body: Api[R]["body"] });

interface AnyInput {
  readonly params?: Readonly<Record<string, string | undefined>> | undefined;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: unknown;
}

/** What the hub answers instead of what was asked for, with what can be done about it. */
export class CallFault extends Error {
  readonly code: string;
  readonly cure: string;
  readonly status: number;
  readonly details: Fault["details"];

  constructor(status: number, fault: Pick<Fault, "code" | "message" | "cure" | "details">) {
    super(fault.message);
    this.name = "CallFault";
    this.status = status;
    this.code = fault.code;
    this.cure = fault.cure;
    this.details = fault.details;
  }
}

let csrf: string | null = null;
let signedOut: () => void = () => {};

/** The token that proves that a change comes from our own page, as the session gave it. */
export function keepCsrf(token: string | null): void {
  csrf = token;
}

/** Called when the hub no longer knows who asks. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export function call<R extends Route>(route: R, input: Input<R>, signal?: AbortSignal): Promise<Answer<R>> {
  const { params, query, body } = input as AnyInput;
  const [method, path] = route.split(" ") as [string, string];
  return send<Answer<R>>(method, addressOf(path, params, query), body, signal);
}

/** The address of something to download, for a link. */
export function addressOf(path: string, params: AnyInput["params"], query: AnyInput["query"]): string {
  const filled = path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => encodeURIComponent(params?.[name] ?? ""));
  const search = new URLSearchParams(Object.entries(query ?? {}).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, String(value)]])));
  return search.size === 0 ? filled : `${filled}?${search.toString()}`;
}

/** What comes is what the hub declares: it checks its answers itself before they leave it. */
async function send<T>(method: string, address: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const text = await exchange(method, address, body, signal);
  return (parsed(text) ?? text) as T;
}

/** An answer as it came, every digit kept. */
export function readText(address: string, signal?: AbortSignal): Promise<string> {
  return exchange("GET", address, undefined, signal);
}

/** The first lines of an answer that comes a line at a time, and whether there are more: what is not wanted is not waited for. */
export async function readLines<T>(address: string, most: number, signal: AbortSignal): Promise<{ readonly lines: readonly T[]; readonly cut: boolean }> {
  const lines: T[] = [];
  for await (const line of eachLine<T>("GET", address, undefined, signal)) {
    if (lines.length === most) return { lines, cut: true };
    lines.push(line);
  }
  return { lines, cut: false };
}

/** Every line of an answer as it comes; whoever stops taking them stops the hub. */
export async function* eachLine<T>(method: "GET" | "POST", address: string, body: unknown, signal: AbortSignal): AsyncGenerator<T> {
  const answer = await ask(method, address, body, signal);
  if (!answer.ok) throw faultOf(answer, await answer.text(), address);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = "";
    for (;;) {
      const { done, value } = (await reader?.read().catch((error: unknown) => {
        if (signal.aborted) throw error;
        // Half an answer is none.
        throw unreachable();
      })) ?? { done: true, value: undefined };
      const parts = `${rest}${value ?? ""}`.split("\n");
      rest = done ? "" : (parts.pop() ?? "");
      for (const part of parts) if (part !== "") yield JSON.parse(part) as T;
      if (done) return;
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

/** What a change gives as a file. */
export async function readBlob(route: Route, body: unknown): Promise<Blob> {
  const [method, path] = route.split(" ") as [string, string];
  const answer = await ask(method, path, body, undefined);
  if (!answer.ok) throw faultOf(answer, await answer.text(), path);
  return answer.blob().catch(() => {
    throw unreachable();
  });
}

/** A file as it comes, told of after each piece; its parts are kept by the browser, on its disk where they are many. */
export async function readFile(address: string, signal: AbortSignal, told: (bytes: number, lines: number) => void): Promise<Blob> {
  const answer = await fetch(address, { credentials: "same-origin", signal });
  if (!answer.ok || answer.body === null) {
    const fault = (parsed(await answer.text()) as FaultAnswer | undefined)?.fault;
    throw new CallFault(answer.status, fault ?? { code: "PROTOCOL", message: `The hub answered with status ${String(answer.status)}.`, cure: "Try again; if it stays, look into the hub's log.", details: {} });
  }
  const parts: BlobPart[] = [];
  let [bytes, lines] = [0, 0];
  const reader = answer.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    parts.push(new Blob([piece.value]));
    bytes += piece.value.length;
    for (const byte of piece.value) if (byte === 10) lines += 1;
    told(bytes, lines);
  }
  return new Blob(parts, { type: answer.headers.get("content-type") ?? "application/octet-stream" });
}

async function exchange(method: string, address: string, body: unknown, signal: AbortSignal | undefined): Promise<string> {
  const answer = await ask(method, address, body, signal);
  const text = await answer.text().catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw unreachable();
  });
  if (answer.ok) return text;
  throw faultOf(answer, text, address);
}

async function ask(method: string, address: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(address, {
      method,
      credentials: "same-origin",
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(method === "GET" || csrf === null ? {} : { "x-vedette-csrf": csrf }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable();
  }
}

function unreachable(): CallFault {
  return new CallFault(0, { code: "HUB_UNREACHABLE", message: "The hub does not answer.", cure: "See whether `vedette serve` is still running; this page asks again by itself.", details: {} });
}

function faultOf(answer: Response, text: string, address: string): CallFault {
  const fault = (parsed(text) as FaultAnswer | undefined)?.fault;
  if (answer.status === 401 && !address.startsWith("/api/v1/session")) signedOut();
  return new CallFault(answer.status, fault ?? { code: "PROTOCOL", message: `The hub answered with status ${String(answer.status)} and nothing that could be read.`, cure: "Try again; if it stays, look into the hub's log.", details: {} });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
