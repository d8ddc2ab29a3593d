/** A SentinelOne console on loopback: seeded estate, tokens with scope and role, faults, and a control API. See README.md. */
import { Actions } from "./actions.ts";
import { SimulatedClock } from "./clock.ts";
import { Control, truth } from "./control.ts";
import { makeEstate } from "./estate/estate.ts";
import { FaultBook } from "./fault-book.ts";
import type { FaultPlan, FaultReport } from "./faults.ts";
import { AlertGraph } from "./graphql/engine.ts";
import { Motion } from "./motion.ts";
import { Mutator, type Mutation, type MutationResult } from "./mutation.ts";
import { sizesOf, type SimulatorOptions } from "./options.ts";
import type { ApiRecord } from "./record.ts";
import { RequestLog, type RequestCounts } from "./requests.ts";
import { Inventory } from "./rest/inventory.ts";
import { makeServer } from "./server.ts";
import { Staff } from "./staff.ts";
import { TokenBook, type TokenChange, type TokenName } from "./tokens.ts";
import type { StreamId } from "../kernel/stream-ids.ts";

export type { Fault, FaultKind, FaultPlan, FaultReport, FaultRule, FaultStatus, UnfiredRule } from "./faults.ts";
export { FAULT_KINDS, readFaultPlan } from "./faults.ts";
export type { Mutation, MutationResult } from "./mutation.ts";
export type { SimulatorOptions } from "./options.ts";
export { startReceiver, type Receiver } from "./receiver.ts";
export type { RequestCounts } from "./requests.ts";
export type { TokenName } from "./tokens.ts";

export interface Simulator {
  readonly url: string;
  readonly port: number;
  readonly tokens: Readonly<Record<TokenName, string>>;
  mutate(mutation: Mutation): MutationResult;
  /** Moves the clock; `live`: things happen in that time (the default only where time runs). */
  advance(ms: number, live?: boolean): void;
  /** Replaces the fault plan; throws a RangeError for one it cannot read. */
  setFaults(plan: FaultPlan): void;
  /** How often each rule fired, and which planned rules never did. */
  faults(): FaultReport;
  requests(): RequestCounts;
  resetRequests(): void;
  /** Revokes, narrows or expires a token, by name or text; false when there is none. */
  changeToken(nameOrText: string, change: TokenChange): boolean;
  /** Every record of a stream as it stands; an iterator, so that nobody holds it whole by accident. */
  truth(stream: StreamId): Iterable<ApiRecord>;
  close(): Promise<void>;
}

const SECOND_MS = 1000;

/** Starts a console; throws a RangeError for options that make no sense, an Error for a folder that cannot be loaded. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const seed = options.seed ?? 1;
  const speed = options.speed ?? 0;
  if (!(speed >= 0 && Number.isFinite(speed))) throw new RangeError("speed must be a number, 0 or more");
  const now = options.now ?? Math.floor(Date.now() / SECOND_MS) * SECOND_MS;
  const clock = new SimulatedClock(now, speed > 0 ? speed : options.clockRuns === true ? 1 : 0);
  const asked = sizesOf(options);
  const sizes = options.load === undefined ? asked : { ...asked, agents: 0 };
  const estate = makeEstate(seed, clock.start, sizes, { load: options.load, cves: options.cves });
  const tokens = new TokenBook(seed, estate, () => clock.now());
  const faults = new FaultBook(seed, options.faults, () => clock.now() / 1000);
  const requests = new RequestLog();
  const actions = new Actions(estate, clock);
  const mutator = new Mutator(estate, clock, new Staff(estate, actions));
  const motion = new Motion({ estate, mutator, actions, clock });
  const advance = (ms: number, live = speed > 0 || options.clockRuns === true): void => {
    if (live) motion.advance(ms);
    else clock.advance(ms);
  };
  const server = makeServer({
    console: { estate, tokens, clock, inventory: new Inventory(estate.streams.applications), actions, strict: options.strict ?? false },
    graph: new AlertGraph({ estate, clock, actions, identity: (caller) => tokens.identity(caller) }),
    control: new Control({ estate, mutator, faults, requests, tokens, advance }),
    faults,
    deeds: { estate, mutator, tokens, clock },
    requests,
    latencyMs: options.latencyMs ?? 0,
    rateLimits: options.rateLimits ?? "off",
  });
  const host = options.host ?? "127.0.0.1";
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  if (speed > 0) motion.start(speed);
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}`,
    port,
    tokens: tokens.texts,
    mutate: (mutation) => mutator.apply(mutation),
    advance,
    setFaults: (plan) => {
      faults.set(plan);
    },
    faults: () => faults.report(),
    requests: () => requests.counts(),
    resetRequests: () => {
      requests.reset();
    },
    changeToken: (nameOrText, change) => tokens.change(nameOrText, change),
    truth: (stream) => truth(estate, stream),
    async close() {
      motion.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
