/**
 * What the reader resumes from. Written only in the transaction of the page it speaks for. A format we do not know is refused, never
 * guessed at. Cursors in it are a convenience: one that SentinelOne has forgotten costs a partition read again, nothing else.
 */
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../kernel/fault.ts";
import type { StoredCheckpoint } from "../mirror/mirror.ts";

const FORMAT = 1;

const Nullable = Type.Union([Type.String(), Type.Null()]);

const PartitionProgress = Type.Object({
  id: Type.String(),
  params: Type.Record(Type.String(), Type.String()),
  cursor: Nullable,
  done: Type.Boolean(),
});

const Counted = { added: Type.Integer(), changed: Type.Integer(), closed: Type.Integer() };

const SnapshotProgress = Type.Object({
  number: Type.Integer(),
  startedAt: Type.Number(),
  /** Newest value of each pass's time at the source when the snapshot began: what changed since is read again after it. */
  anchors: Type.Record(Type.String(), Nullable),
  countBefore: Type.Union([Type.Integer(), Type.Null()]),
  scope: Nullable,
  rejected: Type.Integer(),
  /** Some listing of it gave fewer records than it counted. */
  short: Type.Optional(Type.Boolean()),
  /** What its listings counted, all together, where there is no count of the whole. */
  counted: Type.Optional(Type.Integer()),
  /** What the listing brought although what had changed was read right before it; absent where that is not told. */
  drift: Type.Optional(Type.Object(Counted)),
  partitions: Type.Array(PartitionProgress),
  /** True once the proof was judged complete and tombstones are being written, so that a restart goes on with those. */
  settling: Type.Union([Type.Literal("no"), Type.Literal("complete"), Type.Literal("uncounted")]),
});
export type SnapshotProgress = Static<typeof SnapshotProgress>;

const CheckpointSchema = Type.Object({
  snapshot: Type.Union([SnapshotProgress, Type.Null()]),
  /** Pass id → source time up to which reading is proven. */
  watermarks: Type.Record(Type.String(), Nullable),
  firstReadAt: Type.Union([Type.Number(), Type.Null()]),
  lastSnapshotAt: Type.Union([Type.Number(), Type.Null()]),
  provenAt: Type.Union([Type.Number(), Type.Null()]),
  unprovenInARow: Type.Integer(),
  /** When the look-backs for late records last ran. */
  sweptDayAt: Type.Union([Type.Number(), Type.Null()]),
  sweptWeekAt: Type.Union([Type.Number(), Type.Null()]),
  /** A listing of changes gave fewer than it counted: until everything was read again, nothing is proven of later readings either. */
  doubted: Type.Optional(Type.Boolean()),
  /** Of the last full reading that told. */
  drift: Type.Optional(Type.Object({ ...Counted, at: Type.Number() })),
});
export type Checkpoint = Static<typeof CheckpointSchema>;

const validator = Compile(CheckpointSchema);

export const EMPTY_CHECKPOINT: Checkpoint = {
  snapshot: null,
  watermarks: {},
  firstReadAt: null,
  lastSnapshotAt: null,
  provenAt: null,
  unprovenInARow: 0,
  sweptDayAt: null,
  sweptWeekAt: null,
};

/** More of what the full reading under way brought. */
export function withDrift(checkpoint: Checkpoint, more: { readonly added: number; readonly changed: number; readonly closed: number }): Checkpoint {
  const { snapshot } = checkpoint;
  if (snapshot?.drift === undefined || more.added + more.changed + more.closed === 0) return checkpoint;
  const { added, changed, closed } = snapshot.drift;
  return { ...checkpoint, snapshot: { ...snapshot, drift: { added: added + more.added, changed: changed + more.changed, closed: closed + more.closed } } };
}

export function packCheckpoint(checkpoint: Checkpoint): StoredCheckpoint {
  return { format: FORMAT, body: JSON.stringify(checkpoint) };
}

export function unpackCheckpoint(stored: StoredCheckpoint | null): Checkpoint {
  if (stored === null) return EMPTY_CHECKPOINT;
  if (stored.format > FORMAT) {
    throw new Fault("STORE_FROM_FUTURE", `A checkpoint has format ${stored.format}; this Vedette knows up to ${FORMAT}.`);
  }
  const body: unknown = JSON.parse(stored.body);
  if (!validator.Check(body)) throw new Fault("INTERNAL", "A stored checkpoint does not have the shape of its format.", { details: { format: stored.format } });
  return body;
}

/** The older of the passes' watermarks: up to there every pass has read. */
export function overallWatermark(checkpoint: Checkpoint): string | null {
  const known = Object.values(checkpoint.watermarks).filter((value) => value !== null);
  if (known.length === 0) return null;
  return known.reduce((oldest, value) => (value < oldest ? value : oldest));
}
