/**
 * Which class of OCSF an activity of the console is, and which activity of it: by what its number means, by the words of the number's name,
 * and, for numbers nobody knows, by the words of its description.
 */
import type { ActivityType } from "../activity-types.ts";

export type Handler = "account" | "authentication" | "entity" | "finding" | "lifecycle" | "network" | "peripheral" | "power" | "remediation" | "scan";

export interface ActivityRule {
  readonly handler: Handler;
  /** A number of the class's own list; 99 where it has none for it. */
  readonly activity: number;
  /** 1 succeeded, 2 failed; undefined where the activity is only asked for or tells nothing of it. */
  readonly outcome?: number;
  /** What kind of thing an entity is; what is done to a threat; that a second factor was switched either way. */
  readonly of?: string;
}

export const OTHER = 99;
const OK = 1;
const FAILED = 2;

const CREATE = 1;
const READ = 2;
const UPDATE = 3;
const DELETE = 4;
const MOVE = 5;
const ENROLL = 6;
const UNENROLL = 7;
const ENABLE = 8;
const DISABLE = 9;
const ACTIVATE = 10;
const DEACTIVATE = 11;

const ISOLATE = 1;
const EVICT = 2;
const RESTORE = 3;

function rule(handler: Handler, activity: number, outcome?: number, of?: string): ActivityRule {
  return { handler, activity, ...(outcome === undefined ? {} : { outcome }), ...(of === undefined ? {} : { of }) };
}

/** Words of a name that say what was done to an entity; the words before them say what it is. The first that is there decides. */
const VERBS: readonly (readonly [words: RegExp, activity: number])[] = [
  [/-(?:attached|detached|inherited)\b/, UPDATE],
  [/-moved\b|-move-/, MOVE],
  [/-(?:expired|limit-reached|marked-expired)\b/, DEACTIVATE],
  [/-(?:deleted|removed|revoked)\b/, DELETE],
  [/-(?:created|added|copied|duplicated|generated|installed|blocklisted|marked-malicious)\b/, CREATE],
  [/-disabled\b/, DISABLE],
  [/-enabled\b/, ENABLE],
  [/-(?:viewed|requested|uploaded|downloaded|discovered|completed|asked-for)\b/, READ],
  [/-(?:started|run|initiated)\b/, ACTIVATE],
  [/-(?:stopped|ended)\b/, DEACTIVATE],
];
const VERB = /-(?:changed|moved|move|not|expired|expires|limit|marked|deleted|removed|revoked|created|added|copied|duplicated|generated|regenerated|installed|blocklisted|disabled|enabled|viewed|requested|uploaded|downloaded|discovered|completed|asked|started|finished|stopped|ended|run|initiated|toggled|reordered|reverted|updated|shown|hidden|creation|update|inherited|attached|detached|overridden|joined|left|reset|randomized|status|activity|by|from|to)\b.*$/;

/** `firewall-rule-created` → Firewall Rule. */
function thingOf(name: string): string {
  if (name.includes("blocklist")) return "Blocklist Entry";
  const words = name.replace(VERB, "").split("-");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ");
}

function entityOf(name: string, usual: number, thing = thingOf(name)): ActivityRule {
  const verb = VERBS.find(([words]) => words.test(name))?.[1] ?? usual;
  return rule("entity", verb, /-(?:failed|not-moved|error)/.test(name) ? FAILED : OK, thing);
}

const ACCOUNT_CHANGES: readonly (readonly [words: RegExp, activity: number, of?: string])[] = [
  [/two-factor-(?:enrolled|configured)/, 10],
  [/two-factor-reset/, 11],
  [/two-factor-changed/, OTHER, "mfa"],
  [/password-changed/, 3],
  [/password-reset/, 4],
];

function accountChange(name: string): ActivityRule {
  const found = ACCOUNT_CHANGES.find(([words]) => words.test(name));
  return rule("account", found?.[1] ?? OTHER, OK, found?.[2]);
}

/** Kill puts a threat out, quarantine shuts it in, remediation and rollback put things right. */
const MITIGATIONS: readonly (readonly [words: RegExp, activity: number, of: string])[] = [
  [/unquarantine/, RESTORE, "unquarantine"],
  [/network|disconnected/, ISOLATE, "network"],
  [/quarantine/, ISOLATE, "quarantine"],
  [/roll/, RESTORE, "rollback"],
  [/remediat/, RESTORE, "remediate"],
  [/kill/, EVICT, "kill"],
];

function mitigation(name: string, outcome: number | undefined): ActivityRule {
  const [, activity, of] = MITIGATIONS.find(([words]) => words.test(name)) ?? [/-/, OTHER, "other"];
  return rule("remediation", activity, outcome, of);
}

function scan(name: string): ActivityRule {
  if (name.includes("aborted")) return rule("scan", 3, OK);
  return rule("scan", name.includes("completed") ? 2 : 1, OK);
}

function hostChange(name: string): ActivityRule {
  if (name.includes("disconnected")) return rule("remediation", ISOLATE, OK, "network");
  if (name.includes("reconnected")) return rule("remediation", RESTORE, OK, "network");
  if (name.includes("recommissioned")) return rule("entity", ENROLL, OK, "Device");
  if (name.includes("decommissioned")) return rule("entity", UNENROLL, OK, "Device");
  if (name.includes("disabling-failed")) return rule("entity", DISABLE, FAILED, "Device");
  return entityOf(name, UPDATE, "Device");
}

/** A note of a threat is part of working on it. */
function isNote(name: string): boolean {
  return name.startsWith("threat-note");
}

/** Undefined for numbers whose meaning is told by their text alone. */
export function ruleOf({ name, meaning }: ActivityType): ActivityRule | undefined {
  switch (meaning) {
    case "login":
      return rule("authentication", 1, OK);
    case "login-failed":
      return rule("authentication", 1, FAILED);
    case "logout":
      return rule("authentication", 2, OK);
    case "user-added":
      return rule("account", 1, OK);
    case "user-changed":
      return accountChange(name);
    case "user-deleted":
      return rule("account", 6, OK);
    case "role-added":
    case "group-added":
    case "added":
      return isNote(name) ? rule("finding", 2) : entityOf(name, CREATE);
    case "role-changed":
    case "group-changed":
    case "changed":
      return isNote(name) ? rule("finding", 2) : entityOf(name, UPDATE);
    case "role-deleted":
    case "group-deleted":
    case "deleted":
      return isNote(name) ? rule("finding", 2) : entityOf(name, DELETE);
    case "viewed":
      return entityOf(name, READ);
    case "threat":
    case "threat-stopped":
    case "rule-alert":
      return rule("finding", 1);
    case "threat-changed":
      return rule("finding", /(?<!un)resolved|benign/.test(name) ? 3 : 2, name.endsWith("-failed") ? FAILED : undefined);
    case "alert-changed":
      return rule("finding", name === "alert-created" ? 1 : 2);
    case "mitigated":
      return mitigation(name, OK);
    case "mitigation-failed":
      return mitigation(name, FAILED);
    case "mitigation-asked":
      return mitigation(name, undefined);
    case "host":
      if (/inventory-completed|devices-discovered/.test(name)) return rule("scan", 2, OK);
      return entityOf(name, UPDATE, name.includes("profiling") ? "Remote Profiling" : "Device");
    case "host-changed":
      return hostChange(name);
    case "host-on":
      return rule("power", name.includes("restart") ? 5 : 1, OK);
    case "host-off":
      return rule("power", 2);
    case "installed":
      return rule("entity", ENROLL, OK, "Device");
    case "uninstalled":
      return rule("entity", UNENROLL, name.includes("rejected") ? FAILED : OK, "Device");
    case "package":
      return rule("lifecycle", 8, OK);
    case "device-allowed":
      return rule("peripheral", 1, OK);
    case "device-denied":
      return rule("peripheral", 1, FAILED);
    case "traffic-denied":
      return rule("network", 5, FAILED);
    case "file-read":
      return rule("entity", READ, OK, "Agent File");
    case "shell":
      return rule("entity", name.includes("history") ? READ : ACTIVATE, name.includes("failed") ? FAILED : OK, "Remote Shell Session");
    case "shell-end":
      return rule("entity", DEACTIVATE, OK, "Remote Shell Session");
    case "script":
      return rule("entity", ACTIVATE, OK, "Script");
    case "scan":
      return scan(name);
    default:
      return undefined;
  }
}

const THING = "Console Object";

/** In this order: what is more particular stands before what is more general. */
const PATTERNS: readonly (readonly [words: RegExp, rule: ActivityRule])[] = [
  [/\bfailed to log ?in\b|\blog ?in (?:attempt )?fail|\bunknown user\b.{0,80}\blog/, rule("authentication", 1, FAILED)],
  [/\blogged (?:in|on)\b|\bsigned in\b/, rule("authentication", 1, OK)],
  [/\blogged (?:out|off)\b|\bsigned out\b/, rule("authentication", 2, OK)],
  [/\b(?:enabled|enrolled|configured)\b.{0,80}\b(?:two[- ]factor|2fa|mfa)\b/, rule("account", 10, OK)],
  [/\b(?:disabled|reset)\b.{0,80}\b(?:two[- ]factor|2fa|mfa)\b/, rule("account", 11, OK)],
  [/\bpassword\b.{0,80}\breset\b|\breset\b.{0,80}\bpassword\b/, rule("account", 4, OK)],
  [/\bpassword\b.{0,80}\bchanged\b|\bchanged\b.{0,80}\bpassword\b/, rule("account", 3, OK)],
  [/\brecovery email\b|\bapi token\b/, rule("account", OTHER, OK)],
  [/\b(?:added|created|invited)\b.{0,40}\b(?:service |sso )?user\b/, rule("account", 1, OK)],
  [/\b(?:deleted|removed)\b.{0,40}\b(?:service |sso )?user\b/, rule("account", 6, OK)],
  [/\b(?:modified|changed|edited|updated)\b.{0,40}\b(?:service |sso )?user\b/, rule("account", OTHER, OK)],
  [/\bsuccessfully killed\b/, rule("remediation", EVICT, OK, "kill")],
  [/\bfailed to kill\b/, rule("remediation", EVICT, FAILED, "kill")],
  [/\bsuccessfully quarantined\b/, rule("remediation", ISOLATE, OK, "quarantine")],
  [/\bfailed to quarantine\b/, rule("remediation", ISOLATE, FAILED, "quarantine")],
  [/\bsuccessfully (?:remediated|rolled back)\b/, rule("remediation", RESTORE, OK, "remediate")],
  [/\bfailed to (?:remediate|roll ?back)\b/, rule("remediation", RESTORE, FAILED, "remediate")],
  [/\breconnected\b.{0,80}\bnetwork\b/, rule("remediation", RESTORE, OK, "network")],
  [/\bdisconnected\b.{0,80}\bnetwork\b/, rule("remediation", ISOLATE, OK, "network")],
  [/\bthreat\b.{0,80}\b(?:detected|found)\b|\balert created\b|\bpreemptively blocked\b/, rule("finding", 1)],
  [/\bmarked\b.{0,80}\b(?:threat|malicious|suspicious)\b|\b(?:incident status|analyst verdict|confidence level)\b.{0,80}\bchanged\b/, rule("finding", 2)],
  [/\b(?:initiated|started)\b.{0,40}\bscan\b/, rule("scan", 1, OK)],
  [/\b(?:completed|finished)\b.{0,40}\bscan\b|\bscan\b.{0,40}\b(?:completed|finished)\b/, rule("scan", 2, OK)],
  [/\baborted\b.{0,40}\bscan\b|\bscan\b.{0,40}\baborted\b/, rule("scan", 3, OK)],
  [/\bsubscribed and joined\b|\brecommissioned\b/, rule("entity", ENROLL, OK, "Device")],
  [/\bdecommissioned\b|\buninstalled\b/, rule("entity", UNENROLL, OK, "Device")],
  [/\b(?:blacklist|blocklist)\b/, rule("entity", CREATE, OK, "Blocklist Entry")],
  [/\bmoved\b/, rule("entity", MOVE, OK, THING)],
  [/\b(?:created|added|generated)\b/, rule("entity", CREATE, OK, THING)],
  [/\b(?:deleted|removed|revoked)\b/, rule("entity", DELETE, OK, THING)],
  [/\b(?:modified|changed|updated|edited|reordered|reverted|overridden)\b/, rule("entity", UPDATE, OK, THING)],
  [/\benabled\b/, rule("entity", ENABLE, OK, THING)],
  [/\bdisabled\b/, rule("entity", DISABLE, OK, THING)],
];

/** Undefined where no word of the description tells. */
export function ruleOfText(description: string | undefined): ActivityRule | undefined {
  if (description === undefined) return undefined;
  const said = description.slice(0, 500).toLowerCase();
  return PATTERNS.find(([words]) => words.test(said))?.[1];
}
