/**
 * How a command ends badly: what went wrong and what to do on standard error (with --json as one JSON object), and the exit code of
 * the fault's kind. Two codes of our own beside the fault table: 0 all well, 1 asked and answered "no" (an unhealthy status, a broken
 * audit chain, a verify that failed without a fault).
 */
import { asFault, FAULTS, type Fault, type FaultKind } from "../kernel/fault.ts";
import type { FaultView } from "../kernel/api.ts";
import { clean, cureLines, safeJson, type Terminal } from "./terminal.ts";

export const EXIT_OK = 0;
export const EXIT_NO = 1;

/** When several streams end badly, the one that needs a person most decides. */
const WORST_FIRST: readonly FaultKind[] = [
  "internal", "config", "credential", "permission", "refused", "protocol", "unavailable", "cursor", "incomplete", "record", "throttled", "fenced",
];

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(FAULTS, kind);
}

/** Exit code of a fault's kind; a kind this version does not know (a newer hub) is `internal`. */
export function exitCodeOf(kind: string): number {
  return isFaultKind(kind) ? FAULTS[kind].exitCode : FAULTS.internal.exitCode;
}

export function worstFault(faults: readonly (FaultView | null)[]): FaultView | undefined {
  const rank = (fault: FaultView): number => (isFaultKind(fault.kind) ? WORST_FIRST.indexOf(fault.kind) : 0);
  return faults.filter((fault) => fault !== null).toSorted((left, right) => rank(left) - rank(right))[0];
}

export function faultView(fault: Fault): FaultView {
  return { ...fault.toJSON(), details: { ...fault.details } };
}

/** Prints on standard error and gives the exit code. */
export function reportFault(out: Terminal, error: unknown, json: boolean): number {
  const fault = asFault(error);
  if (json) {
    out.note(safeJson({ fault: faultView(fault) }));
  } else {
    out.note(`${clean(fault.code)}: ${clean(fault.message)}`);
    for (const line of cureLines(fault.cure)) out.note(line);
    for (const frame of framesOf(fault)) out.note(clean(`where: ${frame}`));
  }
  return fault.policy.exitCode;
}

/** Places in our code for a defect's report. Never the cause's message: it may quote data. */
function framesOf(fault: Fault): readonly string[] {
  if (fault.code !== "INTERNAL" || !(fault.cause instanceof Error)) return [];
  const lines = (fault.cause.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line.startsWith("at ")).slice(0, 4);
}
