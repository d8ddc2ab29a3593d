/**
 * Analysts' notes on threats. A generated estate starts with notes on about every second threat, the same for one seed; a loaded
 * one starts with none. Notes are made when first looked at, and kept once somebody changes them.
 */
import type { Estate } from "./estate/estate.ts";
import { textAt } from "./estate/frame.ts";
import { hashText } from "./random.ts";
import { readPath, type ApiRecord } from "./record.ts";
import { micros, MINUTE } from "./times.ts";

const TEXTS: readonly string[] = [
  "Asked the user: the file came with a supplier's e-mail.",
  "Hash is unknown elsewhere. Keeping the machine under watch.",
  "Same file was seen on two other machines of this site.",
  "Cleaned. The user has got a new password.",
  "False alarm: our own deployment script.",
  "Handed over to the night shift.",
];

/** How many notes a threat starts with, by its dice. */
const STARTS: readonly number[] = [0, 0, 0, 1, 1, 2];

/** A 19-digit id made from text; `code` keeps the kinds apart. */
export function idFrom(code: string, text: string): string {
  const wide = hashText(text, 1) * 2 ** 20 + (hashText(text, 2) >>> 12);
  return `21${code}${String(100_000_000_000_000 + (wide % 900_000_000_000_000))}`;
}

const NOTE_CODE = "81";

export class ThreatNotes {
  readonly #estate: Estate;
  /** Threats up to here may start with notes. */
  readonly #generated: number;
  readonly #changed = new Map<string, readonly ApiRecord[]>();
  #added = 0;
  #version = 0;

  constructor(estate: Estate) {
    this.#estate = estate;
    this.#generated = estate.loaded ? 0 : estate.streams.threats.end;
  }

  /** Rises with every change. */
  get version(): number {
    return this.#version;
  }

  count(ordinal: number): number {
    const id = String(this.#estate.streams.threats.value(ordinal, "id"));
    return this.#changed.get(id)?.length ?? this.#starting(ordinal, id);
  }

  #starting(ordinal: number, id: string): number {
    if (ordinal >= this.#generated) return 0;
    return STARTS[hashText(id, this.#estate.world.seed) % STARTS.length] ?? 0;
  }

  /** The notes of a threat, oldest first. */
  of(ordinal: number): readonly ApiRecord[] {
    const threats = this.#estate.streams.threats;
    const id = String(threats.value(ordinal, "id"));
    const known = this.#changed.get(id);
    if (known !== undefined) return known;
    const created = readPath(threats.get(ordinal), "threatInfo.createdAt", true);
    const now = this.#estate.world.now;
    const from = typeof created === "number" ? created : now;
    return Array.from({ length: this.#starting(ordinal, id) }, (_, n) => {
      const roll = hashText(`${id}/${String(n)}`, this.#estate.world.seed);
      const at = Math.min(now, from + (n + 1) * (7 + (roll % 90)) * MINUTE);
      const author = this.#author(roll);
      return { id: idFrom(NOTE_CODE, `${id}/${String(n)}`), text: TEXTS[roll % TEXTS.length] ?? "", ...author, createdAt: micros(at), updatedAt: micros(at), edited: false };
    });
  }

  #author(roll: number): { readonly creator: string; readonly creatorId: string | null } {
    const users = this.#estate.streams.users;
    const user = users.end === 0 ? {} : (users.get(roll % users.end) ?? {});
    return { creator: textAt(user, "fullName") ?? "System", creatorId: textAt(user, "id") ?? null };
  }

  add(ordinal: number, text: string, author: { readonly id: string; readonly name: string }, at: string): ApiRecord {
    const id = String(this.#estate.streams.threats.value(ordinal, "id"));
    this.#added += 1;
    const note = { id: idFrom(NOTE_CODE, `${id}/added/${String(this.#added)}`), text, creator: author.name, creatorId: author.id, createdAt: at, updatedAt: at, edited: false };
    this.#keep(id, [...this.of(ordinal), note]);
    return note;
  }

  /** The note with its new text; undefined when the threat has no such note. */
  edit(ordinal: number, noteId: string, text: string, at: string): ApiRecord | undefined {
    const id = String(this.#estate.streams.threats.value(ordinal, "id"));
    const notes = this.of(ordinal).map((note) => (note["id"] === noteId ? { ...note, text, updatedAt: at, edited: true } : note));
    const edited = notes.find((note) => note["id"] === noteId);
    if (edited !== undefined) this.#keep(id, notes);
    return edited;
  }

  /** Whether the threat had such a note. */
  remove(ordinal: number, noteId: string): boolean {
    const id = String(this.#estate.streams.threats.value(ordinal, "id"));
    const notes = this.of(ordinal);
    const left = notes.filter((note) => note["id"] !== noteId);
    if (left.length === notes.length) return false;
    this.#keep(id, left);
    return true;
  }

  #keep(threatId: string, notes: readonly ApiRecord[]): void {
    this.#changed.set(threatId, notes);
    this.#version += 1;
  }
}
