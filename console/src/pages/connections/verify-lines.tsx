/** What was checked of a console and its token, line by line, each with its cure. */
import type { ReactNode } from "react";
import type { VerifyAnswer } from "./words.ts";

const MARKS = { ok: "✓", warning: "!", failed: "✕", unknown: "?" } as const;
const READ_OUT = { ok: "Well: ", warning: "Warning: ", failed: "Failed: ", unknown: "Not known: " } as const;

export function VerifyLines({ answer }: { readonly answer: VerifyAnswer }): ReactNode {
  return (
    <ul className="checks">
      {answer.lines.map((line) => (
        <li key={`${line.check} ${line.message}`}>
          <span className={`check-mark check-${line.outcome}`} aria-hidden="true">
            {MARKS[line.outcome]}
          </span>
          <div>
            <span className="unseen">{READ_OUT[line.outcome]}</span>
            {line.message} {line.code === undefined ? null : <code className="faint">{line.code}</code>}
            {line.cure === null ? null : <p className="faint">{line.cure}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
