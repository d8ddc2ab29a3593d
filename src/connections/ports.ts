/** What connections need from outside: the console's rules, somebody to tell, and the audit log's pen. */
import type { VerifyReport } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { AuditDetails } from "../kernel/route.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Vault } from "./vault.ts";

/** Writes the audit line of a change in the change's own transaction: `context.record` of a route, or the hub's own. */
export type Recorder = (tx: Tx, details: AuditDetails) => Promise<void>;

export interface ConsoleRules {
  /** The console's origin, `https://usea1-011.sentinelone.net`; a Fault (CONSOLE_URL_INVALID, CONSOLE_HOST_NOT_ALLOWED) says what a right one looks like. */
  parseUrl(text: string): string;
  /** The token without the prefixes people paste along; a Fault (TOKEN_EMPTY, CONFIG_INVALID) where it is none. */
  parseToken(text: Secret): { readonly token: Secret; readonly form: string };
  /** What the console says of the token. Throws where nothing could be learnt (address, network); a refused token is a report with `ok` false. */
  readonly verify: (origin: string, token: Secret, signal: AbortSignal) => Promise<VerifyReport>;
  /** How to make a new token, in both console layouts. */
  readonly guide: readonly { readonly title: string; readonly steps: readonly string[] }[];
}

/** `saved` is `added` without a first sync. */
export type ConnectionChange = "added" | "saved" | "changed" | "token" | "paused" | "resumed" | "removed";

export interface ConnectionPorts {
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly console: ConsoleRules;
  /** Told after the commit: the reader starts, stops or takes a new token. */
  changed(id: ConnectionId, change: ConnectionChange): void;
}
