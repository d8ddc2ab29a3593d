/**
 * One client per connection and one rate budget per console: connections of the same console share what SentinelOne grants it. A new
 * token gives a new client; the old one is closed when its last request has ended.
 */
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Secret } from "../kernel/secret.ts";
import { createBudget, type Budget } from "../net/budget.ts";
import type { AllowedHost } from "../net/policy.ts";
import type { ConsoleClient } from "../sentinelone/client.ts";
import { createConsoleClient } from "../sentinelone/rest-client.ts";

export interface ClientsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly allowedHosts: readonly AllowedHost[];
  readonly requestShare: number | "off";
  readonly userAgent: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly credentials: (id: ConnectionId) => Promise<{ readonly origin: string; readonly token: Secret }>;
}

export class Clients {
  readonly #options: ClientsOptions;
  readonly #budgets = new Map<string, Budget>();
  readonly #clients = new Map<ConnectionId, Promise<ConsoleClient>>();
  /** Replaced clients may still be reading; they are closed with the hub. */
  readonly #retired: Promise<ConsoleClient>[] = [];

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  budgetOf(origin: string): Budget {
    const known = this.#budgets.get(origin);
    if (known !== undefined) return known;
    const budget = createBudget({ clock: this.#options.clock, share: this.#options.requestShare });
    this.#budgets.set(origin, budget);
    return budget;
  }

  get(id: ConnectionId): Promise<ConsoleClient> {
    const known = this.#clients.get(id);
    if (known !== undefined) return known;
    const fresh = this.#options.credentials(id).then(({ origin, token }) => this.forToken(origin, token));
    this.#clients.set(id, fresh);
    // A failure must not be remembered: the next run asks again.
    fresh.catch(() => this.#clients.delete(id));
    return fresh;
  }

  forToken(origin: string, token: Secret): ConsoleClient {
    const { clock, log, allowedHosts, userAgent, env } = this.#options;
    return createConsoleClient({ origin, token, budget: this.budgetOf(origin), clock, log, allowedHosts, userAgent, env });
  }

  /** The stored token has changed, or the connection is gone. */
  forget(id: ConnectionId): void {
    const known = this.#clients.get(id);
    if (known !== undefined) this.#retired.push(known);
    this.#clients.delete(id);
  }

  async close(): Promise<void> {
    const all = [...this.#clients.values(), ...this.#retired];
    await Promise.allSettled(all.map(async (client) => (await client).close()));
  }
}
