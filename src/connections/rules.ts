/** Pure rules for what people type about a connection, and for comparing what two tokens reach. */
import type { VerifyReport } from "../kernel/api.ts";
import { readDuration, writeDuration } from "../kernel/durations.ts";
import { Fault } from "../kernel/fault.ts";

const NAME_MAX = 100;
const DESCRIPTION_MAX = 2000;
const LABELS_MAX = 50;
const OWNERS_MAX = 20;
const LABEL_KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
const LABEL_VALUE_MAX = 255;
// Enough to catch a typing mistake; whether the address receives mail only mail can tell.
const EMAIL = /^[^\s@<>",;:\\()[\]]{1,64}@[^\s@<>",;:\\()[\]]{1,255}$/u;
// Controls, line separators and bidirectional overrides: a name is shown on terminals, in calendars and in logs.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

function invalid(message: string): Fault {
  return new Fault("CONFIG_INVALID", message);
}

/** A name as stored: trimmed, 1–100 characters, no controls, and nothing that reads like an id. */
export function checkedName(text: string, noun: "connection" | "tenant" | "API key"): string {
  const name = text.trim();
  if (name === "") throw invalid(`A ${noun} needs a name.`);
  if (name.length > NAME_MAX) throw invalid(`A ${noun}'s name has at most ${NAME_MAX} characters.`);
  if (UNPRINTABLE.test(name)) throw invalid(`A ${noun}'s name holds a control character.`);
  if (/^(?:con|ten|key)_/.test(name)) throw invalid(`A ${noun}'s name cannot begin like an id (con_, ten_, key_).`);
  return name;
}

export function checkedDescription(text: string): string {
  if (text.length > DESCRIPTION_MAX) throw invalid(`A description has at most ${DESCRIPTION_MAX} characters.`);
  if (UNPRINTABLE.test(text.replaceAll("\n", ""))) throw invalid("A description holds a control character.");
  return text;
}

export function checkedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) throw invalid(`A connection has at most ${LABELS_MAX} labels.`);
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key)) throw invalid("A label's key is up to 63 letters, digits, `.`, `_`, `/`, `-`, and begins with a letter or digit.");
    if (value.length > LABEL_VALUE_MAX || UNPRINTABLE.test(value)) throw invalid(`The value of label ${key} is too long or holds a control character.`);
  }
  return labels;
}

export function checkedOwners(owners: readonly string[]): readonly string[] {
  if (owners.length > OWNERS_MAX) throw invalid(`A connection has at most ${OWNERS_MAX} owners.`);
  const clean = owners.map((owner) => owner.trim());
  const wrong = clean.findIndex((owner) => !EMAIL.test(owner) || UNPRINTABLE.test(owner));
  if (wrong !== -1) throw invalid(`Owner ${wrong + 1} is not an e-mail address.`);
  return [...new Set(clean)];
}

const LONGEST_POLLING_MS = 24 * 3_600_000;

/** In Cloudflare's grammar. A reading less than daily would prove nothing for longer than anybody wants to rely on. */
export function checkedPolling(text: string): string {
  const ms = readDuration(text);
  if (ms === null || ms > LONGEST_POLLING_MS) throw invalid("A polling frequency is a whole number of minutes or hours such as 5m, 10m, 1h or 12h, from 1m to 24h.");
  return writeDuration(ms);
}

/** `https://usea1-011.sentinelone.net` → `usea1-011`; a host with a port keeps it. */
export function nameFromOrigin(origin: string): string {
  const { hostname, port } = new URL(origin);
  const first = /^[\d.]+$/.test(hostname) || hostname.startsWith("[") ? hostname : (hostname.split(".")[0] ?? hostname);
  return port === "" ? first : `${first}-${port}`;
}

/** `name`, or `name-2`, `name-3` … where it is taken. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

export type Scope = VerifyReport["scope"];
export type ScopeChange = "same" | "wider" | "narrower" | "different" | "unknown";

/** How what a new token reaches compares with the old; `different` where neither contains the other or it cannot be told. */
export function compareScopes(before: Scope, after: Scope): ScopeChange {
  if (before.level === "unknown" || after.level === "unknown") return "unknown";
  if (before.fingerprint === after.fingerprint) return "same";
  if (before.level === "global") return after.level === "global" ? "same" : "narrower";
  if (after.level === "global") return "wider";
  if (before.level !== after.level) return "different";
  const old = new Set(before.ids);
  const fresh = new Set(after.ids);
  if (before.ids.every((id) => fresh.has(id))) return "wider";
  return after.ids.every((id) => old.has(id)) ? "narrower" : "different";
}

/**
 * The streams to read: those the probe could read, and those it could not tell about (a console that was ill for a moment must not
 * cost a stream for good). A token of sites has no accounts to read, which is not a missing permission.
 */
export function readableStreams(report: VerifyReport): VerifyReport["streams"][number]["stream"][] {
  const ofSites = report.scope.level === "site" || report.scope.level === "group";
  return report.streams.filter((line) => line.readable || (line.missingPermission === null && !(ofSites && line.stream === "accounts"))).map((line) => line.stream);
}
