/** A chart of numbers over time, with the same numbers as a table for whoever cannot see it or wants to read them. */
import { lazy, Suspense, type ReactNode } from "react";
import { count } from "./words.tsx";

export interface Series {
  readonly name: string;
  /** One for each moment; null where there is none. */
  readonly values: readonly (number | null)[];
  /** A colour of `tokens.css`, without its dashes. */
  readonly colour: string;
  readonly kind: "bar" | "line";
}

interface ChartProps {
  /** What it shows, for those who cannot see it. */
  readonly name: string;
  /** RFC 3339. */
  readonly moments: readonly string[];
  readonly per: "day" | "week" | "hour" | "minutes";
  /** Bars stand on each other. */
  readonly series: readonly Series[];
  /** How a number is said; whole ones when left out. */
  readonly say?: (value: number) => string;
  readonly height?: number;
  readonly note?: ReactNode;
}

export interface Drawn extends Pick<ChartProps, "name" | "series"> {
  readonly labels: readonly string[];
  readonly say: (value: number) => string;
  readonly height: number;
}

/** The page is there first, what draws comes afterwards. Where it does not come, the table says the same. */
const Drawing = lazy(() => import("./drawing.tsx").then(({ Drawing: component }) => ({ default: component }), () => ({ default: () => null })));

export function Chart({ name, moments, per, series, say = count, height = 168, note }: ChartProps): ReactNode {
  const labels = moments.map((moment) => label(moment, per));
  const shown = series.filter(({ values }) => values.some((value) => value !== null && value !== 0));
  return (
    <figure className="chart">
      <figcaption className="chart-legend">
        {(shown.length === 0 ? series : shown).map((one) => (
          <span key={one.name}>
            <span className={one.kind === "bar" ? "chart-mark" : "chart-mark chart-mark-line"} style={{ background: `var(--${one.colour})` }} aria-hidden="true" />
            {one.name}
          </span>
        ))}
      </figcaption>
      <div className="chart-frame">
        <Suspense fallback={<div style={{ height }} />}>
          <Drawing name={name} labels={labels} series={series} say={say} height={height} />
        </Suspense>
        {shown.length === 0 ? <p className="chart-nothing">Nothing in this time.</p> : null}
      </div>
      {note === undefined || note === null ? null : <p className="faint">{note}</p>}
      <details className="chart-table">
        <summary>As a table</summary>
        {/* Scrolled by keyboard too. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className="table-frame table-plain" tabIndex={0} role="region" aria-label={name}>
          <table>
            <thead>
              <tr>
                <th scope="col">{per === "day" || per === "week" ? "Day" : "Time"}</th>
                {series.map((one) => (
                  <th key={one.name} scope="col" className="right">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {moments.map((moment, row) => (
                <tr key={moment}>
                  <th scope="row">{labels[row]}</th>
                  {series.map((one) => {
                    const value = one.values[row] ?? null;
                    return (
                      <td key={one.name} className="right">
                        {value === null ? "–" : say(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Days are the hub's, UTC; times of day are those of whoever looks. */
function label(moment: string, per: ChartProps["per"]): string {
  return (per === "day" || per === "week" ? DAY : CLOCK).format(new Date(moment));
}
