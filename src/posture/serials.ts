/**
 * Identifiers made comparable. Serial numbers are compared whole and exactly, after folding case (ASCII only: folding all of Unicode makes
 * different texts equal) and blanks. What boards, clouds and images write where nobody set a serial number is a placeholder, and is
 * never a match; so are network addresses that many machines share by design.
 */
export type FoldedSerial = { readonly key: string } | { readonly why: "absent" | "placeholder" };

/** Folded. The README publishes the list by pointing here. */
export const PLACEHOLDER_SERIALS: readonly string[] = [
  "TO BE FILLED BY O.E.M.", "TO BE FILLED BY O.E.M", "TO BE FILLED BY OEM", "TO BE FILLED", "TOBEFILLEDBYO.E.M.", "FILLED BY OEM", "O.E.M.", "O.E.M", "OEM",
  "DEFAULT STRING", "DEFAULT_STRING", "$(DEFAULT_STRING)", "DEFAULT", "SYSTEM SERIAL NUMBER", "SYSTEM SERIAL", "SYSTEMSERIALNUMBER", "CHASSIS SERIAL NUMBER",
  "BASE BOARD SERIAL NUMBER", "BASEBOARD SERIAL NUMBER", "BOARD SERIAL NUMBER", "SERIAL NUMBER", "SERIALNUMBER", "SERIAL", "INSERT SERIAL NUMBER", "NO SERIAL NUMBER",
  "NONE", "NO", "NULL", "NIL", "N/A", "NA", "N.A.", "UNKNOWN", "UNDEFINED", "UNSPECIFIED", "NOT SPECIFIED", "NOT AVAILABLE", "NOT APPLICABLE", "NOT PROVIDED",
  "NOT SET", "NOT DEFINED", "NOT KNOWN", "NOT PRESENT", "EMPTY", "BLANK", "INVALID", "OTHER", "SSN12345678901234567", "SYSTEM PRODUCT NAME", "VIRTUAL MACHINE",
  "VMWARE VIRTUAL PLATFORM", "QEMU", "KVM", "XEN", "VIRTUALBOX", "INNOTEK GMBH",
];
const PLACEHOLDERS: ReadonlySet<string> = new Set(PLACEHOLDER_SERIALS);

const LONGEST_SERIAL = 128;
/** Blanks, control characters, zero-width ones, and what the mirror writes for the NUL bytes some firmware pads with. */
const BLANKS = /[\s\p{Cc}\u200b-\u200f\u2060\ufeff\ufffd]+/gu;

/** Letters, digits and marks of ASCII, no blanks. */
const PLAIN = /^[!-~]+$/;
/** What a placeholder may be dressed up with. */
const MARKS = /[ ._/\\-]+/g;

/** `key` compares with `===`. Inner blanks become one space, outer ones nothing. */
export function foldSerial(text: string | null | undefined): FoldedSerial {
  if (text === null || text === undefined) return { why: "absent" };
  // Nearly all are plain, and a fleet's numbers are folded a thousand at a time: three copies of each would be most of what an answer leaves to collect.
  const key = PLAIN.test(text) ? text.toUpperCase() : text.replace(BLANKS, " ").trim().replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  if (key === "") return { why: "absent" };
  return isPlaceholder(key) ? { why: "placeholder" } : { key };
}

function isPlaceholder(key: string): boolean {
  if (key.length > LONGEST_SERIAL || PLACEHOLDERS.has(key)) return true;
  const bare = key.replace(MARKS, "");
  // Nothing but punctuation, one character over and over, or counting up: typed to fill a field.
  return bare === "" || /^(.)\1*$/u.test(bare) || (bare.length >= 5 && ("01234567890123456789".includes(bare) || "ABCDEFGHIJKLMNOPQRSTUVWXYZ".startsWith(bare)));
}

/** Addresses of virtual adapters and dial-up ports that every machine with the same software has. */
export const SHARED_MACS: readonly string[] = [
  "00:50:56:c0:00:01", "00:50:56:c0:00:08", "0a:00:27:00:00:00", "00:05:9a:3c:7a:00", "00:09:0f:aa:00:01", "00:09:0f:fe:00:01",
  "02:00:4c:4f:4f:50", "20:41:53:59:4e:ff", "50:50:54:50:30:30", "33:50:6f:45:30:30", "00:1c:42:00:00:08", "00:1c:42:00:00:09", "02:42:ac:11:00:01", "02:42:ac:11:00:02",
];
const SHARED: ReadonlySet<string> = new Set(SHARED_MACS);

/** `02:11:22:33:44:55`, or null for what is no single machine's address (all zeros, multicast, broadcast, one that software shares). */
export function foldMac(text: string | null | undefined): string | null {
  if (typeof text !== "string" || text.length > 40) return null;
  const digits = text.trim().toLowerCase().replace(/[:.-]/g, "");
  if (!/^[0-9a-f]{12}$/.test(digits) || digits === "000000000000" || (Number.parseInt(digits.slice(0, 2), 16) & 1) === 1) return null;
  const mac = digits.replace(/(..)(?=.)/g, "$1:");
  return SHARED.has(mac) ? null : mac;
}

/** First label in lower case: one side gives `PC-1`, the other `pc-1.corp.example` or `pc-1.local`. */
const LONGEST_WORDS = 100;

/** Names of sites and systems as lists are sorted and searched: case and outer blanks do not count. */
export function foldWords(text: string | null | undefined): string | null {
  const folded = text?.normalize("NFKC").trim().toLowerCase().replaceAll("\0", "").slice(0, LONGEST_WORDS).toWellFormed() ?? "";
  return folded === "" ? null : folded;
}

export function foldHostname(text: string | null | undefined): string | null {
  if (typeof text !== "string" || text.length > 255) return null;
  const name = text.trim().toLowerCase();
  // An address is no name, and its first part would be everybody's.
  if (/^[\d.]+$/.test(name) || name.includes(":")) return null;
  const label = name.split(".")[0] ?? "";
  return label === "" || label === "localhost" || label === "unknown" ? null : label;
}

export function foldEmail(text: string | null | undefined): string | null {
  if (typeof text !== "string" || text.length > 320) return null;
  const address = text.trim().toLowerCase();
  return /^[^\s@]+@[^\s@]+$/.test(address) ? address : null;
}
