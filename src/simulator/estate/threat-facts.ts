/** What a generated threat is and how far it has been dealt with; a pure function of the seed, so that activities may tell of it too. */
import type { AgentFacts } from "./agents.ts";
import { agentIndexOf, agentOf, DAYS } from "./happenings.ts";
import { countBy } from "./machines.ts";
import type { OsFamily } from "./names.ts";
import { diceFor, idOf, type World } from "./world.ts";

type ThreatKind = readonly [file: string, classification: string, source: "Static" | "Behavioral" | "Cloud" | "Engine"];

const KINDS: Readonly<Record<OsFamily, readonly ThreatKind[]>> = {
  windows: [
    ["invoice_9.exe", "Trojan", "Static"],
    ["update_helper.exe", "Malware", "Behavioral"],
    ["toolbar_setup.exe", "PUA", "Static"],
    ["payload.dll", "Ransomware", "Behavioral"],
    ["quote.docm", "Downloader", "Static"],
  ],
  macos: [
    ["Installer.dmg", "PUA", "Static"],
    ["com.helper.plist", "Malware", "Behavioral"],
    ["update.pkg", "Infostealer", "Cloud"],
  ],
  linux: [
    ["miner.bin", "Cryptominer", "Cloud"],
    ["run.sh", "Linux.Malware", "Engine"],
    ["kworkerds", "Backdoor", "Behavioral"],
  ],
};

export const VERDICTS = { undefined: "Undefined", true_positive: "True positive", false_positive: "False positive", suspicious: "Suspicious" } as const;
export const INCIDENTS = { unresolved: "Unresolved", in_progress: "In progress", resolved: "Resolved" } as const;
export const MITIGATIONS = { mitigated: "Mitigated", not_mitigated: "Not mitigated", marked_as_benign: "Marked as benign" } as const;

export interface ThreatState {
  readonly verdict: keyof typeof VERDICTS;
  readonly incident: keyof typeof INCIDENTS;
  readonly mitigation: keyof typeof MITIGATIONS;
}

export function threatState(world: World, index: number): ThreatState {
  const dice = diceFor(world, "threats", index);
  const verdict = dice.pick(3, ["undefined", "undefined", "undefined", "true_positive", "false_positive", "suspicious"] as const);
  const incident = dice.pick(4, ["unresolved", "unresolved", "in_progress", "resolved", "resolved"] as const);
  const mitigation = verdict === "false_positive" ? "marked_as_benign" : dice.pick(5, ["mitigated", "mitigated", "mitigated", "not_mitigated"] as const);
  return { verdict, incident, mitigation };
}

/** A threat is active on its agent while nothing has stopped it and nobody has closed it. */
export function isOpen(mitigation: unknown, incident: unknown): boolean {
  return mitigation === "not_mitigated" && incident !== "resolved";
}

export function threatCount(world: World): number {
  return world.sizes.agents === 0 ? 0 : world.sizes.threats;
}

/** The generated threats that are open, each with the index of its agent. */
export function* openThreats(world: World): Generator<readonly [threat: number, agent: number], void, undefined> {
  for (let index = 0; index < threatCount(world); index += 1) {
    const { mitigation, incident } = threatState(world, index);
    if (isOpen(mitigation, incident)) yield [index, agentIndexOf(world, "threats", index)];
  }
}

/** How many threats had been found by that time. */
export function threatsBy(world: World, time: number): number {
  return countBy(world, threatCount(world), DAYS.threats, time);
}

export interface ThreatFacts {
  readonly id: string;
  readonly file: string;
  readonly path: string;
  readonly classification: string;
  readonly source: ThreatKind[2];
  readonly confidence: "malicious" | "suspicious";
  readonly sha1: string;
}

/** What the index-th threat is, wherever it is told. */
export function threatFacts(world: World, index: number, agent: AgentFacts = agentOf(world, "threats", index)): ThreatFacts {
  const dice = diceFor(world, "threats", index);
  const [file, classification, source] = dice.pick(2, KINDS[agent.os]);
  const home = agent.os === "macos" ? "/Users" : "/home";
  return {
    id: idOf("threats", index),
    file,
    path: agent.os === "windows" ? `\\Device\\HarddiskVolume3\\Users\\${agent.user}\\Downloads\\${file}` : `${home}/${agent.user}/${file}`,
    classification,
    source,
    confidence: classification === "PUA" ? "suspicious" : "malicious",
    sha1: dice.hex(7, 40),
  };
}
