/**
 * Activity types: every number the vendor's filter accepts, names of those whose meaning is known, and the kinds a generated log is made of.
 * `{user}`, `{host}`, `{ip}`, `{file}`, `{other}`, `{service}` and `{role}` in a text are filled in. Sources: facts on activities (section 7), the vendor's spec for the numbers.
 */
import type { ApiRecord } from "../record.ts";

const RANGES =
  "2 5-8 15-99 101-163 200-201 203-204 221 300-306 701-703 1001-1002 1023-1025 1100-1105 1501-1504 2001-2018 2021-2043 2100-2101 2110-2111 3001-3023 3031-3034 3050-3053 3100-3103 3200-3204 3400 3500-3503 3505-3507 3520-3527 3530-3534 3600-3608 3610-3618 3620-3642 3650-3656 3660-3670 3701-3702 3710-3712 3714-3715 3720-3721 3730 3750-3758 3767-3788 3801-3806 4001-4013 4020-4022 4100-4113 5000-5013 5020-5030 5040-5046 5120-5129 5220-5222 5225-5244 5250-5259 6000-6002 6010-6013 6030-6032 6050-6055 6999 7100-7101 7200-7215 7256 7300-7302 7500-7507 7600-7604 7700-7702 7800-7803 7830-7841 7853-7863 7870-7872 7880-7882 7900-7903 8001-8002 9001-9002 9100-9104 9106-9113 9200-9214 10000 11001-11003 12001-12009 13000 13010-13011 13020-13031 13041-13047 14000-14002 15000-15004 16000-16007 17000-17001 18000-18002 19000 20000-20009 21000-21005 22000-22006 22051-22054 22071-22073";

export const ACTIVITY_TYPES: readonly number[] = RANGES.split(" ").flatMap((range) => {
  const [from = 0, to = from] = range.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
});

/** What an activity is about: a person, a machine, a threat, a unified alert, a rule's alert. */
export type Subject = "user" | "agent" | "threat" | "alert" | "rule";

export interface ActivityKind {
  readonly type: number;
  readonly about: Subject;
  readonly action: string;
  readonly text: string;
  /** How often it happens, against the others. */
  readonly weight: number;
}

function kind(weight: number, type: number, about: Subject, action: string, text: string): ActivityKind {
  return { weight, type, about, action, text };
}

export const ACTIVITY_KINDS: readonly ActivityKind[] = [
  kind(24, 27, "user", "User Logged In", "The management user {user} logged in to the management console with IP Address {ip}."),
  kind(12, 33, "user", "User Logged Out", "The management user {user} logged out of the management console."),
  kind(8, 133, "user", "Existing User Login Failure", "The management user {user} failed to log in to the management console."),
  kind(2, 134, "user", "Unknown User Login", "An unknown user failed to log in to the management console from IP Address {ip}."),
  kind(1, 23, "user", "User Added", "The management user {user} added the user {other}."),
  kind(2, 24, "user", "User Modified", "The management user {user} modified the user {other}."),
  kind(1, 25, "user", "User Deleted", "The management user {user} deleted the user {other}."),
  kind(1, 67, "user", "User 2FA Modified", "The management user {user} changed two-factor authentication of {other}."),
  kind(1, 145, "user", "User Enrolled 2FA", "The management user {user} enrolled in two-factor authentication."),
  kind(1, 146, "user", "User Reset 2FA", "The management user {user} reset two-factor authentication."),
  kind(1, 107, "user", "Role Created", "The management user {user} created the role {role}."),
  kind(1, 108, "user", "Role Edited", "The management user {user} edited the role {role}."),
  kind(1, 110, "user", "API Token Generation Enabled", "The management user {user} allowed {other} to generate API tokens."),
  kind(1, 111, "user", "API Token Generation Disabled", "The management user {user} no longer allows {other} to generate API tokens."),
  kind(3, 112, "user", "API Token Generated", "The management user {user} generated an API token."),
  kind(1, 113, "user", "API Token Revoked", "The management user {user} revoked an API token."),
  kind(2, 140, "user", "Service User Created", "The management user {user} added the service user {service}."),
  kind(1, 141, "user", "Service User Modified", "The management user {user} modified the service user {service}."),
  kind(1, 142, "user", "Service User Deleted", "The management user {user} deleted the service user {service}."),
  kind(1, 3710, "user", "Password Changed", "The management user {user} changed the password."),
  kind(6, 19, "threat", "New Malicious Threat Not Mitigated", "Threat {file} not mitigated on {host}."),
  kind(8, 18, "threat", "New Threat Mitigated", "Threat {file} mitigated on {host}."),
  kind(2, 20, "threat", "Threat Preemptively Blocked", "Threat {file} preemptively blocked on {host}."),
  kind(2, 4003, "threat", "New Suspicious Threat", "Suspicious threat {file} detected on {host}."),
  kind(3, 2001, "threat", "Kill Succeeded", "Kill of {file} on {host} succeeded."),
  kind(3, 2004, "threat", "Quarantine Succeeded", "Quarantine of {file} on {host} succeeded."),
  kind(5, 2028, "threat", "Incident Status Changed", "{user} changed the incident status of {file} on {host}."),
  kind(4, 2030, "threat", "Analyst Verdict Changed", "{user} changed the analyst verdict of {file} on {host}."),
  kind(3, 4008, "threat", "Mitigation Status Changed", "The mitigation status of {file} on {host} changed."),
  kind(1, 86, "threat", "Threat File Fetched", "{user} fetched {file} from {host}."),
  kind(3, 61, "agent", "Agent Disconnected From Network", "{user} disconnected {host} from the network."),
  kind(3, 62, "agent", "Agent Reconnected To Network", "{user} reconnected {host} to the network."),
  kind(1, 47, "agent", "Agent Decommissioned Automatically", "{host} was decommissioned automatically."),
  kind(1, 63, "agent", "Agent Shutdown", "{user} shut down {host}."),
  kind(1, 117, "agent", "Agent Disabled", "{user} disabled the agent of {host}."),
  kind(1, 118, "agent", "Agent Enabled", "{user} enabled the agent of {host}."),
  kind(6, 71, "agent", "Scan Initiated", "A full disk scan was initiated on {host}."),
  kind(6, 90, "agent", "Scan Started", "{host} started a full disk scan."),
  kind(2, 95, "agent", "Agent Moved To Group", "{user} moved {host} to another group."),
  kind(2, 5009, "agent", "Agent Moved To Dynamic Group", "{host} moved to a dynamic group."),
  kind(1, 88, "agent", "Remote Shell Session", "{user} opened a remote shell on {host}."),
  kind(5, 5126, "agent", "Device Connected", "A USB device was connected to {host}."),
  kind(2, 5232, "agent", "Firewall Blocked Traffic", "Firewall control blocked traffic on {host}."),
  kind(3, 3608, "rule", "Custom Rule Alert", "Alert created for Encoded PowerShell on {host}."),
  kind(1, 3784, "rule", "Platform Rule Alert", "Alert created for New local administrator on {host}."),
  kind(7, 16000, "alert", "Alert Created", "An alert was created for {host}."),
  kind(5, 16001, "alert", "Alert Status Changed", "{user} changed the status of an alert for {host}."),
  kind(3, 16002, "alert", "Alert Verdict Changed", "{user} changed the verdict of an alert for {host}."),
  kind(1, 16003, "alert", "Alert Severity Changed", "{user} changed the severity of an alert for {host}."),
  kind(2, 16004, "alert", "Alert Assignee Changed", "{user} assigned an alert for {host}."),
  kind(1, 16005, "alert", "Alert Mitigation Action", "{user} took a mitigation action on an alert for {host}."),
  kind(2, 16007, "alert", "Alert Note Added", "{user} added a note to an alert for {host}."),
];

/** Known by meaning, but no part of the generated log. */
const OTHER_NAMES: Readonly<Record<number, string>> = {
  2: "Hash Marked Malicious By Cloud",
  37: "User Modified",
  42: "Global 2FA Modified",
  91: "Scan Aborted",
  92: "Scan Completed",
  102: "User Deleted",
  109: "Role Deleted",
  114: "API Token Revoked",
  120: "Agent Enable Expired",
  128: "Agent Limited By Database Corruption",
  139: "User Failed Unrestricted Session",
  147: "User Configured 2FA",
  1023: "SSO User Added",
  2029: "Ticket Id Changed",
  2036: "Threat Confidence Level Changed",
  2037: "Threat Confidence Level Changed",
  4001: "Threat Marked As Suspicious",
  4002: "Suspicious Threat Resolved",
  4106: "Marked Malicious By Active Response",
  4107: "Marked Suspicious By Active Response",
  4108: "New Malicious Threat By Cloud",
  4109: "New Suspicious Threat By Cloud",
  4110: "Marked Malicious By Threat Intelligence",
  4111: "Marked As Threat By WatchTower",
  4112: "Marked Suspicious By WatchTower",
  4113: "Marked Suspicious By Threat Intelligence",
};

/** Each kind as often as it weighs. */
export const WEIGHTED_KINDS: readonly ActivityKind[] = ACTIVITY_KINDS.flatMap((one) => Array.from({ length: one.weight }, () => one));

const KNOWN = new Map(ACTIVITY_KINDS.map((one) => [one.type, one]));

/** The answer of `GET /activities/types`. */
export function activityTypes(): readonly ApiRecord[] {
  return ACTIVITY_TYPES.map((id) => {
    const known = KNOWN.get(id);
    return { id, action: known?.action ?? OTHER_NAMES[id] ?? `Activity ${String(id)}`, descriptionTemplate: known?.text ?? `Activity of type ${String(id)}.` };
  });
}
