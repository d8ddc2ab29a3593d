/**
 * When a record seen again is another version of its alert, and what it is called. Pure. A version is known by a fingerprint of its source time and of the values
 * that make it: read again in an overlap, a look-back, a full listing or after a kill, it is the same one. Where the source's time does not move, the version
 * before takes part, so that a status that goes and comes back makes three versions and not two.
 */
import { hash } from "node:crypto";
import type { AlertChange, EventStream } from "../kernel/alert-api.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import type { Kept, Seen, Version } from "./model.ts";
import { DETAILS, STATE_FIELDS } from "./project.ts";
import { statusOf } from "./words.ts";

/** Longer values of a change are cut: it says what changed; the record has all of it. */
const LONGEST_VALUE = 300;
const MOST_NAMES = 30;

export function firstVersion(seen: Seen): Version {
  return { kind: "new", number: 1, updatedAt: seen.headline.updatedAt, state: seen.state, version: fingerprint(seen, null), changes: [] };
}

/** Null where it is the version that is kept. */
export function nextVersion(before: Kept, seen: Seen): Version | null {
  const { updatedAt } = seen.headline;
  const moved = updatedAt !== null && (before.updatedAt === null || updatedAt > before.updatedAt);
  const changes = changesOf(seen.stream, before, seen, moved);
  if (!moved && changes.length === 0) return null;
  return {
    kind: isReopened(seen.stream, before, seen) ? "reopened" : "updated",
    number: before.number + 1,
    updatedAt,
    state: seen.state,
    version: fingerprint(seen, moved ? null : before.version),
    changes,
  };
}

function changesOf(stream: EventStream, before: Kept, { state }: Seen, moved: boolean): readonly AlertChange[] {
  return STATE_FIELDS[stream].flatMap(({ name: field }, place) => {
    const from = before.state[place];
    const to = state[place] ?? null;
    // A field that was not looked at when the version before was kept says nothing now.
    if (from === undefined || from === to) return [];
    // Details come apart from the alert: that they are missing, or differ although nothing else has moved, is no news; that they have come is.
    if (field === DETAILS && (to === null || (from !== null && !moved))) return [];
    return [{ field, from: cut(from), to: cut(to) }];
  });
}

const STATUS = 0;

function isReopened(stream: EventStream, before: Kept, { state }: Seen): boolean {
  if (STATE_FIELDS[stream][STATUS]?.name !== "status") return false;
  const now = state[STATUS] ?? null;
  return statusOf(before.state[STATUS] ?? null) === "resolved" && now !== null && statusOf(now) !== "resolved";
}

function fingerprint({ stream, id, headline, state }: Seen, before: string | null): string {
  return hash("sha256", JSON.stringify([stream, id, headline.updatedAt, headline.at, state, before]), "base64url").slice(0, 27);
}

function cut(value: string | null): string | null {
  return value === null || value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE)}…`;
}

/** Ours, and the time itself. */
const NEVER: ReadonlySet<string> = new Set(["connection_id", "id", "tenant_id", "of_site", "of_agent", "source_version", "mapped_hash", "raw_hash", "mirrored_at", "changed_at", "gone_at", "raw", "updated_at"]);

/** Names of the other columns that differ. */
export function otherChanges(stream: EventStream, before: MirrorRow | null, after: MirrorRow): readonly string[] {
  if (before === null) return [];
  const told = new Set(STATE_FIELDS[stream].flatMap(({ columns }) => columns));
  return Object.keys(after).filter((name) => !NEVER.has(name) && !told.has(name) && before[name] !== after[name]).slice(0, MOST_NAMES);
}
