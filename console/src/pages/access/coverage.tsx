/** What an answer rests on. What could not be read is said beside every answer, so that silence is never taken for "nobody". */
import type { ReactNode } from "react";
import type { Coverage } from "./words.ts";

export function CoverageNotes({ coverage, notes = [] }: { readonly coverage: readonly Coverage[]; readonly notes?: readonly string[] }): ReactNode {
  const lines = [...notes, ...coverage.flatMap(({ name, notes: of }) => of.map((note) => (coverage.length > 1 && name !== null ? `${name}: ${note}` : note)))];
  if (lines.length === 0) return null;
  return (
    <div className="note note-warn">
      <p>
        <strong>What may be missing</strong>
      </p>
      <ul className="plain-list">
        {lines.slice(0, MOST).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {lines.length > MOST ? <p>and {lines.length - MOST} more</p> : null}
    </div>
  );
}

const MOST = 6;
