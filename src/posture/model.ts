/**
 * The nouns of device posture: what the rules see of one agent, a rule as data, and what comes out when one meets the other. Null in a
 * device's facts means that the console did not say; no condition is ever met by it.
 */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";

/** Cloudflare's names for what a device runs on. */
export const PLATFORMS = ["windows", "mac", "linux", "ios", "android", "chromeos"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** By what an asker may name a device, the strongest first. */
export const IDENTIFIERS = ["serial", "mac", "hostname", "email"] as const;
export type Identifier = (typeof IDENTIFIERS)[number];

export const SEVERITIES = ["none", "low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface DeviceTag {
  readonly key: string;
  readonly value: string;
}

/** What is known of the device's open weaknesses; comes from the vulnerabilities capability, not from the agent's record. */
export interface Exposure {
  /** Severity of the worst open CVE, `none` where the device was looked at and has none. */
  readonly worstOpenCve: Severity | null;
  /** Whether any open CVE is known to be exploited. */
  readonly knownExploited: boolean | null;
}

export interface DeviceFacts extends Exposure {
  readonly connection: ConnectionId;
  /** SentinelOne's agent id. */
  readonly id: string;
  readonly tenant: TenantId;
  readonly siteId: string | null;
  readonly siteName: string | null;
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly tags: readonly DeviceTag[] | null;
  /** As the agent gave it. */
  readonly serial: string | null;
  /** Folded for comparing; null when absent or a placeholder. */
  readonly serialKey: string | null;
  /** `02:11:22:33:44:55`, lower case; none that many machines share by design. */
  readonly macs: readonly string[];
  /** As the agent gave it; `foldHostname` makes it comparable. */
  readonly hostname: string | null;
  readonly domain: string | null;
  /** Lower case, from the directory: mail and user principal name of the last user. */
  readonly emails: readonly string[];
  readonly userName: string | null;
  readonly platform: Platform | null;
  readonly osName: string | null;
  readonly osVersion: string | null;
  readonly model: string | null;
  readonly agentVersion: string | null;
  readonly infected: boolean | null;
  readonly activeThreats: number | null;
  readonly isActive: boolean | null;
  readonly networkStatus: string | null;
  readonly operationalState: string | null;
  /** The agent's last heartbeat, RFC 3339; never the time of our evidence. */
  readonly lastActive: string | null;
  readonly upToDate: boolean | null;
  readonly diskEncrypted: boolean | null;
  readonly firewall: boolean | null;
  readonly decommissioned: boolean | null;
  readonly uninstalled: boolean | null;
  readonly rebootPending: boolean | null;
  readonly mitigationMode: string | null;
  readonly missingPermissions: readonly string[] | null;
  readonly userActionsNeeded: readonly string[] | null;
}

/** Cloudflare's five, whose names are its own, and what else an agent's record holds. */
export const INPUT_IDS = [
  "infected",
  "active_threats",
  "is_active",
  "network_status",
  "operational_state",
  "last_seen",
  "agent_version",
  "up_to_date",
  "disk_encrypted",
  "firewall",
  "decommissioned",
  "uninstalled",
  "reboot_pending",
  "mitigation_mode",
  "missing_permissions",
  "user_actions_needed",
  "site",
  "group",
  "tag",
  "worst_open_cve",
  "known_exploited",
] as const;
export type InputId = (typeof INPUT_IDS)[number];

export const COMPARISONS = ["<", "<=", ">", ">=", "=="] as const;
export type Comparison = (typeof COMPARISONS)[number];
/** `in`: one of a list. `within`: not longer ago than. `empty`, `includes`: of a list the agent reports. */
export type Operator = Comparison | "in" | "within" | "empty" | "includes";

export type LeafValue = string | number | boolean | readonly string[];

export interface Leaf {
  readonly input: InputId;
  readonly operator: Operator;
  readonly value: LeafValue;
  /** What the user is told when this is what fails; else the rule's text for the input, else ours. */
  readonly message?: string;
}

export type Condition = Leaf | { readonly all: readonly Condition[] } | { readonly any: readonly Condition[] } | { readonly not: Condition };

/** What holds while nothing can be said: refuse, let pass, or go by the last verdict that was proven no longer than `forMs` ago. */
export type FailMode = { readonly kind: "closed" } | { readonly kind: "open" } | { readonly kind: "last-known"; readonly forMs: number };

/** What Cloudflare's object says besides the rule itself; kept so that the rule can be told to be the same one. */
export interface CloudflareSource {
  readonly id: string | null;
  readonly accountId: string | null;
  readonly connectionId: string | null;
  /** Of checks that the client runs itself; means nothing for this kind. */
  readonly schedule: string | null;
}

/** A rule as somebody wrote it. */
export interface RuleDraft {
  /** Ours; null in a rule that has none yet. A Cloudflare object's is in `source`. */
  readonly id: string | null;
  readonly name: string;
  readonly description: string;
  /** Evaluated and logged, never enforced. */
  readonly shadow: boolean;
  /** Empty: every platform. */
  readonly match: readonly Platform[];
  /** Older evidence is no evidence; null: twice the polling interval of the device's connection. */
  readonly expirationMs: number | null;
  readonly failMode: FailMode;
  /** A fail is a warning (score 60), not a refusal. */
  readonly warnOnly: boolean;
  /** In order of strength, whatever the order written. */
  readonly matchBy: readonly Identifier[];
  readonly condition: Condition;
  readonly messages: Readonly<Partial<Record<InputId, string>>>;
  readonly source: CloudflareSource | null;
}

export interface Rule extends RuleDraft {
  readonly id: string;
  /** Null: for all tenants. */
  readonly tenant: TenantId | null;
  /** Rises with every change. */
  readonly version: number;
}

/** `not-applicable`: the rule is for other platforms; neither for nor against the device. */
export type Outcome = "pass" | "fail" | "unknown" | "not-applicable";

export type Received = string | number | boolean | readonly string[] | null;

/** One leaf of the rule, answered. */
export interface LeafResult {
  readonly input: InputId;
  readonly operator: Operator;
  /** It stands under an odd number of `not`: the rule wants the comparison to be false. */
  readonly negated: boolean;
  readonly expected: LeafValue;
  readonly received: Received;
  /** Whether the device does what the rule wants here, `negated` taken into account; null where the value is absent. */
  readonly met: boolean | null;
  /** For the user; null where the leaf is met or another branch makes up for it. */
  readonly message: string | null;
}

export interface Evaluation {
  readonly outcome: Outcome;
  /** What decided: the conditions, evidence older than the rule allows (or dated ahead of us), or the device's platform. */
  readonly reason: "conditions" | "stale-evidence" | "other-platform" | "platform-not-known";
  /** Leaf by leaf in the rule's order; empty for another platform. */
  readonly conditions: readonly LeafResult[];
}
