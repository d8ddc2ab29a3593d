/** `posture check`: one device on one page: which agent is meant, each rule with what it expects and what it got, how old that is, and what to do. */
import type { DevicePosture } from "../kernel/posture-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { duration, time } from "./format.ts";
import type { ApiClient, QueryValue } from "./ports.ts";
import { clean, type Colour, type Terminal } from "./terminal.ts";

export interface DeviceOptions extends JsonOption {
  readonly serial?: string;
  readonly mac?: string;
  readonly hostname?: string;
  readonly email?: string;
  readonly agent?: string;
}

type Verdict = DevicePosture["verdicts"][number];

export async function askDevice(api: ApiClient, options: DeviceOptions): Promise<DevicePosture> {
  const { serial, mac, hostname, email, agent } = options;
  const query: Record<string, QueryValue> = { serial, mac, hostname, email, agentId: agent };
  if (Object.values(query).every((value) => value === undefined || value === "")) throw new Fault("CONFIG_INVALID", "Nothing says which device is meant.", { cure: "Give --serial, --mac, --hostname, --email or --agent." });
  return api.request<DevicePosture>("GET", "/api/v1/posture/devices", { query });
}

/** 0 where the device is let in, 1 where it is not. */
export async function check(context: CliContext, api: ApiClient, options: DeviceOptions): Promise<number> {
  const answer = await askDevice(api, options);
  if (options.json === true) context.out.json(answer);
  else page(context.out, answer);
  return answer.score === 0 ? EXIT_NO : EXIT_OK;
}

function page(out: Terminal, answer: DevicePosture): void {
  const { device, verdicts } = answer;
  const [word, colour] = SCORES[answer.score];
  out.line(`${out.paint(word, colour)} (score ${String(answer.score)})`);
  const aside: [string, string][] = [["match", matchLine(answer)]];
  if (device !== null) {
    aside.push(["device", `${device.hostname ?? "(no name)"}, serial number ${device.serial ?? "(none)"}, agent ${device.agentId} of ${device.connection}`]);
    aside.push(["where", `${device.siteName ?? "?"} / ${device.groupName ?? "?"}, tenant ${device.tenant}`]);
    aside.push(["system", [device.osName ?? device.platform ?? "?", `agent ${device.agentVersion ?? "?"}`, ...(device.decommissioned === true ? ["decommissioned"] : []), ...(device.uninstalled === true ? ["uninstalled"] : [])].join(", ")]);
    aside.push(["user", [...device.emails, ...(device.userName === null ? [] : [device.userName])].join(", ")]);
    aside.push(["evidence", answer.evidenceAt === null ? "none yet" : `read up to ${time(answer.evidenceAt)}, ${duration((answer.evidenceAgeMs ?? 0) / 1000)} ago`]);
    aside.push(["last active", `${time(answer.lastActive)} (the agent's own word, not the age of the evidence)`]);
  }
  out.facts(aside);
  if (verdicts.length === 0) out.line("\nNo rule speaks of it.");
  for (const verdict of verdicts) ruleLines(out, verdict);
  const todo = whatToDo(answer);
  if (todo.length > 0) out.line(`\n${out.paint("What to do", "bold")}`);
  for (const line of todo) out.line(`  ${clean(line)}`);
}

const SCORES: Readonly<Record<DevicePosture["score"], readonly [string, Colour]>> = { 100: ["let in", "green"], 60: ["let in with a warning", "yellow"], 0: ["refused", "red"] };

function matchLine({ match }: DevicePosture): string {
  if (match.kind === "matched") return `by ${match.by.join(", ")}, confidence ${match.confidence ?? "?"}`;
  if (match.kind === "ambiguous") return `several agents have this ${match.by.join(", ")}: ${match.candidates.map((one) => `${one.hostname ?? "(no name)"} (${one.agentId} of ${one.connection})`).join(", ")}`;
  return { "no-device": "no agent answers to it", placeholder: "this serial number is a placeholder that says nothing", "no-identifier": "nothing usable was given" }[match.why ?? "no-device"];
}

const OUTCOMES: Readonly<Record<Verdict["outcome"], Colour>> = { pass: "green", fail: "red", unknown: "yellow", "not-applicable": "dim" };

function ruleLines(out: Terminal, verdict: Verdict): void {
  const { rule, outcome, exception } = verdict;
  const remarks = [
    ...(verdict.reason === "conditions" ? [] : [verdict.reason]),
    ...(rule.shadow ? ["in shadow: not enforced"] : []),
    ...(rule.warnOnly ? ["a warning only"] : []),
    ...(outcome === "unknown" ? [`${verdict.allow ? "lets in" : "refuses"} (${verdict.because})`] : []),
    ...(verdict.since === null ? [] : [`since ${time(verdict.since)}`]),
  ];
  out.line(`\n${out.paint(outcome, OUTCOMES[outcome])}  ${clean(rule.name)} (version ${String(rule.version)})${remarks.length === 0 ? "" : `: ${clean(remarks.join(", "))}`}`);
  if (exception !== null) out.line(clean(`  exception ${exception.id} until ${time(exception.endsAt)}, ${exception.owner}: ${exception.reason}`));
  const rows = verdict.conditions.map((condition) => [
    condition.met === null ? "not said" : condition.met ? "met" : "not met",
    condition.input,
    `${condition.negated ? "not " : ""}${condition.operator} ${shown(condition.expected)}`,
    shown(condition.received),
  ]);
  out.table(["  ", "INPUT", "EXPECTED", "RECEIVED"], rows.map(([met = "", ...rest]) => [`  ${met}`, ...rest]));
}

function shown(value: string | number | boolean | readonly string[] | null): string {
  if (value === null) return "-";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function whatToDo({ match, verdicts }: DevicePosture): readonly string[] {
  const lines = new Set<string>();
  if (match.kind === "ambiguous") lines.add("Decide which agent is meant: `vedette posture serials prefer SERIAL --connection C --agent ID --reason …`, or decommission the others in SentinelOne.");
  if (match.kind === "unknown" && match.why === "no-device") lines.add("Install SentinelOne's agent, or compare the serial number with the console's. MAC, host name and e-mail count only where a rule's match_by names them.");
  if (match.kind === "unknown" && match.why === "placeholder") lines.add("Have the maker's serial number written into the firmware, or allow another identifier in the rule's match_by.");
  for (const { outcome, enforced, message, reason, rule } of verdicts) {
    if (!enforced || outcome === "pass" || outcome === "not-applicable") continue;
    if (reason === "stale-evidence" || reason === "never-read" || reason === "weaknesses-never-read") lines.add("`vedette status` shows why the connection is not read.");
    else if (reason === "record-set-aside") lines.add("`vedette parked list` shows the record that could not be taken in.");
    else if (match.kind === "matched" && message !== null) lines.add(`${rule.name}: ${message}`);
  }
  return [...lines];
}
