/**
 * What the hub does on its own beside reading: forgets removed connections, gives remapped sites their tenant, purges tenants that have
 * left, watches token expiry, lets capabilities look at the time. Small transactions, safe to repeat after a kill at any instant.
 */
import type { Clock } from "../kernel/clock.ts";
import { asFault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Mirror, MirrorTarget } from "../mirror/mirror.ts";
import type { Store, Tx } from "../store/store.ts";

export interface UpkeepPorts {
  readonly store: Store;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly log: Log;
  /** Whoever reads the connection as it was before a change can store nothing more after this transaction. */
  stopReaders(tx: Tx, id: ConnectionId): Promise<void>;
  erasable(): Promise<readonly ConnectionId[]>;
  /** Forgets the connection and the reader's state of it, in the transaction that found its mirror empty. */
  finishErase(tx: Tx, id: ConnectionId): Promise<void>;
  pendingReassigns(limit: number): Promise<readonly { readonly connection: ConnectionId; readonly site: string }[]>;
  reassigned(tx: Tx, done: { readonly connection: ConnectionId; readonly site: string }): Promise<void>;
  target(id: ConnectionId): Promise<MirrorTarget | undefined>;
  purgeTenants(): Promise<void>;
  watchExpiry(): Promise<void>;
  tidyDeliveries(): Promise<void>;
  /** Where the disk is full: lets go of what is kept for convenience alone. */
  makeRoom(): Promise<void>;
  /** Deletes up to `limit` rows that capabilities made of a removed connection; 0 when none are left. */
  eraseDerived(tx: Tx, id: ConnectionId, limit: number): Promise<number>;
  capabilitiesDue(now: number, signal: AbortSignal): Promise<void>;
  /** Asks the reader for what runs of ingest rules wait for. */
  ingest(): Promise<void>;
}

const EVERY_MS = 5_000;
const SLOWLY_MS = 10 * 60_000;
const ROWS = 500;

export class Upkeep {
  readonly #ports: UpkeepPorts;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #slowAt = Number.NEGATIVE_INFINITY;

  constructor(ports: UpkeepPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.once();
      await this.#ports.clock.sleep(EVERY_MS, this.#stop.signal);
    }
  }

  /** Everything that is pending now; a failing part does not keep the others from their turn. */
  async once(): Promise<void> {
    const { clock } = this.#ports;
    await this.#part("room", () => this.#ports.makeRoom());
    await this.#part("erase", () => this.#erase());
    await this.#part("reassign", () => this.#reassign());
    await this.#part("ingest", () => this.#ports.ingest());
    await this.#part("capabilities", () => this.#ports.capabilitiesDue(clock.now(), this.#stop.signal));
    if (clock.monotonic() - this.#slowAt < SLOWLY_MS) return;
    this.#slowAt = clock.monotonic();
    await this.#part("expiry", () => this.#ports.watchExpiry());
    await this.#part("deliveries", () => this.#ports.tidyDeliveries());
    await this.#part("purge", () => this.#ports.purgeTenants());
  }

  async #part(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const fault = asFault(error);
      this.#ports.log.error("upkeep.failed", { part: name, code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
    }
  }

  async #erase(): Promise<void> {
    const { store, mirror, stopReaders, erasable, eraseDerived, finishErase } = this.#ports;
    for (const id of await erasable()) {
      await store.tx((tx) => stopReaders(tx, id));
      for (let left = 1; left > 0 && !this.#stop.signal.aborted; ) {
        left = await store.tx(async (tx) => {
          const erased = (await eraseDerived(tx, id, ROWS)) || (await mirror.erase(tx, id, ROWS));
          if (erased === 0) await finishErase(tx, id);
          return erased;
        });
      }
    }
  }

  async #reassign(): Promise<void> {
    const { store, mirror, stopReaders, pendingReassigns, reassigned, target } = this.#ports;
    const all = await pendingReassigns(100);
    // They would go on giving rows to the former tenant after the last one here was moved. A transaction of its own: what they stored before it is seen below.
    for (const id of new Set(all.map(({ connection }) => connection))) await store.tx((tx) => stopReaders(tx, id));
    for (const pending of all) {
      const now = await target(pending.connection);
      for (let left = 1; left > 0 && !this.#stop.signal.aborted; ) {
        left = await store.tx(async (tx) => {
          const moved = now === undefined ? 0 : await mirror.reassign(tx, now, pending.site, ROWS);
          if (moved === 0) await reassigned(tx, pending);
          return moved;
        });
      }
    }
  }
}
