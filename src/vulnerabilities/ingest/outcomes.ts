/** What taking a page in meant, device by device and finding by finding, and the figures of a run that are made of it. Pure. */

export type AssetOutcome = "new" | "changed" | "unchanged" | "deactivated";
/** `awaiting`: said to be gone, and waits for a second reading. */
export type FindingOutcome = "new" | "fixed" | "reopened" | "unchanged" | "awaiting";

/** Of what was looked at: a run looks at what the console changed since the last one. */
export interface IngestCounts {
  readonly assets: { readonly seen: number; readonly new: number; readonly changed: number; readonly deactivated: number; readonly outOfScope: number; readonly inScope: number };
  readonly findings: { readonly seen: number; readonly new: number; readonly fixed: number; readonly reopened: number; readonly unchanged: number; readonly awaiting: number; readonly outOfScope: number; readonly inScope: number };
  /** Looked at and covered by no rule. */
  readonly skipped: { readonly assets: number; readonly findings: number };
  /** Could not be taken in. */
  readonly failed: number;
}

export const NO_COUNTS: IngestCounts = {
  assets: { seen: 0, new: 0, changed: 0, deactivated: 0, outOfScope: 0, inScope: 0 },
  findings: { seen: 0, new: 0, fixed: 0, reopened: 0, unchanged: 0, awaiting: 0, outOfScope: 0, inScope: 0 },
  skipped: { assets: 0, findings: 0 },
  failed: 0,
};

/** One thing that happened; `agent` and `severity` say which rules it is of. */
export type Outcome =
  | { readonly of: "asset"; readonly agent: string; readonly what: AssetOutcome | "out-of-scope" | "in-scope" | "skipped"; readonly times: number }
  | { readonly of: "finding"; readonly agent: string; readonly severity: number; readonly what: FindingOutcome | "out-of-scope" | "in-scope" | "skipped"; readonly times: number };

type Figures = { -readonly [Part in keyof IngestCounts]: IngestCounts[Part] extends number ? number : { -readonly [Name in keyof IngestCounts[Part]]: number } };

export function tally(outcomes: readonly Outcome[], failed = 0): IngestCounts {
  const counts = structuredClone(NO_COUNTS) as Figures;
  counts.failed = failed;
  for (const { of, what, times } of outcomes) {
    const part = of === "asset" ? counts.assets : counts.findings;
    if (what === "skipped") counts.skipped[of === "asset" ? "assets" : "findings"] += times;
    else if (what === "out-of-scope") part.outOfScope += times;
    else if (what === "in-scope") part.inScope += times;
    else {
      part.seen += times;
      if (of === "asset" && what !== "unchanged") counts.assets[what] += times;
      if (of === "finding") counts.findings[what] += times;
    }
  }
  return counts;
}

export function addCounts(a: IngestCounts, b: IngestCounts): IngestCounts {
  const sum = <Part extends Readonly<Record<string, number>>>(left: Part, right: Part): Part => Object.fromEntries(Object.entries(left).map(([name, value]) => [name, value + (right[name] ?? 0)])) as Part;
  return { assets: sum(a.assets, b.assets), findings: sum(a.findings, b.findings), skipped: sum(a.skipped, b.skipped), failed: a.failed + b.failed };
}
