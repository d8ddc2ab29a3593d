/** Helpers of the simulator's tests: a plain client that hides nothing. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { startSimulator, type Fault, type FaultPlan, type FaultRule, type Simulator, type SimulatorOptions, type UnfiredRule } from "./index.ts";

export const NOW = 1_780_000_000_000;
export const API = "/web/api/v2.1";

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface Ask {
  /** Default: the admin's; empty: none. */
  readonly token?: string | undefined;
  readonly scheme?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request of any method. */
export async function send(simulator: Simulator, method: string, path: string, ask: Ask = {}): Promise<Answered> {
  const token = ask.token ?? simulator.tokens.admin;
  const response = await fetch(simulator.url + (path.startsWith("/_simulator") ? path : API + path), {
    method,
    headers: { ...(token === "" ? {} : { authorization: `${ask.scheme ?? "ApiToken"} ${token}` }), ...(ask.body === undefined ? {} : { "content-type": "application/json" }), ...ask.headers },
    ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
  });
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    json = {};
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** GET, or POST when there is a body. */
export async function call(simulator: Simulator, path: string, ask: Ask = {}): Promise<Answered> {
  return send(simulator, ask.body === undefined ? "GET" : "POST", path, ask);
}

export type Row = Readonly<Record<string, unknown>>;

export function rows(answer: Answered): readonly Row[] {
  const data = answer.json["data"];
  if (Array.isArray(data)) return data as readonly Row[];
  const sites = (data as Row | undefined)?.["sites"];
  return Array.isArray(sites) ? (sites as readonly Row[]) : [];
}

export function pagination(answer: Answered): { readonly nextCursor: string | null; readonly totalItems: number } {
  return answer.json["pagination"] as { nextCursor: string | null; totalItems: number };
}

/** Every row of a listing, following cursors; fails when it does not end within `most` pages. */
export async function walk(simulator: Simulator, path: string, token?: string, most = 500): Promise<readonly Row[]> {
  const found: Row[] = [];
  let cursor = "";
  for (let page = 0; page < most; page += 1) {
    const answer = await call(simulator, `${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}`, { token });
    if (answer.status !== 200) throw new Error(`${path}: ${String(answer.status)} ${answer.text}`);
    found.push(...rows(answer));
    const next = pagination(answer).nextCursor;
    if (next === null) return found;
    cursor = next;
  }
  throw new Error(`${path} did not end`);
}

export async function graph(simulator: Simulator, query: string, variables: Readonly<Record<string, unknown>> = {}, token?: string): Promise<Answered> {
  return call(simulator, "/unifiedalerts/graphql", { token, scheme: "Bearer", body: { query, variables } });
}

/** Values as text, in one order, for comparing sets. */
export function sorted(values: readonly unknown[]): readonly string[] {
  return values.map(String).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/**
 * The same console, insisting on its faults: replacing a plan, or closing the console, fails where a rule never fired, so that no test
 * passes on a fault that did not happen.
 */
export function insistent(simulator: Simulator): Simulator {
  let told = 0;
  const insist = (): void => {
    const { unfired } = simulator.faults();
    const news = unfired.slice(told);
    told = unfired.length;
    if (news.length > 0) throw new Error(`planned faults that never happened: ${news.map(named).join("; ")}`);
  };
  return {
    ...simulator,
    setFaults(plan: FaultPlan) {
      try {
        insist();
      } finally {
        simulator.setFaults(plan);
      }
    },
    async close() {
      await simulator.close();
      insist();
    },
  };
}

function named({ plan, at, path, fault, matched }: UnfiredRule): string {
  return `rule ${String(at)} of plan ${String(plan)}, ${JSON.stringify(fault)} at ${path}, held against ${String(matched)} requests`;
}

/** One insistent console for all tests of a file, whose plan ends with each of them. */
export interface FaultedConsole {
  readonly simulator: Simulator;
  /** One rule, on `/agents` unless it says otherwise. */
  plan(fault: Fault, rule?: Partial<FaultRule>): void;
  /** How often that rule struck. */
  fired(): number;
}

export function insistentConsole(options: SimulatorOptions): FaultedConsole {
  let started: Simulator | undefined;
  const bench: FaultedConsole = {
    get simulator() {
      if (started === undefined) throw new Error("the console is not started yet");
      return started;
    },
    plan(fault, rule = {}) {
      bench.simulator.setFaults({ rules: [{ path: "/agents", fault, ...rule }] });
    },
    fired: () => bench.simulator.faults().rules[0]?.fired ?? 0,
  };
  beforeAll(async () => {
    started = insistent(await startSimulator({ now: NOW, ...options }));
  });
  // Ends the plan, and fails the test whose faults did not happen.
  afterEach(() => {
    bench.simulator.setFaults({ rules: [] });
  });
  afterAll(async () => {
    await started?.close();
  });
  return bench;
}
