/**
 * The deliverer. Each destination is a lane of its own: leased, sent to in bounded batches, and left alone for a while after trouble, so that
 * a slow or dead one costs the others nothing. A receipt commits under the lease's fence; killed between sending and receipt, the same
 * deliveries go again under the same ids. Nothing is given up: what cannot go waits, what is refused is parked.
 */
import type { Clock } from "../kernel/clock.ts";
import { asFault, Fault } from "../kernel/fault.ts";
import type { Log } from "../kernel/log.ts";
import type { Lease, Synced, Tx } from "../store/store.ts";
import { waitMs } from "./backoff.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DeliveryFormat } from "../kernel/delivery-api.ts";
import type { BatchSize, Delivery, Destination, Receipt } from "./destination.ts";
import { prepare } from "./document.ts";
import { noteThroughput } from "./throughput.ts";
import { claim, destinationsWithQueue, leaseName, noteTrouble, park, settle, type Claimed, type DelivererStore, type Parked } from "./outbox.ts";

/** Destinations that are sent to at the same time. */
const LANES = 8;
const POLL_MS = 250;
/** A lane in which nothing may go yet is looked at again after this. */
const QUIET_MS = 500;
/** Documents made before others have their turn. */
const PREPARED_AT_ONCE = 20;
/** Batches after which a lane lets another one have its turn. */
const TURN_BATCHES = 20;
const LEASE_MS = 60_000;
/** Below the lease's time, so that a batch ends while it is held. */
const SEND_WITHIN_MS = 50_000;
const STOP_GRACE_MS = 3_000;
const LEFT_TO_OTHERS_MS = 30_000;
const SYNCED_EVERY_MS = 1_000;
/** An open destination that nothing went to for so long is closed. */
const IDLE_MS = 60_000;

export interface OpenDestination {
  readonly revision: number;
  readonly destination: Destination;
  readonly format: DeliveryFormat;
  readonly timed: boolean;
  readonly batch: BatchSize;
}

export interface DelivererOptions {
  readonly store: DelivererStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process among those that share the store. */
  readonly holder: string;
  /** The revision a destination has now; undefined once it is removed, and while it is paused. */
  revision(id: string): Promise<number | undefined>;
  open(id: string): Promise<OpenDestination | undefined>;
  /** What is about to go, as things stand by now; the same deliveries in the same order. */
  asThingsStand?(batch: readonly Claimed[]): Promise<readonly Claimed[]>;
  /** [0, 1); `Math.random` when left out. */
  readonly random?: () => number;
}

interface Lane {
  readonly id: string;
  opened: OpenDestination | undefined;
  lease: Lease | undefined;
  leasedAt: number;
  /** Batches in a row in which the destination took nothing. */
  failures: number;
  /** Monotonic. */
  closedUntil: number;
  usedAt: number;
  from: number;
  /** When receipts were last put on disk, monotonic. */
  syncedAt: number;
  /** Made ready while the batch before it was sent. */
  ahead: Ready | undefined;
  busy: boolean;
}

/** A batch as it goes out. */
interface Ready {
  readonly opened: OpenDestination;
  readonly sendable: readonly { readonly claimed: Claimed; readonly delivery: Delivery }[];
  /** What cannot be written as its destination wants it is parked without asking there. */
  readonly refused: readonly Parked[];
  /** The last of it. */
  readonly seq: number;
}

export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  readonly #working = new Set<Promise<void>>();
  #wake = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Takes nothing new; what is being sent may end, for a few seconds. Its receipts are written. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    const grace = setTimeout(() => this.#abort.abort(), STOP_GRACE_MS);
    await this.#loop;
    await Promise.allSettled(this.#working);
    clearTimeout(grace);
    for (const lane of this.#lanes.values()) {
      await lane.opened?.destination.close().catch(() => undefined);
      if (lane.lease !== undefined) await this.#options.store.release(lane.lease).catch(() => undefined);
    }
    this.#lanes.clear();
  }

  /** Sends what may go now, until nothing may; lanes in trouble are left. True when anything was sent. */
  async once(): Promise<boolean> {
    let any = false;
    for (;;) {
      const before = this.#working.size;
      await this.#begin();
      if (this.#working.size === before) return any;
      any = true;
      await Promise.allSettled(this.#working);
    }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      const wake = this.#wake.signal;
      try {
        await this.#begin();
        await this.#closeIdle();
      } catch (error) {
        const fault = asFault(error);
        log.error("delivery.look-failed", { code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
      }
      if (!this.#stop.signal.aborted) await clock.sleep(POLL_MS, wake);
    }
  }

  /** Gives free places to lanes that have something to send, in turn. */
  async #begin(): Promise<void> {
    if (this.#working.size >= LANES || this.#stop.signal.aborted) return;
    const { store, clock } = this.#options;
    const ids = await destinationsWithQueue(store.read);
    const now = clock.monotonic();
    const ready = ids.map((id) => this.#lane(id)).filter((lane) => !lane.busy && lane.closedUntil <= now);
    const first = ready.length === 0 ? 0 : this.#turn % ready.length;
    for (const lane of [...ready.slice(first), ...ready.slice(0, first)].slice(0, LANES - this.#working.size)) {
      this.#turn += 1;
      lane.busy = true;
      const work = this.#serve(lane).finally(() => {
        lane.busy = false;
        this.#working.delete(work);
        this.#wake.abort();
      });
      this.#working.add(work);
    }
  }

  #lane(id: string): Lane {
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const lane: Lane = { id, opened: undefined, lease: undefined, leasedAt: 0, failures: 0, closedUntil: Number.NEGATIVE_INFINITY, usedAt: this.#options.clock.monotonic(), from: 0, syncedAt: Number.NEGATIVE_INFINITY, ahead: undefined, busy: false };
    this.#lanes.set(id, lane);
    return lane;
  }

  async #serve(lane: Lane): Promise<void> {
    const { clock, log } = this.#options;
    try {
      for (let batches = 0; batches < TURN_BATCHES && !this.#stop.signal.aborted; batches += 1) {
        if (!(await this.#step(lane))) return;
      }
      // Others may be served for a long time before this lane's next turn.
      lane.ahead = undefined;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "LEASE_LOST") {
        lane.lease = undefined;
        lane.closedUntil = clock.monotonic() + LEFT_TO_OTHERS_MS;
        return;
      }
      log.error("delivery.failed", { destination: lane.id, code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
      this.#closeLane(lane, null);
      await this.#options.store.tx((tx) => noteTrouble(tx, lane.id, { code: fault.code, reason: fault.message }, clock.now())).catch(() => undefined);
    }
  }

  /** One batch; false when the lane has nothing more to do for now. */
  async #step(lane: Lane): Promise<boolean> {
    const { store, clock } = this.#options;
    const { ahead } = lane;
    // Whatever ends this step: what was made ready is for the next step alone, while it is surely still queued.
    lane.ahead = undefined;
    if (!(await this.#hold(lane))) return false;
    const opened = await this.#open(lane);
    if (opened === undefined || lane.lease === undefined) return false;
    const ready = ahead?.opened === opened ? ahead : await this.#ready(lane, opened);
    if (typeof ready === "boolean") return ready;
    lane.usedAt = clock.monotonic();
    const { sendable, refused, seq } = ready;
    const sending = sendable.length === 0 ? [] : this.#send(opened.destination, sendable.map(({ delivery }) => delivery));
    const following = lane.failures > 0 ? undefined : this.#following(lane, opened, seq);
    const receipts = await sending;
    const work = async (tx: Tx): Promise<void> => {
      await park(tx, refused, clock.now());
      const sent = sendable.map(({ claimed }) => claimed);
      if (sent.length > 0) await settle(tx, lane.id, sent, receipts, clock.now(), this.#random);
      await noteThroughput(tx, lane.id, sent, receipts, refused.length, clock.now());
    };
    await store.fencedTx(lane.lease, work, this.#synced(lane, sendable.length + refused.length >= opened.batch.rows));
    const goesOn = sendable.length === 0 || this.#judge(lane, receipts);
    if (goesOn && receipts.every(({ outcome }) => outcome !== "again-after")) lane.ahead = await following;
    return goesOn;
  }

  /** While batch follows batch, receipts are put on disk once a second: what a power cut takes of them is sent again, under the same ids. A kill takes none. */
  #synced(lane: Lane, isFull: boolean): Synced {
    const now = this.#options.clock.monotonic();
    if (isFull && now - lane.syncedAt < SYNCED_EVERY_MS) return "later";
    lane.syncedAt = now;
    return "at-once";
  }

  /** The batch that may go now; where there is none, whether to look again at once. */
  async #ready(lane: Lane, opened: OpenDestination): Promise<Ready | boolean> {
    const { store, clock } = this.#options;
    // While a destination is in trouble one delivery at a time asks whether it still is.
    const { batch, from, end, empty } = await claim(store, lane.id, lane.from, clock.now(), lane.failures > 0 ? { ...opened.batch, rows: 1 } : opened.batch);
    lane.from = from;
    if (batch.length > 0) return this.#prepare(opened, batch);
    if (end && !empty) lane.closedUntil = clock.monotonic() + QUIET_MS;
    return !end;
  }

  /**
   * The batch behind the one under way, of other keys than those in it, made ready meanwhile: whatever becomes of that one, these may go. What is
   * left out has its turn when nothing more follows, or in the lane's next turn.
   */
  async #following(lane: Lane, opened: OpenDestination, behind: number): Promise<Ready | undefined> {
    try {
      const { store, clock } = this.#options;
      const { batch } = await claim(store, lane.id, behind, clock.now(), opened.batch);
      return batch.length === 0 ? undefined : await this.#prepare(opened, batch);
    } catch {
      // The next look meets it again, and says so.
      return undefined;
    }
  }

  async #prepare(opened: OpenDestination, batch: readonly Claimed[]): Promise<Ready> {
    const sendable: { claimed: Claimed; delivery: Delivery }[] = [];
    const refused: Parked[] = [];
    const current = (await this.#options.asThingsStand?.(batch)) ?? batch;
    for (const [place, claimed] of current.entries()) {
      if (place > 0 && place % PREPARED_AT_ONCE === 0) await nextTurn();
      const { delivery, refusal } = prepare(claimed, opened.format, opened.timed);
      if (delivery === null) refused.push({ claimed, refusal });
      else sendable.push({ claimed, delivery });
    }
    return { opened, sendable, refused, seq: batch.at(-1)?.seq ?? 0 };
  }

  get #random(): () => number {
    return this.#options.random ?? Math.random;
  }

  async #hold(lane: Lane): Promise<boolean> {
    const { store, clock, holder } = this.#options;
    const now = clock.monotonic();
    if (lane.lease !== undefined && now - lane.leasedAt < LEASE_MS / 4) return true;
    lane.lease = await store.lease(leaseName(lane.id), holder, LEASE_MS);
    lane.leasedAt = now;
    if (lane.lease === undefined) lane.closedUntil = now + LEFT_TO_OTHERS_MS;
    return lane.lease !== undefined;
  }

  async #open(lane: Lane): Promise<OpenDestination | undefined> {
    const revision = await this.#options.revision(lane.id);
    if (lane.opened !== undefined && lane.opened.revision === revision) return lane.opened;
    await lane.opened?.destination.close();
    lane.opened = undefined;
    lane.opened = revision === undefined ? undefined : await this.#options.open(lane.id);
    return lane.opened;
  }

  async #send(destination: Destination, batch: readonly Delivery[]): Promise<readonly Receipt[]> {
    const receipts = await destination.send(batch, AbortSignal.any([this.#abort.signal, AbortSignal.timeout(SEND_WITHIN_MS)]));
    if (receipts.length !== batch.length) throw new Fault("INTERNAL", "A destination gave another number of receipts than it was given deliveries.");
    return receipts;
  }

  /** Whether the lane goes on: not while nothing is taken there. */
  #judge(lane: Lane, receipts: readonly Receipt[]): boolean {
    const failed = receipts.filter((receipt) => receipt.outcome === "again-after" && receipt.blame !== "earlier");
    if (receipts.some((receipt) => receipt.outcome !== "again-after")) lane.failures = 0;
    const wide = failed.filter((receipt) => receipt.outcome === "again-after" && receipt.blame === "destination");
    const nothingTaken = receipts.every((receipt) => receipt.outcome === "again-after");
    // One delivery that fails by itself is its own matter; several of them and nothing else are the destination's.
    if (wide.length > 0 || (nothingTaken && failed.length > 1)) {
      this.#closeLane(lane, askedOf(wide));
      return false;
    }
    if (failed.length > 0 || !nothingTaken) return true;
    lane.closedUntil = this.#options.clock.monotonic() + QUIET_MS;
    return false;
  }

  #closeLane(lane: Lane, askedMs: number | null): void {
    lane.failures += 1;
    lane.closedUntil = this.#options.clock.monotonic() + waitMs(lane.failures, askedMs, this.#random);
  }

  async #closeIdle(): Promise<void> {
    const now = this.#options.clock.monotonic();
    for (const lane of this.#lanes.values()) {
      if (lane.busy || lane.closedUntil > now || now - lane.usedAt < IDLE_MS) continue;
      this.#lanes.delete(lane.id);
      await lane.opened?.destination.close().catch(() => undefined);
    }
  }
}

function askedOf(receipts: readonly Receipt[]): number | null {
  const asked = receipts.flatMap((receipt) => (receipt.outcome === "again-after" && receipt.afterMs !== null ? [receipt.afterMs] : []));
  return asked.length === 0 ? null : Math.max(...asked);
}
