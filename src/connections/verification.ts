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

/** Why the token cannot be used, or null. A stream it may not read is no refusal as long as there is one it may. */
export function refusal(report: VerifyReport, rules: Pick<ConsoleRules, "guide">): Fault | null {
  if (report.ok || report.streams.some((stream) => stream.readable)) return null;
  const failed = report.lines.filter((line) => line.outcome === "failed");
  const message = failed.map((line) => line.message).join(" ") || "The console lets this token read nothing.";
  const end = report.token.expiresAt === null ? Number.NaN : Date.parse(report.token.expiresAt);
  if (end <= Date.parse(report.checkedAt)) return new Fault("S1_TOKEN_EXPIRED", message, { cure: newTokenCure(rules) });
  if (failed.some((line) => line.check.startsWith("token"))) return new Fault("S1_TOKEN_REJECTED", message, { cure: newTokenCure(rules) });
  const cure = failed.find((line) => line.cure !== null)?.cure;
  const code = report.streams.length > 0 ? "S1_FORBIDDEN" : "S1_UNREACHABLE";
  return new Fault(code, message, cure === undefined || cure === null ? {} : { cure });
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
