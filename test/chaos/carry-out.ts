/**
 * Carries out a plan of chaos on a simulated console and a real hub. All the while nothing is gone that the console has, and the books balance;
 * while trouble lasts, what the mirror lacks has a fault's name; when it ends, the mirror becomes the truth by itself.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { RunView } from "../../src/kernel/api.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { Mutation, Simulator } from "../../src/simulator/index.ts";
import { skippingClock, type SkippingClock } from "../support/clock.ts";
import { differences, wrongfullyGone } from "../support/truth.ts";
import { openWorld, type World } from "../support/world.ts";
import { isDeed, KINDS } from "./kinds.ts";
import { canTellDifference, canTellGone, type Plan, type Step } from "./plan.ts";

const HOUR = 3_600_000;
/** In runs a day apart and more: the proof of a day, the second one that many missing wait for, one more that was disturbed. */
const RUNS_TO_HEAL = 6;
/** After a first: what is missing where nothing counts waits for two in a row that nothing disturbed. */
const READINGS_TO_TELL = 4;

export interface Outcome {
  /** Empty when every promise held. */
  readonly broken: readonly string[];
  /** Times the plan's faults struck. */
  readonly fired: number;
  /** How the trouble that stood at the end of the plan left the streams: told by a fault, or equal all the same. */
  readonly named: number;
}

export async function carryOut(plan: Plan, tell: (line: string) => void = () => undefined): Promise<Outcome> {
  const chaos = new Chaos(plan, tell);
  return chaos.run();
}

class Chaos {
  readonly #plan: Plan;
  readonly #tell: (line: string) => void;
  readonly #clock: SkippingClock = skippingClock();
  readonly #broken: string[] = [];
  #fired = 0;
  #named = 0;
  #opened: World | undefined;

  constructor(plan: Plan, tell: (line: string) => void) {
    this.#plan = plan;
    this.#tell = tell;
  }

  get #world(): World {
    if (this.#opened === undefined) throw new Error("the world is not open");
    return this.#opened;
  }

  async run(): Promise<Outcome> {
    const { estate, pageSize } = this.#plan;
    this.#opened = await openWorld({ estate, pageSize, clock: this.#clock, faultsMayMiss: true });
    try {
      for (const step of this.#plan.steps) {
        this.#tell(JSON.stringify(step));
        await this.#take(step);
      }
      await this.#whileItLasts();
      await this.#afterIt();
    } finally {
      await this.#world.close();
    }
    return { broken: this.#broken, fired: this.#fired, named: this.#named };
  }

  async #take(step: Step): Promise<void> {
    switch (step.step) {
      case "news":
        this.#mutate(step.mutation);
        return;
      case "pass":
        this.#pass(step.ms);
        return;
      case "set-clock":
        this.#clock.set(step.ms);
        return;
      case "faults":
        this.#endTrouble();
        this.#world.simulator.setFaults({ rules: step.rules });
        return;
      case "read":
        await this.#read(step.full, step.meanwhile);
        return;
      case "restart":
        this.#opened = await this.#world.reopen();
        return;
      default:
        step satisfies never;
    }
  }

  /** A new record is modelled on another of its stream. */
  #mutate(mutation: Mutation): void {
    const { simulator } = this.#world;
    const [any] = simulator.truth(mutation.stream);
    if (any !== undefined) simulator.mutate(mutation);
  }

  #pass(ms: number): void {
    this.#clock.advance(ms);
    this.#world.simulator.advance(ms);
  }

  #endTrouble(): void {
    const { simulator } = this.#world;
    this.#fired += fired(simulator);
    simulator.setFaults({ rules: [] });
    simulator.changeToken("viewer", { revoked: false, level: "tenant", ids: [] });
  }

  async #read(full: boolean, meanwhile: Extract<Step, { step: "read" }>["meanwhile"] = null): Promise<RunView> {
    const { streams } = this.#plan;
    const run = await this.#disturbed(meanwhile, () => this.#world.sync({ streams, full }));
    for (const { stream, phase, fault, received, inserted, changed, unchanged, parked, gone } of run.streams) {
      this.#tell(`  ${stream} ${phase} ${fault?.code ?? "well"}: ${String(received)} received, ${String(gone)} gone`);
      if (received !== inserted + changed + unchanged + parked) this.#broken.push(`${stream}: of ${String(received)} records not all are accounted for`);
      if (fault?.code === "INTERNAL") this.#broken.push(`${stream}: ${fault.message}`);
      if (canTellGone(this.#plan, stream)) this.#broken.push(...(await this.#wronglyGone(stream)));
    }
    return run;
  }

  async #wronglyGone(stream: StreamId): Promise<readonly string[]> {
    return (await wrongfullyGone(this.#world, stream)).map((id) => `${stream}: ${id} was declared gone and is at the console`);
  }

  /** Lets something change at the console right before it looks at the given request. */
  async #disturbed<T>(meanwhile: Extract<Step, { step: "read" }>["meanwhile"], work: () => Promise<T>): Promise<T> {
    if (meanwhile === null) return work();
    const { host } = new URL(this.#world.simulator.url);
    let left = meanwhile.request;
    const look = (message: unknown): void => {
      const { request } = message as { readonly request: { readonly headers: { readonly host?: string } } };
      if (request.headers.host !== host) return;
      left -= 1;
      if (left === 0) this.#mutate(meanwhile.mutation);
    };
    subscribe("http.server.request.start", look);
    try {
      return await work();
    } finally {
      unsubscribe("http.server.request.start", look);
    }
  }

  /** With the trouble still standing: the mirror is equal, or a fault says why it is not. Some full readings, for what waits for a second one. */
  async #whileItLasts(): Promise<void> {
    this.#tell("while it lasts");
    // What changes the console has done so: it must not happen after the last page was read.
    const { simulator } = this.#world;
    this.#fired += fired(simulator);
    simulator.setFaults({ rules: simulator.faults().rules.filter(({ fault }) => !isDeed(KINDS[fault.kind].effect)) });
    await this.#read(true);
    let unnamed: readonly string[] = [];
    for (let turn = 0; turn < READINGS_TO_TELL; turn += 1) {
      this.#pass(HOUR);
      const run = await this.#read(true);
      if (turn === 0) this.#named += run.streams.filter(({ fault }) => fault !== null).length;
      unnamed = await this.#unnamed(run);
      if (unnamed.length === 0) return;
    }
    this.#broken.push(...unnamed);
  }

  async #unnamed(run: RunView): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const { stream, fault } of run.streams) {
      if (fault !== null || !canTellDifference(this.#plan, stream)) continue;
      for (const line of await differences(this.#world, stream)) lines.push(`${stream}, while it lasts and without a fault: ${line}`);
    }
    return lines;
  }

  async #afterIt(): Promise<void> {
    this.#tell("after it");
    this.#endTrouble();
    let left: readonly string[] = [];
    for (let turn = 0; turn < RUNS_TO_HEAL; turn += 1) {
      this.#pass(27 * HOUR);
      await this.#read(false);
      left = await this.#unhealed();
      if (left.length === 0) return;
    }
    this.#broken.push(...left);
  }

  async #unhealed(): Promise<readonly string[]> {
    const lines: string[] = [];
    const { streams: statuses } = await this.#world.hub.status(EVERY_TENANT);
    for (const stream of this.#plan.streams) {
      const status = statuses.find((entry) => entry.stream === stream);
      if (status?.fault !== null) lines.push(`${stream} still has the fault ${status?.fault.code ?? "of having no status"}`);
      for (const line of [...(await differences(this.#world, stream)), ...(await this.#wronglyGone(stream))]) lines.push(`${stream}, long after: ${line}`);
    }
    return lines;
  }
}

function fired(simulator: Simulator): number {
  return simulator.faults().rules.reduce((sum, rule) => sum + rule.fired, 0);
}
