/**
 * Every activity type that the vendor's filter accepts, with a name of ours and what it means. Numbers whose meaning no public source tells
 * carry the name of the family they stand in (the vendor lists them by family), so that they are told from numbers nobody has seen.
 */

/** What an activity means, by one word in the table below. */
export const MEANINGS = [
  "login", "login-failed", "logout",
  "user-added", "user-changed", "user-deleted", "role-added", "role-changed", "role-deleted",
  "group-added", "group-changed", "group-deleted",
  "added", "changed", "deleted", "viewed",
  "threat", "threat-stopped", "threat-changed", "mitigated", "mitigation-failed", "mitigation-asked",
  "rule-alert", "alert-changed",
  "host", "host-changed", "host-on", "host-off", "installed", "uninstalled", "package",
  "device-allowed", "device-denied", "traffic-denied",
  "file-read", "shell", "shell-end", "script", "scan",
  "none",
] as const;
export type Meaning = (typeof MEANINGS)[number];

export interface ActivityType {
  readonly name: string;
  readonly meaning: Meaning;
  /** The name is that of the family alone. */
  readonly family: boolean;
}

/** `meaning: number name, number name, …`. */
const NAMED = `
login: 27 user-logged-in, 3624 two-factor-verified, 3628 two-factor-code-verified, 3629 recovery-code-used
login-failed: 133 user-login-failed, 134 unknown-user-login-failed, 139 unrestricted-session-failed, 3625 two-factor-verification-failed
logout: 33 user-logged-out
user-added: 23 user-added, 1023 sso-user-added, 140 service-user-added
user-changed: 24 user-changed, 37 user-changed, 1024 sso-user-changed, 141 service-user-changed, 67 user-two-factor-changed, 145 user-two-factor-enrolled, 146 user-two-factor-reset, 147 user-two-factor-configured, 3626 user-two-factor-email-changed, 110 api-token-generation-enabled, 111 api-token-generation-disabled, 112 api-token-generated, 113 api-token-revoked, 114 api-token-revoked, 3710 password-changed, 3711 password-reset, 3715 password-reset, 35 email-verification-sent, 36 email-verified, 3627 two-factor-code-sent
user-deleted: 25 user-deleted, 102 user-deleted, 103 user-deleted, 1025 sso-user-deleted, 142 service-user-deleted
role-added: 107 role-created
role-changed: 108 role-changed
role-deleted: 109 role-deleted
group-added: 5008 static-group-created
group-changed: 5002 dynamic-group-creation-started, 5003 dynamic-group-creation-finished, 5004 dynamic-group-update-started, 5005 dynamic-group-update-finished, 5007 group-changed, 5010 group-ranking-changed, 5011 group-policy-reverted, 5012 group-token-regenerated
group-deleted: 5006 group-deleted, 5013 group-deleted-with-site
added: 5020 site-created, 5026 site-duplicated, 5040 account-created, 1501 location-created, 1502 location-copied, 3001 hash-exclusion-added, 3002 hash-blocklisted, 3005 hash-exclusion-added-by-cloud, 3006 hash-blocklisted-by-cloud, 3008 path-exclusion-added, 3009 signer-exclusion-added, 3010 file-type-exclusion-added, 3011 browser-exclusion-added, 3100 package-added, 3522 deploy-credential-group-created, 3525 deploy-credential-created, 3600 custom-rule-created, 3611 uninstall-password-generated, 3633 marketplace-app-installed, 3650 tag-created, 3653 tag-attached, 4020 threat-note-added, 5120 device-rule-created, 5129 device-rule-copied, 5220 firewall-rule-created, 5231 firewall-rule-copied, 5234 network-quarantine-rule-created, 5241 network-quarantine-rule-copied, 5242 device-tag-created, 5250 firewall-tag-created, 5253 network-quarantine-tag-created, 3616 script-created
changed: 26 console-updated, 38 immune-settings-changed, 39 research-settings-changed, 40 cloud-intelligence-settings-changed, 41 learning-mode-settings-changed, 42 global-two-factor-changed, 44 auto-decommission-enabled, 45 auto-decommission-disabled, 46 auto-decommission-period-changed, 56 auto-mitigation-changed, 57 network-quarantine-settings-changed, 58 notification-settings-changed, 59 event-severity-changed, 60 recipients-changed, 68 engine-policy-changed, 69 mitigation-policy-changed, 70 suspicious-notification-changed, 73 new-agent-scan-changed, 76 anti-tampering-changed, 77 agent-interface-changed, 78 snapshot-settings-changed, 79 agent-logging-changed, 82 monitor-on-execute-changed, 83 monitor-on-write-changed, 84 deep-visibility-settings-changed, 87 remote-shell-settings-changed, 88 user-remote-shell-changed, 101 customer-identifier-changed, 105 deep-visibility-settings-changed, 116 policy-changed, 129 allowed-domains-changed, 130 early-access-joined, 131 early-access-left, 132 early-access-settings-changed, 200 file-upload-settings-changed, 201 file-upload-toggled, 1503 location-changed, 2100 upgrade-concurrency-changed, 2101 upgrade-concurrency-inheritance-changed, 2110 maintenance-window-changed, 2111 maintenance-window-inheritance-changed, 3012 path-exclusion-changed, 3013 signer-exclusion-changed, 3014 file-type-exclusion-changed, 3015 browser-exclusion-changed, 3101 package-changed, 3500 network-discovery-toggled, 3501 network-discovery-settings-changed, 3502 network-discovery-networks-changed, 3506 discovered-device-review-changed, 3507 discovered-device-tag-changed, 3523 deploy-credential-group-changed, 3527 deploy-credential-overridden, 3530 network-discovery-labels-changed, 3531 network-discovery-labels-reverted, 3532 deploy-trusted-hosts-changed, 3533 deploy-linux-enforcement-changed, 3534 deploy-wmi-session-changed, 3601 custom-rule-changed, 3603 custom-rule-status-changed, 3604 custom-rule-status-change-failed, 3605 custom-rule-expires-soon, 3606 custom-rule-expired, 3607 custom-rule-limit-reached, 3612 uninstall-password-regenerated, 3613 uninstall-password-revoked, 3623 script-changed, 3635 marketplace-app-disabled, 3636 marketplace-app-enabled, 3637 marketplace-app-changed, 3638 marketplace-app-disabled-by-error, 3639 marketplace-app-disabled-by-error, 3640 self-provisioning-changed, 3641 self-provisioning-defaults-changed, 3642 self-provisioning-site-features-changed, 3651 tag-changed, 4004 suspicious-activities-shown, 4005 suspicious-activities-hidden, 4006 remember-me-length-changed, 4012 inactivity-timeout-changed, 4021 threat-note-changed, 5000 directory-sync-started, 5001 directory-sync-finished, 5021 site-changed, 5023 site-expired, 5024 site-policy-reverted, 5025 site-marked-expired, 5027 site-token-regenerated, 5028 site-expired-with-account, 5041 account-changed, 5043 account-expired, 5044 account-policy-reverted, 5045 account-marked-expired, 5121 device-rule-changed, 5123 device-rules-reordered, 5124 device-control-settings-changed, 5127 device-rule-moved-from-scope, 5128 device-rule-moved-to-scope, 5221 firewall-rule-changed, 5225 firewall-settings-changed, 5226 firewall-rules-reordered, 5229 firewall-rule-moved-from-scope, 5230 firewall-rule-moved-to-scope, 5233 firewall-logging-requested, 5235 network-quarantine-rule-changed, 5237 network-quarantine-settings-changed, 5238 network-quarantine-rules-reordered, 5239 network-quarantine-rule-moved-from-scope, 5240 network-quarantine-rule-moved-to-scope, 5243 device-tag-changed, 5251 firewall-tag-changed, 5252 firewall-tag-deleted, 5254 network-quarantine-tag-changed, 5256 firewall-tag-attached-or-detached, 5257 firewall-tag-inherited, 5258 network-quarantine-tag-attached-or-detached, 5259 network-quarantine-tag-inherited
deleted: 204 scheduled-report-removed, 1504 location-deleted, 3016 path-exclusion-deleted, 3017 signer-exclusion-deleted, 3018 file-type-exclusion-deleted, 3019 browser-exclusion-deleted, 3020 hash-removed-from-blocklist, 3021 hash-exclusion-deleted, 3022 hash-exclusion-deleted-by-cloud, 3023 hash-removed-from-blocklist-by-cloud, 3102 package-deleted, 3103 package-deleted-by-system, 3524 deploy-credential-group-deleted, 3526 deploy-credential-deleted, 3602 custom-rule-deleted, 3622 script-deleted, 3634 marketplace-app-deleted, 3652 tag-deleted, 3654 tag-detached, 3655 tag-detached-by-deletion, 3656 tag-detached-by-scope-change, 4022 threat-note-deleted, 5022 site-deleted, 5029 site-deleted-with-account, 5042 account-deleted, 5122 device-rule-deleted, 5222 firewall-rule-deleted, 5236 network-quarantine-rule-deleted, 5244 device-tag-deleted, 5255 network-quarantine-tag-deleted
viewed: 64 passphrase-viewed, 3520 deploy-passphrase-viewed, 3610 uninstall-password-viewed
threat: 19 malicious-threat-detected, 4003 suspicious-threat-detected, 4108 malicious-threat-detected-by-cloud, 4109 suspicious-threat-detected-by-cloud, 4110 malicious-threat-detected-by-intelligence, 4113 suspicious-threat-detected-by-intelligence, 4111 threat-marked-by-watchtower, 4112 suspicious-threat-marked-by-watchtower, 4106 event-marked-malicious-by-rule, 4107 event-marked-suspicious-by-rule
threat-stopped: 18 threat-mitigated, 20 threat-blocked
threat-changed: 2 hash-marked-malicious-by-cloud, 21 threat-resolved, 22 threat-marked-benign, 28 threat-resolved-by-cloud, 29 threat-unresolved-by-cloud, 34 threat-unresolved, 221 threat-resolved-automatically, 2016 application-marked-as-threat, 2028 threat-incident-status-changed, 2029 threat-ticket-changed, 2030 threat-verdict-changed, 2036 threat-confidence-changed-by-agent, 2037 threat-confidence-changed-by-cloud, 4001 suspicious-threat-marked-as-threat, 4002 suspicious-threat-resolved, 4007 suspicious-threat-marked-benign, 4008 threat-mitigation-status-changed, 4009 process-marked-as-threat, 4011 suspicious-threat-unresolved, 4100 event-marked-as-threat, 4101 event-marked-as-suspicious, 4102 event-marking-as-threat-failed, 4103 event-marking-as-suspicious-failed, 4104 event-marked-malicious-by-response, 4105 event-marked-suspicious-by-response
mitigated: 2001 threat-killed, 2002 threat-remediated, 2003 threat-rolled-back, 2004 threat-quarantined, 2005 network-quarantine-succeeded, 2026 threat-unquarantined, 2021 threat-killed-by-policy, 2022 threat-remediated-by-policy, 2023 threat-rolled-back-by-policy, 2024 threat-quarantined-by-policy, 2025 agent-disconnected-by-policy
mitigation-failed: 2006 threat-kill-failed, 2007 threat-remediation-failed, 2008 threat-rollback-failed, 2009 threat-quarantine-failed, 2010 network-quarantine-failed, 2027 threat-unquarantine-failed
mitigation-asked: 2011 threat-kill-requested, 2012 threat-remediation-requested, 2013 threat-rollback-requested, 2014 threat-quarantine-requested, 2015 threat-unquarantine-requested, 2031 threat-kill-pending-reboot, 2032 threat-remediation-pending-reboot, 2033 threat-rollback-pending-reboot, 2034 threat-quarantine-pending-reboot, 2035 threat-unquarantine-pending-reboot
rule-alert: 3608 custom-rule-alert, 3784 platform-rule-alert
alert-changed: 16000 alert-created, 16001 alert-status-changed, 16002 alert-verdict-changed, 16003 alert-severity-changed, 16004 alert-assignee-changed, 16005 alert-mitigation-action, 16007 alert-note-added
host: 65 agent-logs-requested, 66 agent-logs-uploaded, 89 agent-uuid-randomized, 93 agent-local-configuration-reset, 94 agent-moved-to-site, 95 agent-moved-to-group, 96 agent-moved-from-site, 97 agent-move-to-console-requested, 98 agent-not-moved-to-console, 99 agent-moved-to-console, 10000 agent-move-to-console-failed, 5009 agent-moved-to-group, 15 agent-marked-up-to-date, 121 remote-profiling-started, 122 remote-profiling-stopped, 123 remote-profiling-enabled, 124 remote-profiling-disabled, 5227 firewall-rules-requested, 5228 firewall-rules-uploaded, 3503 network-inventory-completed, 3505 devices-discovered, 3521 deploy-initiated, 3630 content-update-sent, 3631 content-update-merged, 3632 content-update-not-merged
host-changed: 61 agent-disconnected-from-network, 62 agent-reconnected-to-network, 1001 agent-disconnected-from-network, 1002 agent-reconnected-to-network, 117 agent-disabled, 118 agent-enabled, 119 agent-disabled, 120 agent-enabled, 125 agent-disabling-failed, 126 agent-disabled, 127 agent-disabled, 128 agent-disabled-by-database-corruption, 47 agent-decommissioned, 48 agent-recommissioned, 54 agent-decommissioned, 55 agent-recommissioned
host-on: 74 machine-restarted
host-off: 63 machine-shut-down
installed: 17 agent-subscribed
uninstalled: 31 agent-uninstalled, 50 agent-uninstall-requested, 51 agent-uninstalled, 49 agent-uninstall-asked-for, 52 agent-uninstall-approved, 53 agent-uninstall-rejected
package: 5 agent-update-downloaded, 16 agent-updated, 43 agent-updated
device-allowed: 5126 device-connected
device-denied: 5125 device-blocked
traffic-denied: 5232 traffic-blocked
file-read: 80 files-uploaded, 81 files-requested, 85 threat-file-requested, 86 threat-file-uploaded, 203 file-downloaded
shell: 3200 remote-shell-started, 3201 remote-shell-created, 3202 remote-shell-failed, 3400 remote-shell-history-uploaded
shell-end: 3203 remote-shell-ended, 3204 remote-shell-ended-by-user
script: 3618 script-run
scan: 71 scan-requested, 72 scan-aborted, 90 scan-started, 91 scan-aborted, 92 scan-completed, 3614 on-demand-scan-started, 3615 on-demand-scan-aborted, 3617 on-demand-scan-completed, 3620 benchmark-scan-started, 3621 benchmark-scan-completed
`;

/** `meaning family: numbers and ranges`. */
const FAMILIES = `
package agent-update: 6-8 160-163
host agent-state: 135-137 149
host agent-command: 106 152
user-changed user-two-factor: 148 159
changed exclusion: 3003-3004 3007 3031-3034 3050-3053
threat-changed threat: 30 32 1100-1105 4010
mitigated threat-mitigation-succeeded: 2038 2040
mitigation-failed threat-mitigation-failed: 2039 2041
mitigation-asked threat-mitigation-pending-reboot: 2042-2043
mitigation-asked threat-mitigation-requested: 2017-2018
login-failed user-login: 144
user-changed api-token: 138 143
changed console-settings: 75 104 115 154-155 300-306 701-703 3701-3702 3714 3712 3720-3721 3730 4013
user-changed service-user: 153
changed site: 5030
changed account: 5046
package agent-content-update: 150-151 156-158
changed agent-upgrade: 3660-3670 3750-3756 3758 3767-3775
changed detection-rule: 3757 3776-3783 3785-3788 3801-3806
none mobile: 6000-6002 6010-6013 6030-6032 6050-6055 6999
none cloud-account: 7100-7101 7200-7215 7256 7300-7302
none platform: 7500-7507 7600-7604 7700-7702 7800-7803 7830-7841 7853-7863 7870-7872 7880-7882 7900-7903
none remote-ops: 8001-8002 9001-9002 9100-9104 9106-9113 9200-9214
none console: 11001-11003 12001-12009 13000 13010-13011 13020-13031 13041-13047 14000-14002 15000-15004 17000-17001 18000-18002 19000 20000-20009 21000-21005 22000-22006 22051-22054 22071-22073
alert-changed unified-alert: 16006
`;

export const ACTIVITY_TYPES: ReadonlyMap<number, ActivityType> = table();

function table(): ReadonlyMap<number, ActivityType> {
  const types = new Map<number, ActivityType>();
  for (const line of FAMILIES.trim().split("\n")) {
    const [head = "", numbers = ""] = line.split(": ");
    const [meaning, name = ""] = head.split(" ");
    for (const range of numbers.split(" ")) {
      const [from = 0, to = from] = range.split("-").map(Number);
      for (let number = from; number <= to; number += 1) types.set(number, { name: `${name}-activity`, meaning: meaningOf(meaning), family: true });
    }
  }
  for (const line of NAMED.trim().split("\n")) {
    const [meaning, entries = ""] = line.split(": ");
    for (const entry of entries.split(", ")) {
      const [number, name = ""] = entry.split(" ");
      types.set(Number(number), { name, meaning: meaningOf(meaning), family: false });
    }
  }
  return types;
}

function meaningOf(word: string | undefined): Meaning {
  const found = MEANINGS.find((meaning) => meaning === word);
  if (found === undefined) throw new Error(`No meaning: ${word ?? ""}`);
  return found;
}
