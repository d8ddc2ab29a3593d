/**
 * The loop that makes messages of what is due, twice a second. One hub of those that share a store does it at a time, under a lease that every transaction is fenced by. And what goes out is
 * looked at once more: a message that had to wait says how things stand when it leaves.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../kernel/clock.ts";
import { asFault } from "../kernel/fault.ts";
import type { Log } from "../kernel/log.ts";
import type { QueueFact } from "../kernel/fact.ts";
import type { Database, Lease, Store, Tx } from "../store/store.ts";
import { bodyOf, compose, dueWork, type ComposePorts } from "./compose.ts";
import type { Part } from "./decide.ts";
import { healthMessage, type HealthPart } from "./health-words.ts";
import { noteHealth, troublesByKey, type Observed } from "./watch.ts";
import { caseMessage, type Speaker } from "./words.ts";

const EVERY_MS = 500;
const LEASE = "notify";
const LEASE_MS = 60_000;
const LEFT_TO_OTHERS_MS = 20_000;
/** Until then a message says what it was written for. */
const FRESH_MS = 60_000;
const LOOK_EVERY_MS = 60_000;

export interface NotifierPorts extends ComposePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly holder: string;
  readonly queueFact: QueueFact<Tx>;
  /** How connections and destinations stand, with what has arrived since the time given (ms). */
  readonly observe: (since: number) => Promise<Observed>;
}

export class Notifier {
  readonly #ports: NotifierPorts;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #lease: Lease | undefined;
  #leasedAt = 0;
  #awayUntil = Number.NEGATIVE_INFINITY;
  #lookedAt: number | undefined;
  #tried = Number.NEGATIVE_INFINITY;

  constructor(ports: NotifierPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    if (this.#lease !== undefined) await this.#ports.store.release(this.#lease).catch(() => undefined);
    this.#lease = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.turn();
      if (!this.#stop.signal.aborted) await this.#ports.clock.sleep(EVERY_MS, this.#stop.signal);
    }
  }

  /** How the integration stands, and what is to be told. */
  async turn(): Promise<void> {
    await this.#apart(() => this.look());
    await this.#apart(() => this.once());
  }

  /** What goes wrong there is logged, and holds up nothing else. */
  async #apart(work: () => Promise<unknown>): Promise<void> {
    const { clock, log } = this.#ports;
    try {
      await work();
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "LEASE_LOST") [this.#lease, this.#awayUntil] = [undefined, clock.monotonic() + LEFT_TO_OTHERS_MS];
      else log.error("notify.failed", { code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
    }
  }

  /** Makes messages of all that is due and may be told now. */
  async once(): Promise<void> {
    const { store, clock } = this.#ports;
    const now = clock.now();
    const work = await dueWork(store.read, now);
    if (work.length === 0 || !(await this.#hold())) return;
    for (const one of work) {
      const lease = this.#lease;
      if (this.#stop.signal.aborted || lease === undefined) return;
      await this.#apart(() => store.fencedTx(lease, (tx) => compose(tx, one, this.#ports, now)));
      await nextTurn();
    }
  }

  /** How the integration stands, once a minute. */
  async look(): Promise<void> {
    const { store, clock, observe, queueFact } = this.#ports;
    const now = clock.now();
    if (clock.monotonic() - this.#tried < LOOK_EVERY_MS || !(await this.#hold()) || this.#lease === undefined) return;
    this.#tried = clock.monotonic();
    const seen = await observe(this.#lookedAt ?? now - LOOK_EVERY_MS);
    await store.fencedTx(this.#lease, (tx) => noteHealth(tx, seen, queueFact, now));
    this.#lookedAt = now;
  }

  async #hold(): Promise<boolean> {
    const { store, clock, holder } = this.#ports;
    const now = clock.monotonic();
    if (this.#awayUntil > now) return false;
    if (this.#lease !== undefined && now - this.#leasedAt < LEASE_MS / 4) return true;
    this.#lease = await store.lease(LEASE, holder, LEASE_MS);
    this.#leasedAt = now;
    if (this.#lease === undefined) this.#awayUntil = now + LEFT_TO_OTHERS_MS;
    return this.#lease !== undefined;
  }
}

interface Waiting {
  readonly kind: string;
  readonly queuedAt: number;
  readonly body: string;
}

/** A message that had to wait, written again: the same cases under the same id, as they stand. */
export async function asThingsStand<T extends Waiting>(facts: readonly T[], db: Database, { cases }: Pick<ComposePorts, "cases">, now: number): Promise<readonly T[]> {
  const fresh: T[] = [];
  for (const fact of facts) fresh.push(isLate(fact, now) ? { ...fact, body: await rewritten(fact.body, db, cases) } : fact);
  return fresh;
}

function isLate({ kind, queuedAt }: Waiting, now: number): boolean {
  return (kind === "notifications.case" || kind === "notifications.digest" || kind === "notifications.health") && now - queuedAt > FRESH_MS;
}

async function rewritten(body: string, db: Database, cases: ComposePorts["cases"]): Promise<string> {
  const { speaker, cases: told = [], troubles } = JSON.parse(body) as { readonly speaker: Speaker; readonly cases?: readonly { readonly id: string; readonly event: Part["event"] }[]; readonly troubles?: readonly HealthPart[] };
  if (troubles !== undefined) {
    const message = healthMessage(speaker, troubles, await troublesByKey(db, troubles.map(({ key }) => key)));
    return message === null ? body : JSON.stringify({ speaker, troubles, message });
  }
  const parts = told.map(({ id, event }): Part => ({ subject: id, event }));
  const notices = await cases(db, parts.map(({ subject }) => subject));
  const message = caseMessage(speaker, parts, notices);
  return message === null ? body : JSON.stringify(bodyOf(speaker, parts, message, notices));
}
