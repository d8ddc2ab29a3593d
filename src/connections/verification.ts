/** What a verification report means for a stored connection: usable, refused, or of another scope. */
import type { VerifyReport } from "../kernel/api.ts";
import { Fault, FAULT_CODES } from "../kernel/fault.ts";
import type { ConsoleRules } from "./ports.ts";
import { isFaultCode } from "./state.ts";

/** What the token was given for: decides what its owner is told to do when it is refused. */
export type Purpose = "connect" | "rotate";

/** The report itself, or a Fault where the token cannot be used: such a token is never saved. */
export function accepted(report: VerifyReport, rules: Pick<ConsoleRules, "guide">, purpose: Purpose): VerifyReport {
  const fault = refusal(report, rules, purpose);
  if (fault !== null) throw fault;
  return report;
}

/**
 * Why the token cannot be used, or null. A stream it may not read is no refusal as long as there is one it may. Only the console's own
 * word counts as a refusal of the token: a console that cannot be reached or is ill says nothing about it.
 */
export function refusal(report: VerifyReport, rules: Pick<ConsoleRules, "guide">, purpose: Purpose): Fault | null {
  if (report.ok || report.streams.some((stream) => stream.readable)) return null;
  const failed = report.lines.filter((line) => line.outcome === "failed");
  const message = failed.map((line) => line.message).join(" ") || "The console lets this token read nothing.";
  const codes = failed.flatMap(({ code }) => (code !== undefined && isFaultCode(code) ? [code] : []));
  const refused = codes.find((code) => FAULT_CODES[code].kind === "credential");
  if (refused !== undefined) return new Fault(refused, message, { cure: newTokenCure(rules, purpose) });
  const known = failed.find((line) => line.cure !== null)?.cure ?? null;
  const cure = purpose === "connect" ? ["Nothing was saved.", known].filter((part) => part !== null).join(" ") : known;
  const other = cure === null ? {} : { cure };
  const [met] = codes;
  if (met !== undefined) return new Fault(met, message, other);
  const forbidden = report.streams.some((stream) => stream.missingPermission !== null);
  return new Fault(forbidden ? "S1_FORBIDDEN" : "S1_UNREACHABLE", message, other);
}

/** A refused token whose known end has passed has expired: the same stop, a better explanation. */
export function namedByEnd(fault: Fault, expiresAt: string | null, now: number): Fault {
  if (fault.code !== "S1_TOKEN_REJECTED" || expiresAt === null || Date.parse(expiresAt) > now) return fault;
  return new Fault("S1_TOKEN_EXPIRED", `The token expired on ${expiresAt.slice(0, 10)}.`, { details: fault.details, cure: fault.cure });
}

const THEN: Readonly<Record<Purpose, string>> = {
  connect: "Nothing was saved. Check that the token was copied whole and comes from this console; else make a new one and run `vedette connect` again.",
  rotate: "Make a new token in the console, then `vedette connections rotate NAME --token-env VARIABLE`.",
};

/** What to do, and where to make a new token, for both layouts of the console and for a personal token. */
export function newTokenCure(rules: Pick<ConsoleRules, "guide">, purpose: Purpose): string {
  return [THEN[purpose], ...rules.guide.map((entry) => `${entry.title}: ${entry.steps.join(" ")}`)].join("\n");
}

/** True where the token now reaches something else than the mirror was built with; an unreadable scope proves nothing. */
export function scopeChanged(known: string | null, report: VerifyReport): boolean {
  return known !== null && report.scope.level !== "unknown" && report.scope.fingerprint !== known;
}
