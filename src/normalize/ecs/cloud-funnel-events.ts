/** Events of Cloud Funnel by category and type, with what they are in ECS. Only pairs of category and type that ECS expects. */
import { slug } from "../values.ts";

export interface EventClass {
  readonly category: readonly string[];
  readonly type: readonly string[];
  readonly action: string;
}

interface CategoryClass {
  readonly category: readonly string[];
  /** Where the event's type says no more. */
  readonly type: readonly string[];
  /** By the event's type, in lower case and without blanks. */
  readonly types: ReadonlyMap<string, readonly [action: string, ...type: readonly string[]]>;
  /** Of every event of the category, whatever its type says. */
  readonly action: string | null;
}

function describe(category: string, type: string, types: Readonly<Record<string, string>> = {}, action: string | null = null): CategoryClass {
  const entries = Object.entries(types).map(([action, type]): [string, readonly [string, ...string[]]] => [action.replaceAll("-", ""), [action, ...type.split(" ")]]);
  return { category: category.split(" "), type: type.split(" "), types: new Map(entries), action };
}

const HANDLES = { "open-remote-process-handle": "access", "duplicate-process-handle": "access", "duplicate-thread-handle": "access", "remote-thread-creation": "change", "process-modification": "change" };

const CATEGORIES: ReadonlyMap<string, CategoryClass> = new Map([
  ["process", describe("process", "info", { "process-creation": "start", "process-termination": "end", "process-exit": "end", ...HANDLES })],
  ["cross_process", describe("process", "access", HANDLES)],
  ["command_script", describe("process", "info", { "command-script": "info" })],
  ["file", describe("file", "info", { "file-creation": "creation", "file-deletion": "deletion", "file-modification": "change", "file-rename": "change", "file-scan": "access", "file-read": "access" })],
  ["named_pipe", describe("file", "info", { "named-pipe-creation": "creation", "named-pipe-connection": "access" })],
  [
    "registry",
    describe("registry", "access", {
      "registry-key-create": "creation",
      "registry-key-import": "creation",
      "registry-key-delete": "deletion",
      "registry-key-rename": "change",
      "registry-key-export": "access",
      "registry-key-security-changed": "change",
      "registry-value-create": "creation",
      "registry-value-modified": "change",
      "registry-value-delete": "deletion",
      "registry-action": "access",
    }),
  ],
  ["logins", describe("authentication", "info", { login: "start", logout: "end", "login-failed": "start" })],
  ["dns", describe("network", "protocol info", { "dns-resolved": "protocol info", "dns-unresolved": "protocol info" })],
  ["ip", describe("network", "connection", { "ip-connect": "connection start", "ip-listen": "info" })],
  ["url", describe("web network", "access", { get: "access", post: "access", put: "access", delete: "access", head: "access", options: "access", connect: "access", patch: "access", trace: "access" })],
  ["module", describe("library", "start", { "module-load": "start" })],
  ["driver", describe("driver", "info", { "driver-load": "start" })],
  ["scheduled_task", describe("configuration", "info", { "task-register": "creation", "task-update": "change", "task-delete": "deletion", "task-start": "info", "task-trigger": "info" })],
  ["threat_intelligence_indicators", describe("threat", "indicator", {}, "indicator-match")],
  ["indicators", describe("intrusion_detection", "info", { "behavioral-indicators": "info" })],
  ["group", describe("process", "info", { "group-creation": "info" })],
]);

const UNKNOWN: CategoryClass = describe("host", "info");
const MAX_KNOWN = 1024;
const known = new Map<string, EventClass & { readonly seen: { readonly category: boolean; readonly type: boolean } }>();

/** Class of an event; `seen` tells whether its category and its type were known. */
export function eventClass(category: string, type: string): EventClass & { readonly seen: { readonly category: boolean; readonly type: boolean } } {
  const key = `${category}\n${type}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const family = CATEGORIES.get(category.toLowerCase());
  const { category: categories, type: fallback, types, action: usual } = family ?? UNKNOWN;
  const [action, ...narrower] = types.get(type.toLowerCase().replace(/[^a-z]/g, "")) ?? [];
  const made = {
    category: categories,
    type: narrower.length === 0 ? fallback : narrower,
    action: usual ?? action ?? slug(type) ?? slug(category) ?? "event",
    // Threat intelligence names its events after the indicator.
    seen: { category: family !== undefined, type: action !== undefined || types.size === 0 || type === "" },
  };
  if (known.size < MAX_KNOWN) known.set(key, made);
  return made;
}
