/** What a read-only query takes and gives, whichever engine runs it. */
import { Fault } from "../kernel/fault.ts";

export const DEFAULT_SQL_TIMEOUT_MS = 60_000;

export interface SqlOptions {
  /** Wall time for the whole answer, reading it included; 60 s unless said. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface SqlAnswer {
  readonly columns: readonly string[];
  /** Text, numbers and null; integers beyond 2^53 as text, blobs as hexadecimal. Leaving the loop ends the query. */
  readonly rows: AsyncIterable<readonly unknown[]>;
}

export function sqlFault(message: string, views: readonly string[]): Fault {
  return new Fault("CONFIG_INVALID", `SQL: ${message}`, { cure: `One SELECT, WITH or VALUES over these views: ${views.join(", ")}.` });
}
