/** A chart of numbers over time, with the same numbers as a table for whoever cannot see it or wants to read them. */
import { useComputedColorScheme } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Option } from "./drawing.ts";
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

type Drawing = typeof import("./drawing.ts");
type Instance = ReturnType<Drawing["drawIn"]>;

export function Chart({ name, moments, per, series, say = count, height = 168, note }: ChartProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const instance = useRef<Instance | null>(null);
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const scheme = useComputedColorScheme("light");
  const still = useReducedMotion();
  useEffect(() => {
    let gone = false;
    // The page is there first; what draws comes afterwards. Where it does not come, the table says the same.
    void import("./drawing.ts").then((loaded) => (gone ? undefined : setDrawing(loaded)), () => undefined);
    return () => {
      gone = true;
    };
  }, []);
  useEffect(() => {
    const element = place.current;
    if (drawing === null || element === null) return undefined;
    const made = drawing.drawIn(element);
    instance.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.dispose();
      instance.current = null;
    };
  }, [drawing]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    instance.current?.setOption(optionOf({ moments, per, series, say, still }, (colour) => getComputedStyle(element).getPropertyValue(`--${colour}`).trim()), true);
  }, [drawing, scheme, still, moments, per, series, say]);
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
        <div ref={place} className="chart-place" style={{ height }} role="img" aria-label={`${name}. The same as a table follows.`} />
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
                  <th scope="row">{label(moment, per)}</th>
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

function optionOf({ moments, per, series, say, still }: Required<Pick<ChartProps, "moments" | "per" | "series" | "say">> & { readonly still: boolean }, colourOf: (name: string) => string): Option {
  const [line, faint, surface, text] = [colourOf("line"), colourOf("faint"), colourOf("surface"), colourOf("text")];
  const font = { color: faint, fontSize: 11, fontFamily: "Inter Variable, sans-serif" };
  return {
    animation: !still,
    animationDuration: 250,
    grid: { left: 4, right: 8, top: 8, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis",
      // Drawn on the canvas like all else: a tooltip of HTML would need styles that the policy refuses.
      renderMode: "richText",
      confine: true,
      backgroundColor: surface,
      borderColor: line,
      textStyle: { color: text, fontSize: 12, fontFamily: "Inter Variable, sans-serif" },
      axisPointer: { type: "shadow", shadowStyle: { opacity: 0.35 } },
      valueFormatter: (value) => (typeof value === "number" ? say(value) : "–"),
    },
    xAxis: { type: "category", data: moments.map((moment) => label(moment, per)), axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { ...font, hideOverlap: true } },
    yAxis: { type: "value", minInterval: say === count ? 1 : 0, splitNumber: 3, axisLabel: { ...font, formatter: (value: number) => say(value) }, splitLine: { lineStyle: { color: line } } },
    series: series.map((one) =>
      one.kind === "bar"
        ? { type: "bar", name: one.name, stack: "all", data: [...one.values], itemStyle: { color: colourOf(one.colour) }, barMaxWidth: 22, barCategoryGap: "25%" }
        : { type: "line", name: one.name, data: [...one.values], symbol: "circle", symbolSize: 4, connectNulls: false, lineStyle: { color: colourOf(one.colour), width: 2 }, itemStyle: { color: colourOf(one.colour) } },
    ),
  };
}
