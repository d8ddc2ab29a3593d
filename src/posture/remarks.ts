/**
 * What is allowed in a rule and yet seldom meant: a check that every device passes, one that none can, a field read for what its name
 * says instead of what it means. Said when rules are applied; never a reason to refuse them.
 */
import { writeDuration } from "../kernel/durations.ts";
import { asksForWeaknesses, DEFAULT_EXPIRATION_MS } from "./evaluate.ts";
import type { SlowestReadings } from "./evidence.ts";
import { INPUTS } from "./inputs.ts";
import type { Condition, Leaf, RuleDraft } from "./model.ts";

/** `slowest`: between two readings of the slowest connection that the rule speaks of. */
export function remarksOn(rule: RuleDraft, slowest: SlowestReadings = { agents: null, weaknesses: null }): readonly string[] {
  const remarks = new Set<string>();
  walk(rule.condition, false, (leaf, negated) => {
    const remark = remarkOn(leaf, negated);
    if (remark !== null) remarks.add(remark);
  });
  if (rule.match.length > 0 && !rule.match.some((platform) => platform === "windows" || platform === "mac" || platform === "linux")) {
    remarks.add("match: SentinelOne's agents run on windows, mac and linux; the rule applies to no device.");
  }
  if (rule.failMode.kind === "open") remarks.add("fail: open lets every device in that nothing is known of, those SentinelOne has never seen among them.");
  if (rule.matchBy.includes("email")) remarks.add("match_by: an e-mail names a person; somebody with two devices is ambiguous.");
  const agents = slowest.agents ?? DEFAULT_EXPIRATION_MS / 2;
  const weaknesses = asksForWeaknesses(rule) ? (slowest.weaknesses ?? 0) : 0;
  const short = weaknesses > agents ? remarkOnExpiration(rule.expirationMs, weaknesses, "weaknesses") : remarkOnExpiration(rule.expirationMs, agents, "agents");
  if (short !== null) remarks.add(short);
  return [...remarks];
}

function remarkOnExpiration(expirationMs: number | null, everyMs: number, of: string): string | null {
  if (expirationMs === null || expirationMs >= 2 * everyMs) return null;
  return `expiration: ${writeDuration(expirationMs)} is less than twice the ${writeDuration(everyMs)} between two readings of the ${of}, so that verdicts turn unknown while nothing is wrong. Make it ${writeDuration(2 * everyMs)} or longer, or leave it out.`;
}

function walk(condition: Condition, negated: boolean, visit: (leaf: Leaf, negated: boolean) => void): void {
  if ("all" in condition) for (const part of condition.all) walk(part, negated, visit);
  else if ("any" in condition) for (const part of condition.any) walk(part, negated, visit);
  else if ("not" in condition) walk(condition.not, !negated, visit);
  else visit(condition, negated);
}

function remarkOn({ input, operator, value }: Leaf, negated: boolean): string | null {
  switch (input) {
    case "active_threats":
      return typeof value === "number" ? thresholdRemark(operator, value, negated) : null;
    case "network_status":
      return !negated && value !== "connected" && typeof value === "string" ? `network_status: ${value} asks for a device that is isolated, or on its way there or back. ${INPUTS.network_status.meaning}` : null;
    case "operational_state":
      return !negated && value !== "na" && typeof value === "string" ? `operational_state: ${value} asks for an agent that does not work. ${INPUTS.operational_state.meaning}` : null;
    case "is_active":
      return `is_active: ${INPUTS.is_active.meaning}`;
    case "firewall":
      return `firewall: ${INPUTS.firewall.meaning}`;
    case "worst_open_cve":
    case "known_exploited":
      return `${input}: ${INPUTS[input].meaning}`;
    default:
      return null;
  }
}

/** A count is a whole number from nought on. */
function thresholdRemark(operator: Leaf["operator"], value: number, negated: boolean): string | null {
  const always = (operator === ">=" && value <= 0) || (operator === ">" && value < 0);
  const never = (operator === "<" && value <= 0) || ((operator === "<=" || operator === "==") && value < 0) || (operator === "==" && !Number.isInteger(value));
  if (!always && !never) return null;
  return always !== negated ? `active_threats ${operator} ${String(value)}: every device that reports a number passes.` : `active_threats ${operator} ${String(value)}: no device can pass.`;
}
