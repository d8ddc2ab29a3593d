/**
 * The event classes of OCSF that records become: numbers and captions, and with each class the profiles whose attributes our documents of it
 * carry. Names and numbers are the schema's; a test holds them against it.
 */
import type { Captions } from "./enums.ts";

/** The schema that every document is written against and checked with. */
export const OCSF_VERSION = "1.9.0-dev";

export interface EventClass {
  readonly uid: number;
  readonly name: string;
  readonly category: string;
  readonly categoryUid: number;
  readonly activities: Captions;
  /** Whether `actor` and `device` are the class's own; elsewhere they come with the profile of hosts. */
  readonly own: readonly ("actor" | "device")[];
  /** `Detection Finding: Create`, by the activity's number. */
  readonly typeNames: Captions;
}

interface Category {
  readonly uid: number;
  readonly name: string;
  readonly own: EventClass["own"];
}

const SYSTEM: Category = { uid: 1, name: "System Activity", own: ["actor", "device"] };
const FINDINGS: Category = { uid: 2, name: "Findings", own: ["device"] };
const IAM: Category = { uid: 3, name: "Identity & Access Management", own: ["actor"] };
const NETWORK: Category = { uid: 4, name: "Network Activity", own: [] };
const DISCOVERY: Category = { uid: 5, name: "Discovery", own: ["actor", "device"] };
const APPLICATION: Category = { uid: 6, name: "Application Activity", own: [] };
const REMEDIATION: Category = { uid: 7, name: "Remediation", own: [] };
const NO_CATEGORY: Category = { uid: 0, name: "Uncategorized", own: [] };

function eventClass(category: Category, uid: number, name: string, activities: Captions): EventClass {
  const all = { 0: "Unknown", 99: "Other", ...activities };
  const typeNames = Object.fromEntries(Object.entries(all).map(([id, caption]) => [id, `${name}: ${caption}`]));
  return { uid, name, category: category.name, categoryUid: category.uid, activities: all, own: category.own, typeNames };
}

const FINDING_ACTIVITIES = { 1: "Create", 2: "Update", 3: "Close" };
const DISCOVERY_ACTIVITIES = { 1: "Log", 2: "Collect" };
const REMEDIATION_ACTIVITIES = { 1: "Isolate", 2: "Evict", 3: "Restore", 4: "Harden", 5: "Detect", 6: "Deceive" };

export const BASE_EVENT = eventClass(NO_CATEGORY, 0, "Base Event", {});

export const FILE_ACTIVITY = eventClass(SYSTEM, 1001, "File System Activity", { 1: "Create", 2: "Read", 3: "Update", 4: "Delete", 5: "Rename", 6: "Set Attributes", 7: "Set Security", 14: "Open" });
export const KERNEL_EXTENSION_ACTIVITY = eventClass(SYSTEM, 1002, "Kernel Extension Activity", { 1: "Load", 2: "Unload" });
export const KERNEL_ACTIVITY = eventClass(SYSTEM, 1003, "Kernel Activity", { 1: "Create", 2: "Read", 3: "Delete", 4: "Invoke" });
export const MODULE_ACTIVITY = eventClass(SYSTEM, 1005, "Module Activity", { 1: "Load", 2: "Unload", 3: "Invoke" });
export const SCHEDULED_JOB_ACTIVITY = eventClass(SYSTEM, 1006, "Scheduled Job Activity", { 1: "Create", 2: "Update", 3: "Delete", 4: "Enable", 5: "Disable", 6: "Start" });
export const PROCESS_ACTIVITY = eventClass(SYSTEM, 1007, "Process Activity", { 1: "Launch", 2: "Terminate", 3: "Open", 4: "Inject", 5: "Set User ID" });
export const SCRIPT_ACTIVITY = eventClass(SYSTEM, 1009, "Script Activity", { 1: "Execute" });
export const PERIPHERAL_ACTIVITY = eventClass(SYSTEM, 1010, "Peripheral Activity", { 1: "Connect", 2: "Disconnect", 3: "Enable", 4: "Disable", 5: "Eject" });
export const POWER_ACTIVITY = eventClass(SYSTEM, 1011, "Device Power State Activity", { 1: "Power On", 2: "Power Off", 3: "Sleep", 4: "Hibernate", 5: "Reboot", 6: "Wake" });

export const VULNERABILITY_FINDING = eventClass(FINDINGS, 2002, "Vulnerability Finding", FINDING_ACTIVITIES);
export const DETECTION_FINDING = eventClass(FINDINGS, 2004, "Detection Finding", FINDING_ACTIVITIES);

export const ACCOUNT_CHANGE = eventClass(IAM, 3001, "Account Change", {
  1: "Create",
  2: "Enable",
  3: "Password Change",
  4: "Password Reset",
  5: "Disable",
  6: "Delete",
  7: "Attach Policy",
  8: "Detach Policy",
  9: "Lock",
  10: "MFA Factor Enable",
  11: "MFA Factor Disable",
  12: "Unlock",
});
export const AUTHENTICATION = eventClass(IAM, 3002, "Authentication", { 1: "Logon", 2: "Logoff", 3: "Authentication Ticket", 4: "Service Ticket Request", 5: "Service Ticket Renew", 6: "Preauth", 7: "Account Switch" });
export const ENTITY_MANAGEMENT = eventClass(IAM, 3004, "Entity Management", {
  1: "Create",
  2: "Read",
  3: "Update",
  4: "Delete",
  5: "Move",
  6: "Enroll",
  7: "Unenroll",
  8: "Enable",
  9: "Disable",
  10: "Activate",
  11: "Deactivate",
  12: "Suspend",
  13: "Resume",
});

export const NETWORK_ACTIVITY = eventClass(NETWORK, 4001, "Network Activity", { 1: "Open", 2: "Close", 3: "Reset", 4: "Fail", 5: "Refuse", 6: "Traffic", 7: "Listen" });
export const HTTP_ACTIVITY = eventClass(NETWORK, 4002, "HTTP Activity", { 1: "Connect", 2: "Delete", 3: "Get", 4: "Head", 5: "Options", 6: "Post", 7: "Put", 8: "Trace", 9: "Patch" });
export const DNS_ACTIVITY = eventClass(NETWORK, 4003, "DNS Activity", { 1: "Query", 2: "Response", 6: "Traffic" });

export const DEVICE_INVENTORY = eventClass(DISCOVERY, 5001, "Device Inventory Info", DISCOVERY_ACTIVITIES);
export const SOFTWARE_INVENTORY = eventClass(DISCOVERY, 5020, "Software Inventory Info", DISCOVERY_ACTIVITIES);

export const APPLICATION_LIFECYCLE = eventClass(APPLICATION, 6002, "Application Lifecycle", { 1: "Install", 2: "Remove", 3: "Start", 4: "Stop", 5: "Restart", 6: "Enable", 7: "Disable", 8: "Update" });
export const SCAN_ACTIVITY = eventClass(APPLICATION, 6007, "Scan Activity", { 1: "Started", 2: "Completed", 3: "Cancelled", 4: "Duration Violation", 5: "Pause Violation", 6: "Error", 7: "Paused", 8: "Resumed", 9: "Restarted", 10: "Delayed" });

export const REMEDIATION_ACTIVITY = eventClass(REMEDIATION, 7001, "Remediation Activity", REMEDIATION_ACTIVITIES);
export const FILE_REMEDIATION = eventClass(REMEDIATION, 7002, "File Remediation Activity", REMEDIATION_ACTIVITIES);
export const PROCESS_REMEDIATION = eventClass(REMEDIATION, 7003, "Process Remediation Activity", REMEDIATION_ACTIVITIES);
