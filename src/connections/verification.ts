/** What a verification report means for a stored connection: usable, refused, or of another scope. */
import type { VerifyReport } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConsoleRules } from "./ports.ts";

/** The report itself, or a Fault where the token cannot be used: such a token is never saved. */
export function accepted(report: VerifyReport, rules: Pick<ConsoleRules, "guide">): VerifyReport {
  const fault = refusal(report, rules);
  if (fault !== null) throw fault;
  return report;
}

/**
 * Why the token cannot be used, or null. A stream it may not read is no refusal as long as there is one it may. Only the console's own
 * word counts as a refusal of the token: a console that cannot be reached or is ill says nothing about it.
 */
export function refusal(report: VerifyReport, rules: Pick<ConsoleRules, "guide">): Fault | null {
  if (report.ok || report.streams.some((stream) => stream.readable)) return null;
  const failed = report.lines.filter((line) => line.outcome === "failed");
  const message = failed.map((line) => line.message).join(" ") || "The console lets this token read nothing.";
  if (failed.some((line) => line.check === "token" && REJECTED.test(line.message))) return new Fault("S1_TOKEN_REJECTED", message, { cure: newTokenCure(rules) });
  if (failed.some((line) => line.check === "expiry")) return new Fault("S1_TOKEN_EXPIRED", message, { cure: newTokenCure(rules) });
  const cure = failed.find((line) => line.cure !== null)?.cure;
  const other = cure === undefined || cure === null ? {} : { cure };
  if (failed.some((line) => line.check === "tls")) return new Fault("S1_TLS", message, other);
  const forbidden = report.streams.some((stream) => stream.missingPermission !== null);
  return new Fault(forbidden ? "S1_FORBIDDEN" : "S1_UNREACHABLE", message, other);
}

/** The report has no code for it; this is how `sentinelone/verify` words a 401. */
const REJECTED = /does not accept the token/;

/** A refused token whose known end has passed has expired: the same stop, a better explanation. */
export function namedByEnd(fault: Fault, expiresAt: string | null, now: number): Fault {
  if (fault.code !== "S1_TOKEN_REJECTED" || expiresAt === null || Date.parse(expiresAt) > now) return fault;
  return new Fault("S1_TOKEN_EXPIRED", `The token expired on ${expiresAt.slice(0, 10)}.`, { details: fault.details, cure: fault.cure });
}

/** Where to make a new token, for both layouts of the console and for a personal token. */
export function newTokenCure(rules: Pick<ConsoleRules, "guide">): string {
  const steps = rules.guide.map((entry) => `${entry.title}: ${entry.steps.join(" > ")}.`);
  return ["Make a new token in the console, then `vedette connections rotate NAME --token-env NAME`.", ...steps].join("\n");
}

/** True where the token now reaches something else than the mirror was built with; an unreadable scope proves nothing. */
export function scopeChanged(known: string | null, report: VerifyReport): boolean {
  return known !== null && report.scope.level !== "unknown" && report.scope.fingerprint !== known;
}
