/**
 * When the version of a record that a fact tells of came to be, by the vendor's own times: for destinations that file events by time. Found in
 * the record's text: making objects of all of it, to look at one, would cost more than sending it.
 */
import type { StreamId } from "../kernel/stream-ids.ts";

type Path = readonly string[];

/** Where a stream keeps them, the one that moves with every version first. */
const PATHS: Readonly<Partial<Record<StreamId, readonly Path[]>>> = {
  alerts: [["updatedAt"], ["lastSeenAt"], ["detectedAt"], ["createdAt"]],
  threats: [["threatInfo", "updatedAt"], ["threatInfo", "identifiedAt"], ["threatInfo", "createdAt"]],
  "cloud-detection-alerts": [["alertInfo", "updatedAt"], ["alertInfo", "reportedAt"], ["alertInfo", "createdAt"]],
  activities: [["createdAt"], ["updatedAt"]],
};
const USUAL: readonly Path[] = [["updatedAt"], ["createdAt"]];

const EARLIEST = Date.UTC(2000, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** Milliseconds; null where the record has none that can be read. `record`: JSON text of an object. */
export function eventTime(stream: StreamId, record: string): number | null {
  for (const path of PATHS[stream] ?? USUAL) {
    const ms = moment(scalarAt(record, path));
    if (ms !== null) return ms;
  }
  return null;
}

/** RFC 3339 text, or milliseconds as a number or as text; what lies far outside our century is a mistake and no time. */
function moment(scalar: string | null): number | null {
  if (scalar === null) return null;
  const bare = scalar.startsWith('"') ? scalar.slice(1, -1) : scalar;
  const ms = /^\d{13}$/.test(bare) ? Number(bare) : scalar === bare ? Number.NaN : Date.parse(bare);
  return ms >= EARLIEST && ms <= LATEST ? Math.floor(ms) : null;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;
const COLON = 58;
const COMMA = 44;

/** The text of what stands at a path, quotes and all, where it is no object or list; null where nothing does, or the text is no JSON. */
function scalarAt(text: string, path: Path): string | null {
  let at = text.indexOf("{") + 1;
  let part = 0;
  while (at > 0 && at < text.length) {
    const key = text.indexOf('"', at);
    if (key < 0) return null;
    const end = afterText(text, key);
    const value = afterBlanks(text, end, COLON);
    const first = text.charCodeAt(value);
    if (text.slice(key + 1, end - 1) === path[part]) {
      if (part === path.length - 1) return first === OPEN || first === OPEN_LIST ? null : text.slice(value, afterValue(text, value)).trim();
      if (first !== OPEN) return null;
      part += 1;
      at = value + 1;
      continue;
    }
    const next = afterBlanks(text, afterValue(text, value), null);
    // The end of the object that was entered last: what was looked for is not in it.
    if (text.charCodeAt(next) !== COMMA) return null;
    at = next + 1;
  }
  return null;
}

/** Behind the quote that ends the text beginning here. */
function afterText(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

/** Behind the value beginning here: at the comma or bracket that follows, or blanks before it. */
function afterValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = afterText(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (code === OPEN || code === OPEN_LIST) depth += 1;
    else if (code === CLOSE || code === CLOSE_LIST) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (code === COMMA && depth === 0) return at;
    at += 1;
  }
  return text.length;
}

/** Behind blanks, and behind one such character among them. */
function afterBlanks(text: string, from: number, through: number | null): number {
  let at = from;
  for (let code = text.charCodeAt(at); code <= 32 || code === through; code = text.charCodeAt(at)) at += 1;
  return at;
}
