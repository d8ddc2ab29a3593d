/**
 * Finds the agent a question is about. Serial number first, whole and exact; network address, host name and e-mail only where the rule
 * allows them, with the confidence each deserves. Two live agents that answer to one identifier are ambiguous, never the first of them.
 * The tie-break, published in the README: those decommissioned or uninstalled are left out while another remains; then those clearly
 * stale, silent for a week longer than the one that reported last; what still stands beside another is ambiguous. A weaker identifier
 * may tell those apart, and never leads to a device whose serial number is another one.
 */
import { CLOCK_SKEW_MS } from "./comparers.ts";
import { IDENTIFIERS, type DeviceFacts, type Identifier } from "./model.ts";
import { foldEmail, foldHostname, foldMac, foldSerial } from "./serials.ts";

/** An agent silent for this much longer than another with the same identifier is clearly stale. */
export const CLEARLY_STALE_MS = 7 * 24 * 3_600_000;

export type Confidence = "high" | "medium" | "low";

/** How far each may be trusted: addresses move with docks and adapters, names repeat, and an e-mail names a person. */
export const CONFIDENCE: Readonly<Record<Identifier, Confidence>> = { serial: "high", mac: "medium", hostname: "low", email: "low" };

/** As the asker gave them; blank is absent. */
export type Identifiers = Readonly<Partial<Record<Identifier, string | null>>>;

/** What choosing needs of a device. */
export type Candidate = Pick<DeviceFacts, "connection" | "id" | "serialKey" | "macs" | "hostname" | "emails" | "decommissioned" | "uninstalled" | "lastActive">;

export type Choice<D extends Candidate> =
  /** `by`: the identifier that found the device, and those that told it from others with the same. */
  | { readonly kind: "matched"; readonly device: D; readonly by: readonly Identifier[]; readonly confidence: Confidence }
  | { readonly kind: "ambiguous"; readonly devices: readonly D[]; readonly by: Identifier }
  /** `no-identifier`: none that the rule allows; `placeholder`: a serial number that says nothing; `no-device`: nobody has it. */
  | { readonly kind: "unknown"; readonly why: "no-identifier" | "placeholder" | "no-device" };

/** The asker's identifiers, folded: the keys by which candidates are to be looked up. */
export function foldIdentifiers(identifiers: Identifiers): Readonly<Record<Identifier, string | null>> {
  return { serial: foldIdentifier("serial", identifiers), mac: foldIdentifier("mac", identifiers), hostname: foldIdentifier("hostname", identifiers), email: foldIdentifier("email", identifiers) };
}

export function foldIdentifier(of: Identifier, { serial, mac, hostname, email }: Identifiers): string | null {
  if (of === "mac") return foldMac(mac);
  if (of === "hostname") return foldHostname(hostname);
  if (of === "email") return foldEmail(email);
  const folded = foldSerial(serial);
  return "key" in folded ? folded.key : null;
}

/** `candidates` may hold devices that answer to none of the identifiers: they are compared here, exactly. */
export function chooseDevice<D extends Candidate>(candidates: readonly D[], identifiers: Identifiers, matchBy: readonly Identifier[], now: number): Choice<D> {
  const keys = foldIdentifiers(identifiers);
  const allowed = IDENTIFIERS.filter((identifier) => matchBy.includes(identifier) && keys[identifier] !== null);
  // No identifier leads to a machine that says it is another one, whether or not the rule matches by serial number.
  const devices = distinct(candidates).filter((device) => keys.serial === null || device.serialKey === null || device.serialKey === keys.serial);
  for (const [index, by] of allowed.entries()) {
    const found = devices.filter((device) => answers(device, by, keys[by]));
    if (found.length > 0) return settle(found, by, allowed.slice(index + 1), keys, now);
  }
  if (allowed.length > 0) return { kind: "unknown", why: "no-device" };
  const serial = foldSerial(identifiers.serial);
  return { kind: "unknown", why: matchBy.includes("serial") && "why" in serial && serial.why === "placeholder" ? "placeholder" : "no-identifier" };
}

function settle<D extends Candidate>(found: readonly D[], by: Identifier, weaker: readonly Identifier[], keys: Readonly<Record<Identifier, string | null>>, now: number): Choice<D> {
  let left = breakTie(found, now);
  const used: Identifier[] = [by];
  for (const identifier of weaker) {
    if (left.length <= 1) break;
    const narrowed = left.filter((device) => answers(device, identifier, keys[identifier]));
    if (narrowed.length === 0 || narrowed.length === left.length) continue;
    left = narrowed;
    used.push(identifier);
  }
  const [device] = left;
  if (device === undefined || left.length > 1) return { kind: "ambiguous", devices: left, by };
  return { kind: "matched", device, by: used, confidence: CONFIDENCE[by] };
}

function answers(device: Candidate, by: Identifier, key: string | null): boolean {
  if (key === null) return false;
  if (by === "serial") return device.serialKey === key;
  if (by === "mac") return device.macs.includes(key);
  if (by === "hostname") return foldHostname(device.hostname) === key;
  return device.emails.includes(key);
}

/** The published tie-break: the devices between which nothing decides; one where something does. */
export function breakTie<D extends Candidate>(devices: readonly D[], now: number): readonly D[] {
  if (devices.length <= 1) return devices;
  const live = devices.filter((device) => device.decommissioned !== true && device.uninstalled !== true);
  const left = live.length > 0 ? live : devices;
  const newest = left.reduce((latest, device) => Math.max(latest, lastActive(device, now) ?? -Infinity), -Infinity);
  return left.filter((device) => {
    const time = lastActive(device, now);
    return time === null || newest - time < CLEARLY_STALE_MS;
  });
}

/** Null where it cannot be told: such a device is neither stale nor makes others so. */
function lastActive(device: Candidate, now: number): number | null {
  const time = Date.parse(device.lastActive ?? "");
  return Number.isNaN(time) || time > now + CLOCK_SKEW_MS ? null : time;
}

function distinct<D extends Candidate>(candidates: readonly D[]): readonly D[] {
  return [...new Map(candidates.map((device) => [`${device.connection} ${device.id}`, device])).values()];
}
