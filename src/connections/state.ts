/** The state of a connection as people read it, from what is known of it; and which faults deserve a person's attention. */
import type { Static } from "typebox";
import type { ConnectionState, FaultView } from "../kernel/api.ts";
import { FAULT_CODES, FAULTS, type FaultCode } from "../kernel/fault.ts";

export type State = Static<typeof ConnectionState>;

export interface KnownFault {
  /** "" for the connection as a whole. */
  readonly stream: string;
  readonly code: FaultCode;
  readonly view: FaultView;
  readonly since: number;
}

/** Trouble that ends by itself (network, throttling, odd answers) becomes a person's business only when it lasts. */
export const PATIENCE_MS = 15 * 60_000;

export function wantsAttention(fault: KnownFault, now: number): boolean {
  if (fault.code === "S1_SCOPE_CHANGED") return true;
  const kind = FAULT_CODES[fault.code].kind;
  if (kind === "record" || kind === "incomplete" || kind === "fenced") return false;
  const { action, audience } = FAULTS[kind];
  if (audience === "tenant" || audience === "operator" || action === "stop") return true;
  return now - fault.since >= PATIENCE_MS;
}

export interface StateInput {
  readonly paused: boolean;
  readonly verifying: boolean;
  readonly verified: boolean;
  /** A first read is under way. */
  readonly syncing: boolean;
  readonly faults: readonly KnownFault[];
}

/** A fault is shown with any state but only decides it where nothing else is going on: a paused connection stays Paused. */
export function connectionState(input: StateInput, now: number): { readonly state: State; readonly fault: FaultView | null } {
  const worst = input.faults.filter((fault) => wantsAttention(fault, now)).sort(byWeight)[0]?.view ?? null;
  if (input.paused) return { state: "Paused", fault: worst };
  if (input.verifying) return { state: "Verifying", fault: worst };
  if (worst !== null) return { state: "Needs attention", fault: worst };
  if (!input.verified) return { state: "Verifying", fault: null };
  return { state: input.syncing ? "Syncing" : "Connected", fault: null };
}

/** Credentials first, then what concerns the whole connection, then the oldest. */
function byWeight(left: KnownFault, right: KnownFault): number {
  return weight(left) - weight(right) || left.since - right.since;
}

function weight(fault: KnownFault): number {
  if (FAULT_CODES[fault.code].kind === "credential") return 0;
  return fault.stream === "" ? 1 : 2;
}

export function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULT_CODES, code);
}
