/**
 * Every input a rule may ask about: which field of the agent it reads, what that field means (its name often says something else), and
 * what the user of the device is told.
 */
import { choice, count, flag, level, list, place, recency, tags, version, type Input } from "./comparers.ts";
import { INPUT_IDS, SEVERITIES, type InputId } from "./model.ts";

export const NETWORK_STATUSES = ["connected", "disconnected", "disconnecting", "connecting"] as const;
export const OPERATIONAL_STATES = ["na", "partially_disabled", "auto_fully_disabled", "fully_disabled", "auto_partially_disabled", "disabled_error", "db_corruption"] as const;

export const INPUTS: Readonly<Record<InputId, Input>> = {
  infected: flag((facts) => facts.infected, {
    field: "infected",
    subject: "whether this device has unresolved threats",
    meaning: "True when the agent has at least one threat that is not resolved: the same truth as `active_threats >= 1`.",
    advice: "SentinelOne has found a threat on this device that is not resolved. Leave the device switched on and tell your IT team.",
  }),
  active_threats: count((facts) => facts.activeThreats, {
    field: "activeThreats",
    subject: "how many unresolved threats this device has",
    meaning: "Number of threats that are not resolved. `>= 0` is met by every device that reports a number.",
    advice: "SentinelOne has found threats on this device that are not resolved. Leave the device switched on and tell your IT team.",
  }),
  is_active: flag((facts) => facts.isActive, {
    field: "isActive",
    subject: "whether this device is connected to its console",
    meaning: "The agent is connected to its console now. It says nothing about protection being on, and turns false whenever the device sleeps; `last_seen` is steadier.",
    advice: "This device has lost touch with SentinelOne. Connect it to the internet, wait a few minutes and try again.",
  }),
  network_status: choice((facts) => facts.networkStatus, NETWORK_STATUSES, {
    field: "networkStatus",
    subject: "whether this device is isolated from the network",
    meaning: "Network isolation, not reachability: `disconnected` is a device somebody isolated from the console, `disconnecting` and `connecting` are the ways there and back, `connected` is one that is not isolated (asleep or offline all the same).",
    advice: "This device has been isolated from the network by your security team. Get in touch with them.",
  }),
  operational_state: choice((facts) => facts.operationalState, OPERATIONAL_STATES, {
    field: "operationalState",
    subject: "whether its agent is working",
    meaning: "What is wrong with the agent. `na` is the healthy value: nothing is disabled. It does not mean unknown.",
    advice: "The SentinelOne agent on this device is switched off or broken. Restart the device; if that does not help, ask your IT team to repair the agent.",
  }),
  last_seen: recency((facts) => facts.lastActive, {
    field: "lastActiveDate",
    subject: "when this device last reported",
    meaning: "The agent's last heartbeat lies no further back than the value. It is the agent's own time, not the age of our evidence.",
    advice: "This device has not reported to SentinelOne for too long. Connect it to the internet, wait a few minutes and try again.",
  }),
  agent_version: version((facts) => facts.agentVersion, {
    field: "agentVersion",
    subject: "which version its agent has",
    meaning: "The agent's version, compared number by number (25.1.10 is above 25.1.9). Platforms count differently: use `match`.",
    advice: "The SentinelOne agent on this device does not have the version that is asked for. Let it update and restart the device.",
  }),
  up_to_date: flag((facts) => facts.upToDate, {
    field: "isUpToDate",
    subject: "whether its agent is up to date",
    meaning: "The console holds the agent's version for current. It says nothing about the operating system.",
    advice: "The SentinelOne agent on this device is not up to date. Let it update and restart the device.",
  }),
  disk_encrypted: flag((facts) => facts.diskEncrypted, {
    field: "encryptedApplications",
    subject: "whether the disk of this device is encrypted",
    meaning: "SentinelOne's flag for disk encryption (its name speaks of applications).",
    advice: "The disk of this device is not encrypted. Switch on BitLocker or FileVault, or ask your IT team.",
  }),
  firewall: flag((facts) => facts.firewall, {
    field: "firewallEnabled",
    subject: "whether its group has firewall control",
    meaning: "The agent supports SentinelOne's firewall control and it is on for the agent's group. It does not mean that the operating system's firewall is up.",
    advice: "SentinelOne's firewall control is not on for this device. Ask your IT team.",
  }),
  decommissioned: flag((facts) => facts.decommissioned, {
    field: "isDecommissioned",
    subject: "whether this device was decommissioned",
    meaning: "The agent was taken out of service in the console, by hand or after a long silence.",
    advice: "This device was taken out of service in SentinelOne. Connect it to the internet or ask your IT team to take it back.",
  }),
  uninstalled: flag((facts) => facts.uninstalled, {
    field: "isUninstalled",
    subject: "whether the agent was removed from this device",
    meaning: "The agent was removed from the device.",
    advice: "The SentinelOne agent was removed from this device. Ask your IT team to install it again.",
  }),
  reboot_pending: flag((facts) => facts.rebootPending, {
    field: "threatRebootRequired, userActionsNeeded",
    subject: "whether this device has to be restarted",
    meaning: "A threat's clean-up waits for a restart, or the agent asks for one (`reboot_needed`, `reboot_required`).",
    advice: "This device has to be restarted. Restart it and try again in a few minutes.",
  }),
  mitigation_mode: choice((facts) => facts.mitigationMode, ["protect", "detect"], {
    field: "mitigationMode",
    subject: "what its policy does about threats",
    meaning: "What the policy does about malicious threats: `protect` acts, `detect` only tells (a detect-only device).",
    advice: "The SentinelOne policy of this device only watches and does not protect it. Ask your IT team.",
  }),
  missing_permissions: list((facts) => facts.missingPermissions, {
    field: "missingPermissions",
    subject: "which permissions its agent lacks",
    meaning: "Permissions the agent lacks on macOS, full disk access among them (`user_action_needed_fda`). Elsewhere it is empty or absent: use `match`.",
    advice: "The SentinelOne agent lacks permissions on this device. Open the system settings, Privacy & Security, and give it full disk access.",
  }),
  user_actions_needed: list((facts) => facts.userActionsNeeded, {
    field: "userActionsNeeded",
    subject: "what its agent asks its user to do",
    meaning: "What the agent wants done, such as `reboot_needed`, `upgrade_needed`, `incompatible_os`; the vendor's `none` counts as nothing.",
    advice: "The SentinelOne agent on this device needs something done: open it and follow what it says, or ask your IT team.",
  }),
  site: place((facts) => facts.siteId, (facts) => facts.siteName, {
    field: "siteId, siteName",
    subject: "which site this device belongs to",
    meaning: "The agent's site, by id (stays when the site is renamed) or exact name.",
    advice: "This device is not managed where it has to be. Ask your IT team.",
  }),
  group: place((facts) => facts.groupId, (facts) => facts.groupName, {
    field: "groupId, groupName",
    subject: "which group this device belongs to",
    meaning: "The agent's group, by id (stays when the group is renamed) or exact name.",
    advice: "This device is not managed where it has to be. Ask your IT team.",
  }),
  tag: tags({
    field: "tags.sentinelone",
    subject: "which tags this device has",
    meaning: "The agent's tags: `key:value` asks for that pair, `key` alone for any value of it.",
    advice: "This device is not marked for this access. Ask your IT team.",
  }),
  worst_open_cve: level((facts) => facts.worstOpenCve, SEVERITIES, {
    field: "(open findings)",
    subject: "how bad the open weaknesses of this device are",
    meaning: "Severity of the worst open CVE, `none` below `low` … `critical`. Absent, so never met, where nobody looked at the device, its last scan is too old, or an unrated one may be worse.",
    advice: "Software on this device has known weaknesses. Install its updates and restart the device.",
  }),
  known_exploited: flag((facts) => facts.knownExploited, {
    field: "(open findings)",
    subject: "whether open weaknesses of this device are being exploited",
    meaning: "An open CVE of the device is known to be exploited, by SentinelOne or by the catalogue that was loaded. Absent, so never met, where nobody looked at the device or neither has said anything.",
    advice: "Software on this device has weaknesses that attackers use. Install its updates at once and restart the device.",
  }),
};

const IDS: ReadonlySet<string> = new Set(INPUT_IDS);

export function isInputId(text: string): text is InputId {
  return IDS.has(text);
}
