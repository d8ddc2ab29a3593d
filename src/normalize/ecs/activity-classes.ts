/** What an activity's meaning is in ECS: kind, categories, types and, where the meaning holds it, the outcome. */
import type { Meaning } from "../activity-types.ts";
import type { Classification } from "./document.ts";

export interface ActivityClass extends Classification {
  readonly outcome?: "success" | "failure";
}

function event(category: string, type: string, outcome?: "success" | "failure"): ActivityClass {
  return { kind: "event", category: category.split(" "), type: type.split(" "), ...(outcome === undefined ? {} : { outcome }) };
}

function alert(category: string, outcome?: "success" | "failure"): ActivityClass {
  return { ...event(category, "info", outcome), kind: "alert" };
}

export const ACTIVITY_CLASSES: Readonly<Record<Meaning, ActivityClass>> = {
  login: event("authentication", "start", "success"),
  "login-failed": event("authentication", "start", "failure"),
  logout: event("authentication", "end", "success"),
  "user-added": event("iam", "user creation", "success"),
  "user-changed": event("iam", "user change", "success"),
  "user-deleted": event("iam", "user deletion", "success"),
  "role-added": event("iam", "admin creation", "success"),
  "role-changed": event("iam", "admin change", "success"),
  "role-deleted": event("iam", "admin deletion", "success"),
  "group-added": event("iam", "group creation", "success"),
  "group-changed": event("iam", "group change", "success"),
  "group-deleted": event("iam", "group deletion", "success"),
  added: event("configuration", "creation", "success"),
  changed: event("configuration", "change", "success"),
  deleted: event("configuration", "deletion", "success"),
  viewed: event("configuration", "access", "success"),
  threat: alert("malware", "failure"),
  "threat-stopped": alert("malware", "success"),
  "threat-changed": event("malware", "info"),
  mitigated: event("malware", "info", "success"),
  "mitigation-failed": event("malware", "info", "failure"),
  "mitigation-asked": event("malware", "info"),
  "rule-alert": alert("intrusion_detection"),
  "alert-changed": event("intrusion_detection", "info"),
  host: event("host", "info"),
  "host-changed": event("host", "change"),
  "host-on": event("host", "start"),
  "host-off": event("host", "end"),
  installed: event("package", "installation", "success"),
  uninstalled: event("package", "deletion"),
  package: event("package", "change"),
  "device-allowed": event("host", "access", "success"),
  "device-denied": event("host", "access", "failure"),
  "traffic-denied": event("network", "denied connection", "success"),
  "file-read": event("file", "access"),
  shell: event("session", "start"),
  "shell-end": event("session", "end"),
  script: event("process", "start"),
  scan: event("host", "info"),
  none: event("configuration", "info"),
};

/** Words of a description, for activities whose number says nothing. The first that is there decides. */
const WORDS: readonly (readonly [word: string, meaning: Meaning])[] = [
  ["failed to log in", "login-failed"],
  ["failed to login", "login-failed"],
  ["login failed", "login-failed"],
  ["logged in", "login"],
  ["logged out", "logout"],
  ["full disk scan", "scan"],
  ["successfully killed", "mitigated"],
  ["successfully quarantined", "mitigated"],
  ["successfully remediated", "mitigated"],
  ["threat with confidence", "threat"],
  ["threat detected", "threat"],
  ["alert created", "rule-alert"],
  ["subscribed and joined", "installed"],
  ["uninstall", "uninstalled"],
  ["disconnected", "host-changed"],
  ["reconnected", "host-changed"],
  ["deleted the user", "user-deleted"],
  ["added the user", "user-added"],
  ["created the user", "user-added"],
  ["deleted", "deleted"],
  ["removed", "deleted"],
  ["created", "added"],
  ["added", "added"],
  ["modified", "changed"],
  ["changed", "changed"],
  ["updated", "changed"],
  ["edited", "changed"],
  ["enabled", "changed"],
  ["disabled", "changed"],
  ["viewed", "viewed"],
];

/** `event.action` of an activity that only its words tell of. */
export const ACTIONS_OF_WORDS: Readonly<Partial<Record<Meaning, string>>> = {
  login: "user-logged-in",
  "login-failed": "user-login-failed",
  logout: "user-logged-out",
  "user-added": "user-added",
  "user-deleted": "user-deleted",
  added: "configuration-created",
  changed: "configuration-changed",
  deleted: "configuration-deleted",
  viewed: "configuration-viewed",
  threat: "threat-detected",
  mitigated: "threat-mitigated",
  "rule-alert": "rule-alert",
  "host-changed": "agent-network-changed",
  installed: "agent-subscribed",
  uninstalled: "agent-uninstall",
  scan: "scan",
};

export function meaningOfWords(description: string | undefined): Meaning {
  if (description === undefined) return "none";
  const words = description.slice(0, 500).toLowerCase();
  return WORDS.find(([word]) => words.includes(word))?.[1] ?? "none";
}
