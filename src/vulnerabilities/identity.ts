/**
 * Which agents are one device. Pure. The identifiers are asked in the order of `IDENTIFIER_KINDS`, and the first that leads to another device decides. Two agents that
 * were active at the same time are two devices whatever they share; so are two whose better identifiers differ, and one that fits several: that is written down as
 * an ambiguity, with its reason, and nothing is made one.
 */
import type { AgentKey } from "./agent-facts.ts";
import type { IdentifierKind } from "./model.ts";

/** What of an agent decides. `keys` in their order. */
export interface Candidate {
  readonly connection: string;
  readonly id: string;
  readonly asset: string;
  readonly active: boolean;
  readonly registeredAt: number | null;
  readonly lastActive: number | null;
  readonly keys: readonly AgentKey[];
}

export interface Doubt {
  readonly kind: IdentifierKind;
  readonly key: string;
  readonly other: Candidate;
  readonly reason: string;
}

export interface Match {
  readonly asset: string | null;
  readonly by: AgentKey | null;
  readonly doubts: readonly Doubt[];
}

/** One may report once more while the other is being set up. */
const OVERLAP_MS = 3_600_000;
/** Reasons noted of one agent: a name that a hundred machines share is explained by a few of them. */
const MOST_DOUBTS = 10;

/** Null where one followed the other; else why they are two. */
export function simultaneous(a: Candidate, b: Candidate): string | null {
  if (!a.active || !b.active) return null;
  const older = (a.registeredAt ?? 0) <= (b.registeredAt ?? 0) ? a : b;
  if (a.registeredAt === null || b.registeredAt === null || older.lastActive === null) return "both are active, and it is not known which came first";
  return older.lastActive > Math.max(a.registeredAt, b.registeredAt) + OVERLAP_MS ? "both were active at the same time" : null;
}

/** `agent` is not among `others`. */
export function match(agent: Omit<Candidate, "asset">, others: readonly Candidate[]): Match {
  const doubts: Doubt[] = [];
  for (const key of agent.keys) {
    const fits: Candidate[] = [];
    for (const other of others) {
      if (!other.keys.some((one) => one.kind === key.kind && one.key === key.key)) continue;
      const against = simultaneous({ ...agent, asset: "" }, other) ?? contradiction(agent.keys, other.keys, key.kind);
      if (against === null) fits.push(other);
      else if (doubts.length < MOST_DOUBTS && !doubts.some((doubt) => doubt.other === other)) doubts.push({ ...key, other, reason: against });
    }
    const [first] = fits;
    if (first === undefined) continue;
    if (fits.every((one) => one.asset === first.asset)) return { asset: first.asset, by: key, doubts };
    for (const other of fits.slice(0, MOST_DOUBTS)) doubts.push({ ...key, other, reason: `${String(new Set(fits.map((one) => one.asset)).size)} devices fit` });
    return { asset: null, by: null, doubts };
  }
  return { asset: null, by: null, doubts };
}

/** A better identifier that both have, and that is not the same. Re-installed agents have a new uuid, so that one never speaks against. */
function contradiction(mine: readonly AgentKey[], theirs: readonly AgentKey[], by: IdentifierKind): string | null {
  for (const kind of ["cloud-instance", "serial"] as const) {
    if (kind === by) return null;
    const a = mine.filter((one) => one.kind === kind);
    const b = theirs.filter((one) => one.kind === kind);
    if (a.length > 0 && b.length > 0 && !a.some((one) => b.some((other) => other.key === one.key))) return kind === "serial" ? "their serial numbers or models differ" : "they are different cloud instances";
  }
  return null;
}

/** Of one asset's agents the one that speaks for it: active before gone, then the one that reported last, then by id. */
export function primaryOf<One extends Pick<Candidate, "active" | "lastActive" | "id" | "registeredAt">>(agents: readonly One[]): One | undefined {
  return agents.toSorted((a, b) => Number(b.active) - Number(a.active) || (b.lastActive ?? 0) - (a.lastActive ?? 0) || (b.registeredAt ?? 0) - (a.registeredAt ?? 0) || (a.id < b.id ? -1 : 1))[0];
}
