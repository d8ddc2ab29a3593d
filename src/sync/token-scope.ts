/**
 * What the token reaches, as the streams of one run ask for it: after a listing, to see that it is still what the mirror was built with. Whoever asks while a question is
 * under way is answered by the next one, together with all who ask until then: an answer is always to a question that was put after what the asker has read.
 */
import type { ConsoleClient } from "../sentinelone/client.ts";

export class TokenScope {
  readonly #ask: (client: ConsoleClient) => Promise<string>;
  #next: Promise<string> | null = null;
  #under: Promise<unknown> = Promise.resolve();

  constructor(ask: (client: ConsoleClient) => Promise<string>) {
    this.#ask = ask;
  }

  /** As it is after the call. */
  async now(client: ConsoleClient): Promise<string> {
    if (this.#next !== null) return this.#next;
    const asked = this.#under.then(() => {
      this.#next = null;
      return this.#ask(client);
    });
    this.#next = asked;
    this.#under = asked.catch(() => undefined);
    return asked;
  }
}
