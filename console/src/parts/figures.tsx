/** A few numbers side by side, each with what it means; a number that leads somewhere is a link of its page. */
import type { ReactNode } from "react";
import { count, type Tone } from "./words.tsx";

export interface Figure {
  readonly name: string;
  /** The name as a link, where it leads somewhere. */
  readonly label?: ReactNode;
  readonly value: number;
  readonly note?: ReactNode;
  readonly tone?: Tone;
}

export function Figures({ figures }: { readonly figures: readonly Figure[] }): ReactNode {
  return (
    <dl className="figures">
      {figures.map(({ name, label = name, value, note, tone }) => (
        <div key={name} className="figure">
          <dt>{label}</dt>
          <dd className={tone === undefined || value === 0 ? "figure-value" : `figure-value figure-${tone}`}>{count(value)}</dd>
          {note === undefined ? null : <dd className="faint">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}

interface Bar {
  readonly name: string;
  /** The name as a link, where it leads somewhere. */
  readonly label?: ReactNode;
  readonly value: number;
  readonly tone?: Tone;
  readonly note?: string;
}

/** Shares of a whole as lines, the largest as wide as the place. */
export function Bars({ name, bars }: { readonly name: string; readonly bars: readonly Bar[] }): ReactNode {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <table className="bars">
      <caption className="unseen">{name}</caption>
      <tbody>
        {bars.map(({ name: of, label = of, value, tone = "plain", note }) => (
          <tr key={of}>
            <th scope="row">{label}</th>
            <td className="bars-line" aria-hidden="true">
              <span className={`bars-bar bars-${tone}`} style={{ width: `${String(Math.max(value > 0 ? 1 : 0, (value / most) * 100))}%` }} />
            </td>
            <td className="right">{count(value)}</td>
            <td className="faint">{note}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
