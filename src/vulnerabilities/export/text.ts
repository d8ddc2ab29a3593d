/** Texts as the formats take them: times, lengths, and chunks of a size worth sending. */
const CHUNK = 1 << 16;
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u009f]/g;

const DAY = 86_400_000;
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
/** Files hold many moments of few days. */
const days = new Map<number, string>();

/** `yyyy-MM-dd HH:mm:ss`, UTC. */
export function plainTime(ms: number): string {
  const day = Math.floor(ms / DAY);
  const seconds = Math.floor((ms - day * DAY) / 1000);
  let date = days.get(day);
  if (date === undefined) {
    date = new Date(day * DAY).toISOString().slice(0, -14);
    if (days.size > 4000) days.clear();
    days.set(day, date);
  }
  return `${date} ${TWO[Math.floor(seconds / 3600)] ?? ""}:${TWO[Math.floor(seconds / 60) % 60] ?? ""}:${TWO[seconds % 60] ?? ""}`;
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** At most `limit` UTF-16 units, never half a character; control characters are blanks. */
export function cut(text: string, limit: number): string {
  const clean = text.toWellFormed().replaceAll(CONTROL, " ");
  if (clean.length <= limit) return clean;
  const last = clean.charCodeAt(limit - 1);
  return clean.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}

/** Pieces joined until they are worth a chunk of their own. */
export async function* inChunks(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let waiting = "";
  for await (const piece of pieces) {
    waiting += piece;
    if (waiting.length < CHUNK) continue;
    yield waiting;
    waiting = "";
  }
  if (waiting !== "") yield waiting;
}

/** Without what is not known: an absent field and an empty one mean the same to whoever imports it, and an absent one is shorter. */
export function known<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined && value !== "")) as Partial<T>;
}

/** `Critical`, as products of vulnerability management write it. */
export function titled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
